"""Partial images: what a provider shows of a picture while it paints, kept until the generation ends."""

from alembic import op

revision = "0022"
down_revision = "0021"

UPGRADE = """
CREATE TABLE rage.generation_partials (
    generation_id  uuid NOT NULL,
    event_id       integer NOT NULL,
    media_type     text NOT NULL,
    bytes          bytea NOT NULL,
    PRIMARY KEY (generation_id, event_id),
    CONSTRAINT generation_partials_event FOREIGN KEY (generation_id, event_id)
        REFERENCES rage.generation_events ON DELETE CASCADE,
    CONSTRAINT generation_partials_media_type_known CHECK (media_type IN ('image/png', 'image/webp', 'image/jpeg'))
);
-- A picture is compressed already.
ALTER TABLE rage.generation_partials ALTER COLUMN bytes SET STORAGE EXTERNAL;
COMMENT ON TABLE  rage.generation_partials IS
    'Pictures that are not finished yet, of generations that are running: they go when the attempt ends.';
COMMENT ON COLUMN rage.generation_partials.generation_id IS 'The generation.';
COMMENT ON COLUMN rage.generation_partials.event_id IS 'The event that told of it, and its number in its address.';
COMMENT ON COLUMN rage.generation_partials.media_type IS 'What its bytes are.';
COMMENT ON COLUMN rage.generation_partials.bytes IS 'The file as the provider sent it.';
"""

DOWNGRADE = """
DROP TABLE rage.generation_partials;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
