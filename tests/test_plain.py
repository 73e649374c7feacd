"""What leaves the house: the picture, every pixel of it, and nothing of what its file says besides."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from PIL import Image

from rage_pg.config import Limits
from rage_pg.errors import TooLarge
from rage_pg.ingest import decode
from rage_pg.plain import Endless, Unclear, format_of, frames, plain, tiff
from rage_pg.plain import kept as kept_of
from tests.hostile import encoded
from tests.hostile_files import avif_of_extents
from tests.sound import SECRET, scene, shown_frames, sound, telling, telling_exif, with_alpha

SHOWS = {"icc_profile", "transparency", "loop", "duration", "background", "dpi", "gamma", "srgb"}
"""Of what Pillow finds in a file: what makes the picture look as it does."""
NAMES = list(sound())


def info(content: bytes) -> dict[str, object]:
    with Image.open(BytesIO(content)) as picture:
        picture.load()
        return {name: value for name, value in picture.info.items() if name in SHOWS}


@pytest.mark.parametrize("name", NAMES)
def test_every_pixel_of_every_frame_stays(name: str) -> None:
    content = sound()[name]
    kept = plain(content)
    assert kept.media_type == f"image/{name.split(maxsplit=1)[0]}"
    assert shown_frames(kept.content) == shown_frames(content)
    assert info(kept.content) == info(content)
    assert plain(kept.content) == kept


@pytest.mark.parametrize("name", telling())
def test_nothing_that_is_said_leaves_the_house(name: str) -> None:
    content = telling()[name]
    assert SECRET in content or b"SECRET" in content
    kept = plain(content)
    assert kept.media_type == f"image/{name.split(maxsplit=1)[0]}"
    assert b"SECRET" not in kept.content
    assert b"GPS" not in kept.content
    assert b"xmpmeta" not in kept.content
    assert shown_frames(kept.content) == shown_frames(content)
    assert info(kept.content) == info(content)
    before, after = decode(content, Limits()), decode(kept.content, Limits())
    assert (after.thumbnail, after.width, after.height) == (before.thumbnail, before.width, before.height)
    with Image.open(BytesIO(kept.content)) as picture:
        tags = picture.getexif()
        picture.load()
        assert not {"comment", "xmp", "photoshop", "mp"} & picture.info.keys()
        if picture.format in ("JPEG", "PNG", "WEBP"):
            assert dict(tags) in ({0x0112: 6}, {})


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_turn_stays(image_format: str, orientation: int) -> None:
    content = encoded(scene(), image_format, exif=telling_exif(orientation))
    kept = plain(content).content
    assert SECRET not in kept
    with Image.open(BytesIO(kept)) as picture:
        assert picture.getexif().get(0x0112, 1) == orientation


def test_a_profile_stays_and_its_name_goes() -> None:
    content = encoded(scene(), "PNG", icc_profile=b"not a profile, but kept as it is")
    named = content.replace(b"ICC Profile\0", b"SECRETSECRE\0")
    assert info(plain(named).content) == info(content)
    assert b"SECRET" not in plain(named).content


def test_a_bmp_with_a_path_to_a_profile_loses_it() -> None:
    content = bytearray(encoded(scene(), "BMP"))
    header = content[14:54] + bytes(16) + b"KNIL" + bytes(48) + (4).to_bytes(4, "little") + bytes(12)
    header[0:4], size = (124).to_bytes(4, "little"), 14 + 124
    pixels = content[54:]
    made = b"BM" + (size + len(pixels)).to_bytes(4, "little") + bytes(4) + size.to_bytes(4, "little") + header
    linked = bytes(made + pixels + b"C:\\SECRET\\profile.icc")
    kept = plain(linked)
    assert (kept.media_type, b"SECRET" in kept.content, b"KNIL" in kept.content) == (
        "image/bmp",
        False,
        False,
    )
    assert shown_frames(kept.content) == shown_frames(linked)


def test_a_smaller_copy_in_a_tiff_goes() -> None:
    small = Image.new("RGB", (20, 10), (1, 2, 3))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    content = encoded(scene(), "TIFF", save_all=True, append_images=[small])
    assert frames(content, "TIFF") == 1
    assert len(shown_frames(plain(content).content)) == 1
    assert bytes((1, 2, 3)) * 20 not in plain(content).content


def test_a_directory_that_lies_upon_pixels_leaves_them_as_they_are() -> None:
    content = bytearray(encoded(scene(), "TIFF"))
    first = tiff.first_page(bytes(content))
    start = int.from_bytes(content[4:8], "little")
    length = 2 + 12 * len(first)
    upon = tiff.values(bytes(content), tiff.layout(bytes(content)), first[tiff.STRIPS])[0] + 60
    content[upon : upon + length + 4] = content[start : start + length + 4]
    # A tag that goes, so that what is written is not what was there.
    content[upon + 2 : upon + 4] = (65_000).to_bytes(2, "little")
    content[start + length : start + length + 4] = upon.to_bytes(4, "little")
    assert len(list(tiff.pages(bytes(content)))) == 2
    kept = plain(bytes(content))
    assert kept.media_type == "image/png"
    with Image.open(BytesIO(kept.content)) as served, Image.open(BytesIO(content)) as original:
        assert served.convert("RGB").tobytes() == original.convert("RGB").tobytes()


def test_a_file_too_odd_to_be_taken_apart_is_encoded_anew() -> None:
    content = encoded(with_alpha(), "TIFF")
    lengths = content.index((279).to_bytes(2, "little"))
    odd = content[:lengths] + (65_000).to_bytes(2, "little") + content[lengths + 2 :] + SECRET
    kept = plain(odd)
    assert (kept.media_type, SECRET in kept.content) == ("image/png", False)
    assert shown_frames(kept.content) == shown_frames(content)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        *((name, 3) for name in ("gif animated", "png animated", "webp animated", "avif animated")),
        ("tiff pages", 2),
        *((name, 1) for name in ("gif", "png", "webp", "tiff", "jpeg", "jpeg of a phone", "bmp", "avif")),
        ("heic photo", 1),
    ],
)
def test_frames_are_counted(name: str, count: int) -> None:
    assert decode(sound()[name], Limits()).frames == count


def test_a_count_that_is_a_lie_is_not_believed() -> None:
    content = sound()["png animated"]
    at = content.index(b"acTL") + 4
    assert frames(content[:at] + b"\x7f\xff\xff\xff" + content[at + 4 :], "PNG") == 3


def test_what_goes_on_for_ever_is_not_followed() -> None:
    empty = b"\x2c" + bytes(9) + b"\x02\0"
    start = sound()["gif"][:-1]
    assert frames(start + empty * 9_999 + b";", "GIF") == 10_000
    with pytest.raises(Endless):
        frames(start + empty * 10_000 + b";", "GIF")
    with pytest.raises(TooLarge, match="more than 10,000 frames"):
        decode(start + empty * 3_000_000, Limits())


@pytest.mark.parametrize("name", NAMES)
def test_a_format_is_known_by_its_first_bytes(name: str) -> None:
    formats = {"heic": "HEIF"}
    first = name.split(maxsplit=1)[0]
    assert format_of(sound()[name][:64]) == formats.get(first, first.upper())


def with_property(content: bytes, kind: bytes, held: bytes) -> bytes:
    """An AVIF file with one more property behind the others; its picture lies that much further on."""
    made = bytearray(content)
    added = struct.pack(">I", len(held) + 8) + kind + held
    start = made.index(b"ipco") - 4
    end = start + struct.unpack_from(">I", made, start)[0]
    for outer in (b"ipco", b"iprp", b"meta"):
        at = made.index(outer) - 4
        struct.pack_into(">I", made, at, struct.unpack_from(">I", made, at)[0] + len(added))
    pixels = struct.pack(">I", made.index(b"mdat") + 4)
    at = made.index(pixels, made.index(b"iloc"))
    struct.pack_into(">I", made, at, struct.unpack(">I", pixels)[0] + len(added))
    made[end:end] = added
    return bytes(made)


@pytest.mark.parametrize("kind", [b"udes", b"altt", b"crtt", b"mdft", b"uuid"])
def test_properties_that_are_words_go(kind: bytes) -> None:
    content = sound()["avif"]
    telling = with_property(content, kind, b"\0\0\0\0en\0" + SECRET + b"\0")
    kept = plain(telling)
    assert (kept.media_type, SECRET in kept.content) == ("image/avif", False)
    assert shown_frames(kept.content) == shown_frames(telling) == shown_frames(content)


def test_names_of_items_and_dates_of_sequences_go() -> None:
    content = sound()["avif"].replace(b"Color\0", b"Words\0")
    assert b"Words" in content
    assert b"Words" not in plain(content).content
    moving = bytearray(sound()["avif animated"])
    for kind in (b"mvhd", b"tkhd", b"mdhd"):
        at = moving.index(kind) + 4
        length = 16 if moving[at] == 1 else 8
        moving[at + 4 : at + 4 + length] = b"SECRETSECRETSECR"[:length]
    kept = plain(bytes(moving)).content
    assert b"SECRET" not in kept
    assert shown_frames(kept) == shown_frames(sound()["avif animated"])


@pytest.mark.parametrize(("kind", "count"), [(b"Exif", 1_000), (b"av01", 3)])
def test_items_that_are_the_whole_file_many_times_are_not_followed(kind: bytes, count: int) -> None:
    with pytest.raises(Unclear):
        kept_of(avif_of_extents(kind, count, 100_000), "AVIF")
