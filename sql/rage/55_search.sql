-- A search from its request to its rows.

CREATE OR REPLACE FUNCTION rage.strategy(
    vectors jsonb, words jsonb, weights jsonb, indexed text[], brand integer, wide boolean, estimate bigint
) RETURNS text
LANGUAGE sql STABLE
SET search_path FROM CURRENT
RETURN (
    WITH legs AS (
        SELECT
            l.leg,
            vectors ? l.leg OR (l.leg = 'text' AND words IS NOT NULL) AS searched,
            l.leg = ANY (indexed) AS by_index,
            CASE
                WHEN l.leg = 'text' THEN 'only stop words for text'
                WHEN l.space_id IS NULL THEN 'no space for ' || l.leg
                ELSE 'prompt not embedded for ' || l.leg
            END AS lack
        FROM rage.search_legs AS l
        WHERE (weights ->> l.leg)::real > 0
    )
    SELECT concat_ws('; ',
        CASE WHEN brand IS NULL THEN 'hnsw: ' ELSE 'hnsw of the brand: ' END
            || string_agg(leg, ' + ' ORDER BY leg) FILTER (WHERE searched AND by_index),
        'exact: ' || string_agg(leg, ' + ' ORDER BY leg) FILTER (WHERE searched AND NOT by_index),
        CASE WHEN NOT bool_or(searched) THEN 'exact: no leg' END,
        string_agg(lack, ', ' ORDER BY leg) FILTER (WHERE NOT searched),
        CASE WHEN estimate IS NOT NULL THEN 'matched estimated'
             WHEN wide THEN format('matched counted up to %s', rage.most_counted()) END)
    FROM legs
);
COMMENT ON FUNCTION rage.strategy(jsonb, jsonb, jsonb, text[], integer, boolean, bigint) IS
    'How a search finds its answer, in words: exact or by which index, over which legs, and what is missing.';


CREATE OR REPLACE FUNCTION rage.check_k(k integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE
AS $function$
BEGIN
    IF k IS NULL OR k NOT BETWEEN 1 AND 200 THEN
        RAISE EXCEPTION 'k must be from 1 to 200, not %', coalesce(k::text, 'null')
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'k';
    END IF;
END
$function$;
COMMENT ON FUNCTION rage.check_k(integer) IS 'Refuses a number of results that is out of bounds.';


CREATE OR REPLACE FUNCTION rage.check_request(prompt text, k integer, min_relevance real) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $function$
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
$function$;
COMMENT ON FUNCTION rage.check_request(text, integer, real) IS 'The prompt without white space around it, or a clear error.';


CREATE OR REPLACE FUNCTION rage.default_filters(filters jsonb) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
RETURN jsonb_build_object('state', jsonb_build_array('approved'), 'usable_on', current_date) || filters;
COMMENT ON FUNCTION rage.default_filters(jsonb) IS 'A search finds what is approved unless states are named; of what is approved, only what is usable today.';


CREATE OR REPLACE FUNCTION rage.search_depth(k integer, without bigint[], vectors jsonb, words jsonb) RETURNS integer
LANGUAGE sql IMMUTABLE
RETURN greatest(
    k + coalesce(cardinality(without), 0),
    -- Fused, what is second in two legs may pass the first of one; from 1/(60 + 50) on little comes.
    CASE WHEN (SELECT count(*) FROM jsonb_object_keys(vectors)) + (words IS NOT NULL)::integer > 1 THEN 50 ELSE 0 END);
COMMENT ON FUNCTION rage.search_depth(integer, bigint[], jsonb, jsonb) IS 'How many of its best matches a leg gives to the fusion.';


CREATE OR REPLACE FUNCTION rage.prepare_search(
    prompt text, INOUT k integer, INOUT filters jsonb, INOUT among bigint[], legs jsonb, INOUT vectors jsonb,
    INOUT min_relevance real, INOUT without bigint[], exact boolean,
    OUT allowed integer[], OUT words jsonb, OUT weights jsonb, OUT depth integer,
    OUT indexed text[], OUT candidates integer, OUT wide boolean, OUT estimate bigint, OUT brand integer, OUT matching rage.matching, OUT statement text
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
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
$function$;
COMMENT ON FUNCTION rage.prepare_search(text, integer, jsonb, bigint[], jsonb, jsonb, real, bigint[], boolean) IS
    'A request, checked and made ready for who asks: the statement that answers it, the values of its parameters, and the legs that go through their index (none where it must be exact).';


-- ROWS: as many as are asked for as a rule. Planned for a thousand, a join with the images reads every one of them.
-- random_page_cost: a store in use lies in memory. At 4, which means a spinning disk, one image in a hundred is found by
-- reading them all. jit: compiling takes longer than any search.
CREATE OR REPLACE FUNCTION rage.search(
    prompt text, k integer, filters jsonb, among bigint[], legs jsonb, vectors jsonb, min_relevance real,
    without bigint[], exact boolean DEFAULT false
) RETURNS TABLE (rank integer, image_id bigint, score double precision, hits jsonb, strategy text, matched bigint, complete boolean)
LANGUAGE plpgsql STABLE ROWS 20
SET search_path FROM CURRENT
SET random_page_cost = 1.1
SET jit = off
AS $function$
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
$function$;
COMMENT ON FUNCTION rage.search(text, integer, jsonb, bigint[], jsonb, jsonb, real, bigint[], boolean) IS
    'Runs a search: the ids of the best matches with how each leg ranked them. exact: every match is compared, no index is asked.';


CREATE OR REPLACE FUNCTION rage.report(
    prompt text, k integer, filters jsonb, among bigint[], legs jsonb, vectors jsonb, min_relevance real,
    without bigint[]
) RETURNS TABLE (strategy text, matched bigint, complete boolean)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET random_page_cost = 1.1
SET jit = off
AS $function$
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
$function$;
COMMENT ON FUNCTION rage.report(text, integer, jsonb, bigint[], jsonb, jsonb, real, bigint[]) IS
    'How a search is answered, without its rows.';


CREATE OR REPLACE FUNCTION rage.printed_search(
    prompt text, k integer, filters jsonb, among bigint[], legs jsonb, vectors jsonb, min_relevance real,
    without bigint[]
) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
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
$function$;
COMMENT ON FUNCTION rage.printed_search(text, integer, jsonb, bigint[], jsonb, jsonb, real, bigint[]) IS
    'The statement of a search with its values written in.';
