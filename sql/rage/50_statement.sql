-- A search as one statement.
-- $1 filter, $2 among, $3 allowed brands, $4 words, $5 vectors, $6 weights, $7 k, $8 min_relevance, $9 without,
-- $10 depth, $11 candidates of an index scan, $12 matches by estimate (null: they are counted, of a wide filter up to a bound).

CREATE OR REPLACE FUNCTION rage.vector_legs(matching rage.matching, vectors jsonb, indexed text[], brand integer, wide boolean)
RETURNS TABLE (leg text, ctes text, hits text, short text)
LANGUAGE sql STABLE
SET search_path FROM CURRENT
AS $function$
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
$function$;
COMMENT ON FUNCTION rage.vector_legs(rage.matching, jsonb, text[], integer, boolean) IS
    'The pieces of a statement for each leg that has a vector: its CTEs, its hits, and whether its index scan came back short.';


CREATE OR REPLACE FUNCTION rage.search_statement(
    matching rage.matching, words jsonb, vectors jsonb, indexed text[], brand integer, wide boolean
) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
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
$function$;
COMMENT ON FUNCTION rage.search_statement(rage.matching, jsonb, jsonb, text[], integer, boolean) IS
    'The text of a search with its parameters left open. The shape of the request and the route decide it, never a value. wide: the matches are too many to be set aside, or counted. short: the legs whose index scan came back short, so that every match was compared.';
