-- Refinements: pictures that were judged and made again, what was lacking, and what was found for it.

CREATE OR REPLACE VIEW rage_v1.refinements WITH (security_invoker = true) AS
SELECT
    r.root_id,
    b.name AS brand,
    g.prompt,
    r.with_draft,
    r.rounds,
    (SELECT max(s.round) FROM rage.refinement_steps AS s WHERE s.root_id = r.root_id) AS rounds_made,
    r.per_round AS references_per_round,
    r.max_cost_usd,
    r.filters,
    r.judge_provider,
    r.judge_model,
    r.state,
    r.ended_by,
    r.detail,
    r.result_id,
    u.cost_usd,
    u.judge_cost_usd,
    u.calls,
    u.calls_without_cost,
    r.cancel_requested_at,
    r.created_at,
    r.ended_at
FROM rage.refinements AS r
JOIN rage.generations AS g ON g.generation_id = r.root_id
JOIN rage.brands AS b USING (brand_id)
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(p.cost_usd), 0) AS cost_usd,
        coalesce(sum(p.cost_usd) FILTER (WHERE p.purpose = 'judge'), 0) AS judge_cost_usd,
        count(*) AS calls,
        count(*) FILTER (WHERE p.cost_usd IS NULL) AS calls_without_cost
    FROM rage.refinement_steps AS s
    JOIN rage.paid_calls AS p USING (generation_id)
    WHERE s.root_id = r.root_id
) AS u;
COMMENT ON VIEW rage_v1.refinements IS 'Loops in which a picture is judged against its prompt and made again with what it lacks: one row each.';
COMMENT ON COLUMN rage_v1.refinements.root_id IS 'The generation that was asked for, and the first picture.';
COMMENT ON COLUMN rage_v1.refinements.brand IS 'The brand that pays.';
COMMENT ON COLUMN rage_v1.refinements.prompt IS 'The prompt as it was given.';
COMMENT ON COLUMN rage_v1.refinements.with_draft IS 'Whether its first picture is a draft that is judged; else what the prompt names was looked up before it.';
COMMENT ON COLUMN rage_v1.refinements.rounds IS 'How often a picture is made again at most; without a draft the one picture is the round.';
COMMENT ON COLUMN rage_v1.refinements.rounds_made IS 'How often one was made again, or is being.';
COMMENT ON COLUMN rage_v1.refinements.references_per_round IS 'References that a round adds at most.';
COMMENT ON COLUMN rage_v1.refinements.max_cost_usd IS 'US dollars that all its calls together may cost; null: as the budgets allow.';
COMMENT ON COLUMN rage_v1.refinements.filters IS 'Which images may be found.';
COMMENT ON COLUMN rage_v1.refinements.judge_provider IS 'Who judges.';
COMMENT ON COLUMN rage_v1.refinements.judge_model IS 'The model that judges.';
COMMENT ON COLUMN rage_v1.refinements.state IS 'open: there may be more to do; ended.';
COMMENT ON COLUMN rage_v1.refinements.ended_by IS 'Why it ended: matched, rounds, max_cost, unknown_cost, budget, nothing_found, no_slot, or how a step of it ended.';
COMMENT ON COLUMN rage_v1.refinements.detail IS 'The same in a sentence, where there is more to say.';
COMMENT ON COLUMN rage_v1.refinements.result_id IS 'The last generation of it that succeeded; null where none did.';
COMMENT ON COLUMN rage_v1.refinements.cost_usd IS 'US dollars of all its calls, pictures and judgements, without those of no known cost.';
COMMENT ON COLUMN rage_v1.refinements.judge_cost_usd IS 'Of these, what the judgements cost.';
COMMENT ON COLUMN rage_v1.refinements.calls IS 'Its paid calls.';
COMMENT ON COLUMN rage_v1.refinements.calls_without_cost IS 'Of these, those whose cost is not known, or not yet: they are in no sum.';
COMMENT ON COLUMN rage_v1.refinements.cancel_requested_at IS 'When it was called off while something of it was under way.';
COMMENT ON COLUMN rage_v1.refinements.created_at IS 'When it was asked.';
COMMENT ON COLUMN rage_v1.refinements.ended_at IS 'When it ended.';


CREATE OR REPLACE VIEW rage_v1.refinement_steps WITH (security_invoker = true) AS
SELECT s.root_id, s.round, s.generation_id, g.status, g.cost_usd
FROM rage.refinement_steps AS s
JOIN rage.generations AS g USING (generation_id);
COMMENT ON VIEW rage_v1.refinement_steps IS 'The pictures of refinements in order, each a generation.';
COMMENT ON COLUMN rage_v1.refinement_steps.root_id IS 'The refinement, by its first generation.';
COMMENT ON COLUMN rage_v1.refinement_steps.round IS '0 the first picture, then one for each round.';
COMMENT ON COLUMN rage_v1.refinement_steps.generation_id IS 'The generation.';
COMMENT ON COLUMN rage_v1.refinement_steps.status IS 'How it stands or ended.';
COMMENT ON COLUMN rage_v1.refinement_steps.cost_usd IS 'US dollars of the picture; null where that is not known.';


