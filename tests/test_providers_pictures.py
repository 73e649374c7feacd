"""References of every make, as the local generator, the encoders and the uploads see them."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageOps

from rage_pg.config import Limits
from rage_pg.errors import ImageRejected
from rage_pg.ingest.decoding import decode
from rage_pg.providers.local import LocalGenerator
from rage_pg.providers.models import OTHERS
from rage_pg.providers.pictures import decoded, encoded_picture
from rage_pg.providers.ports import GenerationCall, InputImage
from rage_pg.providers.upload import prepared
from rage_pg.types import Role

ANY = OTHERS["openai"]
RAMP = np.tile(np.linspace(0, 65_535, 96).astype(np.uint16), (48, 1))
BANDS = [Image.linear_gradient("L").rotate(turn).resize((96, 48)) for turn in (0, 90, 180)]
COLOURS = Image.merge("RGB", BANDS)
OTHER = ImageOps.flip(COLOURS)


def saved(picture: Image.Image, output_format: str = "PNG", **options: object) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, output_format, **options)
    return buffer.getvalue()


def translucent() -> Image.Image:
    picture = COLOURS.convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    return picture


MAKES = {
    "CMYK JPEG": saved(COLOURS.convert("CMYK"), "JPEG"),
    "CMYK with a profile of another mode": saved(
        COLOURS.convert("CMYK"), "TIFF", icc_profile=b"no profile" * 20
    ),
    "16-bit PNG": saved(Image.fromarray(RAMP)),
    "16-bit PNG with a clear grey": saved(Image.fromarray(RAMP), transparency=0),
    "32-bit TIFF": saved(Image.fromarray(RAMP.astype(np.int32)), "TIFF"),
    "float TIFF": saved(Image.fromarray(np.where(RAMP > 0, RAMP, np.nan).astype(np.float32)), "TIFF"),
    "bilevel": saved(COLOURS.convert("1")),
    "palette with a clear colour": saved(COLOURS.quantize(16), transparency=3),
    "palette with soft colours": saved(COLOURS.quantize(16), transparency=bytes(range(0, 256, 16))),
    "grey with alpha": saved(translucent().convert("LA")),
    "Lab": saved(COLOURS.convert("LAB"), "TIFF"),
    "animated GIF": saved(COLOURS, "GIF", save_all=True, append_images=[OTHER], transparency=1),
    "animated PNG": saved(translucent(), save_all=True, append_images=[OTHER.convert("RGBA")]),
    "animated WebP": saved(COLOURS, "WEBP", save_all=True, append_images=[OTHER]),
}


@pytest.mark.parametrize("content", MAKES.values(), ids=MAKES.keys())
async def test_references_of_every_make_are_transformed_and_sent(content: bytes) -> None:
    def reference(role: Role) -> InputImage:
        return InputImage(content=content, media_type="", role=role)

    for references, purpose in (
        ((reference("product"), reference("background"), reference("logo")), "compose"),
        ((reference("product"), reference("style")), "style"),
        ((reference("edit_target"),), "enhance"),
    ):
        call = GenerationCall(prompt="x", purpose=purpose, references=references, size="128x128")  # type: ignore[arg-type]
        (image,) = (await LocalGenerator().generate(call)).images
        assert Image.open(BytesIO(image.content)).mode in ("RGB", "RGBA")
    (upload,) = prepared([reference("product")], ANY)
    assert Image.MIME[Image.open(BytesIO(upload.content)).format or ""] == upload.media_type


@pytest.mark.parametrize("make", ["16-bit PNG", "32-bit TIFF", "float TIFF"])
def test_greys_of_many_steps_keep_their_tones(make: str) -> None:
    seen = np.asarray(decoded(MAKES[make], "It").convert("L"), dtype=int)
    assert np.abs(seen - np.round(RAMP / 257)).max() <= 2


def test_the_clear_grey_of_a_16_bit_picture_stays_clear() -> None:
    alpha = np.asarray(decoded(MAKES["16-bit PNG with a clear grey"], "It").getchannel("A"))
    assert (alpha[:, 0].max(), alpha[:, 1:].min()) == (0, 255)


@pytest.mark.parametrize("output_format", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_every_orientation_is_set_upright(output_format: str) -> None:
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        content = saved(COLOURS, output_format, exif=exif)
        upright = ImageOps.exif_transpose(Image.open(BytesIO(content))).convert("RGB")
        seen = decoded(content, "It")
        assert (seen.size, seen.tobytes()) == (upright.size, upright.tobytes())


@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0MX", b"Exif\0\0MM\0*\0\0\0\x08\0\x05\1\x12\0"])
def test_damaged_metadata_spoils_no_picture_that_import_took(exif: bytes) -> None:
    content = saved(COLOURS, exif=exif)
    assert decode(content, Limits()).width == 96
    assert decoded(content, "It").tobytes() == COLOURS.tobytes()
    (upload,) = prepared([InputImage(content=content, media_type="", role="product")], ANY)
    assert b"eXIf" not in upload.content


@pytest.mark.parametrize("content", [b"", b"hello", saved(COLOURS, "JPEG")[:900]])
def test_bytes_that_are_no_picture_are_rejected_by_name(content: bytes) -> None:
    with pytest.raises(ImageRejected, match=r"^Reference 3 cannot be read"):
        decoded(content, "Reference 3")
    good = InputImage(content=saved(COLOURS), media_type="", role="product")
    with pytest.raises(ImageRejected, match=r"^Reference 3 cannot be read"):
        prepared([*[good] * 2, InputImage(content=content, media_type="", role="product")], ANY)


@pytest.mark.parametrize("output_format", ["png", "webp", "jpeg"])
def test_grain_that_compresses_badly_is_encoded(output_format: str) -> None:
    grain = np.random.default_rng(1).integers(0, 256, (300, 200, 3), dtype=np.uint8)
    made = encoded_picture(Image.fromarray(grain), output_format)
    assert Image.open(BytesIO(made.content)).size == (200, 300)
