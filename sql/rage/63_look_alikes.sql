-- Which images look alike, and which show the same bytes. These run as the owner and put the caller's brands into
-- the filter themselves; a picture of which the caller sees no image is never told.

CREATE OR REPLACE FUNCTION rage.alike_to(
    image_id bigint, threshold integer DEFAULT 7, style_within double precision DEFAULT 0.2, filters jsonb DEFAULT '{}',
    among bigint[] DEFAULT NULL
) RETURNS TABLE (alike_id bigint, kind text, distance integer, style_distance double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20
SET search_path FROM CURRENT
AS $function$
DECLARE
    allowed   integer[] := rage.brand_limit();
    wanted    jsonb := rage.resolved(alike_to.filters, allowed);
    matching  rage.matching := rage.matching(wanted, among, allowed, true);
    shown     bigint;
    own       rage.picture_hashes;
BEGIN
    PERFORM rage.check_likeness(threshold, style_within);
    SELECT i.content_id INTO shown
    FROM rage.images AS i
    WHERE i.image_id = alike_to.image_id AND i.deleted_at IS NULL AND (allowed IS NULL OR i.brand_id = ANY (allowed));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no image %', coalesce(alike_to.image_id::text, 'null')
            USING ERRCODE = 'no_data_found', COLUMN = 'image_id';
    END IF;
    SELECT h.* INTO own FROM rage.picture_hashes AS h WHERE h.content_id = shown;
    RETURN QUERY EXECUTE format($sql$
WITH near AS MATERIALIZED (
    SELECT n.content_id, n.distance FROM rage.near_contents($5, $6) AS n
    UNION ALL
    SELECT $7, 0
),
found AS MATERIALIZED (
    SELECT i.image_id, i.content_id = $7 AS same, near.distance,
           CASE WHEN i.content_id <> $7 THEN rage.style_distance($8, $4, i.image_id) END AS style
    FROM near JOIN rage.images AS i USING (content_id)
    WHERE i.image_id <> $4 AND %s
)
SELECT image_id, CASE WHEN same THEN 'duplicate' ELSE 'look-alike' END, distance, style
FROM found
WHERE coalesce(style <= $9, true)
ORDER BY same DESC, distance, style NULLS LAST, image_id$sql$, matching.condition)
    USING wanted, among, allowed, alike_to.image_id, own, threshold, shown,
          (SELECT l.space_id FROM rage.search_legs AS l WHERE l.leg = 'style'), style_within;
END
$function$;
COMMENT ON FUNCTION rage.alike_to(bigint, integer, double precision, jsonb, bigint[]) IS
    'The images that show the same bytes as an image, then those that look like it: of whose hash at most so many bits differ, and whose style is no further apart, where both have a vector of it.';


CREATE OR REPLACE FUNCTION rage.alike_pairs(
    threshold integer, style_within double precision, filters jsonb, most integer
) RETURNS TABLE (image_id bigint, other_id bigint, kind text, distance integer, style_distance double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT
SET jit = off
AS $function$
DECLARE
    allowed   integer[] := rage.brand_limit();
    wanted    jsonb := rage.resolved(filters, allowed);
    matching  rage.matching := rage.matching(wanted, NULL, allowed, true);
BEGIN
    PERFORM rage.check_likeness(threshold, style_within);
    IF most IS NULL OR most < 1 THEN
        RAISE EXCEPTION 'k must be at least 1, not %', coalesce(most::text, 'null')
            USING ERRCODE = 'invalid_parameter_value', COLUMN = 'k';
    END IF;
    RETURN QUERY EXECUTE format($sql$
WITH matches AS MATERIALIZED (
    SELECT i.image_id, i.content_id, min(i.image_id) OVER (PARTITION BY i.content_id) AS first_id
    FROM rage.images AS i
    WHERE %s
),
hashed AS MATERIALIZED (
    SELECT m.image_id, h.hash, h.bands
    FROM matches AS m JOIN rage.picture_hashes AS h USING (content_id)
    WHERE m.image_id = m.first_id AND h.hash IS NOT NULL
),
parts AS MATERIALIZED (
    SELECT h.image_id, h.hash, part.key FROM hashed AS h, unnest(h.bands) AS part (key)
),
-- One that is near in several parts is found by each, and counts by the first.
near AS (
    SELECT a.image_id, b.image_id AS other_id, a.hash # b.hash AS differs, a.key >> 16 AS part
    FROM parts AS a
    CROSS JOIN unnest(rage.near_masks($4)) AS near (mask)
    JOIN parts AS b ON b.key = a.key # near.mask
    WHERE a.image_id < b.image_id AND bit_count(a.hash # b.hash) <= $4
),
pairs AS (
    SELECT n.image_id, n.other_id, bit_count(n.differs)::integer AS distance
    FROM near AS n
    WHERE (n.part < 1 OR bit_count(substring(n.differs FROM 1 FOR 16)) > $4 / 4)
      AND (n.part < 2 OR bit_count(substring(n.differs FROM 17 FOR 16)) > $4 / 4)
      AND (n.part < 3 OR bit_count(substring(n.differs FROM 33 FOR 16)) > $4 / 4)
),
compared AS (
    SELECT p.*, rage.style_distance($5, p.image_id, p.other_id) AS style FROM pairs AS p OFFSET 0
)
SELECT m.first_id, m.image_id, 'duplicate', 0, NULL::double precision FROM matches AS m WHERE m.image_id <> m.first_id
UNION ALL
SELECT c.image_id, c.other_id, 'look-alike', c.distance, c.style FROM compared AS c WHERE coalesce(c.style <= $6, true)
LIMIT $7$sql$, matching.condition)
    USING wanted, NULL::bigint[], allowed, threshold,
          (SELECT l.space_id FROM rage.search_legs AS l WHERE l.leg = 'style'), style_within, most;
END
$function$;
COMMENT ON FUNCTION rage.alike_pairs(integer, double precision, jsonb, integer) IS
    'The pairs of images that pass a filter and show the same bytes or look alike, each once. Of images with the same bytes each is a pair with the first alone, which stands for them all.';


CREATE OR REPLACE FUNCTION rage.described_alike(
    image_id bigint, threshold integer, style_within double precision, k integer, filters jsonb, among bigint[]
) RETURNS TABLE (
    rank integer, alike_id bigint, external_id text, brand text, skus text[], title text, tags text[],
    kind text, distance integer, style_distance double precision
)
LANGUAGE plpgsql STABLE ROWS 20
SET search_path FROM CURRENT
AS $function$
BEGIN
    PERFORM rage.check_k(k);
    RETURN QUERY
    SELECT found.place::integer, found.alike_id, i.external_id, i.brand, i.skus, i.title, i.tags,
           found.kind, found.distance, found.style_distance
    FROM rage.alike_to($1, $2, $3, $5, $6) WITH ORDINALITY AS found (alike_id, kind, distance, style_distance, place)
    LEFT JOIN LATERAL (
        SELECT v.external_id, v.brand, v.skus, v.title, v.tags FROM rage_v1.images AS v WHERE v.image_id = found.alike_id OFFSET 0
    ) AS i ON true
    WHERE found.place <= k
    ORDER BY found.place;
END
$function$;
COMMENT ON FUNCTION rage.described_alike(bigint, integer, double precision, integer, jsonb, bigint[]) IS
    'The first k rows of rage.alike_to with the images as rage_v1.images shows them.';
