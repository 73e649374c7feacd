"""Embedding spaces, their vectors, and the legs that search them."""

from __future__ import annotations

from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import (
    REAL,
    UUID,
    BigInteger,
    Column,
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

from rage_pg.schema.base import metadata

embedding_spaces = Table(
    "embedding_spaces",
    metadata,
    Column(
        "space_id",
        Integer,
        Identity(always=True),
        primary_key=True,
        comment="Stable number of the space; its partition is embeddings_<number>.",
    ),
    Column("name", Text, nullable=False, comment="What people call the space."),
    Column(
        "encodes", Text, nullable=False, comment="What is embedded: the image, its caption, or its style."
    ),
    Column("encoder", Text, nullable=False, comment="The provider that embeds."),
    Column("model", Text, nullable=False, comment="The model within the provider."),
    Column(
        "weights_sha256",
        Text,
        comment="SHA-256 of the weights where they are local: other weights are another space.",
    ),
    Column("dimensions", Integer, nullable=False, comment="Length of every vector of the space."),
    Column(
        "state",
        Text,
        nullable=False,
        server_default=text("'filling'::text"),
        comment="idle: nobody fills it; filling: on its way; ready: it has been active and is kept up; retired: its vectors are gone.",
    ),
    Column(
        "candidate_cost",
        REAL,
        nullable=False,
        server_default=text("'4'::real"),
        comment="What reading one candidate from the HNSW index costs, in comparisons of one vector without it.",
    ),
    Column(
        "ef_search",
        Integer,
        nullable=False,
        server_default=text("300"),
        comment="How many candidates a scan of the HNSW index reads at least; more find more.",
    ),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When the row was made.",
    ),
    Column("trouble", Text, comment="Why filling it does not go on; null where nothing is in the way."),
    Column("trouble_at", DateTime(timezone=True), comment="When that was found."),
    Column(
        "index_definition",
        Text,
        comment="The statement that builds its HNSW index when a load is over, which is faster; null while it has one.",
    ),
    UniqueConstraint(
        "encoder",
        "model",
        "weights_sha256",
        "dimensions",
        "encodes",
        name="embedding_spaces_identity_unique",
        postgresql_nulls_not_distinct=True,
    ),
    UniqueConstraint("name", name="embedding_spaces_name_unique"),
    comment="Spaces of comparable vectors. Each row stands for a partition of embeddings and its HNSW index, made by rage.create_space.",
)

search_legs = Table(
    "search_legs",
    metadata,
    Column("leg", Text, primary_key=True, comment="Name of the leg, as requests weigh it."),
    Column(
        "space_id",
        Integer,
        ForeignKey("rage.embedding_spaces.space_id", ondelete="RESTRICT"),
        comment="The active space; null for full text, and for a leg without a space yet.",
    ),
    Column("weight", REAL, nullable=False, comment="Weight in the rank fusion where a request names none."),
    comment="The legs of a search, and the one space that each of them searches now.",
)

embeddings = Table(
    "embeddings",
    metadata,
    Column(
        "space_id",
        Integer,
        ForeignKey("rage.embedding_spaces.space_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The space; vectors of two spaces are never compared.",
    ),
    Column("image_id", BigInteger, primary_key=True, comment="The image."),
    Column("brand_id", Integer, nullable=False, comment="The image's brand."),
    Column(
        "input_sha256",
        LargeBinary,
        nullable=False,
        comment="SHA-256 of what was embedded: the document's or the content's hash.",
    ),
    Column("embedding", HALFVEC, nullable=False, comment="The vector; compared by cosine distance."),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it was embedded.",
    ),
    ForeignKeyConstraint(
        ["brand_id", "image_id"],
        ["rage.images.brand_id", "rage.images.image_id"],
        name="embeddings_image",
        ondelete="CASCADE",
    ),
    comment="The vectors: one per space and image, a partition per space.",
)

prompt_vectors = Table(
    "prompt_vectors",
    metadata,
    Column(
        "space_id",
        Integer,
        ForeignKey("rage.embedding_spaces.space_id", ondelete="CASCADE"),
        nullable=False,
        comment="The space that the vector belongs to.",
    ),
    Column(
        "prompt_md5",
        UUID,
        nullable=False,
        comment="MD5 of the prompt: a short key; the prompt itself is compared too.",
    ),
    Column("prompt", Text, nullable=False, comment="The prompt as it was embedded."),
    Column("embedding", HALFVEC, nullable=False, comment="Its vector."),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it was embedded.",
    ),
    Column(
        "caller_id",
        UUID,
        ForeignKey("rage.callers.caller_id", ondelete="CASCADE"),
        comment="Who may use it; null: everybody, for it was embedded by the operator.",
    ),
    UniqueConstraint(
        "space_id",
        "prompt_md5",
        "caller_id",
        name="prompt_vectors_unique",
        postgresql_nulls_not_distinct=True,
    ),
    Column(
        "vector_id",
        BigInteger,
        Identity(always=True),
        primary_key=True,
        comment="Stable number of the vector.",
    ),
    Index("prompt_vectors_caller", "caller_id"),
    comment="Prompts that have been embedded, so that SQL alone can search by them.",
)

