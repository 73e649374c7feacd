-- name: insert_refinement
-- The loop that begins with a generation.
INSERT INTO rage.refinements (
    root_id, with_draft, rounds, per_round, max_cost_usd, filters, judge_provider, judge_model, caller_id
) VALUES (
    %(root_id)s, %(with_draft)s, %(rounds)s, %(per_round)s, %(max_cost_usd)s, %(filters)s, %(judge_provider)s,
    %(judge_model)s, rage.caller_id()
);

-- name: insert_step
-- A picture of a refinement.
INSERT INTO rage.refinement_steps (root_id, round, generation_id)
VALUES (%(root_id)s, %(round)s, %(generation_id)s);

-- name: get_request
-- How the generation was to be refined, if it was.
SELECT jsonb_build_object('rounds', rounds, 'draft', with_draft, 'references', per_round,
                          'max_cost', max_cost_usd::text, 'filters', filters) AS refine,
       jsonb_build_array(judge_provider, judge_model) AS judge
FROM rage.refinements
WHERE root_id = %(generation_id)s;

-- name: get_state
-- The open refinement whose latest step is this generation.
SELECT
    r.root_id,
    s.round,
    s.generation_id,
    g.status,
    g.error,
    g.prompt,
    g.provider,
    g.model,
    r.with_draft,
    r.rounds,
    r.per_round,
    r.max_cost_usd,
    r.filters,
    r.judge_provider,
    r.judge_model,
    r.caller_id,
    root.asked_by,
    root.labels,
    root.batch_id,
    b.brand_id,
    r.prepared_at IS NOT NULL AS prepared,
    r.cancel_requested_at IS NOT NULL AS called_off
FROM rage.refinement_steps AS s
JOIN rage.refinements AS r USING (root_id)
JOIN rage.generations AS g USING (generation_id)
JOIN rage.generations AS root ON root.generation_id = r.root_id
JOIN rage.brands AS b ON b.brand_id = root.brand_id
WHERE s.generation_id = %(generation_id)s
  AND r.state = 'open'
  AND s.round = (SELECT max(l.round) FROM rage.refinement_steps AS l WHERE l.root_id = r.root_id);

-- name: get_latest
-- The latest step of an open refinement, and whether a judge is at its picture.
SELECT s.generation_id, g.status,
       EXISTS (SELECT FROM rage.judgements AS j WHERE j.root_id = r.root_id AND j.verdict = 'pending') AS judging
FROM rage.refinements AS r
JOIN rage.refinement_steps AS s USING (root_id)
JOIN rage.generations AS g USING (generation_id)
WHERE r.root_id = %(root_id)s AND r.state = 'open'
ORDER BY s.round DESC
LIMIT 1;

-- name: call_off
-- A refinement is called off: whoever carries it out looks for this. No row where it was already.
UPDATE rage.refinements
SET cancel_requested_at = clock_timestamp(), cancel_requested_by = %(by)s
WHERE root_id = %(root_id)s AND state = 'open' AND cancel_requested_at IS NULL;

-- name: is_called_off
-- Whether a refinement is to be dropped that is being carried out.
SELECT cancel_requested_at IS NOT NULL FROM rage.refinements WHERE root_id = %(generation_id)s;

-- name: is_open
-- Whether more may come of the generation than its own pictures.
SELECT EXISTS (SELECT FROM rage.refinements WHERE root_id = %(generation_id)s AND state = 'open');

-- name: end
-- A refinement has ended, with the last of its pictures that there is. No row where it had before.
UPDATE rage.refinements AS r
SET state = 'ended',
    ended_by = %(ended_by)s,
    detail = %(detail)s,
    result_id = (
        SELECT s.generation_id
        FROM rage.refinement_steps AS s
        JOIN rage.generations AS g USING (generation_id)
        WHERE s.root_id = r.root_id AND g.status = 'succeeded'
        ORDER BY s.round DESC
        LIMIT 1),
    ended_at = clock_timestamp()
WHERE r.root_id = %(root_id)s AND r.state = 'open'
RETURNING result_id;

-- name: set_prepared
-- The references of the one picture were looked up.
UPDATE rage.refinements SET prepared_at = clock_timestamp() WHERE root_id = %(root_id)s;

-- name: get_spent
-- What the calls of a refinement have cost, how many cost nobody knows what, and the dearest of each kind.
SELECT
    coalesce(sum(p.cost_usd), 0) AS spent_usd,
    count(*) FILTER (WHERE p.cost_usd IS NULL) AS without_cost,
    max(p.cost_usd) FILTER (WHERE p.purpose <> 'judge') AS dearest_picture,
    coalesce(max(p.cost_usd) FILTER (WHERE p.purpose = 'judge'),
             rage.dearest_call(%(provider)s, %(model)s, 'judge')) AS dearest_judgement
FROM rage.refinement_steps AS s
JOIN rage.paid_calls AS p USING (generation_id)
WHERE s.root_id = %(root_id)s;

-- name: get_judgements
-- What was said of the picture of a step, call after call.
SELECT j.judgement_id, j.attempt, j.verdict, j.detail, j.call_id, j.looked_up_at IS NOT NULL AS looked_up,
       coalesce((
           SELECT jsonb_agg(jsonb_build_object(
                      'concept', c.concept, 'caption', c.caption, 'outcome', c.outcome, 'image_id', c.image_id,
                      'role', c.role, 'note', c.note, 'score', c.score) ORDER BY c.position)
           FROM rage.judgement_concepts AS c
           WHERE c.judgement_id = j.judgement_id), '[]') AS concepts
