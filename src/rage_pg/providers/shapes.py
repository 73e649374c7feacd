"""A size for a model that takes a ratio of the sides and a tier: "16:9", "2K", "16:9@2K", "1920x1080"."""

from __future__ import annotations

import math
import re

from msgspec import Struct

from rage_pg.errors import NotPossible
from rage_pg.providers.capabilities import Capabilities

LIKE = 0.03
"""How far a ratio may be from the one asked for: these models round both sides."""
ROUNDED = 1.05
"""How far a picture of a tier is beyond it, by the side of a square as large."""
TIER_SIDE = 1024
WRITTEN = re.compile(r"(?:(\d+):(\d+))?@?(?:(\d)[kK])?")
PIXELS = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")


class Shape(Struct, frozen=True):
    """What a model is asked for; None is the model's own choice."""

    ratio: str | None = None
    tier: str | None = None


def shape_of(size: str | None, model: str, able: Capabilities) -> Shape:
    """The ratio and the tier that a size comes to. Raise NotPossible for what the model does not paint.

    WIDTHxHEIGHT becomes the ratio that is like it, and the smallest tier that is no smaller.
    """
    if size in (None, "", "auto"):
        return Shape()
    if found := PIXELS.fullmatch(size):
        ratio, tier = _ratio(int(found[1]), int(found[2]), able), _tier(int(found[1]), int(found[2]), able)
        if ratio and (tier or not able.tiers):
            return Shape(ratio, tier)
        raise _refused(size, model, able)
    written = WRITTEN.fullmatch(size)
    ratio = f"{written[1]}:{written[2]}" if written and written[1] else None
    tier = f"{written[3]}K" if written and written[3] else None
    well = (ratio is None or ratio in able.ratios) and (tier is None or tier in able.tiers)
    at = "@" in size
    if not well or (ratio is None and tier is None) or at != (ratio is not None and tier is not None):
        raise _refused(size, model, able)
    return Shape(ratio, tier)


def _ratio(width: int, height: int, able: Capabilities) -> str | None:
    def off(ratio: str) -> float:
        across, down = map(int, ratio.split(":"))
        return abs(math.log(width / height) - math.log(across / down))

    nearest = min(able.ratios, key=off)
    return nearest if off(nearest) <= LIKE else None


def _tier(width: int, height: int, able: Capabilities) -> str | None:
    side = math.sqrt(width * height)
    tiers = sorted(able.tiers, key=lambda tier: int(tier[:-1]))
    return next((tier for tier in tiers if side <= int(tier[:-1]) * TIER_SIDE * ROUNDED), None)


def _refused(size: str, model: str, able: Capabilities) -> NotPossible:
    tiers = largest = ""
    if able.tiers:
        tiers = f", a tier ({', '.join(able.tiers)}), both as in {able.ratios[0]}@{able.tiers[-1]}"
        largest = f" up to about {int(able.tiers[-1][:-1]) * TIER_SIDE} squared"
    ratios = f"a ratio of the sides ({', '.join(able.ratios)})"
    return NotPossible(
        f"{model} takes the size auto, {ratios}{tiers} or WIDTHxHEIGHT of such a ratio{largest},"
        f" not {size!r}.",
        field="size",
        allowed=("auto", *able.ratios, *able.tiers),
    )
