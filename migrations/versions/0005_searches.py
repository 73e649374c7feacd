"""What was searched for, what was found, and what was proposed."""

from alembic import op

revision = "0005"
down_revision = "0004"

UPGRADE = """
CREATE TABLE rage.searches (
    search_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    prompt      text NOT NULL,
    filters     jsonb NOT NULL DEFAULT '{}',
    among       bigint[],
    legs        jsonb,
    k           integer NOT NULL CHECK (k > 0),
    strategy    text NOT NULL,
    matched     bigint NOT NULL,
    complete    boolean NOT NULL,
    took_ms     real NOT NULL,
    asked_by    text,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX searches_created ON rage.searches (created_at);
COMMENT ON TABLE  rage.searches IS 'Every search made through the service.';
COMMENT ON COLUMN rage.searches.search_id IS 'What a generation refers to as the origin of its references.';
COMMENT ON COLUMN rage.searches.prompt IS 'The prompt as it was given.';
COMMENT ON COLUMN rage.searches.filters IS 'The filters as they were given.';
COMMENT ON COLUMN rage.searches.among IS 'The images that the search was confined to; null: all.';
COMMENT ON COLUMN rage.searches.legs IS 'Weights of the legs where the request named them.';
COMMENT ON COLUMN rage.searches.k IS 'How many images were asked for.';
COMMENT ON COLUMN rage.searches.strategy IS 'How the answer was found.';
COMMENT ON COLUMN rage.searches.matched IS 'How many images passed the filter.';
COMMENT ON COLUMN rage.searches.complete IS 'Whether no bound cut the answer.';
COMMENT ON COLUMN rage.searches.took_ms IS 'Time in milliseconds, the embedding of the prompt included.';
COMMENT ON COLUMN rage.searches.asked_by IS 'The key or login that asked; null while the service is open.';
COMMENT ON COLUMN rage.searches.created_at IS 'When it was asked.';

CREATE TABLE rage.search_results (
    search_id  uuid NOT NULL REFERENCES rage.searches ON DELETE CASCADE,
    rank       integer NOT NULL CHECK (rank > 0),
    image_id   bigint NOT NULL REFERENCES rage.images ON DELETE CASCADE,
    score      real NOT NULL,
    legs       jsonb NOT NULL,
    PRIMARY KEY (search_id, rank)
);
CREATE INDEX search_results_by_image ON rage.search_results (image_id);
COMMENT ON TABLE  rage.search_results IS 'What a search answered, in order.';
COMMENT ON COLUMN rage.search_results.search_id IS 'The search.';
COMMENT ON COLUMN rage.search_results.rank IS 'Place in the answer, from 1.';
COMMENT ON COLUMN rage.search_results.image_id IS 'The image.';
COMMENT ON COLUMN rage.search_results.score IS 'Fused score; higher is better.';
COMMENT ON COLUMN rage.search_results.legs IS 'Rank, and distance or score, per leg.';

CREATE TABLE rage.proposals (
    proposal_id  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    prompt       text NOT NULL,
    filters      jsonb NOT NULL DEFAULT '{}',
    slots        integer NOT NULL CHECK (slots > 0),
    chosen       bigint[] NOT NULL DEFAULT '{}',
    planner      text NOT NULL,
    concepts     jsonb NOT NULL DEFAULT '[]',
    passed_over  jsonb NOT NULL DEFAULT '[]',
    asked_by     text,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX proposals_created ON rage.proposals (created_at);
COMMENT ON TABLE  rage.proposals IS 'Every set of references that was proposed for a prompt.';
COMMENT ON COLUMN rage.proposals.proposal_id IS 'What a generation refers to.';
COMMENT ON COLUMN rage.proposals.prompt IS 'The prompt as it was given.';
COMMENT ON COLUMN rage.proposals.filters IS 'The filters as they were given.';
COMMENT ON COLUMN rage.proposals.slots IS 'How many references the model could take.';
COMMENT ON COLUMN rage.proposals.chosen IS 'Images that the person had chosen before; they come first.';
COMMENT ON COLUMN rage.proposals.planner IS 'What split the prompt into concepts.';
COMMENT ON COLUMN rage.proposals.concepts IS 'The concepts, each with the images that serve it; an empty list: unserved.';
COMMENT ON COLUMN rage.proposals.passed_over IS 'Images that were considered and left out, with the reason.';
COMMENT ON COLUMN rage.proposals.asked_by IS 'The key or login that asked; null while the service is open.';
COMMENT ON COLUMN rage.proposals.created_at IS 'When it was asked.';

CREATE TABLE rage.proposal_references (
    proposal_id  uuid NOT NULL REFERENCES rage.proposals ON DELETE CASCADE,
    position     integer NOT NULL CHECK (position > 0),
    image_id     bigint NOT NULL REFERENCES rage.images ON DELETE CASCADE,
    role         text NOT NULL,
    serves       text[] NOT NULL DEFAULT '{}',
    reason       text,
    PRIMARY KEY (proposal_id, position)
);
CREATE INDEX proposal_references_by_image ON rage.proposal_references (image_id);
COMMENT ON TABLE  rage.proposal_references IS 'The proposed references, in order.';
COMMENT ON COLUMN rage.proposal_references.proposal_id IS 'The proposal.';
COMMENT ON COLUMN rage.proposal_references.position IS 'Place in the order, from 1.';
COMMENT ON COLUMN rage.proposal_references.image_id IS 'The image.';
COMMENT ON COLUMN rage.proposal_references.role IS 'What it is there for.';
COMMENT ON COLUMN rage.proposal_references.serves IS 'The concepts that it serves.';
COMMENT ON COLUMN rage.proposal_references.reason IS 'Why it was chosen.';
"""

DOWNGRADE = """
DROP TABLE rage.proposal_references, rage.proposals, rage.search_results, rage.searches;
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(UPGRADE, execution_options={"no_parameters": True})


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DOWNGRADE, execution_options={"no_parameters": True})
