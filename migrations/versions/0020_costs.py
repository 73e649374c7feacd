"""What calls cost: tokens by class, cached ones among them, and what may be spent.

Prices from before stay: 0006 brought those that were published. Nobody's prices of cached tokens are known.
"""

from alembic import op

revision = "0020"
down_revision = "0019"

UPGRADE = """
ALTER TABLE rage.prices DROP CONSTRAINT prices_token_class_check;
ALTER TABLE rage.prices ADD CONSTRAINT prices_token_class_check CHECK (token_class IN (
    'text_input', 'image_input', 'cached_text_input', 'cached_image_input', 'text_output', 'image_output'));

ALTER TABLE rage.paid_calls
    ADD tokens        jsonb CHECK (jsonb_typeof(tokens) = 'object'),
    ADD expected_usd  numeric(14, 6) CHECK (expected_usd >= 0);
COMMENT ON COLUMN rage.paid_calls.tokens IS
    'The usage by the classes that prices are kept for; null where it does not tell them.';
COMMENT ON COLUMN rage.paid_calls.expected_usd IS
    'What it was expected to cost, set aside of the budgets while it is under way; null where nobody could say.';

CREATE INDEX paid_calls_purpose ON rage.paid_calls (purpose, provider, started_at);

ALTER TABLE rage.generations ADD expected_usd numeric(14, 6) CHECK (expected_usd >= 0);
COMMENT ON COLUMN rage.generations.expected_usd IS
    'What it was expected to cost when it was asked for, set aside of the budgets while it is queued; null where nobody could say.';

CREATE TABLE rage.budgets (
    budget_id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    brand_id     integer REFERENCES rage.brands ON DELETE RESTRICT,
    label_name   text CHECK (label_name <> ''),
    label_value  text,
    month        date CHECK (extract(day FROM month) = 1),
    limit_usd    numeric(14, 6) NOT NULL CHECK (limit_usd >= 0),
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT budgets_label_is_whole CHECK ((label_name IS NULL) = (label_value IS NULL)),
    CONSTRAINT budgets_once UNIQUE NULLS NOT DISTINCT (brand_id, label_name, label_value, month)
);
COMMENT ON TABLE  rage.budgets IS 'What may be spent in a calendar month (UTC), by all, by a brand, or under a label.';
COMMENT ON COLUMN rage.budgets.budget_id IS 'Stable number of the budget.';
COMMENT ON COLUMN rage.budgets.brand_id IS 'The brand that pays; null: whichever.';
COMMENT ON COLUMN rage.budgets.label_name IS 'Only generations with this label count; null: every paid call does.';
COMMENT ON COLUMN rage.budgets.label_value IS 'The value of that label.';
COMMENT ON COLUMN rage.budgets.month IS 'First day of the month that it is for; null: every month that has none of its own.';
COMMENT ON COLUMN rage.budgets.limit_usd IS 'US dollars.';
COMMENT ON COLUMN rage.budgets.created_at IS 'When it was made.';
"""

DOWNGRADE = """
DROP TABLE rage.budgets;
ALTER TABLE rage.generations DROP expected_usd;
DROP INDEX rage.paid_calls_purpose;
ALTER TABLE rage.paid_calls DROP tokens, DROP expected_usd;
DELETE FROM rage.prices WHERE token_class IN ('cached_text_input', 'cached_image_input');
ALTER TABLE rage.prices DROP CONSTRAINT prices_token_class_check;
ALTER TABLE rage.prices ADD CONSTRAINT prices_token_class_check
    CHECK (token_class IN ('text_input', 'image_input', 'text_output', 'image_output'));
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
