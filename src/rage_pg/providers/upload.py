"""References made ready to leave the house: what the image model takes, and nothing but the picture.

A photograph carries where and by whom it was taken (EXIF, XMP, text chunks, bytes behind the picture's end).
Of what the model takes as it is, all that is left out and the pixels stay; everything else is encoded anew,
and scaled down where the model has a bound. The image in the store stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import BytesIO

from msgspec import Struct
from msgspec.structs import replace
from PIL import Image, ImageFilter

from rage_pg.errors import ImageRejected
from rage_pg.pixels import orientation
from rage_pg.plain import plain
from rage_pg.providers.capabilities import Capabilities
from rage_pg.providers.fitting import encodings, fitted, within_pixels
from rage_pg.providers.pictures import decoded, encoded_picture
from rage_pg.providers.ports import InputImage

MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
LOSSY = ("JPEG", "AVIF", "HEIF")


class Upload(Struct, frozen=True):
    """A reference as it is sent. `fitted`: what became of a picture that was beyond the model's bounds."""

    name: str
    content: bytes
    media_type: str
    fitted: str | None = None

    @property
    def file(self) -> tuple[str, bytes, str]:
        """As clients of multipart APIs take it."""
        return self.name, self.content, self.media_type


class _Ready(Struct, frozen=True):
    content: bytes
    media_type: str
    lossy: bool
    fitted: str | None = None


def prepared(references: Sequence[InputImage], able: Capabilities, *, masked: bool = False) -> list[Upload]:
    """What is sent for the references, in their order. Raise ImageRejected for what is no picture.

    `masked`: the first goes out as PNG, as a mask must have the format of the picture that it lies on.
    """
    entries = [able] * len(references)
    if masked:
        entries[0] = replace(able, reference_formats=("png",))
    ready = [
        _ready(reference, f"Reference {position}", entry)
        for position, (reference, entry) in enumerate(zip(references, entries, strict=True), start=1)
    ]
    rooms = shares([len(one.content) for one in ready], able.request_bytes)
    ready = [
        one if len(one.content) <= room else _shrunk(one, entry, room)
        for one, entry, room in zip(ready, entries, rooms, strict=True)
    ]
    return [
        Upload(
            f"{position:02d}-{reference.role}.{one.media_type.removeprefix('image/')}",
            one.content,
            one.media_type,
            one.fitted and f"Reference {position}: {one.fitted}",
        )
        for position, (reference, one) in enumerate(zip(references, ready, strict=True), start=1)
    ]


def mask_on(upload: Upload, mask: bytes) -> bytes:
    """The mask in the size in which the reference that it lies on goes out."""
    with Image.open(BytesIO(upload.content)) as picture, Image.open(BytesIO(mask)) as drawn:
        if picture.size == drawn.size:
            return mask
        # A thin hole stays one: each pixel gets the lowest of those that it stands for.
        reach = 2 * math.ceil(max(drawn.width / picture.width, drawn.height / picture.height) / 2) + 1
        lowest = drawn.getchannel("A").filter(ImageFilter.MinFilter(reach))
        resized = Image.new("RGBA", picture.size)
        resized.putalpha(lowest.resize(picture.size, Image.Resampling.NEAREST))
    return encoded_picture(resized, "png").content


def fitted_details(uploads: Sequence[Upload]) -> dict[str, list[str]]:
    """For the ledger: which references went out smaller than they are stored."""
    said = [upload.fitted for upload in uploads if upload.fitted is not None]
    return {"fitted_references": said} if said else {}


def shares(sizes: Sequence[int], room: int | None) -> list[int]:
    """How many bytes each may have of `room` for all; what small ones leave goes to the others."""
    if room is None or sum(sizes) <= room:
        return list(sizes)
    given = [0] * len(sizes)
    for left, place in zip(
        range(len(sizes), 0, -1), sorted(range(len(sizes)), key=sizes.__getitem__), strict=True
    ):
        given[place] = min(sizes[place], room // left)
        room -= given[place]
    return given


def _ready(reference: InputImage, name: str, able: Capabilities) -> _Ready:
    try:
        kept = plain(reference.content)
        with Image.open(BytesIO(kept.content)) as picture:
            lossy = picture.format in LOSSY and not picture.has_transparency_data
            if len(kept.content) <= able.reference_bytes and _is_taken(picture, able):
                if not reference.intact:
                    _read_through(picture)
                return _Ready(kept.content, kept.media_type, lossy)
    # Damaged bytes make Pillow's readers raise nearly anything.
    except Exception as error:
        raise ImageRejected(f"{name} cannot be read as an image.", field="image") from error
    return _fitted(decoded(reference.content, name), able, able.reference_bytes, lossy=lossy)


def _read_through(picture: Image.Image) -> None:
    """Raise what a damaged picture makes its reader raise."""
    if picture.format == "JPEG":
        # It shows as well in an eighth of its size, in half the time.
        picture.draft(None, (picture.width // 8, picture.height // 8))
    picture.load()


def _is_taken(picture: Image.Image, able: Capabilities) -> bool:
    """Whether the model takes the format, and shows the picture as it is meant: upright, one frame."""
    if picture.mode in ("CMYK", "YCCK") or orientation(picture) != 1:
        return False
    if able.reference_pixels is not None and picture.width * picture.height > able.reference_pixels:
        return False
    known = picture.format in MEDIA_TYPES and (picture.format or "").lower() in able.reference_formats
    return known and getattr(picture, "n_frames", 1) == 1


def _shrunk(one: _Ready, able: Capabilities, room: int) -> _Ready:
    return _fitted(decoded(one.content, "A reference"), able, room, lossy=one.lossy)


def _fitted(picture: Image.Image, able: Capabilities, room: int, *, lossy: bool) -> _Ready:
    """Encoded anew; within all bounds."""
    formats = encodings(picture, able.reference_formats, lossy=lossy)
    made, size = fitted(within_pixels(picture, able.reference_pixels), formats, room)
    kind = made.media_type.removeprefix("image/")
    as_it_is = size == picture.size and kind == formats[0]
    note = None if as_it_is else f"{size[0]}x{size[1]} {kind}"
    return _Ready(made.content, made.media_type, lossy, note)
