-- A search from its request to its rows.

CREATE OR REPLACE FUNCTION rage.strategy(vectors jsonb, words jsonb, weights jsonb) RETURNS text
LANGUAGE sql STABLE
SET search_path FROM CURRENT
RETURN (
    WITH legs AS (
        SELECT
            l.leg,
            vectors ? l.leg OR (l.leg = 'text' AND words IS NOT NULL) AS searched,
            CASE
                WHEN l.leg = 'text' THEN 'only stop words for text'
                WHEN l.space_id IS NULL THEN 'no space for ' || l.leg
                ELSE 'prompt not embedded for ' || l.leg
            END AS lack
        FROM rage.search_legs AS l
        WHERE (weights ->> l.leg)::real > 0
    )
    SELECT 'exact: '
        || coalesce(string_agg(leg, ' + ' ORDER BY leg) FILTER (WHERE searched), 'no leg')
        || coalesce('; ' || string_agg(lack, ', ' ORDER BY leg) FILTER (WHERE NOT searched), '')
    FROM legs
);
COMMENT ON FUNCTION rage.strategy(jsonb, jsonb, jsonb) IS
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


CREATE OR REPLACE FUNCTION rage.prepare_search(
    prompt text, INOUT k integer, INOUT filters jsonb, INOUT among bigint[], legs jsonb, INOUT vectors jsonb,
    INOUT min_relevance real, INOUT without bigint[], OUT allowed integer[], OUT words jsonb, OUT weights jsonb, OUT strategy text,
    OUT statement text
)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    asked  text := rage.check_request(prompt, k, min_relevance);
BEGIN
    allowed := rage.brand_limit();
    filters := rage.resolved(rage.default_filters(filters), allowed);
    weights := rage.leg_weights(legs);
    vectors := rage.query_vectors(asked, weights, vectors, legs IS NOT NULL, allowed);
    IF (weights ->> 'text')::real > 0 THEN
        words := rage.prompt_words(asked, allowed);
    END IF;
    strategy := rage.strategy(vectors, words, weights);
    statement := rage.search_statement(filters, among, allowed, words, vectors);
END
$function$;
COMMENT ON FUNCTION rage.prepare_search(text, integer, jsonb, bigint[], jsonb, jsonb, real, bigint[]) IS
    'A request, checked and made ready for who asks: the statement that answers it, the values of its parameters, and the strategy.';


-- ROWS: as many as are asked for as a rule. Planned for a thousand, a join with the images reads every one of them.
CREATE OR REPLACE FUNCTION rage.search(
    prompt text, k integer, filters jsonb, among bigint[], legs jsonb, vectors jsonb, min_relevance real,
    without bigint[]
) RETURNS TABLE (rank integer, image_id bigint, score double precision, hits jsonb, strategy text, matched bigint, complete boolean)
LANGUAGE plpgsql STABLE ROWS 20
SET search_path FROM CURRENT
AS $function$
DECLARE
    ready  record;
BEGIN
    SELECT * INTO ready FROM rage.prepare_search($1, $2, $3, $4, $5, $6, $7, $8);
    RETURN QUERY EXECUTE
        'SELECT found.rank, found.image_id, found.score, found.legs, $10, found.matched, true FROM ('
        || ready.statement || ') AS found'
    USING ready.filters, ready.among, ready.allowed, ready.words, ready.vectors, ready.weights, ready.k,
          ready.min_relevance, ready.without, ready.strategy;
END
$function$;
COMMENT ON FUNCTION rage.search(text, integer, jsonb, bigint[], jsonb, jsonb, real, bigint[]) IS
    'Runs a search: the ids of the best matches with how each leg ranked them.';


CREATE OR REPLACE FUNCTION rage.report(
    prompt text, k integer, filters jsonb, among bigint[], legs jsonb, vectors jsonb, min_relevance real,
    without bigint[]
) RETURNS TABLE (strategy text, matched bigint, complete boolean)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    ready  record;
BEGIN
    SELECT * INTO ready FROM rage.prepare_search($1, $2, $3, $4, $5, $6, $7, $8);
    RETURN QUERY EXECUTE
        'SELECT $4, count(*), true FROM rage.images AS i WHERE '
        || rage.filter_clause(ready.filters, ready.among, ready.allowed)
    USING ready.filters, ready.among, ready.allowed, ready.strategy;
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
    SELECT * INTO ready FROM rage.prepare_search($1, $2, $3, $4, $5, $6, $7, $8);
    literals := ARRAY[
        quote_nullable(ready.filters) || '::jsonb',
        quote_nullable(ready.among) || '::bigint[]',
        quote_nullable(ready.allowed) || '::integer[]',
        quote_nullable(ready.words) || '::jsonb',
        quote_nullable(ready.vectors) || '::jsonb',
        quote_nullable(ready.weights) || '::jsonb',
        quote_nullable(ready.k) || '::integer',
        quote_nullable(ready.min_relevance) || '::real',
        quote_nullable(ready.without) || '::bigint[]'];
    -- Split at the parameters rather than replace them, and keep what is quoted whole: a value, or the name of an
    -- attribute, may itself contain "$3".
    FOR piece IN SELECT p.part[1] FROM regexp_matches(
        ready.statement, '(''(?:[^'']|'''')*''|"(?:[^"]|"")*"|\$[1-9]|[^$''"]+|.)', 'g') AS p (part)
    LOOP
        printed := printed || CASE WHEN piece ~ '^\$[1-9]$' THEN literals[substr(piece, 2)::integer] ELSE piece END;
    END LOOP;
    RETURN printed;
END
$function$;
COMMENT ON FUNCTION rage.printed_search(text, integer, jsonb, bigint[], jsonb, jsonb, real, bigint[]) IS
    'The statement of a search with its values written in.';
