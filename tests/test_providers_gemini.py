"""The Gemini image models, on the wire."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from google.genai import types
from PIL import Image

from rage_pg.config import Secret
from rage_pg.errors import (
    ImageRejected,
    InvalidInput,
    NotPossible,
)
from rage_pg.providers.gemini import GeminiGenerator
from rage_pg.providers.ports import GenerationCall, GenerationResult, InputImage
from rage_pg.types import Role
from tests.gemini_api_stub import (
    PAINTER,
    RESPONSE_ID,
    GeminiApiStub,
    gemini_api_stub,
    painted,
    picture,
    saved,
)
from tests.store import png

KEY = Secret("gemini-secret")


def reference(content: bytes | None = None, role: Role = "product") -> InputImage:
    return InputImage(content=content or png(1), media_type="image/png", role=role)


def call(**given: Any) -> GenerationCall:
    return GenerationCall(**{"prompt": "A soap", "purpose": "compose", "references": (), **given})


@pytest.fixture
def api() -> Iterator[GeminiApiStub]:
    with gemini_api_stub(answer=painted(picture())) as stub:
        yield stub


@pytest.fixture
def generator(api: GeminiApiStub) -> GeminiGenerator:
    return GeminiGenerator(PAINTER, key=KEY, base_url=api.url)


async def test_references_follow_the_prompt_in_their_order_each_after_its_number(
    generator: GeminiGenerator, api: GeminiApiStub
) -> None:
    contents = [saved("PNG", 10), saved("JPEG", 20), saved("WEBP", 30), saved("PNG", 40)]
    await generator.generate(call(prompt="Image 1: the soap", references=tuple(map(reference, contents))))
    (request,) = api.requests
    assert request["path"].endswith(f"/models/{PAINTER}:generateContent")
    assert api.seen_headers[0]["x-goog-api-key"] == KEY.reveal()
    (content,) = request["contents"]
    prompt, *rest = content["parts"]
    assert (content["role"], prompt) == ("user", {"text": "Image 1: the soap"})
    assert [part["text"] for part in rest[::2]] == ["Image 1:", "Image 2:", "Image 3:", "Image 4:"]
    sent = [part["inlineData"] for part in rest[1::2]]
    assert [base64.urlsafe_b64decode(one["data"]) for one in sent] == contents
    assert [one.get("mimeType") or one["mime_type"] for one in sent] == [
        "image/png",
        "image/jpeg",
        "image/webp",
        "image/png",
    ]
    assert request["generationConfig"] == {"responseModalities": ["TEXT", "IMAGE"]}
    assert set(request) == {"path", "contents", "generationConfig"}


@pytest.mark.parametrize(
    ("model", "size", "asked"),
    [
        (PAINTER, "16:9", {"aspectRatio": "16:9"}),
        (PAINTER, "2K", {"imageSize": "2K"}),
        (PAINTER, "1920x1080", {"aspectRatio": "16:9", "imageSize": "2K"}),
        (PAINTER, "auto", None),
        ("gemini-2.5-flash-image", "1024x1024", {"aspectRatio": "1:1"}),
    ],
)
async def test_a_size_is_asked_for_as_ratio_and_tier(
    generator: GeminiGenerator, api: GeminiApiStub, model: str, size: str, asked: dict[str, str] | None
) -> None:
    made = await generator.generate(call(model=model, size=size))
    assert f"/models/{model}:" in api.requests[0]["path"]
    assert api.requests[0]["generationConfig"].get("imageConfig") == asked
    assert made.details.get("aspect_ratio") == (asked or {}).get("aspectRatio")


async def test_one_picture_comes_with_usage_by_class_and_the_number_of_the_answer(
    generator: GeminiGenerator, api: GeminiApiStub
) -> None:
    api.answer = painted(picture(), thoughts=200)
    made = await generator.generate(call())
    (image,) = made.images
    assert (image.content, image.media_type) == (saved(), "image/png")
    assert (made.model, made.request_id, made.details) == (PAINTER, RESPONSE_ID, {"model_version": PAINTER})
    assert made.usage["totalTokenCount"] == 1_840
    classes = ("text_input", "image_input", "text_output", "image_output")
    assert [made.usage[name] for name in classes] == [24, 516, 210, 1_290]


async def test_of_several_parts_the_pictures_are_kept_in_order_and_the_words_noted(
    generator: GeminiGenerator, api: GeminiApiStub
) -> None:
    draft = picture(1, thought=True)
    words = types.Part(text="Here you are:\nfirst"), types.Part(text="and second.")
    api.answer = painted(draft, words[0], picture(2), words[1], picture(3, "JPEG"), picture(4, "WEBP"))
    made = await generator.generate(call())
    assert [image.content for image in made.images] == [saved("PNG", 2), saved("JPEG", 3), saved("WEBP", 4)]
    assert [image.media_type for image in made.images] == ["image/png", "image/jpeg", "image/webp"]
    assert made.details["remark"] == "Here you are: first and second."


async def test_nothing_odd_beside_a_picture_loses_it(generator: GeminiGenerator, api: GeminiApiStub) -> None:
    good = painted(picture())
    (part,) = good["candidates"][0]["content"]["parts"]
    standard = {"inlineData": {"data": base64.b64encode(saved()).decode(), "mimeType": 7}, "novel": {}}
    broken = {"inlineData": {"mimeType": "image/png", "data": "bm8gcGljdHVyZQ"}}
    for said in (
        {**good, "novel": [1], "usageMetadata": "much", "modelVersion": 3, "responseId": []},
        {**good, "usageMetadata": {"promptTokenCount": "many", "novel": None}},
        {**good, "promptFeedback": {"blockReason": None, "novel": 1}},
        {"candidates": [None, 3, {"content": {"parts": [standard]}, "finishReason": "A_NEW_ONE"}]},
        {
            "candidates": [
                {"content": {"parts": [broken, 7, None, part, {"text": 9}]}, "finishReason": "STOP"}
            ]
        },
    ):
        api.answer = said
        made = await generator.generate(call())
        assert [image.content for image in made.images] == [saved()]
    assert made.details["unusable_images"] == ["holds something that is no PNG, WebP or JPEG image"]


@pytest.mark.parametrize("missing", ["candidatesTokensDetails", "promptTokenCount", "candidatesTokenCount"])
async def test_usage_that_does_not_tell_the_classes_names_none(
    generator: GeminiGenerator, api: GeminiApiStub, missing: str
) -> None:
    del api.answer["usageMetadata"][missing]
    assert (await generator.generate(call())).usage == api.answer["usageMetadata"]


async def test_what_came_from_a_cache_has_no_known_cost(
    generator: GeminiGenerator, api: GeminiApiStub
) -> None:
    api.answer["usageMetadata"]["cachedContentTokenCount"] = 100
    assert "image_output" not in (await generator.generate(call())).usage


@pytest.mark.parametrize(
    ("output_format", "came", "gets"),
    [(None, "JPEG", "JPEG"), ("png", "JPEG", "PNG"), ("jpeg", "PNG", "JPEG"), ("webp", "WEBP", "WEBP")],
)
async def test_a_picture_that_came_in_another_format_than_asked_for_is_encoded_anew(
    generator: GeminiGenerator, api: GeminiApiStub, output_format: str | None, came: str, gets: str
) -> None:
    api.answer = painted(picture(output_format=came))
    made = await generator.generate(call(output_format=output_format))
    (image,) = made.images
    assert Image.open(BytesIO(image.content)).format == gets
    assert image.media_type == f"image/{gets.lower()}"
    assert made.details.get("encoded_anew_from") == (None if came == gets else [f"image/{came.lower()}"])


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"references": tuple(reference() for _ in range(15))}, "at most 14 references"),
        ({"count": 2}, "one picture a request"),
        ({"size": "1000x200"}, "takes the size auto, a ratio"),
        ({"background": "transparent"}, "auto or opaque"),
        ({"purpose": "edit"}, "add a reference"),
    ],
)
async def test_what_the_model_cannot_do_is_refused_before_anything_is_sent(
    generator: GeminiGenerator, api: GeminiApiStub, given: dict[str, Any], named: str
) -> None:
    with pytest.raises(NotPossible, match=named):
        await generator.generate(call(**given))
    with pytest.raises(ImageRejected, match="Reference 2"):
        await generator.generate(call(references=(reference(), reference(b"no picture"))))
    assert api.requests == []


async def test_a_large_reference_is_sent_within_the_bounds_and_that_is_noted(
    generator: GeminiGenerator, api: GeminiApiStub
) -> None:
    original = saved("PNG", size=(4_000, 3_000))
    made: GenerationResult = await generator.generate(call(references=(reference(original),)))
    assert made.details["fitted_references"] == ["Reference 1: 3547x2660 png"]
    sent = base64.urlsafe_b64decode(api.requests[0]["contents"][0]["parts"][2]["inlineData"]["data"])
    assert Image.open(BytesIO(sent)).size == (3_547, 2_660)


def test_a_model_must_be_named() -> None:
    with pytest.raises(InvalidInput, match="RAGE_GENERATOR=gemini:MODEL"):
        _ = GeminiGenerator(None, key=KEY).default_model
