"""Documents in the language of their captions, and how common a brand's words are.

What is stored already was stemmed as English, and stays so: no caption has had a language until now.
"""

from alembic import op

revision = "0012"
down_revision = "0011"

UPGRADE = """
ALTER TABLE rage.brands
    ADD COLUMN language text
        CONSTRAINT brands_language_check CHECK (language ~ '^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$');
COMMENT ON COLUMN rage.brands.language IS
    'The language of what is said of its images, as a BCP 47 tag, where a caption names none; null: English.';

ALTER TABLE rage.image_documents ADD COLUMN configuration text NOT NULL DEFAULT 'english';
COMMENT ON COLUMN rage.image_documents.configuration IS
    'The text search configuration of pg_catalog that stemmed its words.';

-- The brand beside the words: a word that another brand has a million times costs a caller who may not see it nothing.
DROP INDEX rage.image_documents_words;
CREATE INDEX image_documents_words ON rage.image_documents USING gin (words, (ARRAY[brand_id]));

CREATE TABLE rage.text_configurations (
    brand_id       integer NOT NULL REFERENCES rage.brands ON DELETE CASCADE,
    configuration  text NOT NULL,
    documents      integer NOT NULL DEFAULT 0,
    changed        integer NOT NULL DEFAULT 0,
    counted_at     timestamptz,
    PRIMARY KEY (brand_id, configuration)
);
COMMENT ON TABLE  rage.text_configurations IS 'In which languages a brand''s documents are stemmed: those that a prompt is read in.';
COMMENT ON COLUMN rage.text_configurations.brand_id IS 'Whose documents.';
COMMENT ON COLUMN rage.text_configurations.configuration IS 'A text search configuration of pg_catalog.';
COMMENT ON COLUMN rage.text_configurations.documents IS 'About how many documents: counted, and those that were added since.';
COMMENT ON COLUMN rage.text_configurations.changed IS 'How many were written since their words were counted.';
COMMENT ON COLUMN rage.text_configurations.counted_at IS 'When their words were counted; null: never.';

INSERT INTO rage.text_configurations (brand_id, configuration, documents, changed)
SELECT brand_id, configuration, count(*), count(*) FROM rage.image_documents GROUP BY brand_id, configuration;

CREATE TABLE rage.common_words (
    brand_id   integer NOT NULL REFERENCES rage.brands ON DELETE CASCADE,
    lexeme     text NOT NULL,
    documents  integer NOT NULL CHECK (documents > 0),
    PRIMARY KEY (lexeme, brand_id)
);
COMMENT ON TABLE  rage.common_words IS 'How many of a brand''s documents have a word, where many do; rage.count_words brings it up to date.';
COMMENT ON COLUMN rage.common_words.brand_id IS 'Whose documents.';
COMMENT ON COLUMN rage.common_words.lexeme IS 'The word as documents hold it, stemmed.';
COMMENT ON COLUMN rage.common_words.documents IS 'How many of them had it when they were counted.';

-- A prompt may spell a product's number in small letters.
CREATE INDEX image_products_sku_form ON rage.image_products (rage.normal_form(sku));
"""

DOWNGRADE = """
DROP INDEX rage.image_products_sku_form;
DROP TABLE rage.common_words, rage.text_configurations;
DROP INDEX rage.image_documents_words;
CREATE INDEX image_documents_words ON rage.image_documents USING gin (words);
ALTER TABLE rage.image_documents DROP COLUMN configuration;
ALTER TABLE rage.brands DROP COLUMN language;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
