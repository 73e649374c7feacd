-- What calls cost, and whether one more may be made: the one place where either is decided.

CREATE OR REPLACE FUNCTION rage.plain_model(model text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(
    regexp_replace(model, '^.*/', ''), '-([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}|[0-9]{3,4}|preview-[0-9]{2}-[0-9]{2,4})$|:latest$', '');
COMMENT ON FUNCTION rage.plain_model(text) IS
    'A model''s name without the path before it and the date behind it: what a dated snapshot is a state of.';


CREATE OR REPLACE FUNCTION rage.cost_of(provider text, model text, tokens jsonb, day date) RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
RETURN (
    SELECT CASE WHEN bool_and(p.price IS NOT NULL) THEN round(sum(t.tokens::numeric * p.price) / 1000000, 6) END
    FROM jsonb_each_text(cost_of.tokens) AS t (token_class, tokens)
    LEFT JOIN LATERAL (
        SELECT p.usd_per_million AS price
        FROM rage.prices AS p
        WHERE p.provider = cost_of.provider
          AND p.model IN (cost_of.model, rage.plain_model(cost_of.model))
          AND p.token_class = t.token_class
          AND p.effective_from <= cost_of.day
        -- A snapshot that has a price of its own costs that.
        ORDER BY p.model = cost_of.model DESC, p.effective_from DESC
        LIMIT 1
    ) AS p ON true
    WHERE t.tokens <> '0');
COMMENT ON FUNCTION rage.cost_of(text, text, jsonb, date) IS
    'US dollars for tokens by class at the prices of a day; null where there are no tokens, or a class that was used has no price.';


CREATE OR REPLACE FUNCTION rage.dearest_call(provider text, model text, purpose text) RETURNS numeric
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path FROM CURRENT
RETURN (
    SELECT max(c.cost_usd)
    FROM rage.paid_calls AS c
    WHERE c.provider = dearest_call.provider
      AND rage.plain_model(c.model) = rage.plain_model(dearest_call.model)
      AND c.purpose = dearest_call.purpose
      AND c.status = 'succeeded'
      AND c.started_at > now() - interval '31 days');
COMMENT ON FUNCTION rage.dearest_call(text, text, text) IS
    'The most that a call of a model cost in the last 31 days; null where none of known cost was made.';


CREATE OR REPLACE FUNCTION rage.may_be_under_way(status text, started_at timestamptz) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN status = 'started' AND started_at > now() - interval '35 minutes';
COMMENT ON FUNCTION rage.may_be_under_way(text, timestamptz) IS
    'Whether a call may still be answered: none takes longer than half an hour, streamed. What is older was lost with its process.';


CREATE OR REPLACE FUNCTION rage.spent_by_batch(batch uuid) RETURNS TABLE (
    spent_usd numeric, reserved_usd numeric, calls bigint, calls_without_cost bigint
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT
        coalesce(sum(p.cost_usd), 0),
        coalesce(sum(p.expected_usd) FILTER (WHERE rage.may_be_under_way(p.status, p.started_at)), 0),
        count(*),
        count(*) FILTER (WHERE p.cost_usd IS NULL)
    FROM rage.paid_calls AS p
    JOIN rage.generations AS g USING (generation_id)
    WHERE g.batch_id = batch;
END;
COMMENT ON FUNCTION rage.spent_by_batch(uuid) IS
    'What the calls of a batch have cost, what those under way may cost, how many there were, and of how many the cost is not known, or not yet.';


CREATE OR REPLACE FUNCTION rage.has_budget(spender integer, given_labels jsonb, batch uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path FROM CURRENT
RETURN EXISTS (
    SELECT FROM rage.budgets AS b
    WHERE (b.brand_id IS NULL OR b.brand_id = spender)
      AND (b.label_name IS NULL OR given_labels ->> b.label_name = b.label_value))
    OR EXISTS (SELECT FROM rage.generation_batches AS s WHERE s.batch_id = batch AND s.budget_usd IS NOT NULL);
COMMENT ON FUNCTION rage.has_budget(integer, jsonb, uuid) IS
    'Whether a call that a brand pays, with these labels, of this batch, counts into any budget.';


CREATE OR REPLACE FUNCTION rage.budgets_in_the_way(
    spender integer, given_labels jsonb, of_batch uuid, next_provider text, next_model text, expected numeric, queueing boolean
) RETURNS TABLE (
    brand text, label_name text, label_value text, batch_id uuid, month date, limit_usd numeric, spent_usd numeric,
    reserved_usd numeric, calls_without_cost bigint, to_be_waited_for boolean, may_be_shown boolean
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
BEGIN
    RETURN QUERY
    WITH counted AS (
        SELECT b.brand, b.label_name, b.label_value, NULL::uuid AS batch_id,
               coalesce(b.month, date_trunc('month', now() AT TIME ZONE 'UTC')::date) AS month,
               d.brand_id, b.limit_usd, b.spent_usd, b.reserved_usd, b.calls_without_cost,
               rage.sees_every_brand() OR coalesce(d.brand_id = ANY (rage.allowed_brands()), false) AS may_be_shown
        FROM rage_v1.budgets AS b
        JOIN rage.budgets AS d USING (budget_id)
        WHERE b.is_in_force
          AND (d.brand_id IS NULL OR d.brand_id = spender)
          AND (d.label_name IS NULL OR given_labels ->> d.label_name = d.label_value)
        UNION ALL
        -- The budget of a batch is for all its calls, in whatever month. Who asks for one of them asked for it.
        SELECT NULL, NULL, NULL, s.batch_id, NULL, NULL, s.budget_usd, u.spent_usd, u.reserved_usd, u.calls_without_cost, true
        FROM rage.generation_batches AS s
        CROSS JOIN LATERAL rage.spent_by_batch(s.batch_id) AS u
        WHERE s.batch_id = of_batch AND s.budget_usd IS NOT NULL
    )
    SELECT b.brand, b.label_name, b.label_value, b.batch_id, b.month,
           b.limit_usd, b.spent_usd, b.reserved_usd + q.queued_usd, b.calls_without_cost,
           b.spent_usd + b.reserved_usd + q.queued_usd < b.limit_usd,
           b.may_be_shown
    FROM counted AS b
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(g.expected_usd), 0) AS queued_usd
        FROM rage.generations AS g
        WHERE queueing
          AND g.finished_at IS NULL
          AND (b.batch_id IS NULL OR g.batch_id = b.batch_id)
          AND (b.brand_id IS NULL OR g.brand_id = b.brand_id)
          AND (b.label_name IS NULL OR g.labels ->> b.label_name = b.label_value)
          -- What its call under way reserves is in the budget's own figure; one that was turned away reserves nothing.
          AND NOT EXISTS (
              SELECT FROM rage.paid_calls AS c
              WHERE c.generation_id = g.generation_id AND c.status = 'started' AND c.purpose <> 'judge')
    ) AS q
    WHERE CASE
              WHEN expected IS NOT NULL THEN expected > 0 AND b.spent_usd + b.reserved_usd + q.queued_usd + expected > b.limit_usd
              WHEN b.spent_usd + b.reserved_usd + q.queued_usd >= b.limit_usd THEN true
              -- Of calls that have prices, and of which nobody can say what they will cost, one at a time.
              ELSE NOT queueing AND rage.is_priced(next_provider, next_model) AND EXISTS (
                  SELECT FROM rage.paid_calls AS c
                  LEFT JOIN rage.generations AS g USING (generation_id)
                  WHERE rage.may_be_under_way(c.status, c.started_at)
                    AND c.expected_usd IS NULL
                    AND rage.is_priced(c.provider, c.model)
                    AND (b.batch_id IS NULL OR g.batch_id = b.batch_id)
                    AND (b.brand_id IS NULL OR c.brand_id = b.brand_id)
                    AND (b.label_name IS NULL OR g.labels ->> b.label_name = b.label_value))
          END;
END
$function$;
COMMENT ON FUNCTION rage.budgets_in_the_way(integer, jsonb, uuid, text, text, numeric, boolean) IS
    'The budgets of this month, and that of the batch, that one more call would pass, and those where one whose cost nobody can tell is to be waited for. queueing: what is queued counts too.';


CREATE OR REPLACE FUNCTION rage.is_priced(provider text, model text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
RETURN EXISTS (
    SELECT FROM rage.prices AS p
    WHERE p.provider = is_priced.provider AND p.model IN (is_priced.model, rage.plain_model(is_priced.model)));
COMMENT ON FUNCTION rage.is_priced(text, text) IS 'Whether any price of a model is known.';
