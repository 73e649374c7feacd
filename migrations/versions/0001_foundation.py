"""The extension, and how names are compared."""

from alembic import op

revision = "0001"
down_revision = None

UPGRADE = """
CREATE EXTENSION IF NOT EXISTS vector SCHEMA rage;

CREATE FUNCTION rage.normal_form(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(replace(
    lower(normalize(btrim(regexp_replace(name, '[\\s\u00a0]+', ' ', 'g')), NFC)),
    'ß', 'ss'), 'ς', 'σ');

COMMENT ON FUNCTION rage.normal_form(text) IS
    'How brands and tags are compared: trimmed, inner white space to one blank, NFC, case-folded.';
"""

DOWNGRADE = """
DROP SCHEMA IF EXISTS rage_v1 CASCADE;
DROP FUNCTION rage.normal_form(text);
DO $$
BEGIN
    -- An extension that stood here before belongs to the host; ours lies in our schema.
    IF EXISTS (SELECT FROM pg_extension
               WHERE extname = 'vector' AND extnamespace = 'rage'::regnamespace) THEN
        DROP EXTENSION vector;
    END IF;
END $$;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
