-- Filling a space: who does, what is claimed, what is stored, what failed.

-- name: begin
-- Whoever fills a space says so.
INSERT INTO rage.fillers (space_id) VALUES (%(space_id)s) RETURNING filler_id, started_at;

-- name: beat
-- A filler lives, also one that was forgotten because it had been silent for long.
INSERT INTO rage.fillers (filler_id, space_id) OVERRIDING SYSTEM VALUE
VALUES (%(filler_id)s, %(space_id)s)
ON CONFLICT (filler_id) DO UPDATE SET beat_at = clock_timestamp();

-- name: count
-- What a filler has done since it said so last.
UPDATE rage.fillers
SET embedded = embedded + %(embedded)s, failed = failed + %(failed)s, beat_at = clock_timestamp()
WHERE filler_id = %(filler_id)s;

-- name: end
-- A filler is done: what it claimed and did not get to is whoever's that comes next.
WITH ended AS (DELETE FROM rage.fillers WHERE filler_id = %(filler_id)s)
UPDATE rage.embedding_claims SET filler_id = NULL, losses = 0 WHERE filler_id = %(filler_id)s;

-- name: forget_lost
-- Fillers that have been silent for very long and hold nothing any more.
DELETE FROM rage.fillers AS f
WHERE f.beat_at < clock_timestamp() - interval '1 hour'
  AND NOT EXISTS (SELECT FROM rage.embedding_claims AS c WHERE c.filler_id = f.filler_id);

-- name: take_turn
-- Two that claim in one space take turns: the second sees what the first has claimed.
SELECT pg_advisory_xact_lock(hashtextextended('rage.claim', %(space_id)s));

-- name: take_turns
-- The turns of all spaces, or of the one of a name, always in the same order: two that take several do not wait for each
-- other.
SELECT space_id, pg_advisory_xact_lock(hashtextextended('rage.claim', space_id))
FROM (
    SELECT space_id
    FROM rage.embedding_spaces
    WHERE %(space)s::text IS NULL OR name = %(space)s
    ORDER BY space_id
) AS in_order;

-- name: claim_lost
-- One image whose filler was lost, alone: it may be the one that killed it.
WITH lost AS (
    SELECT c.space_id, c.image_id
    FROM rage.embedding_claims AS c
    LEFT JOIN rage.fillers AS f USING (filler_id)
    WHERE c.space_id = %(space_id)s
      AND c.filler_id IS NOT NULL
      AND (f.filler_id IS NULL OR f.beat_at < clock_timestamp() - rage.lost_after())
    ORDER BY c.losses, c.image_id
    LIMIT 1
)
UPDATE rage.embedding_claims AS c
SET filler_id = %(filler_id)s, losses = c.losses + 1
FROM lost
WHERE c.space_id = lost.space_id AND c.image_id = lost.image_id
RETURNING c.image_id, c.losses;

-- name: claim_given_up
-- What nobody is at any more, though it was claimed: looks that passed it by meanwhile took it for done.
WITH given_up AS (
    SELECT c.space_id, c.image_id
    FROM rage.embedding_claims AS c
    WHERE c.filler_id IS NULL AND c.space_id = %(space_id)s
    ORDER BY c.image_id
    LIMIT %(batch)s
)
UPDATE rage.embedding_claims AS c
SET filler_id = %(filler_id)s
FROM given_up
WHERE c.space_id = given_up.space_id AND c.image_id = given_up.image_id
RETURNING c.image_id, c.losses;

-- name: begin_look
-- The moment at which a look begins, for the next one to go on from. It writes, and its commit waits for the disk: a
-- server that crashes gives out no number again that the snapshot takes for past.
INSERT INTO rage.fillers (filler_id, space_id) OVERRIDING SYSTEM VALUE
VALUES (%(filler_id)s, %(space_id)s)
ON CONFLICT (filler_id) DO UPDATE SET beat_at = clock_timestamp()
RETURNING pg_current_snapshot()::text AS snapshot,
          concat_ws(' ',
              rage.store_identity(ARRAY[
                  'rage.images', 'rage.image_documents', 'rage.contents', 'rage.failed_items', 'rage.embedding_claims',
                  format('rage.embeddings_%%s', space_id)]::regclass[]),
              -- Nothing is claimed in a retired space: once it is taken up again, a look at it has seen nothing.
              (SELECT s.state FROM rage.embedding_spaces AS s WHERE s.space_id = fillers.space_id AND s.state = 'retired')
          ) AS store,
          set_config('synchronous_commit', 'on', true);

