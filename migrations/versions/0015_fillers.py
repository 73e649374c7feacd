"""Several workers fill a space at once: each notes what it works on; a space can wait, be idle, be given up."""

from alembic import op

revision = "0015"
down_revision = "0014"

UPGRADE = """
ALTER TABLE rage.embedding_spaces
    DROP CONSTRAINT embedding_spaces_state_check,
    ADD CONSTRAINT embedding_spaces_state_check CHECK (state IN ('idle', 'filling', 'ready', 'retired')),
    ADD COLUMN trouble text,
    ADD COLUMN trouble_at timestamptz,
    ADD COLUMN index_definition text;
COMMENT ON COLUMN rage.embedding_spaces.state IS
    'idle: nobody fills it; filling: on its way; ready: it has been active and is kept up; retired: its vectors are gone.';
COMMENT ON COLUMN rage.embedding_spaces.trouble IS 'Why filling it does not go on; null where nothing is in the way.';
COMMENT ON COLUMN rage.embedding_spaces.trouble_at IS 'When that was found.';
COMMENT ON COLUMN rage.embedding_spaces.index_definition IS
    'The statement that builds its HNSW index when a load is over, which is faster; null while it has one.';

-- Until now every space was called filling that was not searched, and filled when somebody said so.
UPDATE rage.embedding_spaces AS s
SET state = 'idle'
WHERE s.state = 'filling' AND NOT EXISTS (SELECT FROM rage.embeddings AS e WHERE e.space_id = s.space_id);

CREATE TABLE rage.fillers (
    filler_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    space_id    integer NOT NULL REFERENCES rage.embedding_spaces ON DELETE CASCADE,
    embedded    bigint NOT NULL DEFAULT 0,
    failed      bigint NOT NULL DEFAULT 0,
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    beat_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX fillers_by_space ON rage.fillers (space_id);
COMMENT ON TABLE  rage.fillers IS 'Who fills a space at this moment: a row per worker or command.';
COMMENT ON COLUMN rage.fillers.filler_id IS 'Number of the row.';
COMMENT ON COLUMN rage.fillers.space_id IS 'The space.';
COMMENT ON COLUMN rage.fillers.embedded IS 'Images that it has embedded.';
COMMENT ON COLUMN rage.fillers.failed IS 'Images that it could not embed.';
COMMENT ON COLUMN rage.fillers.started_at IS 'When it began.';
COMMENT ON COLUMN rage.fillers.beat_at IS 'When it was last heard of; silent for too long, it is lost.';

CREATE TABLE rage.embedding_claims (
    space_id   integer NOT NULL REFERENCES rage.embedding_spaces ON DELETE CASCADE,
    image_id   bigint NOT NULL,
    brand_id   integer NOT NULL,
    filler_id  bigint NOT NULL,
    losses     integer NOT NULL DEFAULT 0 CHECK (losses >= 0),
    PRIMARY KEY (space_id, image_id),
    CONSTRAINT embedding_claims_image FOREIGN KEY (brand_id, image_id)
        REFERENCES rage.images (brand_id, image_id) ON DELETE CASCADE
);
CREATE INDEX embedding_claims_by_filler ON rage.embedding_claims (filler_id);
CREATE INDEX embedding_claims_by_image ON rage.embedding_claims (brand_id, image_id);
COMMENT ON TABLE  rage.embedding_claims IS 'What is being embedded, and by whom: no two embed the same.';
COMMENT ON COLUMN rage.embedding_claims.space_id IS 'The space.';
COMMENT ON COLUMN rage.embedding_claims.image_id IS 'The image.';
COMMENT ON COLUMN rage.embedding_claims.brand_id IS 'The image''s brand.';
COMMENT ON COLUMN rage.embedding_claims.filler_id IS 'Who embeds it.';
COMMENT ON COLUMN rage.embedding_claims.losses IS 'How many fillers were lost while they worked on it: one that is lost each time kills them.';
"""

DOWNGRADE = """
DROP TABLE rage.embedding_claims, rage.fillers;
DO $$
DECLARE
    definition  text;
BEGIN
    FOR definition IN SELECT s.index_definition FROM rage.embedding_spaces AS s WHERE s.index_definition IS NOT NULL LOOP
        EXECUTE definition;
    END LOOP;
END $$;
UPDATE rage.embedding_spaces SET state = 'filling' WHERE state = 'idle';
ALTER TABLE rage.embedding_spaces
    DROP COLUMN trouble,
    DROP COLUMN trouble_at,
    DROP COLUMN index_definition,
    DROP CONSTRAINT embedding_spaces_state_check,
    ADD CONSTRAINT embedding_spaces_state_check CHECK (state IN ('filling', 'ready', 'retired'));
COMMENT ON COLUMN rage.embedding_spaces.state IS
    'filling: vectors are missing; ready: it has been active; retired: no longer kept up.';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
