"""Masks of edits: kept with the generation that was asked for with them."""

from alembic import op

revision = "0021"
down_revision = "0020"

UPGRADE = """
CREATE TABLE rage.generation_masks (
    generation_id  uuid PRIMARY KEY REFERENCES rage.generations ON DELETE CASCADE,
    sha256         bytea NOT NULL CHECK (octet_length(sha256) = 32),
    bytes          bytea NOT NULL
);
-- A PNG is compressed already.
ALTER TABLE rage.generation_masks ALTER COLUMN bytes SET STORAGE EXTERNAL;
COMMENT ON TABLE  rage.generation_masks IS 'What was allowed to change in the first reference of a generation.';
COMMENT ON COLUMN rage.generation_masks.generation_id IS 'The generation.';
COMMENT ON COLUMN rage.generation_masks.sha256 IS 'Hash of the bytes; the parameters of the generation say it too.';
COMMENT ON COLUMN rage.generation_masks.bytes IS
    'A PNG of the size of that reference, transparent where it may change, and black.';
"""

DOWNGRADE = """
DROP TABLE rage.generation_masks;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
