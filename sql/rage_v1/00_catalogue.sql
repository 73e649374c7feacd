-- The catalogue: brands, images, and what belongs to them.

CREATE OR REPLACE VIEW rage_v1.brands WITH (security_invoker = true) AS
SELECT
    b.brand_id,
    b.name AS brand,
    b.title,
    b.guidelines,
    b.reserved,
    -- All by their index alone, less those that are deleted: a seventh of the time of looking at each.
    (SELECT count(*) FROM rage.images AS i WHERE i.brand_id = b.brand_id)
        - (SELECT count(*) FROM rage.images AS i WHERE i.brand_id = b.brand_id AND i.deleted_at IS NOT NULL) AS images,
    b.created_at,
    b.language,
    b.palette,
    b.words_to_avoid
FROM rage.brands AS b;
COMMENT ON VIEW rage_v1.brands IS 'The brands: who images belong to and who pays for generations.';
COMMENT ON COLUMN rage_v1.brands.brand_id IS 'Stable number of the brand.';
COMMENT ON COLUMN rage_v1.brands.brand IS 'Its name.';
COMMENT ON COLUMN rage_v1.brands.title IS 'Its name as it is printed, where that differs.';
COMMENT ON COLUMN rage_v1.brands.guidelines IS 'What every generation for the brand should heed.';
COMMENT ON COLUMN rage_v1.brands.reserved IS 'True for shared, which is everyone''s.';
COMMENT ON COLUMN rage_v1.brands.images IS 'How many images it has.';
COMMENT ON COLUMN rage_v1.brands.created_at IS 'When it was made.';
COMMENT ON COLUMN rage_v1.brands.language IS 'The language of what is said of its images, as a BCP 47 tag, where a caption names none; null: English.';
COMMENT ON COLUMN rage_v1.brands.palette IS 'Its colours as #rrggbb, each with its name behind it where it has one: #0b6e4f Forest.';
COMMENT ON COLUMN rage_v1.brands.words_to_avoid IS 'Words and things that are neither to be written nor shown in pictures for it.';


CREATE OR REPLACE VIEW rage_v1.images WITH (security_invoker = true) AS
SELECT
    i.image_id,
    (SELECT x.identifier
     FROM rage.image_identifiers AS x
     WHERE x.image_id = i.image_id AND x.root = ''
     ORDER BY x.identifier_id
     LIMIT 1) AS external_id,
    b.name AS brand,
    ARRAY(SELECT p.sku
          FROM rage.image_products AS p
          WHERE p.brand_id = i.brand_id AND p.image_id = i.image_id
          ORDER BY p.position, p.sku) AS skus,
    i.kind,
    i.state,
    i.title,
    c.text AS caption,
    ARRAY(SELECT t.name
          FROM rage.image_tags AS it JOIN rage.tags AS t USING (tag_id)
          WHERE it.image_id = i.image_id
          ORDER BY t.name) AS tags,
    i.attributes,
    i.rights,
    i.usable_from,
    i.usable_until,
    i.origin,
    i.version,
    o.width,
    o.height,
    o.media_type,
    o.byte_size,
    encode(o.sha256, 'hex') AS sha256,
    format('/api/images/%s/content', i.image_id) AS content_url,
    format('/api/images/%s/thumbnail?v=%s', i.image_id, i.version) AS thumbnail_url,
    i.created_at,
    i.updated_at,
    c.language AS caption_language,
    o.frames
FROM rage.images AS i
JOIN rage.brands AS b USING (brand_id)
JOIN rage.contents AS o USING (content_id)
LEFT JOIN rage.captions AS c ON c.image_id = i.image_id AND c.is_current
WHERE i.deleted_at IS NULL;
COMMENT ON VIEW rage_v1.images IS 'The images of the store as they are now; bytes come over HTTP.';
COMMENT ON COLUMN rage_v1.images.image_id IS 'Stable for good; what your own tables refer to.';
COMMENT ON COLUMN rage_v1.images.external_id IS 'What you call it: the first external id that it came under.';
COMMENT ON COLUMN rage_v1.images.brand IS 'Whose it is.';
COMMENT ON COLUMN rage_v1.images.skus IS 'The products that it shows.';
COMMENT ON COLUMN rage_v1.images.kind IS 'What it shows: product, style, logo, scene, person, sketch or other.';
COMMENT ON COLUMN rage_v1.images.state IS 'draft, approved or retired.';
COMMENT ON COLUMN rage_v1.images.title IS 'A short name for people.';
COMMENT ON COLUMN rage_v1.images.caption IS 'The current caption.';
COMMENT ON COLUMN rage_v1.images.tags IS 'Its tags; a/b is a child of a.';
COMMENT ON COLUMN rage_v1.images.attributes IS 'Everything else you said of it, by name.';
COMMENT ON COLUMN rage_v1.images.rights IS 'What is known of the rights, in words.';
COMMENT ON COLUMN rage_v1.images.usable_from IS 'First day on which it may be used; null: no limit.';
COMMENT ON COLUMN rage_v1.images.usable_until IS 'Last day on which it may be used; null: no limit.';
COMMENT ON COLUMN rage_v1.images.origin IS 'imported, uploaded or generated.';
COMMENT ON COLUMN rage_v1.images.version IS 'Number of the version that it shows, from 1.';
COMMENT ON COLUMN rage_v1.images.width IS 'Width in pixels, orientation applied.';
COMMENT ON COLUMN rage_v1.images.height IS 'Height in pixels, orientation applied.';
COMMENT ON COLUMN rage_v1.images.media_type IS 'Media type of the original.';
COMMENT ON COLUMN rage_v1.images.byte_size IS 'Size of the original in bytes.';
COMMENT ON COLUMN rage_v1.images.sha256 IS 'SHA-256 of the original in hexadecimal digits.';
COMMENT ON COLUMN rage_v1.images.content_url IS 'Where the service serves the picture, without what its file says besides.';
COMMENT ON COLUMN rage_v1.images.thumbnail_url IS 'Where the service serves a WebP of at most 512 pixels a side.';
COMMENT ON COLUMN rage_v1.images.created_at IS 'When it came.';
COMMENT ON COLUMN rage_v1.images.updated_at IS 'When anything about it last changed.';
COMMENT ON COLUMN rage_v1.images.caption_language IS 'The language of the caption as a BCP 47 tag, where it is known.';
COMMENT ON COLUMN rage_v1.images.frames IS 'Frames of an animation or pages, of which the first is shown and searched; 1 for a still.';


