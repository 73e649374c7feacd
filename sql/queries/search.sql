-- name: unembedded_spaces
-- The spaces searched now in which a prompt has no vector yet, with their legs. Words have no place among styles.
WITH active AS (
    SELECT l.space_id, array_agg(l.leg ORDER BY l.leg) AS legs
    FROM rage.search_legs AS l
    GROUP BY l.space_id
)
SELECT s.space_id, a.legs, s.encoder, s.model, s.weights_sha256, s.dimensions, s.encodes
FROM active AS a
JOIN rage.embedding_spaces AS s USING (space_id)
WHERE s.encodes <> 'style'
  AND NOT EXISTS (
      SELECT FROM rage.prompt_vectors AS v
      WHERE v.space_id = s.space_id AND v.prompt_md5 = md5(%(prompt)s)::uuid AND v.prompt = %(prompt)s
        AND (v.caller_id IS NULL OR v.caller_id = rage.caller_id()))
ORDER BY s.space_id;

-- name: is_embedded
-- Whether a prompt has a vector in a space that the caller may use.
SELECT EXISTS (
    SELECT FROM rage.prompt_vectors AS v
    WHERE v.space_id = %(space_id)s AND v.prompt_md5 = md5(%(prompt)s)::uuid AND v.prompt = %(prompt)s
      AND (v.caller_id IS NULL OR v.caller_id = rage.caller_id()));

-- name: store_prompt_vector
-- Keeps a prompt's vector, so that SQL alone can search by it; the operator's serve everybody.
INSERT INTO rage.prompt_vectors (space_id, prompt_md5, prompt, embedding, caller_id)
VALUES (%(space_id)s, md5(%(prompt)s)::uuid, %(prompt)s, %(embedding)s, rage.caller_id())
ON CONFLICT (space_id, prompt_md5, caller_id) DO UPDATE
SET prompt = excluded.prompt, embedding = excluded.embedding;

-- name: search_images
-- The public search function, each row with its image as one value.
SELECT
    to_jsonb(i) || jsonb_build_object('id', i.image_id) AS image,
    found.score,
    found.legs,
    found.strategy,
    found.matched,
    found.complete
FROM rage_v1.search_images(
    %(prompt)s::text, %(k)s::integer,
    brands => %(brands)s::text[],
    skus => %(skus)s::text[],
    kinds => %(kinds)s::text[],
    states => %(states)s::text[],
    tags_all => %(tags_all)s::text[],
    tags_any => %(tags_any)s::text[],
    tags_none => %(tags_none)s::text[],
    collections => %(collections)s::text[],
    attributes => %(attributes)s::jsonb,
    among => %(among)s::bigint[],
    legs => %(legs)s::jsonb,
    vectors => %(vectors)s::jsonb,
    origins => %(origins)s::text[],
    created_after => %(created_after)s::timestamptz,
    created_before => %(created_before)s::timestamptz,
    updated_after => %(updated_after)s::timestamptz,
    min_width => %(min_width)s::integer,
    min_height => %(min_height)s::integer,
    min_relevance => %(min_relevance)s::real,
    without => %(without)s::bigint[]) AS found
LEFT JOIN LATERAL (SELECT v.* FROM rage_v1.images AS v WHERE v.image_id = found.image_id OFFSET 0) AS i ON true
ORDER BY found.rank;

-- name: search_report
-- How a search that found nothing was answered.
SELECT strategy, matched, complete
FROM rage_v1.search_report(
    %(prompt)s::text, %(k)s::integer,
    brands => %(brands)s::text[],
    skus => %(skus)s::text[],
    kinds => %(kinds)s::text[],
    states => %(states)s::text[],
    tags_all => %(tags_all)s::text[],
    tags_any => %(tags_any)s::text[],
    tags_none => %(tags_none)s::text[],
    collections => %(collections)s::text[],
    attributes => %(attributes)s::jsonb,
    among => %(among)s::bigint[],
    legs => %(legs)s::jsonb,
    vectors => %(vectors)s::jsonb,
    origins => %(origins)s::text[],
    created_after => %(created_after)s::timestamptz,
    created_before => %(created_before)s::timestamptz,
    updated_after => %(updated_after)s::timestamptz,
    min_width => %(min_width)s::integer,
    min_height => %(min_height)s::integer,
    min_relevance => %(min_relevance)s::real);

-- name: search_facets
-- How many of the images that a search finds have which tag, brand, kind and attribute.
SELECT facet, name, value, count
FROM rage_v1.search_facets(
    %(prompt)s::text, %(k)s::integer,
    brands => %(brands)s::text[],
    skus => %(skus)s::text[],
    kinds => %(kinds)s::text[],
    states => %(states)s::text[],
    tags_all => %(tags_all)s::text[],
    tags_any => %(tags_any)s::text[],
    tags_none => %(tags_none)s::text[],
    collections => %(collections)s::text[],
    attributes => %(attributes)s::jsonb,
    among => %(among)s::bigint[],
    legs => %(legs)s::jsonb,
    vectors => %(vectors)s::jsonb,
    origins => %(origins)s::text[],
    created_after => %(created_after)s::timestamptz,
    created_before => %(created_before)s::timestamptz,
    updated_after => %(updated_after)s::timestamptz,
    min_width => %(min_width)s::integer,
    min_height => %(min_height)s::integer,
    min_relevance => %(min_relevance)s::real);

