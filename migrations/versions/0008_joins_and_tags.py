"""Indexes for hosts that join by their own key alone; tags without blanks beside their slashes."""

from alembic import op

revision = "0008"
down_revision = "0007"

UPGRADE = """
CREATE INDEX image_identifiers_external_id ON rage.image_identifiers (identifier) WHERE root = '';

-- The product first: a host joins by it without naming a brand.
DROP INDEX rage.image_products_sku;
CREATE INDEX image_products_sku ON rage.image_products (sku, brand_id);

-- A filter looks for a/b. Where that tag stands beside the one with blanks, the two stay: merging is for people.
WITH spelled AS (
    SELECT brand_id, tag_id, regexp_replace(name, ' ?/ ?', '/', 'g') AS name
    FROM rage.tags
    WHERE name ~ ' /|/ '
),
first_of_a_kind AS (
    SELECT DISTINCT ON (brand_id, name) brand_id, tag_id, name
    FROM spelled
    ORDER BY brand_id, name, tag_id
)
UPDATE rage.tags AS t
SET name = f.name
FROM first_of_a_kind AS f
WHERE t.tag_id = f.tag_id
  AND NOT EXISTS (SELECT FROM rage.tags AS o WHERE o.brand_id = f.brand_id AND o.name = f.name);
"""

DOWNGRADE = """
DROP INDEX rage.image_products_sku;
CREATE INDEX image_products_sku ON rage.image_products (brand_id, sku);
DROP INDEX rage.image_identifiers_external_id;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
