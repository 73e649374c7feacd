-- Who may use what. Rows are the policies' business; here it is tables, columns and functions.

-- The service reads and writes every table but those whose rows no policy guards: the partitions of the spaces.
GRANT USAGE ON SCHEMA rage, rage_v1 TO rage_app;
GRANT USAGE ON SCHEMA rage_v1 TO rage_reader;

DO $grants$
DECLARE
    statement  text;
BEGIN
    FOR statement IN
        SELECT format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO rage_app', c.oid::regclass)
        FROM pg_class AS c
        WHERE c.relnamespace = 'rage'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND (c.relrowsecurity OR c.relname LIKE 'procrastinate\_%')
        UNION ALL
        SELECT format('GRANT USAGE, SELECT ON %s TO rage_app', c.oid::regclass)
        FROM pg_class AS c
        WHERE c.relnamespace = 'rage'::regnamespace AND c.relkind = 'S'
        UNION ALL
        SELECT format('GRANT SELECT ON %s TO rage_app, rage_reader', c.oid::regclass)
        FROM pg_class AS c
        WHERE c.relnamespace = 'rage_v1'::regnamespace AND c.relkind = 'v'
        UNION ALL
        -- Readers get the columns that the views and the policies read: a view shows nothing that its reader
        -- may not read. Without USAGE on the schema rage nobody can name these tables.
        SELECT DISTINCT format('GRANT SELECT (%I) ON %s TO rage_reader', a.attname, c.oid::regclass)
        FROM pg_depend AS d
        JOIN pg_class AS c ON c.oid = d.refobjid AND c.relnamespace = 'rage'::regnamespace AND c.relkind IN ('r', 'p')
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
        LEFT JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
        LEFT JOIN pg_class AS v ON v.oid = w.ev_class
        LEFT JOIN pg_policy AS p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid AND p.polcmd = 'r'
        WHERE d.refclassid = 'pg_class'::regclass
          AND (v.relnamespace = 'rage_v1'::regnamespace OR p.oid IS NOT NULL)
          AND NOT (c.relname IN ('callers', 'caller_brands', 'api_keys', 'page_sessions'))
        UNION ALL
        SELECT format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f.oid::regprocedure)
        FROM pg_proc AS f
        WHERE f.pronamespace IN ('rage'::regnamespace, 'rage_v1'::regnamespace)
          AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = f.oid AND d.deptype = 'e')
        UNION ALL
        SELECT format('GRANT EXECUTE ON FUNCTION %s TO %s', f.oid::regprocedure, concat_ws(', ',
                   'rage_app',
                   CASE
                       WHEN f.pronamespace = 'rage_v1'::regnamespace AND f.proname ~ '^(request|set)_' THEN 'rage_requester'
                       WHEN f.pronamespace = 'rage_v1'::regnamespace THEN 'rage_reader'
                       -- Policies and views call these in the reader's name.
                       WHEN f.proname IN ('is_operator', 'caller_id', 'has_scope', 'sees_every_brand', 'allowed_brands',
                                          'most_tries', 'lost_after', 'may_be_under_way', 'spent_by_batch')
                       THEN 'rage_reader'
                   END))
        FROM pg_proc AS f
        WHERE f.pronamespace IN ('rage'::regnamespace, 'rage_v1'::regnamespace) AND f.prokind = 'f'
          AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = f.oid AND d.deptype = 'e')
    LOOP
        EXECUTE statement;
    END LOOP;
END
$grants$;

-- Which version this is; nobody but the owner changes it.
GRANT SELECT ON rage.alembic_version, rage.job_schema_changes TO rage_app;
-- The name of a brand is for good; one that is taken would tell of a brand that the caller may not see.
REVOKE UPDATE ON rage.brands FROM rage_app;
GRANT UPDATE (title, guidelines, palette, words_to_avoid, language) ON rage.brands TO rage_app;
-- Spaces are made by rage.create_space; what the owner will execute to build an index nobody else writes.
REVOKE INSERT, UPDATE, DELETE ON rage.embedding_spaces FROM rage_app;
GRANT UPDATE (state, trouble, trouble_at, candidate_cost, ef_search) ON rage.embedding_spaces TO rage_app;
-- Only triggers add to it.
REVOKE INSERT, UPDATE, DELETE ON rage.audit_log FROM rage_app;
