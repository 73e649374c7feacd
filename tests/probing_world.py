"""Builds the world of probing.py: once a run, from a migrated database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import cache
from typing import Any

import psycopg
from msgspec import structs

from rage_pg import generation, history, index, jobs, search
from rage_pg.access import authentication, keys
from rage_pg.callers import SCOPES, SYSTEM
from rage_pg.catalogue import brands, collections, images
from rage_pg.database import Database
from rage_pg.embedded import app_url
from rage_pg.generation import batches
from rage_pg.providers import usem3
from rage_pg.runtime import Runtime
from rage_pg.types import Generation, GenerationRequest, Rating, ReferenceRequest, SearchRequest
from tests.api_service import Client, service
from tests.conftest import clone, database_name
from tests.generating import FakeGenerator, carry_out, only
from tests.probing import (
    COMMON,
    FIRST_OF_THEIRS,
    LOGINS,
    OURS,
    SHARED,
    THEIRS,
    Scene,
    Sessions,
    Side,
    World,
    as_role,
    cloned,
    logins,
    operate,
)
from tests.store import HashingEncoder, add, by, png

COUNT_FROM = """
SELECT setval(c.oid, {}) FROM pg_class AS c WHERE c.relkind = 'S' AND c.relnamespace = 'rage'::regnamespace
"""
STYLES = """
INSERT INTO rage.embeddings (space_id, image_id, brand_id, input_sha256, embedding)
SELECT s.space_id, i.image_id, i.brand_id, c.sha256,
       (SELECT array_agg(sin(n * (i.image_id % 99))) FROM generate_series(1, s.dimensions) AS n)
           ::real[]::rage.halfvec
FROM rage.embedding_spaces AS s CROSS JOIN rage.images AS i JOIN rage.contents AS c USING (content_id)
WHERE s.encodes = 'style'
"""
GRANT = """
WITH made AS (
    INSERT INTO rage.callers (kind, name, scopes) VALUES ('login', %(name)s, %(scopes)s) RETURNING caller_id
)
INSERT INTO rage.caller_brands
SELECT m.caller_id, b.brand_id FROM made AS m, rage.brands AS b WHERE b.name = %(brand)s
"""
AUDITED = """
INSERT INTO rage.index_audits (
    space_id, leg, shape, queries, k, matched, strategy, recall, p50_ms, p95_ms, exact_p50_ms
)
SELECT space_id, 'caption', 'quaggas of velvetfox', 1, 10, 3, 'exact: caption', 1, 1, 1, 1
FROM rage.embedding_spaces
WHERE name = 'usem3'
"""
PAUSED = """
INSERT INTO rage.provider_pauses (provider, paused_until) VALUES ('server of the quaggas of velvetfox', now())
"""
COMMON_WORDS = """
INSERT INTO rage.common_words (brand_id, lexeme, documents) SELECT brand_id, 'lotion', 1 FROM rage.brands
"""
MASKS = """
INSERT INTO rage.generation_masks (generation_id, sha256, bytes)
SELECT generation_id, sha256('mask'), convert_to(prompt, 'UTF8') FROM rage.generations
"""
PARTIALS = """
INSERT INTO rage.generation_partials (generation_id, event_id, media_type, bytes)
SELECT generation_id, 1, 'image/png', convert_to(prompt, 'UTF8') FROM rage.generations
"""
REFINED = (
    """
INSERT INTO rage.refinements (
    root_id, with_draft, rounds, per_round, judge_provider, judge_model, detail, state, ended_by, ended_at
)
SELECT generation_id, true, 1, 3, 'x', prompt, prompt, 'ended', 'rounds', now()
FROM rage.generations WHERE status = 'succeeded'
""",
    """
INSERT INTO rage.refinement_steps (root_id, round, generation_id)
SELECT root_id, 0, root_id FROM rage.refinements
""",
    """