failed_items = Table(
    "failed_items",
    metadata,
    Column(
        "space_id",
        Integer,
        ForeignKey("rage.embedding_spaces.space_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The space that it is missing from.",
    ),
    Column("image_id", BigInteger, primary_key=True, comment="The image."),
    Column("brand_id", Integer, nullable=False, comment="The image's brand."),
    Column("input_sha256", LargeBinary, nullable=False, comment="SHA-256 of the input that failed."),
    Column("attempts", Integer, nullable=False, server_default=text("1"), comment="How often it was tried."),
    Column("reason", Text, nullable=False, comment="What the encoder said last."),
    Column(
        "failed_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it failed last.",
    ),
    ForeignKeyConstraint(
        ["brand_id", "image_id"],
        ["rage.images.brand_id", "rage.images.image_id"],
        name="failed_items_image",
        ondelete="CASCADE",
    ),
    Index("failed_items_by_space", "space_id", "attempts"),
    comment="What could not be embedded, and why; another input is tried afresh.",
)

fillers = Table(
    "fillers",
    metadata,
    Column("filler_id", BigInteger, Identity(always=True), primary_key=True, comment="Number of the row."),
    Column(
        "space_id",
        Integer,
        ForeignKey("rage.embedding_spaces.space_id", ondelete="CASCADE"),
        nullable=False,
        comment="The space.",
    ),
    Column(
        "embedded",
        BigInteger,
        nullable=False,
        server_default=text("'0'::bigint"),
        comment="Images that it has embedded.",
    ),
    Column(
        "failed",
        BigInteger,
        nullable=False,
        server_default=text("'0'::bigint"),
        comment="Images that it could not embed.",
    ),
    Column(
        "started_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("clock_timestamp()"),
        comment="When it began.",
    ),
    Column(
        "beat_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("clock_timestamp()"),
        comment="When it was last heard of; silent for too long, it is lost.",
    ),
    Index("fillers_by_space", "space_id"),
    comment="Who fills a space at this moment: a row per worker or command.",
)

embedding_claims = Table(
    "embedding_claims",
    metadata,
    Column(
        "space_id",
        Integer,
        ForeignKey("rage.embedding_spaces.space_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The space.",
    ),
    Column("image_id", BigInteger, primary_key=True, comment="The image."),
    Column("brand_id", Integer, nullable=False, comment="The image's brand."),
    Column("filler_id", BigInteger, comment="Who embeds it; null: whoever comes next."),
    Column(
        "losses",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="How many fillers were lost while they worked on it: one that is lost each time kills them.",
    ),
    ForeignKeyConstraint(
        ["brand_id", "image_id"],
        ["rage.images.brand_id", "rage.images.image_id"],
        name="embedding_claims_image",
        ondelete="CASCADE",
    ),
    Index("embedding_claims_by_filler", "filler_id"),
    Index("embedding_claims_by_image", "brand_id", "image_id"),
    comment="What is being embedded, and by whom: no two embed the same. Also what nobody is at any more, and has to be looked at again.",
)

index_audits = Table(
    "index_audits",
    metadata,
    Column("audit_id", BigInteger, Identity(always=True), primary_key=True, comment="Number of the row."),
    Column(
        "space_id",
        Integer,
        ForeignKey("rage.embedding_spaces.space_id", ondelete="CASCADE"),
        nullable=False,
        comment="The space that was searched.",
    ),
    Column("leg", Text, nullable=False, comment="The leg that searched it."),
    Column("shape", Text, nullable=False, comment="What kind of filter the searches had."),
    Column("queries", Integer, nullable=False, comment="How many searches were compared."),
    Column("k", Integer, nullable=False, comment="How many images each asked for."),
    Column("matched", BigInteger, nullable=False, comment="How many images passed the filter: the median."),
    Column("strategy", Text, nullable=False, comment="How most of the searches were answered."),
    Column(
        "recall",
        REAL,
        nullable=False,
        comment="Share of the exact answer that the searches found, on average.",
    ),
    Column(
        "p50_ms",
        REAL,
        nullable=False,
        comment="Median time of a search in milliseconds, at its client.",
    ),
    Column(
        "p95_ms",
        REAL,
        nullable=False,
        comment="Time that a search in twenty exceeds, in milliseconds.",
    ),
    Column(
        "exact_p50_ms",
        REAL,
        nullable=False,
        comment="Median time of the exact search in milliseconds.",
    ),
    Column("advice", Text, comment="What would make it better; null where nothing is wrong."),
    Column(
        "audited_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When.",
    ),
    Index("index_audits_by_space", "space_id", "audited_at"),
    comment="How right and how fast searches were when they were audited, by the shape of their filter.",
)
