-- The CTEs of a vector leg: how its best matches are found.

CREATE OR REPLACE FUNCTION rage.compared_leg(leg text, space integer, dimensions integer) RETURNS text
LANGUAGE sql STABLE
RETURN (
    -- Named with the schema that the host gave pgvector: the statement runs under any search_path. The vectors are
    -- not cast as the index casts them: by it, Postgres might walk the index and look for matches on the way.
    SELECT format($sql$
        SELECT e.image_id, e.embedding OPERATOR(%4$I.<=>) ($5 ->> %1$L)::%4$I.halfvec(%3$s) AS distance
        FROM matches JOIN rage.%2$I AS e USING (image_id)$sql$,
        leg, 'embeddings_' || space, dimensions, n.nspname)
    FROM pg_extension AS x JOIN pg_namespace AS n ON n.oid = x.extnamespace
    WHERE x.extname = 'vector'
);
COMMENT ON FUNCTION rage.compared_leg(text, integer, integer) IS 'The matches of a vector leg, each with its exact cosine distance.';


CREATE OR REPLACE FUNCTION rage.scanned_leg(leg text, space integer, dimensions integer, filter text) RETURNS text
LANGUAGE sql STABLE
RETURN (
    -- Filtered afterwards, the first rows of an index scan tell by their number whether the filter lies near the
    -- query. The second half is where the scan misses most: what is found there does not count. Rows that are gone
    -- and still in the index may all have been among the first.
    SELECT format($sql$
%1$I AS MATERIALIZED (
    SELECT image_id, distance, row_number() OVER (ORDER BY distance) AS position
    FROM (
        SELECT e.image_id,
               e.embedding::%6$I.halfvec(%5$s) OPERATOR(%6$I.<=>) ($5 ->> %3$L)::%6$I.halfvec(%5$s) AS distance
        FROM rage.%4$I AS e
        ORDER BY distance
        LIMIT $11
    ) AS nearest
),
%2$I AS MATERIALIZED (
    SELECT s.image_id, s.distance, s.position
    FROM %1$I AS s JOIN rage.images AS i USING (image_id)
    WHERE %7$s
),$sql$,
        leg || '_scan', leg || '_found', leg, 'embeddings_' || space, dimensions, n.nspname, filter)
    FROM pg_extension AS x JOIN pg_namespace AS n ON n.oid = x.extnamespace
    WHERE x.extname = 'vector'
);
COMMENT ON FUNCTION rage.scanned_leg(text, integer, integer, text) IS
    'The CTEs that read the candidates of a vector leg from its HNSW index and keep those that pass the filter.';


CREATE OR REPLACE FUNCTION rage.vector_leg(leg text, space integer, dimensions integer, filter text, indexed boolean) RETURNS text
LANGUAGE sql STABLE
RETURN CASE WHEN indexed THEN rage.scanned_leg(leg, space, dimensions, filter) || format($sql$
%1$I AS (
    SELECT count(*) < $10 AS short FROM %2$I WHERE position <= (SELECT count(*) FROM %3$I) - $11 / 2
),$sql$, leg || '_scanned', leg || '_found', leg || '_scan') ELSE '' END || format($sql$
%1$I AS (
    SELECT image_id, distance, row_number() OVER (ORDER BY distance, image_id) AS place
    FROM (%2$s
        ORDER BY distance, image_id
        LIMIT $10
    ) AS nearest
)$sql$,
    leg,
    CASE WHEN indexed
    THEN format($sql$
        SELECT image_id, distance FROM %1$I WHERE NOT (SELECT short FROM %2$I)
        UNION ALL%3$s
        WHERE (SELECT short FROM %2$I)$sql$,
        leg || '_found', leg || '_scanned', rage.compared_leg(leg, space, dimensions))
    ELSE rage.compared_leg(leg, space, dimensions)
    END);
COMMENT ON FUNCTION rage.vector_leg(text, integer, integer, text, boolean) IS
    'The CTEs of a vector leg: its best $10 matches, by its index or, where the scan comes back short and where there is none, by comparing every match.';