WITH paid AS (
    INSERT INTO rage.paid_calls (brand_id, generation_id, purpose, provider, model, status)
    SELECT brand_id, generation_id, 'judge', 'x', prompt, 'succeeded'
    FROM rage.generations JOIN rage.refinements ON root_id = generation_id
    RETURNING call_id, generation_id, model
),
said AS (
    INSERT INTO rage.judgements (
        root_id, round, attempt, generation_id, call_id, verdict, detail, temperature, provider, model
    )
    SELECT generation_id, 0, 1, generation_id, call_id, 'mismatch', model, 0, 'x', model FROM paid
    RETURNING judgement_id, generation_id, model
)
INSERT INTO rage.judgement_concepts (judgement_id, position, concept, caption, outcome, image_id)
SELECT s.judgement_id, r.position, s.model, s.model, 'found', r.image_id
FROM said AS s JOIN rage.generation_references AS r USING (generation_id)
""",
)
VECTOR = "SELECT embedding::text FROM rage.embeddings WHERE space_id = 1 AND image_id = %(image_id)s"
EMBED_FOR_LOGINS = """
INSERT INTO rage.prompt_vectors (space_id, prompt_md5, prompt, embedding, caller_id)
SELECT v.space_id, v.prompt_md5, v.prompt, v.embedding, l.caller_id
FROM rage.callers AS l
JOIN rage.caller_brands AS lb ON lb.caller_id = l.caller_id
JOIN rage.caller_brands AS kb ON kb.brand_id = lb.brand_id
JOIN rage.prompt_vectors AS v ON v.caller_id = kb.caller_id
WHERE l.kind = 'login'
"""
FORGET_THEIRS = """
SET session_replication_role = replica;
CREATE TEMP TABLE gone ON COMMIT DROP AS SELECT brand_id FROM rage.brands WHERE name = 'velvetfox';
CREATE TEMP TABLE lost ON COMMIT DROP AS
    SELECT generation_id FROM rage.generations WHERE brand_id IN (SELECT brand_id FROM gone);
CREATE TEMP TABLE left_over ON COMMIT DROP AS
    SELECT caller_id FROM rage.callers WHERE name LIKE ANY ('{vfx%,probe_theirs%,both}');
DELETE FROM rage.generation_references WHERE generation_id IN (SELECT generation_id FROM lost);
DELETE FROM rage.generation_outputs WHERE generation_id IN (SELECT generation_id FROM lost);
DELETE FROM rage.judgement_concepts WHERE judgement_id IN
    (SELECT judgement_id FROM rage.judgements WHERE root_id IN (SELECT generation_id FROM lost));
DELETE FROM rage.judgements WHERE root_id IN (SELECT generation_id FROM lost);
DELETE FROM rage.refinement_steps WHERE root_id IN (SELECT generation_id FROM lost);
DELETE FROM rage.refinements WHERE root_id IN (SELECT generation_id FROM lost);
DELETE FROM rage.generation_masks WHERE generation_id IN (SELECT generation_id FROM lost);
DELETE FROM rage.generation_partials WHERE generation_id IN (SELECT generation_id FROM lost);
DELETE FROM rage.generation_events WHERE generation_id IN (SELECT generation_id FROM lost);
DELETE FROM rage.generation_batch_items WHERE batch_id IN
    (SELECT batch_id FROM rage.generation_batches WHERE brand_id IN (SELECT brand_id FROM gone));
DELETE FROM rage.ratings WHERE generation_id IN (SELECT generation_id FROM lost);
DELETE FROM rage.collection_images AS ci USING rage.images AS i
    WHERE i.image_id = ci.image_id AND i.brand_id IN (SELECT brand_id FROM gone);
DELETE FROM rage.search_results AS r USING rage.searches AS s
    WHERE s.search_id = r.search_id AND s.brand_ids && ARRAY(SELECT brand_id FROM gone);
DELETE FROM rage.proposal_references AS r USING rage.proposals AS p
    WHERE p.proposal_id = r.proposal_id AND p.brand_ids && ARRAY(SELECT brand_id FROM gone);
DELETE FROM rage.searches WHERE brand_ids && ARRAY(SELECT brand_id FROM gone);
DELETE FROM rage.proposals WHERE brand_ids && ARRAY(SELECT brand_id FROM gone);
DELETE FROM rage.procrastinate_jobs
    WHERE (args ->> 'generation_id')::uuid IN (SELECT generation_id FROM lost);
