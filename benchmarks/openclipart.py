"""Debian's copy of the Open Clip Art Library as a catalogue: drawings with title, keywords and creator.

apt-get install openclipart-png openclipart-svg
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

FOLDER = Path(os.environ.get("RAGE_OPENCLIPART", "/usr/share/openclipart"))
PACKAGES = "apt-get install openclipart-png openclipart-svg"

DC = "{http://purl.org/dc/elements/1.1/}"
CC = "{http://web.resource.org/cc/}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


@dataclass(frozen=True)
class Drawing:
    """A PNG, and what the SVG that it was drawn from says. Keywords are as a store compares tags."""

    path: Path
    title: str
    keywords: tuple[str, ...]
    creator: str

    @property
    def name(self) -> str:
        return self.path.relative_to(FOLDER / "png").as_posix()


def drawings(limit: int | None = None) -> list[Drawing]:
    """Every drawing that has a title; of those with the same bytes the first. `limit`: evenly spread."""
    if not (FOLDER / "png").is_dir() or not (FOLDER / "svg").is_dir():
        raise SystemExit(f"{FOLDER} lacks its drawings: {PACKAGES}, or set RAGE_OPENCLIPART.")
    found = list(_read())
    if limit is None or limit >= len(found):
        return found
    return [found[place * len(found) // limit] for place in range(limit)]


def _read() -> Iterator[Drawing]:
    seen = set()
    for path in sorted((FOLDER / "png").rglob("*.png")):
        drawing = _drawing(path)
        content = hashlib.sha256(path.read_bytes()).digest()
        if drawing is not None and content not in seen:
            seen.add(content)
            yield drawing


def _drawing(path: Path) -> Drawing | None:
    """None where the SVG is missing, is no XML, or has no title."""
    work = _work((FOLDER / "svg" / path.relative_to(FOLDER / "png")).with_suffix(".svg"))
    if work is None:
        return None
    title = _text(work.find(f"{DC}title"))
    words = (_text(item) for item in work.iterfind(f"{DC}subject/{RDF}Bag/{RDF}li"))
    creator = _text(work.find(f"{DC}creator/{CC}Agent/{DC}title"))
    keywords = tuple(dict.fromkeys(_tag(word) for word in words if _is_tag(word)))
    return Drawing(path, title, keywords, creator) if title else None


def _work(path: Path) -> ElementTree.Element | None:
    """What the metadata says of the drawing; the shapes that follow it are not read."""
    try:
        for _, element in ElementTree.iterparse(path):  # noqa: S314 - Debian's own files
            if element.tag == f"{CC}Work":
                return element
    except (OSError, ElementTree.ParseError):
        pass
    return None


def _text(element: ElementTree.Element | None) -> str:
    return " ".join((element.text or "").split()) if element is not None else ""


def _is_tag(word: str) -> bool:
    """A slash would make a tag the child of another; a few keywords are whole sentences."""
    return 0 < len(word) <= 40 and "/" not in word


def _tag(word: str) -> str:
    return unicodedata.normalize("NFC", word).casefold()


def write_manifest(folder: Path, found: Sequence[Drawing]) -> Path:
    """A manifest beside a copy of the pictures."""
    manifest = folder / "manifest.jsonl"
    with manifest.open("w", encoding="utf-8") as file:
        for drawing in found:
            row = {
                "path": f"png/{drawing.name}",
                "external_id": drawing.name,
                "title": drawing.title,
                "tags": list(drawing.keywords),
                "creator": drawing.creator or "unknown",
            }
            file.write(json.dumps(row) + "\n")
            target = folder / "png" / drawing.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(drawing.path, target)
    return manifest


def own_titles(found: Sequence[Drawing]) -> list[Drawing]:
    """Those whose title no other drawing has: a title that several share names no one of them."""
    often = Counter(drawing.title.casefold() for drawing in found)
    return [drawing for drawing in found if often[drawing.title.casefold()] == 1]
