"""`rage prices reconcile`: what a provider says it charged, held against the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from rage_pg.cli.options import json_option
from rage_pg.cli.output import note, show, show_json, show_table
from rage_pg.cli.prices import Name
from rage_pg.cli.session import fail, with_runtime
from rage_pg.errors import InvalidInput

if TYPE_CHECKING:
    from rage_pg.reconciling import Charged, Compared, Reconciled
    from rage_pg.runtime import Runtime

LARGEST = 50_000_000
"""Bytes of an export. A year of daily figures takes a few million."""


@click.command("reconcile")
@click.argument(
    "files",
    metavar="FILE…",
    nargs=-1,
    required=True,
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
)
@click.option(
    "--provider", type=Name(), default="openai", show_default=True, help="Whose calls are compared."
)
@json_option
def reconcile(files: tuple[Path, ...], provider: str, as_json: bool) -> None:
    """Compare a provider's exports of usage and costs with the ledger, by day and model.

    Reads OpenAI's usage and costs exports, as JSON or CSV, and a plain CSV with the columns date, model,
    requests, input_tokens, output_tokens, cost_usd. Several files are added up. Exit code 1: they differ.
    """
    charged = [row for file in files for row in _read(file)]
    found = with_runtime(lambda runtime: _reconcile(runtime, provider, charged))
    if as_json:
        show_json(found)
    else:
        _show(found)
    if found.differing:
        fail()


def _read(file: Path) -> list[Charged]:
    from rage_pg.reconciling import read_export

    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}.") from error
    if len(content) > LARGEST:
        raise InvalidInput(f"{file} has more than {LARGEST:,} bytes; export fewer days at a time.")
    return read_export(content, file.name)


async def _reconcile(runtime: Runtime, provider: str, charged: list[Charged]) -> Reconciled:
    from rage_pg import reconciling

    return await reconciling.reconcile(runtime.database, provider, charged)


def _show(found: Reconciled) -> None:
    days = f"{found.first_day} to {found.last_day}"
    show(
        f"{found.provider}, {days}: {len(found.differing):,} of {found.compared:,} days and models differ",
        bold=True,
    )
    rows = [
        (row.day, row.model or "all", each.field, each.provider, each.ledger, _why(row))
        for row in found.differing
        for each in row.differences
    ]
    if rows:
        show_table(("day", "model", "what", "provider", "ledger", "the ledger leaves out"), rows)
    candidates = [
        (
            each.call_id,
            row.day,
            row.model or "all",
            each.purpose,
            each.status,
            each.brand,
            each.provider_request_id,
        )
        for row in found.differing
        for each in row.candidates
    ]
    if candidates:
        show("Calls whose end is not known, and which may be the difference:")
        show_table(("call", "day", "model", "purpose", "status", "brand", "request id"), candidates)
    if found.calls_unknown:
        note(f"Calls of these days whose end is not known: {found.calls_unknown:,}.")


def _why(row: Compared) -> str:
    parts = {
        "calls without cost": row.calls_without_cost,
        "calls without tokens": row.calls_without_tokens,
    }
    return ", ".join(f"{count:,} {name}" for name, count in parts.items() if count)