DELETE FROM rage.prompt_vectors WHERE caller_id IN (SELECT caller_id FROM left_over);
DELETE FROM rage.page_sessions WHERE caller_id IN (SELECT caller_id FROM left_over);
DELETE FROM rage.api_keys WHERE caller_id IN (SELECT caller_id FROM left_over);
DELETE FROM rage.caller_brands WHERE caller_id IN (SELECT caller_id FROM left_over);
DELETE FROM rage.callers WHERE caller_id IN (SELECT caller_id FROM left_over);
DO $$
DECLARE belongs text;
BEGIN
    FOR belongs IN
        SELECT format('DELETE FROM rage.%I WHERE brand_id IN (SELECT brand_id FROM gone)', c.relname)
        FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        WHERE a.attname = 'brand_id' AND c.relnamespace = 'rage'::regnamespace AND c.relkind IN ('r', 'p')
    LOOP
        EXECUTE belongs;
    END LOOP;
END $$;
DELETE FROM rage.contents WHERE content_id NOT IN (SELECT content_id FROM rage.image_versions);
"""
PROPOSAL = """
WITH made AS (
    INSERT INTO rage.proposals (prompt, slots, planner, concepts, brand_ids, asked_by)
    SELECT %(text)s, 1, 'rules',
        jsonb_build_array(
            jsonb_build_object('text', %(text)s::text, 'served_by', jsonb_build_array(i.image_id))),
        ARRAY[2, i.brand_id], %(text)s
    FROM rage.images AS i WHERE i.image_id = %(image_id)s
    RETURNING proposal_id
),
filled AS (
    INSERT INTO rage.proposal_references (proposal_id, position, image_id, role, reason)
    SELECT proposal_id, 1, %(image_id)s, 'product', %(text)s FROM made
),
failed AS (
    INSERT INTO rage.failed_items (space_id, image_id, brand_id, input_sha256, reason)
    SELECT 2, d.image_id, d.brand_id, d.input_sha256, %(text)s
    FROM rage.image_documents AS d WHERE d.image_id = %(image_id)s
),
filling AS (
    INSERT INTO rage.fillers (space_id, embedded, beat_at)
    SELECT 2, d.image_id, now() + interval '1 day'
    FROM rage.image_documents AS d WHERE d.image_id = %(image_id)s
    RETURNING filler_id
),
claimed AS (
    INSERT INTO rage.embedding_claims (space_id, image_id, brand_id, filler_id)
    SELECT 2, d.image_id, d.brand_id, f.filler_id
    FROM filling AS f CROSS JOIN rage.image_documents AS d WHERE d.image_id = %(image_id)s
),
described AS (
    INSERT INTO rage.descriptions (
        brand_id, image_id, reader, content_id, objects, visible_text, language, provider, model
    )
    SELECT i.brand_id, i.image_id, 'model', i.content_id, ARRAY[%(text)s::text], %(text)s, 'en', 'x', %(text)s
    FROM rage.images AS i WHERE i.image_id = %(image_id)s
),
allowed AS (
    INSERT INTO rage.budgets (brand_id, label_name, label_value, limit_usd)
    SELECT i.brand_id, 'campaign', %(text)s, 5
    FROM rage.images AS i WHERE i.image_id = %(image_id)s
),
tried AS (
    INSERT INTO rage.caption_tries (brand_id, image_id, reader, content_id, attempts, reason, failed_at)
    SELECT i.brand_id, i.image_id, 'ocr', i.content_id, 3, %(text)s, now()
    FROM rage.images AS i WHERE i.image_id = %(image_id)s
)
SELECT proposal_id FROM made
"""


@cache
def world_on(server: str, template: str) -> World:
    """The world on a server, made once, from a migrated database."""
    full = clone(server, template)
    world = asyncio.run(_build(full))
    without = clone(server, world.full)
    operate(without, FORGET_THEIRS)
    return structs.replace(world, without=database_name(without))


@contextmanager
def opened_scene(server: str, template: str) -> Iterator[Scene]:
    """Copies of the world, and everybody's sessions, for as long as a file's tests take."""
    world = world_on(server, template)
    with ExitStack() as stack:
        stack.enter_context(logins(server))
        url = stack.enter_context(cloned(server, world.full))
        without = stack.enter_context(cloned(server, world.without))
        yield Scene(
            url=url,
            world=world,
            ours=_sessions(stack, url, world.ours, "ours"),
            theirs=_sessions(stack, url, world.theirs, "theirs"),
            alone=_sessions(stack, without, world.ours, "ours"),
            nobody=stack.enter_context(as_role(url, "rage_app")),
        )


def _sessions(stack: ExitStack, url: str, side: Side, name: str) -> Sessions:
    return Sessions(
        reader=stack.enter_context(as_role(url, f"probe_{name}")),
        asking=stack.enter_context(as_role(url, f"probe_{name}_asking")),
        service=stack.enter_context(as_role(url, "rage_app", side.caller.setting)),
    )


@asynccontextmanager
async def served(server: str, store: str) -> AsyncIterator[Client]:
    """A service on a copy of a store; its encoder and generator need no model, and no key must wait."""
    with cloned(server, store) as url:
        async with service(url, on_ready=_without_models) as client:
            client.app.state.pace.requests._per_minute = 0
            yield client


def _without_models(runtime: Runtime) -> None:
    runtime.encoders._made[usem3.NAME, None] = HashingEncoder(usem3.Usem3().identity)
    runtime.registry.generators = lambda: only(FakeGenerator())  # type: ignore[method-assign]


async def _build(url: str) -> World:
    """Fill a migrated database; the URL is its operator's."""
    async with Database(app_url(url), caller=SYSTEM) as database:
        shared = await _furnished(database, url, SHARED, "all", "harbour", "a harbour for everybody")
        ours = await _furnished(database, url, OURS, "acme", "lantern", "a lantern in the fog")
        operate(url, COUNT_FROM.format(FIRST_OF_THEIRS))
        theirs = await _furnished(database, url, THEIRS, "vfx", "quagga", "quagga at moonrise")
        lent = await images.get(
            database, await add(database, "moonstone jar", brand=THEIRS, tags=("moonstone",))
        )
        operate(url, COUNT_FROM.format(500_000))
        both_key, both = await _key(database, "both", OURS, THEIRS)
        request = _request(OURS, "all three on a shelf", ours.image.id, lent.id, shared.image.id)
        mixed = await _made(database, both, request)
        await collections.put(both, "mixed", brand=OURS, image_ids=[ours.image.id, lent.id])
        await index.fill(database, [HashingEncoder(usem3.Usem3().identity)])
    operate(url, STYLES)
    operate(url, COMMON_WORDS)
    operate(url, MASKS)
    operate(url, PARTIALS)
    for statement in REFINED:
        operate(url, statement)
    operate(url, AUDITED)
    operate(url, PAUSED)
    for name, (brand, _, scopes) in LOGINS.items():
        operate(url, GRANT, name=name, brand=brand, scopes=scopes)
    operate(url, EMBED_FOR_LOGINS)
    with psycopg.connect(url, autocommit=True) as operator:
        operator.execute("VACUUM ANALYZE")
    return World(
        full=database_name(url),
        without="",
        ours=ours,
        theirs=theirs,
        shared=shared,
        both_key=both_key,
        lent=lent,
        mixed=mixed,
    )


