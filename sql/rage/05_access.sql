-- Who asks, and what they may see and change. Everything else that guards brands is built on these.

CREATE OR REPLACE FUNCTION rage.is_operator() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path FROM CURRENT
RETURN (
    SELECT r.rolsuper
        OR pg_has_role(r.oid, 'rage_owner', 'MEMBER')
        -- A setting is anybody's to set: it counts for the service's own logins alone.
        OR (pg_has_role(r.oid, 'rage_app', 'MEMBER') AND coalesce(current_setting('rage.caller', true) = 'system', false))
    FROM pg_roles AS r
    WHERE r.rolname = session_user
);
COMMENT ON FUNCTION rage.is_operator() IS
    'Whether whoever runs this store asks: by a role of theirs, or through command line, workers, or a service without keys.';


CREATE OR REPLACE FUNCTION rage.caller_id() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path FROM CURRENT
RETURN CASE
    WHEN rage.is_operator() THEN NULL
    ELSE coalesce(
        CASE
            WHEN NOT pg_has_role(session_user, 'rage_app', 'MEMBER') THEN
                (SELECT c.caller_id FROM rage.callers AS c WHERE c.kind = 'login' AND c.name = session_user)
            WHEN pg_input_is_valid(current_setting('rage.caller', true), 'uuid') THEN
                current_setting('rage.caller', true)::uuid
        END,
        '00000000-0000-0000-0000-000000000000')
END;
COMMENT ON FUNCTION rage.caller_id() IS
    'Who asks: a login by its name, the service by the setting rage.caller. Null for the operator, zeros for nobody.';


CREATE OR REPLACE FUNCTION rage.active_caller() RETURNS SETOF rage.callers
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path FROM CURRENT
BEGIN ATOMIC
    SELECT c.*
    FROM rage.callers AS c
    WHERE c.caller_id = rage.caller_id()
      AND c.revoked_at IS NULL
      AND (c.expires_at IS NULL OR c.expires_at > now());
END;
COMMENT ON FUNCTION rage.active_caller() IS 'The row of who asks; none for the operator, for nobody, and once it is revoked or expired.';


CREATE OR REPLACE FUNCTION rage.has_scope(scope text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path FROM CURRENT
RETURN rage.is_operator()
    OR EXISTS (SELECT FROM rage.active_caller() AS c WHERE has_scope.scope = 'read' OR has_scope.scope = ANY (c.scopes));
COMMENT ON FUNCTION rage.has_scope(text) IS 'Whether who asks may read, write, generate or admin at all; every scope includes reading.';


CREATE OR REPLACE FUNCTION rage.sees_every_brand() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path FROM CURRENT
RETURN rage.is_operator() OR EXISTS (SELECT FROM rage.active_caller() AS c WHERE c.every_brand);
COMMENT ON FUNCTION rage.sees_every_brand() IS 'Whether who asks is granted every brand: then there is nothing to filter.';


CREATE OR REPLACE FUNCTION rage.allowed_brands(scope text DEFAULT 'read') RETURNS integer[]
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path FROM CURRENT
RETURN (
    WITH caller AS (
        SELECT c.caller_id, c.every_brand
        FROM rage.active_caller() AS c
        WHERE rage.has_scope(allowed_brands.scope)
    )
    SELECT coalesce(array_agg(b.brand_id ORDER BY b.brand_id), '{}')
    FROM rage.brands AS b
    WHERE rage.is_operator()
       OR EXISTS (
           SELECT FROM caller AS c
           WHERE c.every_brand
              OR (b.reserved AND allowed_brands.scope = 'read')
              OR EXISTS (SELECT FROM rage.caller_brands AS g
                         WHERE g.caller_id = c.caller_id AND g.brand_id = b.brand_id))
);
COMMENT ON FUNCTION rage.allowed_brands(text) IS
    'The brands that who asks may read, write to, generate for or admin; what is shared, everybody may read who may read at all.';


CREATE OR REPLACE FUNCTION rage.actor() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path FROM CURRENT
RETURN coalesce(
    (SELECT c.kind || ':' || c.name FROM rage.callers AS c WHERE c.caller_id = rage.caller_id()),
    CASE WHEN current_setting('rage.caller', true) = 'system' THEN 'system' ELSE session_user::text END);
COMMENT ON FUNCTION rage.actor() IS 'Who asks, as the audit log names them: key:NAME, login:NAME, system, or the role that is logged in.';


CREATE OR REPLACE FUNCTION rage.brand_limit() RETURNS integer[]
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path FROM CURRENT
RETURN CASE WHEN NOT rage.sees_every_brand() THEN rage.allowed_brands() END;
COMMENT ON FUNCTION rage.brand_limit() IS
    'The brands that a search is confined to; null where who asks sees every brand, and no clause is needed.';
