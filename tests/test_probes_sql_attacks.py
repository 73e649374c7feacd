"""Probes by a hostile login: spoofed settings, other roles, names of its own, leaking functions, injections."""

# ruff: noqa: E501 - a probe is one line

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.probing import (
    UNUSED_NUMBER,
    Scene,
    answer,
    as_role,
    dumped,
    guessed,
    names,
    operate,
)
from tests.probing_world import opened_scene

DOCS = Path(__file__).parents[1] / "docs" / "security.md"
CATALOGUES = """
SELECT format('%I.%I', n.nspname, c.relname)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'v')
ORDER BY 1
"""
SEARCH = "SELECT image_id, title, score, legs, strategy, matched FROM rage_v1.search_images('lotion lantern')"

SPOOFS = (
    "SET rage.caller = 'system'",
    "SET rage.caller = '#theirs#'",
    "SET rage.caller = ''",
    "SET rage.caller = 'robert''); DROP TABLE rage.images; --'",
    "SET rage.caller = '00000000-0000-0000-0000-000000000000'",
    "SELECT set_config('rage.caller', 'system', true), set_config('rage.caller', 'system', false)",
    "SET \"rage.caller\" = 'system'",
    "SET rage.brands = '{1,2,3,777000100}'",
    "SET row_security = on",
    "SET ROLE rage_owner",
    "SET ROLE rage_app",
    "SET ROLE postgres",
    "SET ROLE rage_reader",
    "SET ROLE probe_theirs",
    "SET SESSION AUTHORIZATION postgres",
    "SET SESSION AUTHORIZATION rage_app",
    "SET SESSION AUTHORIZATION probe_theirs",
    "ALTER ROLE CURRENT_USER SET rage.caller = 'system'",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    "ALTER ROLE probe_ours RENAME TO probe_theirs_2",
    "GRANT rage_app TO CURRENT_USER",
    "GRANT rage_owner TO CURRENT_USER",
    "CREATE ROLE probe_made LOGIN IN ROLE rage_owner",
    "SET default_transaction_read_only = off",
    "SET search_path = rage, rage_v1",
    "SET plan_cache_mode = force_generic_plan",
    "SET enable_seqscan = off",
    "SET session_replication_role = replica",
    "SET lo_compat_privileges = on",
)
"""What a login may try to be taken for somebody else; it sees the same as before, whatever was answered."""

