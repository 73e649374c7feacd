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
    SELECT *
    FROM rage.described_nearest(
        $1, $2, $3, rage.filters($4, $5, $6, $7, $8, $9, $10, $11, $12, $14, $15, $16, $17, $18, $19), $13)
$function$;
COMMENT ON FUNCTION rage_v1.similar_images IS
    'The k images most like an image by caption, image or style vector, nearest first, filtered like a search. The image and its duplicates are left out, and so is what has no vector there; matched counts what passes the filter.';
