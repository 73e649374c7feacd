-- What could serve the things that a prompt names. One statement asks for all of them: each thing's nearest by the
-- caption space, what has one of its words, and the best of a search by the whole prompt.
-- $1 filter, $2 among, $3 allowed brands, $4 the words of each thing, $5 the vector of each thing, $6 what else is
-- looked at, $10 depth, $11 candidates of an index scan.

CREATE OR REPLACE FUNCTION rage.thing_words(things jsonb, allowed integer[]) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    configurations  text[] := rage.prompt_configurations(allowed);
BEGIN
    RETURN (
        WITH said AS (
            SELECT t.number, w.word, w.place,
                   -- From the word itself to what is merely akin to it.
                   CASE WHEN w.place <= 2 THEN 0 WHEN w.place <= 8 THEN 1 ELSE 2 END AS tier
            FROM jsonb_array_elements(things) WITH ORDINALITY AS t (thing, number)
            CROSS JOIN LATERAL jsonb_array_elements_text(t.thing -> 'words') WITH ORDINALITY AS w (word, place)
            WHERE w.place <= 64
        ),
        tiers AS (
            SELECT s.number, s.tier, string_agg(DISTINCT '(' || q.reading::text || ')', ' | ') AS query
            FROM said AS s
            CROSS JOIN unnest(configurations || 'simple'::text) AS c (configuration)
            CROSS JOIN LATERAL phraseto_tsquery(rage.as_configuration(c.configuration), s.word) AS q (reading)
            WHERE numnode(q.reading) > 0
            GROUP BY s.number, s.tier
        )
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'tiers', (SELECT coalesce(jsonb_object_agg(x.tier, x.query), '{}') FROM tiers AS x WHERE x.number = t.number),
                   'tags', rage.tag_ids(ARRAY[t.thing ->> 'text'] || ARRAY(
                       SELECT s.word FROM said AS s WHERE s.number = t.number AND s.tier = 0), allowed))
                   ORDER BY t.number), '[]')
        FROM jsonb_array_elements(things) WITH ORDINALITY AS t (thing, number)
    );
END
$function$;
COMMENT ON FUNCTION rage.thing_words(jsonb, integer[]) IS
    'What each thing ({"text", "words"}) is found by in full text: tiers, a query each from its closest words to its furthest, stemmed as the documents are; tags: those that are called as it is.';


CREATE OR REPLACE FUNCTION rage.things_near(
    matching rage.matching, space integer, dimensions integer, indexed boolean, brand integer, wide boolean
) RETURNS text
LANGUAGE sql STABLE
SET search_path FROM CURRENT
RETURN (
    -- As a search reads its vector legs, but each part once for all things: planned thing by thing, a statement for
    -- ten of them takes longer to plan than to run.
    SELECT format($sql$
wanted AS MATERIALIZED (
    SELECT t.number, t.vector::%1$I.halfvec(%2$s) AS vector
    FROM jsonb_array_elements_text($5) WITH ORDINALITY AS t (vector, number)
    WHERE t.vector IS NOT NULL
),%3$s
near AS (
    %4$sSELECT n.image_id
    FROM %5$s AS t
    CROSS JOIN LATERAL (
        SELECT image_id, embedding OPERATOR(%1$I.<=>) t.vector AS distance
        FROM %6$s
        ORDER BY distance, image_id
        LIMIT $10
    ) AS n
),$sql$,
        n.nspname, dimensions,
        CASE WHEN indexed THEN format($sql$
scan AS MATERIALIZED (
    SELECT t.number, n.image_id, n.brand_id, n.distance, row_number() OVER (PARTITION BY t.number ORDER BY n.distance) AS position
    FROM wanted AS t
    CROSS JOIN LATERAL (
        SELECT e.image_id, e.brand_id, e.embedding::%1$I.halfvec(%2$s) OPERATOR(%1$I.<=>) t.vector AS distance
        FROM rage.%3$I AS e%4$s
        ORDER BY distance
        LIMIT $11
    ) AS n
),
found AS MATERIALIZED (
    SELECT number, image_id, position FROM %5$s
),
short AS MATERIALIZED (
    SELECT t.number, t.vector
    FROM wanted AS t
    WHERE $10 > (SELECT count(*) FROM found AS f
                 WHERE f.number = t.number
                   AND f.position <= (SELECT count(*) FROM scan AS s WHERE s.number = t.number) - $11 / 2)
),$sql$,
            n.nspname, dimensions, 'embeddings_' || space,
            CASE WHEN brand IS NULL THEN '' ELSE format(' WHERE e.brand_id = %s', brand) END,
            format((matching).scanned, 'scan')) END,
        CASE WHEN indexed THEN $sql$SELECT f.image_id
    FROM (SELECT number, image_id, row_number() OVER (PARTITION BY number ORDER BY position) AS place FROM found) AS f
    WHERE f.place <= $10 AND f.number NOT IN (SELECT number FROM short)
    UNION ALL
    $sql$ END,
        CASE WHEN indexed THEN 'short' ELSE 'wanted' END,
        CASE
            WHEN wide AND NOT (matching).tagged THEN format((matching).within, 'rage.embeddings_' || space)
            ELSE format(
                'rage.embeddings_%s WHERE image_id = ANY (ARRAY(SELECT %s))',
                space, CASE WHEN wide THEN 'i.image_id FROM ' || (matching).listed ELSE 'image_id FROM matches' END)
        END)
    FROM pg_extension AS x JOIN pg_namespace AS n ON n.oid = x.extnamespace
    WHERE x.extname = 'vector'
);
COMMENT ON FUNCTION rage.things_near(rage.matching, integer, integer, boolean, integer, boolean) IS
    'The CTEs that find the best $10 matches of each thing in a space: by its index or, for a thing whose scan comes back short and where there is none, by comparing every match.';


