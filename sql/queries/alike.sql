-- Images that show the same bytes or look alike.

-- name: look_alikes
-- The public function, each row with its image as one value.
SELECT
    to_jsonb(i) || jsonb_build_object('id', i.image_id) AS image,
    found.kind,
    found.distance,
    found.style_distance
FROM rage_v1.look_alikes(
    %(image_id)s::bigint,
    threshold => %(threshold)s::integer,
    k => %(k)s::integer,
    brands => %(brands)s::text[],
    skus => %(skus)s::text[],
    kinds => %(kinds)s::text[],
    states => %(states)s::text[],
    tags_all => %(tags_all)s::text[],
    tags_any => %(tags_any)s::text[],
    tags_none => %(tags_none)s::text[],
    collections => %(collections)s::text[],
    attributes => %(attributes)s::jsonb,
    origins => %(origins)s::text[],
    created_after => %(created_after)s::timestamptz,
    created_before => %(created_before)s::timestamptz,
    updated_after => %(updated_after)s::timestamptz,
    min_width => %(min_width)s::integer,
    min_height => %(min_height)s::integer) AS found
LEFT JOIN LATERAL (SELECT v.* FROM rage_v1.images AS v WHERE v.image_id = found.image_id OFFSET 0) AS i ON true
ORDER BY found.rank;

-- name: pairs
-- All pairs among the images that pass a filter, up to a bound.
SELECT image_id, other_id, kind, distance
FROM rage_v1.duplicates(
    threshold => %(threshold)s::integer,
    k => %(most)s::integer,
    brands => %(brands)s::text[],
    skus => %(skus)s::text[],
    kinds => %(kinds)s::text[],
    states => %(states)s::text[],
    tags_all => %(tags_all)s::text[],
    tags_any => %(tags_any)s::text[],
    tags_none => %(tags_none)s::text[],
    collections => %(collections)s::text[],
    attributes => %(attributes)s::jsonb,
    origins => %(origins)s::text[],
    created_after => %(created_after)s::timestamptz,
    created_before => %(created_before)s::timestamptz,
    updated_after => %(updated_after)s::timestamptz,
    min_width => %(min_width)s::integer,
    min_height => %(min_height)s::integer);

-- name: grouped_images
-- What a group tells of its images.
SELECT image_id AS id, external_id, brand, title, state, width, height, byte_size, sha256
FROM rage_v1.images
WHERE image_id = ANY (%(image_ids)s::bigint[]);
