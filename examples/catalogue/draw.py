"""Draw the sample catalogue again: every image, and the manifest that describes them.

    python examples/catalogue/draw.py [folder]

Needs Pillow and numpy only. The same versions of the two give the same bytes on every run.
"""

from __future__ import annotations

import csv
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import lumen
import northtrail
import numpy as np
import shared
from entry import Entry
from PIL import Image

HERE = Path(__file__).resolve().parent
ENTRIES: list[Entry] = [*lumen.ENTRIES, *northtrail.ENTRIES, *shared.ENTRIES]
QUALITY = {"style": 80, "scene": 84, "sketch": 80}


def compact(image: Image.Image) -> Image.Image:
    """Even out differences nobody sees, so that the PNG becomes small."""
    pixels = np.asarray(image).astype(np.int16)
    colour = np.clip((pixels[..., :3] + 2) // 4 * 4, 0, 255)
    alpha = pixels[..., 3:]
    alpha = np.where(alpha > 250, 255, alpha // 3 * 3)
    return Image.fromarray(np.concatenate([np.where(alpha > 0, colour, 0), alpha], axis=2).astype(np.uint8))


def save(image: Image.Image, target: Path, kind: str) -> None:
    """Write a PNG (cut-outs) or a WebP (full pictures)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix == ".png":
        compact(image).save(target, optimize=True)
    else:
        image.save(target, quality=QUALITY[kind], method=6)


def draw(number: int, folder: Path) -> str:
    """Draw one entry; by its number, so that another process can do it."""
    entry = ENTRIES[number]
    save(entry.make(), folder / "images" / entry.path, entry.kind)
    return entry.path


def write_manifest(folder: Path) -> None:
    """Write manifest.csv beside the images."""
    rows = [entry.row() for entry in ENTRIES]
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Draw everything into the given folder, or in place."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    with ProcessPoolExecutor(max_workers=2) as pool:
        for path in pool.map(draw, range(len(ENTRIES)), [folder] * len(ENTRIES)):
            print(path)
    write_manifest(folder)


if __name__ == "__main__":
    main()
