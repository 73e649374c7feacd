-- Images like an image, with the same filters as a search.

CREATE OR REPLACE FUNCTION rage_v1.similar_images(
    image_id        bigint,
    by              text DEFAULT 'caption',
    k               integer DEFAULT 20,
    brands          text[] DEFAULT NULL,
    skus            text[] DEFAULT NULL,
    kinds           text[] DEFAULT NULL,
    states          text[] DEFAULT NULL,
    tags_all        text[] DEFAULT NULL,
    tags_any        text[] DEFAULT NULL,
    tags_none       text[] DEFAULT NULL,
    collections     text[] DEFAULT NULL,
    attributes      jsonb DEFAULT NULL,
    among           bigint[] DEFAULT NULL,
    origins         text[] DEFAULT NULL,
    created_after   timestamptz DEFAULT NULL,
    created_before  timestamptz DEFAULT NULL,
    updated_after   timestamptz DEFAULT NULL,
    min_width       integer DEFAULT NULL,
    min_height      integer DEFAULT NULL
) RETURNS TABLE (
    rank         integer,
    image_id     bigint,
    external_id  text,
    brand        text,
    skus         text[],
    title        text,
    tags         text[],
    distance     double precision,
    strategy     text,
    matched      bigint,
    complete     boolean
)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 20
SET search_path FROM CURRENT
AS $function$
    SELECT
        found.rank, found.similar_id, i.external_id, i.brand, i.skus, i.title, i.tags,
        found.distance, found.strategy, found.matched, found.complete
    FROM rage.nearest(
        $1, $2, $3, rage.filters($4, $5, $6, $7, $8, $9, $10, $11, $12, $14, $15, $16, $17, $18, $19), $13) AS found
    -- Each is there. LEFT keeps the search first: joined from the images, an empty store would let bad arguments pass.
    -- OFFSET 0 keeps it one look for each row: before a store is analysed, Postgres would put all of its images together.
    LEFT JOIN LATERAL (
        SELECT v.external_id, v.brand, v.skus, v.title, v.tags FROM rage_v1.images AS v WHERE v.image_id = found.similar_id OFFSET 0
    ) AS i ON true
    ORDER BY found.rank
$function$;
COMMENT ON FUNCTION rage_v1.similar_images IS
    'The k images most like an image by caption, image or style vector, nearest first, filtered like a search. The image and its duplicates are left out, and so is what has no vector there; matched counts what passes the filter.';
