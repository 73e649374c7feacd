-- By which route the vector legs find their best: through the HNSW index, or by comparing every match.

CREATE OR REPLACE FUNCTION rage.estimated_matches(filters jsonb, among bigint[], allowed integer[]) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $function$
DECLARE
    plan  jsonb;
BEGIN
    -- Counting takes up to twenty times as long as the search. A function that runs EXPLAIN must be VOLATILE.
    EXECUTE 'EXPLAIN (FORMAT JSON) SELECT FROM rage.images AS i WHERE ' || rage.filter_clause(filters, among, allowed)
    INTO plan USING filters, among, allowed;
    RETURN (plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint;
END
$function$;
COMMENT ON FUNCTION rage.estimated_matches(jsonb, bigint[], integer[]) IS
    'About how many images pass a resolved filter, by the planner''s statistics.';


CREATE OR REPLACE FUNCTION rage.route(
    filters jsonb, among bigint[], allowed integer[], vectors jsonb, depth integer,
    OUT indexed text[], OUT candidates integer, OUT matches bigint
)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $function$
DECLARE
    -- An index scan of fewer candidates saves nothing, one of more is beyond the bound of hnsw.ef_search.
    fewest  constant integer := 200;
    most    constant integer := 1000;
    sound   jsonb;
    images  real;
BEGIN
    indexed := '{}';
    -- Until it is analysed a table's reltuples is -1: what is new and small is compared.
    SELECT jsonb_object_agg(l.leg, round(least(r.reltuples, 1e9) / s.candidate_cost)) INTO sound
    FROM rage.search_legs AS l
    JOIN rage.embedding_spaces AS s USING (space_id)
    JOIN pg_class AS r ON r.oid = to_regclass(format('rage.embeddings_%s', l.space_id))
    JOIN pg_index AS x ON x.indexrelid = to_regclass(format('rage.embeddings_%s_hnsw', l.space_id)) AND x.indisvalid
    WHERE vectors ? l.leg AND r.reltuples > s.candidate_cost * fewest;
    IF sound IS NULL THEN
        RETURN;
    END IF;
    matches := greatest(rage.estimated_matches(filters, among, allowed), 1);
    SELECT greatest(r.reltuples, matches) INTO images FROM pg_class AS r WHERE r.oid = 'rage.images'::regclass;
    -- The first half must hold `depth` matches. Under a filter that has nothing to do with the picture their number
    -- there is Poisson: two and a half standard deviations more than needed come short once in a hundred times.
    candidates := greatest(fewest, least(ceil(2 * (depth + 2.5 * sqrt(depth)) * images / matches), most + 1));
    IF candidates > most THEN
        RETURN;
    END IF;
    indexed := ARRAY(
        SELECT l.leg FROM rage.search_legs AS l JOIN rage.embedding_spaces AS s USING (space_id)
        WHERE candidates < (sound ->> l.leg)::double precision AND candidates * s.candidate_cost < matches
        ORDER BY l.leg);
    matches := round(matches, 1 - floor(log(matches))::integer);
END
$function$;
COMMENT ON FUNCTION rage.route(jsonb, bigint[], integer[], jsonb, integer) IS
    'The legs that go through their index because reading so many candidates from it costs less than comparing about so many matches; depth: how many of a leg''s best are needed. No leg: every match is compared.';


CREATE OR REPLACE FUNCTION rage.scan_settings() RETURNS text[]
LANGUAGE sql STABLE
RETURN ARRAY[current_setting('hnsw.ef_search', true), current_setting('hnsw.iterative_scan', true)];
COMMENT ON FUNCTION rage.scan_settings() IS 'The settings of index scans; null while pgvector is not loaded.';


-- Put back by hand: SET clauses of a function that name another library's settings only a superuser can restore
-- from a dump. What fails takes them back with its transaction.
CREATE OR REPLACE FUNCTION rage.set_scan(ef_search text, iterative_scan text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $function$
BEGIN
    PERFORM set_config('hnsw.ef_search', ef_search, true), set_config('hnsw.iterative_scan', iterative_scan, true);
END
$function$;
COMMENT ON FUNCTION rage.set_scan(text, text) IS
    'Sets how many candidates an index scan finds, and whether it goes on beyond them: that would fill its rows with what it had set aside, and not tell.';
