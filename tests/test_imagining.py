"""A search by a draft of its prompt: what it finds, what it costs, and what it needs."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace
from PIL import Image
from psycopg.rows import dict_row

from rage_pg import search
from rage_pg.config import Secret
from rage_pg.database import Database
from rage_pg.errors import InvalidInput
from rage_pg.jobs import imagining
from rage_pg.runtime import Runtime
from rage_pg.types import SearchRequest
from tests.api_service import make_key, problem, service, settings
from tests.caption_api_stub import CaptionApiStub, caption_api_stub
from tests.clip_folder import write_models
from tests.command_line import Rage, in_process
from tests.generating import rows
from tests.store import by

PROMPT = "something for the evening"
COLOURS = {"Ada": (250, 10, 10), "Bea": (10, 250, 10), "Cleo": (10, 10, 250)}


def picture(colour: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def stub() -> Iterator[CaptionApiStub]:
    with caption_api_stub(paints=picture((30, 20, 220))) as running:
        yield running


@pytest.fixture
def bare(
    database_url: str,
    stub: CaptionApiStub,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Rage:
    """A store of three pictures, red, green and blue, whose names say nothing; nothing compares pictures."""
    monkeypatch.setenv("RAGE_GENERATOR", "openai:gpt-image-2")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-key-but-long-enough")
    monkeypatch.setenv("OPENAI_BASE_URL", stub.url)
    rage = in_process(database_url, monkeypatch, capsys)
    for name, colour in COLOURS.items():
        (tmp_path / f"{name}.png").write_bytes(picture(colour))
    assert rage("import", *(tmp_path / f"{name}.png" for name in COLOURS)).code == 0
    return rage


@pytest.fixture
def rage(bare: Rage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Rage:
    monkeypatch.setenv("RAGE_MODEL_DIR", str(write_models(tmp_path / "models")))
    monkeypatch.setenv("RAGE_IMAGE_ENCODER", "clip")
    assert bare("index", "fill").code == 0
    return bare


def test_what_looks_like_the_draft_is_found_first_and_the_draft_is_paid_for_once(
    rage: Rage, stub: CaptionApiStub, database_url: str
) -> None:
    asked = ("search", PROMPT, "--imagine", "-k", "1", "--leg", "image=1", "--json")
    found = rage(*asked).json
    assert [one["image"]["title"] for one in found["items"]] == ["Cleo"]
    assert found["items"][0]["legs"]["image"]["distance"] < 0.1
    assert (len(stub.pictures), stub.requests) == (1, [])
    again = rage(*asked).json
    assert (again["imagined_id"], len(stub.pictures)) == (found["imagined_id"], 1)
    following = rage("search", "--next", again["search_id"], "--json").json
    assert following["imagined_id"] == found["imagined_id"]
    assert following["items"][0]["image"]["title"] in ("Ada", "Bea")
    drafts = rage("search", PROMPT, "--imagine", "--state", "draft", "--state", "approved", "--json").json
    assert {one["image"]["title"] for one in drafts["items"]} == set(COLOURS)
    with psycopg.connect(database_url, row_factory=dict_row) as operator:
        (call,) = operator.execute("SELECT purpose, status, generation_id FROM rage_v1.paid_calls").fetchall()
        logged = operator.execute("SELECT DISTINCT imagined_id FROM rage_v1.search_log").fetchall()
        (made,) = operator.execute("SELECT draft, status FROM rage_v1.generations").fetchall()
    assert (call["purpose"], call["status"]) == ("draft", "succeeded")
    assert [row["imagined_id"] for row in logged] == [call["generation_id"]]
    assert made == {"draft": True, "status": "succeeded"}


def test_without_a_space_of_images_it_says_what_to_set_and_spends_nothing(
    bare: Rage, stub: CaptionApiStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "RAGE_IMAGE_ENCODER" in bare("search", PROMPT, "--imagine").complaint
    assert stub.pictures == []


def test_what_cannot_be_imagined_is_refused_before_it_is_paid_for(
    rage: Rage, stub: CaptionApiStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "give it a weight" in rage("search", PROMPT, "--imagine", "--leg", "caption=1").complaint
    budget = rage("budgets", "set", "0")
    assert budget.code == 0, budget.err
    assert "budget" in rage("search", PROMPT, "--imagine").complaint
    monkeypatch.setenv("RAGE_GENERATOR", "local")
    assert "does not read the prompt" in rage("search", PROMPT, "--imagine").complaint
    assert stub.pictures == []


def test_a_draft_that_is_refused_is_no_answer(rage: Rage, stub: CaptionApiStub) -> None:
    stub.paints = b"no picture"
    assert "There is no draft to search by" in rage("search", PROMPT, "--imagine").complaint
    stub.paints = None
    assert rage("search", PROMPT, "--imagine").code == 0
    assert len(stub.pictures) == 2


async def test_two_who_ask_for_the_same_draft_at_once_pay_for_one(
    database: Database, database_url: str, stub: CaptionApiStub
) -> None:
    given = replace(
        settings(database_url),
        generator="openai:gpt-image-2",
        openai_api_key=Secret("sk-not-a-key-but-long-enough"),
        openai_base_url=stub.url,
    )
    runtime, asked = Runtime(given, database), SearchRequest(prompt=PROMPT, imagine=True)
    first, second = await asyncio.gather(imagining._draft(runtime, asked), imagining._draft(runtime, asked))
    assert (first == second, len(stub.pictures)) == (True, 1)
    assert await imagining._draft(runtime, asked) == first
    await rows(database, "UPDATE rage.images SET deleted_at = now() RETURNING 1")
    assert await imagining._draft(runtime, asked) != first
    assert len(stub.pictures) == 2


async def test_a_key_that_may_not_generate_imagines_nothing(database_url: str) -> None:
    async with service(database_url) as client:
        reader = client.asking(await make_key(client, "reader"))
        answer = await reader.post("/api/search", json={"prompt": PROMPT, "imagine": True})
        assert "needs the scope generate" in problem(answer, 403, "forbidden")
        maker = client.asking(await make_key(client, "maker", scopes=("read", "generate")))
        answer = await maker.post("/api/search", json={"prompt": PROMPT, "imagine": True})
        assert "RAGE_IMAGE_ENCODER" in problem(answer, 503, "setup")


async def test_a_search_that_makes_no_draft_does_not_pass_over_that_it_should(database: Database) -> None:
    with pytest.raises(InvalidInput, match="leave imagine out"):
        await search.search(database, by(), SearchRequest(prompt=PROMPT, imagine=True))
