"""Generations that wait, that are called off while they run, and that were made again; providers left alone."""

from alembic import op

revision = "0023"
down_revision = "0022"

UPGRADE = """
ALTER TABLE rage.generations
    ADD retry_of             uuid REFERENCES rage.generations ON DELETE RESTRICT,
    ADD cancel_requested_at  timestamptz,
    ADD cancel_requested_by  text,
    ADD waits_for            text CHECK (waits_for IN ('retry', 'turn')),
    ADD waits_until          timestamptz,
    ADD CONSTRAINT generations_waits_until_then CHECK ((waits_for IS NULL) = (waits_until IS NULL)),
    ADD CONSTRAINT generations_waits_queued CHECK (waits_for IS NULL OR status = 'queued');
CREATE INDEX generations_retry_of ON rage.generations (retry_of);
CREATE INDEX generations_in_line ON rage.generations (provider, job_id) WHERE waits_for = 'turn';
COMMENT ON COLUMN rage.generations.retry_of IS 'The generation whose request this one makes once more.';
COMMENT ON COLUMN rage.generations.cancel_requested_at IS 'When it was called off while it ran; its worker ends it.';
COMMENT ON COLUMN rage.generations.cancel_requested_by IS 'The key that called it off; null while the service is open.';
COMMENT ON COLUMN rage.generations.waits_for IS
    'Of a queued one. retry: its provider turned it away, it is called again; turn: its provider is called as often as may be.';
COMMENT ON COLUMN rage.generations.waits_until IS
    'When it is taken up again; one that waits for its turn is called in before, and this is when it looks by itself.';
COMMENT ON COLUMN rage.generations.timings_ms IS 'Milliseconds by stage: queue, load, fit, call, store.';

CREATE TABLE rage.provider_pauses (
    provider      text PRIMARY KEY,
    paused_until  timestamptz NOT NULL,
    noted_at      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  rage.provider_pauses IS 'Providers that asked to be left alone: until then no worker makes a picture with them.';
COMMENT ON COLUMN rage.provider_pauses.provider IS 'Who asked.';
COMMENT ON COLUMN rage.provider_pauses.paused_until IS 'The end of what it asked for.';
COMMENT ON COLUMN rage.provider_pauses.noted_at IS 'When it last asked.';
"""

DOWNGRADE = """
DROP TABLE rage.provider_pauses;
ALTER TABLE rage.generations
    DROP retry_of, DROP cancel_requested_at, DROP cancel_requested_by, DROP waits_for, DROP waits_until;
COMMENT ON COLUMN rage.generations.timings_ms IS 'Milliseconds by stage: queue, load, call, store.';
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
