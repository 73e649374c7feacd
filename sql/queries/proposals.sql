-- name: searched_spaces
-- The spaces that words are compared in now, with their legs, and the vectors that some texts have there already.
WITH active AS (
    SELECT l.space_id, array_agg(l.leg ORDER BY l.leg) AS legs
    FROM rage.search_legs AS l
    GROUP BY l.space_id
)
SELECT
    s.space_id, a.legs, s.encoder, s.model, s.weights_sha256, s.dimensions, s.encodes,
    (SELECT coalesce(jsonb_object_agg(v.prompt, v.embedding::text), '{}')
     FROM unnest(%(texts)s::text[]) AS t (prompt)
     JOIN rage.prompt_vectors AS v
       ON v.space_id = s.space_id AND v.prompt_md5 = md5(t.prompt)::uuid AND v.prompt = t.prompt
      AND (v.caller_id IS NULL OR v.caller_id = rage.caller_id())) AS known
FROM active AS a
JOIN rage.embedding_spaces AS s USING (space_id)
WHERE s.encodes <> 'style'
ORDER BY s.space_id;

-- name: keep_vectors
-- Keeps the vectors of texts that were paid for.
INSERT INTO rage.prompt_vectors (space_id, prompt_md5, prompt, embedding, caller_id)
SELECT %(space_id)s, md5(t.prompt)::uuid, t.prompt, t.vector::halfvec, rage.caller_id()
FROM unnest(%(texts)s::text[], %(vectors)s::text[]) AS t (prompt, vector)
ON CONFLICT (space_id, prompt_md5, caller_id) DO NOTHING;

-- name: unseen
-- The first of some images that the caller cannot see.
SELECT c.image_id
FROM unnest(%(image_ids)s::bigint[]) WITH ORDINALITY AS c (image_id, place)
WHERE NOT EXISTS (SELECT FROM rage.images AS i WHERE i.image_id = c.image_id AND i.deleted_at IS NULL)
ORDER BY c.place
LIMIT 1;

-- name: serving
-- What could serve the things of a prompt, and what was chosen.
SELECT *
FROM rage.serving(
    %(prompt)s::text, %(things)s::jsonb, %(chosen)s::bigint[],
    rage.filters(
        %(brands)s::text[], %(skus)s::text[], %(kinds)s::text[], %(states)s::text[], %(tags_all)s::text[],
        %(tags_any)s::text[], %(tags_none)s::text[], %(collections)s::text[], %(attributes)s::jsonb,
        %(origins)s::text[], %(created_after)s::timestamptz, %(created_before)s::timestamptz,
        %(updated_after)s::timestamptz, %(min_width)s::integer, %(min_height)s::integer),
    %(vectors)s::jsonb);

-- name: middle
-- The mean of some of the store's vectors.
SELECT rage.middle() AS vector;

-- name: images
-- Images as the views show them, by their numbers.
SELECT to_jsonb(v) || jsonb_build_object('id', v.image_id) AS image
FROM rage_v1.images AS v
WHERE v.image_id = ANY (%(image_ids)s::bigint[]);

-- name: log_proposal
-- Writes a proposal down, and which brands its caller could see; generations refer to it.
INSERT INTO rage.proposals (proposal_id, prompt, filters, slots, chosen, planner, concepts, passed_over, diversity,
                            strategy, notes, took_ms, asked_by, brand_ids)
VALUES (%(proposal_id)s, %(prompt)s, %(filters)s::jsonb, %(slots)s, %(chosen)s::bigint[], %(planner)s,
        %(concepts)s::jsonb, %(passed_over)s::jsonb, %(diversity)s, %(strategy)s, %(notes)s::text[], %(took_ms)s,
        %(asked_by)s, rage.brand_limit());

-- name: log_references
-- Writes the references of a proposal down, in order.
INSERT INTO rage.proposal_references (proposal_id, position, image_id, role, serves, reason, score, chosen)
SELECT %(proposal_id)s, r.position, r.image_id, r.role, r.serves, r.reason, r.score, r.chosen
FROM jsonb_to_recordset(%(references)s::jsonb) AS r (
    position integer, image_id bigint, role text, serves text[], reason text, score real, chosen boolean);

-- name: get_proposal
-- A proposal as it was written down; of references and of what was passed over, the images that are still there.
SELECT
    p.proposal_id, p.prompt, p.slots, p.planner, p.concepts, p.strategy, p.notes, p.took_ms,
    (SELECT coalesce(jsonb_agg(
                to_jsonb(r) || jsonb_build_object('image', to_jsonb(v) || jsonb_build_object('id', v.image_id))
                ORDER BY r.position), '[]')
     FROM rage.proposal_references AS r
     JOIN rage_v1.images AS v USING (image_id)
     WHERE r.proposal_id = p.proposal_id) AS proposed,
    (SELECT coalesce(jsonb_agg(o.passed || jsonb_build_object('title', v.title) ORDER BY o.place), '[]')
     FROM jsonb_array_elements(p.passed_over) WITH ORDINALITY AS o (passed, place)
     JOIN rage_v1.images AS v ON v.image_id = (o.passed ->> 'image_id')::bigint) AS passed
FROM rage.proposals AS p
WHERE p.proposal_id = %(proposal_id)s;

-- name: has_offered
-- Whether a proposal proposed any of some images, or named one as an alternative.
SELECT EXISTS (
    SELECT FROM rage.proposal_references AS r
    JOIN rage.proposals AS p USING (proposal_id)
    WHERE r.proposal_id = %(proposal_id)s AND r.image_id = ANY (%(image_ids)s::bigint[]) AND NOT r.chosen
    UNION ALL
    SELECT FROM rage.proposals AS p
    CROSS JOIN LATERAL jsonb_array_elements(p.concepts) AS c (concept)
    CROSS JOIN LATERAL jsonb_array_elements_text(c.concept -> 'alternatives') AS a (image_id)
    WHERE p.proposal_id = %(proposal_id)s AND a.image_id::bigint = ANY (%(image_ids)s::bigint[])
);
