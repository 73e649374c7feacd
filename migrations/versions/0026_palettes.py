"""A brand's palette and words to avoid, beside its guidelines."""

from alembic import op

revision = "0026"
down_revision = "0025"

UPGRADE = r"""
ALTER TABLE rage.brands
    ADD palette         text[] NOT NULL DEFAULT '{}',
    ADD words_to_avoid  text[] NOT NULL DEFAULT '{}',
    -- All go into every prompt: few and short, whoever writes them.
    ADD CONSTRAINT brands_palette_of_colours CHECK (
        cardinality(palette) <= 16
        AND array_position(palette, NULL) IS NULL
        AND array_position(palette, '') IS NULL
        AND length(array_to_string(palette, E'\n')) <= 1000
        AND array_to_string(palette, E'\n') ~ '^(#[0-9a-f]{6}( [^\n]+)?(\n|$))*$'),
    ADD CONSTRAINT brands_words_to_avoid_are_words CHECK (
        cardinality(words_to_avoid) <= 100
        AND array_position(words_to_avoid, NULL) IS NULL
        AND array_position(words_to_avoid, '') IS NULL
        AND length(array_to_string(words_to_avoid, '')) <= 6000);
COMMENT ON COLUMN rage.brands.palette IS 'Its colours as #rrggbb, each with its name behind one blank where it has one.';
COMMENT ON COLUMN rage.brands.words_to_avoid IS 'Words and things that are neither to be written nor shown in pictures for it.';
"""

DOWNGRADE = """
ALTER TABLE rage.brands DROP palette, DROP words_to_avoid;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
