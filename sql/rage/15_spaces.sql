-- Embedding spaces: whose they are, and how they come and go.

CREATE OR REPLACE FUNCTION rage.space_of(
    encoder text, model text, weights_sha256 text, dimensions integer, encodes text
) RETURNS integer
LANGUAGE sql STABLE
SET search_path FROM CURRENT
RETURN (
    SELECT s.space_id
    FROM rage.embedding_spaces AS s
    WHERE s.encoder = space_of.encoder
      AND s.model = space_of.model
      AND s.weights_sha256 IS NOT DISTINCT FROM space_of.weights_sha256
      AND s.dimensions = space_of.dimensions
      AND s.encodes = space_of.encodes
      AND s.state <> 'retired'
);
COMMENT ON FUNCTION rage.space_of(text, text, text, integer, text) IS
    'The space of an encoder: same model, same weights, same dimensions, same thing encoded; null where there is none.';


CREATE OR REPLACE FUNCTION rage.add_space(
    name text, encodes text, encoder text, model text, weights_sha256 text, dimensions integer
) RETURNS integer
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
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
$function$;
COMMENT ON FUNCTION rage.add_space(text, text, text, text, text, integer) IS
    'The space of an encoder, to be filled from now on: made, or taken up again where it was idle or retired.';


CREATE OR REPLACE FUNCTION rage.retire_space(retired integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
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
$function$;
COMMENT ON FUNCTION rage.retire_space(integer) IS
    'Gives the room of a space free: its vectors, those of prompts, its failures. Its row stays, for history and to be added again.';


CREATE OR REPLACE FUNCTION rage.most_tries() RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 3;
COMMENT ON FUNCTION rage.most_tries() IS 'How often an input may fail before it is held: left alone until somebody has it tried again.';


CREATE OR REPLACE FUNCTION rage.lost_after() RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN interval '15 seconds';
COMMENT ON FUNCTION rage.lost_after() IS 'For how long whoever fills a space may be silent before others take over what it was at.';


CREATE OR REPLACE FUNCTION rage.set_index_aside(space integer, many integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
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
$function$;
COMMENT ON FUNCTION rage.set_index_aside(integer, integer) IS
    'Drops the HNSW index of a space without vectors in a store of many images, to be built after a load; whether it did.';


CREATE OR REPLACE FUNCTION rage.build_index(space integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
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
$function$;
COMMENT ON FUNCTION rage.build_index(integer) IS
    'Builds the HNSW index of a space that was set aside for a load; whether there was one to build.';