FROM rage.judgements AS j
WHERE j.root_id = %(root_id)s AND j.round = %(round)s
ORDER BY j.attempt;

-- name: open_judgement
-- A call of the judge that is about to be made.
INSERT INTO rage.judgements (root_id, round, attempt, generation_id, call_id, temperature, provider, model)
VALUES (%(root_id)s, %(round)s, %(attempt)s, %(generation_id)s, %(call_id)s, %(temperature)s, %(provider)s, %(model)s)
RETURNING judgement_id;

-- name: close_judgement
-- What the judge said. No row where that was written before, as unknown.
UPDATE rage.judgements
SET verdict = %(verdict)s, detail = %(detail)s, model = coalesce(%(model)s, model), finished_at = clock_timestamp()
WHERE judgement_id = %(judgement_id)s AND verdict = 'pending';

-- name: get_pending
-- The calls of a refinement that nobody will hear the answer of.
SELECT judgement_id, call_id FROM rage.judgements WHERE root_id = %(root_id)s AND verdict = 'pending';

-- name: insert_concepts
-- What a picture lacks, in the judge's order.
INSERT INTO rage.judgement_concepts (judgement_id, position, concept, caption)
SELECT %(judgement_id)s, position, concept, caption
FROM jsonb_to_recordset(%(concepts)s::jsonb) AS c (position integer, concept text, caption text);

-- name: note_found
-- What was found for each of them; for a whole prompt there may be more than one image.
INSERT INTO rage.judgement_concepts (
    judgement_id, position, concept, caption, outcome, image_id, role, note, score, proposal_id
)
SELECT %(judgement_id)s, position, concept, caption, outcome, image_id, role, note, score, proposal_id
FROM jsonb_to_recordset(%(found)s::jsonb) AS f (
    position integer, concept text, caption text, outcome text, image_id bigint, role text, note text, score real,
    proposal_id uuid)
ON CONFLICT (judgement_id, position) DO UPDATE
SET outcome = excluded.outcome, image_id = excluded.image_id, role = excluded.role, note = excluded.note,
    score = excluded.score, proposal_id = excluded.proposal_id;

-- name: set_looked_up
-- Images were looked up for what a judgement names.
UPDATE rage.judgements SET looked_up_at = clock_timestamp() WHERE judgement_id = %(judgement_id)s;

-- name: get_picture
-- The picture that a generation made, to be shown to a judge.
SELECT c.bytes AS content, c.thumbnail
FROM rage.generation_outputs AS o
JOIN rage.images AS i ON i.image_id = o.image_id AND i.erased_at IS NULL
JOIN rage.contents AS c USING (sha256)
WHERE o.generation_id = %(generation_id)s AND c.thumbnail IS NOT NULL
ORDER BY o.position
LIMIT 1;

-- name: get_sent
-- The images that go with a generation, with their roles.
SELECT image_id, role FROM rage.generation_references WHERE generation_id = %(generation_id)s ORDER BY position;

-- name: get_kinds
-- Of images, what decides about their roles.
SELECT i.image_id, i.kind,
       EXISTS (SELECT FROM rage.image_products AS p WHERE p.brand_id = i.brand_id AND p.image_id = i.image_id) AS has_sku
FROM rage.images AS i
WHERE i.image_id = ANY (%(image_ids)s::bigint[]);

-- name: append_references
-- References behind those that there are.
INSERT INTO rage.generation_references (
    generation_id, position, image_id, version, sha256, role, note, search_rank, search_score
)
SELECT %(generation_id)s, position, image_id, version, decode(sha256, 'hex'), role, note, search_rank, search_score
FROM jsonb_to_recordset(%(references)s) AS r (
    position integer, image_id bigint, version integer, sha256 text, role text, note text,
    search_rank integer, search_score real
);

-- name: set_expected
-- What the one picture may cost with the references that were looked up for it.
UPDATE rage.generations SET expected_usd = %(expected_usd)s WHERE generation_id = %(generation_id)s;

-- name: get_outcomes
-- What came of looking up what a prompt names, each once.
SELECT ARRAY(
    SELECT DISTINCT c.outcome
    FROM rage.judgements AS j
    JOIN rage.judgement_concepts AS c USING (judgement_id)
    WHERE j.root_id = %(root_id)s AND c.outcome IS NOT NULL);

-- name: get_idle
-- Open refinements whose latest step has ended, and for which no job is queued: the step, for its job to go on.
SELECT s.generation_id, CASE WHEN j.status = 'failed' THEN j.id END AS failed_job_id, coalesce(j.attempts, 0) AS failures
FROM rage.refinements AS r
JOIN LATERAL (
    SELECT l.generation_id FROM rage.refinement_steps AS l WHERE l.root_id = r.root_id ORDER BY l.round DESC LIMIT 1
) AS s ON true
JOIN rage.generations AS g USING (generation_id)
LEFT JOIN rage.procrastinate_jobs AS j ON j.id = g.job_id
WHERE r.state = 'open'
  AND g.finished_at IS NOT NULL
  AND (j.id IS NULL OR j.status NOT IN ('todo', 'doing'))
FOR UPDATE OF r SKIP LOCKED;
