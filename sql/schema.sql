-- The whole schema as PostgreSQL 18 dumps it, but procrastinate_* (the job library's) and the
-- partitions of spaces (embeddings_<number>). Nothing runs this: migrations and sql/ make the schema.
-- Written by tests/schema_snapshot.py; a test compares it with the database.

CREATE SCHEMA rage;

CREATE SCHEMA rage_v1;

CREATE TYPE rage.matching AS (
	condition text,
	within text,
	scanned text,
	listed text,
	tagged boolean
);

COMMENT ON TYPE rage.matching IS 'A filter as the pieces of a statement that ask for it.';

COMMENT ON COLUMN rage.matching.condition IS 'Of rage.images i: all of it, by their columns.';

COMMENT ON COLUMN rage.matching.within IS 'FROM and WHERE that keep of any relation with image_id and brand_id, put in for %s, the rows of images that match.';

COMMENT ON COLUMN rage.matching.scanned IS 'As within, for the few candidates of an index scan: the tags of each are looked up.';

COMMENT ON COLUMN rage.matching.listed IS 'FROM and WHERE that give the image_id of every image i that matches.';

COMMENT ON COLUMN rage.matching.tagged IS 'Whether listed starts from the tags.';

CREATE FUNCTION rage.actor() RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    RETURN coalesce(
        (SELECT c.kind || ':' || c.name FROM rage.callers AS c WHERE c.caller_id = rage.caller_id()),
        CASE
            WHEN pg_has_role(session_user, 'rage_app', 'MEMBER') AND current_setting('rage.caller', true) = 'system'
            THEN 'system'
        END,
        session_user::text);
END
$$;

COMMENT ON FUNCTION rage.actor() IS 'Who asks, as the audit log names them: key:NAME, login:NAME, system, or the role that is logged in.';

CREATE FUNCTION rage.add_space(name text, encodes text, encoder text, model text, weights_sha256 text, dimensions integer) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    known  integer;
BEGIN
    -- Two that add the same at once take turns: the second finds what the first has made.
    PERFORM pg_advisory_xact_lock(hashtextextended('rage.add_space', 0));
    UPDATE rage.embedding_spaces AS s
    SET state = CASE WHEN s.state IN ('idle', 'retired') THEN 'filling' ELSE s.state END,
        trouble = NULL,
        trouble_at = NULL
    WHERE s.encoder = add_space.encoder
      AND s.model = add_space.model
      AND s.weights_sha256 IS NOT DISTINCT FROM add_space.weights_sha256
      AND s.dimensions = add_space.dimensions
      AND s.encodes = add_space.encodes
    RETURNING s.space_id INTO known;
    IF known IS NULL THEN
        known := rage.create_space(name, encodes, encoder, model, weights_sha256, dimensions);
    END IF;
    RETURN known;
END
$$;

COMMENT ON FUNCTION rage.add_space(name text, encodes text, encoder text, model text, weights_sha256 text, dimensions integer) IS 'The space of an encoder, to be filled from now on: made, or taken up again where it was idle or retired.';

CREATE FUNCTION rage.alike_pairs(threshold integer, style_within double precision, filters jsonb, most integer) RETURNS TABLE(image_id bigint, other_id bigint, kind text, distance integer, style_distance double precision)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    SET jit TO 'off'
    AS $_$
DECLARE
    allowed   integer[] := rage.brand_limit();
    wanted    jsonb := rage.resolved(filters, allowed);
    matching  rage.matching := rage.matching(wanted, NULL, allowed, true);
BEGIN
    PERFORM rage.check_likeness(threshold, style_within);
    IF most IS NULL OR most < 1 THEN
        RAISE EXCEPTION 'k must be at least 1, not %', coalesce(most::text, 'null')
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'k';
    END IF;
    RETURN QUERY EXECUTE format($sql$
WITH matches AS MATERIALIZED (
    SELECT i.image_id, i.content_id, min(i.image_id) OVER (PARTITION BY i.content_id) AS first_id
    FROM rage.images AS i
    WHERE %s
),
hashed AS MATERIALIZED (
    SELECT m.image_id, h.hash, h.bands
    FROM matches AS m JOIN rage.picture_hashes AS h USING (content_id)
    WHERE m.image_id = m.first_id AND h.hash IS NOT NULL
),
parts AS MATERIALIZED (
    SELECT h.image_id, h.hash, part.key FROM hashed AS h, unnest(h.bands) AS part (key)
),
near AS (
    SELECT a.image_id, b.image_id AS other_id, a.hash # b.hash AS differs, a.key >> 16 AS part
    FROM parts AS a
    CROSS JOIN unnest(rage.near_masks($4)) AS near (mask)
    JOIN parts AS b ON b.key = a.key # near.mask
    WHERE a.image_id < b.image_id AND bit_count(a.hash # b.hash) <= $4
),
pairs AS (
    SELECT n.image_id, n.other_id, bit_count(n.differs)::integer AS distance
    FROM near AS n
    WHERE (n.part < 1 OR bit_count(substring(n.differs FROM 1 FOR 16)) > $4 / 4)
      AND (n.part < 2 OR bit_count(substring(n.differs FROM 17 FOR 16)) > $4 / 4)
      AND (n.part < 3 OR bit_count(substring(n.differs FROM 33 FOR 16)) > $4 / 4)
),
compared AS (
    SELECT p.*, rage.style_distance($5, p.image_id, p.other_id) AS style FROM pairs AS p OFFSET 0
)
SELECT m.first_id, m.image_id, 'duplicate', 0, NULL::double precision FROM matches AS m WHERE m.image_id <> m.first_id
UNION ALL
SELECT c.image_id, c.other_id, 'look-alike', c.distance, c.style FROM compared AS c WHERE coalesce(c.style <= $6, true)
LIMIT $7$sql$, matching.condition)
    USING wanted, NULL::bigint[], allowed, threshold,
          (SELECT l.space_id FROM rage.search_legs AS l WHERE l.leg = 'style'), style_within, most;
END
$_$;

COMMENT ON FUNCTION rage.alike_pairs(threshold integer, style_within double precision, filters jsonb, most integer) IS 'The pairs of images that pass a filter and show the same bytes or look alike, each once. Of images with the same bytes each is a pair with the first alone, which stands for them all.';

CREATE FUNCTION rage.alike_to(image_id bigint, threshold integer DEFAULT 7, style_within double precision DEFAULT 0.2, filters jsonb DEFAULT '{}'::jsonb, among bigint[] DEFAULT NULL::bigint[]) RETURNS TABLE(alike_id bigint, kind text, distance integer, style_distance double precision)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
DECLARE
    allowed   integer[] := rage.brand_limit();
    wanted    jsonb := rage.resolved(alike_to.filters, allowed);
    matching  rage.matching := rage.matching(wanted, among, allowed, true);
    shown     bigint;
    own       rage.picture_hashes;
BEGIN
    PERFORM rage.check_likeness(threshold, style_within);
    SELECT i.content_id INTO shown
    FROM rage.images AS i
    WHERE i.image_id = alike_to.image_id AND i.deleted_at IS NULL AND (allowed IS NULL OR i.brand_id = ANY (allowed));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no image %', coalesce(alike_to.image_id::text, 'null')
            USING ERRCODE = 'no_data_found', COLUMN = 'image_id';
    END IF;
    SELECT h.* INTO own FROM rage.picture_hashes AS h WHERE h.content_id = shown;
    RETURN QUERY EXECUTE format($sql$
WITH near AS MATERIALIZED (
    SELECT n.content_id, n.distance FROM rage.near_contents($5, $6) AS n
    UNION ALL
    SELECT $7, 0
),
found AS MATERIALIZED (
    SELECT i.image_id, i.content_id = $7 AS same, near.distance,
           CASE WHEN i.content_id <> $7 THEN rage.style_distance($8, $4, i.image_id) END AS style
    FROM near JOIN rage.images AS i USING (content_id)
    WHERE i.image_id <> $4 AND %s
)
SELECT image_id, CASE WHEN same THEN 'duplicate' ELSE 'look-alike' END, distance, style
FROM found
WHERE coalesce(style <= $9, true)
ORDER BY same DESC, distance, style NULLS LAST, image_id$sql$, matching.condition)
    USING wanted, among, allowed, alike_to.image_id, own, threshold, shown,
          (SELECT l.space_id FROM rage.search_legs AS l WHERE l.leg = 'style'), style_within;
END
$_$;

COMMENT ON FUNCTION rage.alike_to(image_id bigint, threshold integer, style_within double precision, filters jsonb, among bigint[]) IS 'The images that show the same bytes as an image, then those that look like it: of whose hash at most so many bits differ, and whose style is no further apart, where both have a vector of it.';

CREATE FUNCTION rage.all_of(clauses text[]) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN array_to_string(clauses, '
      AND '::text);

COMMENT ON FUNCTION rage.all_of(clauses text[]) IS 'The condition that all of these hold.';

CREATE FUNCTION rage.allowed_brands(scope text DEFAULT 'read'::text) RETURNS integer[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
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
$$;

COMMENT ON FUNCTION rage.allowed_brands(scope text) IS 'The brands that who asks may read, write to, generate for or admin; what is shared, everybody may read who may read at all.';

CREATE FUNCTION rage.any_word(words jsonb) RETURNS tsquery
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((words #>> '{stages,-1,words}'::text[]))::tsquery;

COMMENT ON FUNCTION rage.any_word(words jsonb) IS 'Finds the documents that have one of a prompt''s words.';

CREATE FUNCTION rage.as_configuration(configuration text) RETURNS regconfig
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN (format('pg_catalog.%I'::text, configuration))::regconfig;

COMMENT ON FUNCTION rage.as_configuration(configuration text) IS 'A stored configuration for use. It is stored by its name: pg_upgrade refuses columns that hold regconfig.';

CREATE FUNCTION rage.attribute_forms(name text, value jsonb) RETURNS jsonb[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (WITH spellings AS (SELECT attribute_forms.value AS spelling UNION SELECT CASE WHEN (jsonb_typeof(attribute_forms.value) = ANY (ARRAY['number'::text, 'boolean'::text])) THEN to_jsonb((attribute_forms.value #>> '{}'::text[])) WHEN (jsonb_typeof(attribute_forms.value) <> 'string'::text) THEN attribute_forms.value WHEN ((attribute_forms.value #>> '{}'::text[]) ~ '^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?$'::text) THEN to_jsonb(((attribute_forms.value #>> '{}'::text[]))::numeric) WHEN ((attribute_forms.value #>> '{}'::text[]) = ANY (ARRAY['true'::text, 'false'::text])) THEN to_jsonb(((attribute_forms.value #>> '{}'::text[]))::boolean) ELSE attribute_forms.value END AS value) SELECT array_agg(forms.form) AS array_agg FROM spellings, LATERAL (VALUES (jsonb_build_object(attribute_forms.name, spellings.spelling)), (jsonb_build_object(attribute_forms.name, jsonb_build_array(spellings.spelling)))) forms(form));

COMMENT ON FUNCTION rage.attribute_forms(name text, value jsonb) IS 'The objects of which an image''s attributes must contain one to have this value, alone or in a list.';

CREATE FUNCTION rage.attribute_choices(name text, choices jsonb) RETURNS jsonb[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(SELECT f.form FROM jsonb_array_elements(attribute_choices.choices) c(value), LATERAL unnest(rage.attribute_forms(attribute_choices.name, c.value)) f(form));

COMMENT ON FUNCTION rage.attribute_choices(name text, choices jsonb) IS 'The objects of which an image''s attributes must contain one to have one of these values.';

CREATE FUNCTION rage.attribute_clauses(attributes jsonb) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE
    AS $_$
DECLARE
    clauses  text[] := '{}';
    name     text;
    wanted   jsonb;
BEGIN
    IF jsonb_typeof(attributes) <> 'object' THEN
        RAISE EXCEPTION 'attributes must be an object of names and values'
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'attributes';
    END IF;
    FOR name, wanted IN SELECT * FROM jsonb_each(attributes) LOOP
        IF jsonb_typeof(wanted) = 'object' THEN
            IF wanted = '{}' OR EXISTS (
                SELECT FROM jsonb_each(wanted) AS b (operator, bound)
                WHERE operator NOT IN ('gt', 'gte', 'lt', 'lte') OR jsonb_typeof(bound) NOT IN ('number', 'string')
            ) THEN
                RAISE EXCEPTION 'the range of attribute "%" takes gt, gte, lt and lte with a number or a text, not %', name, wanted
                    USING ERRCODE = 'invalid_parameter_value', COLUMN = 'attributes.' || name;
            END IF;
            clauses := clauses || rage.range_clauses(name, wanted);
        ELSIF jsonb_typeof(wanted) = 'array' THEN
            clauses := clauses || format(
                'i.attributes @> ANY (rage.attribute_choices(%1$L, $1 -> ''attributes'' -> %1$L))', name);
        ELSIF wanted = 'null' THEN
            clauses := clauses || format('coalesce(i.attributes -> %1$L, ''null'') = ''null''', name);
        ELSE
            clauses := clauses || format(
                'i.attributes @> ANY (rage.attribute_forms(%1$L, $1 -> ''attributes'' -> %1$L))', name);
        END IF;
    END LOOP;
    RETURN clauses;
END
$_$;

COMMENT ON FUNCTION rage.attribute_clauses(attributes jsonb) IS 'Conditions on i.attributes. Values stay in the parameter $1; only names are written in, quoted.';

CREATE FUNCTION rage.audit_shapes() RETURNS TABLE(shape text, filters jsonb, among bigint[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    PERFORM rage.check_operator();
    RETURN QUERY
        WITH store AS (
            SELECT count(*)::real AS images FROM rage.images AS i WHERE i.deleted_at IS NULL AND i.state = 'approved'
        ),
        tagged AS (
            SELECT t.name, count(*) / s.images AS share
            FROM store AS s, rage.image_tags AS it JOIN rage.tags AS t USING (tag_id)
            GROUP BY t.name, s.images
        ),
        -- The tag whose share is nearest to the one wanted, if it is within a factor of three.
        by_tag AS (
            SELECT DISTINCT ON (w.shape) w.shape, t.name
            FROM (VALUES ('tag, 10 %', 0.1), ('tag, 1 %', 0.01), ('tag, 0.1 %', 0.001)) AS w (shape, share)
            JOIN tagged AS t ON t.share BETWEEN w.share / 3 AND w.share * 3
            ORDER BY w.shape, abs(ln(t.share / w.share)), t.name
        ),
        by_two AS (
            SELECT b.name, t.name AS other
            FROM by_tag AS b
            JOIN rage.tags AS own ON own.name = b.name
            JOIN rage.image_tags AS a ON a.tag_id = own.tag_id
            JOIN rage.image_tags AS it ON it.image_id = a.image_id AND it.tag_id <> a.tag_id
            JOIN rage.tags AS t ON t.tag_id = it.tag_id
            WHERE b.shape = 'tag, 10 %'
            GROUP BY b.name, t.name
            ORDER BY count(*) DESC, t.name
            LIMIT 1
        ),
        by_brand AS (
            SELECT b.name
            FROM store AS s, rage.images AS i JOIN rage.brands AS b USING (brand_id)
            WHERE i.deleted_at IS NULL AND i.state = 'approved'
            GROUP BY b.name, s.images
            HAVING count(*) < s.images
            ORDER BY abs(ln(count(*) / s.images / 0.1)), b.name
            LIMIT 1
        )
        SELECT 'no filter', '{}'::jsonb, NULL::bigint[]
        UNION ALL SELECT 'brand', jsonb_build_object('brand', jsonb_build_array(b.name)), NULL FROM by_brand AS b
        UNION ALL SELECT b.shape, jsonb_build_object('tags_all', jsonb_build_array(b.name)), NULL FROM by_tag AS b
        UNION ALL SELECT 'two tags', jsonb_build_object('tags_all', jsonb_build_array(b.name, b.other)), NULL FROM by_two AS b
        UNION ALL SELECT 'among', '{}', ARRAY(SELECT i.image_id FROM rage.images AS i ORDER BY random() LIMIT 1000);
END
$$;

COMMENT ON FUNCTION rage.audit_shapes() IS 'A filter of each shape for which this store has tags and brands: none, a brand, tags of different frequency, two tags, a list of ids.';

CREATE FUNCTION rage.audited(leg text, vector text, k integer, filters jsonb, among bigint[], exact boolean, OUT distances double precision[], OUT strategy text, OUT matched bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    PERFORM rage.check_operator();
    SELECT array_agg((s.hits -> audited.leg ->> 'distance')::double precision ORDER BY s.rank), min(s.strategy), min(s.matched)
    INTO distances, strategy, matched
    FROM rage.search(
        'audit', audited.k, audited.filters, audited.among, jsonb_build_object(audited.leg, 1),
        jsonb_build_object(audited.leg, audited.vector::jsonb), 0, NULL, audited.exact) AS s;
END
$$;

COMMENT ON FUNCTION rage.audited(leg text, vector text, k integer, filters jsonb, among bigint[], exact boolean, OUT distances double precision[], OUT strategy text, OUT matched bigint) IS 'One search of one leg, by the route that it takes or exactly: the distances of what it found, in order.';

CREATE FUNCTION rage.audited_action(object text, was jsonb, is_now jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN (((was ->> 'erased_at'::text) IS NULL) AND ((is_now ->> 'erased_at'::text) IS NOT NULL)) THEN 'erase'::text WHEN (((was ->> 'deleted_at'::text) IS NULL) AND ((is_now ->> 'deleted_at'::text) IS NOT NULL)) THEN 'delete'::text WHEN (((was ->> 'deleted_at'::text) IS NOT NULL) AND ((is_now ->> 'deleted_at'::text) IS NULL)) THEN 'restore'::text WHEN (((was ->> 'revoked_at'::text) IS NULL) AND ((is_now ->> 'revoked_at'::text) IS NOT NULL)) THEN 'revoke'::text WHEN (((was ->> 'revoked_at'::text) IS NOT NULL) AND ((is_now ->> 'revoked_at'::text) IS NULL)) THEN 'grant'::text WHEN (((was ->> 'kept_at'::text) IS NULL) AND ((is_now ->> 'kept_at'::text) IS NOT NULL)) THEN 'keep'::text WHEN ((object = 'generations'::text) AND ((is_now ->> 'status'::text) = 'cancelled'::text)) THEN 'cancel'::text ELSE 'update'::text END;

COMMENT ON FUNCTION rage.audited_action(object text, was jsonb, is_now jsonb) IS 'What a change of a row amounts to.';

CREATE FUNCTION rage.normal_form(name text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN replace(replace(lower(NORMALIZE(btrim(regexp_replace(name, '[\s ]+'::text, ' '::text, 'g'::text)), NFC)), 'ß'::text, 'ss'::text), 'ς'::text, 'σ'::text);

COMMENT ON FUNCTION rage.normal_form(name text) IS 'How brands and tags are compared: trimmed, inner white space to one blank, NFC, case-folded.';

CREATE TABLE rage.collections (
    collection_id integer NOT NULL,
    brand_id integer NOT NULL,
    name text NOT NULL,
    key text GENERATED ALWAYS AS (rage.normal_form(name)) STORED NOT NULL,
    title text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT collections_name_check CHECK (((name = btrim(name)) AND ((length(name) >= 1) AND (length(name) <= 200))))
);

COMMENT ON TABLE rage.collections IS 'Ordered sets of images, to filter by and to hand over whole as references.';

COMMENT ON COLUMN rage.collections.collection_id IS 'Stable number of the collection.';

COMMENT ON COLUMN rage.collections.brand_id IS 'Whose collection it is; its images may be of other brands.';

COMMENT ON COLUMN rage.collections.name IS 'The name as it was first given.';

COMMENT ON COLUMN rage.collections.key IS 'The name as it is compared.';

COMMENT ON COLUMN rage.collections.title IS 'The name as it is printed, where it differs.';

COMMENT ON COLUMN rage.collections.created_at IS 'When the row was made.';

CREATE TABLE rage.generations (
    generation_id uuid DEFAULT gen_random_uuid() NOT NULL,
    brand_id integer NOT NULL,
    status text DEFAULT 'queued'::text NOT NULL,
    prompt text NOT NULL,
    prompt_sent text,
    purpose text NOT NULL,
    provider text NOT NULL,
    model text,
    parameters jsonb DEFAULT '{}'::jsonb NOT NULL,
    labels jsonb DEFAULT '{}'::jsonb NOT NULL,
    parent_id uuid,
    search_id uuid,
    proposal_id uuid,
    idempotency_key text,
    request_sha256 bytea,
    job_id bigint,
    provider_request_id text,
    usage jsonb,
    cost_usd numeric(14,6),
    timings_ms jsonb DEFAULT '{}'::jsonb NOT NULL,
    error jsonb,
    asked_by text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    expected_usd numeric(14,6),
    retry_of uuid,
    cancel_requested_at timestamp with time zone,
    cancel_requested_by text,
    waits_for text,
    waits_until timestamp with time zone,
    batch_id uuid,
    batch_position integer,
    draft boolean DEFAULT false NOT NULL,
    CONSTRAINT generations_batch_is_whole CHECK (((batch_id IS NULL) = (batch_position IS NULL))),
    CONSTRAINT generations_cost_usd_check CHECK ((cost_usd >= (0)::numeric)),
    CONSTRAINT generations_expected_usd_check CHECK ((expected_usd >= (0)::numeric)),
    CONSTRAINT generations_finished_has_time CHECK (((finished_at IS NULL) = (status = ANY (ARRAY['queued'::text, 'running'::text])))),
    CONSTRAINT generations_labels_check CHECK ((jsonb_typeof(labels) = 'object'::text)),
    CONSTRAINT generations_purpose_check CHECK ((purpose = ANY (ARRAY['compose'::text, 'edit'::text, 'enhance'::text, 'style'::text, 'prototype'::text]))),
    CONSTRAINT generations_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'succeeded'::text, 'refused'::text, 'failed'::text, 'cancelled'::text, 'unknown'::text]))),
    CONSTRAINT generations_waits_for_check CHECK ((waits_for = ANY (ARRAY['retry'::text, 'turn'::text]))),
    CONSTRAINT generations_waits_queued CHECK (((waits_for IS NULL) OR (status = 'queued'::text))),
    CONSTRAINT generations_waits_until_then CHECK (((waits_for IS NULL) = (waits_until IS NULL)))
);

COMMENT ON TABLE rage.generations IS 'The ledger: one row per request for pictures, kept for good.';

COMMENT ON COLUMN rage.generations.generation_id IS 'Stable id of the generation.';

COMMENT ON COLUMN rage.generations.brand_id IS 'The brand that pays.';

COMMENT ON COLUMN rage.generations.status IS 'queued, running, or the outcome; unknown: a crash hid the answer, nothing is retried blindly.';

COMMENT ON COLUMN rage.generations.prompt IS 'The prompt as it was given.';

COMMENT ON COLUMN rage.generations.prompt_sent IS 'The exact text that went to the provider.';

COMMENT ON COLUMN rage.generations.purpose IS 'What the picture is for; shapes the instruction.';

COMMENT ON COLUMN rage.generations.provider IS 'Who makes the picture.';

COMMENT ON COLUMN rage.generations.model IS 'The model asked for; after an answer, the model that answered.';

COMMENT ON COLUMN rage.generations.parameters IS 'Size, quality and whatever else was asked, and what the provider says it did.';

COMMENT ON COLUMN rage.generations.labels IS 'Names and values of the caller: campaign, channel, ticket.';

COMMENT ON COLUMN rage.generations.parent_id IS 'The generation that this one continues.';

COMMENT ON COLUMN rage.generations.search_id IS 'The search that the references came from.';

COMMENT ON COLUMN rage.generations.proposal_id IS 'The proposal that the references came from.';

COMMENT ON COLUMN rage.generations.idempotency_key IS 'The caller''s key: the same key and request is the same generation.';

COMMENT ON COLUMN rage.generations.request_sha256 IS 'Hash of the request that came with the key.';

COMMENT ON COLUMN rage.generations.job_id IS 'The job that does the work.';

COMMENT ON COLUMN rage.generations.provider_request_id IS 'The provider''s own number of the call.';

COMMENT ON COLUMN rage.generations.usage IS 'Tokens by class, as the provider counted them.';

COMMENT ON COLUMN rage.generations.cost_usd IS 'What it cost; null where usage or price is not known, 0 only where nothing is charged.';

COMMENT ON COLUMN rage.generations.timings_ms IS 'Milliseconds by stage: queue, load, fit, call, store.';

COMMENT ON COLUMN rage.generations.error IS 'What went wrong: type, detail, code.';

COMMENT ON COLUMN rage.generations.asked_by IS 'The key or login that asked; null while the service is open.';

COMMENT ON COLUMN rage.generations.created_at IS 'When it was asked.';

COMMENT ON COLUMN rage.generations.started_at IS 'When a worker took it up.';

COMMENT ON COLUMN rage.generations.finished_at IS 'When the outcome was known.';

COMMENT ON COLUMN rage.generations.expected_usd IS 'What it was expected to cost when it was asked for, set aside of the budgets while it is queued; null where nobody could say.';

COMMENT ON COLUMN rage.generations.retry_of IS 'The generation whose request this one makes once more.';

COMMENT ON COLUMN rage.generations.cancel_requested_at IS 'When it was called off while it ran; its worker ends it.';

COMMENT ON COLUMN rage.generations.cancel_requested_by IS 'The key that called it off; null while the service is open.';

COMMENT ON COLUMN rage.generations.waits_for IS 'Of a queued one. retry: its provider turned it away, it is called again; turn: its provider is called as often as may be.';

COMMENT ON COLUMN rage.generations.waits_until IS 'When it is taken up again; one that waits for its turn is called in before, and this is when it looks by itself.';

COMMENT ON COLUMN rage.generations.batch_id IS 'The batch that it is of, if any.';

COMMENT ON COLUMN rage.generations.batch_position IS 'The item of that batch; one that was tried again has several generations.';

COMMENT ON COLUMN rage.generations.draft IS 'Whether its picture is made to be judged, or to be searched by.';

CREATE FUNCTION rage.audited_brand(entry jsonb) RETURNS integer
    LANGUAGE sql STABLE
    SET search_path TO 'rage', 'pg_temp'
    RETURN COALESCE(((entry ->> 'brand_id'::text))::integer, (SELECT g.brand_id FROM rage.generations g WHERE (g.generation_id = ((audited_brand.entry ->> 'generation_id'::text))::uuid)), (SELECT c.brand_id FROM rage.collections c WHERE (c.collection_id = ((audited_brand.entry ->> 'collection_id'::text))::integer)));

COMMENT ON FUNCTION rage.audited_brand(entry jsonb) IS 'The brand of a row, its own or that of what it belongs to; null where there is none.';

CREATE FUNCTION rage.audited_id(entry jsonb, columns text[]) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN (SELECT string_agg((audited_id.entry ->> c.name), '/'::text ORDER BY c.place) AS string_agg FROM unnest(audited_id.columns) WITH ORDINALITY c(name, place));

COMMENT ON FUNCTION rage.audited_id(entry jsonb, columns text[]) IS 'Which row it is: the values of these columns.';

CREATE FUNCTION rage.brand_limit() RETURNS integer[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    RETURN CASE WHEN NOT rage.sees_every_brand() THEN rage.allowed_brands() END;
END
$$;

COMMENT ON FUNCTION rage.brand_limit() IS 'The brands that a search is confined to; null where who asks sees every brand, and no clause is needed.';

CREATE FUNCTION rage.budgets_in_the_way(spender integer, given_labels jsonb, of_batch uuid, next_provider text, next_model text, expected numeric, queueing boolean) RETURNS TABLE(brand text, label_name text, label_value text, batch_id uuid, month date, limit_usd numeric, spent_usd numeric, reserved_usd numeric, calls_without_cost bigint, to_be_waited_for boolean, may_be_shown boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    RETURN QUERY
    WITH counted AS (
        SELECT b.brand, b.label_name, b.label_value, NULL::uuid AS batch_id,
               coalesce(b.month, date_trunc('month', now() AT TIME ZONE 'UTC')::date) AS month,
               d.brand_id, b.limit_usd, b.spent_usd, b.reserved_usd, b.calls_without_cost,
               rage.sees_every_brand() OR coalesce(d.brand_id = ANY (rage.allowed_brands()), false) AS may_be_shown
        FROM rage_v1.budgets AS b
        JOIN rage.budgets AS d USING (budget_id)
        WHERE b.is_in_force
          AND (d.brand_id IS NULL OR d.brand_id = spender)
          AND (d.label_name IS NULL OR given_labels ->> d.label_name = d.label_value)
        UNION ALL
        -- The budget of a batch is for all its calls, in whatever month. Who asks for one of them asked for it.
        SELECT NULL, NULL, NULL, s.batch_id, NULL, NULL, s.budget_usd, u.spent_usd, u.reserved_usd, u.calls_without_cost, true
        FROM rage.generation_batches AS s
        CROSS JOIN LATERAL rage.spent_by_batch(s.batch_id) AS u
        WHERE s.batch_id = of_batch AND s.budget_usd IS NOT NULL
    )
    SELECT b.brand, b.label_name, b.label_value, b.batch_id, b.month,
           b.limit_usd, b.spent_usd, b.reserved_usd + q.queued_usd, b.calls_without_cost,
           b.spent_usd + b.reserved_usd + q.queued_usd < b.limit_usd,
           b.may_be_shown
    FROM counted AS b
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(g.expected_usd), 0) AS queued_usd
        FROM rage.generations AS g
        WHERE queueing
          AND g.finished_at IS NULL
          AND (b.batch_id IS NULL OR g.batch_id = b.batch_id)
          AND (b.brand_id IS NULL OR g.brand_id = b.brand_id)
          AND (b.label_name IS NULL OR g.labels ->> b.label_name = b.label_value)
          -- What its call under way reserves is in the budget's own figure; one that was turned away reserves nothing.
          AND NOT EXISTS (
              SELECT FROM rage.paid_calls AS c
              WHERE c.generation_id = g.generation_id AND c.status = 'started' AND c.purpose <> 'judge')
    ) AS q
    WHERE CASE
              WHEN expected IS NOT NULL THEN expected > 0 AND b.spent_usd + b.reserved_usd + q.queued_usd + expected > b.limit_usd
              WHEN b.spent_usd + b.reserved_usd + q.queued_usd >= b.limit_usd THEN true
              -- Of calls that have prices, and of which nobody can say what they will cost, one at a time.
              ELSE NOT queueing AND rage.is_priced(next_provider, next_model) AND EXISTS (
                  SELECT FROM rage.paid_calls AS c
                  LEFT JOIN rage.generations AS g USING (generation_id)
                  WHERE rage.may_be_under_way(c.status, c.started_at)
                    AND c.expected_usd IS NULL
                    AND rage.is_priced(c.provider, c.model)
                    AND (b.batch_id IS NULL OR g.batch_id = b.batch_id)
                    AND (b.brand_id IS NULL OR c.brand_id = b.brand_id)
                    AND (b.label_name IS NULL OR g.labels ->> b.label_name = b.label_value))
          END;
END
$$;

COMMENT ON FUNCTION rage.budgets_in_the_way(spender integer, given_labels jsonb, of_batch uuid, next_provider text, next_model text, expected numeric, queueing boolean) IS 'The budgets of this month, and that of the batch, that one more call would pass, and those where one whose cost nobody can tell is to be waited for. queueing: what is queued counts too.';

CREATE FUNCTION rage.build_index(space integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    part        text := format('embeddings_%s', space);
    definition  text;
    needed      bigint;
BEGIN
    IF NOT rage.is_operator() THEN
        RAISE EXCEPTION 'only the operator changes indexes' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- Of two that come at once, the second finds that it has been built.
    PERFORM pg_advisory_xact_lock(hashtextextended('rage.build_index', space));
    -- Whoever stores a vector holds the row first: they wait here, where they hold nothing that the building needs.
    SELECT s.index_definition INTO definition
    FROM rage.embedding_spaces AS s WHERE s.space_id = space
    FOR NO KEY UPDATE;
    IF definition IS NULL THEN
        RETURN false;
    END IF;
    IF to_regclass(format('rage.%I', part || '_hnsw')) IS NULL THEN
        -- A graph that does not fit takes many times as long: two bytes a number, its links, at most 2 GB.
        EXECUTE format('SELECT least(count(*) * (2 * max(vector_dims(embedding)) + 2000), 2000000000) / 1024 FROM rage.%I', part)
        INTO needed;
        PERFORM set_config('maintenance_work_mem', greatest(needed, setting::bigint) || 'kB', true)
        FROM pg_settings WHERE name = 'maintenance_work_mem' AND needed IS NOT NULL;
        EXECUTE definition;
    END IF;
    UPDATE rage.embedding_spaces AS s SET index_definition = NULL WHERE s.space_id = space;
    RETURN true;
END
$$;

COMMENT ON FUNCTION rage.build_index(space integer) IS 'Builds the HNSW index of a space that was set aside for a load; whether there was one to build.';

CREATE FUNCTION rage.caller_id() RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
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
$$;

COMMENT ON FUNCTION rage.caller_id() IS 'Who asks: a login by its name, the service by the setting rage.caller. Null for the operator, zeros for nobody.';

CREATE FUNCTION rage.check_bounds(filters jsonb) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    AS $$
DECLARE
    tags   integer := CASE WHEN filters ? 'tags_all' THEN jsonb_array_length(filters -> 'tags_all') END;
    names  bigint := CASE WHEN jsonb_typeof(filters -> 'attributes') = 'object'
                          THEN (SELECT count(*) FROM jsonb_object_keys(filters -> 'attributes')) END;
BEGIN
    -- Each is a condition of its own: planning hundreds of them takes minutes.
    IF tags > 64 THEN
        RAISE EXCEPTION 'tags_all has % tags, at most 64 are possible', tags
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'tags_all';
    ELSIF names > 64 THEN
        RAISE EXCEPTION 'attributes has % names, at most 64 are possible', names
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'attributes';
    END IF;
END
$$;

COMMENT ON FUNCTION rage.check_bounds(filters jsonb) IS 'Refuses a filter that is too large to be planned.';

CREATE FUNCTION rage.check_k(k integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    AS $$
BEGIN
    IF k IS NULL OR k NOT BETWEEN 1 AND 200 THEN
        RAISE EXCEPTION 'k must be from 1 to 200, not %', coalesce(k::text, 'null')
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'k';
    END IF;
END
$$;

COMMENT ON FUNCTION rage.check_k(k integer) IS 'Refuses a number of results that is out of bounds.';

CREATE FUNCTION rage.check_likeness(threshold integer, style_within double precision) RETURNS void
    LANGUAGE plpgsql IMMUTABLE
    AS $$
BEGIN
    IF threshold IS NULL OR threshold NOT BETWEEN 0 AND 11 THEN
        RAISE EXCEPTION 'threshold must be from 0 to 11 bits, not %', coalesce(threshold::text, 'null')
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'threshold';
    ELSIF style_within < 0 OR style_within = 'NaN' THEN
        RAISE EXCEPTION 'style_within must be a distance from 0, or null for any'
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'style_within';
    END IF;
END
$$;

COMMENT ON FUNCTION rage.check_likeness(threshold integer, style_within double precision) IS 'A clear error for bounds that are none.';

CREATE FUNCTION rage.check_operator() RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    IF NOT rage.is_operator() THEN
        RAISE EXCEPTION 'this is the operator''s alone' USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;

COMMENT ON FUNCTION rage.check_operator() IS 'Refuses everybody but the operator.';

CREATE FUNCTION rage.check_request(prompt text, k integer, min_relevance real) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    AS $$
BEGIN
    IF btrim(coalesce(prompt, ''), E' \t\r\n') = '' THEN
        RAISE EXCEPTION 'the prompt is empty' USING ERRCODE = 'invalid_parameter_value', COLUMN = 'prompt';
    ELSIF length(prompt) > 32000 THEN
        RAISE EXCEPTION 'the prompt has % characters, at most 32000 are possible', length(prompt)
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'prompt';
    ELSIF min_relevance IS NULL OR min_relevance NOT BETWEEN 0 AND 1 THEN
        RAISE EXCEPTION 'min_relevance must be from 0 to 1' USING ERRCODE = 'invalid_parameter_value', COLUMN = 'min_relevance';
    END IF;
    PERFORM rage.check_k(k);
    RETURN btrim(prompt, E' \t\r\n');
END
$$;

COMMENT ON FUNCTION rage.check_request(prompt text, k integer, min_relevance real) IS 'The prompt without white space around it, or a clear error.';

CREATE FUNCTION rage.checked_vector(given jsonb, leg text, dimensions integer) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    parsed halfvec;
BEGIN
    IF jsonb_typeof(given) <> 'array' OR jsonb_array_length(given) <> dimensions THEN
        RAISE EXCEPTION 'the vector of leg "%" must be an array of % numbers', leg, dimensions
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'vectors.' || leg;
    END IF;
    BEGIN
        parsed := given::text::halfvec;
    EXCEPTION WHEN data_exception THEN
        RAISE EXCEPTION 'the vector of leg "%" must be an array of % numbers', leg, dimensions
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'vectors.' || leg;
    END;
    IF l2_norm(parsed) = 0 THEN
        RAISE EXCEPTION 'the vector of leg "%" is zero: it has no direction to compare', leg
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'vectors.' || leg;
    END IF;
    RETURN to_jsonb(parsed::text);
END
$$;

COMMENT ON FUNCTION rage.checked_vector(given jsonb, leg text, dimensions integer) IS 'A query vector that may be compared, as pgvector writes it, or a clear error.';

CREATE FUNCTION rage.compared(leg text, vector text, k integer) RETURNS TABLE(image_id bigint, distance double precision)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    SET jit TO 'off'
    AS $_$
DECLARE
    space  rage.embedding_spaces := rage.compared_by(compared.leg);
BEGIN
    PERFORM rage.check_operator();
    RETURN QUERY EXECUTE format(
        -- Not cast as the index casts them: every vector is read.
        'SELECT e.image_id, e.embedding <=> $1::halfvec(%s) AS distance FROM rage.%I AS e ORDER BY distance, e.image_id LIMIT $2',
        space.dimensions, 'embeddings_' || space.space_id)
    USING compared.vector, compared.k;
END
$_$;

COMMENT ON FUNCTION rage.compared(leg text, vector text, k integer) IS 'The k nearest images of a leg''s space, every vector compared.';

CREATE TABLE rage.embedding_spaces (
    space_id integer NOT NULL,
    name text NOT NULL,
    encodes text NOT NULL,
    encoder text NOT NULL,
    model text NOT NULL,
    weights_sha256 text,
    dimensions integer NOT NULL,
    state text DEFAULT 'filling'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    candidate_cost real DEFAULT 4 NOT NULL,
    ef_search integer DEFAULT 300 NOT NULL,
    trouble text,
    trouble_at timestamp with time zone,
    index_definition text,
    CONSTRAINT embedding_spaces_candidate_cost_check CHECK ((candidate_cost > (0)::double precision)),
    CONSTRAINT embedding_spaces_dimensions_check CHECK (((dimensions >= 1) AND (dimensions <= 4000))),
    CONSTRAINT embedding_spaces_ef_search_check CHECK (((ef_search >= 10) AND (ef_search <= 1000))),
    CONSTRAINT embedding_spaces_encodes_check CHECK ((encodes = ANY (ARRAY['image'::text, 'caption'::text, 'style'::text]))),
    CONSTRAINT embedding_spaces_name_check CHECK ((name ~ '^[a-z0-9][a-z0-9._:-]*$'::text)),
    CONSTRAINT embedding_spaces_state_check CHECK ((state = ANY (ARRAY['idle'::text, 'filling'::text, 'ready'::text, 'retired'::text]))),
    CONSTRAINT embedding_spaces_weights_sha256_check CHECK ((weights_sha256 ~ '^[0-9a-f]{64}$'::text))
);

COMMENT ON TABLE rage.embedding_spaces IS 'Spaces of comparable vectors. Each row stands for a partition of embeddings and its HNSW index, made by rage.create_space.';

COMMENT ON COLUMN rage.embedding_spaces.space_id IS 'Stable number of the space; its partition is embeddings_<number>.';

COMMENT ON COLUMN rage.embedding_spaces.name IS 'What people call the space.';

COMMENT ON COLUMN rage.embedding_spaces.encodes IS 'What is embedded: the image, its caption, or its style.';

COMMENT ON COLUMN rage.embedding_spaces.encoder IS 'The provider that embeds.';

COMMENT ON COLUMN rage.embedding_spaces.model IS 'The model within the provider.';

COMMENT ON COLUMN rage.embedding_spaces.weights_sha256 IS 'SHA-256 of the weights where they are local: other weights are another space.';

COMMENT ON COLUMN rage.embedding_spaces.dimensions IS 'Length of every vector of the space.';

COMMENT ON COLUMN rage.embedding_spaces.state IS 'idle: nobody fills it; filling: on its way; ready: it has been active and is kept up; retired: its vectors are gone.';

COMMENT ON COLUMN rage.embedding_spaces.created_at IS 'When the row was made.';

COMMENT ON COLUMN rage.embedding_spaces.candidate_cost IS 'What reading one candidate from the HNSW index costs, in comparisons of one vector without it.';

COMMENT ON COLUMN rage.embedding_spaces.ef_search IS 'How many candidates a scan of the HNSW index reads at least; more find more.';

COMMENT ON COLUMN rage.embedding_spaces.trouble IS 'Why filling it does not go on; null where nothing is in the way.';

COMMENT ON COLUMN rage.embedding_spaces.trouble_at IS 'When that was found.';

COMMENT ON COLUMN rage.embedding_spaces.index_definition IS 'The statement that builds its HNSW index when a load is over, which is faster; null while it has one.';

CREATE FUNCTION rage.compared_by(leg text) RETURNS rage.embedding_spaces
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    space  rage.embedding_spaces;
BEGIN
    SELECT s.* INTO space
    FROM rage.search_legs AS l JOIN rage.embedding_spaces AS s USING (space_id)
    WHERE l.leg = compared_by.leg;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'images cannot be compared by "%": there are %', coalesce(compared_by.leg, 'null'),
            (SELECT string_agg(l.leg, ', ' ORDER BY l.leg) FROM rage.search_legs AS l WHERE l.space_id IS NOT NULL)
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'by';
    END IF;
    RETURN space;
END
$$;

COMMENT ON FUNCTION rage.compared_by(leg text) IS 'The active space of a leg, or a clear error.';

CREATE FUNCTION rage.compared_leg(leg text, space integer, dimensions integer, matching rage.matching, wide boolean) RETURNS text
    LANGUAGE sql STABLE
    RETURN (SELECT format('
        SELECT image_id, embedding OPERATOR(%3$I.<=>) ($5 ->> %1$L)::%3$I.halfvec(%2$s) AS distance
        FROM %4$s'::text, compared_leg.leg, compared_leg.dimensions, n.nspname, CASE WHEN (compared_leg.wide AND (NOT (compared_leg.matching).tagged)) THEN format((compared_leg.matching).within, ('rage.embeddings_'::text || compared_leg.space)) ELSE format('rage.embeddings_%s WHERE image_id = ANY (ARRAY(SELECT %s))'::text, compared_leg.space, CASE WHEN compared_leg.wide THEN ('i.image_id FROM '::text || (compared_leg.matching).listed) ELSE 'image_id FROM matches'::text END) END) AS format FROM (pg_extension x JOIN pg_namespace n ON ((n.oid = x.extnamespace))) WHERE (x.extname = 'vector'::name));

COMMENT ON FUNCTION rage.compared_leg(leg text, space integer, dimensions integer, matching rage.matching, wide boolean) IS 'The matches of a vector leg, each with its exact cosine distance.';

CREATE FUNCTION rage.plain_model(model text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN regexp_replace(regexp_replace(model, '^.*/'::text, ''::text), '-([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}|[0-9]{3,4}|preview-[0-9]{2}-[0-9]{2,4})$|:latest$'::text, ''::text);

COMMENT ON FUNCTION rage.plain_model(model text) IS 'A model''s name without the path before it and the date behind it: what a dated snapshot is a state of.';

CREATE TABLE rage.prices (
    provider text NOT NULL,
    model text NOT NULL,
    token_class text NOT NULL,
    effective_from date NOT NULL,
    usd_per_million numeric(12,6) NOT NULL,
    CONSTRAINT prices_token_class_check CHECK ((token_class = ANY (ARRAY['text_input'::text, 'image_input'::text, 'cached_text_input'::text, 'cached_image_input'::text, 'text_output'::text, 'image_output'::text]))),
    CONSTRAINT prices_usd_per_million_check CHECK ((usd_per_million >= (0)::numeric))
);

COMMENT ON TABLE rage.prices IS 'What a million tokens cost, by model, class of token and day; edit it as prices change.';

COMMENT ON COLUMN rage.prices.provider IS 'Who charges.';

COMMENT ON COLUMN rage.prices.model IS 'The model.';

COMMENT ON COLUMN rage.prices.token_class IS 'Which tokens.';

COMMENT ON COLUMN rage.prices.effective_from IS 'First day of this price.';

COMMENT ON COLUMN rage.prices.usd_per_million IS 'US dollars per million tokens.';

CREATE FUNCTION rage.cost_of(provider text, model text, tokens jsonb, day date) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'rage', 'pg_temp'
    RETURN (SELECT CASE WHEN bool_and((p.price IS NOT NULL)) THEN round((sum(((t.tokens)::numeric * p.price)) / (1000000)::numeric), 6) ELSE NULL::numeric END AS "case" FROM (jsonb_each_text(cost_of.tokens) t(token_class, tokens) LEFT JOIN LATERAL (SELECT p_1.usd_per_million AS price FROM rage.prices p_1 WHERE ((p_1.provider = cost_of.provider) AND (p_1.model = ANY (ARRAY[cost_of.model, rage.plain_model(cost_of.model)])) AND (p_1.token_class = t.token_class) AND (p_1.effective_from <= cost_of.day)) ORDER BY (p_1.model = cost_of.model) DESC, p_1.effective_from DESC LIMIT 1) p ON (true)) WHERE (t.tokens <> '0'::text));

COMMENT ON FUNCTION rage.cost_of(provider text, model text, tokens jsonb, day date) IS 'US dollars for tokens by class at the prices of a day; null where there are no tokens, or a class that was used has no price.';

CREATE FUNCTION rage.count_brand_words(brand integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    -- A search counts by itself what no more documents have: some tenths of a millisecond.
    few  constant integer := 100;
BEGIN
    DELETE FROM rage.common_words AS w WHERE w.brand_id = brand;
    INSERT INTO rage.common_words (brand_id, lexeme, documents)
    SELECT brand, s.word, s.ndoc
    FROM ts_stat(format('SELECT words FROM rage.image_documents WHERE ARRAY[brand_id] && ARRAY[%s]', brand)) AS s
    WHERE s.ndoc > few;

    INSERT INTO rage.text_configurations AS c (brand_id, configuration, documents, changed, counted_at)
    SELECT brand, configuration, count(d.image_id), 0, now()
    FROM (SELECT image_id, configuration FROM rage.image_documents WHERE ARRAY[brand_id] && ARRAY[brand]) AS d
    FULL JOIN (SELECT configuration FROM rage.text_configurations WHERE brand_id = brand) AS known USING (configuration)
    GROUP BY configuration
    ON CONFLICT (brand_id, configuration) DO UPDATE
    SET documents = excluded.documents, changed = 0, counted_at = excluded.counted_at;
END
$$;

COMMENT ON FUNCTION rage.count_brand_words(brand integer) IS 'Counts the words and languages of one brand''s documents anew.';

CREATE FUNCTION rage.count_words() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    stale  integer;
BEGIN
    IF NOT rage.is_operator() THEN
        RAISE EXCEPTION 'only the operator has words counted' USING ERRCODE = 'insufficient_privilege';
    END IF;
    FOR stale IN
        SELECT c.brand_id
        FROM rage.text_configurations AS c
        GROUP BY c.brand_id
        -- A tenth, so that counting stays a small part of importing.
        HAVING sum(c.changed) > 0.1 * sum(c.documents) + 100
            OR (sum(c.changed) > 0 AND min(c.counted_at) < now() - interval '1 day')
        ORDER BY c.brand_id
    LOOP
        -- Two workers do not count the same brand.
        IF pg_try_advisory_xact_lock('rage.common_words'::regclass::integer, stale) THEN
            PERFORM rage.count_brand_words(stale);
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END
$$;

COMMENT ON FUNCTION rage.count_words() IS 'Counts the words of one brand, of whose documents many were written since they were counted, or some and that was a day ago; whether there was one.';

CREATE FUNCTION rage.counted(filter text, wide boolean, found text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN (NOT wide) THEN '(SELECT count(*) FROM matches)'::text ELSE format('greatest((SELECT count(*) FROM %I), coalesce($12, (SELECT count(*) FROM (SELECT FROM rage.images AS i WHERE %s LIMIT rage.most_counted()) AS counted)))'::text, found, filter) END;

COMMENT ON FUNCTION rage.counted(filter text, wide boolean, found text) IS 'How many images match, as an expression of a statement; found: the CTE with what was found of them.';

CREATE FUNCTION rage.create_space(name text, encodes text, encoder text, model text, weights_sha256 text, dimensions integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $$
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
        'WITH (m = 24, ef_construction = 200)',
        part || '_hnsw', part, create_space.dimensions);
    RETURN new_space;
END
$$;

COMMENT ON FUNCTION rage.create_space(name text, encodes text, encoder text, model text, weights_sha256 text, dimensions integer) IS 'Makes an embedding space: its row, its partition of embeddings, and the HNSW index on it.';

CREATE TABLE rage.paid_calls (
    call_id bigint NOT NULL,
    brand_id integer NOT NULL,
    generation_id uuid,
    purpose text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    status text DEFAULT 'started'::text NOT NULL,
    provider_request_id text,
    usage jsonb,
    cost_usd numeric(14,6),
    error jsonb,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    tokens jsonb,
    expected_usd numeric(14,6),
    CONSTRAINT paid_calls_cost_usd_check CHECK ((cost_usd >= (0)::numeric)),
    CONSTRAINT paid_calls_expected_usd_check CHECK ((expected_usd >= (0)::numeric)),
    CONSTRAINT paid_calls_purpose_check CHECK ((purpose = ANY (ARRAY['generation'::text, 'caption'::text, 'embedding'::text, 'planner'::text, 'judge'::text, 'draft'::text]))),
    CONSTRAINT paid_calls_status_check CHECK ((status = ANY (ARRAY['started'::text, 'succeeded'::text, 'refused'::text, 'failed'::text, 'unknown'::text]))),
    CONSTRAINT paid_calls_tokens_check CHECK ((jsonb_typeof(tokens) = 'object'::text))
);

COMMENT ON TABLE rage.paid_calls IS 'Every call that may cost money, written before it is made.';

COMMENT ON COLUMN rage.paid_calls.call_id IS 'Stable number of the call.';

COMMENT ON COLUMN rage.paid_calls.brand_id IS 'The brand that pays.';

COMMENT ON COLUMN rage.paid_calls.generation_id IS 'The generation that it belongs to, if any.';

COMMENT ON COLUMN rage.paid_calls.purpose IS 'What the call was for.';

COMMENT ON COLUMN rage.paid_calls.provider IS 'Who was called.';

COMMENT ON COLUMN rage.paid_calls.model IS 'The model that was called.';

COMMENT ON COLUMN rage.paid_calls.status IS 'started until the answer is known; unknown: it never will be.';

COMMENT ON COLUMN rage.paid_calls.provider_request_id IS 'The provider''s own number of the call.';

COMMENT ON COLUMN rage.paid_calls.usage IS 'Tokens by class, as the provider counted them.';

COMMENT ON COLUMN rage.paid_calls.cost_usd IS 'What it cost; null where usage or price is not known.';

COMMENT ON COLUMN rage.paid_calls.error IS 'What went wrong.';

COMMENT ON COLUMN rage.paid_calls.started_at IS 'When the call was about to be made.';

COMMENT ON COLUMN rage.paid_calls.finished_at IS 'When the answer was known.';

COMMENT ON COLUMN rage.paid_calls.tokens IS 'The usage by the classes that prices are kept for; null where it does not tell them.';

COMMENT ON COLUMN rage.paid_calls.expected_usd IS 'What it was expected to cost, set aside of the budgets while it is under way; null where nobody could say.';

CREATE FUNCTION rage.dearest_call(provider text, model text, purpose text) RETURNS numeric
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'rage', 'pg_temp'
    RETURN (SELECT max(c.cost_usd) AS max FROM rage.paid_calls c WHERE ((c.provider = dearest_call.provider) AND (rage.plain_model(c.model) = rage.plain_model(dearest_call.model)) AND (c.purpose = dearest_call.purpose) AND (c.status = 'succeeded'::text) AND (c.started_at > (now() - '31 days'::interval))));

COMMENT ON FUNCTION rage.dearest_call(provider text, model text, purpose text) IS 'The most that a call of a model cost in the last 31 days; null where none of known cost was made.';

CREATE FUNCTION rage.default_filters(filters jsonb) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (jsonb_build_object('state', jsonb_build_array('approved'), 'usable_on', CURRENT_DATE) || filters);

COMMENT ON FUNCTION rage.default_filters(filters jsonb) IS 'A search finds what is approved unless states are named; of what is approved, only what is usable today.';

CREATE FUNCTION rage.describe_output(of_generation uuid, at_position integer, first_title text, said jsonb, keeper text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    output   record;
    words    text;
    is_said  boolean := said ? 'caption';
BEGIN
    -- Whoever may have pictures made may keep them, and need not have the right to write to the brand's images: of
    -- those, only a generated one is touched, once, and only where nobody has said anything.
    SELECT i.image_id, i.brand_id, g.prompt_sent IS NOT NULL AS is_prompted
    INTO output
    FROM rage.generation_outputs AS o
    JOIN rage.generations AS g USING (generation_id)
    JOIN rage.images AS i ON i.image_id = o.image_id AND i.brand_id = g.brand_id
    WHERE o.generation_id = of_generation AND o.position = at_position
      AND g.brand_id = ANY (rage.allowed_brands('generate'))
      AND i.origin = 'generated' AND i.deleted_at IS NULL
      AND NOT EXISTS (SELECT FROM rage.generation_outputs AS k WHERE k.image_id = o.image_id AND k.kept_at IS NOT NULL)
    FOR NO KEY UPDATE OF i;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    UPDATE rage.images AS i
    SET title = CASE WHEN said ? 'title' AND i.title IS NOT DISTINCT FROM first_title THEN said ->> 'title' ELSE i.title END,
        kind = CASE WHEN i.kind = 'other' THEN coalesce(said ->> 'kind', rage.drafted_kind(of_generation)) ELSE i.kind END,
        updated_at = now()
    WHERE i.image_id = output.image_id;

    IF NOT EXISTS (SELECT FROM rage.captions AS c WHERE c.image_id = output.image_id AND (c.source <> 'generation' OR NOT c.is_current)) THEN
        words := CASE
            WHEN is_said THEN said ->> 'caption'
            ELSE rage.drafted_caption(of_generation, (SELECT c.text FROM rage.captions AS c
                                                      WHERE c.image_id = output.image_id AND c.is_current AND output.is_prompted))
        END;
        UPDATE rage.captions AS c
        SET is_current = false
        WHERE c.image_id = output.image_id AND c.is_current AND (is_said OR words IS NOT NULL) AND c.text IS DISTINCT FROM words;
        INSERT INTO rage.captions (brand_id, image_id, revision, text, source, author)
        SELECT output.brand_id, output.image_id, 1 + coalesce((SELECT max(c.revision) FROM rage.captions AS c WHERE c.image_id = output.image_id), 0),
               words, CASE WHEN is_said THEN 'person' ELSE 'generation' END, CASE WHEN is_said THEN keeper END
        WHERE words IS NOT NULL
          AND NOT EXISTS (SELECT FROM rage.captions AS c WHERE c.image_id = output.image_id AND c.is_current);
    END IF;

    IF NOT EXISTS (SELECT FROM rage.image_tags AS it WHERE it.image_id = output.image_id) THEN
        WITH names AS (
            SELECT DISTINCT unnest(CASE WHEN said ? 'tags' THEN rage.texts(said -> 'tags') ELSE rage.drafted_tags(of_generation) END) AS name
        ),
        new AS (
            INSERT INTO rage.tags (brand_id, name)
            SELECT output.brand_id, n.name FROM names AS n
            WHERE NOT EXISTS (SELECT FROM rage.tags AS t WHERE t.brand_id = output.brand_id AND t.name = n.name)
            ON CONFLICT (brand_id, name) DO NOTHING
            RETURNING tag_id
        )
        INSERT INTO rage.image_tags (brand_id, image_id, tag_id)
        SELECT output.brand_id, output.image_id, w.tag_id
        FROM (
            SELECT new.tag_id FROM new
            UNION ALL
            SELECT t.tag_id FROM names AS n JOIN rage.tags AS t ON t.brand_id = output.brand_id AND t.name = n.name
        ) AS w;
    END IF;

    INSERT INTO rage.image_products (brand_id, image_id, sku, position)
    SELECT output.brand_id, output.image_id, d.sku, d.place - 1
    FROM unnest(rage.drafted_skus(of_generation)) WITH ORDINALITY AS d (sku, place)
    WHERE NOT EXISTS (SELECT FROM rage.image_products AS p WHERE p.brand_id = output.brand_id AND p.image_id = output.image_id);

    PERFORM rage.refresh_documents(ARRAY[output.image_id]);
END
$$;

COMMENT ON FUNCTION rage.describe_output(of_generation uuid, at_position integer, first_title text, said jsonb, keeper text) IS 'Gives a generated picture that is kept for the first time its words: what the keeper says, else drafts; what somebody has said of it before stays. Whoever calls it holds the lock of the brand, as imports do.';

CREATE FUNCTION rage.described_alike(image_id bigint, threshold integer, style_within double precision, k integer, filters jsonb, among bigint[]) RETURNS TABLE(rank integer, alike_id bigint, external_id text, brand text, skus text[], title text, tags text[], kind text, distance integer, style_distance double precision)
    LANGUAGE plpgsql STABLE ROWS 20
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
BEGIN
    PERFORM rage.check_k(k);
    RETURN QUERY
    SELECT found.place::integer, found.alike_id, i.external_id, i.brand, i.skus, i.title, i.tags,
           found.kind, found.distance, found.style_distance
    FROM rage.alike_to($1, $2, $3, $5, $6) WITH ORDINALITY AS found (alike_id, kind, distance, style_distance, place)
    LEFT JOIN LATERAL (
        SELECT v.external_id, v.brand, v.skus, v.title, v.tags FROM rage_v1.images AS v WHERE v.image_id = found.alike_id OFFSET 0
    ) AS i ON true
    WHERE found.place <= k
    ORDER BY found.place;
END
$_$;

COMMENT ON FUNCTION rage.described_alike(image_id bigint, threshold integer, style_within double precision, k integer, filters jsonb, among bigint[]) IS 'The first k rows of rage.alike_to with the images as rage_v1.images shows them.';

CREATE FUNCTION rage.described_nearest(image_id bigint, by text, k integer, filters jsonb, among bigint[]) RETURNS TABLE(rank integer, similar_id bigint, external_id text, brand text, skus text[], title text, tags text[], distance double precision, strategy text, matched bigint, complete boolean)
    LANGUAGE plpgsql STABLE ROWS 20
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
BEGIN
    RETURN QUERY
    SELECT found.rank, found.similar_id, i.external_id, i.brand, i.skus, i.title, i.tags,
           found.distance, found.strategy, found.matched, found.complete
    FROM rage.nearest($1, $2, $3, $4, $5) AS found
    LEFT JOIN LATERAL (
        SELECT v.external_id, v.brand, v.skus, v.title, v.tags FROM rage_v1.images AS v WHERE v.image_id = found.similar_id OFFSET 0
    ) AS i ON true
    ORDER BY found.rank;
END
$_$;

COMMENT ON FUNCTION rage.described_nearest(image_id bigint, by text, k integer, filters jsonb, among bigint[]) IS 'The rows of rage.nearest with the images as rage_v1.images shows them.';

CREATE FUNCTION rage.described_search(prompt text, k integer, filters jsonb, among bigint[], legs jsonb, vectors jsonb, min_relevance real, without bigint[]) RETURNS TABLE(rank integer, image_id bigint, external_id text, brand text, skus text[], title text, tags text[], score double precision, hits jsonb, strategy text, matched bigint, complete boolean)
    LANGUAGE plpgsql STABLE ROWS 20
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
BEGIN
    RETURN QUERY
    SELECT found.rank, found.image_id, i.external_id, i.brand, i.skus, i.title, i.tags,
           found.score, found.hits, found.strategy, found.matched, found.complete
    FROM rage.search($1, $2, $3, $4, $5, $6, $7, $8) AS found
    LEFT JOIN LATERAL (
        SELECT v.external_id, v.brand, v.skus, v.title, v.tags FROM rage_v1.images AS v WHERE v.image_id = found.image_id OFFSET 0
    ) AS i ON true
    ORDER BY found.rank;
END
$_$;

COMMENT ON FUNCTION rage.described_search(prompt text, k integer, filters jsonb, among bigint[], legs jsonb, vectors jsonb, min_relevance real, without bigint[]) IS 'The rows of rage.search with the images as rage_v1.images shows them.';

CREATE FUNCTION rage.document_words(language regconfig, title text, tags text, skus text, caption text, seen text, visible_text text, brand text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT ts_delete(((((((((((((setweight(to_tsvector(document_words.language, COALESCE(document_words.title, ''::text)), 'A'::"char") || g.gap) || setweight(to_tsvector(document_words.language, COALESCE(document_words.tags, ''::text)), 'B'::"char")) || g.gap) || setweight(to_tsvector('simple'::regconfig, COALESCE(document_words.skus, ''::text)), 'B'::"char")) || g.gap) || setweight(to_tsvector(document_words.language, COALESCE(document_words.caption, ''::text)), 'C'::"char")) || g.gap) || setweight(to_tsvector(document_words.language, COALESCE(document_words.seen, ''::text)), 'D'::"char")) || g.gap) || setweight(to_tsvector(document_words.language, COALESCE(document_words.visible_text, ''::text)), 'D'::"char")) || g.gap) || setweight(to_tsvector('simple'::regconfig, document_words.brand), 'D'::"char")), '|'::text) AS ts_delete FROM (VALUES ('''|'':100'::tsvector)) g(gap));

COMMENT ON FUNCTION rage.document_words(language regconfig, title text, tags text, skus text, caption text, seen text, visible_text text, brand text) IS 'The words of an image, in its language; SKUs and the brand''s name as they stand.';

CREATE TABLE rage.text_configurations (
    brand_id integer NOT NULL,
    configuration text NOT NULL,
    documents integer DEFAULT 0 NOT NULL,
    changed integer DEFAULT 0 NOT NULL,
    counted_at timestamp with time zone
);

COMMENT ON TABLE rage.text_configurations IS 'In which languages a brand''s documents are stemmed: those that a prompt is read in.';

COMMENT ON COLUMN rage.text_configurations.brand_id IS 'Whose documents.';

COMMENT ON COLUMN rage.text_configurations.configuration IS 'A text search configuration of pg_catalog.';

COMMENT ON COLUMN rage.text_configurations.documents IS 'About how many documents: counted, and those that were added since.';

COMMENT ON COLUMN rage.text_configurations.changed IS 'How many were written since their words were counted.';

COMMENT ON COLUMN rage.text_configurations.counted_at IS 'When their words were counted; null: never.';

CREATE FUNCTION rage.documents_of(allowed integer[]) RETURNS bigint
    LANGUAGE sql STABLE
    SET search_path TO 'rage', 'pg_temp'
    RETURN (SELECT COALESCE(sum(c.documents), (0)::bigint) AS "coalesce" FROM rage.text_configurations c WHERE ((documents_of.allowed IS NULL) OR (c.brand_id = ANY (documents_of.allowed))));

COMMENT ON FUNCTION rage.documents_of(allowed integer[]) IS 'About how many documents the allowed brands have; null: all brands.';

CREATE FUNCTION rage.documents_where(condition text, within text, wide boolean) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN format(CASE WHEN wide THEN within ELSE '%s AS i WHERE i.image_id IN (SELECT image_id FROM matches)'::text END, (('(SELECT d.image_id, d.brand_id, d.words FROM rage.image_documents AS d WHERE (rage.searched_brands($1, $3) IS NULL OR ARRAY[d.brand_id] && rage.searched_brands($1, $3)) AND '::text || condition) || ')'::text));

COMMENT ON FUNCTION rage.documents_where(condition text, within text, wide boolean) IS 'Of the images that match, the documents d for which a condition holds: FROM and WHERE.';

CREATE FUNCTION rage.documents_with(term tsquery, forms text[], allowed integer[]) RETURNS bigint
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
DECLARE
    -- Weights are logarithms: a word that a thousand documents have is common enough.
    bound      constant integer := 1000;
    counted    bigint;
    in_which   integer[];
    found_now  bigint;
BEGIN
    SELECT coalesce(sum(w.documents), 0), array_agg(w.brand_id) INTO counted, in_which
    FROM rage.common_words AS w
    WHERE w.lexeme = ANY (forms) AND (allowed IS NULL OR w.brand_id = ANY (allowed));
    IF counted >= bound THEN
        RETURN counted;
    ELSIF counted > 0 THEN
        allowed := ARRAY(
            SELECT b.brand_id FROM rage.brands AS b
            WHERE (allowed IS NULL OR b.brand_id = ANY (allowed)) AND b.brand_id <> ALL (in_which));
    END IF;
    -- Planned with its values, like a search. A GIN index is read to its end before the first row comes: without
    -- the brand in it, what another brand has often would be read through.
    EXECUTE 'SELECT count(*) FROM (
                 SELECT FROM rage.image_documents AS d
                 WHERE d.words @@ $1' || CASE WHEN allowed IS NULL THEN '' ELSE ' AND ARRAY[d.brand_id] && $2' END || '
                 LIMIT $3
             ) AS found'
    INTO found_now USING term, allowed, bound;
    RETURN counted + found_now;
END
$_$;

COMMENT ON FUNCTION rage.documents_with(term tsquery, forms text[], allowed integer[]) IS 'About how many documents of the allowed brands (null: all) have a term, in one of these forms: counted ahead, the rest now, up to a thousand.';

CREATE TABLE rage.brands (
    brand_id integer NOT NULL,
    name text NOT NULL,
    key text GENERATED ALWAYS AS (rage.normal_form(name)) STORED NOT NULL,
    title text,
    guidelines text,
    reserved boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    language text,
    palette text[] DEFAULT '{}'::text[] NOT NULL,
    words_to_avoid text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT brands_language_check CHECK ((language ~ '^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$'::text)),
    CONSTRAINT brands_name_check CHECK (((name = btrim(name)) AND ((length(name) >= 1) AND (length(name) <= 100)))),
    CONSTRAINT brands_palette_of_colours CHECK (((cardinality(palette) <= 16) AND (array_position(palette, NULL::text) IS NULL) AND (array_position(palette, ''::text) IS NULL) AND (length(array_to_string(palette, '
'::text)) <= 1000) AND (array_to_string(palette, '
'::text) ~ '^(#[0-9a-f]{6}( [^\n]+)?(\n|$))*$'::text))),
    CONSTRAINT brands_words_to_avoid_are_words CHECK (((cardinality(words_to_avoid) <= 100) AND (array_position(words_to_avoid, NULL::text) IS NULL) AND (array_position(words_to_avoid, ''::text) IS NULL) AND (length(array_to_string(words_to_avoid, ''::text)) <= 6000)))
);

COMMENT ON TABLE rage.brands IS 'Who an image belongs to and who pays for a generation: the boundary of access.';

COMMENT ON COLUMN rage.brands.brand_id IS 'Stable number of the brand.';

COMMENT ON COLUMN rage.brands.name IS 'The name as it was first given; what people and programs call the brand.';

COMMENT ON COLUMN rage.brands.key IS 'The name as it is compared.';

COMMENT ON COLUMN rage.brands.title IS 'The name as it is printed, where it differs.';

COMMENT ON COLUMN rage.brands.guidelines IS 'What every generation for the brand should heed.';

COMMENT ON COLUMN rage.brands.reserved IS 'True for shared, which is everyone''s and can be neither renamed nor removed.';

COMMENT ON COLUMN rage.brands.created_at IS 'When the row was made.';

COMMENT ON COLUMN rage.brands.language IS 'The language of what is said of its images, as a BCP 47 tag, where a caption names none; null: English.';

COMMENT ON COLUMN rage.brands.palette IS 'Its colours as #rrggbb, each with its name behind one blank where it has one.';

COMMENT ON COLUMN rage.brands.words_to_avoid IS 'Words and things that are neither to be written nor shown in pictures for it.';

CREATE TABLE rage.generation_outputs (
    generation_id uuid NOT NULL,
    "position" integer NOT NULL,
    image_id bigint NOT NULL,
    sha256 bytea NOT NULL,
    kept_at timestamp with time zone,
    kept_by text,
    CONSTRAINT generation_outputs_position_check CHECK (("position" > 0)),
    CONSTRAINT generation_outputs_sha256_check CHECK ((octet_length(sha256) = 32))
);

COMMENT ON TABLE rage.generation_outputs IS 'The pictures that a generation made.';

COMMENT ON COLUMN rage.generation_outputs.generation_id IS 'The generation.';

COMMENT ON COLUMN rage.generation_outputs."position" IS 'Place among its outputs, from 1.';

COMMENT ON COLUMN rage.generation_outputs.image_id IS 'The output as an image of the store, a draft until kept.';

COMMENT ON COLUMN rage.generation_outputs.sha256 IS 'Hash of its bytes.';

COMMENT ON COLUMN rage.generation_outputs.kept_at IS 'When it was approved as an image of the catalogue.';

COMMENT ON COLUMN rage.generation_outputs.kept_by IS 'Who approved it.';

CREATE TABLE rage.generation_references (
    generation_id uuid NOT NULL,
    "position" integer NOT NULL,
    image_id bigint NOT NULL,
    version integer NOT NULL,
    sha256 bytea NOT NULL,
    role text NOT NULL,
    note text,
    search_rank integer,
    search_score real,
    CONSTRAINT generation_references_position_check CHECK (("position" > 0)),
    CONSTRAINT generation_references_role_check CHECK ((role = ANY (ARRAY['product'::text, 'style'::text, 'subject'::text, 'background'::text, 'layout'::text, 'logo'::text, 'edit_target'::text]))),
    CONSTRAINT generation_references_sha256_check CHECK ((octet_length(sha256) = 32))
);

COMMENT ON TABLE rage.generation_references IS 'The images that went with a prompt, in the order in which they were sent.';

COMMENT ON COLUMN rage.generation_references.generation_id IS 'The generation.';

COMMENT ON COLUMN rage.generation_references."position" IS 'Place in the order, from 1; the prompt counts alike.';

COMMENT ON COLUMN rage.generation_references.image_id IS 'The image.';

COMMENT ON COLUMN rage.generation_references.version IS 'The image''s version at the time.';

COMMENT ON COLUMN rage.generation_references.sha256 IS 'Hash of the bytes that were used.';

COMMENT ON COLUMN rage.generation_references.role IS 'What the image was there for.';

COMMENT ON COLUMN rage.generation_references.note IS 'What the person said about it.';

COMMENT ON COLUMN rage.generation_references.search_rank IS 'Its rank in the search, or its place in the proposal, that it came from.';

COMMENT ON COLUMN rage.generation_references.search_score IS 'Its score there.';

CREATE TABLE rage.images (
    image_id bigint NOT NULL,
    brand_id integer NOT NULL,
    content_id bigint NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    kind text DEFAULT 'other'::text NOT NULL,
    state text DEFAULT 'approved'::text NOT NULL,
    origin text DEFAULT 'imported'::text NOT NULL,
    title text,
    rights text,
    usable_from date,
    usable_until date,
    attributes jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    erased_at timestamp with time zone,
    changed_in xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT images_attributes_check CHECK ((jsonb_typeof(attributes) = 'object'::text)),
    CONSTRAINT images_erased_is_deleted CHECK (((erased_at IS NULL) OR (deleted_at IS NOT NULL))),
    CONSTRAINT images_kind_check CHECK ((kind = ANY (ARRAY['product'::text, 'style'::text, 'logo'::text, 'scene'::text, 'person'::text, 'sketch'::text, 'other'::text]))),
    CONSTRAINT images_origin_check CHECK ((origin = ANY (ARRAY['imported'::text, 'uploaded'::text, 'generated'::text]))),
    CONSTRAINT images_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'approved'::text, 'retired'::text]))),
    CONSTRAINT images_usable_in_order CHECK ((usable_from <= usable_until)),
    CONSTRAINT images_version_check CHECK ((version > 0))
);

COMMENT ON TABLE rage.images IS 'The pictures of the store: one row per picture and brand, whatever version it shows.';

COMMENT ON COLUMN rage.images.image_id IS 'Stable for good; what the host''s tables refer to.';

COMMENT ON COLUMN rage.images.brand_id IS 'Whose picture it is.';

COMMENT ON COLUMN rage.images.content_id IS 'The bytes of the current version.';

COMMENT ON COLUMN rage.images.version IS 'Number of the current version, from 1.';

COMMENT ON COLUMN rage.images.kind IS 'What it shows; decides the role it has by default as a reference.';

COMMENT ON COLUMN rage.images.state IS 'draft, approved or retired; search finds what is approved.';

COMMENT ON COLUMN rage.images.origin IS 'imported from files, uploaded over HTTP, or generated here.';

COMMENT ON COLUMN rage.images.title IS 'A short name for people.';

COMMENT ON COLUMN rage.images.rights IS 'What is known of the rights, in words.';

COMMENT ON COLUMN rage.images.usable_from IS 'First day on which it may be used; null: no limit.';

COMMENT ON COLUMN rage.images.usable_until IS 'Last day on which it may be used; null: no limit.';

COMMENT ON COLUMN rage.images.attributes IS 'Everything else the host says of it, by name.';

COMMENT ON COLUMN rage.images.created_at IS 'When the row was made.';

COMMENT ON COLUMN rage.images.updated_at IS 'When anything about it last changed.';

COMMENT ON COLUMN rage.images.deleted_at IS 'When it was hidden; the row stays for history.';

COMMENT ON COLUMN rage.images.erased_at IS 'When its bytes and vectors were removed for good.';

COMMENT ON COLUMN rage.images.changed_in IS 'The transaction in which it last began to show other bytes, was hidden or shown again; kept by a trigger.';

CREATE FUNCTION rage.lending_references(of_generation uuid) RETURNS TABLE(place integer, role text, image_id bigint, brand_id integer, kind text, title text)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH RECURSIVE making AS (
          SELECT g.generation_id,
             g.brand_id,
             0 AS depth
            FROM rage.generations g
           WHERE (g.generation_id = lending_references.of_generation)
         UNION
          SELECT o.generation_id,
             m_1.brand_id,
             (m_1.depth + 1)
            FROM (((making m_1
              JOIN rage.generation_references r_1 USING (generation_id))
              JOIN rage.images i_1 ON (((i_1.image_id = r_1.image_id) AND (i_1.state = 'draft'::text) AND (i_1.origin = 'generated'::text))))
              JOIN rage.generation_outputs o ON ((o.image_id = r_1.image_id)))
           WHERE ((r_1.role = 'edit_target'::text) AND (i_1.brand_id = m_1.brand_id) AND (m_1.depth < 20))
         )
  SELECT ((m.depth * 100) + r."position") AS int4,
     r.role,
     i.image_id,
     i.brand_id,
     i.kind,
     i.title
    FROM (((making m
      JOIN rage.generation_references r USING (generation_id))
      JOIN rage.images i ON (((i.image_id = r.image_id) AND (i.deleted_at IS NULL))))
      JOIN rage.brands b ON ((b.brand_id = i.brand_id)))
   WHERE ((i.brand_id = m.brand_id) OR b.reserved);
END;

COMMENT ON FUNCTION rage.lending_references(of_generation uuid) IS 'The references whose words an output of a generation may carry: images that are there, of the paying brand or shared, in order.';

CREATE FUNCTION rage.drafted_caption(of_generation uuid, prompted text) RETURNS text
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (count(n.title) > 0) THEN "left"(concat_ws(' '::text, (drafted_caption.prompted ||
             CASE
                 WHEN (drafted_caption.prompted ~ '[.!?…]$'::text) THEN ''::text
                 ELSE '.'::text
             END), (('Shows '::text || string_agg(n.title, ', '::text ORDER BY n.place) FILTER (WHERE (n.part = 'shown'::text))) || '.'::text), (('Setting: '::text || string_agg(n.title, ', '::text ORDER BY n.place) FILTER (WHERE (n.part = 'setting'::text))) || '.'::text), (('Style: '::text || string_agg(n.title, ', '::text ORDER BY n.place) FILTER (WHERE (n.part = 'style'::text))) || '.'::text)), 4000)
             ELSE NULL::text
         END AS "case"
    FROM ( SELECT l.part,
             rtrim("left"(l.title, 200), '. '::text) AS title,
             min(l.place) AS place
            FROM ( SELECT r.place,
                     r.title,
                         CASE
                             WHEN (r.role = ANY (ARRAY['product'::text, 'subject'::text, 'logo'::text, 'edit_target'::text])) THEN 'shown'::text
                             WHEN (r.role = 'background'::text) THEN 'setting'::text
                             WHEN (r.role = 'style'::text) THEN 'style'::text
                             ELSE NULL::text
                         END AS part
                    FROM rage.lending_references(drafted_caption.of_generation) r(place, role, image_id, brand_id, kind, title)
                   WHERE (r.title IS NOT NULL)) l
           WHERE ((l.part IS NOT NULL) AND (strpos(lower(COALESCE(drafted_caption.prompted, ''::text)), lower(rtrim("left"(l.title, 200), '. '::text))) = 0))
           GROUP BY l.part, (rtrim("left"(l.title, 200), '. '::text))) n;
END;

COMMENT ON FUNCTION rage.drafted_caption(of_generation uuid, prompted text) IS 'Caption of an output: the words that it was prompted by, if it was, and the titles of what went into it, by role; null where there are none.';

CREATE FUNCTION rage.drafted_kind(of_generation uuid) RETURNS text
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH lent AS (
          SELECT l.place,
             l.role,
             l.kind
            FROM rage.lending_references(drafted_kind.of_generation) l(place, role, image_id, brand_id, kind, title)
         )
  SELECT COALESCE(( SELECT l.kind
            FROM lent l
           WHERE ((l.role = 'edit_target'::text) AND (l.kind <> 'other'::text))
           ORDER BY l.place
          LIMIT 1), ( SELECT min(l.kind) AS min
            FROM lent l
           WHERE ((l.role <> 'style'::text) AND (EXISTS ( SELECT
                    FROM rage.generations g
                   WHERE ((g.generation_id = drafted_kind.of_generation) AND (g.purpose = ANY (ARRAY['enhance'::text, 'style'::text]))))))
          HAVING (count(*) = 1)), ( SELECT 'scene'::text
            FROM lent l
           WHERE (l.role = 'background'::text)
          LIMIT 1), 'other'::text) AS "coalesce";
END;

COMMENT ON FUNCTION rage.drafted_kind(of_generation uuid) IS 'Kind of an output: that of the one picture that it is a version of, scene where it was set before a background, else other.';

CREATE TABLE rage.image_products (
    brand_id integer NOT NULL,
    image_id bigint NOT NULL,
    sku text NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    view text,
    CONSTRAINT image_products_sku_check CHECK (((sku = btrim(sku)) AND (sku <> ''::text)))
);

COMMENT ON TABLE rage.image_products IS 'Which products an image shows; a product may be on many images.';

COMMENT ON COLUMN rage.image_products.brand_id IS 'The image''s brand.';

COMMENT ON COLUMN rage.image_products.image_id IS 'The image.';

COMMENT ON COLUMN rage.image_products.sku IS 'The product, as the host''s catalogue calls it.';

COMMENT ON COLUMN rage.image_products."position" IS 'Order of the products on the image, from 0.';

COMMENT ON COLUMN rage.image_products.view IS 'Which side or situation is shown: front, back, in use.';

CREATE FUNCTION rage.drafted_skus(of_generation uuid) RETURNS text[]
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT COALESCE(array_agg(d.sku ORDER BY d.place, d.sku), '{}'::text[]) AS "coalesce"
    FROM ( SELECT p.sku,
             min(((l.place * (1000)::bigint) + p."position")) AS place
            FROM (rage.lending_references(drafted_skus.of_generation) l(place, role, image_id, brand_id, kind, title)
              JOIN rage.image_products p ON (((p.brand_id = l.brand_id) AND (p.image_id = l.image_id))))
           WHERE (l.role = ANY (ARRAY['product'::text, 'edit_target'::text]))
           GROUP BY p.sku
           ORDER BY (min(((l.place * (1000)::bigint) + p."position"))), p.sku
          LIMIT 500) d;
END;

COMMENT ON FUNCTION rage.drafted_skus(of_generation uuid) IS 'Products for an output: those of the products that went into it, in order.';

CREATE TABLE rage.image_tags (
    brand_id integer NOT NULL,
    image_id bigint NOT NULL,
    tag_id integer NOT NULL
);

COMMENT ON TABLE rage.image_tags IS 'Which image carries which tag.';

COMMENT ON COLUMN rage.image_tags.brand_id IS 'Brand of both.';

COMMENT ON COLUMN rage.image_tags.image_id IS 'The image.';

COMMENT ON COLUMN rage.image_tags.tag_id IS 'The tag.';

CREATE TABLE rage.tags (
    tag_id integer NOT NULL,
    brand_id integer NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT tags_name_check CHECK (((name = rage.normal_form(name)) AND ((length(name) >= 1) AND (length(name) <= 200))))
);

COMMENT ON TABLE rage.tags IS 'The tags of a brand; a/b is a child of a.';

COMMENT ON COLUMN rage.tags.tag_id IS 'Stable number of the tag.';

COMMENT ON COLUMN rage.tags.brand_id IS 'Whose vocabulary it belongs to.';

COMMENT ON COLUMN rage.tags.name IS 'The tag in its normal form: trimmed, NFC, case-folded.';

COMMENT ON COLUMN rage.tags.created_at IS 'When it was first used.';

CREATE FUNCTION rage.drafted_tags(of_generation uuid) RETURNS text[]
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT COALESCE(array_agg(d.name ORDER BY d.place, d.name), '{}'::text[]) AS "coalesce"
    FROM ( SELECT t.name,
             min(l.place) AS place
            FROM ((rage.lending_references(drafted_tags.of_generation) l(place, role, image_id, brand_id, kind, title)
              JOIN rage.image_tags it ON ((it.image_id = l.image_id)))
              JOIN rage.tags t USING (tag_id))
           WHERE ((l.role = ANY (ARRAY['product'::text, 'subject'::text, 'logo'::text, 'edit_target'::text, 'background'::text])) OR ((l.role = 'style'::text) AND starts_with(t.name, 'style/'::text)))
           GROUP BY t.name
           ORDER BY (min(l.place)), t.name
          LIMIT 500) d;
END;

COMMENT ON FUNCTION rage.drafted_tags(of_generation uuid) IS 'Tags for an output: those of what it shows; of a style what lies below style/, of a layout none.';

CREATE FUNCTION rage.enough_words(terms text[], shares double precision[], score double precision) RETURNS tsquery
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    in_pairs  boolean := cardinality(terms) <= 32;
    left_of   double precision[] := '{}';
    sum_left  double precision := 0;
    choices   text := '';
    another   text;
BEGIN
    FOR place IN REVERSE cardinality(terms) .. 1 LOOP
        sum_left := sum_left + shares[place];
        left_of := sum_left || left_of;
    END LOOP;
    -- Of a document that reaches the score: its heaviest word, and one of those that it needs beside it.
    FOR place IN 1 .. cardinality(terms) LOOP
        EXIT WHEN left_of[place] < score;
        another := '';
        IF in_pairs AND shares[place] < score THEN
            FOR beside IN place + 1 .. cardinality(terms) LOOP
                EXIT WHEN shares[place] + left_of[beside] < score;
                another := another || ' | ' || terms[beside];
            END LOOP;
            CONTINUE WHEN another = '';
            another := ' & (' || substr(another, 4) || ')';
        END IF;
        choices := choices || ' | ' || terms[place] || another;
    END LOOP;
    RETURN substr(choices, 4)::tsquery;
END
$$;

COMMENT ON FUNCTION rage.enough_words(terms text[], shares double precision[], score double precision) IS 'Finds every document whose words'' shares add up to a score, and some that fall short: of many words it looks for no pairs. The terms are ordered by share, the heaviest first.';

CREATE FUNCTION rage.erase_contents(erased_image bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    -- Waits for imports of the same bytes, in their order; what they added is seen by the statement after this one.
    PERFORM FROM rage.contents AS o
    WHERE o.content_id IN (SELECT v.content_id FROM rage.image_versions AS v WHERE v.image_id = erased_image)
    ORDER BY o.sha256
    FOR UPDATE;

    WITH erased AS (
        UPDATE rage.contents AS o
        SET bytes = NULL, thumbnail = NULL, erased_at = now()
        WHERE o.erased_at IS NULL
          AND EXISTS (SELECT FROM rage.image_versions AS v WHERE v.image_id = erased_image AND v.content_id = o.content_id)
          AND NOT EXISTS (
              SELECT FROM rage.image_versions AS v
              JOIN rage.images AS i USING (image_id)
              WHERE v.content_id = o.content_id AND i.erased_at IS NULL
          )
        RETURNING o.content_id
    )
    DELETE FROM rage.picture_hashes AS h USING erased WHERE h.content_id = erased.content_id;
END
$$;

COMMENT ON FUNCTION rage.erase_contents(erased_image bigint) IS 'Removes the bytes of every version of an erased image that no other image of any brand shows or showed; the hash stays.';

CREATE FUNCTION rage.estimated_matches(filter text, filters jsonb, among bigint[], allowed integer[], OUT matches bigint, OUT cost double precision) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    plan  jsonb;
BEGIN
    -- Counting takes up to twenty times as long as the search. A function that runs EXPLAIN must be VOLATILE.
    EXECUTE 'EXPLAIN (FORMAT JSON) SELECT FROM rage.images AS i WHERE ' || filter INTO plan USING filters, among, allowed;
    matches := greatest((plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint, 1);
    cost := plan -> 0 -> 'Plan' ->> 'Total Cost';
END
$$;

COMMENT ON FUNCTION rage.estimated_matches(filter text, filters jsonb, among bigint[], allowed integer[], OUT matches bigint, OUT cost double precision) IS 'About how many images pass a filter, and what counting them costs, by the planner''s statistics.';

CREATE FUNCTION rage.excluded_words(prompt text, allowed integer[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    most            constant integer := 64;
    longest         constant integer := 300;
    negated         text[];
    says            boolean;
    configurations  text[];
BEGIN
    SELECT array_agg(DISTINCT e.content) FILTER (WHERE e.negated), bool_or(NOT e.negated AND e.content ~ '[[:alnum:]]')
    INTO negated, says
    FROM rage.prompt_elements(prompt) AS e;
    IF negated IS NULL THEN
        RETURN '{}';
    ELSIF NOT says THEN
        RAISE EXCEPTION 'the prompt only says what to leave out: add what to look for'
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'prompt';
    ELSIF cardinality(negated) > most OR EXISTS (SELECT FROM unnest(negated) AS n (phrase) WHERE length(n.phrase) > longest) THEN
        RAISE EXCEPTION 'the prompt leaves out too much: at most % words or phrases after a minus, of % characters each', most, longest
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'prompt';
    END IF;
    configurations := rage.prompt_configurations(allowed);
    RETURN coalesce((
        SELECT jsonb_build_object('words_none', string_agg('(' || p.phrase::text || ')', ' | '))
        FROM (SELECT rage.phrase_query(n.content, configurations) AS phrase FROM unnest(negated) AS n (content)) AS p
        WHERE p.phrase IS NOT NULL
        HAVING count(*) > 0
    ), '{}');
END
$$;

COMMENT ON FUNCTION rage.excluded_words(prompt text, allowed integer[]) IS 'The filter that a prompt''s words after a minus stand for, or a clear error where it has no others.';

CREATE FUNCTION rage.exemption(login name DEFAULT SESSION_USER) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'rage', 'pg_temp'
    RETURN COALESCE((SELECT concat(CASE WHEN (p.rolname <> exemption.login) THEN format('a member of %I, '::text, p.rolname) ELSE NULL::text END, CASE WHEN p.rolsuper THEN 'a superuser'::text WHEN p.rolbypassrls THEN 'allowed to bypass row-level security'::text WHEN p.rolreplication THEN 'allowed to copy the whole server'::text WHEN (p.rolname = 'rage_owner'::name) THEN 'which owns the tables'::text ELSE 'which reaches the files of the server'::text END) AS concat FROM pg_roles p WHERE (pg_has_role(exemption.login, p.oid, 'MEMBER'::text) AND (p.rolsuper OR p.rolbypassrls OR p.rolreplication OR (p.rolname = ANY (ARRAY['rage_owner'::name, 'pg_read_server_files'::name, 'pg_write_server_files'::name, 'pg_execute_server_program'::name])))) ORDER BY (p.rolname <> exemption.login), p.rolname LIMIT 1), (SELECT 'allowed to create functions beside those of pgvector'::text FROM pg_extension x WHERE ((x.extname = 'vector'::name) AND has_schema_privilege(exemption.login, x.extnamespace, 'CREATE'::text))));

COMMENT ON FUNCTION rage.exemption(login name) IS 'Why no policy would hold for a login, by itself or by a role that it may become; null where they do.';

CREATE FUNCTION rage.facet_statement(matches text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN format('
WITH matches AS MATERIALIZED (
    SELECT i.image_id, i.brand_id, i.kind, i.attributes
    FROM %s
),
counted AS (
    SELECT ''tags'' AS facet, NULL AS name, t.name AS value, count(DISTINCT m.image_id) AS count
    FROM matches AS m
    JOIN rage.image_tags AS it USING (image_id)
    JOIN rage.tags AS t USING (tag_id)
    GROUP BY t.name
    UNION ALL
    SELECT ''brands'', NULL, b.name, count(*)
    FROM matches AS m JOIN rage.brands AS b USING (brand_id)
    GROUP BY b.name
    UNION ALL
    SELECT ''kinds'', NULL, m.kind, count(*)
    FROM matches AS m
    GROUP BY m.kind
    UNION ALL
    SELECT ''attributes'', a.key, v.value, count(DISTINCT m.image_id)
    FROM matches AS m
    CROSS JOIN LATERAL jsonb_each(m.attributes) AS a (key, value)
    CROSS JOIN LATERAL jsonb_array_elements_text(
        CASE jsonb_typeof(a.value) WHEN ''array'' THEN a.value ELSE jsonb_build_array(a.value) END) AS v (value)
    WHERE v.value IS NOT NULL
    GROUP BY a.key, v.value
),
ranked AS (
    SELECT c.*, row_number() OVER (PARTITION BY c.facet, c.name ORDER BY c.count DESC, c.value) AS place
    FROM counted AS c
)
SELECT r.facet, r.name, r.value, r.count
FROM ranked AS r
WHERE r.place <= 100
ORDER BY r.facet, r.name, r.place'::text, matches);

COMMENT ON FUNCTION rage.facet_statement(matches text) IS 'The text of a count of tags, brands, kinds and attributes over the images i of a FROM clause: the hundred most frequent values of each.';

CREATE FUNCTION rage.facets(filters jsonb, words tsquery) RETURNS TABLE(facet text, name text, value text, count bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
DECLARE
    allowed  integer[] := rage.brand_limit();
    wanted   jsonb := rage.resolved(filters, allowed);
BEGIN
    RETURN QUERY EXECUTE rage.facet_statement(
        'rage.images AS i WHERE ' || (rage.matching(wanted, NULL, allowed, true)).condition || $sql$
      AND ($4 IS NULL OR EXISTS (
          SELECT FROM rage.image_documents AS d WHERE d.image_id = i.image_id AND d.words @@ $4))$sql$)
    USING wanted, NULL::bigint[], allowed, words;
END
$_$;

COMMENT ON FUNCTION rage.facets(filters jsonb, words tsquery) IS 'How many images that pass a filter have which tag, brand, kind and attribute.';

CREATE FUNCTION rage.far_filter(leg text, vector text) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    PERFORM rage.check_operator();
    RETURN (
        WITH near AS (
            SELECT c.image_id FROM rage.compared(leg, vector, 1000) AS c
        ),
        counted AS (
            SELECT t.name, count(*) AS images, count(n.image_id) AS nearby
            FROM rage.image_tags AS it
            JOIN rage.tags AS t USING (tag_id)
            LEFT JOIN near AS n USING (image_id)
            GROUP BY t.name
            HAVING count(*) >= (SELECT count(*) FROM rage.images AS i WHERE i.deleted_at IS NULL) / 100.0
        )
        SELECT jsonb_build_object('tags_all', jsonb_build_array(c.name))
        FROM counted AS c
        ORDER BY c.nearby::real / c.images, c.images DESC, c.name
        LIMIT 1
    );
END
$$;

COMMENT ON FUNCTION rage.far_filter(leg text, vector text) IS 'For a query vector the tag, of those that a hundredth of the images have, whose images are rarest near to it; null where there is none.';

CREATE FUNCTION rage.few_closed() RETURNS boolean
    LANGUAGE sql STABLE
    RETURN COALESCE((SELECT (closed.reltuples <= ((1000)::double precision + (all_images.reltuples / (100)::double precision))) FROM pg_class closed, pg_class all_images WHERE ((closed.oid = (to_regclass('rage.images_closed'::text))::oid) AND (all_images.oid = (to_regclass('rage.images'::text))::oid))), false);

COMMENT ON FUNCTION rage.few_closed() IS 'Whether few images are deleted, not approved, or usable on certain days alone: some thousand, or a hundredth of all.';

CREATE FUNCTION rage.few_match(filters jsonb, among bigint[], bound integer) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    tags  jsonb;
BEGIN
    IF cardinality(among) <= bound THEN
        RETURN true;
    END IF;
    FOR tags IN SELECT * FROM jsonb_array_elements(filters -> 'tags') LOOP
        IF (SELECT count(*) <= bound
            FROM (SELECT FROM rage.image_tags AS it WHERE it.tag_id = ANY (rage.integers(tags)) LIMIT bound + 1) AS tagged)
        THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END
$$;

COMMENT ON FUNCTION rage.few_match(filters jsonb, among bigint[], bound integer) IS 'Whether one look at a resolved filter shows that it leaves at most so many images; false where that takes more.';

CREATE FUNCTION rage.filter_clauses(filters jsonb, among bigint[], allowed integer[]) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE
    AS $_$
DECLARE
    clauses  text[] := '{}';
BEGIN
    IF allowed IS NOT NULL THEN
        clauses := clauses || 'i.brand_id = ANY ($3)'::text;
    END IF;
    IF filters ? 'brand' THEN
        clauses := clauses || 'i.brand_id = ANY (rage.integers($1 -> ''brand''))'::text;
    END IF;
    IF filters ? 'sku' THEN
        clauses := clauses || 'EXISTS (SELECT FROM rage.image_products AS p WHERE p.brand_id = i.brand_id AND p.image_id = i.image_id AND p.sku = ANY (rage.texts($1 -> ''sku'')))'::text;
    END IF;
    IF filters ? 'kind' THEN
        clauses := clauses || 'i.kind = ANY (rage.texts($1 -> ''kind''))'::text;
    END IF;
    IF filters ? 'collection' THEN
        clauses := clauses || 'i.image_id IN (SELECT ci.image_id FROM rage.collection_images AS ci JOIN rage.collections AS c USING (collection_id) WHERE c.key = ANY (rage.names($1 -> ''collection'')) AND ($3 IS NULL OR c.brand_id = ANY ($3)))'::text;
    END IF;
    IF filters ? 'tags_none' THEN
        clauses := clauses || 'NOT EXISTS (SELECT FROM rage.image_tags AS it WHERE it.image_id = i.image_id AND it.tag_id = ANY (rage.integers($1 -> ''tags_none'')))'::text;
    END IF;
    IF filters ? 'images_none' THEN
        clauses := clauses || 'i.image_id <> ALL (ARRAY(SELECT jsonb_array_elements_text($1 -> ''images_none'')::bigint))'::text;
    END IF;
    IF filters ? 'words_none' THEN
        clauses := clauses || 'NOT EXISTS (SELECT FROM rage.image_documents AS d WHERE d.image_id = i.image_id AND d.words @@ ($1 ->> ''words_none'')::tsquery)'::text;
    END IF;
    IF filters ? 'attributes' THEN
        clauses := clauses || rage.attribute_clauses(filters -> 'attributes');
    END IF;
    IF filters ? 'origin' THEN
        clauses := clauses || 'i.origin = ANY (rage.texts($1 -> ''origin''))'::text;
    END IF;
    IF filters ? 'created_after' THEN
        clauses := clauses || 'i.created_at > ($1 ->> ''created_after'')::timestamptz'::text;
    END IF;
    IF filters ? 'created_before' THEN
        clauses := clauses || 'i.created_at < ($1 ->> ''created_before'')::timestamptz'::text;
    END IF;
    IF filters ? 'updated_after' THEN
        clauses := clauses || 'i.updated_at > ($1 ->> ''updated_after'')::timestamptz'::text;
    END IF;
    IF filters ? 'min_width' OR filters ? 'min_height' THEN
        clauses := clauses || 'EXISTS (SELECT FROM rage.contents AS c WHERE c.content_id = i.content_id AND c.width >= coalesce(($1 ->> ''min_width'')::integer, 0) AND c.height >= coalesce(($1 ->> ''min_height'')::integer, 0))'::text;
    END IF;
    IF among IS NOT NULL THEN
        clauses := clauses || 'i.image_id = ANY ($2)'::text;
    END IF;
    RETURN clauses;
END
$_$;

COMMENT ON FUNCTION rage.filter_clauses(filters jsonb, among bigint[], allowed integer[]) IS 'The conditions on rage.images i that a resolved filter stands for, but for the state and the tags, for who may see the allowed brands. Their shape follows from the filter; the values stay in $1 (the filter), $2 (among) and $3 (the allowed brands; null: every brand).';

CREATE FUNCTION rage.filters(brands text[], skus text[], kinds text[], states text[], tags_all text[], tags_any text[], tags_none text[], collections text[], attributes jsonb, origins text[], created_after timestamp with time zone, created_before timestamp with time zone, updated_after timestamp with time zone, min_width integer, min_height integer) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT COALESCE(jsonb_object_agg(jsonb_each.key, jsonb_each.value), '{}'::jsonb) AS "coalesce" FROM jsonb_each(jsonb_build_object('brand', to_jsonb(filters.brands), 'sku', to_jsonb(filters.skus), 'kind', to_jsonb(filters.kinds), 'state', to_jsonb(filters.states), 'tags_all', to_jsonb(filters.tags_all), 'tags_any', to_jsonb(filters.tags_any), 'tags_none', to_jsonb(filters.tags_none), 'collection', to_jsonb(filters.collections), 'attributes', filters.attributes, 'origin', to_jsonb(filters.origins), 'created_after', filters.created_after, 'created_before', filters.created_before, 'updated_after', filters.updated_after, 'min_width', filters.min_width, 'min_height', filters.min_height)) jsonb_each(key, value) WHERE (jsonb_each.value <> 'null'::jsonb));

COMMENT ON FUNCTION rage.filters(brands text[], skus text[], kinds text[], states text[], tags_all text[], tags_any text[], tags_none text[], collections text[], attributes jsonb, origins text[], created_after timestamp with time zone, created_before timestamp with time zone, updated_after timestamp with time zone, min_width integer, min_height integer) IS 'A filter as one value, with names as they were given.';

CREATE FUNCTION rage.found_facets(image_ids bigint[]) RETURNS TABLE(facet text, name text, value text, count bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
BEGIN
    RETURN QUERY EXECUTE rage.facet_statement('rage.images AS i WHERE i.image_id = ANY ($1)') USING image_ids;
END
$_$;

COMMENT ON FUNCTION rage.found_facets(image_ids bigint[]) IS 'How many of these images, which a search has found for who asks, have which tag, brand, kind and attribute.';

CREATE TABLE rage.budgets (
    budget_id integer NOT NULL,
    brand_id integer,
    label_name text,
    label_value text,
    month date,
    limit_usd numeric(14,6) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT budgets_label_is_whole CHECK (((label_name IS NULL) = (label_value IS NULL))),
    CONSTRAINT budgets_label_name_check CHECK ((label_name <> ''::text)),
    CONSTRAINT budgets_limit_usd_check CHECK ((limit_usd >= (0)::numeric)),
    CONSTRAINT budgets_month_check CHECK ((EXTRACT(day FROM month) = (1)::numeric))
);

COMMENT ON TABLE rage.budgets IS 'What may be spent in a calendar month (UTC), by all, by a brand, or under a label.';

COMMENT ON COLUMN rage.budgets.budget_id IS 'Stable number of the budget.';

COMMENT ON COLUMN rage.budgets.brand_id IS 'The brand that pays; null: whichever.';

COMMENT ON COLUMN rage.budgets.label_name IS 'Only generations with this label count; null: every paid call does.';

COMMENT ON COLUMN rage.budgets.label_value IS 'The value of that label.';

COMMENT ON COLUMN rage.budgets.month IS 'First day of the month that it is for; null: every month that has none of its own.';

COMMENT ON COLUMN rage.budgets.limit_usd IS 'US dollars.';

COMMENT ON COLUMN rage.budgets.created_at IS 'When it was made.';

CREATE TABLE rage.generation_batches (
    batch_id uuid DEFAULT gen_random_uuid() NOT NULL,
    brand_id integer NOT NULL,
    name text,
    request jsonb NOT NULL,
    request_sha256 bytea NOT NULL,
    idempotency_key text,
    budget_usd numeric(14,6),
    state text DEFAULT 'open'::text NOT NULL,
    reason text,
    caller_id uuid,
    asked_by text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT generation_batches_budget_usd_check CHECK ((budget_usd >= (0)::numeric)),
    CONSTRAINT generation_batches_request_sha256_check CHECK ((octet_length(request_sha256) = 32)),
    CONSTRAINT generation_batches_state_check CHECK ((state = ANY (ARRAY['open'::text, 'paused'::text, 'cancelled'::text])))
);

COMMENT ON TABLE rage.generation_batches IS 'A brief as a set: many generations that were asked for at once, under one budget.';

COMMENT ON COLUMN rage.generation_batches.batch_id IS 'Stable id of the batch.';

COMMENT ON COLUMN rage.generation_batches.brand_id IS 'The brand that pays for every item.';

COMMENT ON COLUMN rage.generation_batches.name IS 'What the person calls it.';

COMMENT ON COLUMN rage.generation_batches.request IS 'The request as it was given.';

COMMENT ON COLUMN rage.generation_batches.request_sha256 IS 'Hash of the request, which the same key must come with.';

COMMENT ON COLUMN rage.generation_batches.idempotency_key IS 'The caller''s key: the same key and request is the same batch.';

COMMENT ON COLUMN rage.generation_batches.budget_usd IS 'US dollars that all its calls together may cost, in whatever month; null: no limit of its own.';

COMMENT ON COLUMN rage.generation_batches.state IS 'open: items are begun one after another; paused: not until it is resumed; cancelled: never.';

COMMENT ON COLUMN rage.generation_batches.reason IS 'Why it is paused.';

COMMENT ON COLUMN rage.generation_batches.caller_id IS 'On whose behalf items are accepted; null: the operator''s.';

COMMENT ON COLUMN rage.generation_batches.asked_by IS 'The key or login that asked; null while the service is open.';

COMMENT ON COLUMN rage.generation_batches.created_at IS 'When it was asked.';

CREATE FUNCTION rage.has_budget(spender integer, given_labels jsonb, batch uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'rage', 'pg_temp'
    RETURN ((EXISTS (SELECT FROM rage.budgets b WHERE (((b.brand_id IS NULL) OR (b.brand_id = has_budget.spender)) AND ((b.label_name IS NULL) OR ((has_budget.given_labels ->> b.label_name) = b.label_value))))) OR (EXISTS (SELECT FROM rage.generation_batches s WHERE ((s.batch_id = has_budget.batch) AND (s.budget_usd IS NOT NULL)))));

COMMENT ON FUNCTION rage.has_budget(spender integer, given_labels jsonb, batch uuid) IS 'Whether a call that a brand pays, with these labels, of this batch, counts into any budget.';

CREATE FUNCTION rage.has_scope(scope text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
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
$$;

COMMENT ON FUNCTION rage.has_scope(scope text) IS 'Whether who asks may read, write, generate or admin at all; every scope includes reading. No longer once revoked or expired.';

CREATE FUNCTION rage.sound_indexes(legs text[], brand integer) RETURNS TABLE(leg text, vectors real, candidate_cost real, ef_search integer)
    LANGUAGE sql STABLE ROWS 1
    SET search_path TO 'rage', 'pg_temp'
    AS $$
    SELECT l.leg, least(r.reltuples, 1e9)::real, s.candidate_cost, s.ef_search
    FROM rage.search_legs AS l
    JOIN rage.embedding_spaces AS s USING (space_id)
    JOIN pg_index AS x
      ON x.indexrelid = to_regclass(format('rage.embeddings_%s_hnsw', l.space_id) || coalesce('_brand_' || brand, ''))
     AND x.indisvalid
    -- The table's number, which ANALYZE keeps; that of a brand only its index has.
    JOIN pg_class AS r ON r.oid = CASE WHEN brand IS NULL THEN x.indrelid ELSE x.indexrelid END
    WHERE l.leg = ANY (legs)
      -- Until it is analysed a table's reltuples is -1. What is new and small is compared.
      AND r.reltuples > s.candidate_cost * s.ef_search
$$;

COMMENT ON FUNCTION rage.sound_indexes(legs text[], brand integer) IS 'Of these legs those whose space has an HNSW index that is valid and large enough to save anything, with about how many vectors it holds: of a brand''s own images, or (null) of all.';

CREATE FUNCTION rage.indexed_brand(brand integer, legs text[]) RETURNS integer
    LANGUAGE sql STABLE
    SET search_path TO 'rage', 'pg_temp'
    RETURN CASE WHEN ((SELECT count(*) AS count FROM rage.sound_indexes(indexed_brand.legs, indexed_brand.brand) sound_indexes(leg, vectors, candidate_cost, ef_search)) = GREATEST((SELECT count(*) AS count FROM rage.sound_indexes(indexed_brand.legs, NULL::integer) sound_indexes(leg, vectors, candidate_cost, ef_search)), (1)::bigint)) THEN brand ELSE NULL::integer END;

COMMENT ON FUNCTION rage.indexed_brand(brand integer, legs text[]) IS 'The brand, if every leg that an index serves has one of that brand alone; else null.';

CREATE FUNCTION rage.integers(value jsonb) RETURNS integer[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(SELECT (element.value)::integer AS element FROM jsonb_array_elements_text(integers.value) element(value));

COMMENT ON FUNCTION rage.integers(value jsonb) IS 'A JSON array of numbers as an SQL array.';

CREATE TABLE rage.image_identifiers (
    identifier_id bigint NOT NULL,
    brand_id integer NOT NULL,
    image_id bigint NOT NULL,
    root text DEFAULT ''::text NOT NULL,
    identifier text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT image_identifiers_identifier_check CHECK ((identifier <> ''::text))
);

COMMENT ON TABLE rage.image_identifiers IS 'What the host calls an image: the upsert keys of imports. One picture under two external ids has two rows.';

COMMENT ON COLUMN rage.image_identifiers.identifier_id IS 'Order of arrival: an image''s first external id is the one shown.';

COMMENT ON COLUMN rage.image_identifiers.brand_id IS 'The image''s brand; identifiers are unique within it.';

COMMENT ON COLUMN rage.image_identifiers.image_id IS 'The image.';

COMMENT ON COLUMN rage.image_identifiers.root IS 'Empty for an external id; else the folder that the path is relative to.';

COMMENT ON COLUMN rage.image_identifiers.identifier IS 'The external id, or the path within the root.';

COMMENT ON COLUMN rage.image_identifiers.created_at IS 'When the row was made.';

CREATE FUNCTION rage.is_name_of_file(image bigint, title text) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'rage', 'pg_temp'
    RETURN (EXISTS (SELECT FROM rage.image_identifiers n WHERE ((n.image_id = is_name_of_file.image) AND (n.root <> ''::text) AND ("left"(btrim(regexp_replace(regexp_replace(n.identifier, '^.*/|(?<=[^/])\.[^./]*$'::text, ''::text, 'g'::text), '[\s_-]+'::text, ' '::text, 'g'::text)), 1000) = is_name_of_file.title))));

COMMENT ON FUNCTION rage.is_name_of_file(image bigint, title text) IS 'Whether a title is what an import made of the name of the image''s file.';

CREATE FUNCTION rage.is_operator() RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM pg_roles AS r
        WHERE r.rolname = session_user
          AND (r.rolsuper
               OR pg_has_role(r.oid, 'rage_owner', 'MEMBER')
               -- A setting is anybody's to set: it counts for the service's own logins alone.
               OR (pg_has_role(r.oid, 'rage_app', 'MEMBER') AND current_setting('rage.caller', true) = 'system')));
END
$$;

COMMENT ON FUNCTION rage.is_operator() IS 'Whether whoever runs this store asks: by a role of theirs, or through command line, workers, or a service without keys.';

CREATE FUNCTION rage.is_priced(provider text, model text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'rage', 'pg_temp'
    RETURN (EXISTS (SELECT FROM rage.prices p WHERE ((p.provider = is_priced.provider) AND (p.model = ANY (ARRAY[is_priced.model, rage.plain_model(is_priced.model)])))));

COMMENT ON FUNCTION rage.is_priced(provider text, model text) IS 'Whether any price of a model is known.';

CREATE FUNCTION rage.leg_weights(legs jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    unknown  text;
    bad      text;
BEGIN
    IF legs IS NULL THEN
        RETURN (SELECT jsonb_object_agg(l.leg, l.weight) FROM rage.search_legs AS l);
    END IF;
    IF jsonb_typeof(legs) <> 'object' THEN
        RAISE EXCEPTION 'legs must be an object of leg names and weights'
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'legs';
    END IF;
    SELECT key INTO unknown FROM jsonb_object_keys(legs) AS key
    WHERE key NOT IN (SELECT l.leg FROM rage.search_legs AS l) LIMIT 1;
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'unknown leg "%": there are %', unknown,
            (SELECT string_agg(l.leg, ', ' ORDER BY l.leg) FROM rage.search_legs AS l)
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'legs';
    END IF;
    -- A real holds what lies between, and the score of the last rank too.
    SELECT key INTO bad FROM jsonb_each(legs) AS e (key, value)
    WHERE CASE jsonb_typeof(value)
              WHEN 'number' THEN value::numeric <> 0 AND value::numeric NOT BETWEEN 0.000001 AND 1000000
              ELSE true
          END
    LIMIT 1;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'the weight of leg "%" must be 0, or a number from 0.000001 to 1000000', bad
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'legs.' || bad;
    END IF;
    IF NOT EXISTS (SELECT FROM jsonb_each(legs) AS e (key, value) WHERE value::numeric > 0) THEN
        RAISE EXCEPTION 'at least one leg needs a weight above 0'
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'legs';
    END IF;
    RETURN legs;
END
$$;

COMMENT ON FUNCTION rage.leg_weights(legs jsonb) IS 'The weights of a search''s legs, checked; where none are given, the stored ones.';

CREATE FUNCTION rage.lexeme_query(forms text[]) RETURNS tsquery
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT (string_agg(((''''::text || replace(replace(form.form, '\'::text, '\\'::text), ''''::text, ''''''::text)) || ''''::text), ' | '::text))::tsquery AS string_agg FROM unnest(lexeme_query.forms) form(form));

COMMENT ON FUNCTION rage.lexeme_query(forms text[]) IS 'Finds the documents that have one of these lexemes.';

CREATE FUNCTION rage.list_images(filters jsonb, words tsquery, sort text, after_key text, after_id bigint, page_size integer, alike_to bigint DEFAULT NULL::bigint) RETURNS TABLE(image_id bigint, sort_key text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
DECLARE
    descending  boolean := starts_with(sort, '-');
    key         text := CASE ltrim(sort, '-')
                            WHEN 'created_at' THEN 'i.created_at'
                            WHEN 'updated_at' THEN 'i.updated_at'
                            WHEN 'title' THEN 'coalesce(i.title, '''')'
                            WHEN 'id' THEN 'i.image_id'
                        END;
    allowed     integer[] := rage.brand_limit();
    wanted      jsonb := rage.resolved(filters, allowed);
    among       bigint[] := CASE WHEN alike_to IS NOT NULL THEN ARRAY(SELECT l.alike_id FROM rage.alike_to(alike_to) AS l) END;
    clause      text := (rage.matching(wanted, among, allowed, true)).condition;
BEGIN
    IF key IS NULL THEN
        RAISE EXCEPTION 'sort must be created_at, updated_at, title or id, with - before it for the other direction'
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'sort';
    END IF;
    IF words IS NOT NULL THEN
        clause := clause || E'\n      AND EXISTS (SELECT FROM rage.image_documents AS d WHERE d.image_id = i.image_id AND d.words @@ $4)';
    END IF;
    IF after_id IS NOT NULL THEN
        clause := clause || format(
            E'\n      AND (%1$s, i.image_id) %2$s ($5::%3$s, $6)',
            key,
            CASE WHEN descending THEN '<' ELSE '>' END,
            CASE WHEN key = 'i.image_id' THEN 'bigint' WHEN key LIKE '%title%' THEN 'text' ELSE 'timestamptz' END);
    END IF;
    RETURN QUERY EXECUTE format($sql$
SELECT i.image_id, (%1$s)::text
FROM rage.images AS i
WHERE %2$s
ORDER BY %1$s %3$s, i.image_id %3$s
LIMIT $7$sql$, key, clause, CASE WHEN descending THEN 'DESC' ELSE 'ASC' END)
    USING wanted, among, allowed, words, after_key, after_id, page_size;
END
$_$;

COMMENT ON FUNCTION rage.list_images(filters jsonb, words tsquery, sort text, after_key text, after_id bigint, page_size integer, alike_to bigint) IS 'One page of the images that pass a filter, and look like an image if one is given, in a stable order; sort_key and image_id of the last row continue it.';

CREATE FUNCTION rage.lost_after() RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '00:00:15'::interval;

COMMENT ON FUNCTION rage.lost_after() IS 'For how long whoever fills a space may be silent before others take over what it was at.';

CREATE FUNCTION rage.matching(filters jsonb, among bigint[], allowed integer[], plain boolean DEFAULT false) RETURNS rage.matching
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    others  text[] := rage.filter_clauses(filters, among, allowed);
    tags    text[] := CASE WHEN filters ? 'tags' THEN ARRAY['i.image_id IN ' || rage.tagged(filters, 't0.image_id')] ELSE '{}' END;
    apart   boolean := NOT plain AND coalesce(filters -> 'state' = '["approved"]', false)
                       AND NOT filters ?| '{kind,attributes,origin,created_after,created_before,updated_after,min_width,min_height}'
                       AND rage.few_closed();
    open    text;
    found   rage.matching;
BEGIN
    IF cardinality(among) > 1000000 THEN
        RAISE EXCEPTION 'among has % ids, at most 1000000 are possible', cardinality(among)
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'among';
    END IF;
    found.condition := rage.all_of(rage.standing_clause(filters, 'i') || others || tags);
    found.tagged := apart AND filters ? 'tags' AND among IS NULL AND NOT filters ?| '{sku,collection}';
    -- The relation is put in by format().
    IF apart THEN
        open := rage.open_clause(filters);
        found.within := '%s AS i WHERE ' || replace(rage.all_of(open || others || tags), '%', '%%');
        found.scanned := '%s AS i WHERE ' || replace(rage.all_of(open || others || rage.tag_clauses(filters)), '%', '%%');
    ELSE
        found.within := '%s AS own JOIN rage.images AS i USING (image_id) WHERE ' || replace(found.condition, '%', '%%');
        found.scanned := found.within;
    END IF;
    found.listed := CASE
        WHEN found.tagged
        THEN rage.tagged(filters, 'DISTINCT t0.image_id, t0.brand_id') || ' AS i WHERE ' || rage.all_of(open || others)
        WHEN apart THEN format(found.within, 'rage.images')
        ELSE 'rage.images AS i WHERE ' || found.condition
    END;
    RETURN found;
END
$$;

COMMENT ON FUNCTION rage.matching(filters jsonb, among bigint[], allowed integer[], plain boolean) IS 'What a resolved filter stands for, ready for each place of a statement, for who may see the allowed brands. plain: by the columns of the images, whatever the store holds.';

CREATE FUNCTION rage.may_be_under_way(status text, started_at timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((status = 'started'::text) AND (started_at > (now() - '00:35:00'::interval)));

COMMENT ON FUNCTION rage.may_be_under_way(status text, started_at timestamp with time zone) IS 'Whether a call may still be answered: none takes longer than half an hour, streamed. What is older was lost with its process.';

CREATE FUNCTION rage.middle() RETURNS rage.vector
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    SET random_page_cost TO '1.1'
    AS $_$
DECLARE
    most     constant integer := 64;
    allowed  integer[] := rage.brand_limit();
    space    integer := (SELECT l.space_id FROM rage.search_legs AS l WHERE l.leg = 'caption');
    mean     vector;
BEGIN
    IF space IS NULL THEN
        RETURN NULL;
    END IF;
    -- Some at equal distances by their numbers: the same ones while nothing changes, and found by an index. Counted within the
    -- brands that are seen; what other brands have does not show.
    EXECUTE format($sql$
WITH ends AS (
    SELECT b.brand_id, least.content_id AS first, greatest.content_id AS last
    FROM (SELECT brand_id FROM rage.brands WHERE $1 IS NULL OR brand_id = ANY ($1) ORDER BY brand_id LIMIT %1$s) AS b
    CROSS JOIN LATERAL (SELECT i.content_id FROM rage.images AS i WHERE i.brand_id = b.brand_id AND i.erased_at IS NULL ORDER BY i.content_id LIMIT 1) AS least
    CROSS JOIN LATERAL (SELECT i.content_id FROM rage.images AS i WHERE i.brand_id = b.brand_id AND i.erased_at IS NULL ORDER BY i.content_id DESC LIMIT 1) AS greatest
),
places AS (
    SELECT e.brand_id, e.first + (e.last - e.first) * n / greatest(count - 1, 1) AS place
    FROM ends AS e
    CROSS JOIN LATERAL (SELECT ceil(%1$s::numeric / (SELECT count(*) FROM ends))::bigint AS count) AS each
    CROSS JOIN LATERAL generate_series(0, count - 1) AS n
),
sample AS (
    SELECT DISTINCT i.image_id
    FROM places AS p
    CROSS JOIN LATERAL (
        SELECT i.image_id FROM rage.images AS i
        WHERE i.brand_id = p.brand_id AND i.content_id >= p.place AND i.erased_at IS NULL
        ORDER BY i.content_id LIMIT 1
    ) AS i
)
SELECT avg(l2_normalize(e.embedding)::vector) FROM sample AS s JOIN rage.embeddings_%2$s AS e USING (image_id)$sql$, most, space)
    INTO mean USING allowed;
    RETURN mean;
END
$_$;

COMMENT ON FUNCTION rage.middle() IS 'The mean of some 64 vectors of the caption leg''s space, each of length 1, from the brands that who asks may see: its product with a vector is their mean cosine. Null where there are none.';

CREATE FUNCTION rage.most_counted() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 2000;

COMMENT ON FUNCTION rage.most_counted() IS 'How far the matches of a wide filter are counted for who does not see every brand.';

CREATE FUNCTION rage.most_tries() RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 3;

COMMENT ON FUNCTION rage.most_tries() IS 'How often an input may fail before it is held: left alone until somebody has it tried again.';

CREATE FUNCTION rage.named_documents(words jsonb, within text, wide boolean) RETURNS text[]
    LANGUAGE sql IMMUTABLE
    RETURN ARRAY(SELECT format('(SELECT image_id, 1 AS score, %s AS named FROM %s
    LIMIT greatest(1000, $10))'::text, n.precedence, rage.documents_where(format('d.image_id IN (%s)'::text, n.holders), named_documents.within, named_documents.wide)) AS format FROM (VALUES ('skus'::text,2,'SELECT p.image_id FROM rage.image_products AS p WHERE p.sku = ANY (rage.texts($4 -> ''skus''))'::text), ('tags'::text,1,'SELECT it.image_id FROM rage.image_tags AS it WHERE it.tag_id = ANY (rage.integers($4 -> ''tags''))'::text)) n(kind, precedence, holders) WHERE ((named_documents.words -> n.kind) <> '[]'::jsonb));

COMMENT ON FUNCTION rage.named_documents(words jsonb, within text, wide boolean) IS 'The documents of images that the prompt names by SKU or as a tag, one query for each of the two that it does.';

CREATE FUNCTION rage.named_skus(prompt text, allowed integer[]) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    most_words  constant integer := 200;
    longest     constant integer := 4;
    around      constant text := '.,;:!?()[]{}<>"''“”„’';
    words       text[] := regexp_split_to_array(prompt, '\s+');
BEGIN
    RETURN ARRAY(
        WITH runs AS (
            SELECT DISTINCT rage.normal_form(btrim(array_to_string(words[n:n + more], ' '), around)) AS run
            FROM generate_series(1, least(cardinality(words), most_words)) AS n, generate_series(0, longest - 1) AS more
            WHERE n + more <= cardinality(words)
        ),
        -- Within a sentence 2 and red are words, whatever product is called so. A prompt that is nothing else is its number.
        numbers AS (
            SELECT run FROM runs WHERE length(run) >= 4 AND run ~ '[^[:alpha:]]'
            UNION
            SELECT rage.normal_form(prompt)
        )
        SELECT DISTINCT named.sku
        FROM numbers AS n
        -- One by one: the planner would rather read all products of a brand.
        CROSS JOIN LATERAL (
            SELECT p.sku, p.brand_id FROM rage.image_products AS p WHERE rage.normal_form(p.sku) = n.run OFFSET 0
        ) AS named
        WHERE allowed IS NULL OR named.brand_id = ANY (allowed));
END
$$;

COMMENT ON FUNCTION rage.named_skus(prompt text, allowed integer[]) IS 'The products of the allowed brands (null: of all) whose numbers a prompt names, as they are stored.';

CREATE FUNCTION rage.names(value jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(SELECT rage.normal_form(name.value) AS normal_form FROM jsonb_array_elements_text(names.value) name(value));

COMMENT ON FUNCTION rage.names(value jsonb) IS 'A JSON array of brands or collections in the form in which they are compared.';

CREATE FUNCTION rage.near_masks(threshold integer) RETURNS integer[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(SELECT 0 UNION ALL SELECT ((1 << a."bit") | (1 << b."bit")) FROM generate_series(0, 15) a("bit"), generate_series(0, 15) b("bit") WHERE (((near_masks.threshold >= 4) AND (a."bit" = b."bit")) OR ((near_masks.threshold >= 8) AND (a."bit" < b."bit"))));

COMMENT ON FUNCTION rage.near_masks(threshold integer) IS 'Which bits of a part of 16 may differ in one of the four at least, where so many of all 64 may; up to 11.';

CREATE FUNCTION rage.near_bands(bands integer[], threshold integer) RETURNS integer[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(SELECT (own.band # near.mask) FROM unnest(near_bands.bands) own(band), unnest(rage.near_masks(near_bands.threshold)) near(mask));

COMMENT ON FUNCTION rage.near_bands(bands integer[], threshold integer) IS 'The parts of which a hash has one at least, if so few bits differ from the hash with these parts.';

CREATE TABLE rage.picture_hashes (
    content_id bigint NOT NULL,
    hash bit(64),
    bands integer[] GENERATED ALWAYS AS (ARRAY[((SUBSTRING(hash FROM 1 FOR 16))::bit(16))::integer, (((SUBSTRING(hash FROM 17 FOR 16))::bit(16))::integer + 65536), (((SUBSTRING(hash FROM 33 FOR 16))::bit(16))::integer + 131072), (((SUBSTRING(hash FROM 49 FOR 16))::bit(16))::integer + 196608)]) STORED
);

COMMENT ON TABLE rage.picture_hashes IS 'What pictures look like: a row once somebody looked, none after an erasure.';

COMMENT ON COLUMN rage.picture_hashes.content_id IS 'The bytes.';

COMMENT ON COLUMN rage.picture_hashes.hash IS 'Perceptual hash of the thumbnail: few bits differ between pictures that look alike; null for a flat one, which looks like every other.';

COMMENT ON COLUMN rage.picture_hashes.bands IS 'The hash in four parts of 16 bits, each with its place above: hashes of which few bits differ have a part that is equal or nearly so.';

CREATE FUNCTION rage.near_contents(own rage.picture_hashes, threshold integer) RETURNS TABLE(content_id bigint, distance integer)
    LANGUAGE plpgsql STABLE ROWS 10
    SET search_path TO 'rage', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
BEGIN
    RETURN QUERY
    SELECT h.content_id, bit_count(h.hash # own.hash)::integer
    FROM rage.picture_hashes AS h
    WHERE h.hash IS NOT NULL
      AND h.bands && rage.near_bands(own.bands, near_contents.threshold)
      AND bit_count(h.hash # own.hash) <= near_contents.threshold
      AND h.content_id <> own.content_id;
END
$$;

COMMENT ON FUNCTION rage.near_contents(own rage.picture_hashes, threshold integer) IS 'The pictures of whose hash at most so many bits differ from a picture''s own, of every brand; none for a flat one.';

CREATE FUNCTION rage.nearest(image_id bigint, by text, k integer, filters jsonb, among bigint[]) RETURNS TABLE(rank integer, similar_id bigint, distance double precision, strategy text, matched bigint, complete boolean)
    LANGUAGE plpgsql STABLE ROWS 20
    SET search_path TO 'rage', 'pg_temp'
    SET random_page_cost TO '1.1'
    SET jit TO 'off'
    AS $_$
DECLARE
    allowed     integer[] := rage.brand_limit();
    wanted      jsonb := rage.resolved(rage.default_filters(nearest.filters), allowed);
    space       rage.embedding_spaces := rage.compared_by(nearest.by);
    same        jsonb;
    matching    rage.matching;
    vectors     jsonb;
    ready       record;
    settings    text[] := rage.scan_settings();
BEGIN
    PERFORM rage.check_k(nearest.k);
    SELECT
        (SELECT jsonb_agg(s.image_id) FROM rage.images AS s WHERE s.content_id = i.content_id),
        jsonb_build_object(nearest.by, e.embedding::text)
    INTO same, vectors
    FROM rage.images AS i
    LEFT JOIN rage.embeddings AS e ON e.space_id = space.space_id AND e.image_id = i.image_id
    WHERE i.image_id = nearest.image_id AND i.deleted_at IS NULL AND (allowed IS NULL OR i.brand_id = ANY (allowed));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no image %', coalesce(nearest.image_id::text, 'null')
            USING ERRCODE = 'no_data_found', COLUMN = 'image_id';
    ELSIF vectors ->> nearest.by IS NULL THEN
        RAISE EXCEPTION 'image % has no vector yet to compare by "%"', nearest.image_id, nearest.by
            USING ERRCODE = 'no_data_found', COLUMN = 'by', HINT = 'See `rage index status`.';
    END IF;
    wanted := wanted || jsonb_build_object('images_none', same);
    matching := rage.matching(wanted, nearest.among, allowed);
    SELECT * INTO ready FROM rage.route(matching.condition, wanted, nearest.among, allowed, ARRAY[nearest.by], nearest.k, 1);
    PERFORM rage.scan_for(ready.candidates) WHERE ready.indexed <> '{}';
    RETURN QUERY EXECUTE
        'SELECT found.rank, found.image_id, found.distance, CASE WHEN found.short THEN $13 ELSE $14 END, found.matched, true'
        ' FROM (' || rage.similar_statement(matching, vectors, ready.indexed, ready.brand, ready.wide) || ') AS found'
    USING wanted, nearest.among, allowed, NULL::jsonb, vectors, NULL::jsonb, nearest.k, NULL::real, NULL::bigint[],
          nearest.k, ready.candidates, ready.estimate,
          rage.strategy(
              vectors, NULL, jsonb_build_object(nearest.by, 1), CASE WHEN allowed IS NULL THEN '{}' ELSE ready.indexed END,
              ready.brand, ready.wide, ready.estimate),
          rage.strategy(
              vectors, NULL, jsonb_build_object(nearest.by, 1), ready.indexed, ready.brand, ready.wide, ready.estimate);
    PERFORM rage.set_scan(settings) WHERE ready.indexed <> '{}';
END
$_$;

COMMENT ON FUNCTION rage.nearest(image_id bigint, by text, k integer, filters jsonb, among bigint[]) IS 'The images nearest to an image in the active space of a leg, by cosine distance; whatever shows the same bytes is left out.';

CREATE FUNCTION rage.note_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    NEW.changed_in := pg_current_xact_id();
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION rage.note_change() IS 'Row trigger: notes the transaction. What a look for missing vectors could not see yet is what it tells from the rest.';

CREATE FUNCTION rage.standing_clause(filters jsonb, image text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN concat_ws(' AND '::text, (image || '.deleted_at IS NULL'::text), CASE WHEN ((filters -> 'state'::text) = '["approved"]'::jsonb) THEN (image || '.state = ''approved'''::text) WHEN (filters ? 'state'::text) THEN (image || '.state = ANY (rage.texts($1 -> ''state''))'::text) ELSE NULL::text END, CASE WHEN (filters ? 'usable_on'::text) THEN format('(%2$s(%1$s.usable_from IS NULL OR %1$s.usable_from <= ($1 ->> ''usable_on'')::date) AND (%1$s.usable_until IS NULL OR %1$s.usable_until >= ($1 ->> ''usable_on'')::date))'::text, image, CASE WHEN ((filters -> 'state'::text) = '["approved"]'::jsonb) THEN ''::text ELSE (image || '.state <> ''approved'' OR '::text) END) ELSE NULL::text END);

COMMENT ON FUNCTION rage.standing_clause(filters jsonb, image text) IS 'The condition on the columns of an image that it is there, in a wanted state, and usable when it is wanted.';

CREATE FUNCTION rage.open_clause(filters jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN format('NOT EXISTS (SELECT FROM rage.images AS closed WHERE closed.image_id = i.image_id AND (closed.deleted_at IS NOT NULL OR closed.state <> ''approved'' OR closed.usable_from IS NOT NULL OR closed.usable_until IS NOT NULL) AND NOT (%s))'::text, rage.standing_clause(filters, 'closed'::text));

COMMENT ON FUNCTION rage.open_clause(filters jsonb) IS 'The condition that an image is there, approved and usable when it is wanted, by the index images_closed alone.';

CREATE FUNCTION rage.phrase_query(phrase text, configurations text[]) RETURNS tsquery
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    RETURN (
    WITH readings AS (
        SELECT DISTINCT phraseto_tsquery(rage.as_configuration(c), phrase) AS reading
        -- As it stands, for SKUs and the names of brands.
        FROM unnest(configurations || 'simple'::text) AS c
    )
    SELECT string_agg('(' || reading::text || ')', ' | ')::tsquery FROM readings WHERE numnode(reading) > 0);
END
$$;

COMMENT ON FUNCTION rage.phrase_query(phrase text, configurations text[]) IS 'Finds the documents in which these words stand side by side, read in any of the configurations; null where there are no words.';

CREATE FUNCTION rage.prepare_search(prompt text, INOUT k integer, INOUT filters jsonb, INOUT among bigint[], legs jsonb, INOUT vectors jsonb, INOUT min_relevance real, INOUT without bigint[], exact boolean, OUT allowed integer[], OUT words jsonb, OUT weights jsonb, OUT depth integer, OUT indexed text[], OUT candidates integer, OUT wide boolean, OUT estimate bigint, OUT brand integer, OUT matching rage.matching, OUT statement text) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    asked  text := rage.check_request(prompt, k, min_relevance);
BEGIN
    allowed := rage.brand_limit();
    filters := rage.resolved(rage.default_filters(filters), allowed) || rage.excluded_words(asked, allowed);
    -- A statement that is shown to who sees some brands does not tell how many images of others are closed.
    matching := rage.matching(filters, among, allowed, exact AND allowed IS NOT NULL);
    weights := rage.leg_weights(legs);
    vectors := rage.query_vectors(asked, weights, vectors, legs IS NOT NULL, allowed);
    IF (weights ->> 'text')::real > 0 THEN
        words := rage.prompt_words(asked, allowed);
    END IF;
    depth := rage.search_depth(k, without, vectors, words);
    indexed := '{}';
    wide := false;
    IF NOT exact THEN
        SELECT r.indexed, r.candidates, r.wide, r.estimate, r.brand INTO indexed, candidates, wide, estimate, brand
        FROM rage.route((matching).condition, filters, among, allowed, ARRAY(SELECT jsonb_object_keys(vectors)), depth, 1) AS r;
    END IF;
    statement := rage.search_statement(matching, words, vectors, indexed, brand, wide);
END
$$;

COMMENT ON FUNCTION rage.prepare_search(prompt text, INOUT k integer, INOUT filters jsonb, INOUT among bigint[], legs jsonb, INOUT vectors jsonb, INOUT min_relevance real, INOUT without bigint[], exact boolean, OUT allowed integer[], OUT words jsonb, OUT weights jsonb, OUT depth integer, OUT indexed text[], OUT candidates integer, OUT wide boolean, OUT estimate bigint, OUT brand integer, OUT matching rage.matching, OUT statement text) IS 'A request, checked and made ready for who asks: the statement that answers it, the values of its parameters, and the legs that go through their index (none where it must be exact).';

CREATE FUNCTION rage.printed_search(prompt text, k integer, filters jsonb, among bigint[], legs jsonb, vectors jsonb, min_relevance real, without bigint[]) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
DECLARE
    ready     record;
    literals  text[];
    printed   text := '';
    piece     text;
BEGIN
    -- How many candidates a scan takes would tell how many images the store has. Exact: nothing but what they see.
    SELECT * INTO ready FROM rage.prepare_search($1, $2, $3, $4, $5, $6, $7, $8, rage.brand_limit() IS NOT NULL);
    literals := ARRAY[
        quote_nullable(ready.filters) || '::jsonb',
        quote_nullable(ready.among) || '::bigint[]',
        quote_nullable(ready.allowed) || '::integer[]',
        quote_nullable(ready.words) || '::jsonb',
        quote_nullable(ready.vectors) || '::jsonb',
        quote_nullable(ready.weights) || '::jsonb',
        quote_nullable(ready.k) || '::integer',
        quote_nullable(ready.min_relevance) || '::real',
        quote_nullable(ready.without) || '::bigint[]',
        quote_nullable(ready.depth) || '::integer',
        quote_nullable(ready.candidates) || '::integer',
        quote_nullable(ready.estimate) || '::bigint'];
    printed := '-- With random_page_cost = 1.1, jit = off'
        || CASE WHEN ready.indexed = '{}' THEN '' ELSE format(', hnsw.ef_search = %s, hnsw.iterative_scan = %s', VARIADIC (rage.scan_of(ready.candidates))[:2]) END
        || E'.\n';
    -- Split at the parameters rather than replace them, and keep what is quoted whole: a value, or the name of an
    -- attribute, may itself contain "$3".
    FOR piece IN SELECT p.part[1] FROM regexp_matches(
        ready.statement, '(''(?:[^'']|'''')*''|"(?:[^"]|"")*"|\$[0-9]+|[^$''"]+|.)', 'g') AS p (part)
    LOOP
        printed := printed || CASE WHEN piece ~ '^\$[0-9]+$' THEN literals[substr(piece, 2)::integer] ELSE piece END;
    END LOOP;
    RETURN printed;
END
$_$;

COMMENT ON FUNCTION rage.printed_search(prompt text, k integer, filters jsonb, among bigint[], legs jsonb, vectors jsonb, min_relevance real, without bigint[]) IS 'The statement of a search with its values written in.';

CREATE FUNCTION rage.prompt_configurations(allowed integer[]) RETURNS text[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    RETURN coalesce((
    SELECT array_agg(DISTINCT c.configuration)
    FROM rage.text_configurations AS c
    WHERE c.documents > 0
      AND (prompt_configurations.allowed IS NULL OR c.brand_id = ANY (prompt_configurations.allowed))
), '{english}');
END
$$;

COMMENT ON FUNCTION rage.prompt_configurations(allowed integer[]) IS 'The text search configurations that documents of the allowed brands (null: all) are stemmed in: a prompt does not tell its language.';

CREATE FUNCTION rage.prompt_elements(prompt text) RETURNS TABLE(place bigint, content text, negated boolean, quoted boolean, alternative boolean)
    LANGUAGE sql IMMUTABLE
    AS $_$
    WITH tokens AS (
        -- A phrase stands between white space, but for what closes a sentence behind it: 24" and 27" are inches.
        SELECT t.token[1] AS token, t.place
        FROM regexp_matches(
            translate(prompt, '“”„', '"""'), '-?"[^"]+"[^"\s[:alnum:]]*(?!\S)|\S+', 'g') WITH ORDINALITY AS t (token, place)
    )
    SELECT
        place,
        translate(token, '"', ' '),
        token ~ '^-["[:alnum:]]',
        -- A longer one is a text that somebody quotes: its words count one by one.
        token ~ '^-?"[^"]+"[^"[:alnum:]]*$' AND length(token) <= 300,
        token ~* '^or$'
    FROM tokens
$_$;

COMMENT ON FUNCTION rage.prompt_elements(prompt text) IS 'A prompt taken apart at its white space and quotation marks. negated: a minus stands directly before it; quoted: its words must stand side by side; alternative: it is the word or.';

CREATE FUNCTION rage.prompt_terms(prompt text, configurations text[], allowed integer[]) RETURNS TABLE(term tsquery, forms text[], stopped text[])
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
#variable_conflict use_column
DECLARE
    -- Each is looked up: a prompt as long as a book stands for its longest words.
    most_words    constant integer := 64;
    most_phrases  constant integer := 16;
BEGIN
    RETURN QUERY
    WITH elements AS MATERIALIZED (
        SELECT e.content, e.quoted FROM rage.prompt_elements(prompt) AS e WHERE NOT e.negated AND NOT e.alternative
    ),
    words AS MATERIALIZED (
        SELECT lower(t.token) AS word
        FROM elements AS e CROSS JOIN LATERAL ts_parse('default', e.content) AS t
        WHERE NOT e.quoted
          -- Of URLs and words-with-hyphens the parser gives the parts as well. Blanks, tags and entities are no words.
          AND t.tokid <> ALL ('{5,12,13,14,15,16,17,23}')
        GROUP BY word
        ORDER BY length(lower(t.token)) DESC, word
        LIMIT most_words
    ),
    -- lamp, lamps and Lampen are one word, told by the form that is stemmed furthest.
    once AS (
        SELECT DISTINCT ON (shortest.form) f.forms, f.stopped
        FROM words AS w
        CROSS JOIN LATERAL rage.word_forms(w.word, configurations, allowed) AS f
        CROSS JOIN LATERAL (SELECT form FROM unnest(f.forms) AS form ORDER BY length(form), form LIMIT 1) AS shortest
        ORDER BY shortest.form, cardinality(f.forms) DESC, w.word
    ),
    phrases AS MATERIALIZED (
        SELECT rage.phrase_query(e.content, configurations) AS phrase
        FROM elements AS e
        WHERE e.quoted
        GROUP BY e.content
        ORDER BY length(e.content) DESC, e.content
        LIMIT most_phrases
    )
    SELECT rage.lexeme_query(o.forms), o.forms, o.stopped FROM once AS o
    UNION ALL
    SELECT p.phrase, '{}'::text[], '{}'::text[] FROM phrases AS p WHERE p.phrase IS NOT NULL;
END
$$;

COMMENT ON FUNCTION rage.prompt_terms(prompt text, configurations text[], allowed integer[]) IS 'What a prompt asks for: a term for each word, with the lexemes that it is found by, and for each phrase. stopped: the configurations to which a word says nothing.';

CREATE FUNCTION rage.prompt_words(prompt text, allowed integer[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    configurations  text[] := rage.prompt_configurations(allowed);
    documents       bigint := rage.documents_of(allowed);
    skus            text[] := rage.named_skus(prompt, allowed);
    tags            integer[] := CASE WHEN length(prompt) <= 200 THEN rage.tag_ids(ARRAY[prompt], allowed) ELSE '{}' END;
    terms           tsquery[];
    shares          double precision[];
    counts          bigint[];
BEGIN
    WITH counted AS MATERIALIZED (
        -- A word that one language drops as a filler is in every document of that language.
        SELECT t.term, least(documents, rage.documents_with(t.term, t.forms, allowed) + (
            SELECT coalesce(sum(c.documents), 0)
            FROM rage.text_configurations AS c
            WHERE c.configuration = ANY (t.stopped) AND (allowed IS NULL OR c.brand_id = ANY (allowed))
        )) AS found
        FROM rage.prompt_terms(prompt, configurations, allowed) AS t
    ),
    weighed AS (
        SELECT c.term, c.found, ln(1 + (documents + 1) / (0.5 + c.found)) AS idf FROM counted AS c
    ),
    shared AS (
        SELECT w.term, w.found, round(idf / sum(idf) OVER (), 6) AS share FROM weighed AS w
    )
    SELECT array_agg(s.term ORDER BY share DESC, s.term::text), array_agg(share ORDER BY share DESC, s.term::text),
           array_agg(s.found ORDER BY share DESC, s.term::text)
    INTO terms, shares, counts
    FROM shared AS s;
    IF terms IS NULL AND skus = '{}' AND tags = '{}' THEN
        RETURN NULL;
    END IF;
    RETURN jsonb_build_object(
        'terms', (SELECT coalesce(jsonb_agg(jsonb_build_object('words', t.term::text, 'share', t.share)), '[]')
                  FROM unnest(terms, shares) AS t (term, share)),
        'stages', CASE WHEN terms IS NULL THEN '[]' ELSE rage.word_stages(terms, shares, counts) END,
        'skus', skus,
        'tags', tags);
END
$$;

COMMENT ON FUNCTION rage.prompt_words(prompt text, allowed integer[]) IS 'What the text leg looks for. terms: each with its share of what the prompt says, its inverse document frequency over their sum, counted in the allowed brands (null: in all); stages: which documents are worth ranking; skus, tags: what the prompt names exactly. Null where only stop words are left.';

CREATE FUNCTION rage.query_vectors(prompt text, weights jsonb, vectors jsonb, demanded boolean, allowed integer[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    leg_space  record;
    vector     jsonb;
    found      jsonb := '{}';
    unknown    text;
BEGIN
    IF jsonb_typeof(vectors) <> 'object' THEN
        RAISE EXCEPTION 'vectors must be an object of leg names and vectors'
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'vectors';
    END IF;
    SELECT key INTO unknown FROM jsonb_object_keys(vectors) AS key
    WHERE key NOT IN (SELECT l.leg FROM rage.search_legs AS l WHERE l.space_id IS NOT NULL) LIMIT 1;
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'there is no leg "%" with a space that a vector could be compared in', unknown
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'vectors';
    END IF;
    FOR leg_space IN
        SELECT l.leg, s.space_id, s.dimensions, s.encodes
        FROM rage.search_legs AS l JOIN rage.embedding_spaces AS s USING (space_id)
        WHERE (weights ->> l.leg)::real > 0
        ORDER BY s.encodes = 'style', l.leg
    LOOP
        IF vectors ? leg_space.leg THEN
            vector := rage.checked_vector(vectors -> leg_space.leg, leg_space.leg, leg_space.dimensions);
        ELSE
            vector := rage.stored_prompt_vector(prompt, leg_space.space_id);
            IF vector IS NULL AND leg_space.encodes = 'style' THEN
                vector := rage.style_named_by(
                    coalesce(found -> 'caption', rage.stored_prompt_vector(prompt, (
                        SELECT l.space_id FROM rage.search_legs AS l WHERE l.leg = 'caption'))),
                    leg_space.space_id,
                    allowed);
            END IF;
        END IF;
        IF vector IS NOT NULL THEN
            found := found || jsonb_build_object(leg_space.leg, vector);
        ELSIF demanded THEN
            RAISE EXCEPTION 'the prompt is not embedded yet for leg "%"', leg_space.leg
                USING ERRCODE = 'no_data_found', COLUMN = 'legs.' || leg_space.leg,
                      HINT = 'Run `rage embed` with the prompt, or call rage_v1.request_prompt_vector(prompt) and try again.';
        END IF;
    END LOOP;
    IF demanded AND found = '{}' AND coalesce((weights ->> 'text')::real, 0) = 0 THEN
        RAISE EXCEPTION 'none of these legs has a space to search'
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'legs';
    END IF;
    RETURN found;
END
$$;

COMMENT ON FUNCTION rage.query_vectors(prompt text, weights jsonb, vectors jsonb, demanded boolean, allowed integer[]) IS 'The query vector of every weighted leg, as pgvector writes it: the one given, the stored one of the prompt, or for style the one that the prompt names.';

CREATE FUNCTION rage.range_clauses(name text, bounds jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE
    RETURN ARRAY(SELECT format(CASE jsonb_typeof(b.bound) WHEN 'number'::text THEN 'CASE WHEN i.attributes ->> %1$L ~ ''^-?[0-9]{1,30}(\.[0-9]{1,30})?$'' THEN (i.attributes ->> %1$L)::numeric %2$s ($1 #>> ARRAY[''attributes'', %1$L, %3$L])::numeric ELSE false END'::text ELSE 'jsonb_typeof(i.attributes -> %1$L) IN (''string'', ''number'') AND i.attributes ->> %1$L COLLATE "C" %2$s ($1 #>> ARRAY[''attributes'', %1$L, %3$L])'::text END, range_clauses.name, CASE b.operator WHEN 'gt'::text THEN '>'::text WHEN 'gte'::text THEN '>='::text WHEN 'lt'::text THEN '<'::text WHEN 'lte'::text THEN '<='::text ELSE NULL::text END, b.operator) AS format FROM jsonb_each(range_clauses.bounds) b(operator, bound));

COMMENT ON FUNCTION rage.range_clauses(name text, bounds jsonb) IS 'Conditions on one attribute for {"gt"|"gte"|"lt"|"lte": bound}, each bound left in the parameter $1.';

CREATE FUNCTION rage.record_changes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $$
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
$$;

COMMENT ON FUNCTION rage.record_changes() IS 'Statement trigger: a line in the audit log for every row that was added, changed or removed. Its arguments are the columns that name a row.';

CREATE FUNCTION rage.refresh_brand(brand text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    -- An admin of a brand, who sets its language, need not have the right to write to its images.
    PERFORM rage.refresh_documents(ARRAY(
        SELECT d.image_id
        FROM rage.brands AS b
        JOIN rage.image_documents AS d USING (brand_id)
        LEFT JOIN rage.captions AS c ON c.image_id = d.image_id AND c.is_current
        WHERE b.key = rage.normal_form(refresh_brand.brand)
          AND b.brand_id = ANY (rage.allowed_brands('admin'))
          AND d.configuration <> rage.text_configuration(coalesce(c.language, b.language))));
END
$$;

COMMENT ON FUNCTION rage.refresh_brand(brand text) IS 'Makes the documents of a brand anew that its language changes; whoever changes that calls it in the same transaction.';

CREATE FUNCTION rage.refresh_documents(ids bigint[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'rage', 'pg_temp'
    AS $$
    -- Whoever changes a brand's language meanwhile waits, and then finds these documents too.
    SELECT FROM rage.brands AS b
    WHERE b.brand_id IN (SELECT i.brand_id FROM rage.images AS i WHERE i.image_id = ANY (ids))
    ORDER BY b.brand_id
    FOR SHARE;

    WITH known AS (
        SELECT
            i.image_id,
            i.brand_id,
            b.name AS brand,
            i.title,
            c.text AS caption,
            d.seen,
            d.visible_text,
            rage.text_configuration(coalesce(c.language, b.language)) AS configuration,
            (SELECT string_agg(replace(t.name, '/', ' '), ', ' ORDER BY t.name)
             FROM rage.image_tags AS it JOIN rage.tags AS t USING (tag_id)
             WHERE it.image_id = i.image_id) AS tags,
            (SELECT string_agg(p.sku, ' ' ORDER BY p.position, p.sku)
             FROM rage.image_products AS p
             WHERE p.image_id = i.image_id AND p.brand_id = i.brand_id) AS skus
        FROM rage.images AS i
        JOIN rage.brands AS b USING (brand_id)
        LEFT JOIN rage.captions AS c ON c.image_id = i.image_id AND c.is_current
        CROSS JOIN LATERAL (
            -- What was seen in a picture that the image no longer shows is left out.
            SELECT string_agg(nullif(array_to_string(s.objects || s.styles || s.colours, ', '), ''), ', ') AS seen,
                   string_agg(nullif(s.visible_text, ''), ' ') AS visible_text
            FROM rage.descriptions AS s
            WHERE s.image_id = i.image_id AND s.content_id = i.content_id
        ) AS d
        WHERE i.image_id = ANY (ids)
    ),
    texts AS (
        SELECT
            *,
            concat_ws('. ',
                CASE
                    -- A title that the caption repeats would count twice in the vector.
                    WHEN starts_with(lower(caption), lower(title)) THEN NULL
                    -- Where a caption says what there is, "img 0012 final" only takes the vector away from it.
                    WHEN caption IS NOT NULL AND rage.is_name_of_file(image_id, title) THEN NULL
                    ELSE title
                END,
                rtrim(caption, '. '),
                tags,
                seen,
                -- A page of small print would drown the rest in the vector; the text leg has all of it.
                left(visible_text, 300)) AS input
        FROM known
    ),
    wordless AS (
        -- Without words there is nothing to embed anew, and what was embedded would be found for good.
        DELETE FROM rage.embeddings AS e
        USING texts AS t, rage.embedding_spaces AS s
        WHERE t.input = '' AND e.image_id = t.image_id AND s.space_id = e.space_id AND s.encodes = 'caption'
    ),
    read_in AS (
        INSERT INTO rage.text_configurations AS c (brand_id, configuration, documents, changed)
        SELECT t.brand_id, t.configuration, count(*) FILTER (WHERE d.configuration IS DISTINCT FROM t.configuration), count(*)
        FROM texts AS t LEFT JOIN rage.image_documents AS d USING (image_id)
        GROUP BY t.brand_id, t.configuration
        ORDER BY t.brand_id, t.configuration
        ON CONFLICT (brand_id, configuration) DO UPDATE
        SET documents = c.documents + excluded.documents, changed = c.changed + excluded.changed
    )
    INSERT INTO rage.image_documents (image_id, brand_id, input, input_sha256, configuration, words)
    SELECT
        image_id,
        brand_id,
        input,
        sha256(convert_to(input, 'UTF8')),
        configuration,
        rage.document_words(rage.as_configuration(configuration), title, tags, skus, caption,
                            seen, visible_text, brand)
    FROM texts
    ON CONFLICT (image_id) DO UPDATE
    SET input = excluded.input, input_sha256 = excluded.input_sha256, configuration = excluded.configuration,
        words = excluded.words;
$$;

COMMENT ON FUNCTION rage.refresh_documents(ids bigint[]) IS 'Makes the documents of these images anew; whoever changes a title, caption, description, tag or product calls it in the same transaction.';

CREATE FUNCTION rage.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only ever added to' USING ERRCODE = 'insufficient_privilege';
END
$$;

COMMENT ON FUNCTION rage.refuse_change() IS 'Statement trigger: the audit log is append-only, for its owner too.';

CREATE FUNCTION rage.report(prompt text, k integer, filters jsonb, among bigint[], legs jsonb, vectors jsonb, min_relevance real, without bigint[]) RETURNS TABLE(strategy text, matched bigint, complete boolean)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    SET random_page_cost TO '1.1'
    SET jit TO 'off'
    AS $_$
DECLARE
    ready  record;
BEGIN
    SELECT * INTO ready FROM rage.prepare_search($1, $2, $3, $4, $5, $6, $7, $8, false);
    IF ready.wide OR ready.indexed <> '{}' THEN
        -- Whether an index scan came back short is known once it has run; where it found nothing, it did.
        RETURN QUERY SELECT s.strategy, s.matched, s.complete FROM rage.search($1, $2, $3, $4, $5, $6, $7, $8) AS s LIMIT 1;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    RETURN QUERY EXECUTE 'SELECT $4, count(*), true FROM ' || (ready.matching).listed
    USING ready.filters, ready.among, ready.allowed, rage.strategy(
              ready.vectors, ready.words, ready.weights, CASE WHEN ready.allowed IS NULL THEN '{}' ELSE ready.indexed END,
              ready.brand, ready.wide, ready.estimate);
END
$_$;

COMMENT ON FUNCTION rage.report(prompt text, k integer, filters jsonb, among bigint[], legs jsonb, vectors jsonb, min_relevance real, without bigint[]) IS 'How a search is answered, without its rows.';

CREATE FUNCTION rage.required_words(words text) RETURNS tsquery
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    configurations  text[] := rage.prompt_configurations(rage.brand_limit());
    wanted          tsquery;
BEGIN
    WITH elements AS (
        SELECT e.*, count(*) FILTER (WHERE e.alternative) OVER (ORDER BY e.place) AS choice
        FROM rage.prompt_elements(words) AS e
    ),
    conditions AS (
        SELECT e.choice, CASE WHEN e.negated THEN '!(' ELSE '(' END || r.reading::text || ')' AS condition
        FROM elements AS e
        CROSS JOIN LATERAL (SELECT rage.phrase_query(e.content, configurations) AS reading) AS r
        WHERE NOT e.alternative AND r.reading IS NOT NULL
          -- What only fills a sentence in one of the languages sets no condition: documents in that language lack it.
          AND (e.negated OR NOT EXISTS (
              SELECT FROM unnest(configurations) AS c WHERE numnode(phraseto_tsquery(rage.as_configuration(c), e.content)) = 0))
    ),
    choices AS (
        SELECT '(' || string_agg(condition, ' & ') || ')' AS choice FROM conditions GROUP BY choice
    )
    SELECT string_agg(choice, ' | ')::tsquery INTO wanted FROM choices;
    RETURN coalesce(wanted, CASE WHEN words IS NOT NULL THEN ''::tsquery END);
END
$$;

COMMENT ON FUNCTION rage.required_words(words text) IS 'What a list''s words ask for: all of them, in any language of the brands that are seen; "phrases", -excluded words and or as in a prompt.';

CREATE FUNCTION rage.resolved(filters jsonb, allowed integer[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    resolved  jsonb := filters - '{brand,tags_all,tags_any,tags_none}'::text[];
    sets      jsonb[] := '{}';
    name      text;
BEGIN
    PERFORM rage.check_bounds(filters);
    -- The planner knows how many images have a brand's or a tag's number; of a name looked up on the way it knows nothing.
    IF filters ? 'brand' THEN
        resolved := resolved || jsonb_build_object('brand', ARRAY(
            SELECT b.brand_id
            FROM rage.brands AS b
            WHERE b.key = ANY (rage.names(filters -> 'brand')) AND (allowed IS NULL OR b.brand_id = ANY (allowed))
            ORDER BY b.brand_id));
    END IF;
    FOR name IN SELECT jsonb_array_elements_text(filters -> 'tags_all') LOOP
        sets := sets || to_jsonb(rage.tag_ids(ARRAY[name], allowed));
    END LOOP;
    IF filters ? 'tags_any' THEN
        sets := sets || to_jsonb(rage.tag_ids(rage.texts(filters -> 'tags_any'), allowed));
    END IF;
    IF sets <> '{}' THEN
        resolved := resolved || jsonb_build_object('tags', ARRAY(SELECT DISTINCT s.tags FROM unnest(sets) AS s (tags)));
    END IF;
    IF filters ? 'tags_none' THEN
        resolved := resolved || jsonb_build_object('tags_none', rage.tag_ids(rage.texts(filters -> 'tags_none'), allowed));
    END IF;
    RETURN resolved;
END
$$;

COMMENT ON FUNCTION rage.resolved(filters jsonb, allowed integer[]) IS 'A filter with the numbers of brands and tags in place of their names, of the allowed brands alone; what rage.matching reads. tags: sets of which an image has a tag of each.';

CREATE FUNCTION rage.retire_space(retired integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    IF NOT rage.is_operator() THEN
        RAISE EXCEPTION 'only the operator retires spaces' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- First the row: whoever stores a vector holds it, and finds the space retired afterwards.
    UPDATE rage.embedding_spaces SET state = 'retired', trouble = NULL, trouble_at = NULL WHERE space_id = retired;
    -- Then the turn of those who claim: what a look finds of the space is either all from before, or all from afterwards.
    PERFORM pg_advisory_xact_lock(hashtextextended('rage.claim', retired));
    DELETE FROM rage.prompt_vectors WHERE space_id = retired;
    DELETE FROM rage.failed_items WHERE space_id = retired;
    DELETE FROM rage.embedding_claims WHERE space_id = retired;
    -- Searches of other spaces go on: this takes a lock on the space's own partition alone, and soon, or not at all.
    SET LOCAL lock_timeout = '10s';
    EXECUTE format('TRUNCATE rage.%I', format('embeddings_%s', retired));
END
$$;

COMMENT ON FUNCTION rage.retire_space(retired integer) IS 'Gives the room of a space free: its vectors, those of prompts, its failures. Its row stays, for history and to be added again.';

CREATE FUNCTION rage.route(filter text, filters jsonb, among bigint[], allowed integer[], legs text[], depth integer, care real, OUT indexed text[], OUT candidates integer, OUT wide boolean, OUT estimate bigint, OUT brand integer) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    most            constant integer := 4000;
    few             constant integer := 800;
    cheap_to_count  constant double precision := 2500;  -- In units of the planner: some milliseconds.
    at_least        integer;
    fewest          real;
    images          real;
    matches         bigint;
    cost            double precision;
BEGIN
    indexed := '{}';
    wide := false;
    IF jsonb_array_length(filters -> 'brand') = 1 THEN
        brand := rage.indexed_brand((filters -> 'brand' ->> 0)::integer, legs);
    END IF;
    SELECT ceil(care * max(s.ef_search)), min(s.candidate_cost * s.ef_search), max(s.vectors) INTO at_least, fewest, images
    FROM rage.sound_indexes(legs, brand) AS s;
    IF (SELECT r.reltuples <= few FROM pg_class AS r WHERE r.oid = 'rage.images'::regclass)
        OR rage.few_match(filters, among, coalesce(fewest, few)::integer) THEN
        RETURN;
    END IF;
    SELECT e.matches, e.cost INTO matches, cost FROM rage.estimated_matches(filter, filters, among, allowed) AS e;
    wide := cost > cheap_to_count;
    -- The planner's statistics are those of every brand.
    IF wide AND allowed IS NULL THEN
        estimate := round(matches, 1 - floor(log(matches))::integer);
    END IF;
    -- The first half must hold `depth` matches. Under a filter that has nothing to do with the picture their number
    -- there is Poisson: two and a half standard deviations more than needed come short once in a hundred times.
    candidates := greatest(at_least, least(ceil(2 * (depth + 2.5 * sqrt(depth)) * greatest(images / matches, 1)), most + 1));
    IF candidates <= most THEN
        indexed := ARRAY(
            SELECT s.leg FROM rage.sound_indexes(legs, brand) AS s
            WHERE candidates * s.candidate_cost < least(s.vectors, matches)
            ORDER BY s.leg);
    END IF;
END
$$;

COMMENT ON FUNCTION rage.route(filter text, filters jsonb, among bigint[], allowed integer[], legs text[], depth integer, care real, OUT indexed text[], OUT candidates integer, OUT wide boolean, OUT estimate bigint, OUT brand integer) IS 'The legs that go through their index because reading so many candidates from it costs less than comparing about so many matches; depth: how many of a leg''s best are needed; care: what share of a space''s own number of candidates is read at least. No leg: every match is compared. wide: the matches are too many to be set aside, or all counted. estimate: two digits of their number, for who sees every brand. brand: whose own index is read; null: that of all images.';

CREATE FUNCTION rage.sample_queries(leg text, wanted integer) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    PERFORM rage.check_operator();
    RETURN QUERY
        WITH searched AS (
            SELECT l.space_id,
                   (SELECT greatest(r.reltuples, 1) FROM pg_class AS r
                    WHERE r.oid = to_regclass(format('rage.embeddings_%s', l.space_id))) AS vectors
            FROM rage.search_legs AS l
            WHERE l.leg = sample_queries.leg
        ),
        prompts AS (
            SELECT v.embedding, 0 AS source
            FROM searched JOIN rage.prompt_vectors AS v USING (space_id)
            ORDER BY random()
            LIMIT wanted
        ),
        -- Who describes an image lies near it.
        images AS (
            SELECT e.embedding, 1 AS source
            -- Drawn within, so that it is drawn for each: outside, Postgres would draw once.
            FROM searched JOIN (SELECT v.space_id, v.embedding, random() AS drawn FROM rage.embeddings AS v) AS e USING (space_id)
            WHERE e.drawn < 20 * wanted / vectors
            ORDER BY e.drawn
            LIMIT wanted
        )
        SELECT q.embedding::text
        FROM (SELECT * FROM prompts UNION ALL SELECT * FROM images) AS q
        WHERE l2_norm(q.embedding) > 0
        ORDER BY q.source
        LIMIT wanted;
END
$$;

COMMENT ON FUNCTION rage.sample_queries(leg text, wanted integer) IS 'So many query vectors of a leg: stored prompts, and where they are too few, vectors of images.';

CREATE FUNCTION rage.scan_for(candidates integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    PERFORM rage.set_scan(rage.scan_of(candidates));
END
$$;

COMMENT ON FUNCTION rage.scan_for(candidates integer) IS 'Sets that index scans find so many candidates, until the transaction ends.';

CREATE FUNCTION rage.scan_of(candidates integer) RETURNS text[]
    LANGUAGE sql IMMUTABLE
    RETURN ARRAY[(LEAST(candidates, 1000))::text, CASE WHEN (candidates > 1000) THEN 'relaxed_order'::text ELSE 'off'::text END, CASE WHEN (candidates > 1000) THEN '4'::text ELSE '1'::text END];

COMMENT ON FUNCTION rage.scan_of(candidates integer) IS 'The values of hnsw.ef_search, hnsw.iterative_scan and hnsw.scan_mem_multiplier under which an index scan finds so many candidates.';

CREATE FUNCTION rage.scan_settings() RETURNS text[]
    LANGUAGE sql STABLE
    RETURN ARRAY[current_setting('hnsw.ef_search'::text, true), current_setting('hnsw.iterative_scan'::text, true), current_setting('hnsw.scan_mem_multiplier'::text, true)];

COMMENT ON FUNCTION rage.scan_settings() IS 'The settings of index scans as they are; null while pgvector is not loaded.';

CREATE FUNCTION rage.scanned(leg text, vector text, candidates integer) RETURNS TABLE(image_id bigint, distance double precision)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    SET jit TO 'off'
    SET enable_seqscan TO 'off'
    AS $_$
DECLARE
    space     rage.embedding_spaces := rage.compared_by(scanned.leg);
    settings  text[] := rage.scan_settings();
BEGIN
    PERFORM rage.check_operator(), rage.scan_for(candidates);
    RETURN QUERY EXECUTE format(
        'SELECT e.image_id, e.embedding::halfvec(%1$s) <=> $1::halfvec(%1$s) AS distance FROM rage.%2$I AS e ORDER BY distance LIMIT $2',
        space.dimensions, 'embeddings_' || space.space_id)
    USING scanned.vector, scanned.candidates;
    PERFORM rage.set_scan(settings);
END
$_$;

COMMENT ON FUNCTION rage.scanned(leg text, vector text, candidates integer) IS 'So many candidates from the HNSW index of a leg''s space, as a search reads them.';

CREATE FUNCTION rage.scanned_leg(leg text, space integer, dimensions integer, scanned text, brand integer) RETURNS text
    LANGUAGE sql STABLE
    RETURN (SELECT format('
%1$I AS MATERIALIZED (
    SELECT image_id, brand_id, distance, row_number() OVER (ORDER BY distance) AS position
    FROM (
        SELECT e.image_id, e.brand_id,
               e.embedding::%7$I.halfvec(%6$s) OPERATOR(%7$I.<=>) ($5 ->> %4$L)::%7$I.halfvec(%6$s) AS distance
        FROM rage.%5$I AS e%9$s
        ORDER BY distance
        LIMIT $11
    ) AS nearest
),
%2$I AS MATERIALIZED (
    SELECT image_id, distance, position
    FROM %8$s
),
%3$I AS MATERIALIZED (
    SELECT count(*) < $10 AS short FROM %2$I WHERE position <= (SELECT count(*) FROM %1$I) - $11 / 2
),'::text, (scanned_leg.leg || '_scan'::text), (scanned_leg.leg || '_found'::text), (scanned_leg.leg || '_scanned'::text), scanned_leg.leg, ('embeddings_'::text || scanned_leg.space), scanned_leg.dimensions, n.nspname, format(scanned_leg.scanned, quote_ident((scanned_leg.leg || '_scan'::text))), CASE WHEN (scanned_leg.brand IS NULL) THEN ''::text ELSE format('
        WHERE e.brand_id = %s'::text, scanned_leg.brand) END) AS format FROM (pg_extension x JOIN pg_namespace n ON ((n.oid = x.extnamespace))) WHERE (x.extname = 'vector'::name));

COMMENT ON FUNCTION rage.scanned_leg(leg text, space integer, dimensions integer, scanned text, brand integer) IS 'The CTEs that read the candidates of a vector leg from its HNSW index, keep those that pass the filter, and tell whether these are too few.';

CREATE FUNCTION rage.search(prompt text, k integer, filters jsonb, among bigint[], legs jsonb, vectors jsonb, min_relevance real, without bigint[], exact boolean DEFAULT false) RETURNS TABLE(rank integer, image_id bigint, score double precision, hits jsonb, strategy text, matched bigint, complete boolean)
    LANGUAGE plpgsql STABLE ROWS 20
    SET search_path TO 'rage', 'pg_temp'
    SET random_page_cost TO '1.1'
    SET jit TO 'off'
    AS $_$
DECLARE
    ready     record;
    planned   text;
    settings  text[] := rage.scan_settings();
BEGIN
    SELECT * INTO ready FROM rage.prepare_search($1, $2, $3, $4, $5, $6, $7, $8, $9);
    PERFORM rage.scan_for(ready.candidates) WHERE ready.indexed <> '{}';
    planned := rage.strategy(
        ready.vectors, ready.words, ready.weights, ready.indexed, ready.brand, ready.wide, ready.estimate);
    -- A scan that comes back short tells of other brands' images: who may not see them is told what was planned.
    RETURN QUERY EXECUTE
        'SELECT found.rank, found.image_id, found.score, found.legs, '
        'CASE WHEN short = ''{}'' OR $3 IS NOT NULL THEN $13 '
        'ELSE rage.strategy($5, $4, $6, ARRAY(SELECT unnest($14) EXCEPT SELECT unnest(short)), $15, $16, $12) END, '
        'found.matched, true FROM (' || ready.statement || ') AS found'
    USING ready.filters, ready.among, ready.allowed, ready.words, ready.vectors, ready.weights, ready.k,
          ready.min_relevance, ready.without, ready.depth, ready.candidates, ready.estimate, planned, ready.indexed,
          ready.brand, ready.wide;
    PERFORM rage.set_scan(settings) WHERE ready.indexed <> '{}';
END
$_$;

COMMENT ON FUNCTION rage.search(prompt text, k integer, filters jsonb, among bigint[], legs jsonb, vectors jsonb, min_relevance real, without bigint[], exact boolean) IS 'Runs a search: the ids of the best matches with how each leg ranked them. exact: every match is compared, no index is asked.';

CREATE FUNCTION rage.search_depth(k integer, without bigint[], vectors jsonb, words jsonb) RETURNS integer
    LANGUAGE sql IMMUTABLE
    RETURN GREATEST((k + COALESCE(cardinality(without), 0)), CASE WHEN (((SELECT count(*) AS count FROM jsonb_object_keys(search_depth.vectors) jsonb_object_keys(jsonb_object_keys)) + ((words IS NOT NULL))::integer) > 1) THEN 50 ELSE 0 END);

COMMENT ON FUNCTION rage.search_depth(k integer, without bigint[], vectors jsonb, words jsonb) IS 'How many of its best matches a leg gives to the fusion.';

CREATE FUNCTION rage.search_statement(matching rage.matching, words jsonb, vectors jsonb, indexed text[], brand integer, wide boolean) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
DECLARE
    ctes   text[];
    hits   text[];
    short  text[];
BEGIN
    SELECT coalesce(array_agg(v.ctes), '{}'), coalesce(array_agg(v.hits), '{}'), array_remove(array_agg(v.short), NULL)
    INTO ctes, hits, short
    FROM rage.vector_legs(matching, vectors, indexed, brand, wide) AS v;
    IF words IS NOT NULL THEN
        ctes := ctes || rage.text_leg((matching).within, wide, words);
        -- No rank tells how weak a match is: the leg weighs as much as the words that an image has of the prompt.
        hits := hits || 'SELECT image_id, ''text'' AS leg, place, strength, ''score'' AS measure, score AS value FROM "text"'::text;
    END IF;
    IF hits = '{}' THEN
        hits := ARRAY['SELECT image_id, ''text'' AS leg, 1::bigint AS place, 1 AS strength, ''score'' AS measure, 0 AS value FROM matches WHERE false'];
    END IF;
    -- Reciprocal rank fusion (Cormack, Clarke, Buettcher, SIGIR 2009) with k = 60, weighted by leg and by a hit's
    -- strength. A match that no leg ranked still counts as an answer where there is room: it comes last, with a score of 0.
    RETURN format($sql$
WITH matches AS MATERIALIZED (
    SELECT i.image_id
    FROM %s
),%s
hits AS (
    %s
),
fused AS MATERIALIZED (
    SELECT image_id,
           sum(($6 ->> leg)::double precision * strength / (60 + place)) AS score,
           jsonb_object_agg(leg, jsonb_build_object('rank', place, measure, value)) AS legs
    FROM hits
    GROUP BY image_id
),
answer AS (
    SELECT image_id, score, legs FROM fused
    UNION ALL
    SELECT image_id, 0, '{}' FROM matches
    WHERE (SELECT count(*) FROM fused) < $10 AND image_id NOT IN (SELECT image_id FROM fused)
)
SELECT row_number() OVER (ORDER BY score DESC, image_id)::integer AS rank,
       image_id, score, legs,
       %s AS matched,
       %s AS short
FROM answer
WHERE score >= $8 * coalesce((SELECT max(score) FROM fused), 0)
  AND ($9 IS NULL OR image_id <> ALL (array_remove($9, NULL)))
ORDER BY score DESC, image_id
LIMIT $7$sql$,
        (matching).listed,
        array_to_string(ctes || ''::text, ','),
        array_to_string(hits, E'\n    UNION ALL\n    '),
        rage.counted((matching).condition, wide, 'fused'),
        coalesce('ARRAY(' || nullif(array_to_string(short, ' UNION ALL '), '') || ')', '''{}''::text[]'));
END
$_$;

COMMENT ON FUNCTION rage.search_statement(matching rage.matching, words jsonb, vectors jsonb, indexed text[], brand integer, wide boolean) IS 'The text of a search with its parameters left open. The shape of the request and the route decide it, never a value. wide: the matches are too many to be set aside, or counted. short: the legs whose index scan came back short, so that every match was compared.';

CREATE FUNCTION rage.searched_brands(filters jsonb, allowed integer[]) RETURNS integer[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (NOT (filters ? 'brand'::text)) THEN allowed WHEN (allowed IS NULL) THEN rage.integers((filters -> 'brand'::text)) ELSE ARRAY(SELECT unnest(rage.integers((searched_brands.filters -> 'brand'::text))) AS unnest INTERSECT SELECT unnest(searched_brands.allowed) AS unnest) END;

COMMENT ON FUNCTION rage.searched_brands(filters jsonb, allowed integer[]) IS 'The brands in which a search with a resolved filter can find anything; null: in all.';

CREATE FUNCTION rage.sees_every_brand() RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    asking  uuid := rage.caller_id();
BEGIN
    RETURN asking IS NULL
        OR (EXISTS (SELECT FROM rage.callers AS c WHERE c.caller_id = asking AND c.every_brand) AND rage.has_scope('read'));
END
$$;

COMMENT ON FUNCTION rage.sees_every_brand() IS 'Whether who asks is granted every brand: then there is nothing to filter.';

CREATE FUNCTION rage.serving(prompt text, things jsonb, picked bigint[], filters jsonb, vectors jsonb) RETURNS TABLE(image_id bigint, chosen boolean, title text, caption text, tags text[], skus text[], brand text, kind text, hash bigint, embedding rage.halfvec, strategy text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 200
    SET search_path TO 'rage', 'pg_temp'
    SET random_page_cost TO '1.1'
    SET jit TO 'off'
    AS $_$
DECLARE
    depth      constant integer := 20;
    allowed    integer[] := rage.brand_limit();
    wanted     jsonb := rage.resolved(rage.default_filters(filters), allowed) || rage.excluded_words(prompt, allowed);
    matching   rage.matching := rage.matching(wanted, NULL, allowed);
    near       jsonb := (SELECT jsonb_agg(t.thing -> 'vector') FROM jsonb_array_elements(things) AS t (thing) WHERE jsonb_typeof(t.thing -> 'vector') = 'string');
    space      rage.embedding_spaces;
    settings   text[] := rage.scan_settings();
    whole      bigint[];
    route      record;
    by_words   text;
BEGIN
    SELECT s.* INTO space
    FROM rage.search_legs AS l JOIN rage.embedding_spaces AS s USING (space_id)
    WHERE l.leg = 'caption' AND s.encodes <> 'style';
    IF space.space_id IS NULL THEN
        near := NULL;
    END IF;
    whole := ARRAY(SELECT s.image_id FROM rage.search(prompt, 30, filters, NULL, NULL, vectors, 0, NULL) AS s WHERE s.score > 0);
    -- Who is 20th nearest decides nothing: one of a hundred may be missed, and each thing has a scan of its own.
    SELECT * INTO route FROM rage.route(
        (matching).condition, wanted, NULL, allowed, CASE WHEN near IS NULL THEN '{}' ELSE '{caption}'::text[] END, depth, 0.5);
    by_words := rage.things_named(matching, route.wide);
    PERFORM rage.scan_for(route.candidates) WHERE route.indexed <> '{}';
    RETURN QUERY EXECUTE format($sql$
WITH matches AS MATERIALIZED (
    SELECT i.image_id
    FROM %1$s
),%2$s%3$s
candidates AS MATERIALIZED (
    SELECT image_id FROM named
    UNION
    SELECT unnest($6)%4$s
)
SELECT i.image_id, i.image_id = ANY ($7), i.title, k.text,
       ARRAY(SELECT t.name FROM rage.image_tags AS it JOIN rage.tags AS t USING (tag_id) WHERE it.image_id = i.image_id
             UNION
             SELECT unnest(s.objects) FROM rage.descriptions AS s WHERE s.image_id = i.image_id AND s.content_id = i.content_id
             ORDER BY 1),
       ARRAY(SELECT p.sku FROM rage.image_products AS p WHERE p.brand_id = i.brand_id AND p.image_id = i.image_id ORDER BY p.position, p.sku),
       b.name, i.kind, h.hash::bigint, %5$s, $8
FROM rage.images AS i
JOIN rage.brands AS b USING (brand_id)
LEFT JOIN rage.captions AS k ON k.image_id = i.image_id AND k.is_current
LEFT JOIN rage.picture_hashes AS h ON h.content_id = i.content_id%6$s
WHERE i.image_id = ANY (ARRAY(SELECT image_id FROM candidates)) AND i.deleted_at IS NULL AND ($3 IS NULL OR i.brand_id = ANY ($3))
ORDER BY i.image_id$sql$,
        (matching).listed,
        CASE WHEN near IS NOT NULL
        THEN rage.things_near(matching, space.space_id, space.dimensions, route.indexed <> '{}', route.brand, route.wide) END,
        by_words,
        CASE WHEN near IS NOT NULL THEN E'\n    UNION\n    SELECT image_id FROM near' END,
        CASE WHEN space.space_id IS NULL THEN 'NULL::halfvec' ELSE 'e.embedding' END,
        CASE WHEN space.space_id IS NOT NULL
        THEN format(E'\nLEFT JOIN rage.embeddings_%s AS e ON e.image_id = i.image_id', space.space_id) END)
    USING wanted, NULL::bigint[], allowed, rage.thing_words(things, allowed), near, whole || picked, picked,
          CASE
              WHEN near IS NULL THEN 'words'
              WHEN allowed IS NOT NULL OR route.indexed = '{}' THEN 'exact'
              WHEN route.brand IS NOT NULL THEN 'hnsw of the brand'
              ELSE 'hnsw'
          END,
          NULL::text, depth, route.candidates;
    PERFORM rage.set_scan(settings) WHERE route.indexed <> '{}';
END
$_$;

COMMENT ON FUNCTION rage.serving(prompt text, things jsonb, picked bigint[], filters jsonb, vectors jsonb) IS 'The images that could serve the things that a prompt names ({"text", "words", "vector"}), and those chosen, with what is said of them; vectors: of the whole prompt, by leg. Not ranked.';

CREATE FUNCTION rage.set_index_aside(space integer, many integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    part   text := format('embeddings_%s', space);
    empty  boolean;
BEGIN
    IF NOT rage.is_operator() THEN
        RAISE EXCEPTION 'only the operator changes indexes' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- Two that both look, and then both want the table for themselves, would wait for each other.
    IF NOT pg_try_advisory_xact_lock(hashtextextended('rage.build_index', space)) OR to_regclass(format('rage.%I', part || '_hnsw')) IS NULL
       OR (SELECT count(*) FROM (SELECT FROM rage.images AS i WHERE i.deleted_at IS NULL LIMIT many) AS i) < many THEN
        RETURN false;
    END IF;
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM rage.%I)', part) INTO empty;
    IF NOT empty THEN
        RETURN false;
    END IF;
    SET LOCAL lock_timeout = '2s';
    EXECUTE format('LOCK TABLE rage.%I IN ACCESS EXCLUSIVE MODE', part);
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM rage.%I)', part) INTO empty;
    IF NOT empty THEN
        RETURN false;
    END IF;
    UPDATE rage.embedding_spaces AS s
    SET index_definition = pg_get_indexdef(to_regclass(format('rage.%I', part || '_hnsw')))
    WHERE s.space_id = space;
    EXECUTE format('DROP INDEX rage.%I', part || '_hnsw');
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END
$$;

COMMENT ON FUNCTION rage.set_index_aside(space integer, many integer) IS 'Drops the HNSW index of a space without vectors in a store of many images, to be built after a load; whether it did.';

CREATE FUNCTION rage.set_scan(settings text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    PERFORM set_config('hnsw.ef_search', settings[1], true),
            set_config('hnsw.iterative_scan', settings[2], true),
            set_config('hnsw.scan_mem_multiplier', settings[3], true);
END
$$;

COMMENT ON FUNCTION rage.set_scan(settings text[]) IS 'Sets how index scans run until the transaction ends, as scan_settings() gives them.';

CREATE FUNCTION rage.vector_legs(matching rage.matching, vectors jsonb, indexed text[], brand integer, wide boolean) RETURNS TABLE(leg text, ctes text, hits text, short text)
    LANGUAGE sql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
    SELECT
        l.leg,
        rage.vector_leg(l.leg, s.space_id, s.dimensions, matching, l.leg = ANY (indexed), brand, wide),
        format(
            'SELECT image_id, %1$L AS leg, place, 1 AS strength, ''distance'' AS measure, distance AS value FROM %1$I',
            l.leg),
        CASE WHEN l.leg = ANY (indexed) THEN format('SELECT %L WHERE (SELECT short FROM %I)', l.leg, l.leg || '_scanned') END
    FROM rage.search_legs AS l
    JOIN rage.embedding_spaces AS s USING (space_id)
    WHERE vectors ? l.leg
    ORDER BY l.leg
$_$;

COMMENT ON FUNCTION rage.vector_legs(matching rage.matching, vectors jsonb, indexed text[], brand integer, wide boolean) IS 'The pieces of a statement for each leg that has a vector: its CTEs, its hits, and whether its index scan came back short.';

CREATE FUNCTION rage.similar_statement(matching rage.matching, vectors jsonb, indexed text[], brand integer, wide boolean) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'rage', 'pg_temp'
    RETURN (SELECT format('
WITH matches AS MATERIALIZED (
    SELECT i.image_id
    FROM %1$s
),%2$s
SELECT place::integer AS rank, image_id, distance,
       %5$s AS matched,
       %4$s AS short
FROM %3$I
ORDER BY place'::text, (similar_statement.matching).listed, v.ctes, v.leg, CASE WHEN (v.short IS NULL) THEN 'true'::text ELSE format('(SELECT short FROM %I)'::text, (v.leg || '_scanned'::text)) END, rage.counted((similar_statement.matching).condition, similar_statement.wide, v.leg)) AS format FROM rage.vector_legs(similar_statement.matching, similar_statement.vectors, similar_statement.indexed, similar_statement.brand, similar_statement.wide) v(leg, ctes, hits, short));

COMMENT ON FUNCTION rage.similar_statement(matching rage.matching, vectors jsonb, indexed text[], brand integer, wide boolean) IS 'The text of a search for similar images, by the one leg that has a vector. The parameters are those of a search.';

CREATE FUNCTION rage.space_of(encoder text, model text, weights_sha256 text, dimensions integer, encodes text) RETURNS integer
    LANGUAGE sql STABLE
    SET search_path TO 'rage', 'pg_temp'
    RETURN (SELECT s.space_id FROM rage.embedding_spaces s WHERE ((s.encoder = space_of.encoder) AND (s.model = space_of.model) AND (NOT (s.weights_sha256 IS DISTINCT FROM space_of.weights_sha256)) AND (s.dimensions = space_of.dimensions) AND (s.encodes = space_of.encodes) AND (s.state <> 'retired'::text)));

COMMENT ON FUNCTION rage.space_of(encoder text, model text, weights_sha256 text, dimensions integer, encodes text) IS 'The space of an encoder: same model, same weights, same dimensions, same thing encoded; null where there is none.';

CREATE FUNCTION rage.spent_by_batch(batch uuid) RETURNS TABLE(spent_usd numeric, reserved_usd numeric, calls bigint, calls_without_cost bigint)
    LANGUAGE sql STABLE ROWS 1 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT COALESCE(sum(p.cost_usd), (0)::numeric) AS "coalesce",
     COALESCE(sum(p.expected_usd) FILTER (WHERE rage.may_be_under_way(p.status, p.started_at)), (0)::numeric) AS "coalesce",
     count(*) AS count,
     count(*) FILTER (WHERE (p.cost_usd IS NULL)) AS count
    FROM (rage.paid_calls p
      JOIN rage.generations g USING (generation_id))
   WHERE (g.batch_id = spent_by_batch.batch);
END;

COMMENT ON FUNCTION rage.spent_by_batch(batch uuid) IS 'What the calls of a batch have cost, what those under way may cost, how many there were, and of how many the cost is not known, or not yet.';

CREATE FUNCTION rage.store_contents(hashes bytea[], media_types text[], widths integer[], heights integer[], pictures bytea[], thumbnails bytea[], frames integer[], perceptual_hashes bit[]) RETURNS TABLE(sha256 bytea, content_id bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $$
#variable_conflict use_column
BEGIN
    -- A hash alone must not give anybody bytes that another brand has. Who has all of them need not prove it: to
    -- hash a large picture here once more takes as long as all else.
    IF NOT rage.is_operator() AND EXISTS (SELECT FROM unnest(hashes, pictures) AS given (hash, picture)
               WHERE hash IS DISTINCT FROM pg_catalog.sha256(picture)) THEN
        RAISE EXCEPTION 'a picture has another hash than is said' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- In one order, so that two imports cannot block each other. What is there already is written again: left
    -- out, it would take less time, and tell that another brand has it.
    RETURN QUERY
    WITH kept AS (
        INSERT INTO rage.contents AS c (sha256, media_type, byte_size, width, height, bytes, thumbnail, frames)
        SELECT hash, media_type, octet_length(picture), width, height, picture, thumbnail, frame_count
        FROM unnest(hashes, media_types, widths, heights, pictures, thumbnails, frames)
            AS given (hash, media_type, width, height, picture, thumbnail, frame_count)
        ORDER BY hash
        ON CONFLICT (sha256) DO UPDATE
        SET bytes = excluded.bytes,
            -- Made from the bytes, and already seen by those who have them.
            thumbnail = coalesce(c.thumbnail, excluded.thumbnail),
            erased_at = NULL
        RETURNING c.sha256, c.content_id
    ),
    hashed AS (
        INSERT INTO rage.picture_hashes AS h (content_id, hash)
        SELECT k.content_id, given.perceptual_hash
        FROM kept AS k
        JOIN unnest(hashes, perceptual_hashes) AS given (hash, perceptual_hash) ON given.hash = k.sha256
        ON CONFLICT (content_id) DO UPDATE SET hash = h.hash
    )
    SELECT k.sha256, k.content_id FROM kept AS k;
END
$$;

COMMENT ON FUNCTION rage.store_contents(hashes bytea[], media_types text[], widths integer[], heights integer[], pictures bytea[], thumbnails bytea[], frames integer[], perceptual_hashes bit[]) IS 'Keeps bytes, once per hash whichever brand brings them, and says under which number.';

CREATE FUNCTION rage.store_identity(tables regclass[]) RETURNS text
    LANGUAGE sql STABLE
    RETURN concat_ws(' '::text, EXTRACT(epoch FROM pg_postmaster_start_time()), (SELECT d.oid FROM pg_database d WHERE (d.datname = current_database())), (SELECT string_agg((pg_relation_filenode(t.tab))::text, ' '::text) AS string_agg FROM unnest(store_identity.tables) t(tab)));

COMMENT ON FUNCTION rage.store_identity(tables regclass[]) IS 'Another server, as after a failover, another database, and tables that were emptied or made anew: what was known of them is then void.';

CREATE TABLE rage.prompt_vectors (
    space_id integer NOT NULL,
    prompt_md5 uuid NOT NULL,
    prompt text NOT NULL,
    embedding rage.halfvec NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    caller_id uuid,
    vector_id bigint NOT NULL
);

COMMENT ON TABLE rage.prompt_vectors IS 'Prompts that have been embedded, so that SQL alone can search by them.';

COMMENT ON COLUMN rage.prompt_vectors.space_id IS 'The space that the vector belongs to.';

COMMENT ON COLUMN rage.prompt_vectors.prompt_md5 IS 'MD5 of the prompt: a short key; the prompt itself is compared too.';

COMMENT ON COLUMN rage.prompt_vectors.prompt IS 'The prompt as it was embedded.';

COMMENT ON COLUMN rage.prompt_vectors.embedding IS 'Its vector.';

COMMENT ON COLUMN rage.prompt_vectors.created_at IS 'When it was embedded.';

COMMENT ON COLUMN rage.prompt_vectors.caller_id IS 'Who may use it; null: everybody, for it was embedded by the operator.';

COMMENT ON COLUMN rage.prompt_vectors.vector_id IS 'Stable number of the vector.';

CREATE FUNCTION rage.stored_prompt_vector(prompt text, space integer) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'rage', 'pg_temp'
    RETURN (SELECT to_jsonb((v.embedding)::text) AS to_jsonb FROM rage.prompt_vectors v WHERE ((v.space_id = stored_prompt_vector.space) AND (v.prompt_md5 = (md5(stored_prompt_vector.prompt))::uuid) AND (v.prompt = stored_prompt_vector.prompt) AND ((v.caller_id IS NULL) OR (v.caller_id = rage.caller_id())) AND rage.has_scope('read'::text)) ORDER BY v.caller_id LIMIT 1);

COMMENT ON FUNCTION rage.stored_prompt_vector(prompt text, space integer) IS 'The vector of a prompt in a space, if who asks or the operator has had it embedded.';

CREATE TABLE rage.search_legs (
    leg text NOT NULL,
    space_id integer,
    weight real NOT NULL,
    CONSTRAINT search_legs_leg_check CHECK ((leg ~ '^[a-z][a-z0-9_]*$'::text)),
    CONSTRAINT search_legs_weight_check CHECK ((weight >= (0)::double precision))
);

COMMENT ON TABLE rage.search_legs IS 'The legs of a search, and the one space that each of them searches now.';

COMMENT ON COLUMN rage.search_legs.leg IS 'Name of the leg, as requests weigh it.';

COMMENT ON COLUMN rage.search_legs.space_id IS 'The active space; null for full text, and for a leg without a space yet.';

COMMENT ON COLUMN rage.search_legs.weight IS 'Weight in the rank fusion where a request names none.';

CREATE FUNCTION rage.strategy(vectors jsonb, words jsonb, weights jsonb, indexed text[], brand integer, wide boolean, estimate bigint) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'rage', 'pg_temp'
    RETURN (WITH legs AS (SELECT l.leg, ((strategy.vectors ? l.leg) OR ((l.leg = 'text'::text) AND (strategy.words IS NOT NULL))) AS searched, (l.leg = ANY (strategy.indexed)) AS by_index, CASE WHEN (l.leg = 'text'::text) THEN 'only stop words for text'::text WHEN (l.space_id IS NULL) THEN ('no space for '::text || l.leg) ELSE ('prompt not embedded for '::text || l.leg) END AS lack FROM rage.search_legs l WHERE (((strategy.weights ->> l.leg))::real > (0)::double precision)) SELECT concat_ws('; '::text, (CASE WHEN (strategy.brand IS NULL) THEN 'hnsw: '::text ELSE 'hnsw of the brand: '::text END || string_agg(legs.leg, ' + '::text ORDER BY legs.leg) FILTER (WHERE (legs.searched AND legs.by_index))), ('exact: '::text || string_agg(legs.leg, ' + '::text ORDER BY legs.leg) FILTER (WHERE (legs.searched AND (NOT legs.by_index)))), CASE WHEN (NOT bool_or(legs.searched)) THEN 'exact: no leg'::text ELSE NULL::text END, string_agg(legs.lack, ', '::text ORDER BY legs.leg) FILTER (WHERE (NOT legs.searched)), CASE WHEN (strategy.estimate IS NOT NULL) THEN 'matched estimated'::text WHEN strategy.wide THEN format('matched counted up to %s'::text, rage.most_counted()) ELSE NULL::text END) AS concat_ws FROM legs);

COMMENT ON FUNCTION rage.strategy(vectors jsonb, words jsonb, weights jsonb, indexed text[], brand integer, wide boolean, estimate bigint) IS 'How a search finds its answer, in words: exact or by which index, over which legs, and what is missing.';

CREATE FUNCTION rage.style_distance(space integer, one bigint, other bigint) RETURNS double precision
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
BEGIN
    -- A vector of an earlier version says nothing of the picture that is shown.
    RETURN (
        SELECT a.embedding <=> b.embedding
        FROM rage.embeddings AS a
        JOIN rage.images AS ai ON ai.image_id = a.image_id
        JOIN rage.contents AS ac ON ac.content_id = ai.content_id AND ac.sha256 = a.input_sha256,
             rage.embeddings AS b
        JOIN rage.images AS bi ON bi.image_id = b.image_id
        JOIN rage.contents AS bc ON bc.content_id = bi.content_id AND bc.sha256 = b.input_sha256
        WHERE a.space_id = space AND a.image_id = one AND b.space_id = space AND b.image_id = other);
END
$$;

COMMENT ON FUNCTION rage.style_distance(space integer, one bigint, other bigint) IS 'How far the look of two images is apart in a space; null while one of them has no vector there.';

CREATE FUNCTION rage.style_named_by(caption_vector jsonb, style_space integer, allowed integer[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
DECLARE
    caption_space  rage.embedding_spaces;
    style          jsonb;
BEGIN
    IF caption_vector IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT s.* INTO caption_space
    FROM rage.search_legs AS l JOIN rage.embedding_spaces AS s USING (space_id)
    WHERE l.leg = 'caption';
    -- Words have no place in a space of styles. The style picture whose caption lies nearest to the
    -- prompt lends its own vector: pseudo-relevance feedback (Rocchio 1971) with one document.
    EXECUTE format(
        'SELECT to_jsonb(look.embedding::text)'
        ' FROM rage.images AS i'
        ' JOIN rage.embeddings AS said ON said.space_id = %1$s AND said.image_id = i.image_id'
        ' JOIN rage.embeddings AS look ON look.space_id = %2$s AND look.image_id = i.image_id'
        ' WHERE i.kind = ''style'' AND i.state = ''approved'' AND i.deleted_at IS NULL'
        ' AND ($2 IS NULL OR i.brand_id = ANY ($2))'
        ' ORDER BY said.embedding::halfvec(%3$s) <=> ($1 #>> ''{}'')::halfvec(%3$s), i.image_id'
        ' LIMIT 1',
        caption_space.space_id, style_space, caption_space.dimensions)
    INTO style USING caption_vector, allowed;
    RETURN style;
END
$_$;

COMMENT ON FUNCTION rage.style_named_by(caption_vector jsonb, style_space integer, allowed integer[]) IS 'The style vector of the approved style picture that a prompt''s caption vector lies nearest to.';

CREATE FUNCTION rage.tag_clauses(filters jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE
    RETURN ARRAY(SELECT format('EXISTS (SELECT FROM rage.image_tags AS it WHERE it.image_id = i.image_id AND it.tag_id + 0 = ANY (rage.integers($1 -> ''tags'' -> %s)) OFFSET 0)'::text, n.n) AS format FROM generate_series(0, (jsonb_array_length((tag_clauses.filters -> 'tags'::text)) - 1)) n(n));

COMMENT ON FUNCTION rage.tag_clauses(filters jsonb) IS 'The conditions that an image i has a tag of each set of a resolved filter, looked up by the image.';

CREATE FUNCTION rage.tag_form(name text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(rage.normal_form(name), ' ?/ ?'::text, '/'::text, 'g'::text);

COMMENT ON FUNCTION rage.tag_form(name text) IS 'How a tag is stored: its normal form, without blanks beside slashes.';

CREATE FUNCTION rage.tag_ids(names text[], allowed integer[] DEFAULT NULL::integer[]) RETURNS integer[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    wanted  text[] := ARRAY(SELECT rage.tag_form(given.name) FROM unnest(names) AS given (name));
BEGIN
    RETURN ARRAY(
        SELECT t.tag_id
        FROM unnest(wanted) AS w (name)
        CROSS JOIN LATERAL (
            SELECT own.tag_id, own.brand_id FROM rage.tags AS own WHERE own.name = w.name
            UNION ALL
            -- The children are what lies from "a/" to before "a0", the next character: a range of the index by name.
            SELECT child.tag_id, child.brand_id FROM rage.tags AS child
            WHERE child.name ~>=~ (w.name || '/') AND child.name ~<~ (w.name || '0')
        ) AS t
        WHERE allowed IS NULL OR t.brand_id = ANY (allowed));
END
$$;

COMMENT ON FUNCTION rage.tag_ids(names text[], allowed integer[]) IS 'The tags of these names and their children, of the allowed brands; null: of every brand.';

CREATE FUNCTION rage.tagged(filters jsonb, columns text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN (SELECT format('(SELECT %s FROM rage.image_tags AS t0 WHERE %s)'::text, tagged.columns, string_agg(format(CASE WHEN (n.n = 0) THEN '%s'::text ELSE 't0.image_id IN (SELECT t%2$s.image_id FROM rage.image_tags AS t%2$s WHERE %1$s)'::text END, format('t%1$s.tag_id = ANY (rage.integers($1 -> ''tags'' -> %1$s))'::text, n.n), n.n), ' AND '::text ORDER BY n.n)) AS format FROM generate_series(0, (jsonb_array_length((tagged.filters -> 'tags'::text)) - 1)) n(n));

COMMENT ON FUNCTION rage.tagged(filters jsonb, columns text) IS 'The images that have a tag of each set of a resolved filter, as a subquery with these columns of the first tag''s rows, t0.';

CREATE FUNCTION rage.text_configuration(language text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN (language IS NULL) THEN 'english'::text ELSE COALESCE((SELECT (c.cfgname)::text AS cfgname FROM ((VALUES ('ar'::text,'arabic'::text), ('hy'::text,'armenian'::text), ('eu'::text,'basque'::text), ('ca'::text,'catalan'::text), ('da'::text,'danish'::text), ('nl'::text,'dutch'::text), ('en'::text,'english'::text), ('et'::text,'estonian'::text), ('fi'::text,'finnish'::text), ('fr'::text,'french'::text), ('de'::text,'german'::text), ('el'::text,'greek'::text), ('hi'::text,'hindi'::text), ('hu'::text,'hungarian'::text), ('id'::text,'indonesian'::text), ('ga'::text,'irish'::text), ('it'::text,'italian'::text), ('lt'::text,'lithuanian'::text), ('ne'::text,'nepali'::text), ('no'::text,'norwegian'::text), ('nb'::text,'norwegian'::text), ('nn'::text,'norwegian'::text), ('pl'::text,'polish'::text), ('pt'::text,'portuguese'::text), ('ro'::text,'romanian'::text), ('ru'::text,'russian'::text), ('sr'::text,'serbian'::text), ('es'::text,'spanish'::text), ('sv'::text,'swedish'::text), ('ta'::text,'tamil'::text), ('tr'::text,'turkish'::text), ('yi'::text,'yiddish'::text)) known(subtag, configuration) JOIN pg_ts_config c ON (((c.cfgname = known.configuration) AND (c.cfgnamespace = ('pg_catalog'::regnamespace)::oid)))) WHERE (known.subtag = lower(split_part(text_configuration.language, '-'::text, 1)))), 'simple'::text) END;

COMMENT ON FUNCTION rage.text_configuration(language text) IS 'The text search configuration for a BCP 47 tag: english where no language is named, simple where Postgres knows none for it.';

CREATE FUNCTION rage.text_leg(within text, wide boolean, words jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
DECLARE
    stages  integer := jsonb_array_length(words -> 'stages');
    named   text[] := rage.named_documents(words, within, wide);
    read    text := '';
    found   text[] := '{}';
BEGIN
    FOR stage IN 1 .. stages LOOP
        read := read || rage.text_stage(stage, within, wide, words);
        -- A later stage finds what an earlier one found, and more.
        found := found || format('SELECT image_id, score, 0 AS named FROM text_%1$s%2$s', stage,
            CASE WHEN stage < stages THEN format(' WHERE NOT (SELECT short FROM text_%s_read)', stage) END);
    END LOOP;
    RETURN format($sql$%1$s
text_found AS (
    %2$s
),
text_best AS (
    %3$s
    ORDER BY named DESC, score DESC
    FETCH FIRST ($10) ROWS WITH TIES
),
text_ranked AS (
    SELECT b.image_id, b.score, b.named,
           row_number() OVER (
               -- How densely the words stand matters only between equals.
               ORDER BY b.named DESC, b.score DESC,
                        ts_rank('{0.1, 0.3, 0.6, 1.0}', d.words, rage.any_word($4), 1) DESC NULLS LAST, b.image_id
           ) AS place
    FROM text_best AS b JOIN rage.image_documents AS d USING (image_id)
),
"text" AS (
    SELECT image_id, score, place,
           -- A product that is named comes before all that other legs find: before the first place in each of them.
           score + CASE WHEN named = 2
                        THEN (60 + place) * (SELECT sum(w.weight::double precision) FROM jsonb_each_text($6) AS w (leg, weight))
                             / (60 * ($6 ->> 'text')::double precision)
                        ELSE 0 END AS strength
    FROM text_ranked
    WHERE place <= $10
)$sql$,
        read,
        array_to_string(found || named, E'\n    UNION ALL\n    '),
        CASE WHEN named = '{}'
        THEN 'SELECT image_id, score, named FROM text_found'
        ELSE 'SELECT image_id, max(score) AS score, max(named) AS named FROM text_found GROUP BY image_id'
        END);
END
$_$;

COMMENT ON FUNCTION rage.text_leg(within text, wide boolean, words jsonb) IS 'The CTEs of the text leg: the best $10 matches, first those that the prompt names by SKU or as a tag, then by the share of its words that they have, then by their density.';

CREATE FUNCTION rage.text_score(terms integer) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN (SELECT string_agg(format('CASE WHEN words @@ ($4 #>> ''{terms,%1$s,words}'')::tsquery THEN ($4 #>> ''{terms,%1$s,share}'')::double precision ELSE 0 END'::text, n.n), '
           + '::text) AS string_agg FROM generate_series(0, (text_score.terms - 1)) n(n));

COMMENT ON FUNCTION rage.text_score(terms integer) IS 'The shares of the terms that a document has, added up.';

CREATE FUNCTION rage.text_stage(stage integer, within text, wide boolean, words jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN (SELECT format('
text_%1$s AS MATERIALIZED (
    SELECT image_id,
           %8$s AS score
    FROM %2$s%4$s%5$s%6$s
),
text_%1$s_read AS (
    SELECT %7$scount(*) FILTER (WHERE score > ($4 #>> ''{stages,%3$s,score}'')::double precision - 1e-6) < $10 AS short
    FROM text_%1$s
),'::text, stage, rage.documents_where(format('d.words @@ ($4 #>> ''{stages,%s,words}'')::tsquery'::text, (stage - 1)), within, wide), (stage - 1), CASE WHEN (stage > 1) THEN format('
      AND (SELECT short FROM text_%s_read)'::text, (stage - 1)) ELSE NULL::text END, CASE WHEN ((NOT wide) AND (stage < jsonb_array_length((words -> 'stages'::text)))) THEN '
      AND (SELECT count(*) > 1000 FROM matches)'::text ELSE NULL::text END, CASE WHEN ((((words -> 'stages'::text) -> (stage - 1)) ->> 'whole'::text))::boolean THEN '
    LIMIT greatest(1000, $10)'::text ELSE NULL::text END, CASE WHEN (stage > 1) THEN format('(SELECT short FROM text_%s_read) AND '::text, (stage - 1)) ELSE NULL::text END, rage.text_score(jsonb_array_length((words -> 'terms'::text)))) AS format);

COMMENT ON FUNCTION rage.text_stage(stage integer, within text, wide boolean, words jsonb) IS 'The CTEs of one stage: its documents with their scores, read where the stages before came short, and whether it did, too.';

CREATE FUNCTION rage.texts(value jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(SELECT jsonb_array_elements_text(value) AS jsonb_array_elements_text);

COMMENT ON FUNCTION rage.texts(value jsonb) IS 'A JSON array of strings as an SQL array.';

CREATE FUNCTION rage.thing_words(things jsonb, allowed integer[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    configurations  text[] := rage.prompt_configurations(allowed);
BEGIN
    RETURN (
        WITH said AS (
            SELECT t.number, w.word, w.place,
                   -- From the word itself to what is merely akin to it.
                   CASE WHEN w.place <= 2 THEN 0 WHEN w.place <= 8 THEN 1 ELSE 2 END AS tier
            FROM jsonb_array_elements(things) WITH ORDINALITY AS t (thing, number)
            CROSS JOIN LATERAL jsonb_array_elements_text(t.thing -> 'words') WITH ORDINALITY AS w (word, place)
            WHERE w.place <= 64
        ),
        tiers AS (
            SELECT s.number, s.tier, string_agg(DISTINCT '(' || q.reading::text || ')', ' | ') AS query
            FROM said AS s
            CROSS JOIN unnest(configurations || 'simple'::text) AS c (configuration)
            CROSS JOIN LATERAL phraseto_tsquery(rage.as_configuration(c.configuration), s.word) AS q (reading)
            WHERE numnode(q.reading) > 0
            GROUP BY s.number, s.tier
        )
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'tiers', (SELECT coalesce(jsonb_object_agg(x.tier, x.query), '{}') FROM tiers AS x WHERE x.number = t.number),
                   'tags', rage.tag_ids(ARRAY[t.thing ->> 'text'] || ARRAY(
                       SELECT s.word FROM said AS s WHERE s.number = t.number AND s.tier = 0), allowed))
                   ORDER BY t.number), '[]')
        FROM jsonb_array_elements(things) WITH ORDINALITY AS t (thing, number)
    );
END
$$;

COMMENT ON FUNCTION rage.thing_words(things jsonb, allowed integer[]) IS 'What each thing ({"text", "words"}) is found by in full text: tiers, a query each from its closest words to its furthest, stemmed as the documents are; tags: those that are called as it is.';

CREATE FUNCTION rage.things_named(matching rage.matching, wide boolean) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'rage', 'pg_temp'
    RETURN (SELECT format('
named AS (
    SELECT n.image_id
    FROM jsonb_array_elements($4) AS t (thing)
    CROSS JOIN LATERAL (
        %s
        LIMIT 30
    ) AS n
    UNION ALL
    SELECT n.image_id
    FROM jsonb_array_elements($4) AS t (thing)
    CROSS JOIN LATERAL (
        SELECT image_id FROM %s LIMIT 30
    ) AS n
    WHERE t.thing -> ''tags'' <> ''[]''
),'::text, (SELECT string_agg(format('(SELECT image_id
         FROM (SELECT image_id, words FROM %1$s LIMIT 500) AS found
         ORDER BY ts_rank(''{0.1, 0.3, 0.6, 1.0}'', words, (t.thing #>> ''{tiers,%2$s}'')::tsquery, 1) DESC, image_id
         LIMIT 30)'::text, rage.documents_where(format('d.words @@ (t.thing #>> ''{tiers,%s}'')::tsquery'::text, tier.tier), (things_named.matching).within, things_named.wide), tier.tier), '
        UNION ALL
        '::text ORDER BY tier.tier) AS string_agg FROM generate_series(0, 2) tier(tier)), rage.documents_where('d.image_id IN (SELECT it.image_id FROM rage.image_tags AS it WHERE it.tag_id = ANY (rage.integers(t.thing -> ''tags'')))'::text, (matching).within, wide)) AS format);

COMMENT ON FUNCTION rage.things_named(matching rage.matching, wide boolean) IS 'The CTE that finds up to 30 matches of each thing by its words, the closest words first, and up to 30 by a tag of its name.';

CREATE FUNCTION rage.things_near(matching rage.matching, space integer, dimensions integer, indexed boolean, brand integer, wide boolean) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'rage', 'pg_temp'
    RETURN (SELECT format('
wanted AS MATERIALIZED (
    SELECT t.number, t.vector::%1$I.halfvec(%2$s) AS vector
    FROM jsonb_array_elements_text($5) WITH ORDINALITY AS t (vector, number)
    WHERE t.vector IS NOT NULL
),%3$s
near AS (
    %4$sSELECT n.image_id
    FROM %5$s AS t
    CROSS JOIN LATERAL (
        SELECT image_id, embedding OPERATOR(%1$I.<=>) t.vector AS distance
        FROM %6$s
        ORDER BY distance, image_id
        LIMIT $10
    ) AS n
),'::text, n.nspname, things_near.dimensions, CASE WHEN things_near.indexed THEN format('
scan AS MATERIALIZED (
    SELECT t.number, n.image_id, n.brand_id, n.distance, row_number() OVER (PARTITION BY t.number ORDER BY n.distance) AS position
    FROM wanted AS t
    CROSS JOIN LATERAL (
        SELECT e.image_id, e.brand_id, e.embedding::%1$I.halfvec(%2$s) OPERATOR(%1$I.<=>) t.vector AS distance
        FROM rage.%3$I AS e%4$s
        ORDER BY distance
        LIMIT $11
    ) AS n
),
found AS MATERIALIZED (
    SELECT number, image_id, position FROM %5$s
),
short AS MATERIALIZED (
    SELECT t.number, t.vector
    FROM wanted AS t
    WHERE $10 > (SELECT count(*) FROM found AS f
                 WHERE f.number = t.number
                   AND f.position <= (SELECT count(*) FROM scan AS s WHERE s.number = t.number) - $11 / 2)
),'::text, n.nspname, things_near.dimensions, ('embeddings_'::text || things_near.space), CASE WHEN (things_near.brand IS NULL) THEN ''::text ELSE format(' WHERE e.brand_id = %s'::text, things_near.brand) END, format((things_near.matching).scanned, 'scan')) ELSE NULL::text END, CASE WHEN things_near.indexed THEN 'SELECT f.image_id
    FROM (SELECT number, image_id, row_number() OVER (PARTITION BY number ORDER BY position) AS place FROM found) AS f
    WHERE f.place <= $10 AND f.number NOT IN (SELECT number FROM short)
    UNION ALL
    '::text ELSE NULL::text END, CASE WHEN things_near.indexed THEN 'short'::text ELSE 'wanted'::text END, CASE WHEN (things_near.wide AND (NOT (things_near.matching).tagged)) THEN format((things_near.matching).within, ('rage.embeddings_'::text || things_near.space)) ELSE format('rage.embeddings_%s WHERE image_id = ANY (ARRAY(SELECT %s))'::text, things_near.space, CASE WHEN things_near.wide THEN ('i.image_id FROM '::text || (things_near.matching).listed) ELSE 'image_id FROM matches'::text END) END) AS format FROM (pg_extension x JOIN pg_namespace n ON ((n.oid = x.extnamespace))) WHERE (x.extname = 'vector'::name));

COMMENT ON FUNCTION rage.things_near(matching rage.matching, space integer, dimensions integer, indexed boolean, brand integer, wide boolean) IS 'The CTEs that find the best $10 matches of each thing in a space: by its index or, for a thing whose scan comes back short and where there is none, by comparing every match.';

CREATE TABLE rage.caption_tries (
    brand_id integer NOT NULL,
    image_id bigint NOT NULL,
    reader text NOT NULL,
    content_id bigint NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    reason text,
    failed_at timestamp with time zone,
    run_id uuid,
    claimed_until timestamp with time zone,
    call_id bigint,
    CONSTRAINT caption_tries_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT caption_tries_reader_check CHECK ((reader = ANY (ARRAY['model'::text, 'ocr'::text])))
);

COMMENT ON TABLE rage.caption_tries IS 'Images that a captioner is at or failed on; the row goes once the image is described.';

COMMENT ON COLUMN rage.caption_tries.brand_id IS 'The image''s brand.';

COMMENT ON COLUMN rage.caption_tries.image_id IS 'The image.';

COMMENT ON COLUMN rage.caption_tries.reader IS 'model: a vision model; ocr: text recognition.';

COMMENT ON COLUMN rage.caption_tries.content_id IS 'The bytes that are described; others are tried afresh.';

COMMENT ON COLUMN rage.caption_tries.attempts IS 'How often it failed.';

COMMENT ON COLUMN rage.caption_tries.reason IS 'Why it failed last.';

COMMENT ON COLUMN rage.caption_tries.failed_at IS 'When it failed last.';

COMMENT ON COLUMN rage.caption_tries.run_id IS 'The run that is at it; null: none.';

COMMENT ON COLUMN rage.caption_tries.claimed_until IS 'When a run that does not say otherwise counts as lost.';

COMMENT ON COLUMN rage.caption_tries.call_id IS 'The paid call under way.';

CREATE TABLE rage.contents (
    content_id bigint NOT NULL,
    sha256 bytea NOT NULL,
    kind text DEFAULT 'stored'::text NOT NULL,
    address text,
    media_type text NOT NULL,
    byte_size bigint NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    bytes bytea,
    thumbnail bytea,
    erased_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    frames integer DEFAULT 1 NOT NULL,
    CONSTRAINT contents_byte_size_check CHECK ((byte_size > 0)),
    CONSTRAINT contents_bytes_present CHECK (((erased_at IS NOT NULL) OR (kind = 'linked'::text) OR ((bytes IS NOT NULL) AND (thumbnail IS NOT NULL)))),
    CONSTRAINT contents_frames_check CHECK ((frames > 0)),
    CONSTRAINT contents_height_check CHECK ((height > 0)),
    CONSTRAINT contents_kind_check CHECK ((kind = ANY (ARRAY['stored'::text, 'linked'::text]))),
    CONSTRAINT contents_linked_has_address CHECK (((kind = 'linked'::text) = (address IS NOT NULL))),
    CONSTRAINT contents_sha256_check CHECK ((octet_length(sha256) = 32)),
    CONSTRAINT contents_width_check CHECK ((width > 0))
);
ALTER TABLE ONLY rage.contents ALTER COLUMN bytes SET STORAGE EXTERNAL;
ALTER TABLE ONLY rage.contents ALTER COLUMN thumbnail SET STORAGE EXTERNAL;

COMMENT ON TABLE rage.contents IS 'The bytes of pictures, once per hash, whoever uses them.';

COMMENT ON COLUMN rage.contents.content_id IS 'Stable number of the content.';

COMMENT ON COLUMN rage.contents.sha256 IS 'SHA-256 of the original bytes; stays after an erasure.';

COMMENT ON COLUMN rage.contents.kind IS 'stored: the bytes are here; linked: they lie at the address.';

COMMENT ON COLUMN rage.contents.address IS 'Where the bytes of a linked content lie.';

COMMENT ON COLUMN rage.contents.media_type IS 'Media type found in the bytes, whatever the file was called.';

COMMENT ON COLUMN rage.contents.byte_size IS 'Size of the original in bytes.';

COMMENT ON COLUMN rage.contents.width IS 'Width in pixels as it is shown, orientation applied.';

COMMENT ON COLUMN rage.contents.height IS 'Height in pixels as it is shown, orientation applied.';

COMMENT ON COLUMN rage.contents.bytes IS 'The original, unchanged.';

COMMENT ON COLUMN rage.contents.thumbnail IS 'A WebP of at most 512 pixels a side, orientation applied, free of metadata; image encoders read it.';

COMMENT ON COLUMN rage.contents.erased_at IS 'When bytes and thumbnail were removed for good; the hash stays.';

COMMENT ON COLUMN rage.contents.created_at IS 'When the row was made.';

COMMENT ON COLUMN rage.contents.frames IS 'Frames of an animation or pages, of which the first is shown; 1 for a still.';

CREATE TABLE rage.descriptions (
    brand_id integer NOT NULL,
    image_id bigint NOT NULL,
    reader text NOT NULL,
    content_id bigint NOT NULL,
    objects text[] DEFAULT '{}'::text[] NOT NULL,
    styles text[] DEFAULT '{}'::text[] NOT NULL,
    colours text[] DEFAULT '{}'::text[] NOT NULL,
    visible_text text DEFAULT ''::text NOT NULL,
    kind text,
    language text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT descriptions_kind_check CHECK ((kind = ANY (ARRAY['product'::text, 'style'::text, 'logo'::text, 'scene'::text, 'person'::text, 'sketch'::text, 'other'::text]))),
    CONSTRAINT descriptions_reader_check CHECK ((reader = ANY (ARRAY['model'::text, 'ocr'::text])))
);

COMMENT ON TABLE rage.descriptions IS 'What a vision model or OCR sees in an image, beside its caption; of another content than the image shows now, it is out of date.';

COMMENT ON COLUMN rage.descriptions.brand_id IS 'The image''s brand.';

COMMENT ON COLUMN rage.descriptions.image_id IS 'The image.';

COMMENT ON COLUMN rage.descriptions.reader IS 'model: a vision model; ocr: text recognition.';

COMMENT ON COLUMN rage.descriptions.content_id IS 'The bytes that were described.';

COMMENT ON COLUMN rage.descriptions.objects IS 'What is to be seen.';

COMMENT ON COLUMN rage.descriptions.styles IS 'Words for its look.';

COMMENT ON COLUMN rage.descriptions.colours IS 'Its main colours.';

COMMENT ON COLUMN rage.descriptions.visible_text IS 'Text in the picture; empty where there is none.';

COMMENT ON COLUMN rage.descriptions.kind IS 'The kind of image that the model suggests; the image keeps its own.';

COMMENT ON COLUMN rage.descriptions.language IS 'The language that was asked for, as a BCP 47 tag.';

COMMENT ON COLUMN rage.descriptions.provider IS 'The provider that was asked.';

COMMENT ON COLUMN rage.descriptions.model IS 'The model that answered.';

COMMENT ON COLUMN rage.descriptions.created_at IS 'When it was written.';

CREATE FUNCTION rage.undescribed(reader text, brand text, images bigint[], described_since timestamp with time zone, failed_before timestamp with time zone, tries integer) RETURNS TABLE(image_id bigint, brand_id integer, content_id bigint, claimed_until timestamp with time zone, run_id uuid)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT i.image_id,
     i.brand_id,
     i.content_id,
     t.claimed_until,
     t.run_id
    FROM (((rage.images i
      JOIN rage.contents o USING (content_id))
      LEFT JOIN rage.descriptions d ON (((d.image_id = i.image_id) AND (d.reader = undescribed.reader) AND (d.content_id = i.content_id) AND ((undescribed.described_since IS NULL) OR (d.created_at >= undescribed.described_since)))))
      LEFT JOIN rage.caption_tries t ON (((t.image_id = i.image_id) AND (t.reader = undescribed.reader))))
   WHERE ((i.deleted_at IS NULL) AND (o.erased_at IS NULL) AND (o.thumbnail IS NOT NULL) AND (d.image_id IS NULL) AND ((undescribed.brand IS NULL) OR (i.brand_id = ( SELECT b.brand_id
            FROM rage.brands b
           WHERE (b.key = rage.normal_form(undescribed.brand))))) AND ((undescribed.images IS NULL) OR (i.image_id = ANY (undescribed.images))) AND ((t.image_id IS NULL) OR (t.content_id <> i.content_id) OR ((t.attempts < undescribed.tries) AND ((t.failed_at IS NULL) OR (t.failed_at < undescribed.failed_before)))));
END;

COMMENT ON FUNCTION rage.undescribed(reader text, brand text, images bigint[], described_since timestamp with time zone, failed_before timestamp with time zone, tries integer) IS 'Images without a description of what they show now, or with one from before a moment; held ones and those that failed since another moment are left out.';

CREATE FUNCTION rage.vector_leg(leg text, space integer, dimensions integer, matching rage.matching, indexed boolean, brand integer, wide boolean) RETURNS text
    LANGUAGE sql STABLE
    RETURN ((CASE WHEN indexed THEN rage.scanned_leg(leg, space, dimensions, (matching).scanned, brand) ELSE ''::text END || format('
%1$I AS MATERIALIZED (%2$s%3$s
        ORDER BY distance, image_id
        LIMIT $10%4$s
)'::text, (leg || '_compared'::text), CASE WHEN indexed THEN '
    SELECT image_id, distance FROM ('::text ELSE NULL::text END, rage.compared_leg(leg, space, dimensions, matching, wide), CASE WHEN indexed THEN format('
    ) AS compared
    WHERE (SELECT short FROM %I)'::text, (leg || '_scanned'::text)) ELSE NULL::text END)) || format(',
%1$I AS (
    SELECT image_id, distance, row_number() OVER (ORDER BY distance, image_id) AS place
    FROM %2$s
    LIMIT $10
)'::text, leg, CASE WHEN indexed THEN format('(SELECT image_id, distance FROM %1$I WHERE NOT (SELECT short FROM %2$I) UNION ALL SELECT image_id, distance FROM %3$I) AS best'::text, (leg || '_found'::text), (leg || '_scanned'::text), (leg || '_compared'::text)) ELSE format('%I'::text, (leg || '_compared'::text)) END));

COMMENT ON FUNCTION rage.vector_leg(leg text, space integer, dimensions integer, matching rage.matching, indexed boolean, brand integer, wide boolean) IS 'The CTEs of a vector leg: its best $10 matches, by its index or, where the scan comes back short and where there is none, by comparing every match.';

CREATE TABLE rage.image_documents (
    image_id bigint NOT NULL,
    brand_id integer NOT NULL,
    input text NOT NULL,
    input_sha256 bytea NOT NULL,
    words tsvector NOT NULL,
    configuration text DEFAULT 'english'::text NOT NULL,
    changed_in xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT image_documents_input_sha256_check CHECK ((octet_length(input_sha256) = 32))
);

COMMENT ON TABLE rage.image_documents IS 'An image''s title, caption and tags as one text; kept by rage.refresh_documents after every change of words.';

COMMENT ON COLUMN rage.image_documents.image_id IS 'The image.';

COMMENT ON COLUMN rage.image_documents.brand_id IS 'The image''s brand.';

COMMENT ON COLUMN rage.image_documents.input IS 'What text encoders read; empty where nothing is known.';

COMMENT ON COLUMN rage.image_documents.input_sha256 IS 'SHA-256 of the input: an embedding with another hash is out of date.';

COMMENT ON COLUMN rage.image_documents.words IS 'What the text leg searches: title A, tags and SKUs B, caption C, brand D.';

COMMENT ON COLUMN rage.image_documents.configuration IS 'The text search configuration of pg_catalog that stemmed its words.';

COMMENT ON COLUMN rage.image_documents.changed_in IS 'The transaction in which its input last changed; kept by a trigger.';

CREATE FUNCTION rage.wanted_inputs(encodes text, images bigint[]) RETURNS TABLE(image_id bigint, brand_id integer, input_sha256 bytea)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT i.image_id,
     i.brand_id,
     d.input_sha256
    FROM (rage.images i
      JOIN rage.image_documents d USING (image_id))
   WHERE ((wanted_inputs.encodes = 'caption'::text) AND (i.image_id = ANY (wanted_inputs.images)) AND (d.image_id = ANY (wanted_inputs.images)) AND (i.deleted_at IS NULL) AND (d.input <> ''::text))
 UNION ALL
  SELECT i.image_id,
     i.brand_id,
     o.sha256
    FROM (rage.images i
      JOIN rage.contents o USING (content_id))
   WHERE ((wanted_inputs.encodes <> 'caption'::text) AND (i.image_id = ANY (wanted_inputs.images)) AND (i.deleted_at IS NULL) AND (o.erased_at IS NULL));
END;

COMMENT ON FUNCTION rage.wanted_inputs(encodes text, images bigint[]) IS 'Those of these images that a space is to have a vector of, by what it encodes, with the hash of what is to be embedded.';

CREATE FUNCTION rage.word_forms(word text, configurations text[], allowed integer[], OUT forms text[], OUT stopped text[]) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    as_it_stands   text[] := tsvector_to_array(to_tsvector('simple', word));
    configuration  text;
    stems          text[];
BEGIN
    forms := '{}';
    stopped := '{}';
    FOREACH configuration IN ARRAY configurations LOOP
        stems := tsvector_to_array(to_tsvector(rage.as_configuration(configuration), word));
        IF stems = '{}' THEN
            stopped := stopped || configuration;
        END IF;
        forms := forms || stems;
    END LOOP;
    -- What only fills a sentence says something where it is the name of a brand.
    IF forms <> '{}' OR EXISTS (
        SELECT FROM rage.brands AS b
        WHERE b.key = ANY (as_it_stands) AND (allowed IS NULL OR b.brand_id = ANY (allowed))
    ) THEN
        forms := ARRAY(SELECT DISTINCT form FROM unnest(forms || as_it_stands) AS form ORDER BY form);
    END IF;
END
$$;

COMMENT ON FUNCTION rage.word_forms(word text, configurations text[], allowed integer[], OUT forms text[], OUT stopped text[]) IS 'Every form that documents may have a word in: its stem in each configuration, and as it stands. stopped: the configurations that drop it, being everywhere in their language.';

CREATE FUNCTION rage.word_stages(terms tsquery[], shares double precision[], counts bigint[]) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'rage', 'pg_temp'
    AS $$
DECLARE
    grouped    text[] := ARRAY(SELECT '(' || t.term::text || ')' FROM unnest(terms) AS t (term));
    all_words  tsquery := array_to_string(grouped, ' & ');
    any_word   tsquery := array_to_string(grouped, ' | ');
    few_words  boolean := cardinality(terms) <= 8;
    scores     double precision[] := CASE WHEN few_words THEN '{0.6, 0.35}' ELSE '{}' END;
    so_far     bigint := 0;
    score      double precision;
    words      tsquery;
    reached    double precision := (SELECT sum(share) FROM unnest(shares) AS share);
    read       tsquery := CASE WHEN few_words THEN all_words END;
    stages     jsonb := '[]';
BEGIN
    IF (SELECT sum(c) FROM unnest(counts) AS c) > 500 THEN
        -- The share of a word is reached by as many documents as have it, or one that is rarer. 200 of them are enough
        -- without a filter, 4,000 under one that lets a fiftieth pass.
        FOR place IN 1 .. cardinality(terms) LOOP
            IF so_far < 200 AND so_far + counts[place] >= 200 OR so_far < 4000 AND so_far + counts[place] >= 4000 THEN
                scores := scores || shares[place];
            END IF;
            so_far := so_far + counts[place];
        END LOOP;
        -- From few documents to all: the first stage with enough of them is the last one that is read. Where two would
        -- read the same, the one that needs less of it.
        FOREACH score IN ARRAY ARRAY(SELECT DISTINCT s FROM unnest(scores || 0::double precision) AS s ORDER BY s DESC) LOOP
            words := CASE WHEN score = 0 THEN any_word ELSE rage.enough_words(grouped, shares, score) END;
            IF words <> read THEN
                stages := stages || jsonb_build_object('score', reached, 'words', read::text, 'whole', read = all_words);
            END IF;
            read := words;
            reached := score;
        END LOOP;
    END IF;
    RETURN stages || jsonb_build_object('score', 0, 'words', any_word::text, 'whole', any_word = all_words);
END
$$;

COMMENT ON FUNCTION rage.word_stages(terms tsquery[], shares double precision[], counts bigint[]) IS 'Which documents to rank, in stages: at each, the words by which every document is found that reaches its score. counts: about how many documents have each term; where these are few, there is one stage.';

CREATE FUNCTION rage_v1.contract_version() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '1.0'::text;

COMMENT ON FUNCTION rage_v1.contract_version() IS 'Version of this schema''s views and functions: the second number grows with additions, the first would break users.';

CREATE FUNCTION rage_v1.duplicates(threshold integer DEFAULT 7, style_within double precision DEFAULT 0.2, k integer DEFAULT 100000, brands text[] DEFAULT NULL::text[], skus text[] DEFAULT NULL::text[], kinds text[] DEFAULT NULL::text[], states text[] DEFAULT NULL::text[], tags_all text[] DEFAULT NULL::text[], tags_any text[] DEFAULT NULL::text[], tags_none text[] DEFAULT NULL::text[], collections text[] DEFAULT NULL::text[], attributes jsonb DEFAULT NULL::jsonb, origins text[] DEFAULT NULL::text[], created_after timestamp with time zone DEFAULT NULL::timestamp with time zone, created_before timestamp with time zone DEFAULT NULL::timestamp with time zone, updated_after timestamp with time zone DEFAULT NULL::timestamp with time zone, min_width integer DEFAULT NULL::integer, min_height integer DEFAULT NULL::integer) RETURNS TABLE(image_id bigint, other_id bigint, kind text, distance integer, style_distance double precision)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
    SELECT *
    FROM rage.alike_pairs(
        $1, $2, rage.filters($4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18), $3)
$_$;

COMMENT ON FUNCTION rage_v1.duplicates(threshold integer, style_within double precision, k integer, brands text[], skus text[], kinds text[], states text[], tags_all text[], tags_any text[], tags_none text[], collections text[], attributes jsonb, origins text[], created_after timestamp with time zone, created_before timestamp with time zone, updated_after timestamp with time zone, min_width integer, min_height integer) IS 'Up to k pairs of images that show the same bytes (kind duplicate) or look alike (look-alike), in no order: image_id came before other_id. Of several with the same bytes, each is a pair with the first, which alone is compared with others.';

CREATE FUNCTION rage_v1.look_alikes(image_id bigint, threshold integer DEFAULT 7, style_within double precision DEFAULT 0.2, k integer DEFAULT 20, brands text[] DEFAULT NULL::text[], skus text[] DEFAULT NULL::text[], kinds text[] DEFAULT NULL::text[], states text[] DEFAULT NULL::text[], tags_all text[] DEFAULT NULL::text[], tags_any text[] DEFAULT NULL::text[], tags_none text[] DEFAULT NULL::text[], collections text[] DEFAULT NULL::text[], attributes jsonb DEFAULT NULL::jsonb, among bigint[] DEFAULT NULL::bigint[], origins text[] DEFAULT NULL::text[], created_after timestamp with time zone DEFAULT NULL::timestamp with time zone, created_before timestamp with time zone DEFAULT NULL::timestamp with time zone, updated_after timestamp with time zone DEFAULT NULL::timestamp with time zone, min_width integer DEFAULT NULL::integer, min_height integer DEFAULT NULL::integer) RETURNS TABLE(rank integer, image_id bigint, external_id text, brand text, skus text[], title text, tags text[], kind text, distance integer, style_distance double precision)
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 20
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
    SELECT *
    FROM rage.described_alike(
        $1, $2, $3, $4, rage.filters($5, $6, $7, $8, $9, $10, $11, $12, $13, $15, $16, $17, $18, $19, $20), $14)
$_$;

COMMENT ON FUNCTION rage_v1.look_alikes(image_id bigint, threshold integer, style_within double precision, k integer, brands text[], skus text[], kinds text[], states text[], tags_all text[], tags_any text[], tags_none text[], collections text[], attributes jsonb, among bigint[], origins text[], created_after timestamp with time zone, created_before timestamp with time zone, updated_after timestamp with time zone, min_width integer, min_height integer) IS 'The images with the same bytes as an image (kind duplicate), then those that look like it (look-alike), filtered like a list: drafts and retired ones are among them. distance counts the bits of 64 in which their perceptual hashes differ, at most threshold; style_within bounds the distance of their style vectors where both have one, null does not.';

CREATE FUNCTION rage_v1.prompt_vector(prompt text, space text) RETURNS real[]
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    RETURN (SELECT (((rage.stored_prompt_vector(btrim(prompt_vector.prompt, ' 	
'::text), s.space_id) #>> '{}'::text[]))::rage.vector)::real[] AS float4 FROM rage.embedding_spaces s WHERE (s.name = prompt_vector.space));

COMMENT ON FUNCTION rage_v1.prompt_vector(prompt text, space text) IS 'The vector of a prompt in a space, or null where neither you nor the operator have had it embedded yet.';

COMMENT ON FUNCTION rage_v1.request_prompt_vector(prompt text) IS 'Asks a worker to embed a prompt in every active space; returns the number of the job.';

CREATE FUNCTION rage_v1.search_facets(prompt text, k integer DEFAULT 200, brands text[] DEFAULT NULL::text[], skus text[] DEFAULT NULL::text[], kinds text[] DEFAULT NULL::text[], states text[] DEFAULT NULL::text[], tags_all text[] DEFAULT NULL::text[], tags_any text[] DEFAULT NULL::text[], tags_none text[] DEFAULT NULL::text[], collections text[] DEFAULT NULL::text[], attributes jsonb DEFAULT NULL::jsonb, among bigint[] DEFAULT NULL::bigint[], legs jsonb DEFAULT NULL::jsonb, vectors jsonb DEFAULT NULL::jsonb, origins text[] DEFAULT NULL::text[], created_after timestamp with time zone DEFAULT NULL::timestamp with time zone, created_before timestamp with time zone DEFAULT NULL::timestamp with time zone, updated_after timestamp with time zone DEFAULT NULL::timestamp with time zone, min_width integer DEFAULT NULL::integer, min_height integer DEFAULT NULL::integer, min_relevance real DEFAULT 0, without bigint[] DEFAULT NULL::bigint[]) RETURNS TABLE(facet text, name text, value text, count bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
    SELECT facet, name, value, count
    FROM rage.found_facets(ARRAY(
        SELECT image_id
        FROM rage.search(
            $1, $2, rage.filters($3, $4, $5, $6, $7, $8, $9, $10, $11, $15, $16, $17, $18, $19, $20), $12, $13, $14, $21, $22)))
$_$;

COMMENT ON FUNCTION rage_v1.search_facets(prompt text, k integer, brands text[], skus text[], kinds text[], states text[], tags_all text[], tags_any text[], tags_none text[], collections text[], attributes jsonb, among bigint[], legs jsonb, vectors jsonb, origins text[], created_after timestamp with time zone, created_before timestamp with time zone, updated_after timestamp with time zone, min_width integer, min_height integer, min_relevance real, without bigint[]) IS 'How many of the images that search_images with the same arguments finds have which tag, brand, kind and attribute (facet: tags, brands, kinds or attributes; name: that of the attribute), the hundred most frequent values of each. Each image has one kind: the counts of the kinds add up to the images counted.';

CREATE FUNCTION rage_v1.search_images(prompt text, k integer DEFAULT 20, brands text[] DEFAULT NULL::text[], skus text[] DEFAULT NULL::text[], kinds text[] DEFAULT NULL::text[], states text[] DEFAULT NULL::text[], tags_all text[] DEFAULT NULL::text[], tags_any text[] DEFAULT NULL::text[], tags_none text[] DEFAULT NULL::text[], collections text[] DEFAULT NULL::text[], attributes jsonb DEFAULT NULL::jsonb, among bigint[] DEFAULT NULL::bigint[], legs jsonb DEFAULT NULL::jsonb, vectors jsonb DEFAULT NULL::jsonb, origins text[] DEFAULT NULL::text[], created_after timestamp with time zone DEFAULT NULL::timestamp with time zone, created_before timestamp with time zone DEFAULT NULL::timestamp with time zone, updated_after timestamp with time zone DEFAULT NULL::timestamp with time zone, min_width integer DEFAULT NULL::integer, min_height integer DEFAULT NULL::integer, min_relevance real DEFAULT 0, without bigint[] DEFAULT NULL::bigint[]) RETURNS TABLE(rank integer, image_id bigint, external_id text, brand text, skus text[], title text, tags text[], score double precision, legs jsonb, strategy text, matched bigint, complete boolean)
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 20
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
    SELECT *
    FROM rage.described_search(
        $1, $2, rage.filters($3, $4, $5, $6, $7, $8, $9, $10, $11, $15, $16, $17, $18, $19, $20), $12, $13, $14, $21, $22)
$_$;

COMMENT ON FUNCTION rage_v1.search_images(prompt text, k integer, brands text[], skus text[], kinds text[], states text[], tags_all text[], tags_any text[], tags_none text[], collections text[], attributes jsonb, among bigint[], legs jsonb, vectors jsonb, origins text[], created_after timestamp with time zone, created_before timestamp with time zone, updated_after timestamp with time zone, min_width integer, min_height integer, min_relevance real, without bigint[]) IS 'The best k images for a prompt under a filter, over all weighted legs fused by reciprocal rank. An array argument of null sets no limit. An empty one matches nothing, except that empty tags_all and tags_none ask for nothing. Prompt vectors are looked up; vectors overrides them by leg. What without names, such as what was shown already, is left out after the ranking.';

CREATE FUNCTION rage_v1.search_report(prompt text, k integer DEFAULT 20, brands text[] DEFAULT NULL::text[], skus text[] DEFAULT NULL::text[], kinds text[] DEFAULT NULL::text[], states text[] DEFAULT NULL::text[], tags_all text[] DEFAULT NULL::text[], tags_any text[] DEFAULT NULL::text[], tags_none text[] DEFAULT NULL::text[], collections text[] DEFAULT NULL::text[], attributes jsonb DEFAULT NULL::jsonb, among bigint[] DEFAULT NULL::bigint[], legs jsonb DEFAULT NULL::jsonb, vectors jsonb DEFAULT NULL::jsonb, origins text[] DEFAULT NULL::text[], created_after timestamp with time zone DEFAULT NULL::timestamp with time zone, created_before timestamp with time zone DEFAULT NULL::timestamp with time zone, updated_after timestamp with time zone DEFAULT NULL::timestamp with time zone, min_width integer DEFAULT NULL::integer, min_height integer DEFAULT NULL::integer, min_relevance real DEFAULT 0, without bigint[] DEFAULT NULL::bigint[]) RETURNS TABLE(strategy text, matched bigint, complete boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
    SELECT strategy, matched, complete
    FROM rage.report(
        $1, $2, rage.filters($3, $4, $5, $6, $7, $8, $9, $10, $11, $15, $16, $17, $18, $19, $20), $12, $13, $14, $21, $22)
$_$;

COMMENT ON FUNCTION rage_v1.search_report(prompt text, k integer, brands text[], skus text[], kinds text[], states text[], tags_all text[], tags_any text[], tags_none text[], collections text[], attributes jsonb, among bigint[], legs jsonb, vectors jsonb, origins text[], created_after timestamp with time zone, created_before timestamp with time zone, updated_after timestamp with time zone, min_width integer, min_height integer, min_relevance real, without bigint[]) IS 'How search_images with the same arguments answers: one row, also where nothing is found.';

CREATE FUNCTION rage_v1.search_statement(prompt text, k integer DEFAULT 20, brands text[] DEFAULT NULL::text[], skus text[] DEFAULT NULL::text[], kinds text[] DEFAULT NULL::text[], states text[] DEFAULT NULL::text[], tags_all text[] DEFAULT NULL::text[], tags_any text[] DEFAULT NULL::text[], tags_none text[] DEFAULT NULL::text[], collections text[] DEFAULT NULL::text[], attributes jsonb DEFAULT NULL::jsonb, among bigint[] DEFAULT NULL::bigint[], legs jsonb DEFAULT NULL::jsonb, vectors jsonb DEFAULT NULL::jsonb, origins text[] DEFAULT NULL::text[], created_after timestamp with time zone DEFAULT NULL::timestamp with time zone, created_before timestamp with time zone DEFAULT NULL::timestamp with time zone, updated_after timestamp with time zone DEFAULT NULL::timestamp with time zone, min_width integer DEFAULT NULL::integer, min_height integer DEFAULT NULL::integer, min_relevance real DEFAULT 0, without bigint[] DEFAULT NULL::bigint[]) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
    SELECT rage.printed_search(
        $1, $2, rage.filters($3, $4, $5, $6, $7, $8, $9, $10, $11, $15, $16, $17, $18, $19, $20), $12, $13, $14, $21, $22)
$_$;

COMMENT ON FUNCTION rage_v1.search_statement(prompt text, k integer, brands text[], skus text[], kinds text[], states text[], tags_all text[], tags_any text[], tags_none text[], collections text[], attributes jsonb, among bigint[], legs jsonb, vectors jsonb, origins text[], created_after timestamp with time zone, created_before timestamp with time zone, updated_after timestamp with time zone, min_width integer, min_height integer, min_relevance real, without bigint[]) IS 'The SQL that search_images with the same arguments runs, with its values written in, for EXPLAIN; it runs under any search_path. Who sees some brands alone gets one that compares every match, which tells nothing of the others.';

CREATE FUNCTION rage_v1.similar_images(image_id bigint, by text DEFAULT 'caption'::text, k integer DEFAULT 20, brands text[] DEFAULT NULL::text[], skus text[] DEFAULT NULL::text[], kinds text[] DEFAULT NULL::text[], states text[] DEFAULT NULL::text[], tags_all text[] DEFAULT NULL::text[], tags_any text[] DEFAULT NULL::text[], tags_none text[] DEFAULT NULL::text[], collections text[] DEFAULT NULL::text[], attributes jsonb DEFAULT NULL::jsonb, among bigint[] DEFAULT NULL::bigint[], origins text[] DEFAULT NULL::text[], created_after timestamp with time zone DEFAULT NULL::timestamp with time zone, created_before timestamp with time zone DEFAULT NULL::timestamp with time zone, updated_after timestamp with time zone DEFAULT NULL::timestamp with time zone, min_width integer DEFAULT NULL::integer, min_height integer DEFAULT NULL::integer) RETURNS TABLE(rank integer, image_id bigint, external_id text, brand text, skus text[], title text, tags text[], distance double precision, strategy text, matched bigint, complete boolean)
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 20
    SET search_path TO 'rage', 'pg_temp'
    AS $_$
    SELECT *
    FROM rage.described_nearest(
        $1, $2, $3, rage.filters($4, $5, $6, $7, $8, $9, $10, $11, $12, $14, $15, $16, $17, $18, $19), $13)
$_$;

COMMENT ON FUNCTION rage_v1.similar_images(image_id bigint, by text, k integer, brands text[], skus text[], kinds text[], states text[], tags_all text[], tags_any text[], tags_none text[], collections text[], attributes jsonb, among bigint[], origins text[], created_after timestamp with time zone, created_before timestamp with time zone, updated_after timestamp with time zone, min_width integer, min_height integer) IS 'The k images most like an image by caption, image or style vector, nearest first, filtered like a search. The image and its duplicates are left out, and so is what has no vector there; matched counts what passes the filter.';

CREATE TABLE rage.alembic_version (
    version_num character varying(32) NOT NULL
);

CREATE TABLE rage.api_keys (
    caller_id uuid NOT NULL,
    prefix text NOT NULL,
    secret_sha256 bytea NOT NULL,
    last_used_at timestamp with time zone,
    CONSTRAINT api_keys_prefix_check CHECK ((prefix ~ '^[0-9a-z]{8}$'::text)),
    CONSTRAINT api_keys_secret_sha256_check CHECK ((octet_length(secret_sha256) = 32))
);

COMMENT ON TABLE rage.api_keys IS 'What an API key is known by. The key itself is shown once and stored nowhere.';

COMMENT ON COLUMN rage.api_keys.caller_id IS 'The caller whose key it is.';

COMMENT ON COLUMN rage.api_keys.prefix IS 'The part of the key that may be shown: rage_<prefix>_…';

COMMENT ON COLUMN rage.api_keys.secret_sha256 IS 'SHA-256 of the key: 256 random bits need no slow hash.';

COMMENT ON COLUMN rage.api_keys.last_used_at IS 'When it was last used, to the minute.';

CREATE TABLE rage.audit_log (
    entry_id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    object_id text,
    brand_id integer,
    details jsonb DEFAULT '{}'::jsonb NOT NULL
);

COMMENT ON TABLE rage.audit_log IS 'Who changed what and when; rows are only ever added, by triggers in the transaction of the change.';

COMMENT ON COLUMN rage.audit_log.entry_id IS 'Order of arrival.';

COMMENT ON COLUMN rage.audit_log.at IS 'When: the start of the transaction.';

COMMENT ON COLUMN rage.audit_log.actor IS 'key:NAME, login:NAME, system for command line and workers, else the role that was logged in.';

COMMENT ON COLUMN rage.audit_log.action IS 'What was done.';

COMMENT ON COLUMN rage.audit_log.object IS 'What it was done to.';

COMMENT ON COLUMN rage.audit_log.object_id IS 'Which one.';

COMMENT ON COLUMN rage.audit_log.brand_id IS 'The brand that it belongs to; null: to none. No foreign key: the log outlives what it tells of.';

COMMENT ON COLUMN rage.audit_log.details IS 'Which columns changed; never their values.';

ALTER TABLE rage.audit_log ALTER COLUMN entry_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rage.audit_log_entry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE rage.brands ALTER COLUMN brand_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rage.brands_brand_id_seq
    START WITH 10
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE rage.budgets ALTER COLUMN budget_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rage.budgets_budget_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE rage.caller_brands (
    caller_id uuid NOT NULL,
    brand_id integer NOT NULL
);

COMMENT ON TABLE rage.caller_brands IS 'Which brands a caller is granted.';

COMMENT ON COLUMN rage.caller_brands.caller_id IS 'The caller.';

COMMENT ON COLUMN rage.caller_brands.brand_id IS 'A brand that it is granted.';

CREATE TABLE rage.callers (
    caller_id uuid DEFAULT gen_random_uuid() NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    every_brand boolean DEFAULT false NOT NULL,
    created_by text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT callers_kind_check CHECK ((kind = ANY (ARRAY['key'::text, 'login'::text]))),
    CONSTRAINT callers_name_check CHECK (((name = btrim(name)) AND ((length(name) >= 1) AND (length(name) <= 100)))),
    CONSTRAINT callers_scopes_check CHECK (((scopes <> '{}'::text[]) AND (scopes <@ ARRAY['read'::text, 'write'::text, 'generate'::text, 'admin'::text])))
);

COMMENT ON TABLE rage.callers IS 'Who may ask: API keys and SQL logins. Names are never given twice: the history names callers by them.';

COMMENT ON COLUMN rage.callers.caller_id IS 'Stable id of the caller; what the service puts into the setting rage.caller.';

COMMENT ON COLUMN rage.callers.kind IS 'key: an API key; login: a login role of this server.';

COMMENT ON COLUMN rage.callers.name IS 'Name of the key, or of the login role.';

COMMENT ON COLUMN rage.callers.scopes IS 'What it may do with its brands: read, write, generate, admin. Each includes reading.';

COMMENT ON COLUMN rage.callers.every_brand IS 'Whether it is granted every brand, those still to come among them.';

COMMENT ON COLUMN rage.callers.created_by IS 'Who granted it.';

COMMENT ON COLUMN rage.callers.created_at IS 'When it was granted.';

COMMENT ON COLUMN rage.callers.expires_at IS 'From when on it is no longer good; null: never.';

COMMENT ON COLUMN rage.callers.revoked_at IS 'When it was taken back; the row stays for history.';

CREATE TABLE rage.captions (
    brand_id integer NOT NULL,
    image_id bigint NOT NULL,
    revision integer NOT NULL,
    is_current boolean DEFAULT true NOT NULL,
    text text NOT NULL,
    language text,
    source text NOT NULL,
    author text,
    model text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    replaces integer,
    reviewed_by text,
    reviewed_at timestamp with time zone,
    CONSTRAINT captions_revision_check CHECK ((revision > 0)),
    CONSTRAINT captions_source_check CHECK ((source = ANY (ARRAY['import'::text, 'person'::text, 'model'::text, 'generation'::text, 'file'::text]))),
    CONSTRAINT captions_text_check CHECK ((btrim(text) <> ''::text))
);

COMMENT ON TABLE rage.captions IS 'Every caption that an image ever had; at most one is current.';

COMMENT ON COLUMN rage.captions.brand_id IS 'The image''s brand.';

COMMENT ON COLUMN rage.captions.image_id IS 'The image.';

COMMENT ON COLUMN rage.captions.revision IS 'Counts from 1 per image.';

COMMENT ON COLUMN rage.captions.is_current IS 'Whether this is the one that is shown and searched.';

COMMENT ON COLUMN rage.captions.text IS 'The caption.';

COMMENT ON COLUMN rage.captions.language IS 'Its language as a BCP 47 tag, where known.';

COMMENT ON COLUMN rage.captions.source IS 'import: came with a file; person; model: a vision model; generation: drafted from references; file: stood in the picture''s file.';

COMMENT ON COLUMN rage.captions.author IS 'The person or key that wrote it, where known.';

COMMENT ON COLUMN rage.captions.model IS 'The model that wrote it.';

COMMENT ON COLUMN rage.captions.created_at IS 'When it was written.';

COMMENT ON COLUMN rage.captions.replaces IS 'The revision that was current when a model''s caption took its place; null: none was.';

COMMENT ON COLUMN rage.captions.reviewed_by IS 'Who accepted or rejected a model''s caption, where known.';

COMMENT ON COLUMN rage.captions.reviewed_at IS 'When it was accepted or rejected; null: nobody has looked it over.';

CREATE TABLE rage.collection_images (
    collection_id integer NOT NULL,
    "position" integer NOT NULL,
    image_id bigint NOT NULL,
    CONSTRAINT collection_images_position_check CHECK (("position" > 0))
);

COMMENT ON TABLE rage.collection_images IS 'Which images a collection holds, in which order.';

COMMENT ON COLUMN rage.collection_images.collection_id IS 'The collection.';

COMMENT ON COLUMN rage.collection_images."position" IS 'Place in the order, from 1.';

COMMENT ON COLUMN rage.collection_images.image_id IS 'The image.';

ALTER TABLE rage.collections ALTER COLUMN collection_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rage.collections_collection_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE rage.common_words (
    brand_id integer NOT NULL,
    lexeme text NOT NULL,
    documents integer NOT NULL,
    CONSTRAINT common_words_documents_check CHECK ((documents > 0))
);

COMMENT ON TABLE rage.common_words IS 'How many of a brand''s documents have a word, where many do; rage.count_words brings it up to date.';

COMMENT ON COLUMN rage.common_words.brand_id IS 'Whose documents.';

COMMENT ON COLUMN rage.common_words.lexeme IS 'The word as documents hold it, stemmed.';

COMMENT ON COLUMN rage.common_words.documents IS 'How many of them had it when they were counted.';

ALTER TABLE rage.contents ALTER COLUMN content_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rage.contents_content_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE rage.embedding_claims (
    space_id integer NOT NULL,
    image_id bigint NOT NULL,
    brand_id integer NOT NULL,
    filler_id bigint,
    losses integer DEFAULT 0 NOT NULL,
    CONSTRAINT embedding_claims_losses_check CHECK ((losses >= 0))
);

COMMENT ON TABLE rage.embedding_claims IS 'What is being embedded, and by whom: no two embed the same. Also what nobody is at any more, and has to be looked at again.';

COMMENT ON COLUMN rage.embedding_claims.space_id IS 'The space.';

COMMENT ON COLUMN rage.embedding_claims.image_id IS 'The image.';

COMMENT ON COLUMN rage.embedding_claims.brand_id IS 'The image''s brand.';

COMMENT ON COLUMN rage.embedding_claims.filler_id IS 'Who embeds it; null: whoever comes next.';

COMMENT ON COLUMN rage.embedding_claims.losses IS 'How many fillers were lost while they worked on it: one that is lost each time kills them.';

ALTER TABLE rage.embedding_spaces ALTER COLUMN space_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rage.embedding_spaces_space_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE rage.embeddings (
    space_id integer NOT NULL,
    image_id bigint NOT NULL,
    brand_id integer NOT NULL,
    input_sha256 bytea NOT NULL,
    embedding rage.halfvec NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT embeddings_input_sha256_check CHECK ((octet_length(input_sha256) = 32))
)
PARTITION BY LIST (space_id);

COMMENT ON TABLE rage.embeddings IS 'The vectors: one per space and image, a partition per space.';

COMMENT ON COLUMN rage.embeddings.space_id IS 'The space; vectors of two spaces are never compared.';

COMMENT ON COLUMN rage.embeddings.image_id IS 'The image.';

COMMENT ON COLUMN rage.embeddings.brand_id IS 'The image''s brand.';

COMMENT ON COLUMN rage.embeddings.input_sha256 IS 'SHA-256 of what was embedded: the document''s or the content''s hash.';

COMMENT ON COLUMN rage.embeddings.embedding IS 'The vector; compared by cosine distance.';

COMMENT ON COLUMN rage.embeddings.created_at IS 'When it was embedded.';

CREATE TABLE rage.failed_items (
    space_id integer NOT NULL,
    image_id bigint NOT NULL,
    brand_id integer NOT NULL,
    input_sha256 bytea NOT NULL,
    attempts integer DEFAULT 1 NOT NULL,
    reason text NOT NULL,
    failed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT failed_items_attempts_check CHECK ((attempts > 0)),
    CONSTRAINT failed_items_input_sha256_check CHECK ((octet_length(input_sha256) = 32))
);

COMMENT ON TABLE rage.failed_items IS 'What could not be embedded, and why; another input is tried afresh.';

COMMENT ON COLUMN rage.failed_items.space_id IS 'The space that it is missing from.';

COMMENT ON COLUMN rage.failed_items.image_id IS 'The image.';

COMMENT ON COLUMN rage.failed_items.brand_id IS 'The image''s brand.';

COMMENT ON COLUMN rage.failed_items.input_sha256 IS 'SHA-256 of the input that failed.';

COMMENT ON COLUMN rage.failed_items.attempts IS 'How often it was tried.';

COMMENT ON COLUMN rage.failed_items.reason IS 'What the encoder said last.';

COMMENT ON COLUMN rage.failed_items.failed_at IS 'When it failed last.';

CREATE TABLE rage.fillers (
    filler_id bigint NOT NULL,
    space_id integer NOT NULL,
    embedded bigint DEFAULT 0 NOT NULL,
    failed bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    beat_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

COMMENT ON TABLE rage.fillers IS 'Who fills a space at this moment: a row per worker or command.';

COMMENT ON COLUMN rage.fillers.filler_id IS 'Number of the row.';

COMMENT ON COLUMN rage.fillers.space_id IS 'The space.';

COMMENT ON COLUMN rage.fillers.embedded IS 'Images that it has embedded.';

COMMENT ON COLUMN rage.fillers.failed IS 'Images that it could not embed.';

COMMENT ON COLUMN rage.fillers.started_at IS 'When it began.';

COMMENT ON COLUMN rage.fillers.beat_at IS 'When it was last heard of; silent for too long, it is lost.';

ALTER TABLE rage.fillers ALTER COLUMN filler_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rage.fillers_filler_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE rage.generation_batch_items (
    batch_id uuid NOT NULL,
    "position" integer NOT NULL,
    key text NOT NULL,
    request jsonb NOT NULL,
    generation_id uuid,
    reason text,
    CONSTRAINT generation_batch_items_accepted_or_rejected CHECK (((generation_id IS NULL) OR (reason IS NULL))),
    CONSTRAINT generation_batch_items_position_check CHECK (("position" > 0))
);

COMMENT ON TABLE rage.generation_batch_items IS 'The items of batches, each to become a generation.';

COMMENT ON COLUMN rage.generation_batch_items.batch_id IS 'The batch.';

COMMENT ON COLUMN rage.generation_batch_items."position" IS 'Place in the batch, from 1.';

COMMENT ON COLUMN rage.generation_batch_items.key IS 'What the item is of, for people: sku=SOAP-1/purpose=style/size=1024x1024.';

COMMENT ON COLUMN rage.generation_batch_items.request IS 'The request for its generation.';

COMMENT ON COLUMN rage.generation_batch_items.generation_id IS 'The generation that it has become; null: none yet, or it is to be made anew.';

COMMENT ON COLUMN rage.generation_batch_items.reason IS 'Why it cannot become one; null: it can, as far as is known.';

CREATE TABLE rage.generation_events (
    generation_id uuid NOT NULL,
    event_id integer NOT NULL,
    name text NOT NULL,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT generation_events_event_id_check CHECK ((event_id > 0))
);

COMMENT ON TABLE rage.generation_events IS 'The progress of a generation, so that a late or returning client misses nothing.';

COMMENT ON COLUMN rage.generation_events.generation_id IS 'The generation.';

COMMENT ON COLUMN rage.generation_events.event_id IS 'Counts from 1 per generation.';

COMMENT ON COLUMN rage.generation_events.name IS 'What happened.';

COMMENT ON COLUMN rage.generation_events.data IS 'Its particulars.';

COMMENT ON COLUMN rage.generation_events.created_at IS 'When it happened.';

CREATE TABLE rage.generation_masks (
    generation_id uuid NOT NULL,
    sha256 bytea NOT NULL,
    bytes bytea NOT NULL,
    CONSTRAINT generation_masks_sha256_check CHECK ((octet_length(sha256) = 32))
);
ALTER TABLE ONLY rage.generation_masks ALTER COLUMN bytes SET STORAGE EXTERNAL;

COMMENT ON TABLE rage.generation_masks IS 'What was allowed to change in the first reference of a generation.';

COMMENT ON COLUMN rage.generation_masks.generation_id IS 'The generation.';

COMMENT ON COLUMN rage.generation_masks.sha256 IS 'Hash of the bytes; the parameters of the generation say it too.';

COMMENT ON COLUMN rage.generation_masks.bytes IS 'A PNG of the size of that reference, transparent where it may change, and black.';

CREATE TABLE rage.generation_partials (
    generation_id uuid NOT NULL,
    event_id integer NOT NULL,
    media_type text NOT NULL,
    bytes bytea NOT NULL,
    CONSTRAINT generation_partials_media_type_known CHECK ((media_type = ANY (ARRAY['image/png'::text, 'image/webp'::text, 'image/jpeg'::text])))
);
ALTER TABLE ONLY rage.generation_partials ALTER COLUMN bytes SET STORAGE EXTERNAL;

COMMENT ON TABLE rage.generation_partials IS 'Pictures that are not finished yet, of generations that are running: they go when the attempt ends.';

COMMENT ON COLUMN rage.generation_partials.generation_id IS 'The generation.';

COMMENT ON COLUMN rage.generation_partials.event_id IS 'The event that told of it, and its number in its address.';

COMMENT ON COLUMN rage.generation_partials.media_type IS 'What its bytes are.';

COMMENT ON COLUMN rage.generation_partials.bytes IS 'The file as the provider sent it.';

ALTER TABLE rage.image_identifiers ALTER COLUMN identifier_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rage.image_identifiers_identifier_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE rage.image_versions (
    brand_id integer NOT NULL,
    image_id bigint NOT NULL,
    version integer NOT NULL,
    content_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT image_versions_version_check CHECK ((version > 0))
);

COMMENT ON TABLE rage.image_versions IS 'Every version of every image, the current one among them.';

COMMENT ON COLUMN rage.image_versions.brand_id IS 'The image''s brand.';

COMMENT ON COLUMN rage.image_versions.image_id IS 'The image.';

COMMENT ON COLUMN rage.image_versions.version IS 'Counts from 1 per image.';

COMMENT ON COLUMN rage.image_versions.content_id IS 'The bytes of this version.';

COMMENT ON COLUMN rage.image_versions.created_at IS 'When this version came.';

ALTER TABLE rage.images ALTER COLUMN image_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rage.images_image_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE rage.index_audits (
    audit_id bigint NOT NULL,
    space_id integer NOT NULL,
    leg text NOT NULL,
    shape text NOT NULL,
    queries integer NOT NULL,
    k integer NOT NULL,
    matched bigint NOT NULL,
    strategy text NOT NULL,
    recall real NOT NULL,
    p50_ms real NOT NULL,
    p95_ms real NOT NULL,
    exact_p50_ms real NOT NULL,
    advice text,
    audited_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT index_audits_k_check CHECK ((k > 0)),
    CONSTRAINT index_audits_queries_check CHECK ((queries > 0)),
    CONSTRAINT index_audits_recall_check CHECK (((recall >= (0)::double precision) AND (recall <= (1)::double precision)))
);

COMMENT ON TABLE rage.index_audits IS 'How right and how fast searches were when they were audited, by the shape of their filter.';

COMMENT ON COLUMN rage.index_audits.audit_id IS 'Number of the row.';

COMMENT ON COLUMN rage.index_audits.space_id IS 'The space that was searched.';

COMMENT ON COLUMN rage.index_audits.leg IS 'The leg that searched it.';

COMMENT ON COLUMN rage.index_audits.shape IS 'What kind of filter the searches had.';

COMMENT ON COLUMN rage.index_audits.queries IS 'How many searches were compared.';

COMMENT ON COLUMN rage.index_audits.k IS 'How many images each asked for.';

COMMENT ON COLUMN rage.index_audits.matched IS 'How many images passed the filter: the median.';

COMMENT ON COLUMN rage.index_audits.strategy IS 'How most of the searches were answered.';

COMMENT ON COLUMN rage.index_audits.recall IS 'Share of the exact answer that the searches found, on average.';

COMMENT ON COLUMN rage.index_audits.p50_ms IS 'Median time of a search in milliseconds, at its client.';

COMMENT ON COLUMN rage.index_audits.p95_ms IS 'Time that a search in twenty exceeds, in milliseconds.';

COMMENT ON COLUMN rage.index_audits.exact_p50_ms IS 'Median time of the exact search in milliseconds.';

COMMENT ON COLUMN rage.index_audits.advice IS 'What would make it better; null where nothing is wrong.';

COMMENT ON COLUMN rage.index_audits.audited_at IS 'When.';

ALTER TABLE rage.index_audits ALTER COLUMN audit_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rage.index_audits_audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE rage.job_schema_changes (
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON COLUMN rage.job_schema_changes.name IS 'The library''s name of the change.';

COMMENT ON COLUMN rage.job_schema_changes.applied_at IS 'When it was applied.';

CREATE TABLE rage.judgement_concepts (
    judgement_id bigint NOT NULL,
    "position" integer NOT NULL,
    concept text,
    caption text NOT NULL,
    outcome text,
    image_id bigint,
    role text,
    note text,
    score real,
    proposal_id uuid,
    CONSTRAINT judgement_concepts_found_an_image CHECK ((COALESCE((outcome = 'found'::text), false) = (image_id IS NOT NULL))),
    CONSTRAINT judgement_concepts_outcome_check CHECK ((outcome = ANY (ARRAY['found'::text, 'nothing_found'::text, 'no_slot'::text]))),
    CONSTRAINT judgement_concepts_position_check CHECK (("position" > 0))
);

COMMENT ON TABLE rage.judgement_concepts IS 'What a picture lacks, or a prompt names, and the image that was found for it.';

COMMENT ON COLUMN rage.judgement_concepts.judgement_id IS 'The judgement that names it.';

COMMENT ON COLUMN rage.judgement_concepts."position" IS 'Place in the judge''s list, from 1.';

COMMENT ON COLUMN rage.judgement_concepts.concept IS 'What is lacking; null: the judge was unable to say, and the prompt itself was looked up.';

COMMENT ON COLUMN rage.judgement_concepts.caption IS 'The caption by which an image was looked up.';

COMMENT ON COLUMN rage.judgement_concepts.outcome IS 'found, nothing_found or no_slot (no more references go along); null: not looked up yet.';

COMMENT ON COLUMN rage.judgement_concepts.image_id IS 'The image that was found.';

COMMENT ON COLUMN rage.judgement_concepts.role IS 'The role in which it goes along; null: that of its kind.';

COMMENT ON COLUMN rage.judgement_concepts.note IS 'What the image model is told to take of it.';

COMMENT ON COLUMN rage.judgement_concepts.score IS 'How well it serves, 0 to 1; higher is better.';

COMMENT ON COLUMN rage.judgement_concepts.proposal_id IS 'The proposal that it was found by.';

CREATE TABLE rage.judgements (
    judgement_id bigint NOT NULL,
    root_id uuid NOT NULL,
    round integer NOT NULL,
    attempt integer NOT NULL,
    generation_id uuid NOT NULL,
    call_id bigint NOT NULL,
    verdict text DEFAULT 'pending'::text NOT NULL,
    detail text,
    temperature real NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    looked_up_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT judgements_attempt_check CHECK ((attempt > 0)),
    CONSTRAINT judgements_round_check CHECK (((round >= 0) AND (round <= 3))),
    CONSTRAINT judgements_verdict_check CHECK ((verdict = ANY (ARRAY['pending'::text, 'match'::text, 'mismatch'::text, 'named'::text, 'unable'::text, 'turned_away'::text, 'failed'::text, 'unknown'::text, 'cancelled'::text])))
);

COMMENT ON TABLE rage.judgements IS 'What a vision model said of the pictures of a refinement, one row a call.';

COMMENT ON COLUMN rage.judgements.judgement_id IS 'Stable number of the judgement.';

COMMENT ON COLUMN rage.judgements.root_id IS 'The refinement.';

COMMENT ON COLUMN rage.judgements.round IS 'The step whose picture was judged; without a draft the one that is to be made.';

COMMENT ON COLUMN rage.judgements.attempt IS 'Counts from 1 for each step.';

COMMENT ON COLUMN rage.judgements.generation_id IS 'The generation of that step.';

COMMENT ON COLUMN rage.judgements.call_id IS 'The paid call.';

COMMENT ON COLUMN rage.judgements.verdict IS 'match, mismatch, named (without a draft), unable (it refused, or answered what is no answer), turned_away, failed, unknown, cancelled; pending until it is known.';

COMMENT ON COLUMN rage.judgements.detail IS 'What was wrong with the answer.';

COMMENT ON COLUMN rage.judgements.temperature IS 'The temperature that was asked for; it rises from try to try.';

COMMENT ON COLUMN rage.judgements.provider IS 'Who was asked.';

COMMENT ON COLUMN rage.judgements.model IS 'The model that answered; before that, the one asked for.';

COMMENT ON COLUMN rage.judgements.looked_up_at IS 'When images were looked up for what it lacks; null: not yet, or nothing was to be.';

COMMENT ON COLUMN rage.judgements.created_at IS 'When the call was about to be made.';

COMMENT ON COLUMN rage.judgements.finished_at IS 'When the answer was known.';

ALTER TABLE rage.judgements ALTER COLUMN judgement_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rage.judgements_judgement_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE rage.page_sessions (
    token_sha256 bytea NOT NULL,
    caller_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT page_sessions_token_sha256_check CHECK ((octet_length(token_sha256) = 32))
);

COMMENT ON TABLE rage.page_sessions IS 'Who is logged in at the page.';

COMMENT ON COLUMN rage.page_sessions.token_sha256 IS 'SHA-256 of the token in the browser''s cookie.';

COMMENT ON COLUMN rage.page_sessions.caller_id IS 'The key that it was logged in with.';

COMMENT ON COLUMN rage.page_sessions.created_at IS 'When it was logged in.';

COMMENT ON COLUMN rage.page_sessions.expires_at IS 'When it must log in again.';

ALTER TABLE rage.paid_calls ALTER COLUMN call_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rage.paid_calls_call_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE rage.prompt_vectors ALTER COLUMN vector_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rage.prompt_vectors_vector_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE rage.proposal_references (
    proposal_id uuid NOT NULL,
    "position" integer NOT NULL,
    image_id bigint NOT NULL,
    role text NOT NULL,
    serves text[] DEFAULT '{}'::text[] NOT NULL,
    reason text,
    score real,
    chosen boolean DEFAULT false NOT NULL,
    CONSTRAINT proposal_references_position_check CHECK (("position" > 0))
);

COMMENT ON TABLE rage.proposal_references IS 'The proposed references, in order.';

COMMENT ON COLUMN rage.proposal_references.proposal_id IS 'The proposal.';

COMMENT ON COLUMN rage.proposal_references."position" IS 'Place in the order, from 1.';

COMMENT ON COLUMN rage.proposal_references.image_id IS 'The image.';

COMMENT ON COLUMN rage.proposal_references.role IS 'What it is there for.';

COMMENT ON COLUMN rage.proposal_references.serves IS 'The concepts that it serves.';

COMMENT ON COLUMN rage.proposal_references.reason IS 'Why it was chosen.';

COMMENT ON COLUMN rage.proposal_references.score IS 'How well it serves its concepts, 0 to 1; null where it serves none.';

COMMENT ON COLUMN rage.proposal_references.chosen IS 'Whether the person had chosen it before.';

CREATE TABLE rage.proposals (
    proposal_id uuid DEFAULT gen_random_uuid() NOT NULL,
    prompt text NOT NULL,
    filters jsonb DEFAULT '{}'::jsonb NOT NULL,
    slots integer NOT NULL,
    chosen bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    planner text NOT NULL,
    concepts jsonb DEFAULT '[]'::jsonb NOT NULL,
    passed_over jsonb DEFAULT '[]'::jsonb NOT NULL,
    asked_by text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    brand_ids integer[],
    diversity real DEFAULT 0 NOT NULL,
    strategy text DEFAULT ''::text NOT NULL,
    notes text[] DEFAULT '{}'::text[] NOT NULL,
    took_ms real DEFAULT 0 NOT NULL,
    CONSTRAINT proposals_diversity_check CHECK (((diversity >= (0)::double precision) AND (diversity <= (1)::double precision))),
    CONSTRAINT proposals_slots_check CHECK ((slots > 0))
);

COMMENT ON TABLE rage.proposals IS 'Every set of references that was proposed for a prompt.';

COMMENT ON COLUMN rage.proposals.proposal_id IS 'What a generation refers to.';

COMMENT ON COLUMN rage.proposals.prompt IS 'The prompt as it was given.';

COMMENT ON COLUMN rage.proposals.filters IS 'The filters as they were given.';

COMMENT ON COLUMN rage.proposals.slots IS 'How many references the model could take.';

COMMENT ON COLUMN rage.proposals.chosen IS 'Images that the person had chosen before; they come first.';

COMMENT ON COLUMN rage.proposals.planner IS 'What split the prompt into concepts.';

COMMENT ON COLUMN rage.proposals.concepts IS 'The concepts, each with the images that serve it; an empty list: unserved.';

COMMENT ON COLUMN rage.proposals.passed_over IS 'Images that were considered and left out, with the reason.';

COMMENT ON COLUMN rage.proposals.asked_by IS 'The key or login that asked; null while the service is open.';

COMMENT ON COLUMN rage.proposals.created_at IS 'When it was asked.';

COMMENT ON COLUMN rage.proposals.brand_ids IS 'The brands that the caller could see; null: every brand.';

COMMENT ON COLUMN rage.proposals.diversity IS 'From 0, the best for each concept, to 1, the least like the other references of those about as good.';

COMMENT ON COLUMN rage.proposals.strategy IS 'How the candidates were found.';

COMMENT ON COLUMN rage.proposals.notes IS 'What did not go as asked, in sentences for people.';

COMMENT ON COLUMN rage.proposals.took_ms IS 'Time in milliseconds, the embedding of the concepts included.';

CREATE TABLE rage.provider_pauses (
    provider text NOT NULL,
    paused_until timestamp with time zone NOT NULL,
    noted_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE rage.provider_pauses IS 'Providers that asked to be left alone: until then no worker makes a picture with them.';

COMMENT ON COLUMN rage.provider_pauses.provider IS 'Who asked.';

COMMENT ON COLUMN rage.provider_pauses.paused_until IS 'The end of what it asked for.';

COMMENT ON COLUMN rage.provider_pauses.noted_at IS 'When it last asked.';

CREATE TABLE rage.ratings (
    generation_id uuid NOT NULL,
    "position" integer NOT NULL,
    rated_by text DEFAULT ''::text NOT NULL,
    rating smallint NOT NULL,
    reasons text[] DEFAULT '{}'::text[] NOT NULL,
    comment text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ratings_rating_check CHECK ((rating = ANY (ARRAY['-1'::integer, 0, 1]))),
    CONSTRAINT ratings_reasons_check CHECK ((reasons <@ ARRAY['wrong label'::text, 'off-brand'::text, 'artefact'::text, 'wrong product'::text, 'other'::text]))
);

COMMENT ON TABLE rage.ratings IS 'What people think of outputs: one row per output and person.';

COMMENT ON COLUMN rage.ratings.generation_id IS 'The generation.';

COMMENT ON COLUMN rage.ratings."position" IS 'The output among its outputs.';

COMMENT ON COLUMN rage.ratings.rated_by IS 'The key or person; empty while the service is open.';

COMMENT ON COLUMN rage.ratings.rating IS '-1, 0 or 1.';

COMMENT ON COLUMN rage.ratings.reasons IS 'What is wrong with it, by code.';

COMMENT ON COLUMN rage.ratings.comment IS 'In the person''s words.';

COMMENT ON COLUMN rage.ratings.created_at IS 'When it was last given.';

CREATE TABLE rage.refinement_steps (
    root_id uuid NOT NULL,
    round integer NOT NULL,
    generation_id uuid NOT NULL,
    CONSTRAINT refinement_steps_round_check CHECK (((round >= 0) AND (round <= 3)))
);

COMMENT ON TABLE rage.refinement_steps IS 'The pictures of a refinement in order, each a generation.';

COMMENT ON COLUMN rage.refinement_steps.root_id IS 'The refinement, by its first generation.';

COMMENT ON COLUMN rage.refinement_steps.round IS '0 the first picture, then one for each round.';

COMMENT ON COLUMN rage.refinement_steps.generation_id IS 'The generation.';

CREATE TABLE rage.refinements (
    root_id uuid NOT NULL,
    with_draft boolean NOT NULL,
    rounds integer NOT NULL,
    per_round integer NOT NULL,
    max_cost_usd numeric(14,6),
    filters jsonb DEFAULT '{}'::jsonb NOT NULL,
    judge_provider text NOT NULL,
    judge_model text NOT NULL,
    caller_id uuid,
    state text DEFAULT 'open'::text NOT NULL,
    ended_by text,
    detail text,
    result_id uuid,
    prepared_at timestamp with time zone,
    cancel_requested_at timestamp with time zone,
    cancel_requested_by text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT refinements_ended_by_check CHECK ((ended_by = ANY (ARRAY['matched'::text, 'rounds'::text, 'max_cost'::text, 'unknown_cost'::text, 'budget'::text, 'nothing_found'::text, 'no_slot'::text, 'refused'::text, 'failed'::text, 'unknown'::text, 'cancelled'::text]))),
    CONSTRAINT refinements_ended_for_a_reason CHECK ((((state = 'ended'::text) = (ended_by IS NOT NULL)) AND ((state = 'ended'::text) = (ended_at IS NOT NULL)))),
    CONSTRAINT refinements_max_cost_usd_check CHECK ((max_cost_usd >= (0)::numeric)),
    CONSTRAINT refinements_per_round_check CHECK (((per_round >= 1) AND (per_round <= 16))),
    CONSTRAINT refinements_rounds_check CHECK (((rounds >= 1) AND (rounds <= 3))),
    CONSTRAINT refinements_state_check CHECK ((state = ANY (ARRAY['open'::text, 'ended'::text])))
);

COMMENT ON TABLE rage.refinements IS 'Loops in which a picture is judged against its prompt and made again with what it lacks.';

COMMENT ON COLUMN rage.refinements.root_id IS 'The generation that was asked for, and the first picture.';

COMMENT ON COLUMN rage.refinements.with_draft IS 'Whether its first picture is a draft that is judged; else what the prompt names is looked up before it.';

COMMENT ON COLUMN rage.refinements.rounds IS 'How often a picture is made again at most; without a draft the one picture is the round.';

COMMENT ON COLUMN rage.refinements.per_round IS 'References that a round adds at most.';

COMMENT ON COLUMN rage.refinements.max_cost_usd IS 'US dollars that all its calls together may cost; null: as the budgets allow.';

COMMENT ON COLUMN rage.refinements.filters IS 'Which images may be found.';

COMMENT ON COLUMN rage.refinements.judge_provider IS 'Who judges.';

COMMENT ON COLUMN rage.refinements.judge_model IS 'The model that judges.';

COMMENT ON COLUMN rage.refinements.caller_id IS 'On whose behalf images are found and pictures made; null: the operator''s.';

COMMENT ON COLUMN rage.refinements.state IS 'open: there may be more to do; ended.';

COMMENT ON COLUMN rage.refinements.ended_by IS 'Why it ended: matched, rounds, max_cost, unknown_cost, budget, nothing_found, no_slot, or how a step of it ended.';

COMMENT ON COLUMN rage.refinements.detail IS 'The same in a sentence, where there is more to say.';

COMMENT ON COLUMN rage.refinements.result_id IS 'The last generation of it that succeeded; null where none did.';

COMMENT ON COLUMN rage.refinements.prepared_at IS 'Without a draft: when the references of its one picture were looked up.';

COMMENT ON COLUMN rage.refinements.cancel_requested_at IS 'When it was called off while something of it was under way.';

COMMENT ON COLUMN rage.refinements.cancel_requested_by IS 'The key that called it off; null while the service is open.';

COMMENT ON COLUMN rage.refinements.created_at IS 'When it was asked.';

COMMENT ON COLUMN rage.refinements.ended_at IS 'When it ended.';

CREATE TABLE rage.search_results (
    search_id uuid NOT NULL,
    rank integer NOT NULL,
    image_id bigint NOT NULL,
    score real NOT NULL,
    legs jsonb NOT NULL,
    CONSTRAINT search_results_rank_check CHECK ((rank > 0))
);

COMMENT ON TABLE rage.search_results IS 'What a search answered, in order.';

COMMENT ON COLUMN rage.search_results.search_id IS 'The search.';

COMMENT ON COLUMN rage.search_results.rank IS 'Place in the answer, from 1.';

COMMENT ON COLUMN rage.search_results.image_id IS 'The image.';

COMMENT ON COLUMN rage.search_results.score IS 'Fused score; higher is better.';

COMMENT ON COLUMN rage.search_results.legs IS 'Rank, and distance or score, per leg.';

CREATE TABLE rage.searches (
    search_id uuid DEFAULT gen_random_uuid() NOT NULL,
    prompt text NOT NULL,
    filters jsonb DEFAULT '{}'::jsonb NOT NULL,
    among bigint[],
    legs jsonb,
    k integer NOT NULL,
    strategy text NOT NULL,
    matched bigint NOT NULL,
    complete boolean NOT NULL,
    took_ms real NOT NULL,
    asked_by text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    brand_ids integer[],
    min_relevance real DEFAULT 0 NOT NULL,
    imagined_id uuid,
    imagined rage.halfvec,
    CONSTRAINT searches_k_check CHECK ((k > 0)),
    CONSTRAINT searches_min_relevance_check CHECK (((min_relevance >= (0)::double precision) AND (min_relevance <= (1)::double precision)))
);

COMMENT ON TABLE rage.searches IS 'Every search made through the service.';

COMMENT ON COLUMN rage.searches.search_id IS 'What a generation refers to as the origin of its references.';

COMMENT ON COLUMN rage.searches.prompt IS 'The prompt as it was given.';

COMMENT ON COLUMN rage.searches.filters IS 'The filters as they were given.';

COMMENT ON COLUMN rage.searches.among IS 'The images that the search was confined to; null: all.';

COMMENT ON COLUMN rage.searches.legs IS 'Weights of the legs where the request named them.';

COMMENT ON COLUMN rage.searches.k IS 'How many images were asked for.';

COMMENT ON COLUMN rage.searches.strategy IS 'How the answer was found.';

COMMENT ON COLUMN rage.searches.matched IS 'How many images passed the filter.';

COMMENT ON COLUMN rage.searches.complete IS 'Whether no bound cut the answer.';

COMMENT ON COLUMN rage.searches.took_ms IS 'Time in milliseconds, the embedding of the prompt included.';

COMMENT ON COLUMN rage.searches.asked_by IS 'The key or login that asked; null while the service is open.';

COMMENT ON COLUMN rage.searches.created_at IS 'When it was asked.';

COMMENT ON COLUMN rage.searches.brand_ids IS 'The brands that the caller could see; null: every brand.';

COMMENT ON COLUMN rage.searches.min_relevance IS 'The share of the best score that a result had to reach.';

COMMENT ON COLUMN rage.searches.imagined_id IS 'The draft of the prompt that the image leg searched by; null: it searched by the words.';

COMMENT ON COLUMN rage.searches.imagined IS 'The vector of that draft, for the rows that follow.';

ALTER TABLE rage.tags ALTER COLUMN tag_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME rage.tags_tag_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW rage_v1.audit_log WITH (security_invoker='true') AS
 SELECT a.at,
    a.actor,
    a.action,
    a.object,
    a.object_id,
    b.name AS brand,
    a.details
   FROM (rage.audit_log a
     LEFT JOIN rage.brands b USING (brand_id));

COMMENT ON VIEW rage_v1.audit_log IS 'Who changed what and when; admins see what concerns their brands.';

COMMENT ON COLUMN rage_v1.audit_log.at IS 'When.';

COMMENT ON COLUMN rage_v1.audit_log.actor IS 'key:NAME, login:NAME, system for command line and workers, else the role that was logged in.';

COMMENT ON COLUMN rage_v1.audit_log.action IS 'create, update, delete, restore, erase, remove, keep, cancel, grant or revoke.';

COMMENT ON COLUMN rage_v1.audit_log.object IS 'The table of what it was done to.';

COMMENT ON COLUMN rage_v1.audit_log.object_id IS 'Which one; several columns are separated by slashes.';

COMMENT ON COLUMN rage_v1.audit_log.brand IS 'The brand that it belongs to; null: to none.';

COMMENT ON COLUMN rage_v1.audit_log.details IS 'columns: which ones changed; an empty list where only words, tags or products of an image did.';

CREATE VIEW rage_v1.brands WITH (security_invoker='true') AS
 SELECT brand_id,
    name AS brand,
    title,
    guidelines,
    reserved,
    (( SELECT count(*) AS count
           FROM rage.images i
          WHERE (i.brand_id = b.brand_id)) - ( SELECT count(*) AS count
           FROM rage.images i
          WHERE ((i.brand_id = b.brand_id) AND (i.deleted_at IS NOT NULL)))) AS images,
    created_at,
    language,
    palette,
    words_to_avoid
   FROM rage.brands b;

COMMENT ON VIEW rage_v1.brands IS 'The brands: who images belong to and who pays for generations.';

COMMENT ON COLUMN rage_v1.brands.brand_id IS 'Stable number of the brand.';

COMMENT ON COLUMN rage_v1.brands.brand IS 'Its name.';

COMMENT ON COLUMN rage_v1.brands.title IS 'Its name as it is printed, where that differs.';

COMMENT ON COLUMN rage_v1.brands.guidelines IS 'What every generation for the brand should heed.';

COMMENT ON COLUMN rage_v1.brands.reserved IS 'True for shared, which is everyone''s.';

COMMENT ON COLUMN rage_v1.brands.images IS 'How many images it has.';

COMMENT ON COLUMN rage_v1.brands.created_at IS 'When it was made.';

COMMENT ON COLUMN rage_v1.brands.language IS 'The language of what is said of its images, as a BCP 47 tag, where a caption names none; null: English.';

COMMENT ON COLUMN rage_v1.brands.palette IS 'Its colours as #rrggbb, each with its name behind it where it has one: #0b6e4f Forest.';

COMMENT ON COLUMN rage_v1.brands.words_to_avoid IS 'Words and things that are neither to be written nor shown in pictures for it.';

CREATE VIEW rage_v1.budgets WITH (security_invoker='true') AS
 SELECT b.budget_id,
    n.name AS brand,
    b.label_name,
    b.label_value,
    b.month,
    b.limit_usd,
    u.spent_usd,
    u.reserved_usd,
    GREATEST(((b.limit_usd - u.spent_usd) - u.reserved_usd), (0)::numeric) AS left_usd,
    u.calls,
    u.calls_without_cost,
        CASE
            WHEN (b.month IS NOT NULL) THEN (b.month = m.this_month)
            ELSE (NOT (EXISTS ( SELECT
               FROM rage.budgets own
              WHERE ((own.month = m.this_month) AND (NOT (((own.brand_id IS DISTINCT FROM b.brand_id) OR (own.label_name IS DISTINCT FROM b.label_name)) OR (own.label_value IS DISTINCT FROM b.label_value)))))))
        END AS is_in_force
   FROM (((rage.budgets b
     LEFT JOIN rage.brands n USING (brand_id))
     CROSS JOIN LATERAL ( SELECT (date_trunc('month'::text, (now() AT TIME ZONE 'UTC'::text)))::date AS this_month) m)
     CROSS JOIN LATERAL ( SELECT COALESCE(sum(p.cost_usd), (0)::numeric) AS spent_usd,
            COALESCE(sum(p.expected_usd) FILTER (WHERE rage.may_be_under_way(p.status, p.started_at)), (0)::numeric) AS reserved_usd,
            count(*) AS calls,
            count(*) FILTER (WHERE (p.cost_usd IS NULL)) AS calls_without_cost
           FROM (rage.paid_calls p
             LEFT JOIN rage.generations g USING (generation_id))
          WHERE ((p.started_at >= ((COALESCE(b.month, m.this_month))::timestamp without time zone AT TIME ZONE 'UTC'::text)) AND (p.started_at < ((COALESCE(b.month, m.this_month) + '1 mon'::interval) AT TIME ZONE 'UTC'::text)) AND ((b.brand_id IS NULL) OR (p.brand_id = b.brand_id)) AND ((b.label_name IS NULL) OR ((g.labels ->> b.label_name) = b.label_value)))) u);

COMMENT ON VIEW rage_v1.budgets IS 'What may be spent in a calendar month (UTC), and how much of it is. No call is made that would pass one that is in force.';

COMMENT ON COLUMN rage_v1.budgets.budget_id IS 'Stable number of the budget.';

COMMENT ON COLUMN rage_v1.budgets.brand IS 'The brand that pays; null: whichever.';

COMMENT ON COLUMN rage_v1.budgets.label_name IS 'Only generations with this label count; null: every paid call does.';

COMMENT ON COLUMN rage_v1.budgets.label_value IS 'The value of that label.';

COMMENT ON COLUMN rage_v1.budgets.month IS 'First day of the month that it is for; null: every month that has none of its own.';

COMMENT ON COLUMN rage_v1.budgets.limit_usd IS 'US dollars that may be spent.';

COMMENT ON COLUMN rage_v1.budgets.spent_usd IS 'US dollars of the calls in its month, else in this one, whose cost is known.';

COMMENT ON COLUMN rage_v1.budgets.reserved_usd IS 'US dollars that calls under way are expected to cost.';

COMMENT ON COLUMN rage_v1.budgets.left_usd IS 'What is left of it, at least 0.';

COMMENT ON COLUMN rage_v1.budgets.calls IS 'How many calls counted.';

COMMENT ON COLUMN rage_v1.budgets.calls_without_cost IS 'Of these, those whose cost is not known, or not yet: nothing of them is in spent_usd.';

COMMENT ON COLUMN rage_v1.budgets.is_in_force IS 'Whether it counts now: it is for this month, or for every month and this one has none of its own.';

CREATE VIEW rage_v1.captions WITH (security_invoker='true') AS
 SELECT c.image_id,
    b.name AS brand,
    c.revision,
    c.is_current,
    c.text AS caption,
    c.language,
    c.source,
    c.author,
    c.model,
    c.reviewed_by,
    c.reviewed_at,
    c.created_at
   FROM ((rage.captions c
     JOIN rage.images i USING (image_id))
     JOIN rage.brands b ON ((b.brand_id = i.brand_id)))
  WHERE (i.deleted_at IS NULL);

COMMENT ON VIEW rage_v1.captions IS 'Every caption that an image had, with who or what wrote it; at most one is current.';

COMMENT ON COLUMN rage_v1.captions.image_id IS 'The image.';

COMMENT ON COLUMN rage_v1.captions.brand IS 'Its brand.';

COMMENT ON COLUMN rage_v1.captions.revision IS 'Counts from 1 per image.';

COMMENT ON COLUMN rage_v1.captions.is_current IS 'Whether this is the one that is shown and searched.';

COMMENT ON COLUMN rage_v1.captions.caption IS 'The caption.';

COMMENT ON COLUMN rage_v1.captions.language IS 'Its language as a BCP 47 tag, where known.';

COMMENT ON COLUMN rage_v1.captions.source IS 'import: came with a file; person; model: a vision model; generation: drafted from references.';

COMMENT ON COLUMN rage_v1.captions.author IS 'The person or key that wrote it, where known.';

COMMENT ON COLUMN rage_v1.captions.model IS 'The model that wrote it.';

COMMENT ON COLUMN rage_v1.captions.reviewed_by IS 'Who accepted or rejected a model''s caption, where known.';

COMMENT ON COLUMN rage_v1.captions.reviewed_at IS 'When it was accepted or rejected; null: nobody has looked it over.';

COMMENT ON COLUMN rage_v1.captions.created_at IS 'When it was written.';

CREATE VIEW rage_v1.collections WITH (security_invoker='true') AS
 SELECT c.collection_id,
    c.name AS collection,
    b.name AS brand,
    c.title,
    ARRAY( SELECT ci.image_id
           FROM (rage.collection_images ci
             JOIN rage.images i ON (((i.image_id = ci.image_id) AND (i.deleted_at IS NULL))))
          WHERE (ci.collection_id = c.collection_id)
          ORDER BY ci."position") AS image_ids,
    c.created_at
   FROM (rage.collections c
     JOIN rage.brands b USING (brand_id));

COMMENT ON VIEW rage_v1.collections IS 'Ordered sets of images.';

COMMENT ON COLUMN rage_v1.collections.collection_id IS 'Stable number of the collection.';

COMMENT ON COLUMN rage_v1.collections.collection IS 'Its name.';

COMMENT ON COLUMN rage_v1.collections.brand IS 'Whose it is.';

COMMENT ON COLUMN rage_v1.collections.title IS 'Its name as it is printed, where that differs.';

COMMENT ON COLUMN rage_v1.collections.image_ids IS 'Its images in order.';

COMMENT ON COLUMN rage_v1.collections.created_at IS 'When it was made.';

CREATE VIEW rage_v1.daily_usage WITH (security_invoker='true') AS
 SELECT ((p.started_at AT TIME ZONE 'UTC'::text))::date AS day,
    b.name AS brand,
    p.purpose,
    p.provider,
    p.model,
    count(*) AS calls,
    count(*) FILTER (WHERE (p.status = ANY (ARRAY['unknown'::text, 'started'::text]))) AS calls_unknown,
    (COALESCE(sum(((p.tokens ->> 'text_input'::text))::bigint), (0)::numeric))::bigint AS text_input_tokens,
    (COALESCE(sum(((p.tokens ->> 'image_input'::text))::bigint), (0)::numeric))::bigint AS image_input_tokens,
    (COALESCE(sum((COALESCE(((p.tokens ->> 'cached_text_input'::text))::bigint, (0)::bigint) + COALESCE(((p.tokens ->> 'cached_image_input'::text))::bigint, (0)::bigint))), (0)::numeric))::bigint AS cached_input_tokens,
    (COALESCE(sum(((p.tokens ->> 'text_output'::text))::bigint), (0)::numeric))::bigint AS text_output_tokens,
    (COALESCE(sum(((p.tokens ->> 'image_output'::text))::bigint), (0)::numeric))::bigint AS image_output_tokens,
    count(*) FILTER (WHERE ((p.tokens IS NULL) AND (p.cost_usd IS DISTINCT FROM (0)::numeric))) AS calls_without_tokens,
    sum(p.cost_usd) AS cost_usd,
    count(*) FILTER (WHERE (p.cost_usd IS NULL)) AS calls_without_cost
   FROM (rage.paid_calls p
     JOIN rage.brands b USING (brand_id))
  GROUP BY (((p.started_at AT TIME ZONE 'UTC'::text))::date), b.name, p.purpose, p.provider, p.model;

COMMENT ON VIEW rage_v1.daily_usage IS 'Paid calls by day, brand, purpose, provider and model.';

COMMENT ON COLUMN rage_v1.daily_usage.day IS 'The day on which the calls were made, UTC: as providers count.';

COMMENT ON COLUMN rage_v1.daily_usage.brand IS 'The brand that pays.';

COMMENT ON COLUMN rage_v1.daily_usage.purpose IS 'generation, caption, embedding, planner, judge or draft.';

COMMENT ON COLUMN rage_v1.daily_usage.provider IS 'Who was called.';

COMMENT ON COLUMN rage_v1.daily_usage.model IS 'The model that answered; before that, the one asked for.';

COMMENT ON COLUMN rage_v1.daily_usage.calls IS 'How many calls, however they ended.';

COMMENT ON COLUMN rage_v1.daily_usage.calls_unknown IS 'Of these, those whose end is not known, or not yet: they may have been charged.';

COMMENT ON COLUMN rage_v1.daily_usage.text_input_tokens IS 'Tokens of text that were read, without cached ones.';

COMMENT ON COLUMN rage_v1.daily_usage.image_input_tokens IS 'Tokens of pictures that were read, without cached ones.';

COMMENT ON COLUMN rage_v1.daily_usage.cached_input_tokens IS 'Tokens that were read from the provider''s cache.';

COMMENT ON COLUMN rage_v1.daily_usage.text_output_tokens IS 'Tokens of text that were written.';

COMMENT ON COLUMN rage_v1.daily_usage.image_output_tokens IS 'Tokens of pictures that were made.';

COMMENT ON COLUMN rage_v1.daily_usage.calls_without_tokens IS 'Calls that the sums of tokens leave out: what they used is not known.';

COMMENT ON COLUMN rage_v1.daily_usage.cost_usd IS 'US dollars, of the calls whose cost is known; null where it is of none.';

COMMENT ON COLUMN rage_v1.daily_usage.calls_without_cost IS 'Calls that this sum leaves out: their cost is not known.';

CREATE VIEW rage_v1.descriptions WITH (security_invoker='true') AS
 SELECT d.image_id,
    b.name AS brand,
    d.reader,
    d.objects,
    d.styles,
    d.colours,
    d.visible_text,
    d.kind,
    d.language,
    d.provider,
    d.model,
    encode(o.sha256, 'hex'::text) AS sha256,
    (d.content_id = i.content_id) AS is_current,
    d.created_at
   FROM (((rage.descriptions d
     JOIN rage.images i USING (image_id))
     JOIN rage.brands b ON ((b.brand_id = i.brand_id)))
     LEFT JOIN rage.contents o ON ((o.content_id = d.content_id)))
  WHERE (i.deleted_at IS NULL);

COMMENT ON VIEW rage_v1.descriptions IS 'What a vision model or OCR sees in an image, beside its caption.';

COMMENT ON COLUMN rage_v1.descriptions.image_id IS 'The image.';

COMMENT ON COLUMN rage_v1.descriptions.brand IS 'Its brand.';

COMMENT ON COLUMN rage_v1.descriptions.reader IS 'model: a vision model; ocr: text recognition.';

COMMENT ON COLUMN rage_v1.descriptions.objects IS 'What is to be seen.';

COMMENT ON COLUMN rage_v1.descriptions.styles IS 'Words for its look.';

COMMENT ON COLUMN rage_v1.descriptions.colours IS 'Its main colours.';

COMMENT ON COLUMN rage_v1.descriptions.visible_text IS 'Text in the picture; empty where there is none.';

COMMENT ON COLUMN rage_v1.descriptions.kind IS 'The kind of image that the model suggests; the image keeps its own.';

COMMENT ON COLUMN rage_v1.descriptions.language IS 'The language that was asked for, as a BCP 47 tag.';

COMMENT ON COLUMN rage_v1.descriptions.provider IS 'The provider that was asked.';

COMMENT ON COLUMN rage_v1.descriptions.model IS 'The model that answered.';

COMMENT ON COLUMN rage_v1.descriptions.sha256 IS 'Hash of the bytes that were described; null where they are of an earlier version that the reader may not see.';

COMMENT ON COLUMN rage_v1.descriptions.is_current IS 'Whether the image still shows these bytes; if not, the description is not searched.';

COMMENT ON COLUMN rage_v1.descriptions.created_at IS 'When it was written.';

CREATE VIEW rage_v1.failed_items WITH (security_invoker='true') AS
 SELECT s.name AS space,
    f.image_id,
    b.name AS brand,
    f.attempts,
    f.reason,
    f.failed_at,
    (f.attempts >= rage.most_tries()) AS held
   FROM ((rage.failed_items f
     JOIN rage.embedding_spaces s USING (space_id))
     JOIN rage.brands b USING (brand_id))
UNION ALL
 SELECT 'captions'::text AS space,
    t.image_id,
    b.name AS brand,
    t.attempts,
    t.reason,
    t.failed_at,
    (t.attempts >= rage.most_tries()) AS held
   FROM (rage.caption_tries t
     JOIN rage.brands b USING (brand_id))
  WHERE (t.attempts > 0);

COMMENT ON VIEW rage_v1.failed_items IS 'What could not be embedded or described, and why.';

COMMENT ON COLUMN rage_v1.failed_items.space IS 'The space that it is missing from; captions: no captioner could describe it.';

COMMENT ON COLUMN rage_v1.failed_items.image_id IS 'The image.';

COMMENT ON COLUMN rage_v1.failed_items.brand IS 'Its brand.';

COMMENT ON COLUMN rage_v1.failed_items.attempts IS 'How often it was tried.';

COMMENT ON COLUMN rage_v1.failed_items.reason IS 'What the encoder or the captioner said last.';

COMMENT ON COLUMN rage_v1.failed_items.failed_at IS 'When it failed last.';

COMMENT ON COLUMN rage_v1.failed_items.held IS 'Whether it is not tried again by itself: rage index retry, or another input, tries it afresh.';

CREATE VIEW rage_v1.generation_batch_items WITH (security_invoker='true') AS
 SELECT i.batch_id,
    i."position",
    i.key,
        CASE
            WHEN (i.reason IS NOT NULL) THEN 'rejected'::text
            WHEN (i.generation_id IS NOT NULL) THEN g.status
            WHEN (b.state = 'cancelled'::text) THEN 'cancelled'::text
            ELSE 'pending'::text
        END AS status,
    COALESCE(i.reason, (g.error ->> 'detail'::text)) AS reason,
    g.generation_id
   FROM ((rage.generation_batch_items i
     JOIN rage.generation_batches b USING (batch_id))
     LEFT JOIN rage.generations g USING (generation_id));

COMMENT ON VIEW rage_v1.generation_batch_items IS 'The items of batches, one row each, with what became of them.';

COMMENT ON COLUMN rage_v1.generation_batch_items.batch_id IS 'The batch.';

COMMENT ON COLUMN rage_v1.generation_batch_items."position" IS 'Place in the batch, from 1.';

COMMENT ON COLUMN rage_v1.generation_batch_items.key IS 'What it is of: sku=SOAP-1/purpose=style/size=1024x1024.';

COMMENT ON COLUMN rage_v1.generation_batch_items.status IS 'pending, rejected, or the status of its generation.';

COMMENT ON COLUMN rage_v1.generation_batch_items.reason IS 'Why it was rejected, or what went wrong.';

COMMENT ON COLUMN rage_v1.generation_batch_items.generation_id IS 'Its latest generation; those before have the same batch_id and batch_position.';

CREATE VIEW rage_v1.generation_batches WITH (security_invoker='true') AS
 SELECT b.batch_id,
    n.name AS brand,
    b.name,
        CASE
            WHEN (b.state = 'cancelled'::text) THEN 'cancelled'::text
            WHEN ((c.pending + c.under_way) = 0) THEN 'done'::text
            WHEN (b.state = 'paused'::text) THEN 'paused'::text
            WHEN ((c.pending + c.rejected) = c.items) THEN 'pending'::text
            ELSE 'running'::text
        END AS status,
        CASE
            WHEN ((b.state = 'paused'::text) AND ((c.pending + c.under_way) > 0)) THEN b.reason
            ELSE NULL::text
        END AS reason,
    c.items,
    c.pending,
    c.under_way,
    c.succeeded,
    c.refused,
    c.failed,
    c.cancelled,
    c.unknown,
    c.rejected,
    b.budget_usd,
    u.spent_usd AS cost_usd,
    u.reserved_usd,
    u.calls,
    u.calls_without_cost,
    b.asked_by,
    b.created_at
   FROM (((rage.generation_batches b
     JOIN rage.brands n USING (brand_id))
     CROSS JOIN LATERAL ( SELECT count(*) AS items,
            count(*) FILTER (WHERE ((i.generation_id IS NULL) AND (i.reason IS NULL) AND (b.state <> 'cancelled'::text))) AS pending,
            count(*) FILTER (WHERE (g.status = ANY (ARRAY['queued'::text, 'running'::text]))) AS under_way,
            count(*) FILTER (WHERE (g.status = 'succeeded'::text)) AS succeeded,
            count(*) FILTER (WHERE (g.status = 'refused'::text)) AS refused,
            count(*) FILTER (WHERE (g.status = 'failed'::text)) AS failed,
            count(*) FILTER (WHERE ((g.status = 'cancelled'::text) OR ((i.generation_id IS NULL) AND (i.reason IS NULL) AND (b.state = 'cancelled'::text)))) AS cancelled,
            count(*) FILTER (WHERE (g.status = 'unknown'::text)) AS unknown,
            count(*) FILTER (WHERE (i.reason IS NOT NULL)) AS rejected
           FROM (rage.generation_batch_items i
             LEFT JOIN rage.generations g USING (generation_id))
          WHERE (i.batch_id = b.batch_id)) c)
     CROSS JOIN LATERAL rage.spent_by_batch(b.batch_id) u(spent_usd, reserved_usd, calls, calls_without_cost));

COMMENT ON VIEW rage_v1.generation_batches IS 'Briefs that were asked for as a set: one row per batch, with how far it is and what it cost.';

COMMENT ON COLUMN rage_v1.generation_batches.batch_id IS 'Stable id of the batch.';

COMMENT ON COLUMN rage_v1.generation_batches.brand IS 'The brand that pays for every item.';

COMMENT ON COLUMN rage_v1.generation_batches.name IS 'What the person calls it.';

COMMENT ON COLUMN rage_v1.generation_batches.status IS 'pending, running, paused, done or cancelled.';

COMMENT ON COLUMN rage_v1.generation_batches.reason IS 'Why it is paused.';

COMMENT ON COLUMN rage_v1.generation_batches.items IS 'How many items it has.';

COMMENT ON COLUMN rage_v1.generation_batches.pending IS 'Items that are not begun yet.';

COMMENT ON COLUMN rage_v1.generation_batches.under_way IS 'Items whose generation is queued or running.';

COMMENT ON COLUMN rage_v1.generation_batches.succeeded IS 'Items whose pictures are there.';

COMMENT ON COLUMN rage_v1.generation_batches.refused IS 'Items that the provider refused.';

COMMENT ON COLUMN rage_v1.generation_batches.failed IS 'Items whose generation failed.';

COMMENT ON COLUMN rage_v1.generation_batches.cancelled IS 'Items that were called off.';

COMMENT ON COLUMN rage_v1.generation_batches.unknown IS 'Items whose outcome is not known: they may have been charged, and are not repeated.';

COMMENT ON COLUMN rage_v1.generation_batches.rejected IS 'Items that could not be asked for at all.';

COMMENT ON COLUMN rage_v1.generation_batches.budget_usd IS 'US dollars that it may cost in all; null: no limit of its own.';

COMMENT ON COLUMN rage_v1.generation_batches.cost_usd IS 'US dollars of its calls whose cost is known, items that were tried again included.';

COMMENT ON COLUMN rage_v1.generation_batches.reserved_usd IS 'US dollars that its calls under way are expected to cost.';

COMMENT ON COLUMN rage_v1.generation_batches.calls IS 'Its paid calls, however they ended.';

COMMENT ON COLUMN rage_v1.generation_batches.calls_without_cost IS 'Of these, those whose cost is not known, or not yet: nothing of them is in cost_usd.';

COMMENT ON COLUMN rage_v1.generation_batches.asked_by IS 'The key or login that asked; null while the service is open.';

COMMENT ON COLUMN rage_v1.generation_batches.created_at IS 'When it was asked.';

CREATE VIEW rage_v1.generation_outputs WITH (security_invoker='true') AS
 SELECT generation_id,
    "position",
    image_id,
    encode(sha256, 'hex'::text) AS sha256,
    (kept_at IS NOT NULL) AS kept,
    kept_at,
    kept_by
   FROM rage.generation_outputs o;

COMMENT ON VIEW rage_v1.generation_outputs IS 'The pictures that generations made.';

COMMENT ON COLUMN rage_v1.generation_outputs.generation_id IS 'The generation.';

COMMENT ON COLUMN rage_v1.generation_outputs."position" IS 'Place among its outputs, from 1.';

COMMENT ON COLUMN rage_v1.generation_outputs.image_id IS 'The output as an image of the store, a draft until kept.';

COMMENT ON COLUMN rage_v1.generation_outputs.sha256 IS 'SHA-256 of its bytes, in hexadecimal digits.';

COMMENT ON COLUMN rage_v1.generation_outputs.kept IS 'Whether it was approved as an image of the catalogue.';

COMMENT ON COLUMN rage_v1.generation_outputs.kept_at IS 'When it was approved.';

COMMENT ON COLUMN rage_v1.generation_outputs.kept_by IS 'Who approved it.';

CREATE VIEW rage_v1.generation_references WITH (security_invoker='true') AS
 SELECT generation_id,
    "position",
    image_id,
    version,
    encode(sha256, 'hex'::text) AS sha256,
    role,
    note,
    search_rank,
    search_score
   FROM rage.generation_references r;

COMMENT ON VIEW rage_v1.generation_references IS 'The images that went with a prompt, in the order in which they were sent.';

COMMENT ON COLUMN rage_v1.generation_references.generation_id IS 'The generation.';

COMMENT ON COLUMN rage_v1.generation_references."position" IS 'Place in the order, from 1; the prompt counts alike.';

COMMENT ON COLUMN rage_v1.generation_references.image_id IS 'The image.';

COMMENT ON COLUMN rage_v1.generation_references.version IS 'The image''s version at the time.';

COMMENT ON COLUMN rage_v1.generation_references.sha256 IS 'SHA-256 of the bytes that were used, in hexadecimal digits.';

COMMENT ON COLUMN rage_v1.generation_references.role IS 'product, style, subject, background, layout, logo or edit_target.';

COMMENT ON COLUMN rage_v1.generation_references.note IS 'What the person said about it.';

COMMENT ON COLUMN rage_v1.generation_references.search_rank IS 'Its rank in the search, or its place in the proposal, that it came from.';

COMMENT ON COLUMN rage_v1.generation_references.search_score IS 'Its score there; higher is better.';

CREATE VIEW rage_v1.generation_results WITH (security_invoker='true') AS
 SELECT g.generation_id,
    b.name AS brand,
    g.status,
    g.purpose,
    g.provider,
    g.model,
    g.labels,
    COALESCE(o.outputs, (0)::bigint) AS outputs,
    COALESCE(o.outputs_kept, (0)::bigint) AS outputs_kept,
    COALESCE(r.ratings, (0)::bigint) AS ratings,
    COALESCE(r.rating_sum, (0)::bigint) AS rating_sum,
    COALESCE(p.calls, (0)::bigint) AS calls,
    COALESCE(p.cost_usd, (0)::numeric) AS cost_usd,
    COALESCE(p.calls_without_cost, (0)::bigint) AS calls_without_cost,
    (g.error ->> 'type'::text) AS error_type,
    (g.error ->> 'code'::text) AS error_code,
    g.created_at,
    g.finished_at
   FROM ((((rage.generations g
     JOIN rage.brands b USING (brand_id))
     LEFT JOIN ( SELECT made.generation_id,
            count(*) AS outputs,
            count(made.kept_at) AS outputs_kept
           FROM rage.generation_outputs made
          GROUP BY made.generation_id) o USING (generation_id))
     LEFT JOIN ( SELECT given.generation_id,
            count(*) AS ratings,
            sum(given.rating) AS rating_sum
           FROM rage.ratings given
          GROUP BY given.generation_id) r USING (generation_id))
     LEFT JOIN ( SELECT paid.generation_id,
            count(*) AS calls,
            sum(paid.cost_usd) AS cost_usd,
            count(*) FILTER (WHERE (paid.cost_usd IS NULL)) AS calls_without_cost
           FROM rage.paid_calls paid
          WHERE ((paid.generation_id IS NOT NULL) AND (paid.purpose <> 'judge'::text))
          GROUP BY paid.generation_id) p USING (generation_id));

COMMENT ON VIEW rage_v1.generation_results IS 'What came of each generation, in numbers that can be added up.';

COMMENT ON COLUMN rage_v1.generation_results.generation_id IS 'The generation.';

COMMENT ON COLUMN rage_v1.generation_results.brand IS 'The brand that pays.';

COMMENT ON COLUMN rage_v1.generation_results.status IS 'queued, running, succeeded, refused, failed, cancelled or unknown.';

COMMENT ON COLUMN rage_v1.generation_results.purpose IS 'compose, edit, enhance, style or prototype.';

COMMENT ON COLUMN rage_v1.generation_results.provider IS 'Who made the picture.';

COMMENT ON COLUMN rage_v1.generation_results.model IS 'The model that answered; before that, the one asked for.';

COMMENT ON COLUMN rage_v1.generation_results.labels IS 'Names and values of the caller: campaign, channel, ticket.';

COMMENT ON COLUMN rage_v1.generation_results.outputs IS 'Pictures that it made.';

COMMENT ON COLUMN rage_v1.generation_results.outputs_kept IS 'Those of them that were kept.';

COMMENT ON COLUMN rage_v1.generation_results.ratings IS 'Ratings of its pictures, by whomever.';

COMMENT ON COLUMN rage_v1.generation_results.rating_sum IS 'Sum of these ratings, each -1, 0 or 1: divide sums by sums for a mean.';

COMMENT ON COLUMN rage_v1.generation_results.calls IS 'Paid calls that it took; 0 for what costs nothing.';

COMMENT ON COLUMN rage_v1.generation_results.cost_usd IS 'US dollars of those of the calls whose cost is known.';

COMMENT ON COLUMN rage_v1.generation_results.calls_without_cost IS 'Of the calls, those whose cost is not known, or not yet: nothing of them is in cost_usd.';

COMMENT ON COLUMN rage_v1.generation_results.error_type IS 'Which kind of error ended it, as in the API; null where none did.';

COMMENT ON COLUMN rage_v1.generation_results.error_code IS 'The provider''s code of the error, where it gave one.';

COMMENT ON COLUMN rage_v1.generation_results.created_at IS 'When it was asked.';

COMMENT ON COLUMN rage_v1.generation_results.finished_at IS 'When the outcome was known.';

CREATE VIEW rage_v1.generations WITH (security_invoker='true') AS
 SELECT g.generation_id,
    b.name AS brand,
    g.status,
    g.prompt,
        CASE
            WHEN (NOT (EXISTS ( SELECT
               FROM (rage.generation_references r
                 LEFT JOIN rage.images i USING (image_id))
              WHERE ((r.generation_id = g.generation_id) AND (i.image_id IS NULL))))) THEN g.prompt_sent
            ELSE NULL::text
        END AS prompt_sent,
    g.purpose,
    g.provider,
    g.model,
    g.parameters,
    g.labels,
    parent.generation_id AS parent_id,
    s.search_id,
    p.proposal_id,
    ( SELECT count(*) AS count
           FROM rage.generation_references r
          WHERE (r.generation_id = g.generation_id)) AS reference_count,
    ( SELECT count(*) AS count
           FROM rage.generation_outputs o
          WHERE (o.generation_id = g.generation_id)) AS output_count,
    ( SELECT count(*) AS count
           FROM rage.generation_outputs o
          WHERE ((o.generation_id = g.generation_id) AND (o.kept_at IS NOT NULL))) AS kept_count,
    g.provider_request_id,
    g.usage,
    g.cost_usd,
    g.timings_ms,
    g.error,
    g.asked_by,
    g.created_at,
    g.started_at,
    g.finished_at,
    ( SELECT count(*) AS count
           FROM rage.paid_calls c
          WHERE ((c.generation_id = g.generation_id) AND (c.cost_usd IS NULL) AND (c.purpose <> 'judge'::text))) AS calls_without_cost,
    g.batch_id,
    g.batch_position,
    first.generation_id AS retry_of,
    g.cancel_requested_at,
    g.draft
   FROM (((((rage.generations g
     JOIN rage.brands b USING (brand_id))
     LEFT JOIN rage.generations parent ON ((parent.generation_id = g.parent_id)))
     LEFT JOIN rage.generations first ON ((first.generation_id = g.retry_of)))
     LEFT JOIN rage.searches s ON ((s.search_id = g.search_id)))
     LEFT JOIN rage.proposals p ON ((p.proposal_id = g.proposal_id)));

COMMENT ON VIEW rage_v1.generations IS 'One row per request for pictures, kept for good.';

COMMENT ON COLUMN rage_v1.generations.generation_id IS 'Stable id of the generation.';

COMMENT ON COLUMN rage_v1.generations.brand IS 'The brand that pays.';

COMMENT ON COLUMN rage_v1.generations.status IS 'queued, running, succeeded, refused, failed, cancelled or unknown.';

COMMENT ON COLUMN rage_v1.generations.prompt IS 'The prompt as it was given.';

COMMENT ON COLUMN rage_v1.generations.prompt_sent IS 'The exact text that went to the provider; null too where it names references of a brand that you may not see.';

COMMENT ON COLUMN rage_v1.generations.purpose IS 'compose, edit, enhance, style or prototype.';

COMMENT ON COLUMN rage_v1.generations.provider IS 'Who made the picture; local is not conditioned on the prompt.';

COMMENT ON COLUMN rage_v1.generations.model IS 'The model that answered; before that, the one asked for.';

COMMENT ON COLUMN rage_v1.generations.parameters IS 'Size, quality and whatever else was asked, and what the provider says it did.';

COMMENT ON COLUMN rage_v1.generations.labels IS 'Your own names and values: campaign, channel, ticket.';

COMMENT ON COLUMN rage_v1.generations.parent_id IS 'The generation that this one continues.';

COMMENT ON COLUMN rage_v1.generations.search_id IS 'The search that the references came from.';

COMMENT ON COLUMN rage_v1.generations.proposal_id IS 'The proposal that the references came from.';

COMMENT ON COLUMN rage_v1.generations.reference_count IS 'How many references went along.';

COMMENT ON COLUMN rage_v1.generations.output_count IS 'How many pictures came back.';

COMMENT ON COLUMN rage_v1.generations.kept_count IS 'How many of them were kept.';

COMMENT ON COLUMN rage_v1.generations.provider_request_id IS 'The provider''s own number of the call.';

COMMENT ON COLUMN rage_v1.generations.usage IS 'Tokens by class, as the provider counted them.';

COMMENT ON COLUMN rage_v1.generations.cost_usd IS 'US dollars; null where usage or price is not known, 0 only where nothing is charged.';

COMMENT ON COLUMN rage_v1.generations.timings_ms IS 'Milliseconds by stage.';

COMMENT ON COLUMN rage_v1.generations.error IS 'What went wrong: type, detail, code.';

COMMENT ON COLUMN rage_v1.generations.asked_by IS 'The key or login that asked; null while the service is open.';

COMMENT ON COLUMN rage_v1.generations.created_at IS 'When it was asked.';

COMMENT ON COLUMN rage_v1.generations.started_at IS 'When a worker took it up.';

COMMENT ON COLUMN rage_v1.generations.finished_at IS 'When the outcome was known.';

COMMENT ON COLUMN rage_v1.generations.calls_without_cost IS 'Its paid calls whose cost is not known, or not yet: 0 beside a cost that is all of it.';

COMMENT ON COLUMN rage_v1.generations.batch_id IS 'The batch that it is of, if any.';

COMMENT ON COLUMN rage_v1.generations.batch_position IS 'The item of that batch; one that was tried again has several generations.';

COMMENT ON COLUMN rage_v1.generations.retry_of IS 'The generation whose request this one makes once more.';

COMMENT ON COLUMN rage_v1.generations.cancel_requested_at IS 'When it was called off while it ran.';

COMMENT ON COLUMN rage_v1.generations.draft IS 'Whether its picture is made to be judged, or to be searched by.';

CREATE VIEW rage_v1.image_identifiers WITH (security_invoker='true') AS
 SELECT x.image_id,
    b.name AS brand,
    x.identifier AS external_id
   FROM ((rage.image_identifiers x
     JOIN rage.images i ON (((i.image_id = x.image_id) AND (i.deleted_at IS NULL))))
     JOIN rage.brands b ON ((b.brand_id = x.brand_id)))
  WHERE (x.root = ''::text);

COMMENT ON VIEW rage_v1.image_identifiers IS 'One row per image and external id that it came under: join it with your own tables by brand and external_id. One picture of two products has two.';

COMMENT ON COLUMN rage_v1.image_identifiers.image_id IS 'The image.';

COMMENT ON COLUMN rage_v1.image_identifiers.brand IS 'Its brand, within which an external id is unique.';

COMMENT ON COLUMN rage_v1.image_identifiers.external_id IS 'What you call it; images shows the first of them.';

CREATE VIEW rage_v1.image_products WITH (security_invoker='true') AS
 SELECT p.image_id,
    b.name AS brand,
    p.sku,
    p."position",
    p.view
   FROM ((rage.image_products p
     JOIN rage.images i ON (((i.image_id = p.image_id) AND (i.deleted_at IS NULL))))
     JOIN rage.brands b ON ((b.brand_id = p.brand_id)));

COMMENT ON VIEW rage_v1.image_products IS 'One row per image and product that it shows: join it with your products by sku.';

COMMENT ON COLUMN rage_v1.image_products.image_id IS 'The image.';

COMMENT ON COLUMN rage_v1.image_products.brand IS 'Its brand.';

COMMENT ON COLUMN rage_v1.image_products.sku IS 'The product, as your catalogue calls it.';

COMMENT ON COLUMN rage_v1.image_products."position" IS 'Order of the products on the image, from 0.';

COMMENT ON COLUMN rage_v1.image_products.view IS 'Which side or situation is shown, where known.';

CREATE VIEW rage_v1.image_tags WITH (security_invoker='true') AS
 SELECT it.image_id,
    b.name AS brand,
    t.name AS tag
   FROM (((rage.image_tags it
     JOIN rage.tags t USING (tag_id))
     JOIN rage.images i ON (((i.image_id = it.image_id) AND (i.deleted_at IS NULL))))
     JOIN rage.brands b ON ((b.brand_id = it.brand_id)));

COMMENT ON VIEW rage_v1.image_tags IS 'One row per image and tag.';

COMMENT ON COLUMN rage_v1.image_tags.image_id IS 'The image.';

COMMENT ON COLUMN rage_v1.image_tags.brand IS 'Its brand.';

COMMENT ON COLUMN rage_v1.image_tags.tag IS 'The tag: trimmed, NFC, case-folded.';

CREATE VIEW rage_v1.image_usage WITH (security_invoker='true') AS
 SELECT i.image_id,
    b.name AS brand,
    COALESCE(u.generations, (0)::bigint) AS generations,
    COALESCE(u.succeeded, (0)::bigint) AS succeeded,
    COALESCE(u.as_product, (0)::bigint) AS as_product,
    COALESCE(u.as_subject, (0)::bigint) AS as_subject,
    COALESCE(u.as_background, (0)::bigint) AS as_background,
    COALESCE(u.as_style, (0)::bigint) AS as_style,
    COALESCE(u.as_layout, (0)::bigint) AS as_layout,
    COALESCE(u.as_logo, (0)::bigint) AS as_logo,
    COALESCE(u.as_edit_target, (0)::bigint) AS as_edit_target,
    COALESCE(u.outputs, (0)::bigint) AS outputs,
    COALESCE(u.outputs_kept, (0)::bigint) AS outputs_kept,
    COALESCE(u.ratings, (0)::bigint) AS ratings,
    u.mean_rating,
    COALESCE(u.cost_usd, (0)::numeric) AS cost_usd,
    COALESCE(u.calls_without_cost, (0)::bigint) AS calls_without_cost,
    u.first_used_at,
    u.last_used_at
   FROM ((rage.images i
     JOIN rage.brands b USING (brand_id))
     LEFT JOIN ( SELECT s.image_id,
            count(*) AS generations,
            count(*) FILTER (WHERE (g.status = 'succeeded'::text)) AS succeeded,
            count(*) FILTER (WHERE (s.role = 'product'::text)) AS as_product,
            count(*) FILTER (WHERE (s.role = 'subject'::text)) AS as_subject,
            count(*) FILTER (WHERE (s.role = 'background'::text)) AS as_background,
            count(*) FILTER (WHERE (s.role = 'style'::text)) AS as_style,
            count(*) FILTER (WHERE (s.role = 'layout'::text)) AS as_layout,
            count(*) FILTER (WHERE (s.role = 'logo'::text)) AS as_logo,
            count(*) FILTER (WHERE (s.role = 'edit_target'::text)) AS as_edit_target,
            (sum(g.outputs))::bigint AS outputs,
            (sum(g.outputs_kept))::bigint AS outputs_kept,
            (sum(g.ratings))::bigint AS ratings,
            round((sum(g.rating_sum) / NULLIF(sum(g.ratings), (0)::numeric)), 3) AS mean_rating,
            sum(g.cost_usd) AS cost_usd,
            (sum(g.calls_without_cost))::bigint AS calls_without_cost,
            min(g.created_at) AS first_used_at,
            max(g.created_at) AS last_used_at
           FROM (rage.generation_references s
             JOIN rage_v1.generation_results g USING (generation_id))
          GROUP BY s.image_id) u USING (image_id))
  WHERE (i.deleted_at IS NULL);

COMMENT ON VIEW rage_v1.image_usage IS 'One row per image: the generations that it was a reference of, and what came of them. Each of several references has the whole of a generation: do not add rows up.';

COMMENT ON COLUMN rage_v1.image_usage.image_id IS 'The image.';

COMMENT ON COLUMN rage_v1.image_usage.brand IS 'Its brand.';

COMMENT ON COLUMN rage_v1.image_usage.generations IS 'Generations that it was a reference of.';

COMMENT ON COLUMN rage_v1.image_usage.succeeded IS 'Those of them that succeeded.';

COMMENT ON COLUMN rage_v1.image_usage.as_product IS 'Those in which its role was product.';

COMMENT ON COLUMN rage_v1.image_usage.as_subject IS 'Those in which its role was subject.';

COMMENT ON COLUMN rage_v1.image_usage.as_background IS 'Those in which its role was background.';

COMMENT ON COLUMN rage_v1.image_usage.as_style IS 'Those in which its role was style.';

COMMENT ON COLUMN rage_v1.image_usage.as_layout IS 'Those in which its role was layout.';

COMMENT ON COLUMN rage_v1.image_usage.as_logo IS 'Those in which its role was logo.';

COMMENT ON COLUMN rage_v1.image_usage.as_edit_target IS 'Those in which it was the picture to change.';

COMMENT ON COLUMN rage_v1.image_usage.outputs IS 'Pictures that these generations made.';

COMMENT ON COLUMN rage_v1.image_usage.outputs_kept IS 'Those of them that were kept.';

COMMENT ON COLUMN rage_v1.image_usage.ratings IS 'Ratings of these pictures, by whomever.';

COMMENT ON COLUMN rage_v1.image_usage.mean_rating IS 'Their mean, from -1 to 1; null where there is none.';

COMMENT ON COLUMN rage_v1.image_usage.cost_usd IS 'US dollars that these generations cost, as far as that is known.';

COMMENT ON COLUMN rage_v1.image_usage.calls_without_cost IS 'Of their paid calls, those whose cost is not known, or not yet: nothing of them is in cost_usd.';

COMMENT ON COLUMN rage_v1.image_usage.first_used_at IS 'When the first of these generations was asked for.';

COMMENT ON COLUMN rage_v1.image_usage.last_used_at IS 'When the last of these generations was asked for.';

CREATE VIEW rage_v1.images WITH (security_invoker='true') AS
 SELECT i.image_id,
    ( SELECT x.identifier
           FROM rage.image_identifiers x
          WHERE ((x.image_id = i.image_id) AND (x.root = ''::text))
          ORDER BY x.identifier_id
         LIMIT 1) AS external_id,
    b.name AS brand,
    ARRAY( SELECT p.sku
           FROM rage.image_products p
          WHERE ((p.brand_id = i.brand_id) AND (p.image_id = i.image_id))
          ORDER BY p."position", p.sku) AS skus,
    i.kind,
    i.state,
    i.title,
    c.text AS caption,
    ARRAY( SELECT t.name
           FROM (rage.image_tags it
             JOIN rage.tags t USING (tag_id))
          WHERE (it.image_id = i.image_id)
          ORDER BY t.name) AS tags,
    i.attributes,
    i.rights,
    i.usable_from,
    i.usable_until,
    i.origin,
    i.version,
    o.width,
    o.height,
    o.media_type,
    o.byte_size,
    encode(o.sha256, 'hex'::text) AS sha256,
    format('/api/images/%s/content'::text, i.image_id) AS content_url,
    format('/api/images/%s/thumbnail?v=%s'::text, i.image_id, i.version) AS thumbnail_url,
    i.created_at,
    i.updated_at,
    c.language AS caption_language,
    o.frames
   FROM (((rage.images i
     JOIN rage.brands b USING (brand_id))
     JOIN rage.contents o USING (content_id))
     LEFT JOIN rage.captions c ON (((c.image_id = i.image_id) AND c.is_current)))
  WHERE (i.deleted_at IS NULL);

COMMENT ON VIEW rage_v1.images IS 'The images of the store as they are now; bytes come over HTTP.';

COMMENT ON COLUMN rage_v1.images.image_id IS 'Stable for good; what your own tables refer to.';

COMMENT ON COLUMN rage_v1.images.external_id IS 'What you call it: the first external id that it came under.';

COMMENT ON COLUMN rage_v1.images.brand IS 'Whose it is.';

COMMENT ON COLUMN rage_v1.images.skus IS 'The products that it shows.';

COMMENT ON COLUMN rage_v1.images.kind IS 'What it shows: product, style, logo, scene, person, sketch or other.';

COMMENT ON COLUMN rage_v1.images.state IS 'draft, approved or retired.';

COMMENT ON COLUMN rage_v1.images.title IS 'A short name for people.';

COMMENT ON COLUMN rage_v1.images.caption IS 'The current caption.';

COMMENT ON COLUMN rage_v1.images.tags IS 'Its tags; a/b is a child of a.';

COMMENT ON COLUMN rage_v1.images.attributes IS 'Everything else you said of it, by name.';

COMMENT ON COLUMN rage_v1.images.rights IS 'What is known of the rights, in words.';

COMMENT ON COLUMN rage_v1.images.usable_from IS 'First day on which it may be used; null: no limit.';

COMMENT ON COLUMN rage_v1.images.usable_until IS 'Last day on which it may be used; null: no limit.';

COMMENT ON COLUMN rage_v1.images.origin IS 'imported, uploaded or generated.';

COMMENT ON COLUMN rage_v1.images.version IS 'Number of the version that it shows, from 1.';

COMMENT ON COLUMN rage_v1.images.width IS 'Width in pixels, orientation applied.';

COMMENT ON COLUMN rage_v1.images.height IS 'Height in pixels, orientation applied.';

COMMENT ON COLUMN rage_v1.images.media_type IS 'Media type of the original.';

COMMENT ON COLUMN rage_v1.images.byte_size IS 'Size of the original in bytes.';

COMMENT ON COLUMN rage_v1.images.sha256 IS 'SHA-256 of the original in hexadecimal digits.';

COMMENT ON COLUMN rage_v1.images.content_url IS 'Where the service serves the picture, without what its file says besides.';

COMMENT ON COLUMN rage_v1.images.thumbnail_url IS 'Where the service serves a WebP of at most 512 pixels a side.';

COMMENT ON COLUMN rage_v1.images.created_at IS 'When it came.';

COMMENT ON COLUMN rage_v1.images.updated_at IS 'When anything about it last changed.';

COMMENT ON COLUMN rage_v1.images.caption_language IS 'The language of the caption as a BCP 47 tag, where it is known.';

COMMENT ON COLUMN rage_v1.images.frames IS 'Frames of an animation or pages, of which the first is shown and searched; 1 for a still.';

CREATE VIEW rage_v1.index_audits WITH (security_invoker='true') AS
 SELECT a.audit_id,
    s.name AS space,
    a.leg,
    a.shape,
    a.queries,
    a.k,
    a.matched,
    a.strategy,
    a.recall,
    a.p50_ms,
    a.p95_ms,
    a.exact_p50_ms,
    a.advice,
    a.audited_at
   FROM (rage.index_audits a
     JOIN rage.embedding_spaces s USING (space_id));

COMMENT ON VIEW rage_v1.index_audits IS 'Recall and latency of searches over time, by the shape of their filter; for who sees every brand.';

COMMENT ON COLUMN rage_v1.index_audits.audit_id IS 'Number of the row.';

COMMENT ON COLUMN rage_v1.index_audits.space IS 'The space that was searched.';

COMMENT ON COLUMN rage_v1.index_audits.leg IS 'The leg that searched it.';

COMMENT ON COLUMN rage_v1.index_audits.shape IS 'What kind of filter the searches had.';

COMMENT ON COLUMN rage_v1.index_audits.queries IS 'How many searches were compared.';

COMMENT ON COLUMN rage_v1.index_audits.k IS 'How many images each asked for.';

COMMENT ON COLUMN rage_v1.index_audits.matched IS 'How many images passed the filter: the median.';

COMMENT ON COLUMN rage_v1.index_audits.strategy IS 'How most of the searches were answered.';

COMMENT ON COLUMN rage_v1.index_audits.recall IS 'Share of the exact answer that the searches found, on average.';

COMMENT ON COLUMN rage_v1.index_audits.p50_ms IS 'Median time of a search in milliseconds, at its client.';

COMMENT ON COLUMN rage_v1.index_audits.p95_ms IS 'Time that a search in twenty exceeds, in milliseconds.';

COMMENT ON COLUMN rage_v1.index_audits.exact_p50_ms IS 'Median time of the exact search in milliseconds.';

COMMENT ON COLUMN rage_v1.index_audits.advice IS 'What would make it better; null where nothing is wrong.';

COMMENT ON COLUMN rage_v1.index_audits.audited_at IS 'When; rows of one audit share it.';

CREATE VIEW rage_v1.index_status WITH (security_invoker='true') AS
 WITH wanted AS (
         SELECT count(*) AS pictures,
            count(*) FILTER (WHERE (d.input <> ''::text)) AS captions
           FROM (rage.images i
             LEFT JOIN rage.image_documents d USING (image_id))
          WHERE (i.deleted_at IS NULL)
        ), counted AS (
         SELECT s_1.space_id,
            (c_1.embedded + p.embedded) AS embedded,
            (((( SELECT
                        CASE s_1.encodes
                            WHEN 'caption'::text THEN w_1.captions
                            ELSE w_1.pictures
                        END AS pictures
                   FROM wanted w_1) - c_1.embedded) - p.embedded) - f.failed) AS missing,
            f.failed,
            f.held
           FROM (((rage.embedding_spaces s_1
             CROSS JOIN LATERAL ( SELECT count(*) AS embedded
                   FROM ((rage.embeddings e
                     JOIN rage.images i USING (image_id))
                     JOIN rage.image_documents d USING (image_id))
                  WHERE ((s_1.encodes = 'caption'::text) AND (e.space_id = s_1.space_id) AND (e.input_sha256 = d.input_sha256) AND (d.input <> ''::text) AND (i.deleted_at IS NULL))) c_1)
             CROSS JOIN LATERAL ( SELECT count(*) AS embedded
                   FROM ((rage.embeddings e
                     JOIN rage.images i USING (image_id))
                     JOIN rage.contents o USING (content_id))
                  WHERE ((s_1.encodes <> 'caption'::text) AND (e.space_id = s_1.space_id) AND (e.input_sha256 = o.sha256) AND (i.deleted_at IS NULL))) p)
             CROSS JOIN LATERAL ( SELECT count(*) AS failed,
                    count(*) FILTER (WHERE (f_1.attempts >= rage.most_tries())) AS held
                   FROM (((rage.failed_items f_1
                     JOIN rage.images i USING (image_id))
                     LEFT JOIN rage.image_documents d ON (((s_1.encodes = 'caption'::text) AND (d.image_id = f_1.image_id) AND (d.input_sha256 = f_1.input_sha256) AND (d.input <> ''::text))))
                     LEFT JOIN rage.contents o ON (((s_1.encodes <> 'caption'::text) AND (o.content_id = i.content_id) AND (o.sha256 = f_1.input_sha256))))
                  WHERE ((f_1.space_id = s_1.space_id) AND (i.deleted_at IS NULL) AND ((d.image_id IS NOT NULL) OR (o.content_id IS NOT NULL)) AND (NOT (EXISTS ( SELECT
                           FROM rage.embeddings e
                          WHERE ((e.space_id = s_1.space_id) AND (e.image_id = f_1.image_id) AND (e.input_sha256 = f_1.input_sha256))))))) f)
          WHERE (s_1.state <> 'retired'::text)
        ), working AS (
         SELECT f.space_id,
            count(*) AS fillers,
            sum(((f.embedded)::numeric / NULLIF(EXTRACT(epoch FROM (f.beat_at - f.started_at)), (0)::numeric))) AS per_second
           FROM rage.fillers f
          WHERE (f.beat_at > (statement_timestamp() - rage.lost_after()))
          GROUP BY f.space_id
        )
 SELECT s.space_id,
    s.name AS space,
    s.encodes,
    s.encoder,
    s.model,
    s.weights_sha256,
    s.dimensions,
    s.state,
    ARRAY( SELECT l.leg
           FROM rage.search_legs l
          WHERE (l.space_id = s.space_id)
          ORDER BY l.leg) AS active_legs,
    COALESCE(c.embedded, (0)::bigint) AS embedded,
    COALESCE(c.missing, (0)::bigint) AS missing,
    COALESCE(c.failed, (0)::bigint) AS failed,
    x.indisvalid AS index_valid,
        CASE
            WHEN rage.sees_every_brand() THEN pg_relation_size((x.indexrelid)::regclass)
            ELSE NULL::bigint
        END AS index_bytes,
    a.recall,
    a.audited_at,
    ARRAY( SELECT (c_1.relname)::text AS relname
           FROM ((pg_class p
             JOIN pg_index j ON (((j.indrelid = p.oid) AND (NOT (j.indisvalid AND j.indisready)))))
             JOIN pg_class c_1 ON ((c_1.oid = j.indexrelid)))
          WHERE ((p.relname = format('embeddings_%s'::text, s.space_id)) AND (p.relnamespace = ( SELECT n.oid
                   FROM pg_namespace n
                  WHERE (n.nspname = 'rage'::name))))
          ORDER BY c_1.relname) AS invalid_indexes,
    COALESCE(c.held, (0)::bigint) AS held,
    COALESCE(w.fillers, (0)::bigint) AS fillers,
    (round(w.per_second, 1))::double precision AS per_second,
    (round(((c.missing)::numeric / NULLIF(w.per_second, (0)::numeric))))::bigint AS seconds_left,
        CASE
            WHEN rage.sees_every_brand() THEN s.trouble
            ELSE NULL::text
        END AS trouble,
    s.trouble_at
   FROM (((((rage.embedding_spaces s
     LEFT JOIN counted c USING (space_id))
     LEFT JOIN working w USING (space_id))
     LEFT JOIN LATERAL ( SELECT min(u.recall) AS recall,
            u.audited_at
           FROM rage.index_audits u
          WHERE (u.space_id = s.space_id)
          GROUP BY u.audited_at
          ORDER BY u.audited_at DESC
         LIMIT 1) a ON (true))
     LEFT JOIN pg_class r ON (((r.relname = format('embeddings_%s_hnsw'::text, s.space_id)) AND (r.relnamespace = ( SELECT n.oid
           FROM pg_namespace n
          WHERE (n.nspname = 'rage'::name))))))
     LEFT JOIN pg_index x ON ((x.indexrelid = r.oid)));

COMMENT ON VIEW rage_v1.index_status IS 'One row per embedding space: how full and how sound it is.';

COMMENT ON COLUMN rage_v1.index_status.space_id IS 'Stable number of the space.';

COMMENT ON COLUMN rage_v1.index_status.space IS 'Its name.';

COMMENT ON COLUMN rage_v1.index_status.encodes IS 'What it embeds: image, caption or style.';

COMMENT ON COLUMN rage_v1.index_status.encoder IS 'The provider that embeds.';

COMMENT ON COLUMN rage_v1.index_status.model IS 'The model within the provider.';

COMMENT ON COLUMN rage_v1.index_status.weights_sha256 IS 'SHA-256 of the weights where they are local.';

COMMENT ON COLUMN rage_v1.index_status.dimensions IS 'Length of its vectors.';

COMMENT ON COLUMN rage_v1.index_status.state IS 'idle: nobody fills it; filling; ready: kept up; retired: its vectors are gone.';

COMMENT ON COLUMN rage_v1.index_status.active_legs IS 'The legs of the search that use it now.';

COMMENT ON COLUMN rage_v1.index_status.embedded IS 'Images with a vector that is up to date.';

COMMENT ON COLUMN rage_v1.index_status.missing IS 'Images whose vector is still to be made.';

COMMENT ON COLUMN rage_v1.index_status.failed IS 'Images that the encoder could not embed.';

COMMENT ON COLUMN rage_v1.index_status.index_valid IS 'Whether its HNSW index is sound; null: there is none.';

COMMENT ON COLUMN rage_v1.index_status.index_bytes IS 'Size of the HNSW index in bytes; null for who does not see every brand.';

COMMENT ON COLUMN rage_v1.index_status.recall IS 'Lowest recall of a filter shape in the last audit; null for who does not see every brand.';

COMMENT ON COLUMN rage_v1.index_status.audited_at IS 'When that was.';

COMMENT ON COLUMN rage_v1.index_status.invalid_indexes IS 'Indexes that no search uses: a building failed or is under way.';

COMMENT ON COLUMN rage_v1.index_status.held IS 'Of those that failed, images that are not tried again by themselves: rage index retry.';

COMMENT ON COLUMN rage_v1.index_status.fillers IS 'How many workers and commands embed at this moment; 0 for who does not see every brand.';

COMMENT ON COLUMN rage_v1.index_status.per_second IS 'Images that they embed a second; null for who does not see every brand.';

COMMENT ON COLUMN rage_v1.index_status.seconds_left IS 'How long the missing ones will take at that rate.';

COMMENT ON COLUMN rage_v1.index_status.trouble IS 'Why filling it does not go on; null where nothing is in the way, and for who does not see every brand.';

COMMENT ON COLUMN rage_v1.index_status.trouble_at IS 'When that was found.';

CREATE VIEW rage_v1.judgement_concepts WITH (security_invoker='true') AS
 SELECT c.judgement_id,
    c."position",
    j.root_id,
    j.round,
    c.concept,
    c.caption,
    c.outcome,
    c.image_id,
    c.score,
    p.proposal_id
   FROM ((rage.judgement_concepts c
     JOIN rage.judgements j USING (judgement_id))
     LEFT JOIN rage.proposals p ON ((p.proposal_id = c.proposal_id)));

COMMENT ON VIEW rage_v1.judgement_concepts IS 'What a picture lacked, or a prompt named, and the image that was found for it.';

COMMENT ON COLUMN rage_v1.judgement_concepts.judgement_id IS 'The judgement that names it.';

COMMENT ON COLUMN rage_v1.judgement_concepts."position" IS 'Place in the judge''s list, from 1.';

COMMENT ON COLUMN rage_v1.judgement_concepts.root_id IS 'The refinement.';

COMMENT ON COLUMN rage_v1.judgement_concepts.round IS 'The step whose picture lacked it.';

COMMENT ON COLUMN rage_v1.judgement_concepts.concept IS 'What was lacking; null: the judge was unable to say, and the prompt itself was looked up.';

COMMENT ON COLUMN rage_v1.judgement_concepts.caption IS 'The caption by which an image was looked up.';

COMMENT ON COLUMN rage_v1.judgement_concepts.outcome IS 'found, nothing_found, or no_slot (what serves it goes along already, or no more such references do); null: not looked up yet.';

COMMENT ON COLUMN rage_v1.judgement_concepts.image_id IS 'The image that was found.';

COMMENT ON COLUMN rage_v1.judgement_concepts.score IS 'How well it serves, 0 to 1; higher is better.';

COMMENT ON COLUMN rage_v1.judgement_concepts.proposal_id IS 'The proposal that it was found by, where you may see that.';

CREATE VIEW rage_v1.judgements WITH (security_invoker='true') AS
 SELECT j.judgement_id,
    j.root_id,
    j.round,
    j.attempt,
    j.generation_id,
    j.verdict,
    j.detail,
    j.temperature,
    j.provider,
    j.model,
    j.call_id,
    p.cost_usd,
    ((p.cost_usd IS NULL))::integer AS calls_without_cost,
    j.created_at,
    j.finished_at
   FROM (rage.judgements j
     JOIN rage.paid_calls p USING (call_id));

COMMENT ON VIEW rage_v1.judgements IS 'What a vision model said of the pictures of refinements: one row a call.';

COMMENT ON COLUMN rage_v1.judgements.judgement_id IS 'Stable number of the judgement.';

COMMENT ON COLUMN rage_v1.judgements.root_id IS 'The refinement.';

COMMENT ON COLUMN rage_v1.judgements.round IS 'The step whose picture was judged; without a draft the one that was to be made.';

COMMENT ON COLUMN rage_v1.judgements.attempt IS 'Counts from 1 for each step.';

COMMENT ON COLUMN rage_v1.judgements.generation_id IS 'The generation of that step.';

COMMENT ON COLUMN rage_v1.judgements.verdict IS 'match, mismatch, named (without a draft), unable (it refused, or answered what is no answer), turned_away, failed, unknown, cancelled; pending until it is known.';

COMMENT ON COLUMN rage_v1.judgements.detail IS 'What was wrong with the answer.';

COMMENT ON COLUMN rage_v1.judgements.temperature IS 'The temperature that was asked for; it rises from try to try.';

COMMENT ON COLUMN rage_v1.judgements.provider IS 'Who was asked.';

COMMENT ON COLUMN rage_v1.judgements.model IS 'The model that answered; before that, the one asked for.';

COMMENT ON COLUMN rage_v1.judgements.call_id IS 'The paid call.';

COMMENT ON COLUMN rage_v1.judgements.cost_usd IS 'US dollars; null where that is not known.';

COMMENT ON COLUMN rage_v1.judgements.calls_without_cost IS '1 where the cost is not known, else 0: a sum of this column stands beside one of costs.';

COMMENT ON COLUMN rage_v1.judgements.created_at IS 'When the call was about to be made.';

COMMENT ON COLUMN rage_v1.judgements.finished_at IS 'When the answer was known.';

CREATE VIEW rage_v1.lineage WITH (security_invoker='true') AS
 WITH RECURSIVE ancestry AS (
         SELECT o.image_id,
            o.generation_id,
            r.image_id AS source_image_id,
            r."position",
            r.role,
            1 AS depth,
            ARRAY[o.image_id, r.image_id] AS path
           FROM (rage.generation_outputs o
             JOIN rage.generation_references r USING (generation_id))
        UNION ALL
         SELECT a.image_id,
            o.generation_id,
            r.image_id,
            r."position",
            r.role,
            (a.depth + 1),
            (a.path || r.image_id)
           FROM ((ancestry a
             JOIN rage.generation_outputs o ON ((o.image_id = a.source_image_id)))
             JOIN rage.generation_references r ON ((r.generation_id = o.generation_id)))
          WHERE (r.image_id <> ALL (a.path))
        )
 SELECT image_id,
    source_image_id,
    depth,
    generation_id,
    "position",
    role
   FROM ancestry;

COMMENT ON VIEW rage_v1.lineage IS 'From every generated image to every image that it was made from, over any number of generations.';

COMMENT ON COLUMN rage_v1.lineage.image_id IS 'The generated image.';

COMMENT ON COLUMN rage_v1.lineage.source_image_id IS 'An image that it was made from.';

COMMENT ON COLUMN rage_v1.lineage.depth IS 'How many generations lie between, from 1.';

COMMENT ON COLUMN rage_v1.lineage.generation_id IS 'The generation that used the source.';

COMMENT ON COLUMN rage_v1.lineage."position" IS 'The source''s place among its references.';

COMMENT ON COLUMN rage_v1.lineage.role IS 'The source''s role there.';

CREATE VIEW rage_v1.paid_calls WITH (security_invoker='true') AS
 SELECT p.call_id,
    b.name AS brand,
    p.generation_id,
    p.purpose,
    p.provider,
    p.model,
    p.status,
    p.provider_request_id,
    p.usage,
    p.cost_usd,
    p.error,
    p.started_at,
    p.finished_at,
    p.tokens,
    p.expected_usd
   FROM (rage.paid_calls p
     JOIN rage.brands b USING (brand_id));

COMMENT ON VIEW rage_v1.paid_calls IS 'Every call that may cost money, written before it was made.';

COMMENT ON COLUMN rage_v1.paid_calls.call_id IS 'Stable number of the call.';

COMMENT ON COLUMN rage_v1.paid_calls.brand IS 'The brand that pays.';

COMMENT ON COLUMN rage_v1.paid_calls.generation_id IS 'The generation that it belongs to, if any.';

COMMENT ON COLUMN rage_v1.paid_calls.purpose IS 'generation, caption, embedding, planner, judge or draft.';

COMMENT ON COLUMN rage_v1.paid_calls.provider IS 'Who was called.';

COMMENT ON COLUMN rage_v1.paid_calls.model IS 'The model that was called.';

COMMENT ON COLUMN rage_v1.paid_calls.status IS 'started, succeeded, refused, failed or unknown.';

COMMENT ON COLUMN rage_v1.paid_calls.provider_request_id IS 'The provider''s own number of the call.';

COMMENT ON COLUMN rage_v1.paid_calls.usage IS 'What was used, as the provider counted it.';

COMMENT ON COLUMN rage_v1.paid_calls.cost_usd IS 'US dollars; null where usage or price is not known.';

COMMENT ON COLUMN rage_v1.paid_calls.error IS 'What went wrong.';

COMMENT ON COLUMN rage_v1.paid_calls.started_at IS 'When the call was about to be made.';

COMMENT ON COLUMN rage_v1.paid_calls.finished_at IS 'When the answer was known.';

COMMENT ON COLUMN rage_v1.paid_calls.tokens IS 'The usage by the classes that prices are kept for; null where it does not tell them.';

COMMENT ON COLUMN rage_v1.paid_calls.expected_usd IS 'What it was expected to cost, where a budget counted it; null where nobody could say.';

CREATE VIEW rage_v1.prices WITH (security_invoker='true') AS
 SELECT provider,
    model,
    token_class,
    effective_from,
    (lead(effective_from) OVER (PARTITION BY provider, model, token_class ORDER BY effective_from) - 1) AS effective_until,
    usd_per_million
   FROM rage.prices p;

COMMENT ON VIEW rage_v1.prices IS 'What a million tokens cost, by model, class of token and day.';

COMMENT ON COLUMN rage_v1.prices.provider IS 'Who charges.';

COMMENT ON COLUMN rage_v1.prices.model IS 'The model; a dated snapshot without a price of its own costs what its model does.';

COMMENT ON COLUMN rage_v1.prices.token_class IS 'text_input, image_input, cached_text_input, cached_image_input, text_output or image_output.';

COMMENT ON COLUMN rage_v1.prices.effective_from IS 'First day of this price, UTC.';

COMMENT ON COLUMN rage_v1.prices.effective_until IS 'Last day of this price; null: until further notice.';

COMMENT ON COLUMN rage_v1.prices.usd_per_million IS 'US dollars for a million tokens.';

CREATE VIEW rage_v1.proposals WITH (security_invoker='true') AS
 SELECT proposal_id,
    prompt,
    filters,
    planner,
    slots,
    diversity,
    ARRAY( SELECT (c.concept ->> 'text'::text)
           FROM jsonb_array_elements(p.concepts) WITH ORDINALITY c(concept, place)
          WHERE (jsonb_typeof(c.concept) = 'object'::text)
          ORDER BY c.place) AS concepts,
    ARRAY( SELECT (c.concept ->> 'text'::text)
           FROM jsonb_array_elements(p.concepts) WITH ORDINALITY c(concept, place)
          WHERE ((c.concept -> 'served_by'::text) = '[]'::jsonb)
          ORDER BY c.place) AS unserved,
    ARRAY( SELECT r.image_id
           FROM rage.proposal_references r
          WHERE ((r.proposal_id = p.proposal_id) AND r.chosen)
          ORDER BY r."position") AS chosen,
    ARRAY( SELECT r.image_id
           FROM rage.proposal_references r
          WHERE ((r.proposal_id = p.proposal_id) AND (NOT r.chosen))
          ORDER BY r."position") AS proposed,
    ARRAY( SELECT r.image_id
           FROM rage.proposal_references r
          WHERE ((r.proposal_id = p.proposal_id) AND (EXISTS ( SELECT
                   FROM (rage.generations g
                     JOIN rage.generation_references u USING (generation_id))
                  WHERE ((g.proposal_id = p.proposal_id) AND (u.image_id = r.image_id)))))
          ORDER BY r."position") AS used,
    ( SELECT count(*) AS count
           FROM rage.generations g
          WHERE (g.proposal_id = p.proposal_id)) AS generations,
    ( SELECT count(*) AS count
           FROM (rage.generations g
             JOIN rage.generation_outputs o USING (generation_id))
          WHERE ((g.proposal_id = p.proposal_id) AND (o.kept_at IS NOT NULL))) AS outputs_kept,
    strategy,
    notes,
    took_ms,
    asked_by,
    created_at
   FROM rage.proposals p;

COMMENT ON VIEW rage_v1.proposals IS 'Every set of references that was proposed for a prompt, and what became of it.';

COMMENT ON COLUMN rage_v1.proposals.proposal_id IS 'Stable id of the proposal.';

COMMENT ON COLUMN rage_v1.proposals.prompt IS 'The prompt as it was given.';

COMMENT ON COLUMN rage_v1.proposals.filters IS 'The filters as they were given.';

COMMENT ON COLUMN rage_v1.proposals.planner IS 'What split the prompt into concepts.';

COMMENT ON COLUMN rage_v1.proposals.slots IS 'How many references there could be.';

COMMENT ON COLUMN rage_v1.proposals.diversity IS 'From 0, the best for each concept, to 1, the least like the other references.';

COMMENT ON COLUMN rage_v1.proposals.concepts IS 'What the prompt names, in its order.';

COMMENT ON COLUMN rage_v1.proposals.unserved IS 'The concepts that no reference serves.';

COMMENT ON COLUMN rage_v1.proposals.chosen IS 'The images that the person had chosen before, as far as you may see them.';

COMMENT ON COLUMN rage_v1.proposals.proposed IS 'The images that were proposed, in order, as far as they are still there.';

COMMENT ON COLUMN rage_v1.proposals.used IS 'Those of both that went into a generation that names the proposal.';

COMMENT ON COLUMN rage_v1.proposals.generations IS 'How many generations name it.';

COMMENT ON COLUMN rage_v1.proposals.outputs_kept IS 'How many of their outputs were kept.';

COMMENT ON COLUMN rage_v1.proposals.strategy IS 'How the candidates were found.';

COMMENT ON COLUMN rage_v1.proposals.notes IS 'What did not go as asked, in sentences for people.';

COMMENT ON COLUMN rage_v1.proposals.took_ms IS 'Milliseconds, the embedding of the concepts included.';

COMMENT ON COLUMN rage_v1.proposals.asked_by IS 'The key or login that asked; null while the service is open.';

COMMENT ON COLUMN rage_v1.proposals.created_at IS 'When it was asked.';

CREATE VIEW rage_v1.ratings WITH (security_invoker='true') AS
 SELECT generation_id,
    "position",
    NULLIF(rated_by, ''::text) AS rated_by,
    rating,
    reasons,
    comment,
    created_at
   FROM rage.ratings r;

COMMENT ON VIEW rage_v1.ratings IS 'What people think of outputs: one row per output and person.';

COMMENT ON COLUMN rage_v1.ratings.generation_id IS 'The generation.';

COMMENT ON COLUMN rage_v1.ratings."position" IS 'The output among its outputs.';

COMMENT ON COLUMN rage_v1.ratings.rated_by IS 'The key or person; null while the service is open.';

COMMENT ON COLUMN rage_v1.ratings.rating IS '-1, 0 or 1.';

COMMENT ON COLUMN rage_v1.ratings.reasons IS 'What is wrong with it, by code.';

COMMENT ON COLUMN rage_v1.ratings.comment IS 'In the person''s words.';

COMMENT ON COLUMN rage_v1.ratings.created_at IS 'When it was last given.';

CREATE VIEW rage_v1.refinement_steps WITH (security_invoker='true') AS
 SELECT s.root_id,
    s.round,
    s.generation_id,
    g.status,
    g.cost_usd
   FROM (rage.refinement_steps s
     JOIN rage.generations g USING (generation_id));

COMMENT ON VIEW rage_v1.refinement_steps IS 'The pictures of refinements in order, each a generation.';

COMMENT ON COLUMN rage_v1.refinement_steps.root_id IS 'The refinement, by its first generation.';

COMMENT ON COLUMN rage_v1.refinement_steps.round IS '0 the first picture, then one for each round.';

COMMENT ON COLUMN rage_v1.refinement_steps.generation_id IS 'The generation.';

COMMENT ON COLUMN rage_v1.refinement_steps.status IS 'How it stands or ended.';

COMMENT ON COLUMN rage_v1.refinement_steps.cost_usd IS 'US dollars of the picture; null where that is not known.';

CREATE VIEW rage_v1.refinements WITH (security_invoker='true') AS
 SELECT r.root_id,
    b.name AS brand,
    g.prompt,
    r.with_draft,
    r.rounds,
    ( SELECT max(s.round) AS max
           FROM rage.refinement_steps s
          WHERE (s.root_id = r.root_id)) AS rounds_made,
    r.per_round AS references_per_round,
    r.max_cost_usd,
    r.filters,
    r.judge_provider,
    r.judge_model,
    r.state,
    r.ended_by,
    r.detail,
    r.result_id,
    u.cost_usd,
    u.judge_cost_usd,
    u.calls,
    u.calls_without_cost,
    r.cancel_requested_at,
    r.created_at,
    r.ended_at
   FROM (((rage.refinements r
     JOIN rage.generations g ON ((g.generation_id = r.root_id)))
     JOIN rage.brands b USING (brand_id))
     CROSS JOIN LATERAL ( SELECT COALESCE(sum(p.cost_usd), (0)::numeric) AS cost_usd,
            COALESCE(sum(p.cost_usd) FILTER (WHERE (p.purpose = 'judge'::text)), (0)::numeric) AS judge_cost_usd,
            count(*) AS calls,
            count(*) FILTER (WHERE (p.cost_usd IS NULL)) AS calls_without_cost
           FROM (rage.refinement_steps s
             JOIN rage.paid_calls p USING (generation_id))
          WHERE (s.root_id = r.root_id)) u);

COMMENT ON VIEW rage_v1.refinements IS 'Loops in which a picture is judged against its prompt and made again with what it lacks: one row each.';

COMMENT ON COLUMN rage_v1.refinements.root_id IS 'The generation that was asked for, and the first picture.';

COMMENT ON COLUMN rage_v1.refinements.brand IS 'The brand that pays.';

COMMENT ON COLUMN rage_v1.refinements.prompt IS 'The prompt as it was given.';

COMMENT ON COLUMN rage_v1.refinements.with_draft IS 'Whether its first picture is a draft that is judged; else what the prompt names was looked up before it.';

COMMENT ON COLUMN rage_v1.refinements.rounds IS 'How often a picture is made again at most; without a draft the one picture is the round.';

COMMENT ON COLUMN rage_v1.refinements.rounds_made IS 'How often one was made again, or is being.';

COMMENT ON COLUMN rage_v1.refinements.references_per_round IS 'References that a round adds at most.';

COMMENT ON COLUMN rage_v1.refinements.max_cost_usd IS 'US dollars that all its calls together may cost; null: as the budgets allow.';

COMMENT ON COLUMN rage_v1.refinements.filters IS 'Which images may be found.';

COMMENT ON COLUMN rage_v1.refinements.judge_provider IS 'Who judges.';

COMMENT ON COLUMN rage_v1.refinements.judge_model IS 'The model that judges.';

COMMENT ON COLUMN rage_v1.refinements.state IS 'open: there may be more to do; ended.';

COMMENT ON COLUMN rage_v1.refinements.ended_by IS 'Why it ended: matched, rounds, max_cost, unknown_cost, budget, nothing_found, no_slot, or how a step of it ended.';

COMMENT ON COLUMN rage_v1.refinements.detail IS 'The same in a sentence, where there is more to say.';

COMMENT ON COLUMN rage_v1.refinements.result_id IS 'The last generation of it that succeeded; null where none did.';

COMMENT ON COLUMN rage_v1.refinements.cost_usd IS 'US dollars of all its calls, pictures and judgements, without those of no known cost.';

COMMENT ON COLUMN rage_v1.refinements.judge_cost_usd IS 'Of these, what the judgements cost.';

COMMENT ON COLUMN rage_v1.refinements.calls IS 'Its paid calls.';

COMMENT ON COLUMN rage_v1.refinements.calls_without_cost IS 'Of these, those whose cost is not known, or not yet: they are in no sum.';

COMMENT ON COLUMN rage_v1.refinements.cancel_requested_at IS 'When it was called off while something of it was under way.';

COMMENT ON COLUMN rage_v1.refinements.created_at IS 'When it was asked.';

COMMENT ON COLUMN rage_v1.refinements.ended_at IS 'When it ended.';

CREATE VIEW rage_v1.search_log WITH (security_invoker='true') AS
 SELECT s.search_id,
    s.prompt,
    s.filters,
    s.legs,
    s.k,
    s.strategy,
    s.matched,
    s.complete,
    s.took_ms,
    ( SELECT count(*) AS count
           FROM rage.search_results r
          WHERE (r.search_id = s.search_id)) AS returned,
    ( SELECT count(*) AS count
           FROM rage.generations g
          WHERE (g.search_id = s.search_id)) AS generations,
    s.asked_by,
    s.created_at,
    imagined.generation_id AS imagined_id
   FROM (rage.searches s
     LEFT JOIN rage.generations imagined ON ((imagined.generation_id = s.imagined_id)));

COMMENT ON VIEW rage_v1.search_log IS 'Every search made through the service, and what became of it.';

COMMENT ON COLUMN rage_v1.search_log.search_id IS 'Stable id of the search.';

COMMENT ON COLUMN rage_v1.search_log.prompt IS 'The prompt as it was given.';

COMMENT ON COLUMN rage_v1.search_log.filters IS 'The filters as they were given.';

COMMENT ON COLUMN rage_v1.search_log.legs IS 'Weights of the legs where the request named them.';

COMMENT ON COLUMN rage_v1.search_log.k IS 'How many images were asked for.';

COMMENT ON COLUMN rage_v1.search_log.strategy IS 'How the answer was found.';

COMMENT ON COLUMN rage_v1.search_log.matched IS 'How many images passed the filter.';

COMMENT ON COLUMN rage_v1.search_log.complete IS 'Whether no bound cut the answer.';

COMMENT ON COLUMN rage_v1.search_log.took_ms IS 'Milliseconds, the embedding of the prompt included.';

COMMENT ON COLUMN rage_v1.search_log.returned IS 'How many images were answered.';

COMMENT ON COLUMN rage_v1.search_log.generations IS 'How many generations took references from it.';

COMMENT ON COLUMN rage_v1.search_log.asked_by IS 'The key or login that asked; null while the service is open.';

COMMENT ON COLUMN rage_v1.search_log.created_at IS 'When it was asked.';

COMMENT ON COLUMN rage_v1.search_log.imagined_id IS 'The draft of the prompt that the image leg searched by; null: it searched by the words.';

CREATE VIEW rage_v1.tag_usage WITH (security_invoker='true') AS
 SELECT t.name AS tag,
    b.name AS brand,
    COALESCE(c.images, (0)::bigint) AS images,
    COALESCE(u.generations, (0)::bigint) AS generations,
    COALESCE(u.succeeded, (0)::bigint) AS succeeded,
    COALESCE(u.by_reference, (0)::bigint) AS by_reference,
    COALESCE(u.by_output, (0)::bigint) AS by_output,
    COALESCE(u.outputs, (0)::bigint) AS outputs,
    COALESCE(u.outputs_kept, (0)::bigint) AS outputs_kept,
    COALESCE(u.ratings, (0)::bigint) AS ratings,
    u.mean_rating,
    COALESCE(u.cost_usd, (0)::numeric) AS cost_usd,
    COALESCE(u.calls_without_cost, (0)::bigint) AS calls_without_cost,
    u.first_used_at,
    u.last_used_at
   FROM (((rage.tags t
     JOIN rage.brands b USING (brand_id))
     LEFT JOIN ( SELECT it.tag_id,
            count(*) AS images
           FROM (rage.image_tags it
             JOIN rage.images i ON (((i.image_id = it.image_id) AND (i.deleted_at IS NULL))))
          GROUP BY it.tag_id) c USING (tag_id))
     LEFT JOIN ( SELECT s.tag_id,
            count(*) AS generations,
            count(*) FILTER (WHERE (g.status = 'succeeded'::text)) AS succeeded,
            count(*) FILTER (WHERE s.by_reference) AS by_reference,
            count(*) FILTER (WHERE s.by_output) AS by_output,
            (sum(g.outputs))::bigint AS outputs,
            (sum(g.outputs_kept))::bigint AS outputs_kept,
            (sum(g.ratings))::bigint AS ratings,
            round((sum(g.rating_sum) / NULLIF(sum(g.ratings), (0)::numeric)), 3) AS mean_rating,
            sum(g.cost_usd) AS cost_usd,
            (sum(g.calls_without_cost))::bigint AS calls_without_cost,
            min(g.created_at) AS first_used_at,
            max(g.created_at) AS last_used_at
           FROM (( SELECT it.tag_id,
                    w.generation_id,
                    bool_or(w.is_reference) AS by_reference,
                    bool_or((NOT w.is_reference)) AS by_output
                   FROM ((( SELECT r.generation_id,
                            r.image_id,
                            true AS is_reference
                           FROM rage.generation_references r
                        UNION ALL
                         SELECT o.generation_id,
                            o.image_id,
                            false
                           FROM rage.generation_outputs o) w
                     JOIN rage.image_tags it ON ((it.image_id = w.image_id)))
                     JOIN rage.images i ON (((i.image_id = it.image_id) AND (i.deleted_at IS NULL))))
                  GROUP BY it.tag_id, w.generation_id) s
             JOIN rage_v1.generation_results g USING (generation_id))
          GROUP BY s.tag_id) u USING (tag_id));

COMMENT ON VIEW rage_v1.tag_usage IS 'One row per tag of a brand: the generations that have it on a reference or an output, each once, and what came of them. A child counts for itself, not for its parent.';

COMMENT ON COLUMN rage_v1.tag_usage.tag IS 'The tag: trimmed, NFC, case-folded.';

COMMENT ON COLUMN rage_v1.tag_usage.brand IS 'The brand whose tag it is.';

COMMENT ON COLUMN rage_v1.tag_usage.images IS 'Images that carry it now.';

COMMENT ON COLUMN rage_v1.tag_usage.generations IS 'Generations of which a reference or an output carries it now.';

COMMENT ON COLUMN rage_v1.tag_usage.succeeded IS 'Those of them that succeeded.';

COMMENT ON COLUMN rage_v1.tag_usage.by_reference IS 'Those of which a reference carries it.';

COMMENT ON COLUMN rage_v1.tag_usage.by_output IS 'Those of which an output carries it.';

COMMENT ON COLUMN rage_v1.tag_usage.outputs IS 'Pictures that these generations made.';

COMMENT ON COLUMN rage_v1.tag_usage.outputs_kept IS 'Those of them that were kept.';

COMMENT ON COLUMN rage_v1.tag_usage.ratings IS 'Ratings of these pictures, by whomever.';

COMMENT ON COLUMN rage_v1.tag_usage.mean_rating IS 'Their mean, from -1 to 1; null where there is none.';

COMMENT ON COLUMN rage_v1.tag_usage.cost_usd IS 'US dollars that these generations cost, as far as that is known.';

COMMENT ON COLUMN rage_v1.tag_usage.calls_without_cost IS 'Of their paid calls, those whose cost is not known, or not yet: nothing of them is in cost_usd.';

COMMENT ON COLUMN rage_v1.tag_usage.first_used_at IS 'When the first of these generations was asked for.';

COMMENT ON COLUMN rage_v1.tag_usage.last_used_at IS 'When the last of these generations was asked for.';

ALTER TABLE ONLY rage.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY rage.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (caller_id);

ALTER TABLE ONLY rage.api_keys
    ADD CONSTRAINT api_keys_prefix_unique UNIQUE (prefix);

ALTER TABLE ONLY rage.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (entry_id);

ALTER TABLE ONLY rage.brands
    ADD CONSTRAINT brands_key_unique UNIQUE (key);

ALTER TABLE ONLY rage.brands
    ADD CONSTRAINT brands_pkey PRIMARY KEY (brand_id);

ALTER TABLE ONLY rage.budgets
    ADD CONSTRAINT budgets_once UNIQUE NULLS NOT DISTINCT (brand_id, label_name, label_value, month);

ALTER TABLE ONLY rage.budgets
    ADD CONSTRAINT budgets_pkey PRIMARY KEY (budget_id);

ALTER TABLE ONLY rage.caller_brands
    ADD CONSTRAINT caller_brands_pkey PRIMARY KEY (caller_id, brand_id);

ALTER TABLE ONLY rage.callers
    ADD CONSTRAINT callers_name_unique UNIQUE (kind, name);

ALTER TABLE ONLY rage.callers
    ADD CONSTRAINT callers_pkey PRIMARY KEY (caller_id);

ALTER TABLE ONLY rage.caption_tries
    ADD CONSTRAINT caption_tries_pkey PRIMARY KEY (image_id, reader);

ALTER TABLE ONLY rage.captions
    ADD CONSTRAINT captions_pkey PRIMARY KEY (image_id, revision);

ALTER TABLE ONLY rage.collection_images
    ADD CONSTRAINT collection_images_pkey PRIMARY KEY (collection_id, image_id);

ALTER TABLE ONLY rage.collection_images
    ADD CONSTRAINT collection_images_position_unique UNIQUE (collection_id, "position") DEFERRABLE;

ALTER TABLE ONLY rage.collections
    ADD CONSTRAINT collections_brand_key_unique UNIQUE (brand_id, key);

ALTER TABLE ONLY rage.collections
    ADD CONSTRAINT collections_pkey PRIMARY KEY (collection_id);

ALTER TABLE ONLY rage.common_words
    ADD CONSTRAINT common_words_pkey PRIMARY KEY (lexeme, brand_id);

ALTER TABLE ONLY rage.contents
    ADD CONSTRAINT contents_pkey PRIMARY KEY (content_id);

ALTER TABLE ONLY rage.contents
    ADD CONSTRAINT contents_sha256_unique UNIQUE (sha256);

ALTER TABLE ONLY rage.descriptions
    ADD CONSTRAINT descriptions_pkey PRIMARY KEY (image_id, reader);

ALTER TABLE ONLY rage.embedding_claims
    ADD CONSTRAINT embedding_claims_pkey PRIMARY KEY (space_id, image_id);

ALTER TABLE ONLY rage.embedding_spaces
    ADD CONSTRAINT embedding_spaces_identity_unique UNIQUE NULLS NOT DISTINCT (encoder, model, weights_sha256, dimensions, encodes);

ALTER TABLE ONLY rage.embedding_spaces
    ADD CONSTRAINT embedding_spaces_name_unique UNIQUE (name);

ALTER TABLE ONLY rage.embedding_spaces
    ADD CONSTRAINT embedding_spaces_pkey PRIMARY KEY (space_id);

ALTER TABLE ONLY rage.embeddings
    ADD CONSTRAINT embeddings_pkey PRIMARY KEY (image_id, space_id);

ALTER TABLE ONLY rage.failed_items
    ADD CONSTRAINT failed_items_pkey PRIMARY KEY (image_id, space_id);

ALTER TABLE ONLY rage.fillers
    ADD CONSTRAINT fillers_pkey PRIMARY KEY (filler_id);

ALTER TABLE ONLY rage.generation_batch_items
    ADD CONSTRAINT generation_batch_items_pkey PRIMARY KEY (batch_id, "position");

ALTER TABLE ONLY rage.generation_batches
    ADD CONSTRAINT generation_batches_pkey PRIMARY KEY (batch_id);

ALTER TABLE ONLY rage.generation_events
    ADD CONSTRAINT generation_events_pkey PRIMARY KEY (generation_id, event_id);

ALTER TABLE ONLY rage.generation_masks
    ADD CONSTRAINT generation_masks_pkey PRIMARY KEY (generation_id);

ALTER TABLE ONLY rage.generation_outputs
    ADD CONSTRAINT generation_outputs_pkey PRIMARY KEY (generation_id, "position");

ALTER TABLE ONLY rage.generation_partials
    ADD CONSTRAINT generation_partials_pkey PRIMARY KEY (generation_id, event_id);

ALTER TABLE ONLY rage.generation_references
    ADD CONSTRAINT generation_references_pkey PRIMARY KEY (generation_id, "position");

ALTER TABLE ONLY rage.generations
    ADD CONSTRAINT generations_pkey PRIMARY KEY (generation_id);

ALTER TABLE ONLY rage.image_documents
    ADD CONSTRAINT image_documents_pkey PRIMARY KEY (image_id);

ALTER TABLE ONLY rage.image_identifiers
    ADD CONSTRAINT image_identifiers_pkey PRIMARY KEY (identifier_id);

ALTER TABLE ONLY rage.image_identifiers
    ADD CONSTRAINT image_identifiers_unique UNIQUE (brand_id, root, identifier);

ALTER TABLE ONLY rage.image_products
    ADD CONSTRAINT image_products_pkey PRIMARY KEY (brand_id, image_id, sku);

ALTER TABLE ONLY rage.image_tags
    ADD CONSTRAINT image_tags_pkey PRIMARY KEY (image_id, tag_id);

ALTER TABLE ONLY rage.image_versions
    ADD CONSTRAINT image_versions_pkey PRIMARY KEY (image_id, version);

ALTER TABLE ONLY rage.images
    ADD CONSTRAINT images_brand_image_unique UNIQUE (brand_id, image_id);

ALTER TABLE ONLY rage.images
    ADD CONSTRAINT images_pkey PRIMARY KEY (image_id);

ALTER TABLE ONLY rage.index_audits
    ADD CONSTRAINT index_audits_pkey PRIMARY KEY (audit_id);

ALTER TABLE ONLY rage.job_schema_changes
    ADD CONSTRAINT job_schema_changes_pkey PRIMARY KEY (name);

ALTER TABLE ONLY rage.judgement_concepts
    ADD CONSTRAINT judgement_concepts_pkey PRIMARY KEY (judgement_id, "position");

ALTER TABLE ONLY rage.judgements
    ADD CONSTRAINT judgements_attempt_unique UNIQUE (root_id, round, attempt);

ALTER TABLE ONLY rage.judgements
    ADD CONSTRAINT judgements_pkey PRIMARY KEY (judgement_id);

ALTER TABLE ONLY rage.page_sessions
    ADD CONSTRAINT page_sessions_pkey PRIMARY KEY (token_sha256);

ALTER TABLE ONLY rage.paid_calls
    ADD CONSTRAINT paid_calls_pkey PRIMARY KEY (call_id);

ALTER TABLE ONLY rage.picture_hashes
    ADD CONSTRAINT picture_hashes_pkey PRIMARY KEY (content_id);

ALTER TABLE ONLY rage.prices
    ADD CONSTRAINT prices_pkey PRIMARY KEY (provider, model, token_class, effective_from);

ALTER TABLE ONLY rage.prompt_vectors
    ADD CONSTRAINT prompt_vectors_pkey PRIMARY KEY (vector_id);

ALTER TABLE ONLY rage.prompt_vectors
    ADD CONSTRAINT prompt_vectors_unique UNIQUE NULLS NOT DISTINCT (space_id, prompt_md5, caller_id);

ALTER TABLE ONLY rage.proposal_references
    ADD CONSTRAINT proposal_references_pkey PRIMARY KEY (proposal_id, "position");

ALTER TABLE ONLY rage.proposals
    ADD CONSTRAINT proposals_pkey PRIMARY KEY (proposal_id);

ALTER TABLE ONLY rage.provider_pauses
    ADD CONSTRAINT provider_pauses_pkey PRIMARY KEY (provider);

ALTER TABLE ONLY rage.ratings
    ADD CONSTRAINT ratings_pkey PRIMARY KEY (generation_id, "position", rated_by);

ALTER TABLE ONLY rage.refinement_steps
    ADD CONSTRAINT refinement_steps_pkey PRIMARY KEY (root_id, round);

ALTER TABLE ONLY rage.refinements
    ADD CONSTRAINT refinements_pkey PRIMARY KEY (root_id);

ALTER TABLE ONLY rage.search_legs
    ADD CONSTRAINT search_legs_pkey PRIMARY KEY (leg);

ALTER TABLE ONLY rage.search_results
    ADD CONSTRAINT search_results_pkey PRIMARY KEY (search_id, rank);

ALTER TABLE ONLY rage.searches
    ADD CONSTRAINT searches_pkey PRIMARY KEY (search_id);

ALTER TABLE ONLY rage.tags
    ADD CONSTRAINT tags_brand_name_unique UNIQUE (brand_id, name);

ALTER TABLE ONLY rage.tags
    ADD CONSTRAINT tags_brand_tag_unique UNIQUE (brand_id, tag_id);

ALTER TABLE ONLY rage.tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (tag_id);

ALTER TABLE ONLY rage.text_configurations
    ADD CONSTRAINT text_configurations_pkey PRIMARY KEY (brand_id, configuration);

CREATE INDEX audit_log_at ON rage.audit_log USING btree (at);

CREATE INDEX audit_log_brand ON rage.audit_log USING btree (brand_id, at);

CREATE INDEX audit_log_object ON rage.audit_log USING btree (object, object_id);

CREATE INDEX caption_tries_call ON rage.caption_tries USING btree (call_id);

CREATE INDEX caption_tries_content ON rage.caption_tries USING btree (content_id);

CREATE UNIQUE INDEX captions_one_current ON rage.captions USING btree (image_id) WHERE is_current;

CREATE INDEX captions_to_review ON rage.captions USING btree (image_id) WHERE (is_current AND (source = 'model'::text) AND (reviewed_at IS NULL));

CREATE INDEX collection_images_by_image ON rage.collection_images USING btree (image_id);

CREATE INDEX descriptions_content ON rage.descriptions USING btree (content_id);

CREATE INDEX embedding_claims_by_filler ON rage.embedding_claims USING btree (filler_id);

CREATE INDEX embedding_claims_by_image ON rage.embedding_claims USING btree (brand_id, image_id);

CREATE INDEX failed_items_by_space ON rage.failed_items USING btree (space_id, attempts);

CREATE INDEX fillers_by_space ON rage.fillers USING btree (space_id);

CREATE UNIQUE INDEX generation_batch_items_generation ON rage.generation_batch_items USING btree (generation_id);

CREATE INDEX generation_batch_items_pending ON rage.generation_batch_items USING btree (batch_id, "position") WHERE ((generation_id IS NULL) AND (reason IS NULL));

CREATE INDEX generation_batches_brand ON rage.generation_batches USING btree (brand_id, created_at);

CREATE UNIQUE INDEX generation_batches_idempotency_key ON rage.generation_batches USING btree (COALESCE(asked_by, ''::text), idempotency_key) WHERE (idempotency_key IS NOT NULL);

CREATE INDEX generation_batches_open ON rage.generation_batches USING btree (batch_id) WHERE (state = 'open'::text);

CREATE INDEX generation_outputs_by_image ON rage.generation_outputs USING btree (image_id);

CREATE INDEX generation_references_by_image ON rage.generation_references USING btree (image_id);

CREATE INDEX generations_batch ON rage.generations USING btree (batch_id, batch_position) WHERE (batch_id IS NOT NULL);

CREATE INDEX generations_brand ON rage.generations USING btree (brand_id, created_at);

CREATE INDEX generations_created ON rage.generations USING btree (created_at, generation_id);

CREATE INDEX generations_drafts ON rage.generations USING btree (md5(prompt)) WHERE draft;

CREATE UNIQUE INDEX generations_idempotency_key ON rage.generations USING btree (COALESCE(asked_by, ''::text), idempotency_key) WHERE (idempotency_key IS NOT NULL);

CREATE INDEX generations_in_line ON rage.generations USING btree (provider, job_id) WHERE (waits_for = 'turn'::text);

CREATE INDEX generations_labels ON rage.generations USING gin (labels jsonb_path_ops);

CREATE INDEX generations_open ON rage.generations USING btree (generation_id) WHERE (finished_at IS NULL);

CREATE INDEX generations_parent ON rage.generations USING btree (parent_id);

CREATE INDEX generations_proposal ON rage.generations USING btree (proposal_id);

CREATE INDEX generations_retry_of ON rage.generations USING btree (retry_of);

CREATE INDEX generations_search ON rage.generations USING btree (search_id);

CREATE INDEX image_documents_changed ON rage.image_documents USING btree (changed_in, image_id);

CREATE INDEX image_documents_words ON rage.image_documents USING gin (words, (ARRAY[brand_id]));

CREATE INDEX image_identifiers_by_image ON rage.image_identifiers USING btree (image_id, identifier_id);

CREATE INDEX image_identifiers_external_id ON rage.image_identifiers USING btree (identifier) WHERE (root = ''::text);

CREATE INDEX image_products_sku ON rage.image_products USING btree (sku, brand_id);

CREATE INDEX image_products_sku_form ON rage.image_products USING btree (rage.normal_form(sku));

CREATE INDEX image_tags_by_tag ON rage.image_tags USING btree (tag_id, image_id) INCLUDE (brand_id);

CREATE INDEX image_versions_content ON rage.image_versions USING btree (content_id);

CREATE INDEX images_attributes ON rage.images USING gin (attributes jsonb_path_ops);

CREATE UNIQUE INDEX images_brand_content_unique ON rage.images USING btree (brand_id, content_id) WHERE (erased_at IS NULL);

CREATE INDEX images_changed ON rage.images USING btree (changed_in, image_id);

CREATE INDEX images_closed ON rage.images USING btree (image_id) INCLUDE (deleted_at, state, usable_from, usable_until) WHERE ((deleted_at IS NOT NULL) OR (state <> 'approved'::text) OR (usable_from IS NOT NULL) OR (usable_until IS NOT NULL));

CREATE INDEX images_content ON rage.images USING btree (content_id);

CREATE INDEX images_updated ON rage.images USING btree (updated_at, image_id);

CREATE INDEX index_audits_by_space ON rage.index_audits USING btree (space_id, audited_at);

CREATE INDEX judgement_concepts_by_image ON rage.judgement_concepts USING btree (image_id);

CREATE INDEX judgement_concepts_proposal ON rage.judgement_concepts USING btree (proposal_id);

CREATE INDEX judgements_call ON rage.judgements USING btree (call_id);

CREATE INDEX judgements_generation ON rage.judgements USING btree (generation_id);

CREATE INDEX page_sessions_caller ON rage.page_sessions USING btree (caller_id);

CREATE INDEX paid_calls_brand ON rage.paid_calls USING btree (brand_id, started_at);

CREATE INDEX paid_calls_captions ON rage.paid_calls USING btree (started_at) WHERE (purpose = 'caption'::text);

CREATE INDEX paid_calls_generation ON rage.paid_calls USING btree (generation_id);

CREATE INDEX paid_calls_purpose ON rage.paid_calls USING btree (purpose, provider, started_at);

CREATE INDEX paid_calls_started ON rage.paid_calls USING btree (started_at);

CREATE INDEX picture_hashes_bands ON rage.picture_hashes USING gin (bands) WHERE (hash IS NOT NULL);

CREATE INDEX prompt_vectors_caller ON rage.prompt_vectors USING btree (caller_id);

CREATE INDEX proposal_references_by_image ON rage.proposal_references USING btree (image_id);

CREATE INDEX proposals_created ON rage.proposals USING btree (created_at);

CREATE UNIQUE INDEX refinement_steps_generation ON rage.refinement_steps USING btree (generation_id);

CREATE INDEX refinements_open ON rage.refinements USING btree (root_id) WHERE (state = 'open'::text);

CREATE INDEX refinements_result ON rage.refinements USING btree (result_id);

CREATE INDEX search_results_by_image ON rage.search_results USING btree (image_id);

CREATE INDEX searches_created ON rage.searches USING btree (created_at);

CREATE INDEX tags_name ON rage.tags USING btree (name text_pattern_ops);

CREATE TRIGGER audit_added AFTER INSERT ON rage.brands REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('brand_id');

CREATE TRIGGER audit_added AFTER INSERT ON rage.budgets REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('budget_id');

CREATE TRIGGER audit_added AFTER INSERT ON rage.caller_brands REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('caller_id');

CREATE TRIGGER audit_added AFTER INSERT ON rage.callers REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('kind', 'name');

CREATE TRIGGER audit_added AFTER INSERT ON rage.collection_images REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('collection_id');

CREATE TRIGGER audit_added AFTER INSERT ON rage.collections REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('collection_id');

CREATE TRIGGER audit_added AFTER INSERT ON rage.embedding_spaces REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('name');

CREATE TRIGGER audit_added AFTER INSERT ON rage.generations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('generation_id');

CREATE TRIGGER audit_added AFTER INSERT ON rage.images REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('image_id');

CREATE TRIGGER audit_added AFTER INSERT ON rage.prices REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('provider', 'model', 'token_class', 'effective_from');

CREATE TRIGGER audit_added AFTER INSERT ON rage.ratings REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('generation_id', 'position', 'rated_by');

CREATE TRIGGER audit_added AFTER INSERT ON rage.search_legs REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('leg');

CREATE TRIGGER audit_changed AFTER UPDATE ON rage.brands REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('brand_id');

CREATE TRIGGER audit_changed AFTER UPDATE ON rage.budgets REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('budget_id');

CREATE TRIGGER audit_changed AFTER UPDATE ON rage.caller_brands REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('caller_id');

CREATE TRIGGER audit_changed AFTER UPDATE ON rage.callers REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('kind', 'name');

CREATE TRIGGER audit_changed AFTER UPDATE ON rage.collections REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('collection_id');

CREATE TRIGGER audit_changed AFTER UPDATE ON rage.embedding_spaces REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('name');

CREATE TRIGGER audit_changed AFTER UPDATE ON rage.generation_outputs REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('generation_id', 'position');

CREATE TRIGGER audit_changed AFTER UPDATE ON rage.generations REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('generation_id');

CREATE TRIGGER audit_changed AFTER UPDATE ON rage.images REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('image_id');

CREATE TRIGGER audit_changed AFTER UPDATE ON rage.prices REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('provider', 'model', 'token_class', 'effective_from');

CREATE TRIGGER audit_changed AFTER UPDATE ON rage.ratings REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('generation_id', 'position', 'rated_by');

CREATE TRIGGER audit_changed AFTER UPDATE ON rage.search_legs REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('leg');

CREATE TRIGGER audit_changed AFTER UPDATE ON rage.tags REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('tag_id');

CREATE TRIGGER audit_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON rage.audit_log FOR EACH STATEMENT EXECUTE FUNCTION rage.refuse_change();

CREATE TRIGGER audit_removed AFTER DELETE ON rage.brands REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('brand_id');

CREATE TRIGGER audit_removed AFTER DELETE ON rage.budgets REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('budget_id');

CREATE TRIGGER audit_removed AFTER DELETE ON rage.caller_brands REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('caller_id');

CREATE TRIGGER audit_removed AFTER DELETE ON rage.callers REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('kind', 'name');

CREATE TRIGGER audit_removed AFTER DELETE ON rage.collection_images REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('collection_id');

CREATE TRIGGER audit_removed AFTER DELETE ON rage.collections REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('collection_id');

CREATE TRIGGER audit_removed AFTER DELETE ON rage.embedding_spaces REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('name');

CREATE TRIGGER audit_removed AFTER DELETE ON rage.generation_outputs REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('generation_id', 'position');

CREATE TRIGGER audit_removed AFTER DELETE ON rage.generations REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('generation_id');

CREATE TRIGGER audit_removed AFTER DELETE ON rage.images REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('image_id');

CREATE TRIGGER audit_removed AFTER DELETE ON rage.prices REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('provider', 'model', 'token_class', 'effective_from');

CREATE TRIGGER audit_removed AFTER DELETE ON rage.ratings REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('generation_id', 'position', 'rated_by');

CREATE TRIGGER audit_removed AFTER DELETE ON rage.search_legs REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('leg');

CREATE TRIGGER audit_removed AFTER DELETE ON rage.tags REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rage.record_changes('tag_id');

CREATE TRIGGER change_of_input BEFORE UPDATE ON rage.image_documents FOR EACH ROW WHEN ((old.input_sha256 <> new.input_sha256)) EXECUTE FUNCTION rage.note_change();

CREATE TRIGGER change_of_new BEFORE INSERT ON rage.image_documents FOR EACH ROW EXECUTE FUNCTION rage.note_change();

CREATE TRIGGER change_of_new BEFORE INSERT ON rage.images FOR EACH ROW EXECUTE FUNCTION rage.note_change();

CREATE TRIGGER change_of_shown BEFORE UPDATE ON rage.images FOR EACH ROW WHEN (((old.content_id <> new.content_id) OR (old.deleted_at IS DISTINCT FROM new.deleted_at) OR (old.erased_at IS DISTINCT FROM new.erased_at))) EXECUTE FUNCTION rage.note_change();

ALTER TABLE ONLY rage.api_keys
    ADD CONSTRAINT api_keys_caller_id_fkey FOREIGN KEY (caller_id) REFERENCES rage.callers(caller_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.budgets
    ADD CONSTRAINT budgets_brand_id_fkey FOREIGN KEY (brand_id) REFERENCES rage.brands(brand_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.caller_brands
    ADD CONSTRAINT caller_brands_brand_id_fkey FOREIGN KEY (brand_id) REFERENCES rage.brands(brand_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.caller_brands
    ADD CONSTRAINT caller_brands_caller_id_fkey FOREIGN KEY (caller_id) REFERENCES rage.callers(caller_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.caption_tries
    ADD CONSTRAINT caption_tries_call_id_fkey FOREIGN KEY (call_id) REFERENCES rage.paid_calls(call_id) ON DELETE SET NULL;

ALTER TABLE ONLY rage.caption_tries
    ADD CONSTRAINT caption_tries_content_id_fkey FOREIGN KEY (content_id) REFERENCES rage.contents(content_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.caption_tries
    ADD CONSTRAINT caption_tries_image FOREIGN KEY (brand_id, image_id) REFERENCES rage.images(brand_id, image_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.captions
    ADD CONSTRAINT captions_image FOREIGN KEY (brand_id, image_id) REFERENCES rage.images(brand_id, image_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.collection_images
    ADD CONSTRAINT collection_images_collection_id_fkey FOREIGN KEY (collection_id) REFERENCES rage.collections(collection_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.collection_images
    ADD CONSTRAINT collection_images_image_id_fkey FOREIGN KEY (image_id) REFERENCES rage.images(image_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.collections
    ADD CONSTRAINT collections_brand_id_fkey FOREIGN KEY (brand_id) REFERENCES rage.brands(brand_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.common_words
    ADD CONSTRAINT common_words_brand_id_fkey FOREIGN KEY (brand_id) REFERENCES rage.brands(brand_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.descriptions
    ADD CONSTRAINT descriptions_content_id_fkey FOREIGN KEY (content_id) REFERENCES rage.contents(content_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.descriptions
    ADD CONSTRAINT descriptions_image FOREIGN KEY (brand_id, image_id) REFERENCES rage.images(brand_id, image_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.embedding_claims
    ADD CONSTRAINT embedding_claims_image FOREIGN KEY (brand_id, image_id) REFERENCES rage.images(brand_id, image_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.embedding_claims
    ADD CONSTRAINT embedding_claims_space_id_fkey FOREIGN KEY (space_id) REFERENCES rage.embedding_spaces(space_id) ON DELETE CASCADE;

ALTER TABLE rage.embeddings
    ADD CONSTRAINT embeddings_image FOREIGN KEY (brand_id, image_id) REFERENCES rage.images(brand_id, image_id) ON DELETE CASCADE;

ALTER TABLE rage.embeddings
    ADD CONSTRAINT embeddings_space_id_fkey FOREIGN KEY (space_id) REFERENCES rage.embedding_spaces(space_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.failed_items
    ADD CONSTRAINT failed_items_image FOREIGN KEY (brand_id, image_id) REFERENCES rage.images(brand_id, image_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.failed_items
    ADD CONSTRAINT failed_items_space_id_fkey FOREIGN KEY (space_id) REFERENCES rage.embedding_spaces(space_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.fillers
    ADD CONSTRAINT fillers_space_id_fkey FOREIGN KEY (space_id) REFERENCES rage.embedding_spaces(space_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.generation_batch_items
    ADD CONSTRAINT generation_batch_items_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES rage.generation_batches(batch_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.generation_batch_items
    ADD CONSTRAINT generation_batch_items_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES rage.generations(generation_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.generation_batches
    ADD CONSTRAINT generation_batches_brand_id_fkey FOREIGN KEY (brand_id) REFERENCES rage.brands(brand_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.generation_events
    ADD CONSTRAINT generation_events_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES rage.generations(generation_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.generation_masks
    ADD CONSTRAINT generation_masks_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES rage.generations(generation_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.generation_outputs
    ADD CONSTRAINT generation_outputs_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES rage.generations(generation_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.generation_outputs
    ADD CONSTRAINT generation_outputs_image_id_fkey FOREIGN KEY (image_id) REFERENCES rage.images(image_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.generation_partials
    ADD CONSTRAINT generation_partials_event FOREIGN KEY (generation_id, event_id) REFERENCES rage.generation_events(generation_id, event_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.generation_references
    ADD CONSTRAINT generation_references_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES rage.generations(generation_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.generation_references
    ADD CONSTRAINT generation_references_image_id_fkey FOREIGN KEY (image_id) REFERENCES rage.images(image_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.generations
    ADD CONSTRAINT generations_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES rage.generation_batches(batch_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.generations
    ADD CONSTRAINT generations_brand_id_fkey FOREIGN KEY (brand_id) REFERENCES rage.brands(brand_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.generations
    ADD CONSTRAINT generations_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES rage.generations(generation_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.generations
    ADD CONSTRAINT generations_proposal_id_fkey FOREIGN KEY (proposal_id) REFERENCES rage.proposals(proposal_id) ON DELETE SET NULL;

ALTER TABLE ONLY rage.generations
    ADD CONSTRAINT generations_retry_of_fkey FOREIGN KEY (retry_of) REFERENCES rage.generations(generation_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.generations
    ADD CONSTRAINT generations_search_id_fkey FOREIGN KEY (search_id) REFERENCES rage.searches(search_id) ON DELETE SET NULL;

ALTER TABLE ONLY rage.image_documents
    ADD CONSTRAINT image_documents_image FOREIGN KEY (brand_id, image_id) REFERENCES rage.images(brand_id, image_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.image_identifiers
    ADD CONSTRAINT image_identifiers_image FOREIGN KEY (brand_id, image_id) REFERENCES rage.images(brand_id, image_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.image_products
    ADD CONSTRAINT image_products_image FOREIGN KEY (brand_id, image_id) REFERENCES rage.images(brand_id, image_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.image_tags
    ADD CONSTRAINT image_tags_image FOREIGN KEY (brand_id, image_id) REFERENCES rage.images(brand_id, image_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.image_tags
    ADD CONSTRAINT image_tags_tag FOREIGN KEY (brand_id, tag_id) REFERENCES rage.tags(brand_id, tag_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.image_versions
    ADD CONSTRAINT image_versions_content_id_fkey FOREIGN KEY (content_id) REFERENCES rage.contents(content_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.image_versions
    ADD CONSTRAINT image_versions_image FOREIGN KEY (brand_id, image_id) REFERENCES rage.images(brand_id, image_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.images
    ADD CONSTRAINT images_brand_id_fkey FOREIGN KEY (brand_id) REFERENCES rage.brands(brand_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.images
    ADD CONSTRAINT images_content_id_fkey FOREIGN KEY (content_id) REFERENCES rage.contents(content_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.index_audits
    ADD CONSTRAINT index_audits_space_id_fkey FOREIGN KEY (space_id) REFERENCES rage.embedding_spaces(space_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.judgement_concepts
    ADD CONSTRAINT judgement_concepts_image_id_fkey FOREIGN KEY (image_id) REFERENCES rage.images(image_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.judgement_concepts
    ADD CONSTRAINT judgement_concepts_judgement_id_fkey FOREIGN KEY (judgement_id) REFERENCES rage.judgements(judgement_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.judgement_concepts
    ADD CONSTRAINT judgement_concepts_proposal_id_fkey FOREIGN KEY (proposal_id) REFERENCES rage.proposals(proposal_id) ON DELETE SET NULL;

ALTER TABLE ONLY rage.judgements
    ADD CONSTRAINT judgements_call_id_fkey FOREIGN KEY (call_id) REFERENCES rage.paid_calls(call_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.judgements
    ADD CONSTRAINT judgements_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES rage.generations(generation_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.judgements
    ADD CONSTRAINT judgements_root_id_fkey FOREIGN KEY (root_id) REFERENCES rage.refinements(root_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.page_sessions
    ADD CONSTRAINT page_sessions_caller_id_fkey FOREIGN KEY (caller_id) REFERENCES rage.callers(caller_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.paid_calls
    ADD CONSTRAINT paid_calls_brand_id_fkey FOREIGN KEY (brand_id) REFERENCES rage.brands(brand_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.paid_calls
    ADD CONSTRAINT paid_calls_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES rage.generations(generation_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.picture_hashes
    ADD CONSTRAINT picture_hashes_content_id_fkey FOREIGN KEY (content_id) REFERENCES rage.contents(content_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.prompt_vectors
    ADD CONSTRAINT prompt_vectors_caller_id_fkey FOREIGN KEY (caller_id) REFERENCES rage.callers(caller_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.prompt_vectors
    ADD CONSTRAINT prompt_vectors_space_id_fkey FOREIGN KEY (space_id) REFERENCES rage.embedding_spaces(space_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.proposal_references
    ADD CONSTRAINT proposal_references_image_id_fkey FOREIGN KEY (image_id) REFERENCES rage.images(image_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.proposal_references
    ADD CONSTRAINT proposal_references_proposal_id_fkey FOREIGN KEY (proposal_id) REFERENCES rage.proposals(proposal_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.ratings
    ADD CONSTRAINT ratings_output FOREIGN KEY (generation_id, "position") REFERENCES rage.generation_outputs(generation_id, "position") ON DELETE CASCADE;

ALTER TABLE ONLY rage.refinement_steps
    ADD CONSTRAINT refinement_steps_generation_id_fkey FOREIGN KEY (generation_id) REFERENCES rage.generations(generation_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.refinement_steps
    ADD CONSTRAINT refinement_steps_root_id_fkey FOREIGN KEY (root_id) REFERENCES rage.refinements(root_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.refinements
    ADD CONSTRAINT refinements_result_id_fkey FOREIGN KEY (result_id) REFERENCES rage.generations(generation_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.refinements
    ADD CONSTRAINT refinements_root_id_fkey FOREIGN KEY (root_id) REFERENCES rage.generations(generation_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.search_legs
    ADD CONSTRAINT search_legs_space_id_fkey FOREIGN KEY (space_id) REFERENCES rage.embedding_spaces(space_id) ON DELETE RESTRICT;

ALTER TABLE ONLY rage.search_results
    ADD CONSTRAINT search_results_image_id_fkey FOREIGN KEY (image_id) REFERENCES rage.images(image_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.search_results
    ADD CONSTRAINT search_results_search_id_fkey FOREIGN KEY (search_id) REFERENCES rage.searches(search_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.tags
    ADD CONSTRAINT tags_brand_id_fkey FOREIGN KEY (brand_id) REFERENCES rage.brands(brand_id) ON DELETE CASCADE;

ALTER TABLE ONLY rage.text_configurations
    ADD CONSTRAINT text_configurations_brand_id_fkey FOREIGN KEY (brand_id) REFERENCES rage.brands(brand_id) ON DELETE CASCADE;

CREATE POLICY added ON rage.api_keys FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.audit_log FOR INSERT WITH CHECK (false);

CREATE POLICY added ON rage.brands FOR INSERT WITH CHECK ((( SELECT rage.sees_every_brand() AS sees_every_brand) AND ( SELECT rage.has_scope('write'::text) AS has_scope)));

CREATE POLICY added ON rage.budgets FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.caller_brands FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.callers FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.caption_tries FOR INSERT WITH CHECK (((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))) AND (EXISTS ( SELECT
   FROM rage.images i
  WHERE (i.image_id = caption_tries.image_id)))));

CREATE POLICY added ON rage.captions FOR INSERT WITH CHECK (((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))) AND (EXISTS ( SELECT
   FROM rage.images i
  WHERE (i.image_id = captions.image_id)))));

CREATE POLICY added ON rage.collection_images FOR INSERT WITH CHECK (((EXISTS ( SELECT
   FROM rage.collections c
  WHERE ((c.collection_id = collection_images.collection_id) AND (( SELECT rage.is_operator() AS is_operator) OR (c.brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])))))) AND (EXISTS ( SELECT
   FROM rage.images i
  WHERE (i.image_id = collection_images.image_id)))));

CREATE POLICY added ON rage.collections FOR INSERT WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY added ON rage.common_words FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.contents FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.descriptions FOR INSERT WITH CHECK (((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))) AND (EXISTS ( SELECT
   FROM rage.images i
  WHERE (i.image_id = descriptions.image_id)))));

CREATE POLICY added ON rage.embedding_claims FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.embedding_spaces FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.embeddings FOR INSERT WITH CHECK (((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))) AND (EXISTS ( SELECT
   FROM rage.images i
  WHERE (i.image_id = embeddings.image_id)))));

CREATE POLICY added ON rage.failed_items FOR INSERT WITH CHECK (((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))) AND (EXISTS ( SELECT
   FROM rage.images i
  WHERE (i.image_id = failed_items.image_id)))));

CREATE POLICY added ON rage.fillers FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.generation_batch_items FOR INSERT WITH CHECK ((EXISTS ( SELECT
   FROM rage.generation_batches b
  WHERE ((b.batch_id = generation_batch_items.batch_id) AND (( SELECT rage.is_operator() AS is_operator) OR (b.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))));

CREATE POLICY added ON rage.generation_batches FOR INSERT WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[]))));

CREATE POLICY added ON rage.generation_events FOR INSERT WITH CHECK ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = generation_events.generation_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))));

CREATE POLICY added ON rage.generation_masks FOR INSERT WITH CHECK ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = generation_masks.generation_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))));

CREATE POLICY added ON rage.generation_outputs FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.generation_partials FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.generation_references FOR INSERT WITH CHECK (((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = generation_references.generation_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))) AND (EXISTS ( SELECT
   FROM rage.images i
  WHERE (i.image_id = generation_references.image_id)))));

CREATE POLICY added ON rage.generations FOR INSERT WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[]))));

CREATE POLICY added ON rage.image_documents FOR INSERT WITH CHECK (((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))) AND (EXISTS ( SELECT
   FROM rage.images i
  WHERE (i.image_id = image_documents.image_id)))));

CREATE POLICY added ON rage.image_identifiers FOR INSERT WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY added ON rage.image_products FOR INSERT WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY added ON rage.image_tags FOR INSERT WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY added ON rage.image_versions FOR INSERT WITH CHECK (((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))) AND (EXISTS ( SELECT
   FROM rage.images i
  WHERE (i.image_id = image_versions.image_id)))));

CREATE POLICY added ON rage.images FOR INSERT WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY added ON rage.index_audits FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.judgement_concepts FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.judgements FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.page_sessions FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.paid_calls FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.picture_hashes FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.prices FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.prompt_vectors FOR INSERT WITH CHECK ((NOT (caller_id IS DISTINCT FROM ( SELECT rage.caller_id() AS caller_id))));

CREATE POLICY added ON rage.proposal_references FOR INSERT WITH CHECK (((EXISTS ( SELECT
   FROM rage.proposals p
  WHERE (p.proposal_id = proposal_references.proposal_id))) AND (EXISTS ( SELECT
   FROM rage.images i
  WHERE (i.image_id = proposal_references.image_id)))));

CREATE POLICY added ON rage.proposals FOR INSERT WITH CHECK ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR ((brand_ids <> '{}'::integer[]) AND (brand_ids <@ ( SELECT rage.allowed_brands() AS allowed_brands)))));

CREATE POLICY added ON rage.provider_pauses FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.ratings FOR INSERT WITH CHECK ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = ratings.generation_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))));

CREATE POLICY added ON rage.refinement_steps FOR INSERT WITH CHECK (((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = refinement_steps.root_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))) AND (EXISTS ( SELECT
   FROM rage.generations s
  WHERE (s.generation_id = refinement_steps.generation_id)))));

CREATE POLICY added ON rage.refinements FOR INSERT WITH CHECK ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = refinements.root_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))));

CREATE POLICY added ON rage.search_legs FOR INSERT WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY added ON rage.search_results FOR INSERT WITH CHECK (((EXISTS ( SELECT
   FROM rage.searches s
  WHERE (s.search_id = search_results.search_id))) AND (EXISTS ( SELECT
   FROM rage.images i
  WHERE (i.image_id = search_results.image_id)))));

CREATE POLICY added ON rage.searches FOR INSERT WITH CHECK ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR ((brand_ids <> '{}'::integer[]) AND (brand_ids <@ ( SELECT rage.allowed_brands() AS allowed_brands)))));

CREATE POLICY added ON rage.tags FOR INSERT WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY added ON rage.text_configurations FOR INSERT WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

ALTER TABLE rage.api_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.audit_log ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.brands ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.budgets ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.caller_brands ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.callers ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.caption_tries ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.captions ENABLE ROW LEVEL SECURITY;

CREATE POLICY changed ON rage.api_keys FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.audit_log FOR UPDATE USING (false) WITH CHECK (false);

CREATE POLICY changed ON rage.brands FOR UPDATE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])) OR (( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[]))) OR (( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('admin'::text) AS allowed_brands)::integer[]))))) WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('admin'::text) AS allowed_brands)::integer[]))));

CREATE POLICY changed ON rage.budgets FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.caller_brands FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.callers FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.caption_tries FOR UPDATE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])))) WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY changed ON rage.captions FOR UPDATE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])))) WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY changed ON rage.collection_images FOR UPDATE USING ((EXISTS ( SELECT
   FROM rage.collections c
  WHERE ((c.collection_id = collection_images.collection_id) AND (( SELECT rage.is_operator() AS is_operator) OR (c.brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))))))) WITH CHECK (((EXISTS ( SELECT
   FROM rage.collections c
  WHERE ((c.collection_id = collection_images.collection_id) AND (( SELECT rage.is_operator() AS is_operator) OR (c.brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])))))) AND (EXISTS ( SELECT
   FROM rage.images i
  WHERE (i.image_id = collection_images.image_id)))));

CREATE POLICY changed ON rage.collections FOR UPDATE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])))) WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY changed ON rage.common_words FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.contents FOR UPDATE USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (EXISTS ( SELECT
   FROM (rage.image_versions v
     JOIN rage.images i USING (image_id))
  WHERE ((v.content_id = contents.content_id) AND (i.erased_at IS NULL)))))) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.descriptions FOR UPDATE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])))) WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY changed ON rage.embedding_claims FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.embedding_spaces FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.embeddings FOR UPDATE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])))) WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY changed ON rage.failed_items FOR UPDATE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])))) WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY changed ON rage.fillers FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.generation_batch_items FOR UPDATE USING ((EXISTS ( SELECT
   FROM rage.generation_batches b
  WHERE ((b.batch_id = generation_batch_items.batch_id) AND (( SELECT rage.is_operator() AS is_operator) OR (b.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[]))))))) WITH CHECK ((EXISTS ( SELECT
   FROM rage.generation_batches b
  WHERE ((b.batch_id = generation_batch_items.batch_id) AND (( SELECT rage.is_operator() AS is_operator) OR (b.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))));

CREATE POLICY changed ON rage.generation_batches FOR UPDATE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))) WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[]))));

CREATE POLICY changed ON rage.generation_events FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.generation_masks FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.generation_outputs FOR UPDATE USING ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = generation_outputs.generation_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[]))))))) WITH CHECK ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = generation_outputs.generation_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))));

CREATE POLICY changed ON rage.generation_partials FOR UPDATE USING ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = generation_partials.generation_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[]))))))) WITH CHECK ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = generation_partials.generation_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))));

CREATE POLICY changed ON rage.generation_references FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.generations FOR UPDATE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))) WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[]))));

CREATE POLICY changed ON rage.image_documents FOR UPDATE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])))) WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY changed ON rage.image_identifiers FOR UPDATE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])))) WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY changed ON rage.image_products FOR UPDATE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])))) WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY changed ON rage.image_tags FOR UPDATE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])))) WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY changed ON rage.image_versions FOR UPDATE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])))) WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY changed ON rage.images FOR UPDATE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])) OR ((origin = 'generated'::text) AND (( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))) WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])) OR ((origin = 'generated'::text) AND (( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[]))))));

CREATE POLICY changed ON rage.index_audits FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.judgement_concepts FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.judgements FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.page_sessions FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.paid_calls FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.picture_hashes FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.prices FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.prompt_vectors FOR UPDATE USING ((NOT (caller_id IS DISTINCT FROM ( SELECT rage.caller_id() AS caller_id)))) WITH CHECK ((NOT (caller_id IS DISTINCT FROM ( SELECT rage.caller_id() AS caller_id))));

CREATE POLICY changed ON rage.proposal_references FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.proposals FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.provider_pauses FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.ratings FOR UPDATE USING ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = ratings.generation_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[]))))))) WITH CHECK ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = ratings.generation_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))));

CREATE POLICY changed ON rage.refinement_steps FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.refinements FOR UPDATE USING ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = refinements.root_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[]))))))) WITH CHECK ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = refinements.root_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))));

CREATE POLICY changed ON rage.search_legs FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.search_results FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.searches FOR UPDATE USING (( SELECT rage.is_operator() AS is_operator)) WITH CHECK (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY changed ON rage.tags FOR UPDATE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])))) WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY changed ON rage.text_configurations FOR UPDATE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])))) WITH CHECK ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

ALTER TABLE rage.collection_images ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.collections ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.common_words ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.contents ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.descriptions ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.embedding_claims ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.embedding_spaces ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.embeddings ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.failed_items ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.fillers ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.generation_batch_items ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.generation_batches ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.generation_events ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.generation_masks ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.generation_outputs ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.generation_partials ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.generation_references ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.generations ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.image_documents ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.image_identifiers ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.image_products ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.image_tags ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.image_versions ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.images ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.index_audits ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.judgement_concepts ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.judgements ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.page_sessions ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.paid_calls ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.picture_hashes ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.prices ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.prompt_vectors ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.proposal_references ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.proposals ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.provider_pauses ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.ratings ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.refinement_steps ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.refinements ENABLE ROW LEVEL SECURITY;

CREATE POLICY removed ON rage.api_keys FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.audit_log FOR DELETE USING (false);

CREATE POLICY removed ON rage.brands FOR DELETE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])) OR (( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[]))) OR (( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('admin'::text) AS allowed_brands)::integer[])))));

CREATE POLICY removed ON rage.budgets FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.caller_brands FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.callers FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.caption_tries FOR DELETE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY removed ON rage.captions FOR DELETE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY removed ON rage.collection_images FOR DELETE USING ((EXISTS ( SELECT
   FROM rage.collections c
  WHERE ((c.collection_id = collection_images.collection_id) AND (( SELECT rage.is_operator() AS is_operator) OR (c.brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])))))));

CREATE POLICY removed ON rage.collections FOR DELETE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY removed ON rage.common_words FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.contents FOR DELETE USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (EXISTS ( SELECT
   FROM (rage.image_versions v
     JOIN rage.images i USING (image_id))
  WHERE ((v.content_id = contents.content_id) AND (i.erased_at IS NULL))))));

CREATE POLICY removed ON rage.descriptions FOR DELETE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY removed ON rage.embedding_claims FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.embedding_spaces FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.embeddings FOR DELETE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY removed ON rage.failed_items FOR DELETE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY removed ON rage.fillers FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.generation_batch_items FOR DELETE USING ((EXISTS ( SELECT
   FROM rage.generation_batches b
  WHERE ((b.batch_id = generation_batch_items.batch_id) AND (( SELECT rage.is_operator() AS is_operator) OR (b.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))));

CREATE POLICY removed ON rage.generation_batches FOR DELETE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[]))));

CREATE POLICY removed ON rage.generation_events FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.generation_masks FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.generation_outputs FOR DELETE USING ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = generation_outputs.generation_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))));

CREATE POLICY removed ON rage.generation_partials FOR DELETE USING ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = generation_partials.generation_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))));

CREATE POLICY removed ON rage.generation_references FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.generations FOR DELETE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[]))));

CREATE POLICY removed ON rage.image_documents FOR DELETE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY removed ON rage.image_identifiers FOR DELETE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY removed ON rage.image_products FOR DELETE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY removed ON rage.image_tags FOR DELETE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY removed ON rage.image_versions FOR DELETE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY removed ON rage.images FOR DELETE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[])) OR ((origin = 'generated'::text) AND (( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[]))))));

CREATE POLICY removed ON rage.index_audits FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.judgement_concepts FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.judgements FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.page_sessions FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.paid_calls FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.picture_hashes FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.prices FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.prompt_vectors FOR DELETE USING ((NOT (caller_id IS DISTINCT FROM ( SELECT rage.caller_id() AS caller_id))));

CREATE POLICY removed ON rage.proposal_references FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.proposals FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.provider_pauses FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.ratings FOR DELETE USING ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = ratings.generation_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))));

CREATE POLICY removed ON rage.refinement_steps FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.refinements FOR DELETE USING ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE ((g.generation_id = refinements.root_id) AND (( SELECT rage.is_operator() AS is_operator) OR (g.brand_id = ANY (( SELECT rage.allowed_brands('generate'::text) AS allowed_brands)::integer[])))))));

CREATE POLICY removed ON rage.search_legs FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.search_results FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.searches FOR DELETE USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY removed ON rage.tags FOR DELETE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

CREATE POLICY removed ON rage.text_configurations FOR DELETE USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('write'::text) AS allowed_brands)::integer[]))));

ALTER TABLE rage.search_legs ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.search_results ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.searches ENABLE ROW LEVEL SECURITY;

CREATE POLICY seen ON rage.api_keys FOR SELECT USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY seen ON rage.audit_log FOR SELECT USING ((( SELECT rage.is_operator() AS is_operator) OR (brand_id = ANY (( SELECT rage.allowed_brands('admin'::text) AS allowed_brands)::integer[])) OR (( SELECT rage.sees_every_brand() AS sees_every_brand) AND ( SELECT rage.has_scope('admin'::text) AS has_scope))));

CREATE POLICY seen ON rage.brands FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.budgets FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.caller_brands FOR SELECT USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY seen ON rage.callers FOR SELECT USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY seen ON rage.caption_tries FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.captions FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.collection_images FOR SELECT USING ((EXISTS ( SELECT
   FROM rage.collections c
  WHERE (c.collection_id = collection_images.collection_id))));

CREATE POLICY seen ON rage.collections FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.common_words FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.contents FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (EXISTS ( SELECT
   FROM (rage.image_versions v
     JOIN rage.images i USING (image_id))
  WHERE ((v.content_id = contents.content_id) AND (i.erased_at IS NULL))))));

CREATE POLICY seen ON rage.descriptions FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.embedding_claims FOR SELECT USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY seen ON rage.embedding_spaces FOR SELECT USING (true);

CREATE POLICY seen ON rage.embeddings FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.failed_items FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.fillers FOR SELECT USING (( SELECT rage.sees_every_brand() AS sees_every_brand));

CREATE POLICY seen ON rage.generation_batch_items FOR SELECT USING ((EXISTS ( SELECT
   FROM rage.generation_batches b
  WHERE (b.batch_id = generation_batch_items.batch_id))));

CREATE POLICY seen ON rage.generation_batches FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.generation_events FOR SELECT USING ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE (g.generation_id = generation_events.generation_id))));

CREATE POLICY seen ON rage.generation_masks FOR SELECT USING ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE (g.generation_id = generation_masks.generation_id))));

CREATE POLICY seen ON rage.generation_outputs FOR SELECT USING ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE (g.generation_id = generation_outputs.generation_id))));

CREATE POLICY seen ON rage.generation_partials FOR SELECT USING ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE (g.generation_id = generation_partials.generation_id))));

CREATE POLICY seen ON rage.generation_references FOR SELECT USING ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE (g.generation_id = generation_references.generation_id))));

CREATE POLICY seen ON rage.generations FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.image_documents FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.image_identifiers FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.image_products FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.image_tags FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.image_versions FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.images FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.index_audits FOR SELECT USING (( SELECT rage.sees_every_brand() AS sees_every_brand));

CREATE POLICY seen ON rage.judgement_concepts FOR SELECT USING ((EXISTS ( SELECT
   FROM rage.judgements j
  WHERE (j.judgement_id = judgement_concepts.judgement_id))));

CREATE POLICY seen ON rage.judgements FOR SELECT USING ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE (g.generation_id = judgements.generation_id))));

CREATE POLICY seen ON rage.page_sessions FOR SELECT USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY seen ON rage.paid_calls FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.picture_hashes FOR SELECT USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY seen ON rage.prices FOR SELECT USING (true);

CREATE POLICY seen ON rage.prompt_vectors FOR SELECT USING ((( SELECT rage.has_scope('read'::text) AS has_scope) AND ((caller_id IS NULL) OR (caller_id = ( SELECT rage.caller_id() AS caller_id)))));

CREATE POLICY seen ON rage.proposal_references FOR SELECT USING ((EXISTS ( SELECT
   FROM rage.proposals p
  WHERE (p.proposal_id = proposal_references.proposal_id))));

CREATE POLICY seen ON rage.proposals FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR ((brand_ids <> '{}'::integer[]) AND (brand_ids <@ ( SELECT rage.allowed_brands() AS allowed_brands)))));

CREATE POLICY seen ON rage.provider_pauses FOR SELECT USING (( SELECT rage.is_operator() AS is_operator));

CREATE POLICY seen ON rage.ratings FOR SELECT USING ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE (g.generation_id = ratings.generation_id))));

CREATE POLICY seen ON rage.refinement_steps FOR SELECT USING ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE (g.generation_id = refinement_steps.root_id))));

CREATE POLICY seen ON rage.refinements FOR SELECT USING ((EXISTS ( SELECT
   FROM rage.generations g
  WHERE (g.generation_id = refinements.root_id))));

CREATE POLICY seen ON rage.search_legs FOR SELECT USING (true);

CREATE POLICY seen ON rage.search_results FOR SELECT USING ((EXISTS ( SELECT
   FROM rage.searches s
  WHERE (s.search_id = search_results.search_id))));

CREATE POLICY seen ON rage.searches FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR ((brand_ids <> '{}'::integer[]) AND (brand_ids <@ ( SELECT rage.allowed_brands() AS allowed_brands)))));

CREATE POLICY seen ON rage.tags FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

CREATE POLICY seen ON rage.text_configurations FOR SELECT USING ((( SELECT rage.sees_every_brand() AS sees_every_brand) OR (brand_id = ANY (( SELECT rage.allowed_brands() AS allowed_brands)::integer[]))));

ALTER TABLE rage.tags ENABLE ROW LEVEL SECURITY;

ALTER TABLE rage.text_configurations ENABLE ROW LEVEL SECURITY;
