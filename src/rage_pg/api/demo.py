"""The sample catalogue, for a first look."""

from __future__ import annotations

from rage_pg import index, ingest, resources
from rage_pg.runtime import Runtime


async def load_sample_catalogue(runtime: Runtime) -> None:
    """Import it and make its vectors. What is there already costs a moment and changes nothing."""
    manifest = resources.path("examples", "catalogue", "manifest.csv")
    await ingest.import_files(runtime.database, [], manifest=manifest, limits=runtime.settings.limits)
    await index.fill(runtime.database, await runtime.kept_up())
    await index.count_words(runtime.database)
