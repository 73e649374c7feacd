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