CREATE OR REPLACE VIEW rage_v1.image_identifiers WITH (security_invoker = true) AS
SELECT x.image_id, b.name AS brand, x.identifier AS external_id
FROM rage.image_identifiers AS x
JOIN rage.images AS i ON i.image_id = x.image_id AND i.deleted_at IS NULL
JOIN rage.brands AS b ON b.brand_id = x.brand_id
-- Paths stay out: they say where a file once lay on the machine that imported it.
WHERE x.root = '';
COMMENT ON VIEW rage_v1.image_identifiers IS
    'One row per image and external id that it came under: join it with your own tables by brand and external_id. One picture of two products has two.';
COMMENT ON COLUMN rage_v1.image_identifiers.image_id IS 'The image.';
COMMENT ON COLUMN rage_v1.image_identifiers.brand IS 'Its brand, within which an external id is unique.';
COMMENT ON COLUMN rage_v1.image_identifiers.external_id IS 'What you call it; images shows the first of them.';


CREATE OR REPLACE VIEW rage_v1.image_tags WITH (security_invoker = true) AS
SELECT it.image_id, b.name AS brand, t.name AS tag
FROM rage.image_tags AS it
JOIN rage.tags AS t USING (tag_id)
JOIN rage.images AS i ON i.image_id = it.image_id AND i.deleted_at IS NULL
JOIN rage.brands AS b ON b.brand_id = it.brand_id;
COMMENT ON VIEW rage_v1.image_tags IS 'One row per image and tag.';
COMMENT ON COLUMN rage_v1.image_tags.image_id IS 'The image.';
COMMENT ON COLUMN rage_v1.image_tags.brand IS 'Its brand.';
COMMENT ON COLUMN rage_v1.image_tags.tag IS 'The tag: trimmed, NFC, case-folded.';


CREATE OR REPLACE VIEW rage_v1.image_products WITH (security_invoker = true) AS
SELECT p.image_id, b.name AS brand, p.sku, p.position, p.view
FROM rage.image_products AS p
JOIN rage.images AS i ON i.image_id = p.image_id AND i.deleted_at IS NULL
JOIN rage.brands AS b ON b.brand_id = p.brand_id;
COMMENT ON VIEW rage_v1.image_products IS 'One row per image and product that it shows: join it with your products by sku.';
COMMENT ON COLUMN rage_v1.image_products.image_id IS 'The image.';
COMMENT ON COLUMN rage_v1.image_products.brand IS 'Its brand.';
COMMENT ON COLUMN rage_v1.image_products.sku IS 'The product, as your catalogue calls it.';
COMMENT ON COLUMN rage_v1.image_products.position IS 'Order of the products on the image, from 0.';
COMMENT ON COLUMN rage_v1.image_products.view IS 'Which side or situation is shown, where known.';


CREATE OR REPLACE VIEW rage_v1.collections WITH (security_invoker = true) AS
SELECT
    c.collection_id,
    c.name AS collection,
    b.name AS brand,
    c.title,
    ARRAY(SELECT ci.image_id
          FROM rage.collection_images AS ci
          JOIN rage.images AS i ON i.image_id = ci.image_id AND i.deleted_at IS NULL
          WHERE ci.collection_id = c.collection_id
          ORDER BY ci.position) AS image_ids,
    c.created_at
FROM rage.collections AS c
JOIN rage.brands AS b USING (brand_id);
COMMENT ON VIEW rage_v1.collections IS 'Ordered sets of images.';
COMMENT ON COLUMN rage_v1.collections.collection_id IS 'Stable number of the collection.';
COMMENT ON COLUMN rage_v1.collections.collection IS 'Its name.';
COMMENT ON COLUMN rage_v1.collections.brand IS 'Whose it is.';
COMMENT ON COLUMN rage_v1.collections.title IS 'Its name as it is printed, where that differs.';
COMMENT ON COLUMN rage_v1.collections.image_ids IS 'Its images in order.';
COMMENT ON COLUMN rage_v1.collections.created_at IS 'When it was made.';
