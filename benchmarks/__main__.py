"""Runs the parts that are named, or all."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks import (
    access,
    batch_killed,
    encoders,
    filtered_search,
    generation_stages,
    hybrid,
    import_rate,
    killed,
    killed_generations,
    load,
    look_alikes,
    looks,
    memory,
    not_found,
    proposal_speed,
    proposing,
    real_catalogue,
    startup,
    words,
)
from benchmarks.filtered_search import PEERS
from benchmarks.peers.environment import default_cache

Part = Callable[[], Awaitable[None]]


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    parts = _parts(options)
    unknown = [name for name in options.parts if name not in parts]
    if unknown:
        raise SystemExit(f"There is no part {unknown[0]}; there are {', '.join(parts)}.")
    asyncio.run(_run({name: parts[name] for name in options.parts or parts}))


async def _run(parts: dict[str, Part]) -> None:
    for name, part in parts.items():
        print(f"== {name}", flush=True)
        await part()


def _parts(options: argparse.Namespace) -> dict[str, Part]:
    images, queries = options.images, options.queries
    return {
        "startup": startup.measure,
        "import": partial(import_rate.measure, options.rounds),
        "memory": partial(memory.measure, options.limit),
        "killed": partial(killed.measure, kills=options.kills, seed=options.seed),
        "batch-killed": partial(batch_killed.measure, seed=options.seed),
        "killed-generations": partial(killed_generations.measure, kills=options.kills, seed=options.seed),
        "generation": partial(generation_stages.measure, options.rounds),
        "encoders": encoders.measure,
        "proposing": proposing.measure,
        "proposal_speed": partial(proposal_speed.measure, images, queries),
        "access": access.measure,
        "not-found": not_found.measure,
        "search": partial(filtered_search.measure, images, queries, options.peers, options.cache),
        "hybrid": partial(hybrid.measure, images, queries),
        "look-alikes": partial(look_alikes.measure, images),
        "looks": partial(looks.measure, images),
        "words": partial(words.measure, images),
        "load": partial(load.measure, images, options.clients, options.seconds),
        "openclipart": partial(real_catalogue.measure, options.limit),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help="which to run; all without")
    add = parser.add_argument
    add(
        "--images",
        type=int,
        default=100_000,
        help="of search, hybrid, proposal_speed, look-alikes, looks, words and load (%(default)s)",
    )
    add("--queries", type=int, default=40, help="of search, hybrid and proposal_speed (%(default)s)")
    add("--peers", type=_peers, default=PEERS, help="of search: planner,chroma,lancedb (all), or none")
    add("--cache", type=Path, default=default_cache(), help="for the peers' environments (%(default)s)")
    add("--clients", type=int, default=4, help="of load (%(default)s)")
    add("--seconds", type=int, default=10, help="of each measurement of load (%(default)s)")
    add("--kills", type=int, default=200, help="of killed and killed-generations (%(default)s)")
    add("--seed", type=int, default=1, help="of killed, killed-generations and batch-killed (%(default)s)")
    add("--rounds", type=int, default=3, help="of import; tenths of generation (%(default)s)")
    add("--limit", type=int, help="how many drawings openclipart and memory import (all)")
    return parser


def _peers(text: str) -> list[str]:
    names = [] if text == "none" else text.split(",")
    for name in names:
        if name not in PEERS:
            raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(PEERS)}")
    return names


if __name__ == "__main__":
    main()
