"""A stand-in for a chat completions API on loopback: records what it is sent, answers in the SDK's own types.

Answers come from `replies` while there are any, in order, then from `reply`. A reply is a name of MODES, a
description (a dict) or the bytes of a 200. Who asks for a picture gets one; `pictures` are the requests.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

from msgspec import Struct, field
from openai.types import CompletionUsage, ImagesResponse
from openai.types import Image as ImageAnswer
from openai.types.chat import ChatCompletion, ChatCompletionMessage
from openai.types.chat.chat_completion import Choice

from tests.store import png

REQUEST_ID = "req_caption_1"
MODEL = "see-1"
SEEN: dict[str, Any] = {
    "caption": "A zebra lamp on a walnut table.",
    "objects": ["zebra lamp", "table"],
    "styles": ["studio light"],
    "colours": ["walnut brown"],
    "visible_text": "GLOWWORM 40 W",
    "kind": "product",
}
USAGE = CompletionUsage(prompt_tokens=900, completion_tokens=100, total_tokens=1_000)
ERRORS: dict[str, tuple[int, str]] = {
    "key": (401, "invalid_api_key"),
    "no_model": (404, "model_not_found"),
    "bad_image": (400, "invalid_image"),
    "temperature": (400, "unsupported_value"),
    "rate_limit": (429, "rate_limit_exceeded"),
    "quota": (429, "insufficient_quota"),
    "busy": (503, "overloaded"),
    "server_error": (500, "server_error"),
    "gateway": (504, "gateway_timeout"),
}
MODES = frozenset({*ERRORS, "refusal", "filtered", "cut_off", "prose", "disconnect", "half", "hold"})
"""Besides errors: disconnect (after the request was read), half (of the answer), hold (until `release`,
then the next of `replies`, else SEEN)."""
Reply: TypeAlias = "str | dict[str, Any] | bytes"


class CaptionApiStub(Struct):
    url: str = ""
    reply: Reply = field(default_factory=lambda: dict(SEEN))
    replies: list[Reply] = field(default_factory=list)
    model: str | None = None
    """The model that answers; None: the one that was asked."""
    usage: CompletionUsage | None = field(default_factory=lambda: USAGE)
    retry_after: str | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)
    paints: bytes | None = None
    """The picture that it makes; None: a new one each time."""
    keys: list[str] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    lock: Any = field(default_factory=threading.Lock)

    def next_reply(self) -> Reply:
        with self.lock:
            return self.replies.pop(0) if self.replies else self.reply


@contextmanager
def caption_api_stub(**said: Any) -> Iterator[CaptionApiStub]:
    stub = CaptionApiStub(**said)
    handler = type("Handler", (_Handler,), {"stub": stub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    stub.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stub
    finally:
        stub.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    stub: CaptionApiStub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "/images/" in self.path:
            self.stub.pictures.append(body)
            content = self.stub.paints or png(7_000_000 + len(self.stub.pictures))
            self._send(200, _picture(content))
            self.close_connection = True
            return
        asked = json.loads(body)
        self.stub.requests.append({"path": self.path, **asked})
        self.stub.keys.append(self.headers.get("Authorization", ""))
        self.stub.asked.set()
        reply = self.stub.next_reply()
        if reply == "hold":
            self.stub.release.wait()
            with self.stub.lock:
                reply = self.stub.replies.pop(0) if self.stub.replies else dict(SEEN)
        if isinstance(reply, str) and reply in ERRORS:
            self._fail(*ERRORS[reply])
        elif reply != "disconnect":
            self._send(200, _answer(self.stub, asked, reply), half=reply == "half")
        self.close_connection = True

    def _fail(self, status: int, code: str) -> None:
        param = "temperature" if code == "unsupported_value" else None
        error = {"message": f"Said by the stub: {code}", "type": "stub_error", "param": param, "code": code}
        self._send(status, json.dumps({"error": error}).encode())

    def _send(self, status: int, content: bytes, *, half: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("x-request-id", REQUEST_ID)
        if self.stub.retry_after is not None and status != 200:
            self.send_header("Retry-After", self.stub.retry_after)
        self.end_headers()
        # Whoever asked may have heard enough, or was killed.
        with suppress(OSError):
            self.wfile.write(content[: len(content) // 2] if half else content)

    def log_message(self, *_: object) -> None:
        """Say nothing: the tests read `requests`."""


def _picture(content: bytes) -> bytes:
    made = ImageAnswer(b64_json=base64.b64encode(content).decode())
    return ImagesResponse(created=1_790_000_000, data=[made]).to_json().encode()


def _answer(stub: CaptionApiStub, asked: dict[str, Any], reply: Reply) -> bytes:
    if isinstance(reply, bytes):
        return reply
    refusal = "I will not describe this." if reply == "refusal" else None
    said = reply if isinstance(reply, dict) else SEEN
    content = {"prose": "Sure! Here is what I see: a lamp.", "refusal": None}.get(
        reply if isinstance(reply, str) else "", json.dumps(said)
    )
    finish = {"filtered": "content_filter", "cut_off": "length"}.get(
        reply if isinstance(reply, str) else "", "stop"
    )
    message = ChatCompletionMessage(role="assistant", content=content, refusal=refusal)
    answer = ChatCompletion(
        id="chatcmpl-1",
        object="chat.completion",
        created=1_790_000_000,
        model=stub.model or asked["model"],
        choices=[Choice(index=0, finish_reason=finish, message=message, logprobs=None)],  # type: ignore[arg-type]
        usage=stub.usage,
    )
    return answer.to_json().encode()
