"""On whose behalf the database is asked: an API key, the operator's own programs, or nobody."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from msgspec import Struct

Scope: TypeAlias = Literal["read", "write", "generate", "admin"]
"""What a caller may do with its brands. Each includes reading."""

SCOPES: tuple[Scope, ...] = get_args(Scope)


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks. The database looks its brands and scopes up itself, by `setting`; what stands here is for
    messages and for the ledger's `asked_by`."""

    setting: str
    name: str | None = None
    scopes: frozenset[Scope] = frozenset()
    every_brand: bool = False

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes or (scope == "read" and bool(self.scopes))


SYSTEM = Caller(setting="system", scopes=frozenset(SCOPES), every_brand=True)
"""The operator's programs: command line, workers, and the service on loopback while no key exists."""

NOBODY = Caller(setting="")
"""Sees nothing."""
