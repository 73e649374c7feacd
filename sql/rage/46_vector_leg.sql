-- The CTEs of a vector leg: how its best matches are found.

CREATE OR REPLACE FUNCTION rage.compared_leg(leg text, space integer, dimensions integer, matching rage.matching, wide boolean) RETURNS text
LANGUAGE sql STABLE
RETURN (
    -- Named with the schema that the host gave pgvector: the statement runs under any search_path. The vectors are
    -- not cast as the index casts them: by it, Postgres might walk the index and look for matches on the way.
    SELECT format($sql$
        SELECT image_id, embedding OPERATOR(%3$I.<=>) ($5 ->> %1$L)::%3$I.halfvec(%2$s) AS distance
        FROM %4$s$sql$,
        leg, dimensions, n.nspname,
        CASE
            -- What is read from a CTE or an array is not divided among parallel workers.
            WHEN wide AND NOT (matching).tagged THEN format((matching).within, 'rage.embeddings_' || space)
            -- As an array, the ids are looked up in one pass over the index, in its order.
            ELSE format(
                'rage.embeddings_%s WHERE image_id = ANY (ARRAY(SELECT %s))',
                space, CASE WHEN wide THEN 'i.image_id FROM ' || (matching).listed ELSE 'image_id FROM matches' END)
        END)
    FROM pg_extension AS x JOIN pg_namespace AS n ON n.oid = x.extnamespace
    WHERE x.extname = 'vector'
);
COMMENT ON FUNCTION rage.compared_leg(text, integer, integer, rage.matching, boolean) IS 'The matches of a vector leg, each with its exact cosine distance.';


CREATE OR REPLACE FUNCTION rage.scanned_leg(leg text, space integer, dimensions integer, scanned text, brand integer) RETURNS text
LANGUAGE sql STABLE
RETURN (
    -- Filtered afterwards, the first rows of an index scan tell by their number whether the filter lies near the
    -- query. The second half is where the scan misses most: what is found there does not count. Rows that are gone
    -- and still in the index may all have been among the first.
    SELECT format($sql$
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
),$sql$,
        leg || '_scan', leg || '_found', leg || '_scanned', leg, 'embeddings_' || space, dimensions, n.nspname,
        format(scanned, quote_ident(leg || '_scan')),
        CASE WHEN brand IS NULL THEN '' ELSE format(E'\n        WHERE e.brand_id = %s', brand) END)
    FROM pg_extension AS x JOIN pg_namespace AS n ON n.oid = x.extnamespace
    WHERE x.extname = 'vector'
);
COMMENT ON FUNCTION rage.scanned_leg(text, integer, integer, text, integer) IS
    'The CTEs that read the candidates of a vector leg from its HNSW index, keep those that pass the filter, and tell whether these are too few.';


CREATE OR REPLACE FUNCTION rage.vector_leg(
    leg text, space integer, dimensions integer, matching rage.matching, indexed boolean, brand integer, wide boolean
) RETURNS text
LANGUAGE sql STABLE
RETURN CASE WHEN indexed THEN rage.scanned_leg(leg, space, dimensions, (matching).scanned, brand) ELSE '' END || format($sql$
%1$I AS MATERIALIZED (%2$s%3$s
        ORDER BY distance, image_id
        LIMIT $10%4$s
)$sql$,
    leg || '_compared',
    -- The condition stands around the comparison: within it, parallel workers would be started to find it false.
    CASE WHEN indexed THEN E'\n    SELECT image_id, distance FROM (' END,
    rage.compared_leg(leg, space, dimensions, matching, wide),
    CASE WHEN indexed THEN format(E'\n    ) AS compared\n    WHERE (SELECT short FROM %I)', leg || '_scanned') END)
|| format($sql$,
%1$I AS (
    SELECT image_id, distance, row_number() OVER (ORDER BY distance, image_id) AS place
    FROM %2$s
    LIMIT $10
)$sql$,
    leg,
    CASE WHEN indexed
    THEN format(
        '(SELECT image_id, distance FROM %1$I WHERE NOT (SELECT short FROM %2$I) UNION ALL SELECT image_id, distance FROM %3$I) AS best',
        leg || '_found', leg || '_scanned', leg || '_compared')
    ELSE format('%I', leg || '_compared')
    END);
COMMENT ON FUNCTION rage.vector_leg(text, integer, integer, rage.matching, boolean, integer, boolean) IS
    'The CTEs of a vector leg: its best $10 matches, by its index or, where the scan comes back short and where there is none, by comparing every match.';
