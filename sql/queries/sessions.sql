-- name: any_key
-- Whether there ever was an API key: rows of revoked ones stay.
SELECT EXISTS (SELECT FROM rage.api_keys);

-- name: get_key
-- Whose key it may be, by the part that may be shown; and whether it is good now.
SELECT
    c.caller_id::text AS setting,
    c.name,
    c.scopes,
    c.every_brand,
    coalesce(k.last_used_at < now() - interval '1 minute', true) AS idle,
    k.secret_sha256,
    c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > now()) AS good
FROM rage.api_keys AS k
JOIN rage.callers AS c USING (caller_id)
WHERE k.prefix = %(prefix)s;

-- name: note_use
-- Notes that a key is in use, to the minute: at a row that every request changed, requests would queue.
UPDATE rage.api_keys
SET last_used_at = now()
WHERE caller_id = %(setting)s::uuid
  AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute');

-- name: remove_expired_sessions
-- Sessions that nobody can go on with.
DELETE FROM rage.page_sessions WHERE expires_at <= now();

-- name: add_session
-- A session with a key that is still good; it ends with the key at the latest.
INSERT INTO rage.page_sessions (token_sha256, caller_id, expires_at)
SELECT %(token_sha256)s, c.caller_id, least(now() + %(seconds)s * interval '1 second', c.expires_at)
FROM rage.callers AS c
WHERE c.caller_id = %(setting)s::uuid
  AND c.revoked_at IS NULL
  AND (c.expires_at IS NULL OR c.expires_at > now())
RETURNING expires_at;

-- name: get_session
-- Who is logged in with a token, while the session lasts and the key is good.
SELECT
    c.caller_id::text AS setting,
    c.name,
    c.scopes,
    c.every_brand,
    coalesce(k.last_used_at < now() - interval '1 minute', true) AS idle
FROM rage.page_sessions AS s
JOIN rage.callers AS c USING (caller_id)
JOIN rage.api_keys AS k USING (caller_id)
WHERE s.token_sha256 = %(token_sha256)s
  AND s.expires_at > now()
  AND c.revoked_at IS NULL
  AND (c.expires_at IS NULL OR c.expires_at > now());

-- name: remove_session
-- Ends a session.
DELETE FROM rage.page_sessions WHERE token_sha256 = %(token_sha256)s;
