"""Probes of what is read in SQL: another brand's things are answered like things that do not exist.

With a policy off, or a function that forgets to ask who asks, the probes notice.
"""

# ruff: noqa: E501 - a probe is one line

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import pytest
from msgspec import Struct

from tests.probing import (
    TABLES,
    UNUSED_HASH,
    UNUSED_NUMBER,
    UNUSED_UUID,
    VIEWS,
    Scene,
    Side,
    World,
    answer,
    dumped,
    guessed,
    names,
    operate,
)
from tests.probing_world import opened_scene

Guess: TypeAlias = Callable[[Side], object]
FOUND = "SELECT rank, image_id, title, score, legs, strategy, matched, complete FROM rage_v1.search_images"


class Probe(Struct, frozen=True):
    """A statement about %(g)s: what one side has, or what nobody has."""

    name: str
    statement: str
    guess: Guess
    nobodys: object
    admins_only: bool = False


def seen(view: str, condition: str, guess: Guess, nobodys: object, *, admins_only: bool = False) -> Probe:
    name = f"{view}: {condition.replace('%(g)s', '?')}"
    return Probe(name, f"SELECT * FROM rage_v1.{view} WHERE {condition}", guess, nobodys, admins_only)


def searched(arguments: str, guess: Guess, nobodys: object) -> Probe:
    return Probe(f"search_images({arguments.replace('%(g)s', '?')})", f"{FOUND}({arguments})", guess, nobodys)


def filtered(arguments: str, guess: Guess, nobodys: object) -> list[Probe]:
    """A search under a filter, its report, and its facets."""
    named = arguments.replace("%(g)s", "?")
    return [
        searched(arguments, guess, nobodys),
        *(
            Probe(f"{function}({named})", f"SELECT * FROM rage_v1.{function}({arguments})", guess, nobodys)
            for function in ("search_report", "search_facets")
        ),
    ]


def image_id(side: Side) -> object:
    return side.image.id


def generation_id(side: Side) -> object:
    return side.made.id


