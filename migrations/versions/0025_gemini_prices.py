"""Prices of Google's image models, as published in autumn 2026."""

from alembic import op

revision = "0025"
down_revision = "0024"

UPGRADE = """
INSERT INTO rage.prices (provider, model, token_class, effective_from, usd_per_million)
SELECT 'gemini', model, token_class, DATE '2026-01-01', price
FROM (VALUES ('gemini-2.5-flash-image', 0.3, 2.5, 30), ('gemini-3.1-flash-image', 0.5, 3, 60),
             ('gemini-3-pro-image', 2, 12, 120))
         AS m (model, input, text_output, image_output),
     LATERAL (VALUES ('text_input', m.input), ('image_input', m.input), ('text_output', m.text_output),
                     ('image_output', m.image_output))
         AS c (token_class, price)
-- A price that somebody has set stands.
ON CONFLICT DO NOTHING;
"""

DOWNGRADE = """
DELETE FROM rage.prices
WHERE provider = 'gemini' AND effective_from = DATE '2026-01-01'
  AND model IN ('gemini-2.5-flash-image', 'gemini-3.1-flash-image', 'gemini-3-pro-image');
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
