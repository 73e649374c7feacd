"""Who may ask: API keys, SQL logins, sessions of the page; an audit log; whose searches and prompts are whose."""

from alembic import op

revision = "0009"
down_revision = "0008"

UPGRADE = """
CREATE TABLE rage.callers (
    caller_id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind         text NOT NULL CHECK (kind IN ('key', 'login')),
    name         text NOT NULL CHECK (name = btrim(name) AND length(name) BETWEEN 1 AND 100),
    scopes       text[] NOT NULL
                 CHECK (scopes <> '{}' AND scopes <@ ARRAY['read', 'write', 'generate', 'admin']),
    every_brand  boolean NOT NULL DEFAULT false,
    created_by   text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    CONSTRAINT callers_name_unique UNIQUE (kind, name)
);
COMMENT ON TABLE  rage.callers IS 'Who may ask: API keys and SQL logins. Names are never given twice: the history names callers by them.';
COMMENT ON COLUMN rage.callers.caller_id IS 'Stable id of the caller; what the service puts into the setting rage.caller.';
COMMENT ON COLUMN rage.callers.kind IS 'key: an API key; login: a login role of this server.';
COMMENT ON COLUMN rage.callers.name IS 'Name of the key, or of the login role.';
COMMENT ON COLUMN rage.callers.scopes IS 'What it may do with its brands: read, write, generate, admin. Each includes reading.';
COMMENT ON COLUMN rage.callers.every_brand IS 'Whether it is granted every brand, those still to come among them.';
COMMENT ON COLUMN rage.callers.created_by IS 'Who granted it.';
COMMENT ON COLUMN rage.callers.created_at IS 'When it was granted.';
COMMENT ON COLUMN rage.callers.expires_at IS 'From when on it is no longer good; null: never.';
COMMENT ON COLUMN rage.callers.revoked_at IS 'When it was taken back; the row stays for history.';

CREATE TABLE rage.caller_brands (
    caller_id  uuid NOT NULL REFERENCES rage.callers ON DELETE CASCADE,
    brand_id   integer NOT NULL REFERENCES rage.brands ON DELETE CASCADE,
    PRIMARY KEY (caller_id, brand_id)
);
COMMENT ON TABLE  rage.caller_brands IS 'Which brands a caller is granted.';
COMMENT ON COLUMN rage.caller_brands.caller_id IS 'The caller.';
COMMENT ON COLUMN rage.caller_brands.brand_id IS 'A brand that it is granted.';

CREATE TABLE rage.api_keys (
    caller_id      uuid PRIMARY KEY REFERENCES rage.callers ON DELETE CASCADE,
    prefix         text NOT NULL CHECK (prefix ~ '^[0-9a-z]{8}$'),
    secret_sha256  bytea NOT NULL CHECK (octet_length(secret_sha256) = 32),
    last_used_at   timestamptz,
    CONSTRAINT api_keys_prefix_unique UNIQUE (prefix)
);
COMMENT ON TABLE  rage.api_keys IS 'What an API key is known by. The key itself is shown once and stored nowhere.';
COMMENT ON COLUMN rage.api_keys.caller_id IS 'The caller whose key it is.';
COMMENT ON COLUMN rage.api_keys.prefix IS 'The part of the key that may be shown: rage_<prefix>_…';
COMMENT ON COLUMN rage.api_keys.secret_sha256 IS 'SHA-256 of the key: 256 random bits need no slow hash.';
COMMENT ON COLUMN rage.api_keys.last_used_at IS 'When it was last used, to the minute.';

CREATE TABLE rage.page_sessions (
    token_sha256  bytea PRIMARY KEY CHECK (octet_length(token_sha256) = 32),
    caller_id     uuid NOT NULL REFERENCES rage.callers ON DELETE CASCADE,
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL
);
CREATE INDEX page_sessions_caller ON rage.page_sessions (caller_id);
COMMENT ON TABLE  rage.page_sessions IS 'Who is logged in at the page.';
COMMENT ON COLUMN rage.page_sessions.token_sha256 IS 'SHA-256 of the token in the browser''s cookie.';
COMMENT ON COLUMN rage.page_sessions.caller_id IS 'The key that it was logged in with.';
COMMENT ON COLUMN rage.page_sessions.created_at IS 'When it was logged in.';
COMMENT ON COLUMN rage.page_sessions.expires_at IS 'When it must log in again.';

CREATE TABLE rage.audit_log (
    entry_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    actor      text NOT NULL,
    action     text NOT NULL,
    object     text NOT NULL,
    object_id  text,
    brand_id   integer,
    details    jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_log_at ON rage.audit_log (at);
CREATE INDEX audit_log_brand ON rage.audit_log (brand_id, at);
CREATE INDEX audit_log_object ON rage.audit_log (object, object_id);
COMMENT ON TABLE  rage.audit_log IS 'Who changed what and when; rows are only ever added, by triggers in the transaction of the change.';
COMMENT ON COLUMN rage.audit_log.entry_id IS 'Order of arrival.';
COMMENT ON COLUMN rage.audit_log.at IS 'When: the start of the transaction.';
COMMENT ON COLUMN rage.audit_log.actor IS 'key:NAME, login:NAME, system for command line and workers, else the role that was logged in.';
COMMENT ON COLUMN rage.audit_log.action IS 'What was done.';
COMMENT ON COLUMN rage.audit_log.object IS 'What it was done to.';
COMMENT ON COLUMN rage.audit_log.object_id IS 'Which one.';
COMMENT ON COLUMN rage.audit_log.brand_id IS 'The brand that it belongs to; null: to none. No foreign key: the log outlives what it tells of.';
COMMENT ON COLUMN rage.audit_log.details IS 'Which columns changed; never their values.';

ALTER TABLE rage.searches ADD COLUMN brand_ids integer[];
COMMENT ON COLUMN rage.searches.brand_ids IS 'The brands that the caller could see; null: every brand.';
ALTER TABLE rage.proposals ADD COLUMN brand_ids integer[];
COMMENT ON COLUMN rage.proposals.brand_ids IS 'The brands that the caller could see; null: every brand.';

-- Whether a prompt has been embedded tells what somebody asked: each caller has vectors of its own.
ALTER TABLE rage.prompt_vectors ADD COLUMN caller_id uuid REFERENCES rage.callers ON DELETE CASCADE;
COMMENT ON COLUMN rage.prompt_vectors.caller_id IS 'Who may use it; null: everybody, for it was embedded by the operator.';
ALTER TABLE rage.prompt_vectors DROP CONSTRAINT prompt_vectors_pkey;
ALTER TABLE rage.prompt_vectors ADD COLUMN vector_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
COMMENT ON COLUMN rage.prompt_vectors.vector_id IS 'Stable number of the vector.';
ALTER TABLE rage.prompt_vectors ADD CONSTRAINT prompt_vectors_unique
    UNIQUE NULLS NOT DISTINCT (space_id, prompt_md5, caller_id);
CREATE INDEX prompt_vectors_caller ON rage.prompt_vectors (caller_id);

CREATE INDEX generations_open ON rage.generations (generation_id) WHERE finished_at IS NULL;

-- The service may make a space, but no table: this function alone does, as its owner.
CREATE OR REPLACE FUNCTION rage.create_space(
    name text, encodes text, encoder text, model text, weights_sha256 text, dimensions integer
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
DECLARE
    new_space  integer;
    part       text;
BEGIN
    -- It makes a table for whoever calls it. Migrations come before the function that tells who that is.
    IF to_regprocedure('rage.is_operator()') IS NOT NULL THEN
        IF NOT rage.is_operator() THEN
            RAISE EXCEPTION 'only the operator makes spaces' USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
    INSERT INTO rage.embedding_spaces (name, encodes, encoder, model, weights_sha256, dimensions)
    VALUES (create_space.name, create_space.encodes, create_space.encoder, create_space.model,
            create_space.weights_sha256, create_space.dimensions)
    RETURNING space_id INTO new_space;

    part := format('embeddings_%s', new_space);
    EXECUTE format(
        'CREATE TABLE rage.%I PARTITION OF rage.embeddings '
        '(CONSTRAINT %I CHECK (vector_dims(embedding) = %s)) FOR VALUES IN (%s)',
        part, part || '_dimensions', create_space.dimensions, new_space);
    EXECUTE format('COMMENT ON TABLE rage.%I IS %L', part, 'Vectors of the space ' || create_space.name || '.');
    -- Whoever may read all tables of the server reads the vectors through the whole table, under its policies.
    EXECUTE format('ALTER TABLE rage.%I ENABLE ROW LEVEL SECURITY', part);
    -- Inline while a row fits its page: a scan that fetches TOAST costs what the planner does not see.
    EXECUTE format(
        'ALTER TABLE rage.%I ALTER COLUMN embedding SET STORAGE %s',
        part, CASE WHEN create_space.dimensions <= 2000 THEN 'PLAIN' ELSE 'EXTERNAL' END);
    EXECUTE format(
        'CREATE INDEX %I ON rage.%I USING hnsw ((embedding::halfvec(%s)) halfvec_cosine_ops) '
        'WITH (m = 16, ef_construction = 64)',
        part || '_hnsw', part, create_space.dimensions);
    RETURN new_space;
END
$function$;
"""

