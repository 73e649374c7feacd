"""How well an image serves a thing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rage_pg.proposal.things import Shown, Wanted


def service(wanted: Wanted, number: int, shown: Shown) -> float:
    """1 where the image's words name the thing."""
    said = " ".join(
        filter(None, (shown.title, shown.caption, shown.brand, *shown.tags, *shown.skus))
    ).casefold()
    tokens: Sequence[str] = re.findall(r"[^\W_]+(?:-[^\W_]+)*", said)
    return float(
        any(token.removesuffix("s") == word.removesuffix("s") for token in tokens for word in wanted.words)
    )
