-- name: list_prices
-- Every price, the newest of a model and class first.
SELECT provider, model, token_class, usd_per_million, effective_from
FROM rage.prices
ORDER BY provider, model, token_class, effective_from DESC;

-- name: set_price
-- A price from a day on; it replaces what was set for that day.
INSERT INTO rage.prices (provider, model, token_class, effective_from, usd_per_million)
VALUES (%(provider)s, %(model)s, %(token_class)s, coalesce(%(effective_from)s, (now() AT TIME ZONE 'UTC')::date), %(usd_per_million)s)
ON CONFLICT (provider, model, token_class, effective_from) DO UPDATE
SET usd_per_million = excluded.usd_per_million
RETURNING provider, model, token_class, usd_per_million, effective_from;

-- name: calls_to_count
-- Calls of a model from a day on whose usage is known and not yet told by class.
SELECT call_id, purpose, usage
FROM rage.paid_calls
WHERE cost_usd IS NULL AND tokens IS NULL AND usage IS NOT NULL
  AND provider = %(provider)s AND rage.plain_model(model) = rage.plain_model(%(model)s)
  AND started_at >= %(since)s::date::timestamp AT TIME ZONE 'UTC'
FOR UPDATE;

-- name: set_tokens
-- The usage of a call by class.
UPDATE rage.paid_calls SET tokens = %(tokens)s WHERE call_id = %(call_id)s;

-- name: recompute_costs
-- Costs of calls of a model from a day on that were not known, at the prices of their days; no other cost is touched.
WITH priced AS (
    SELECT call_id, rage.cost_of(provider, model, tokens, (started_at AT TIME ZONE 'UTC')::date) AS cost_usd
    FROM rage.paid_calls
    WHERE cost_usd IS NULL AND status <> 'started'
      AND provider = %(provider)s AND rage.plain_model(model) = rage.plain_model(%(model)s)
      AND started_at >= %(since)s::date::timestamp AT TIME ZONE 'UTC'
),
mended AS (
    UPDATE rage.paid_calls AS c
    SET cost_usd = p.cost_usd
    FROM priced AS p
    WHERE c.call_id = p.call_id AND c.cost_usd IS NULL AND p.cost_usd IS NOT NULL
    RETURNING c.call_id, c.generation_id, c.purpose, c.cost_usd
),
told AS (
    UPDATE rage.generations AS g
    SET cost_usd = m.cost_usd
    FROM mended AS m
    WHERE g.generation_id = m.generation_id AND m.purpose = 'generation' AND g.cost_usd IS NULL AND g.finished_at IS NOT NULL
      -- The attempt that the generation tells of, not one that was overtaken.
      AND NOT EXISTS (
          SELECT FROM rage.paid_calls AS later
          WHERE later.generation_id = g.generation_id AND later.purpose = 'generation' AND later.call_id > m.call_id)
)
SELECT count(*) AS recomputed, coalesce(sum(cost_usd), 0) AS cost_usd,
       (SELECT count(*) FROM priced WHERE cost_usd IS NULL) AS still_without_cost
FROM mended;
