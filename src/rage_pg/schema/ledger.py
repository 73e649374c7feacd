"""Generations with references and outputs, ratings, paid calls, prices, budgets; and the job library's changes."""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    UUID,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from rage_pg.schema.base import metadata

generations = Table(
    "generations",
    metadata,
    Column(
        "generation_id",
        UUID,
        primary_key=True,
        server_default=text("gen_random_uuid()"),
        comment="Stable id of the generation.",
    ),
    Column(
        "brand_id",
        Integer,
        ForeignKey("rage.brands.brand_id", ondelete="RESTRICT"),
        nullable=False,
        comment="The brand that pays.",
    ),
    Column(
        "status",
        Text,
        nullable=False,
        server_default=text("'queued'::text"),
        comment="queued, running, or the outcome; unknown: a crash hid the answer, nothing is retried blindly.",
    ),
    Column("prompt", Text, nullable=False, comment="The prompt as it was given."),
    Column("prompt_sent", Text, comment="The exact text that went to the provider."),
    Column("purpose", Text, nullable=False, comment="What the picture is for; shapes the instruction."),
    Column("provider", Text, nullable=False, comment="Who makes the picture."),
    Column("model", Text, comment="The model asked for; after an answer, the model that answered."),
    Column(
        "parameters",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="Size, quality and whatever else was asked, and what the provider says it did.",
    ),
    Column(
        "labels",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="Names and values of the caller: campaign, channel, ticket.",
    ),
    Column(
        "parent_id",
        UUID,
        ForeignKey("rage.generations.generation_id", ondelete="RESTRICT"),
        comment="The generation that this one continues.",
    ),
    Column(
        "search_id",
        UUID,
        ForeignKey("rage.searches.search_id", ondelete="SET NULL"),
        comment="The search that the references came from.",
    ),
    Column(
        "proposal_id",
        UUID,
        ForeignKey("rage.proposals.proposal_id", ondelete="SET NULL"),
        comment="The proposal that the references came from.",
    ),
    Column(
        "idempotency_key", Text, comment="The caller's key: the same key and request is the same generation."
    ),
    Column("request_sha256", LargeBinary, comment="Hash of the request that came with the key."),
    Column("job_id", BigInteger, comment="The job that does the work."),
    Column("provider_request_id", Text, comment="The provider's own number of the call."),
    Column("usage", JSONB, comment="Tokens by class, as the provider counted them."),
    Column(
        "cost_usd",
        Numeric(14, 6),
        comment="What it cost; null where usage or price is not known, 0 only where nothing is charged.",
    ),
    Column(
        "timings_ms",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="Milliseconds by stage: queue, load, fit, call, store.",
    ),
    Column("error", JSONB, comment="What went wrong: type, detail, code."),
    Column("asked_by", Text, comment="The key or login that asked; null while the service is open."),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it was asked.",
    ),
    Column("started_at", DateTime(timezone=True), comment="When a worker took it up."),
    Column("finished_at", DateTime(timezone=True), comment="When the outcome was known."),
    Column(
        "expected_usd",
        Numeric(14, 6),
        comment="What it was expected to cost when it was asked for, set aside of the budgets while it is queued; null where nobody could say.",
    ),
    Column(
        "batch_id",
        UUID,
        ForeignKey("rage.generation_batches.batch_id", ondelete="RESTRICT"),
        comment="The batch that it is of, if any.",
    ),
    Column(
        "batch_position",
        Integer,
        comment="The item of that batch; one that was tried again has several generations.",
    ),
    Column(
        "retry_of",
        UUID,
        ForeignKey("rage.generations.generation_id", ondelete="RESTRICT"),
        comment="The generation whose request this one makes once more.",
    ),
    Column(
        "cancel_requested_at",
        DateTime(timezone=True),
        comment="When it was called off while it ran; its worker ends it.",
    ),
    Column(
        "cancel_requested_by", Text, comment="The key that called it off; null while the service is open."
    ),
    Column(
        "waits_for",
        Text,
        comment="Of a queued one. retry: its provider turned it away, it is called again; turn: its provider is called as often as may be.",
    ),
    Column(
        "waits_until",
        DateTime(timezone=True),
        comment="When it is taken up again; one that waits for its turn is called in before, and this is when it looks by itself.",
    ),
    Column(
        "draft",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether its picture is made to be judged, or to be searched by.",
    ),
    Index("generations_drafts", text("md5(prompt)"), postgresql_where=text("draft")),
    Index("generations_batch", "batch_id", "batch_position", postgresql_where=text("(batch_id IS NOT NULL)")),
    Index("generations_brand", "brand_id", "created_at"),
    Index("generations_created", "created_at", "generation_id"),
    Index(
        "generations_idempotency_key",
        text("COALESCE(asked_by, ''::text)"),
        "idempotency_key",
        unique=True,
        postgresql_where=text("(idempotency_key IS NOT NULL)"),
    ),
    Index(
        "generations_labels", "labels", postgresql_using="gin", postgresql_ops={"labels": "jsonb_path_ops"}
    ),
    Index("generations_parent", "parent_id"),
    Index("generations_proposal", "proposal_id"),
    Index("generations_open", "generation_id", postgresql_where=text("finished_at IS NULL")),
    Index("generations_search", "search_id"),
    Index("generations_retry_of", "retry_of"),
    Index("generations_in_line", "provider", "job_id", postgresql_where=text("waits_for = 'turn'")),
    comment="The ledger: one row per request for pictures, kept for good.",
)

