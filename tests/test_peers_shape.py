"""What we send is as OpenAI's own specification of its API says, which a third party's server reads."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from rage_pg.config import Secret
from rage_pg.errors import ProviderError
from rage_pg.providers.openai import OpenAIGenerator
from rage_pg.providers.openai_captions import OpenAICaptioner
from rage_pg.providers.openai_embeddings import OpenAIEncoder
from rage_pg.providers.openai_settings import Server
from rage_pg.providers.ports import CaptionContext, GenerationCall, InputImage
from tests.peers.servers import Peer, steady
from tests.store import png

KEY = Secret("sk-not-a-key-but-long-enough")
ACCEPTED = "no_image"
"""The peer's 200 to an image request holds no picture: the specification asks for none."""
OPTIONS: list[dict[str, Any]] = [
    *({"size": size} for size in ("auto", "1024x1024", "1536x1024", "1024x1536")),
    *({"quality": quality} for quality in ("auto", "low", "medium", "high")),
    *({"background": background} for background in ("auto", "opaque", "transparent")),
    *({"output_format": output_format} for output_format in ("png", "webp", "jpeg")),
    {"count": 10},
    {
        "size": "1024x1024",
        "quality": "high",
        "background": "transparent",
        "output_format": "webp",
        "count": 2,
    },
]


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with steady(tmp_path_factory.mktemp("steady")) as running:
        yield running


async def answer(peer: Peer, model: str = "gpt-image-1.5", **given: Any) -> str | None:
    """How the peer takes a request of ours: ACCEPTED, or the code of its error."""
    call = GenerationCall(**{"prompt": "A soap", "purpose": "compose", "references": (), **given})
    with pytest.raises(ProviderError) as raised:
        await OpenAIGenerator(model, key=KEY, base_url=peer.url).generate(call)
    return raised.value.code


def references(count: int) -> tuple[InputImage, ...]:
    return tuple(
        InputImage(content=png(number), media_type="image/png", role="product") for number in range(count)
    )


async def test_a_generation_without_references_is_as_specified_with_each_option(peer: Peer) -> None:
    for options in ({}, *OPTIONS):
        assert await answer(peer, **options) == ACCEPTED, options


async def test_an_edit_of_one_reference_is_as_specified_with_each_option(peer: Peer) -> None:
    for options in ({}, *OPTIONS, {"input_fidelity": "low"}, {"input_fidelity": "high"}):
        assert await answer(peer, references=references(1), **options) == ACCEPTED, options


async def test_an_edit_of_sixteen_references_with_a_mask_is_as_specified(peer: Peer) -> None:
    mask = Image.new("RGBA", (64, 48), (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (0, 0, 20, 20))
    buffer = BytesIO()
    mask.save(buffer, "PNG")
    assert await answer(peer, references=references(16)) == ACCEPTED
    assert await answer(peer, references=references(16), mask=buffer.getvalue()) == ACCEPTED


@pytest.mark.parametrize(
    ("count", "wrong"),
    [(0, {"quality": "splendid"}), (2, {"quality": "splendid"}), (2, {"input_fidelity": "middling"})],
)
async def test_what_is_not_as_specified_is_turned_away(peer: Peer, count: int, wrong: dict[str, str]) -> None:
    """So the tests above can fail. To a model that is not known the options are handed on as they are."""
    given: dict[str, Any] = {"model": "their-model", "references": references(count)}
    assert await answer(peer, **given, **wrong) == "400"
    assert await answer(peer, **given) == ACCEPTED


async def test_embeddings_are_asked_for_as_specified(peer: Peer) -> None:
    server = Server(base_url=peer.url, key=KEY)
    for model in ("text-embedding-3-small", "text-embedding-3-small@512"):
        with pytest.raises(ProviderError) as raised:
            await OpenAIEncoder(server, model, 512).encode_documents(["A soap", "A candle"])
        # It answers with vectors of its own making, which are none of a model's.
        assert raised.value.code in ("malformed_answer", "other_model", "bad_vector")


async def test_captions_are_asked_for_as_specified(peer: Peer) -> None:
    captioner = OpenAICaptioner("gpt-5.1", key=KEY, base_url=peer.url)
    context = CaptionContext(language="en", vocabulary={"tags": ["soap"]})
    with pytest.raises(ProviderError) as raised:
        await captioner.describe(png(1), context)
    # Its answer is text of its own making, not the JSON that was asked for.
    assert raised.value.code in ("malformed_answer", "cut_off", "other_model", "refusal")
