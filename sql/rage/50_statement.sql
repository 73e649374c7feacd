-- A search as one statement.
-- $1 filter, $2 among, $3 allowed brands, $4 words, $5 vectors, $6 weights, $7 k, $8 min_relevance, $9 without.

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
      AND ($9 IS NULL OR image_id <> ALL ($9))
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
