"""References within the bounds of a model: as they are where they fit, else with as little loss as can be."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image, ImageChops, ImageStat

from rage_pg.errors import ImageRejected
from rage_pg.providers.capabilities import Capabilities
from rage_pg.providers.ports import InputImage
from rage_pg.providers.upload import Upload, fitted_details, prepared, shares

ABLE = Capabilities(reference_bytes=60_000, reference_pixels=300 * 200)


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """What compresses badly."""
    bands = len(mode)
    made = np.random.default_rng(7).integers(0, 256, (height // 4, width // 4, bands), dtype=np.uint8)
    return Image.fromarray(made, mode).resize((width, height), Image.Resampling.BICUBIC)


def reference(picture: Image.Image, output_format: str = "PNG", **options: object) -> InputImage:
    buffer = BytesIO()
    picture.save(buffer, output_format, **options)
    return InputImage(content=buffer.getvalue(), media_type="", role="product")


def opened(upload: Upload) -> Image.Image:
    picture = Image.open(BytesIO(upload.content))
    assert Image.MIME[picture.format or ""] == upload.media_type
    return picture


def sent(image: InputImage, able: Capabilities = ABLE) -> Upload:
    before = bytes(image.content)
    (upload,) = prepared([image], able)
    assert image.content == before
    return upload


@pytest.mark.parametrize("output_format", ["PNG", "JPEG", "WEBP"])
def test_what_fits_goes_out_as_it_is(output_format: str) -> None:
    image = reference(noise(96, 64), output_format)
    upload = sent(image)
    assert (upload.content, upload.fitted) == (image.content, None)


@pytest.mark.parametrize("output_format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_what_has_too_many_pixels_is_scaled_down_and_keeps_its_shape(output_format: str) -> None:
    upload = sent(reference(Image.linear_gradient("L").resize((1200, 800)), output_format))
    picture = opened(upload)
    assert picture.size == (300, 200)
    kind = "jpeg" if output_format == "JPEG" else "png"
    assert upload.fitted == f"Reference 1: 300x200 {kind}"
    assert fitted_details([upload]) == {"fitted_references": [upload.fitted]}


def test_what_has_too_many_bytes_loses_no_pixel_where_another_format_is_enough() -> None:
    original = noise(280, 200)
    image = reference(original)
    assert len(image.content) > ABLE.reference_bytes
    upload = sent(image)
    picture = opened(upload)
    assert (picture.size, picture.format) == ((280, 200), "JPEG")
    assert len(upload.content) <= ABLE.reference_bytes
    assert max(ImageStat.Stat(ImageChops.difference(picture, original)).mean) < 4


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("room", [10_000, 25_000])
def test_what_no_format_brings_within_the_bytes_is_made_smaller(mode: str, room: int) -> None:
    upload = sent(reference(noise(280, 200, mode)), replace(ABLE, reference_bytes=room))
    picture = opened(upload)
    assert room / 3 < len(upload.content) <= room
    assert picture.width < 280
    assert picture.width / picture.height == pytest.approx(1.4, abs=0.03)
    assert picture.has_transparency_data == (mode == "RGBA")


def test_a_format_that_the_model_does_not_take_is_not_sent() -> None:
    clear = noise(96, 64, "RGBA")
    for formats, picture, expected in (
        (("jpeg",), clear, "JPEG"),
        (("webp", "jpeg"), clear, "WEBP"),
        (("jpeg", "webp"), clear.convert("RGB"), "JPEG"),
        (("png",), clear, "PNG"),
    ):
        upload = sent(reference(picture), replace(ABLE, reference_formats=formats))
        assert opened(upload).format == expected


def test_a_fitted_picture_carries_nothing_but_pixels() -> None:
    exif = Image.Exif()
    exif[0x010E] = "48.137, 11.575"
    exif[0x0112] = 6
    upload = sent(reference(noise(640, 320), "JPEG", exif=exif, comment=b"48.137, 11.575"))
    picture = opened(upload)
    assert picture.size == (173, 346)
    assert b"48.137" not in upload.content
    assert not picture.getexif()


def test_together_they_stay_within_the_request_and_small_ones_are_left_alone() -> None:
    small = reference(noise(32, 32), "JPEG")
    large = [reference(noise(280, 200), "JPEG", quality=95) for _ in range(3)]
    assert len(small.content) + sum(len(one.content) for one in large) > 60_000
    uploads = prepared([large[0], small, *large[1:]], replace(ABLE, request_bytes=60_000))
    assert sum(len(upload.content) for upload in uploads) <= 60_000
    assert uploads[1].content == small.content
    assert [upload.fitted is None for upload in uploads] == [False, True, False, False]
    assert [upload.name[:10] for upload in uploads] == [f"0{place}-product" for place in range(1, 5)]


def test_room_is_shared_so_that_what_small_ones_leave_goes_to_the_others() -> None:
    assert shares([10, 500, 90, 400], 1_000) == [10, 500, 90, 400]
    assert shares([10, 500, 90, 400], 500) == [10, 200, 90, 200]
    assert shares([400, 500], None) == [400, 500]
    assert shares([], 10) == []
    for room in (0, 1, 7, 999):
        given = shares([300, 1, 700, 55, 55], room)
        assert sum(given) <= room
        assert all(few <= many for few, many in pairwise(sorted(given)))


def test_a_strip_is_scaled_though_its_short_side_cannot_be() -> None:
    able = replace(ABLE, reference_pixels=4_096)
    assert opened(sent(reference(Image.new("L", (20_000, 1), 90)), able)).size == (4_096, 1)


@pytest.mark.parametrize("output_format", ["JPEG", "PNG", "WEBP"])
def test_a_reference_that_is_cut_off_anywhere_is_told_before_it_is_sent(output_format: str) -> None:
    whole = reference(noise(300, 200), output_format)
    able = replace(ABLE, reference_bytes=1_000_000)
    assert sent(whole, able).content == whole.content
    for share in (0.3, 0.6, 0.9):
        cut = replace(whole, content=whole.content[: int(len(whole.content) * share)])
        with pytest.raises(ImageRejected, match="Reference 1 cannot be read"):
            prepared([cut], able)
