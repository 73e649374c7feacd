"""SQLAlchemy Core tables: what Alembic compares the database with. Migrations make them, in literal SQL."""

from __future__ import annotations

from rage_pg.schema.access import api_keys, audit_log, caller_brands, callers, page_sessions
from rage_pg.schema.base import metadata
from rage_pg.schema.batches import generation_batch_items, generation_batches
from rage_pg.schema.catalogue import (
    brands,
    contents,
    image_identifiers,
    image_products,
    image_versions,
    images,
    picture_hashes,
)
from rage_pg.schema.descriptions import caption_tries, descriptions
from rage_pg.schema.ledger import (
    budgets,
    generation_events,
    generation_outputs,
    generation_references,
    generations,
    job_schema_changes,
    paid_calls,
    prices,
    ratings,
)
from rage_pg.schema.refining import judgement_concepts, judgements, refinement_steps, refinements
from rage_pg.schema.searches import proposal_references, proposals, search_results, searches
from rage_pg.schema.spaces import (
    embedding_claims,
    embedding_spaces,
    embeddings,
    failed_items,
    fillers,
    index_audits,
    prompt_vectors,
    search_legs,
)
from rage_pg.schema.words import (
    captions,
    collection_images,
    collections,
    common_words,
    image_documents,
    image_tags,
    tags,
    text_configurations,
)

__all__ = [
    "api_keys",
    "audit_log",
    "brands",
    "budgets",
    "caller_brands",
    "callers",
    "caption_tries",
    "captions",
    "collection_images",
    "collections",
    "common_words",
    "contents",
    "descriptions",
    "embedding_claims",
    "embedding_spaces",
    "embeddings",
    "failed_items",
    "fillers",
    "generation_batch_items",
    "generation_batches",
    "generation_events",
    "generation_outputs",
    "generation_references",
    "generations",
    "image_documents",
    "image_identifiers",
    "image_products",
    "image_tags",
    "image_versions",
    "images",
    "index_audits",
    "is_ours",
    "job_schema_changes",
    "judgement_concepts",
    "judgements",
    "metadata",
    "page_sessions",
    "paid_calls",
    "picture_hashes",
    "prices",
    "prompt_vectors",
    "proposal_references",
    "proposals",
    "ratings",
    "refinement_steps",
    "refinements",
    "search_legs",
    "search_results",
    "searches",
    "tags",
    "text_configurations",
]


def is_ours(table: str) -> bool:
    """Whether migrations own the table: the job library and spaces made at run time own the rest."""
    return f"rage.{table}" in metadata.tables
