"""The real service as a process of its own on loopback, and a connection to it that stays open."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rage_pg.embedded import app_url


@contextmanager
def running_service(operator_url: str) -> Iterator[str]:
    """`rage serve` on the operator's database; its address. No key exists there: whoever asks sees all."""
    environment = {**os.environ, "RAGE_DATABASE_URL": app_url(operator_url), "RAGE_LOG_LEVEL": "warning"}
    command = [str(Path(sys.executable).with_name("rage")), "serve", "--no-worker", "--json", "--port", "0"]
    with announced(command, environment) as line:
        yield str(json.loads(line)["url"])


@contextmanager
def announced(command: list[str], environment: dict[str, str]) -> Iterator[str]:
    """A process that says one line once it is ready; that line. It is stopped as by Ctrl-C."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(command)} ended with {process.wait()}.")
        yield line
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


class Client:
    """One connection, kept open. The standard library's takes less time of its own than any other client."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        assert parts.hostname is not None
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port)

    def search(self, request: dict[str, Any]) -> dict[str, Any]:
        """POST /api/search; the answer, read."""
        headers = {"Content-Type": "application/json"}
        self._connection.request("POST", "/api/search", json.dumps(request), headers)
        answer = self._connection.getresponse()
        body: dict[str, Any] = json.loads(answer.read())
        if answer.status != http.client.OK:
            raise SystemExit(f"POST /api/search was answered {answer.status}: {body}")
        return body

    def close(self) -> None:
        self._connection.close()
