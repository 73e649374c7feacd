-- What an import asks and writes: per batch one transaction, mostly in this order.
-- Arrays of bytes are sent in binary, %(name)b: as text they cost five times the time.

-- name: stored_hashes
-- Which of these contents need no decoding: their bytes are here, and the caller may see an image of them.
SELECT sha256
FROM rage.contents
WHERE sha256 = ANY (%(hashes)b::bytea[]) AND erased_at IS NULL;

-- name: add_brands
-- Brands that are named for the first time, spelt as they are named first; only who sees all knows which these are.
INSERT INTO rage.brands (name)
SELECT DISTINCT ON (rage.normal_form(given.name)) given.name
FROM unnest(%(names)s::text[]) WITH ORDINALITY AS given (name, position)
WHERE NOT EXISTS (SELECT FROM rage.brands AS b WHERE b.key = rage.normal_form(given.name))
  AND rage.sees_every_brand() AND rage.has_scope('write')
ORDER BY rage.normal_form(given.name), given.position
ON CONFLICT (key) DO NOTHING;

-- name: lock_brands
-- The brands of a batch, locked in one order: two imports into a brand take turns, so each finds the other's images.
SELECT given.name, b.brand_id
FROM unnest(%(names)s::text[]) AS given (name)
JOIN rage.brands AS b ON b.key = rage.normal_form(given.name)
ORDER BY b.brand_id
FOR NO KEY UPDATE OF b;

-- name: lock_brands_of_images
-- The brands of images, locked as imports lock them: what an import under way gives or takes is seen afterwards.
SELECT b.brand_id
FROM rage.brands AS b
WHERE b.brand_id IN (SELECT i.brand_id FROM rage.images AS i WHERE i.image_id = ANY (%(image_ids)s::bigint[]))
ORDER BY b.brand_id
FOR NO KEY UPDATE OF b;

-- name: is_visible
-- Whether the caller may see an image.
SELECT EXISTS (SELECT FROM rage.images WHERE image_id = %(image_id)s AND deleted_at IS NULL);

-- name: tag_forms
-- How tags are stored.
SELECT given.name, rage.tag_form(given.name) AS form
FROM unnest(%(names)s::text[]) AS given (name);

-- name: lock_images
-- The images that a batch may touch: those with one of its keys, those that show one of its contents, those named.
WITH keyed AS (
    SELECT ii.image_id
    FROM unnest(%(key_brands)s::integer[], %(roots)s::text[], %(identifiers)s::text[]) AS k (brand_id, root, identifier)
    JOIN rage.image_identifiers AS ii USING (brand_id, root, identifier)
),
alike AS (
    SELECT i.image_id
    FROM unnest(%(content_brands)s::integer[], %(hashes)b::bytea[]) AS k (brand_id, sha256)
    JOIN rage.contents AS c USING (sha256)
    JOIN rage.images AS i USING (brand_id, content_id)
)
SELECT i.image_id
FROM rage.images AS i
WHERE i.erased_at IS NULL
  AND i.image_id IN (SELECT image_id FROM keyed UNION SELECT image_id FROM alike UNION SELECT unnest(%(image_ids)s::bigint[]))
ORDER BY i.image_id
FOR NO KEY UPDATE OF i;

-- name: known_images
-- What is known of images; they must be locked by an earlier statement, or this reads what is about to change.
SELECT
    i.image_id,
    i.brand_id,
    i.version,
    i.kind,
    i.state,
    i.origin,
    i.title,
    i.rights,
    i.usable_from,
    i.usable_until,
    i.attributes,
    i.deleted_at IS NOT NULL AS hidden,
    c.sha256,
    said.text AS caption,
    said.language AS caption_language,
    ARRAY(SELECT t.name FROM rage.image_tags AS it JOIN rage.tags AS t USING (tag_id)
          WHERE it.image_id = i.image_id ORDER BY t.name COLLATE "C") AS tags,
    ARRAY(SELECT p.sku FROM rage.image_products AS p
          WHERE p.brand_id = i.brand_id AND p.image_id = i.image_id ORDER BY p.position, p.sku) AS skus,
    ARRAY(SELECT ARRAY[ii.root, ii.identifier] FROM rage.image_identifiers AS ii
          WHERE ii.image_id = i.image_id ORDER BY ii.identifier_id) AS keys
