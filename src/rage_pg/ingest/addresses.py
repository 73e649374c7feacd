"""Which URLs may be fetched, and from which addresses: nothing that is reached only from inside.

A URL is taken apart here and nowhere else, by rules narrower than any parser's: what two parsers could read
as two hosts is refused. A host is resolved once; every address it has is judged, and these very addresses
are connected to.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import unquote, unquote_plus

from msgspec import Struct

from rage_pg.config import HOST_NAME, is_network
from rage_pg.errors import InvalidInput
from rage_pg.ingest.sources import title_of

LONGEST_URL = 1_900
PORTS = {"http": 80, "https": 443}
"""No other port of a public host is connected to: this service is no port scanner."""
EXAMPLE = "https://shop.example/lamp.jpg"

URL = re.compile(r"(?i:(https?)):(?://)([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[^:\[\]]+)(?::([0-9]{1,5}))?")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A host whose last part is one is an address to many a parser."""
SECRET = re.compile(
    r".*(signature|token|passw(or)?d|passwd|secret|credential|access_?key|accessid|session).*"
    r"|(.*[_-])?(sig|hmac|key|pwd|pass|auth|jwt|sid|code)|api_?key|hdn(ts|ea)|key-pair-id|policy",
    re.IGNORECASE,
)
"""A parameter that nobody else should learn: who has it may have the image, or more."""
STAMP = ("algorithm", "credential", "date", "expires", "signature", "signedheaders")
SIGNINGS: tuple[tuple[frozenset[str], frozenset[str]], ...] = tuple(
    (frozenset(needed.split()), frozenset(f"{needed} {others}".split()))
    for needed, others in (
        (
            "x-amz-signature x-amz-credential x-amz-date",
            "x-amz-security-token x-amz-content-sha256 " + " ".join(f"x-amz-{one}" for one in STAMP),
        ),
        ("x-goog-signature x-goog-algorithm", " ".join(f"x-goog-{one}" for one in STAMP)),
        ("googleaccessid expires signature", ""),
        ("awsaccesskeyid expires signature", "x-amz-security-token"),
        ("key-pair-id signature expires", "policy"),
        ("key-pair-id signature policy", "expires"),
        ("sv sig sr", "st se sp spr sip si sdd ses saoid suoid scid skoid sktid skt ske sks skv skdutid"),
        ("sv sig ss srt", "st se sp spr sip"),
    )
)
"""The large stores' ways to sign a URL: what each needs, and all that it may have.

Only where one is complete, is it known that the picture does not depend on these parameters.
"""

# The special-purpose registries of IANA; written out, as the standard library's idea of them has changed.
NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's machines ask it for their secrets
    )
)  # fmt: skip
PUBLIC_6 = IPv6Network("2000::/3")
"""What lies outside holds IPv4 addresses (mapped, NAT64), this machine, its neighbours, or nobody."""
NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)  # Teredo and ORCHID, documentation, 6to4, AS112, documentation

RESOLVERS = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolve")
"""A look-up cannot be broken off: slow ones wait here, where they keep nothing else waiting."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""A host's name and a port to its addresses. Raises OSError where there are none."""


class Allowed(Struct, frozen=True):
    """What the operator allows beyond public addresses, any port included."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[str]) -> Allowed:
        entries = tuple(entries)
        return cls(
            hosts=frozenset(entry for entry in entries if not is_network(entry)),
            networks=tuple(ip_network(entry) for entry in entries if is_network(entry)),
        )

    def holds(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self.networks)


class Target(Struct, frozen=True, kw_only=True):
    """A URL taken apart. `query` has its question mark, `host` no brackets."""

    scheme: str
    host: str
    port: int
    path: str
    query: str

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}{self.query}"

    @property
    def root(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def identifier(self) -> str:
        """What tells this URL from others of its host. Of a query a hash, without a store's signature."""
        kept = self.query[1:]
        given = self._parameters()
        names = {name.lower() for name, _ in given}
        signing = next((every for needed, every in SIGNINGS if needed <= names), None)
        if signing is not None:
            kept = "&".join(part for name, part in given if name.lower() not in signing)
        return f"{self.path}?sha256={hashlib.sha256(kept.encode()).hexdigest()[:32]}" if kept else self.path

    @property
    def holds_secret(self) -> bool:
        return any(SECRET.fullmatch(name) for name, _ in self._parameters())

    @property
    def name(self) -> str:
        """What a report calls it: without a query that holds a signature, a token or a password."""
        return f"{self.root}{self.path}?…" if self.holds_secret else self.url

    @property
    def title(self) -> str:
        return title_of(unquote(self.path.rpartition("/")[2]).replace("\0", "")) or self.host

    def _parameters(self) -> list[tuple[str, str]]:
        """The name of each parameter, and all of it."""
        parts = [part for part in re.split("[&;]", self.query[1:]) if part]
        return [(unquote_plus(part.partition("=")[0]), part) for part in parts]


