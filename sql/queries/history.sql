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
    g.cancel_requested_at,
    refined.value AS refinement
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
               'kept', o.kept_at IS NOT NULL,
               'width', c.width,
               'height', c.height) ORDER BY o.position) AS list
    FROM rage.generation_outputs AS o
    LEFT JOIN rage.contents AS c USING (sha256)
    WHERE o.generation_id = g.generation_id
) AS made ON true
LEFT JOIN LATERAL (
    SELECT jsonb_build_object(
        'root_id', r.root_id,
        'round', own.round,
        'draft', r.with_draft,
        'rounds', r.rounds,
        'references', r.per_round,
        'max_cost', r.max_cost_usd::text,
        'judge', r.judge_provider || ':' || r.judge_model,
        'state', r.state,
        'ended_by', r.ended_by,
        'detail', r.detail,
        'result_id', r.result_id,
        'cancel_requested_at', r.cancel_requested_at,
        'steps', (
            SELECT jsonb_agg(jsonb_build_object('round', s.round, 'generation_id', s.generation_id, 'status', n.status)
                             ORDER BY s.round)
            FROM rage.refinement_steps AS s
            JOIN rage.generations AS n USING (generation_id)
            WHERE s.root_id = r.root_id),
        'judgements', coalesce((
            SELECT jsonb_agg(jsonb_build_object(
                       'round', j.round,
                       'attempt', j.attempt,
                       'verdict', j.verdict,
                       'detail', j.detail,
                       'cost_usd', p.cost_usd::text,
                       'concepts', coalesce((
                           SELECT jsonb_agg(jsonb_build_object(
                                      'concept', c.concept,
                                      'caption', c.caption,
                                      'outcome', c.outcome,
                                      'image_id', c.image_id,
                                      'score', c.score,
                                      'proposal_id', o.proposal_id) ORDER BY c.position)
                           FROM rage.judgement_concepts AS c
                           -- Null where who asks may not see it, as for the generation itself.
                           LEFT JOIN rage.proposals AS o ON o.proposal_id = c.proposal_id
                           WHERE c.judgement_id = j.judgement_id), '[]')) ORDER BY j.round, j.attempt)
            FROM rage.judgements AS j
            JOIN rage.paid_calls AS p USING (call_id)
            WHERE j.root_id = r.root_id), '[]'),
        'cost_usd', spent.cost_usd::text,
        'calls_without_cost', spent.calls_without_cost) AS value
    FROM rage.refinement_steps AS own
    JOIN rage.refinements AS r USING (root_id)
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(p.cost_usd), 0) AS cost_usd, count(*) FILTER (WHERE p.cost_usd IS NULL) AS calls_without_cost
        FROM rage.refinement_steps AS s
        JOIN rage.paid_calls AS p USING (generation_id)
        WHERE s.root_id = r.root_id
    ) AS spent
    WHERE own.generation_id = g.generation_id
) AS refined ON true
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
  AND (%(kept)s::boolean IS NULL OR %(kept)s = EXISTS (
      SELECT FROM rage.generation_outputs AS o WHERE o.generation_id = g.generation_id AND o.kept_at IS NOT NULL))
  AND (%(rating)s::smallint IS NULL OR EXISTS (
      SELECT FROM rage.ratings AS r WHERE r.generation_id = g.generation_id AND r.rating = %(rating)s))
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

-- name: get_ratings
-- What people think of the outputs of a generation, the latest first.
SELECT position, nullif(rated_by, '') AS rated_by, rating, reasons, comment, created_at
FROM rage.ratings
WHERE generation_id = %(generation_id)s
ORDER BY position, created_at DESC, rated_by;

-- name: get_call
-- What only the provider and its call tell of a generation.
SELECT provider_request_id AS request_id, expected_usd
FROM rage.generations
WHERE generation_id = %(generation_id)s;

-- name: get_lineage
-- What a generation continues, from the first one on; itself (depth 0); and what continues it directly. Of each the
-- picture that went on to the next, else its first.
WITH RECURSIVE earlier AS (
    SELECT generation_id, parent_id, 0 AS depth
    FROM rage.generations
    WHERE generation_id = %(generation_id)s
    UNION ALL
    SELECT g.generation_id, g.parent_id, e.depth - 1
    FROM earlier AS e
    JOIN rage.generations AS g ON g.generation_id = e.parent_id
    WHERE e.depth > -%(most)s::integer
),
later AS (
    SELECT generation_id, 1 AS depth
    FROM rage.generations
    WHERE parent_id = %(generation_id)s
    ORDER BY created_at, generation_id
    LIMIT %(most)s
),
line AS (
    SELECT generation_id, depth FROM earlier
    UNION ALL
    SELECT generation_id, depth FROM later
)
SELECT g.generation_id AS id, line.depth, g.prompt, g.status, coalesce(used.image_id, first.image_id) AS image_id
FROM line
JOIN rage.generations AS g USING (generation_id)
LEFT JOIN LATERAL (
    SELECT o.image_id
    FROM line AS next
    JOIN rage.generation_references AS r ON r.generation_id = next.generation_id AND r.role = 'edit_target'
    JOIN rage.generation_outputs AS o ON o.generation_id = g.generation_id AND o.image_id = r.image_id
    JOIN rage.images AS i ON i.image_id = o.image_id AND i.deleted_at IS NULL
    WHERE next.depth = line.depth + 1 AND next.depth <= 0
    LIMIT 1
) AS used ON true
LEFT JOIN LATERAL (
    SELECT o.image_id
    FROM rage.generation_outputs AS o
    JOIN rage.images AS i ON i.image_id = o.image_id AND i.deleted_at IS NULL
    WHERE o.generation_id = g.generation_id
    ORDER BY o.position
    LIMIT 1
) AS first ON true
ORDER BY line.depth, g.created_at, g.generation_id;

-- name: get_spending
-- What the paid calls of a month cost, by day (UTC), brand, provider and model.
SELECT day, brand, provider, model, sum(calls)::bigint AS calls, sum(cost_usd) AS cost_usd,
       sum(calls_without_cost)::bigint AS calls_without_cost
FROM rage_v1.daily_usage
WHERE day >= %(month)s::date AND day < (%(month)s::date + interval '1 month')
GROUP BY day, brand, provider, model
ORDER BY day, brand, provider, model;
