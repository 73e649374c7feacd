"""A web server on loopback that answers as badly as a test wants, and a resolver that counts."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct

Handler = Callable[["Asked", asyncio.StreamWriter], Awaitable[None]]

HOST = "shop.example"
CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjgGRg4KcPZQNQ8e0
YBBemNonTQmmS2S49l+0pJoya1ihRANCAATljU1+hkZdweA1/rxebnS03RqUvjQn
40u/wRR5K6tLomplDF0R93yJJy4guZ0X10WPTu8+QLVzVL026cMqYsMy
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBnjCCAUSgAwIBAgIUDBvpcKGzroSkhYzQuQveZ9dSMvcwCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMc2hvcC5leGFtcGxlMCAXDTI2MTEyNzAyNDY0MVoYDzIxMjYx
MTAzMDI0NjQxWjAXMRUwEwYDVQQDDAxzaG9wLmV4YW1wbGUwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAATljU1+hkZdweA1/rxebnS03RqUvjQn40u/wRR5K6tLompl
DF0R93yJJy4guZ0X10WPTu8+QLVzVL026cMqYsMyo2wwajAdBgNVHQ4EFgQU4ELm
XN7fYFZP/PY+9Tz161eXMpwwHwYDVR0jBBgwFoAU4ELmXN7fYFZP/PY+9Tz161eX
MpwwDwYDVR0TAQH/BAUwAwEB/zAXBgNVHREEEDAOggxzaG9wLmV4YW1wbGUwCgYI
KoZIzj0EAwIDSAAwRQIhANpwnHZ6Kj/VbEISfBOy/6IyL2lSo1SHfkMuKkN6Th0m
AiAKrIGTT3tfQFcJEK25t+yf0Z8ihKiOI2dPAFcDQpUVkA==
-----END CERTIFICATE-----
"""
"""Of shop.example, signed by itself, with its key: for tests alone."""


class Asked(Struct, frozen=True):
    """A request as it came."""

    path: str
    headers: dict[str, str]


class Web(Struct):
    """A server: its port, what it was asked, and what it answers at each path."""

    port: int = 0
    asked: list[Asked] = []
    pages: dict[str, Handler] = {}

    def url(self, path: str, host: str = HOST, scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


class Resolver:
    """Answers with each list of addresses in turn, then with the last again; the system is never asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            raise OSError("no such host")
        return answer


@asynccontextmanager
async def web(folder: Path | None = None) -> AsyncIterator[Web]:
    """A server of plain HTTP, or with a folder for its certificate one of HTTPS."""
    served = Web()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            lines = [line.partition(": ") for line in head[1:] if line]
            asked = Asked(head[0].split()[1], {name.lower(): value for name, _, value in lines})
            served.asked.append(asked)
            await served.pages[asked.path.partition("?")[0]](asked, writer)
        except (OSError, EOFError, KeyError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls(folder) if folder else None)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()


def tls(folder: Path) -> ssl.SSLContext:
    file = folder / "certificate.pem"
    file.write_text(CERTIFICATE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def page(content: bytes = b"", status: str = "200 OK", **headers: str) -> Handler:
    """An answer as it should be; a header that is given replaces ours."""

    async def handle(_: Asked, writer: asyncio.StreamWriter) -> None:
        said = {"content-length": str(len(content))} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        writer.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + content)
        await writer.drain()

    return handle


def moved(location: str, status: int = 302, **headers: str) -> Handler:
    return page(b"", f"{status} Moved", location=location, **headers)


def dripping(piece: bytes, head: bytes = b"HTTP/1.1 200 OK\r\n\r\n", pause: float = 0.0) -> Handler:
    """An answer without end."""

    async def handle(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return handle


def raw(content: bytes) -> Handler:
    """These bytes, and then the connection is closed."""

    async def handle(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()

    return handle
