"""Starts a peer on loopback, and stops it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from msgspec import Struct

from tests.peers.installing import NODE, peers

SPECIFICATION = Path(__file__).with_name("openai.yaml")
PATIENCE = 60.0
"""Seconds until a peer must be there."""


class Peer(Struct, frozen=True):
    """A running peer. `url` is what goes into OPENAI_BASE_URL."""

    url: str

    def asked(self, words: str) -> list[dict[str, Any]]:
        """Of aimock: what it was asked with these words in the prompt, each with how it answered."""
        with urlopen(f"{self.url.removesuffix('/v1')}/__aimock/journal") as answer:
            entries = json.load(answer)
        return [entry for entry in entries if words in json.dumps(entry["body"], ensure_ascii=False)]


@contextmanager
def aimock(folder: Path, fixtures: Sequence[dict[str, Any]]) -> Iterator[Peer]:
    """The behaviour of OpenAI's API, as `fixtures` say.

    Other prompts are answered with an error, other texts with vectors of its own making.
    """
    (folder / "fixtures.json").write_text(json.dumps({"fixtures": fixtures}))
    settings = {"llm": {"fixtures": str(folder / "fixtures.json"), "logLevel": "warn"}}
    (folder / "aimock.json").write_text(json.dumps(settings))
    program = peers() / "@copilotkit" / "aimock" / "dist" / "aimock-cli.js"
    command = [str(program), "--config", str(folder / "aimock.json"), "--host", "127.0.0.1", "--port", "0"]
    with _running(command, folder / "aimock.log", r"listening on (http://\S+)") as address:
        yield Peer(f"{address}/v1")


@contextmanager
def steady(folder: Path) -> Iterator[Peer]:
    """OpenAI's specification: answers 400 to a request that is not as it says."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = peers() / "@stdy" / "cli" / "steady.js"
    options = ["--no-color", "--host", "127.0.0.1", "--port", str(port)]
    # As OpenAI's own clients write a list of files, and its own examples: image[].
    options += ["--validator-form-array-format=brackets"]
    command = [str(program), *options, str(SPECIFICATION)]
    # It words this otherwise where the environment says CI=true.
    ready = r"(?:Ready to accept requests on|Server listening at) (http://\S+)"
    with _running(command, folder / "steady.log", ready) as address:
        yield Peer(address)


@contextmanager
def _running(command: Sequence[str], log: Path, ready: str) -> Iterator[str]:
    """What `ready` finds in its words. A peer may have a process of its own beneath it: both are stopped."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(NODE), *command], stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield _address(process, log, ready)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def _address(process: subprocess.Popen[bytes], log: Path, ready: str) -> str:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := re.search(ready, log.read_text(errors="replace")):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} did not start: {log.read_text(errors='replace')[-2_000:]}")