FROM rage.images AS i
JOIN rage.contents AS c USING (content_id)
LEFT JOIN rage.captions AS said ON said.image_id = i.image_id AND said.is_current
WHERE i.erased_at IS NULL AND i.image_id = ANY (%(ids)s::bigint[])
ORDER BY i.image_id;

-- name: add_contents
-- New bytes, once per hash whichever brand brings them; their numbers.
SELECT sha256, content_id
FROM rage.store_contents(
    %(hashes)b::bytea[], %(media_types)s::text[], %(widths)s::integer[], %(heights)s::integer[],
    %(bytes)b::bytea[], %(thumbnails)b::bytea[], %(frames)s::integer[], %(perceptual_hashes)s::bit(64)[]);

-- name: content_ids
-- The numbers of contents whose bytes are here and that the caller may see, held so that nobody erases them before they are shown.
SELECT sha256, content_id
FROM rage.contents
WHERE sha256 = ANY (%(hashes)b::bytea[]) AND erased_at IS NULL
ORDER BY sha256
FOR SHARE;

-- name: add_images
-- New images; brand and content tell which is which.
INSERT INTO rage.images
    (brand_id, content_id, version, kind, state, origin, title, rights, usable_from, usable_until, attributes)
SELECT
    brand_id, content_id, version, kind, state, origin, title, rights, usable_from, usable_until, attributes
FROM jsonb_to_recordset(%(images)s::jsonb) AS new (
    brand_id integer, content_id bigint, version integer, kind text, state text, origin text, title text,
    rights text, usable_from date, usable_until date, attributes jsonb)
RETURNING brand_id, content_id, image_id;

-- name: park_images
-- Images that exchange their bytes step aside, until each shows its new ones: no two may show the same.
UPDATE rage.images
SET erased_at = now(), deleted_at = coalesce(deleted_at, now())
WHERE image_id = ANY (%(ids)s::bigint[]);

-- name: show_version
-- The image shows other bytes. One by one in order: one may get what another gave up before.
UPDATE rage.images
SET content_id = %(content_id)s, version = %(version)s, erased_at = NULL
WHERE image_id = %(image_id)s;

-- name: update_images
-- Images about which anything changed, shown again if they were hidden.
UPDATE rage.images AS i
SET kind = new.kind,
    state = new.state,
    title = new.title,
    rights = new.rights,
    usable_from = new.usable_from,
    usable_until = new.usable_until,
    attributes = new.attributes,
    deleted_at = CASE WHEN new.hidden THEN i.deleted_at END,
    updated_at = now()
FROM jsonb_to_recordset(%(images)s::jsonb) AS new (
    image_id bigint, kind text, state text, title text, rights text, usable_from date,
    usable_until date, attributes jsonb, hidden boolean)
WHERE i.image_id = new.image_id;

-- name: add_versions
-- New versions, the first of a new image among them.
INSERT INTO rage.image_versions (brand_id, image_id, version, content_id)
SELECT brand_id, image_id, version, content_id
FROM jsonb_to_recordset(%(versions)s::jsonb) AS new (
    brand_id integer, image_id bigint, version integer, content_id bigint);

-- name: remove_identifiers
-- Keys that go to another image; made anew, they count as its last.
DELETE FROM rage.image_identifiers AS ii
USING jsonb_to_recordset(%(keys)s::jsonb) AS moved (brand_id integer, root text, identifier text)
WHERE ii.brand_id = moved.brand_id AND ii.root = moved.root AND ii.identifier = moved.identifier;

