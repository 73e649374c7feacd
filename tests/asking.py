"""How tests ask by words: what a prompt finds, and what the text leg makes of it."""

from __future__ import annotations

from typing import Any

from rage_pg import search
from rage_pg.database import Database, fetch_value
from rage_pg.types import SearchAnswer, SearchRequest
from tests.store import add, by


async def find(database: Database, prompt: str, **wanted: Any) -> SearchAnswer:
    return await search.search(database, by(), SearchRequest(prompt=prompt, **wanted))


async def ranked(database: Database, prompt: str, **wanted: Any) -> list[str | None]:
    """The titles that the text leg ranks, in its order."""
    answer = await find(database, prompt, **wanted)
    hits = [(item.legs["text"].rank, item.image.title) for item in answer.items if "text" in item.legs]
    return [title for _, title in sorted(hits)]


async def found(database: Database, prompt: str, **wanted: Any) -> set[str | None]:
    return {item.image.title for item in (await find(database, prompt, **wanted)).items}


async def score(database: Database, prompt: str, title: str) -> float | None:
    for item in (await find(database, prompt)).items:
        if item.image.title == title:
            hit = item.legs.get("text")
            return None if hit is None else float(hit.score)  # type: ignore[arg-type]
    return None


async def words_of(database: Database, prompt: str) -> dict[str, Any]:
    async with database.reading() as connection:
        words: dict[str, Any] = await fetch_value(
            connection, "SELECT rage.prompt_words(%(p)s::text, NULL)", {"p": prompt}
        )
    return words


async def speak(database: Database) -> None:
    """One image each in German, French, English and Japanese."""
    await add(database, "de", caption="Eine rote Lampe auf dem Tisch", caption_language="de-AT")
    await add(database, "fr", caption="Des chevaux dans les montagnes", caption_language="FR")
    await add(database, "en", caption="Two lamps beside some running horses")
    await add(database, "ja", caption="赤い ランプ lamps", caption_language="ja")