-- name: next_images
-- The images after one, of all.
SELECT image_id
FROM rage.images
WHERE image_id > %(after)s AND deleted_at IS NULL
ORDER BY image_id
LIMIT %(ahead)s;

-- name: next_changed
-- The images after one that a look from an earlier moment could not see as they are now, and those that failed and are
-- tried again. What lies beyond the newest transaction was numbered by another server, and has not changed on this one.
SELECT image_id
FROM (
    SELECT i.image_id
    FROM rage.images AS i
    WHERE i.changed_in >= pg_snapshot_xmin(%(since)s::pg_snapshot)
      AND i.changed_in < pg_snapshot_xmax(pg_current_snapshot())
      AND NOT pg_visible_in_snapshot(i.changed_in, %(since)s::pg_snapshot)
    UNION
    SELECT d.image_id
    FROM rage.image_documents AS d
    WHERE %(encodes)s = 'caption'
      AND d.changed_in >= pg_snapshot_xmin(%(since)s::pg_snapshot)
      AND d.changed_in < pg_snapshot_xmax(pg_current_snapshot())
      AND NOT pg_visible_in_snapshot(d.changed_in, %(since)s::pg_snapshot)
    UNION
    SELECT f.image_id
    FROM rage.failed_items AS f
    WHERE f.space_id = %(space_id)s AND f.attempts < rage.most_tries() AND f.failed_at < %(started_at)s
) AS changed
WHERE image_id > %(after)s
ORDER BY image_id
LIMIT %(ahead)s;

-- name: claim
-- Those of these images that a space lacks or has of an older input, that nobody is at work on, and that have not
-- failed in this run.
INSERT INTO rage.embedding_claims (space_id, image_id, brand_id, filler_id)
SELECT %(space_id)s, w.image_id, w.brand_id, %(filler_id)s
FROM rage.wanted_inputs(%(encodes)s, %(image_ids)s::bigint[]) AS w
LEFT JOIN rage.embeddings AS e
    ON e.space_id = %(space_id)s AND e.image_id = w.image_id AND e.input_sha256 = w.input_sha256
LEFT JOIN rage.failed_items AS f
    ON f.space_id = %(space_id)s AND f.image_id = w.image_id AND f.input_sha256 = w.input_sha256
LEFT JOIN rage.embedding_claims AS c
    ON c.space_id = %(space_id)s AND c.image_id = w.image_id
WHERE e.image_id IS NULL
  AND c.image_id IS NULL
  AND (f.image_id IS NULL OR (f.attempts < rage.most_tries() AND f.failed_at < %(started_at)s))
  AND EXISTS (SELECT FROM rage.embedding_spaces AS s WHERE s.space_id = %(space_id)s AND s.state <> 'retired')
ORDER BY w.image_id
LIMIT %(batch)s
RETURNING image_id;

-- name: inputs
-- What is to be embedded of claimed images; what was erased, emptied or embedded meanwhile is left out.
SELECT w.image_id, w.brand_id, w.input_sha256,
       CASE WHEN %(encodes)s <> 'caption' THEN o.thumbnail END AS thumbnail,
       CASE WHEN %(encodes)s = 'caption' THEN d.input END AS input
FROM rage.wanted_inputs(%(encodes)s, %(image_ids)s::bigint[]) AS w
JOIN rage.images AS i USING (image_id)
JOIN rage.contents AS o USING (content_id)
LEFT JOIN rage.image_documents AS d USING (image_id)
LEFT JOIN rage.embeddings AS e
    ON e.space_id = %(space_id)s AND e.image_id = w.image_id AND e.input_sha256 = w.input_sha256
WHERE e.image_id IS NULL AND o.erased_at IS NULL
ORDER BY w.image_id;

-- name: claims_of_others
-- How many images of a space others are at work on, and how many of these fillers are lost.
SELECT count(*) AS claimed,
       count(*) FILTER (WHERE f.filler_id IS NULL OR f.beat_at < clock_timestamp() - rage.lost_after()) AS lost
FROM rage.embedding_claims AS c
LEFT JOIN rage.fillers AS f USING (filler_id)
WHERE c.space_id = %(space_id)s AND c.filler_id <> %(filler_id)s;

-- name: hold_space
-- The state of a space, which stays so until the transaction ends.
SELECT state FROM rage.embedding_spaces WHERE space_id = %(space_id)s FOR SHARE;

