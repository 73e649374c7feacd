"""Refining: a draft is judged, what it lacks is looked up, and it is made again from that. Searching by a draft."""

from alembic import op

revision = "0028"
down_revision = "0027"

UPGRADE = """
ALTER TABLE rage.generations ADD draft boolean NOT NULL DEFAULT false;
CREATE INDEX generations_drafts ON rage.generations (md5(prompt)) WHERE draft;
COMMENT ON COLUMN rage.generations.draft IS 'Whether its picture is made to be judged, or to be searched by.';

ALTER TABLE rage.searches
    -- No foreign key: generations refer to searches, and to a circle no order of tables can be told.
    ADD imagined_id uuid,
    ADD imagined halfvec;
COMMENT ON COLUMN rage.searches.imagined_id IS 'The draft of the prompt that the image leg searched by; null: it searched by the words.';
COMMENT ON COLUMN rage.searches.imagined IS 'The vector of that draft, for the rows that follow.';

CREATE TABLE rage.refinements (
    root_id              uuid PRIMARY KEY REFERENCES rage.generations ON DELETE CASCADE,
    with_draft           boolean NOT NULL,
    rounds               integer NOT NULL CHECK (rounds BETWEEN 1 AND 3),
    per_round            integer NOT NULL CHECK (per_round BETWEEN 1 AND 16),
    max_cost_usd         numeric(14, 6) CHECK (max_cost_usd >= 0),
    filters              jsonb NOT NULL DEFAULT '{}',
    judge_provider       text NOT NULL,
    judge_model          text NOT NULL,
    caller_id            uuid,
    state                text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'ended')),
    ended_by             text CHECK (ended_by IN (
                             'matched', 'rounds', 'max_cost', 'unknown_cost', 'budget', 'nothing_found', 'no_slot',
                             'refused', 'failed', 'unknown', 'cancelled')),
    detail               text,
    result_id            uuid REFERENCES rage.generations ON DELETE RESTRICT,
    prepared_at          timestamptz,
    cancel_requested_at  timestamptz,
    cancel_requested_by  text,
    created_at           timestamptz NOT NULL DEFAULT now(),
    ended_at             timestamptz,
    CONSTRAINT refinements_ended_for_a_reason CHECK (
        (state = 'ended') = (ended_by IS NOT NULL) AND (state = 'ended') = (ended_at IS NOT NULL))
);
CREATE INDEX refinements_open ON rage.refinements (root_id) WHERE state = 'open';
CREATE INDEX refinements_result ON rage.refinements (result_id);
COMMENT ON TABLE  rage.refinements IS 'Loops in which a picture is judged against its prompt and made again with what it lacks.';
COMMENT ON COLUMN rage.refinements.root_id IS 'The generation that was asked for, and the first picture.';
COMMENT ON COLUMN rage.refinements.with_draft IS 'Whether its first picture is a draft that is judged; else what the prompt names is looked up before it.';
COMMENT ON COLUMN rage.refinements.rounds IS 'How often a picture is made again at most; without a draft the one picture is the round.';
COMMENT ON COLUMN rage.refinements.per_round IS 'References that a round adds at most.';
COMMENT ON COLUMN rage.refinements.max_cost_usd IS 'US dollars that all its calls together may cost; null: as the budgets allow.';
COMMENT ON COLUMN rage.refinements.filters IS 'Which images may be found.';
COMMENT ON COLUMN rage.refinements.judge_provider IS 'Who judges.';
COMMENT ON COLUMN rage.refinements.judge_model IS 'The model that judges.';
COMMENT ON COLUMN rage.refinements.caller_id IS 'On whose behalf images are found and pictures made; null: the operator''s.';
COMMENT ON COLUMN rage.refinements.state IS 'open: there may be more to do; ended.';
COMMENT ON COLUMN rage.refinements.ended_by IS 'Why it ended: matched, rounds, max_cost, unknown_cost, budget, nothing_found, no_slot, or how a step of it ended.';
COMMENT ON COLUMN rage.refinements.detail IS 'The same in a sentence, where there is more to say.';
COMMENT ON COLUMN rage.refinements.result_id IS 'The last generation of it that succeeded; null where none did.';
COMMENT ON COLUMN rage.refinements.prepared_at IS 'Without a draft: when the references of its one picture were looked up.';
COMMENT ON COLUMN rage.refinements.cancel_requested_at IS 'When it was called off while something of it was under way.';
COMMENT ON COLUMN rage.refinements.cancel_requested_by IS 'The key that called it off; null while the service is open.';
COMMENT ON COLUMN rage.refinements.created_at IS 'When it was asked.';
COMMENT ON COLUMN rage.refinements.ended_at IS 'When it ended.';

CREATE TABLE rage.refinement_steps (
    root_id        uuid NOT NULL REFERENCES rage.refinements ON DELETE CASCADE,
    round          integer NOT NULL CHECK (round BETWEEN 0 AND 3),
    generation_id  uuid NOT NULL REFERENCES rage.generations ON DELETE CASCADE,
    PRIMARY KEY (root_id, round)
);
CREATE UNIQUE INDEX refinement_steps_generation ON rage.refinement_steps (generation_id);
COMMENT ON TABLE  rage.refinement_steps IS 'The pictures of a refinement in order, each a generation.';
COMMENT ON COLUMN rage.refinement_steps.root_id IS 'The refinement, by its first generation.';
COMMENT ON COLUMN rage.refinement_steps.round IS '0 the first picture, then one for each round.';
COMMENT ON COLUMN rage.refinement_steps.generation_id IS 'The generation.';

CREATE TABLE rage.judgements (
    judgement_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    root_id        uuid NOT NULL REFERENCES rage.refinements ON DELETE CASCADE,
    round          integer NOT NULL CHECK (round BETWEEN 0 AND 3),
    attempt        integer NOT NULL CHECK (attempt > 0),
    generation_id  uuid NOT NULL REFERENCES rage.generations ON DELETE CASCADE,
    call_id        bigint NOT NULL REFERENCES rage.paid_calls ON DELETE RESTRICT,
    verdict        text NOT NULL DEFAULT 'pending' CHECK (verdict IN (
                       'pending', 'match', 'mismatch', 'named', 'unable', 'turned_away', 'failed', 'unknown', 'cancelled')),
    detail         text,
    temperature    real NOT NULL,
    provider       text NOT NULL,
    model          text NOT NULL,
    looked_up_at   timestamptz,
    created_at     timestamptz NOT NULL DEFAULT now(),
    finished_at    timestamptz,
    CONSTRAINT judgements_attempt_unique UNIQUE (root_id, round, attempt)
);
CREATE INDEX judgements_generation ON rage.judgements (generation_id);
CREATE INDEX judgements_call ON rage.judgements (call_id);
COMMENT ON TABLE  rage.judgements IS 'What a vision model said of the pictures of a refinement, one row a call.';
COMMENT ON COLUMN rage.judgements.judgement_id IS 'Stable number of the judgement.';
COMMENT ON COLUMN rage.judgements.root_id IS 'The refinement.';
COMMENT ON COLUMN rage.judgements.round IS 'The step whose picture was judged; without a draft the one that is to be made.';
COMMENT ON COLUMN rage.judgements.attempt IS 'Counts from 1 for each step.';
COMMENT ON COLUMN rage.judgements.generation_id IS 'The generation of that step.';
COMMENT ON COLUMN rage.judgements.call_id IS 'The paid call.';
COMMENT ON COLUMN rage.judgements.verdict IS 'match, mismatch, named (without a draft), unable (it refused, or answered what is no answer), turned_away, failed, unknown, cancelled; pending until it is known.';
COMMENT ON COLUMN rage.judgements.detail IS 'What was wrong with the answer.';
COMMENT ON COLUMN rage.judgements.temperature IS 'The temperature that was asked for; it rises from try to try.';
COMMENT ON COLUMN rage.judgements.provider IS 'Who was asked.';
COMMENT ON COLUMN rage.judgements.model IS 'The model that answered; before that, the one asked for.';
COMMENT ON COLUMN rage.judgements.looked_up_at IS 'When images were looked up for what it lacks; null: not yet, or nothing was to be.';
COMMENT ON COLUMN rage.judgements.created_at IS 'When the call was about to be made.';
COMMENT ON COLUMN rage.judgements.finished_at IS 'When the answer was known.';

CREATE TABLE rage.judgement_concepts (
    judgement_id  bigint NOT NULL REFERENCES rage.judgements ON DELETE CASCADE,
    position      integer NOT NULL CHECK (position > 0),
    concept       text,
    caption       text NOT NULL,
    outcome       text CHECK (outcome IN ('found', 'nothing_found', 'no_slot')),
    image_id      bigint REFERENCES rage.images ON DELETE RESTRICT,
    role          text,
    note          text,
    score         real,
    proposal_id   uuid REFERENCES rage.proposals ON DELETE SET NULL,
    PRIMARY KEY (judgement_id, position),
    CONSTRAINT judgement_concepts_found_an_image CHECK (coalesce(outcome = 'found', false) = (image_id IS NOT NULL))
);
CREATE INDEX judgement_concepts_by_image ON rage.judgement_concepts (image_id);
CREATE INDEX judgement_concepts_proposal ON rage.judgement_concepts (proposal_id);
COMMENT ON TABLE  rage.judgement_concepts IS 'What a picture lacks, or a prompt names, and the image that was found for it.';
COMMENT ON COLUMN rage.judgement_concepts.judgement_id IS 'The judgement that names it.';
COMMENT ON COLUMN rage.judgement_concepts.position IS 'Place in the judge''s list, from 1.';
COMMENT ON COLUMN rage.judgement_concepts.concept IS 'What is lacking; null: the judge was unable to say, and the prompt itself was looked up.';
COMMENT ON COLUMN rage.judgement_concepts.caption IS 'The caption by which an image was looked up.';
COMMENT ON COLUMN rage.judgement_concepts.outcome IS 'found, nothing_found or no_slot (no more references go along); null: not looked up yet.';
COMMENT ON COLUMN rage.judgement_concepts.image_id IS 'The image that was found.';
COMMENT ON COLUMN rage.judgement_concepts.role IS 'The role in which it goes along; null: that of its kind.';
COMMENT ON COLUMN rage.judgement_concepts.note IS 'What the image model is told to take of it.';
COMMENT ON COLUMN rage.judgement_concepts.score IS 'How well it serves, 0 to 1; higher is better.';
COMMENT ON COLUMN rage.judgement_concepts.proposal_id IS 'The proposal that it was found by.';
"""

DOWNGRADE = """
ALTER TABLE rage.searches DROP imagined_id, DROP imagined;
ALTER TABLE rage.generations DROP draft;
DROP TABLE rage.judgement_concepts, rage.judgements, rage.refinement_steps, rage.refinements;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