async def _furnished(system: Database, url: str, brand: str, prefix: str, word: str, prompt: str) -> Side:
    """A brand with one of everything."""
    make = brands.update if brand == SHARED else brands.create
    await make(
        system,
        brand,
        title=f"The {word} house",
        guidelines=f"Only {word}s for {prefix}.",
        palette=(f"#0b6e4f {word} green",),
        words_to_avoid=(f"un{word}ish",),
    )
    key, own = await _key(system, f"{prefix}-key", brand)
    said = _said(brand, prefix, word)
    old = await images.get(own, await add(own, content=png(), **said))
    content = png()
    image_id = await add(own, content=content, **said)
    twin_id = await add(own, f"{word} twin", brand=brand, content=png() if brand == SHARED else COMMON)
    style_id = await add(own, f"{word} look", brand=brand, kind="style", caption=f"{prompt}, in oil")
    draft_id = await add(own, f"{word} draft", brand=brand, state="draft")
    deleted_id = await add(own, f"{word} gone", brand=brand)
    await images.delete(own, deleted_id)
    for collection in [f"{word} picks"] + ["best"] * (brand != SHARED):
        await collections.put(own, collection, brand=brand, image_ids=[image_id, twin_id], title=f"{word}s")
    encoder = HashingEncoder(usem3.Usem3().identity)
    await index.fill(system, [encoder])
    found = await search.search(own, by(encoder), SearchRequest(prompt=prompt))
    request = _request(brand, prompt, image_id, label=(f"{prefix}label", word))
    made = await _made(system, own, request, idempotency_key=f"{prefix}-once")
    await generation.rate(own, made.id, 1, Rating(rating=-1, comment=f"no {word} at all"), by=f"{prefix}-key")
    await generation.keep(own, made.id, 1, by=f"{prefix}-key")
    queued = await _queued(own, _request(brand, prompt, image_id))
    batch = await _batch(own, brand, word, prompt, f"{prefix}-1", image_id, label=f"{prefix}label")
    session = await authentication.log_in(system, key)
    assert session is not None
    return Side(
        brand=brand,
        word=word,
        prompt=prompt,
        prompt_vector=operate(url, VECTOR, image_id=style_id),
        key=key,
        caller=own.caller,
        session=session[0],
        image=await images.get(own, image_id),
        old_sha256=old.sha256,
        content=content,
        twin_id=twin_id,
        style_id=style_id,
        draft_id=draft_id,
        deleted_id=deleted_id,
        tag=f"{word}s/striped",
        sku=f"{prefix}-1",
        external_id=f"{prefix}-ext-1",
        attribute=f"{prefix}code",
        collection=f"{word} picks",
        label=f"{prefix}label",
        idempotency_key=f"{prefix}-once",
        search_id=found.search_id,
        proposal_id=operate(url, PROPOSAL, text=f"{word}s are gone", image_id=image_id),
        made=await history.get(own, made.id),
        queued=queued,
        batch_id=batch.id,
        batched_at=batch.created_at,
    )


