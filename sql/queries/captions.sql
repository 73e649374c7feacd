-- name: begin_run
-- The database's own clock: what is described or fails from now on belongs to this run or a later one. And the moment
-- from which a later one may go on. The lock of a row is a write, and its commit waits for the disk: a server that
-- crashes gives out no number again that the snapshot takes for past.
SELECT clock_timestamp() AS started,
       pg_current_snapshot()::text AS snapshot,
       rage.store_identity('{rage.images,rage.contents,rage.descriptions,rage.caption_tries}') AS store,
       set_config('synchronous_commit', 'on', true)
FROM rage.brands
WHERE key = 'shared'
FOR KEY SHARE;

-- name: changed_images
-- The images that a look from an earlier moment could not see as they are now, and those that a run was at or failed on.
-- What lies beyond the newest transaction was numbered by another server, and has not changed on this one.
SELECT i.image_id
FROM rage.images AS i
WHERE i.changed_in >= pg_snapshot_xmin(%(snapshot)s::pg_snapshot)
  AND i.changed_in < pg_snapshot_xmax(pg_current_snapshot())
  AND NOT pg_visible_in_snapshot(i.changed_in, %(snapshot)s::pg_snapshot)
UNION
SELECT i.image_id
FROM rage.caption_tries AS t
JOIN rage.images AS i USING (image_id)
WHERE t.reader = %(reader)s AND (t.attempts < %(tries)s OR t.content_id <> i.content_id)
  AND i.deleted_at IS NULL
LIMIT %(most)s;

-- name: brand_exists
-- Whether there is a brand of this name.
SELECT EXISTS (SELECT FROM rage.brands WHERE key = rage.normal_form(%(brand)s));

-- name: missing_images
-- Which of these ids name no image.
SELECT given.image_id
FROM unnest(%(images)s::bigint[]) AS given (image_id)
WHERE NOT EXISTS (SELECT FROM rage.images AS i WHERE i.image_id = given.image_id AND i.deleted_at IS NULL)
ORDER BY given.image_id;

-- name: count_undescribed
-- How many images are to be described, and how many of them another run is at.
SELECT count(*) AS images, count(*) FILTER (WHERE claimed_until >= clock_timestamp() AND run_id <> %(run_id)s) AS elsewhere
FROM rage.undescribed(
    %(reader)s, %(brand)s::text, %(images)s::bigint[], %(since)s::timestamptz, %(started)s::timestamptz, %(tries)s);

-- name: forget_failures
-- Who asks for images anew wants those that are held tried too.
UPDATE rage.caption_tries AS t
SET attempts = 0, reason = NULL, failed_at = NULL
FROM rage.images AS i
JOIN rage.brands AS b USING (brand_id)
WHERE t.image_id = i.image_id
  AND t.reader = %(reader)s
  AND t.attempts > 0
  AND (%(brand)s::text IS NULL OR b.key = rage.normal_form(%(brand)s))
  AND (%(images)s::bigint[] IS NULL OR i.image_id = ANY (%(images)s::bigint[]));

-- name: next_images
-- The first images after one that are to be described and that no run is at.
SELECT image_id, brand_id, content_id
FROM rage.undescribed(
    %(reader)s, %(brand)s::text, %(images)s::bigint[], %(since)s::timestamptz, %(started)s::timestamptz, %(tries)s)
WHERE image_id > %(after)s
  AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
  -- A claim of this run's own that lapsed is one that it is still at.
  AND run_id IS DISTINCT FROM %(run_id)s
ORDER BY image_id
LIMIT %(ahead)s;

-- name: claim
-- Takes an image for a run, unless another was quicker. Of a run that was lost with it, the call and a failed try.
INSERT INTO rage.caption_tries AS t (brand_id, image_id, reader, content_id, run_id, claimed_until)
VALUES (%(brand_id)s, %(image_id)s, %(reader)s, %(content_id)s, %(run_id)s, clock_timestamp() + %(lease)s)
ON CONFLICT (image_id, reader) DO UPDATE
SET attempts = CASE
        WHEN t.content_id <> excluded.content_id THEN 0
        WHEN t.run_id IS NOT NULL THEN t.attempts + 1
        ELSE t.attempts
    END,
    reason = CASE WHEN t.run_id IS NOT NULL THEN 'The run that described it was lost.' ELSE t.reason END,
    failed_at = CASE WHEN t.run_id IS NOT NULL THEN clock_timestamp() ELSE t.failed_at END,
    content_id = excluded.content_id,
    run_id = excluded.run_id,
    claimed_until = excluded.claimed_until
WHERE t.claimed_until IS NULL OR t.claimed_until < clock_timestamp()
RETURNING t.attempts, t.call_id AS lost_call;

