"""Proposals of a real store: what `rage evaluate` prints, against a plain encoder over the whole prompt.

Debian's stamps and drawings are imported and embedded as anybody's pictures are, with what comes with
rage-pg. Then the command is asked, file by file: what somebody wrote who saw the pictures and not the planner
(benchmarks/data; odd lines were for development), and captions that templates join, in English inside another
language, and all in that language (translated).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks import openclipart, questions, stamps
from benchmarks.plain import Plain
from benchmarks.questions import Question
from rage_pg import index, ingest
from rage_pg.config import Settings
from rage_pg.providers.usem3 import Usem3
from rage_pg.runtime import running

OF_STAMPS = ("propose_fresh", "propose_words", "propose_one", "propose_nothing", "propose_de_fr")


async def measure() -> None:
    """A line for each file of questions."""
    captions = {stamps.path_of(path): words["en"] for path, words in stamps.captioned()}
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        async with _stored(root, stamps.write_catalogue(root)):
            asked = {
                f"{name}, {half}": rows
                for name in OF_STAMPS
                for half, rows in questions.written(name).items()
            }
            await _report(root, captions, asked | _joined())
    drawings = openclipart.drawings()
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        async with _stored(root, openclipart.write_manifest(root, drawings)):
            words = {
                one.name: ". ".join(filter(None, (one.title, ", ".join(one.keywords)))) for one in drawings
            }
            asked = {
                f"propose_openclipart, {half}": rows
                for half, rows in questions.written("propose_openclipart").items()
            }
            await _report(root, words, asked)


def _joined() -> dict[str, list[Question]]:
    found = {}
    for language, templates in questions.TEMPLATES.items():
        for count in templates:
            found[f"{count} captions, {language}"] = questions.joined(language, count)
            if language != "en":
                found[f"{count} captions, {language}, translated"] = questions.joined(
                    language, count, captions_in=language
                )
    return found


@asynccontextmanager
async def _stored(root: Path, manifest: Path) -> AsyncIterator[None]:
    """The catalogue in an embedded store, its captions embedded; the server runs until the context ends."""
    async with running(Settings(data_dir=root / "data")) as runtime:
        report = await ingest.import_files(runtime.database, [], manifest=manifest)
        # No proposal looks at styles, which take most of the time.
        encoders = [one for one in await runtime.kept_up() if one.identity.encodes == "caption"]
        await index.fill(runtime.database, encoders)
        print(f"{report.imported:,} pictures", flush=True)
        yield


async def _report(root: Path, words: Mapping[str, str], asked: Mapping[str, Sequence[Question]]) -> None:
    # Prompts as captions: without the English nouns that usem3 puts behind those of other languages.
    plain = Plain(Usem3(), prompts_as_captions=True)
    await plain.fill(words)
    print(f"{'':36} prompts   in the first 2   in the first 3   precision   empty   p50, p95 ms")
    for name, rows in asked.items():
        found = await _evaluated(root, rows)
        cells = [
            f"{_figure(await plain.coverage(rows, k))} → {_figure(found['coverage_at'][str(k)])}"
            for k in (2, 3)
        ]
        cells += [_figure(found["set_precision"]), _figure(found["empty_when_nothing"])]
        took = found["proposal_took_ms"]
        print(
            f"{name:36} {len(rows):7}   {'   '.join(cells)}   {took['p50']:.0f}, {took['p95']:.0f}",
            flush=True,
        )


async def _evaluated(root: Path, rows: Sequence[Question]) -> dict[str, Any]:
    """What `rage evaluate --json` prints."""
    file = root / "questions.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    command = [
        str(Path(sys.executable).with_name("rage")),
        "evaluate",
        str(file),
        "--json",
        "--allow-missing",
    ]
    # Of two pictures with the same bytes one is stored, under both their names: nothing else may be missing.
    own = {name: value for name, value in os.environ.items() if not name.startswith("RAGE_")}
    process = await asyncio.create_subprocess_exec(
        *command, env=own | {"RAGE_DATA_DIR": str(root / "data")}, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"rage evaluate ended with {process.returncode}.")
    answer: dict[str, Any] = json.loads(printed)
    return answer


def _figure(value: float | None) -> str:
    return "   -" if value is None else f"{value:.3f}".removeprefix("0")