async def _batch(
    own: Database, brand: str, word: str, prompt: str, sku: str, image_id: int, *, label: str
) -> batches.Batch:
    """One of two items that nobody has begun."""
    reference = ReferenceRequest(image_id=image_id)
    request = batches.BatchRequest(
        name=f"{word}s are gone",
        prompt=prompt,
        brand=brand,
        skus=(sku,),
        references=((reference,),),
        labels={label: word},
    )
    batch_id = await batches.put(own, only(FakeGenerator()), request, asked_by=own.caller.name)
    return await batches.get_batch(own, batch_id)


def _said(brand: str, prefix: str, word: str) -> dict[str, Any]:
    return {
        "title": f"{word} lotion",
        "brand": brand,
        "kind": "product",
        "tags": (f"{word}s/striped",),
        "sku": (f"{prefix}-1",),
        "external_id": f"{prefix}-ext-1",
        "attributes": {f"{prefix}code": word, "price": 5},
        "caption": f"A {word} basks on a shelf.",
        "caption_language": "de" if brand == THEIRS else "en",
        "rights": f"{word}s only",
    }


async def _key(system: Database, name: str, *granted: str) -> tuple[str, Database]:
    """A key of all scopes for these brands, and the database as it sees it."""
    made = await keys.create(
        system, name, brands=granted, every_brand=False, scopes=SCOPES, expires_at=None, created_by="the test"
    )
    caller = await authentication.authenticate(system, made.text.reveal())
    assert caller is not None
    return made.text.reveal(), system.acting_for(caller)


def _request(
    brand: str, prompt: str, *image_ids: int, label: tuple[str, str] = ("season", "summer")
) -> GenerationRequest:
    references = tuple(ReferenceRequest(image_id=image_id) for image_id in image_ids)
    return GenerationRequest(prompt=prompt, brand=brand, references=references, labels=dict([label]), count=2)


async def _queued(own: Database, request: GenerationRequest, key: str | None = None) -> Generation:
    return await generation.accept(
        own,
        only(FakeGenerator()),
        request,
        defer=jobs.defer_generation,
        asked_by=own.caller.name,
        idempotency_key=key,
    )


async def _made(
    system: Database, own: Database, request: GenerationRequest, idempotency_key: str | None = None
) -> Generation:
    """What a worker makes of a request."""
    queued = await _queued(own, request, idempotency_key)
    await carry_out(system, FakeGenerator(), queued.id)
    return await history.get(own, queued.id)
