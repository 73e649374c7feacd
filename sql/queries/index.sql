-- name: spaces
-- Every space with its counts and the legs that search it.
SELECT space_id AS id, space AS name, encodes, encoder, model, weights_sha256, dimensions, state,
       active_legs AS legs, embedded, missing, failed, held, fillers, per_second, seconds_left, trouble, trouble_at,
       index_valid, index_bytes, recall, audited_at, invalid_indexes
FROM rage_v1.index_status
ORDER BY space_id;

-- name: space_named
-- One space by its name, with its counts.
SELECT space_id AS id, space AS name, encodes, encoder, model, weights_sha256, dimensions, state,
       active_legs AS legs, embedded, missing, failed, held, fillers, per_second, seconds_left, trouble, trouble_at,
       index_valid, index_bytes, recall, audited_at, invalid_indexes
FROM rage_v1.index_status
WHERE space = %(name)s;

-- name: names
-- What the spaces are called.
SELECT array_agg(name ORDER BY space_id) FROM rage.embedding_spaces;

-- name: space_of
-- The space that an encoder fills.
SELECT space_id AS id, space AS name, encodes, encoder, model, weights_sha256, dimensions, state,
       active_legs AS legs, embedded, missing, failed, held, fillers, per_second, seconds_left, trouble, trouble_at,
       index_valid, index_bytes, recall, audited_at, invalid_indexes
FROM rage_v1.index_status
WHERE space_id = rage.space_of(%(encoder)s, %(model)s, %(weights_sha256)s, %(dimensions)s, %(encodes)s);

-- name: bare_space_of
-- The space of an encoder, retired or not, without its counts.
SELECT space_id AS id, name, encodes, encoder, model, weights_sha256, dimensions, state
FROM rage.embedding_spaces
WHERE encoder = %(encoder)s
  AND model = %(model)s
  AND weights_sha256 IS NOT DISTINCT FROM %(weights_sha256)s
  AND dimensions = %(dimensions)s
  AND encodes = %(encodes)s;

-- name: add_space
-- The space of a model, made or taken up again, to be filled from now on.
SELECT rage.add_space(%(name)s, %(encodes)s, %(encoder)s, %(model)s, %(weights_sha256)s, %(dimensions)s);

-- name: count_words
-- Counts the words of one brand whose counts are out of date; whether there was one.
SELECT rage.count_words();

-- name: keep_up
-- A space that is searched is kept up from now on.
UPDATE rage.embedding_spaces SET state = 'ready' WHERE space_id = %(space_id)s AND state <> 'ready';

-- name: switch
-- The legs that search what a space encodes search this one, for every caller at once.
UPDATE rage.search_legs SET space_id = %(space_id)s WHERE leg = %(encodes)s;

-- name: active_spaces
-- The spaces that legs search now, without their counts.
SELECT s.space_id AS id, s.name, s.encodes, s.encoder, s.model, s.weights_sha256, s.dimensions, s.state,
       array_agg(l.leg ORDER BY l.leg) AS legs
FROM rage.search_legs AS l
JOIN rage.embedding_spaces AS s USING (space_id)
GROUP BY s.space_id
ORDER BY s.space_id;

-- name: kept_up_spaces
-- The spaces that are filled as images come, without their counts.
SELECT space_id AS id, name, encodes, encoder, model, weights_sha256, dimensions, state, trouble, trouble_at,
       ARRAY(SELECT l.leg FROM rage.search_legs AS l WHERE l.space_id = s.space_id ORDER BY l.leg) AS legs
FROM rage.embedding_spaces AS s
WHERE state IN ('filling', 'ready')
ORDER BY space_id;

-- name: newest_space
-- The newest space of an encoder that is filled as images come, or that was given up.
SELECT space_id AS id, name, encodes, encoder, model, weights_sha256, dimensions, state,
       ARRAY(SELECT l.leg FROM rage.search_legs AS l WHERE l.space_id = s.space_id ORDER BY l.leg) AS legs
FROM rage.embedding_spaces AS s
WHERE state <> 'idle'
  AND encoder = %(encoder)s
  AND (%(model)s::text IS NULL OR model = %(model)s)
  AND encodes = %(encodes)s
ORDER BY state = 'retired', space_id DESC
LIMIT 1;

-- name: is_in_use
-- Whether a leg has a space with vectors in it.
SELECT EXISTS (SELECT FROM rage.search_legs AS l JOIN rage.embeddings AS e USING (space_id) WHERE l.leg = %(leg)s);

-- name: hold_legs
-- Nobody activates a space until the transaction ends.
SELECT leg FROM rage.search_legs ORDER BY leg FOR NO KEY UPDATE;

-- name: legs_of
-- The legs that search a space now.
SELECT array_agg(leg ORDER BY leg) FROM rage.search_legs WHERE space_id = %(space_id)s;

-- name: give_up_legs
-- The legs that search a space have none from now on, for every caller at once.
UPDATE rage.search_legs SET space_id = NULL WHERE space_id = %(space_id)s;

-- name: retire
-- Gives the room of a space free.
SELECT rage.retire_space(%(space_id)s);

-- name: lock_unhashed
-- Thumbnails that nobody has looked at yet. Locked: two that look share the work, and nothing is erased meanwhile.
SELECT c.content_id, c.thumbnail
FROM rage.contents AS c
WHERE c.content_id > %(after)s AND c.thumbnail IS NOT NULL AND c.erased_at IS NULL
  AND NOT EXISTS (SELECT FROM rage.picture_hashes AS h WHERE h.content_id = c.content_id)
ORDER BY c.content_id
LIMIT %(limit)s
FOR NO KEY UPDATE OF c SKIP LOCKED;

-- name: add_hashes
-- What the pictures of these contents look like; null for a flat one. An import may have come first.
INSERT INTO rage.picture_hashes (content_id, hash)
SELECT content_id, hash
FROM unnest(%(content_ids)s::bigint[], %(hashes)s::bit(64)[]) AS new (content_id, hash)
ON CONFLICT (content_id) DO NOTHING;
