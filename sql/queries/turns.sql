-- name: lock_provider
-- Until the transaction ends nobody else looks whether a provider may be called: this one takes its place.
SELECT pg_advisory_xact_lock(hashtext('rage.provider_pauses'), hashtext(%(provider)s));

-- name: look
-- How busy a provider is with pictures. A generation that was taken up and has no call yet is about to make it.
-- reserved: called in, and not taken up yet. ahead: how many wait for their turn longer than this job, of
-- those whose job a worker may take; a process that carries its own out is ahead of nobody.
WITH taken_up AS (
    SELECT g.started_at
    FROM rage.generations AS g
    WHERE g.finished_at IS NULL
      AND g.status = 'running'
      AND g.provider = %(provider)s
      AND g.generation_id IS DISTINCT FROM %(generation_id)s::uuid
      AND NOT EXISTS (
          SELECT FROM rage.paid_calls AS c WHERE c.generation_id = g.generation_id AND c.status = 'started' AND c.purpose <> 'judge')
),
calls AS (
    SELECT c.status, c.started_at
    FROM rage.paid_calls AS c
    WHERE c.provider = %(provider)s
      AND c.purpose IN ('generation', 'draft')
      AND c.started_at > now() - interval '35 minutes'
),
started AS (
    SELECT started_at FROM calls WHERE started_at > clock_timestamp() - interval '1 minute'
    UNION ALL
    SELECT started_at FROM taken_up WHERE started_at > clock_timestamp() - interval '1 minute'
),
line AS (
    SELECT j.id, j.priority, g.waits_until
    FROM rage.generations AS g
    JOIN rage.procrastinate_jobs AS j ON j.id = g.job_id
    WHERE g.waits_for = 'turn'
      AND g.provider = %(provider)s
      AND g.generation_id IS DISTINCT FROM %(generation_id)s::uuid
      AND j.status IN ('todo', 'doing')
      AND j.scheduled_at = g.waits_until
      AND g.waits_until > clock_timestamp() - %(patience)s * interval '1 second'
)
SELECT
    (SELECT extract(epoch FROM p.paused_until - clock_timestamp())::float
     FROM rage.provider_pauses AS p
     WHERE p.provider = %(provider)s AND p.paused_until > clock_timestamp()) AS pause,
    (SELECT count(*) FROM calls WHERE rage.may_be_under_way(status, started_at)) + (SELECT count(*) FROM taken_up)
        AS under_way,
    (SELECT count(*) FROM started) AS started,
    (SELECT extract(epoch FROM min(started_at) + interval '1 minute' - clock_timestamp())::float FROM started)
        AS next_in,
    (SELECT count(*) FROM line WHERE waits_until <= clock_timestamp()) AS reserved,
    (SELECT count(*)
     FROM line
     JOIN rage.procrastinate_jobs AS own ON own.id = %(job_id)s::bigint
     WHERE (-line.priority, line.id) < (-own.priority, own.id)) AS ahead;

-- name: get_lines
-- The providers for which generations wait for their turn.
SELECT DISTINCT provider AS name FROM rage.generations WHERE waits_for = 'turn';

-- name: call_in
-- The longest waiting may be taken up now. A job that is not scheduled for the very moment until which its
-- generation waits is held by a process that carries it out itself.
WITH next AS (
    SELECT g.generation_id, j.id AS job_id
    FROM rage.generations AS g
    JOIN rage.procrastinate_jobs AS j ON j.id = g.job_id
    WHERE g.waits_for = 'turn'
      AND g.provider = %(provider)s
      AND g.waits_until > clock_timestamp()
      AND j.status = 'todo'
      AND j.scheduled_at = g.waits_until
    ORDER BY j.priority DESC, j.id
    LIMIT %(room)s
    FOR UPDATE OF g, j SKIP LOCKED
),
due AS (
    UPDATE rage.generations AS g
    SET waits_until = now()
    FROM next
    WHERE g.generation_id = next.generation_id
)
UPDATE rage.procrastinate_jobs AS j
SET scheduled_at = now()
FROM next
WHERE j.id = next.job_id;

-- name: pause
-- A provider asked to be left alone; the longest that it asked for holds.
INSERT INTO rage.provider_pauses AS p (provider, paused_until)
VALUES (%(provider)s, clock_timestamp() + %(seconds)s * interval '1 second')
ON CONFLICT (provider) DO UPDATE
SET paused_until = greatest(p.paused_until, excluded.paused_until), noted_at = now();
