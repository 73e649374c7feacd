"""A stand-in for an image API on loopback: records what it is sent, answers in the SDK's own types.

`answer` is the body of a 200, where it is set. Else `mode` is how it answers: ok, a name of ERRORS,
malformed, text, empty, address, not_an_image, disconnect (after the whole request was read), slow (not
before the stub stops), held (as ok, once `released`) or unstreamed (as if it knew no streams). It answers
after `pause` seconds. `first` are the modes of the next requests.

Who asks for a stream is sent `stream`, piece by piece, where it is set: bytes as they are, WAIT until the
stub stops, CUT the connection. Else the partial images that were asked for, and the picture.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

from msgspec import Struct, field
from openai.types import Image as ImageAnswer
from openai.types import (
    ImageEditCompletedEvent,
    ImageEditPartialImageEvent,
    ImageGenCompletedEvent,
    ImageGenPartialImageEvent,
    ImagesResponse,
)
from openai.types.images_response import Usage, UsageInputTokensDetails
from PIL import Image

REQUEST_ID = "req_stub_1"
WAIT = "wait"
CUT = "cut"
FORM: dict[str, Any] = {
    "background": "opaque",
    "created_at": 1_790_000_000,
    "output_format": "png",
    "quality": "low",
    "size": "64x48",
}
USED: dict[str, Any] = {
    "input_tokens": 50,
    "input_tokens_details": {"image_tokens": 40, "text_tokens": 10},
    "output_tokens": 472,
    "total_tokens": 522,
}
"""Two partial images more than a picture that is not streamed."""
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
    media_type: str = ""
    body: bytes = b""
    """As it came."""


class ImageApiStub(Struct):
    url: str = ""
    mode: str = "ok"
    answer: bytes | None = None
    stream: Sequence[bytes | str] | None = None
    stream_type: str = "text/event-stream; charset=utf-8"
    pause: float = 0.0
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


def partial(index: int = 0, *, edit: bool = False, **other: Any) -> bytes:
    """The event of a partial image, which is a picture of its own."""
    said = {"b64_json": picture(index + 1), "partial_image_index": index, **FORM, **other}
    if edit:
        return event(ImageEditPartialImageEvent.construct(type="image_edit.partial_image", **said))
    return event(ImageGenPartialImageEvent.construct(type="image_generation.partial_image", **said))


def completed(*, edit: bool = False, **other: Any) -> bytes:
    """The event of the finished picture."""
    said = {"b64_json": picture(), "usage": USED, **FORM, **other}
    if edit:
        return event(ImageEditCompletedEvent.construct(type="image_edit.completed", **said))
    return event(ImageGenCompletedEvent.construct(type="image_generation.completed", **said))


def event(said: Any, name: str | None = None) -> bytes:
    """An event as OpenAI sends it."""
    text = json.dumps(said) if isinstance(said, dict) else said.to_json(indent=None)
    return f"event: {name or said.type}\ndata: {text}\n\n".encode()


class _Handler(BaseHTTPRequestHandler):
    stub: ImageApiStub
    protocol_version = "HTTP/1.1"

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
            self.stub.stopped.wait(self.stub.pause)
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
        elif mode == "ok" and received.fields.get("stream") in (True, "true"):
            self._stream(received)
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
        # Who asked may have been killed meanwhile.
        with suppress(ConnectionError):
            self.wfile.write(content)

    def _stream(self, received: Received) -> None:
        edit, count = received.path.endswith("edits"), int(received.fields.get("partial_images", 0))
        usual = [*(partial(index, edit=edit) for index in range(count)), completed(edit=edit)]
        self.send_response(200)
        self.send_header("Content-Type", self.stub.stream_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("x-request-id", REQUEST_ID)
        self.end_headers()
        for piece in usual if self.stub.stream is None else self.stub.stream:
            if piece == CUT:
                return
            if piece == WAIT:
                self.stub.stopped.wait()
            elif isinstance(piece, bytes) and piece:
                # Who has what it needs may leave early.
                with suppress(OSError):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        with suppress(OSError):
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Say nothing: the tests read `requests`."""


def _received(path: str, headers: Any, body: bytes) -> Received:
    authorization = headers.get("Authorization", "")
    media_type = headers["Content-Type"]
    if media_type.startswith("application/json"):
        return Received(path, authorization, json.loads(body), [], media_type, body)
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
    return Received(path, authorization, fields, files, media_type, body)


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
