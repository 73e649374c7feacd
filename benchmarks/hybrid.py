"""A search by meaning and words over HTTP against the same through SQL, and what a new prompt costs more.

The prompts are made of words that the documents have. A new prompt is embedded once, by the service's own
encoder; the encoder's time is taken beside it, in this process, for prompts as new.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import psycopg

from benchmarks import clustered_store
from benchmarks.figures import percentiles
from benchmarks.service import Client, running_service
from rage_pg.providers.usem3 import Usem3

K = 10
FILTERS: dict[str, list[str] | None] = {"no filter": None, "one brand of ten": ["brand 3"]}
LEGS = {"caption": 1, "text": 1}
SEARCH = """
SELECT image_id
FROM rage_v1.search_images(%(prompt)s, %(k)s, brands => %(brands)s, legs => '{"caption": 1, "text": 1}')
"""


async def measure(images: int, queries: int) -> None:
    store = await asyncio.to_thread(clustered_store.made, images, 1)
    print(
        f"{images:,} images, legs caption + text; p50 / p95 in milliseconds over {queries} prompts",
        flush=True,
    )
    with clustered_store.stored(store) as url, running_service(url) as address:
        for number, (name, brands) in enumerate(FILTERS.items()):
            prompts = _prompts(number * queries, queries)
            encoder = await _encoder_times(prompts)
            _compare(url, address, name, brands, prompts, encoder)


def _prompts(first: int, count: int) -> list[str]:
    return [f"thing number{n * 37 + 11} group{n % 300} word{n % 11}" for n in range(first, first + count)]


def _compare(
    url: str,
    address: str,
    name: str,
    brands: list[str] | None,
    prompts: Sequence[str],
    encoder: Sequence[float],
) -> None:
    client = Client(address)
    filters = {"brand": brands} if brands else {}

    def over_http(prompt: str) -> object:
        return client.search({"prompt": prompt, "k": K, "legs": LEGS, "filters": filters})

    with psycopg.connect(url, autocommit=True) as connection:

        def through_sql(prompt: str) -> object:
            return connection.execute(SEARCH, {"prompt": prompt, "k": K, "brands": brands}).fetchall()

        # The service loads its model with the first new prompt.
        over_http(f"warming up under {name}")
        new = _times(over_http, prompts)
        _times(through_sql, prompts)
        # The service has ended a connection that said nothing for so long; the next request opens another.
        client.close()
        over_http(prompts[0])
        sql, known = _in_turns(prompts, through_sql, over_http)
    client.close()
    _print(name, sql, known, new, encoder)


async def _encoder_times(prompts: Sequence[str]) -> list[float]:
    encoder = Usem3()
    await encoder.encode_prompts(["warming up"])
    times = []
    for prompt in prompts:
        started = time.perf_counter()
        await encoder.encode_prompts([prompt])
        times.append((time.perf_counter() - started) * 1000)
    return times


def _in_turns(prompts: Sequence[str], *ways: Callable[[str], object]) -> list[list[float]]:
    """Milliseconds of each way of asking, prompt by prompt: all meet the same state of the machine."""
    rounds = [[_times(way, [prompt])[0] for way in ways] for prompt in prompts]
    return [list(times) for times in zip(*rounds, strict=True)]


def _times(ask: Callable[[str], object], prompts: Sequence[str]) -> list[float]:
    times = []
    for prompt in prompts:
        started = time.perf_counter()
        ask(prompt)
        times.append((time.perf_counter() - started) * 1000)
    return times


def _print(
    name: str, sql: Sequence[float], known: Sequence[float], new: Sequence[float], encoder: Sequence[float]
) -> None:
    p50 = {}
    print(name)
    rows = {"SQL": sql, "HTTP, prompt known": known, "HTTP, prompt new": new, "encoder alone": encoder}
    for what, times in rows.items():
        p50[what], p95 = percentiles(times)
        print(f"  {what:20} {p50[what]:8.2f} /{p95:8.2f}", flush=True)
    beyond = p50["HTTP, prompt known"] - p50["SQL"]
    more = p50["HTTP, prompt new"] - p50["HTTP, prompt known"] - p50["encoder alone"]
    print(f"  HTTP beyond SQL {beyond:+.2f}; a new prompt beyond a known one and the encoder {more:+.2f}")
