-- name: get_image
-- One image as it is now, and the legs of a search that can find it: by its words, and where its vector is up to date.
SELECT
    i.image_id AS id,
    i.*,
    ARRAY(
        SELECT l.leg
        FROM rage.search_legs AS l
        LEFT JOIN rage.embedding_spaces AS s USING (space_id)
        LEFT JOIN rage.embeddings AS e ON e.space_id = l.space_id AND e.image_id = i.image_id
        LEFT JOIN rage.image_documents AS d ON d.image_id = i.image_id
        WHERE l.leg = 'text'
           OR e.input_sha256 = CASE s.encodes WHEN 'caption' THEN d.input_sha256 ELSE decode(i.sha256, 'hex') END
        ORDER BY l.leg
    ) AS searched_by
FROM rage_v1.images AS i
WHERE i.image_id = %(image_id)s;

-- name: get_images
-- Several images in the order of their ids' list.
SELECT i.image_id AS id, i.*
FROM unnest(%(image_ids)s::bigint[]) WITH ORDINALITY AS wanted (image_id, place)
JOIN rage_v1.images AS i USING (image_id)
ORDER BY place;

-- name: list_images
-- One page of the images that pass a filter, with the key that continues it.
SELECT to_jsonb(i) || jsonb_build_object('id', i.image_id) AS image, listed.sort_key
FROM rage.list_images(
    rage.filters(
        %(brands)s::text[], %(skus)s::text[], %(kinds)s::text[], %(states)s::text[],
        %(tags_all)s::text[], %(tags_any)s::text[], %(tags_none)s::text[], %(collections)s::text[],
        %(attributes)s::jsonb, %(origins)s::text[], %(created_after)s::timestamptz,
        %(created_before)s::timestamptz, %(updated_after)s::timestamptz, %(min_width)s::integer, %(min_height)s::integer),
    rage.required_words(%(q)s::text),
    %(sort)s::text, %(after_key)s::text, %(after_id)s::bigint, %(limit)s::integer, %(look_alike)s::bigint
) WITH ORDINALITY AS listed (image_id, sort_key, place)
JOIN rage_v1.images AS i USING (image_id)
ORDER BY listed.place;

-- name: facets
-- Counts of tags, brands, kinds and attributes among the images that pass a filter.
SELECT facet, name, value, count
FROM rage.facets(
    rage.filters(
        %(brands)s::text[], %(skus)s::text[], %(kinds)s::text[], %(states)s::text[],
        %(tags_all)s::text[], %(tags_any)s::text[], %(tags_none)s::text[], %(collections)s::text[],
        %(attributes)s::jsonb, %(origins)s::text[], %(created_after)s::timestamptz,
        %(created_before)s::timestamptz, %(updated_after)s::timestamptz, %(min_width)s::integer, %(min_height)s::integer),
    rage.required_words(%(q)s::text));

-- name: get_content
-- The original bytes of an image, of its current version or of an older one.
SELECT o.bytes AS data, o.media_type, encode(o.sha256, 'hex') AS sha256
FROM rage.images AS i
JOIN rage.image_versions AS v ON v.image_id = i.image_id AND v.version = coalesce(%(version)s, i.version)
JOIN rage.contents AS o ON o.content_id = v.content_id
WHERE i.image_id = %(image_id)s AND i.deleted_at IS NULL AND o.bytes IS NOT NULL;

-- name: get_thumbnail
-- The small picture of an image.
SELECT o.thumbnail AS data, 'image/webp' AS media_type, encode(o.sha256, 'hex') AS sha256
FROM rage.images AS i
JOIN rage.contents AS o USING (content_id)
WHERE i.image_id = %(image_id)s AND i.deleted_at IS NULL AND o.thumbnail IS NOT NULL;

-- name: delete_image
-- Hides an image; everything that refers to it stays whole.
UPDATE rage.images SET deleted_at = now(), updated_at = now()
WHERE image_id = %(image_id)s AND deleted_at IS NULL;

