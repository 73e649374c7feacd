"""Refining over HTTP, through the worker of the service, and on the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from rage_pg import generation
from rage_pg.config import Secret
from rage_pg.generation import refining
from rage_pg.providers.registry import Registry
from tests.api_service import Client, make_key, problem, runtime_of, service, stream, uploaded
from tests.caption_api_stub import CaptionApiStub, caption_api_stub
from tests.command_line import Rage, in_process
from tests.refining import MATCHES, lacks
from tests.store import png

PROMPT = "A soap on a shelf"
KEY = "sk-not-a-key-but-long-enough"


@pytest.fixture
def stub() -> Iterator[CaptionApiStub]:
    with caption_api_stub(reply=dict(MATCHES)) as running:
        yield running


@pytest.fixture
async def client(
    database_url: str, stub: CaptionApiStub, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Client]:
    """With a worker, and a provider that paints and judges."""
    made = Registry.__init__

    def with_provider(registry: Registry, settings: Any) -> None:
        given = replace(
            settings,
            generator="openai:gpt-image-2",
            judge="openai:see-1",
            openai_api_key=Secret(KEY),
            openai_base_url=stub.url,
        )
        made(registry, given)

    monkeypatch.setattr(Registry, "__init__", with_provider)
    async with service(database_url, worker=True) as opened:
        yield opened


async def test_it_is_over_with_the_last_picture_and_its_events_tell_of_all(
    client: Client, stub: CaptionApiStub
) -> None:
    soap = await uploaded(client, title="soap")
    stub.replies = [lacks("soap"), MATCHES]
    body = {"prompt": PROMPT, "refine": {"rounds": 3}}
    answer = await client.post("/api/generations", json=body, params={"wait": 60})
    assert answer.status_code == 200, answer.text
    root = answer.json()
    loop = root["refinement"]
    assert (loop["state"], loop["ended_by"], len(loop["steps"])) == ("ended", "matched", 2)
    (concept,) = loop["judgements"][0]["concepts"]
    assert (concept["concept"], concept["image_id"]) == ("soap", soap["id"])
    result = (await client.get(f"/api/generations/{loop['result_id']}")).json()
    assert (result["parent_id"], result["refinement"]["round"]) == (root["id"], 1)
    assert [one["note"] for one in result["references"]] == ["use only soap of this image"]
    assert b"use only soap of this image" in stub.pictures[1]
    found = await client.post("/api/search", json={"prompt": PROMPT})
    assert [one["image"]["id"] for one in found.json()["items"]] == [soap["id"]]
    names = []
    async with stream(client, f"/api/generations/{root['id']}/events") as lines:
        async for line in lines:
            names += [piece[7:] for piece in line.splitlines() if piece.startswith("event: ")]
    told = ["queued", "running", "succeeded", "judged", "refining", "judged", "refined"]
    assert [name.strip() for name in names] == told
    again = await client.get(f"/api/generations/{root['id']}/events", headers={"Last-Event-ID": "7"})
    assert again.status_code == 204
    late = await client.post(f"/api/generations/{root['id']}/cancel")
    assert (
        problem(late, 409, "conflict")
        == "The generation is succeeded. It has ended, and cannot be cancelled."
    )


async def test_images_that_a_key_may_not_see_are_not_found_for_it(
    client: Client, stub: CaptionApiStub
) -> None:
    await uploaded(client, title="soap", brand="lumen")
    own = await uploaded(client, title="lotion", brand="northtrail")
    key = await make_key(client, "trail", "northtrail", scopes=("read", "generate"))
    stub.replies = [lacks("soap", "lotion")]
    body = {"prompt": PROMPT, "brand": "northtrail", "refine": {}}
    asked = await client.asking(key).post("/api/generations", json=body, params={"wait": 60})
    loop = asked.json()["refinement"]
    assert [(one["outcome"], one["image_id"]) for one in loop["judgements"][0]["concepts"]] == [
        ("nothing_found", None),
        ("found", own["id"]),
    ]
    assert loop["ended_by"] == "rounds"
    other = await make_key(client, "lumen", "lumen", scopes=("read", "generate"))
    hidden = await client.asking(other).get(f"/api/generations/{loop['result_id']}")
    assert hidden.status_code == 404


async def test_who_sees_the_brand_that_pays_sees_no_proposal_from_further_brands(
    client: Client, stub: CaptionApiStub
) -> None:
    soap = await uploaded(client, title="soap", brand="lumen")
    both = await make_key(client, "both", "lumen", "default", scopes=("read", "generate"))
    payer = await make_key(client, "payer", "default")
    stub.replies = [lacks("soap")]
    body = {"prompt": PROMPT, "brand": "default", "refine": {}}
    asked = await client.asking(both).post("/api/generations", json=body, params={"wait": 60})
    loop = asked.json()["refinement"]
    (told,) = loop["judgements"][0]["concepts"]
    assert (told["image_id"], UUID(told["proposal_id"]).version) == (soap["id"], 4)
    seen = (await client.asking(payer).get(f"/api/generations/{loop['result_id']}")).json()
    (told,) = seen["refinement"]["judgements"][0]["concepts"]
    assert (told["image_id"], told["proposal_id"]) == (soap["id"], None)
    assert (seen["prompt_sent"], seen["references"][0]["title"]) == (None, None)


async def test_a_dry_run_says_who_would_judge_and_asks_nobody(client: Client, stub: CaptionApiStub) -> None:
    body = {"prompt": PROMPT, "refine": {"draft": False}, "dry_run": True}
    shown = (await client.post("/api/generations", json=body)).json()
    assert (shown["judge"], stub.requests, stub.pictures) == ("openai:see-1", [], [])


async def test_called_off_while_its_picture_is_judged_it_ends_within_a_moment(
    client: Client, stub: CaptionApiStub
) -> None:
    stub.reply = "hold"
    root = (await client.post("/api/generations", json={"prompt": PROMPT, "refine": {}})).json()
    assert await asyncio.to_thread(stub.asked.wait, 30)
    called = await client.post(f"/api/generations/{root['id']}/cancel")
    assert (called.status_code, called.json()["status"]) == (200, "succeeded")
    made = await generation.wait_for(runtime_of(client).database, called_id(called.json()), 30)
    assert made.refinement is not None
    assert (made.refinement.ended_by, made.refinement.result_id) == ("cancelled", made.id)


def called_id(answer: dict[str, Any]) -> UUID:
    return UUID(answer["id"])


@pytest.fixture
def rage(
    database_url: str,
    stub: CaptionApiStub,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Rage:
    monkeypatch.setenv("RAGE_GENERATOR", "openai:gpt-image-2")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", stub.url)
    return in_process(database_url, monkeypatch, capsys)


def test_command_line_writes_the_last_picture_and_shows_what_was_lacking(
    rage: Rage, stub: CaptionApiStub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = ("generate", PROMPT, "--refine", "2", "-o", tmp_path / "made.png")
    assert "RAGE_JUDGE=openai:MODEL" in rage(*asked).complaint
    monkeypatch.setenv("RAGE_JUDGE", "openai:see-1")
    (tmp_path / "soap.png").write_bytes(png())
    assert rage("import", tmp_path / "soap.png").code == 0
    stub.replies = [lacks("soap"), MATCHES]
    done = rage(*asked)
    assert done.code == 0, done.err
    assert "matches the prompt" in done.out
    assert "A soap on a plain background." in done.out
    assert (tmp_path / "made.png").read_bytes()
    assert len(stub.pictures) == 2
    made = rage("history", "list", "--json").json["items"]
    assert [one["refinement"]["round"] for one in made] == [1, 0]
    shown = rage("history", "show", made[1]["id"])
    assert "use only soap" not in shown.out
    assert "matches the prompt" in shown.out
    json_shown = json.loads(rage("history", "show", made[0]["id"], "--json").out)
    assert json_shown["refinement"]["result_id"] == made[0]["id"]
    assert "use only soap" in json_shown["references"][0]["note"]


def test_command_line_that_is_cut_short_calls_all_of_it_off(
    rage: Rage, stub: CaptionApiStub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def cut_short(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("RAGE_JUDGE", "openai:see-1")
    monkeypatch.setattr(refining, "go_on", cut_short)
    assert rage("generate", PROMPT, "--refine", "1", "-o", tmp_path / "made.png").code != 0
    (made,) = rage("history", "list", "--json").json["items"]
    assert (made["status"], made["refinement"]["ended_by"]) == ("succeeded", "cancelled")
    assert (len(stub.pictures), stub.requests) == (1, [])


def test_command_line_refuses_what_does_not_go_together(rage: Rage, tmp_path: Path) -> None:
    out = tmp_path / "a.png"
    assert rage("generate", PROMPT, "--max-cost", "1", "-o", out).code == 2
    assert rage("generate", PROMPT, "--no-draft", "-o", out).code == 2
    assert rage("generate", PROMPT, "--refine", "4", "-o", out).code == 2
