-- name: get_generations
-- Generations with their references and outputs, newest first.
SELECT
    g.generation_id AS id,
    g.status,
    b.name AS brand,
    g.prompt,
    -- It names the references by their titles, which are not for who may not see these images.
    CASE WHEN NOT coalesce(sent.hidden, false) THEN g.prompt_sent END AS prompt_sent,
    g.purpose,
    g.provider,
    g.model,
    g.parameters,
    coalesce(sent.list, '[]') AS references,
    coalesce(made.list, '[]') AS outputs,
    g.cost_usd,
    g.usage,
    g.timings_ms,
    g.error,
    parent.generation_id AS parent_id,
    s.search_id,
    p.proposal_id,
    g.labels,
    g.batch_id,
    g.asked_by,
    g.created_at,
    g.started_at,
    g.finished_at,
    first.generation_id AS retry_of,
    g.cancel_requested_at
FROM rage.generations AS g
JOIN rage.brands AS b USING (brand_id)
-- What it came from, where the caller may see that too.
LEFT JOIN rage.generations AS parent ON parent.generation_id = g.parent_id
LEFT JOIN rage.generations AS first ON first.generation_id = g.retry_of
LEFT JOIN rage.searches AS s ON s.search_id = g.search_id
LEFT JOIN rage.proposals AS p ON p.proposal_id = g.proposal_id
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
               'position', r.position,
               'image_id', r.image_id,
               'role', r.role,
               'note', r.note,
               'sha256', encode(r.sha256, 'hex'),
               'version', r.version,
               'title', i.title,
               'thumbnail_url', CASE WHEN i.deleted_at IS NULL THEN '/api/images/' || i.image_id || '/thumbnail' END,
               'search_rank', r.search_rank,
               'search_score', r.search_score) ORDER BY r.position) AS list,
           bool_or(i.image_id IS NULL) AS hidden
    FROM rage.generation_references AS r
    -- Of an image of a brand that the caller may not see, number and hash alone.
    LEFT JOIN rage.images AS i USING (image_id)
    WHERE r.generation_id = g.generation_id
) AS sent ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
               'position', o.position,
               'image_id', o.image_id,
               'url', '/api/generations/' || o.generation_id || '/outputs/' || o.position,
               'sha256', encode(o.sha256, 'hex'),
               'kept', o.kept_at IS NOT NULL) ORDER BY o.position) AS list
    FROM rage.generation_outputs AS o
    WHERE o.generation_id = g.generation_id
) AS made ON true
WHERE g.generation_id = ANY (%(ids)s::uuid[])
ORDER BY g.created_at DESC, g.generation_id DESC;

-- name: list_generations
-- The newest generations that pass the filter, after the cursor's place; a filter of null sets no limit.
WITH tagged AS (
    SELECT r.generation_id
    FROM rage.generation_references AS r JOIN rage.image_tags AS it USING (image_id)
    WHERE it.tag_id = ANY (rage.tag_ids(ARRAY[rage.normal_form(%(tag)s::text)]))
    UNION
    SELECT o.generation_id
    FROM rage.generation_outputs AS o JOIN rage.image_tags AS it USING (image_id)
    WHERE it.tag_id = ANY (rage.tag_ids(ARRAY[rage.normal_form(%(tag)s::text)]))
)
SELECT g.generation_id AS id, g.created_at
FROM rage.generations AS g
JOIN rage.brands AS b USING (brand_id)
WHERE (%(brand)s::text IS NULL OR b.key = rage.normal_form(%(brand)s))
  AND (%(tag)s::text IS NULL OR g.generation_id IN (SELECT generation_id FROM tagged))
  AND (%(labels)s::jsonb IS NULL OR g.labels @> %(labels)s)
  AND (%(model)s::text IS NULL OR g.model = %(model)s)
  AND (%(provider)s::text IS NULL OR g.provider = %(provider)s)
  AND (%(status)s::text IS NULL OR g.status = %(status)s)
  AND (%(batch_id)s::uuid IS NULL OR g.batch_id = %(batch_id)s)
  AND (%(purpose)s::text IS NULL OR g.purpose = %(purpose)s)
  AND (%(before)s::timestamptz IS NULL OR (g.created_at, g.generation_id) < (%(before)s, %(before_id)s::uuid))
ORDER BY g.created_at DESC, g.generation_id DESC
LIMIT %(limit)s;

-- name: get_output
-- The bytes of an output, as the provider sent them.
SELECT CASE WHEN i.erased_at IS NULL THEN c.bytes END AS content,
       coalesce(c.media_type, '') AS media_type,
       encode(o.sha256, 'hex') AS sha256
FROM rage.generation_outputs AS o
JOIN rage.images AS i USING (image_id)
-- Once the image is erased, its content is seen no more.
LEFT JOIN rage.contents AS c USING (sha256)
WHERE o.generation_id = %(generation_id)s AND o.position = %(position)s;
