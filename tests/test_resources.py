"""Named statements: what a well-formed file gives, and what a broken one says."""

from __future__ import annotations

import pytest

from rage_pg import resources
from rage_pg.resources import StatementError, parse_statements

TEXT = """-- Reads images.

-- name: get_image
-- One image by id.
SELECT *
FROM rage.images  -- all of it
WHERE id = %(id)s;

-- name: count_images
-- How many there are.
SELECT count(*) FROM rage.images
"""


def test_statements_are_found_by_name() -> None:
    found = parse_statements("images.sql", TEXT)
    assert list(found) == ["get_image", "count_images"]
    assert found["get_image"].endswith("WHERE id = %(id)s")
    assert "SELECT count(*) FROM rage.images" in found["count_images"]


def test_unknown_name_raises() -> None:
    with pytest.raises(KeyError, match="get_picture"):
        parse_statements("images.sql", TEXT)["get_picture"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TEXT + TEXT, "two statements are named 'get_image'"),
        ("SELECT 1;\n" + TEXT, "SQL before the first"),
        ("-- name: Get Image\n-- Why.\nSELECT 1", "'Get Image' is not a name"),
        ("-- name: get_image\nSELECT 1", "lacks the comment line"),
        ("-- name: get_image\n-- Only words.\n", "get_image has no SQL"),
    ],
)
def test_broken_file_is_refused(text: str, reason: str) -> None:
    with pytest.raises(StatementError, match=reason):
        parse_statements("images.sql", text)


def test_every_file_of_the_service_is_well_formed() -> None:
    for file in resources.path("sql", "queries").glob("*.sql"):
        assert resources.statements(file.stem), file


def test_missing_resource_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"without sql/nothing\.sql"):
        resources.path("sql", "nothing.sql")
