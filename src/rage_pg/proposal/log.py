"""What was proposed, written down; and the images of it as the views show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from psycopg.types.json import Jsonb

from rage_pg.database import Connection, execute, fetch_all
from rage_pg.proposal.selection import Selection
from rage_pg.proposal.vectors import SQL
from rage_pg.types import Image, Proposal, ProposalRequest


class _Shown(Struct, frozen=True):
    image: Image


async def images_of(connection: Connection, selection: Selection) -> Mapping[int, Image]:
    """The images of the references. One that was deleted this moment is not among them."""
    values = {"image_ids": [pick.image_id for pick in selection.references]}
    rows = await fetch_all(connection, SQL["images"], values, _Shown)
    return {row.image.id: row.image for row in rows}


async def log_proposal(
    connection: Connection, request: ProposalRequest, proposal: Proposal, asked_by: str | None
) -> None:
    filters = {name: value for name, value in msgspec.to_builtins(request.filters).items() if value}
    # Without titles: those of an image that is erased are to be gone.
    passed_over = [
        {"image_id": one.image_id, "code": one.code, "lost_to": one.lost_to} for one in proposal.passed_over
    ]
    values: dict[str, Any] = {
        "proposal_id": proposal.proposal_id,
        "prompt": request.prompt,
        "filters": Jsonb(filters),
        "slots": proposal.slots,
        "chosen": list(request.chosen),
        "planner": proposal.planner,
        "concepts": Jsonb(msgspec.to_builtins(proposal.concepts)),
        "passed_over": Jsonb(passed_over),
        "diversity": request.diversity,
        "strategy": proposal.strategy,
        "notes": list(proposal.notes),
        "took_ms": proposal.took_ms,
        "asked_by": asked_by,
    }
    references = [
        {
            "position": position,
            "image_id": one.image.id,
            "role": one.role,
            "serves": one.serves,
            "reason": one.reason,
            "score": one.score,
            "chosen": one.chosen,
        }
        for position, one in enumerate(proposal.references, start=1)
    ]
    async with connection.pipeline():
        await execute(connection, SQL["log_proposal"], values)
        await execute(
            connection,
            SQL["log_references"],
            {"proposal_id": proposal.proposal_id, "references": Jsonb(references)},
        )