-- name: similar_images
-- The public function, its rows as one list with their images.
WITH found AS MATERIALIZED (
    SELECT *
    FROM rage_v1.similar_images(
        %(image_id)s::bigint, %(by)s::text, %(k)s::integer,
        brands => %(brands)s::text[],
        skus => %(skus)s::text[],
        kinds => %(kinds)s::text[],
        states => %(states)s::text[],
        tags_all => %(tags_all)s::text[],
        tags_any => %(tags_any)s::text[],
        tags_none => %(tags_none)s::text[],
        collections => %(collections)s::text[],
        attributes => %(attributes)s::jsonb,
        origins => %(origins)s::text[],
        created_after => %(created_after)s::timestamptz,
        created_before => %(created_before)s::timestamptz,
        updated_after => %(updated_after)s::timestamptz,
        min_width => %(min_width)s::integer,
        min_height => %(min_height)s::integer)
)
SELECT
    jsonb_build_object('image', to_jsonb(i) || jsonb_build_object('id', i.image_id), 'distance', f.distance) AS item,
    f.strategy,
    f.matched,
    f.complete
FROM found AS f
LEFT JOIN LATERAL (SELECT v.* FROM rage_v1.images AS v WHERE v.image_id = f.image_id OFFSET 0) AS i ON true
ORDER BY f.rank;

-- name: log_search
-- Writes the search down, and which brands its caller could see; generations refer to it.
INSERT INTO rage.searches (search_id, prompt, filters, among, legs, k, strategy, matched, complete, took_ms, asked_by,
                           brand_ids, min_relevance, imagined_id, imagined)
VALUES (%(search_id)s, %(prompt)s, %(filters)s::jsonb, %(among)s::bigint[], %(legs)s::jsonb, %(k)s, %(strategy)s,
        %(matched)s, %(complete)s, %(took_ms)s, %(asked_by)s,
        rage.brand_limit(), %(min_relevance)s, %(imagined_id)s, %(imagined)s::halfvec);

-- name: lock_results
-- Whoever adds rows to a search waits for who does so now.
SELECT pg_advisory_xact_lock(hashtextextended(%(search_id)s::text, 0));

-- name: log_results
-- Writes down what a search answered, in order, unless what follows `after` has been written meanwhile.
INSERT INTO rage.search_results (search_id, rank, image_id, score, legs)
SELECT %(search_id)s, %(after)s + r.rank, r.image_id, r.score, r.legs
FROM ROWS FROM (unnest(%(image_ids)s::bigint[]), unnest(%(scores)s::real[]), unnest(%(hits)s::jsonb[]))
    WITH ORDINALITY AS r (image_id, score, legs, rank)
WHERE NOT EXISTS (SELECT FROM rage.search_results AS s WHERE s.search_id = %(search_id)s AND s.rank > %(after)s);

-- name: logged_search
-- A search as it was asked, what it has answered so far, and whether who asks now would be answered the same.
SELECT
    s.prompt, s.filters, s.among, s.legs, s.k, s.min_relevance, s.strategy, s.matched, s.complete,
    s.imagined_id, s.imagined::text AS imagined,
    s.brand_ids IS NOT DISTINCT FROM rage.brand_limit() AS same_view,
    ARRAY(SELECT r.image_id FROM rage.search_results AS r WHERE r.search_id = s.search_id ORDER BY r.rank) AS answered,
    (SELECT coalesce(max(r.rank), 0) FROM rage.search_results AS r WHERE r.search_id = s.search_id) AS last_rank
FROM rage.searches AS s
WHERE s.search_id = %(search_id)s;

-- name: last_rank
-- How far a search has been answered.
SELECT coalesce(max(r.rank), 0) FROM rage.search_results AS r WHERE r.search_id = %(search_id)s;

-- name: logged_results
-- A page of what a search answered; what was deleted since is left out.
SELECT
    to_jsonb(i) || jsonb_build_object('id', i.image_id) AS image,
    r.score,
    r.legs
FROM rage.search_results AS r
JOIN rage_v1.images AS i USING (image_id)
WHERE r.search_id = %(search_id)s AND r.rank > %(after)s AND r.rank <= %(after)s + %(k)s
ORDER BY r.rank;

-- name: pictures_of
-- The pictures that a generation made.
SELECT coalesce(array_agg(image_id), '{}') FROM rage.generation_outputs WHERE generation_id = %(generation_id)s;

-- name: get_imagined
-- The first picture of a draft, and its vector where it is in the space already.
SELECT o.image_id, c.thumbnail,
       (SELECT e.embedding::text FROM rage.embeddings AS e
        WHERE e.space_id = %(space_id)s AND e.image_id = o.image_id) AS vector
FROM rage.generation_outputs AS o
JOIN rage.images AS i ON i.image_id = o.image_id AND i.erased_at IS NULL
JOIN rage.contents AS c USING (content_id)
WHERE o.generation_id = %(generation_id)s AND c.thumbnail IS NOT NULL
ORDER BY o.position
LIMIT 1;
