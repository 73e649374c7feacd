"""Results on stdout, everything else on stderr: colours and progress on a terminal, plain text elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import rich_click as click

from rage_pg.config import Settings
from rage_pg.errors import RageError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


def show_json(value: Any) -> None:
    """One JSON document on stdout: indented on a terminal, one line elsewhere. Money is a number."""
    import msgspec

    text = msgspec.json.Encoder(decimal_format="number").encode(value)
    if sys.stdout.isatty():
        text = msgspec.json.format(text, indent=2)
    click.echo(text)


def show(line: str, *, bold: bool = False) -> None:
    """A line of the result, for people."""
    text = printable(line)
    click.echo(click.style(text, bold=True) if bold else text)


def note(line: str) -> None:
    """A remark that is no part of the result."""
    click.secho(printable(line), err=True, dim=True)


def complain(message: str) -> None:
    """One line that says what is wrong; anything that looks like a key is masked."""
    from rage_pg.logs import redact_text

    click.echo(click.style("rage: ", fg="red") + printable(redact_text(message)), err=True)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    cells = [[printable("" if cell is None else str(cell)) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _rich_table(columns, cells)
        return
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for row in [columns, *cells]:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


def show_fields(fields: Mapping[str, object]) -> None:
    """Names and values, one pair a line; what is empty is left out."""
    given = {name: value for name, value in fields.items() if value not in (None, "", {}, ())}
    width = max(map(len, given), default=0)
    for name, value in given.items():
        click.echo(f"{click.style(name.ljust(width), dim=True)}  {printable(str(value))}")


def printable(text: str) -> str:
    """The text on one line, without control characters: titles and file names may hold any."""
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))


def wants_traceback() -> bool:
    try:
        return Settings.from_environment().log_level == "debug"
    except RageError:
        return False


class Bars:
    """Progress bars by name; silent where nobody watches."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def move(
        self, name: str, *, to: int | None = None, by: int | None = None, total: int | None = None
    ) -> None:
        """Move a bar `to` a place or `by` some; the first time it is called it is added."""
        if self._progress is None:
            return
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=total)
        self._progress.update(self._tasks[name], completed=to, advance=by, total=total)


@contextmanager
def bars() -> Iterator[Bars]:
    if not sys.stderr.isatty():
        yield Bars(None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield Bars(progress)


@contextmanager
def spinner(text: str) -> Iterator[Callable[[str], None]]:
    """Something that turns while the body runs, and what changes the text beside it."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(text) as status:
        yield status.update


def _rich_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
