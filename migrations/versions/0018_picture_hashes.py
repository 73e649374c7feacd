"""What pictures look like, in 64 bits each: look-alikes are found by them.

Of what is stored already the hashes are missing; workers and `rage index fill` make them.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

UPGRADE = """
CREATE TABLE rage.picture_hashes (
    content_id  bigint PRIMARY KEY REFERENCES rage.contents ON DELETE CASCADE,
    hash        bit(64),
    bands       integer[] GENERATED ALWAYS AS (ARRAY[
        substring(hash FROM 1 FOR 16)::bit(16)::integer,
        substring(hash FROM 17 FOR 16)::bit(16)::integer + 65536,
        substring(hash FROM 33 FOR 16)::bit(16)::integer + 131072,
        substring(hash FROM 49 FOR 16)::bit(16)::integer + 196608
    ]) STORED
);
CREATE INDEX picture_hashes_bands ON rage.picture_hashes USING gin (bands) WHERE hash IS NOT NULL;
COMMENT ON TABLE  rage.picture_hashes IS 'What pictures look like: a row once somebody looked, none after an erasure.';
COMMENT ON COLUMN rage.picture_hashes.content_id IS 'The bytes.';
COMMENT ON COLUMN rage.picture_hashes.hash IS
    'Perceptual hash of the thumbnail: few bits differ between pictures that look alike; null for a flat one, which looks like every other.';
COMMENT ON COLUMN rage.picture_hashes.bands IS
    'The hash in four parts of 16 bits, each with its place above: hashes of which few bits differ have a part that is equal or nearly so.';
"""

DOWNGRADE = """
DROP TABLE rage.picture_hashes;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