def is_url(text: str) -> bool:
    """Whether a text is meant as a URL, of whatever scheme, and not as a path."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text) is not None


def parse_url(text: str) -> Target:
    """Take a URL apart. Raises InvalidInput for what is none, and for what could be read in two ways."""
    _check_characters(text)
    found = URL.fullmatch(text)
    if found is None:
        other = SCHEME.match(text)
        said = f"not {other[0][:40]}" if other and other[0][:-1].lower() not in PORTS else f"like {EXAMPLE}"
        raise refused(f"The URL must start with http:// or https://, {said}.")
    scheme, authority, path, query = found[1].lower(), found[2], found[3], found[4] or ""
    if "@" in authority:
        raise refused("The URL must not hold a user name or a password.")
    parts = AUTHORITY.fullmatch(authority)
    if parts is None:
        raise refused("The URL names no host and port as https://HOST:PORT/ does.")
    port = int(parts[2]) if parts[2] else PORTS[scheme]
    if not 1 <= port <= 65_535:
        raise refused(f"The URL's port must be a number from 1 to 65535, not {parts[2]}.")
    return Target(scheme=scheme, host=_host(parts[1].lower()), port=port, path=path or "/", query=query)


async def addresses_of(target: Target, allowed: Allowed, resolve: Resolve) -> list[str]:
    """The addresses to connect to: all that the host has, each of them judged. Raises InvalidInput.

    A name that leads inside and one that does not exist are refused in the same words.
    """
    addresses = await _resolved(target, resolve)
    trusted = target.host in allowed.hosts or all(allowed.holds(address) for address in addresses)
    if not addresses or not (trusted or all(is_public(one) or allowed.holds(one) for one in addresses)):
        raise refused(f"There is no public address for {target.host}.")
    if target.port != PORTS[target.scheme] and not trusted:
        raise refused(f"Only port {PORTS[target.scheme]} is taken with {target.scheme}, not {target.port}.")
    return [str(address) for address in addresses]


def is_public(address: Address) -> bool:
    """Whether everybody in the Internet reaches the same machine at this address."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_4)
    return address in PUBLIC_6 and not any(address in network for network in NOT_PUBLIC_6)


async def look_up(host: str, port: int) -> list[str]:
    """The addresses that the system's resolver knows."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(RESOLVERS, ask)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def refused(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, field="url")


async def _resolved(target: Target, resolve: Resolve) -> list[Address]:
    try:
        return [ip_address(target.host)]
    except ValueError:
        pass
    try:
        return [ip_address(address) for address in await resolve(target.host, target.port)]
    except (OSError, UnicodeError, ValueError):
        return []


def _check_characters(text: str) -> None:
    if not text:
        raise refused("The URL is empty.")
    if len(text) > LONGEST_URL:
        raise refused(f"The URL has {len(text):,} characters, at most {LONGEST_URL:,} are taken.")
    if not text.isascii():
        raise refused(
            "The URL holds characters beyond ASCII; write them percent-encoded, in a host as xn--…."
        )
    if any(character <= " " or character == "\x7f" for character in text):
        raise refused("The URL holds white space or control characters; write them percent-encoded.")
    if "\\" in text:
        raise refused(
            "The URL holds a backslash; write it percent-encoded, or as the slash that it stands for."
        )


def _host(host: str) -> str:
    """The host in its one spelling; an IPv6 address without brackets."""
    if host.startswith("["):
        return _address(host[1:-1], ipaddress.IPv6Address)
    if NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return _address(host, ipaddress.IPv4Address)
    if not HOST_NAME.fullmatch(host):
        raise refused("The URL's host is no name of letters, digits, hyphens and single dots.")
    return host


def _address(text: str, kind: type[IPv4Address] | type[IPv6Address]) -> str:
    try:
        return str(kind(text))
    except ValueError:
        raise refused(
            "The URL's host is a number that is no address as 198.51.100.7 or [2001:db8::7]."
        ) from None
