"""Refinements: pictures that are judged and made again, what was lacking, and what was found for it."""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    UUID,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from rage_pg.schema.base import metadata

refinements = Table(
    "refinements",
    metadata,
    Column(
        "root_id",
        UUID,
        ForeignKey("rage.generations.generation_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The generation that was asked for, and the first picture.",
    ),
    Column(
        "with_draft",
        Boolean,
        nullable=False,
        comment="Whether its first picture is a draft that is judged; else what the prompt names is looked up before it.",
    ),
    Column(
        "rounds",
        Integer,
        nullable=False,
        comment="How often a picture is made again at most; without a draft the one picture is the round.",
    ),
    Column("per_round", Integer, nullable=False, comment="References that a round adds at most."),
    Column(
        "max_cost_usd",
        Numeric(14, 6),
        comment="US dollars that all its calls together may cost; null: as the budgets allow.",
    ),
    Column(
        "filters",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="Which images may be found.",
    ),
    Column("judge_provider", Text, nullable=False, comment="Who judges."),
    Column("judge_model", Text, nullable=False, comment="The model that judges."),
    Column(
        "caller_id",
        UUID,
        comment="On whose behalf images are found and pictures made; null: the operator's.",
    ),
    Column(
        "state",
        Text,
        nullable=False,
        server_default=text("'open'::text"),
        comment="open: there may be more to do; ended.",
    ),
    Column(
        "ended_by",
        Text,
        comment="Why it ended: matched, rounds, max_cost, unknown_cost, budget, nothing_found, no_slot, or how a step of it ended.",
    ),
    Column("detail", Text, comment="The same in a sentence, where there is more to say."),
    Column(
        "result_id",
        UUID,
        ForeignKey("rage.generations.generation_id", ondelete="RESTRICT"),
        comment="The last generation of it that succeeded; null where none did.",
    ),
    Column(
        "prepared_at",
        DateTime(timezone=True),
        comment="Without a draft: when the references of its one picture were looked up.",
    ),
    Column(
        "cancel_requested_at",
        DateTime(timezone=True),
        comment="When it was called off while something of it was under way.",
    ),
    Column(
        "cancel_requested_by", Text, comment="The key that called it off; null while the service is open."
    ),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it was asked.",
    ),
    Column("ended_at", DateTime(timezone=True), comment="When it ended."),
    Index("refinements_open", "root_id", postgresql_where=text("state = 'open'")),
    Index("refinements_result", "result_id"),
    comment="Loops in which a picture is judged against its prompt and made again with what it lacks.",
)

refinement_steps = Table(
    "refinement_steps",
    metadata,
    Column(
        "root_id",
        UUID,
        ForeignKey("rage.refinements.root_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The refinement, by its first generation.",
    ),
    Column("round", Integer, primary_key=True, comment="0 the first picture, then one for each round."),
    Column(
        "generation_id",
        UUID,
        ForeignKey("rage.generations.generation_id", ondelete="CASCADE"),
        nullable=False,
        comment="The generation.",
    ),
    Index("refinement_steps_generation", "generation_id", unique=True),
    comment="The pictures of a refinement in order, each a generation.",
)

judgements = Table(
    "judgements",
    metadata,
    Column(
        "judgement_id",
        BigInteger,
        Identity(always=True),
        primary_key=True,
        comment="Stable number of the judgement.",
    ),
    Column(
        "root_id",
        UUID,
        ForeignKey("rage.refinements.root_id", ondelete="CASCADE"),
        nullable=False,
        comment="The refinement.",
    ),
    Column(
        "round",
        Integer,
        nullable=False,
        comment="The step whose picture was judged; without a draft the one that is to be made.",
    ),
    Column("attempt", Integer, nullable=False, comment="Counts from 1 for each step."),
    Column(
        "generation_id",
        UUID,
        ForeignKey("rage.generations.generation_id", ondelete="CASCADE"),
        nullable=False,
        comment="The generation of that step.",
    ),
    Column(
        "call_id",
        BigInteger,
        ForeignKey("rage.paid_calls.call_id", ondelete="RESTRICT"),
        nullable=False,
        comment="The paid call.",
    ),
    Column(
        "verdict",
        Text,
        nullable=False,
        server_default=text("'pending'::text"),
        comment="match, mismatch, named (without a draft), unable (it refused, or answered what is no answer), turned_away, failed, unknown, cancelled; pending until it is known.",
    ),
    Column("detail", Text, comment="What was wrong with the answer."),
    Column(
        "temperature",
        REAL,
        nullable=False,
        comment="The temperature that was asked for; it rises from try to try.",
    ),
    Column("provider", Text, nullable=False, comment="Who was asked."),
    Column("model", Text, nullable=False, comment="The model that answered; before that, the one asked for."),
    Column(
        "looked_up_at",
        DateTime(timezone=True),
        comment="When images were looked up for what it lacks; null: not yet, or nothing was to be.",
    ),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When the call was about to be made.",
    ),
    Column("finished_at", DateTime(timezone=True), comment="When the answer was known."),
    UniqueConstraint("root_id", "round", "attempt", name="judgements_attempt_unique"),
    Index("judgements_generation", "generation_id"),
    Index("judgements_call", "call_id"),
    comment="What a vision model said of the pictures of a refinement, one row a call.",
)

judgement_concepts = Table(
    "judgement_concepts",
    metadata,
    Column(
        "judgement_id",
        BigInteger,
        ForeignKey("rage.judgements.judgement_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The judgement that names it.",
    ),
    Column("position", Integer, primary_key=True, comment="Place in the judge's list, from 1."),
    Column(
        "concept",
        Text,
        comment="What is lacking; null: the judge was unable to say, and the prompt itself was looked up.",
    ),
    Column("caption", Text, nullable=False, comment="The caption by which an image was looked up."),
    Column(
        "outcome",
        Text,
        comment="found, nothing_found or no_slot (no more references go along); null: not looked up yet.",
    ),
    Column(
        "image_id",
        BigInteger,
        ForeignKey("rage.images.image_id", ondelete="RESTRICT"),
        comment="The image that was found.",
    ),
    Column("role", Text, comment="The role in which it goes along; null: that of its kind."),
    Column("note", Text, comment="What the image model is told to take of it."),
    Column("score", REAL, comment="How well it serves, 0 to 1; higher is better."),
    Column(
        "proposal_id",
        UUID,
        ForeignKey("rage.proposals.proposal_id", ondelete="SET NULL"),
        comment="The proposal that it was found by.",
    ),
    Index("judgement_concepts_by_image", "image_id"),
    Index("judgement_concepts_proposal", "proposal_id"),
    comment="What a picture lacks, or a prompt names, and the image that was found for it.",
)
