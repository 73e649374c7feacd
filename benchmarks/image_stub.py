"""An image API on loopback that counts: what it was asked, by which process, when, and what it answered.

Each picture that it makes is its own. In a process of the benchmark's: it outlives whoever asks.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any, Literal

import numpy as np
from msgspec import Struct, field
from PIL import Image

Answer = Literal["picture", "refusal", "error", "turned away"]
NUMBER = re.compile(rb"Scene number (\d+)")
"""What tells one generation's prompt from another's."""
ERRORS: dict[Answer, tuple[int, str]] = {
    "refusal": (400, "moderation_blocked"),
    "error": (500, "server_error"),
    "turned away": (429, "rate_limit_exceeded"),
}
USAGE = {
    "input_tokens": 50,
    "input_tokens_details": {"image_tokens": 40, "text_tokens": 10},
    "output_tokens": 272,
    "total_tokens": 322,
}


class Asked(Struct, kw_only=True):
    """A request, from the moment in which its last byte was there; times are seconds since the epoch."""

    scene: int
    pid: int | None
    received: float
    answer: Answer
    sha256: bytes | None = None
    """Of the picture."""
    answered: float | None = None
    """None: the asker was gone."""


class Stub(Struct, kw_only=True):
    choose: random.Random
    slowest: float
    """Seconds that an answer takes at most; 0: at once."""
    rude: float
    """The share of requests that are answered with an error."""
    whose: Callable[[int], int | None] = lambda port: None
    """The process that has this port."""
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def receive(self, body: bytes, port: int) -> tuple[Asked, float]:
        """Note a request; how long its answer is to take."""
        found = NUMBER.search(body)
        received = time.time()
        pid = self.whose(port)
        with self.news:
            rude = self.choose.random() < self.rude
            answer: Answer = self.choose.choice(list(ERRORS)) if rude else "picture"
            one = Asked(scene=int(found[1]) if found else -1, pid=pid, received=received, answer=answer)
            self.asked.append(one)
            delay = self.choose.uniform(0, self.slowest)
            self.news.notify_all()
        return one, delay

    def note(self, one: Asked) -> None:
        with self.news:
            one.answered = time.time()
            self.news.notify_all()

    def wait_for_news(self, seen: Callable[[], Asked | None], seconds: float) -> Asked | None:
        """What `seen` finds, as soon as it finds something."""
        with self.news:
            self.news.wait_for(lambda: seen() is not None, seconds)
            return seen()


@contextmanager
def running_stub(stub: Stub) -> Iterator[Stub]:
    handler = type("Handler", (_Handler,), {"stub": stub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    stub.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    stub: Stub

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            # Whoever asked was gone before the request was whole: no server would begin.
            return
        one, delay = self.stub.receive(body, self.client_address[1])
        status, said = _answer(one, len(self.stub.asked))
        time.sleep(delay)
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.send_header("x-request-id", f"req_{one.scene}")
            self.end_headers()
            self.wfile.write(said)
        except OSError:
            return
        self.stub.note(one)

    def log_message(self, *_: object) -> None:
        """Say nothing: the benchmark reads `asked`."""


def _answer(one: Asked, number: int) -> tuple[int, bytes]:
    if one.answer != "picture":
        status, code = ERRORS[one.answer]
        error = {"message": "Said by the stub.", "type": "stub_error", "param": None, "code": code}
        return status, json.dumps({"error": error}).encode()
    content = png(number)
    one.sha256 = hashlib.sha256(content).digest()
    return 200, body(content)


def body(content: bytes) -> bytes:
    """The answer that holds this picture."""
    data = [{"b64_json": base64.b64encode(content).decode()}]
    said: dict[str, Any] = {"created": 1_790_000_000, "data": data, "usage": USAGE}
    return json.dumps(said).encode()


def png(number: int, size: tuple[int, int] = (400, 300)) -> bytes:
    """A picture that no other number gives, of a size that takes some time to store."""
    noise = np.random.default_rng(number).integers(0, 255, (size[1] // 4, size[0] // 4, 3), dtype=np.uint8)
    buffer = BytesIO()
    Image.fromarray(noise).resize(size, Image.Resampling.BILINEAR).save(buffer, "PNG")
    return buffer.getvalue()


def serve() -> None:
    """Answer at once, with a small picture each time; say where."""
    stub = Stub(choose=random.Random(1), slowest=0, rude=0)
    with running_stub(stub):
        print(stub.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        serve()