PROBES = [
    seen("brands", "brand = %(g)s", lambda side: side.brand, "nobodyfox"),
    seen("brands", "guidelines LIKE '%%' || %(g)s || '%%'", lambda side: side.word, "quabba"),
    seen("brands", "palette = ARRAY['#0b6e4f ' || %(g)s || ' green']", lambda side: side.word, "quabba"),
    seen("brands", "'un' || %(g)s || 'ish' = ANY (words_to_avoid)", lambda side: side.word, "quabba"),
    seen("images", "image_id = %(g)s", image_id, UNUSED_NUMBER),
    seen("images", "image_id = %(g)s AND state = 'draft'", lambda side: side.draft_id, UNUSED_NUMBER),
    seen("images", "external_id = %(g)s", lambda side: side.external_id, "nob-ext-1"),
    seen("images", "brand = %(g)s", lambda side: side.brand, "nobodyfox"),
    seen("images", "%(g)s = ANY (skus)", lambda side: side.sku, "nob-1"),
    seen("images", "title = %(g)s", lambda side: side.image.title, "quabba lotion"),
    seen("images", "caption = %(g)s", lambda side: side.image.caption, "A quabba basks on a shelf."),
    seen("images", "%(g)s = ANY (tags)", lambda side: side.tag, "quabbas/striped"),
    seen("images", "attributes ? %(g)s", lambda side: side.attribute, "nobcode"),
    seen("images", "attributes @> jsonb_build_object('price', 5) AND rights = %(g)s",
         lambda side: side.image.rights, "quabbas only"),
    seen("images", "sha256 = %(g)s", lambda side: side.image.sha256, UNUSED_HASH),
    seen("image_identifiers", "external_id = %(g)s", lambda side: side.external_id, "nob-ext-1"),
    seen("image_identifiers", "image_id = %(g)s", image_id, UNUSED_NUMBER),
    seen("image_tags", "tag = %(g)s", lambda side: side.tag, "quabbas/striped"),
    seen("image_tags", "image_id = %(g)s", image_id, UNUSED_NUMBER),
    seen("image_products", "sku = %(g)s", lambda side: side.sku, "nob-1"),
    seen("image_products", "image_id = %(g)s", image_id, UNUSED_NUMBER),
    seen("collections", "collection = %(g)s", lambda side: side.collection, "quabba picks"),
    seen("collections", "%(g)s = ANY (image_ids)", image_id, UNUSED_NUMBER),
    seen("collections", "collection = 'best' AND brand = %(g)s", lambda side: side.brand, "nobodyfox"),
    seen("generations", "generation_id = %(g)s", generation_id, UNUSED_UUID),
    seen("generations", "search_id = %(g)s OR generation_id = %(g)s", lambda side: side.queued.id, UNUSED_UUID),
    seen("generations", "prompt = %(g)s", lambda side: side.prompt, "quabba at midnight"),
    seen("generations", "labels ? %(g)s", lambda side: side.label, "noblabel"),
    seen("generations", "asked_by = %(g)s", lambda side: side.caller.name, "nob-key"),
    seen("generation_batches", "batch_id = %(g)s", lambda side: side.batch_id, UNUSED_UUID),
    seen("generation_batches", "name = %(g)s", lambda side: f"{side.word}s are gone", "quabbas are gone"),
    seen("generation_batch_items", "batch_id = %(g)s", lambda side: side.batch_id, UNUSED_UUID),
    seen("generation_batch_items", "key = 'sku=' || %(g)s", lambda side: side.sku, "nob-1"),
    seen("refinements", "root_id = %(g)s", generation_id, UNUSED_UUID),
    seen("refinements", "prompt = %(g)s", lambda side: side.prompt, "quabba at midnight"),
    seen("refinement_steps", "root_id = %(g)s", generation_id, UNUSED_UUID),
    seen("judgements", "generation_id = %(g)s", generation_id, UNUSED_UUID),
    seen("judgements", "detail = %(g)s", lambda side: side.prompt, "quabba at midnight"),
    seen("judgement_concepts", "root_id = %(g)s", generation_id, UNUSED_UUID),
    seen("judgement_concepts", "caption = %(g)s", lambda side: side.prompt, "quabba at midnight"),
    seen("judgement_concepts", "image_id = %(g)s", image_id, UNUSED_NUMBER),
    seen("generation_references", "generation_id = %(g)s", generation_id, UNUSED_UUID),
    seen("generation_references", "image_id = %(g)s", image_id, UNUSED_NUMBER),
    seen("generation_references", "sha256 = %(g)s", lambda side: side.image.sha256, UNUSED_HASH),
    seen("generation_outputs", "generation_id = %(g)s", generation_id, UNUSED_UUID),
    seen("generation_outputs", "sha256 = %(g)s", lambda side: side.made.outputs[0].sha256, UNUSED_HASH),
    seen("generation_outputs", "kept_by = %(g)s", lambda side: side.caller.name, "nob-key"),
    seen("lineage", "source_image_id = %(g)s", image_id, UNUSED_NUMBER),
    seen("lineage", "generation_id = %(g)s", generation_id, UNUSED_UUID),
    seen("ratings", "generation_id = %(g)s", generation_id, UNUSED_UUID),
    seen("ratings", "comment = %(g)s", lambda side: f"no {side.word} at all", "no quabba at all"),
    seen("paid_calls", "generation_id = %(g)s", generation_id, UNUSED_UUID),
    seen("paid_calls", "brand = %(g)s", lambda side: side.brand, "nobodyfox"),
    seen("daily_usage", "brand = %(g)s", lambda side: side.brand, "nobodyfox"),
    seen("generation_results", "generation_id = %(g)s", generation_id, UNUSED_UUID),
    seen("image_usage", "image_id = %(g)s", image_id, UNUSED_NUMBER),
    seen("tag_usage", "tag = %(g)s", lambda side: side.tag, "quabbas/striped"),
    seen("budgets", "label_value = %(g)s", lambda side: f"{side.word}s are gone", "quabbas are gone"),
    seen("search_log", "search_id = %(g)s", lambda side: side.search_id, UNUSED_UUID),
    seen("search_log", "prompt = %(g)s", lambda side: side.prompt, "quabba at midnight"),
    seen("proposals", "proposal_id = %(g)s", lambda side: side.proposal_id, UNUSED_UUID),
    seen("proposals", "prompt LIKE '%%' || %(g)s || '%%'", lambda side: side.word, "quabba"),
    seen("failed_items", "image_id = %(g)s", image_id, UNUSED_NUMBER),
    seen("failed_items", "reason = %(g)s", lambda side: f"{side.word}s are gone", "quabbas are gone"),
    seen("failed_items", "space = 'captions' AND image_id = %(g)s", image_id, UNUSED_NUMBER),
    seen("captions", "image_id = %(g)s", image_id, UNUSED_NUMBER),
    seen("captions", "caption = %(g)s", lambda side: f"A {side.word} basks on a shelf.", "A quabba basks on a shelf."),
    seen("descriptions", "image_id = %(g)s", image_id, UNUSED_NUMBER),
    seen("descriptions", "visible_text = %(g)s", lambda side: f"{side.word}s are gone", "quabbas are gone"),
    seen("descriptions", "sha256 = %(g)s", lambda side: side.image.sha256, UNUSED_HASH),
    seen("index_status", "embedded + missing > 0 AND EXISTS (SELECT FROM rage_v1.images WHERE image_id = %(g)s)",
         image_id, UNUSED_NUMBER),
    seen("audit_log", "object_id = %(g)s", lambda side: str(side.image.id), str(UNUSED_NUMBER), admins_only=True),
    seen("audit_log", "actor = 'key:' || %(g)s", lambda side: side.caller.name, "nob-key", admins_only=True),
    seen("audit_log", "brand = %(g)s", lambda side: side.brand, "nobodyfox", admins_only=True),
    searched("%(g)s", lambda side: side.word, "quabba"),
    searched("'lotion ' || %(g)s, min_relevance => 0.1", lambda side: side.word, "quabba"),
    searched("%(g)s, legs => '{\"caption\": 1}'", lambda side: side.prompt, "quabba at midnight"),
    searched("%(g)s, legs => '{\"style\": 1}'", lambda side: side.prompt, "quabba at midnight"),
    *filtered("'x', brands => ARRAY[%(g)s]", lambda side: side.brand, "nobodyfox"),
    *filtered("'x', skus => ARRAY[%(g)s]", lambda side: side.sku, "nob-1"),
    *filtered("'x', tags_all => ARRAY[%(g)s]", lambda side: side.tag, "quabbas/striped"),
    *filtered("'x', tags_any => ARRAY['light', %(g)s]", lambda side: f"{side.word}s", "quabbas"),
    *filtered("'x', tags_none => ARRAY[%(g)s]", lambda side: side.tag, "quabbas/striped"),
    *filtered("'x', collections => ARRAY[%(g)s]", lambda side: side.collection, "quabba picks"),
    *filtered("'x', attributes => jsonb_build_object(%(g)s::text, jsonb_build_object('gte', ''))",
              lambda side: side.attribute, "nobcode"),
    *filtered("'x', among => ARRAY[%(g)s]::bigint[]", image_id, UNUSED_NUMBER),
    *filtered("'x', among => ARRAY[%(g)s]::bigint[], states => '{draft}'", lambda side: side.draft_id, UNUSED_NUMBER),
    Probe("search_statement(brands, tags)", "SELECT rage_v1.search_statement('x', brands => ARRAY[%(g)s], tags_all => ARRAY[%(g)s])",
          lambda side: side.brand, "nobodyfox"),
    Probe("look_alikes", "SELECT * FROM rage_v1.look_alikes(%(g)s)", image_id, UNUSED_NUMBER),
    *(Probe(f"similar_images({by})", f"SELECT * FROM rage_v1.similar_images(%(g)s, '{by}')", image_id, UNUSED_NUMBER)
      for by in ("caption", "style")),
    Probe("search_statement(words)", "SELECT rage_v1.search_statement('lotion ' || %(g)s)",
          lambda side: side.word, "quabba"),
    Probe("search_statement(sku)", "SELECT rage_v1.search_statement('lotion ' || %(g)s) LIKE '%%\"skus\": []%%'",
          lambda side: side.sku, "nob-1"),
    Probe("search_statement(tag)", "SELECT rage_v1.search_statement(%(g)s) LIKE '%%\"tags\": []%%'",
          lambda side: side.tag, "quabbas/striped"),
    searched("'lotion -' || %(g)s", lambda side: side.word, "quabba"),
    Probe("prompt_vector", "SELECT rage_v1.prompt_vector(%(g)s, 'usem3')",
          lambda side: side.prompt, "quabba at midnight"),
]  # fmt: skip

