"""The ledger: generations with references in order, outputs, ratings, events, paid calls, prices."""

from alembic import op

revision = "0006"
down_revision = "0005"

UPGRADE = """
CREATE TABLE rage.generations (
    generation_id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    brand_id             integer NOT NULL REFERENCES rage.brands ON DELETE RESTRICT,
    status               text NOT NULL DEFAULT 'queued'
                         CHECK (status IN ('queued', 'running', 'succeeded', 'refused', 'failed', 'cancelled', 'unknown')),
    prompt               text NOT NULL,
    prompt_sent          text,
    purpose              text NOT NULL CHECK (purpose IN ('compose', 'edit', 'enhance', 'style', 'prototype')),
    provider             text NOT NULL,
    model                text,
    parameters           jsonb NOT NULL DEFAULT '{}',
    labels               jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(labels) = 'object'),
    parent_id            uuid REFERENCES rage.generations ON DELETE RESTRICT,
    search_id            uuid REFERENCES rage.searches ON DELETE SET NULL,
    proposal_id          uuid REFERENCES rage.proposals ON DELETE SET NULL,
    idempotency_key      text,
    request_sha256       bytea,
    job_id               bigint,
    provider_request_id  text,
    usage                jsonb,
    cost_usd             numeric(14, 6) CHECK (cost_usd >= 0),
    timings_ms           jsonb NOT NULL DEFAULT '{}',
    error                jsonb,
    asked_by             text,
    created_at           timestamptz NOT NULL DEFAULT now(),
    started_at           timestamptz,
    finished_at          timestamptz,
    CONSTRAINT generations_finished_has_time
        CHECK ((finished_at IS NULL) = (status IN ('queued', 'running')))
);
CREATE UNIQUE INDEX generations_idempotency_key ON rage.generations (coalesce(asked_by, ''), idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX generations_created ON rage.generations (created_at, generation_id);
CREATE INDEX generations_brand ON rage.generations (brand_id, created_at);
CREATE INDEX generations_labels ON rage.generations USING gin (labels jsonb_path_ops);
CREATE INDEX generations_parent ON rage.generations (parent_id);
CREATE INDEX generations_search ON rage.generations (search_id);
CREATE INDEX generations_proposal ON rage.generations (proposal_id);
COMMENT ON TABLE  rage.generations IS 'The ledger: one row per request for pictures, kept for good.';
COMMENT ON COLUMN rage.generations.generation_id IS 'Stable id of the generation.';
COMMENT ON COLUMN rage.generations.brand_id IS 'The brand that pays.';
COMMENT ON COLUMN rage.generations.status IS 'queued, running, or the outcome; unknown: a crash hid the answer, nothing is retried blindly.';
COMMENT ON COLUMN rage.generations.prompt IS 'The prompt as it was given.';
COMMENT ON COLUMN rage.generations.prompt_sent IS 'The exact text that went to the provider.';
COMMENT ON COLUMN rage.generations.purpose IS 'What the picture is for; shapes the instruction.';
COMMENT ON COLUMN rage.generations.provider IS 'Who makes the picture.';
COMMENT ON COLUMN rage.generations.model IS 'The model asked for; after an answer, the model that answered.';
COMMENT ON COLUMN rage.generations.parameters IS 'Size, quality and whatever else was asked, and what the provider says it did.';
COMMENT ON COLUMN rage.generations.labels IS 'Names and values of the caller: campaign, channel, ticket.';
COMMENT ON COLUMN rage.generations.parent_id IS 'The generation that this one continues.';
COMMENT ON COLUMN rage.generations.search_id IS 'The search that the references came from.';
COMMENT ON COLUMN rage.generations.proposal_id IS 'The proposal that the references came from.';
COMMENT ON COLUMN rage.generations.idempotency_key IS 'The caller''s key: the same key and request is the same generation.';
COMMENT ON COLUMN rage.generations.request_sha256 IS 'Hash of the request that came with the key.';
COMMENT ON COLUMN rage.generations.job_id IS 'The job that does the work.';
COMMENT ON COLUMN rage.generations.provider_request_id IS 'The provider''s own number of the call.';
COMMENT ON COLUMN rage.generations.usage IS 'Tokens by class, as the provider counted them.';
COMMENT ON COLUMN rage.generations.cost_usd IS 'What it cost; null where usage or price is not known, 0 only where nothing is charged.';
COMMENT ON COLUMN rage.generations.timings_ms IS 'Milliseconds by stage: queue, load, call, store.';
COMMENT ON COLUMN rage.generations.error IS 'What went wrong: type, detail, code.';
COMMENT ON COLUMN rage.generations.asked_by IS 'The key or login that asked; null while the service is open.';
COMMENT ON COLUMN rage.generations.created_at IS 'When it was asked.';
COMMENT ON COLUMN rage.generations.started_at IS 'When a worker took it up.';
COMMENT ON COLUMN rage.generations.finished_at IS 'When the outcome was known.';

CREATE TABLE rage.generation_references (
    generation_id  uuid NOT NULL REFERENCES rage.generations ON DELETE CASCADE,
    position       integer NOT NULL CHECK (position > 0),
    image_id       bigint NOT NULL REFERENCES rage.images ON DELETE RESTRICT,
    version        integer NOT NULL,
    sha256         bytea NOT NULL CHECK (octet_length(sha256) = 32),
    role           text NOT NULL
                   CHECK (role IN ('product', 'style', 'subject', 'background', 'layout', 'logo', 'edit_target')),
    note           text,
    search_rank    integer,
    search_score   real,
    PRIMARY KEY (generation_id, position)
);
CREATE INDEX generation_references_by_image ON rage.generation_references (image_id);
COMMENT ON TABLE  rage.generation_references IS 'The images that went with a prompt, in the order in which they were sent.';
COMMENT ON COLUMN rage.generation_references.generation_id IS 'The generation.';
COMMENT ON COLUMN rage.generation_references.position IS 'Place in the order, from 1; the prompt counts alike.';
COMMENT ON COLUMN rage.generation_references.image_id IS 'The image.';
COMMENT ON COLUMN rage.generation_references.version IS 'The image''s version at the time.';
COMMENT ON COLUMN rage.generation_references.sha256 IS 'Hash of the bytes that were used.';
COMMENT ON COLUMN rage.generation_references.role IS 'What the image was there for.';
COMMENT ON COLUMN rage.generation_references.note IS 'What the person said about it.';
COMMENT ON COLUMN rage.generation_references.search_rank IS 'Its rank in the search that it came from.';
COMMENT ON COLUMN rage.generation_references.search_score IS 'Its score there.';

CREATE TABLE rage.generation_outputs (
    generation_id  uuid NOT NULL REFERENCES rage.generations ON DELETE CASCADE,
    position       integer NOT NULL CHECK (position > 0),
    image_id       bigint NOT NULL REFERENCES rage.images ON DELETE RESTRICT,
    sha256         bytea NOT NULL CHECK (octet_length(sha256) = 32),
    kept_at        timestamptz,
    kept_by        text,
    PRIMARY KEY (generation_id, position)
);
CREATE INDEX generation_outputs_by_image ON rage.generation_outputs (image_id);
COMMENT ON TABLE  rage.generation_outputs IS 'The pictures that a generation made.';
COMMENT ON COLUMN rage.generation_outputs.generation_id IS 'The generation.';
COMMENT ON COLUMN rage.generation_outputs.position IS 'Place among its outputs, from 1.';
COMMENT ON COLUMN rage.generation_outputs.image_id IS 'The output as an image of the store, a draft until kept.';
COMMENT ON COLUMN rage.generation_outputs.sha256 IS 'Hash of its bytes.';
COMMENT ON COLUMN rage.generation_outputs.kept_at IS 'When it was approved as an image of the catalogue.';
COMMENT ON COLUMN rage.generation_outputs.kept_by IS 'Who approved it.';

CREATE TABLE rage.ratings (
    generation_id  uuid NOT NULL,
    position       integer NOT NULL,
    rated_by       text NOT NULL DEFAULT '',
    rating         smallint NOT NULL CHECK (rating IN (-1, 0, 1)),
    reasons        text[] NOT NULL DEFAULT '{}'
                   CHECK (reasons <@ ARRAY['wrong label', 'off-brand', 'artefact', 'wrong product', 'other']),
    comment        text,
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (generation_id, position, rated_by),
    CONSTRAINT ratings_output FOREIGN KEY (generation_id, position)
        REFERENCES rage.generation_outputs ON DELETE CASCADE
);
COMMENT ON TABLE  rage.ratings IS 'What people think of outputs: one row per output and person.';
COMMENT ON COLUMN rage.ratings.generation_id IS 'The generation.';
COMMENT ON COLUMN rage.ratings.position IS 'The output among its outputs.';
COMMENT ON COLUMN rage.ratings.rated_by IS 'The key or person; empty while the service is open.';
COMMENT ON COLUMN rage.ratings.rating IS '-1, 0 or 1.';
COMMENT ON COLUMN rage.ratings.reasons IS 'What is wrong with it, by code.';
COMMENT ON COLUMN rage.ratings.comment IS 'In the person''s words.';
COMMENT ON COLUMN rage.ratings.created_at IS 'When it was last given.';

CREATE TABLE rage.generation_events (
    generation_id  uuid NOT NULL REFERENCES rage.generations ON DELETE CASCADE,
    event_id       integer NOT NULL CHECK (event_id > 0),
    name           text NOT NULL,
    data           jsonb NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (generation_id, event_id)
);
COMMENT ON TABLE  rage.generation_events IS 'The progress of a generation, so that a late or returning client misses nothing.';
COMMENT ON COLUMN rage.generation_events.generation_id IS 'The generation.';
COMMENT ON COLUMN rage.generation_events.event_id IS 'Counts from 1 per generation.';
COMMENT ON COLUMN rage.generation_events.name IS 'What happened.';
COMMENT ON COLUMN rage.generation_events.data IS 'Its particulars.';
COMMENT ON COLUMN rage.generation_events.created_at IS 'When it happened.';

CREATE TABLE rage.paid_calls (
    call_id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    brand_id             integer NOT NULL REFERENCES rage.brands ON DELETE RESTRICT,
    generation_id        uuid REFERENCES rage.generations ON DELETE RESTRICT,
    purpose              text NOT NULL
                         CHECK (purpose IN ('generation', 'caption', 'embedding', 'planner', 'judge', 'draft')),
    provider             text NOT NULL,
    model                text NOT NULL,
    status               text NOT NULL DEFAULT 'started'
                         CHECK (status IN ('started', 'succeeded', 'refused', 'failed', 'unknown')),
    provider_request_id  text,
    usage                jsonb,
    cost_usd             numeric(14, 6) CHECK (cost_usd >= 0),
    error                jsonb,
    started_at           timestamptz NOT NULL DEFAULT now(),
    finished_at          timestamptz
);
CREATE INDEX paid_calls_started ON rage.paid_calls (started_at);
CREATE INDEX paid_calls_brand ON rage.paid_calls (brand_id, started_at);
CREATE INDEX paid_calls_generation ON rage.paid_calls (generation_id);
COMMENT ON TABLE  rage.paid_calls IS 'Every call that may cost money, written before it is made.';
COMMENT ON COLUMN rage.paid_calls.call_id IS 'Stable number of the call.';
COMMENT ON COLUMN rage.paid_calls.brand_id IS 'The brand that pays.';
COMMENT ON COLUMN rage.paid_calls.generation_id IS 'The generation that it belongs to, if any.';
COMMENT ON COLUMN rage.paid_calls.purpose IS 'What the call was for.';
COMMENT ON COLUMN rage.paid_calls.provider IS 'Who was called.';
COMMENT ON COLUMN rage.paid_calls.model IS 'The model that was called.';
COMMENT ON COLUMN rage.paid_calls.status IS 'started until the answer is known; unknown: it never will be.';
COMMENT ON COLUMN rage.paid_calls.provider_request_id IS 'The provider''s own number of the call.';
COMMENT ON COLUMN rage.paid_calls.usage IS 'Tokens by class, as the provider counted them.';
COMMENT ON COLUMN rage.paid_calls.cost_usd IS 'What it cost; null where usage or price is not known.';
COMMENT ON COLUMN rage.paid_calls.error IS 'What went wrong.';
COMMENT ON COLUMN rage.paid_calls.started_at IS 'When the call was about to be made.';
COMMENT ON COLUMN rage.paid_calls.finished_at IS 'When the answer was known.';

CREATE TABLE rage.prices (
    provider         text NOT NULL,
    model            text NOT NULL,
    token_class      text NOT NULL
                     CHECK (token_class IN ('text_input', 'image_input', 'text_output', 'image_output')),
    effective_from   date NOT NULL,
    usd_per_million  numeric(12, 6) NOT NULL CHECK (usd_per_million >= 0),
    PRIMARY KEY (provider, model, token_class, effective_from)
);
COMMENT ON TABLE  rage.prices IS 'What a million tokens cost, by model, class of token and day; edit it as prices change.';
COMMENT ON COLUMN rage.prices.provider IS 'Who charges.';
COMMENT ON COLUMN rage.prices.model IS 'The model.';
COMMENT ON COLUMN rage.prices.token_class IS 'Which tokens.';
COMMENT ON COLUMN rage.prices.effective_from IS 'First day of this price.';
COMMENT ON COLUMN rage.prices.usd_per_million IS 'US dollars per million tokens.';

INSERT INTO rage.prices (provider, model, token_class, effective_from, usd_per_million)
SELECT 'openai', model, token_class, DATE '2026-01-01', price
FROM (VALUES ('gpt-image-2', 5, 8, 30), ('gpt-image-2.5-sunburst', 5, 8, 30), ('gpt-image-2.5-flare', 5, 8, 30),
             ('gpt-image-2.6-sunburst', 5, 8, 30), ('gpt-image-1.5', 5, 8, 32), ('gpt-image-1-mini', 2, 2.5, 8))
         AS m (model, text_input, image_input, image_output),
     LATERAL (VALUES ('text_input', m.text_input), ('image_input', m.image_input), ('image_output', m.image_output))
         AS c (token_class, price);
INSERT INTO rage.prices (provider, model, token_class, effective_from, usd_per_million)
VALUES ('openai', 'text-embedding-3-small', 'text_input', DATE '2026-01-01', 0.02),
       ('openai', 'text-embedding-3-large', 'text_input', DATE '2026-01-01', 0.13);
"""

DOWNGRADE = """
DROP TABLE rage.prices, rage.paid_calls, rage.generation_events, rage.ratings, rage.generation_outputs,
    rage.generation_references, rage.generations;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