-- name: erase_image
-- Marks an image, hidden or not, as gone for good, with what its row says of it.
UPDATE rage.images
SET deleted_at = coalesce(deleted_at, now()), erased_at = now(), updated_at = now(),
    state = 'retired', title = NULL, rights = NULL, attributes = '{}'
WHERE image_id = %(image_id)s AND erased_at IS NULL;

-- name: erase_vectors
-- The vectors of an erased image.
DELETE FROM rage.embeddings WHERE image_id = %(image_id)s;

-- name: erase_words
-- The text made of an erased image's words.
DELETE FROM rage.image_documents WHERE image_id = %(image_id)s;

-- name: erase_captions
-- What was said of an erased image.
DELETE FROM rage.captions WHERE image_id = %(image_id)s;

-- name: erase_descriptions
-- What a model or OCR saw in an erased image.
DELETE FROM rage.descriptions WHERE image_id = %(image_id)s;

-- name: erase_caption_tries
-- What was tried in vain on an erased image; an answer that is under way finds it gone.
DELETE FROM rage.caption_tries WHERE image_id = %(image_id)s;

-- name: erase_tags
-- Which tags an erased image carried; the brand keeps its tags.
DELETE FROM rage.image_tags WHERE image_id = %(image_id)s;

-- name: erase_identifiers
-- What the host called an erased image.
DELETE FROM rage.image_identifiers WHERE image_id = %(image_id)s;

-- name: erase_products
-- Which products an erased image showed.
DELETE FROM rage.image_products AS p
USING rage.images AS i
WHERE i.image_id = %(image_id)s AND p.brand_id = i.brand_id AND p.image_id = i.image_id;

-- name: erase_places
-- The places of an erased image in collections.
DELETE FROM rage.collection_images WHERE image_id = %(image_id)s;

-- name: erase_contents
-- The bytes of every version of an erased image that no other image, of whatever brand, shows or showed.
SELECT rage.erase_contents(%(image_id)s);

-- name: list_brands
-- All brands by name.
SELECT brand AS name, title, guidelines, palette, words_to_avoid, language, reserved, images, created_at
FROM rage_v1.brands
ORDER BY lower(brand);

-- name: get_brand
-- One brand by its name.
SELECT v.brand AS name, v.title, v.guidelines, v.palette, v.words_to_avoid, v.language, v.reserved, v.images, v.created_at
FROM rage_v1.brands AS v
JOIN rage.brands AS b USING (brand_id)
WHERE b.key = rage.normal_form(%(name)s);

-- name: create_brand
-- A new brand.
INSERT INTO rage.brands (name, title, guidelines, palette, words_to_avoid, language)
VALUES (%(name)s, %(title)s, %(guidelines)s, %(palette)s, %(words_to_avoid)s, %(language)s);

-- name: update_brand
-- What is printed of a brand, what pictures for it heed, and its language.
UPDATE rage.brands
SET title = %(title)s,
    guidelines = %(guidelines)s,
    palette = %(palette)s,
    words_to_avoid = %(words_to_avoid)s,
    language = %(language)s
WHERE key = rage.normal_form(%(name)s);

-- name: refresh_brand
-- Documents of a brand whose language has changed.
SELECT rage.refresh_brand(%(name)s);

-- name: list_collections
-- All collections by brand and name.
SELECT collection AS name, brand, title, image_ids, created_at FROM rage_v1.collections ORDER BY lower(brand), lower(collection);

-- name: get_collection
-- One collection by its name; a brand decides between namesakes.
SELECT v.collection AS name, v.brand, v.title, v.image_ids, v.created_at
FROM rage_v1.collections AS v
JOIN rage.collections AS c USING (collection_id)
JOIN rage.brands AS b USING (brand_id)
WHERE c.key = rage.normal_form(%(name)s)
  AND (%(brand)s::text IS NULL OR b.key = rage.normal_form(%(brand)s))
ORDER BY v.brand;

-- name: put_collection
-- Makes a collection or retitles it.
INSERT INTO rage.collections (brand_id, name, title)
SELECT b.brand_id, btrim(%(name)s), %(title)s FROM rage.brands AS b WHERE b.key = rage.normal_form(%(brand)s)
ON CONFLICT (brand_id, key) DO UPDATE SET title = excluded.title
RETURNING collection_id;

