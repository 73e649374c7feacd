"""Fetching from servers that behave badly: the guard stays on, what was judged is connected to."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from rage_pg.config import MIB, Limits
from rage_pg.errors import ImageRejected, InvalidInput, NotFetched, RageError, TooLarge, TooManyRequests
from rage_pg.ingest.addresses import parse_url
from rage_pg.ingest.fetching import Fetcher
from tests.hostile import png
from tests.web_stub import (
    CERTIFICATE,
    HOST,
    Resolver,
    Web,
    dripping,
    moved,
    page,
    raw,
    web,
)

LIMITS = Limits(max_bytes=MIB)
LOOPBACK = ["127.0.0.1"]
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
async def stub() -> AsyncIterator[Web]:
    async with web() as served:
        yield served


def fetcher(*answers: list[str], allow: str = "127.0.0.1/32", seconds: float = 30.0) -> Fetcher:
    """For names that lead to loopback, which stands for the public Internet here."""
    return Fetcher([allow], resolve=Resolver(*(answers or (LOOPBACK,))), seconds=seconds)


async def fetch(url: str, by: Fetcher | None = None) -> bytes:
    return await (by or fetcher()).fetch(parse_url(url), LIMITS)


async def failure(url: str, by: Fetcher | None = None) -> RageError:
    with pytest.raises(RageError) as raised:
        await fetch(url, by)
    assert "\n" not in str(raised.value)
    return raised.value


async def test_an_image_is_fetched_under_its_hosts_name(stub: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    stub.pages["/a.png"] = page(png(1))
    assert await fetch(stub.url("/a.png?w=1&h=%2F#top")) == png(1)
    (asked,) = stub.asked
    assert asked.path == "/a.png?w=1&h=%2F"
    assert asked.headers["host"] == f"{HOST}:{stub.port}"
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.headers.keys() == {"host", "accept", "accept-encoding", "connection", "user-agent"}


async def test_a_name_is_resolved_once_and_that_address_connected_to(stub: Web) -> None:
    """A name that turns inside after it was judged: nobody asks a second time."""
    stub.pages["/a.png"] = page(png(1))
    resolver = Resolver(LOOPBACK, ["10.0.0.5"])
    by = Fetcher(["127.0.0.1/32"], resolve=resolver)
    assert await fetch(stub.url("/a.png"), by) == png(1)
    assert resolver.asked == [HOST]
    assert "no public address" in str(await failure(stub.url("/a.png"), by))
    assert len(stub.asked) == 1


async def test_a_redirect_is_judged_like_the_first_url(stub: Web) -> None:
    stub.pages["/again"] = moved("/a.png")
    stub.pages["/a.png"] = page(png(1))
    resolver = Resolver(LOOPBACK, ["10.0.0.5"])
    error = await failure(stub.url("/again"), Fetcher(["127.0.0.1/32"], resolve=resolver))
    assert str(error) == f"There is no public address for {HOST}."
    assert resolver.asked == [HOST, HOST]
    assert [asked.path for asked in stub.asked] == ["/again"]


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/", "http://127.0.0.2/", "//10.0.0.1/", "http://[::1]/",
        "http://2130706433/",
        "http://[::ffff:169.254.169.254]/", "http://user:secret@shop.example/", "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://shop.example\\@10.0.0.1/", "//shop.example:99999/", "http://127.1/", "/a b", "http:///x",
        "http://[::1", "",
        "javascript:alert(1)", "http://0x7f.1/", "https://user@10.0.0.1/", "http://shop.example./",
        "/" + "a" * 3_000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [301, 307])
async def test_a_redirect_to_what_is_not_taken_ends_there(stub: Web, location: str, status: int) -> None:
    stub.pages["/go"] = moved(location, status)
    error = await failure(stub.url("/go"))
    assert isinstance(error, InvalidInput)
    assert error.field == "url"
    assert "secret" not in str(error)
    assert len(stub.asked) == 1


async def test_redirects_end_after_five(stub: Web) -> None:
    for number in range(7):
        stub.pages[f"/{number}"] = moved(f"/{number + 1}", (301, 302, 303, 307, 308)[number % 5])
    stub.pages["/7"] = page(png(1))
    assert await fetch(stub.url("/2")) == png(1)
    assert "more than 5 times" in str(await failure(stub.url("/1")))
    stub.pages["/round"] = moved("/round")
    assert "more than 5 times" in str(await failure(stub.url("/round")))


async def test_nothing_is_carried_on_by_a_redirect(stub: Web) -> None:
    stub.pages["/go"] = moved(f"http://other.example:{stub.port}/a.png", set_cookie="id=1; Path=/")
    stub.pages["/a.png"] = page(png(1))
    await fetch(stub.url("/go"))
    first, second = stub.asked
    assert second.headers["host"] == f"other.example:{stub.port}"
    assert first.headers.keys() == second.headers.keys()
    assert "cookie" not in second.headers


async def test_certificates_are_checked_by_the_hosts_name(tmp_path: Path) -> None:
    async with web(tmp_path) as served:
        served.pages["/a.png"] = page(png(1))
        served.pages["/down"] = moved("http://shop.example/a.png")
        untrusting = await failure(served.url("/a.png", scheme="https"))
        assert str(untrusting) == "The certificate of shop.example cannot be trusted."
        by = fetcher()
        by.__dict__["_tls"] = ssl.create_default_context(
            cadata=CERTIFICATE[CERTIFICATE.index("-----BEGIN CERT") :]
        )
        assert await fetch(served.url("/a.png", scheme="https"), by) == png(1)
        other = await failure(served.url("/a.png", "other.example", "https"), by)
        assert str(other) == "The certificate of other.example cannot be trusted."
        down = await failure(served.url("/down", scheme="https"), by)
        assert "from https to http" in str(down)


async def test_what_is_no_tls_is_said(stub: Web) -> None:
    stub.pages["/a.png"] = page(png(1))
    error = await failure(stub.url("/a.png", scheme="https"))
    assert str(error) == "shop.example does not speak TLS as it should."


async def test_an_address_of_ipv6_is_connected_to_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[httpx2.Request] = []

    async def send(_: object, request: httpx2.Request, **__: object) -> httpx2.Response:
        sent.append(request)
        raise httpx2.ConnectError("no route")

    monkeypatch.setattr(httpx2.AsyncClient, "send", send)
    answer = ["2606:2800:220:1::1", "93.184.216.34"]
    error = await failure("https://shop.example/a.png", Fetcher(resolve=Resolver(answer)))
    assert str(error) == "There is no connection to shop.example."
    assert [str(request.url) for request in sent] == [
        "https://[2606:2800:220:1::1]/a.png",
        "https://93.184.216.34/a.png",
    ]
    assert {request.headers["host"] for request in sent} == {"shop.example"}
    assert {request.extensions["sni_hostname"] for request in sent} == {"shop.example"}


async def test_the_next_address_is_tried_where_one_gives_no_connection(stub: Web) -> None:
    stub.pages["/a.png"] = page(png(1))
    by = fetcher(["127.0.0.9", "127.0.0.1"], allow="127.0.0.0/8")
    assert await fetch(stub.url("/a.png"), by) == png(1)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("404 Not Found", "There is nothing at this URL: shop.example answered 404."),
        ("410 Gone", "There is nothing at this URL: shop.example answered 410."),
        ("403 Forbidden", "shop.example does not give it to us: it answered 403."),
        ("401 Unauthorized", "shop.example does not give it to us: it answered 401."),
        ("500 Oh", "shop.example cannot give it now: it answered 500. Try again later."),
        ("429 Slow", "shop.example cannot give it now: it answered 429. Try again later."),
        ("204 Nothing", "shop.example answered 204, without an image."),
        ("206 Part", "shop.example answered 206, without an image."),
        ("300 Choose", "shop.example answered 300, without an image."),
        ("302 Nowhere", "shop.example answered 302, without an image."),
    ],
)
async def test_a_status_without_an_image_is_said(stub: Web, status: str, said: str) -> None:
    stub.pages["/a.png"] = page(b"internal: password=hunter2", status)
    error = await failure(stub.url("/a.png?token=secret"))
    assert isinstance(error, NotFetched)
    assert str(error) == said


@pytest.mark.parametrize(
    "content", [b"<!DOCTYPE html><p>Log in", b"\xef\xbb\xbf \n<html><img src=a.png>", b"<HEAD></HEAD>"]
)
async def test_a_web_page_is_called_one(stub: Web, content: bytes) -> None:
    stub.pages["/a.png"] = page(content, content_type="image/png")
    error = await failure(stub.url("/a.png"))
    assert isinstance(error, ImageRejected)
    assert str(error) == "This URL leads to a web page, not to an image."


async def test_what_is_too_large_is_left_as_soon_as_that_is_known(stub: Web) -> None:
    """Said or not: an endless body, and one that is longer than it says, cost the memory of an image."""
    stub.pages["/said"] = raw(OK + b"Content-Length: 99999999999999999999999\r\n\r\n")
    stub.pages["/endless"] = dripping(bytes(65_536))
    stub.pages["/chunks"] = dripping(
        b"10000\r\n" + bytes(65_536) + b"\r\n", OK + b"Transfer-Encoding: chunked\r\n\r\n"
    )
    tracemalloc.start()
    for path in ("/said", "/endless", "/chunks"):
        error = await failure(stub.url(path))
        assert isinstance(error, TooLarge | NotFetched), path
        assert path == "/said" or "more than 1,048,576 bytes" in str(error)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * MIB
    stub.pages["/most"] = page(bytes(MIB))
    assert len(await fetch(stub.url("/most"))) == MIB
    stub.pages["/beyond"] = page(bytes(MIB + 1))
    assert isinstance(await failure(stub.url("/beyond")), TooLarge)


async def test_a_body_is_taken_as_long_as_it_says(stub: Web) -> None:
    stub.pages["/short"] = raw(OK + b"Content-Length: 4\r\n\r\nabcdefgh")
    assert await fetch(stub.url("/short")) == b"abcd"
    stub.pages["/long"] = raw(OK + b"Content-Length: 100\r\n\r\nabcd")
    assert "broke off" in str(await failure(stub.url("/long")))
    stub.pages["/empty"] = page(b"")
    assert str(await failure(stub.url("/empty"))) == "The file is empty."


async def test_a_compressed_answer_is_not_unpacked(stub: Web) -> None:
    bomb = gzip.compress(bytes(64 * MIB))
    for coding in ("gzip", "GZIP", "identity, gzip", "br", "zstd", "deflate"):
        stub.pages["/bomb"] = page(bomb, content_encoding=coding)
        error = await failure(stub.url("/bomb"))
        assert str(error) == f"{HOST} sends the image compressed once more, which was not asked for."
    stub.pages["/plain"] = page(png(1), content_encoding="identity")
    assert await fetch(stub.url("/plain")) == png(1)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"+PONG\r\n", b"HTTP/1.1 200 OK\r\nContent-Len",
        b"HTTP/9 \xff\r\n\r\n",
        OK + b"X: " + b"a" * 200_000 + b"\r\n\r\n", OK + b"X: y\r\n" * 40_000 + b"\r\n",
        OK + b"Content-Length: -1\r\n\r\nabc", OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nabc",
        OK + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=range(11),
)  # fmt: skip
async def test_what_is_no_http_is_not_repeated(stub: Web, content: bytes) -> None:
    stub.pages["/a.png"] = raw(content)
    error = await failure(stub.url("/a.png"))
    assert str(error) == f"The connection to {HOST} broke off, or was no HTTP."


async def test_who_answers_too_slowly_is_left(stub: Web) -> None:
    stub.pages["/drip"] = dripping(b"a", pause=0.02)
    stub.pages["/head"] = dripping(b"X: y\r\n", OK, pause=0.02)
    stub.pages["/continue"] = dripping(b"HTTP/1.1 103 Early\r\n\r\n", b"", pause=0.02)
    for path in ("/drip", "/head", "/continue"):
        error = await failure(stub.url(path), fetcher(seconds=0.3))
        assert str(error) == f"{HOST} took longer than 0.3 seconds."

    async def never(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    asking = Fetcher(resolve=never, seconds=0.1)
    assert "took longer" in str(await failure("http://shop.example/", asking))


async def test_no_more_are_fetched_at_once_than_said(stub: Web) -> None:
    running: list[int] = [0, 0]

    async def handle(_: object, writer: asyncio.StreamWriter) -> None:
        running[0] += 1
        running[1] = max(running)
        await asyncio.sleep(0.02)
        running[0] -= 1
        writer.write(OK + b"Content-Length: 1\r\n\r\na")
        await writer.drain()

    stub.pages["/a.png"] = handle
    by = Fetcher(["127.0.0.1/32"], resolve=Resolver(LOOPBACK), at_once=3)
    assert await asyncio.gather(*(fetch(stub.url("/a.png"), by) for _ in range(12))) == [b"a"] * 12
    assert running == [0, 3]


async def test_a_request_does_not_wait_for_ever_for_its_turn(stub: Web) -> None:
    begun, going_on = asyncio.Event(), asyncio.Event()

    async def handle(_: object, writer: asyncio.StreamWriter) -> None:
        begun.set()
        await going_on.wait()
        writer.write(OK + b"Content-Length: 1\r\n\r\na")
        await writer.drain()

    stub.pages["/a.png"] = handle
    by = Fetcher(["127.0.0.1/32"], resolve=Resolver(LOOPBACK), at_once=1)
    target = parse_url(stub.url("/a.png"))
    first = asyncio.create_task(by.fetch(target, LIMITS))
    await begun.wait()
    with pytest.raises(TooManyRequests, match=r"Try again later\.$"):
        await by.fetch(target, LIMITS, patience=0.05)
    going_on.set()
    assert await first == b"a"
    assert await by.fetch(target, LIMITS, patience=10) == b"a"


async def test_where_nobody_listens_there_is_no_connection(stub: Web) -> None:
    url = stub.url("/a.png", "127.0.0.9")
    by = Fetcher(["127.0.0.9/32"])
    assert str(await failure(url, by)) == "There is no connection to 127.0.0.9."
    stub.pages["/a.png"] = page(png(1))
    assert str(await failure(stub.url("/a.png"), Fetcher(resolve=Resolver(LOOPBACK)))) == (
        f"There is no public address for {HOST}."
    )
    assert stub.asked == []
