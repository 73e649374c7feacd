"""A brand's guidelines, palette and words to avoid on their way into every prompt for it."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from rage_pg import generation, jobs
from rage_pg.catalogue import brands
from rage_pg.database import Database
from rage_pg.generation import batches
from rage_pg.generation.batches import BatchItem, BatchRequest
from rage_pg.providers.ports import GenerationCall
from rage_pg.types import Generation, GenerationRequest
from tests.generating import FakeGenerator, ask, carry_out, only, rows, value

COLOURS = 'Colours of the brand, quoted, for what has no colour of its own: "#0b6e4f Forest", "#fff8e7"'
AVOIDED = (
    'Words and things to avoid, quoted, neither to be written nor shown: "cheap", "so-called \'luxury\'"'
)
REQUEST = GenerationRequest(prompt="A lamp", brand="lumen")
SENT = f"A lamp\n\n{COLOURS}\n{AVOIDED}"


class Watched(FakeGenerator):
    """Remembers the prompts that it was asked about."""

    def __init__(self) -> None:
        super().__init__()
        self.checked: list[str] = []

    def check(self, call: GenerationCall) -> None:
        self.checked.append(call.prompt)


@pytest.fixture
def generator() -> Watched:
    return Watched()


@pytest.fixture
async def lumen(database: Database) -> None:
    await brands.create(
        database,
        "Lumen",
        palette=("#0b6e4f Forest", "#fff8e7"),
        words_to_avoid=("cheap", 'so-called "luxury"'),
    )


async def test_a_picture_is_asked_for_with_them_and_a_dry_run_shows_them(
    database: Database, generator: Watched, lumen: None
) -> None:
    shown = await generation.preview(database, only(generator), REQUEST)
    made = await carry_out(
        database, generator, (await ask(database, generator, prompt="A lamp", brand="lumen")).id
    )
    assert shown.prompt_sent == made.prompt_sent == generator.calls[0].prompt == SENT
    assert set(generator.checked) == {SENT}


async def test_every_item_of_a_batch_is_looked_over_and_sent_with_them(
    database: Database, generator: Watched, lumen: None
) -> None:
    request = BatchRequest(brand="lumen", items=(BatchItem(prompt="A lamp"), BatchItem(prompt="A tent")))
    expected = [SENT, SENT.replace("lamp", "tent")]
    shown = await batches.preview_batch(database, only(generator), request)
    assert [one.plan.prompt_sent for one in shown.first] == expected
    generator.checked.clear()
    batch_id = await batches.put(database, only(generator), request, defer=jobs.defer_batch)
    assert generator.checked == expected
    await batches.go_on(database, only(generator), batch_id, defer=jobs.defer_generation)
    for one in await batches.open_generations(database, batch_id):
        await carry_out(database, generator, one)
    assert sorted(call.prompt for call in generator.calls) == sorted(expected)


async def test_they_are_those_of_the_moment_in_which_it_is_sent(
    database: Database, generator: Watched, lumen: None
) -> None:
    asked = await ask(database, generator, prompt="A lamp", brand="lumen")
    await brands.update(database, "lumen", palette=None, words_to_avoid=("dull",))
    made = await carry_out(database, generator, asked.id)
    assert made.prompt_sent == (
        'A lamp\n\nWords and things to avoid, quoted, neither to be written nor shown: "dull"'
    )


async def test_they_are_no_part_of_the_request_that_a_key_stands_for(
    database: Database, generator: Watched, lumen: None
) -> None:
    async def accepted() -> Generation:
        return await generation.accept(
            database, only(generator), REQUEST, defer=jobs.defer_generation, idempotency_key="once"
        )

    first = await accepted()
    await brands.update(database, "lumen", palette=("#000000",))
    assert (await accepted()).id == first.id


async def test_a_provider_that_reads_no_prompt_is_sent_none(
    database: Database, generator: Watched, lumen: None
) -> None:
    generator.conditioned_on_prompt = False
    shown = await generation.preview(database, only(generator), REQUEST)
    assert (shown.prompt_sent, set(generator.checked)) == (None, {"A lamp"})


async def test_analysts_read_them(database: Database, lumen: None) -> None:
    [row] = await rows(database, "SELECT palette, words_to_avoid FROM rage_v1.brands WHERE brand = 'Lumen'")
    assert row["palette"] == ["#0b6e4f Forest", "#fff8e7"]
    assert row["words_to_avoid"] == ["cheap", 'so-called "luxury"']
    assert await value(database, "SELECT palette FROM rage_v1.brands WHERE brand = 'default'") == []


async def test_who_change_different_things_at_once_lose_nothing(database: Database, lumen: None) -> None:
    for number in range(10, 20):
        said = {"title": f"{number}", "palette": (f"#0000{number}",), "words_to_avoid": (f"{number}",)}
        await asyncio.gather(*(brands.update(database, "lumen", **{name: said[name]}) for name in said))  # type: ignore[arg-type]
        stands = await brands.get(database, "lumen")
        assert {name: getattr(stands, name) for name in said} == said


@pytest.mark.parametrize(
    "setting",
    [
        "palette = ARRAY['green']",
        "palette = ARRAY['#0B6E4F']",
        "palette = ARRAY['#0b6e4f', NULL]",
        "palette = ARRAY['']",
        "palette = array_fill('#0b6e4f'::text, ARRAY[17])",
        "palette = ARRAY['#0b6e4f ' || repeat('x', 1000)]",
        "words_to_avoid = ARRAY['']",
        "words_to_avoid = ARRAY['a', NULL]",
        "words_to_avoid = array_fill('a'::text, ARRAY[101])",
        "words_to_avoid = ARRAY[repeat('a', 6001)]",
    ],
)
async def test_the_table_itself_bounds_them(database: Database, lumen: None, setting: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        await rows(database, f"UPDATE rage.brands SET {setting} WHERE name = 'Lumen'")
