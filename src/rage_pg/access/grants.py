"""What a caller is granted, be it a key or a login: scopes, and brands by name."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from rage_pg.callers import SCOPES, Scope
from rage_pg.database import Connection, execute, fetch_all
from rage_pg.errors import InvalidInput, NotFound
from rage_pg.resources import statements
from rage_pg.texts import check_storable

SQL = statements("access")


class Unknown(Struct, frozen=True):
    name: str


def known_scopes(scopes: Sequence[str]) -> list[Scope]:
    """The scopes, each once. Raises InvalidInput for none, and for what is no scope."""
    known = ", ".join(SCOPES)
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        raise InvalidInput(f"There is no scope {_quoted(unknown)}; there are {known}.", field="scopes")
    if not scopes:
        raise InvalidInput(f"Name at least one scope: {known}.", field="scopes")
    return [scope for scope in SCOPES if scope in scopes]


def check_brands(brands: Sequence[str], *, every_brand: bool) -> None:
    """Raise InvalidInput unless there are brands, or every brand: none at all is never meant."""
    if every_brand and brands:
        raise InvalidInput("Grant every brand, or name some: not both.", field="brands")
    if not every_brand and not brands:
        raise InvalidInput("Name the brands to grant, or grant every brand.", field="brands")
    for name in brands:
        check_storable("brands", name)


async def grant_brands(connection: Connection, caller_id: UUID, brands: Sequence[str]) -> None:
    """Grant brands by name, beside those that the caller has. Raises NotFound with all that are unknown."""
    values = {"caller_id": caller_id, "brands": list(brands)}
    unknown = await fetch_all(connection, SQL["grant_brands"], values, Unknown)
    if unknown:
        names = _quoted([one.name for one in unknown])
        raise NotFound(
            f"There is no brand {names}." if len(unknown) == 1 else f"There are no brands {names}."
        )


async def replace_brands(connection: Connection, caller_id: UUID, brands: Sequence[str]) -> None:
    """Grant these brands and no others. Raises NotFound like grant_brands."""
    values = {"caller_id": caller_id, "brands": list(brands)}
    await execute(connection, SQL["withdraw_other_brands"], values)
    await grant_brands(connection, caller_id, brands)


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
