"""Proposals in a test's store, with an encoder that needs no model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rage_pg import proposal
from rage_pg.database import Database
from rage_pg.proposal import Planner
from rage_pg.providers.ports import PromptEncoder
from rage_pg.types import Image, Proposal, ProposalRequest
from tests.store import by


async def propose(
    database: Database,
    prompt: str,
    *,
    encoder: PromptEncoder | None = None,
    planner: Planner = proposal.by_catalogue,
    slots: int = 8,
    keep: bool = True,
    **said: Any,
) -> Proposal:
    request = ProposalRequest(prompt=prompt, **said)
    encoders = by() if encoder is None else by(encoder)
    return await proposal.propose(database, encoders, planner, request, slots, keep=keep)


def served(proposed: Proposal) -> dict[str, tuple[int, ...]]:
    """What serves each concept."""
    return {concept.text: concept.served_by for concept in proposed.concepts}


def ids(proposed: Proposal) -> list[int]:
    return [one.image.id for one in proposed.references]


def image_of(image_id: int, title: str | None = None) -> Image:
    """An image that no store has."""
    now = datetime.now(UTC)
    return Image(
        id=image_id, external_id=None, brand="default", skus=(), kind="other", state="approved", title=title,
        caption=None, caption_language=None, tags=(), attributes={}, rights=None, usable_from=None,
        usable_until=None, origin="imported", version=1, width=1, height=1, media_type="image/png", frames=1,
        sha256="", content_url="", thumbnail_url="", created_at=now, updated_at=now,
    )  # fmt: skip
