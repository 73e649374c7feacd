-- name: open_paid_call
-- A call that may cost money, written before it is made.
INSERT INTO rage.paid_calls (brand_id, generation_id, purpose, provider, model, expected_usd)
VALUES (%(brand_id)s, %(generation_id)s, %(purpose)s, %(provider)s, %(model)s, %(expected_usd)s)
RETURNING call_id;

-- name: close_paid_call
-- What became of a call that may have cost money, and what it cost at the prices of its day.
UPDATE rage.paid_calls
SET status = %(status)s,
    model = coalesce(%(model)s, model),
    provider_request_id = %(provider_request_id)s,
    usage = %(usage)s,
    tokens = %(tokens)s,
    cost_usd = coalesce(
        %(cost_usd)s::numeric,
        rage.cost_of(provider, coalesce(%(model)s, model), %(tokens)s::jsonb, (started_at AT TIME ZONE 'UTC')::date),
        CASE WHEN %(as_asked)s THEN rage.cost_of(provider, model, %(tokens)s::jsonb, (started_at AT TIME ZONE 'UTC')::date) END),
    error = %(error)s,
    finished_at = clock_timestamp()
WHERE call_id = %(call_id)s
RETURNING cost_usd;

-- name: cost_of_tokens
-- US dollars for tokens by class at today's prices; null where a price is not known.
SELECT rage.cost_of(%(provider)s, %(model)s, %(tokens)s::jsonb, (now() AT TIME ZONE 'UTC')::date);
