"""What words weigh, and which documents are ranked by them."""

from __future__ import annotations

import json
import random
from typing import Any

import psycopg
import pytest

from rage_pg import index
from rage_pg.callers import SYSTEM
from rage_pg.database import Database

WORDS = [f"word{letter}" for letter in "abcdefghijkl"]
FILL = """
INSERT INTO rage.contents (sha256, media_type, byte_size, width, height, bytes, thumbnail)
SELECT sha256(n::text::bytea), 'image/png', 1, 1, 1, 'x', 'x' FROM generate_series(1, 3000) AS n;
INSERT INTO rage.images (brand_id, content_id, kind, title)
SELECT b.brand_id, c.content_id, CASE WHEN c.content_id % 7 = 0 THEN 'scene' ELSE 'other' END,
       (SELECT coalesce(string_agg('word' || chr(97 + w), ' '), 'nothing') FROM generate_series(0, 11) AS w
        WHERE hashint8(c.content_id * 16 + w)::bigint %% 997 > 997 * (0.35 + 0.05 * w))
FROM rage.brands AS b, rage.contents AS c
WHERE b.key = 'default';
SELECT rage.refresh_documents(ARRAY(SELECT image_id FROM rage.images));
ANALYZE;
"""
WEIGHED = """
SELECT d.image_id,
       (SELECT sum((t ->> 'share')::float8) FROM jsonb_array_elements(%(words)s::jsonb -> 'terms') AS t
        WHERE d.words @@ (t ->> 'words')::tsquery) AS score,
       ts_rank('{0.1, 0.3, 0.6, 1.0}', d.words, rage.any_word(%(words)s::jsonb), 1) AS density
FROM rage.image_documents AS d JOIN rage.images AS i USING (image_id)
WHERE d.words @@ rage.any_word(%(words)s::jsonb) AND (%(kind)s::text IS NULL OR i.kind = %(kind)s)
"""
LEG = """
CREATE FUNCTION pg_temp.leg(words jsonb, filters jsonb, wide boolean)
RETURNS TABLE (image_id bigint, score float8)
LANGUAGE plpgsql SET search_path = rage
AS $function$
DECLARE
    wanted   jsonb := rage.default_filters(filters);
    asked    rage.matching := rage.matching(wanted, NULL, NULL);
    matches  text := 'WITH matches AS MATERIALIZED (SELECT i.image_id FROM ' || asked.listed;
BEGIN
    RETURN QUERY EXECUTE matches || '), ' || rage.text_leg(asked.within, wide, words)
        || 'SELECT image_id, score FROM "text" ORDER BY place'
    USING wanted, NULL::bigint[], NULL::integer[], words, NULL::jsonb, '{"text": 1}'::jsonb, 20, 0::real,
          NULL::bigint[], 50;
END
$function$
"""


@pytest.fixture(scope="module")
def crowded(server_18: str, template: str) -> Any:
    """3,000 images with one to twelve of twelve common words."""
    from tests.conftest import clone

    with psycopg.connect(clone(server_18, template), autocommit=True) as connection:
        connection.execute(FILL.replace("%%", "%").encode())
        while connection.execute("SELECT rage.count_words()").fetchone() == (True,):
            pass
        connection.execute("SET search_path = rage")
        connection.execute(LEG.encode())
        yield connection


@pytest.mark.parametrize("kind", [None, "scene"])
@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("number", range(1, 13))
def test_stages_give_the_best_of_all(
    crowded: psycopg.Connection, number: int, wide: bool, kind: str | None
) -> None:
    prompt = " ".join(random.Random(number).sample(WORDS, number))
    words = ask(crowded, "SELECT rage.prompt_words(%s, NULL)::text", prompt)
    filters = json.dumps({} if kind is None else {"kind": [kind]})
    found = crowded.execute("SELECT * FROM pg_temp.leg(%s, %s, %s)", [words, filters, wide]).fetchall()
    every = crowded.execute(WEIGHED.encode(), {"words": words, "kind": kind}).fetchall()
    best = sorted(every, key=lambda row: (-row[1], -row[2], row[0]))[:50]
    assert [round(row[1], 6) for row in found] == [round(row[1], 6) for row in best]
    if sum(1 for row in every if row[1] > 0.999) <= 1000:
        assert [row[0] for row in found] == [row[0] for row in best]


def test_prompt_of_common_words_does_not_rank_all_that_have_one(crowded: psycopg.Connection) -> None:
    words = json.loads(ask(crowded, "SELECT rage.prompt_words(%s, NULL)::text", " ".join(WORDS[:6])))
    stages = words["stages"]
    assert len(stages) > 2
    assert [stage["score"] for stage in stages] == sorted((s["score"] for s in stages), reverse=True)
    assert stages[0]["whole"]
    assert stages[-1]["score"] == 0


def ask(connection: psycopg.Connection, statement: str, *values: object) -> Any:
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    return row[0]


def test_common_words_are_counted_ahead_and_weigh_the_same(crowded: psycopg.Connection) -> None:
    counted = ask(crowded, "SELECT documents FROM rage.common_words WHERE lexeme = 'worda'")
    alive = ask(crowded, "SELECT count(*) FROM rage.image_documents WHERE words @@ 'worda'::tsquery")
    assert counted == alive > 100
    with crowded.transaction(force_rollback=True):
        before = ask(crowded, "SELECT rage.documents_with('wordl'::tsquery, '{wordl}', NULL)")
        crowded.execute("DELETE FROM rage.common_words")
        live = ask(crowded, "SELECT rage.documents_with('wordl'::tsquery, '{wordl}', NULL)")
        most = ask(crowded, "SELECT rage.documents_with('worda'::tsquery, '{worda}', NULL)")
    assert before == live
    assert most == 1000, "where nothing is counted, counting ends at a bound"


def test_words_are_counted_again_when_a_tenth_was_written(crowded: psycopg.Connection) -> None:
    with crowded.transaction(force_rollback=True):
        assert ask(crowded, "SELECT rage.count_words()") is False
        crowded.execute("UPDATE rage.text_configurations SET changed = 500")
        assert ask(crowded, "SELECT rage.count_words()") is True
        assert ask(crowded, "SELECT rage.count_words()") is False
        assert ask(crowded, "SELECT max(documents) FROM rage.text_configurations") == 3000


async def test_only_the_operator_has_words_counted(database: Database) -> None:
    from msgspec.structs import replace

    from rage_pg.errors import Forbidden

    somebody = database.acting_for(replace(SYSTEM, setting="00000000-0000-0000-0000-000000000001"))
    with pytest.raises((Forbidden, psycopg.errors.InsufficientPrivilege)):
        await index.count_words(somebody)
    assert await index.count_words(database) == 0
