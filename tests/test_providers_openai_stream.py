"""Streamed answers of an images API: partial images on the way, and a picture that is paid for never lost."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai.types import (
    ImageEditCompletedEvent,
    ImageEditPartialImageEvent,
    ImageGenCompletedEvent,
    ImageGenPartialImageEvent,
)

from rage_pg.config import Secret
from rage_pg.errors import NotPossible, OutcomeUnknown, ProviderError, ProviderRefused
from rage_pg.providers.capabilities import Models
from rage_pg.providers.models import LISTED, OTHERS
from rage_pg.providers.openai import OpenAIGenerator
from rage_pg.providers.ports import GeneratedImage, GenerationCall, GenerationResult, InputImage
from tests.image_api_stub import (
    CUT,
    REQUEST_ID,
    USED,
    WAIT,
    ImageApiStub,
    completed,
    event,
    image_api_stub,
    partial,
    picture,
)
from tests.store import png

KEY = "sk-not-a-key-but-long-enough"
MODEL = "gpt-image-2"
FINISHED = base64.b64decode(picture())


@pytest.fixture
def stub() -> Iterator[ImageApiStub]:
    with image_api_stub() as running:
        yield running


@pytest.fixture
def generator(stub: ImageApiStub) -> OpenAIGenerator:
    return OpenAIGenerator(MODEL, key=Secret(KEY), base_url=stub.url)


def call(**given: Any) -> GenerationCall:
    return GenerationCall(
        **{"prompt": "A soap", "purpose": "compose", "references": (), "partial_images": 2, **given}
    )


def reference() -> InputImage:
    return InputImage(content=png(), media_type="image/png", role="product")


class Shown(list[GeneratedImage]):
    """Takes partial images."""

    async def take(self, picture: GeneratedImage) -> None:
        self.append(picture)


async def streamed(generator: OpenAIGenerator, **given: Any) -> tuple[GenerationResult, list[GeneratedImage]]:
    shown = Shown()
    return await generator.generate(call(**given), shown.take), shown


async def failure(generator: OpenAIGenerator, shown: Shown | None = None) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        await generator.generate(call(), (Shown() if shown is None else shown).take)
    return raised.value


async def test_the_stub_streams_what_the_sdk_reads(stub: ImageApiStub) -> None:
    async with openai.AsyncOpenAI(api_key=KEY, base_url=stub.url, max_retries=0) as client:
        given: dict[str, Any] = {"model": MODEL, "prompt": "A soap", "stream": True, "partial_images": 1}
        made = [type(each) async for each in await client.images.generate(**given)]
        edited = [
            type(each)
            async for each in await client.images.edit(image=("a.png", png(), "image/png"), **given)
        ]
    assert made == [ImageGenPartialImageEvent, ImageGenCompletedEvent]
    assert edited == [ImageEditPartialImageEvent, ImageEditCompletedEvent]


@pytest.mark.parametrize("edit", [False, True])
async def test_partial_images_come_in_their_order_and_then_the_picture(
    generator: OpenAIGenerator, stub: ImageApiStub, edit: bool
) -> None:
    result, shown = await streamed(generator, references=(reference(),) if edit else ())
    (request,) = stub.requests
    assert request.path == ("/v1/images/edits" if edit else "/v1/images/generations")
    assert (str(request.fields["stream"]).lower(), int(request.fields["partial_images"])) == ("true", 2)
    assert [each.content for each in shown] == [base64.b64decode(picture(number)) for number in (1, 2)]
    assert [each.media_type for each in shown] == ["image/png"] * 2
    assert [image.content for image in result.images] == [FINISHED]
    assert (result.usage, result.request_id, result.model) == (USED, REQUEST_ID, MODEL)
    assert result.details == {
        "background": "opaque",
        "output_format": "png",
        "quality": "low",
        "size": "64x48",
        "partial_images": 2,
    }


async def test_nothing_is_streamed_that_nobody_asked_for_or_takes(
    generator: OpenAIGenerator, stub: ImageApiStub
) -> None:
    shown = Shown()
    await generator.generate(call(partial_images=0), shown.take)
    await generator.generate(call())
    assert [sorted(request.fields) for request in stub.requests] == [["model", "prompt"]] * 2
    assert shown == []


def test_what_the_model_does_not_stream_is_refused_with_what_it_may_be(stub: ImageApiStub) -> None:
    changes = {f"openai:{MODEL}": {"partial_images": 1}}
    generator = OpenAIGenerator(MODEL, key=None, base_url=stub.url, models=Models(LISTED, OTHERS, changes))
    assert [generator.able(model).partial_images for model in (MODEL, "gpt-image-1.5", "other")] == [1, 3, 0]
    for given, allowed in (
        ({}, (0, 1)),
        ({"partial_images": -1}, (0, 1)),
        ({"model": "other"}, (0,)),
        ({"partial_images": 1, "count": 2}, (0,)),
    ):
        with pytest.raises(NotPossible) as refused:
            generator.check(call(**given))
        assert (refused.value.field, refused.value.allowed) == ("partial_images", allowed)
    generator.check(call(partial_images=1))
    assert stub.requests == []


BROKEN_PICTURE = partial(b64_json=base64.b64encode(b"no picture").decode())


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([completed()], id="none came in time"),
        pytest.param([b": still here\n\n", b":\r\n\r\n", completed()], id="comments"),
        pytest.param([b"\xef\xbb\xbf" + completed()], id="a mark at the beginning"),
        pytest.param([b"data: {not json\n\n", completed()], id="no JSON"),
        pytest.param([b"event: image_generation.partial_image\ndata: 7\n\n", completed()], id="a number"),
        pytest.param([event({"type": "image_generation.mood"}, "x"), completed()], id="an unknown event"),
        pytest.param([event({"type": ["x"]}, "x"), completed()], id="a type that is none"),
        pytest.param([event({"type": "image_generation.partial_image"}, "x"), completed()], id="no bytes"),
        pytest.param([BROKEN_PICTURE, completed()], id="a partial image that is none"),
        pytest.param([completed(b64_json=picture()), CUT], id="cut after the picture"),
        pytest.param([completed(), WAIT], id="open after the picture"),
        pytest.param([completed(), event({"error": {"message": "late"}}, "error")], id="an error after it"),
        pytest.param([completed().replace(b"\n", b"\r\n")], id="lines that end in two bytes"),
        pytest.param([completed().replace(b"\n", b"\r")], id="lines that end in a return"),
        pytest.param([completed()[:-1]], id="the empty line is missing"),
        pytest.param([bytes([one]) for one in completed()], id="byte by byte"),
        pytest.param([completed().replace(b'"type"', b'"kind"')], id="named by its event alone"),
        pytest.param([b"id: 1\nretry: 5\n" + completed()], id="more fields"),
        pytest.param([b"data: " + json.dumps({"data": [{"b64_json": picture()}], "usage": USED}).encode(),
                      b"\n\ndata: [DONE]\n\n", WAIT], id="an ordinary answer as an event"),
    ],
)  # fmt: skip
async def test_what_is_odd_in_a_stream_never_loses_the_picture(
    generator: OpenAIGenerator, stub: ImageApiStub, pieces: list[bytes | str]
) -> None:
    stub.stream = pieces
    result, shown = await streamed(generator)
    assert ([image.content for image in result.images], result.usage) == ([FINISHED], USED)
    assert (shown, result.details["partial_images"]) == ([], 0)


async def test_a_large_event_is_read_whole(generator: OpenAIGenerator, stub: ImageApiStub) -> None:
    stub.stream = [partial(note="x" * 8_000_000), completed(note="y" * 8_000_000)]
    result, shown = await streamed(generator)
    assert ([image.content for image in result.images], len(shown)) == ([FINISHED], 1)


async def test_a_stream_by_another_name_is_a_stream(generator: OpenAIGenerator, stub: ImageApiStub) -> None:
    stub.stream_type = "text/plain"
    result, shown = await streamed(generator)
    assert ([image.content for image in result.images], len(shown)) == ([FINISHED], 2)


@pytest.mark.parametrize("named", ["application/json", "text/event-stream"])
async def test_a_server_that_knows_no_streams_has_answered_all_the_same(
    generator: OpenAIGenerator, stub: ImageApiStub, named: str
) -> None:
    if named == "application/json":
        stub.mode = "unstreamed"
    else:
        answer = json.dumps({"created": 1, "data": [{"b64_json": picture()}], "usage": USED}).encode()
        stub.stream = [b"\n", answer[:70], answer[70:]]
    result, shown = await streamed(generator)
    assert ([image.content for image in result.images], shown) == ([FINISHED], [])
    assert result.usage["input_tokens"] == 50
    assert result.details["partial_images"] == 0


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b": still here\n\n"],
        [partial()],
        [partial(), partial(1), b"data: [DONE]\n\n", WAIT],
        [partial(), completed()[:-90]],
    ],
)
async def test_a_stream_that_ends_without_the_picture_is_a_failure_of_unknown_cost(
    generator: OpenAIGenerator, stub: ImageApiStub, pieces: list[bytes | str]
) -> None:
    stub.stream = pieces
    failed = await failure(generator)
    assert type(failed) is ProviderError
    assert (failed.code, failed.charged, failed.usage) == ("stream_incomplete", None, None)
    assert (failed.retryable, failed.request_id) == (False, REQUEST_ID)
    assert len(stub.requests) == 1


async def test_a_picture_that_is_none_is_a_failure_that_tells_its_usage(
    generator: OpenAIGenerator, stub: ImageApiStub
) -> None:
    stub.stream = [completed(b64_json="bm8gcGljdHVyZQ==")]
    failed = await failure(generator)
    assert (failed.code, failed.usage) == ("not_an_image", USED)


async def test_a_connection_that_breaks_leaves_the_outcome_unknown(
    generator: OpenAIGenerator, stub: ImageApiStub
) -> None:
    stub.stream, shown = [partial(), completed()[:-90], CUT], Shown()
    failed = await failure(generator, shown)
    assert isinstance(failed, OutcomeUnknown)
    assert (failed.code, failed.request_id, len(shown)) == ("connection_lost", REQUEST_ID, 1)


@pytest.mark.parametrize("limit", [{"timeout": openai.Timeout(0.3, connect=10.0)}, {"longest": 0.3}])
async def test_a_stream_that_falls_silent_leaves_the_outcome_unknown(
    stub: ImageApiStub, limit: dict[str, Any]
) -> None:
    generator = OpenAIGenerator(MODEL, key=Secret(KEY), base_url=stub.url, **limit)
    stub.stream = [partial(), WAIT]
    failed = await failure(generator)
    assert isinstance(failed, OutcomeUnknown)
    assert (failed.code, failed.request_id) == ("timeout", REQUEST_ID)


@pytest.mark.parametrize(
    ("said", "name", "code", "refused"),
    [
        ({"error": {"code": "moderation_blocked", "message": f"No {KEY}"}}, "error", "moderation_blocked", 1),
        ({"type": "error", "code": "server_error", "message": "Lost it"}, "x", "server_error", False),
        ({"type": "error", "error": {"type": "image_error", "code": None}}, "error", "image_error", False),
        ({"code": 7, "message": ["odd"]}, "error", "7", False),
        ({"error": "all wrong"}, "error", "stream_error", False),
        ({"error": "all wrong"}, "message", "stream_error", False),
        ({}, "error", "stream_error", False),
    ],
)  # fmt: skip
async def test_an_error_in_a_stream_ends_it_with_its_reason(
    generator: OpenAIGenerator, stub: ImageApiStub, said: dict[str, Any], name: str, code: str, refused: bool
) -> None:
    stub.stream = [partial(), event(said, name), WAIT]
    failed = await failure(generator)
    assert (type(failed) is ProviderRefused, failed.code) == (refused, code)
    assert (failed.charged, failed.retryable, failed.request_id) == (None, False, REQUEST_ID)
    assert KEY not in str(failed)


async def test_an_error_in_a_stream_tells_what_was_used_where_it_says_so(
    generator: OpenAIGenerator, stub: ImageApiStub
) -> None:
    stub.stream = [event({"error": {"code": "insufficient_quota"}, "usage": USED}, "error")]
    failed = await failure(generator)
    assert (failed.usage, failed.hopeless) == (USED, True)


@pytest.mark.parametrize("mode", ["moderation", "rate_limit", "server_error", "disconnect", "empty"])
async def test_what_fails_before_it_streams_fails_as_ever(
    generator: OpenAIGenerator, stub: ImageApiStub, mode: str
) -> None:
    stub.mode = mode
    with pytest.raises(ProviderError) as unstreamed:
        await generator.generate(call(partial_images=0))
    failed, before = await failure(generator), unstreamed.value
    assert (type(failed), str(failed), failed.code) == (type(before), str(before), before.code)
    assert (failed.charged, failed.retryable) == (before.charged, before.retryable)
