-- name: get_payer
-- The brand that pays, by any spelling of its name.
SELECT
    brand_id,
    name,
    jsonb_build_object('text', guidelines, 'palette', palette, 'words_to_avoid', words_to_avoid) AS guidelines
FROM rage.brands
WHERE key = rage.normal_form(%(brand)s);

-- name: get_collection
-- A collection of the brand, else one that is everyone's, with its images in order.
SELECT
    c.collection_id,
    ARRAY(SELECT ci.image_id
          FROM rage.collection_images AS ci
          JOIN rage.images AS i ON i.image_id = ci.image_id AND i.deleted_at IS NULL
          WHERE ci.collection_id = c.collection_id
          ORDER BY ci.position) AS image_ids
FROM rage.collections AS c
JOIN rage.brands AS b USING (brand_id)
WHERE c.key = rage.normal_form(%(collection)s)
  AND (b.brand_id = %(brand_id)s OR b.reserved)
ORDER BY b.reserved
LIMIT 1;

-- name: get_source_images
-- The images that are asked for as references, with what decides whether they may be.
SELECT
    i.image_id,
    i.kind,
    i.state,
    i.title,
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
    o.rank AS search_rank,
    o.score AS search_score
FROM rage.images AS i
JOIN rage.contents AS c USING (content_id)
LEFT JOIN rage.captions AS k ON k.image_id = i.image_id AND k.is_current
-- Its place in the proposal, unless the person had chosen it before: then its rank in the search comes first.
LEFT JOIN LATERAL (
    SELECT p.position AS rank, p.score, CASE WHEN p.chosen THEN 3 ELSE 1 END AS turn
    FROM rage.proposal_references AS p
    WHERE p.proposal_id = %(proposal_id)s AND p.image_id = i.image_id
    UNION ALL
    SELECT r.rank, r.score, 2
    FROM rage.search_results AS r
    WHERE r.search_id = %(search_id)s AND r.image_id = i.image_id
    ORDER BY turn, rank
    LIMIT 1
) AS o ON true
WHERE i.image_id = ANY (%(image_ids)s::bigint[]) AND i.deleted_at IS NULL;

-- name: get_missing_origin
-- The first row that a request refers to and that does not exist.
SELECT 'generation ' || %(parent_id)s::uuid
WHERE NOT EXISTS (SELECT FROM rage.generations WHERE generation_id = %(parent_id)s) AND %(parent_id)s IS NOT NULL
UNION ALL
SELECT 'search ' || %(search_id)s::uuid
WHERE NOT EXISTS (SELECT FROM rage.searches WHERE search_id = %(search_id)s) AND %(search_id)s IS NOT NULL
UNION ALL
SELECT 'proposal ' || %(proposal_id)s::uuid
WHERE NOT EXISTS (SELECT FROM rage.proposals WHERE proposal_id = %(proposal_id)s) AND %(proposal_id)s IS NOT NULL
LIMIT 1;

-- name: get_parent_output
-- How a generation ended, and the picture at one place of its outputs, if it is still there.
SELECT
    g.brand_id,
    g.status,
    (SELECT count(*) FROM rage.generation_outputs AS o WHERE o.generation_id = g.generation_id) AS outputs,
    (SELECT o.image_id
     FROM rage.generation_outputs AS o
     JOIN rage.images AS i ON i.image_id = o.image_id AND i.deleted_at IS NULL
     WHERE o.generation_id = g.generation_id AND o.position = %(position)s) AS image_id
FROM rage.generations AS g
WHERE g.generation_id = %(generation_id)s;

-- name: get_inherited_references
-- What a generation was made from, without the picture that it changed itself: its output stands for that one.
SELECT image_id, role, note
FROM rage.generation_references
WHERE generation_id = %(generation_id)s AND role <> 'edit_target'
ORDER BY position;

-- name: get_earlier_request
-- The generation that an Idempotency-Key already stands for.
SELECT generation_id, request_sha256
FROM rage.generations
WHERE coalesce(asked_by, '') = coalesce(%(asked_by)s, '') AND idempotency_key = %(idempotency_key)s;

