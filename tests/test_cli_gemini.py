"""Generating with Gemini from the command line, on the wire and in the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from google.genai.types import Part

from tests.command_line import Rage, in_process
from tests.gemini_api_stub import PAINTER, gemini_api_stub, painted
from tests.store import png

CATALOGUE = Path(__file__).parents[1] / "examples" / "catalogue" / "images"


@pytest.fixture
def rage(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    return in_process(database_url, monkeypatch, capsys)


@pytest.fixture
def pair(rage: Rage) -> list[str]:
    files = [CATALOGUE / "lumen" / "lotion-citrus.png", CATALOGUE / "lumen" / "soap-rose.png"]
    items = rage("import", *files, "--brand", "lumen", "--no-index", "--json").json["items"]
    return [argument for item in items for argument in ("--image", str(item["image_id"]))]


def value(url: str, statement: str) -> Any:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement).fetchone()
        return row[0] if row else None


def test_gemini_paints_from_references_and_what_it_cannot_do_leaves_no_row(
    rage: Rage, pair: list[str], tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = Part.from_bytes(data=png(71), mime_type="image/png")
    with gemini_api_stub(answer=painted(picture)) as api:
        monkeypatch.setenv("RAGE_GENERATOR", f"gemini:{PAINTER}")
        monkeypatch.setenv("GEMINI_API_KEY", "gemini-secret")
        monkeypatch.setenv("GEMINI_BASE_URL", api.url)
        refused = rage("generate", "on a shelf", *pair, "--count", "2", "-o", tmp_path / "made.png")
        assert (refused.code, "makes one picture a request" in refused.complaint) == (1, True)
        assert (api.requests, value(database_url, "SELECT count(*) FROM rage.generations")) == ([], 0)
        arguments = ("on a shelf", *pair, "--size", "16:9@2K", "-o", tmp_path / "made.png")
        made = rage("generate", *arguments, "--json").json
        api.answer = painted(finish="IMAGE_SAFETY")
        refused = rage("generate", *arguments)
    assert (made["status"], made["provider"], made["model"]) == ("succeeded", "gemini", PAINTER)
    assert made["parameters"]["details"]["image_size"] == "2K"
    assert (made["usage"]["image_input"], made["usage"]["image_output"]) == (516, 1_290)
    assert (tmp_path / "made.png").read_bytes() == png(71)
    assert (refused.code, "Gemini refused: IMAGE_SAFETY" in refused.complaint) == (1, True)
    assert value(database_url, "SELECT array_agg(status ORDER BY call_id) FROM rage.paid_calls") == [
        "succeeded",
        "refused",
    ]
