"""Evaluation: what a file may say, which images its ids stand for, and the metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from rage_pg import ingest
from rage_pg.database import Database
from rage_pg.errors import InvalidInput, NotFound
from rage_pg.evaluation import DEPTH, Question, evaluate, read_questions, resolve
from rage_pg.types import Candidate, Filters, Image, SearchAnswer, SearchRequest
from tests.command_line import Rage, in_process
from tests.hostile import png, write
from tests.store import add

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Answers:
    """A search that answers each prompt with given images, and keeps what it was asked."""

    def __init__(self, found: Mapping[str, Sequence[int]], took_ms: Sequence[float] = ()) -> None:
        self.found = found
        self.took_ms = list(took_ms)
        self.asked: list[SearchRequest] = []

    async def __call__(self, request: SearchRequest) -> SearchAnswer:
        self.asked.append(request)
        items = tuple(candidate(image_id) for image_id in self.found.get(request.prompt, ()))
        return SearchAnswer(
            search_id=UUID(int=1),
            items=items,
            strategy="as told",
            matched=len(items),
            complete=True,
            took_ms=self.took_ms[len(self.asked) - 1] if self.took_ms else 1.0,
        )


def candidate(image_id: int) -> Candidate:
    image = Image(
        id=image_id,
        external_id=None,
        brand="default",
        skus=(),
        kind="other",
        state="approved",
        title=None,
        caption=None,
        caption_language=None,
        tags=(),
        attributes={},
        rights=None,
        usable_from=None,
        usable_until=None,
        origin="imported",
        version=1,
        width=1,
        height=1,
        media_type="image/png",
        frames=1,
        sha256="",
        content_url="",
        thumbnail_url="",
        created_at=NOW,
        updated_at=NOW,
    )
    return Candidate(image=image, score=1.0, legs={})


def question(query: str, *things: list[str], grouped: bool = False, **more: Any) -> Question:
    filters = more.pop("filters", Filters())
    return Question(line=1, query=query, things=list(things), grouped=grouped, filters=filters, **more)


@pytest.fixture
async def named(database: Database) -> dict[str, int]:
    """Images with the external ids a, b, c and d."""
    return {name: await add(database, name, external_id=name) for name in "abcd"}


@pytest.fixture
def rage(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    return in_process(database_url, monkeypatch, capsys)


async def test_recall_and_reciprocal_rank_follow_the_first_image_that_serves(
    database: Database, named: dict[str, int]
) -> None:
    a, b, c = named["a"], named["b"], named["c"]
    search = Answers({"first": [a, b], "third": [b, c, a], "never": [c]})
    questions = [question("first", ["a"]), question("third", ["a"]), question("never", ["a"])]
    result = await evaluate(database, search, questions)
    assert result.queries == 3
    assert result.recall_at == {"1": 0.3333, "5": 0.6667, "10": 0.6667}
    assert result.mrr == pytest.approx((1 + 1 / 3 + 0) / 3, abs=1e-4)
    assert result.coverage_at == {"2": None, "3": None, "4": None}
    assert result.set_precision is None


async def test_recall_of_a_list_is_the_share_that_was_served(
    database: Database, named: dict[str, int]
) -> None:
    search = Answers({"both": [named["c"], named["a"], named["b"]]})
    result = await evaluate(database, search, [question("both", ["a"], ["b"])])
    assert result.recall_at["1"] == 0
    assert result.recall_at["5"] == 1
    assert result.mrr == 0.5
    assert result.coverage_at["4"] is None


async def test_coverage_asks_that_every_list_is_served(database: Database, named: dict[str, int]) -> None:
    a, b, c, d = (named[name] for name in "abcd")
    search = Answers({"two": [d, b, a], "three": [a, b, c]})
    questions = [
        question("two", ["a", "c"], ["b", "d"], grouped=True),
        question("three", ["a"], ["b"], ["c"], grouped=True),
    ]
    result = await evaluate(database, search, questions)
    # Within the first two, the first question has only its second list served; the other has too many lists.
    assert result.coverage_at == {"2": 0, "3": 1, "4": 1}


async def test_search_is_asked_with_the_filters_of_the_question(
    database: Database, named: dict[str, int]
) -> None:
    search = Answers({})
    filters = Filters(brand=("acme",))
    await evaluate(database, search, [question("lamp", ["a"], filters=filters)])
    assert search.asked == [SearchRequest(prompt="lamp", filters=filters, k=DEPTH)]


async def test_times_are_percentiles_that_were_measured(database: Database, named: dict[str, int]) -> None:
    search = Answers({}, took_ms=[float(n) for n in range(100, 0, -1)])
    result = await evaluate(database, search, [question("x", ["a"])] * 100)
    assert (result.took_ms.p50, result.took_ms.p95) == (50, 95)


async def test_ids_that_are_not_in_the_store_are_named(database: Database, named: dict[str, int]) -> None:
    questions = [question("x", ["a"], *([f"gone-{n}"] for n in range(7)))]
    with pytest.raises(NotFound, match=r"7 of the ids .*: gone-0, .*, gone-4 and 2 more.*--allow-missing"):
        await evaluate(database, Answers({}), questions)
    search = Answers({"x": [named["a"]]})
    result = await evaluate(database, search, questions, allow_missing=True)
    assert result.missing == tuple(f"gone-{n}" for n in range(7))
    assert result.recall_at["10"] == 0.125, "what is not in the store counts as not found"


async def test_progress_is_told(database: Database, named: dict[str, int]) -> None:
    told: list[tuple[int, int]] = []
    questions = [question("x", ["a"])] * 2
    await evaluate(database, Answers({}), questions, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


async def test_id_is_an_external_id_or_an_sku(database: Database) -> None:
    by_name = await add(database, external_id="lamp", brand="acme")
    front, back = [await add(database, sku=("TABLE",)) for _ in range(2)]
    gone = await add(database, external_id="gone")
    async with database.transaction() as connection:
        await connection.execute("UPDATE rage.images SET deleted_at = now() WHERE image_id = %s", (gone,))
    found = await resolve(database, ["lamp", "TABLE", "gone", "nothing"])
    assert found == {"lamp": {by_name}, "TABLE": {front, back}, "gone": set(), "nothing": set()}


async def test_id_is_a_path_or_the_end_of_one(database: Database, tmp_path: Path) -> None:
    for number, path in enumerate(("lamps/red.png", "tables/red.png", "oak.png")):
        write(tmp_path / "shop" / path, png(number))
    report = await ingest.import_files(database, [tmp_path / "shop"])
    ids = {Path(item.path).relative_to(tmp_path).as_posix(): item.image_id for item in report.items}
    lamp, table, oak = (ids[f"shop/{path}"] for path in ("lamps/red.png", "tables/red.png", "oak.png"))
    asked = {
        "lamps/red.png": {lamp},
        "./oak.png": {oak},
        "shop/lamps/red.png": {lamp},
        str(tmp_path / "shop" / "oak.png"): {oak},
        "red.png": {lamp, table},
        "ed.png": set(),
        "s/red.png": set(),
    }
    assert await resolve(database, asked) == asked


def write_lines(folder: Path, *lines: str) -> Path:
    file = folder / "questions.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def test_questions_are_read_line_by_line(tmp_path: Path) -> None:
    file = write_lines(
        tmp_path,
        '\ufeff{"query": "lamp", "relevant": ["a", "b"], "filters": {"brand": ["acme"]}}',
        "",
        '{"query": "set", "relevant": [["a"], ["b", "c"]], "language": "de"}',
    )
    assert read_questions(file) == [
        question("lamp", ["a"], ["b"], filters=Filters(brand=("acme",))),
        Question(
            line=3,
            query="set",
            things=[["a"], ["b", "c"]],
            grouped=True,
            filters=Filters(),
            others=("language",),
        ),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 2: it is not JSON: it ends too early"),
        ("[]", "line 2: it must be an object, not a list"),
        ('{"query": "x"}', "line 2: relevant is missing"),
        ('{"query": "", "relevant": ["a"]}', "line 2: query is empty"),
        ('{"query": "x", "relevant": [[]]}', "line 2: .*empty"),
        ('{"query": " ", "relevant": ["a"]}', "line 2: .*empty"),
        (
            '{"query": "x", "relevant": [7]}',
            r"line 2: relevant\[0\] must be a text or a list, not a number",
        ),
        ('{"query": "x", "relevant": ["a", ["b"]]}', "line 2: .*not both"),
        ('{"query": "x\\u0000", "relevant": ["a"]}', "line 2: .*NUL"),
        (
            '{"query": "x", "relevant": ["a"], "filters": {"brands": ["b"]}}',
            r"line 2: filters\.brands is not a known field",
        ),
    ],
)
def test_malformed_line_is_named(line: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=words):
        read_questions(write_lines(tmp_path, '{"query": "x", "relevant": ["a"]}', line))


@pytest.mark.parametrize(("content", "words"), [(b"\n\n", "no questions"), (b"\xff\xfe", "not UTF-8")])
def test_file_without_questions_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=words):
        read_questions(write(tmp_path / "q.jsonl", content))


def test_command_measures_the_store(rage: Rage, tmp_path: Path) -> None:
    write(tmp_path / "in" / "red-lamp.png", png(1))
    write(tmp_path / "in" / "oak-table.png", png(2))
    assert rage("import", tmp_path / "in", "--no-index").code == 0
    assert rage("index", "fill", "--space", "usem3").code == 0
    file = write_lines(tmp_path, '{"query": "red lamp", "relevant": [["red-lamp.png"]], "by": "me"}')
    outcome = rage("evaluate", file, "--json")
    assert outcome.code == 0
    assert outcome.err == "Not read: by. A question has query, relevant and filters.\n"
    result = outcome.json
    assert set(result) >= {"queries", "recall_at", "mrr", "coverage_at", "set_precision", "took_ms"}
    assert (result["queries"], result["recall_at"]["1"], result["mrr"]) == (1, 1, 1)
    assert result["coverage_at"]["2"] == 1
    assert result["took_ms"]["p50"] == result["took_ms"]["p95"] > 0
    shown = rage("evaluate", file).out
    assert "recall@1" in shown
    assert "MRR" in shown


def test_command_names_the_line_that_a_search_refuses(rage: Rage, tmp_path: Path) -> None:
    write(tmp_path / "lamp.png", png(1))
    assert rage("import", tmp_path, "--no-index").code == 0
    filters = '{"attributes": {"price": {"above": 3}}}'
    file = write_lines(tmp_path, f'{{"query": "lamp", "relevant": ["lamp.png"], "filters": {filters}}}')
    outcome = rage("evaluate", file)
    assert outcome.code == 2
    assert outcome.complaint.startswith('Line 1: the range of attribute "price" takes')
    assert rage("evaluate", write_lines(tmp_path, '{"query": "x", "relevant": ["nope"]}')).code == 1
