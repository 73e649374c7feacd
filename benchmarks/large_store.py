"""A store of many made-up images, written by SQL alone: for measuring searches and for looking at plans.

Every image has a picture of one byte, a title, words, one tag that a tenth of all images have and one that
about a hundred have, attributes, a product, an external id, and one of a hundred vectors.
"""

from __future__ import annotations

import psycopg

TRIGGERS = (
    "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE 'audit_%'"
)

FILL = """
INSERT INTO rage.brands (name) SELECT 'brand ' || n FROM generate_series(1, %(brands)s) AS n;

CREATE TEMP TABLE made AS
SELECT n, b.brand_id, sha256(('picture ' || n)::bytea) AS sha256
FROM generate_series(1, %(images)s) AS n
JOIN rage.brands AS b ON b.name = 'brand ' || (1 + n %% %(brands)s);

INSERT INTO rage.contents (sha256, media_type, byte_size, width, height, bytes, thumbnail)
SELECT sha256, 'image/png', 1, 640, 480, 'x', 'x' FROM made;

INSERT INTO rage.images (brand_id, content_id, kind, title, attributes)
SELECT m.brand_id, c.content_id, CASE WHEN m.n %% 20 = 0 THEN 'style' ELSE 'product' END, 'thing ' || m.n,
       jsonb_build_object('season', (ARRAY['spring', 'summer', 'autumn', 'winter'])[1 + m.n %% 4],
                          'colour', 'shade ' || m.n %% 500, 'price', m.n %% 90)
FROM made AS m JOIN rage.contents AS c USING (sha256)
ORDER BY m.n;

INSERT INTO rage.image_versions (brand_id, image_id, version, content_id)
SELECT brand_id, image_id, 1, content_id FROM rage.images;

INSERT INTO rage.image_identifiers (brand_id, image_id, identifier)
SELECT brand_id, image_id, 'asset ' || image_id FROM rage.images;

INSERT INTO rage.image_products (brand_id, image_id, sku)
SELECT brand_id, image_id, 'SKU-' || image_id %% 5000 FROM rage.images;

INSERT INTO rage.tags (brand_id, name)
SELECT b.brand_id, t.name
FROM rage.brands AS b,
     LATERAL (SELECT 'common/' || n FROM generate_series(0, 9) AS n
              UNION ALL SELECT 'rare ' || n FROM generate_series(0, %(images)s / 100) AS n) AS t (name)
WHERE b.name LIKE 'brand %%';

INSERT INTO rage.image_tags (brand_id, image_id, tag_id)
SELECT i.brand_id, i.image_id, t.tag_id
FROM rage.images AS i
JOIN rage.tags AS t
  ON t.brand_id = i.brand_id
 AND t.name IN ('common/' || i.image_id %% 10, 'rare ' || i.image_id %% (1 + %(images)s / 100));

INSERT INTO rage.image_documents (image_id, brand_id, input, input_sha256, words)
SELECT i.image_id, i.brand_id, i.title, sha256(i.title::bytea),
       to_tsvector('english', concat_ws(' ', 'thing', 'number' || i.image_id, 'group' || i.image_id %% 300,
                                        'word' || i.image_id %% 7, 'word' || i.image_id %% 11))
FROM rage.images AS i;
"""

VECTORS = """
INSERT INTO rage.embeddings (space_id, image_id, brand_id, input_sha256, embedding)
SELECT s.space_id, i.image_id, i.brand_id, d.input_sha256, v.embedding
FROM rage.embedding_spaces AS s
CROSS JOIN rage.images AS i
JOIN rage.image_documents AS d USING (image_id)
JOIN (SELECT g.direction, array_agg(sin(g.direction * n + n * n))::rage.halfvec AS embedding
      FROM generate_series(0, 99) AS g (direction), generate_series(1, 512) AS n
      GROUP BY g.direction) AS v ON v.direction = i.image_id %% 100
WHERE s.name = 'usem3';
"""


def fill(url: str, *, images: int, brands: int, vectors: bool = True) -> None:
    """Fill a migrated, empty store as its operator; the captions' HNSW index goes, to save its building."""
    with psycopg.connect(url) as connection:
        for trigger, table in connection.execute(TRIGGERS).fetchall():
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}".encode())
        connection.execute("DROP INDEX IF EXISTS rage.embeddings_1_hnsw")
        values = {"images": images, "brands": brands}
        for statement in (FILL + (VECTORS if vectors else "")).split(";\n"):
            if statement.strip():
                connection.execute(statement.encode(), values)
        for trigger, table in connection.execute(TRIGGERS).fetchall():
            connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}".encode())
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")
        # As a worker leaves it.
        while connection.execute("SELECT rage.count_words()").fetchone() == (True,):
            pass
