-- name: spaces
-- Every space with its counts and the legs that search it.
SELECT space_id AS id, space AS name, encodes, encoder, model, weights_sha256, dimensions, state,
       active_legs AS legs, embedded, missing, failed, index_valid, index_bytes, recall, audited_at, invalid_indexes
FROM rage_v1.index_status
ORDER BY space_id;

-- name: space_of
-- The space that an encoder fills.
SELECT space_id AS id, space AS name, encodes, encoder, model, weights_sha256, dimensions, state,
       active_legs AS legs, embedded, missing, failed, index_valid, index_bytes, recall, audited_at, invalid_indexes
FROM rage_v1.index_status
WHERE space_id = rage.space_of(%(encoder)s, %(model)s, %(weights_sha256)s, %(dimensions)s, %(encodes)s);

-- name: create_space
-- Room for a model that has none yet: partition and HNSW index.
SELECT rage.create_space(%(name)s, %(encodes)s, %(encoder)s, %(model)s, %(weights_sha256)s, %(dimensions)s);

-- name: missing
-- What a space lacks or has of an older input, after an image: the next images in order.
WITH wanted AS (
    SELECT i.image_id, i.brand_id, o.thumbnail, d.input,
           CASE s.encodes WHEN 'caption' THEN d.input_sha256 ELSE o.sha256 END AS input_sha256
    FROM rage.embedding_spaces AS s
    CROSS JOIN rage.images AS i
    JOIN rage.contents AS o USING (content_id)
    LEFT JOIN rage.image_documents AS d USING (image_id)
    WHERE s.space_id = %(space_id)s
      AND i.image_id > %(after)s
      AND i.deleted_at IS NULL
      AND o.erased_at IS NULL
      AND (s.encodes <> 'caption' OR d.input <> '')
)
SELECT w.image_id, w.brand_id, w.input_sha256,
       CASE WHEN %(encodes)s = 'caption' THEN NULL ELSE w.thumbnail END AS thumbnail,
       CASE WHEN %(encodes)s = 'caption' THEN w.input END AS input
FROM wanted AS w
LEFT JOIN rage.embeddings AS e
    ON e.space_id = %(space_id)s AND e.image_id = w.image_id AND e.input_sha256 = w.input_sha256
LEFT JOIN rage.failed_items AS f
    ON f.space_id = %(space_id)s AND f.image_id = w.image_id AND f.input_sha256 = w.input_sha256
WHERE e.image_id IS NULL
  AND coalesce(f.attempts, 0) < %(tries)s
ORDER BY w.image_id
LIMIT %(batch)s;

-- name: store_embedding
-- Keeps a vector; whoever embedded a newer input meanwhile is found missing again.
INSERT INTO rage.embeddings (space_id, image_id, brand_id, input_sha256, embedding)
VALUES (%(space_id)s, %(image_id)s, %(brand_id)s, %(input_sha256)s, %(embedding)s)
ON CONFLICT (image_id, space_id) DO UPDATE
SET input_sha256 = excluded.input_sha256, embedding = excluded.embedding, created_at = now();

-- name: clear_failures
-- What is embedded now has failed no longer.
DELETE FROM rage.failed_items WHERE space_id = %(space_id)s AND image_id = ANY (%(image_ids)s);

-- name: record_failure
-- Counts a failed try of one input; another input starts afresh.
INSERT INTO rage.failed_items AS f (space_id, image_id, brand_id, input_sha256, reason)
VALUES (%(space_id)s, %(image_id)s, %(brand_id)s, %(input_sha256)s, %(reason)s)
ON CONFLICT (image_id, space_id) DO UPDATE
SET attempts = CASE WHEN f.input_sha256 = excluded.input_sha256 THEN f.attempts + 1 ELSE 1 END,
    input_sha256 = excluded.input_sha256,
    reason = excluded.reason,
    failed_at = now();

-- name: count_words
-- Counts the words of one brand whose counts are out of date; whether there was one.
SELECT rage.count_words();

-- name: activate
-- Switches the legs that encode the same thing to a space, for every caller at once.
WITH chosen AS (
    UPDATE rage.embedding_spaces SET state = 'ready' WHERE name = %(name)s
    RETURNING space_id, encodes
)
UPDATE rage.search_legs AS l
SET space_id = chosen.space_id
FROM chosen
WHERE l.leg = chosen.encodes;

-- name: active_spaces
-- The spaces that legs search now, without their counts.
SELECT s.space_id AS id, s.name, s.encodes, s.encoder, s.model, s.weights_sha256, s.dimensions, s.state,
       array_agg(l.leg ORDER BY l.leg) AS legs
FROM rage.search_legs AS l
JOIN rage.embedding_spaces AS s USING (space_id)
GROUP BY s.space_id
ORDER BY s.space_id;

-- name: is_empty
-- Whether nothing has been embedded yet.
SELECT NOT EXISTS (SELECT FROM rage.embeddings);
