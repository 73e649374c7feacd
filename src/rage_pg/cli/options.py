"""Options that several commands share, and the values that they take."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, get_args
from uuid import UUID

import rich_click as click

from rage_pg.types import Filters, Kind, State, TagFilter

if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
else:
    # Generic only in newer versions of click.
    ParamType = click.ParamType

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator: TypeAlias = Callable[[Command], Command]

OPERATORS = {">=": "gte", ">": "gt", "<=": "lte", "<": "lt"}

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


class Pair(ParamType):
    """NAME=VALUE → (name, value)."""

    name = "NAME=VALUE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        name, separator, given = str(value).partition("=")
        if not separator or not name.strip():
            self.fail(f"{value!r} is not NAME=VALUE.", param, ctx)
        return name.strip(), given.strip()


class Weighted(Pair):
    """NAME=WEIGHT → (name, weight)."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        name, given = super().convert(value, param, ctx)
        weight = _number(given)
        if weight is None or weight < 0:
            self.fail(f"{given!r} is not a weight: a number from 0.", param, ctx)
        return name, weight


class OutputOf(ParamType):
    """GENERATION or GENERATION:N → the generation and the place of its output, from 1."""

    name = "GENERATION[:N]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[UUID, int]:
        generation, _, position = str(value).partition(":")
        try:
            return UUID(generation), int(position or 1)
        except ValueError:
            self.fail(f"{value!r} is no generation's id, nor GENERATION:N.", param, ctx)


class Condition(ParamType):
    """NAME=VALUE, or a range like NAME>=VALUE → (name, operator, value)."""

    name = "NAME=VALUE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str, Any]:
        found = re.fullmatch(r"([^=<>]+)(>=|<=|=|>|<)(.*)", str(value), re.DOTALL)
        if found is None or not found[1].strip():
            self.fail(f"{value!r} is not NAME=VALUE, NAME>=VALUE or the like.", param, ctx)
        text = found[3].strip()
        number = _number(text)
        # A range compares as numbers only where its bound is one; `=` takes a text for a number too.
        return found[1].strip(), found[2], text if found[2] == "=" or number is None else number


class Ids(ParamType):
    """1,2,3 → numbers of images."""

    name = "IDS"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        parts = str(value).split(",")
        if not all(re.fullmatch(r"\s*\d{1,18}\s*", part) for part in parts):
            self.fail(f"{value!r} is not a list of image ids like 3,14,15.", param, ctx)
        return tuple(int(part) for part in parts)


def image_filters(command: Command) -> Command:
    """Which images a search may find, whoever they belong to."""
    return _with(
        command,
        click.option("--tag", multiple=True, help="Has this tag or one below it; repeated: all of them."),
        click.option("--tag-any", multiple=True, metavar="TAG", help="Has at least one of these tags."),
        click.option("--tag-none", multiple=True, metavar="TAG", help="Has none of these tags."),
        click.option("--sku", multiple=True, help="Shows this product; repeated: one of them."),
        click.option("--kind", multiple=True, type=click.Choice(get_args(Kind)), help="Is of this kind."),
        click.option(
            "--attribute",
            multiple=True,
            type=Condition(),
            help="Has this attribute; = repeated: one of the values. Ranges: 'price>=5'.",
        ),
    )


def all_filters(command: Command) -> Command:
    """Everything by which a search can be narrowed."""
    return _with(
        image_filters(command),
        click.option("--brand", multiple=True, help="Belongs to this brand; repeated: one of them."),
        click.option(
            "--state",
            multiple=True,
            type=click.Choice(get_args(State)),
            help="Is in this state; else what is approved and usable today.",
        ),
        click.option("--collection", multiple=True, help="Is in this collection."),
    )


def filters_from(
    *,
    tag: Sequence[str],
    tag_any: Sequence[str],
    tag_none: Sequence[str],
    sku: Sequence[str],
    kind: Sequence[Kind],
    attribute: Sequence[tuple[str, str, Any]],
    brand: Sequence[str] = (),
    state: Sequence[State] = (),
    collection: Sequence[str] = (),
) -> Filters:
    """The values of the options above as one filter. Raises BadParameter."""
    return Filters(
        brand=tuple(brand),
        sku=tuple(sku),
        kind=tuple(kind),
        state=tuple(state),
        collection=tuple(collection),
        tags=TagFilter(all=tuple(tag), any=tuple(tag_any), none=tuple(tag_none)),
        attributes=_attributes(attribute),
    )


def _attributes(conditions: Sequence[tuple[str, str, Any]]) -> dict[str, Any]:
    values: dict[str, list[Any]] = {}
    ranges: dict[str, dict[str, Any]] = {}
    for name, operator, value in conditions:
        if operator == "=":
            values.setdefault(name, []).append(value)
        else:
            ranges.setdefault(name, {})[OPERATORS[operator]] = value
    if both := sorted(values.keys() & ranges.keys()):
        raise click.BadParameter(f"{both[0]} is given a value and a range.", param_hint="'--attribute'")
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()} | ranges


def _number(text: str) -> float | int | None:
    if not re.fullmatch(r"-?\d{1,30}(\.\d{1,30})?", text):
        return None
    return float(text) if "." in text else int(text)


def _with(command: Command, *options: Decorator[Command]) -> Command:
    """Add options in the order in which help shall list them."""
    for option in reversed(options):
        command = option(command)
    return command
