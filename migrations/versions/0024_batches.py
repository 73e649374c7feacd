"""Batches: a brief as a set of generations, under one budget, each item a row."""

from alembic import op

revision = "0024"
down_revision = "0023"

UPGRADE = """
CREATE TABLE rage.generation_batches (
    batch_id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    brand_id         integer NOT NULL REFERENCES rage.brands ON DELETE RESTRICT,
    name             text,
    request          jsonb NOT NULL,
    request_sha256   bytea NOT NULL CHECK (octet_length(request_sha256) = 32),
    idempotency_key  text,
    budget_usd       numeric(14, 6) CHECK (budget_usd >= 0),
    state            text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paused', 'cancelled')),
    reason           text,
    caller_id        uuid,
    asked_by         text,
    created_at       timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX generation_batches_idempotency_key ON rage.generation_batches (coalesce(asked_by, ''), idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX generation_batches_brand ON rage.generation_batches (brand_id, created_at);
CREATE INDEX generation_batches_open ON rage.generation_batches (batch_id) WHERE state = 'open';
COMMENT ON TABLE  rage.generation_batches IS 'A brief as a set: many generations that were asked for at once, under one budget.';
COMMENT ON COLUMN rage.generation_batches.batch_id IS 'Stable id of the batch.';
COMMENT ON COLUMN rage.generation_batches.brand_id IS 'The brand that pays for every item.';
COMMENT ON COLUMN rage.generation_batches.name IS 'What the person calls it.';
COMMENT ON COLUMN rage.generation_batches.request IS 'The request as it was given.';
COMMENT ON COLUMN rage.generation_batches.request_sha256 IS 'Hash of the request, which the same key must come with.';
COMMENT ON COLUMN rage.generation_batches.idempotency_key IS 'The caller''s key: the same key and request is the same batch.';
COMMENT ON COLUMN rage.generation_batches.budget_usd IS 'US dollars that all its calls together may cost, in whatever month; null: no limit of its own.';
COMMENT ON COLUMN rage.generation_batches.state IS 'open: items are begun one after another; paused: not until it is resumed; cancelled: never.';
COMMENT ON COLUMN rage.generation_batches.reason IS 'Why it is paused.';
COMMENT ON COLUMN rage.generation_batches.caller_id IS 'On whose behalf items are accepted; null: the operator''s.';
COMMENT ON COLUMN rage.generation_batches.asked_by IS 'The key or login that asked; null while the service is open.';
COMMENT ON COLUMN rage.generation_batches.created_at IS 'When it was asked.';

CREATE TABLE rage.generation_batch_items (
    batch_id       uuid NOT NULL REFERENCES rage.generation_batches ON DELETE CASCADE,
    position       integer NOT NULL CHECK (position > 0),
    key            text NOT NULL,
    request        jsonb NOT NULL,
    generation_id  uuid REFERENCES rage.generations ON DELETE RESTRICT,
    reason         text,
    PRIMARY KEY (batch_id, position),
    CONSTRAINT generation_batch_items_accepted_or_rejected CHECK (generation_id IS NULL OR reason IS NULL)
);
CREATE UNIQUE INDEX generation_batch_items_generation ON rage.generation_batch_items (generation_id);
CREATE INDEX generation_batch_items_pending ON rage.generation_batch_items (batch_id, position)
    WHERE generation_id IS NULL AND reason IS NULL;
COMMENT ON TABLE  rage.generation_batch_items IS 'The items of batches, each to become a generation.';
COMMENT ON COLUMN rage.generation_batch_items.batch_id IS 'The batch.';
COMMENT ON COLUMN rage.generation_batch_items.position IS 'Place in the batch, from 1.';
COMMENT ON COLUMN rage.generation_batch_items.key IS 'What the item is of, for people: sku=SOAP-1/purpose=style/size=1024x1024.';
COMMENT ON COLUMN rage.generation_batch_items.request IS 'The request for its generation.';
COMMENT ON COLUMN rage.generation_batch_items.generation_id IS 'The generation that it has become; null: none yet, or it is to be made anew.';
COMMENT ON COLUMN rage.generation_batch_items.reason IS 'Why it cannot become one; null: it can, as far as is known.';

ALTER TABLE rage.generations
    ADD batch_id        uuid REFERENCES rage.generation_batches ON DELETE RESTRICT,
    ADD batch_position  integer,
    ADD CONSTRAINT generations_batch_is_whole CHECK ((batch_id IS NULL) = (batch_position IS NULL));
CREATE INDEX generations_batch ON rage.generations (batch_id, batch_position) WHERE batch_id IS NOT NULL;
COMMENT ON COLUMN rage.generations.batch_id IS 'The batch that it is of, if any.';
COMMENT ON COLUMN rage.generations.batch_position IS 'The item of that batch; one that was tried again has several generations.';
"""

DOWNGRADE = """
ALTER TABLE rage.generations DROP batch_id, DROP batch_position;
DROP TABLE rage.generation_batch_items, rage.generation_batches;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
