"""Probes of grants that end, and of the queue, in sessions that stay open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from rage_pg import generation, jobs
from rage_pg.access.logins import revoke_sql
from rage_pg.callers import SYSTEM
from rage_pg.config import Limits
from rage_pg.database import Database
from rage_pg.embedded import app_url
from tests.generating import FakeGenerator, only
from tests.probing import LOGINS, VIEWS, Scene, answer, as_role, cloned, names, operate
from tests.probing_world import opened_scene
from tests.working import UNHURRIED, work, working

SEARCH = "SELECT image_id, title, score, legs, strategy, matched FROM rage_v1.search_images('lotion lantern')"


@pytest.fixture(scope="module")
def scene(server_18: str, template: str) -> Iterator[Scene]:
    with opened_scene(server_18, template) as opened:
        yield opened


def test_who_may_read_all_data_of_the_host_sees_no_vectors_of_theirs(scene: Scene) -> None:
    """Policies hold the role pg_read_all_data like any other, where a table has policies."""
    everything = """
        SELECT format('rage.%I', relname) FROM pg_class
        WHERE relkind IN ('r', 'p') AND relnamespace = 'rage'::regnamespace
    """
    operate(scene.url, "GRANT pg_read_all_data TO probe_ours")
    try:
        with as_role(scene.url, "probe_ours") as session:
            read = {name: answer(session, f"SELECT * FROM {name}") for name in names(scene.url, everything)}
    finally:
        operate(scene.url, "REVOKE pg_read_all_data FROM probe_ours")
    read["rage.generations"] = read["rage.generations"].replace("moonstone jar", "")
    assert {name: told for name, text in read.items() if (told := scene.world.told(text))} == {}


@pytest.mark.parametrize("login", [name for name in LOGINS if "ours" in name])
@pytest.mark.parametrize(
    "end",
    [
        "UPDATE rage.callers SET revoked_at = now() WHERE name = '{}'",
        "UPDATE rage.callers SET expires_at = now() WHERE name = '{}'",
        "DELETE FROM rage.caller_brands AS b USING rage.callers AS c"
        " WHERE c.caller_id = b.caller_id AND c.name = '{}'",
    ],
)
def test_what_is_taken_back_ends_at_once_in_an_open_session(
    server_18: str, scene: Scene, login: str, end: str
) -> None:
    with cloned(server_18, scene.world.full) as url, as_role(url, login) as session:
        session.execute("PREPARE mine AS SELECT FROM rage_v1.images WHERE brand = 'acme'")
        for _ in range(7):  # by then its plan is a generic one
            assert session.execute("EXECUTE mine").rowcount > 0
        with session.transaction():
            assert session.execute("EXECUTE mine").rowcount > 0
            operate(url, end.format(login))
            assert session.execute("EXECUTE mine").rowcount == 0
            assert session.execute("SELECT FROM rage_v1.images WHERE brand = 'acme'").rowcount == 0
            found = session.execute("SELECT brand FROM rage_v1.search_images('lotion lantern')").fetchall()
            assert ("acme",) not in found
            for view in ("generations", "paid_calls", "image_tags", "audit_log"):
                assert "acme" not in answer(session, f"SELECT * FROM rage_v1.{view}")


@pytest.mark.parametrize("end", ["revoked_at", "expires_at"])
def test_who_was_revoked_asks_for_nothing_and_is_told_nothing(server_18: str, scene: Scene, end: str) -> None:
    ask = "SELECT rage_v1.request_prompt_vector('a lantern')"
    vector = f"SELECT rage_v1.prompt_vector('{scene.world.ours.prompt}', 'usem3') IS NULL"
    with cloned(server_18, scene.world.full) as url, as_role(url, "probe_ours_asking") as session:
        assert answer(session, ask).startswith("SELECT 1")
        assert answer(session, vector) == "SELECT 1\nf"
        operate(url, f"UPDATE rage.callers SET {end} = now() WHERE name = 'probe_ours_asking'")
        assert answer(session, vector) == "SELECT 1\nt"
        assert answer(session, ask).startswith("42501")


async def test_a_revoked_login_sees_nothing_in_a_transaction_of_before(server_18: str, scene: Scene) -> None:
    """Its snapshot is from before; its rights are not."""
    with cloned(server_18, scene.world.full) as url, as_role(url, "probe_ours") as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        assert answer(session, "SELECT FROM rage_v1.images") != "SELECT 0"
        try:
            await revoke_sql(url, "probe_ours")
            assert answer(session, "SELECT * FROM rage_v1.images").startswith("42501")
        finally:
            session.execute("ROLLBACK")
            operate(url, "GRANT rage_reader TO probe_ours")


def test_a_login_that_was_granted_nothing_asks_for_nothing(server_18: str, scene: Scene) -> None:
    with cloned(server_18, scene.world.full) as url:
        operate(url, "DELETE FROM rage.callers WHERE name = 'probe_ours_asking'")
        with as_role(url, "probe_ours_asking") as session:
            assert answer(session, "SELECT rage_v1.request_prompt_vector('a lantern')").startswith("42501")


def test_nobody_hears_of_the_jobs_of_others(server_18: str, scene: Scene) -> None:
    with cloned(server_18, scene.world.full) as url, as_role(url, "probe_ours") as session:
        for channel in ("procrastinate_any_queue_v1", "procrastinate_queue_v1#default"):
            session.execute(f'LISTEN "{channel}"'.encode())
        with as_role(url, "probe_theirs_asking") as theirs:
            theirs.execute("SELECT rage_v1.request_prompt_vector('quagga in snow')")
        assert list(session.notifies(timeout=0.1)) == []


async def test_nobody_stops_the_work_of_others(server_18: str, scene: Scene) -> None:
    """Every login of a server may NOTIFY: workers must not do what they are told so."""
    generator = FakeGenerator()
    generator.release.clear()
    with cloned(server_18, scene.world.full) as url:
        async with Database(app_url(url), caller=SYSTEM) as database:
            tasks = work(generate=jobs.generation_work(database, only(generator), Limits()))
            async with working(database, tasks, heartbeat=UNHURRIED):
                await asyncio.wait_for(generator.called.wait(), 20)
                with as_role(url, "probe_ours") as session:
                    for payload in ('{"type": "abort_job_requested", "job_id": %s}', "no JSON"):
                        for job_id in operate(url, "SELECT array_agg(id) FROM rage.procrastinate_jobs"):
                            told = payload.replace("%s", str(job_id))
                            session.execute("SELECT pg_notify('procrastinate_any_queue_v1', %s)", [told])
                generator.release.set()
                ended = await generation.wait_for(database, scene.world.theirs.queued.id, 30)
    assert ended.status == "succeeded"


def test_requesters_queue_in_their_own_name(server_18: str, scene: Scene) -> None:
    with cloned(server_18, scene.world.full) as url, as_role(url, "probe_ours_asking") as session:
        session.execute("SET rage.caller = 'system'")
        (job,) = session.execute("SELECT rage_v1.request_prompt_vector('a lantern')").fetchone() or (0,)
        asked = operate(url, "SELECT args FROM rage.procrastinate_jobs WHERE id = %(job)s", job=job)
        name = operate(
            url, "SELECT name FROM rage.callers WHERE caller_id = %(id)s::uuid", id=asked["caller_id"]
        )
    assert (asked["prompt"], name) == ("a lantern", "probe_ours_asking")
    told = answer(scene.ours.reader, "SELECT rage_v1.request_prompt_vector('a lantern')")
    assert told.startswith("42501")


def test_a_login_of_another_database_of_the_server_sees_nothing(server_18: str, scene: Scene) -> None:
    """Roles are the server's, grants each store's own."""
    with cloned(server_18, scene.world.full) as url:
        operate(url, "DELETE FROM rage.callers WHERE kind = 'login'")
        with as_role(url, "probe_ours_asking") as session:
            # Which spaces there are and what models cost is nobody's secret.
            for view in set(names(url, VIEWS)) - {"index_status", "prices"}:
                assert answer(session, f"SELECT * FROM rage_v1.{view}") == "SELECT 0", view
            assert answer(session, SEARCH) == "SELECT 0"
