"""A filter finds the same images in whichever table a statement asks it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from rage_pg import migrate
from tests.conftest import clone

FILL = """
INSERT INTO rage.brands (name) VALUES ('One'), ('Two');
INSERT INTO rage.contents (sha256, media_type, byte_size, width, height, bytes, thumbnail)
SELECT sha256(n::text::bytea), 'image/png', 1, 10 * n, 10, 'x', 'x' FROM generate_series(1, 240) AS n;
INSERT INTO rage.images
    (brand_id, content_id, kind, title, state, attributes, deleted_at, usable_from, usable_until)
SELECT b.brand_id, n, CASE WHEN n % 3 = 0 THEN 'style' ELSE 'product' END, 'lamp ' || n,
       CASE WHEN n % 17 = 0 THEN 'draft' WHEN n % 19 = 0 THEN 'retired' ELSE 'approved' END,
       jsonb_build_object('100%s', n % 4),
       CASE WHEN n % 23 = 0 THEN now() END,
       CASE WHEN n % 11 = 0 THEN current_date WHEN n % 13 = 0 THEN current_date + 1 END,
       CASE WHEN n % 11 = 0 THEN current_date WHEN n % 13 <> 0 AND n % 29 = 0 THEN current_date - 1 END
FROM generate_series(1, 240) AS n
JOIN rage.brands AS b ON b.key = (ARRAY['one', 'two'])[1 + n % 2];
INSERT INTO rage.tags (brand_id, name)
SELECT b.brand_id, t.name
FROM rage.brands AS b, unnest('{red,red/dark,red/light,round,round/flat,sketch}'::text[]) AS t (name)
WHERE b.key IN ('one', 'two');
INSERT INTO rage.image_tags (brand_id, image_id, tag_id)
SELECT i.brand_id, i.image_id, t.tag_id
FROM rage.images AS i JOIN rage.tags AS t USING (brand_id)
WHERE (i.image_id * 7919 + t.tag_id * 104729) % 3 = 0;
INSERT INTO rage.image_products (brand_id, image_id, sku)
SELECT brand_id, image_id, 'S' || image_id % 5 FROM rage.images WHERE image_id % 2 = 0 OR image_id % 5 = 0;
INSERT INTO rage.collections (brand_id, name)
SELECT brand_id, 'Spring' FROM rage.brands WHERE key IN ('one', 'two');
INSERT INTO rage.collection_images (collection_id, position, image_id)
SELECT c.collection_id, i.image_id, i.image_id
FROM rage.images AS i JOIN rage.collections AS c USING (brand_id)
WHERE i.image_id % 3 = 1;
SELECT rage.refresh_documents(ARRAY(SELECT image_id FROM rage.images));
INSERT INTO rage.embeddings (space_id, image_id, brand_id, input_sha256, embedding)
SELECT 1, i.image_id, i.brand_id, d.input_sha256,
       (SELECT array_agg(sin(i.image_id * n)) FROM generate_series(1, 512) AS n)::vector::halfvec
FROM rage.images AS i JOIN rage.image_documents AS d USING (image_id);
VACUUM ANALYZE rage.images, rage.image_tags, rage.embeddings, rage.image_documents;
"""
FORMS = """
CREATE FUNCTION pg_temp.forms(filters jsonb, among bigint[], allowed integer[], plain boolean)
RETURNS TABLE (form text, ids bigint[])
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    asked    jsonb := rage.resolved(rage.default_filters(filters), allowed)
                      || jsonb_strip_nulls(jsonb_build_object(
                          'words_none', filters -> 'words_none', 'images_none', filters -> 'images_none'));
    found    rage.matching := rage.matching(asked, among, allowed, plain);
    sources  jsonb := jsonb_build_object(
        'condition', 'rage.images AS i WHERE ' || found.condition,
        'listed', found.listed,
        'within vectors', format(found.within, 'rage.embeddings_1'),
        'within documents', format(found.within, 'rage.image_documents'),
        'scanned', format(found.scanned, 'rage.embeddings_1'));
