"""The roles that the schema is built on. They belong to the whole server: every database of it shares them.

rage_owner      owns every table, view and function; nobody logs in as it, an upgrade acts as it
rage_app        what the service is: reads and writes rows under row-level security, changes no table
rage_reader     reads the views of rage_v1
rage_requester  a reader that may also call its functions that ask for something
"""

from __future__ import annotations

import sqlalchemy
from psycopg import errors as pg

from rage_pg.errors import SetupError
from rage_pg.migrate.scripts import run_script

OWNER, APP = "rage_owner", "rage_app"
ROLES = ("rage_requester", "rage_reader", APP, OWNER)

NEEDED = """
WITH login AS (SELECT oid, rolname FROM pg_roles WHERE rolname = session_user),
wanted (name) AS (VALUES ('rage_owner'), ('rage_app'), ('rage_reader'), ('rage_requester')),
known AS (SELECT r.oid, r.rolname AS name FROM pg_roles AS r JOIN wanted AS w ON w.name = r.rolname)
SELECT statement
FROM (
    SELECT 1 AS step, format('CREATE ROLE %I NOLOGIN', name) AS statement
    FROM wanted WHERE name NOT IN (SELECT name FROM known)
    UNION ALL
    SELECT 2, 'GRANT rage_reader TO rage_requester'
    WHERE NOT EXISTS (SELECT FROM known AS r, known AS q
                      WHERE r.name = 'rage_reader' AND q.name = 'rage_requester'
                        AND pg_has_role(q.oid, r.oid, 'USAGE'))
    UNION ALL
    SELECT 3, format('GRANT rage_owner TO %I WITH INHERIT TRUE, SET TRUE', l.rolname)
    FROM login AS l
    WHERE NOT EXISTS (SELECT FROM known AS k
                      WHERE k.name = 'rage_owner' AND pg_has_role(l.oid, k.oid, 'USAGE')
                        AND pg_has_role(l.oid, k.oid, 'SET'))
    UNION ALL
    SELECT 4, format('CREATE SCHEMA %s AUTHORIZATION rage_owner', name)
    FROM (VALUES ('rage'), ('rage_v1')) AS s (name)
    WHERE NOT EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspname = s.name)
    UNION ALL
    SELECT 5, 'CREATE EXTENSION vector SCHEMA rage'
    WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'vector')
    UNION ALL
    SELECT 6, format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, k.name)
    FROM pg_extension AS x JOIN pg_namespace AS n ON n.oid = x.extnamespace, known AS k
    WHERE x.extname = 'vector' AND n.nspname <> 'rage' AND k.name IN ('rage_owner', 'rage_app')
      AND NOT has_schema_privilege(k.oid, n.oid, 'USAGE')
) AS preparation
ORDER BY step, statement
"""
"""What must be run before the first migration, and has not been yet."""

ALIEN = """
WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname IN ('rage', 'rage_v1')),
owner AS (SELECT oid FROM pg_roles WHERE rolname = 'rage_owner')
SELECT statement
FROM (
    SELECT 1 AS step, format('ALTER SCHEMA %I OWNER TO rage_owner', nspname) AS statement
    FROM pg_namespace WHERE oid IN (SELECT oid FROM ours) AND nspowner <> (SELECT oid FROM owner)
    UNION ALL
    SELECT 2, format('ALTER %s %s OWNER TO rage_owner',
                     CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                     c.oid::regclass)
    FROM pg_class AS c
    WHERE c.relnamespace IN (SELECT oid FROM ours) AND c.relkind IN ('r', 'p', 'v', 'S')
      AND c.relowner <> (SELECT oid FROM owner)
      -- A sequence goes with the column that it counts for.
      AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass
                      AND d.deptype IN ('a', 'i') AND c.relkind = 'S')
    UNION ALL
    SELECT 3, format('ALTER ROUTINE %s OWNER TO rage_owner', p.oid::regprocedure)
    FROM pg_proc AS p
    WHERE p.pronamespace IN (SELECT oid FROM ours) AND p.proowner <> (SELECT oid FROM owner)
      AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT 4, format('ALTER TYPE %s OWNER TO rage_owner', t.oid::regtype)
    FROM pg_type AS t
    WHERE t.typnamespace IN (SELECT oid FROM ours) AND t.typtype IN ('e', 'c')
      AND t.typowner <> (SELECT oid FROM owner)
      AND (t.typrelid = 0 OR (SELECT c.relkind FROM pg_class AS c WHERE c.oid = t.typrelid) = 'c')
      AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = t.oid AND d.deptype = 'e')
) AS handed_over
ORDER BY step, statement
"""
"""Statements that hand over what an earlier version left with whoever upgraded."""


def make_room(connection: sqlalchemy.Connection) -> None:
    """Roles, schemas and the extension. Raises SetupError with the statements for a DBA where this login may
    not make them."""
    done: set[str] = set()
    while statement := next((one for one in _needed(connection) if one not in done), None):
        done.add(statement)
        try:
            run_script(connection, statement)
        except sqlalchemy.exc.DBAPIError as error:
            connection.rollback()
            if isinstance(error.orig, pg.InsufficientPrivilege):
                raise SetupError(
                    "This role may not make the roles, schemas or the extension that rage-pg needs.",
                    f"Ask a database administrator to run: {'; '.join(_needed(connection))};",
                ) from None
            # Roles are the whole server's: an upgrade of another database may make them at this moment.
            if statement in _needed(connection):
                raise
        connection.commit()


def hand_over(connection: sqlalchemy.Connection) -> None:
    """Give what is ours to the owner, wherever an earlier version left it with another role."""
    for statement in run_script(connection, ALIEN).scalars().all():
        try:
            run_script(connection, statement)
        except sqlalchemy.exc.ProgrammingError as error:
            if not isinstance(error.orig, pg.InsufficientPrivilege):
                raise
            connection.rollback()
            raise SetupError(
                "What belongs to rage-pg has another owner than this role.",
                f"Ask a database administrator to run: {statement};",
            ) from None
    connection.commit()


def act_as_owner(connection: sqlalchemy.Connection) -> None:
    """From now on this session makes everything as the owner."""
    connection.exec_driver_sql("SET ROLE rage_owner")
    connection.commit()


def let_app_log_in(connection: sqlalchemy.Connection) -> None:
    """On a server of our own the service logs in as the role itself; elsewhere a login is made a member."""
    # Asked first: the row of a role is the whole server's, and other upgrades may be writing it.
    may = connection.exec_driver_sql(
        "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'rage_app'"
    ).scalar_one()
    if not may:
        connection.exec_driver_sql("ALTER ROLE rage_app LOGIN")
    connection.commit()


def _needed(connection: sqlalchemy.Connection) -> list[str]:
    return list(run_script(connection, NEEDED).scalars().all())
