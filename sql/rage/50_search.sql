-- A search as one statement.
-- $1 filter, $2 among, $3 allowed brands, $4 words, $5 vectors, $6 weights, $7 k, $8 min_relevance.

CREATE OR REPLACE FUNCTION rage.vector_leg(leg text, space integer, dimensions integer) RETURNS text
LANGUAGE sql STABLE
RETURN (
    -- Named with the schema that the host gave pgvector: the statement runs under any search_path.
    SELECT format($sql$
%1$I AS (
    SELECT image_id, distance, row_number() OVER (ORDER BY distance, image_id) AS place
    FROM (
        SELECT e.image_id,
               e.embedding::%4$I.halfvec(%3$s) OPERATOR(%4$I.<=>) ($5 ->> %1$L)::%4$I.halfvec(%3$s) AS distance
        FROM matches JOIN rage.%2$I AS e USING (image_id)
    ) AS measured
)$sql$, leg, 'embeddings_' || space, dimensions, n.nspname)
    FROM pg_extension AS x JOIN pg_namespace AS n ON n.oid = x.extnamespace
    WHERE x.extname = 'vector'
);
COMMENT ON FUNCTION rage.vector_leg(text, integer, integer) IS 'The CTE of a vector leg: every match by exact cosine distance.';


CREATE OR REPLACE FUNCTION rage.search_statement(
    filters jsonb, among bigint[], allowed integer[], words jsonb, vectors jsonb
) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    leg_space  record;
    legs       text[] := '{}';
    hits       text[] := '{}';
BEGIN
    FOR leg_space IN
        SELECT l.leg, s.space_id, s.dimensions
        FROM rage.search_legs AS l JOIN rage.embedding_spaces AS s USING (space_id)
        WHERE vectors ? l.leg
        ORDER BY l.leg
    LOOP
        legs := legs || rage.vector_leg(leg_space.leg, leg_space.space_id, leg_space.dimensions);
        hits := hits || format(
            'SELECT image_id, %1$L AS leg, place, 1 AS strength, ''distance'' AS measure, distance AS value FROM %1$I',
            leg_space.leg);
    END LOOP;
    IF words IS NOT NULL THEN
        legs := legs || $sql$
words AS (
    SELECT quote_literal(word)::tsquery AS word, share::double precision AS share
    FROM jsonb_each_text($4) AS w (word, share)
),
"text" AS (
    SELECT image_id, score, row_number() OVER (ORDER BY score DESC, density DESC, image_id) AS place
    FROM (
        SELECT d.image_id,
               sum(w.share) AS score,
               ts_rank('{0.1, 0.3, 0.6, 1.0}', d.words, (SELECT string_agg(word::text, ' | ')::tsquery FROM words), 1) AS density
        FROM matches
        JOIN rage.image_documents AS d USING (image_id)
        JOIN words AS w ON d.words @@ w.word
        GROUP BY d.image_id, d.words
    ) AS scored
)$sql$::text;
        -- No rank tells how weak a match is: the leg weighs as much as the words that an image has of the prompt.
        hits := hits ||
            'SELECT image_id, ''text'' AS leg, place, score AS strength, ''score'' AS measure, score AS value FROM "text"'::text;
    END IF;
    IF hits = '{}' THEN
        hits := ARRAY['SELECT image_id, ''text'' AS leg, 1::bigint AS place, 1 AS strength, ''score'' AS measure, 0 AS value FROM matches WHERE false'];
    END IF;
    -- Reciprocal rank fusion (Cormack, Clarke, Buettcher, SIGIR 2009) with k = 60, weighted by leg and by a hit's
    -- strength. A match that no leg ranked still counts as an answer: it comes last with a score of 0.
    RETURN format($sql$
WITH matches AS MATERIALIZED (
    SELECT i.image_id
    FROM rage.images AS i
    WHERE %s
),%s,
hits AS MATERIALIZED (
    %s
),
fused AS (
    SELECT image_id, sum(($6 ->> leg)::double precision * strength / (60 + place)) AS score
    FROM hits
    GROUP BY image_id
),
answer AS (
    SELECT image_id, coalesce(score, 0) AS score
    FROM matches LEFT JOIN fused USING (image_id)
),
best AS (
    SELECT image_id, score
    FROM answer
    WHERE score >= $8 * (SELECT max(score) FROM answer)
    ORDER BY score DESC, image_id
    LIMIT $7
),
explained AS (
    SELECT image_id, jsonb_object_agg(leg, jsonb_build_object('rank', place, measure, value)) AS legs
    FROM best JOIN hits USING (image_id)
    GROUP BY image_id
)
SELECT row_number() OVER (ORDER BY score DESC, image_id)::integer AS rank,
       image_id,
       score,
       coalesce(legs, '{}') AS legs,
       (SELECT count(*) FROM matches) AS matched
FROM best LEFT JOIN explained USING (image_id)
ORDER BY score DESC, image_id$sql$,
        rage.filter_clause(filters, among, allowed),
        coalesce(nullif(array_to_string(legs, ','), ''), E'\nno_leg AS (SELECT)'),
        array_to_string(hits, E'\n    UNION ALL\n    '));
