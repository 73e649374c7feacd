"""What it means where a Gemini image model paints nothing: refused, failed, or an outcome nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.genai import types
from httpx2 import Timeout

from rage_pg.config import Secret
from rage_pg.errors import (
    OutcomeUnknown,
    ProviderError,
    ProviderRefused,
)
from rage_pg.providers.gemini import GeminiGenerator
from rage_pg.providers.ports import GenerationCall
from tests.gemini_api_stub import (
    PAINTER,
    RESPONSE_ID,
    GeminiApiStub,
    gemini_api_stub,
    painted,
    picture,
)

KEY = Secret("gemini-secret")


def call(**given: Any) -> GenerationCall:
    return GenerationCall(**{"prompt": "A soap", "purpose": "compose", "references": (), **given})


@pytest.fixture
def api() -> Iterator[GeminiApiStub]:
    with gemini_api_stub(answer=painted(picture())) as stub:
        yield stub


@pytest.fixture
def generator(api: GeminiApiStub) -> GeminiGenerator:
    return GeminiGenerator(PAINTER, key=KEY, base_url=api.url)


async def failure(generator: GeminiGenerator, **given: Any) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        await generator.generate(call(**given))
    assert KEY.reveal() not in str(raised.value)
    assert "\n" not in str(raised.value)
    return raised.value


@pytest.mark.parametrize(
    "finish",
    ["IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "NO_IMAGE", "SAFETY", "PROHIBITED_CONTENT", "IMAGE_OTHER"],
)
async def test_an_answer_without_a_picture_is_a_refusal_with_its_reason(
    generator: GeminiGenerator, api: GeminiApiStub, finish: str
) -> None:
    api.answer = painted(types.Part(text="Not that.\n"), finish=finish)
    refused = await failure(generator)
    assert isinstance(refused, ProviderRefused)
    assert str(refused) == f"Gemini refused: {finish} (Not that.)"
    assert (refused.code, refused.request_id, refused.charged) == (finish, RESPONSE_ID, None)
    assert refused.usage["image_output"] == 0
    api.answer = painted(finish=finish)
    assert str(await failure(generator)) == f"Gemini refused: {finish}"


async def test_a_blocked_prompt_is_a_refusal_with_its_reason(
    generator: GeminiGenerator, api: GeminiApiStub
) -> None:
    feedback = types.GenerateContentResponsePromptFeedback(
        block_reason=types.BlockedReason.PROHIBITED_CONTENT
    )
    blocked = types.GenerateContentResponse(prompt_feedback=feedback, response_id=RESPONSE_ID)
    api.answer = blocked.model_dump_json(by_alias=True, exclude_none=True).encode()
    refused = await failure(generator)
    assert isinstance(refused, ProviderRefused)
    assert (refused.code, refused.request_id) == ("PROHIBITED_CONTENT", RESPONSE_ID)


async def test_an_answer_in_words_alone_is_a_refusal_that_quotes_them(
    generator: GeminiGenerator, api: GeminiApiStub
) -> None:
    api.answer = painted(types.Part(text=f"I cannot paint that. {'x' * 500}"))
    refused = await failure(generator)
    assert isinstance(refused, ProviderRefused)
    assert refused.code == "answered_in_words"
    assert "I cannot paint that." in str(refused)
    assert len(str(refused)) < 400


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (painted(finish="MAX_TOKENS"), "MAX_TOKENS"),
        (painted(finish="UNEXPECTED_TOOL_CALL"), "UNEXPECTED_TOOL_CALL"),
        (painted(), "no_image"),
        (painted(picture(1, thought=True)), "no_image"),
        ({}, "no_image"),
        ({"candidates": "none"}, "no_image"),
        (painted(types.Part.from_bytes(data=b"no picture", mime_type="image/png")), "not_an_image"),
        (b"", "malformed_answer"),
        (b"hello", "malformed_answer"),
        (b'{"candidates": [{"content": {"parts"', "malformed_answer"),
        (b"[1, 2]", "malformed_answer"),
        (b"\xff\xfe", "malformed_answer"),
    ],
)
async def test_an_answer_that_is_no_picture_for_another_reason_is_a_failure(
    generator: GeminiGenerator, api: GeminiApiStub, said: Any, code: str
) -> None:
    api.answer = said
    failed = await failure(generator)
    assert not isinstance(failed, ProviderRefused | OutcomeUnknown)
    assert (failed.code, failed.retryable, failed.charged) == (code, False, None)
    assert len(api.requests) == 1


def fault(code: int, status: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "status": status, "message": f"No, {KEY.reveal()}.\n", **more}}


RETRY = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "31.5s"}]
BAD_KEY = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]


@pytest.mark.parametrize(
    ("status", "said", "code", "expected"),
    [
        (
            429,
            fault(429, "RESOURCE_EXHAUSTED", details=RETRY),
            "RESOURCE_EXHAUSTED",
            (True, False, False, 31.5),
        ),
        (503, fault(503, "UNAVAILABLE"), "UNAVAILABLE", (True, False, None, None)),
        (503, fault(503, "UNAVAILABLE", details=RETRY), "UNAVAILABLE", (True, False, False, 31.5)),
        (500, fault(500, "INTERNAL"), "INTERNAL", (False, False, None, None)),
        (500, b"<html>no", "500", (False, False, None, None)),
        (400, fault(400, "INVALID_ARGUMENT"), "INVALID_ARGUMENT", (False, False, False, None)),
        (
            400,
            fault(400, "INVALID_ARGUMENT", details=BAD_KEY),
            "INVALID_ARGUMENT",
            (False, True, False, None),
        ),
        (403, fault(403, "PERMISSION_DENIED"), "PERMISSION_DENIED", (False, True, False, None)),
        (404, fault(404, "NOT_FOUND"), "NOT_FOUND", (False, True, False, None)),
    ],
)
async def test_what_an_error_means_and_that_it_is_asked_once(
    generator: GeminiGenerator,
    api: GeminiApiStub,
    status: int,
    said: Any,
    code: str,
    expected: tuple[Any, ...],
) -> None:
    api.status, api.answer = status, said
    failed = await failure(generator)
    assert not isinstance(failed, ProviderRefused | OutcomeUnknown)
    assert (failed.retryable, failed.hopeless, failed.charged, failed.retry_after) == expected
    assert failed.code in (code, "Internal Server Error")
    assert len(api.requests) == 1


@pytest.mark.parametrize("way", ["hangs up", "cuts its answer", "gateway", "says nothing"])
async def test_what_may_have_been_carried_out_is_an_unknown_outcome(
    api: GeminiApiStub, generator: GeminiGenerator, way: str
) -> None:
    if way == "hangs up":
        api.answer = None
    elif way == "cuts its answer":
        api.cut = True
    elif way == "gateway":
        api.status, api.answer = 504, fault(504, "DEADLINE_EXCEEDED")
    else:
        api.silent = True
        generator = GeminiGenerator(PAINTER, key=KEY, base_url=api.url, timeout=Timeout(0.2))
    assert isinstance(await failure(generator), OutcomeUnknown)
    assert len(api.requests) == 1


async def test_a_server_that_is_not_there_was_never_asked() -> None:
    failed = await failure(GeminiGenerator(PAINTER, key=KEY, base_url="http://127.0.0.1:9"))
    assert str(failed) == "127.0.0.1:9 cannot be reached."
    assert (failed.retryable, failed.charged) == (True, False)
