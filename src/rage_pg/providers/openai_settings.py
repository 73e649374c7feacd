"""Whether OPENAI_API_KEY and OPENAI_BASE_URL can be used at all: a request header and a web address.

Without this a slip shows only as a failed call. The SDK is not needed for it, and no message repeats a value.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from urllib.parse import urlsplit

from msgspec import Struct

from rage_pg.config import Secret, Settings
from rage_pg.errors import SetupError

OFFICIAL_URL = "https://api.openai.com/v1"


class Server(Struct, frozen=True, kw_only=True):
    """Where the API is, and the key that it takes."""

    base_url: str
    key: Secret | None


def checked_server(settings: Settings) -> Server:
    """The server of the settings; OpenAI's own unless they name another. Raises SetupError."""
    key, address = settings.openai_api_key, settings.openai_base_url
    if key is None and address is None:
        remedy = "Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server that needs no key."
        raise SetupError("The provider openai has no key.", remedy)
    check_set(settings)
    return Server(base_url=address or OFFICIAL_URL, key=key)


def check_set(settings: Settings) -> None:
    """Raise SetupError where OPENAI_API_KEY or OPENAI_BASE_URL is set and can never work."""
    if settings.openai_api_key is not None:
        check_key(settings.openai_api_key)
    if settings.openai_base_url is not None:
        check_base_url(settings.openai_base_url)


def check_key(key: Secret, variable: str = "OPENAI_API_KEY") -> None:
    """Raise SetupError for a key that no header can carry."""
    text = key.reveal()
    if any(letter.isspace() for letter in text):
        fault = "holds white space: more than the key, or two keys"
    elif not text.isascii():
        fault = "holds a letter or sign that is not ASCII"
    elif not text.isprintable():
        fault = "holds a control character"
    else:
        return
    raise SetupError(f"{variable} {fault}.", "Copy the key anew.")


def check_base_url(address: str, variable: str = "OPENAI_BASE_URL", example: str = OFFICIAL_URL) -> None:
    """Raise SetupError for what is no address of a server, without asking whether one is there."""
    fault = _fault(address)
    if fault is not None:
        raise SetupError(f"{variable} is no web address: {fault}.", f"Write it as in {example}.")


def _fault(address: str) -> str | None:
    if any(letter.isspace() or not letter.isprintable() for letter in address):
        return "it holds white space or a control character"
    if not address.lower().startswith(("http://", "https://")):
        return "it does not begin with http:// or https://"
    if "?" in address or "#" in address:
        return "it holds a ? or a #, and paths are added to its end"
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return "its host cannot be read"
    if not host or not _is_host(host):
        return "its host is missing or malformed"
    try:
        _ = parts.port
    except ValueError:
        return "its port is not a number from 0 to 65535"
    return None


def _is_host(name: str) -> bool:
    if ":" in name:  # IPv6, which urlsplit has checked
        return True
    if not re.fullmatch(r"[\w.-]+", name):
        return False
    try:
        if name.replace(".", "").isdecimal():
            return bool(IPv4Address(name))
        return bool(name.encode("idna"))
    except ValueError:
        return False
