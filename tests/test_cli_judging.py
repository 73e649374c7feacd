"""Keeping and rating from the command line."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.command_line import Rage, in_process

CATALOGUE = Path(__file__).parents[1] / "examples" / "catalogue" / "images"
RATINGS = "SELECT position, rated_by, rating, reasons FROM rage_v1.ratings ORDER BY position"


@pytest.fixture
def rage(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    return in_process(database_url, monkeypatch, capsys)


def test_outputs_are_kept_and_rated(rage: Rage, database_url: str, tmp_path: Path) -> None:
    said = ("--brand", "lumen", "--tag", "soap", "--no-index", "--json")
    [soap] = rage("import", CATALOGUE / "lumen" / "soap-rose.png", *said).json["items"]
    [lotion] = rage("import", CATALOGUE / "lumen" / "lotion-citrus.png", *said).json["items"]
    images = ("--image", soap["image_id"], "--image", lotion["image_id"])
    asked = ("--brand", "lumen", "--count", "2", "-o", tmp_path / "a.png", "--json")
    made = rage("generate", "Side by side", *images, *asked).json["id"]

    kept = rage("history", "keep", made, "--title", "Hero", "--json").json
    assert (kept["title"], kept["tags"], kept["state"]) == ("Hero", ["soap"], "approved")
    assert "is in the catalogue." in rage("history", "keep", f"{made}:2", "--no-tags").out
    assert rage("history", "keep", f"{made}:3").complaint.endswith("has no output 3.")
    assert "other tags already" in rage("history", "keep", made, "--tag", "else").complaint
    assert "empty part" in rage("history", "keep", made, "--tag", "a//b").complaint
    assert rage("history", "keep", made, "--tag", "a", "--no-tags").code == 2

    verdict = ("-1", "--reason", "wrong label", "--comment", "reads SAOP", "--json")
    assert rage("history", "rate", f"{made}:2", *verdict).json["comment"] == "reads SAOP"
    assert rage("history", "rate", made, "1", "--by", "ann").code == 0
    assert rage("history", "rate", made, "2").code == 2
    assert rage("history", "rate", made, "1", "--reason", "ugly").code == 2
    assert rage("history", "rate", "seven", "1").code == 2
    assert rage("history", "rate", made, "1", "--comment", "x" * 5_001).complaint.startswith(
        "comment has 5,001"
    )
    with psycopg.connect(database_url) as connection:
        assert connection.execute(RATINGS).fetchall() == [
            (1, "ann", 1, []),
            (2, None, -1, ["wrong label"]),
        ]
