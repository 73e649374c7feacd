-- By which route the vector legs find their best: through the HNSW index, or by comparing every match.

CREATE OR REPLACE FUNCTION rage.few_match(filters jsonb, among bigint[], bound integer) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
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
$function$;
COMMENT ON FUNCTION rage.few_match(jsonb, bigint[], integer) IS
    'Whether one look at a resolved filter shows that it leaves at most so many images; false where that takes more.';


CREATE OR REPLACE FUNCTION rage.estimated_matches(
    filter text, filters jsonb, among bigint[], allowed integer[], OUT matches bigint, OUT cost double precision
)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $function$
DECLARE
    plan  jsonb;
BEGIN
    -- Counting takes up to twenty times as long as the search. A function that runs EXPLAIN must be VOLATILE.
    EXECUTE 'EXPLAIN (FORMAT JSON) SELECT FROM rage.images AS i WHERE ' || filter INTO plan USING filters, among, allowed;
    matches := greatest((plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint, 1);
    cost := plan -> 0 -> 'Plan' ->> 'Total Cost';
END
$function$;
COMMENT ON FUNCTION rage.estimated_matches(text, jsonb, bigint[], integer[]) IS
    'About how many images pass a filter, and what counting them costs, by the planner''s statistics.';


CREATE OR REPLACE FUNCTION rage.sound_indexes(legs text[], brand integer)
RETURNS TABLE (leg text, vectors real, candidate_cost real, ef_search integer)
LANGUAGE sql STABLE ROWS 1
SET search_path FROM CURRENT
AS $function$
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
$function$;
COMMENT ON FUNCTION rage.sound_indexes(text[], integer) IS
    'Of these legs those whose space has an HNSW index that is valid and large enough to save anything, with about how many vectors it holds: of a brand''s own images, or (null) of all.';


CREATE OR REPLACE FUNCTION rage.indexed_brand(brand integer, legs text[]) RETURNS integer
LANGUAGE sql STABLE
SET search_path FROM CURRENT
RETURN CASE
    WHEN (SELECT count(*) FROM rage.sound_indexes(legs, brand))
       = greatest((SELECT count(*) FROM rage.sound_indexes(legs, NULL)), 1)
    THEN brand
END;
COMMENT ON FUNCTION rage.indexed_brand(integer, text[]) IS
    'The brand, if every leg that an index serves has one of that brand alone; else null.';


CREATE OR REPLACE FUNCTION rage.route(
    filter text, filters jsonb, among bigint[], allowed integer[], legs text[], depth integer, care real,
    OUT indexed text[], OUT candidates integer, OUT wide boolean, OUT estimate bigint, OUT brand integer
)
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $function$
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
$function$;
COMMENT ON FUNCTION rage.route(text, jsonb, bigint[], integer[], text[], integer, real) IS
    'The legs that go through their index because reading so many candidates from it costs less than comparing about so many matches; depth: how many of a leg''s best are needed; care: what share of a space''s own number of candidates is read at least. No leg: every match is compared. wide: the matches are too many to be set aside, or all counted. estimate: two digits of their number, for who sees every brand. brand: whose own index is read; null: that of all images.';


CREATE OR REPLACE FUNCTION rage.most_counted() RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 2000;
COMMENT ON FUNCTION rage.most_counted() IS 'How far the matches of a wide filter are counted for who does not see every brand.';


CREATE OR REPLACE FUNCTION rage.counted(filter text, wide boolean, found text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE
    WHEN NOT wide THEN '(SELECT count(*) FROM matches)'
    -- An estimate may be less than what is there.
    ELSE format(
        'greatest((SELECT count(*) FROM %I), coalesce($12, '
        '(SELECT count(*) FROM (SELECT FROM rage.images AS i WHERE %s LIMIT rage.most_counted()) AS counted)))',
        found, filter)
END;
COMMENT ON FUNCTION rage.counted(text, boolean, text) IS
    'How many images match, as an expression of a statement; found: the CTE with what was found of them.';


CREATE OR REPLACE FUNCTION rage.scan_of(candidates integer) RETURNS text[]
LANGUAGE sql IMMUTABLE
RETURN ARRAY[
    -- 1,000 is the bound of ef_search: what is beyond comes from going on.
    least(candidates, 1000)::text,
    CASE WHEN candidates > 1000 THEN 'relaxed_order' ELSE 'off' END,
    CASE WHEN candidates > 1000 THEN '4' ELSE '1' END];
COMMENT ON FUNCTION rage.scan_of(integer) IS
    'The values of hnsw.ef_search, hnsw.iterative_scan and hnsw.scan_mem_multiplier under which an index scan finds so many candidates.';


CREATE OR REPLACE FUNCTION rage.scan_settings() RETURNS text[]
LANGUAGE sql STABLE
RETURN ARRAY[
    current_setting('hnsw.ef_search', true), current_setting('hnsw.iterative_scan', true),
    current_setting('hnsw.scan_mem_multiplier', true)];
COMMENT ON FUNCTION rage.scan_settings() IS 'The settings of index scans as they are; null while pgvector is not loaded.';


-- Put back by hand: SET clauses of a function that name another library's settings only a superuser can restore
-- from a dump. What fails takes them back with its transaction.
CREATE OR REPLACE FUNCTION rage.set_scan(settings text[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $function$
BEGIN
    PERFORM set_config('hnsw.ef_search', settings[1], true),
            set_config('hnsw.iterative_scan', settings[2], true),
            set_config('hnsw.scan_mem_multiplier', settings[3], true);
END
$function$;
COMMENT ON FUNCTION rage.set_scan(text[]) IS 'Sets how index scans run until the transaction ends, as scan_settings() gives them.';


CREATE OR REPLACE FUNCTION rage.scan_for(candidates integer) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path FROM CURRENT
AS $function$
BEGIN
    PERFORM rage.set_scan(rage.scan_of(candidates));
END
$function$;
COMMENT ON FUNCTION rage.scan_for(integer) IS 'Sets that index scans find so many candidates, until the transaction ends.';
