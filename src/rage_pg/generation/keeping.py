"""Keeping an output: it becomes an image of the catalogue, with words drafted from what it was made from."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from msgspec import UNSET, Struct, structs
from psycopg.types.json import Jsonb

from rage_pg.database import Connection, Database, execute, fetch_all, fetch_one, fetch_only, fetch_value
from rage_pg.errors import Conflict, NotFound
from rage_pg.generation.titles import title_for
from rage_pg.resources import statements
from rage_pg.texts import check_tag
from rage_pg.types import KeptWords, Kind, State

SQL = statements("generation")

NOTHING_SAID = KeptWords()


class Output(Struct, frozen=True, kw_only=True):
    """An output that is locked, and the image that it is. `generated`: it came to the store as an output."""

    image_id: int
    kept: bool
    deleted: bool
    generated: bool
    state: State
    prompt: str


class _Tag(Struct, frozen=True):
    name: str
    form: str


class _Words(Struct, frozen=True, kw_only=True):
    title: str | None
    kind: Kind
    caption: str | None
    tags: frozenset[str]


async def keep(
    database: Database,
    generation_id: UUID,
    position: int,
    by: str | None = None,
    said: KeptWords = NOTHING_SAID,
) -> int:
    """Approve an output as an image of the catalogue; the image's id.

    The first time that a picture is kept it gets caption, tags, kind and products from its references, or the
    words that are `said`; what people have said of it before stays. Kept once, a second call changes nothing,
    whatever became of the image since, nor does keeping a picture that the catalogue had before.
    Raises NotFound, InvalidInput, and Conflict where the image was deleted, had been in the catalogue and is
    not approved there, or has other words than are said.
    """
    async with database.transaction() as connection:
        # Before the image, in the order of imports.
        await fetch_value(connection, SQL["lock_brand_of_generation"], {"generation_id": generation_id})
        output = await locked_output(connection, generation_id, position)
        words = await _in_normal_form(connection, said)
        if not output.kept:
            _check_state(output)
            values = {
                "generation_id": generation_id,
                "position": position,
                "image_id": output.image_id,
                "first_title": title_for(output.prompt),
                "said": Jsonb(words),
                "by": by,
            }
            for statement in ("describe_output", "keep_output", "approve_image"):
                await execute(connection, SQL[statement], values)
        await _check_words(connection, output.image_id, words)
        return output.image_id


async def locked_output(connection: Connection, generation_id: UUID, position: int) -> Output:
    """An output, which nobody else rates or keeps until the transaction ends. Raises NotFound."""
    values = {"generation_id": generation_id, "position": position}
    output = await fetch_one(connection, SQL["lock_output"], values, Output)
    if output is None:
        raise NotFound(f"Generation {generation_id} has no output {position}.")
    return output


def _check_state(output: Output) -> None:
    if output.deleted:
        raise Conflict(f"Image {output.image_id} was deleted; restore it before it can be kept.")
    if not output.generated and output.state != "approved":
        state = "a draft" if output.state == "draft" else output.state
        raise Conflict(
            f"This picture was in the catalogue before, as image {output.image_id}, and is {state} there;"
            " approve that image instead."
        )


async def _in_normal_form(connection: Connection, said: KeptWords) -> dict[str, Any]:
    """What is said, by field, with tags as they are stored. Raises InvalidInput."""
    words = {name: value for name, value in structs.asdict(said).items() if value is not UNSET}
    if said.tags is not UNSET:
        forms = await fetch_all(connection, SQL["tag_forms"], {"names": list(said.tags)}, _Tag)
        for tag in forms:
            # Once more: folding can lengthen a tag.
            check_tag(tag.form)
        words["tags"] = sorted({tag.form for tag in forms})
    return words


async def _check_words(connection: Connection, image_id: int, words: dict[str, Any]) -> None:
    """Refuse what would be lost: it was said of an image that somebody has given other words."""
    if not words:
        return
    stored = await fetch_only(connection, SQL["words_of_image"], {"image_id": image_id}, _Words)
    for field, value in words.items():
        has = getattr(stored, field)
        if has != (frozenset(value) if field == "tags" else value):
            raise Conflict(
                f"Image {image_id} has {'other' if field == 'tags' else 'another'} {field} already;"
                " keep it without these words, then change the image itself."
            )
