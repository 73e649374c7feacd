"""Whatever is typed as a prompt is answered, or refused for what it leaves out."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TEXTS = st.text(
    st.one_of(
        st.sampled_from(list("\"'\\:*&|!()<->- \n\t%$;“”„/@.,#{}[]")),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    min_size=1,
    max_size=200,
)
FRAGMENTS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                '"',
                '-"',
                '" ',
                " -",
                " or ",
                "lamp",
                "-lamp",
                "'",
                "\\",
                "\\'",
                "E'",
                ":*",
                "<->",
                "$1",
                "L-1",
                "--",
            ]
        ),
        TEXTS,
    ),
    max_size=30,
).map("".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompt=FRAGMENTS)
async def test_any_prompt_is_answered_or_refused_for_what_it_leaves_out(
    many_languages: psycopg.Connection, prompt: str
) -> None:
    statements = (
        "SELECT count(*) FROM rage_v1.search_images(%s)",
        "SELECT count(*) FROM rage_v1.search_statement(%s) AS s (text) WHERE text LIKE '%%WITH matches%%'",
        "SELECT rage.required_words(%s)",
    )
    for statement in statements:
        try:
            row = many_languages.execute(statement.encode(), [prompt]).fetchone()
        except psycopg.errors.InvalidParameterValue as error:
            told = str(error.diag.message_primary)
            assert "leave out" in told or "leaves out" in told or "prompt is empty" in told
        else:
            assert row is not None


@pytest.fixture
def many_languages(database_url: str) -> Any:
    """The operator's connection to a store with three languages, and quotes in titles and a SKU."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO rage.contents (sha256, media_type, byte_size, width, height, bytes, thumbnail)
            SELECT sha256(n::text::bytea), 'image/png', 1, 1, 1, 'x', 'x' FROM generate_series(1, 3) AS n;
            INSERT INTO rage.images (brand_id, content_id, kind, title)
            SELECT b.brand_id, c.content_id, 'other', 'lamp''s \\ "red"'
            FROM rage.brands AS b, rage.contents AS c
            WHERE b.key = 'default';
            INSERT INTO rage.captions (brand_id, image_id, revision, text, language, source)
            SELECT brand_id, image_id, 1, 'die Lampe', (ARRAY['de', 'ja', 'fr'])[1 + image_id % 3], 'person'
            FROM rage.images;
            INSERT INTO rage.image_products (brand_id, image_id, sku)
            SELECT brand_id, image_id, 'L-1 "x''\\' FROM rage.images;
            SELECT rage.refresh_documents(ARRAY(SELECT image_id FROM rage.images));
            """
        )
        yield connection


@pytest.mark.parametrize(
    "prompt",
    [
        '"' * 32_000,
        "\\" * 32_000,
        "'" * 32_000,
        "a" * 32_000,
        '" ' * 16_000,
        "a-" * 15_999 + "b",
        '"' + "a " * 15_999 + '"',
        '"ab c" ' * 4_500,
        " ".join(f"w{n}" for n in range(5_000))[:32_000],
        "https://a.example/" + "b/" * 15_900,
        "x " + "-" * 31_000,
        "日本語 " * 8_000,
        "!" + " !(" * 10_000,
    ],
    ids=range(13),
)
def test_longest_prompts_are_answered(many_languages: psycopg.Connection, prompt: str) -> None:
    many_languages.execute("SET statement_timeout = '20s'")
    row = many_languages.execute("SELECT count(*) FROM rage_v1.search_images(%s)", [prompt]).fetchone()
    assert row == (3,)
