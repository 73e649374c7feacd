-- name: open_paid_call
-- A call that may cost money, written before it is made.
INSERT INTO rage.paid_calls (brand_id, generation_id, purpose, provider, model)
VALUES (%(brand_id)s, %(generation_id)s, %(purpose)s, %(provider)s, %(model)s)
RETURNING call_id;

-- name: close_paid_call
-- What became of a call that may have cost money.
UPDATE rage.paid_calls
SET status = %(status)s,
    model = coalesce(%(model)s, model),
    provider_request_id = %(provider_request_id)s,
    usage = %(usage)s,
    cost_usd = %(cost_usd)s,
    error = %(error)s,
    finished_at = clock_timestamp()
WHERE call_id = %(call_id)s;

-- name: cost_of_tokens
-- US dollars for tokens by class at today's prices; null where a price is not known.
WITH priced AS (
    SELECT t.tokens::numeric AS tokens, p.usd_per_million AS price
    FROM jsonb_each_text(%(tokens)s) AS t (token_class, tokens)
    LEFT JOIN LATERAL (
        SELECT p.usd_per_million
        FROM rage.prices AS p
        WHERE p.provider = %(provider)s AND p.model = %(model)s AND p.token_class = t.token_class
          AND p.effective_from <= current_date
        ORDER BY p.effective_from DESC
        LIMIT 1
    ) AS p ON true
    WHERE t.tokens <> '0'
)
SELECT CASE WHEN bool_and(price IS NOT NULL) THEN round(sum(tokens * price) / 1000000, 6) END
FROM priced;
