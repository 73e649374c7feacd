"""Taking requests in: references, refusals, idempotency, and one transaction for ledger and job."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from rage_pg import generation, jobs, search
from rage_pg.catalogue import collections, images
from rage_pg.config import Secret
from rage_pg.database import Connection, Database
from rage_pg.errors import Conflict, InvalidInput, NotFound, NotPossible, RageError
from rage_pg.providers.openai import OpenAIGenerator
from rage_pg.types import Auto, GenerationRequest, ReferenceRequest, SearchRequest
from tests.generating import FakeGenerator, accept, ask, counts, only, rows, value
from tests.store import add, by

UNUSED = Secret("sk-unused")


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator()


def references(*image_ids: int) -> tuple[ReferenceRequest, ...]:
    return tuple(ReferenceRequest(image_id=image_id) for image_id in image_ids)


async def test_ledger_row_references_event_and_job_are_written_together(
    database: Database, generator: FakeGenerator
) -> None:
    first, second = await add(database, "Lotion"), await add(database, "Soap")
    made = await ask(database, generator, second, first, labels={"campaign": "spring"}, size="64x48", count=2)
    assert (made.status, made.provider, made.model) == ("queued", "openai", "gpt-image-2")
    assert (made.labels, made.parameters) == ({"campaign": "spring"}, {"size": "64x48", "count": 2})
    assert (made.prompt_sent, made.cost_usd, made.outputs) == (None, None, ())
    assert [(one.position, one.image_id, one.title) for one in made.references] == [
        (1, second, "Soap"),
        (2, first, "Lotion"),
    ]
    assert await counts(database) == (1, 2, 1, 1)
    (job,) = await rows(database, "SELECT id, task_name, queue_name, args FROM rage.procrastinate_jobs")
    assert (job["task_name"], job["queue_name"]) == ("generate", "default")
    assert job["args"] == {"generation_id": str(made.id)}
    assert await value(database, "SELECT job_id FROM rage.generations") == job["id"]


async def test_what_the_model_cannot_do_is_refused_before_there_is_a_row(database: Database) -> None:
    image_id = await add(database)
    provider = OpenAIGenerator("gpt-image-2", key=UNUSED, base_url="http://127.0.0.1:9/v1")
    for said, field in (
        ({"size": "1000x1000"}, "size"),
        ({"model": "gpt-image-1", "quality": "max"}, "quality"),
        ({"input_fidelity": "high"}, "input_fidelity"),
    ):
        request = GenerationRequest(prompt="Soap", references=references(image_id), **said)  # type: ignore[arg-type]
        with pytest.raises(NotPossible, match="gpt-image-") as raised:
            await generation.accept(database, only(provider), request, defer=jobs.defer_generation)
        assert raised.value.field == field
    assert await counts(database) == (0, 0, 0, 0)
    assert await value(database, "SELECT count(*) FROM rage.paid_calls") == 0


async def test_a_failure_after_the_job_was_queued_leaves_neither_row_nor_job(
    database: Database, generator: FakeGenerator
) -> None:
    async def queue_and_fail(connection: Connection, generation_id: UUID) -> int:
        await jobs.defer_generation(connection, generation_id)
        raise RuntimeError("the process dies here")

    request = GenerationRequest(prompt="Lotion", references=references(await add(database)))
    with pytest.raises(RuntimeError):
        await generation.accept(database, only(generator), request, defer=queue_and_fail)
    assert await counts(database) == (0, 0, 0, 0)


async def test_a_reference_has_the_role_of_its_kind(database: Database, generator: FakeGenerator) -> None:
    image_ids = [await add(database, kind=kind) for kind in generation.ROLES]
    made = await ask(database, generator, *image_ids)
    assert [one.role for one in made.references] == list(generation.ROLES.values())


async def test_a_role_and_a_note_that_are_given_stay(database: Database, generator: FakeGenerator) -> None:
    image_id = await add(database, kind="product")
    given = ReferenceRequest(image_id=image_id, role="edit_target", note="left of the soap")
    (kept,) = (await accept(database, generator, references=(given,), purpose="edit")).references
    assert (kept.role, kept.note) == ("edit_target", "left of the soap")


async def test_a_note_has_as_many_characters_as_one_may(database: Database, generator: FakeGenerator) -> None:
    image_id = await add(database)
    longest = ReferenceRequest(image_id=image_id, note="n" * 2_000)
    (kept,) = (await accept(database, generator, references=(longest,))).references
    assert kept.note == longest.note
    longer = ReferenceRequest(image_id=image_id, note="n" * 2_001)
    with pytest.raises(InvalidInput, match=r"note must be a text .*at most 2000 characters") as refused:
        await accept(database, generator, references=(longer,))
    assert len(str(refused.value)) < 200


async def test_an_image_that_may_not_be_used_is_refused_with_the_reason(
    database: Database, generator: FakeGenerator
) -> None:
    unusable: list[tuple[dict[str, Any], str]] = [
        ({"state": "draft"}, "a draft, not approved"),
        ({"state": "retired"}, "retired, not approved"),
        ({"usable_from": date(2999, 1, 1)}, "only from 2999-01-01"),
        ({"usable_until": date(2000, 1, 1)}, "only until 2000-01-01"),
    ]
    for said, reason in unusable:
        image_id = await add(database, **said)
        with pytest.raises(InvalidInput, match=rf"Image {image_id} .*{reason}"):
            await ask(database, generator, image_id)
    assert await counts(database) == (0, 0, 0, 0)


async def test_unknown_and_deleted_images_are_not_found(database: Database, generator: FakeGenerator) -> None:
    with pytest.raises(NotFound, match="no image 12345"):
        await ask(database, generator, 12345)
    image_id = await add(database)
    await images.delete(database, image_id)
    with pytest.raises(NotFound, match=f"no image {image_id}"):
        await ask(database, generator, image_id)


async def test_the_same_image_twice_is_refused(database: Database, generator: FakeGenerator) -> None:
    image_id = await add(database)
    with pytest.raises(InvalidInput, match="given twice"):
        await ask(database, generator, image_id, image_id)


async def test_more_references_than_a_model_takes_are_refused(
    database: Database, generator: FakeGenerator
) -> None:
    with pytest.raises(InvalidInput, match="17 references are too many"):
        await ask(database, generator, *range(1, 18))


async def test_a_collection_goes_whole_and_in_its_order(database: Database, generator: FakeGenerator) -> None:
    logo, soap = await add(database, kind="logo"), await add(database, kind="product")
    await collections.put(database, "Launch Kit", brand="default", image_ids=[soap, logo])
    made = await accept(database, generator, collection=" launch  KIT ")
    assert [(one.image_id, one.role) for one in made.references] == [(soap, "product"), (logo, "logo")]


async def test_an_empty_or_unknown_collection_is_refused(
    database: Database, generator: FakeGenerator
) -> None:
    await collections.put(database, "empty", brand="default", image_ids=[])
    with pytest.raises(InvalidInput, match="'empty' is empty"):
        await accept(database, generator, collection="empty")
    with pytest.raises(NotFound, match="no collection 'nowhere'"):
        await accept(database, generator, collection="nowhere")


async def test_references_chosen_from_a_search_keep_their_rank_and_score(
    database: Database, generator: FakeGenerator
) -> None:
    chosen = await add(database, "lotion")
    found = await search.search(database, by(), SearchRequest(prompt="lotion"))
    other = await add(database, "boat")
    made = await accept(database, generator, references=references(other, chosen), search_id=found.search_id)
    assert [one.search_rank for one in made.references] == [None, 1]


async def test_only_one_way_to_name_references_is_taken(database: Database, generator: FakeGenerator) -> None:
    with pytest.raises(InvalidInput, match="only one of them"):
        await accept(database, generator, references=references(1), collection="any")
    with pytest.raises(InvalidInput, match="only one of them"):
        await accept(database, generator, auto=Auto(), collection="any")


async def test_what_a_request_refers_to_must_exist(database: Database, generator: FakeGenerator) -> None:
    unknown: list[tuple[dict[str, Any], str]] = [
        ({"brand": "nobody"}, "brand 'nobody'"),
        ({"parent_id": uuid4()}, "generation "),
        ({"search_id": uuid4()}, "search "),
        ({"proposal_id": uuid4()}, "proposal "),
    ]
    for said, missing in unknown:
        with pytest.raises(NotFound, match=f"There is no {missing}"):
            await accept(database, generator, **said)
    assert await counts(database) == (0, 0, 0, 0)


async def test_a_bad_request_is_refused_in_one_line_and_writes_nothing(
    database: Database, generator: FakeGenerator, subtests: pytest.Subtests
) -> None:
    bad: list[tuple[dict[str, Any], type[RageError]]] = [
        ({"prompt": "  \n"}, InvalidInput),
        ({"prompt": "a" * 100_000}, InvalidInput),
        ({"prompt": "a\0b"}, InvalidInput),
        ({"prompt": "half a pair \ud800"}, InvalidInput),
        ({"labels": {"a": "b\0"}}, InvalidInput),
        ({"count": 11}, InvalidInput),
        ({"purpose": "paint"}, InvalidInput),
        ({"provider": "nobody"}, InvalidInput),
        ({"quality": "impossible"}, NotPossible),
        ({"mask": "data"}, NotPossible),
        ({"dry_run": True}, InvalidInput),
        ({"idempotency_key": ""}, InvalidInput),
        ({"idempotency_key": "k" * 256}, InvalidInput),
    ]
    for said, error in bad:
        with subtests.test(str(said)[:40]):
            with pytest.raises(error) as caught:
                await accept(database, generator, **said)
            assert "\n" not in str(caught.value)
            assert await counts(database) == (0, 0, 0, 0)


async def test_a_backslash_before_u0000_is_text_like_any_other(
    database: Database, generator: FakeGenerator
) -> None:
    assert (await accept(database, generator, prompt="\\u0000")).prompt == "\\u0000"


async def test_the_same_key_and_request_is_the_same_generation(
    database: Database, generator: FakeGenerator
) -> None:
    image_id = await add(database)
    said: dict[str, Any] = {"references": references(image_id), "idempotency_key": "order-7"}
    first = await accept(database, generator, **said)
    await images.delete(database, image_id)
    assert (await accept(database, generator, **said)).id == first.id
    assert (await counts(database))[0] == 1
    with pytest.raises(Conflict, match="another request"):
        await accept(database, generator, prompt="something else", idempotency_key="order-7")


async def test_a_key_belongs_to_the_caller_who_gave_it(database: Database, generator: FakeGenerator) -> None:
    mine = await accept(database, generator, idempotency_key="k", asked_by="me")
    assert (await accept(database, generator, idempotency_key="k", asked_by="you")).id != mine.id


async def test_ten_requests_at_once_with_one_key_are_one_generation(
    database: Database, generator: FakeGenerator
) -> None:
    image_id = await add(database)
    made = await asyncio.gather(
        *(
            accept(database, generator, references=references(image_id), idempotency_key="one")
            for _ in range(10)
        )
    )
    assert len({one.id for one in made}) == 1
    assert await counts(database) == (1, 1, 1, 1)


async def test_a_dry_run_shows_what_would_be_sent_and_writes_nothing(
    database: Database, generator: FakeGenerator
) -> None:
    image_id = await add(database, "Lotion")
    request = GenerationRequest(
        prompt="On a shelf", references=references(image_id), size="64x48", dry_run=True
    )
    shown = await generation.preview(database, only(generator), request)
    assert (shown.provider, shown.model) == ("openai", "gpt-image-2")
    assert shown.prompt_sent is not None
    assert 'Image 1: "Lotion" (product)' in shown.prompt_sent
    assert shown.parameters == {"size": "64x48", "count": 1}
    assert [(one.position, one.image_id, one.role) for one in shown.references] == [(1, image_id, "product")]
    assert await counts(database) == (0, 0, 0, 0)
    assert generator.calls == []


async def test_a_dry_run_is_refused_like_the_request_itself(
    database: Database, generator: FakeGenerator
) -> None:
    with pytest.raises(NotPossible):
        await generation.preview(
            database, only(generator), GenerationRequest(prompt="x", quality="impossible")
        )