UNGUESSED = (
    *(f"{FOUND}({arguments})" for arguments in (
        "'lotion'", "'lotion lantern look twin draft'", "'harbour scene', k => 3",
        "'x', states => '{draft,approved,retired}'", "'x', tags_none => '{quaggas,moonstone}'",
        "'x', origins => '{generated}', states => '{draft}'", "'a lantern in the fog'",
        "'a lantern in the fog', legs => '{\"style\": 1, \"caption\": 0.5}'",
        "'lotion', vectors => jsonb_build_object('caption', (SELECT array_agg(sin(n)) FROM generate_series(1, 512) AS n))",
        "'lotion', legs => '{\"style\": 1}', vectors => jsonb_build_object("
        "'style', (SELECT array_agg(cos(n)) FROM generate_series(1, 100) AS n))",
        "'lotion', min_width => 1, updated_after => '2001-01-01'",
    )),
    "SELECT * FROM rage_v1.search_report('lotion')",
    "SELECT * FROM rage_v1.index_audits",
    "SELECT * FROM rage_v1.prices",
    "SELECT * FROM rage_v1.search_facets('lotion')",
    "SELECT * FROM rage_v1.search_facets('quagga lotion', states => '{draft,approved}', min_relevance => 0.2)",
    "SELECT rage_v1.search_statement('lotion quagga moonrise velvetfox')",
    "SELECT rage_v1.search_statement('lantern -lotions')",
    *(f"SELECT * FROM rage_v1.similar_images(#our image#, '{by}')" for by in ("caption", "style")),
    "SELECT * FROM rage_v1.look_alikes(#our image#)",
    "SELECT * FROM rage_v1.duplicates()",
    "SELECT rage_v1.prompt_vector('a lantern in the fog', 'usem3')",
    f"{FOUND}('lotion', legs => '{{\"style\": 1, \"caption\": 1}}', vectors => '{{\"caption\": #their vector#}}')",
)  # fmt: skip
"""Answered alike whether there is another brand or not, to the last digit of a score."""

