"""Bytes to pictures: every format and mode gives a proper thumbnail, every bad file one clear reason."""

from __future__ import annotations

import hashlib
import random
import time
import tracemalloc
from io import BytesIO

import pytest
from PIL import ExifTags, Image, ImageCms

from rage_pg.config import Limits
from rage_pg.errors import ImageRejected, InvalidInput, TooLarge
from rage_pg.ingest import decode
from tests.hostile import bomb_gif, bomb_png, bomb_webp, encoded, false_checksum_png, not_images, picture, png
from tests.sound import PICTURES

LIMITS = Limits()
FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"]


def thumbnail(content: bytes) -> Image.Image:
    made = Image.open(BytesIO(decode(content, LIMITS).thumbnail))
    made.load()
    return made


def outcome(content: bytes) -> str:
    """The media type, or the reason against it; any other error comes through."""
    try:
        return decode(content, Limits(max_pixels=1_000_000)).media_type
    except InvalidInput as error:
        return str(error)


def near(pixel: object, wanted: tuple[int, ...], within: int = 12) -> bool:
    assert isinstance(pixel, tuple)
    return len(pixel) == len(wanted) and all(abs(a - b) <= within for a, b in zip(pixel, wanted, strict=True))


def gradient(mode: str) -> Image.Image:
    """Black at the left, white at the right, in the full range of a 16-bit mode."""
    ramp = Image.linear_gradient("L").rotate(90).resize((600, 300))
    return ramp.convert("I").point(lambda value: value * 257).convert(mode)


@pytest.mark.parametrize("image_format", FORMATS)
def test_decode_knows_each_format_by_its_bytes(image_format: str) -> None:
    content = encoded(picture(size=(60, 40)), image_format)
    decoded = decode(content, LIMITS)
    assert decoded.media_type == f"image/{image_format.lower()}"
    assert (decoded.width, decoded.height) == (60, 40)
    assert decoded.content is content
    assert decoded.sha256 == hashlib.sha256(content).digest()


def test_decode_takes_a_phones_jpeg_with_several_pictures() -> None:
    content = encoded(picture(), "MPO", save_all=True, append_images=[picture(1)])
    assert decode(content, LIMITS).media_type == "image/jpeg"


def test_thumbnail_is_a_webp_of_at_most_512_pixels() -> None:
    made = thumbnail(encoded(picture(size=(2000, 1000)), "JPEG"))
    assert (made.format, made.size) == ("WEBP", (512, 256))


def test_thumbnail_of_a_small_picture_keeps_its_size() -> None:
    assert thumbnail(png(size=(40, 30))).size == (40, 30)


