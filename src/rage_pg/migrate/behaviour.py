"""`sql/rage` and `sql/rage_v1`: functions and views, made anew on every upgrade, known by a fingerprint."""

from __future__ import annotations

import hashlib

import sqlalchemy
from psycopg import errors as pg

from rage_pg import resources
from rage_pg.errors import SetupError
from rage_pg.migrate.connecting import connected
from rage_pg.migrate.scripts import first_line, run_script

OURS = """
SELECT format('DROP POLICY IF EXISTS %I ON %s', polname, polrelid::regclass)
FROM pg_policy
WHERE polrelid IN (SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace('rage'))
UNION ALL
SELECT format('DROP TRIGGER IF EXISTS %I ON %s', tgname, tgrelid::regclass)
FROM pg_trigger
WHERE NOT tgisinternal AND (tgname LIKE 'audit%' OR tgname LIKE 'change_of%')
  AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = to_regnamespace('rage'))
UNION ALL
SELECT format('DROP VIEW IF EXISTS %s', c.oid::regclass)
FROM pg_class AS c
WHERE c.relnamespace = to_regnamespace('rage_v1') AND c.relkind = 'v'
UNION ALL
SELECT format('DROP FUNCTION IF EXISTS %s', p.oid::regprocedure)
FROM pg_proc AS p
WHERE p.pronamespace IN (to_regnamespace('rage'), to_regnamespace('rage_v1'))
  AND p.proname NOT LIKE 'procrastinate%'
  AND p.proname NOT IN ('normal_form', 'create_space')
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
"""
"""Statements that drop what `sql/` makes, and nothing of the job library, the extension or a migration."""


def apply_behaviour(connection: sqlalchemy.Connection) -> None:
    """The current text of every function and view, in one transaction: seen whole or not at all.

    What can be dropped is made anew, so arguments and columns may change. What a view of the host depends on
    stays and is replaced in place; SetupError says so where that is not possible.
    """
    _drop_what_nothing_depends_on(connection)
    try:
        for text in _behaviour():
            run_script(connection, text)
    except sqlalchemy.exc.DBAPIError as error:
        connection.rollback()
        raise SetupError(
            f"The views and functions of rage_v1 cannot be brought up to date: {first_line(error.orig)}.",
            "Drop the views and functions of yours that depend on them, upgrade, and make them again.",
        ) from error
    connection.exec_driver_sql(f"COMMENT ON SCHEMA rage_v1 IS '{_fingerprint()}'")
    connection.commit()


def behaviour_is_current(url: str) -> bool:
    """Whether functions and views are those of this version, which may bring no migration."""
    with connected(url) as connection:
        text = connection.exec_driver_sql("SELECT obj_description(to_regnamespace('rage_v1'))").scalar_one()
    return bool(text == _fingerprint())


def drop_behaviour(connection: sqlalchemy.Connection) -> None:
    connection.exec_driver_sql("DROP SCHEMA IF EXISTS rage_v1 CASCADE")
    for statement in run_script(connection, OURS).scalars().all():
        connection.exec_driver_sql(f"{statement} CASCADE")
    connection.commit()


def _drop_what_nothing_depends_on(connection: sqlalchemy.Connection) -> None:
    """Again and again, because our own functions and views depend on one another."""
    while statements := run_script(connection, OURS).scalars().all():
        dropped = 0
        for statement in statements:
            try:
                with connection.begin_nested():
                    connection.exec_driver_sql(statement)
                dropped += 1
            except sqlalchemy.exc.DBAPIError as error:
                if not isinstance(error.orig, pg.DependentObjectsStillExist | pg.UndefinedTable):
                    raise
        if not dropped:
            return


def _behaviour() -> list[str]:
    """The scripts in the order in which they are applied."""
    folders = [resources.path("sql", folder) for folder in ("rage", "rage_v1")]
    return [file.read_text(encoding="utf-8") for folder in folders for file in sorted(folder.glob("*.sql"))]


def _fingerprint() -> str:
    digest = hashlib.sha256("".join(_behaviour()).encode()).hexdigest()[:16]
    return f"The public views and functions of rage-pg; text {digest}."
