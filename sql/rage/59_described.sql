-- What a search found, with its images as the views show them. In PL/pgSQL, which keeps the plan: the public functions,
-- whose arguments and columns share names as only SQL functions may, would plan the view for every search.

-- LEFT keeps the search first: joined from the images, an empty store would let bad arguments pass. Each is there.
-- OFFSET 0 keeps it one look for each row: before a store is analysed, Postgres would put all of its images together.
CREATE OR REPLACE FUNCTION rage.described_search(
    prompt text, k integer, filters jsonb, among bigint[], legs jsonb, vectors jsonb, min_relevance real, without bigint[]
) RETURNS TABLE (
    rank integer, image_id bigint, external_id text, brand text, skus text[], title text, tags text[],
    score double precision, hits jsonb, strategy text, matched bigint, complete boolean
)
LANGUAGE plpgsql STABLE ROWS 20
SET search_path FROM CURRENT
AS $function$
BEGIN
    RETURN QUERY
    SELECT found.rank, found.image_id, i.external_id, i.brand, i.skus, i.title, i.tags,
           found.score, found.hits, found.strategy, found.matched, found.complete
    FROM rage.search($1, $2, $3, $4, $5, $6, $7, $8) AS found
    LEFT JOIN LATERAL (
        SELECT v.external_id, v.brand, v.skus, v.title, v.tags FROM rage_v1.images AS v WHERE v.image_id = found.image_id OFFSET 0
    ) AS i ON true
    ORDER BY found.rank;
END
$function$;
COMMENT ON FUNCTION rage.described_search(text, integer, jsonb, bigint[], jsonb, jsonb, real, bigint[]) IS
    'The rows of rage.search with the images as rage_v1.images shows them.';


CREATE OR REPLACE FUNCTION rage.described_nearest(image_id bigint, by text, k integer, filters jsonb, among bigint[])
RETURNS TABLE (
    rank integer, similar_id bigint, external_id text, brand text, skus text[], title text, tags text[],
    distance double precision, strategy text, matched bigint, complete boolean
)
LANGUAGE plpgsql STABLE ROWS 20
SET search_path FROM CURRENT
AS $function$
BEGIN
    RETURN QUERY
    SELECT found.rank, found.similar_id, i.external_id, i.brand, i.skus, i.title, i.tags,
           found.distance, found.strategy, found.matched, found.complete
    FROM rage.nearest($1, $2, $3, $4, $5) AS found
    LEFT JOIN LATERAL (
        SELECT v.external_id, v.brand, v.skus, v.title, v.tags FROM rage_v1.images AS v WHERE v.image_id = found.similar_id OFFSET 0
    ) AS i ON true
    ORDER BY found.rank;
END
$function$;
COMMENT ON FUNCTION rage.described_nearest(bigint, text, integer, jsonb, bigint[]) IS
    'The rows of rage.nearest with the images as rage_v1.images shows them.';