REFUSED = (
    "SELECT * FROM rage.images",
    "TABLE rage.callers",
    "SELECT count(*) FROM rage.api_keys",
    "SELECT 1 FROM rage.page_sessions",
    "SELECT embedding FROM rage.embeddings",
    "SELECT * FROM rage.embeddings_1",
    "SELECT * FROM rage.procrastinate_jobs",
    "SELECT bytes FROM rage.contents",
    "SELECT prompt FROM rage.prompt_vectors",
    "SELECT rage.is_operator()",
    "SELECT rage.allowed_brands()",
    "SELECT rage.search('x', 5, '{}', NULL, NULL, NULL, 0)",
    "SELECT rage.list_images('{}', NULL, 'id', NULL, NULL, 5)",
    "SELECT rage.facets('{}', NULL)",
    "SELECT rage.erase_contents(1)",
    "SELECT rage.store_contents('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')",
    "SELECT rage.procrastinate_defer_jobs_v1('{}')",
    "SELECT nextval('rage.images_image_id_seq')",
    "SELECT last_value FROM rage.images_image_id_seq",
    "COPY rage.images TO STDOUT",
    "COPY rage_v1.images TO STDOUT",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/probe'",
    "SELECT query_to_xml('SELECT * FROM rage.images', true, true, '')",
    "SELECT table_to_xml(c.oid, true, true, '') FROM pg_class AS c WHERE c.relname = 'api_keys'",
    "SELECT schema_to_xml('rage', true, true, '')",
    "SELECT * FROM ts_stat('SELECT words FROM rage.image_documents')",
    "SELECT rage_v1.images FROM rage.images AS i, rage_v1.images",
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT lo_import('/etc/hostname')",
    "SELECT * FROM pg_statistic",
    "SELECT * FROM pg_authid",
    "SELECT pg_get_shmem_allocations()",
    "INSERT INTO rage_v1.ratings (generation_id, position, rating) SELECT generation_id, 1, 1 FROM rage_v1.generations",
    "UPDATE rage_v1.ratings SET comment = 'x'",
    "DELETE FROM rage_v1.ratings",
    "DELETE FROM rage_v1.generation_references",
    "UPDATE rage_v1.search_log SET prompt = 'x'",
    "UPDATE rage_v1.brands SET guidelines = 'x'",
    "ALTER TABLE rage_v1.images OWNER TO CURRENT_USER",
    "TRUNCATE rage_v1.images",
    "CREATE TABLE rage.mine (a int)",
    "CREATE TABLE rage_v1.mine (a int)",
    "CREATE OR REPLACE VIEW rage_v1.images AS SELECT 1 AS image_id",
    "CREATE FUNCTION rage_v1.mine() RETURNS int LANGUAGE sql RETURN 1",
    "CREATE SCHEMA evil",
    "DROP VIEW rage_v1.images",
    "ALTER VIEW rage_v1.images SET (security_invoker = false)",
    "ALTER TABLE rage.images DISABLE ROW LEVEL SECURITY",
    "CREATE POLICY mine ON rage.images USING (true)",
    "CREATE TRIGGER mine BEFORE INSERT ON rage.images EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE STATISTICS mine ON title, kind FROM rage.images",
    "CREATE INDEX mine ON rage.images (title)",
    "ANALYZE rage.images; SELECT * FROM rage.images",
    "COMMENT ON VIEW rage_v1.images IS 'x'",
    "SELECT 1 FROM rage_v1.images FOR UPDATE",
    "CREATE TEMP TABLE mine (id bigint REFERENCES rage.images)",
    "CREATE TEMP TABLE mine () INHERITS (rage.images)",
    "CREATE TEMP TABLE mine (LIKE rage.api_keys)",
    "CREATE EXTENSION dblink",
    "CREATE SERVER mine FOREIGN DATA WRAPPER postgres_fdw",
    "CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "ALTER SYSTEM SET log_statement = 'all'",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user",
    "SELECT pg_reload_conf()",
    "LOAD 'auto_explain'",
)
"""What no reader may do, whatever brand."""

