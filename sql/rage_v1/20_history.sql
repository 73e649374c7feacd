-- The history: what was searched, proposed, generated, rated and paid.

CREATE OR REPLACE VIEW rage_v1.generations WITH (security_invoker = true) AS
SELECT
    g.generation_id,
    b.name AS brand,
    g.status,
    g.prompt,
    -- It names the references by their titles, which are not for who may not see these images.
    CASE WHEN NOT EXISTS (
        SELECT FROM rage.generation_references AS r LEFT JOIN rage.images AS i USING (image_id)
        WHERE r.generation_id = g.generation_id AND i.image_id IS NULL
    ) THEN g.prompt_sent END AS prompt_sent,
    g.purpose,
    g.provider,
    g.model,
    g.parameters,
    g.labels,
    parent.generation_id AS parent_id,
    s.search_id,
    p.proposal_id,
    (SELECT count(*) FROM rage.generation_references AS r WHERE r.generation_id = g.generation_id) AS reference_count,
    (SELECT count(*) FROM rage.generation_outputs AS o WHERE o.generation_id = g.generation_id) AS output_count,
    (SELECT count(*) FROM rage.generation_outputs AS o
     WHERE o.generation_id = g.generation_id AND o.kept_at IS NOT NULL) AS kept_count,
    g.provider_request_id,
    g.usage,
    g.cost_usd,
    g.timings_ms,
    g.error,
    g.asked_by,
    g.created_at,
    g.started_at,
    g.finished_at,
    -- Beside every cost, whether it leaves something out: a sum of this column stands beside one of costs.
    -- What judges of its picture cost is a refinement's.
    (SELECT count(*) FROM rage.paid_calls AS c
     WHERE c.generation_id = g.generation_id AND c.cost_usd IS NULL AND c.purpose <> 'judge') AS calls_without_cost,
    g.batch_id,
    g.batch_position,
    first.generation_id AS retry_of,
    g.cancel_requested_at,
    g.draft
FROM rage.generations AS g
JOIN rage.brands AS b USING (brand_id)
-- What it came from, where the reader may see that too.
LEFT JOIN rage.generations AS parent ON parent.generation_id = g.parent_id
LEFT JOIN rage.generations AS first ON first.generation_id = g.retry_of
LEFT JOIN rage.searches AS s ON s.search_id = g.search_id
LEFT JOIN rage.proposals AS p ON p.proposal_id = g.proposal_id;
COMMENT ON VIEW rage_v1.generations IS 'One row per request for pictures, kept for good.';
COMMENT ON COLUMN rage_v1.generations.generation_id IS 'Stable id of the generation.';
COMMENT ON COLUMN rage_v1.generations.brand IS 'The brand that pays.';
COMMENT ON COLUMN rage_v1.generations.status IS 'queued, running, succeeded, refused, failed, cancelled or unknown.';
COMMENT ON COLUMN rage_v1.generations.prompt IS 'The prompt as it was given.';
COMMENT ON COLUMN rage_v1.generations.prompt_sent IS 'The exact text that went to the provider; null too where it names references of a brand that you may not see.';
COMMENT ON COLUMN rage_v1.generations.purpose IS 'compose, edit, enhance, style or prototype.';
COMMENT ON COLUMN rage_v1.generations.provider IS 'Who made the picture; local is not conditioned on the prompt.';
COMMENT ON COLUMN rage_v1.generations.model IS 'The model that answered; before that, the one asked for.';
COMMENT ON COLUMN rage_v1.generations.parameters IS 'Size, quality and whatever else was asked, and what the provider says it did.';
COMMENT ON COLUMN rage_v1.generations.labels IS 'Your own names and values: campaign, channel, ticket.';
COMMENT ON COLUMN rage_v1.generations.parent_id IS 'The generation that this one continues.';
COMMENT ON COLUMN rage_v1.generations.search_id IS 'The search that the references came from.';
COMMENT ON COLUMN rage_v1.generations.proposal_id IS 'The proposal that the references came from.';
COMMENT ON COLUMN rage_v1.generations.reference_count IS 'How many references went along.';
COMMENT ON COLUMN rage_v1.generations.output_count IS 'How many pictures came back.';
COMMENT ON COLUMN rage_v1.generations.kept_count IS 'How many of them were kept.';
COMMENT ON COLUMN rage_v1.generations.provider_request_id IS 'The provider''s own number of the call.';
COMMENT ON COLUMN rage_v1.generations.usage IS 'Tokens by class, as the provider counted them.';
COMMENT ON COLUMN rage_v1.generations.cost_usd IS 'US dollars; null where usage or price is not known, 0 only where nothing is charged.';
COMMENT ON COLUMN rage_v1.generations.timings_ms IS 'Milliseconds by stage.';
COMMENT ON COLUMN rage_v1.generations.error IS 'What went wrong: type, detail, code.';
COMMENT ON COLUMN rage_v1.generations.asked_by IS 'The key or login that asked; null while the service is open.';
COMMENT ON COLUMN rage_v1.generations.created_at IS 'When it was asked.';
COMMENT ON COLUMN rage_v1.generations.started_at IS 'When a worker took it up.';
COMMENT ON COLUMN rage_v1.generations.finished_at IS 'When the outcome was known.';
COMMENT ON COLUMN rage_v1.generations.calls_without_cost IS 'Its paid calls whose cost is not known, or not yet: 0 beside a cost that is all of it.';
COMMENT ON COLUMN rage_v1.generations.batch_id IS 'The batch that it is of, if any.';
COMMENT ON COLUMN rage_v1.generations.batch_position IS 'The item of that batch; one that was tried again has several generations.';
COMMENT ON COLUMN rage_v1.generations.retry_of IS 'The generation whose request this one makes once more.';
COMMENT ON COLUMN rage_v1.generations.cancel_requested_at IS 'When it was called off while it ran.';
COMMENT ON COLUMN rage_v1.generations.draft IS 'Whether its picture is made to be judged, or to be searched by.';


