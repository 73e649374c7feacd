-- What was spent, on what, and what may be.

CREATE OR REPLACE VIEW rage_v1.daily_usage WITH (security_invoker = true) AS
SELECT
    (p.started_at AT TIME ZONE 'UTC')::date AS day,
    b.name AS brand,
    p.purpose,
    p.provider,
    p.model,
    count(*) AS calls,
    count(*) FILTER (WHERE p.status IN ('unknown', 'started')) AS calls_unknown,
    coalesce(sum((p.tokens ->> 'text_input')::bigint), 0)::bigint AS text_input_tokens,
    coalesce(sum((p.tokens ->> 'image_input')::bigint), 0)::bigint AS image_input_tokens,
    coalesce(sum(coalesce((p.tokens ->> 'cached_text_input')::bigint, 0) + coalesce((p.tokens ->> 'cached_image_input')::bigint, 0)),
             0)::bigint AS cached_input_tokens,
    coalesce(sum((p.tokens ->> 'text_output')::bigint), 0)::bigint AS text_output_tokens,
    coalesce(sum((p.tokens ->> 'image_output')::bigint), 0)::bigint AS image_output_tokens,
    count(*) FILTER (WHERE p.tokens IS NULL AND p.cost_usd IS DISTINCT FROM 0) AS calls_without_tokens,
    sum(p.cost_usd) AS cost_usd,
    count(*) FILTER (WHERE p.cost_usd IS NULL) AS calls_without_cost
FROM rage.paid_calls AS p
JOIN rage.brands AS b USING (brand_id)
GROUP BY 1, 2, 3, 4, 5;
COMMENT ON VIEW rage_v1.daily_usage IS 'Paid calls by day, brand, purpose, provider and model.';
COMMENT ON COLUMN rage_v1.daily_usage.day IS 'The day on which the calls were made, UTC: as providers count.';
COMMENT ON COLUMN rage_v1.daily_usage.brand IS 'The brand that pays.';
COMMENT ON COLUMN rage_v1.daily_usage.purpose IS 'generation, caption, embedding, planner, judge or draft.';
COMMENT ON COLUMN rage_v1.daily_usage.provider IS 'Who was called.';
COMMENT ON COLUMN rage_v1.daily_usage.model IS 'The model that answered; before that, the one asked for.';
COMMENT ON COLUMN rage_v1.daily_usage.calls IS 'How many calls, however they ended.';
COMMENT ON COLUMN rage_v1.daily_usage.calls_unknown IS 'Of these, those whose end is not known, or not yet: they may have been charged.';
COMMENT ON COLUMN rage_v1.daily_usage.text_input_tokens IS 'Tokens of text that were read, without cached ones.';
COMMENT ON COLUMN rage_v1.daily_usage.image_input_tokens IS 'Tokens of pictures that were read, without cached ones.';
COMMENT ON COLUMN rage_v1.daily_usage.cached_input_tokens IS 'Tokens that were read from the provider''s cache.';
COMMENT ON COLUMN rage_v1.daily_usage.text_output_tokens IS 'Tokens of text that were written.';
COMMENT ON COLUMN rage_v1.daily_usage.image_output_tokens IS 'Tokens of pictures that were made.';
COMMENT ON COLUMN rage_v1.daily_usage.calls_without_tokens IS 'Calls that the sums of tokens leave out: what they used is not known.';
COMMENT ON COLUMN rage_v1.daily_usage.cost_usd IS 'US dollars, of the calls whose cost is known; null where it is of none.';
COMMENT ON COLUMN rage_v1.daily_usage.calls_without_cost IS 'Calls that this sum leaves out: their cost is not known.';


CREATE OR REPLACE VIEW rage_v1.prices WITH (security_invoker = true) AS
SELECT
    p.provider,
    p.model,
    p.token_class,
    p.effective_from,
    lead(p.effective_from) OVER (PARTITION BY p.provider, p.model, p.token_class ORDER BY p.effective_from) - 1 AS effective_until,
    p.usd_per_million
