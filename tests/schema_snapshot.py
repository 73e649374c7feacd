"""Writes sql/schema.sql: the whole schema as pg_dump sees it, for people to read and for a test to compare.

python tests/schema_snapshot.py
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from rage_pg import migrate
from rage_pg.embedded import client_tool, embedded_server

SNAPSHOT = Path(__file__).parents[1] / "sql" / "schema.sql"

NOT_OURS = re.compile(r"procrastinate_|\bembeddings_[0-9]+|COMMENT ON SCHEMA rage_v1")
"""The job library's objects, the spaces that rage.create_space made, and the fingerprint of sql/."""

HEADER = """-- The whole schema as PostgreSQL 18 dumps it, but procrastinate_* (the job library's) and the
-- partitions of spaces (embeddings_<number>). Nothing runs this: migrations and sql/ make the schema.
-- Written by tests/schema_snapshot.py; a test compares it with the database.
"""


def dump(url: str) -> str:
    """The schema of a migrated database, block by block, without what is not ours."""
    tool = [
        str(client_tool("pg_dump")),
        "--schema-only",
        "--no-owner",
        "--no-privileges",
        "--restrict-key=rage",
    ]
    text = subprocess.run(
        [*tool, "--schema=rage", "--schema=rage_v1", url], check=True, capture_output=True, text=True
    ).stdout
    _, *blocks = re.split(r"^--\n(?=-- Name: )", text, flags=re.MULTILINE)
    kept = (_body(block) for block in blocks if not NOT_OURS.search(_body(block)))
    return HEADER + "".join(f"\n{body}\n" for body in kept if body)


def _body(block: str) -> str:
    """The statement under a block's header, which names sessions and versions that vary."""
    lines = [line for line in block.splitlines() if not line.startswith(("--", "SET ", "\\"))]
    return "\n".join(lines).strip()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="rage-") as folder:
        Path(folder).chmod(0o755)
        with embedded_server(Path(folder)) as fresh:
            migrate.upgrade(fresh)
            SNAPSHOT.write_text(dump(fresh), encoding="utf-8")