generation_references = Table(
    "generation_references",
    metadata,
    Column(
        "generation_id",
        UUID,
        ForeignKey("rage.generations.generation_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The generation.",
    ),
    Column(
        "position", Integer, primary_key=True, comment="Place in the order, from 1; the prompt counts alike."
    ),
    Column(
        "image_id",
        BigInteger,
        ForeignKey("rage.images.image_id", ondelete="RESTRICT"),
        nullable=False,
        comment="The image.",
    ),
    Column("version", Integer, nullable=False, comment="The image's version at the time."),
    Column("sha256", LargeBinary, nullable=False, comment="Hash of the bytes that were used."),
    Column("role", Text, nullable=False, comment="What the image was there for."),
    Column("note", Text, comment="What the person said about it."),
    Column(
        "search_rank",
        Integer,
        comment="Its rank in the search, or its place in the proposal, that it came from.",
    ),
    Column("search_score", REAL, comment="Its score there."),
    Index("generation_references_by_image", "image_id"),
    comment="The images that went with a prompt, in the order in which they were sent.",
)

generation_masks = Table(
    "generation_masks",
    metadata,
    Column(
        "generation_id",
        UUID,
        ForeignKey("rage.generations.generation_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The generation.",
    ),
    Column(
        "sha256",
        LargeBinary,
        nullable=False,
        comment="Hash of the bytes; the parameters of the generation say it too.",
    ),
    Column(
        "bytes",
        LargeBinary,
        nullable=False,
        comment="A PNG of the size of that reference, transparent where it may change, and black.",
    ),
    comment="What was allowed to change in the first reference of a generation.",
)

generation_outputs = Table(
    "generation_outputs",
    metadata,
    Column(
        "generation_id",
        UUID,
        ForeignKey("rage.generations.generation_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The generation.",
    ),
    Column("position", Integer, primary_key=True, comment="Place among its outputs, from 1."),
    Column(
        "image_id",
        BigInteger,
        ForeignKey("rage.images.image_id", ondelete="RESTRICT"),
        nullable=False,
        comment="The output as an image of the store, a draft until kept.",
    ),
    Column("sha256", LargeBinary, nullable=False, comment="Hash of its bytes."),
    Column("kept_at", DateTime(timezone=True), comment="When it was approved as an image of the catalogue."),
    Column("kept_by", Text, comment="Who approved it."),
    Index("generation_outputs_by_image", "image_id"),
    comment="The pictures that a generation made.",
)

ratings = Table(
    "ratings",
    metadata,
    Column("generation_id", UUID, primary_key=True, comment="The generation."),
    Column("position", Integer, primary_key=True, comment="The output among its outputs."),
    Column(
        "rated_by",
        Text,
        primary_key=True,
        server_default=text("''::text"),
        comment="The key or person; empty while the service is open.",
    ),
    Column("rating", SmallInteger, nullable=False, comment="-1, 0 or 1."),
    Column(
        "reasons",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'::text[]"),
        comment="What is wrong with it, by code.",
    ),
    Column("comment", Text, comment="In the person's words."),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it was last given.",
    ),
    ForeignKeyConstraint(
        ["generation_id", "position"],
        ["rage.generation_outputs.generation_id", "rage.generation_outputs.position"],
        name="ratings_output",
        ondelete="CASCADE",
    ),
    comment="What people think of outputs: one row per output and person.",
)

generation_events = Table(
    "generation_events",
    metadata,
    Column(
        "generation_id",
        UUID,
        ForeignKey("rage.generations.generation_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The generation.",
    ),
    Column("event_id", Integer, primary_key=True, comment="Counts from 1 per generation."),
    Column("name", Text, nullable=False, comment="What happened."),
    Column("data", JSONB, nullable=False, server_default=text("'{}'::jsonb"), comment="Its particulars."),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it happened.",
    ),
    comment="The progress of a generation, so that a late or returning client misses nothing.",
)

generation_partials = Table(
    "generation_partials",
    metadata,
    Column("generation_id", UUID, primary_key=True, comment="The generation."),
    Column(
        "event_id",
        Integer,
        primary_key=True,
        comment="The event that told of it, and its number in its address.",
    ),
    Column("media_type", Text, nullable=False, comment="What its bytes are."),
    Column("bytes", LargeBinary, nullable=False, comment="The file as the provider sent it."),
    ForeignKeyConstraint(
        ["generation_id", "event_id"],
        ["rage.generation_events.generation_id", "rage.generation_events.event_id"],
        name="generation_partials_event",
        ondelete="CASCADE",
    ),
    comment="Pictures that are not finished yet, of generations that are running: they go when the attempt ends.",
)

paid_calls = Table(
    "paid_calls",
    metadata,
    Column(
        "call_id", BigInteger, Identity(always=True), primary_key=True, comment="Stable number of the call."
    ),
    Column(
        "brand_id",
        Integer,
        ForeignKey("rage.brands.brand_id", ondelete="RESTRICT"),
        nullable=False,
        comment="The brand that pays.",
    ),
    Column(
        "generation_id",
        UUID,
        ForeignKey("rage.generations.generation_id", ondelete="RESTRICT"),
        comment="The generation that it belongs to, if any.",
    ),
    Column("purpose", Text, nullable=False, comment="What the call was for."),
    Column("provider", Text, nullable=False, comment="Who was called."),
    Column("model", Text, nullable=False, comment="The model that was called."),
    Column(
        "status",
        Text,
        nullable=False,
        server_default=text("'started'::text"),
        comment="started until the answer is known; unknown: it never will be.",
    ),
    Column("provider_request_id", Text, comment="The provider's own number of the call."),
    Column("usage", JSONB, comment="Tokens by class, as the provider counted them."),
    Column("cost_usd", Numeric(14, 6), comment="What it cost; null where usage or price is not known."),
    Column("error", JSONB, comment="What went wrong."),
    Column(
        "started_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When the call was about to be made.",
    ),
    Column("finished_at", DateTime(timezone=True), comment="When the answer was known."),
    Column(
        "tokens",
        JSONB,
        comment="The usage by the classes that prices are kept for; null where it does not tell them.",
    ),
    Column(
        "expected_usd",
        Numeric(14, 6),
        comment="What it was expected to cost, set aside of the budgets while it is under way; null where nobody could say.",
    ),
    Index("paid_calls_brand", "brand_id", "started_at"),
    Index("paid_calls_generation", "generation_id"),
    Index("paid_calls_started", "started_at"),
    Index("paid_calls_purpose", "purpose", "provider", "started_at"),
    Index("paid_calls_captions", "started_at", postgresql_where=text("purpose = 'caption'")),
    comment="Every call that may cost money, written before it is made.",
)

provider_pauses = Table(
    "provider_pauses",
    metadata,
    Column("provider", Text, primary_key=True, comment="Who asked."),
    Column("paused_until", DateTime(timezone=True), nullable=False, comment="The end of what it asked for."),
    Column(
        "noted_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it last asked.",
    ),
    comment="Providers that asked to be left alone: until then no worker makes a picture with them.",
)

prices = Table(
    "prices",
    metadata,
    Column("provider", Text, primary_key=True, comment="Who charges."),
    Column("model", Text, primary_key=True, comment="The model."),
    Column("token_class", Text, primary_key=True, comment="Which tokens."),
    Column("effective_from", Date, primary_key=True, comment="First day of this price."),
    Column("usd_per_million", Numeric(12, 6), nullable=False, comment="US dollars per million tokens."),
    comment="What a million tokens cost, by model, class of token and day; edit it as prices change.",
)

budgets = Table(
    "budgets",
    metadata,
    Column(
        "budget_id", Integer, Identity(always=True), primary_key=True, comment="Stable number of the budget."
    ),
    Column(
        "brand_id",
        Integer,
        ForeignKey("rage.brands.brand_id", ondelete="RESTRICT"),
        comment="The brand that pays; null: whichever.",
    ),
    Column("label_name", Text, comment="Only generations with this label count; null: every paid call does."),
    Column("label_value", Text, comment="The value of that label."),
    Column(
        "month",
        Date,
        comment="First day of the month that it is for; null: every month that has none of its own.",
    ),
    Column("limit_usd", Numeric(14, 6), nullable=False, comment="US dollars."),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it was made.",
    ),
    UniqueConstraint(
        "brand_id",
        "label_name",
        "label_value",
        "month",
        name="budgets_once",
        postgresql_nulls_not_distinct=True,
    ),
    comment="What may be spent in a calendar month (UTC), by all, by a brand, or under a label.",
)

job_schema_changes = Table(
    "job_schema_changes",
    metadata,
    Column("name", Text, primary_key=True, comment="The library's name of the change."),
    Column(
        "applied_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it was applied.",
    ),
    comment="Which schema changes of the job library (procrastinate) have been applied; its tables are procrastinate_*.",
)
