"""What captioners see in images, and which images they are at."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from rage_pg.schema.base import metadata

descriptions = Table(
    "descriptions",
    metadata,
    Column("brand_id", Integer, nullable=False, comment="The image's brand."),
    Column("image_id", BigInteger, primary_key=True, comment="The image."),
    Column("reader", Text, primary_key=True, comment="model: a vision model; ocr: text recognition."),
    Column(
        "content_id",
        BigInteger,
        ForeignKey("rage.contents.content_id", ondelete="CASCADE"),
        nullable=False,
        comment="The bytes that were described.",
    ),
    Column("objects", ARRAY(Text), nullable=False, server_default="{}", comment="What is to be seen."),
    Column("styles", ARRAY(Text), nullable=False, server_default="{}", comment="Words for its look."),
    Column("colours", ARRAY(Text), nullable=False, server_default="{}", comment="Its main colours."),
    Column(
        "visible_text",
        Text,
        nullable=False,
        server_default="",
        comment="Text in the picture; empty where there is none.",
    ),
    Column("kind", Text, comment="The kind of image that the model suggests; the image keeps its own."),
    Column("language", Text, nullable=False, comment="The language that was asked for, as a BCP 47 tag."),
    Column("provider", Text, nullable=False, comment="The provider that was asked."),
    Column("model", Text, nullable=False, comment="The model that answered."),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it was written.",
    ),
    ForeignKeyConstraint(
        ["brand_id", "image_id"],
        ["rage.images.brand_id", "rage.images.image_id"],
        name="descriptions_image",
        ondelete="CASCADE",
    ),
    Index("descriptions_content", "content_id"),
    comment="What a vision model or OCR sees in an image, beside its caption; of another content than the image shows now, it is out of date.",
)

caption_tries = Table(
    "caption_tries",
    metadata,
    Column("brand_id", Integer, nullable=False, comment="The image's brand."),
    Column("image_id", BigInteger, primary_key=True, comment="The image."),
    Column("reader", Text, primary_key=True, comment="model: a vision model; ocr: text recognition."),
    Column(
        "content_id",
        BigInteger,
        ForeignKey("rage.contents.content_id", ondelete="CASCADE"),
        nullable=False,
        comment="The bytes that are described; others are tried afresh.",
    ),
    Column("attempts", Integer, nullable=False, server_default=text("0"), comment="How often it failed."),
    Column("reason", Text, comment="Why it failed last."),
    Column("failed_at", DateTime(timezone=True), comment="When it failed last."),
    Column("run_id", UUID, comment="The run that is at it; null: none."),
    Column(
        "claimed_until",
        DateTime(timezone=True),
        comment="When a run that does not say otherwise counts as lost.",
    ),
    Column(
        "call_id",
        BigInteger,
        ForeignKey("rage.paid_calls.call_id", ondelete="SET NULL"),
        comment="The paid call under way.",
    ),
    ForeignKeyConstraint(
        ["brand_id", "image_id"],
        ["rage.images.brand_id", "rage.images.image_id"],
        name="caption_tries_image",
        ondelete="CASCADE",
    ),
    Index("caption_tries_content", "content_id"),
    Index("caption_tries_call", "call_id"),
    comment="Images that a captioner is at or failed on; the row goes once the image is described.",
)
