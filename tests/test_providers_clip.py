"""Encoders of pictures and words in one space, loaded from a folder."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rage_pg import index, search
from rage_pg.config import Settings
from rage_pg.database import Database
from rage_pg.errors import ImageRejected, InvalidInput, SetupError
from rage_pg.providers.clip import ClipEncoder
from rage_pg.providers.encoders import Encoders
from rage_pg.types import Filters, SearchRequest
from tests.clip_folder import write_models
from tests.store import add, by

COLOURS = {"red": (250, 10, 10), "green": (10, 250, 10), "blue": (10, 10, 250)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_models(tmp_path_factory.mktemp("models"))


def encoder(folder: Path | None, cache: Path = Path("unused")) -> ClipEncoder:
    return ClipEncoder("clip", "Qdrant/clip-ViT-B-32", folder=folder, cache=cache)


def picture(colour: str, mode: str = "RGB") -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (40, 30), COLOURS[colour]).convert(mode).save(buffer, "PNG")
    return buffer.getvalue()


def test_its_identity_is_that_of_its_files(folder: Path, tmp_path: Path) -> None:
    identity = encoder(folder).identity
    assert (identity.encoder, identity.model) == ("clip", "Qdrant/clip-ViT-B-32")
    assert (identity.dimensions, identity.encodes) == (6, "image")
    assert encoder(write_models(tmp_path / "same")).identity == identity
    assert encoder(write_models(tmp_path / "other", seed=2)).identity != identity


async def test_a_picture_is_nearest_the_words_for_it(folder: Path) -> None:
    clip = encoder(folder)
    images = await clip.encode_images([picture(colour) for colour in COLOURS])
    words = await clip.encode_prompts([f"a {colour} thing" for colour in COLOURS])
    assert images.shape == words.shape == (3, 6)
    images /= np.linalg.norm(images, axis=1, keepdims=True)
    assert (words @ images.T).argmax(axis=1).tolist() == [0, 1, 2]


async def test_pictures_of_every_mode_and_size_are_read(folder: Path) -> None:
    clip = encoder(folder)
    wide = BytesIO()
    Image.new("RGB", (500, 3), COLOURS["red"]).save(wide, "PNG")
    plain, palette, alpha, stripe = await clip.encode_images(
        [picture("red"), picture("red", "P"), picture("red", "RGBA"), wide.getvalue()]
    )
    assert np.allclose(plain, alpha, atol=0.01)
    assert np.allclose(plain, stripe, atol=0.01)
    assert np.allclose(plain, palette, atol=0.05)
    with pytest.raises(ImageRejected, match="Image 1"):
        await clip.encode_images([picture("red"), b"no picture"])
    with pytest.raises(InvalidInput, match="Text 0 is empty"):
        await clip.encode_prompts([" "])


def test_a_folder_that_lacks_the_model_says_which_file(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"RAGE_MODEL_DIR lacks clip-ViT-B-32-text/model\.onnx"):
        _ = encoder(tmp_path).identity


def test_files_that_are_no_model_are_a_setup_error(tmp_path: Path) -> None:
    write_models(tmp_path)
    (tmp_path / "clip-ViT-B-32-vision/model.onnx").write_bytes(b"rubbish")
    with pytest.raises(SetupError, match=r"clip-ViT-B-32-vision cannot be loaded") as raised:
        _ = encoder(tmp_path).identity
    assert "\n" not in str(raised.value)


async def test_words_find_pictures_that_nobody_described(folder: Path, database: Database) -> None:
    ids = {colour: await add(database, content=picture(colour)) for colour in COLOURS}
    clip = encoder(folder)
    [filled] = await index.fill(database, [clip])
    assert filled.embedded == 3
    await index.activate(database, filled.space)
    for colour, image_id in ids.items():
        answer = await search.search(database, by(clip), SearchRequest(prompt=f"something {colour}"))
        assert answer.items[0].image.id == image_id
        assert set(answer.items[0].legs) == {"image"}
    similar = await search.similar(database, ids["red"], "image", 2, Filters())
    assert len(similar.items) == 2


async def test_other_weights_under_the_same_name_do_not_fill_a_space(folder: Path, tmp_path: Path) -> None:
    other = Encoders(Settings(data_dir=tmp_path, model_dir=write_models(tmp_path / "m", seed=3)))
    identity = encoder(folder).identity
    with pytest.raises(SetupError, match="another than the one of this space"):
        await other.encoder(identity)
    assert await other.prompt_encoder(identity) is None
    same = Encoders(Settings(data_dir=tmp_path, model_dir=folder))
    assert (await same.encoder(identity)).identity == identity
