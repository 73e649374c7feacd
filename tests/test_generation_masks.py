"""Masks: what is taken for one, what is kept of it, and that it goes out with the call."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from io import BytesIO
from zlib import crc32

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from rage_pg import generation
from rage_pg.database import Database
from rage_pg.errors import InvalidInput, NotPossible
from rage_pg.types import Generation, GenerationRequest, ReferenceRequest
from tests.generating import FakeGenerator, accept, carry_out, counts, make, only, rows
from tests.store import add, png

SIZE = (48, 32)


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


def mask(size: tuple[int, int] = SIZE, alpha: int = 255, hole: int = 0, **said: str) -> bytes:
    """Red, of one transparency, with a hole of another in its middle."""
    made = Image.new("RGBA", size, (255, 0, 0, alpha))
    made.paste((255, 0, 0, hole), (size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2))
    notes = PngInfo()
    for name, text in said.items():
        notes.add_text(name, text)
    buffer = BytesIO()
    made.save(buffer, "PNG", pnginfo=notes)
    return buffer.getvalue()


def text(content: bytes) -> str:
    return b64encode(content).decode()


async def picture(database: Database) -> int:
    return await add(database, content=png(size=SIZE))


async def edit(database: Database, generator: FakeGenerator, image_id: int, given: str | None) -> Generation:
    references = (ReferenceRequest(image_id=image_id),)
    made: Generation = await accept(database, generator, references=references, purpose="edit", mask=given)
    return made


@pytest.mark.parametrize("start", ["", "data:image/png;base64,", "\n"])
async def test_the_mask_goes_out_with_the_call_and_its_hash_into_the_ledger(
    database: Database, generator: FakeGenerator, start: str
) -> None:
    asked = await edit(database, generator, await picture(database), start + text(mask()))
    made = await carry_out(database, generator, asked.id)
    (call,) = generator.calls
    assert call.mask is not None
    assert made.parameters["mask_sha256"] == asked.parameters["mask_sha256"] == sha256(call.mask).hexdigest()
    with Image.open(BytesIO(call.mask)) as sent:
        assert (sent.format, sent.mode, sent.size) == ("PNG", "RGBA", SIZE)
        assert (sent.getpixel((0, 0)), sent.getpixel((15, 10))) == ((0, 0, 0, 255), (0, 0, 0, 0))


async def test_nothing_but_the_transparency_is_kept(database: Database, generator: FakeGenerator) -> None:
    await edit(database, generator, await picture(database), text(mask(Author="Mrs. Secret")))
    (kept,) = await rows(database, "SELECT bytes FROM rage.generation_masks")
    assert b"Secret" in mask(Author="Mrs. Secret")
    assert b"Secret" not in kept["bytes"]


async def test_a_generation_without_a_mask_keeps_none(database: Database, generator: FakeGenerator) -> None:
    made = await make(database, generator, await picture(database))
    assert "mask_sha256" not in made.parameters
    assert (generator.calls[0].mask, await rows(database, "SELECT 1 FROM rage.generation_masks")) == (
        None,
        [],
    )


def palette_without_transparency() -> bytes:
    buffer = BytesIO()
    Image.new("P", SIZE).save(buffer, "PNG")
    return buffer.getvalue()


def many_bytes() -> bytes:
    """A mask with four megabytes behind its end."""
    return mask() + bytes(4_000_001)


def huge() -> bytes:
    """A small file that claims 60,000 x 60,000 pixels."""
    content = bytearray(mask())
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    content[29:33] = crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "cannot be read as a PNG"),
        ("no base64!", "is neither Base64 nor a data URI"),
        ("data:image/jpeg;base64,AAAA", "is neither Base64 nor a data URI"),
        (text(b"GIF89a, not a PNG"), "cannot be read as a PNG"),
        (text(mask()[:-60]), "cannot be read as a PNG"),
        (text(mask((32, 48))), "has 32 x 48 pixels, but the first reference 48 x 32"),
        (text(huge()), "has 60000 x 60000 pixels, but the first reference"),
        (text(png(1)), "has 64 x 48 pixels, but"),
        (text(palette_without_transparency()), "has no transparency"),
        (text(mask(hole=255)), "has no transparent pixel"),
        (text(mask(alpha=0)), "is transparent everywhere"),
        (text(many_bytes()), "has more than 4,000,000 bytes"),
        ("A" * 6_000_001, "has more than 4,000,000 bytes"),
    ],
)
async def test_what_is_no_mask_is_refused_with_the_reason(
    database: Database, generator: FakeGenerator, given: str, reason: str
) -> None:
    image_id = await picture(database)
    with pytest.raises(InvalidInput, match=f"The mask ({reason})") as refused:
        await edit(database, generator, image_id, given)
    assert refused.value.field == "mask"
    assert await counts(database) == (0, 0, 0, 0)


async def test_a_mask_needs_a_reference(database: Database, generator: FakeGenerator) -> None:
    with pytest.raises(NotPossible, match="add a reference"):
        await accept(database, generator, mask=text(mask()))


async def test_a_mask_lies_on_the_picture_as_it_is_seen(database: Database, generator: FakeGenerator) -> None:
    buffer = BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", SIZE, (0, 90, 200)).save(buffer, "JPEG", exif=exif)
    turned = await add(database, content=buffer.getvalue())
    with pytest.raises(InvalidInput, match="48 x 32 pixels, but the first reference 32 x 48"):
        await edit(database, generator, turned, text(mask()))
    assert (await edit(database, generator, turned, text(mask((32, 48))))).status == "queued"


async def test_a_mask_may_lie_on_the_picture_that_is_gone_on_from(
    database: Database, generator: FakeGenerator
) -> None:
    parent = await make(database, generator, await add(database))
    image_id = parent.outputs[0].image_id
    (size,) = await rows(
        database,
        "SELECT width, height FROM rage.contents JOIN rage.images USING (content_id) WHERE image_id = %(id)s",
        id=image_id,
    )
    said = GenerationRequest(
        prompt="warmer", parent_id=parent.id, mask=text(mask((size["width"], size["height"])))
    )
    shown = await generation.preview(database, only(generator), said)
    assert len(shown.parameters["mask_sha256"]) == 64
