"""Searches by several clients at once: the service's pool against pgbench with the same statement, and HTTP.

The statement is that of POST /api/search, and all ask as the service's own role, for the operator. pgbench
sends it by itself; the pool puts it into a transaction that says for whom it asks. The stage does all that a
search over HTTP does: it looks the prompt up, searches, and logs the search.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from psycopg import AsyncClientCursor, AsyncConnection

from benchmarks import clustered_store, ours
from benchmarks.closed_loop import answers_per_second, requests_per_second
from benchmarks.service import announced, running_service
from rage_pg import search
from rage_pg.callers import SYSTEM
from rage_pg.database import Database
from rage_pg.embedded import app_url, client_tool
from rage_pg.providers.ports import EncoderIdentity, PromptEncoder
from rage_pg.providers.usem3 import Usem3
from rage_pg.resources import statements
from rage_pg.search.asking import arguments, rows_of
from rage_pg.types import Filters, SearchRequest, TagFilter

PROMPTS = 32
FILTERS = Filters(tags=TagFilter(all=("one",)))
"""A hundredth of the images: an ordinary search, neither the dearest nor the cheapest."""
OPTIONS = "-c rage.caller=system -c jit=off -c search_path=rage"
"""What the service's pool sets on its connections, and for whom it asks."""


async def measure(images: int, clients: int, seconds: int) -> None:
    store = await asyncio.to_thread(clustered_store.made, images, PROMPTS)
    print(f"{images:,} images, a tag of 1 %; {clients} clients for {seconds} s; answers a second", flush=True)
    with clustered_store.stored(store) as url:
        ours.store_prompts(url, store)
        bench = await _pgbench(app_url(url), clients, seconds)
        _print("pgbench, the statement", bench)
        async with Database(app_url(url), caller=SYSTEM, max_connections=clients) as database:
            for what, ask in (("the statement", _statement(database)), ("the whole stage", _stage(database))):
                _print(f"pool, {what}", await answers_per_second(ask, clients, seconds), bench)
        await _over_http(url, clients, seconds)


async def _over_http(url: str, clients: int, seconds: int) -> None:
    bodies = [_body(number) for number in range(PROMPTS)]
    with announced([sys.executable, "-m", "benchmarks.bare_service"], dict(os.environ)) as address:
        bare = await requests_per_second(address.strip(), "/api/search", bodies, clients, seconds)
    _print("HTTP, a bare handler", bare)
    with running_service(url) as address:
        served = await requests_per_second(address, "/api/search", bodies, clients, seconds)
    _print("HTTP, a search", served, bare)


def _request(number: int) -> SearchRequest:
    return SearchRequest(
        prompt=ours.prompt_of(number % PROMPTS), filters=FILTERS, k=10, legs={"caption": 1.0}
    )


def _body(number: int) -> bytes:
    return msgspec.json.encode(_request(number))


def _statement(database: Database) -> Callable[[int], Awaitable[object]]:
    async def ask(number: int) -> None:
        request = _request(number)
        async with database.reading() as connection:
            await rows_of(connection, arguments(request, request.prompt))

    return ask


def _stage(database: Database) -> Callable[[int], Awaitable[object]]:
    encoder = Usem3()

    async def encoders(_: EncoderIdentity) -> PromptEncoder:
        return encoder

    async def ask(number: int) -> None:
        await search.search(database, encoders, _request(number))

    return ask


async def _pgbench(url: str, clients: int, seconds: int) -> float:
    """Statements a second; one script for each prompt, chosen at random."""
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        tool = str(client_tool("pgbench"))
        command = [tool, "--no-vacuum", f"--client={clients}", f"--time={seconds}"]
        for number, text in enumerate(await _written(url)):
            script = Path(folder) / f"{number}.sql"
            script.write_text(text + ";\n")
            command.append(f"--file={script}")
        environment = {**os.environ, "PGOPTIONS": OPTIONS}
        done = await asyncio.to_thread(
            subprocess.run, [*command, url], env=environment, capture_output=True, text=True, check=False
        )
    said = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    if said is None or done.returncode:
        raise SystemExit(f"pgbench failed: {done.stderr}")
    return float(said[1])


async def _written(url: str) -> list[str]:
    """The statement with the values of each prompt written in."""
    async with await AsyncConnection.connect(url, options=OPTIONS) as connection:
        cursor = AsyncClientCursor(connection)
        requests = [_request(number) for number in range(PROMPTS)]
        values = [arguments(request, request.prompt) for request in requests]
        texts = [cursor.mogrify(statements("search")["search_images"], given) for given in values]
        # pgbench looks at no answer: one that found nothing would be quick.
        found = await cursor.execute(texts[0])
        assert await found.fetchall()
        return texts


def _print(what: str, rate: float, of: float | None = None) -> None:
    ratio = "" if of is None else f"   ratio {rate / of:5.2f}"
    print(f"  {what:24}{rate:9.1f}{ratio}", flush=True)
