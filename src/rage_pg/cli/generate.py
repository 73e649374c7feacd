"""`rage generate`: a picture from a prompt and references, made by this process with its own settings."""

from __future__ import annotations

import asyncio
import os
from base64 import b64encode
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args
from uuid import UUID

import rich_click as click

from rage_pg.cli.batch import BATCH_OPTIONS, batch_options, check_batch_use, generate_batch
from rage_pg.cli.making import Order, files_for, made, previewed
from rage_pg.cli.options import OutputOf, Pair, ParamType, filters_from, image_filters, json_option
from rage_pg.cli.output import note, show, show_fields, show_json, show_table
from rage_pg.cli.prices import Dollars
from rage_pg.cli.refining import show_refinement
from rage_pg.cli.session import with_runtime
from rage_pg.cli.whole_file import check_writable
from rage_pg.errors import RageError
from rage_pg.types import (
    MAX_MASK_BYTES,
    Auto,
    Generation,
    GenerationRequest,
    Purpose,
    Reference,
    ReferenceRequest,
    Refine,
    Role,
)

Format = Literal["png", "webp", "jpeg"]
FORMATS: dict[str, Format] = {".png": "png", ".webp": "webp", ".jpg": "jpeg", ".jpeg": "jpeg"}


class Image(ParamType):
    """ID or ID:ROLE → a reference."""

    name = "ID[:ROLE]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> ReferenceRequest:
        number, _, role = str(value).partition(":")
        if not (number.isascii() and number.isdecimal() and len(number) <= 18):
            self.fail(f"{value!r} is not an image's id, nor ID:ROLE.", param, ctx)
        if role and role not in get_args(Role):
            self.fail(f"{role!r} is no role; there are {', '.join(get_args(Role))}.", param, ctx)
        return ReferenceRequest(image_id=int(number), role=role or None)  # type: ignore[arg-type]


@click.command("generate")
@click.argument("prompt", required=False)
@click.option(
    "--image", "images", multiple=True, type=Image(), help="A reference; without a role its kind decides."
)
@click.option(
    "--auto", type=click.IntRange(1, 16), metavar="N", help="Up to N references, proposed for the prompt."
)
@click.option("--collection", help="All images of a collection as references, in order.")
@click.option(
    "--parent",
    type=OutputOf(),
    help="Go on from picture N of a generation (1 if left out); its references go along.",
)
@click.option("--no-parent-references", is_flag=True, help="Leave the references of --parent out.")
@click.option(
    "--mask",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="PNG of the first reference's size, transparent where that may change.",
)
@image_filters
@click.option(
    "--brand", help="Who pays, else default; --auto then takes images of this brand and the shared ones."
)
@click.option("--label", "labels", multiple=True, type=Pair(), help="A label of your own, to find it by.")
@click.option("--purpose", type=click.Choice(get_args(Purpose)), default="compose", show_default=True)
@click.option(
    "--provider", metavar="PROVIDER", help="local, openai or gemini; else the one of RAGE_GENERATOR."
)
@click.option("--model", help="The provider's model; else its default.")
@click.option("--size", metavar="WxH", help="Pixels, auto, or what else the model takes.")
@click.option("--quality", help="As the provider calls it.")
@click.option("--background", help="opaque, transparent or auto.")
@click.option(
    "--format", "output_format", type=click.Choice(get_args(Format)), help="Else by the ending of FILE."
)
@click.option("--count", type=click.IntRange(1, 10), default=1, show_default=True, help="How many pictures.")
@click.option(
    "--refine",
    type=click.IntRange(1, 3),
    metavar="ROUNDS",
    help="Have the picture judged by RAGE_JUDGE, what it lacks looked up, and made again, so often at most.",
)
@click.option(
    "--no-draft", is_flag=True, help="With --refine 1: look up what the prompt names before the one picture."
)
@click.option(
    "--max-cost",
    type=Dollars(),
    metavar="USD",
    help="With --refine: what all pictures and judgements together may cost.",
)
@click.option(
    "--partial-images",
    type=click.IntRange(0, 3),
    default=0,
    metavar="N",
    help="Have up to N shown while it paints, to who follows it; each may cost extra.",
)
@click.option(
    "--dry-run", is_flag=True, help="Show what would be sent and may cost; nothing is sent, written or spent."
)
@click.option("-o", "--output", "file", type=click.Path(path_type=Path), metavar="FILE")
@batch_options
@json_option
@click.pass_context
def generate(
    context: click.Context,
    /,
    prompt: str | None,
    images: tuple[ReferenceRequest, ...],
    auto: int | None,
    collection: str | None,
    labels: Sequence[tuple[str, str]],
    parent: tuple[UUID, int] | None,
    mask: Path | None,
    no_parent_references: bool,
    refine: int | None,
    no_draft: bool,
    max_cost: Decimal | None,
    output_format: Format | None,
    dry_run: bool,
    file: Path | None,
    as_json: bool,
    **others: Any,
) -> None:
    """Generate a picture for a PROMPT from references, into FILE.

    References are named one by one, taken from a collection, or proposed for the PROMPT (--auto, which the
    filters narrow). Several pictures go into FILE-1, FILE-2 …. Each is in the store, as a draft.

    \b
    rage generate "lotion and soap on a shelf" --auto 3 --brand lumen -o shelf.png
    rage generate "the tent as a watercolour" --image 41 --image 58:style -o tent.png
    rage generate "warmer light" --purpose edit --parent 0199e1c2-7d7e-7bbf-8c1a-0d2f3b1f6a55:2 -o warm.png
    rage generate "a zebra lamp on a walnut desk" --refine 2 --max-cost 0.50 -o lamp.png
    rage generate --batch brief.json --budget 25 -o spring
    """
    of_a_batch = {name: others.pop(name) for name in BATCH_OPTIONS}
    if check_batch_use(context):
        generate_batch(**of_a_batch, brand=others["brand"], dry_run=dry_run, file=file, as_json=as_json)
        return
    if prompt is None:
        raise click.UsageError("Missing argument 'PROMPT'.")
    if file is not None and os.path.isdir(file):
        raise click.BadParameter(f"{file} is a directory.", param_hint="'-o'")
    names = ("tag", "tag_any", "tag_none", "sku", "kind", "attribute")
    filters = {name: others.pop(name) for name in names}
    _check_use(auto if refine is None else refine, filters, file, dry_run, parent, no_parent_references)
    if refine is None and (no_draft or max_cost is not None):
        raise click.UsageError("--no-draft and --max-cost go with --refine; give it too.")
    if file is not None and not dry_run:
        for target in files_for(file, others["count"]):
            check_writable(target)
    brand = others.pop("brand")
    brands = (brand, "shared") if brand else ()
    parent_id, parent_output = parent or (None, 1)
    request = GenerationRequest(
        prompt=prompt,
        brand=brand or "default",
        references=images,
        auto=None if auto is None else Auto(k=auto, filters=filters_from(brand=brands, **filters)),
        collection=collection,
        parent_id=parent_id,
        parent_output=parent_output,
        parent_references=not no_parent_references,
        mask=None if mask is None else _read_mask(mask),
        refine=None
        if refine is None
        else Refine(
            rounds=refine,
            draft=not no_draft,
            max_cost=max_cost,
            filters=filters_from(brand=brands, **filters),
        ),
        labels=dict(labels),
        output_format=output_format or _format_of(file),
        **others,
    )
    if dry_run:
        _preview(request, as_json)
    elif file is not None:
        _generate(Order(request=request, file=file), as_json)


