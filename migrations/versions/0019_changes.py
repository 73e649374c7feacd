"""In which transaction an image changed: who fills a space looks at what came since, not at every image."""

from alembic import op

revision = "0019"
down_revision = "0018"

UPGRADE = """
-- A constant first, which writes no row anew: whatever the default gives is of rows to come.
ALTER TABLE rage.images ADD COLUMN changed_in xid8 NOT NULL DEFAULT '0';
ALTER TABLE rage.images ALTER COLUMN changed_in SET DEFAULT pg_current_xact_id();
CREATE INDEX images_changed ON rage.images (changed_in, image_id);
COMMENT ON COLUMN rage.images.changed_in IS
    'The transaction in which it last began to show other bytes, was hidden or shown again; kept by a trigger.';

ALTER TABLE rage.image_documents ADD COLUMN changed_in xid8 NOT NULL DEFAULT '0';
ALTER TABLE rage.image_documents ALTER COLUMN changed_in SET DEFAULT pg_current_xact_id();
CREATE INDEX image_documents_changed ON rage.image_documents (changed_in, image_id);
COMMENT ON COLUMN rage.image_documents.changed_in IS 'The transaction in which its input last changed; kept by a trigger.';

CREATE INDEX failed_items_by_space ON rage.failed_items (space_id, attempts);

ALTER TABLE rage.embedding_claims ALTER COLUMN filler_id DROP NOT NULL;
COMMENT ON TABLE rage.embedding_claims IS
    'What is being embedded, and by whom: no two embed the same. Also what nobody is at any more, and has to be looked at again.';
COMMENT ON COLUMN rage.embedding_claims.filler_id IS 'Who embeds it; null: whoever comes next.';
"""

DOWNGRADE = """
DELETE FROM rage.embedding_claims WHERE filler_id IS NULL;
ALTER TABLE rage.embedding_claims ALTER COLUMN filler_id SET NOT NULL;
COMMENT ON TABLE rage.embedding_claims IS 'What is being embedded, and by whom: no two embed the same.';
COMMENT ON COLUMN rage.embedding_claims.filler_id IS 'Who embeds it.';
DROP INDEX rage.failed_items_by_space;
ALTER TABLE rage.image_documents DROP COLUMN changed_in;
ALTER TABLE rage.images DROP COLUMN changed_in;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
