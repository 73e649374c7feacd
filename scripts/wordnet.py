"""Makes src/rage_pg/proposal/data/wordnet.txt.gz of WordNet's own files.

    apt-get install wordnet-base
    python scripts/wordnet.py /usr/share/wordnet

Three parts, parted by empty lines:

1. a noun synset a line: lexicographer file, tab, the lines (from 0) of its hypernyms, tab, its lemmas parted by
   |, each with #N where it is not the first sense of that lemma but its N-th (from 0);
2. irregular plurals: the form, and what it is a form of;
3. words that are no nouns, or not always: the word, and how many of ten times it is one in WordNet's texts.
"""

from __future__ import annotations

import gzip
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src" / "rage_pg" / "proposal" / "data" / "wordnet.txt.gz"
POS = {"1": "noun", "2": "verb", "3": "adj", "4": "adv", "5": "adj"}
OTHERS = ("verb", "adj", "adv")


def main(folder: Path) -> None:
    parts = [_synsets(folder), _exceptions(folder), _shares(folder)]
    text = "\n\n".join("\n".join(part) for part in parts) + "\n"
    # Without a time in it: the same data give the same bytes.
    TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes, {len(parts[0]):,} synsets")


def _lines(path: Path) -> Iterator[list[str]]:
    for line in path.read_text(encoding="latin-1").splitlines():
        if not line.startswith(" "):
            yield line.split("|")[0].split()


def _plain(word: str) -> str:
    return word.lower().replace("_", " ")


def _synsets(folder: Path) -> list[str]:
    data = list(_lines(folder / "data.noun"))
    number = {fields[0]: line for line, fields in enumerate(data)}
    rank = {}
    for fields in _lines(folder / "index.noun"):
        for place, offset in enumerate(fields[-int(fields[2]) :]):
            rank[_plain(fields[0]), offset] = place
    return [_synset(fields, number, rank) for fields in data]


def _synset(fields: list[str], number: dict[str, int], rank: dict[tuple[str, str], int]) -> str:
    offset, file, count = fields[0], int(fields[1]), int(fields[3], 16)
    words = list(dict.fromkeys(_plain(fields[4 + 2 * place]) for place in range(count)))
    pointers = fields[5 + 2 * count :]
    hypernyms = [
        str(number[pointers[place + 1]])
        for place in range(0, 4 * int(fields[4 + 2 * count]), 4)
        if pointers[place] in ("@", "@i") and pointers[place + 2] == "n"
    ]
    lemmas = [f"{word}#{rank[word, offset]}" if rank.get((word, offset)) else word for word in words]
    return f"{file}\t{' '.join(hypernyms)}\t{'|'.join(lemmas)}"


def _exceptions(folder: Path) -> list[str]:
    return [" ".join(map(_plain, fields)) for fields in _lines(folder / "noun.exc") if "_" not in "".join(fields)]


def _shares(folder: Path) -> list[str]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for kind in ("noun", *OTHERS):
        for fields in _lines(folder / f"index.{kind}"):
            counts[_plain(fields[0])][kind] += 1
    for key, _, count in _lines(folder / "cntlist.rev"):
        lemma, _, rest = key.partition("%")
        counts[_plain(lemma)][POS[rest[0]]] += 3 * int(count)
    return [
        f"{word} {10 * found['noun'] // found.total()}"
        for word, found in sorted(counts.items())
        if " " not in word and any(found[kind] for kind in OTHERS)
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
