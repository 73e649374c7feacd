"""Perceptual hashes: the same for the same picture however it is saved, others for others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from rage_pg.config import Limits
from rage_pg.ingest import decode
from rage_pg.perceptual import BITS, perceptual_hash
from tests.drawings import drawing, saved


def hash_of(picture: Image.Image, kind: str = "PNG", **how: Any) -> str | None:
    return decode(saved(picture, kind, **how), Limits()).perceptual_hash


def apart(one: str | None, other: str | None) -> int:
    assert one is not None
    assert other is not None
    return sum(a != b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("JPEG", {"quality": 60}),
        ("WEBP", {"quality": 60}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("BMP", {}),
        ("GIF", {}),
    ],
)
@pytest.mark.parametrize("number", range(3))
def test_a_picture_saved_anew_keeps_its_hash(number: int, kind: str, how: dict[str, Any]) -> None:
    assert apart(hash_of(drawing(number)), hash_of(drawing(number), kind, **how)) <= 4


@pytest.mark.parametrize("side", [1600, 300, 100])
def test_a_picture_resized_keeps_its_hash(side: int) -> None:
    picture = drawing(1)
    assert (
        apart(hash_of(picture), hash_of(picture.resize((side, side * 3 // 4), Image.Resampling.LANCZOS))) <= 4
    )


def test_an_exif_turn_does_not_change_the_hash() -> None:
    picture = drawing(2)
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = picture.transpose(Image.Transpose.ROTATE_90)
    assert apart(hash_of(picture), hash_of(lying, "JPEG", quality=90, exif=exif)) <= 4


def test_different_pictures_are_far_apart() -> None:
    hashes = [hash_of(drawing(number)) for number in range(12)]
    nearest = min(apart(a, b) for place, a in enumerate(hashes) for b in hashes[:place])
    assert nearest > 11


def test_a_mirrored_picture_is_another() -> None:
    assert apart(hash_of(drawing(3)), hash_of(ImageOps.mirror(drawing(3)))) > 11


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGB", (400, 300), "white"),
        Image.new("L", (50, 50), 0),
        Image.new("RGBA", (400, 300), (10, 20, 30, 0)),
        Image.new("P", (9, 9), 3),
        # A grain that no eye sees, such as scanners leave on an empty page.
        Image.fromarray(np.random.default_rng(1).integers(249, 256, (300, 400), dtype=np.uint8)),
    ],
)
def test_flat_pictures_have_no_hash(picture: Image.Image) -> None:
    assert hash_of(picture) is None


def test_what_is_hidden_by_transparency_does_not_count() -> None:
    one, other = (Image.new("RGBA", (400, 300), colour) for colour in ((0, 0, 0, 0), (255, 0, 0, 0)))
    for canvas in (one, other):
        ImageDraw.Draw(canvas).polygon([(40, 200), (300, 250), (120, 20)], fill=(0, 90, 40, 255))
    assert apart(hash_of(one), hash_of(other)) <= 2


def test_a_white_logo_without_a_ground_has_a_hash() -> None:
    logo = Image.new("RGBA", (400, 300), (255, 255, 255, 0))
    ImageDraw.Draw(logo).ellipse((30, 60, 200, 280), fill=(255, 255, 255, 255))
    other = Image.new("RGBA", (400, 300), (255, 255, 255, 0))
    ImageDraw.Draw(other).rectangle((200, 10, 390, 120), fill=(255, 255, 255, 255))
    assert apart(hash_of(logo), hash_of(other)) > 11


def test_a_hash_is_that_of_the_stored_thumbnail() -> None:
    picture = decode(saved(drawing(4), "JPEG", quality=80), Limits())
    assert perceptual_hash(picture.thumbnail) == picture.perceptual_hash
    assert picture.perceptual_hash is not None
    assert len(picture.perceptual_hash) == BITS


def test_a_thumbnail_that_is_none_is_an_error() -> None:
    with pytest.raises(OSError, match="cannot identify"):
        perceptual_hash(b"x")
