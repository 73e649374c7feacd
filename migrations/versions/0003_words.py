"""What people and models say of images: captions, tags, collections, and the text made of them."""

from alembic import op

revision = "0003"
down_revision = "0002"

UPGRADE = """
CREATE TABLE rage.captions (
    brand_id    integer NOT NULL,
    image_id    bigint NOT NULL,
    revision    integer NOT NULL CHECK (revision > 0),
    is_current  boolean NOT NULL DEFAULT true,
    text        text NOT NULL CHECK (btrim(text) <> ''),
    language    text,
    source      text NOT NULL CHECK (source IN ('import', 'person', 'model', 'generation')),
    author      text,
    model       text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (image_id, revision),
    CONSTRAINT captions_image FOREIGN KEY (brand_id, image_id)
        REFERENCES rage.images (brand_id, image_id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX captions_one_current ON rage.captions (image_id) WHERE is_current;
COMMENT ON TABLE  rage.captions IS 'Every caption that an image ever had; at most one is current.';
COMMENT ON COLUMN rage.captions.brand_id IS 'The image''s brand.';
COMMENT ON COLUMN rage.captions.image_id IS 'The image.';
COMMENT ON COLUMN rage.captions.revision IS 'Counts from 1 per image.';
COMMENT ON COLUMN rage.captions.is_current IS 'Whether this is the one that is shown and searched.';
COMMENT ON COLUMN rage.captions.text IS 'The caption.';
COMMENT ON COLUMN rage.captions.language IS 'Its language as a BCP 47 tag, where known.';
COMMENT ON COLUMN rage.captions.source IS 'import: came with a file; person; model: a vision model; generation: drafted from references.';
COMMENT ON COLUMN rage.captions.author IS 'The person or key that wrote it, where known.';
COMMENT ON COLUMN rage.captions.model IS 'The model that wrote it.';
COMMENT ON COLUMN rage.captions.created_at IS 'When it was written.';

CREATE TABLE rage.tags (
    tag_id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    brand_id    integer NOT NULL REFERENCES rage.brands ON DELETE CASCADE,
    name        text NOT NULL CHECK (name = rage.normal_form(name) AND length(name) BETWEEN 1 AND 200),
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tags_brand_name_unique UNIQUE (brand_id, name),
    CONSTRAINT tags_brand_tag_unique UNIQUE (brand_id, tag_id)
);
CREATE INDEX tags_name ON rage.tags (name text_pattern_ops);
COMMENT ON TABLE  rage.tags IS 'The tags of a brand; a/b is a child of a.';
COMMENT ON COLUMN rage.tags.tag_id IS 'Stable number of the tag.';
COMMENT ON COLUMN rage.tags.brand_id IS 'Whose vocabulary it belongs to.';
COMMENT ON COLUMN rage.tags.name IS 'The tag in its normal form: trimmed, NFC, case-folded.';
COMMENT ON COLUMN rage.tags.created_at IS 'When it was first used.';

CREATE TABLE rage.image_tags (
    brand_id  integer NOT NULL,
    image_id  bigint NOT NULL,
    tag_id    integer NOT NULL,
    PRIMARY KEY (image_id, tag_id),
    CONSTRAINT image_tags_image FOREIGN KEY (brand_id, image_id)
        REFERENCES rage.images (brand_id, image_id) ON DELETE CASCADE,
    CONSTRAINT image_tags_tag FOREIGN KEY (brand_id, tag_id)
        REFERENCES rage.tags (brand_id, tag_id) ON DELETE CASCADE
);
CREATE INDEX image_tags_by_tag ON rage.image_tags (tag_id, image_id);
COMMENT ON TABLE  rage.image_tags IS 'Which image carries which tag.';
COMMENT ON COLUMN rage.image_tags.brand_id IS 'Brand of both.';
COMMENT ON COLUMN rage.image_tags.image_id IS 'The image.';
COMMENT ON COLUMN rage.image_tags.tag_id IS 'The tag.';

CREATE TABLE rage.collections (
    collection_id  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    brand_id       integer NOT NULL REFERENCES rage.brands ON DELETE RESTRICT,
    name           text NOT NULL CHECK (name = btrim(name) AND length(name) BETWEEN 1 AND 200),
    key            text NOT NULL GENERATED ALWAYS AS (rage.normal_form(name)) STORED,
    title          text,
    created_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT collections_brand_key_unique UNIQUE (brand_id, key)
);
COMMENT ON TABLE  rage.collections IS 'Ordered sets of images, to filter by and to hand over whole as references.';
COMMENT ON COLUMN rage.collections.collection_id IS 'Stable number of the collection.';
COMMENT ON COLUMN rage.collections.brand_id IS 'Whose collection it is; its images may be of other brands.';
COMMENT ON COLUMN rage.collections.name IS 'The name as it was first given.';
COMMENT ON COLUMN rage.collections.key IS 'The name as it is compared.';
COMMENT ON COLUMN rage.collections.title IS 'The name as it is printed, where it differs.';
COMMENT ON COLUMN rage.collections.created_at IS 'When the row was made.';

CREATE TABLE rage.collection_images (
    collection_id  integer NOT NULL REFERENCES rage.collections ON DELETE CASCADE,
    position       integer NOT NULL CHECK (position > 0),
    image_id       bigint NOT NULL REFERENCES rage.images ON DELETE CASCADE,
    PRIMARY KEY (collection_id, image_id),
    CONSTRAINT collection_images_position_unique UNIQUE (collection_id, position) DEFERRABLE
);
CREATE INDEX collection_images_by_image ON rage.collection_images (image_id);
COMMENT ON TABLE  rage.collection_images IS 'Which images a collection holds, in which order.';
COMMENT ON COLUMN rage.collection_images.collection_id IS 'The collection.';
COMMENT ON COLUMN rage.collection_images.position IS 'Place in the order, from 1.';
COMMENT ON COLUMN rage.collection_images.image_id IS 'The image.';

CREATE TABLE rage.image_documents (
    image_id      bigint PRIMARY KEY,
    brand_id      integer NOT NULL,
    input         text NOT NULL,
    input_sha256  bytea NOT NULL CHECK (octet_length(input_sha256) = 32),
    words         tsvector NOT NULL,
    CONSTRAINT image_documents_image FOREIGN KEY (brand_id, image_id)
        REFERENCES rage.images (brand_id, image_id) ON DELETE CASCADE
);
CREATE INDEX image_documents_words ON rage.image_documents USING gin (words);
COMMENT ON TABLE  rage.image_documents IS
    'An image''s title, caption and tags as one text; kept by rage.refresh_documents after every change of words.';
COMMENT ON COLUMN rage.image_documents.image_id IS 'The image.';
COMMENT ON COLUMN rage.image_documents.brand_id IS 'The image''s brand.';
COMMENT ON COLUMN rage.image_documents.input IS 'What text encoders read; empty where nothing is known.';
COMMENT ON COLUMN rage.image_documents.input_sha256 IS 'SHA-256 of the input: an embedding with another hash is out of date.';
COMMENT ON COLUMN rage.image_documents.words IS 'What the text leg searches: title A, tags and SKUs B, caption C, brand D.';
"""

DOWNGRADE = """
DROP TABLE rage.image_documents, rage.collection_images, rage.collections, rage.image_tags, rage.tags, rage.captions;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