LEAK = """
CREATE FUNCTION pg_temp.leak(value anyelement) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
    RAISE NOTICE 'leaked %', value;
    RETURN true;
END $$
"""
LEAKY = (
    "SELECT count(*) FROM rage_v1.images WHERE pg_temp.leak(title)",
    "SELECT count(*) FROM rage_v1.images WHERE pg_temp.leak(caption)",
    "SELECT count(*) FROM rage_v1.images WHERE pg_temp.leak(attributes)",
    "SELECT count(*) FROM rage_v1.images WHERE pg_temp.leak(tags) AND pg_temp.leak(sha256)",
    "SELECT count(*) FROM rage_v1.images AS i JOIN rage_v1.generations AS g ON pg_temp.leak(g.prompt || i.title)",
    "SELECT count(*) FROM rage_v1.brands WHERE pg_temp.leak(guidelines)",
    "SELECT count(*) FROM rage_v1.brands WHERE pg_temp.leak(palette) AND pg_temp.leak(words_to_avoid)",
    "SELECT count(*) FROM rage_v1.image_tags WHERE pg_temp.leak(tag)",
    "SELECT count(*) FROM rage_v1.image_products WHERE pg_temp.leak(sku)",
    "SELECT count(*) FROM rage_v1.image_identifiers WHERE pg_temp.leak(external_id)",
    "SELECT count(*) FROM rage_v1.collections WHERE pg_temp.leak(collection)",
    "SELECT count(*) FROM rage_v1.generations WHERE pg_temp.leak(prompt) AND pg_temp.leak(labels)",
    "SELECT count(*) FROM rage_v1.generations WHERE pg_temp.leak(prompt_sent)",
    "SELECT count(*) FROM rage_v1.ratings WHERE pg_temp.leak(comment)",
    "SELECT count(*) FROM rage_v1.search_log WHERE pg_temp.leak(prompt)",
    "SELECT count(*) FROM rage_v1.failed_items WHERE pg_temp.leak(reason)",
    "SELECT count(*) FROM rage_v1.audit_log WHERE pg_temp.leak(actor)",
    "SELECT count(*) FROM rage_v1.lineage WHERE pg_temp.leak(source_image_id)",
    "SELECT count(*) FROM rage_v1.search_images('lotion') WHERE pg_temp.leak(title)",
)
ERRORS = (
    "SELECT 1 / (image_id - %(g)s) FROM rage_v1.images",
    "SELECT count(*) FROM rage_v1.images WHERE 1 / (image_id - %(g)s) <> 5",
    "SELECT count(*) FROM rage_v1.images WHERE image_id = %(g)s AND title::int = 5",
    "SELECT (CASE WHEN image_id = %(g)s THEN title ELSE '1' END)::int FROM rage_v1.images",
    "SELECT sum(1 / (image_id - %(g)s)) FROM rage_v1.generation_references",
    "SELECT count(*) FROM rage_v1.lineage WHERE 1 / (source_image_id - %(g)s) <> 5",
    "SELECT count(*) FROM rage_v1.failed_items WHERE 1 / (image_id - %(g)s) <> 5",
    "SELECT count(*) FROM rage_v1.image_products WHERE 1 / (image_id - %(g)s) <> 5",
)
HOSTILE = (
    "'", "''", "' OR true --", "'); DROP TABLE rage.images; --", "\\", "\\'; SELECT 1; --", "$1", "$3", "$8", "$$",
    "%", "%s", "%%", "%1$L", "--", "/*", "*/", ";", '"', '"; DROP SCHEMA rage CASCADE; --', "E'\\x27'", "\u2019 OR 1=1",
    "\u02bc", "\uff07; --", "{a,b}", "NULL", "' | 'quagga", "' <-> '", "quagga:*", "a\nb", "\u202e", "\x01",
)  # fmt: skip
TEXTS = {
    "prompt": "%s", "brands": "'x', brands => ARRAY[%s]", "skus": "'x', skus => ARRAY[%s]",
    "kinds": "'x', kinds => ARRAY[%s]", "states": "'x', states => ARRAY[%s]",
    "tags_all": "'x', tags_all => ARRAY[%s]", "tags_any": "'x', tags_any => ARRAY[%s]",
    "tags_none": "'x', tags_none => ARRAY[%s]", "collections": "'x', collections => ARRAY[%s]",
    "origins": "'x', origins => ARRAY[%s]", "attribute": "'x', attributes => jsonb_build_object(%s::text, 1)",
    "value": "'x', attributes => jsonb_build_object('a', %s::text)",
    "values": "'x', attributes => jsonb_build_object(%s::text, jsonb_build_array(1, %s::text))",
    "bound": "'x', attributes => jsonb_build_object(%s::text, jsonb_build_object('gte', %s::text))",
    "number": "'x', attributes => jsonb_build_object(%s::text, jsonb_build_object('lt', 5))",
    "nothing": "'x', attributes => jsonb_build_object(%s::text, NULL)",
}  # fmt: skip


@pytest.fixture(scope="module")
def scene(server_18: str, template: str) -> Iterator[Scene]:
    with opened_scene(server_18, template) as opened:
        yield opened


@pytest.fixture
def hostile(scene: Scene) -> Iterator[psycopg.Connection]:
    """A new session of our reader."""
    with as_role(scene.url, "probe_ours") as connection:
        yield connection


@pytest.mark.parametrize("asker", ["reader", "asking"])
@pytest.mark.parametrize("spoof", SPOOFS)
def test_a_login_sees_no_more_whatever_it_says_it_is(scene: Scene, spoof: str, asker: str) -> None:
    session = scene.ours.of(asker)
    before = seen_by(session)
    try:
        answer(session, spoof.replace("#theirs#", scene.world.theirs.caller.setting))
        after = seen_by(session)
    finally:
        session.execute("RESET ROLE")
        session.execute("RESET SESSION AUTHORIZATION")
        session.execute("RESET ALL")
        operate(scene.url, "ALTER ROLE probe_ours RESET ALL; ALTER ROLE probe_ours_asking RESET ALL")
    # As a role that owns nothing here, a session sees nothing at all.
    assert after == before or all(text.startswith("42501") for text in after)


