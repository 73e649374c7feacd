"""Runs the parts that are named, or all."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable

from benchmarks import access, encoders, import_rate, not_found, startup

PARTS: dict[str, Callable[[], Awaitable[None]]] = {
    "startup": startup.measure,
    "import": import_rate.measure,
    "encoders": encoders.measure,
    "access": access.measure,
    "not-found": not_found.measure,
}


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which to run; all without")
    for name in parser.parse_args().parts or PARTS:
        print(f"== {name}", flush=True)
        await PARTS[name]()


asyncio.run(main())