-- name: add_identifiers
-- Keys of images, in order of arrival.
INSERT INTO rage.image_identifiers (brand_id, image_id, root, identifier)
SELECT brand_id, image_id, root, identifier
FROM jsonb_to_recordset(%(keys)s::jsonb) AS new (brand_id integer, image_id bigint, root text, identifier text);

-- name: drop_further_external_id
-- An external id of an image that is about to be its first.
DELETE FROM rage.image_identifiers
WHERE image_id = %(image_id)s AND root = '' AND identifier = %(identifier)s
  AND identifier_id > (SELECT min(ii.identifier_id) FROM rage.image_identifiers AS ii
                       WHERE ii.image_id = %(image_id)s AND ii.root = '');

-- name: rename_external_id
-- The first external id of an image, the one that is shown, gets another name and keeps its place.
UPDATE rage.image_identifiers
SET identifier = %(identifier)s
WHERE identifier_id = (SELECT min(ii.identifier_id) FROM rage.image_identifiers AS ii
                       WHERE ii.image_id = %(image_id)s AND ii.root = '')
RETURNING identifier_id;

-- name: end_captions
-- The current captions of these images become earlier ones.
UPDATE rage.captions
SET is_current = false
WHERE image_id = ANY (%(ids)s::bigint[]) AND is_current;

-- name: add_captions
-- New current captions.
INSERT INTO rage.captions (brand_id, image_id, revision, text, language, source, author)
SELECT
    new.brand_id,
    new.image_id,
    1 + coalesce((SELECT max(c.revision) FROM rage.captions AS c WHERE c.image_id = new.image_id), 0),
    new.caption,
    new.language,
    new.source,
    new.author
FROM jsonb_to_recordset(%(captions)s::jsonb) AS new (
    brand_id integer, image_id bigint, caption text, language text, source text, author text);

-- name: add_tags
-- Tags that a brand uses for the first time.
INSERT INTO rage.tags (brand_id, name)
SELECT DISTINCT brand_id, tag
FROM jsonb_to_recordset(%(tags)s::jsonb) AS new (brand_id integer, tag text)
WHERE NOT EXISTS (SELECT FROM rage.tags AS t WHERE t.brand_id = new.brand_id AND t.name = new.tag)
ON CONFLICT (brand_id, name) DO NOTHING;

-- name: tag_images
-- Tags put on images.
INSERT INTO rage.image_tags (brand_id, image_id, tag_id)
SELECT new.brand_id, new.image_id, t.tag_id
FROM jsonb_to_recordset(%(tags)s::jsonb) AS new (brand_id integer, image_id bigint, tag text)
JOIN rage.tags AS t ON t.brand_id = new.brand_id AND t.name = new.tag
ON CONFLICT (image_id, tag_id) DO NOTHING;

-- name: untag_images
-- Tags taken off images.
DELETE FROM rage.image_tags AS it
USING jsonb_to_recordset(%(tags)s::jsonb) AS gone (brand_id integer, image_id bigint, tag text),
      rage.tags AS t
WHERE t.brand_id = gone.brand_id AND t.name = gone.tag AND it.tag_id = t.tag_id AND it.image_id = gone.image_id;

-- name: set_products
-- Products on images, in order.
INSERT INTO rage.image_products (brand_id, image_id, sku, position)
SELECT brand_id, image_id, sku, position
FROM jsonb_to_recordset(%(products)s::jsonb) AS new (brand_id integer, image_id bigint, sku text, position integer)
ON CONFLICT (brand_id, image_id, sku) DO UPDATE SET position = excluded.position;

-- name: remove_products
-- Products that these images no longer show.
DELETE FROM rage.image_products AS p
USING jsonb_to_recordset(%(products)s::jsonb) AS gone (brand_id integer, image_id bigint, sku text)
WHERE p.brand_id = gone.brand_id AND p.image_id = gone.image_id AND p.sku = gone.sku;

-- name: refresh_documents
-- The searchable text of images whose words changed.
SELECT rage.refresh_documents(%(ids)s::bigint[]);
