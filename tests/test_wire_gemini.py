"""The request that goes to Gemini: the text, then each reference after its number, as they are stored."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from rage_pg.catalogue import brands
from rage_pg.config import Secret
from rage_pg.database import Database
from rage_pg.errors import NotPossible
from rage_pg.providers.gemini import GeminiGenerator
from tests.gemini_api_stub import PAINTER, GeminiApiStub, gemini_api_stub, painted, picture
from tests.generating import paid
from tests.wire import (
    COMBINE,
    HEEDED,
    HEEDED_TEXT,
    PROTOTYPE,
    SCENE,
    STYLE,
    Shot,
    content,
    manifest,
    set_guidelines,
)


@pytest.fixture
def api() -> Iterator[GeminiApiStub]:
    with gemini_api_stub(answer=painted(picture())) as stub:
        yield stub


@pytest.fixture
def generator(api: GeminiApiStub) -> GeminiGenerator:
    return GeminiGenerator(PAINTER, key=Secret("gemini-secret"), base_url=api.url)


def taken(part: dict[str, Any]) -> tuple[str, bytes] | str:
    """A part's picture with its media type, or its text."""
    if "text" in part:
        return str(part["text"])
    data = part["inlineData"]
    return data.get("mimeType") or data["mime_type"], base64.urlsafe_b64decode(data["data"])


@pytest.mark.parametrize(
    ("shot", "options", "asked", "guided"),
    [
        (SCENE, {"size": "3:2@2K"}, {"imageConfig": {"aspectRatio": "3:2", "imageSize": "2K"}}, True),
        (COMBINE, {}, {}, False),
        (STYLE, {}, {}, False),
        (PROTOTYPE, {"output_format": "png"}, {}, False),
    ],
    ids=["scene", "combine", "style", "prototype"],
)
async def test_the_parts_are_known_to_the_byte(
    database: Database,
    api: GeminiApiStub,
    generator: GeminiGenerator,
    shot: Shot,
    options: dict[str, str],
    asked: dict[str, Any],
    guided: bool,
) -> None:
    if guided:
        await set_guidelines(database)
    made = await replace(shot, options=options).make(database, generator)
    assert (made.status, made.error) == ("succeeded", None)
    assert made.prompt_sent == shot.text
    (request,) = api.requests
    (said,) = request["contents"]
    expected: list[tuple[str, bytes] | str] = [shot.text]
    for number, name in enumerate(shot.images, start=1):
        kind = manifest()[name]["path"].rpartition(".")[2]
        expected += [f"Image {number}:", (f"image/{kind}", content(name))]
    assert (said["role"], [taken(part) for part in said["parts"]]) == ("user", expected)
    assert request["generationConfig"] == {"responseModalities": ["TEXT", "IMAGE"], **asked}
    assert set(request) == {"path", "contents", "generationConfig"}


async def test_colours_and_words_to_avoid_of_the_brand_end_the_text(
    database: Database, api: GeminiApiStub, generator: GeminiGenerator
) -> None:
    await set_guidelines(database)
    await brands.update(database, "lumen", **HEEDED)
    await replace(SCENE, options={}).make(database, generator)
    (request,) = api.requests
    (said,) = request["contents"]
    assert said["parts"][0]["text"] == f"{SCENE.text}\n\n{HEEDED_TEXT}"


async def test_an_answer_without_a_picture_is_a_refusal_in_the_ledger(
    database: Database, api: GeminiApiStub, generator: GeminiGenerator
) -> None:
    api.answer = painted(finish="IMAGE_SAFETY")
    made = await replace(STYLE, options={}).make(database, generator)
    assert made.error is not None
    assert (made.status, made.error["code"], made.outputs) == ("refused", "IMAGE_SAFETY", ())
    assert [call["status"] for call in await paid(database)] == ["refused"]
    assert len(api.requests) == 1


async def test_a_transparent_background_is_refused_before_there_is_a_row(
    database: Database, api: GeminiApiStub, generator: GeminiGenerator
) -> None:
    with pytest.raises(NotPossible, match="auto or opaque"):
        await PROTOTYPE.make(database, generator)
    assert (api.requests, await paid(database)) == ([], [])