OF_THE_SERVICE = (
    [
        f"SELECT * FROM rage.list_images('{{}}', {words}, '{sort}', NULL, NULL, 200)"
        for words in ("NULL", "'lotion'", "'quagga'")
        for sort in ("-created_at", "title", "id", "updated_at")
    ]
    + [
        f"SELECT * FROM rage.facets('{filters}', {words})"
        for filters in ("{}", '{"brand": ["velvetfox", "acme"]}', '{"tags_all": ["quaggas"]}')
        for words in ("NULL", "'lotion | quagga'")
    ]
    + [
        f"SELECT image_id, chosen, title, tags, hash, strategy FROM rage.serving('{prompt}', '{things}', '{{}}', '{{}}', '{{}}')"
        for prompt in ("a lotion", "quagga at moonrise")
        for things in (
            '[{"text": "lotion", "words": ["lotion", "cream"]}]',
            '[{"text": "quagga", "words": ["quagga", "quaggas", "velvetfox"]}]',
        )
    ]
    + ["SELECT rage.middle()::text WHERE rage.middle() IS NOT NULL"]
)

GUARDED = (
    "api_keys", "audit_log", "brands", "budgets", "caller_brands", "callers", "caption_tries", "captions", "collection_images", "collections",
    "common_words", "contents", "descriptions", "embedding_claims", "embeddings", "failed_items", "fillers", "generation_batch_items", "generation_batches", "generation_events", "generation_masks", "generation_outputs", "generation_partials", "generation_references",
    "index_audits", "judgement_concepts", "judgements", "refinement_steps", "refinements",
    "generations", "image_documents", "image_identifiers", "image_products", "image_tags", "image_versions",
    "images", "page_sessions", "paid_calls", "picture_hashes", "procrastinate_events", "procrastinate_jobs", "prompt_vectors", "proposal_references", "proposals", "provider_pauses", "ratings",
    "search_results", "searches", "tags", "text_configurations",
)  # fmt: skip
"""Every table with rows of a brand."""

SHOWN = frozenset({
    "brands", "budgets", "generation_outputs", "generation_references", "generations", "images", "proposals",
    "ratings", "searches",
})  # fmt: skip
"""Those whose rows a view shows by themselves; of the others it shows what it joins to one of these."""

