"""The one MetaData of all tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import UserDefinedType

metadata = MetaData(schema="rage")


class Xid8(UserDefinedType[str]):
    """The number of a transaction, which never comes again."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


# So that a table that is read from a database has it too.
ischema_names["xid8"] = Xid8
