-- name: plain_models
-- Models as prices and calls are compared: without a path before and a date behind their names.
SELECT m.model, rage.plain_model(m.model) AS plain
FROM unnest(%(models)s::text[]) AS m (model);

-- name: kept_by_day
-- The calls to a provider by day (UTC) and model. Counted is what surely was carried out: it succeeded, or its usage or
-- its cost is known. What surely was turned away cost 0 and is left out; of what is neither nobody knows the end.
WITH calls AS (
    SELECT p.*, b.name AS brand, (p.started_at AT TIME ZONE 'UTC')::date AS day, rage.plain_model(p.model) AS plain,
           p.status = 'succeeded' OR p.tokens IS NOT NULL OR coalesce(p.cost_usd, 0) > 0 AS is_counted
    FROM rage.paid_calls AS p
    JOIN rage.brands AS b USING (brand_id)
    WHERE p.provider = %(provider)s
      AND p.started_at >= %(first)s::date::timestamp AT TIME ZONE 'UTC'
      AND p.started_at < (%(last)s::date + 1)::timestamp AT TIME ZONE 'UTC'
)
SELECT
    day,
    plain AS model,
    count(*) FILTER (WHERE is_counted) AS requests,
    coalesce(sum((SELECT sum(t.value::bigint) FROM jsonb_each_text(tokens) AS t WHERE t.key LIKE '%%\_input')), 0)::bigint
        AS input_tokens,
    coalesce(sum((SELECT sum(t.value::bigint) FROM jsonb_each_text(tokens) AS t WHERE t.key LIKE '%%\_output')), 0)::bigint
        AS output_tokens,
    coalesce(sum(cost_usd), 0) AS cost_usd,
    count(*) FILTER (WHERE cost_usd IS NULL) AS calls_without_cost,
    count(*) FILTER (WHERE is_counted AND tokens IS NULL) AS calls_without_tokens,
    coalesce(
        jsonb_agg(jsonb_build_object(
            'call_id', call_id,
            'status', status,
            'purpose', purpose,
            'brand', brand,
            'provider_request_id', provider_request_id,
            'started_at', started_at) ORDER BY call_id) FILTER (WHERE NOT is_counted AND cost_usd IS NULL),
        '[]') AS candidates
FROM calls
GROUP BY day, plain;
