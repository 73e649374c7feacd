"""Who may ask, for which brands, and what they did."""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from rage_pg.schema.base import metadata

callers = Table(
    "callers",
    metadata,
    Column(
        "caller_id",
        UUID,
        primary_key=True,
        server_default=text("gen_random_uuid()"),
        comment="Stable id of the caller; what the service puts into the setting rage.caller.",
    ),
    Column("kind", Text, nullable=False, comment="key: an API key; login: a login role of this server."),
    Column("name", Text, nullable=False, comment="Name of the key, or of the login role."),
    Column(
        "scopes",
        ARRAY(Text),
        nullable=False,
        comment="What it may do with its brands: read, write, generate, admin. Each includes reading.",
    ),
    Column(
        "every_brand",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether it is granted every brand, those still to come among them.",
    ),
    Column("created_by", Text, comment="Who granted it."),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it was granted.",
    ),
    Column(
        "expires_at",
        DateTime(timezone=True),
        comment="From when on it is no longer good; null: never.",
    ),
    Column(
        "revoked_at",
        DateTime(timezone=True),
        comment="When it was taken back; the row stays for history.",
    ),
    UniqueConstraint("kind", "name", name="callers_name_unique"),
    comment=(
        "Who may ask: API keys and SQL logins. Names are never given twice: the history names callers by them."
    ),
)

caller_brands = Table(
    "caller_brands",
    metadata,
    Column(
        "caller_id",
        UUID,
        ForeignKey("rage.callers.caller_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The caller.",
    ),
    Column(
        "brand_id",
        Integer,
        ForeignKey("rage.brands.brand_id", ondelete="CASCADE"),
        primary_key=True,
        comment="A brand that it is granted.",
    ),
    comment="Which brands a caller is granted.",
)

api_keys = Table(
    "api_keys",
    metadata,
    Column(
        "caller_id",
        UUID,
        ForeignKey("rage.callers.caller_id", ondelete="CASCADE"),
        primary_key=True,
        comment="The caller whose key it is.",
    ),
    Column("prefix", Text, nullable=False, comment="The part of the key that may be shown: rage_<prefix>_…"),
    Column(
        "secret_sha256",
        LargeBinary,
        nullable=False,
        comment="SHA-256 of the key: 256 random bits need no slow hash.",
    ),
    Column("last_used_at", DateTime(timezone=True), comment="When it was last used, to the minute."),
    UniqueConstraint("prefix", name="api_keys_prefix_unique"),
    comment="What an API key is known by. The key itself is shown once and stored nowhere.",
)

page_sessions = Table(
    "page_sessions",
    metadata,
    Column(
        "token_sha256",
        LargeBinary,
        primary_key=True,
        comment="SHA-256 of the token in the browser's cookie.",
    ),
    Column(
        "caller_id",
        UUID,
        ForeignKey("rage.callers.caller_id", ondelete="CASCADE"),
        nullable=False,
        comment="The key that it was logged in with.",
    ),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When it was logged in.",
    ),
    Column("expires_at", DateTime(timezone=True), nullable=False, comment="When it must log in again."),
    Index("page_sessions_caller", "caller_id"),
    comment="Who is logged in at the page.",
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("entry_id", BigInteger, Identity(always=True), primary_key=True, comment="Order of arrival."),
    Column(
        "at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="When: the start of the transaction.",
    ),
    Column(
        "actor",
        Text,
        nullable=False,
        comment=(
            "key:NAME, login:NAME, system for command line and workers, else the role that was logged in."
        ),
    ),
    Column("action", Text, nullable=False, comment="What was done."),
    Column("object", Text, nullable=False, comment="What it was done to."),
    Column("object_id", Text, comment="Which one."),
    Column(
        "brand_id",
        Integer,
        comment=(
            "The brand that it belongs to; null: to none. No foreign key: the log outlives what it tells of."
        ),
    ),
    Column(
        "details",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="Which columns changed; never their values.",
    ),
    Index("audit_log_at", "at"),
    Index("audit_log_brand", "brand_id", "at"),
    Index("audit_log_object", "object", "object_id"),
    comment=(
        "Who changed what and when; rows are only ever added, by triggers in the transaction of the change."
    ),
)
