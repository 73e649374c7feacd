"""The OpenAI provider against a server on loopback that speaks the SDK's types."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from rage_pg.config import Secret
from rage_pg.errors import ImageRejected, InvalidInput, NotPossible
from rage_pg.providers.capabilities import Models
from rage_pg.providers.models import LISTED, OTHERS
from rage_pg.providers.openai import OpenAIGenerator
from rage_pg.providers.ports import GenerationCall, InputImage
from rage_pg.providers.upload import prepared
from rage_pg.types import Role
from tests.image_api_stub import REQUEST_ID, ImageApiStub, image_api_stub

ANY = OTHERS["openai"]
KEY = "sk-not-a-key-but-long-enough"
GPS = {0x8825: {1: "N", 2: (48.0, 8.0, 14.0), 3: "E", 4: (11.0, 34.0, 31.0)}}


@pytest.fixture
def stub() -> Iterator[ImageApiStub]:
    with image_api_stub() as running:
        yield running


@pytest.fixture
def generator(stub: ImageApiStub) -> OpenAIGenerator:
    return OpenAIGenerator("image-model", key=Secret(KEY), base_url=stub.url)


def saved(output_format: str, size: tuple[int, int] = (32, 24), **options: object) -> bytes:
    buffer = BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(buffer, output_format, **options)
    return buffer.getvalue()


def reference(content: bytes | None = None, role: Role = "product") -> InputImage:
    return InputImage(content=content or saved("PNG"), media_type="image/png", role=role, title="Soap")


def call(**given: object) -> GenerationCall:
    return GenerationCall(**{"prompt": "A soap", "purpose": "compose", "references": (), **given})  # type: ignore[arg-type]


async def test_references_go_to_edit_in_their_order(generator: OpenAIGenerator, stub: ImageApiStub) -> None:
    references = (reference(), reference(saved("JPEG"), "background"), reference(saved("WEBP"), "logo"))
    await generator.generate(call(references=references))
    (request,) = stub.requests
    assert request.path == "/v1/images/edits"
    assert [part.field for part in request.files] == ["image[]"] * 3
    assert [part.name for part in request.files] == ["01-product.png", "02-background.jpeg", "03-logo.webp"]
    assert [part.media_type for part in request.files] == ["image/png", "image/jpeg", "image/webp"]
    assert [part.content for part in request.files] == [each.content for each in references]


def mask(size: tuple[int, int]) -> bytes:
    made = Image.new("RGBA", size)
    made.paste((0, 0, 0, 255), (0, 0, size[0] // 2, size[1]))
    buffer = BytesIO()
    made.save(buffer, "PNG")
    return buffer.getvalue()


async def test_a_mask_goes_out_beside_the_references_the_first_of_which_is_a_png(
    generator: OpenAIGenerator, stub: ImageApiStub
) -> None:
    references = (reference(saved("JPEG"), "edit_target"), reference(saved("JPEG"), "style"))
    await generator.generate(call(references=references, mask=mask((32, 24)), model="gpt-image-2"))
    (request,) = stub.requests
    assert [(part.field, part.media_type) for part in request.files] == [
        ("image[]", "image/png"),
        ("image[]", "image/jpeg"),
        ("mask", "image/png"),
    ]
    assert request.files[2].content == mask((32, 24))


async def test_a_mask_is_scaled_with_the_picture_that_it_lies_on(stub: ImageApiStub) -> None:
    changes = {"openai:gpt-image-2": {"reference_pixels": 4_096}}
    generator = OpenAIGenerator(
        "gpt-image-2", key=Secret(KEY), base_url=stub.url, models=Models(LISTED, OTHERS, changes)
    )
    size = (160, 120)
    await generator.generate(call(references=(reference(saved("PNG", size)),), mask=mask(size)))
    pictures = [Image.open(BytesIO(part.content)) for part in stub.requests[0].files]
    assert pictures[0].size == pictures[1].size
    assert pictures[0].width * pictures[0].height <= 4_096
    assert pictures[1].getchannel("A").getextrema() == (0, 255)


async def test_a_thin_hole_of_a_mask_stays_one_when_it_is_scaled(stub: ImageApiStub) -> None:
    changes = {"openai:gpt-image-2": {"reference_pixels": 4_096}}
    generator = OpenAIGenerator(
        "gpt-image-2", key=Secret(KEY), base_url=stub.url, models=Models(LISTED, OTHERS, changes)
    )
    drawn = Image.new("RGBA", (400, 300), (0, 0, 0, 255))
    drawn.paste((0, 0, 0, 0), (201, 0, 203, 300))
    buffer = BytesIO()
    drawn.save(buffer, "PNG")
    first = reference(saved("PNG", drawn.size))
    await generator.generate(call(references=(first,), mask=buffer.getvalue()))
    with Image.open(BytesIO(stub.requests[0].files[1].content)) as sent:
        alpha = sent.getchannel("A")
    for row in range(alpha.height):
        line = [alpha.getpixel((column, row)) for column in range(alpha.width)]
        assert set(line) == {0, 255}
        assert line.count(0) <= 3


async def test_a_mask_is_refused_where_the_model_is_not_known_to_heed_it(
    generator: OpenAIGenerator, stub: ImageApiStub
) -> None:
    with pytest.raises(NotPossible, match="image-model takes no mask") as refused:
        generator.check(call(references=(reference(),), mask=mask((32, 24))))
    assert refused.value.field == "mask"
    assert stub.requests == []


async def test_no_reference_goes_to_generate(generator: OpenAIGenerator, stub: ImageApiStub) -> None:
    await generator.generate(call())
    assert stub.requests[0].path == "/v1/images/generations"
    assert stub.requests[0].authorization == f"Bearer {KEY}"


async def test_only_given_parameters_are_sent(generator: OpenAIGenerator, stub: ImageApiStub) -> None:
    await generator.generate(call(references=(reference(),)))
    await generator.generate(
        call(size="1024x1024", quality="low", count=2, output_format="webp", model="other")
    )
    await generator.generate(call(references=(reference(),), input_fidelity="high", background="transparent"))
    assert stub.requests[0].fields == {"model": "image-model", "prompt": "A soap"}
    assert stub.requests[1].fields == {
        "model": "other",
        "prompt": "A soap",
        "size": "1024x1024",
        "quality": "low",
        "n": 2,
        "output_format": "webp",
    }
    sent = stub.requests[2].fields
    assert (sent["input_fidelity"], sent["background"]) == ("high", "transparent")


async def test_result_holds_images_usage_and_request_id(generator: OpenAIGenerator) -> None:
    result = await generator.generate(call(count=2, output_format="webp"))
    assert [image.media_type for image in result.images] == ["image/webp"] * 2
    assert Image.open(BytesIO(result.images[1].content)).size == (64, 48)
    assert result.request_id == REQUEST_ID
    assert result.model == "image-model"
    assert result.usage is not None
    assert result.usage["input_tokens_details"] == {"image_tokens": 40, "text_tokens": 10}
    assert result.usage["output_tokens"] == 272
    assert result.details == {"quality": "low", "size": "64x48"}


async def test_a_location_never_leaves_the_house(generator: OpenAIGenerator, stub: ImageApiStub) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update(GPS[0x8825])
    chunks = PngInfo()
    chunks.add_text("Location", "48.137, 11.575")
    late = PngInfo()
    late.add(b"ruSt", b"48.137, 11.575")
    photographs = [
        saved("JPEG", exif=exif),
        saved("PNG", exif=exif),
        saved("WEBP", exif=exif),
        saved("PNG", pnginfo=chunks),
        saved("PNG", pnginfo=late),
        saved("JPEG", xmp=b"<x:xmpmeta>exif:GPSLatitude 48.137, 11.575</x:xmpmeta>"),
        saved("JPEG", comment=b"48.137, 11.575"),
        saved("JPEG") + b"48.137, 11.575",
        saved("PNG") + b"48.137, 11.575",
        saved("WEBP") + b"48.137, 11.575",
    ]
    await generator.generate(call(references=tuple(reference(content) for content in photographs)))
    sent = [part.content for part in stub.requests[0].files]
    marks = (b"Exif", b"EXIF", b"eXIf", b"48.137")
    assert len(sent) == len(photographs)
    for content in sent:
        assert not Image.open(BytesIO(content)).getexif()
        assert not [mark for mark in marks if mark in content]
    assert [Image.open(BytesIO(content)).size for content in sent[:3]] == [(24, 32)] * 3


@pytest.mark.parametrize("output_format", ["GIF", "TIFF", "BMP"])
def test_other_formats_are_sent_as_png(output_format: str) -> None:
    original = saved(output_format)
    (upload,) = prepared([reference(original)], ANY)
    assert (upload.name, upload.media_type) == ("01-product.png", "image/png")
    sent = Image.open(BytesIO(upload.content)).convert("RGB")
    assert sent.tobytes() == Image.open(BytesIO(original)).convert("RGB").tobytes()


async def test_a_broken_reference_is_rejected_before_anything_is_sent(
    generator: OpenAIGenerator, stub: ImageApiStub
) -> None:
    with pytest.raises(ImageRejected, match="Reference 2"):
        await generator.generate(call(references=(reference(), reference(saved("PNG", (200, 200))[:300]))))
    assert stub.requests == []


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"references": tuple(reference() for _ in range(17))}, "16"),
        ({"prompt": "x" * 32_001}, "32000"),
        ({"prompt": ""}, "prompt"),
        ({"count": 11}, "count"),
        ({"background": "transparent", "output_format": "jpeg"}, "png or webp"),
        ({"output_format": "gif"}, "output_format"),
        ({"size": "huge"}, "size"),
        ({"purpose": "edit"}, "reference"),
    ],
)
async def test_what_cannot_be_done_is_refused_before_anything_is_sent(
    generator: OpenAIGenerator, stub: ImageApiStub, given: dict[str, object], named: str
) -> None:
    with pytest.raises(NotPossible, match=named):
        generator.check(call(**given))
    with pytest.raises(NotPossible, match=named):
        await generator.generate(call(**given))
    assert stub.requests == []


def test_a_model_must_be_named() -> None:
    with pytest.raises(InvalidInput, match="RAGE_GENERATOR=openai:MODEL"):
        _ = OpenAIGenerator(None, key=Secret(KEY)).default_model
