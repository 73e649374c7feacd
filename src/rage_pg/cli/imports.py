"""`rage import`: files, folders, archives, URLs and manifests into the store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import rich_click as click
from msgspec import UNSET, Struct

from rage_pg.cli.options import ParamType, json_option
from rage_pg.cli.output import bars, complain, note, show, show_json
from rage_pg.cli.session import fail, with_runtime
from rage_pg.types import ImageMetadata, ImportReport, State

if TYPE_CHECKING:
    from rage_pg.index import Filled
    from rage_pg.runtime import Runtime


class PathOrUrl(ParamType):
    """What exists on this machine, or a URL → a Path, or the URL as text."""

    name = "PATH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        from rage_pg.ingest.addresses import is_url

        if is_url(str(value)):
            return str(value)
        path: Path = click.Path(exists=True, path_type=Path).convert(value, param, ctx)
        return path


class _Order(Struct, frozen=True, kw_only=True):
    """What to import, and whether to embed it at once."""

    paths: tuple[Path | str, ...]
    manifest: Path | None
    defaults: ImageMetadata
    index: bool


@click.command("import")
@click.argument("paths", nargs=-1, metavar="[PATH|URL]…", type=PathOrUrl())
@click.option(
    "--manifest",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV or JSON Lines that names files and what is known of them.",
)
@click.option("--brand", help="Whose images these are, where the manifest does not say; else `default`.")
@click.option("--tag", "tags", multiple=True, help="Give every image this tag.")
@click.option(
    "--state",
    type=click.Choice(get_args(State)),
    help="State of every image, known ones too, unless the manifest says one; else new ones are approved.",
)
@click.option("--index/--no-index", default=True, help="Embed now, or leave it to a worker.")
@json_option
def import_(
    paths: tuple[Path, ...],
    manifest: Path | None,
    brand: str | None,
    tags: Sequence[str],
    state: State | None,
    index: bool,
    as_json: bool,
) -> None:
    """Import images from files, folders (with all below them), ZIP archives, URLs and a manifest.

    What is in the store already is recognised, so an import that was interrupted can simply be run again.
    A file that cannot be taken is named with its reason and stops nothing; if none could, the exit code is 1.

    \b
    rage import photos/ --brand acme --tag spring
    rage import --manifest catalogue/manifest.csv
    rage import photos.zip https://shop.example/lamp.jpg
    """
    if not paths and manifest is None:
        raise click.UsageError("Name files, folders or URLs to import, or a --manifest.")
    defaults = ImageMetadata(
        brand=UNSET if brand is None else brand, tags=tuple(tags) or UNSET, state=state or UNSET
    )
    order = _Order(paths=paths, manifest=manifest, defaults=defaults, index=index)
    report, filled = with_runtime(lambda runtime: _import(runtime, order))
    if as_json:
        show_json(report)
    else:
        _show(report, filled)
    for rejection in report.rejected:
        complain(f"{rejection.path}: {rejection.reason}")
    if report.rejected and len(report.rejected) == len(report.items):
        fail()


async def _import(runtime: Runtime, order: _Order) -> tuple[ImportReport, Sequence[Filled]]:
    from rage_pg import index as indexing
    from rage_pg import ingest, jobs
    from rage_pg.cli.index import every_space, fill

    with bars() as shown:

        def progress(done: int, total: int) -> None:
            shown.move("Importing", to=done, total=total)

        report = await ingest.import_files(
            runtime.database,
            order.paths,
            manifest=order.manifest,
            defaults=order.defaults,
            limits=runtime.settings.limits,
            fetcher=ingest.Fetcher(runtime.settings.fetch_allow),
            progress=progress,
        )
        await indexing.count_words(runtime.database)
    filled = await fill(runtime) if order.index else ()
    report.waiting = {space.name: space.missing for space in await every_space(runtime) if space.legs}
    if any(report.waiting.values()):
        await jobs.defer_fill_index(runtime.database)
    return report, filled


def _show(report: ImportReport, filled: Sequence[Filled]) -> None:
    show(
        f"{report.imported:,} imported, {report.duplicates:,} duplicates, {report.updated:,} updated, "
        f"{len(report.rejected):,} rejected"
    )
    if not filled and any(report.waiting.values()):
        waiting = ", ".join(f"{count:,} in {space}" for space, count in report.waiting.items() if count)
        note(f"Found by their words from now on, by meaning once a worker has embedded them: {waiting}.")
    for space in filled:
        if space.embedded or space.failed:
            failed = f", {space.failed:,} could not be" if space.failed else ""
            built = "; its index was built afterwards, which is faster" if space.index_built else ""
            show(f"{space.embedded:,} embedded in {space.space}{failed}{built}")
        if space.trouble:
            complain(f"{space.space} does not fill up, words alone find the images there: {space.trouble}")


COMMANDS = (import_,)
