"""Batches and their items: many generations that were asked for at once."""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from rage_pg.schema.base import metadata

generation_batches = Table(
    "generation_batches",
    metadata,
    Column(
        "batch_id",
        UUID,
        primary_key=True,
        server_default=text("gen_random_uuid()"),
        comment="Stable id of the batch.",
    ),
    Column(
        "brand_id",
        Integer,
        ForeignKey("rage.brands.brand_id", ondelete="RESTRICT"),
        nullable=False,
        comment="The brand that pays for every item.",
    ),
    Column("name", Text, comment="What the person calls it."),
    Column("request", JSONB, nullable=False, comment="The request as it was given."),
    Column(
        "request_sha256",
        LargeBinary,
        nullable=False,
        comment="Hash of the request, which the same key must come with.",
    ),
    Column("idempotency_key", Text, comment="The caller's key: the same key and request is the same batch."),
    Column(
        "budget_usd",
        Numeric(14, 6),
        comment="US dollars that all its calls together may cost, in whatever month; null: no limit of its own.",
    ),
    Column(
        "state",
        Text,
        nullable=False,
        server_default=text("'open'::text"),
        comment="open: items are begun one after another; paused: not until it is resumed; cancelled: never.",
    ),
    Column("reason", Text, comment="Why it is paused."),
    Column("caller_id", UUID, comment="On whose behalf items are accepted; null: the operator's."),
    Column("asked_by", Text, comment="The key or login that asked; null while the service is open."),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it was asked.",
    ),
    Index(
        "generation_batches_idempotency_key",
        text("COALESCE(asked_by, ''::text)"),
        "idempotency_key",
        unique=True,
        postgresql_where=text("(idempotency_key IS NOT NULL)"),
    ),
    Index("generation_batches_brand", "brand_id", "created_at"),
    Index("generation_batches_open", "batch_id", postgresql_where=text("(state = 'open'::text)")),
    comment="A brief as a set: many generations that were asked for at once, under one budget.",
)

generation_batch_items = Table(
    "generation_batch_items",
    metadata,
    Column(
        "batch_id",
        UUID,
        ForeignKey("rage.generation_batches.batch_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The batch.",
    ),
    Column("position", Integer, primary_key=True, comment="Place in the batch, from 1."),
    Column(
        "key",
        Text,
        nullable=False,
        comment="What the item is of, for people: sku=SOAP-1/purpose=style/size=1024x1024.",
    ),
    Column("request", JSONB, nullable=False, comment="The request for its generation."),
    Column(
        "generation_id",
        UUID,
        ForeignKey("rage.generations.generation_id", ondelete="RESTRICT"),
        comment="The generation that it has become; null: none yet, or it is to be made anew.",
    ),
    Column("reason", Text, comment="Why it cannot become one; null: it can, as far as is known."),
    Index("generation_batch_items_generation", "generation_id", unique=True),
    Index(
        "generation_batch_items_pending",
        "batch_id",
        "position",
        postgresql_where=text("((generation_id IS NULL) AND (reason IS NULL))"),
    ),
    comment="The items of batches, each to become a generation.",
)
