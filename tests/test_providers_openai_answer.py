"""Answers of an images API: what is odd beside the pictures never loses them, nor the number of the call."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from rage_pg.errors import ProviderError
from rage_pg.providers.openai import OpenAIGenerator
from rage_pg.providers.ports import GenerationCall
from tests.image_api_stub import REQUEST_ID, ImageApiStub, image_api_stub, picture

CALL = GenerationCall(prompt="A soap", purpose="compose", references=())
USAGE = {"input_tokens": 50, "output_tokens": 272}


@pytest.fixture
def stub() -> Iterator[ImageApiStub]:
    with image_api_stub() as running:
        yield running


@pytest.fixture
def generator(stub: ImageApiStub) -> OpenAIGenerator:
    return OpenAIGenerator("image-model", key=None, base_url=stub.url)


def body(**given: Any) -> bytes:
    return json.dumps({"created": 1, "data": [{"b64_json": picture()}], **given}).encode()


@pytest.mark.parametrize(
    "usage",
    [
        "a lot",
        [1, 2],
        7,
        True,
        {"input_tokens": -3, "output_tokens": "many"},
        {"input_tokens_details": None},
        {"output_tokens": 272, "unheard_of": {"deep": [None]}},
    ],
)
async def test_odd_usage_is_kept_as_it_is_beside_the_picture(
    generator: OpenAIGenerator, stub: ImageApiStub, usage: Any
) -> None:
    stub.answer = body(usage=usage)
    result = await generator.generate(CALL)
    assert result.images[0].content == base64.b64decode(picture())
    assert (result.usage, result.request_id) == (usage, REQUEST_ID)


@pytest.mark.parametrize(
    "given",
    [
        {"usage": None, "model": None, "created": None},
        {"size": 7, "quality": ["low"], "created": "yesterday"},
        {"data": [{"b64_json": picture(), "url": 3, "revised_prompt": {"a": 1}, "seed": 9}]},
    ],
)
async def test_odd_parts_beside_the_picture_do_not_lose_it(
    generator: OpenAIGenerator, stub: ImageApiStub, given: dict[str, Any]
) -> None:
    stub.answer = body(**given)
    result = await generator.generate(CALL)
    assert (len(result.images), result.model, result.request_id) == (1, "image-model", REQUEST_ID)


@pytest.mark.parametrize(
    "oddity",
    [
        b'"usage": {"input_tokens": NaN, "cost": Infinity}',
        b'"usage": {"total": ' + b"9" * 5_000 + b"}",
        b'"note": "a \\ud800 lone half, a \xff byte, a \x01 control character"',
    ],
    ids=["no number", "5000 digits", "broken text"],
)
async def test_what_is_hardly_json_does_not_lose_the_picture(
    generator: OpenAIGenerator, stub: ImageApiStub, oddity: bytes
) -> None:
    stub.answer = b"\xef\xbb\xbf" + body()[:-1] + b", " + oddity + b"}"
    assert len((await generator.generate(CALL)).images) == 1


async def test_base64_may_be_wrapped_and_begin_like_a_data_address(
    generator: OpenAIGenerator, stub: ImageApiStub
) -> None:
    text = picture()
    wrapped = "data:image/png;base64," + "\n".join(text[at : at + 76] for at in range(0, len(text), 76))
    stub.answer = body(data=[{"b64_json": wrapped}])
    assert (await generator.generate(CALL)).images[0].content == base64.b64decode(text)


async def test_usable_pictures_are_kept_beside_unusable_ones(
    generator: OpenAIGenerator, stub: ImageApiStub
) -> None:
    address = "https://images.example/2.png"
    stub.answer = body(data=[None, {"url": address}, {"b64_json": picture(1)}, {"b64_json": "AAAA"}, "x"])
    result = await generator.generate(CALL)
    assert [image.content for image in result.images] == [base64.b64decode(picture(1))]
    told = result.details["unusable_images"]
    assert len(told) == 4
    assert address in told[1]


async def test_a_jpeg_of_several_pictures_is_a_jpeg(generator: OpenAIGenerator, stub: ImageApiStub) -> None:
    buffer, frame = BytesIO(), Image.new("RGB", (20, 20), "red")
    frame.save(buffer, "MPO", save_all=True, append_images=[frame])
    stub.answer = body(data=[{"b64_json": base64.b64encode(buffer.getvalue()).decode()}])
    assert (await generator.generate(CALL)).images[0].media_type == "image/jpeg"


@pytest.mark.parametrize(
    ("data", "code", "told"),
    [
        ([{"url": "https://images.example/1.png"}], "no_image", "the address https://images.example/1.png"),
        ([{"b64_json": None}], "no_image", "no image bytes"),
        ([{"b64_json": 7}], "no_image", "no image bytes"),
        ([{"b64_json": "not base64!"}], "not_an_image", "no PNG, WebP or JPEG"),
        ([{"b64_json": base64.b64encode(b"<svg/>").decode()}], "not_an_image", "no PNG, WebP or JPEG"),
        ([{"b64_json": picture()[:24]}], "not_an_image", "no PNG, WebP or JPEG"),
        ([], "no_image", "holds no image"),
        (None, "no_image", "holds no image"),
        ("picture", "no_image", "holds no image"),
        ({"b64_json": picture()}, "no_image", "holds no image"),
    ],
)
async def test_an_answer_without_a_usable_picture_keeps_its_number_and_usage(
    generator: OpenAIGenerator, stub: ImageApiStub, data: Any, code: str, told: str
) -> None:
    stub.answer = body(data=data, usage=USAGE)
    with pytest.raises(ProviderError, match=told) as raised:
        await generator.generate(CALL)
    error = raised.value
    assert (error.code, error.request_id, error.usage, error.charged) == (code, REQUEST_ID, USAGE, None)


@pytest.mark.parametrize("answer", [b"", b"null", b"[]", b"3", b"{", b"[" * 100_000, b"<html>"])
async def test_an_answer_that_is_no_object_keeps_its_number(
    generator: OpenAIGenerator, stub: ImageApiStub, answer: bytes
) -> None:
    stub.answer = answer
    with pytest.raises(ProviderError) as raised:
        await generator.generate(CALL)
    assert (raised.value.code, raised.value.request_id) == ("malformed_answer", REQUEST_ID)
