-- Who asks, and what they may see and change. Everything else that guards brands is built on these. Each runs
-- several times in a statement: PL/pgSQL keeps its plans, where SQL functions would make them every time.

CREATE OR REPLACE FUNCTION rage.is_operator() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path FROM CURRENT
AS $function$
BEGIN
    RETURN EXISTS (
        SELECT FROM pg_roles AS r
        WHERE r.rolname = session_user
          AND (r.rolsuper
               OR pg_has_role(r.oid, 'rage_owner', 'MEMBER')
               -- A setting is anybody's to set: it counts for the service's own logins alone.
               OR (pg_has_role(r.oid, 'rage_app', 'MEMBER') AND current_setting('rage.caller', true) = 'system')));
END
$function$;
COMMENT ON FUNCTION rage.is_operator() IS
    'Whether whoever runs this store asks: by a role of theirs, or through command line, workers, or a service without keys.';


CREATE OR REPLACE FUNCTION rage.caller_id() RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path FROM CURRENT
AS $function$
DECLARE
    nobody  CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
    said    text := current_setting('rage.caller', true);
BEGIN
    IF rage.is_operator() THEN
        RETURN NULL;
    ELSIF NOT pg_has_role(session_user, 'rage_app', 'MEMBER') THEN
        RETURN coalesce((SELECT c.caller_id FROM rage.callers AS c WHERE c.kind = 'login' AND c.name = session_user), nobody);
    ELSIF pg_input_is_valid(said, 'uuid') THEN
        RETURN said::uuid;
    END IF;
    RETURN nobody;
END
$function$;
COMMENT ON FUNCTION rage.caller_id() IS
    'Who asks: a login by its name, the service by the setting rage.caller. Null for the operator, zeros for nobody.';


CREATE OR REPLACE FUNCTION rage.has_scope(scope text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path FROM CURRENT
AS $function$
DECLARE
    asking  uuid := rage.caller_id();
BEGIN
    RETURN asking IS NULL OR EXISTS (
        SELECT FROM rage.callers AS c
        WHERE c.caller_id = asking
          AND c.revoked_at IS NULL
          AND (c.expires_at IS NULL OR c.expires_at > statement_timestamp())
          AND (has_scope.scope = 'read' OR has_scope.scope = ANY (c.scopes)));
END
$function$;
COMMENT ON FUNCTION rage.has_scope(text) IS
    'Whether who asks may read, write, generate or admin at all; every scope includes reading. No longer once revoked or expired.';


CREATE OR REPLACE FUNCTION rage.sees_every_brand() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path FROM CURRENT
AS $function$
DECLARE
    asking  uuid := rage.caller_id();
BEGIN
    RETURN asking IS NULL
        OR (EXISTS (SELECT FROM rage.callers AS c WHERE c.caller_id = asking AND c.every_brand) AND rage.has_scope('read'));
END
$function$;
COMMENT ON FUNCTION rage.sees_every_brand() IS 'Whether who asks is granted every brand: then there is nothing to filter.';


CREATE OR REPLACE FUNCTION rage.allowed_brands(scope text DEFAULT 'read') RETURNS integer[]
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path FROM CURRENT
AS $function$
DECLARE
    asking  uuid := rage.caller_id();
BEGIN
    IF NOT rage.has_scope(scope) THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        SELECT b.brand_id
        FROM rage.brands AS b
        WHERE asking IS NULL
           OR (b.reserved AND allowed_brands.scope = 'read')
           OR EXISTS (SELECT FROM rage.callers AS c WHERE c.caller_id = asking AND c.every_brand)
           OR EXISTS (SELECT FROM rage.caller_brands AS g WHERE g.caller_id = asking AND g.brand_id = b.brand_id)
        ORDER BY b.brand_id);
END
$function$;
COMMENT ON FUNCTION rage.allowed_brands(text) IS
    'The brands that who asks may read, write to, generate for or admin; what is shared, everybody may read who may read at all.';


CREATE OR REPLACE FUNCTION rage.brand_limit() RETURNS integer[]
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path FROM CURRENT
AS $function$
BEGIN
    RETURN CASE WHEN NOT rage.sees_every_brand() THEN rage.allowed_brands() END;
END
$function$;
COMMENT ON FUNCTION rage.brand_limit() IS
    'The brands that a search is confined to; null where who asks sees every brand, and no clause is needed.';


CREATE OR REPLACE FUNCTION rage.actor() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
SET search_path FROM CURRENT
AS $function$
BEGIN
    RETURN coalesce(
        (SELECT c.kind || ':' || c.name FROM rage.callers AS c WHERE c.caller_id = rage.caller_id()),
        CASE
            WHEN pg_has_role(session_user, 'rage_app', 'MEMBER') AND current_setting('rage.caller', true) = 'system'
            THEN 'system'
        END,
        session_user::text);
END
$function$;
COMMENT ON FUNCTION rage.actor() IS 'Who asks, as the audit log names them: key:NAME, login:NAME, system, or the role that is logged in.';


CREATE OR REPLACE FUNCTION rage.exemption(login name DEFAULT session_user) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
RETURN coalesce((
    SELECT concat(
        CASE WHEN p.rolname <> login THEN format('a member of %I, ', p.rolname) END,
        CASE
            WHEN p.rolsuper THEN 'a superuser'
            WHEN p.rolbypassrls THEN 'allowed to bypass row-level security'
            WHEN p.rolreplication THEN 'allowed to copy the whole server'
            WHEN p.rolname = 'rage_owner' THEN 'which owns the tables'
            ELSE 'which reaches the files of the server'
        END)
    FROM pg_roles AS p
    WHERE pg_has_role(login, p.oid, 'MEMBER')
      AND (p.rolsuper OR p.rolbypassrls OR p.rolreplication
           OR p.rolname IN ('rage_owner', 'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program'))
    ORDER BY p.rolname <> login, p.rolname
    LIMIT 1
), (
    -- What runs as the owner calls what lies there.
    SELECT 'allowed to create functions beside those of pgvector'
    FROM pg_extension AS x
    WHERE x.extname = 'vector' AND has_schema_privilege(login, x.extnamespace, 'CREATE')
));
COMMENT ON FUNCTION rage.exemption(name) IS
    'Why no policy would hold for a login, by itself or by a role that it may become; null where they do.';
