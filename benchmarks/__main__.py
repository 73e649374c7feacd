"""Runs the parts that are named, or all."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from benchmarks import access, encoders, filtered_search, import_rate, not_found, startup, words

PARTS: dict[str, Callable[[], Awaitable[None]]] = {
    "startup": startup.measure,
    "import": import_rate.measure,
    "encoders": encoders.measure,
    "access": access.measure,
    "not-found": not_found.measure,
}


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, "search", "words", []], help="which to run; all without"
    )
    parser.add_argument(
        "--images", type=int, default=100_000, help="of the parts search and words (default 100,000)"
    )
    arguments = parser.parse_args()
    parts = {
        **PARTS,
        "search": partial(filtered_search.measure, arguments.images),
        "words": partial(words.measure, arguments.images),
    }
    for name in arguments.parts or parts:
        print(f"== {name}", flush=True)
        await parts[name]()


asyncio.run(main())
