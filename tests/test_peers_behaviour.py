"""How a third party's mock of OpenAI's API behaves, well and badly, and what our clients make of it.

It reads prompts and no pictures: which references went out, and in which order, the tests of the wire tell.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import openai
import pytest
from PIL import Image

from rage_pg.config import Secret
from rage_pg.database import Database
from rage_pg.errors import OutcomeUnknown, ProviderError, ProviderRefused
from rage_pg.providers.openai import OpenAIGenerator
from rage_pg.providers.openai_captions import OpenAICaptioner
from rage_pg.providers.openai_embeddings import OpenAIEncoder
from rage_pg.providers.openai_settings import Server
from rage_pg.providers.ports import CaptionContext, GenerationCall, GenerationResult, InputImage
from tests.caption_api_stub import SEEN
from tests.generating import make, paid
from tests.peers.servers import Peer, aimock
from tests.store import add, png

KEY = Secret("sk-not-a-key-but-long-enough")
CONTEXT = CaptionContext(language="en", vocabulary={"tags": ["lamp"]})


def error(status: int, code: str, **more: Any) -> dict[str, Any]:
    said = {"message": f"Said by the peer: {code}", "type": "invalid_request_error", "code": code}
    return {"error": said, "status": status, **more}


def picture(number: int) -> dict[str, str]:
    return {"b64Json": base64.b64encode(png(number)).decode()}


def images(words: str, response: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"match": {"userMessage": words, "endpoint": "image"}, "response": response, **more}


def chat(model: str, response: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"match": {"model": model, "endpoint": "chat"}, "response": response, **more}


ONE = {"images": [picture(1)]}
FIXTURES = [
    images("one picture", ONE),
    images("two pictures", {"images": [picture(1), picture(2)]}),
    images("forbidden", error(400, "moderation_blocked")),
    images("too many", error(429, "rate_limit_exceeded", retryAfter=7)),
    images("no money", error(429, "insufficient_quota")),
    images("limited", ONE, chaos={"rateLimitRate": 1}),
    images("dropped", ONE, chaos={"dropRate": 1}),
    images("malformed", ONE, chaos={"malformedRate": 1}),
    images("cut off", ONE, chaos={"disconnectRate": 1}),
    images("late", ONE, chaos={"latencyMs": 20_000}),
    images("an address", {"images": [{"url": "http://127.0.0.1/picture.png"}]}),
    chat("see-1", {"content": SEEN}),
    chat("see-prose", {"content": "A lamp, I should say."}),
    chat("see-limited", error(429, "rate_limit_exceeded", retryAfter=3)),
    chat("see-dropped", {"content": SEEN}, chaos={"disconnectRate": 1}),
    {"match": {"inputText": "fail", "endpoint": "embedding"}, "response": error(500, "server_error")},
    {"match": {"inputText": "far"}, "response": {"embedding": [3.0, 4.0]}},
    {"match": {"inputText": "zero"}, "response": {"embedding": [0.0, 0.0]}},
]


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with aimock(tmp_path_factory.mktemp("aimock"), FIXTURES) as running:
        yield running


@pytest.fixture
def generator(peer: Peer) -> OpenAIGenerator:
    return OpenAIGenerator("gpt-image-1.5", key=KEY, base_url=peer.url)


async def generate(generator: OpenAIGenerator, prompt: str, count: int = 0) -> GenerationResult:
    references = tuple(
        InputImage(content=png(number), media_type="image/png", role="product") for number in range(count)
    )
    call = GenerationCall(prompt=prompt, purpose="compose", references=references)
    return await generator.generate(call)


@pytest.mark.parametrize("count", [0, 1, 16])
async def test_pictures_come_from_generations_and_from_edits_of_several_images(
    generator: OpenAIGenerator, peer: Peer, count: int
) -> None:
    prompt = f"two pictures of {count} references"
    made = await generate(generator, prompt, count)
    assert [image.content for image in made.images] == [png(1), png(2)]
    assert (made.model, made.usage) == ("gpt-image-1.5", None)
    (asked,) = peer.asked(prompt)
    assert asked["path"] == ("/v1/images/edits" if count else "/v1/images/generations")


@pytest.mark.parametrize("count", [0, 3])
async def test_a_moderation_error_is_a_refusal(generator: OpenAIGenerator, count: int) -> None:
    with pytest.raises(ProviderRefused, match="Said by the peer") as raised:
        await generate(generator, "forbidden", count)
    assert raised.value.code == "moderation_blocked"


@pytest.mark.parametrize(
    ("prompt", "code", "retryable", "retry_after", "charged"),
    [
        ("too many", "rate_limit_exceeded", True, 7.0, False),
        ("limited", "chaos_ratelimit", True, 1.0, False),
        ("no money", "insufficient_quota", False, 1.0, False),
        ("dropped", "chaos_drop", False, None, None),
        ("malformed", "malformed_answer", False, None, None),
        ("an address", "no_image", False, None, None),
    ],
)
async def test_each_failure_is_told_apart_and_the_request_sent_once(
    generator: OpenAIGenerator,
    peer: Peer,
    prompt: str,
    code: str,
    retryable: bool,
    retry_after: float | None,
    charged: bool | None,
) -> None:
    for count in (0, 2):
        words = f"{prompt}, {count} references"
        with pytest.raises(ProviderError) as raised:
            await generate(generator, words, count)
        assert type(raised.value) is ProviderError
        assert (raised.value.code, raised.value.retryable) == (code, retryable)
        assert (raised.value.retry_after, raised.value.charged) == (retry_after, charged)
        assert len(peer.asked(words)) == 1


async def test_a_connection_that_ends_without_an_answer_is_an_unknown_outcome(
    generator: OpenAIGenerator, peer: Peer
) -> None:
    with pytest.raises(OutcomeUnknown) as raised:
        await generate(generator, "cut off", 2)
    assert raised.value.code == "connection_lost"
    assert len(peer.asked("cut off")) == 1


async def test_an_answer_that_comes_too_late_is_an_unknown_outcome(peer: Peer) -> None:
    timeout = openai.Timeout(0.5, connect=5.0)
    hasty = OpenAIGenerator("gpt-image-1.5", key=KEY, base_url=peer.url, timeout=timeout)
    with pytest.raises(OutcomeUnknown) as raised:
        await generate(hasty, "late", 1)
    assert raised.value.code == "timeout"


async def test_a_picture_is_described(peer: Peer) -> None:
    seen = await OpenAICaptioner("see-1", key=KEY, base_url=peer.url).describe(png(1), CONTEXT)
    assert (seen.caption, seen.visible_text) == (SEEN["caption"], SEEN["visible_text"])
    assert (seen.kind, seen.model) == ("product", "see-1")
    (asked,) = peer.asked("see-1")
    parts = asked["body"]["messages"][-1]["content"]
    assert [part["type"] for part in parts] == ["text", "image_url"]
    sent = base64.b64decode(parts[1]["image_url"]["url"].partition(",")[2])
    assert Image.open(BytesIO(sent)).size == (64, 48)


@pytest.mark.parametrize(
    ("model", "kind", "code"),
    [
        ("see-prose", ProviderError, "malformed_answer"),
        ("see-limited", ProviderError, "rate_limit_exceeded"),
        ("see-dropped", OutcomeUnknown, "connection_lost"),
    ],
)
async def test_a_description_that_fails_is_told_apart(
    peer: Peer, model: str, kind: type[ProviderError], code: str
) -> None:
    with pytest.raises(ProviderError) as raised:
        await OpenAICaptioner(model, key=KEY, base_url=peer.url).describe(png(1), CONTEXT)
    assert (type(raised.value), raised.value.code) == (kind, code)
    assert len(peer.asked(model)) == 1


async def test_texts_are_embedded_in_their_order_whatever_their_number(peer: Peer) -> None:
    encoder = OpenAIEncoder(Server(base_url=peer.url, key=KEY), "text-embedding-3-small@64", 64)
    texts = [f"soap number {number}" for number in range(300)]
    vectors = await encoder.encode_documents(texts)
    assert vectors.shape == (300, 64)
    assert np.allclose(await encoder.encode_prompts(texts[::-1]), vectors[::-1], atol=1e-6)
    assert len(np.unique(vectors, axis=0)) == 300


async def test_embeddings_that_are_none_are_not_believed(peer: Peer) -> None:
    encoder = OpenAIEncoder(Server(base_url=peer.url, key=KEY), "text-embedding-3-small@2", 2)
    assert np.allclose(await encoder.encode_prompts(["far"]), [[3.0, 4.0]])
    for text, code in (("zero", "bad_vector"), ("fail", "server_error")):
        with pytest.raises(ProviderError) as raised:
            await encoder.encode_prompts([text])
        assert raised.value.code == code
    longer = OpenAIEncoder(Server(base_url=peer.url, key=KEY), "text-embedding-3-small@3", 3)
    with pytest.raises(ProviderError):
        await longer.encode_prompts(["far"])


async def test_a_whole_generation_against_the_peer_becomes_an_image_of_unknown_cost(
    database: Database, generator: OpenAIGenerator, peer: Peer
) -> None:
    soap, logo = await add(database, kind="product"), await add(database, kind="logo")
    made = await make(database, generator, soap, logo, prompt="one picture, whole")
    assert made.error is None
    assert (made.status, made.cost_usd, len(made.outputs)) == ("succeeded", None, 1)
    (call,) = await paid(database)
    assert (call["status"], call["cost_usd"], call["model"]) == ("succeeded", None, "gpt-image-1.5")
    (asked,) = peer.asked("one picture, whole")
    assert asked["body"]["messages"][0]["content"] == made.prompt_sent


@pytest.mark.parametrize(
    ("prompt", "status", "code"),
    [
        ("forbidden", "refused", "moderation_blocked"),
        ("dropped", "failed", "chaos_drop"),
        ("malformed", "failed", "malformed_answer"),
        ("cut off", "unknown", "connection_lost"),
    ],
)
async def test_a_whole_generation_that_goes_wrong_is_in_the_ledger_as_it_ended(
    database: Database, generator: OpenAIGenerator, peer: Peer, prompt: str, status: str, code: str
) -> None:
    words = f"{prompt}, whole"
    made = await make(database, generator, await add(database), prompt=words)
    assert made.error is not None
    assert (made.status, made.error["code"], made.outputs) == (status, code, ())
    (call,) = await paid(database)
    assert (call["status"], call["cost_usd"], call["error"]["code"]) == (status, None, code)
    assert len(peer.asked(words)) == 1
