"""Filters are answered without a look at each image's row.

The few images that are not open to everyone at any time stand in an index of their own, and what filters by
tag needs stands in theirs.
"""

from alembic import op

revision = "0013"
down_revision = "0012"

UPGRADE = """
CREATE INDEX images_closed ON rage.images (image_id) INCLUDE (deleted_at, state, usable_from, usable_until)
    WHERE deleted_at IS NOT NULL OR state <> 'approved' OR usable_from IS NOT NULL OR usable_until IS NOT NULL;

DROP INDEX rage.image_tags_by_tag;
CREATE INDEX image_tags_by_tag ON rage.image_tags (tag_id, image_id) INCLUDE (brand_id);

CREATE TYPE rage.matching AS (
    condition  text,
    within     text,
    scanned    text,
    listed     text,
    tagged     boolean
);
COMMENT ON TYPE rage.matching IS 'A filter as the pieces of a statement that ask for it.';
COMMENT ON COLUMN rage.matching.condition IS 'Of rage.images i: all of it, by their columns.';
COMMENT ON COLUMN rage.matching.within IS
    'FROM and WHERE that keep of any relation with image_id and brand_id, put in for %s, the rows of images that match.';
COMMENT ON COLUMN rage.matching.scanned IS 'As within, for the few candidates of an index scan: the tags of each are looked up.';
COMMENT ON COLUMN rage.matching.listed IS 'FROM and WHERE that give the image_id of every image i that matches.';
COMMENT ON COLUMN rage.matching.tagged IS 'Whether listed starts from the tags.';
"""

DOWNGRADE = """
DROP TYPE rage.matching;
DROP INDEX rage.images_closed;
DROP INDEX rage.image_tags_by_tag;
CREATE INDEX image_tags_by_tag ON rage.image_tags (tag_id, image_id);
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