CREATE OR REPLACE VIEW rage_v1.judgements WITH (security_invoker = true) AS
SELECT
    j.judgement_id,
    j.root_id,
    j.round,
    j.attempt,
    j.generation_id,
    j.verdict,
    j.detail,
    j.temperature,
    j.provider,
    j.model,
    j.call_id,
    p.cost_usd,
    (p.cost_usd IS NULL)::integer AS calls_without_cost,
    j.created_at,
    j.finished_at
FROM rage.judgements AS j
JOIN rage.paid_calls AS p USING (call_id);
COMMENT ON VIEW rage_v1.judgements IS 'What a vision model said of the pictures of refinements: one row a call.';
COMMENT ON COLUMN rage_v1.judgements.judgement_id IS 'Stable number of the judgement.';
COMMENT ON COLUMN rage_v1.judgements.root_id IS 'The refinement.';
COMMENT ON COLUMN rage_v1.judgements.round IS 'The step whose picture was judged; without a draft the one that was to be made.';
COMMENT ON COLUMN rage_v1.judgements.attempt IS 'Counts from 1 for each step.';
COMMENT ON COLUMN rage_v1.judgements.generation_id IS 'The generation of that step.';
COMMENT ON COLUMN rage_v1.judgements.verdict IS 'match, mismatch, named (without a draft), unable (it refused, or answered what is no answer), turned_away, failed, unknown, cancelled; pending until it is known.';
COMMENT ON COLUMN rage_v1.judgements.detail IS 'What was wrong with the answer.';
COMMENT ON COLUMN rage_v1.judgements.temperature IS 'The temperature that was asked for; it rises from try to try.';
COMMENT ON COLUMN rage_v1.judgements.provider IS 'Who was asked.';
COMMENT ON COLUMN rage_v1.judgements.model IS 'The model that answered; before that, the one asked for.';
COMMENT ON COLUMN rage_v1.judgements.call_id IS 'The paid call.';
COMMENT ON COLUMN rage_v1.judgements.cost_usd IS 'US dollars; null where that is not known.';
COMMENT ON COLUMN rage_v1.judgements.calls_without_cost IS '1 where the cost is not known, else 0: a sum of this column stands beside one of costs.';
COMMENT ON COLUMN rage_v1.judgements.created_at IS 'When the call was about to be made.';
COMMENT ON COLUMN rage_v1.judgements.finished_at IS 'When the answer was known.';


CREATE OR REPLACE VIEW rage_v1.judgement_concepts WITH (security_invoker = true) AS
SELECT
    c.judgement_id,
    c.position,
    j.root_id,
    j.round,
    c.concept,
    c.caption,
    c.outcome,
    c.image_id,
    c.score,
    p.proposal_id
FROM rage.judgement_concepts AS c
JOIN rage.judgements AS j USING (judgement_id)
LEFT JOIN rage.proposals AS p ON p.proposal_id = c.proposal_id;
COMMENT ON VIEW rage_v1.judgement_concepts IS 'What a picture lacked, or a prompt named, and the image that was found for it.';
COMMENT ON COLUMN rage_v1.judgement_concepts.judgement_id IS 'The judgement that names it.';
COMMENT ON COLUMN rage_v1.judgement_concepts.position IS 'Place in the judge''s list, from 1.';
COMMENT ON COLUMN rage_v1.judgement_concepts.root_id IS 'The refinement.';
COMMENT ON COLUMN rage_v1.judgement_concepts.round IS 'The step whose picture lacked it.';
COMMENT ON COLUMN rage_v1.judgement_concepts.concept IS 'What was lacking; null: the judge was unable to say, and the prompt itself was looked up.';
COMMENT ON COLUMN rage_v1.judgement_concepts.caption IS 'The caption by which an image was looked up.';
COMMENT ON COLUMN rage_v1.judgement_concepts.outcome IS 'found, nothing_found, or no_slot (what serves it goes along already, or no more such references do); null: not looked up yet.';
COMMENT ON COLUMN rage_v1.judgement_concepts.image_id IS 'The image that was found.';
COMMENT ON COLUMN rage_v1.judgement_concepts.score IS 'How well it serves, 0 to 1; higher is better.';
COMMENT ON COLUMN rage_v1.judgement_concepts.proposal_id IS 'The proposal that it was found by, where you may see that.';
