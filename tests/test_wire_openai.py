"""The request that goes to OpenAI's image API, byte for byte: text, references, their order and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256

import pytest

from rage_pg.catalogue import brands
from rage_pg.config import Secret
from rage_pg.database import Database
from rage_pg.providers.openai import OpenAIGenerator
from tests.generating import make, rows
from tests.image_api_stub import ImageApiStub, Received, image_api_stub
from tests.store import add
from tests.wire import (
    COMBINE,
    HEEDED,
    HEEDED_TEXT,
    PROTOTYPE,
    SCENE,
    STYLE,
    Shot,
    content,
    set_guidelines,
)

MODEL = "gpt-image-1.5"
FILES = {
    "lumen-lotion-lavender": ("01-product.png", "image/png"),
    "lumen-soap-rose": ("02-product.png", "image/png"),
    "shared-salesman-counter": ("03-subject.png", "image/png"),
    "shared-mountain-lake": ("04-background.webp", "image/webp"),
    "lumen-logo-dark": ("05-logo.png", "image/png"),
    "northtrail-lantern": ("01-product.png", "image/png"),
    "lumen-candle-fig": ("02-product.png", "image/png"),
    "lumen-gift-set": ("01-product.png", "image/png"),
    "shared-style-watercolour": ("02-style.webp", "image/webp"),
    "lumen-sketch-lotion": ("01-layout.webp", "image/webp"),
    "lumen-logo-light": ("02-logo.png", "image/png"),
}


@pytest.fixture
def stub() -> Iterator[ImageApiStub]:
    with image_api_stub() as running:
        yield running


@pytest.fixture
def generator(stub: ImageApiStub) -> OpenAIGenerator:
    return OpenAIGenerator(MODEL, key=Secret("sk-not-a-key-but-long-enough"), base_url=stub.url)


def parts(received: Received) -> list[tuple[bytes, bytes]]:
    """The parts of a multipart body, each as its head and its content, taken apart by the standard alone."""
    boundary = re.fullmatch(r"multipart/form-data; boundary=(\w+)", received.media_type)
    assert boundary is not None
    mark = b"--" + boundary[1].encode()
    first, *between, last = received.body.split(mark)
    assert (first, last) == (b"", b"--\r\n")
    assert all(part.startswith(b"\r\n") and part.endswith(b"\r\n") for part in between)
    heads_and_contents = [part[2:-2].partition(b"\r\n\r\n") for part in between]
    return [(head, content) for head, _, content in heads_and_contents]


def text(name: str, value: str) -> tuple[bytes, bytes]:
    return f'Content-Disposition: form-data; name="{name}"'.encode(), value.encode()


def file(name: str) -> tuple[bytes, bytes]:
    filename, media_type = FILES[name]
    head = (
        f'Content-Disposition: form-data; name="image[]"; filename="{filename}"\r\nContent-Type: {media_type}'
    )
    return head.encode(), content(name)


def in_any_order(fields: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return sorted(fields)


@pytest.mark.parametrize(
    ("shot", "options", "guided"),
    [
        (SCENE, {"size": "1536x1024", "quality": "high"}, True),
        (COMBINE, {"n": "2", "output_format": "webp"}, False),
        (STYLE, {"input_fidelity": "high"}, False),
        (PROTOTYPE, {"background": "transparent", "output_format": "png"}, False),
    ],
    ids=["scene", "combine", "style", "prototype"],
)
async def test_the_request_is_known_to_the_byte(
    database: Database,
    stub: ImageApiStub,
    generator: OpenAIGenerator,
    shot: Shot,
    options: dict[str, str],
    guided: bool,
) -> None:
    if guided:
        await set_guidelines(database)
    made = await shot.make(database, generator)
    assert (made.status, made.error) == ("succeeded", None)
    assert made.prompt_sent == shot.text
    (request,) = stub.requests
    assert request.path == "/v1/images/edits"
    sent = parts(request)
    images = [file(name) for name in shot.images]
    fields = {"prompt": shot.text, "model": MODEL, **options}
    # The order of the fields says nothing, that of the images everything.
    assert sent[-len(images) :] == images
    assert in_any_order(sent[: -len(images)]) == in_any_order([text(*one) for one in fields.items()])
    kept = [reference.sha256 for reference in made.references]
    assert kept == [sha256(content(name)).hexdigest() for name in shot.images]


async def test_colours_and_words_to_avoid_of_the_brand_end_the_prompt(
    database: Database, stub: ImageApiStub, generator: OpenAIGenerator
) -> None:
    await set_guidelines(database)
    await brands.update(database, "lumen", **HEEDED)
    made = await SCENE.make(database, generator)
    (request,) = stub.requests
    assert (made.status, made.prompt_sent) == ("succeeded", f"{SCENE.text}\n\n{HEEDED_TEXT}")
    (prompt,) = [body for head, body in parts(request) if b'name="prompt"' in head]
    assert prompt.decode() == made.prompt_sent


async def test_the_order_sent_is_the_order_given(
    database: Database, stub: ImageApiStub, generator: OpenAIGenerator
) -> None:
    images = [(await add(database, f"Picture {number}")) for number in range(16)]
    backwards = images[::-1]
    for order in (images, backwards):
        made = await make(database, generator, *order)
        names = [f'Image {place}: "Picture {order[place - 1] - images[0]}" ' for place in range(1, 17)]
        assert made.prompt_sent is not None
        assert [
            line[: len(name)] for line, name in zip(made.prompt_sent.splitlines()[4:], names, strict=True)
        ] == names
    there, back = ([content for head, content in parts(one) if b"filename" in head] for one in stub.requests)
    assert len(set(there)) == 16
    assert back == there[::-1]


async def test_words_of_the_store_change_no_option_of_the_request(
    database: Database, stub: ImageApiStub, generator: OpenAIGenerator
) -> None:
    field = '\r\n\r\n--boundary\r\nContent-Disposition: form-data; name="n"\r\n\r\n10\r\n'
    attack = f'Soap"{field} model: other, size: 4096x4096, n=10'
    image = await add(database, attack, caption=attack, brand="lumen")
    everywhere = "UPDATE rage.brands SET guidelines = %(attack)s, words_to_avoid = ARRAY[%(attack)s]"
    await rows(database, everywhere, attack=attack)
    made = await make(database, generator, image, brand="lumen", size="1024x1024", prompt="A soap")
    (request,) = stub.requests
    assert set(request.fields) == {"prompt", "model", "size"}
    assert (request.fields["model"], request.fields["size"]) == (MODEL, "1024x1024")
    assert len(request.files) == 1
    assert [name for name, _ in parts(request)].count(b'Content-Disposition: form-data; name="n"') == 0
    # A form has lines of its own: a line break may come as CR LF.
    assert request.fields["prompt"].replace("\r\n", "\n") == made.prompt_sent
    assert made.prompt_sent is not None
    assert sum(line.startswith("Image") for line in made.prompt_sent.splitlines()) == 1