BEGIN
    FOR form IN SELECT jsonb_object_keys(sources) LOOP
        EXECUTE 'SELECT array_agg(i.image_id ORDER BY i.image_id) FROM ' || (sources ->> form)
        INTO ids USING asked, among, allowed;
        RETURN NEXT;
    END LOOP;
END
$function$
"""
FILTERS: list[dict[str, Any]] = [
    {},
    {"brand": ["one"]},
    {"brand": ["one", "two"], "tags_all": ["red"]},
    {"brand": []},
    {"sku": ["S0", "S3"]},
    {"collection": ["spring"]},
    {"tags_all": ["red"]},
    {"tags_all": ["red", "round"]},
    {"tags_all": ["red", "red", "red/dark"]},
    {"tags_all": ["nothing"]},
    {"tags_all": [], "tags_none": []},
    {"tags_any": ["red/light", "sketch"]},
    {"tags_any": []},
    {"tags_all": ["round"], "tags_any": ["red", "sketch"], "tags_none": ["round/flat"]},
    {"tags_none": ["red"]},
    {"tags_all": ["red"], "sku": ["S1"], "collection": ["spring"]},
    {"words_none": "'7' | '8'", "tags_all": ["red"]},
    {"images_none": [1, 2, 3, 4], "tags_any": ["round"]},
    {"images_none": [5]},
    {"kind": ["style"], "tags_all": ["red"]},
    {"attributes": {"100%s": 1}},
    {"attributes": {"100%s": {"gte": 1, "lt": 3}}, "tags_all": ["round"]},
    {"state": ["draft", "retired"]},
    {"state": ["approved", "draft"], "tags_all": ["red"]},
    {"min_width": 500, "sku": ["S2"]},
]


@pytest.fixture(scope="module", params=[16, 18])
def connection(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection]:
    url = clone(request.getfixturevalue(f"server_{request.param}"), "template0")
    migrate.upgrade(url, app_logs_in=True)
    with psycopg.connect(url, autocommit=True) as opened:
        opened.execute("SET search_path = rage")
        for statement in FILL.split(";\n"):
            opened.execute(statement.encode())
        opened.execute(FORMS.encode())
        yield opened


@pytest.mark.parametrize("among", [None, [], list(range(1, 240, 3)), [7, 7, 99_999]])
@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("filters", FILTERS, ids=json.dumps)
def test_same_images_in_every_form(
    connection: psycopg.Connection, filters: dict[str, Any], limited: bool, among: list[int] | None
) -> None:
    allowed = (
        "(SELECT array_agg(brand_id) FROM rage.brands WHERE key = 'two')" if limited else "NULL::integer[]"
    )
    forms: dict[tuple[bool, str], list[int] | None] = {}
    for plain in (True, False):
        rows = connection.execute(
            f"SELECT * FROM pg_temp.forms(%s::jsonb, %s::bigint[], {allowed}, %s)".encode(),
            [json.dumps(filters), among, plain],
        )
        forms |= {(plain, form): ids for form, ids in rows}
    expected = forms[True, "condition"]
    assert {key: ids for key, ids in forms.items() if ids != expected} == {}
    assert len(forms) == 10


def test_few_closed_images_are_asked_by_their_index(connection: psycopg.Connection) -> None:
    within = "SELECT (rage.matching(rage.default_filters(%s::jsonb), NULL, NULL)).within"

    def asked(filters: dict[str, Any]) -> str:
        row = connection.execute(within, [json.dumps(filters)]).fetchone()
        assert row is not None
        return str(row[0])

    assert "closed" in asked({})
    assert "closed" not in asked({"kind": ["style"]})
    assert "closed" not in asked({"state": ["draft"]})
    connection.execute("REINDEX INDEX CONCURRENTLY rage.images_closed")
    assert "closed" in asked({})
    with connection.transaction(force_rollback=True):
        connection.execute("UPDATE pg_class SET reltuples = 2000 WHERE relname = 'images_closed'")
        assert "closed" not in asked({})