def test_thumbnail_of_an_extreme_shape_keeps_a_pixel() -> None:
    assert thumbnail(png(size=(5000, 20))).size == (512, 2)
    assert thumbnail(encoded(Image.new("RGB", (3000, 1)))).size == (512, 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_to_size_and_thumbnail(orientation: int) -> None:
    upright = Image.new("RGB", (80, 40), "white")
    upright.paste((255, 0, 0), (0, 0, 40, 20))
    # What a camera held that way writes: the inverse of what brings it upright.
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    for image_format in ("JPEG", "PNG", "WEBP", "TIFF"):
        written = upright if turn is None else upright.transpose(turn)
        content = encoded(written, image_format, exif=exif)
        decoded = decode(content, LIMITS)
        shown = thumbnail(content)
        assert (decoded.width, decoded.height) == shown.size == (80, 40)
        assert near(shown.getpixel((15, 10)), (255, 0, 0), within=40), image_format
        assert near(shown.getpixel((65, 30)), (255, 255, 255), within=40), image_format


def test_thumbnail_carries_no_metadata() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "somebody"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = encoded(picture(), "JPEG", exif=exif, icc_profile=profile, xmp=b"<x:xmpmeta/>", comment=b"hi")
    made = thumbnail(content)
    assert not {"exif", "icc_profile", "xmp", "comment"} & made.info.keys()
    assert not made.getexif()


def test_thumbnail_shows_the_colours_of_a_wide_profile() -> None:
    same = thumbnail(encoded(Image.new("RGB", (64, 64), (200, 100, 40)), icc_profile=linear_profile()))
    # Half of linear light is 188 of 255 as a screen is told.
    assert near(same.getpixel((32, 32)), (229, 168, 112), within=8)


def test_damaged_profile_does_not_cost_the_picture() -> None:
    made = thumbnail(encoded(Image.new("RGB", (64, 64), (200, 40, 40)), icc_profile=b"no profile"))
    assert near(made.getpixel((32, 32)), (200, 40, 40))


def linear_profile() -> bytes:
    """sRGB with its three tone curves replaced by straight lines."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for number in range(int.from_bytes(content[128:132])):
        entry = 132 + 12 * number
        if bytes(content[entry : entry + 4]) in (b"rTRC", b"gTRC", b"bTRC"):
            start = int.from_bytes(content[entry + 4 : entry + 8])
            content[start : start + 12] = b"curv" + bytes(8)
    return bytes(content)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_thumbnail_keeps_transparency(mode: str) -> None:
    clear = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    clear.paste((200, 30, 30, 255), (32, 0, 64, 64))
    made = thumbnail(encoded(clear.convert(mode) if mode != "P" else clear.quantize(16)))
    assert made.mode == "RGBA"
    alpha = made.getchannel("A")
    assert (alpha.getpixel((8, 32)), alpha.getpixel((56, 32))) == (0, 255)


def test_thumbnail_keeps_the_transparent_colour_of_a_png_without_alpha() -> None:
    made = thumbnail(encoded(Image.new("RGB", (64, 64), (9, 9, 9)), transparency=(9, 9, 9)))
    assert made.getchannel("A").getextrema() == (0, 0)


@pytest.mark.parametrize(
    ("mode", "image_format"),
    [("I;16", "PNG"), ("I;16", "TIFF"), ("I", "TIFF"), ("F", "TIFF"), ("L", "PNG"), ("L", "JPEG")],
)
def test_thumbnail_of_deep_greys_spans_black_to_white(mode: str, image_format: str) -> None:
    made = thumbnail(encoded(gradient("I").convert("L") if mode == "L" else gradient(mode), image_format))
    assert made.mode == "RGB"
    if mode != "L":
        assert near(made.getpixel((4, 128)), (0, 0, 0)) or near(made.getpixel((4, 128)), (255, 255, 255))
        assert near(made.getpixel((256, 128)), (128, 128, 128))


@pytest.mark.parametrize(
    ("mode", "image_format"),
    [("CMYK", "JPEG"), ("CMYK", "TIFF"), ("P", "GIF"), ("P", "PNG"), ("P", "BMP"), ("YCbCr", "JPEG")],
)
def test_thumbnail_of_colour_modes_shows_the_colour(mode: str, image_format: str) -> None:
    content = encoded(Image.new("RGB", (64, 64), (200, 60, 30)).convert(mode), image_format)
    assert near(thumbnail(content).getpixel((32, 32)), (200, 60, 30), within=16)


@pytest.mark.parametrize("image_format", ["PNG", "TIFF", "BMP"])
def test_thumbnail_of_one_bit_is_smooth(image_format: str) -> None:
    checks = Image.new("1", (2048, 2048))
    checks.putdata([(x + y) % 2 for y in range(2048) for x in range(2048)])
    assert near(thumbnail(encoded(checks, image_format)).getpixel((256, 256)), (128, 128, 128))


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_animations_and_pages_show_their_first(image_format: str) -> None:
    first, second = Image.new("RGB", (48, 48), (250, 10, 10)), Image.new("RGB", (48, 48), (10, 10, 250))
    content = encoded(first, image_format, save_all=True, append_images=[second])
    assert near(thumbnail(content).convert("RGB").getpixel((24, 24)), (250, 10, 10))


@pytest.mark.parametrize(("name", "reason"), [(name, reason) for name, (_, reason) in not_images().items()])
def test_what_is_no_image_is_rejected_with_a_reason(name: str, reason: str) -> None:
    with pytest.raises(ImageRejected, match=reason):
        decode(not_images()[name][0], LIMITS)


def test_heic_is_left_alone_where_its_decoder_has_holes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rage_pg.ingest.decoding.READS_HEIC", False)
    with pytest.raises(ImageRejected, match=r"needs libheif 1\.23\.4 or newer"):
        decode((PICTURES / "photo.heic").read_bytes(), LIMITS)


def test_an_empty_file_is_rejected() -> None:
    with pytest.raises(ImageRejected, match="empty"):
        decode(b"", LIMITS)


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_truncated_image_is_rejected(image_format: str) -> None:
    noise = Image.effect_noise((300, 200), 80)
    content = encoded(noise, image_format)
    for share in (0.02, 0.5, 0.9):
        with pytest.raises(ImageRejected, match=r"cut off|damaged|not an intact"):
            decode(content[: int(len(content) * share)], LIMITS)


def test_a_truncated_image_with_orientation_is_rejected() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    for image_format in ("PNG", "JPEG", "WEBP"):
        content = encoded(Image.effect_noise((300, 200), 80), image_format, exif=exif)
        with pytest.raises(ImageRejected):
            decode(content[: len(content) // 2], LIMITS)


def test_a_false_checksum_is_rejected() -> None:
    with pytest.raises(ImageRejected):
        decode(false_checksum_png(), LIMITS)


@pytest.mark.parametrize("bomb", [bomb_png, bomb_webp, bomb_gif])
def test_a_decompression_bomb_costs_neither_time_nor_memory(bomb: object) -> None:
    assert callable(bomb)
    content = bomb()
    assert len(content) < 2_000_000
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(TooLarge, match="more than 100,000,000 pixels"):
        decode(content, LIMITS)
    assert time.perf_counter() - started < 1
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_pixel_limit_is_ours_on_both_sides_of_pillows() -> None:
    assert decode(png(size=(100, 100)), Limits(max_pixels=10_000)).width == 100
    with pytest.raises(TooLarge, match="more than 9,999 pixels"):
        decode(png(size=(100, 100)), Limits(max_pixels=9_999))
    large = encoded(Image.new("1", (10_000, 9_500)))
    assert decode(large, LIMITS).width == 10_000
    with pytest.raises(TooLarge):
        decode(bomb_png(11_000), LIMITS)
    assert decode(bomb_png(11_000), Limits(max_pixels=130_000_000)).width == 11_000


def test_byte_limit_is_checked_first() -> None:
    content = png()
    with pytest.raises(TooLarge, match="at most"):
        decode(content, Limits(max_bytes=len(content) - 1))
    assert decode(content, Limits(max_bytes=len(content))).width == 48


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_does_not_cost_the_picture() -> None:
    content = encoded(picture(), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff garbage")
    assert decode(content, LIMITS).width == 48


@pytest.mark.parametrize("image_format", FORMATS)
def test_damaged_bytes_give_a_picture_or_a_reason(image_format: str) -> None:
    chance = random.Random(image_format)
    sound = encoded(picture(5), image_format)
    for _ in range(60):
        damaged = bytearray(sound)
        for _ in range(chance.randint(1, 12)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        assert "\n" not in outcome(bytes(damaged))
