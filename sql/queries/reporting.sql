-- What a report tells, from the views of rage_v1 (but for brands by name, and pictures): anybody can ask them the same.

-- name: get_brand
-- A brand's name by any spelling of it.
SELECT name FROM rage.brands WHERE key = rage.normal_form(%(brand)s);

-- name: chosen
-- The generations that a report is about. The statements below go on from here.
WITH chosen AS MATERIALIZED (
    SELECT r.*, (r.created_at AT TIME ZONE 'UTC')::date AS day
    FROM rage_v1.generation_results AS r
    WHERE (%(brand)s::text IS NULL OR r.brand = %(brand)s)
      AND (%(labels)s::jsonb IS NULL OR r.labels @> %(labels)s)
      AND (%(since)s::date IS NULL OR r.created_at >= %(since)s::date::timestamp AT TIME ZONE 'UTC')
      AND (%(until)s::date IS NULL OR r.created_at < (%(until)s::date + 1)::timestamp AT TIME ZONE 'UTC')
)

-- name: sums
-- Sums of all of them, by day, by brand and by model.
SELECT
    CASE WHEN grouping(day) = 0 THEN 'day' WHEN grouping(brand) = 0 THEN 'brand' WHEN grouping(provider) = 0 THEN 'model' ELSE 'all' END AS part,
    day, brand, provider, model,
    count(*) AS generations,
    count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
    count(*) FILTER (WHERE status = 'refused') AS refused,
    count(*) FILTER (WHERE status = 'failed') AS failed,
    count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
    count(*) FILTER (WHERE status = 'unknown') AS unknown,
    count(*) FILTER (WHERE status IN ('queued', 'running')) AS under_way,
    coalesce(sum(outputs), 0)::bigint AS outputs,
    coalesce(sum(outputs_kept), 0)::bigint AS kept,
    coalesce(sum(ratings), 0)::bigint AS ratings,
    round(sum(rating_sum) / nullif(sum(ratings), 0), 3) AS mean_rating,
    coalesce(sum(cost_usd), 0) AS cost_usd,
    coalesce(sum(calls_without_cost), 0)::bigint AS calls_without_cost
FROM chosen
GROUP BY GROUPING SETS ((), (day), (brand), (provider, model))
ORDER BY day, generations DESC, brand, provider, model;

-- name: labels
-- Sums by label and value, of the most frequent ones.
SELECT
    l.name, l.value,
    count(*) AS generations,
    count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
    count(*) FILTER (WHERE status = 'refused') AS refused,
    count(*) FILTER (WHERE status = 'failed') AS failed,
    count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
    count(*) FILTER (WHERE status = 'unknown') AS unknown,
    count(*) FILTER (WHERE status IN ('queued', 'running')) AS under_way,
    coalesce(sum(outputs), 0)::bigint AS outputs,
    coalesce(sum(outputs_kept), 0)::bigint AS kept,
    coalesce(sum(ratings), 0)::bigint AS ratings,
    round(sum(rating_sum) / nullif(sum(ratings), 0), 3) AS mean_rating,
    coalesce(sum(cost_usd), 0) AS cost_usd,
    coalesce(sum(calls_without_cost), 0)::bigint AS calls_without_cost
FROM chosen
CROSS JOIN LATERAL jsonb_each_text(labels) AS l (name, value)
GROUP BY l.name, l.value
ORDER BY generations DESC, l.name, l.value
LIMIT %(most)s;

-- name: references
-- The images that went into the most of them.
SELECT
    r.image_id,
    i.brand,
    i.title,
    array_agg(DISTINCT r.role ORDER BY r.role) AS roles,
    count(*) AS generations,
    sum(c.outputs)::bigint AS outputs,
    sum(c.outputs_kept)::bigint AS kept,
    round(sum(c.rating_sum) / nullif(sum(c.ratings), 0), 3) AS mean_rating,
    sum(c.cost_usd) AS cost_usd,
    sum(c.calls_without_cost)::bigint AS calls_without_cost
