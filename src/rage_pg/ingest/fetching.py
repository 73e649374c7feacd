"""Images from URLs, over HTTP, from public addresses only.

Nothing of the environment is used: no proxy, no credentials. Each redirect is a new URL, judged anew. The
connection goes to an address that was judged; certificate and Host header stay those of the host.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import cached_property
from urllib.parse import urljoin

import httpx2
from msgspec import Struct

from rage_pg import __version__
from rage_pg.config import Limits
from rage_pg.errors import ImageRejected, InvalidInput, NotFetched, TooLarge, TooManyRequests
from rage_pg.ingest.addresses import (
    SCHEME,
    Allowed,
    Resolve,
    Target,
    addresses_of,
    look_up,
    parse_url,
    refused,
)
from rage_pg.ingest.decoding import check_size

MOST_REDIRECTS = 5
MOST_ADDRESSES = 4
"""Of one host that are tried."""
SECONDS = 60.0
"""For everything: looking the host up, every redirect, the last byte."""
CONNECT_SECONDS = 5.0
SILENT_SECONDS = 15.0
PATIENCE = 10.0
"""Seconds that one request waits for its turn; an import waits for as long as it takes."""
AT_ONCE = 4

REDIRECTS = frozenset({301, 302, 303, 307, 308})
HEADERS = {
    "Accept": "image/*,*/*;q=0.5",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": f"rage-pg/{__version__}",
}
BUSY = "Too many images are being fetched at the moment. Try again later."
WEB_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script")

Gone = (httpx2.ConnectError, httpx2.ConnectTimeout)


class Fetcher:
    """Fetches at most `at_once` URLs at a time; `allow`: hosts and networks beyond the public ones."""

    def __init__(
        self,
        allow: Iterable[str] = (),
        *,
        resolve: Resolve = look_up,
        seconds: float = SECONDS,
        at_once: int = AT_ONCE,
    ) -> None:
        self._allowed = Allowed.of(allow)
        self._resolve = resolve
        self._seconds = seconds
        self._turn = asyncio.Semaphore(at_once)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpx2.create_ssl_context()

    async def fetch(self, target: Target, limits: Limits, patience: float | None = None) -> bytes:
        """The image at a URL. Raises InvalidInput where the URL is not taken, else NotFetched or TooLarge.

        Raises TooManyRequests where other fetches leave it no turn for `patience` seconds.
        """
        async with self._its_turn(patience):
            try:
                async with asyncio.timeout(self._seconds):
                    content = await self._follow(target, limits)
            except TimeoutError:
                raise _failed(f"{target.host} took longer than {self._seconds:g} seconds.") from None
        check_size(len(content), limits)
        if content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(WEB_PAGE):
            raise ImageRejected("This URL leads to a web page, not to an image.", field="url")
        return content

    @asynccontextmanager
    async def _its_turn(self, patience: float | None) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(patience):
                await self._turn.acquire()
        except TimeoutError:
            raise TooManyRequests(BUSY, retry_after=int(self._seconds)) from None
        try:
            yield
        finally:
            self._turn.release()

    async def _follow(self, target: Target, limits: Limits) -> bytes:
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._ask(target, limits)
            if isinstance(answer, bytes):
                return answer
            target = _next(target, answer)
        raise _failed(f"The URL was redirected more than {MOST_REDIRECTS} times.")

    async def _ask(self, target: Target, limits: Limits) -> bytes | str:
        """The bytes, or where they are said to be."""
        addresses = await addresses_of(target, self._allowed, self._resolve)
        for address in addresses[:MOST_ADDRESSES]:
            try:
                async with self._answer(target, address) as response:
                    return await _taken(target, response, limits)
            except Gone as error:
                _check_tls(target, error)
            except httpx2.TimeoutException:
                raise _failed(f"{target.host} stopped answering.") from None
            except (httpx2.HTTPError, OSError):
                raise _failed(f"The connection to {target.host} broke off, or was no HTTP.") from None
        raise _failed(f"There is no connection to {target.host}.")

    @asynccontextmanager
    async def _answer(self, target: Target, address: str) -> AsyncIterator[httpx2.Response]:
        """The answer of the machine at `address`. A client for each, so that no cookie is carried on."""
        host = f"[{address}]" if ":" in address else address
        url = f"{target.scheme}://{host}:{target.port}{target.path}{target.query}"
        async with httpx2.AsyncClient(
            verify=self._tls,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(SILENT_SECONDS, connect=CONNECT_SECONDS),
            headers={**HEADERS, "Host": target.authority},
        ) as client:
            try:
                request = client.build_request("GET", url, extensions={"sni_hostname": target.host})
            except httpx2.InvalidURL:
                raise refused("The URL's path or query is not valid.") from None
            response = await client.send(request, stream=True)
            try:
                yield response
            finally:
                await response.aclose()


class Page(Struct, frozen=True):
    """What is at a URL, as content of an import."""

    target: Target
    fetcher: Fetcher

    async def read(self, limits: Limits) -> bytes:
        return await self.fetcher.fetch(self.target, limits)


def _next(target: Target, location: str) -> Target:
    try:
        following = parse_url(_absolute(target, location))
    except (InvalidInput, ValueError) as error:
        raise refused(f"{target.host} redirects to a URL that is not taken. {error}") from None
    if target.scheme == "https" and following.scheme == "http":
        raise refused(f"{target.host} redirects from https to http, which is not followed.")
    return following


def _absolute(target: Target, location: str) -> str:
    """Only what names no host goes through another parser than ours."""
    if location.startswith("//"):
        return f"{target.scheme}:{location}"
    return location if SCHEME.match(location) else urljoin(target.url, location)


async def _taken(target: Target, response: httpx2.Response, limits: Limits) -> bytes | str:
    status = response.status_code
    location = response.headers.get("location")
    if status in REDIRECTS and location:
        return location
    if status != httpx2.codes.OK:
        raise _failed(_why(target.host, status))
    if response.headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
        raise _failed(f"{target.host} sends the image compressed once more, which was not asked for.")
    length = response.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > limits.max_bytes:
        raise _too_large(limits)
    content = bytearray()
    async for piece in response.aiter_raw():
        content += piece
        if len(content) > limits.max_bytes:
            raise _too_large(limits)
    return bytes(content)


def _why(host: str, status: int) -> str:
    if status in (404, 410):
        return f"There is nothing at this URL: {host} answered {status}."
    if status in (401, 403):
        return f"{host} does not give it to us: it answered {status}."
    if status >= 500 or status == 429:
        return f"{host} cannot give it now: it answered {status}. Try again later."
    return f"{host} answered {status}, without an image."


def _check_tls(target: Target, error: BaseException) -> None:
    """Raise where TLS is at the bottom of an error: at another address it would be no better."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        raise _failed(f"The certificate of {target.host} cannot be trusted.") from None
    if cause is not None:
        raise _failed(f"{target.host} does not speak TLS as it should.") from None


def _too_large(limits: Limits) -> TooLarge:
    return TooLarge(
        f"What the URL gives has more than {limits.max_bytes:,} bytes, the most that is taken.", "url"
    )


def _failed(sentence: str) -> NotFetched:
    return NotFetched(sentence, field="url")