-- name: clear_collection
-- Takes all images out of a collection.
DELETE FROM rage.collection_images WHERE collection_id = %(collection_id)s;

-- name: fill_collection
-- Puts images into an empty collection, in the order given; ids that do not exist are left out.
INSERT INTO rage.collection_images (collection_id, position, image_id)
SELECT %(collection_id)s, row_number() OVER (ORDER BY place), i.image_id
FROM unnest(%(image_ids)s::bigint[]) WITH ORDINALITY AS wanted (image_id, place)
JOIN rage.images AS i USING (image_id)
WHERE i.deleted_at IS NULL;

-- name: delete_collection
-- Removes a collection; its images stay.
DELETE FROM rage.collections AS c
USING rage.brands AS b
WHERE b.brand_id = c.brand_id AND c.key = rage.normal_form(%(name)s) AND b.key = rage.normal_form(%(brand)s);

-- name: list_tags
-- The tags in use with their number of images, of one brand or of all.
SELECT t.name AS value, count(i.image_id) AS count
FROM rage.tags AS t
JOIN rage.brands AS b USING (brand_id)
LEFT JOIN rage.image_tags AS it ON it.tag_id = t.tag_id
LEFT JOIN rage.images AS i ON i.image_id = it.image_id AND i.deleted_at IS NULL
WHERE (%(brand)s::text IS NULL OR b.key = rage.normal_form(%(brand)s))
GROUP BY t.name
HAVING count(i.image_id) > 0
ORDER BY t.name;

-- name: lock_brand
-- The lock that imports take: none adds a tag or puts one on an image while tags are renamed, and what is said of the
-- brand stands as it is read.
SELECT brand_id FROM rage.brands WHERE key = rage.normal_form(%(brand)s) FOR NO KEY UPDATE;

-- name: tag_names
-- How the two names of a renaming are stored.
SELECT rage.tag_form(%(old)s) AS old, rage.tag_form(%(new)s) AS new;

-- name: tag_and_children
-- A tag and its children, parents first, with the names that they take and the tags that stay in the way of these.
WITH renamed AS (
    SELECT t.brand_id, t.tag_id, t.name AS old_name, %(new)s || substr(t.name, length(%(old)s) + 1) AS name
    FROM rage.tags AS t
    JOIN rage.brands AS b USING (brand_id)
    WHERE b.key = rage.normal_form(%(brand)s)
      AND (t.name = %(old)s OR starts_with(t.name, %(old)s || '/'))
)
SELECT r.tag_id, r.name, existing.tag_id AS existing
FROM renamed AS r
LEFT JOIN rage.tags AS existing
    ON existing.brand_id = r.brand_id
   AND existing.name = r.name
   AND existing.tag_id NOT IN (SELECT tag_id FROM renamed)
ORDER BY length(r.old_name);

-- name: touch_tagged
-- What carries a tag changes with it.
UPDATE rage.images SET updated_at = now()
WHERE image_id IN (SELECT image_id FROM rage.image_tags WHERE tag_id = ANY (%(tag_ids)s));

-- name: rename_tag
-- A new name for a tag.
UPDATE rage.tags SET name = %(name)s WHERE tag_id = %(tag_id)s;

-- name: move_tag
-- What carries one tag carries the other as well.
INSERT INTO rage.image_tags (brand_id, image_id, tag_id)
SELECT brand_id, image_id, %(existing)s FROM rage.image_tags WHERE tag_id = %(tag_id)s
ON CONFLICT DO NOTHING;

-- name: delete_tag
-- Removes a tag from everything that carries it.
DELETE FROM rage.tags WHERE tag_id = %(tag_id)s;

-- name: refresh_tagged
-- Documents of what carries a tag.
SELECT rage.refresh_documents(ARRAY(SELECT image_id FROM rage.image_tags WHERE tag_id = ANY (%(tag_ids)s)));
