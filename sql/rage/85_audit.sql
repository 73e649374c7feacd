-- Who changed what: triggers write it down in the transaction of the change, whoever makes it.

CREATE OR REPLACE FUNCTION rage.audited_id(entry jsonb, columns text[]) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN (SELECT string_agg(entry ->> name, '/' ORDER BY place) FROM unnest(columns) WITH ORDINALITY AS c (name, place));
COMMENT ON FUNCTION rage.audited_id(jsonb, text[]) IS 'Which row it is: the values of these columns.';


CREATE OR REPLACE FUNCTION rage.audited_brand(entry jsonb) RETURNS integer
LANGUAGE sql STABLE
SET search_path FROM CURRENT
RETURN coalesce(
    (entry ->> 'brand_id')::integer,
    (SELECT g.brand_id FROM rage.generations AS g WHERE g.generation_id = (entry ->> 'generation_id')::uuid),
    (SELECT c.brand_id FROM rage.collections AS c WHERE c.collection_id = (entry ->> 'collection_id')::integer));
COMMENT ON FUNCTION rage.audited_brand(jsonb) IS 'The brand of a row, its own or that of what it belongs to; null where there is none.';


CREATE OR REPLACE FUNCTION rage.audited_action(object text, was jsonb, is_now jsonb) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE
    WHEN was ->> 'erased_at' IS NULL AND is_now ->> 'erased_at' IS NOT NULL THEN 'erase'
    WHEN was ->> 'deleted_at' IS NULL AND is_now ->> 'deleted_at' IS NOT NULL THEN 'delete'
    WHEN was ->> 'deleted_at' IS NOT NULL AND is_now ->> 'deleted_at' IS NULL THEN 'restore'
    WHEN was ->> 'revoked_at' IS NULL AND is_now ->> 'revoked_at' IS NOT NULL THEN 'revoke'
    WHEN was ->> 'revoked_at' IS NOT NULL AND is_now ->> 'revoked_at' IS NULL THEN 'grant'
    WHEN was ->> 'kept_at' IS NULL AND is_now ->> 'kept_at' IS NOT NULL THEN 'keep'
    WHEN object = 'generations' AND is_now ->> 'status' = 'cancelled' THEN 'cancel'
    ELSE 'update'
END;
COMMENT ON FUNCTION rage.audited_action(text, jsonb, jsonb) IS 'What a change of a row amounts to.';


CREATE OR REPLACE FUNCTION rage.record_changes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO rage.audit_log (actor, action, object, object_id, brand_id)
        SELECT DISTINCT rage.actor(), 'create', TG_TABLE_NAME, rage.audited_id(entry, TG_ARGV), rage.audited_brand(entry)
        FROM new_rows AS n CROSS JOIN LATERAL to_jsonb(n) AS entry;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO rage.audit_log (actor, action, object, object_id, brand_id)
        SELECT DISTINCT rage.actor(), 'remove', TG_TABLE_NAME, rage.audited_id(entry, TG_ARGV), rage.audited_brand(entry)
        FROM old_rows AS o CROSS JOIN LATERAL to_jsonb(o) AS entry;
    ELSE
        INSERT INTO rage.audit_log (actor, action, object, object_id, brand_id, details)
        WITH before AS (
            SELECT rage.audited_id(entry, TG_ARGV) AS id, entry
            FROM old_rows AS o CROSS JOIN LATERAL to_jsonb(o) AS entry
        ),
        after AS (
            SELECT rage.audited_id(entry, TG_ARGV) AS id, entry
            FROM new_rows AS n CROSS JOIN LATERAL to_jsonb(n) AS entry
        )
        SELECT rage.actor(), done.action, TG_TABLE_NAME, a.id, rage.audited_brand(a.entry),
               jsonb_build_object('columns', done.columns)
        FROM before AS b
        JOIN after AS a USING (id)
        CROSS JOIN LATERAL (
            SELECT rage.audited_action(TG_TABLE_NAME, b.entry, a.entry) AS action,
                   coalesce(jsonb_agg(n.name ORDER BY n.name), '[]') AS columns
            FROM jsonb_object_keys(a.entry) AS n (name)
            WHERE n.name NOT IN ('updated_at', 'changed_in') AND a.entry -> n.name IS DISTINCT FROM b.entry -> n.name
        ) AS done
        WHERE a.entry <> b.entry
          -- The progress of a generation has its own log: generation_events.
          AND (TG_TABLE_NAME <> 'generations' OR done.action = 'cancel');
    END IF;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION rage.record_changes() IS
    'Statement trigger: a line in the audit log for every row that was added, changed or removed. Its arguments are the columns that name a row.';


CREATE OR REPLACE FUNCTION rage.refuse_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
BEGIN
    RAISE EXCEPTION 'the audit log is only ever added to' USING ERRCODE = 'insufficient_privilege';
END
$function$;
COMMENT ON FUNCTION rage.refuse_change() IS 'Statement trigger: the audit log is append-only, for its owner too.';


DO $triggers$
DECLARE
    audited  record;
BEGIN
    FOR audited IN
        SELECT * FROM (VALUES
            ('brands', 'brand_id', true, true, true),
            ('images', 'image_id', true, true, true),
            ('tags', 'tag_id', false, true, true),
            ('collections', 'collection_id', true, true, true),
            ('collection_images', 'collection_id', true, false, true),
            ('generations', 'generation_id', true, true, true),
            ('generation_outputs', 'generation_id, position', false, true, true),
            ('ratings', 'generation_id, position, rated_by', true, true, true),
            ('prices', 'provider, model, token_class, effective_from', true, true, true),
            ('budgets', 'budget_id', true, true, true),
            ('embedding_spaces', 'name', true, true, true),
            ('search_legs', 'leg', true, true, true),
            ('callers', 'kind, name', true, true, true),
            ('caller_brands', 'caller_id', true, true, true)
        ) AS t (tab, id, added, changed, removed)
    LOOP
        IF audited.added THEN
            EXECUTE format('CREATE OR REPLACE TRIGGER audit_added AFTER INSERT ON rage.%I REFERENCING NEW TABLE AS new_rows'
                           ' FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes(%s)', audited.tab, audited.id);
        END IF;
        IF audited.changed THEN
            EXECUTE format('CREATE OR REPLACE TRIGGER audit_changed AFTER UPDATE ON rage.%I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'
                           ' FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes(%s)', audited.tab, audited.id);
        END IF;
        IF audited.removed THEN
            EXECUTE format('CREATE OR REPLACE TRIGGER audit_removed AFTER DELETE ON rage.%I REFERENCING OLD TABLE AS old_rows'
                           ' FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes(%s)', audited.tab, audited.id);
        END IF;
    END LOOP;
END
$triggers$;

CREATE OR REPLACE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rage.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION rage.refuse_change();
