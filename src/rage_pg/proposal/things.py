"""What a prompt wants to be shown, and what is known of an image that may show it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from rage_pg.types import Kind

MOST_THINGS = 24
"""Things of one prompt; of more, those that are the surest to be things."""
MOST_WORDS = 64
"""Words that one thing is looked for by in full text."""


class Wanted(Struct, frozen=True, kw_only=True):
    """A thing that the prompt may name. `start`, `end`: letters of the prompt."""

    text: str
    """The phrase as it stands in the prompt."""
    embedded: str
    """Whose vector is compared: A shiny red apple."""
    words: tuple[str, ...]
    """Base forms any of which may name it in full text, the closest first."""
    start: int
    end: int
    language: str = "en"
    heads: tuple[str, ...] = ()
    """Base forms of the noun, without its modifiers; empty where only the very words can name it."""
    modifiers: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    """Those of the modifiers that tell of which kind it is: Santa, before hat."""
    related: Mapping[str, float] = field(default_factory=dict)
    """Nouns that may name the same thing, each with its closeness, 0 to 1."""
    share: float = 1.0
    """How often the noun is one where it is used, 0 to 1: `lights` can be a verb."""
    seen: float = 1.0
    """How far it is something that a picture can show, 0 to 1: not loneliness."""
    known: bool = True
    """Its meaning is known by words; of another language there may be nothing but the vectors."""
    named: bool = False
    """It is written with a capital and is a name, so it is not the turkey where Turkey is written."""
    prompt: tuple[str, ...] = ()
    """All words and signs of the prompt, folded."""
    place: tuple[int, int] = (0, 0)
    """Which of them are this thing's: from, to (without it)."""


class Shown(Struct, frozen=True, kw_only=True):
    """An image as it is compared.

    `similarity`: one for each thing wanted, by its number: (cos - background) / (1 - background), where
    background is the mean cosine of the thing's vector with vectors of the store at random, so that what it
    means does not hang on the encoder; None where there is no vector. `relevance`: the whole prompt's cosine.
    """

    image_id: int
    title: str | None = None
    caption: str | None = None
    tags: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    brand: str = ""
    kind: Kind = "other"
    similarity: tuple[float | None, ...] = ()
    relevance: float = 0.0