DOWNGRADE = """
CREATE OR REPLACE FUNCTION rage.create_space(
    name text, encodes text, encoder text, model text, weights_sha256 text, dimensions integer
) RETURNS integer
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    new_space  integer;
    part       text;
BEGIN
    INSERT INTO rage.embedding_spaces (name, encodes, encoder, model, weights_sha256, dimensions)
    VALUES (create_space.name, create_space.encodes, create_space.encoder, create_space.model,
            create_space.weights_sha256, create_space.dimensions)
    RETURNING space_id INTO new_space;

    part := format('embeddings_%s', new_space);
    EXECUTE format(
        'CREATE TABLE rage.%I PARTITION OF rage.embeddings '
        '(CONSTRAINT %I CHECK (vector_dims(embedding) = %s)) FOR VALUES IN (%s)',
        part, part || '_dimensions', create_space.dimensions, new_space);
    EXECUTE format('COMMENT ON TABLE rage.%I IS %L', part, 'Vectors of the space ' || create_space.name || '.');
    -- Inline while a row fits its page: a scan that fetches TOAST costs what the planner does not see.
    EXECUTE format(
        'ALTER TABLE rage.%I ALTER COLUMN embedding SET STORAGE %s',
        part, CASE WHEN create_space.dimensions <= 2000 THEN 'PLAIN' ELSE 'EXTERNAL' END);
    EXECUTE format(
        'CREATE INDEX %I ON rage.%I USING hnsw ((embedding::halfvec(%s)) halfvec_cosine_ops) '
        'WITH (m = 16, ef_construction = 64)',
        part || '_hnsw', part, create_space.dimensions);
    RETURN new_space;
END
$function$;
DO $$
DECLARE
    guarded  regclass;
BEGIN
    FOR guarded IN
        SELECT oid FROM pg_class WHERE relnamespace = 'rage'::regnamespace AND relkind IN ('r', 'p') AND relrowsecurity
    LOOP
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', guarded);
    END LOOP;
END $$;
DROP INDEX rage.generations_open;
DELETE FROM rage.prompt_vectors WHERE caller_id IS NOT NULL;
ALTER TABLE rage.prompt_vectors DROP COLUMN caller_id, DROP COLUMN vector_id;
ALTER TABLE rage.prompt_vectors ADD PRIMARY KEY (space_id, prompt_md5);
ALTER TABLE rage.proposals DROP COLUMN brand_ids;
ALTER TABLE rage.searches DROP COLUMN brand_ids;
DROP TABLE rage.audit_log, rage.page_sessions, rage.api_keys, rage.caller_brands, rage.callers;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