FROM rage.prices AS p;
COMMENT ON VIEW rage_v1.prices IS 'What a million tokens cost, by model, class of token and day.';
COMMENT ON COLUMN rage_v1.prices.provider IS 'Who charges.';
COMMENT ON COLUMN rage_v1.prices.model IS 'The model; a dated snapshot without a price of its own costs what its model does.';
COMMENT ON COLUMN rage_v1.prices.token_class IS 'text_input, image_input, cached_text_input, cached_image_input, text_output or image_output.';
COMMENT ON COLUMN rage_v1.prices.effective_from IS 'First day of this price, UTC.';
COMMENT ON COLUMN rage_v1.prices.effective_until IS 'Last day of this price; null: until further notice.';
COMMENT ON COLUMN rage_v1.prices.usd_per_million IS 'US dollars for a million tokens.';


CREATE OR REPLACE VIEW rage_v1.budgets WITH (security_invoker = true) AS
SELECT
    b.budget_id,
    n.name AS brand,
    b.label_name,
    b.label_value,
    b.month,
    b.limit_usd,
    u.spent_usd,
    u.reserved_usd,
    greatest(b.limit_usd - u.spent_usd - u.reserved_usd, 0) AS left_usd,
    u.calls,
    u.calls_without_cost,
    CASE
        WHEN b.month IS NOT NULL THEN b.month = m.this_month
        ELSE NOT EXISTS (
            SELECT FROM rage.budgets AS own
            WHERE own.month = m.this_month
              AND (own.brand_id, own.label_name, own.label_value) IS NOT DISTINCT FROM (b.brand_id, b.label_name, b.label_value))
    END AS is_in_force
FROM rage.budgets AS b
LEFT JOIN rage.brands AS n USING (brand_id)
CROSS JOIN LATERAL (SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date AS this_month) AS m
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(p.cost_usd), 0) AS spent_usd,
        coalesce(sum(p.expected_usd) FILTER (WHERE rage.may_be_under_way(p.status, p.started_at)), 0)
            AS reserved_usd,
        count(*) AS calls,
        count(*) FILTER (WHERE p.cost_usd IS NULL) AS calls_without_cost
    FROM rage.paid_calls AS p
    LEFT JOIN rage.generations AS g USING (generation_id)
    WHERE p.started_at >= coalesce(b.month, m.this_month)::timestamp AT TIME ZONE 'UTC'
      AND p.started_at < (coalesce(b.month, m.this_month) + interval '1 month') AT TIME ZONE 'UTC'
      AND (b.brand_id IS NULL OR p.brand_id = b.brand_id)
      AND (b.label_name IS NULL OR g.labels ->> b.label_name = b.label_value)
) AS u;
COMMENT ON VIEW rage_v1.budgets IS 'What may be spent in a calendar month (UTC), and how much of it is. No call is made that would pass one that is in force.';
COMMENT ON COLUMN rage_v1.budgets.budget_id IS 'Stable number of the budget.';
COMMENT ON COLUMN rage_v1.budgets.brand IS 'The brand that pays; null: whichever.';
COMMENT ON COLUMN rage_v1.budgets.label_name IS 'Only generations with this label count; null: every paid call does.';
COMMENT ON COLUMN rage_v1.budgets.label_value IS 'The value of that label.';
COMMENT ON COLUMN rage_v1.budgets.month IS 'First day of the month that it is for; null: every month that has none of its own.';
COMMENT ON COLUMN rage_v1.budgets.limit_usd IS 'US dollars that may be spent.';
COMMENT ON COLUMN rage_v1.budgets.spent_usd IS 'US dollars of the calls in its month, else in this one, whose cost is known.';
COMMENT ON COLUMN rage_v1.budgets.reserved_usd IS 'US dollars that calls under way are expected to cost.';
COMMENT ON COLUMN rage_v1.budgets.left_usd IS 'What is left of it, at least 0.';
COMMENT ON COLUMN rage_v1.budgets.calls IS 'How many calls counted.';
COMMENT ON COLUMN rage_v1.budgets.calls_without_cost IS 'Of these, those whose cost is not known, or not yet: nothing of them is in spent_usd.';
COMMENT ON COLUMN rage_v1.budgets.is_in_force IS 'Whether it counts now: it is for this month, or for every month and this one has none of its own.';
