"""Captioner `ocr`: reads the text in a picture on this machine, and says nothing else of it.

An extra, `pip install rage-pg[ocr]`: RapidOCR with its models inside (Latin and Chinese letters).
"""

from __future__ import annotations

import asyncio
import threading
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from rage_pg.errors import ProviderError, SetupError
from rage_pg.providers.descriptions import MAX_TEXT, clean, shortened
from rage_pg.providers.ports import CaptionContext, Description
from rage_pg.types import Reader

LEAST_SURE = 0.6
"""Of a line, from 0 to 1: patterns that look like letters score lower."""


class OcrCaptioner:
    """The models are loaded with the first picture, and read one picture at a time."""

    name = "ocr"
    model = "rapidocr-onnxruntime"
    reader: Reader = "ocr"
    charges = False

    def __init__(self) -> None:
        self._engine: Any = None
        self._lock = threading.Lock()

    async def describe(self, picture: bytes, context: CaptionContext) -> Description:
        text = await asyncio.to_thread(self._read, picture)
        return Description(caption=None, visible_text=text, model=self.model)

    def _read(self, picture: bytes) -> str:
        with Image.open(BytesIO(picture)) as opened:
            # OpenCV's order of the colours.
            pixels = np.asarray(opened.convert("RGB"))[:, :, ::-1]
        with self._lock:
            if self._engine is None:
                self._engine = _engine()
            try:
                lines, _ = self._engine(np.ascontiguousarray(pixels))
            # The library's own faults on an odd picture may be of any kind.
            except Exception as error:
                raise ProviderError(f"The text could not be read: {error}.", code="ocr_failed") from error
        read = (clean(str(text)) for _, text, sure in lines or () if float(sure) >= LEAST_SURE)
        return shortened(" ".join(line for line in read if line), MAX_TEXT)


def check_installed() -> None:
    """Raise SetupError where the extra is missing."""
    from importlib.util import find_spec  # noqa: PLC0415 - only who uses it pays

    if find_spec("rapidocr_onnxruntime") is None:
        raise SetupError("RAGE_CAPTIONER is ocr, which is not installed.", "Run: pip install 'rage-pg[ocr]'")


def _engine() -> Any:
    try:
        from rapidocr_onnxruntime import RapidOCR  # noqa: PLC0415 - an extra, and slow to import
    except ImportError as error:
        raise SetupError(f"The text recognition cannot be loaded: {error}.") from error
    return RapidOCR()