def _check_use(
    auto: int | None,
    filters: dict[str, Any],
    file: Path | None,
    dry_run: bool,
    parent: tuple[UUID, int] | None,
    no_parent_references: bool,
) -> None:
    if auto is None and any(filters.values()):
        raise click.UsageError("Filters narrow the search of --auto or --refine; give one of them too.")
    if no_parent_references and parent is None:
        raise click.UsageError("--no-parent-references goes with --parent; give it too.")
    if file is None and not dry_run:
        raise click.UsageError("Say where the picture goes with -o FILE, or give --dry-run.")


def _read_mask(file: Path) -> str:
    """As much of it as tells whether it is too large."""
    try:
        with file.open("rb") as opened:
            return b64encode(opened.read(MAX_MASK_BYTES + 1_000_000)).decode()
    except OSError as error:
        raise click.BadParameter(f"{file} cannot be read: {error.strerror}.", param_hint="'--mask'") from None


def _format_of(file: Path | None) -> Format | None:
    return None if file is None else FORMATS.get(file.suffix.lower())


def _preview(request: GenerationRequest, as_json: bool) -> None:
    plan = with_runtime(lambda runtime: previewed(runtime, request))
    if as_json:
        show_json(plan)
        return
    show_fields(
        {"provider": plan.provider, "model": plan.model, **plan.parameters, "prompt": plan.prompt_sent}
    )
    _show_references(plan.references)
    cost = plan.estimate.cost_usd
    tokens = {
        name: "not known" if count is None else f"{count:,}" for name, count in plan.estimate.tokens.items()
    }
    show_fields(
        {
            "estimated cost": "not known" if cost is None else f"${cost.normalize():f}",
            "estimated tokens": ", ".join(f"{name} {count}" for name, count in tokens.items()),
            "because": " ".join(plan.estimate.basis),
            "judged by": plan.judge and f"{plan.judge}; further pictures and judgements come on top",
        }
    )
    for one in plan.notes:
        note(one)
    _say_if_unread(plan.provider, plan.conditioned_on_prompt)


def _generate(order: Order, as_json: bool) -> None:
    # A second signal must not cut short what the first has begun: writing down what became of the call.
    done = with_runtime(lambda runtime: made(runtime, order), hurry=asyncio.Event())
    if as_json:
        show_json(done.generation)
    if done.generation.status != "succeeded":
        raise RageError(f"The generation {done.generation.id} {_why(done.generation)}")
    if as_json:
        return
    show(", ".join(str(file) for file in done.files), bold=True)
    cost = done.generation.cost_usd
    show_fields(
        {
            "generation": done.generation.id,
            "provider": f"{done.generation.provider} ({done.generation.model})",
            "cost": None if cost == 0 else "unknown" if cost is None else f"${cost}",
        }
    )
    _show_references(done.generation.references)
    if done.generation.refinement is not None:
        show_refinement(done.generation.refinement)
    _say_if_unread(done.generation.provider, done.conditioned_on_prompt)


def _why(generation: Generation) -> str:
    if generation.status in ("queued", "running"):
        return f"is in the hands of a worker; see: rage history show {generation.id}"
    said = {"refused": "was refused", "failed": "failed", "cancelled": "was cancelled"}
    detail = (generation.error or {}).get("detail", "no reason was given.")
    return f"{said.get(generation.status, 'has an unknown outcome')}: {detail}"


def _show_references(references: Sequence[Reference]) -> None:
    if references:
        rows = [(one.position, one.image_id, one.role, one.title) for one in references]
        show_table(("#", "image", "role", "title"), rows)


def _say_if_unread(provider: str, conditioned_on_prompt: bool) -> None:
    if not conditioned_on_prompt:
        note(f"{provider}: not conditioned on the prompt; it transforms the references.")


COMMANDS = (generate,)
