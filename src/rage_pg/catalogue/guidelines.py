"""What a brand's palette and words to avoid can be: they are sent to image models, and must be worth it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from rage_pg.errors import InvalidInput
from rage_pg.texts import CONTROL, SHOWN, check_storable
from rage_pg.types import LONGEST_COLOUR_NAME, LONGEST_WORD_TO_AVOID, MOST_COLOURS, MOST_WORDS_TO_AVOID

COLOUR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE | re.ASCII)


def checked_palette(palette: Sequence[str]) -> list[str]:
    """Colours as `#rrggbb` in small letters, each with its name behind a blank. Raises InvalidInput."""
    return _checked("palette", "colours", MOST_COLOURS, palette, _colour, lambda colour: colour[:7])


def checked_words_to_avoid(words: Sequence[str]) -> list[str]:
    """Words and short phrases, with one blank between two words of a phrase. Raises InvalidInput."""
    return _checked("words_to_avoid", "entries", MOST_WORDS_TO_AVOID, words, _word, str.casefold)


def _checked(
    field: str,
    things: str,
    most: int,
    given: Sequence[str],
    sound: Callable[[str], str],
    same: Callable[[str], str],
) -> list[str]:
    if len(given) > most:
        raise InvalidInput(f"{field} has {len(given):,} {things}, at most {most} fit.", field=field)
    entries = [sound(_line(field, entry)) for entry in given]
    if (twice := _twice(map(same, entries))) is not None:
        raise InvalidInput(f"{field} names {_shown(twice)} twice.", field=field)
    return entries


def _line(field: str, entry: str) -> str:
    check_storable(field, entry)
    line = " ".join(entry.split())
    if CONTROL.search(line):
        raise InvalidInput(f"{field} holds {_shown(line)} with a control character.", field=field)
    return line


def _colour(line: str) -> str:
    colour, _, name = line.partition(" ")
    if not COLOUR.fullmatch(colour):
        raise InvalidInput(
            f"palette: {_shown(line)} is no colour; write #rrggbb, and its name behind it if it has one: "
            "'#0b6e4f Forest'.",
            field="palette",
        )
    if len(name) > LONGEST_COLOUR_NAME:
        raise InvalidInput(
            f"palette: the name of {colour} has {len(name):,} characters, at most {LONGEST_COLOUR_NAME} fit.",
            field="palette",
        )
    return f"{colour.lower()} {name}".rstrip()


def _word(line: str) -> str:
    if not any(character.isprintable() and not character.isspace() for character in line):
        raise InvalidInput("words_to_avoid holds an entry that is empty.", field="words_to_avoid")
    if len(line) > LONGEST_WORD_TO_AVOID:
        raise InvalidInput(
            f"words_to_avoid: {_shown(line)} has {len(line):,} characters, at most {LONGEST_WORD_TO_AVOID} "
            "fit; what needs a sentence belongs into guidelines.",
            field="words_to_avoid",
        )
    return line


def _twice(entries: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for entry in entries:
        if entry in seen:
            return entry
        seen.add(entry)
    return None


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")