-- name: store_embedding
-- Keeps a vector, unless the image is gone; whoever embedded a newer input meanwhile is found missing again.
INSERT INTO rage.embeddings (space_id, image_id, brand_id, input_sha256, embedding)
SELECT %(space_id)s, i.image_id, i.brand_id, %(input_sha256)s, %(embedding)s
FROM rage.images AS i
WHERE i.image_id = %(image_id)s AND i.erased_at IS NULL
FOR SHARE OF i
ON CONFLICT (image_id, space_id) DO UPDATE
SET input_sha256 = excluded.input_sha256, embedding = excluded.embedding, created_at = now();

-- name: clear_failures
-- What is embedded now has failed no longer.
DELETE FROM rage.failed_items WHERE space_id = %(space_id)s AND image_id = ANY (%(image_ids)s);

-- name: release
-- One's claims of images of which nothing is to be embedded any more.
DELETE FROM rage.embedding_claims
WHERE space_id = %(space_id)s AND image_id = ANY (%(image_ids)s) AND filler_id = %(filler_id)s;

-- name: settle
-- One's claims of images that are dealt with. Who has anything changed meanwhile leaves it to whoever comes next: others
-- have looked at it since, found it claimed, and look at it no more.
WITH changed AS (
    SELECT w.image_id, w.brand_id
    FROM unnest(%(image_ids)s::bigint[], %(hashes)b::bytea[]) AS dealt (image_id, input_sha256)
    JOIN rage.wanted_inputs(%(encodes)s, %(image_ids)s::bigint[]) AS w USING (image_id)
    WHERE w.input_sha256 <> dealt.input_sha256
),
given_up AS (
    INSERT INTO rage.embedding_claims AS c (space_id, image_id, brand_id)
    SELECT %(space_id)s, image_id, brand_id FROM changed
    ON CONFLICT (space_id, image_id) DO UPDATE SET filler_id = NULL, losses = 0 WHERE c.filler_id = %(filler_id)s
)
DELETE FROM rage.embedding_claims
WHERE space_id = %(space_id)s
  AND filler_id = %(filler_id)s
  AND image_id = ANY (%(image_ids)s::bigint[])
  AND image_id NOT IN (SELECT image_id FROM changed);

-- name: record_failure
-- Counts a failed try of one input; another input starts afresh.
INSERT INTO rage.failed_items AS f (space_id, image_id, brand_id, input_sha256, attempts, reason)
SELECT %(space_id)s, i.image_id, i.brand_id, %(input_sha256)s, %(attempts)s, %(reason)s
FROM rage.images AS i
WHERE i.image_id = %(image_id)s
ON CONFLICT (image_id, space_id) DO UPDATE
SET attempts = excluded.attempts + CASE WHEN f.input_sha256 = excluded.input_sha256 THEN f.attempts ELSE 0 END,
    input_sha256 = excluded.input_sha256,
    reason = excluded.reason,
    failed_at = now();

-- name: retry
-- Failures that are forgotten, once the turns of their spaces are taken; their images wait for whoever comes next. How
-- many these were.
WITH forgotten AS (
    DELETE FROM rage.failed_items
    WHERE space_id = ANY (%(space_ids)s::integer[])
      AND (%(image_ids)s::bigint[] IS NULL OR image_id = ANY (%(image_ids)s))
    RETURNING space_id, image_id, brand_id
),
waiting AS (
    INSERT INTO rage.embedding_claims (space_id, image_id, brand_id)
    SELECT space_id, image_id, brand_id FROM forgotten
    ON CONFLICT (space_id, image_id) DO NOTHING
)
SELECT count(*) FROM forgotten;

-- name: note_trouble
-- Why filling a space does not go on, or that it does.
UPDATE rage.embedding_spaces
SET trouble = %(trouble)s, trouble_at = CASE WHEN %(trouble)s::text IS NOT NULL THEN now() END
WHERE space_id = %(space_id)s
  AND trouble IS DISTINCT FROM %(trouble)s
  AND (state <> 'retired' OR %(trouble)s::text IS NULL);

-- name: set_index_aside
-- A space without vectors gets its index when it is full, where there are many images: whether it was set aside now.
SELECT rage.set_index_aside(%(space_id)s, %(many)s);

-- name: build_index
-- Builds an index that was set aside; whether there was one to build.
SELECT rage.build_index(%(space_id)s)
FROM rage.embedding_spaces
WHERE space_id = %(space_id)s AND index_definition IS NOT NULL;