LAPSES = [
    ("brand_limit", "CASE WHEN NOT rage.sees_every_brand() THEN rage.allowed_brands() END", "NULL"),
    ("sees_every_brand", "asking IS NULL", "true"),
    ("allowed_brands", "asking IS NULL", "true"),
    ("is_operator", "r.rolname = session_user", "r.rolsuper"),
    ("caller_id", "RETURN nobody", "RETURN NULL"),
    ("stored_prompt_vector", "v.caller_id = rage.caller_id()", "true"),
    ("documents_with", "CASE WHEN allowed IS NULL THEN ''", "CASE WHEN true THEN ''"),
    ("documents_with", "w.brand_id = ANY (allowed)", "true"),
    ("documents_of", "(documents_of.allowed IS NULL)", "(true)"),
    ("named_skus", "allowed IS NULL OR", "true OR"),
    ("prompt_configurations", "prompt_configurations.allowed IS NULL", "true"),
    ("style_named_by", "$2 IS NULL OR", "true OR"),
    ("filter_clauses", "i.brand_id = ANY ($3)", "$3 IS NOT NULL"),
    ("facets", "rage.brand_limit()", "NULL::integer[]"),
    ("list_images", "rage.brand_limit()", "NULL::integer[]"),
    ("prepare_search", "rage.brand_limit()", "NULL::integer[]"),
    ("resolved", "allowed IS NULL OR", "true OR"),
    ("nearest", "rage.brand_limit()", "NULL::integer[]"),
    ("serving", "rage.brand_limit()", "NULL::integer[]"),
    ("middle", "rage.brand_limit()", "NULL::integer[]"),
    ("nearest", "allowed IS NULL OR", "true OR"),
]
"""Functions, what guards them, and what a careless change makes of it."""

OPEN_TABLES = frozenset(
    {"alembic_version", "job_schema_changes", "embedding_spaces", "search_legs", "prices"}
)
"""They say nothing of any brand."""

WITH_POLICIES = """
SELECT relname FROM pg_class
WHERE relrowsecurity AND NOT relispartition AND relnamespace = 'rage'::regnamespace ORDER BY relname
"""


@pytest.fixture(scope="module")
def scene(server_18: str, template: str) -> Iterator[Scene]:
    with opened_scene(server_18, template) as opened:
        yield opened


def unguessed(world: World) -> list[str]:
    known = {"#their vector#": world.theirs.prompt_vector, "#our image#": str(world.ours.image.id)}
    return [re.sub("#[a-z ]+#", lambda name: known[name[0]], statement) for statement in UNGUESSED]


def told_of_theirs(scene: Scene, probe: Probe, asker: str) -> list[str]:
    """What a probe brings to light, asked by us: nothing, if all is well."""
    session, guess = scene.ours.of(asker), probe.guess(scene.world.theirs)
    real, unknown = guessed(session, probe.statement, guess), guessed(session, probe.statement, probe.nobodys)
    return [*(["another answer"] if real != unknown else []), *scene.world.told(real, [guess])]


@pytest.mark.parametrize("asker", ["reader", "asking", "service"])
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_what_is_theirs_is_answered_like_what_does_not_exist(scene: Scene, probe: Probe, asker: str) -> None:
    assert told_of_theirs(scene, probe, asker) == []
    if asker != "reader" or not probe.admins_only:
        session = scene.theirs.of(asker)
        theirs = guessed(session, probe.statement, probe.guess(scene.world.theirs))
        assert theirs != guessed(session, probe.statement, probe.nobodys), "its owner is told nothing either"


@pytest.mark.parametrize("asker", ["reader", "asking", "service"])
def test_views_show_us_the_same_whether_they_exist_or_not(scene: Scene, asker: str) -> None:
    for view in names(scene.url, VIEWS):
        shown = dumped(scene.ours.of(asker), f"rage_v1.{view}")
        assert scene.world.told(shown) == [], view
        assert shown == dumped(scene.alone.of(asker), f"rage_v1.{view}"), view
        if view not in ("index_status", "index_audits", "prices") and (view, asker) != (
            "audit_log",
            "reader",
        ):
            assert scene.world.told(dumped(scene.theirs.of(asker), f"rage_v1.{view}")), view


@pytest.mark.parametrize("asker", ["reader", "asking", "service"])
@pytest.mark.parametrize("place", range(len(UNGUESSED)))
def test_searches_answer_us_the_same_whether_they_exist_or_not(scene: Scene, place: int, asker: str) -> None:
    statement = unguessed(scene.world)[place]
    answered = answer(scene.ours.of(asker), statement)
    assert answered.startswith("SELECT"), answered
    assert answered == answer(scene.alone.of(asker), statement)