-- name: is_described
-- Whether another run described what the image shows, between the search for it and its claim.
SELECT EXISTS (
    SELECT FROM rage.descriptions
    WHERE image_id = %(image_id)s AND reader = %(reader)s AND content_id = %(content_id)s
      AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s));

-- name: get_picture
-- What a captioner is sent of an image, and how its brand and its own words call things.
SELECT o.bytes AS content, o.thumbnail, i.title,
       ARRAY(SELECT t.name FROM rage.image_tags AS it JOIN rage.tags AS t USING (tag_id)
             WHERE it.image_id = i.image_id ORDER BY t.name) AS tags,
       ARRAY(SELECT p.sku FROM rage.image_products AS p
             WHERE p.brand_id = i.brand_id AND p.image_id = i.image_id ORDER BY p.position, p.sku) AS skus
FROM rage.images AS i
JOIN rage.contents AS o USING (content_id)
WHERE i.image_id = %(image_id)s AND i.content_id = %(content_id)s AND i.deleted_at IS NULL AND o.thumbnail IS NOT NULL;

-- name: get_vocabulary
-- A brand's language, and the names that it uses most.
SELECT
    b.language,
    ARRAY(SELECT i.title FROM rage.images AS i
          WHERE i.brand_id = b.brand_id AND i.kind = 'product' AND i.deleted_at IS NULL AND i.title <> ''
          GROUP BY i.title ORDER BY count(*) DESC, i.title LIMIT %(most)s) AS products,
    ARRAY(SELECT p.sku FROM rage.image_products AS p
          WHERE p.brand_id = b.brand_id
          GROUP BY p.sku ORDER BY count(*) DESC, p.sku LIMIT %(most)s) AS skus,
    ARRAY(SELECT t.name FROM rage.tags AS t JOIN rage.image_tags AS it USING (tag_id)
          WHERE t.brand_id = b.brand_id
          GROUP BY t.name ORDER BY count(*) DESC, t.name LIMIT %(most)s) AS tags
FROM rage.brands AS b
WHERE b.brand_id = %(brand_id)s;

-- name: lock_budget
-- Runs that keep to a budget open their calls one after another, so that none counts past the other.
SELECT pg_advisory_xact_lock(hashtext('rage.caption_budget'));

-- name: month_spending
-- What captions cost in this calendar month (UTC), and how many calls have no known cost.
SELECT coalesce(sum(cost_usd), 0) AS known, count(*) FILTER (WHERE cost_usd IS NULL) AS unknown
FROM rage.paid_calls
WHERE purpose = 'caption' AND started_at >= date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';

-- name: dearest_call
-- The most that a call of a model cost of late; a dated snapshot is the same model.
SELECT max(cost_usd)
FROM rage.paid_calls
WHERE purpose = 'caption' AND provider = %(provider)s AND (model = %(model)s OR starts_with(model, %(model)s || '-'))
  AND started_at > now() - interval '31 days';

-- name: set_call
-- Notes the paid call under way for a claimed image; none where the claim is no longer this run's.
UPDATE rage.caption_tries
SET call_id = %(call_id)s
WHERE image_id = %(image_id)s AND reader = %(reader)s AND run_id = %(run_id)s;

-- name: keep_claims
-- Says that a run is still at its images.
UPDATE rage.caption_tries SET claimed_until = clock_timestamp() + %(lease)s WHERE run_id = %(run_id)s;

-- name: lose_call
-- A call whose run was lost: what became of it nobody knows.
SELECT status FROM rage.paid_calls WHERE call_id = %(call_id)s FOR UPDATE;

-- name: release
-- Gives a claimed image back untried. The row stays: runs that passed it by meanwhile took it for done.
UPDATE rage.caption_tries
SET run_id = NULL, claimed_until = NULL, call_id = NULL
WHERE image_id = %(image_id)s AND reader = %(reader)s AND run_id = %(run_id)s;

-- name: record_failure
-- Counts a failed try of a claimed image and gives it back.
UPDATE rage.caption_tries
SET attempts = attempts + 1, reason = %(reason)s, failed_at = clock_timestamp(),
    run_id = NULL, claimed_until = NULL, call_id = NULL
WHERE image_id = %(image_id)s AND reader = %(reader)s AND run_id = %(run_id)s;

-- name: lock_brand_of_image
-- The lock that imports and edits take: none changes the image's caption or picture until this transaction ends.
SELECT b.brand_id
FROM rage.brands AS b
WHERE b.brand_id = (SELECT i.brand_id FROM rage.images AS i WHERE i.image_id = %(image_id)s)
FOR NO KEY UPDATE OF b;

-- name: lock_claimed
-- A claimed image as it stands, once its brand is locked; none where the claim is no longer this run's.
SELECT
    i.content_id = t.content_id AND i.deleted_at IS NULL AS is_same,
    c.revision,
    c.source IN ('person', 'import') OR (c.source = 'model' AND c.reviewed_at IS NOT NULL) AS is_human
