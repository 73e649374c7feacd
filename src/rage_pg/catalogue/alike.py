"""Images that show the same bytes or look alike: those of one image, and all of them in groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import msgspec
from msgspec import Struct

from rage_pg.catalogue import images
from rage_pg.database import Database, fetch_all
from rage_pg.queries import filter_values
from rage_pg.resources import statements
from rage_pg.types import (
    LIKENESS,
    AlikeGroup,
    AlikeGroups,
    AlikeImage,
    AlikeKind,
    Filters,
    GroupedImage,
    LookAlikes,
)

SQL = statements("alike")

MOST_PAIRS = 200_000
"""Pairs that are read for the groups; a store beyond has them told in parts, by brand or tag."""


class Pair(Struct, frozen=True):
    image_id: int
    other_id: int
    kind: AlikeKind
    distance: int


async def look_alikes(
    database: Database, image_id: int, filters: Filters, *, threshold: int = LIKENESS, k: int = 20
) -> LookAlikes:
    """The `k` images that look most like an image, those with the same bytes first.

    Raises NotFound, InvalidInput.
    """
    await images.get(database, image_id)
    values = {"image_id": image_id, "threshold": threshold, "k": k, **filter_values(filters)}
    async with database.reading() as connection:
        return LookAlikes(items=tuple(await fetch_all(connection, SQL["look_alikes"], values, AlikeImage)))


async def groups(
    database: Database,
    filters: Filters,
    *,
    threshold: int = LIKENESS,
    limit: int = 50,
    most_pairs: int = MOST_PAIRS,
) -> AlikeGroups:
    """What has a duplicate or a look-alike among the images that pass a filter, in at most `limit` groups.

    Raises InvalidInput.
    """
    values = {"threshold": threshold, "most": most_pairs, **filter_values(filters)}
    async with database.reading() as connection:
        pairs = await fetch_all(connection, SQL["pairs"], values, Pair)
        joined = connected(pairs)
        shown = joined[:limit]
        wanted = {"image_ids": [image_id for group in shown for image_id in group]}
        rows = await fetch_all(connection, SQL["grouped_images"], wanted, GroupedImage)
    known = {row.id: row for row in rows}
    distances = _distances(pairs)
    return AlikeGroups(
        groups=tuple(group for ids in shown if len((group := _group(ids, known, distances)).images) > 1),
        found=len(joined),
        complete=len(pairs) < most_pairs,
    )


def connected(pairs: Sequence[Pair]) -> list[list[int]]:
    """The groups that pairs make: those with the most images first, then by the first image's id."""
    parents: dict[int, int] = {}

    def root(image_id: int) -> int:
        above = parents.setdefault(image_id, image_id)
        while above != parents[above]:
            # Halves the way for whoever comes next.
            parents[above] = parents[parents[above]]
            above = parents[above]
        parents[image_id] = above
        return above

    for pair in pairs:
        one, other = sorted((root(pair.image_id), root(pair.other_id)))
        parents[other] = one
    members: dict[int, list[int]] = defaultdict(list)
    for image_id in sorted(parents):
        members[root(image_id)].append(image_id)
    return sorted(members.values(), key=lambda group: (-len(group), group[0]))


def _distances(pairs: Sequence[Pair]) -> dict[int, int]:
    """The distance of the furthest pair that an image is the first of."""
    furthest: dict[int, int] = defaultdict(int)
    for pair in pairs:
        furthest[pair.image_id] = max(furthest[pair.image_id], pair.distance)
    return furthest


def _group(
    image_ids: Collection[int], known: Mapping[int, GroupedImage], distances: Mapping[int, int]
) -> AlikeGroup:
    # Between two statements an image may have been deleted.
    found = [known[image_id] for image_id in image_ids if image_id in known]
    found.sort(key=lambda image: (-image.width * image.height, -image.byte_size, image.id))
    marked = [msgspec.structs.replace(image, largest=place == 0) for place, image in enumerate(found)]
    same = len({image.sha256 for image in found}) <= 1
    return AlikeGroup(
        kind="duplicate" if same else "look-alike",
        distance=max(distances.get(image_id, 0) for image_id in image_ids),
        images=tuple(marked),
    )
