"""${message}

Rules for this file, once it has landed: never edit it; literal SQL only, no import from rage_pg; every table
and column has a COMMENT, every foreign key an ON DELETE; the downgrade undoes the upgrade; data that a user
could have is kept or the downgrade refuses. CREATE INDEX CONCURRENTLY stands alone in its migration, inside
`op.get_context().autocommit_block()`. Views and functions live in sql/, not here: one that depends on a
column that goes away is dropped by name here and comes back with the next upgrade.
"""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}

UPGRADE = """
"""

DOWNGRADE = """
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
