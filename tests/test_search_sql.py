"""Search as SQL users call it: the same answers, the same refusals, joined with tables of the host."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from rage_pg import index, search
from rage_pg.database import Database
from rage_pg.types import Filters, SearchRequest
from tests.store import HashingEncoder, by


def sql_rows(url: str, statement: str, *values: Any) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement, values).fetchall()


async def test_sql_gives_the_same_answer_as_the_service(
    filtered: Database, database_url: str, encoder: HashingEncoder
) -> None:
    await index.fill(filtered, [encoder])
    answer = await search.search(
        filtered, by(encoder), SearchRequest(prompt="red lamp", filters=Filters(brand=("lumen",)))
    )
    rows = sql_rows(
        database_url, "SELECT image_id, strategy FROM rage_v1.search_images('red lamp', brands => '{lumen}')"
    )
    assert [row[0] for row in rows] == [item.image.id for item in answer.items]
    assert {row[1] for row in rows} == {answer.strategy}


async def test_statement_runs_as_it_is_and_gives_the_same_rows(filtered: Database, database_url: str) -> None:
    call = "('lamp $3 ''quoted''', tags_all => '{light}', attributes => '{\"season\": [\"summer\"]}')"
    [(statement,)] = sql_rows(database_url, f"SELECT rage_v1.search_statement{call}")
    direct = sql_rows(database_url, f"SELECT rank, image_id FROM rage_v1.search_images{call}")
    assert [row[:2] for row in sql_rows(database_url, statement)] == direct != []
    assert sql_rows(database_url, "EXPLAIN " + statement)


@pytest.mark.parametrize("k", [0, -1, 201, 10_000, None])
def test_k_out_of_bounds_is_refused_in_sql(database_url: str, k: int | None) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="k must be from 1 to 200"):
        sql_rows(database_url, "SELECT * FROM rage_v1.search_images('lamp', %s)", k)


def test_prompt_of_100000_characters_is_refused_in_sql(database_url: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="100000 characters"):
        sql_rows(database_url, "SELECT * FROM rage_v1.search_images(repeat('a', 100000))")


async def test_empty_array_in_sql_matches_nothing(filtered: Database, database_url: str) -> None:
    assert sql_rows(database_url, "SELECT * FROM rage_v1.search_images('lamp', brands => '{}')") == []


async def test_search_joins_with_tables_of_the_host(filtered: Database, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE SCHEMA shop; CREATE TABLE shop.products (sku text, margin numeric)")
        connection.execute("INSERT INTO shop.products VALUES ('L-1', 0.5), ('L-3', 0.1)")
    rows = sql_rows(
        database_url,
        """
        SELECT p.sku, s.title
        FROM rage_v1.search_images('lamp', among => ARRAY(
                 SELECT ip.image_id
                 FROM rage_v1.image_products AS ip JOIN shop.products USING (sku)
                 WHERE margin > 0.4)) AS s
        JOIN rage_v1.image_products AS ip USING (image_id)
        JOIN shop.products AS p ON p.sku = ip.sku
        """,
    )
    assert rows == [("L-1", "summer lamp")]


async def test_without_leaves_out_after_the_ranking(filtered: Database, database_url: str) -> None:
    whole = sql_rows(
        database_url, "SELECT image_id, score, matched FROM rage_v1.search_images('summer lamp')"
    )
    shown = [row[0] for row in whole[:1]]
    rest = sql_rows(
        database_url,
        "SELECT image_id, score, matched FROM rage_v1.search_images('summer lamp', without => %s)",
        shown,
    )
    assert rest == whole[1:] != []
    cut = sql_rows(
        database_url,
        "SELECT FROM rage_v1.search_images('summer lamp', without => %s, min_relevance => 1)",
        shown,
    )
    assert cut == []
    nobody = "SELECT image_id, score, matched FROM rage_v1.search_images('summer lamp', without => %s)"
    assert sql_rows(database_url, nobody, [10**12]) == whole
    [(printed,)] = sql_rows(
        database_url, "SELECT rage_v1.search_statement('summer lamp', without => %s)", shown
    )
    assert [row[1] for row in sql_rows(database_url, printed)] == [row[0] for row in rest]
