"""Tux Paint's stamps as a catalogue: drawings and photos with a one-line caption in up to 75 languages.

apt-get install tuxpaint-stamps-default
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

FOLDER = Path(os.environ.get("RAGE_STAMPS", "/usr/share/tuxpaint/stamps"))
LANGUAGES = ("de", "fr", "es", "ru", "tr", "ja")


def captioned() -> list[tuple[Path, dict[str, str]]]:
    """Every PNG but letters and digits, with its captions by language; the English one is under "en"."""
    if not FOLDER.is_dir():
        raise SystemExit(
            f"{FOLDER} is not there: apt-get install tuxpaint-stamps-default, or set RAGE_STAMPS."
        )
    pictures = (path for path in sorted(FOLDER.rglob("*.png")) if "symbols/alphabets" not in path.as_posix())
    found = ((path, _captions(path.with_suffix(".txt"))) for path in pictures)
    return [(path, captions) for path, captions in found if captions.get("en")]


def _captions(text: Path) -> dict[str, str]:
    if not text.exists():
        return {}
    first, *others = text.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    captions = {"en": first.strip()}
    for line in others:
        language, _, caption = line.partition(".utf8=")
        captions[language] = caption.strip()
    return captions


def write_catalogue(folder: Path, *, words: str = "caption") -> Path:
    """A manifest beside a copy of the pictures. `words`: caption, or all: title and tags too."""
    manifest = folder / "manifest.jsonl"
    with manifest.open("w", encoding="utf-8") as file:
        for path, captions in captioned():
            row: dict[str, object] = {
                "path": path_of(path),
                "external_id": path_of(path),
                "caption": captions["en"],
            }
            if words == "all":
                row |= {
                    "title": path.stem.replace("_", " "),
                    "tags": [path.parent.relative_to(FOLDER).as_posix()],
                }
            file.write(json.dumps(row) + "\n")
            target = folder / path_of(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    return manifest


def path_of(path: Path) -> str:
    """Of a picture in the catalogue that is written."""
    return f"stamps/{path.relative_to(FOLDER).as_posix()}"
