"""Probes by names of a login's own: what it makes is not called by functions that run as the owner."""

# ruff: noqa: E501 - a probe is one line

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from rage_pg import migrate
from rage_pg.access.logins import grant_sql
from rage_pg.errors import InvalidInput, SetupError
from tests.probing import VIEWS, Scene, answer, as_role, cloned, names, operate
from tests.probing_world import opened_scene

SEARCH = "SELECT image_id, title, score, legs, strategy, matched FROM rage_v1.search_images('lotion lantern')"
SHADOWS = """
CREATE SCHEMA evil AUTHORIZATION probe_ours;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE probe_ours GRANT ALL ON TABLES TO PUBLIC;
"""
OF_THE_ATTACKER = (
    "CREATE TABLE #schema#.brands AS SELECT n AS brand_id, 'acme' AS name, 'acme' AS key, true AS reserved"
    " FROM generate_series(777000000, 777000200) AS n",
    "CREATE TABLE #schema#.callers AS SELECT gen_random_uuid() AS caller_id, 'login' AS kind, 'probe_ours' AS name,"
    " '{read,write,generate,admin}'::text[] AS scopes, true AS every_brand, NULL::timestamptz AS expires_at,"
    " NULL::timestamptz AS revoked_at",
    "CREATE TABLE #schema#.caller_brands AS SELECT caller_id, n AS brand_id FROM #schema#.callers,"
    " generate_series(777000000, 777000200) AS n",
    "CREATE TABLE #schema#.pg_roles AS SELECT 10::oid AS oid, 'probe_ours'::name AS rolname, true AS rolsuper",
    "CREATE TABLE #schema#.search_legs AS SELECT 'text' AS leg, NULL::int AS space_id, 1::real AS weight",
    "CREATE FUNCTION #schema#.session_user() RETURNS name LANGUAGE sql RETURN 'postgres'",
    "CREATE FUNCTION #schema#.current_setting(text, boolean) RETURNS text LANGUAGE sql RETURN 'system'",
    "CREATE FUNCTION #schema#.pg_has_role(oid, text, text) RETURNS boolean LANGUAGE sql RETURN true",
    "CREATE FUNCTION #schema#.pg_has_role(name, text, text) RETURNS boolean LANGUAGE sql RETURN true",
    "CREATE FUNCTION #schema#.is_operator() RETURNS boolean LANGUAGE sql RETURN true",
    "CREATE FUNCTION #schema#.brand_limit() RETURNS integer[] LANGUAGE sql RETURN NULL::integer[]",
    "CREATE FUNCTION #schema#.allowed_brands(text) RETURNS integer[] LANGUAGE sql RETURN '{777000101}'::integer[]",
    "CREATE FUNCTION #schema#.has_scope(text) RETURNS boolean LANGUAGE sql RETURN true",
    "CREATE FUNCTION #schema#.lower(text) RETURNS text LANGUAGE sql RETURN 'velvetfox'",
    "CREATE FUNCTION #schema#.format(text, text) RETURNS text LANGUAGE sql RETURN 'true'",
    "CREATE FUNCTION #schema#.quote_nullable(jsonb) RETURNS text LANGUAGE sql RETURN 'NULL'",
    "CREATE FUNCTION #schema#.filter_clauses(jsonb, bigint[], integer[]) RETURNS text[] LANGUAGE sql RETURN '{}'::text[]",
    "CREATE FUNCTION #schema#.yes(anyelement, anyelement) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'",
    "CREATE FUNCTION #schema#.yes(name, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'",
    "CREATE FUNCTION #schema#.yes(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'",
    "CREATE OPERATOR #schema#.= (FUNCTION = #schema#.yes, LEFTARG = integer, RIGHTARG = integer)",
    "CREATE OPERATOR #schema#.= (FUNCTION = #schema#.yes, LEFTARG = name, RIGHTARG = text)",
    "CREATE OPERATOR #schema#.= (FUNCTION = #schema#.yes, LEFTARG = anyelement, RIGHTARG = anyelement)",
    "CREATE TYPE #schema#.vector AS (a int)",
    "CREATE DOMAIN #schema#.halfvec AS text",
)


@pytest.fixture(scope="module")
def scene(server_18: str, template: str) -> Iterator[Scene]:
    with opened_scene(server_18, template) as opened:
        yield opened


PATHS = ("#schema#, pg_catalog, rage_v1", "pg_catalog, #schema#", "#schema#")


@pytest.mark.parametrize("schema", ["evil", "pg_temp"])
@pytest.mark.parametrize("path", PATHS)
def test_names_of_the_attackers_own_change_nothing(
    server_18: str, scene: Scene, schema: str, path: str
) -> None:
    with cloned(server_18, scene.world.full) as url, shadowed(url, schema) as session:
        before = answer(session, SEARCH)
        session.execute(f"SET search_path = {path.replace('#schema#', schema)}".encode())
        assert answer(session, SEARCH) == before
        for view in names(url, VIEWS):
            told = answer(session, f"SELECT * FROM rage_v1.{view}")
            assert scene.world.told(told) == [], view
            assert len(told.splitlines()) == len(
                answer(scene.ours.reader, f"SELECT * FROM rage_v1.{view}").splitlines()
            )


def test_probes_notice_a_function_that_takes_names_from_the_caller(server_18: str, scene: Scene) -> None:
    with cloned(server_18, scene.world.full) as url, shadowed(url, "evil") as session:
        operate(url, "ALTER FUNCTION rage.allowed_brands RESET search_path")
        assert scene.world.told(answer(session, "SELECT * FROM rage_v1.images")) == []
        session.execute("SET search_path = evil, pg_catalog")
        assert scene.world.told(answer(session, "SELECT * FROM rage_v1.images"))


@contextmanager
def shadowed(url: str, schema: str) -> Iterator[psycopg.Connection]:
    """A session of our reader that has made names of its own for all that a careless function could call."""
    operate(url, SHADOWS)
    with as_role(url, "probe_ours") as session:
        made = [answer(session, one.replace("#schema#", schema)) for one in OF_THE_ATTACKER]
        assert [told for told in made if not told.startswith(("CREATE", "SELECT"))] == []
        yield session


def test_a_schema_of_pgvector_that_is_open_to_all_is_refused(server_18: str) -> None:
    """Up to Postgres 14 everybody may create in public, where hosts put pgvector; upgrades of a server keep that."""
    with cloned(server_18, "template0") as url:
        operate(url, "CREATE EXTENSION vector SCHEMA public; GRANT CREATE ON SCHEMA public TO PUBLIC")
        with pytest.raises(SetupError, match="REVOKE CREATE"):
            migrate.upgrade(url, app_logs_in=True)


async def test_a_login_that_may_create_beside_pgvector_is_granted_nothing(server_18: str) -> None:
    """What it makes there could be called by functions that run as the owner."""
    with cloned(server_18, "template0") as url:
        operate(url, "CREATE EXTENSION vector SCHEMA public; CREATE ROLE probe_tenant LOGIN")
        try:
            operate(url, "GRANT CREATE ON SCHEMA public TO probe_tenant")
            await asyncio.to_thread(migrate.upgrade, url, app_logs_in=True)
            with pytest.raises(InvalidInput):
                await grant_sql(url, "probe_tenant", brands=["default"], every_brand=False, scopes=["read"])
        finally:
            operate(url, "DROP OWNED BY probe_tenant; DROP ROLE probe_tenant")
