-- name: get_sku_images
-- For each product the images that show it and may be used today, of the brand or shared: pictures of the product first,
-- then where it stands first; what was generated last.
SELECT p.sku, array_agg(p.image_id ORDER BY i.kind <> 'product', i.origin = 'generated', b.reserved, p.position, p.image_id)
           AS image_ids
FROM rage.image_products AS p
JOIN rage.images AS i USING (image_id)
JOIN rage.brands AS b ON b.brand_id = i.brand_id
WHERE p.sku = ANY (%(skus)s::text[])
  AND (i.brand_id = %(brand_id)s OR b.reserved)
  AND i.deleted_at IS NULL
  AND i.state = 'approved'
  AND current_date BETWEEN coalesce(i.usable_from, current_date) AND coalesce(i.usable_until, current_date)
GROUP BY p.sku;

-- name: get_source_facts
-- What decides whether images may be references.
SELECT
    i.image_id,
    i.kind,
    i.state,
    -- Whoever sees the paying brand reads the prompts that it is put into.
    CASE WHEN i.brand_id = %(brand_id)s OR b.reserved THEN i.title END AS title,
    k.text AS caption,
    i.version,
    i.usable_from,
    i.usable_until,
    current_date < i.usable_from AS too_early,
    current_date > i.usable_until AS too_late,
    c.sha256,
    c.width,
    c.height,
    c.media_type,
    c.bytes IS NOT NULL AS is_stored,
    NULL AS search_rank,
    NULL AS search_score
FROM rage.images AS i
JOIN rage.contents AS c USING (content_id)
JOIN rage.brands AS b ON b.brand_id = i.brand_id
LEFT JOIN rage.captions AS k ON k.image_id = i.image_id AND k.is_current
WHERE i.image_id = ANY (%(image_ids)s::bigint[]) AND i.deleted_at IS NULL;

-- name: get_earlier_request
-- The batch that an Idempotency-Key already stands for.
SELECT batch_id, request_sha256
FROM rage.generation_batches
WHERE coalesce(asked_by, '') = coalesce(%(asked_by)s, '') AND idempotency_key = %(idempotency_key)s;