FROM chosen AS c
JOIN rage_v1.generation_references AS r USING (generation_id)
LEFT JOIN rage_v1.images AS i USING (image_id)
GROUP BY r.image_id, i.brand, i.title
ORDER BY generations DESC, kept DESC, r.image_id
LIMIT %(most)s;

-- name: best_outputs
-- The pictures that people like best.
SELECT o.generation_id, o.position, o.image_id, c.brand, g.prompt, c.provider, c.model, o.kept,
       count(*) AS ratings, round(avg(r.rating), 3) AS mean_rating
FROM chosen AS c
JOIN rage_v1.generations AS g USING (generation_id)
JOIN rage_v1.generation_outputs AS o USING (generation_id)
JOIN rage_v1.ratings AS r USING (generation_id, position)
GROUP BY o.generation_id, o.position, o.image_id, c.brand, g.prompt, c.provider, c.model, o.kept, c.created_at
HAVING avg(r.rating) > 0
ORDER BY avg(r.rating) DESC, count(*) DESC, c.created_at DESC, o.generation_id, o.position
LIMIT %(most)s;

-- name: kept_outputs
-- The pictures that were kept last.
SELECT o.generation_id, o.position, o.image_id, c.brand, g.prompt, c.provider, c.model, o.kept,
       count(r.rating) AS ratings, round(avg(r.rating), 3) AS mean_rating
FROM chosen AS c
JOIN rage_v1.generations AS g USING (generation_id)
JOIN rage_v1.generation_outputs AS o USING (generation_id)
LEFT JOIN rage_v1.ratings AS r USING (generation_id, position)
WHERE o.kept
GROUP BY o.generation_id, o.position, o.image_id, c.brand, g.prompt, c.provider, c.model, o.kept, o.kept_at
ORDER BY o.kept_at DESC, o.generation_id, o.position
LIMIT %(most)s;

-- name: troubles
-- Refusals, failures and lost answers by code, with the last of each in words.
SELECT
    c.status,
    coalesce(c.error_code, regexp_replace(c.error_type, '^.*:', ''), 'none') AS code,
    count(*) AS generations,
    (array_agg(g.error ->> 'detail' ORDER BY c.created_at DESC))[1] AS latest,
    sum(c.cost_usd) AS cost_usd,
    sum(c.calls_without_cost)::bigint AS calls_without_cost
FROM chosen AS c
JOIN rage_v1.generations AS g USING (generation_id)
WHERE c.status IN ('refused', 'failed', 'unknown')
GROUP BY 1, 2
ORDER BY generations DESC, 1, 2
LIMIT %(most)s;

-- name: reasons
-- Why people rated pictures badly; a rating may give several reasons, or none.
SELECT coalesce(reason, 'no reason given') AS reason, count(*) AS ratings
FROM chosen
JOIN rage_v1.ratings AS r USING (generation_id)
LEFT JOIN LATERAL unnest(r.reasons) AS given (reason) ON true
WHERE r.rating < 0
GROUP BY 1
ORDER BY ratings DESC, reason;

-- name: other_calls
-- What was paid for besides generations in the same time: captions, embeddings and whatever else. What belongs to a
-- generation, a draft of it too, is among its costs already.
SELECT purpose, count(*) AS calls, coalesce(sum(cost_usd), 0) AS cost_usd,
       count(*) FILTER (WHERE cost_usd IS NULL) AS calls_without_cost
FROM rage_v1.paid_calls
WHERE generation_id IS NULL
  AND (%(brand)s::text IS NULL OR brand = %(brand)s)
  AND (%(since)s::date IS NULL OR started_at >= %(since)s::date::timestamp AT TIME ZONE 'UTC')
  AND (%(until)s::date IS NULL OR started_at < (%(until)s::date + 1)::timestamp AT TIME ZONE 'UTC')
GROUP BY purpose
ORDER BY purpose;

-- name: thumbnails
-- Small pictures of the images that are still there.
SELECT i.image_id, o.thumbnail
FROM rage.images AS i
JOIN rage.contents AS o USING (content_id)
WHERE i.image_id = ANY (%(image_ids)s::bigint[]) AND i.deleted_at IS NULL AND o.thumbnail IS NOT NULL;
