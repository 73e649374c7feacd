"""Captions, tags, collections, and the documents made of them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
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
from sqlalchemy.dialects.postgresql import TSVECTOR

from rage_pg.schema.base import Xid8, metadata

captions = Table(
    "captions",
    metadata,
    Column("brand_id", Integer, nullable=False, comment="The image's brand."),
    Column("image_id", BigInteger, primary_key=True, comment="The image."),
    Column("revision", Integer, primary_key=True, comment="Counts from 1 per image."),
    Column(
        "is_current",
        Boolean,
        nullable=False,
        server_default=text("true"),
        comment="Whether this is the one that is shown and searched.",
    ),
    Column("text", Text, nullable=False, comment="The caption."),
    Column("language", Text, comment="Its language as a BCP 47 tag, where known."),
    Column(
        "source",
        Text,
        nullable=False,
        comment="import: came with a file; person; model: a vision model; generation: drafted from references; file: stood in the picture's file.",
    ),
    Column("author", Text, comment="The person or key that wrote it, where known."),
    Column("model", Text, comment="The model that wrote it."),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it was written.",
    ),
    Column(
        "replaces",
        Integer,
        comment="The revision that was current when a model's caption took its place; null: none was.",
    ),
    Column("reviewed_by", Text, comment="Who accepted or rejected a model's caption, where known."),
    Column(
        "reviewed_at",
        DateTime(timezone=True),
        comment="When it was accepted or rejected; null: nobody has looked it over.",
    ),
    ForeignKeyConstraint(
        ["brand_id", "image_id"],
        ["rage.images.brand_id", "rage.images.image_id"],
        name="captions_image",
        ondelete="CASCADE",
    ),
    Index("captions_one_current", "image_id", unique=True, postgresql_where=text("is_current")),
    Index(
        "captions_to_review",
        "image_id",
        postgresql_where=text("is_current AND source = 'model' AND reviewed_at IS NULL"),
    ),
    comment="Every caption that an image ever had; at most one is current.",
)

tags = Table(
    "tags",
    metadata,
    Column("tag_id", Integer, Identity(always=True), primary_key=True, comment="Stable number of the tag."),
    Column(
        "brand_id",
        Integer,
        ForeignKey("rage.brands.brand_id", ondelete="CASCADE"),
        nullable=False,
        comment="Whose vocabulary it belongs to.",
    ),
    Column("name", Text, nullable=False, comment="The tag in its normal form: trimmed, NFC, case-folded."),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it was first used.",
    ),
    UniqueConstraint("brand_id", "name", name="tags_brand_name_unique"),
    UniqueConstraint("brand_id", "tag_id", name="tags_brand_tag_unique"),
    Index("tags_name", "name", postgresql_ops={"name": "text_pattern_ops"}),
    comment="The tags of a brand; a/b is a child of a.",
)

image_tags = Table(
    "image_tags",
    metadata,
    Column("brand_id", Integer, nullable=False, comment="Brand of both."),
    Column("image_id", BigInteger, primary_key=True, comment="The image."),
    Column("tag_id", Integer, primary_key=True, comment="The tag."),
    ForeignKeyConstraint(
        ["brand_id", "image_id"],
        ["rage.images.brand_id", "rage.images.image_id"],
        name="image_tags_image",
        ondelete="CASCADE",
    ),
    ForeignKeyConstraint(
        ["brand_id", "tag_id"],
        ["rage.tags.brand_id", "rage.tags.tag_id"],
        name="image_tags_tag",
        ondelete="CASCADE",
    ),
    Index("image_tags_by_tag", "tag_id", "image_id", postgresql_include=["brand_id"]),
    comment="Which image carries which tag.",
)

collections = Table(
    "collections",
    metadata,
    Column(
        "collection_id",
        Integer,
        Identity(always=True),
        primary_key=True,
        comment="Stable number of the collection.",
    ),
    Column(
        "brand_id",
        Integer,
        ForeignKey("rage.brands.brand_id", ondelete="RESTRICT"),
        nullable=False,
        comment="Whose collection it is; its images may be of other brands.",
    ),
    Column("name", Text, nullable=False, comment="The name as it was first given."),
    Column(
        "key",
        Text,
        Computed("rage.normal_form(name)", persisted=True),
        nullable=False,
        comment="The name as it is compared.",
    ),
    Column("title", Text, comment="The name as it is printed, where it differs."),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When the row was made.",
    ),
    UniqueConstraint("brand_id", "key", name="collections_brand_key_unique"),
    comment="Ordered sets of images, to filter by and to hand over whole as references.",
)

collection_images = Table(
    "collection_images",
    metadata,
    Column(
        "collection_id",
        Integer,
        ForeignKey("rage.collections.collection_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The collection.",
    ),
    Column("position", Integer, nullable=False, comment="Place in the order, from 1."),
    Column(
        "image_id",
        BigInteger,
        ForeignKey("rage.images.image_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The image.",
    ),
    UniqueConstraint("collection_id", "position", name="collection_images_position_unique"),
    Index("collection_images_by_image", "image_id"),
    comment="Which images a collection holds, in which order.",
)

image_documents = Table(
    "image_documents",
    metadata,
    Column("image_id", BigInteger, primary_key=True, comment="The image."),
    Column("brand_id", Integer, nullable=False, comment="The image's brand."),
    Column("input", Text, nullable=False, comment="What text encoders read; empty where nothing is known."),
    Column(
        "input_sha256",
        LargeBinary,
        nullable=False,
        comment="SHA-256 of the input: an embedding with another hash is out of date.",
    ),
    Column(
        "words",
        TSVECTOR,
        nullable=False,
        comment="What the text leg searches: title A, tags and SKUs B, caption C, brand D.",
    ),
    Column(
        "configuration",
        Text,
        nullable=False,
        server_default="english",
        comment="The text search configuration of pg_catalog that stemmed its words.",
    ),
    Column(
        "changed_in",
        Xid8,
        nullable=False,
        server_default=text("pg_current_xact_id()"),
        comment="The transaction in which its input last changed; kept by a trigger.",
    ),
    ForeignKeyConstraint(
        ["brand_id", "image_id"],
        ["rage.images.brand_id", "rage.images.image_id"],
        name="image_documents_image",
        ondelete="CASCADE",
    ),
    Index("image_documents_changed", "changed_in", "image_id"),
    Index("image_documents_words", "words", text("(ARRAY[brand_id])"), postgresql_using="gin"),
    comment="An image's title, caption and tags as one text; kept by rage.refresh_documents after every change of words.",
)

text_configurations = Table(
    "text_configurations",
    metadata,
    Column(
        "brand_id",
        Integer,
        ForeignKey("rage.brands.brand_id", ondelete="CASCADE"),
        primary_key=True,
        comment="Whose documents.",
    ),
    Column("configuration", Text, primary_key=True, comment="A text search configuration of pg_catalog."),
    Column(
        "documents",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="About how many documents: counted, and those that were added since.",
    ),
    Column(
        "changed",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="How many were written since their words were counted.",
    ),
    Column("counted_at", DateTime(timezone=True), comment="When their words were counted; null: never."),
    comment="In which languages a brand's documents are stemmed: those that a prompt is read in.",
)

common_words = Table(
    "common_words",
    metadata,
    Column("lexeme", Text, primary_key=True, comment="The word as documents hold it, stemmed."),
    Column(
        "brand_id",
        Integer,
        ForeignKey("rage.brands.brand_id", ondelete="CASCADE"),
        primary_key=True,
        comment="Whose documents.",
    ),
    Column(
        "documents",
        Integer,
        nullable=False,
        comment="How many of them had it when they were counted.",
    ),
    comment="How many of a brand's documents have a word, where many do; rage.count_words brings it up to date.",
)
