"""Whom this machine trusts, read once: a client of its own for each call need not read it again each time."""

from __future__ import annotations

import ssl
from functools import cache

import httpx2


@cache
def trusted() -> ssl.SSLContext:
    """The certificates of the machine, or of SSL_CERT_FILE or SSL_CERT_DIR.

    Reading them takes some 30 ms of a core, as long as all else that a call takes on this side.
    """
    return httpx2.create_ssl_context()
