"""A stand-in for an image API on loopback: records what it is sent, answers in the SDK's own types.

`answer` is the body of a 200, where it is set. Else `mode` is how it answers: ok, a name of ERRORS,
malformed, text, empty, address, not_an_image, disconnect (after the whole request was read), slow (not
before the stub stops) or held (as ok, once `released`). `first` are the modes of the next requests.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

from msgspec import Struct, field
from openai.types import Image as ImageAnswer
from openai.types import ImagesResponse
from openai.types.images_response import Usage, UsageInputTokensDetails
from PIL import Image

REQUEST_ID = "req_stub_1"
ERRORS: dict[str, tuple[int, str]] = {
    "moderation": (400, "moderation_blocked"),
    "key": (401, "invalid_api_key"),
    "forbidden": (403, "model_not_allowed"),
    "no_model": (404, "model_not_found"),
    "timeout": (408, "request_timeout"),
    "conflict": (409, "conflict"),
    "bad_size": (400, "invalid_value"),
    "rate_limit": (429, "rate_limit_exceeded"),
    "quota": (429, "insufficient_quota"),
    "busy": (503, "overloaded"),
    "unavailable": (503, "service_unavailable"),
    "server_error": (500, "server_error"),
    "gateway": (504, "gateway_timeout"),
}


class Part(Struct, frozen=True):
    """A file of a multipart request."""

    field: str
    name: str
    media_type: str
    content: bytes


class Received(Struct, frozen=True):
    path: str
    authorization: str
    fields: dict[str, Any]
    files: list[Part]


class ImageApiStub(Struct):
    url: str = ""
    mode: str = "ok"
    answer: bytes | None = None
    first: list[str] = field(default_factory=list)
    retry_after: str | None = None
    """A header of every answer that is an error."""
    requests: list[Received] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    """Requests that were under way together, at most."""
    asked: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    lock: Any = field(default_factory=threading.Lock)


@contextmanager
def image_api_stub() -> Iterator[ImageApiStub]:
    stub = ImageApiStub()
    handler = type("Handler", (_Handler,), {"stub": stub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    stub.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stub
    finally:
        stub.stopped.set()
        stub.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    stub: ImageApiStub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        received = _received(self.path, self.headers, body)
        stub = self.stub
        with stub.lock:
            stub.requests.append(received)
            stub.asked.set()
            mode = stub.first.pop(0) if stub.first else stub.mode
            stub.at_once += 1
            stub.most_at_once = max(stub.most_at_once, stub.at_once)
        try:
            self._serve(mode, received)
        except BrokenPipeError:
            """Who asked has gone."""
        self.close_connection = True

    def _serve(self, mode: str, received: Received) -> None:
        try:
            if mode == "slow":
                self.stub.stopped.wait()
            elif mode == "held":
                self.stub.released.wait()
        finally:
            # Before the answer: whoever has it may ask again at once.
            with self.stub.lock:
                self.stub.at_once -= 1
        if mode not in ("slow", "disconnect"):
            self._answer(mode, received)

    def _answer(self, mode: str, received: Received) -> None:
        if self.stub.answer is not None:
            self._send(200, self.stub.answer)
        elif mode in ERRORS:
            status, code = ERRORS[mode]
            message = f"Said by the stub for {received.authorization}"
            error = {"message": message, "type": "stub_error", "param": None, "code": code}
            self._send(status, json.dumps({"error": error}), retry_after=self.stub.retry_after)
        elif mode == "malformed":
            self._send(200, '{"created": 1, "data": [')
        elif mode == "text":
            self._send(200, "hello", media_type="text/plain")
        else:
            self._send(200, _answer(mode, received).to_json())

    def _send(
        self,
        status: int,
        text: str | bytes,
        media_type: str = "application/json",
        retry_after: str | None = None,
    ) -> None:
        content = text if isinstance(text, bytes) else text.encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("x-request-id", REQUEST_ID)
        if retry_after is not None:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing: the tests read `requests`."""


def _received(path: str, headers: Any, body: bytes) -> Received:
    authorization = headers.get("Authorization", "")
    media_type = headers["Content-Type"]
    if media_type.startswith("application/json"):
        return Received(path, authorization, json.loads(body), [])
    message: EmailMessage = message_from_bytes(
        b"Content-Type: " + media_type.encode() + b"\r\n\r\n" + body, policy=HTTP
    )
    fields: dict[str, Any] = {}
    files = []
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = bytes(part.get_payload(decode=True))
        filename = part.get_filename()
        if filename is None:
            fields[name] = content.decode()
        else:
            files.append(Part(name, filename, part.get_content_type(), content))
    return Received(path, authorization, fields, files)


def _answer(mode: str, received: Received) -> ImagesResponse:
    data = {
        "empty": [],
        "address": [ImageAnswer(url="http://127.0.0.1/picture.png")],
        "not_an_image": [ImageAnswer(b64_json=base64.b64encode(b"no picture").decode())],
    }.get(mode)
    if data is None:
        count = int(received.fields.get("n", 1))
        output_format = received.fields.get("output_format", "png")
        data = [ImageAnswer(b64_json=picture(number, output_format)) for number in range(count)]
    tokens = UsageInputTokensDetails(image_tokens=40, text_tokens=10)
    usage = Usage(input_tokens=50, input_tokens_details=tokens, output_tokens=272, total_tokens=322)
    return ImagesResponse(created=1_790_000_000, data=data, usage=usage, size="64x48", quality="low")


def picture(number: int = 0, output_format: str = "png") -> str:
    """A picture in base64."""
    buffer = BytesIO()
    Image.new("RGB", (64, 48), (40 * number, 120, 90)).save(buffer, output_format.upper())
    return base64.b64encode(buffer.getvalue()).decode()