CREATE OR REPLACE VIEW rage_v1.generation_references WITH (security_invoker = true) AS
SELECT
    r.generation_id,
    r.position,
    r.image_id,
    r.version,
    encode(r.sha256, 'hex') AS sha256,
    r.role,
    r.note,
    r.search_rank,
    r.search_score
FROM rage.generation_references AS r;
COMMENT ON VIEW rage_v1.generation_references IS 'The images that went with a prompt, in the order in which they were sent.';
COMMENT ON COLUMN rage_v1.generation_references.generation_id IS 'The generation.';
COMMENT ON COLUMN rage_v1.generation_references.position IS 'Place in the order, from 1; the prompt counts alike.';
COMMENT ON COLUMN rage_v1.generation_references.image_id IS 'The image.';
COMMENT ON COLUMN rage_v1.generation_references.version IS 'The image''s version at the time.';
COMMENT ON COLUMN rage_v1.generation_references.sha256 IS 'SHA-256 of the bytes that were used, in hexadecimal digits.';
COMMENT ON COLUMN rage_v1.generation_references.role IS 'product, style, subject, background, layout, logo or edit_target.';
COMMENT ON COLUMN rage_v1.generation_references.note IS 'What the person said about it.';
COMMENT ON COLUMN rage_v1.generation_references.search_rank IS 'Its rank in the search, or its place in the proposal, that it came from.';
COMMENT ON COLUMN rage_v1.generation_references.search_score IS 'Its score there; higher is better.';


CREATE OR REPLACE VIEW rage_v1.generation_outputs WITH (security_invoker = true) AS
SELECT
    o.generation_id,
    o.position,
    o.image_id,
    encode(o.sha256, 'hex') AS sha256,
    o.kept_at IS NOT NULL AS kept,
    o.kept_at,
    o.kept_by
