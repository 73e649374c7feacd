"""What a prompt calls by the name that the catalogue gives it: a product by its SKU, a brand by its logo."""

from __future__ import annotations

from rage_pg.proposal.matching import service
from rage_pg.proposal.things import Shown, Wanted

SURELY = 1.0


def service_of(wanted: Wanted, number: int, shown: Shown) -> float:
    """How well an image serves a thing, 0 to 1, as `service` says; surely, where it is called by its name."""
    said = wanted.text.casefold()
    if any(sku.casefold() in said.split() for sku in shown.skus):
        return SURELY
    if shown.kind == "logo" and f" {shown.brand.casefold()} " in f" {said} ":
        return SURELY
    return service(wanted, number, shown)
