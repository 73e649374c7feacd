"""`rage embed`: a prompt's vectors, so that SQL alone can search by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click
from msgspec import Struct

from rage_pg.cli.options import json_option
from rage_pg.cli.output import show, show_json
from rage_pg.cli.session import with_runtime
from rage_pg.errors import InvalidInput
from rage_pg.types import MAX_PROMPT

if TYPE_CHECKING:
    from rage_pg.runtime import Runtime


class Embedded(Struct, frozen=True):
    """A prompt's vector in one space."""

    space: str
    dimensions: int
    vector: tuple[float, ...]


@click.command("embed")
@click.argument("text")
@json_option
def embed(text: str, as_json: bool) -> None:
    """Embed TEXT in the spaces that are searched and keep its vectors.

    After this, rage_v1.search_images(TEXT) searches by meaning from any SQL client.
    """
    found = with_runtime(lambda runtime: _embed(runtime, text))
    if as_json:
        show_json({"prompt": text.strip(), "spaces": found})
        return
    for one in found:
        show(f"{one.space}: {one.dimensions} dimensions")


async def _embed(runtime: Runtime, text: str) -> list[Embedded]:
    from rage_pg.database import fetch_all
    from rage_pg.resources import statements
    from rage_pg.search import embed_prompt

    prompt = text.strip()
    if not 1 <= len(prompt) <= MAX_PROMPT or "\0" in prompt:
        raise InvalidInput(
            f"A text to embed has 1 to {MAX_PROMPT:,} characters, none of them NUL.", field="text"
        )
    await embed_prompt(runtime.database, runtime.encoders.prompt_encoder, prompt)
    async with runtime.database.transaction() as connection:
        return await fetch_all(
            connection, statements("cli")["get_prompt_vectors"], {"prompt": prompt}, Embedded
        )


COMMANDS = (embed,)
