-- Filling a space: who does, what is claimed, what is stored, what failed.

-- name: begin
-- Whoever fills a space says so.
INSERT INTO rage.fillers (space_id) VALUES (%(space_id)s) RETURNING filler_id;

-- name: beat
-- A filler lives. One that others had taken for lost comes back.
UPDATE rage.fillers SET beat_at = clock_timestamp() WHERE filler_id = %(filler_id)s;

-- name: count
-- What a filler has done since it said so last.
UPDATE rage.fillers
SET embedded = embedded + %(embedded)s, failed = failed + %(failed)s, beat_at = clock_timestamp()
WHERE filler_id = %(filler_id)s;

-- name: end
-- A filler is done: what it claimed and did not get to is anybody's.
WITH ended AS (DELETE FROM rage.fillers WHERE filler_id = %(filler_id)s)
DELETE FROM rage.embedding_claims WHERE filler_id = %(filler_id)s;

-- name: forget_lost
-- Fillers that are lost and hold nothing any more.
DELETE FROM rage.fillers AS f
WHERE f.beat_at < clock_timestamp() - rage.lost_after()
  AND NOT EXISTS (SELECT FROM rage.embedding_claims AS c WHERE c.filler_id = f.filler_id);

-- name: take_turn
-- Two that claim in one space take turns: the second sees what the first has claimed.
SELECT pg_advisory_xact_lock(hashtextextended('rage.claim', %(space_id)s));

-- name: claim_lost
-- One image whose filler was lost, alone: it may be the one that killed it.
WITH lost AS (
    SELECT c.space_id, c.image_id
    FROM rage.embedding_claims AS c
    LEFT JOIN rage.fillers AS f USING (filler_id)
    WHERE c.space_id = %(space_id)s
      AND (f.filler_id IS NULL OR f.beat_at < clock_timestamp() - rage.lost_after())
    ORDER BY c.losses, c.image_id
    LIMIT 1
)
UPDATE rage.embedding_claims AS c
SET filler_id = %(filler_id)s, losses = c.losses + 1
FROM lost
WHERE c.space_id = lost.space_id AND c.image_id = lost.image_id
RETURNING c.image_id, c.losses;

-- name: claim
-- The next images, after one, that a space lacks or has of an older input, and that nobody is at work on.
WITH wanted AS (
    SELECT i.image_id, i.brand_id,
           CASE s.encodes WHEN 'caption' THEN d.input_sha256 ELSE o.sha256 END AS input_sha256
    FROM rage.embedding_spaces AS s
    CROSS JOIN rage.images AS i
    JOIN rage.contents AS o USING (content_id)
    LEFT JOIN rage.image_documents AS d USING (image_id)
    WHERE s.space_id = %(space_id)s
      AND s.state <> 'retired'
      AND i.image_id > %(after)s
      AND i.deleted_at IS NULL
      AND o.erased_at IS NULL
      AND (s.encodes <> 'caption' OR d.input <> '')
)
INSERT INTO rage.embedding_claims (space_id, image_id, brand_id, filler_id)
SELECT %(space_id)s, w.image_id, w.brand_id, %(filler_id)s
FROM wanted AS w
LEFT JOIN rage.embeddings AS e
    ON e.space_id = %(space_id)s AND e.image_id = w.image_id AND e.input_sha256 = w.input_sha256
LEFT JOIN rage.failed_items AS f
    ON f.space_id = %(space_id)s AND f.image_id = w.image_id AND f.input_sha256 = w.input_sha256
LEFT JOIN rage.embedding_claims AS c
    ON c.space_id = %(space_id)s AND c.image_id = w.image_id
WHERE e.image_id IS NULL
  AND c.image_id IS NULL
  AND coalesce(f.attempts, 0) < rage.most_tries()
ORDER BY w.image_id
LIMIT %(batch)s
RETURNING image_id;

-- name: inputs
-- What is to be embedded of claimed images; what was erased, emptied or embedded meanwhile is left out.
SELECT i.image_id, i.brand_id,
       CASE s.encodes WHEN 'caption' THEN d.input_sha256 ELSE o.sha256 END AS input_sha256,
       CASE WHEN s.encodes <> 'caption' THEN o.thumbnail END AS thumbnail,
       CASE WHEN s.encodes = 'caption' THEN d.input END AS input
FROM rage.embedding_spaces AS s
CROSS JOIN rage.images AS i
JOIN rage.contents AS o USING (content_id)
LEFT JOIN rage.image_documents AS d USING (image_id)
WHERE s.space_id = %(space_id)s
  AND i.image_id = ANY (%(image_ids)s::bigint[])
  AND i.deleted_at IS NULL
  AND o.erased_at IS NULL
  AND (s.encodes <> 'caption' OR d.input <> '')
ORDER BY i.image_id;

-- name: claims_of_others
-- How many images of a space others are at work on.
SELECT count(*) FROM rage.embedding_claims WHERE space_id = %(space_id)s AND filler_id <> %(filler_id)s;

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
-- Claims of images that are dealt with, or that somebody else may have.
DELETE FROM rage.embedding_claims WHERE space_id = %(space_id)s AND image_id = ANY (%(image_ids)s);

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
-- Failures that are forgotten, so that their images are tried afresh.
DELETE FROM rage.failed_items AS f
USING rage.embedding_spaces AS s
WHERE s.space_id = f.space_id
  AND (%(space)s::text IS NULL OR s.name = %(space)s)
  AND (%(image_ids)s::bigint[] IS NULL OR f.image_id = ANY (%(image_ids)s));

-- name: note_trouble
-- Why filling a space does not go on, or that it does.
UPDATE rage.embedding_spaces
SET trouble = %(trouble)s, trouble_at = CASE WHEN %(trouble)s::text IS NOT NULL THEN now() END
WHERE space_id = %(space_id)s AND trouble IS DISTINCT FROM %(trouble)s;

-- name: set_index_aside
-- A space without vectors gets its index when it is full, where there are many images: whether it was set aside now.
SELECT rage.set_index_aside(%(space_id)s, %(many)s);

-- name: build_index
-- Builds an index that was set aside, when nothing is missing and nobody else is at work.
SELECT rage.build_index(%(space_id)s)
FROM rage.embedding_spaces
WHERE space_id = %(space_id)s AND index_definition IS NOT NULL;