FROM rage.generation_outputs AS o;
COMMENT ON VIEW rage_v1.generation_outputs IS 'The pictures that generations made.';
COMMENT ON COLUMN rage_v1.generation_outputs.generation_id IS 'The generation.';
COMMENT ON COLUMN rage_v1.generation_outputs.position IS 'Place among its outputs, from 1.';
COMMENT ON COLUMN rage_v1.generation_outputs.image_id IS 'The output as an image of the store, a draft until kept.';
COMMENT ON COLUMN rage_v1.generation_outputs.sha256 IS 'SHA-256 of its bytes, in hexadecimal digits.';
COMMENT ON COLUMN rage_v1.generation_outputs.kept IS 'Whether it was approved as an image of the catalogue.';
COMMENT ON COLUMN rage_v1.generation_outputs.kept_at IS 'When it was approved.';
COMMENT ON COLUMN rage_v1.generation_outputs.kept_by IS 'Who approved it.';


CREATE OR REPLACE VIEW rage_v1.lineage WITH (security_invoker = true) AS
WITH RECURSIVE ancestry AS (
    SELECT o.image_id, o.generation_id, r.image_id AS source_image_id, r.position, r.role, 1 AS depth,
           ARRAY[o.image_id, r.image_id] AS path
    FROM rage.generation_outputs AS o
    JOIN rage.generation_references AS r USING (generation_id)
    UNION ALL
    SELECT a.image_id, o.generation_id, r.image_id, r.position, r.role, a.depth + 1, a.path || r.image_id
    FROM ancestry AS a
    JOIN rage.generation_outputs AS o ON o.image_id = a.source_image_id
    JOIN rage.generation_references AS r ON r.generation_id = o.generation_id
    WHERE r.image_id <> ALL (a.path)
)
SELECT image_id, source_image_id, depth, generation_id, position, role
FROM ancestry;
COMMENT ON VIEW rage_v1.lineage IS 'From every generated image to every image that it was made from, over any number of generations.';
COMMENT ON COLUMN rage_v1.lineage.image_id IS 'The generated image.';
COMMENT ON COLUMN rage_v1.lineage.source_image_id IS 'An image that it was made from.';
COMMENT ON COLUMN rage_v1.lineage.depth IS 'How many generations lie between, from 1.';
COMMENT ON COLUMN rage_v1.lineage.generation_id IS 'The generation that used the source.';
COMMENT ON COLUMN rage_v1.lineage.position IS 'The source''s place among its references.';
COMMENT ON COLUMN rage_v1.lineage.role IS 'The source''s role there.';


CREATE OR REPLACE VIEW rage_v1.ratings WITH (security_invoker = true) AS
SELECT r.generation_id, r.position, nullif(r.rated_by, '') AS rated_by, r.rating, r.reasons, r.comment, r.created_at
FROM rage.ratings AS r;
COMMENT ON VIEW rage_v1.ratings IS 'What people think of outputs: one row per output and person.';
COMMENT ON COLUMN rage_v1.ratings.generation_id IS 'The generation.';
COMMENT ON COLUMN rage_v1.ratings.position IS 'The output among its outputs.';
COMMENT ON COLUMN rage_v1.ratings.rated_by IS 'The key or person; null while the service is open.';
COMMENT ON COLUMN rage_v1.ratings.rating IS '-1, 0 or 1.';
COMMENT ON COLUMN rage_v1.ratings.reasons IS 'What is wrong with it, by code.';
COMMENT ON COLUMN rage_v1.ratings.comment IS 'In the person''s words.';
COMMENT ON COLUMN rage_v1.ratings.created_at IS 'When it was last given.';


CREATE OR REPLACE VIEW rage_v1.paid_calls WITH (security_invoker = true) AS
SELECT
    p.call_id,
    b.name AS brand,
    p.generation_id,
    p.purpose,
    p.provider,
    p.model,
    p.status,
    p.provider_request_id,
    p.usage,
    p.cost_usd,
    p.error,
    p.started_at,
    p.finished_at,
    p.tokens,
    p.expected_usd
