"""Images that are alike."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from rage_pg.types.images import Image
from rage_pg.types.words import State

AlikeKind = Literal["duplicate", "look-alike"]

LIKENESS = 7
"""Bits of 64 in which the perceptual hashes of look-alikes differ at most, unless told otherwise."""

MOST_UNLIKE = 11
"""The most bits that can be asked for: beyond, pictures that have nothing in common are found."""


class SimilarImage(Struct, frozen=True, kw_only=True):
    image: Image
    distance: float


class SimilarAnswer(Struct, frozen=True, kw_only=True):
    """The nearest first. `matched`: images that pass the filter. `complete`: no bound cut the answer."""

    items: tuple[SimilarImage, ...] = ()
    strategy: str
    matched: int
    complete: bool


class AlikeImage(Struct, frozen=True, kw_only=True):
    """`duplicate`: the same bytes, look-alike: a hash that differs in `distance` bits of 64.

    `style_distance` is that of the style vectors, None where one of the two has none.
    """

    image: Image
    kind: AlikeKind
    distance: int
    style_distance: float | None = None


class LookAlikes(Struct, frozen=True, kw_only=True):
    """What looks like an image: the same bytes first, then the nearest first."""

    items: tuple[AlikeImage, ...] = ()


class GroupedImage(Struct, frozen=True, kw_only=True):
    """An image of a group. `largest`: no other of the group has more pixels, or as many in more bytes."""

    id: int
    external_id: str | None
    brand: str
    title: str | None
    state: State
    width: int
    height: int
    byte_size: int
    sha256: str
    largest: bool = False


class AlikeGroup(Struct, frozen=True, kw_only=True):
    """Images that are joined by pairs, the largest first. `distance`: of the pair that is furthest apart.

    duplicate: all show the same bytes; look-alike: at least two differ in them, as `sha256` tells.
    """

    kind: AlikeKind
    distance: int
    images: tuple[GroupedImage, ...]


class AlikeGroups(Struct, frozen=True, kw_only=True):
    """Groups, those with the most images first; `found`: how many there are.

    `complete`: all pairs were looked at.
    """

    groups: tuple[AlikeGroup, ...]
    found: int
    complete: bool
