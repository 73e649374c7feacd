-- What is said of images: every caption that there was, and what models and OCR see in them.

CREATE OR REPLACE VIEW rage_v1.captions WITH (security_invoker = true) AS
SELECT
    c.image_id,
    b.name AS brand,
    c.revision,
    c.is_current,
    c.text AS caption,
    c.language,
    c.source,
    c.author,
    c.model,
    c.reviewed_by,
    c.reviewed_at,
    c.created_at
FROM rage.captions AS c
JOIN rage.images AS i USING (image_id)
JOIN rage.brands AS b ON b.brand_id = i.brand_id
WHERE i.deleted_at IS NULL;
COMMENT ON VIEW rage_v1.captions IS 'Every caption that an image had, with who or what wrote it; at most one is current.';
COMMENT ON COLUMN rage_v1.captions.image_id IS 'The image.';
COMMENT ON COLUMN rage_v1.captions.brand IS 'Its brand.';
COMMENT ON COLUMN rage_v1.captions.revision IS 'Counts from 1 per image.';
COMMENT ON COLUMN rage_v1.captions.is_current IS 'Whether this is the one that is shown and searched.';
COMMENT ON COLUMN rage_v1.captions.caption IS 'The caption.';
COMMENT ON COLUMN rage_v1.captions.language IS 'Its language as a BCP 47 tag, where known.';
COMMENT ON COLUMN rage_v1.captions.source IS 'import: came with a file; person; model: a vision model; generation: drafted from references.';
COMMENT ON COLUMN rage_v1.captions.author IS 'The person or key that wrote it, where known.';
COMMENT ON COLUMN rage_v1.captions.model IS 'The model that wrote it.';
COMMENT ON COLUMN rage_v1.captions.reviewed_by IS 'Who accepted or rejected a model''s caption, where known.';
COMMENT ON COLUMN rage_v1.captions.reviewed_at IS 'When it was accepted or rejected; null: nobody has looked it over.';
COMMENT ON COLUMN rage_v1.captions.created_at IS 'When it was written.';


CREATE OR REPLACE VIEW rage_v1.descriptions WITH (security_invoker = true) AS
SELECT
    d.image_id,
    b.name AS brand,
    d.reader,
    d.objects,
    d.styles,
    d.colours,
    d.visible_text,
    d.kind,
    d.language,
    d.provider,
    d.model,
    encode(o.sha256, 'hex') AS sha256,
    d.content_id = i.content_id AS is_current,
    d.created_at
FROM rage.descriptions AS d
JOIN rage.images AS i USING (image_id)
JOIN rage.brands AS b ON b.brand_id = i.brand_id
LEFT JOIN rage.contents AS o ON o.content_id = d.content_id
WHERE i.deleted_at IS NULL;
COMMENT ON VIEW rage_v1.descriptions IS 'What a vision model or OCR sees in an image, beside its caption.';
COMMENT ON COLUMN rage_v1.descriptions.image_id IS 'The image.';
COMMENT ON COLUMN rage_v1.descriptions.brand IS 'Its brand.';
COMMENT ON COLUMN rage_v1.descriptions.reader IS 'model: a vision model; ocr: text recognition.';
COMMENT ON COLUMN rage_v1.descriptions.objects IS 'What is to be seen.';
COMMENT ON COLUMN rage_v1.descriptions.styles IS 'Words for its look.';
COMMENT ON COLUMN rage_v1.descriptions.colours IS 'Its main colours.';
COMMENT ON COLUMN rage_v1.descriptions.visible_text IS 'Text in the picture; empty where there is none.';
COMMENT ON COLUMN rage_v1.descriptions.kind IS 'The kind of image that the model suggests; the image keeps its own.';
COMMENT ON COLUMN rage_v1.descriptions.language IS 'The language that was asked for, as a BCP 47 tag.';
COMMENT ON COLUMN rage_v1.descriptions.provider IS 'The provider that was asked.';
COMMENT ON COLUMN rage_v1.descriptions.model IS 'The model that answered.';
COMMENT ON COLUMN rage_v1.descriptions.sha256 IS 'Hash of the bytes that were described; null where they are of an earlier version that the reader may not see.';
COMMENT ON COLUMN rage_v1.descriptions.is_current IS 'Whether the image still shows these bytes; if not, the description is not searched.';
COMMENT ON COLUMN rage_v1.descriptions.created_at IS 'When it was written.';
