-- name: has_budget
-- Whether a call that a brand pays, with these labels, counts into any budget.
SELECT rage.has_budget(%(brand_id)s, %(labels)s::jsonb, %(batch_id)s::uuid);

-- name: is_one_at_a_time
-- Whether calls of a model are made one after another, until one tells what they cost: a budget counts them.
SELECT rage.has_budget(%(brand_id)s, %(labels)s::jsonb, %(batch_id)s::uuid) AND rage.is_priced(%(provider)s, %(model)s);

-- name: lock_budgets
-- Until the transaction ends nobody else looks whether a budget allows a call: it writes its own down.
SELECT pg_advisory_xact_lock(hashtext('rage.budgets'));

-- name: in_the_way
-- What a call may cost: as much as somebody knows, else as the dearest of late; and the budgets that one more
-- would pass, or that make it wait. In one look: a call that ends between two would show its cost in neither.
WITH cost AS (
    SELECT coalesce(%(expected)s::numeric, rage.dearest_call(%(provider)s, %(model)s, %(purpose)s)) AS expected
)
SELECT cost.expected, to_jsonb(b) AS in_the_way
FROM cost
LEFT JOIN LATERAL rage.budgets_in_the_way(
    %(brand_id)s, %(labels)s::jsonb, %(batch_id)s::uuid, %(provider)s, %(model)s, cost.expected, %(queueing)s) AS b ON true
ORDER BY b.to_be_waited_for AND cost.expected IS NULL, b.may_be_shown DESC, b.limit_usd - b.spent_usd
LIMIT 1;

-- name: is_busy
-- Whether no budget forbids a call of which nobody can tell what it will cost, but another such must end before it.
SELECT coalesce(bool_and(b.to_be_waited_for), false)
FROM rage.budgets_in_the_way(
    %(brand_id)s, %(labels)s::jsonb, %(batch_id)s::uuid, %(provider)s, %(model)s, NULL, false) AS b
WHERE rage.dearest_call(%(provider)s, %(model)s, %(purpose)s) IS NULL;

-- name: list_budgets
-- Every budget that the caller may see, with what is spent of it.
SELECT brand, label_name, label_value, month, limit_usd, spent_usd, reserved_usd, left_usd, calls, calls_without_cost,
       is_in_force
FROM rage_v1.budgets
ORDER BY brand NULLS FIRST, label_name NULLS FIRST, label_value, month NULLS FIRST;

-- name: get_budget
-- One budget, with what is spent of it.
SELECT brand, label_name, label_value, month, limit_usd, spent_usd, reserved_usd, left_usd, calls, calls_without_cost,
       is_in_force
FROM rage_v1.budgets
WHERE budget_id = %(budget_id)s;

-- name: get_brand_id
-- The brand of this name, by any spelling.
SELECT brand_id FROM rage.brands WHERE key = rage.normal_form(%(brand)s);

-- name: put_budget
-- A limit, in place of the one that there was.
INSERT INTO rage.budgets (brand_id, label_name, label_value, month, limit_usd)
VALUES (%(brand_id)s, %(label_name)s, %(label_value)s, %(month)s, %(limit_usd)s)
ON CONFLICT ON CONSTRAINT budgets_once DO UPDATE SET limit_usd = excluded.limit_usd
RETURNING budget_id;

-- name: remove_budget
-- Takes a limit away.
DELETE FROM rage.budgets
WHERE (brand_id, label_name, label_value, month)
    IS NOT DISTINCT FROM (%(brand_id)s::integer, %(label_name)s::text, %(label_value)s::text, %(month)s::date);
