"""Brands, and images with their contents, versions, identifiers and products."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, BIT, JSONB

from rage_pg.schema.base import Xid8, metadata

brands = Table(
    "brands",
    metadata,
    Column(
        "brand_id",
        Integer,
        Identity(always=True, start=10),
        primary_key=True,
        comment="Stable number of the brand.",
    ),
    Column(
        "name",
        Text,
        nullable=False,
        comment="The name as it was first given; what people and programs call the brand.",
    ),
    Column(
        "key",
        Text,
        Computed("rage.normal_form(name)", persisted=True),
        nullable=False,
        comment="The name as it is compared.",
    ),
    Column("title", Text, comment="The name as it is printed, where it differs."),
    Column("guidelines", Text, comment="What every generation for the brand should heed."),
    Column(
        "reserved",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="True for shared, which is everyone's and can be neither renamed nor removed.",
    ),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When the row was made.",
    ),
    Column(
        "language",
        Text,
        comment="The language of what is said of its images, as a BCP 47 tag, where a caption names none; null: English.",
    ),
    Column(
        "palette",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'::text[]"),
        comment="Its colours as #rrggbb, each with its name behind one blank where it has one.",
    ),
    Column(
        "words_to_avoid",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'::text[]"),
        comment="Words and things that are neither to be written nor shown in pictures for it.",
    ),
    UniqueConstraint("key", name="brands_key_unique"),
    comment="Who an image belongs to and who pays for a generation: the boundary of access.",
)

contents = Table(
    "contents",
    metadata,
    Column(
        "content_id",
        BigInteger,
        Identity(always=True),
        primary_key=True,
        comment="Stable number of the content.",
    ),
    Column(
        "sha256",
        LargeBinary,
        nullable=False,
        comment="SHA-256 of the original bytes; stays after an erasure.",
    ),
    Column(
        "kind",
        Text,
        nullable=False,
        server_default=text("'stored'::text"),
        comment="stored: the bytes are here; linked: they lie at the address.",
    ),
    Column("address", Text, comment="Where the bytes of a linked content lie."),
    Column(
        "media_type",
        Text,
        nullable=False,
        comment="Media type found in the bytes, whatever the file was called.",
    ),
    Column("byte_size", BigInteger, nullable=False, comment="Size of the original in bytes."),
    Column("width", Integer, nullable=False, comment="Width in pixels as it is shown, orientation applied."),
    Column(
        "height", Integer, nullable=False, comment="Height in pixels as it is shown, orientation applied."
    ),
    Column("bytes", LargeBinary, comment="The original, unchanged."),
    Column(
        "thumbnail",
        LargeBinary,
        comment="A WebP of at most 512 pixels a side, orientation applied, free of metadata; image encoders read it.",
    ),
    Column(
        "erased_at",
        DateTime(timezone=True),
        comment="When bytes and thumbnail were removed for good; the hash stays.",
    ),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When the row was made.",
    ),
    Column(
        "frames",
        Integer,
        nullable=False,
        server_default=text("1"),
        comment="Frames of an animation or pages, of which the first is shown; 1 for a still.",
    ),
    UniqueConstraint("sha256", name="contents_sha256_unique"),
    comment="The bytes of pictures, once per hash, whoever uses them.",
)

picture_hashes = Table(
    "picture_hashes",
    metadata,
    Column(
        "content_id",
        BigInteger,
        ForeignKey("rage.contents.content_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        comment="The bytes.",
    ),
    Column(
        "hash",
        BIT(64),
        comment="Perceptual hash of the thumbnail: few bits differ between pictures that look alike; null for a flat one, which looks like every other.",
    ),
    Column(
        "bands",
        ARRAY(Integer),
        Computed(
            """ARRAY[
        substring(hash FROM 1 FOR 16)::bit(16)::integer,
        substring(hash FROM 17 FOR 16)::bit(16)::integer + 65536,
        substring(hash FROM 33 FOR 16)::bit(16)::integer + 131072,
        substring(hash FROM 49 FOR 16)::bit(16)::integer + 196608
    ]""",
            persisted=True,
        ),
        comment="The hash in four parts of 16 bits, each with its place above: hashes of which few bits differ have a part that is equal or nearly so.",
    ),
    Index(
        "picture_hashes_bands",
        "bands",
        postgresql_using="gin",
        postgresql_where=text("hash IS NOT NULL"),
    ),
    comment="What pictures look like: a row once somebody looked, none after an erasure.",
)

images = Table(
    "images",
    metadata,
    Column(
        "image_id",
        BigInteger,
        Identity(always=True),
        primary_key=True,
        comment="Stable for good; what the host's tables refer to.",
    ),
    Column(
        "brand_id",
        Integer,
        ForeignKey("rage.brands.brand_id", ondelete="RESTRICT"),
        nullable=False,
        comment="Whose picture it is.",
    ),
    Column(
        "content_id",
        BigInteger,
        ForeignKey("rage.contents.content_id", ondelete="RESTRICT"),
        nullable=False,
        comment="The bytes of the current version.",
    ),
    Column(
        "version",
        Integer,
        nullable=False,
        server_default=text("1"),
        comment="Number of the current version, from 1.",
    ),
    Column(
        "kind",
        Text,
        nullable=False,
        server_default=text("'other'::text"),
        comment="What it shows; decides the role it has by default as a reference.",
    ),
    Column(
        "state",
        Text,
        nullable=False,
        server_default=text("'approved'::text"),
        comment="draft, approved or retired; search finds what is approved.",
    ),
    Column(
        "origin",
        Text,
        nullable=False,
        server_default=text("'imported'::text"),
        comment="imported from files, uploaded over HTTP, or generated here.",
    ),
    Column("title", Text, comment="A short name for people."),
    Column("rights", Text, comment="What is known of the rights, in words."),
    Column("usable_from", Date, comment="First day on which it may be used; null: no limit."),
    Column("usable_until", Date, comment="Last day on which it may be used; null: no limit."),
    Column(
        "attributes",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="Everything else the host says of it, by name.",
    ),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When the row was made.",
    ),
    Column(
        "updated_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When anything about it last changed.",
    ),
    Column("deleted_at", DateTime(timezone=True), comment="When it was hidden; the row stays for history."),
    Column("erased_at", DateTime(timezone=True), comment="When its bytes and vectors were removed for good."),
    Column(
        "changed_in",
        Xid8,
        nullable=False,
        server_default=text("pg_current_xact_id()"),
        comment="The transaction in which it last began to show other bytes, was hidden or shown again; kept by a trigger.",
    ),
    UniqueConstraint("brand_id", "image_id", name="images_brand_image_unique"),
    Index(
        "images_attributes",
        "attributes",
        postgresql_using="gin",
        postgresql_ops={"attributes": "jsonb_path_ops"},
    ),
    Index(
        "images_brand_content_unique",
        "brand_id",
        "content_id",
        unique=True,
        postgresql_where=text("(erased_at IS NULL)"),
    ),
    Index("images_changed", "changed_in", "image_id"),
    Index(
        "images_closed",
        "image_id",
        postgresql_include=["deleted_at", "state", "usable_from", "usable_until"],
        postgresql_where=text(
            "deleted_at IS NOT NULL OR state <> 'approved' OR usable_from IS NOT NULL OR usable_until IS NOT NULL"
        ),
    ),
    Index("images_content", "content_id"),
    Index("images_updated", "updated_at", "image_id"),
    comment="The pictures of the store: one row per picture and brand, whatever version it shows.",
)

image_versions = Table(
    "image_versions",
    metadata,
    Column("brand_id", Integer, nullable=False, comment="The image's brand."),
    Column("image_id", BigInteger, primary_key=True, comment="The image."),
    Column("version", Integer, primary_key=True, comment="Counts from 1 per image."),
    Column(
        "content_id",
        BigInteger,
        ForeignKey("rage.contents.content_id", ondelete="RESTRICT"),
        nullable=False,
        comment="The bytes of this version.",
    ),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When this version came.",
    ),
    ForeignKeyConstraint(
        ["brand_id", "image_id"],
        ["rage.images.brand_id", "rage.images.image_id"],
        name="image_versions_image",
        ondelete="CASCADE",
    ),
    Index("image_versions_content", "content_id"),
    comment="Every version of every image, the current one among them.",
)

image_identifiers = Table(
    "image_identifiers",
    metadata,
    Column(
        "identifier_id",
        BigInteger,
        Identity(always=True),
        primary_key=True,
        comment="Order of arrival: an image's first external id is the one shown.",
    ),
    Column(
        "brand_id", Integer, nullable=False, comment="The image's brand; identifiers are unique within it."
    ),
    Column("image_id", BigInteger, nullable=False, comment="The image."),
    Column(
        "root",
        Text,
        nullable=False,
        server_default=text("''::text"),
        comment="Empty for an external id; else the folder that the path is relative to.",
    ),
    Column("identifier", Text, nullable=False, comment="The external id, or the path within the root."),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When the row was made.",
    ),
    ForeignKeyConstraint(
        ["brand_id", "image_id"],
        ["rage.images.brand_id", "rage.images.image_id"],
        name="image_identifiers_image",
        ondelete="CASCADE",
    ),
    UniqueConstraint("brand_id", "root", "identifier", name="image_identifiers_unique"),
    Index("image_identifiers_by_image", "image_id", "identifier_id"),
    Index("image_identifiers_external_id", "identifier", postgresql_where=text("root = ''::text")),
    comment="What the host calls an image: the upsert keys of imports. One picture under two external ids has two rows.",
)

image_products = Table(
    "image_products",
    metadata,
    Column("brand_id", Integer, primary_key=True, comment="The image's brand."),
    Column("image_id", BigInteger, primary_key=True, comment="The image."),
    Column("sku", Text, primary_key=True, comment="The product, as the host's catalogue calls it."),
    Column(
        "position",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="Order of the products on the image, from 0.",
    ),
    Column("view", Text, comment="Which side or situation is shown: front, back, in use."),
    ForeignKeyConstraint(
        ["brand_id", "image_id"],
        ["rage.images.brand_id", "rage.images.image_id"],
        name="image_products_image",
        ondelete="CASCADE",
    ),
    Index("image_products_sku", "sku", "brand_id"),
    Index("image_products_sku_form", text("normal_form(sku)")),
    comment="Which products an image shows; a product may be on many images.",
)