CREATE OR REPLACE FUNCTION rage.things_named(matching rage.matching, wide boolean) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path FROM CURRENT
RETURN (
    -- An Append under a LIMIT: further words are looked for where the closer ones find too few.
    SELECT format($sql$
named AS (
    SELECT n.image_id
    FROM jsonb_array_elements($4) AS t (thing)
    CROSS JOIN LATERAL (
        %s
        LIMIT 30
    ) AS n
    UNION ALL
    SELECT n.image_id
    FROM jsonb_array_elements($4) AS t (thing)
    CROSS JOIN LATERAL (
        SELECT image_id FROM %s LIMIT 30
    ) AS n
    WHERE t.thing -> 'tags' <> '[]'
),$sql$,
        (SELECT string_agg(format($sql$(SELECT image_id
         FROM (SELECT image_id, words FROM %1$s LIMIT 500) AS found
         ORDER BY ts_rank('{0.1, 0.3, 0.6, 1.0}', words, (t.thing #>> '{tiers,%2$s}')::tsquery, 1) DESC, image_id
         LIMIT 30)$sql$,
            rage.documents_where(format('d.words @@ (t.thing #>> ''{tiers,%s}'')::tsquery', tier), (matching).within, wide),
            tier), E'\n        UNION ALL\n        ' ORDER BY tier)
         FROM generate_series(0, 2) AS tier),
        rage.documents_where(
            'd.image_id IN (SELECT it.image_id FROM rage.image_tags AS it WHERE it.tag_id = ANY (rage.integers(t.thing -> ''tags'')))',
            (matching).within, wide))
);
COMMENT ON FUNCTION rage.things_named(rage.matching, boolean) IS
    'The CTE that finds up to 30 matches of each thing by its words, the closest words first, and up to 30 by a tag of its name.';


CREATE OR REPLACE FUNCTION rage.serving(
    prompt text, things jsonb, picked bigint[], filters jsonb, vectors jsonb
) RETURNS TABLE (
    image_id bigint, chosen boolean, title text, caption text, tags text[], skus text[], brand text, kind text,
    hash bigint, embedding halfvec, strategy text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 200
SET search_path FROM CURRENT
SET random_page_cost = 1.1
SET jit = off
AS $function$
DECLARE
    depth      constant integer := 20;
    allowed    integer[] := rage.brand_limit();
    wanted     jsonb := rage.resolved(rage.default_filters(filters), allowed) || rage.excluded_words(prompt, allowed);
    matching   rage.matching := rage.matching(wanted, NULL, allowed);
    near       jsonb := (SELECT jsonb_agg(t.thing -> 'vector') FROM jsonb_array_elements(things) AS t (thing) WHERE jsonb_typeof(t.thing -> 'vector') = 'string');
    space      rage.embedding_spaces;
    settings   text[] := rage.scan_settings();
    whole      bigint[];
    route      record;
    by_words   text;
BEGIN
    SELECT s.* INTO space
    FROM rage.search_legs AS l JOIN rage.embedding_spaces AS s USING (space_id)
    WHERE l.leg = 'caption' AND s.encodes <> 'style';
    IF space.space_id IS NULL THEN
        near := NULL;
    END IF;
    whole := ARRAY(SELECT s.image_id FROM rage.search(prompt, 30, filters, NULL, NULL, vectors, 0, NULL) AS s WHERE s.score > 0);
    -- Who is 20th nearest decides nothing: one of a hundred may be missed, and each thing has a scan of its own.
    SELECT * INTO route FROM rage.route(
        (matching).condition, wanted, NULL, allowed, CASE WHEN near IS NULL THEN '{}' ELSE '{caption}'::text[] END, depth, 0.5);
    by_words := rage.things_named(matching, route.wide);
    PERFORM rage.scan_for(route.candidates) WHERE route.indexed <> '{}';
    RETURN QUERY EXECUTE format($sql$
WITH matches AS MATERIALIZED (
    SELECT i.image_id
    FROM %1$s
),%2$s%3$s
candidates AS MATERIALIZED (
    SELECT image_id FROM named
    UNION
    SELECT unnest($6)%4$s
)
SELECT i.image_id, i.image_id = ANY ($7), i.title, k.text,
       ARRAY(SELECT t.name FROM rage.image_tags AS it JOIN rage.tags AS t USING (tag_id) WHERE it.image_id = i.image_id
             UNION
             SELECT unnest(s.objects) FROM rage.descriptions AS s WHERE s.image_id = i.image_id AND s.content_id = i.content_id
             ORDER BY 1),
       ARRAY(SELECT p.sku FROM rage.image_products AS p WHERE p.brand_id = i.brand_id AND p.image_id = i.image_id ORDER BY p.position, p.sku),
       b.name, i.kind, h.hash::bigint, %5$s, $8
FROM rage.images AS i
JOIN rage.brands AS b USING (brand_id)
LEFT JOIN rage.captions AS k ON k.image_id = i.image_id AND k.is_current
LEFT JOIN rage.picture_hashes AS h ON h.content_id = i.content_id%6$s
-- As an array: of a CTE the planner expects thousands, and would read every image and vector there is.
WHERE i.image_id = ANY (ARRAY(SELECT image_id FROM candidates)) AND i.deleted_at IS NULL AND ($3 IS NULL OR i.brand_id = ANY ($3))
ORDER BY i.image_id$sql$,
        (matching).listed,
        CASE WHEN near IS NOT NULL
        THEN rage.things_near(matching, space.space_id, space.dimensions, route.indexed <> '{}', route.brand, route.wide) END,
        by_words,
        CASE WHEN near IS NOT NULL THEN E'\n    UNION\n    SELECT image_id FROM near' END,
        CASE WHEN space.space_id IS NULL THEN 'NULL::halfvec' ELSE 'e.embedding' END,
        CASE WHEN space.space_id IS NOT NULL
        THEN format(E'\nLEFT JOIN rage.embeddings_%s AS e ON e.image_id = i.image_id', space.space_id) END)
    USING wanted, NULL::bigint[], allowed, rage.thing_words(things, allowed), near, whole || picked, picked,
          CASE
              WHEN near IS NULL THEN 'words'
              WHEN allowed IS NOT NULL OR route.indexed = '{}' THEN 'exact'
              WHEN route.brand IS NOT NULL THEN 'hnsw of the brand'
              ELSE 'hnsw'
          END,
          NULL::text, depth, route.candidates;
    PERFORM rage.set_scan(settings) WHERE route.indexed <> '{}';
END
$function$;
COMMENT ON FUNCTION rage.serving(text, jsonb, bigint[], jsonb, jsonb) IS
    'The images that could serve the things that a prompt names ({"text", "words", "vector"}), and those chosen, with what is said of them; vectors: of the whole prompt, by leg. Not ranked.';


CREATE OR REPLACE FUNCTION rage.middle() RETURNS vector
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET random_page_cost = 1.1
AS $function$
DECLARE
    most     constant integer := 64;
    allowed  integer[] := rage.brand_limit();
    space    integer := (SELECT l.space_id FROM rage.search_legs AS l WHERE l.leg = 'caption');
    mean     vector;
BEGIN
    IF space IS NULL THEN
        RETURN NULL;
    END IF;
    -- Some at equal distances by their numbers: the same ones while nothing changes, and found by an index. Counted within the
    -- brands that are seen; what other brands have does not show.
    EXECUTE format($sql$
WITH ends AS (
    SELECT b.brand_id, least.content_id AS first, greatest.content_id AS last
    FROM (SELECT brand_id FROM rage.brands WHERE $1 IS NULL OR brand_id = ANY ($1) ORDER BY brand_id LIMIT %1$s) AS b
    CROSS JOIN LATERAL (SELECT i.content_id FROM rage.images AS i WHERE i.brand_id = b.brand_id AND i.erased_at IS NULL ORDER BY i.content_id LIMIT 1) AS least
    CROSS JOIN LATERAL (SELECT i.content_id FROM rage.images AS i WHERE i.brand_id = b.brand_id AND i.erased_at IS NULL ORDER BY i.content_id DESC LIMIT 1) AS greatest
),
places AS (
    SELECT e.brand_id, e.first + (e.last - e.first) * n / greatest(count - 1, 1) AS place
    FROM ends AS e
    CROSS JOIN LATERAL (SELECT ceil(%1$s::numeric / (SELECT count(*) FROM ends))::bigint AS count) AS each
    CROSS JOIN LATERAL generate_series(0, count - 1) AS n
),
sample AS (
    SELECT DISTINCT i.image_id
    FROM places AS p
    CROSS JOIN LATERAL (
        SELECT i.image_id FROM rage.images AS i
        WHERE i.brand_id = p.brand_id AND i.content_id >= p.place AND i.erased_at IS NULL
        ORDER BY i.content_id LIMIT 1
    ) AS i
)
SELECT avg(l2_normalize(e.embedding)::vector) FROM sample AS s JOIN rage.embeddings_%2$s AS e USING (image_id)$sql$, most, space)
    INTO mean USING allowed;
    RETURN mean;
END
$function$;
COMMENT ON FUNCTION rage.middle() IS
    'The mean of some 64 vectors of the caption leg''s space, each of length 1, from the brands that who asks may see: its product with a vector is their mean cosine. Null where there are none.';
