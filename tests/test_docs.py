"""The pages in docs/ keep to what is there: statements, settings, views, functions and commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import rich_click as click

from rage_pg import index, ingest
from rage_pg.cli.commands import rage
from rage_pg.database import Database
from tests.store import HashingEncoder

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
VARIABLE = re.compile(r"\b(?:RAGE|OPENAI|GEMINI)_[A-Z_]+[A-Z]\b")


def read(*parts: str) -> str:
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page in one language; what is not meant to be run is marked `text`."""
    return [text for found, text in BLOCK.findall(page.read_text(encoding="utf-8")) if found == language]


def commands(group: click.Group, *names: str) -> Iterator[tuple[str, ...]]:
    """The names of every command below a group."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)
        else:
            yield (*names, name)


async def test_statements_run_on_the_sample_catalogue(
    database: Database, database_url: str, encoder: HashingEncoder
) -> None:
    manifest = ROOT / "examples" / "catalogue" / "manifest.csv"
    report = await ingest.import_files(database, [], manifest=manifest)
    assert report.imported > 60
    await index.fill(database, [encoder])
    ran = 0
    for page in PAGES:
        with psycopg.connect(database_url) as connection:
            for statements in blocks(page, "sql"):
                connection.execute(statements.encode())
                ran += 1
            connection.rollback()
    assert ran > 5


@pytest.mark.parametrize("variable", sorted(set(VARIABLE.findall(read("src", "rage_pg", "config.py")))))
def test_every_setting_is_described(variable: str) -> None:
    assert f"| `{variable}` |" in read("docs", "settings.md")


def test_no_page_names_a_setting_that_nothing_reads() -> None:
    known = set(VARIABLE.findall(read("src", "rage_pg", "config.py")))
    named = {
        name
        for page in [*PAGES, ROOT / "README.md"]
        for name in VARIABLE.findall(page.read_text(encoding="utf-8"))
    }
    assert named - known == set()


def test_every_view_is_described(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT viewname FROM pg_views WHERE schemaname = 'rage_v1'").fetchall()
    described = re.findall(r"^\| `(\w+)` \|", read("docs", "sql.md"), re.MULTILINE)
    assert sorted(described) == sorted(name for (name,) in rows)


def test_every_function_is_described_with_its_arguments(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        functions = connection.execute(
            "SELECT p.proname, coalesce(p.proargnames[:p.pronargs], '{}'), p.proargnames[p.pronargs + 1:]"
            " FROM pg_proc AS p WHERE p.pronamespace = 'rage_v1'::regnamespace"
        ).fetchall()
    text = " ".join(blocks(ROOT / "docs" / "sql.md", "text")[0].split())
    signatures = dict(re.findall(r"rage_v1\.(\w+)\((.*?)\)", text))
    assert sorted(signatures) == sorted(name for name, _, _ in functions)
    for name, arguments, columns in functions:
        if signatures[name] != "the same":
            described = [part.split()[0] for part in signatures[name].split(",") if part.strip()]
            assert described == arguments, name
        assert ", ".join(columns or ()) in text, name


@pytest.mark.parametrize("command", list(commands(rage)), ids=" ".join)
def test_every_command_is_mentioned(command: tuple[str, ...]) -> None:
    pages = [*PAGES, ROOT / "README.md"]
    mention = re.compile(rf"\brage {' '.join(command)}\b")
    assert any(mention.search(page.read_text(encoding="utf-8")) for page in pages)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_take_the_options_that_examples_give_them(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for name in ("questions.jsonl", "secret.txt", "usage.json", "costs.json", "november.csv"):
        (tmp_path / name).touch()
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for script in blocks(page, "sh"):
        for line in script.replace("\\\n", "").splitlines():
            if line.startswith("rage "):
                parse(shlex.split(line, comments=True)[1:])


def parse(arguments: list[str]) -> None:
    """Raises UsageError for a command or an option that does not exist."""
    command: click.Command = rage
    name = "rage"
    while isinstance(command, click.Group):
        name, *arguments = arguments
        command = command.commands[name]
    with command.make_context(name, arguments):
        pass
