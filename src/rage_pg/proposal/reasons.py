"""Why a reference is one, as a person would say it."""

from __future__ import annotations

from collections.abc import Sequence

from rage_pg.proposal.scored import Table


def of_chosen(texts: Sequence[str]) -> str:
    return f"chosen; serves {listed(texts)}" if texts else "chosen"


def of_pick(table: Table, row: int, serves: Sequence[int], concepts: Sequence[str]) -> str:
    """Such as `the best of 12 for "lotion"`: 12 candidates serve it."""
    if len(serves) != 1:
        return serving([concepts[concept] for concept in serves])
    services, text = table.services[:, serves[0]], concepts[serves[0]]
    count = int((services > 0).sum())
    if count == 1:
        return f'the only one for "{text}"'
    place = "the best" if services[row] == services.max() else "one"
    return f'{place} of {count} for "{text}"'


def of_extra(texts: Sequence[str]) -> str:
    return f"also serves {listed(texts)}"


def serving(texts: Sequence[str]) -> str:
    return f"serves {listed(texts)}"


def listed(texts: Sequence[str]) -> str:
    """`"a"`, `"a" and "b"`, `"a", "b" and "c"`."""
    quoted = [f'"{text}"' for text in texts]
    return " and ".join(part for part in (", ".join(quoted[:-1]), quoted[-1]) if part)
