"""Scripts of SQL on a connection of SQLAlchemy, and what a failed one says."""

from __future__ import annotations

from typing import Any

import sqlalchemy


def run_script(connection: sqlalchemy.Connection, script: str) -> sqlalchemy.CursorResult[Any]:
    """Any number of statements as they stand: a percent sign in them is no parameter."""
    return connection.exec_driver_sql(script, execution_options={"no_parameters": True})


def first_line(error: BaseException | None) -> str:
    return (
        str(error).strip().splitlines()[0].rstrip(".") if error and str(error).strip() else "no reason given"
    )
