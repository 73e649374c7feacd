"""Text recognition as a captioner: it reads what is drawn, and says nothing else."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from rage_pg.catalogue import images
from rage_pg.config import Settings
from rage_pg.database import Database
from rage_pg.errors import SetupError
from rage_pg.providers import ocr
from rage_pg.providers.registry import Registry
from rage_pg.types import Filters
from tests.captioning import describe
from tests.generating import paid
from tests.store import add

OCR = Settings(data_dir=Path("unused"), captioner="ocr")


def drawn(text: str) -> bytes:
    picture = Image.new("RGB", (640, 200), "white")
    ImageDraw.Draw(picture).text((30, 70), text, font=ImageFont.load_default(48), fill="black")
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


async def test_drawn_text_is_read_and_found(database: Database) -> None:
    label = await add(database, content=drawn("Lavender Soap 250 ml"))
    plain = await add(database, content=drawn(""))
    done = await describe(database, Registry(OCR).captioner())
    assert (done.described, done.failed, done.calls) == (2, 0, 0)
    page = await images.listing(database, Filters(), q="lavender soap 250")
    assert [image.id for image in page.items] == [label]
    assert (await images.get(database, plain)).caption is None
    assert await paid(database) == []


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SetupError, match=r"pip install 'rage-pg\[ocr\]'"):
        Registry(OCR).captioner()
    assert ocr.OcrCaptioner.charges is False
