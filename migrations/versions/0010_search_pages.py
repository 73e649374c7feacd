"""Searches keep their cut-off, so that their next rows can be found by the same request."""

from alembic import op

revision = "0010"
down_revision = "0009"

UPGRADE = """
ALTER TABLE rage.searches
    ADD COLUMN min_relevance real NOT NULL DEFAULT 0 CHECK (min_relevance BETWEEN 0 AND 1);
COMMENT ON COLUMN rage.searches.min_relevance IS 'The share of the best score that a result had to reach.';
"""

DOWNGRADE = """
ALTER TABLE rage.searches DROP COLUMN min_relevance;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
