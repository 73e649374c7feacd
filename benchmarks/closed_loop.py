"""Clients that ask again as soon as they are answered, and how many answers they get a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from itertools import count
from urllib.parse import urlsplit

Ask = Callable[[int], Awaitable[object]]
"""Asks question number n, and waits for the answer."""


async def answers_per_second(ask: Ask, clients: int, seconds: float) -> float:
    """Every client asks by `ask`, after one second that does not count."""
    return await _together([ask] * clients, seconds)


async def requests_per_second(
    address: str, path: str, bodies: Sequence[bytes], clients: int, seconds: float
) -> float:
    """The same over HTTP: every client has a connection of its own, and POSTs one of the JSON bodies."""
    requests = [_request(address, path, body) for body in bodies]
    async with AsyncExitStack() as stack:
        connections = [Connection(address) for _ in range(clients)]
        for connection in connections:
            await connection.open()
            stack.push_async_callback(connection.close)
        return await _together([connection.asking(requests) for connection in connections], seconds)


async def _together(asks: Sequence[Ask], seconds: float) -> float:
    numbers = count()
    await _until(time.monotonic() + 1, asks, numbers)
    started = time.monotonic()
    answered = await _until(started + seconds, asks, numbers)
    return answered / (time.monotonic() - started)


async def _until(end: float, asks: Sequence[Ask], numbers: count[int]) -> int:
    async def one(ask: Ask) -> int:
        answered = 0
        while time.monotonic() < end:
            await ask(next(numbers))
            answered += 1
        return answered

    return sum(await asyncio.gather(*(one(ask) for ask in asks)))


class Connection:
    """HTTP/1.1 at its barest: a client that took time of its own would measure itself."""

    def __init__(self, address: str) -> None:
        self._address = urlsplit(address)

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._address.hostname, self._address.port)

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    def asking(self, requests: Sequence[bytes]) -> Ask:
        async def ask(number: int) -> bytes:
            self._writer.write(requests[number % len(requests)])
            return await self._answer()

        return ask

    async def _answer(self) -> bytes:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].split("\r\n")[0])
        body = await self._reader.readexactly(length)
        if not head.startswith("http/1.1 200"):
            raise SystemExit(f"A request was answered: {head} {body!r}")
        return body


def _request(address: str, path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(address).netloc}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
