-- name: try_recovery
-- Whether this worker may look after lost jobs: one at a time, until its transaction ends.
SELECT pg_try_advisory_xact_lock(%(lock)s);

-- name: is_waiting
-- Whether a job with this queueing lock waits for a worker already.
SELECT EXISTS (
    SELECT FROM rage.procrastinate_jobs WHERE queueing_lock = %(queueing_lock)s AND status = 'todo'
);
