-- A search as one statement.
-- $1 filter, $2 among, $3 allowed brands, $4 words, $5 vectors, $6 weights, $7 k, $8 min_relevance, $9 without,
-- $10 depth, $11 candidates of an index scan, $12 matches by estimate.

CREATE OR REPLACE FUNCTION rage.search_statement(
    filters jsonb, among bigint[], allowed integer[], words jsonb, vectors jsonb, indexed text[]
) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $function$
DECLARE
    filter     text := rage.filter_clause(filters, among, allowed);
    wide       boolean := indexed <> '{}';
    leg_space  record;
    legs       text[] := '{}';
    hits       text[] := '{}';
    short      text[] := '{}';
BEGIN
    FOR leg_space IN
        SELECT l.leg, s.space_id, s.dimensions
        FROM rage.search_legs AS l JOIN rage.embedding_spaces AS s USING (space_id)
        WHERE vectors ? l.leg
        ORDER BY l.leg
    LOOP
        legs := legs || rage.vector_leg(
            leg_space.leg, leg_space.space_id, leg_space.dimensions, filter, leg_space.leg = ANY (indexed));
        hits := hits || format(
            'SELECT image_id, %1$L AS leg, place, 1 AS strength, ''distance'' AS measure, distance AS value FROM %1$I',
            leg_space.leg);
        IF leg_space.leg = ANY (indexed) THEN
            short := short || format('SELECT %L WHERE (SELECT short FROM %I)', leg_space.leg, leg_space.leg || '_scanned');
        END IF;
    END LOOP;
    IF words IS NOT NULL THEN
        legs := legs || rage.text_leg(filter, wide, words);
        -- No rank tells how weak a match is: the leg weighs as much as the words that an image has of the prompt.
        hits := hits ||
            'SELECT image_id, ''text'' AS leg, place, strength, ''score'' AS measure, score AS value FROM "text"'::text;
    END IF;
    IF hits = '{}' THEN
        hits := ARRAY['SELECT image_id, ''text'' AS leg, 1::bigint AS place, 1 AS strength, ''score'' AS measure, 0 AS value FROM matches WHERE false'];
    END IF;
    -- Reciprocal rank fusion (Cormack, Clarke, Buettcher, SIGIR 2009) with k = 60, weighted by leg and by a hit's
    -- strength. A match that no leg ranked still counts as an answer where there is room: it comes last, with a score of 0.
    RETURN format($sql$
WITH matches AS MATERIALIZED (
    SELECT i.image_id
    FROM rage.images AS i
    WHERE %s
),%s,
hits AS MATERIALIZED (
    %s
),
fused AS MATERIALIZED (
    SELECT image_id, sum(($6 ->> leg)::double precision * strength / (60 + place)) AS score
    FROM hits
    GROUP BY image_id
),
answer AS (
    SELECT image_id, score FROM fused
    UNION ALL
    SELECT image_id, 0 FROM matches
    WHERE (SELECT count(*) FROM fused) < $10 AND image_id NOT IN (SELECT image_id FROM fused)
),
best AS (
    SELECT image_id, score
    FROM answer
    WHERE score >= $8 * (SELECT max(score) FROM answer)
      AND ($9 IS NULL OR image_id <> ALL ($9))
    ORDER BY score DESC, image_id
    LIMIT $7
),
explained AS (
    SELECT image_id, jsonb_object_agg(leg, jsonb_build_object('rank', place, measure, value)) AS legs
    FROM best JOIN hits USING (image_id)
    GROUP BY image_id
),
route AS (
    SELECT ARRAY(%s) AS short
)
SELECT row_number() OVER (ORDER BY score DESC, image_id)::integer AS rank,
       image_id,
       score,
       coalesce(legs, '{}') AS legs,
       -- Counting a wide filter would take longer than the search.
       (SELECT CASE WHEN %s THEN $12 ELSE (SELECT count(*) FROM matches) END FROM route) AS matched,
       (SELECT short FROM route) AS short
FROM best LEFT JOIN explained USING (image_id)
ORDER BY score DESC, image_id$sql$,
        filter,
        coalesce(nullif(array_to_string(legs, ','), ''), E'\nno_leg AS (SELECT)'),
        array_to_string(hits, E'\n    UNION ALL\n    '),
        coalesce(nullif(array_to_string(short, ' UNION ALL '), ''), 'SELECT '''' WHERE false'),
        CASE WHEN wide THEN 'short = ''{}''' ELSE 'false' END);
END
$function$;
COMMENT ON FUNCTION rage.search_statement(jsonb, bigint[], integer[], jsonb, jsonb, text[]) IS
    'The text of a search with its parameters left open. The shape of the request and the route decide it, never a value. short: the legs whose index scan came back short, so that every match was compared.';
