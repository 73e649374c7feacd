"""What a proposal was found by, how long it took, and what each proposed reference is worth."""

from alembic import op

revision = "0027"
down_revision = "0026"

UPGRADE = """
ALTER TABLE rage.proposals
    ADD COLUMN diversity real NOT NULL DEFAULT 0 CHECK (diversity BETWEEN 0 AND 1),
    ADD COLUMN strategy text NOT NULL DEFAULT '',
    ADD COLUMN notes text[] NOT NULL DEFAULT '{}',
    ADD COLUMN took_ms real NOT NULL DEFAULT 0;
COMMENT ON COLUMN rage.proposals.diversity IS 'From 0, the best for each concept, to 1, the least like the other references of those about as good.';
COMMENT ON COLUMN rage.proposals.strategy IS 'How the candidates were found.';
COMMENT ON COLUMN rage.proposals.notes IS 'What did not go as asked, in sentences for people.';
COMMENT ON COLUMN rage.proposals.took_ms IS 'Time in milliseconds, the embedding of the concepts included.';

ALTER TABLE rage.proposal_references
    ADD COLUMN score real,
    ADD COLUMN chosen boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN rage.proposal_references.score IS 'How well it serves its concepts, 0 to 1; null where it serves none.';
COMMENT ON COLUMN rage.proposal_references.chosen IS 'Whether the person had chosen it before.';
COMMENT ON COLUMN rage.generation_references.search_rank IS 'Its rank in the search, or its place in the proposal, that it came from.';
"""

DOWNGRADE = """
COMMENT ON COLUMN rage.generation_references.search_rank IS 'Its rank in the search that it came from.';
ALTER TABLE rage.proposal_references DROP COLUMN chosen, DROP COLUMN score;
ALTER TABLE rage.proposals DROP COLUMN took_ms, DROP COLUMN notes, DROP COLUMN strategy, DROP COLUMN diversity;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
