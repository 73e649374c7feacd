-- Images that show the same bytes, or look alike.

CREATE OR REPLACE FUNCTION rage_v1.look_alikes(
    image_id        bigint,
    threshold       integer DEFAULT 7,
    style_within    double precision DEFAULT 0.2,
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
    rank            integer,
    image_id        bigint,
    external_id     text,
    brand           text,
    skus            text[],
    title           text,
    tags            text[],
    kind            text,
    distance        integer,
    style_distance  double precision
)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 20
SET search_path FROM CURRENT
AS $function$
    SELECT *
    FROM rage.described_alike(
        $1, $2, $3, $4, rage.filters($5, $6, $7, $8, $9, $10, $11, $12, $13, $15, $16, $17, $18, $19, $20), $14)
$function$;
COMMENT ON FUNCTION rage_v1.look_alikes IS
    'The images with the same bytes as an image (kind duplicate), then those that look like it (look-alike), filtered like a list: drafts and retired ones are among them. distance counts the bits of 64 in which their perceptual hashes differ, at most threshold; style_within bounds the distance of their style vectors where both have one, null does not.';


CREATE OR REPLACE FUNCTION rage_v1.duplicates(
    threshold       integer DEFAULT 7,
    style_within    double precision DEFAULT 0.2,
    k               integer DEFAULT 100000,
    brands          text[] DEFAULT NULL,
    skus            text[] DEFAULT NULL,
    kinds           text[] DEFAULT NULL,
    states          text[] DEFAULT NULL,
    tags_all        text[] DEFAULT NULL,
    tags_any        text[] DEFAULT NULL,
    tags_none       text[] DEFAULT NULL,
    collections     text[] DEFAULT NULL,
    attributes      jsonb DEFAULT NULL,
    origins         text[] DEFAULT NULL,
    created_after   timestamptz DEFAULT NULL,
    created_before  timestamptz DEFAULT NULL,
    updated_after   timestamptz DEFAULT NULL,
    min_width       integer DEFAULT NULL,
    min_height      integer DEFAULT NULL
) RETURNS TABLE (
    image_id        bigint,
    other_id        bigint,
    kind            text,
    distance        integer,
    style_distance  double precision
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
AS $function$
    SELECT *
    FROM rage.alike_pairs(
        $1, $2, rage.filters($4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18), $3)
$function$;
COMMENT ON FUNCTION rage_v1.duplicates IS
    'Up to k pairs of images that show the same bytes (kind duplicate) or look alike (look-alike), in no order: image_id came before other_id. Of several with the same bytes, each is a pair with the first, which alone is compared with others.';
