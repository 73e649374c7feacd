-- API keys and SQL logins: who they are, and what they are granted.

-- name: create_key
-- A new key; no row where its name was ever used.
WITH caller AS (
    INSERT INTO rage.callers (kind, name, scopes, every_brand, created_by, expires_at)
    VALUES ('key', %(name)s, %(scopes)s::text[], %(every_brand)s, %(created_by)s, %(expires_at)s)
    ON CONFLICT (kind, name) DO NOTHING
    RETURNING caller_id
)
INSERT INTO rage.api_keys (caller_id, prefix, secret_sha256)
SELECT caller_id, %(prefix)s, %(sha256)s FROM caller
RETURNING caller_id;

-- name: list_keys
-- Every key, oldest first, or the one of a name.
SELECT
    c.name, k.prefix, c.every_brand, c.scopes,
    c.created_by, c.created_at, c.expires_at, c.revoked_at, k.last_used_at,
    ARRAY(
        SELECT b.name
        FROM rage.caller_brands AS g
        JOIN rage.brands AS b USING (brand_id)
        WHERE g.caller_id = c.caller_id
        ORDER BY b.key
    ) AS brands,
    CASE
        WHEN c.revoked_at IS NOT NULL THEN 'revoked'
        WHEN c.expires_at <= now() THEN 'expired'
        ELSE 'active'
    END AS status
FROM rage.callers AS c
JOIN rage.api_keys AS k USING (caller_id)
WHERE %(name)s::text IS NULL OR c.name = %(name)s
ORDER BY c.created_at, c.name;

-- name: revoke_key
-- From now on a key is good for nothing; when it was revoked first stays.
UPDATE rage.callers SET revoked_at = now()
WHERE kind = 'key' AND name = %(name)s AND revoked_at IS NULL;

-- name: end_page_sessions
-- Whoever logged in at the page with a key is logged out.
DELETE FROM rage.page_sessions AS s
USING rage.callers AS c
WHERE c.caller_id = s.caller_id AND c.kind = 'key' AND c.name = %(name)s;

-- name: grant_brands
-- Grants a caller brands by their names; its rows are the names that no brand has.
WITH wanted AS (
    SELECT given.name, given.place, b.brand_id
    FROM unnest(%(brands)s::text[]) WITH ORDINALITY AS given (name, place)
    LEFT JOIN rage.brands AS b ON b.key = rage.normal_form(given.name)
),
granted AS (
    INSERT INTO rage.caller_brands (caller_id, brand_id)
    SELECT DISTINCT %(caller_id)s::uuid, brand_id FROM wanted WHERE brand_id IS NOT NULL
    ON CONFLICT DO NOTHING
)
SELECT name FROM wanted WHERE brand_id IS NULL ORDER BY place;

-- name: withdraw_other_brands
-- Takes from a caller every brand that is not among these.
DELETE FROM rage.caller_brands AS g
USING rage.brands AS b
WHERE g.caller_id = %(caller_id)s
  AND b.brand_id = g.brand_id
  AND b.key NOT IN (SELECT rage.normal_form(given.name) FROM unnest(%(brands)s::text[]) AS given (name));

-- name: lock_callers
-- One grant at a time: roles know no ON CONFLICT.
LOCK TABLE rage.callers IN SHARE ROW EXCLUSIVE MODE;

-- name: operator
-- Who is connected, to which database, and whether they may grant: as the owner of the tables may.
SELECT
    session_user AS name, current_database() AS database,
    pg_has_role(session_user, 'rage_owner', 'USAGE') AS may_grant;

-- name: get_role
-- What a role of this server may do. `exempt` says why no policy would hold for it, by itself or by what it may become.
SELECT
    r.rolcanlogin AS logs_in, r.rolcreaterole AS creates_roles, r.rolcreatedb AS creates_databases,
    rage.exemption(r.rolname) AS exempt,
    pg_has_role(r.oid, 'rage_app', 'MEMBER') AS is_service,
    (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
            'role', g.rolname, 'grantor', pg_get_userbyid(m.grantor), 'inherits', m.inherit_option)), '[]')
        FROM pg_auth_members AS m
        JOIN pg_roles AS g ON g.oid = m.roleid
        WHERE m.member = r.oid
    ) AS memberships,
    (
        SELECT coalesce(jsonb_object_agg(
            split_part(s.setting, '=', 1), substr(s.setting, strpos(s.setting, '=') + 1)), '{}')
        FROM pg_db_role_setting AS d
        CROSS JOIN LATERAL unnest(d.setconfig) AS s (setting)
        WHERE d.setrole = r.oid
          AND d.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
    ) AS settings
FROM pg_roles AS r
WHERE r.rolname = %(login)s;

-- name: grant_login
-- What a login is granted from now on, in place of what it was.
INSERT INTO rage.callers (kind, name, scopes, every_brand, created_by)
VALUES ('login', %(login)s, %(scopes)s::text[], %(every_brand)s, session_user)
ON CONFLICT (kind, name) DO UPDATE
SET scopes = excluded.scopes, every_brand = excluded.every_brand, expires_at = NULL, revoked_at = NULL
RETURNING caller_id;

-- name: get_login
-- What a login is granted.
SELECT
    c.name AS login, c.every_brand, c.scopes, c.revoked_at,
    ARRAY(
        SELECT b.name
        FROM rage.caller_brands AS g
        JOIN rage.brands AS b USING (brand_id)
        WHERE g.caller_id = c.caller_id
        ORDER BY b.key
    ) AS brands
FROM rage.callers AS c
WHERE c.kind = 'login' AND c.name = %(login)s;

-- name: revoke_login
-- From now on a login sees nothing; when it was revoked first stays.
UPDATE rage.callers SET revoked_at = coalesce(revoked_at, now())
WHERE kind = 'login' AND name = %(login)s
RETURNING caller_id;