END
$function$;
COMMENT ON FUNCTION rage.search_statement(jsonb, bigint[], integer[], jsonb, jsonb) IS
    'The text of a search with its parameters left open. Only the shape of the request decides it, never a value.';


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


CREATE OR REPLACE FUNCTION rage.check_request(prompt text, k integer, min_relevance real) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $function$
BEGIN
    IF btrim(coalesce(prompt, ''), E' \t\r\n') = '' THEN
        RAISE EXCEPTION 'the prompt is empty' USING ERRCODE = 'invalid_parameter_value', COLUMN = 'prompt';
    ELSIF length(prompt) > 32000 THEN
        RAISE EXCEPTION 'the prompt has % characters, at most 32000 are possible', length(prompt)
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'prompt';
    ELSIF k IS NULL OR k NOT BETWEEN 1 AND 200 THEN
        RAISE EXCEPTION 'k must be from 1 to 200, not %', coalesce(k::text, 'null')
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'k';
    ELSIF min_relevance IS NULL OR min_relevance NOT BETWEEN 0 AND 1 THEN
        RAISE EXCEPTION 'min_relevance must be from 0 to 1' USING ERRCODE = 'invalid_parameter_value', COLUMN = 'min_relevance';
    END IF;
    RETURN btrim(prompt, E' \t\r\n');
END
$function$;
COMMENT ON FUNCTION rage.check_request(text, integer, real) IS 'The prompt without white space around it, or a clear error.';


CREATE OR REPLACE FUNCTION rage.search(
    prompt text, k integer, filters jsonb, among bigint[], legs jsonb, vectors jsonb, min_relevance real
) RETURNS TABLE (rank integer, image_id bigint, score double precision, hits jsonb, strategy text, matched bigint, complete boolean)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    allowed  integer[] := rage.brand_limit();
    asked    text := rage.check_request(search.prompt, search.k, search.min_relevance);
    weights  jsonb := rage.leg_weights(search.legs);
    query    jsonb := rage.query_vectors(asked, weights, search.vectors, search.legs IS NOT NULL, allowed);
    words    jsonb := CASE WHEN (weights ->> 'text')::real > 0 THEN rage.prompt_words(asked, allowed) END;
BEGIN
    RETURN QUERY EXECUTE
        'SELECT found.rank, found.image_id, found.score, found.legs, $9, found.matched, true FROM ('
        || rage.search_statement(search.filters, search.among, allowed, words, query) || ') AS found'
    USING search.filters, search.among, allowed, words, query, weights, search.k, search.min_relevance,
          rage.strategy(query, words, weights);
END
$function$;
COMMENT ON FUNCTION rage.search(text, integer, jsonb, bigint[], jsonb, jsonb, real) IS
    'Runs a search: the ids of the best matches with how each leg ranked them.';


CREATE OR REPLACE FUNCTION rage.default_filters(filters jsonb) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
RETURN jsonb_build_object('state', jsonb_build_array('approved'), 'usable_on', current_date) || filters;
COMMENT ON FUNCTION rage.default_filters(jsonb) IS 'A search finds what is approved unless states are named; of what is approved, only what is usable today.';