def seen_by(session: psycopg.Connection) -> list[str]:
    return [dumped(session, "rage_v1.images"), dumped(session, "rage_v1.brands"), answer(session, SEARCH)]


def test_row_security_cannot_be_switched_off(scene: Scene, hostile: psycopg.Connection) -> None:
    hostile.execute("SET row_security = off")
    assert answer(hostile, "SELECT * FROM rage_v1.images").startswith("42501")


@pytest.mark.parametrize("statement", REFUSED)
def test_a_reader_is_refused(scene: Scene, hostile: psycopg.Connection, statement: str) -> None:
    told = answer(hostile, statement)
    assert told[:5] in {"42501", "42809", "0A000", "55000"} or "not exist" in told, told
    assert scene.world.told(told) == []


def test_no_catalogue_of_the_server_tells(scene: Scene, hostile: psycopg.Connection) -> None:
    relations = names(scene.url, CATALOGUES)
    read = {name: answer(hostile, f"SELECT * FROM {name}") for name in relations}
    assert {name: told for name, text in read.items() if (told := scene.world.told(text))} == {}
    with psycopg.connect(scene.url) as operator:
        assert scene.world.told(answer(operator, "SELECT * FROM pg_stats")), (
            "the operator is told nothing either"
        )


@pytest.mark.parametrize("statement", LEAKY)
def test_leaking_functions_see_no_row_of_theirs(scene: Scene, statement: str) -> None:
    with as_role(scene.url, "probe_ours_asking") as session:
        session.execute(LEAK)
        told = answer(session, statement)
    assert "leaked" in told
    assert scene.world.told(told) == []


@pytest.mark.parametrize("statement", ERRORS)
def test_errors_do_not_tell_of_rows_of_theirs(scene: Scene, statement: str) -> None:
    guess = scene.world.theirs.image.id
    assert guessed(scene.ours.reader, statement, guess) == guessed(
        scene.ours.reader, statement, UNUSED_NUMBER
    )
    theirs = guessed(scene.theirs.reader, statement, guess)
    assert theirs != guessed(scene.theirs.reader, statement, UNUSED_NUMBER)


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_of_searches_are_never_read_as_sql(scene: Scene, text: str) -> None:
    for name, arguments in TEXTS.items():
        given = arguments.replace("%s", "%(t)s")
        told = answer(scene.ours.reader, f"SELECT * FROM rage_v1.search_images({given})", {"t": text})
        assert told.startswith(("SELECT", "22023")), (name, told)
        assert scene.world.told(told, [text]) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_the_text_of_a_search_is_the_search(scene: Scene, text: str) -> None:
    """An operator explains what a login had made: it must not hold the login's own SQL."""
    with psycopg.connect(scene.url, autocommit=True) as operator:
        for name, arguments in TEXTS.items():
            given = arguments.replace("%s", "%(t)s")
            values = {"t": text}
            made = scene.ours.reader.execute(f"SELECT rage_v1.search_statement({given})".encode(), values)
            (statement,) = made.fetchone() or ("",)
            found = scene.ours.reader.execute(
                f"SELECT image_id FROM rage_v1.search_images({given})".encode(), values
            )
            again = operator.execute(f"SELECT image_id FROM ({statement}) AS again".encode())
            assert again.fetchall() == found.fetchall(), name


def test_explain_tells_a_login_that_its_guess_is_right_and_the_docs_say_so(scene: Scene) -> None:
    """A limit of Postgres: it explains to whoever asks which parts of a plan met a row, policies or not."""
    statement = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT * FROM rage_v1.image_products WHERE sku = %(g)s"
    met = guessed(scene.ours.reader, statement, scene.world.theirs.sku)
    assert met != guessed(scene.ours.reader, statement, "nob-1")
    assert scene.world.told(met) == []
    assert "EXPLAIN" in DOCS.read_text(encoding="utf-8")
