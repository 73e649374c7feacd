"""What models and OCR see in images, and who looked over the captions that a model wrote."""

from alembic import op

revision = "0017"
down_revision = "0016"

UPGRADE = """
CREATE TABLE rage.descriptions (
    brand_id      integer NOT NULL,
    image_id      bigint NOT NULL,
    reader        text NOT NULL CHECK (reader IN ('model', 'ocr')),
    content_id    bigint NOT NULL REFERENCES rage.contents ON DELETE CASCADE,
    objects       text[] NOT NULL DEFAULT '{}',
    styles        text[] NOT NULL DEFAULT '{}',
    colours       text[] NOT NULL DEFAULT '{}',
    visible_text  text NOT NULL DEFAULT '',
    kind          text CHECK (kind IN ('product', 'style', 'logo', 'scene', 'person', 'sketch', 'other')),
    language      text NOT NULL,
    provider      text NOT NULL,
    model         text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (image_id, reader),
    CONSTRAINT descriptions_image FOREIGN KEY (brand_id, image_id)
        REFERENCES rage.images (brand_id, image_id) ON DELETE CASCADE
);
CREATE INDEX descriptions_content ON rage.descriptions (content_id);
COMMENT ON TABLE  rage.descriptions IS
    'What a vision model or OCR sees in an image, beside its caption; of another content than the image shows now, it is out of date.';
COMMENT ON COLUMN rage.descriptions.brand_id IS 'The image''s brand.';
COMMENT ON COLUMN rage.descriptions.image_id IS 'The image.';
COMMENT ON COLUMN rage.descriptions.reader IS 'model: a vision model; ocr: text recognition.';
COMMENT ON COLUMN rage.descriptions.content_id IS 'The bytes that were described.';
COMMENT ON COLUMN rage.descriptions.objects IS 'What is to be seen.';
COMMENT ON COLUMN rage.descriptions.styles IS 'Words for its look.';
COMMENT ON COLUMN rage.descriptions.colours IS 'Its main colours.';
COMMENT ON COLUMN rage.descriptions.visible_text IS 'Text in the picture; empty where there is none.';
COMMENT ON COLUMN rage.descriptions.kind IS 'The kind of image that the model suggests; the image keeps its own.';
COMMENT ON COLUMN rage.descriptions.language IS 'The language that was asked for, as a BCP 47 tag.';
COMMENT ON COLUMN rage.descriptions.provider IS 'The provider that was asked.';
COMMENT ON COLUMN rage.descriptions.model IS 'The model that answered.';
COMMENT ON COLUMN rage.descriptions.created_at IS 'When it was written.';

CREATE TABLE rage.caption_tries (
    brand_id       integer NOT NULL,
    image_id       bigint NOT NULL,
    reader         text NOT NULL CHECK (reader IN ('model', 'ocr')),
    content_id     bigint NOT NULL REFERENCES rage.contents ON DELETE CASCADE,
    attempts       integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    reason         text,
    failed_at      timestamptz,
    run_id         uuid,
    claimed_until  timestamptz,
    call_id        bigint REFERENCES rage.paid_calls ON DELETE SET NULL,
    PRIMARY KEY (image_id, reader),
    CONSTRAINT caption_tries_image FOREIGN KEY (brand_id, image_id)
        REFERENCES rage.images (brand_id, image_id) ON DELETE CASCADE
);
CREATE INDEX caption_tries_content ON rage.caption_tries (content_id);
CREATE INDEX caption_tries_call ON rage.caption_tries (call_id);
COMMENT ON TABLE  rage.caption_tries IS
    'Images that a captioner is at or failed on; the row goes once the image is described.';
COMMENT ON COLUMN rage.caption_tries.brand_id IS 'The image''s brand.';
COMMENT ON COLUMN rage.caption_tries.image_id IS 'The image.';
COMMENT ON COLUMN rage.caption_tries.reader IS 'model: a vision model; ocr: text recognition.';
COMMENT ON COLUMN rage.caption_tries.content_id IS 'The bytes that are described; others are tried afresh.';
COMMENT ON COLUMN rage.caption_tries.attempts IS 'How often it failed.';
COMMENT ON COLUMN rage.caption_tries.reason IS 'Why it failed last.';
COMMENT ON COLUMN rage.caption_tries.failed_at IS 'When it failed last.';
COMMENT ON COLUMN rage.caption_tries.run_id IS 'The run that is at it; null: none.';
COMMENT ON COLUMN rage.caption_tries.claimed_until IS 'When a run that does not say otherwise counts as lost.';
COMMENT ON COLUMN rage.caption_tries.call_id IS 'The paid call under way.';

ALTER TABLE rage.captions
    ADD COLUMN replaces integer,
    ADD COLUMN reviewed_by text,
    ADD COLUMN reviewed_at timestamptz;
COMMENT ON COLUMN rage.captions.replaces IS 'The revision that was current when a model''s caption took its place; null: none was.';
COMMENT ON COLUMN rage.captions.reviewed_by IS 'Who accepted or rejected a model''s caption, where known.';
COMMENT ON COLUMN rage.captions.reviewed_at IS 'When it was accepted or rejected; null: nobody has looked it over.';
CREATE INDEX captions_to_review ON rage.captions (image_id)
    WHERE is_current AND source = 'model' AND reviewed_at IS NULL;
CREATE INDEX paid_calls_captions ON rage.paid_calls (started_at) WHERE purpose = 'caption';
"""

DOWNGRADE = """
DROP INDEX rage.paid_calls_captions;
DROP INDEX rage.captions_to_review;
ALTER TABLE rage.captions DROP COLUMN reviewed_at, DROP COLUMN reviewed_by, DROP COLUMN replaces;
DROP TABLE rage.caption_tries, rage.descriptions;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
