"""`rage propose`: the references that go with a prompt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import rich_click as click

from rage_pg.cli.options import all_filters, filters_from, json_option
from rage_pg.cli.output import note, show, show_json, show_table
from rage_pg.cli.session import with_runtime
from rage_pg.types import Concept, Proposal, ProposalRequest, ProposedReference


@click.command("propose")
@click.argument("prompt")
@click.option(
    "--slots",
    type=click.IntRange(1, 16),
    metavar="N",
    help="References in all; else what the generator takes, up to 8.",
)
@click.option(
    "--image",
    "chosen",
    multiple=True,
    type=click.IntRange(1, 2**63 - 1),
    metavar="ID",
    help="Chosen already: comes first and stays; repeated.",
)
@all_filters
@click.option(
    "--diversity",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Of those about as good, from the best (0) to the least like the others (1).",
)
@click.option("--planner", metavar="PLANNER", help="catalogue or openai:MODEL; else the one of RAGE_PLANNER.")
@json_option
def propose(
    prompt: str,
    slots: int | None,
    chosen: tuple[int, ...],
    diversity: float,
    planner: str | None,
    as_json: bool,
    **filters: Any,
) -> None:
    """Propose references for a PROMPT: few images that together show what it names.

    \b
    rage propose "a salesman with lotion and soap" --brand lumen
    rage propose "the lotion on a mossy stone" --image 41 --slots 3
    """
    request = ProposalRequest(
        prompt=prompt,
        filters=filters_from(**filters),
        slots=slots,
        chosen=chosen,
        planner=planner,
        diversity=diversity,
    )
    proposal = with_runtime(lambda runtime: runtime.propose(request))
    if as_json:
        show_json(proposal)
    else:
        _show(proposal)


def _show(proposal: Proposal) -> None:
    if proposal.references:
        rows = [_row(place, one) for place, one in enumerate(proposal.references, start=1)]
        show_table(("#", "id", "title", "brand", "role", "serves", "because"), rows)
    else:
        show(
            "No references." if proposal.concepts else "No references: the prompt names nothing to look for."
        )
    for concept in proposal.concepts:
        if not concept.served_by:
            show(_lacking(concept))
    for line in proposal.notes:
        note(line)
    found = f"{len(proposal.references)} of {proposal.slots} slots"
    show(f"{found}; planner {proposal.planner}; {proposal.strategy}; {proposal.took_ms:.0f} ms")
    if proposal.references:
        note(f"{_command(proposal)} (proposal {proposal.proposal_id})")


def _row(place: int, one: ProposedReference) -> tuple[object, ...]:
    image = one.image
    return place, image.id, image.title, image.brand, one.role, ", ".join(one.serves), one.reason


def _lacking(concept: Concept) -> str:
    if concept.alternatives:
        others = ", ".join(str(image_id) for image_id in concept.alternatives[:3])
        return f'No slot is left for "{concept.text}": {others} would serve it.'
    return f'Nothing here serves "{concept.text}".'


def _command(proposal: Proposal) -> str:
    return " ".join(["Use them: rage generate PROMPT", *_images(proposal), "-o FILE"])


def _images(proposal: Proposal) -> Iterator[str]:
    for one in proposal.references:
        yield f"--image {one.image.id}:{one.role}"


COMMANDS = (propose,)
