"""How calls to an image API fail: what is known of the outcome and its cost, and that no call is repeated."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator

import openai
import pytest

from rage_pg.config import Secret
from rage_pg.errors import OutcomeUnknown, ProviderError, ProviderRefused
from rage_pg.providers.openai import OpenAIGenerator
from rage_pg.providers.ports import GenerationCall
from tests.image_api_stub import REQUEST_ID, ImageApiStub, image_api_stub

KEY = "sk-not-a-key-but-long-enough"
CALL = GenerationCall(prompt="A soap", purpose="compose", references=())


@pytest.fixture
def stub() -> Iterator[ImageApiStub]:
    with image_api_stub() as running:
        yield running


@pytest.fixture
def generator(stub: ImageApiStub) -> OpenAIGenerator:
    return OpenAIGenerator("image-model", key=Secret(KEY), base_url=stub.url)


async def test_moderation_is_a_refusal_with_its_reason(
    generator: OpenAIGenerator, stub: ImageApiStub
) -> None:
    stub.mode = "moderation"
    with pytest.raises(ProviderRefused, match="Said by the stub") as raised:
        await generator.generate(CALL)
    assert raised.value.code == "moderation_blocked"
    assert raised.value.request_id == REQUEST_ID
    assert raised.value.charged is None


@pytest.mark.parametrize(
    ("mode", "code", "retryable"),
    [
        ("rate_limit", "rate_limit_exceeded", True),
        ("busy", "overloaded", True),
        ("quota", "insufficient_quota", False),
        ("bad_size", "invalid_value", False),
        ("server_error", "server_error", False),
        ("key", "invalid_api_key", False),
        ("malformed", "malformed_answer", False),
        ("text", "malformed_answer", False),
        ("empty", "no_image", False),
        ("address", "no_image", False),
        ("not_an_image", "not_an_image", False),
    ],
)
async def test_failures_are_told_apart_and_sent_once(
    generator: OpenAIGenerator, stub: ImageApiStub, mode: str, code: str, retryable: bool
) -> None:
    stub.mode = mode
    with pytest.raises(ProviderError) as raised:
        await generator.generate(CALL)
    assert type(raised.value) is ProviderError
    assert (raised.value.code, raised.value.retryable) == (code, retryable)
    assert len(stub.requests) == 1


@pytest.mark.parametrize(
    ("mode", "charged"),
    [
        ("bad_size", False),
        ("key", False),
        ("forbidden", False),
        ("no_model", False),
        ("rate_limit", False),
        ("quota", False),
        ("timeout", None),
        ("conflict", None),
        ("server_error", None),
        ("busy", False),
        ("unavailable", None),
        ("gateway", None),
        ("disconnect", None),
        ("malformed", None),
        ("empty", None),
    ],
)
async def test_only_what_was_turned_away_is_known_to_be_free(
    generator: OpenAIGenerator, stub: ImageApiStub, mode: str, charged: bool | None
) -> None:
    stub.mode = mode
    with pytest.raises(ProviderError) as raised:
        await generator.generate(CALL)
    assert raised.value.charged is charged


async def test_a_503_that_says_when_to_come_again_has_done_no_work(
    generator: OpenAIGenerator, stub: ImageApiStub
) -> None:
    stub.mode, stub.retry_after = "unavailable", "7"
    with pytest.raises(ProviderError) as raised:
        await generator.generate(CALL)
    assert (raised.value.charged, raised.value.retryable, raised.value.retry_after) == (False, True, 7)


@pytest.mark.parametrize("mode", ["disconnect", "gateway"])
async def test_a_lost_answer_is_an_unknown_outcome(
    generator: OpenAIGenerator, stub: ImageApiStub, mode: str
) -> None:
    stub.mode = mode
    with pytest.raises(OutcomeUnknown, match="may have been carried out"):
        await generator.generate(CALL)
    assert len(stub.requests) == 1


async def test_no_answer_in_time_is_an_unknown_outcome(stub: ImageApiStub) -> None:
    stub.mode = "slow"
    hasty = OpenAIGenerator("m", key=None, base_url=stub.url, timeout=openai.Timeout(0.3, connect=5.0))
    with pytest.raises(OutcomeUnknown) as raised:
        await hasty.generate(CALL)
    assert raised.value.code == "timeout"
    assert len(stub.requests) == 1


async def test_an_unreachable_server_is_retryable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = OpenAIGenerator(
            "m", key=None, base_url=f"http://user:pass@127.0.0.1:{taken.getsockname()[1]}/v1"
        )
        with pytest.raises(ProviderError, match="cannot be reached") as raised:
            await closed.generate(CALL)
    assert (raised.value.retryable, raised.value.code) == (True, "unreachable")
    assert raised.value.charged is False
    assert "pass" not in str(raised.value)


async def test_a_name_without_an_address_is_never_sent_to() -> None:
    nowhere = OpenAIGenerator("m", key=None, base_url="http://images.invalid/v1")
    with pytest.raises(ProviderError, match=r"images\.invalid cannot be reached") as raised:
        await nowhere.generate(CALL)
    assert (raised.value.code, raised.value.charged) == ("unreachable", False)


async def test_the_key_is_in_no_error_and_no_log(
    generator: OpenAIGenerator, stub: ImageApiStub, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for mode in ("moderation", "key", "bad_size", "server_error", "malformed", "disconnect"):
        stub.mode = mode
        with pytest.raises(ProviderError) as raised:
            await generator.generate(CALL)
        assert KEY not in str(raised.value)
    assert len(stub.requests) == 6
    assert KEY not in caplog.text
    assert KEY not in repr(generator)