-- name: insert_batch
-- A batch; none where the Idempotency-Key is taken.
INSERT INTO rage.generation_batches (
    brand_id, name, request, request_sha256, idempotency_key, budget_usd, state, reason, caller_id, asked_by
) VALUES (
    %(brand_id)s, %(name)s, %(request)s, %(request_sha256)s, %(idempotency_key)s, %(budget_usd)s, %(state)s, %(reason)s,
    rage.caller_id(), %(asked_by)s
)
ON CONFLICT (coalesce(asked_by, ''), idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
RETURNING batch_id;

-- name: insert_items
-- The items of a batch, in order.
INSERT INTO rage.generation_batch_items (batch_id, position, key, request, reason)
SELECT %(batch_id)s, position, key, request, reason
FROM jsonb_to_recordset(%(items)s) AS i (position integer, key text, request jsonb, reason text);

-- name: list_batches
-- The newest batches that pass the filter, after the cursor's place; a filter of null sets no limit.
SELECT b.batch_id AS id, b.created_at
FROM rage.generation_batches AS b
JOIN rage.brands AS n USING (brand_id)
WHERE (%(brand)s::text IS NULL OR n.key = rage.normal_form(%(brand)s))
  AND (%(labels)s::jsonb IS NULL OR b.request -> 'labels' @> %(labels)s)
  AND (%(before)s::timestamptz IS NULL OR (b.created_at, b.batch_id) < (%(before)s, %(before_id)s::uuid))
ORDER BY b.created_at DESC, b.batch_id DESC
LIMIT %(limit)s;

-- name: get_batches
-- How batches stand, newest first.
SELECT batch_id AS id, brand, name, status, reason, items AS item_count, pending, under_way, succeeded, refused, failed,
       cancelled, unknown, rejected, budget_usd, cost_usd, reserved_usd, calls, calls_without_cost, asked_by, created_at
FROM rage_v1.generation_batches
WHERE batch_id = ANY (%(batch_ids)s::uuid[])
ORDER BY created_at DESC, batch_id DESC;

-- name: get_items
-- Items of a batch behind a position, with what became of them.
SELECT position, key, status, reason, generation_id
FROM rage_v1.generation_batch_items
WHERE batch_id = %(batch_id)s AND position > %(after)s
ORDER BY position
LIMIT %(limit)s;

-- name: get_owner
-- On whose behalf the items of a batch are accepted: null is the operator.
SELECT caller_id, asked_by FROM rage.generation_batches WHERE batch_id = %(batch_id)s;

-- name: try_alone
-- Whether no process carries the batch out by itself; until the transaction ends none begins to.
SELECT pg_try_advisory_xact_lock(hashtextextended('rage.batch ' || %(batch_id)s::uuid, 0));

-- name: begin_alone
-- Whether this session carries the batch out from now on, for as long as it lives.
SELECT pg_try_advisory_lock(hashtextextended('rage.batch ' || %(batch_id)s::uuid, 0));

-- name: lock_batch
-- How a batch stands, and keeps standing until the transaction ends.
SELECT state
FROM rage.generation_batches
WHERE batch_id = %(batch_id)s
FOR NO KEY UPDATE;

-- name: count_under_way
-- How many generations of a batch have not ended. Asked once it is locked: who waits for a lock counts what was before.
SELECT count(*) FROM rage.generations WHERE batch_id = %(batch_id)s AND finished_at IS NULL;

-- name: next_item
-- The first item of a batch that is pending.
SELECT position, key, request
FROM rage.generation_batch_items
WHERE batch_id = %(batch_id)s AND generation_id IS NULL AND reason IS NULL
ORDER BY position
LIMIT 1;

-- name: set_generation
-- An item has become a generation.
UPDATE rage.generation_batch_items SET generation_id = %(generation_id)s
WHERE batch_id = %(batch_id)s AND position = %(position)s;

-- name: reject_item
-- An item cannot become a generation.
UPDATE rage.generation_batch_items SET reason = %(reason)s
WHERE batch_id = %(batch_id)s AND position = %(position)s AND generation_id IS NULL;

-- name: set_state
-- Opens, pauses or cancels a batch.
UPDATE rage.generation_batches SET state = %(state)s, reason = %(reason)s WHERE batch_id = %(batch_id)s;

-- name: set_budget
-- What the calls of a batch may cost from now on.
UPDATE rage.generation_batches SET budget_usd = %(budget_usd)s WHERE batch_id = %(batch_id)s;

-- name: lock_queued
-- The generations of a batch that nobody has taken up, nor does until the transaction ends. Whoever looks at one
-- now, to take it up or to put it off once more, is waited for.
SELECT generation_id
FROM rage.generations
WHERE batch_id = %(batch_id)s AND status = 'queued'
ORDER BY generation_id
FOR UPDATE;

-- name: free_items
-- Items whose generation came to nothing wait anew; what it was stays in the ledger.
UPDATE rage.generation_batch_items AS i SET generation_id = NULL
FROM rage.generations AS g
WHERE i.batch_id = %(batch_id)s
  AND i.generation_id = ANY (%(generation_ids)s::uuid[])
  AND g.generation_id = i.generation_id
  -- What a person called off while it ran stays so: it may have been charged.
  AND g.cancel_requested_at IS NULL
  AND g.status = ANY (%(statuses)s::text[]);

-- name: free_ended
-- Items that ended in one of these ways wait anew.
UPDATE rage.generation_batch_items AS i SET generation_id = NULL, reason = NULL
FROM rage_v1.generation_batch_items AS v
WHERE i.batch_id = %(batch_id)s
  AND v.batch_id = i.batch_id AND v.position = i.position
  AND (i.generation_id IS NOT NULL OR i.reason IS NOT NULL)
  AND v.status = ANY (%(outcomes)s::text[]);

-- name: get_end
-- How a generation of a batch ended.
SELECT batch_id, status, cost_usd, error
FROM rage.generations
WHERE generation_id = %(generation_id)s AND batch_id IS NOT NULL;

-- name: get_open
-- The generations of a batch that have not ended, oldest first.
SELECT generation_id
FROM rage.generations
WHERE batch_id = %(batch_id)s AND finished_at IS NULL
ORDER BY created_at, generation_id;

-- name: get_made
-- Items of a batch whose pictures are there.
SELECT i.position, i.key, i.generation_id
FROM rage.generation_batch_items AS i
JOIN rage.generations AS g USING (generation_id)
WHERE i.batch_id = %(batch_id)s AND g.status = 'succeeded'
ORDER BY i.position;

-- name: get_item_of
-- The item that a generation is of.
SELECT position, key, generation_id
FROM rage.generation_batch_items
WHERE generation_id = %(generation_id)s;
