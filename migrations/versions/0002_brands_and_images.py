"""Brands, contents, images with their versions, identifiers and products."""

from alembic import op

revision = "0002"
down_revision = "0001"

UPGRADE = """
CREATE TABLE rage.brands (
    brand_id    integer GENERATED ALWAYS AS IDENTITY (START WITH 10) PRIMARY KEY,
    name        text NOT NULL CHECK (name = btrim(name) AND length(name) BETWEEN 1 AND 100),
    key         text NOT NULL GENERATED ALWAYS AS (rage.normal_form(name)) STORED,
    title       text,
    guidelines  text,
    reserved    boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT brands_key_unique UNIQUE (key)
);
COMMENT ON TABLE  rage.brands IS 'Who an image belongs to and who pays for a generation: the boundary of access.';
COMMENT ON COLUMN rage.brands.brand_id IS 'Stable number of the brand.';
COMMENT ON COLUMN rage.brands.name IS 'The name as it was first given; what people and programs call the brand.';
COMMENT ON COLUMN rage.brands.key IS 'The name as it is compared.';
COMMENT ON COLUMN rage.brands.title IS 'The name as it is printed, where it differs.';
COMMENT ON COLUMN rage.brands.guidelines IS 'What every generation for the brand should heed.';
COMMENT ON COLUMN rage.brands.reserved IS 'True for shared, which is everyone''s and can be neither renamed nor removed.';
COMMENT ON COLUMN rage.brands.created_at IS 'When the row was made.';

INSERT INTO rage.brands (brand_id, name, title, reserved) OVERRIDING SYSTEM VALUE
VALUES (1, 'default', 'Default', false), (2, 'shared', 'Shared', true);

CREATE TABLE rage.contents (
    content_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256      bytea NOT NULL CHECK (octet_length(sha256) = 32),
    kind        text NOT NULL DEFAULT 'stored' CHECK (kind IN ('stored', 'linked')),
    address     text,
    media_type  text NOT NULL,
    byte_size   bigint NOT NULL CHECK (byte_size > 0),
    width       integer NOT NULL CHECK (width > 0),
    height      integer NOT NULL CHECK (height > 0),
    bytes       bytea,
    thumbnail   bytea,
    erased_at   timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT contents_sha256_unique UNIQUE (sha256),
    CONSTRAINT contents_linked_has_address CHECK ((kind = 'linked') = (address IS NOT NULL)),
    CONSTRAINT contents_bytes_present
        CHECK (erased_at IS NOT NULL OR kind = 'linked' OR (bytes IS NOT NULL AND thumbnail IS NOT NULL))
);
ALTER TABLE rage.contents ALTER COLUMN bytes SET STORAGE EXTERNAL, ALTER COLUMN thumbnail SET STORAGE EXTERNAL;
COMMENT ON TABLE  rage.contents IS 'The bytes of pictures, once per hash, whoever uses them.';
COMMENT ON COLUMN rage.contents.content_id IS 'Stable number of the content.';
COMMENT ON COLUMN rage.contents.sha256 IS 'SHA-256 of the original bytes; stays after an erasure.';
COMMENT ON COLUMN rage.contents.kind IS 'stored: the bytes are here; linked: they lie at the address.';
COMMENT ON COLUMN rage.contents.address IS 'Where the bytes of a linked content lie.';
COMMENT ON COLUMN rage.contents.media_type IS 'Media type found in the bytes, whatever the file was called.';
COMMENT ON COLUMN rage.contents.byte_size IS 'Size of the original in bytes.';
COMMENT ON COLUMN rage.contents.width IS 'Width in pixels as it is shown, orientation applied.';
COMMENT ON COLUMN rage.contents.height IS 'Height in pixels as it is shown, orientation applied.';
COMMENT ON COLUMN rage.contents.bytes IS 'The original, unchanged.';
COMMENT ON COLUMN rage.contents.thumbnail IS 'A WebP of at most 512 pixels a side, orientation applied, free of metadata; image encoders read it.';
COMMENT ON COLUMN rage.contents.erased_at IS 'When bytes and thumbnail were removed for good; the hash stays.';
COMMENT ON COLUMN rage.contents.created_at IS 'When the row was made.';

CREATE TABLE rage.images (
    image_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    brand_id      integer NOT NULL REFERENCES rage.brands ON DELETE RESTRICT,
    content_id    bigint NOT NULL REFERENCES rage.contents ON DELETE RESTRICT,
    version       integer NOT NULL DEFAULT 1 CHECK (version > 0),
    kind          text NOT NULL DEFAULT 'other'
                  CHECK (kind IN ('product', 'style', 'logo', 'scene', 'person', 'sketch', 'other')),
    state         text NOT NULL DEFAULT 'approved' CHECK (state IN ('draft', 'approved', 'retired')),
    origin        text NOT NULL DEFAULT 'imported' CHECK (origin IN ('imported', 'uploaded', 'generated')),
    title         text,
    rights        text,
    usable_from   date,
    usable_until  date,
    attributes    jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(attributes) = 'object'),
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    deleted_at    timestamptz,
    erased_at     timestamptz,
    CONSTRAINT images_brand_image_unique UNIQUE (brand_id, image_id),
    CONSTRAINT images_usable_in_order CHECK (usable_from <= usable_until),
    CONSTRAINT images_erased_is_deleted CHECK (erased_at IS NULL OR deleted_at IS NOT NULL)
);
CREATE UNIQUE INDEX images_brand_content_unique ON rage.images (brand_id, content_id) WHERE erased_at IS NULL;
CREATE INDEX images_content ON rage.images (content_id);
CREATE INDEX images_updated ON rage.images (updated_at, image_id);
CREATE INDEX images_attributes ON rage.images USING gin (attributes jsonb_path_ops);
COMMENT ON TABLE  rage.images IS 'The pictures of the store: one row per picture and brand, whatever version it shows.';
COMMENT ON COLUMN rage.images.image_id IS 'Stable for good; what the host''s tables refer to.';
COMMENT ON COLUMN rage.images.brand_id IS 'Whose picture it is.';
COMMENT ON COLUMN rage.images.content_id IS 'The bytes of the current version.';
COMMENT ON COLUMN rage.images.version IS 'Number of the current version, from 1.';
COMMENT ON COLUMN rage.images.kind IS 'What it shows; decides the role it has by default as a reference.';
COMMENT ON COLUMN rage.images.state IS 'draft, approved or retired; search finds what is approved.';
COMMENT ON COLUMN rage.images.origin IS 'imported from files, uploaded over HTTP, or generated here.';
COMMENT ON COLUMN rage.images.title IS 'A short name for people.';
COMMENT ON COLUMN rage.images.rights IS 'What is known of the rights, in words.';
COMMENT ON COLUMN rage.images.usable_from IS 'First day on which it may be used; null: no limit.';
COMMENT ON COLUMN rage.images.usable_until IS 'Last day on which it may be used; null: no limit.';
COMMENT ON COLUMN rage.images.attributes IS 'Everything else the host says of it, by name.';
COMMENT ON COLUMN rage.images.created_at IS 'When the row was made.';
COMMENT ON COLUMN rage.images.updated_at IS 'When anything about it last changed.';
COMMENT ON COLUMN rage.images.deleted_at IS 'When it was hidden; the row stays for history.';
COMMENT ON COLUMN rage.images.erased_at IS 'When its bytes and vectors were removed for good.';

CREATE TABLE rage.image_versions (
    brand_id    integer NOT NULL,
    image_id    bigint NOT NULL,
    version     integer NOT NULL CHECK (version > 0),
    content_id  bigint NOT NULL REFERENCES rage.contents ON DELETE RESTRICT,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (image_id, version),
    CONSTRAINT image_versions_image FOREIGN KEY (brand_id, image_id)
        REFERENCES rage.images (brand_id, image_id) ON DELETE CASCADE
);
CREATE INDEX image_versions_content ON rage.image_versions (content_id);
COMMENT ON TABLE  rage.image_versions IS 'Every version of every image, the current one among them.';
COMMENT ON COLUMN rage.image_versions.brand_id IS 'The image''s brand.';
COMMENT ON COLUMN rage.image_versions.image_id IS 'The image.';
COMMENT ON COLUMN rage.image_versions.version IS 'Counts from 1 per image.';
COMMENT ON COLUMN rage.image_versions.content_id IS 'The bytes of this version.';
COMMENT ON COLUMN rage.image_versions.created_at IS 'When this version came.';

CREATE TABLE rage.image_identifiers (
    identifier_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    brand_id       integer NOT NULL,
    image_id       bigint NOT NULL,
    root           text NOT NULL DEFAULT '',
    identifier     text NOT NULL CHECK (identifier <> ''),
    created_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT image_identifiers_unique UNIQUE (brand_id, root, identifier),
    CONSTRAINT image_identifiers_image FOREIGN KEY (brand_id, image_id)
        REFERENCES rage.images (brand_id, image_id) ON DELETE CASCADE
);
CREATE INDEX image_identifiers_by_image ON rage.image_identifiers (image_id, identifier_id);
COMMENT ON TABLE  rage.image_identifiers IS
    'What the host calls an image: the upsert keys of imports. One picture under two external ids has two rows.';
COMMENT ON COLUMN rage.image_identifiers.identifier_id IS 'Order of arrival: an image''s first external id is the one shown.';
COMMENT ON COLUMN rage.image_identifiers.brand_id IS 'The image''s brand; identifiers are unique within it.';
COMMENT ON COLUMN rage.image_identifiers.image_id IS 'The image.';
COMMENT ON COLUMN rage.image_identifiers.root IS 'Empty for an external id; else the folder that the path is relative to.';
COMMENT ON COLUMN rage.image_identifiers.identifier IS 'The external id, or the path within the root.';
COMMENT ON COLUMN rage.image_identifiers.created_at IS 'When the row was made.';

CREATE TABLE rage.image_products (
    brand_id  integer NOT NULL,
    image_id  bigint NOT NULL,
    sku       text NOT NULL CHECK (sku = btrim(sku) AND sku <> ''),
    position  integer NOT NULL DEFAULT 0,
    view      text,
    PRIMARY KEY (brand_id, image_id, sku),
    CONSTRAINT image_products_image FOREIGN KEY (brand_id, image_id)
        REFERENCES rage.images (brand_id, image_id) ON DELETE CASCADE
);
CREATE INDEX image_products_sku ON rage.image_products (brand_id, sku);
COMMENT ON TABLE  rage.image_products IS 'Which products an image shows; a product may be on many images.';
COMMENT ON COLUMN rage.image_products.brand_id IS 'The image''s brand.';
COMMENT ON COLUMN rage.image_products.image_id IS 'The image.';
COMMENT ON COLUMN rage.image_products.sku IS 'The product, as the host''s catalogue calls it.';
COMMENT ON COLUMN rage.image_products.position IS 'Order of the products on the image, from 0.';
COMMENT ON COLUMN rage.image_products.view IS 'Which side or situation is shown: front, back, in use.';
"""

DOWNGRADE = """
DROP TABLE rage.image_products, rage.image_identifiers, rage.image_versions, rage.images, rage.contents, rage.brands;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
