"""Makes src/rage_pg/words/data/wordnet.txt.gz of WordNet's own files.

    apt-get install wordnet-base
    python scripts/wordnet.py /usr/share/wordnet

Two parts, parted by an empty line; what is in a line is parted by tabs:

1. a noun synset a line: lexicographer file; the lines (from 0) of the synsets above it; those below it; its
   lemmas parted by |, each with #N where it is not the first sense of that lemma but its N-th (from 0);
2. a word a line, in the order of the bytes: the word; three digits, how many of nine times it is a noun, a
   verb or an adjective in WordNet's texts, and f for an irregular form; the lines of its synsets, the most
   common first, with ^ where it is spelt with a capital there; of what it is an irregular plural.
"""

from __future__ import annotations

import gzip
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from math import sqrt
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src" / "rage_pg" / "words" / "data" / "wordnet.txt.gz"
KINDS = {"1": "noun", "2": "verb", "3": "adj", "4": "adv", "5": "adj"}
COUNTED = ("noun", "verb", "adj")


def main(folder: Path) -> None:
    synsets = list(_lines(folder / "data.noun"))
    number = {fields[0]: line for line, fields in enumerate(synsets)}
    parts = [_synsets(folder, synsets, number), _words(folder, synsets, number)]
    text = "\n\n".join("\n".join(part) for part in parts) + "\n"
    # Without a time in it: the same data give the same bytes.
    TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes, {len(parts[0]):,} synsets, {len(parts[1]):,} words")


def _lines(path: Path) -> Iterator[list[str]]:
    for line in path.read_text(encoding="latin-1").splitlines():
        if not line.startswith(" "):
            yield line.split("|")[0].split()


def _plain(word: str) -> str:
    return word.lower().replace("_", " ")


def _spelt(fields: list[str]) -> list[str]:
    return [fields[4 + 2 * place] for place in range(int(fields[3], 16))]


def _senses(folder: Path) -> dict[str, list[str]]:
    return {_plain(line[0]): line[-int(line[2]) :] for line in _lines(folder / "index.noun")}


def _synsets(folder: Path, synsets: list[list[str]], number: dict[str, int]) -> list[str]:
    senses = _senses(folder)
    above = [list(_above(fields, number)) for fields in synsets]
    below: dict[int, list[int]] = defaultdict(list)
    for line, broader in enumerate(above):
        for one in broader:
            below[one].append(line)
    return [
        "\t".join(
            (
                str(int(fields[1])),
                " ".join(map(str, above[line])),
                " ".join(map(str, below[line])),
                "|".join(_ranked(fields, senses)),
            )
        )
        for line, fields in enumerate(synsets)
    ]


def _above(fields: list[str], number: dict[str, int]) -> Iterator[int]:
    count = int(fields[3], 16)
    pointers = fields[5 + 2 * count :]
    for place in range(0, 4 * int(fields[4 + 2 * count]), 4):
        if pointers[place] in ("@", "@i") and pointers[place + 2] == "n":
            yield number[pointers[place + 1]]


def _ranked(fields: list[str], senses: dict[str, list[str]]) -> Iterator[str]:
    for word in dict.fromkeys(map(_plain, _spelt(fields))):
        rank = senses[word].index(fields[0])
        yield f"{word}#{rank}" if rank else word


def _words(folder: Path, synsets: list[list[str]], number: dict[str, int]) -> list[str]:
    capital = {
        (_plain(word), fields[0]) for fields in synsets for word in _spelt(fields) if word[0].isupper()
    }
    senses = _senses(folder)
    plurals = {line[0]: line[1:] for line in _lines(folder / "noun.exc") if "_" not in "".join(line)}
    shares = _shares(folder)
    return [
        "\t".join(
            (
                word,
                shares.get(word, "000"),
                " ".join(f"{number[one]}{'^' * ((word, one) in capital)}" for one in senses.get(word, ())),
                "|".join(map(_plain, plurals.get(word, ()))),
            )
        )
        for word in sorted(shares.keys() | plurals.keys() | senses.keys(), key=str.encode)
    ]


def _shares(folder: Path) -> dict[str, str]:
    """Irregular forms of verbs and adjectives are words as well, marked f; those of nouns are nouns."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for key, _, count in _lines(folder / "cntlist.rev"):
        lemma, _, rest = key.partition("%")
        counts[_plain(lemma)][KINDS[rest[0]]] += int(count)
    for found in counts.values():
        for kind, times in found.items():
            # The texts are few: damped, ten finds of a verb do not outweigh that a noun is there at all.
            found[kind] = round(2 * sqrt(times))
    for kind in ("noun", "verb", "adj", "adv"):
        for fields in _lines(folder / f"index.{kind}"):
            counts[_plain(fields[0])][kind] += 1
    forms = set()
    for kind in ("verb", "adj"):
        for fields in _lines(folder / f"{kind}.exc"):
            counts[_plain(fields[0])][kind] += 2
            forms.add(_plain(fields[0]))
    return {
        word: "".join(str(9 * found[kind] // found.total()) for kind in COUNTED) + "f" * (word in forms)
        for word, found in counts.items()
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
