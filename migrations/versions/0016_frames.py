"""How many frames a picture has, and captions that its file brought.

Of what was stored before, nobody counted the frames: it counts as one.
"""

from alembic import op

revision = "0016"
down_revision = "0015"

UPGRADE = """
ALTER TABLE rage.contents
    ADD COLUMN frames integer NOT NULL DEFAULT 1 CONSTRAINT contents_frames_check CHECK (frames > 0);
COMMENT ON COLUMN rage.contents.frames IS 'Frames of an animation or pages, of which the first is shown; 1 for a still.';

ALTER TABLE rage.captions
    DROP CONSTRAINT captions_source_check,
    ADD CONSTRAINT captions_source_check CHECK (source IN ('import', 'person', 'model', 'generation', 'file'));
COMMENT ON COLUMN rage.captions.source IS 'import: came with a file; person; model: a vision model; generation: drafted from references; file: stood in the picture''s file.';
"""

DOWNGRADE = """
UPDATE rage.captions SET source = 'import' WHERE source = 'file';
ALTER TABLE rage.captions
    DROP CONSTRAINT captions_source_check,
    ADD CONSTRAINT captions_source_check CHECK (source IN ('import', 'person', 'model', 'generation'));
COMMENT ON COLUMN rage.captions.source IS 'import: came with a file; person; model: a vision model; generation: drafted from references.';
ALTER TABLE rage.contents DROP COLUMN frames;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