FROM rage.paid_calls AS p
JOIN rage.brands AS b USING (brand_id);
COMMENT ON VIEW rage_v1.paid_calls IS 'Every call that may cost money, written before it was made.';
COMMENT ON COLUMN rage_v1.paid_calls.call_id IS 'Stable number of the call.';
COMMENT ON COLUMN rage_v1.paid_calls.brand IS 'The brand that pays.';
COMMENT ON COLUMN rage_v1.paid_calls.generation_id IS 'The generation that it belongs to, if any.';
COMMENT ON COLUMN rage_v1.paid_calls.purpose IS 'generation, caption, embedding, planner, judge or draft.';
COMMENT ON COLUMN rage_v1.paid_calls.provider IS 'Who was called.';
COMMENT ON COLUMN rage_v1.paid_calls.model IS 'The model that was called.';
COMMENT ON COLUMN rage_v1.paid_calls.status IS 'started, succeeded, refused, failed or unknown.';
COMMENT ON COLUMN rage_v1.paid_calls.provider_request_id IS 'The provider''s own number of the call.';
COMMENT ON COLUMN rage_v1.paid_calls.usage IS 'What was used, as the provider counted it.';
COMMENT ON COLUMN rage_v1.paid_calls.cost_usd IS 'US dollars; null where usage or price is not known.';
COMMENT ON COLUMN rage_v1.paid_calls.error IS 'What went wrong.';
COMMENT ON COLUMN rage_v1.paid_calls.started_at IS 'When the call was about to be made.';
COMMENT ON COLUMN rage_v1.paid_calls.finished_at IS 'When the answer was known.';
COMMENT ON COLUMN rage_v1.paid_calls.tokens IS 'The usage by the classes that prices are kept for; null where it does not tell them.';
COMMENT ON COLUMN rage_v1.paid_calls.expected_usd IS 'What it was expected to cost, where a budget counted it; null where nobody could say.';


CREATE OR REPLACE VIEW rage_v1.search_log WITH (security_invoker = true) AS
SELECT
    s.search_id,
    s.prompt,
    s.filters,
    s.legs,
    s.k,
    s.strategy,
    s.matched,
    s.complete,
    s.took_ms,
    (SELECT count(*) FROM rage.search_results AS r WHERE r.search_id = s.search_id) AS returned,
    (SELECT count(*) FROM rage.generations AS g WHERE g.search_id = s.search_id) AS generations,
    s.asked_by,
    s.created_at,
    imagined.generation_id AS imagined_id
FROM rage.searches AS s
LEFT JOIN rage.generations AS imagined ON imagined.generation_id = s.imagined_id;
COMMENT ON VIEW rage_v1.search_log IS 'Every search made through the service, and what became of it.';
COMMENT ON COLUMN rage_v1.search_log.search_id IS 'Stable id of the search.';
COMMENT ON COLUMN rage_v1.search_log.prompt IS 'The prompt as it was given.';
COMMENT ON COLUMN rage_v1.search_log.filters IS 'The filters as they were given.';
COMMENT ON COLUMN rage_v1.search_log.legs IS 'Weights of the legs where the request named them.';
COMMENT ON COLUMN rage_v1.search_log.k IS 'How many images were asked for.';
COMMENT ON COLUMN rage_v1.search_log.strategy IS 'How the answer was found.';
COMMENT ON COLUMN rage_v1.search_log.matched IS 'How many images passed the filter.';
COMMENT ON COLUMN rage_v1.search_log.complete IS 'Whether no bound cut the answer.';
COMMENT ON COLUMN rage_v1.search_log.took_ms IS 'Milliseconds, the embedding of the prompt included.';
COMMENT ON COLUMN rage_v1.search_log.returned IS 'How many images were answered.';
COMMENT ON COLUMN rage_v1.search_log.generations IS 'How many generations took references from it.';
COMMENT ON COLUMN rage_v1.search_log.asked_by IS 'The key or login that asked; null while the service is open.';
COMMENT ON COLUMN rage_v1.search_log.created_at IS 'When it was asked.';
COMMENT ON COLUMN rage_v1.search_log.imagined_id IS 'The draft of the prompt that the image leg searched by; null: it searched by the words.';