-- name: insert_generation
-- The ledger's row; none where the Idempotency-Key is taken.
INSERT INTO rage.generations (
    generation_id, job_id, brand_id, prompt, purpose, provider, model, parameters, labels, parent_id, search_id, proposal_id,
    idempotency_key, request_sha256, asked_by, expected_usd, batch_id, batch_position, retry_of, draft
) VALUES (
    %(generation_id)s, %(job_id)s, %(brand_id)s, %(prompt)s, %(purpose)s, %(provider)s, %(model)s, %(parameters)s, %(labels)s, %(parent_id)s,
    %(search_id)s, %(proposal_id)s, %(idempotency_key)s, %(request_sha256)s, %(asked_by)s, %(expected_usd)s,
    %(batch_id)s, %(batch_position)s, %(retry_of)s, %(draft)s
)
ON CONFLICT (coalesce(asked_by, ''), idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
RETURNING generation_id;

-- name: insert_references
-- The references of a new generation, in the order given, and its first event.
WITH told AS (
    INSERT INTO rage.generation_events (generation_id, event_id, name) VALUES (%(generation_id)s, 1, 'queued')
)
INSERT INTO rage.generation_references (
    generation_id, position, image_id, version, sha256, role, note, search_rank, search_score
)
SELECT %(generation_id)s, position, image_id, version, decode(sha256, 'hex'), role, note, search_rank, search_score
FROM jsonb_to_recordset(%(references)s) AS r (
    position integer, image_id bigint, version integer, sha256 text, role text, note text,
    search_rank integer, search_score real
);

-- name: insert_mask
-- What may change in the first reference of a generation.
INSERT INTO rage.generation_masks (generation_id, sha256, bytes)
VALUES (%(generation_id)s, %(sha256)s, %(content)s);

-- name: add_event
-- The next event of a generation; its row must be locked by this transaction, or two would count alike.
INSERT INTO rage.generation_events (generation_id, event_id, name, data)
SELECT %(generation_id)s, coalesce(max(event_id), 0) + 1, %(name)s, %(data)s
FROM rage.generation_events
WHERE generation_id = %(generation_id)s;

-- name: get_events
-- What happened since an event, without the partial images that are gone: there is nothing to see at their address.
SELECT e.event_id AS id, e.name, e.data, e.created_at
FROM rage.generation_events AS e
WHERE e.generation_id = %(generation_id)s AND e.event_id > %(after)s
  AND (e.name <> 'partial_image' OR EXISTS (
      SELECT FROM rage.generation_partials AS p
      WHERE p.generation_id = e.generation_id AND p.event_id = e.event_id))
ORDER BY e.event_id;

-- name: add_partial
-- A partial image, and the event that tells of it; the generation's row must be locked, as for add_event.
WITH told AS (
    INSERT INTO rage.generation_events (generation_id, event_id, name, data)
    SELECT %(generation_id)s, next.event_id, 'partial_image', jsonb_build_object(
               'number', %(number)s::integer,
               'url', '/api/generations/' || %(generation_id)s::uuid || '/partials/' || next.event_id)
    FROM (SELECT coalesce(max(event_id), 0) + 1 AS event_id
          FROM rage.generation_events
          WHERE generation_id = %(generation_id)s) AS next
    RETURNING generation_id, event_id
)
INSERT INTO rage.generation_partials (generation_id, event_id, media_type, bytes)
SELECT generation_id, event_id, %(media_type)s, %(content)s FROM told;

-- name: get_partial
-- The bytes of a partial image, as the provider sent them.
SELECT bytes AS data, media_type, encode(sha256(bytes), 'hex') AS sha256
FROM rage.generation_partials
WHERE generation_id = %(generation_id)s AND event_id = %(event_id)s;

-- name: get_status
-- How a generation stands.
SELECT status FROM rage.generations WHERE generation_id = %(generation_id)s;

-- name: lock_status
-- How a generation stands, and keeps standing until the transaction ends.
SELECT status FROM rage.generations WHERE generation_id = %(generation_id)s FOR UPDATE;

-- name: get_task
-- What a worker needs of a generation; it must be locked by an earlier statement, or this reads what is about to change.
SELECT
    g.generation_id,
    g.status,
    g.started_at,
    b.brand_id,
    b.name AS brand,
    jsonb_build_object('text', b.guidelines, 'palette', b.palette, 'words_to_avoid', b.words_to_avoid) AS guidelines,
    g.prompt,
    g.purpose,
    g.provider,
    g.model,
    g.parameters,
    g.labels,
    g.batch_id,
    g.expected_usd,
    (SELECT p.call_id
     FROM rage.paid_calls AS p
     WHERE p.generation_id = g.generation_id AND p.status = 'started' AND p.purpose IN ('generation', 'draft')
     ORDER BY p.call_id DESC
     LIMIT 1) AS call_id,
    CASE WHEN g.draft THEN 'draft' ELSE 'generation' END AS call_purpose,
    g.job_id,
    g.waits_for,
    g.waits_until,
    coalesce(g.waits_until > clock_timestamp(), false) AS too_early,
    g.cancel_requested_at IS NOT NULL
        OR EXISTS (SELECT FROM rage.generation_batches AS s WHERE s.batch_id = g.batch_id AND s.state = 'cancelled')
        AS called_off,
    e.losses,
    e.turned_away
FROM rage.generations AS g
JOIN rage.brands AS b USING (brand_id)
CROSS JOIN LATERAL (
    SELECT
        -- The first time it was queued it was asked for, every other time a worker gave it back.
        count(*) FILTER (WHERE e.name = 'running') - count(*) FILTER (WHERE e.name = 'queued')
            - count(*) FILTER (WHERE e.name = 'waiting' AND e.data ->> 'reason' = 'retry') + 1 AS losses,
        count(*) FILTER (WHERE e.name = 'waiting' AND e.data ->> 'reason' = 'retry') AS turned_away
    FROM rage.generation_events AS e
    WHERE e.generation_id = g.generation_id
) AS e
WHERE g.generation_id = %(generation_id)s;

-- name: start
-- A worker takes a generation up, with the exact text that is about to go out. The time tells its attempt from every
-- other. As for add_event its row must be locked, here and where it ends.
WITH gone AS (DELETE FROM rage.generation_partials WHERE generation_id = %(generation_id)s),
told AS (
    INSERT INTO rage.generation_events (generation_id, event_id, name)
    SELECT %(generation_id)s, coalesce(max(event_id), 0) + 1, 'running'
    FROM rage.generation_events
    WHERE generation_id = %(generation_id)s
)
UPDATE rage.generations
SET status = 'running',
    prompt_sent = %(prompt_sent)s,
    started_at = clock_timestamp(),
    waits_for = NULL,
    waits_until = NULL,
    timings_ms = jsonb_build_object('queue', round(extract(epoch FROM clock_timestamp() - created_at) * 1000, 1))
WHERE generation_id = %(generation_id)s
RETURNING started_at;

-- name: lock_open
-- A generation that has not ended, unless somebody is at it: whoever takes one up has its row until that is committed.
SELECT generation_id
FROM rage.generations
WHERE generation_id = %(generation_id)s AND finished_at IS NULL
FOR UPDATE SKIP LOCKED;

-- name: note_lost_start
-- The last start of a job as the event that its worker was lost before it could commit; as for add_event the row must
-- be locked. None where that start left a trace. None of a start before the server's own either: that has ended every
-- transaction, and its worker may live.
INSERT INTO rage.generation_events (generation_id, event_id, name, created_at)
SELECT %(generation_id)s, l.event_id + 1, 'running', s.at
FROM (SELECT max(at) AS at FROM rage.procrastinate_events WHERE job_id = %(job_id)s AND type = 'started') AS s
CROSS JOIN (
    SELECT max(event_id) AS event_id, max(created_at) FILTER (WHERE name IN ('running', 'queued', 'waiting')) AS at
    FROM rage.generation_events
    WHERE generation_id = %(generation_id)s
) AS l
WHERE s.at > pg_postmaster_start_time() AND s.at > l.at;

-- name: get_references
-- The references as they were chosen, with the bytes of that version; with the first what may change in it, if it was
-- said.
SELECT r.position, r.image_id, r.role, r.note, i.title, k.text AS caption, c.media_type,
       i.brand_id = g.brand_id OR b.reserved AS may_be_named,
       CASE WHEN i.erased_at IS NULL THEN c.bytes END AS content,
       CASE WHEN r.position = 1
            THEN (SELECT m.bytes FROM rage.generation_masks AS m WHERE m.generation_id = r.generation_id) END AS mask
FROM rage.generation_references AS r
JOIN rage.generations AS g USING (generation_id)
JOIN rage.images AS i USING (image_id)
JOIN rage.brands AS b ON b.brand_id = i.brand_id
JOIN rage.contents AS c ON c.sha256 = r.sha256
LEFT JOIN rage.captions AS k ON k.image_id = i.image_id AND k.is_current
WHERE r.generation_id = %(generation_id)s
ORDER BY r.position;

-- name: finish
-- The outcome of a generation, in place of what was known before, and of its partial images; and the event of it.
WITH gone AS (DELETE FROM rage.generation_partials WHERE generation_id = %(generation_id)s),
told AS (
    INSERT INTO rage.generation_events (generation_id, event_id, name, data)
    SELECT %(generation_id)s, coalesce(max(event_id), 0) + 1, %(status)s, %(event)s
    FROM rage.generation_events
    WHERE generation_id = %(generation_id)s
)
UPDATE rage.generations
SET status = %(status)s,
    model = coalesce(%(model)s, model),
    provider_request_id = %(provider_request_id)s,
    usage = %(usage)s,
    cost_usd = %(cost_usd)s,
    error = %(error)s,
    parameters = parameters || %(details)s,
    timings_ms = timings_ms || %(timings_ms)s,
    waits_for = NULL,
    waits_until = NULL,
    finished_at = clock_timestamp()
WHERE generation_id = %(generation_id)s;

-- name: requeue
-- A generation whose worker had to leave before anything was sent.
WITH gone AS (DELETE FROM rage.generation_partials WHERE generation_id = %(generation_id)s)
UPDATE rage.generations
SET status = 'queued', started_at = NULL, prompt_sent = NULL, waits_for = NULL, waits_until = NULL
WHERE generation_id = %(generation_id)s;

-- name: cancel
-- A generation that no worker has taken up is called off; nothing was spent.
WITH gone AS (DELETE FROM rage.generation_partials WHERE generation_id = %(generation_id)s)
UPDATE rage.generations
SET status = 'cancelled', cost_usd = 0, waits_for = NULL, waits_until = NULL, finished_at = clock_timestamp()
WHERE generation_id = %(generation_id)s;

-- name: request_cancel
-- A running generation is called off: whoever carries it out looks for this. No row where it was already.
UPDATE rage.generations
SET cancel_requested_at = clock_timestamp(), cancel_requested_by = %(by)s
WHERE generation_id = %(generation_id)s AND cancel_requested_at IS NULL;

-- name: is_called_off
-- Whether a generation is to be dropped that is being carried out.
SELECT cancel_requested_at IS NOT NULL FROM rage.generations WHERE generation_id = %(generation_id)s;

-- name: put_off
-- A generation that must wait goes back into the queue; until when.
WITH gone AS (DELETE FROM rage.generation_partials WHERE generation_id = %(generation_id)s)
UPDATE rage.generations
SET status = 'queued',
    started_at = NULL,
    prompt_sent = NULL,
    waits_for = %(waits_for)s,
    waits_until = clock_timestamp() + %(seconds)s * interval '1 second'
WHERE generation_id = %(generation_id)s
RETURNING waits_until;

-- name: lock_ended
-- A generation that is to be made once more, as it was asked for; it stays so until the transaction ends.
SELECT
    g.generation_id,
    g.status,
    b.name AS brand,
    g.prompt,
    g.purpose,
    g.provider,
    g.model,
    g.parameters,
    g.labels,
    g.parent_id,
    g.search_id,
    g.proposal_id,
    g.asked_by,
    g.batch_id,
    g.draft,
    EXISTS (SELECT FROM rage.generations AS r WHERE r.retry_of = g.generation_id) AS made_again
FROM rage.generations AS g
JOIN rage.brands AS b USING (brand_id)
WHERE g.generation_id = %(generation_id)s
FOR UPDATE OF g;

-- name: get_references_to_repeat
-- The references of a generation in the version that was chosen, and whether one is the picture that its parent made
-- for the brand that pays: that may be a draft.
SELECT
    r.image_id,
    r.role,
    r.note,
    r.version,
    r.search_rank,
    r.search_score,
    c.sha256,
    c.width,
    c.height,
    c.media_type,
    c.bytes IS NOT NULL AS is_stored,
    EXISTS (
        SELECT FROM rage.generation_outputs AS o
        JOIN rage.generations AS p USING (generation_id)
        WHERE p.generation_id = g.parent_id AND p.brand_id = g.brand_id AND o.image_id = r.image_id
    ) AS may_be_draft
FROM rage.generation_references AS r
JOIN rage.generations AS g USING (generation_id)
LEFT JOIN rage.contents AS c ON c.sha256 = r.sha256
WHERE r.generation_id = %(generation_id)s
ORDER BY r.position;

-- name: get_whole_mask
-- The mask of a generation with its hash.
SELECT bytes AS content, sha256 FROM rage.generation_masks WHERE generation_id = %(generation_id)s;

-- name: count_unknown_before
-- How many generations of unknown outcome, one made again after another, lead to this one, itself included.
WITH RECURSIVE before AS (
    SELECT g.generation_id, g.retry_of, g.status
    FROM rage.generations AS g WHERE g.generation_id = %(generation_id)s
    UNION ALL
    SELECT g.generation_id, g.retry_of, g.status
    FROM before AS b JOIN rage.generations AS g ON g.generation_id = b.retry_of
)
SELECT count(*) FILTER (WHERE status = 'unknown') FROM before;

-- name: insert_outputs
-- The pictures that a generation made, in order.
INSERT INTO rage.generation_outputs (generation_id, position, image_id, sha256)
SELECT %(generation_id)s, o.position, o.image_id, o.sha256
FROM ROWS FROM (unnest(%(image_ids)s::bigint[]), unnest(%(hashes)s::bytea[]))
    WITH ORDINALITY AS o (image_id, sha256, position);

-- name: get_images_with_content
-- The images of a brand that already show these bytes.
SELECT i.image_id, c.sha256
FROM rage.images AS i
JOIN rage.contents AS c USING (content_id)
WHERE i.brand_id = %(brand_id)s AND i.erased_at IS NULL AND c.sha256 = ANY (%(hashes)s::bytea[]);

-- name: rate
-- A person's verdict on an output; a later one replaces it.
INSERT INTO rage.ratings (generation_id, position, rated_by, rating, reasons, comment)
VALUES (%(generation_id)s, %(position)s, coalesce(%(by)s, ''), %(rating)s, %(reasons)s, %(comment)s)
ON CONFLICT (generation_id, position, rated_by) DO UPDATE
SET rating = excluded.rating, reasons = excluded.reasons, comment = excluded.comment, created_at = now();

-- name: lock_brand_of_generation
-- The lock that imports and renamings of tags take: neither gives nor takes a word while an output gets its own.
SELECT b.brand_id
FROM rage.brands AS b
WHERE b.brand_id = (SELECT g.brand_id FROM rage.generations AS g WHERE g.generation_id = %(generation_id)s)
FOR NO KEY UPDATE OF b;

-- name: lock_output
-- An output, what was asked for, and whether the image that it became may be kept.
SELECT o.image_id, o.kept_at IS NOT NULL AS kept, i.deleted_at IS NOT NULL AS deleted,
       i.origin = 'generated' AS generated, i.state, g.prompt
FROM rage.generation_outputs AS o
JOIN rage.generations AS g USING (generation_id)
JOIN rage.images AS i USING (image_id)
WHERE o.generation_id = %(generation_id)s AND o.position = %(position)s
FOR UPDATE OF o;

-- name: tag_forms
-- How tags are stored.
SELECT given.name, rage.tag_form(given.name) AS form
FROM unnest(%(names)s::text[]) AS given (name);

-- name: describe_output
-- The words of an output that is about to be kept, drafted but for what is said.
SELECT rage.describe_output(%(generation_id)s, %(position)s::integer, %(first_title)s, %(said)s, %(by)s);

-- name: words_of_image
-- What is said of an image, in the fields that its keeper can say.
SELECT i.title, i.kind, c.text AS caption,
       ARRAY(SELECT t.name FROM rage.image_tags AS it JOIN rage.tags AS t USING (tag_id)
             WHERE it.image_id = i.image_id) AS tags
FROM rage.images AS i
LEFT JOIN rage.captions AS c ON c.image_id = i.image_id AND c.is_current
WHERE i.image_id = %(image_id)s;

-- name: keep_output
-- Notes who approved an output.
UPDATE rage.generation_outputs
SET kept_at = now(), kept_by = %(by)s
WHERE generation_id = %(generation_id)s AND position = %(position)s;

-- name: approve_image
-- A kept output is an image of the catalogue like any other.
UPDATE rage.images
SET state = 'approved', updated_at = now()
WHERE image_id = %(image_id)s AND origin = 'generated' AND state <> 'approved' AND deleted_at IS NULL;

-- name: typical_tokens
-- What the latest calls of a model used: for a picture of this size and quality, and for a reference. Medians.
WITH latest AS MATERIALIZED (
    -- Found by the index, however many there are: nothing here but what is in it.
    SELECT generation_id, model, status, tokens, started_at
    FROM rage.paid_calls
    WHERE purpose IN ('generation', 'draft') AND provider = %(provider)s
    ORDER BY started_at DESC
    LIMIT 500
),
of_the_model AS MATERIALIZED (
    SELECT generation_id, tokens
    FROM latest
    WHERE status = 'succeeded' AND tokens IS NOT NULL
      -- A name that is the same need not be made plain, which takes longest here.
      AND (model = %(model)s OR rage.plain_model(model) = rage.plain_model(%(model)s))
    ORDER BY started_at DESC
    LIMIT 100
),
earlier AS (
    SELECT c.tokens,
           g.parameters ->> 'size' IS NOT DISTINCT FROM %(size)s::text
               AND g.parameters ->> 'quality' IS NOT DISTINCT FROM %(quality)s::text AS is_alike,
           (SELECT count(*) FROM rage.generation_outputs AS o WHERE o.generation_id = g.generation_id) AS made,
           (SELECT count(*) FROM rage.generation_references AS r WHERE r.generation_id = g.generation_id) AS sent
    FROM of_the_model AS c
    JOIN rage.generations AS g USING (generation_id)
),
per_piece AS (
    SELECT
        CASE WHEN is_alike AND made > 0 THEN (tokens ->> 'image_output')::numeric / made END AS picture,
        CASE WHEN sent > 0 THEN ((tokens ->> 'image_input')::numeric + coalesce((tokens ->> 'cached_image_input')::numeric, 0)) / sent
        END AS reference
    FROM earlier
)
SELECT
    count(picture) AS pictures,
    ceil(percentile_cont(0.5) WITHIN GROUP (ORDER BY picture))::integer AS picture_tokens,
    count(reference) AS references,
    ceil(percentile_cont(0.5) WITHIN GROUP (ORDER BY reference))::integer AS reference_tokens
FROM per_piece;

-- name: count_drafts
-- How many drafts of a prompt by a provider have ended, whatever came of them.
SELECT count(*)
FROM rage.generations AS g
JOIN rage.brands AS b USING (brand_id)
WHERE g.draft
  AND md5(g.prompt) = md5(%(prompt)s)
  AND g.prompt = %(prompt)s
  AND g.finished_at IS NOT NULL
  AND g.provider = %(provider)s
  AND b.key = rage.normal_form(%(brand)s);

-- name: get_draft
-- The newest draft of a prompt by a provider that nothing else shaped, whose picture is still there.
SELECT g.generation_id
FROM rage.generations AS g
JOIN rage.brands AS b USING (brand_id)
JOIN rage.generation_outputs AS o USING (generation_id)
JOIN rage.images AS i ON i.image_id = o.image_id AND i.deleted_at IS NULL
WHERE g.draft
  AND md5(g.prompt) = md5(%(prompt)s)
  AND g.prompt = %(prompt)s
  AND g.status = 'succeeded'
  AND g.provider = %(provider)s
  AND b.key = rage.normal_form(%(brand)s)
  AND NOT EXISTS (SELECT FROM rage.generation_references AS r WHERE r.generation_id = g.generation_id)
ORDER BY g.created_at DESC
LIMIT 1;
