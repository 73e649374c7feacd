"""Room for procrastinate: which of its schema changes this database has. The queue's own tables are its library's."""

from alembic import op

revision = "0007"
down_revision = "0006"

UPGRADE = """
CREATE TABLE rage.job_schema_changes (
    name        text PRIMARY KEY,
    applied_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  rage.job_schema_changes IS
    'Which schema changes of the job library (procrastinate) have been applied; its tables are procrastinate_*.';
COMMENT ON COLUMN rage.job_schema_changes.name IS 'The library''s name of the change.';
COMMENT ON COLUMN rage.job_schema_changes.applied_at IS 'When it was applied.';
"""

DOWNGRADE = """
DO $$
DECLARE
    doomed text;
BEGIN
    FOR doomed IN
        SELECT format('DROP TABLE IF EXISTS %s CASCADE', oid::regclass) FROM pg_class
        WHERE relnamespace = 'rage'::regnamespace AND relkind = 'r' AND relname LIKE 'procrastinate\\_%'
        UNION ALL
        SELECT format('DROP FUNCTION IF EXISTS %s CASCADE', oid::regprocedure) FROM pg_proc
        WHERE pronamespace = 'rage'::regnamespace AND proname LIKE 'procrastinate\\_%'
        UNION ALL
        SELECT format('DROP TYPE IF EXISTS %s CASCADE', oid::regtype) FROM pg_type
        WHERE typnamespace = 'rage'::regnamespace AND typname LIKE 'procrastinate\\_%' AND typtype = 'e'
    LOOP
        EXECUTE doomed;
    END LOOP;
    FOR doomed IN
        SELECT format('DROP TYPE IF EXISTS %s CASCADE', oid::regtype) FROM pg_type
        WHERE typnamespace = 'rage'::regnamespace AND typname LIKE 'procrastinate\\_%' AND typtype = 'c'
    LOOP
        EXECUTE doomed;
    END LOOP;
END $$;
DROP TABLE rage.job_schema_changes;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