@pytest.mark.parametrize("statement", OF_THE_SERVICE)
def test_lists_and_facets_answer_us_the_same_whether_they_exist_or_not(scene: Scene, statement: str) -> None:
    answered = answer(scene.ours.service, statement)
    assert answered.startswith("SELECT"), answered
    assert answered == answer(scene.alone.service, statement)


def test_every_view_table_and_function_is_probed(scene: Scene) -> None:
    assert {*GUARDED, *OPEN_TABLES} >= set(names(scene.url, WITH_POLICIES))
    text = " ".join([*(probe.statement for probe in PROBES), *UNGUESSED])
    functions = "SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'rage_v1'::regnamespace"
    apart = {"contract_version", "request_prompt_vector"}
    for name in [*names(scene.url, VIEWS), *(set(names(scene.url, functions)) - apart)]:
        assert f"rage_v1.{name}" in text, name


def rows_of_theirs(scene: Scene, tables: Iterable[str]) -> dict[str, list[str]]:
    """What the service, for us, reads of theirs in each table."""
    read = {table: dumped(scene.ours.service, f"rage.{table}") for table in tables}
    # What went to the provider names the picture that they lent; whoever reads a generation is not shown it.
    read |= {name: text.replace("moonstone jar", "") for name, text in read.items() if name == "generations"}
    return {table: told for table, text in read.items() if (told := scene.world.told(text))}


def test_service_reads_no_row_of_theirs(scene: Scene) -> None:
    assert rows_of_theirs(scene, names(scene.url, TABLES)) == {}


def test_service_reads_nothing_for_nobody(scene: Scene) -> None:
    relations = [f"rage.{table}" for table in names(scene.url, TABLES) if table not in OPEN_TABLES]
    relations += [
        f"rage_v1.{view}" for view in names(scene.url, VIEWS) if view not in ("index_status", "prices")
    ]
    statements = [f"SELECT * FROM {name}" for name in relations]
    statements += [f"SELECT * FROM rage_v1.search_{name}('lotion')" for name in ("images", "facets")]
    statements += OF_THE_SERVICE
    read = {statement: answer(scene.nobody, statement) for statement in statements}
    assert {statement: told for statement, told in read.items() if told != "SELECT 0"} == {}


@pytest.mark.parametrize("table", GUARDED)
def test_probes_notice_a_table_without_its_policies(scene: Scene, table: str) -> None:
    operate(scene.url, f"ALTER TABLE rage.{table} DISABLE ROW LEVEL SECURITY")
    try:
        noticed = table in rows_of_theirs(scene, [table])
        shown = [view for view in names(scene.url, VIEWS) if interferes(scene, "reader", view)]
    finally:
        operate(scene.url, f"ALTER TABLE rage.{table} ENABLE ROW LEVEL SECURITY")
    assert noticed
    assert shown or table not in SHOWN, "no view of a reader is probed for it"


@pytest.mark.parametrize(("function", "guard", "lapse"), LAPSES)
def test_probes_notice_a_function_that_forgets_the_caller(
    scene: Scene, function: str, guard: str, lapse: str
) -> None:
    definition: str = operate(
        scene.url, "SELECT pg_get_functiondef(%(name)s::regproc)", name=f"rage.{function}"
    )
    assert guard in definition
    operate(scene.url, f"SET search_path = rage; {definition.replace(guard, lapse)}")
    try:
        assert next(findings(scene), None) is not None
    finally:
        operate(scene.url, f"SET search_path = rage; {definition}")
    assert next(findings(scene), None) is None


def interferes(scene: Scene, asker: str, view: str) -> bool:
    """Whether a view shows us anything else than it did if they had never been."""
    relation = f"rage_v1.{view}"
    return dumped(scene.ours.of(asker), relation) != dumped(scene.alone.of(asker), relation)


def findings(scene: Scene) -> Iterator[str]:
    """What the probes of what we read bring to light."""
    yield from (view for view in names(scene.url, VIEWS) if interferes(scene, "reader", view))
    if answer(scene.nobody, "SELECT * FROM rage_v1.images") != "SELECT 0":
        yield "images as nobody"
    for statement in (*unguessed(scene.world), *OF_THE_SERVICE):
        if answer(scene.ours.service, statement) != answer(scene.alone.service, statement):
            yield statement
    for probe in PROBES:
        yield from told_of_theirs(scene, probe, "reader")
