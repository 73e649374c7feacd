"""Colours as they are meant: every depth, every mode and every profile gives the colour that was measured."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from rage_pg.config import Limits
from rage_pg.ingest import decode
from rage_pg.pixels import in_eight_bits
from tests.hostile import encoded
from tests.sound import PICTURES, deep, sound

D50 = (0.9642, 1.0, 0.8249)
# Colour of the primaries in XYZ under D50, as the profiles of these spaces hold them.
DISPLAY_P3 = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
GAMMA = 563 / 256


def shown(content: bytes, at: tuple[int, int] = (32, 24)) -> tuple[int, ...]:
    """The colour of a pixel of the thumbnail."""
    with Image.open(BytesIO(decode(content, Limits()).thumbnail)) as picture:
        pixel = picture.convert("RGB").getpixel(at)
    assert isinstance(pixel, tuple)
    return pixel


def near(found: tuple[int, ...], wanted: tuple[int, ...], within: int = 6) -> bool:
    return all(abs(a - b) <= within for a, b in zip(found, wanted, strict=True))


def s15(value: float) -> bytes:
    return struct.pack(">i", round(value * 65_536))


def icc(primaries: tuple[tuple[float, float, float], ...], gamma: float) -> bytes:
    """A profile of a display with these primaries."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78),
        b"wtpt": b"XYZ " + bytes(4) + b"".join(map(s15, D50)),
        **{
            name: b"XYZ " + bytes(4) + b"".join(map(s15, colour))
            for name, colour in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)
        },
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, data, place = b"", b"", 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", place + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    head = bytes(4) + bytes(4) + b"\x02\x40\0\0" + b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    head += b"".join(map(s15, D50)) + bytes(48)
    size = struct.pack(">I", len(head) + 4 + len(table) + len(data))
    return size + head[4:] + struct.pack(">I", len(tags)) + table + data


def in_srgb(
    colour: tuple[int, int, int], primaries: tuple[tuple[float, float, float], ...], gamma: float
) -> tuple[int, ...]:
    """What a colour of another space is in sRGB, by the sum that defines it."""
    xyz = np.array(primaries).T @ (np.array(colour) / 255) ** gamma
    to_srgb = np.array([[3.1339, -1.6169, -0.4906], [-0.9788, 1.9161, 0.0335], [0.0719, -0.2290, 1.4052]])
    light = np.clip(to_srgb @ xyz, 0, 1)
    told = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return tuple(int(value) for value in np.round(told * 255))


@pytest.mark.parametrize("colour", [(200, 90, 60), (120, 160, 90), (128, 128, 128), (60, 80, 170)])
@pytest.mark.parametrize("space", ["Display P3", "Adobe RGB"])
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_wide_profile_is_heeded(image_format: str, space: str, colour: tuple[int, int, int]) -> None:
    primaries, gamma = (DISPLAY_P3, 2.2) if space == "Display P3" else (ADOBE_RGB, GAMMA)
    options: dict[str, object] = {"quality": 95} if image_format in ("JPEG", "WEBP", "AVIF") else {}
    picture = Image.new("RGB", (64, 48), colour)
    content = encoded(picture, image_format, icc_profile=icc(primaries, gamma), **options)
    assert near(shown(content), in_srgb(colour, primaries, gamma), within=8)


def test_a_wide_profile_changes_what_is_shown() -> None:
    """Or the test above could not fail."""
    assert not near(in_srgb((200, 90, 60), DISPLAY_P3, 2.2), (200, 90, 60), within=8)


def test_a_profile_of_another_kind_of_colours_is_not_heeded() -> None:
    content = encoded(
        Image.new("CMYK", (64, 48), (0, 255, 255, 0)), "JPEG", icc_profile=icc(ADOBE_RGB, GAMMA), quality=95
    )
    assert near(shown(content), (255, 0, 0), within=12)


@pytest.mark.parametrize("damage", [b"", b"\0" * 200, b"acsp" * 100])
def test_a_broken_profile_says_nothing(damage: bytes) -> None:
    profile = icc(ADOBE_RGB, GAMMA)[:60] + damage
    content = encoded(Image.new("RGB", (64, 48), (200, 90, 60)), "PNG", icc_profile=profile)
    assert near(shown(content), (200, 90, 60))


@pytest.mark.parametrize(
    ("mode", "image_format", "colour", "wanted"),
    [
        ("CMYK", "JPEG", (0, 255, 255, 0), (255, 0, 0)),
        ("CMYK", "TIFF", (255, 0, 255, 0), (0, 255, 0)),
        ("LA", "PNG", (77, 255), (77, 77, 77)),
        ("L", "TIFF", 200, (200, 200, 200)),
        ("1", "PNG", 1, (255, 255, 255)),
        ("I;16", "PNG", 0x4D4D, (77, 77, 77)),
        ("I;16", "TIFF", 0xC8C8, (200, 200, 200)),
        ("RGB", "AVIF", (200, 90, 60), (200, 90, 60)),
        ("RGBA", "WEBP", (200, 90, 60, 255), (200, 90, 60)),
    ],
)
def test_every_mode_shows_its_colour(
    mode: str, image_format: str, colour: object, wanted: tuple[int, ...]
) -> None:
    assert near(shown(encoded(Image.new(mode, (64, 48), colour), image_format)), wanted, within=10)  # type: ignore[arg-type]


OTHERS = ("cmyk", "lab", "interlaced", "1 bit", "fax", "grey", "16 bit", "float", "turned")


@pytest.mark.parametrize("name", [name for name in sound() if not any(other in name for other in OTHERS)])
def test_the_red_corner_is_red_and_left_above(name: str) -> None:
    assert near(shown(sound()[name], (5, 5)), (230, 20, 20), within=40)


def test_sixteen_bits_a_channel_keep_their_tones() -> None:
    content = deep(3)
    ramp = np.linspace(0, 65_535, 32 * 32 * 3).reshape(32, 32, 3) / 257
    with Image.open(BytesIO(decode(content, Limits()).thumbnail)) as small:
        seen = np.asarray(small.convert("RGB"), dtype=float)
    assert np.abs(seen - ramp).mean() < 6


def test_a_turned_heic_stands_upright() -> None:
    decoded = decode((PICTURES / "turned.heic").read_bytes(), Limits())
    assert (decoded.width, decoded.height) == (96, 128)
    assert near(shown(decoded.content, (90, 5)), (230, 20, 20), within=20)


def test_a_float_that_is_no_number_is_black() -> None:
    values = np.linspace(0, 1, 64 * 48, dtype=np.float32).reshape(48, 64)
    values[0, 0], values[47, 63] = np.nan, np.inf
    content = encoded(Image.fromarray(values), "TIFF")
    assert near(shown(content, (0, 0)), (0, 0, 0), within=12)


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_greys_that_are_scaled_in_pieces_are_the_same(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ramp = np.linspace(0, 65_535, 50 * 37).reshape(37, 50)
    deep = Image.fromarray(ramp.astype({"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]))
    deep.info["transparency"] = 0
    whole = in_eight_bits(deep)
    assert whole.getextrema() == ((0, 255), (0, 255))
    for piece in (1, 7, 64, 200):
        monkeypatch.setattr("rage_pg.pixels.PIECE", piece)
        assert in_eight_bits(deep).tobytes() == whole.tobytes()
