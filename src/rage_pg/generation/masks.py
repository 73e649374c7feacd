"""Which part of the first image may change: a PNG of the same size, transparent where it may."""

from __future__ import annotations

import asyncio
import re
import warnings
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO

from msgspec import Struct
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from rage_pg.errors import InvalidInput, NotPossible
from rage_pg.generation.references import Chosen
from rage_pg.types import MAX_MASK_BYTES

TOO_LARGE = f"has more than {MAX_MASK_BYTES:,} bytes: draw it more simply, or choose a smaller picture"
_TURN = asyncio.Semaphore(1)
"""One is decoded at a time: a small file may hold as many pixels as a picture may have."""
DATA_URI = re.compile(r"data:image/png;base64,", re.IGNORECASE)


class Mask(Struct, frozen=True, kw_only=True):
    """A PNG of nothing but transparency."""

    content: bytes
    sha256: bytes


async def mask_for(text: str | None, references: Sequence[Chosen]) -> Mask | None:
    """The mask that a request holds as Base64 or as a data URI, checked against its first reference.

    Raises InvalidInput for what is no such mask, NotPossible where there is no picture to lay it on.
    """
    if text is None:
        return None
    if not references:
        raise NotPossible("A mask says what may change in the first reference: add a reference.")
    first = references[0].source
    async with _TURN:
        return await asyncio.to_thread(_checked, text, (first.width, first.height))


def _checked(text: str, size: tuple[int, int]) -> Mask:
    alpha = _alpha(_decoded(text), size)
    lowest, highest = alpha.getextrema()
    if lowest == 255:
        raise _refused("has no transparent pixel: nothing could change")
    if highest == 0:
        raise _refused("is transparent everywhere: leave it out to let all of the picture change")
    return _plain(alpha)


def _decoded(text: str) -> bytes:
    # Four characters hold three bytes: what is too long need not be decoded to know it. Lines may be wrapped.
    if len(text) > MAX_MASK_BYTES * 3 // 2:
        raise _refused(TOO_LARGE)
    found = DATA_URI.match(text)
    try:
        content = b64decode("".join(text[found.end() if found else 0 :].split()), validate=True)
    except (NotBase64, ValueError):
        raise _refused("is neither Base64 nor a data URI of a PNG") from None
    if len(content) > MAX_MASK_BYTES:
        raise _refused(TOO_LARGE)
    return content


def _alpha(content: bytes, size: tuple[int, int]) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with PngImageFile(BytesIO(content)) as picture:
                # Before a pixel is decoded: a small file may claim any size.
                if picture.size != size:
                    theirs, ours = "{} x {}".format(*picture.size), "{} x {}".format(*size)
                    raise _refused(f"has {theirs} pixels, but the first reference {ours}")
                if not picture.has_transparency_data:
                    raise _refused("has no transparency: make transparent what may change")
                with_alpha = picture if picture.mode in ("RGBA", "LA") else picture.convert("RGBA")
                return with_alpha.getchannel("A")
    except InvalidInput:
        raise
    # Damaged bytes make Pillow's readers raise nearly anything.
    except Exception:
        raise _refused("cannot be read as a PNG") from None


def _plain(alpha: Image.Image) -> Mask:
    """Without whatever else the file held: pixels under the transparency, names, places."""
    made = Image.new("RGBA", alpha.size)
    made.putalpha(alpha)
    buffer = BytesIO()
    made.save(buffer, "PNG")
    content = buffer.getvalue()
    if len(content) > MAX_MASK_BYTES:
        raise _refused(TOO_LARGE)
    return Mask(content=content, sha256=sha256(content).digest())


def _refused(reason: str) -> InvalidInput:
    return InvalidInput(f"The mask {reason}.", field="mask")