FROM rage.caption_tries AS t
JOIN rage.images AS i USING (image_id)
LEFT JOIN rage.captions AS c ON c.image_id = i.image_id AND c.is_current
WHERE t.image_id = %(image_id)s AND t.reader = %(reader)s AND t.run_id = %(run_id)s
FOR NO KEY UPDATE OF i;

-- name: put_description
-- What was seen in an image, in place of what was seen before.
INSERT INTO rage.descriptions (
    brand_id, image_id, reader, content_id, objects, styles, colours, visible_text, kind, language, provider, model
) VALUES (
    %(brand_id)s, %(image_id)s, %(reader)s, %(content_id)s, %(objects)s::text[], %(styles)s::text[], %(colours)s::text[],
    %(visible_text)s, %(kind)s, %(language)s, %(provider)s, %(model)s
)
ON CONFLICT (image_id, reader) DO UPDATE
SET content_id = excluded.content_id,
    objects = excluded.objects,
    styles = excluded.styles,
    colours = excluded.colours,
    visible_text = excluded.visible_text,
    kind = excluded.kind,
    language = excluded.language,
    provider = excluded.provider,
    model = excluded.model,
    created_at = clock_timestamp();

-- name: end_caption
-- The current caption of an image becomes an earlier one.
UPDATE rage.captions SET is_current = false WHERE image_id = %(image_id)s AND is_current;

-- name: add_caption
-- A model's caption as the next revision, current or not.
INSERT INTO rage.captions (brand_id, image_id, revision, is_current, text, language, source, model, replaces)
SELECT %(brand_id)s, %(image_id)s, 1 + coalesce(max(c.revision), 0), %(is_current)s, %(caption)s, %(language)s,
       'model', %(model)s, %(replaces)s
FROM rage.captions AS c
WHERE c.image_id = %(image_id)s;

-- name: remove_claim
-- The image is described.
DELETE FROM rage.caption_tries WHERE image_id = %(image_id)s AND reader = %(reader)s AND run_id = %(run_id)s;

-- name: touch_image
-- What is shown of an image has changed.
UPDATE rage.images SET updated_at = now() WHERE image_id = %(image_id)s;

-- name: refresh_documents
-- The searchable text of an image whose words changed.
SELECT rage.refresh_documents(ARRAY[%(image_id)s::bigint]);

-- name: revisions
-- Every caption of an image, the newest first.
SELECT image_id, revision, is_current AS current, caption AS text, language, source, author, model,
       reviewed_by, reviewed_at, created_at
FROM rage_v1.captions
WHERE image_id = %(image_id)s
ORDER BY revision DESC;

-- name: to_review
-- Current captions by a model that nobody has looked over, in the order of their images.
SELECT c.image_id, b.name AS brand, i.title, c.text AS caption, c.language, c.model, c.created_at
FROM rage.captions AS c
JOIN rage.images AS i USING (image_id)
JOIN rage.brands AS b ON b.brand_id = i.brand_id
WHERE c.is_current AND c.source = 'model' AND c.reviewed_at IS NULL AND i.deleted_at IS NULL
  AND (%(brand)s::text IS NULL OR b.key = rage.normal_form(%(brand)s))
ORDER BY c.image_id
LIMIT %(limit)s;

-- name: current_by_model
-- The revision of an image's current caption, where a model wrote it, and the one that it replaced.
SELECT revision, replaces
FROM rage.captions
WHERE image_id = %(image_id)s AND is_current AND source = 'model'
FOR UPDATE;

-- name: accept_caption
-- A person stands for a model's caption.
UPDATE rage.captions
SET reviewed_by = %(by)s, reviewed_at = now()
WHERE image_id = %(image_id)s AND is_current AND source = 'model';

-- name: reject_caption
-- A person does not want a model's caption.
UPDATE rage.captions
SET is_current = false, reviewed_by = %(by)s, reviewed_at = now()
WHERE image_id = %(image_id)s AND is_current AND source = 'model';

-- name: restore_caption
-- The caption that the model's took the place of is current again, behind every model's in between.
WITH RECURSIVE earlier AS (
    SELECT c.revision, c.source, c.replaces
    FROM rage.captions AS c
    WHERE c.image_id = %(image_id)s AND c.revision = %(replaces)s
    UNION ALL
    SELECT c.revision, c.source, c.replaces
    FROM earlier AS e
    JOIN rage.captions AS c ON c.image_id = %(image_id)s AND c.revision = e.replaces
    WHERE e.source = 'model'
)
UPDATE rage.captions AS c
SET is_current = true
FROM earlier AS e
WHERE c.image_id = %(image_id)s AND c.revision = e.revision AND e.source <> 'model';
