"""What was searched for, found and proposed."""

from __future__ import annotations

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import (
    REAL,
    UUID,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from rage_pg.schema.base import metadata

searches = Table(
    "searches",
    metadata,
    Column(
        "search_id",
        UUID,
        primary_key=True,
        server_default=text("gen_random_uuid()"),
        comment="What a generation refers to as the origin of its references.",
    ),
    Column("prompt", Text, nullable=False, comment="The prompt as it was given."),
    Column(
        "filters",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="The filters as they were given.",
    ),
    Column("among", ARRAY(BigInteger), comment="The images that the search was confined to; null: all."),
    Column("legs", JSONB, comment="Weights of the legs where the request named them."),
    Column("k", Integer, nullable=False, comment="How many images were asked for."),
    Column("strategy", Text, nullable=False, comment="How the answer was found."),
    Column("matched", BigInteger, nullable=False, comment="How many images passed the filter."),
    Column("complete", Boolean, nullable=False, comment="Whether no bound cut the answer."),
    Column(
        "took_ms", REAL, nullable=False, comment="Time in milliseconds, the embedding of the prompt included."
    ),
    Column("asked_by", Text, comment="The key or login that asked; null while the service is open."),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it was asked.",
    ),
    Column("brand_ids", ARRAY(Integer), comment="The brands that the caller could see; null: every brand."),
    Column(
        "min_relevance",
        REAL,
        nullable=False,
        server_default=text("0"),
        comment="The share of the best score that a result had to reach.",
    ),
    Column(
        "imagined_id",
        UUID,
        comment="The draft of the prompt that the image leg searched by; null: it searched by the words.",
    ),
    Column("imagined", HALFVEC, comment="The vector of that draft, for the rows that follow."),
    Index("searches_created", "created_at"),
    comment="Every search made through the service.",
)

search_results = Table(
    "search_results",
    metadata,
    Column(
        "search_id",
        UUID,
        ForeignKey("rage.searches.search_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The search.",
    ),
    Column("rank", Integer, primary_key=True, comment="Place in the answer, from 1."),
    Column(
        "image_id",
        BigInteger,
        ForeignKey("rage.images.image_id", ondelete="CASCADE"),
        nullable=False,
        comment="The image.",
    ),
    Column("score", REAL, nullable=False, comment="Fused score; higher is better."),
    Column("legs", JSONB, nullable=False, comment="Rank, and distance or score, per leg."),
    Index("search_results_by_image", "image_id"),
    comment="What a search answered, in order.",
)

proposals = Table(
    "proposals",
    metadata,
    Column(
        "proposal_id",
        UUID,
        primary_key=True,
        server_default=text("gen_random_uuid()"),
        comment="What a generation refers to.",
    ),
    Column("prompt", Text, nullable=False, comment="The prompt as it was given."),
    Column(
        "filters",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="The filters as they were given.",
    ),
    Column("slots", Integer, nullable=False, comment="How many references the model could take."),
    Column(
        "chosen",
        ARRAY(BigInteger),
        nullable=False,
        server_default=text("'{}'::bigint[]"),
        comment="Images that the person had chosen before; they come first.",
    ),
    Column("planner", Text, nullable=False, comment="What split the prompt into concepts."),
    Column(
        "concepts",
        JSONB,
        nullable=False,
        server_default=text("'[]'::jsonb"),
        comment="The concepts, each with the images that serve it; an empty list: unserved.",
    ),
    Column(
        "passed_over",
        JSONB,
        nullable=False,
        server_default=text("'[]'::jsonb"),
        comment="Images that were considered and left out, with the reason.",
    ),
    Column("asked_by", Text, comment="The key or login that asked; null while the service is open."),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it was asked.",
    ),
    Column("brand_ids", ARRAY(Integer), comment="The brands that the caller could see; null: every brand."),
    Column(
        "diversity",
        REAL,
        CheckConstraint("diversity BETWEEN 0 AND 1", name="proposals_diversity_check"),
        nullable=False,
        server_default=text("0"),
        comment="From 0, the best for each concept, to 1, the least like the other references of those about as good.",
    ),
    Column(
        "strategy", Text, nullable=False, server_default=text("''"), comment="How the candidates were found."
    ),
    Column(
        "notes",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'::text[]"),
        comment="What did not go as asked, in sentences for people.",
    ),
    Column(
        "took_ms",
        REAL,
        nullable=False,
        server_default=text("0"),
        comment="Time in milliseconds, the embedding of the concepts included.",
    ),
    Index("proposals_created", "created_at"),
    comment="Every set of references that was proposed for a prompt.",
)

proposal_references = Table(
    "proposal_references",
    metadata,
    Column(
        "proposal_id",
        UUID,
        ForeignKey("rage.proposals.proposal_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The proposal.",
    ),
    Column("position", Integer, primary_key=True, comment="Place in the order, from 1."),
    Column(
        "image_id",
        BigInteger,
        ForeignKey("rage.images.image_id", ondelete="CASCADE"),
        nullable=False,
        comment="The image.",
    ),
    Column("role", Text, nullable=False, comment="What it is there for."),
    Column(
        "serves",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'::text[]"),
        comment="The concepts that it serves.",
    ),
    Column("reason", Text, comment="Why it was chosen."),
    Column("score", REAL, comment="How well it serves its concepts, 0 to 1; null where it serves none."),
    Column(
        "chosen",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether the person had chosen it before.",
    ),
    Index("proposal_references_by_image", "image_id"),
    comment="The proposed references, in order.",
)
