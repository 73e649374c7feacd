-- name: become
-- For the rest of the transaction it is asked on another's behalf; on whose it was before.
WITH before AS MATERIALIZED (SELECT current_setting('rage.caller') AS caller)
SELECT before.caller, set_config('rage.caller', %(caller)s, true) FROM before;

-- name: try_recovery
-- Whether this worker may look after lost jobs: one at a time, until its transaction ends.
SELECT pg_try_advisory_xact_lock(%(lock)s);

-- name: take_turn
-- Waits until no other transaction has this turn, and has it until it ends.
SELECT pg_advisory_xact_lock(%(lock)s);

-- name: is_waiting
-- Whether a job with this queueing lock waits for a worker already.
SELECT EXISTS (
    SELECT FROM rage.procrastinate_jobs WHERE queueing_lock = %(queueing_lock)s AND status = 'todo'
);

-- name: get_forsaken
-- Generations that have not ended and that no job will end: it has failed, or is gone.
SELECT
    g.generation_id,
    CASE WHEN j.status = 'failed' THEN j.id END AS failed_job_id,
    coalesce(j.attempts, 0) AS failures
FROM rage.generations AS g
LEFT JOIN rage.procrastinate_jobs AS j ON j.id = g.job_id
WHERE g.finished_at IS NULL
  AND (j.id IS NULL OR j.status NOT IN ('todo', 'doing'))
FOR UPDATE OF g SKIP LOCKED;

-- name: get_idle_batches
-- Open batches with items that nobody is about to begin.
SELECT b.batch_id
FROM rage.generation_batches AS b
WHERE b.state = 'open'
  AND EXISTS (
      SELECT FROM rage.generation_batch_items AS i
      WHERE i.batch_id = b.batch_id AND i.generation_id IS NULL AND i.reason IS NULL)
  AND NOT EXISTS (SELECT FROM rage.generations AS g WHERE g.batch_id = b.batch_id AND g.finished_at IS NULL)
  AND NOT EXISTS (
      SELECT FROM rage.procrastinate_jobs AS j
      WHERE j.task_name = 'accept_batch' AND j.status IN ('todo', 'doing') AND j.args ->> 'batch_id' = b.batch_id::text);

-- name: set_job
-- Notes which job does the work in place of the one that was lost.
UPDATE rage.generations SET job_id = %(job_id)s WHERE generation_id = %(generation_id)s;

-- name: get_job
-- The job of a generation, if it has one.
SELECT j.id
FROM rage.generations AS g
JOIN rage.procrastinate_jobs AS j ON j.id = g.job_id
WHERE g.generation_id = %(generation_id)s;

-- name: hold_job
-- Keeps a job that no worker has taken from them for a while.
UPDATE rage.procrastinate_jobs
SET scheduled_at = now() + %(seconds)s * interval '1 second'
WHERE id = %(job_id)s AND status = 'todo';

-- name: drop_job
-- A job without a worker whose generation has ended has nothing to do any more.
DELETE FROM rage.procrastinate_jobs
WHERE id = %(job_id)s
  AND status = 'todo'
  AND EXISTS (
      SELECT FROM rage.generations
      WHERE generation_id = %(generation_id)s AND status NOT IN ('queued', 'running')
  );

-- name: release_job
-- The workers may take a job that was held.
UPDATE rage.procrastinate_jobs SET scheduled_at = NULL WHERE id = %(job_id)s AND status = 'todo';

-- name: close_lost_calls
-- Paid calls, of no generation, whose maker was lost in the middle: what became of them nobody will know.
UPDATE rage.paid_calls
SET status = 'unknown', finished_at = now()
WHERE status = 'started' AND generation_id IS NULL AND started_at < now() - interval '1 hour';
