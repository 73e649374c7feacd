-- Batches: how far each is, and what became of every item.

CREATE OR REPLACE VIEW rage_v1.generation_batches WITH (security_invoker = true) AS
SELECT
    b.batch_id,
    n.name AS brand,
    b.name,
    CASE
        WHEN b.state = 'cancelled' THEN 'cancelled'
        WHEN c.pending + c.under_way = 0 THEN 'done'
        WHEN b.state = 'paused' THEN 'paused'
        WHEN c.pending + c.rejected = c.items THEN 'pending'
        ELSE 'running'
    END AS status,
    CASE WHEN b.state = 'paused' AND c.pending + c.under_way > 0 THEN b.reason END AS reason,
    c.items,
    c.pending,
    c.under_way,
    c.succeeded,
    c.refused,
    c.failed,
    c.cancelled,
    c.unknown,
    c.rejected,
    b.budget_usd,
    u.spent_usd AS cost_usd,
    u.reserved_usd,
    u.calls,
    u.calls_without_cost,
    b.asked_by,
    b.created_at
FROM rage.generation_batches AS b
JOIN rage.brands AS n USING (brand_id)
CROSS JOIN LATERAL (
    SELECT
        count(*) AS items,
        count(*) FILTER (WHERE i.generation_id IS NULL AND i.reason IS NULL AND b.state <> 'cancelled') AS pending,
        count(*) FILTER (WHERE g.status IN ('queued', 'running')) AS under_way,
        count(*) FILTER (WHERE g.status = 'succeeded') AS succeeded,
        count(*) FILTER (WHERE g.status = 'refused') AS refused,
        count(*) FILTER (WHERE g.status = 'failed') AS failed,
        count(*) FILTER (WHERE g.status = 'cancelled'
                            OR (i.generation_id IS NULL AND i.reason IS NULL AND b.state = 'cancelled')) AS cancelled,
        count(*) FILTER (WHERE g.status = 'unknown') AS unknown,
        count(*) FILTER (WHERE i.reason IS NOT NULL) AS rejected
    FROM rage.generation_batch_items AS i
    LEFT JOIN rage.generations AS g USING (generation_id)
    WHERE i.batch_id = b.batch_id
) AS c
CROSS JOIN LATERAL rage.spent_by_batch(b.batch_id) AS u;
COMMENT ON VIEW rage_v1.generation_batches IS 'Briefs that were asked for as a set: one row per batch, with how far it is and what it cost.';
COMMENT ON COLUMN rage_v1.generation_batches.batch_id IS 'Stable id of the batch.';
COMMENT ON COLUMN rage_v1.generation_batches.brand IS 'The brand that pays for every item.';
COMMENT ON COLUMN rage_v1.generation_batches.name IS 'What the person calls it.';
COMMENT ON COLUMN rage_v1.generation_batches.status IS 'pending, running, paused, done or cancelled.';
COMMENT ON COLUMN rage_v1.generation_batches.reason IS 'Why it is paused.';
COMMENT ON COLUMN rage_v1.generation_batches.items IS 'How many items it has.';
COMMENT ON COLUMN rage_v1.generation_batches.pending IS 'Items that are not begun yet.';
COMMENT ON COLUMN rage_v1.generation_batches.under_way IS 'Items whose generation is queued or running.';
COMMENT ON COLUMN rage_v1.generation_batches.succeeded IS 'Items whose pictures are there.';
COMMENT ON COLUMN rage_v1.generation_batches.refused IS 'Items that the provider refused.';
COMMENT ON COLUMN rage_v1.generation_batches.failed IS 'Items whose generation failed.';
COMMENT ON COLUMN rage_v1.generation_batches.cancelled IS 'Items that were called off.';
COMMENT ON COLUMN rage_v1.generation_batches.unknown IS 'Items whose outcome is not known: they may have been charged, and are not repeated.';
COMMENT ON COLUMN rage_v1.generation_batches.rejected IS 'Items that could not be asked for at all.';
COMMENT ON COLUMN rage_v1.generation_batches.budget_usd IS 'US dollars that it may cost in all; null: no limit of its own.';
COMMENT ON COLUMN rage_v1.generation_batches.cost_usd IS 'US dollars of its calls whose cost is known, items that were tried again included.';
COMMENT ON COLUMN rage_v1.generation_batches.reserved_usd IS 'US dollars that its calls under way are expected to cost.';
COMMENT ON COLUMN rage_v1.generation_batches.calls IS 'Its paid calls, however they ended.';
COMMENT ON COLUMN rage_v1.generation_batches.calls_without_cost IS 'Of these, those whose cost is not known, or not yet: nothing of them is in cost_usd.';
COMMENT ON COLUMN rage_v1.generation_batches.asked_by IS 'The key or login that asked; null while the service is open.';
COMMENT ON COLUMN rage_v1.generation_batches.created_at IS 'When it was asked.';


CREATE OR REPLACE VIEW rage_v1.generation_batch_items WITH (security_invoker = true) AS
SELECT
    i.batch_id,
    i.position,
    i.key,
    CASE
        WHEN i.reason IS NOT NULL THEN 'rejected'
        WHEN i.generation_id IS NOT NULL THEN g.status
        WHEN b.state = 'cancelled' THEN 'cancelled'
        ELSE 'pending'
    END AS status,
    coalesce(i.reason, g.error ->> 'detail') AS reason,
    g.generation_id
FROM rage.generation_batch_items AS i
JOIN rage.generation_batches AS b USING (batch_id)
LEFT JOIN rage.generations AS g USING (generation_id);
COMMENT ON VIEW rage_v1.generation_batch_items IS 'The items of batches, one row each, with what became of them.';
COMMENT ON COLUMN rage_v1.generation_batch_items.batch_id IS 'The batch.';
COMMENT ON COLUMN rage_v1.generation_batch_items.position IS 'Place in the batch, from 1.';
COMMENT ON COLUMN rage_v1.generation_batch_items.key IS 'What it is of: sku=SOAP-1/purpose=style/size=1024x1024.';
COMMENT ON COLUMN rage_v1.generation_batch_items.status IS 'pending, rejected, or the status of its generation.';
COMMENT ON COLUMN rage_v1.generation_batch_items.reason IS 'Why it was rejected, or what went wrong.';
COMMENT ON COLUMN rage_v1.generation_batch_items.generation_id IS 'Its latest generation; those before have the same batch_id and batch_position.';