CREATE OR REPLACE VIEW rage_v1.proposals WITH (security_invoker = true) AS
SELECT
    p.proposal_id,
    p.prompt,
    p.filters,
    p.planner,
    p.slots,
    p.diversity,
    ARRAY(SELECT c.concept ->> 'text' FROM jsonb_array_elements(p.concepts) WITH ORDINALITY AS c (concept, place)
          WHERE jsonb_typeof(c.concept) = 'object' ORDER BY c.place) AS concepts,
    ARRAY(SELECT c.concept ->> 'text' FROM jsonb_array_elements(p.concepts) WITH ORDINALITY AS c (concept, place)
          WHERE c.concept -> 'served_by' = '[]' ORDER BY c.place) AS unserved,
    ARRAY(SELECT r.image_id FROM rage.proposal_references AS r
          WHERE r.proposal_id = p.proposal_id AND r.chosen ORDER BY r.position) AS chosen,
    ARRAY(SELECT r.image_id FROM rage.proposal_references AS r
          WHERE r.proposal_id = p.proposal_id AND NOT r.chosen ORDER BY r.position) AS proposed,
    ARRAY(SELECT r.image_id FROM rage.proposal_references AS r
          WHERE r.proposal_id = p.proposal_id
            AND EXISTS (SELECT FROM rage.generations AS g JOIN rage.generation_references AS u USING (generation_id)
                        WHERE g.proposal_id = p.proposal_id AND u.image_id = r.image_id)
          ORDER BY r.position) AS used,
    (SELECT count(*) FROM rage.generations AS g WHERE g.proposal_id = p.proposal_id) AS generations,
    (SELECT count(*) FROM rage.generations AS g JOIN rage.generation_outputs AS o USING (generation_id)
     WHERE g.proposal_id = p.proposal_id AND o.kept_at IS NOT NULL) AS outputs_kept,
    p.strategy,
    p.notes,
    p.took_ms,
    p.asked_by,
    p.created_at
FROM rage.proposals AS p;
COMMENT ON VIEW rage_v1.proposals IS 'Every set of references that was proposed for a prompt, and what became of it.';
COMMENT ON COLUMN rage_v1.proposals.proposal_id IS 'Stable id of the proposal.';
COMMENT ON COLUMN rage_v1.proposals.prompt IS 'The prompt as it was given.';
COMMENT ON COLUMN rage_v1.proposals.filters IS 'The filters as they were given.';
COMMENT ON COLUMN rage_v1.proposals.planner IS 'What split the prompt into concepts.';
COMMENT ON COLUMN rage_v1.proposals.slots IS 'How many references there could be.';
COMMENT ON COLUMN rage_v1.proposals.diversity IS 'From 0, the best for each concept, to 1, the least like the other references.';
COMMENT ON COLUMN rage_v1.proposals.concepts IS 'What the prompt names, in its order.';
COMMENT ON COLUMN rage_v1.proposals.unserved IS 'The concepts that no reference serves.';
COMMENT ON COLUMN rage_v1.proposals.chosen IS 'The images that the person had chosen before, as far as you may see them.';
COMMENT ON COLUMN rage_v1.proposals.proposed IS 'The images that were proposed, in order, as far as they are still there.';
COMMENT ON COLUMN rage_v1.proposals.used IS 'Those of both that went into a generation that names the proposal.';
COMMENT ON COLUMN rage_v1.proposals.generations IS 'How many generations name it.';
COMMENT ON COLUMN rage_v1.proposals.outputs_kept IS 'How many of their outputs were kept.';
COMMENT ON COLUMN rage_v1.proposals.strategy IS 'How the candidates were found.';
COMMENT ON COLUMN rage_v1.proposals.notes IS 'What did not go as asked, in sentences for people.';
COMMENT ON COLUMN rage_v1.proposals.took_ms IS 'Milliseconds, the embedding of the concepts included.';
COMMENT ON COLUMN rage_v1.proposals.asked_by IS 'The key or login that asked; null while the service is open.';
COMMENT ON COLUMN rage_v1.proposals.created_at IS 'When it was asked.';
