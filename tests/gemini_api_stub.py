"""A stand-in for the Gemini API on loopback: records what it is sent and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

from google.genai import types
from msgspec import Struct, field
from PIL import Image

from tests.caption_api_stub import SEEN

MODEL = "gemini-see-1"
PAINTER = "gemini-3-pro-image"
RESPONSE_ID = "resp_gemini_1"


class GeminiApiStub(Struct):
    url: str = ""
    status: int = 200
    answer: Any = field(default_factory=lambda: answer(finish="STOP"))
    """Its JSON, or bytes; None: it hangs up once it has read the request."""
    cut: bool = False
    """It hangs up in the middle of its answer."""
    silent: bool = False
    """It reads the request, and answers nothing before the stub stops."""
    stopped: threading.Event = field(default_factory=threading.Event)
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    seen_headers: list[dict[str, str]] = field(default_factory=list)


def answer(
    text: str | None = None, *, finish: str = "STOP", model: str = MODEL, said: dict[str, Any] | None = None
) -> dict[str, Any]:
    """An answer in the SDK's own types."""
    content = types.Content(role="model", parts=[types.Part(text=text or json.dumps(said or SEEN))])
    counted = types.GenerateContentResponseUsageMetadata(
        prompt_token_count=900,
        prompt_tokens_details=[
            types.ModalityTokenCount(modality=types.MediaModality.TEXT, token_count=640),
            types.ModalityTokenCount(modality=types.MediaModality.IMAGE, token_count=260),
        ],
        candidates_token_count=80,
        thoughts_token_count=20,
        total_token_count=1_000,
    )
    answered = types.GenerateContentResponse(
        candidates=[types.Candidate(content=content, finish_reason=types.FinishReason(finish))],
        usage_metadata=counted,
        model_version=model,
        response_id=RESPONSE_ID,
    )
    document: dict[str, Any] = json.loads(answered.model_dump_json(by_alias=True, exclude_none=True))
    return document


def painted(
    *parts: types.Part, finish: str = "STOP", model: str = PAINTER, thoughts: int | None = None
) -> dict[str, Any]:
    """An answer of an image model in the SDK's own types."""
    pictures = sum(part.inline_data is not None for part in parts)
    counted = types.GenerateContentResponseUsageMetadata(
        prompt_token_count=540,
        prompt_tokens_details=[
            types.ModalityTokenCount(modality=types.MediaModality.TEXT, token_count=24),
            types.ModalityTokenCount(modality=types.MediaModality.IMAGE, token_count=516),
        ],
        candidates_token_count=1_290 * pictures + 10,
        candidates_tokens_details=[
            types.ModalityTokenCount(modality=types.MediaModality.IMAGE, token_count=1_290 * pictures)
        ],
        thoughts_token_count=thoughts,
        total_token_count=550 + 1_290 * pictures,
    )
    content = types.Content(role="model", parts=list(parts)) if parts else None
    answered = types.GenerateContentResponse(
        candidates=[types.Candidate(content=content, finish_reason=types.FinishReason(finish), index=0)],
        usage_metadata=counted,
        model_version=model,
        response_id=RESPONSE_ID,
    )
    document: dict[str, Any] = json.loads(answered.model_dump_json(by_alias=True, exclude_none=True))
    return document


@contextmanager
def gemini_api_stub(**said: Any) -> Iterator[GeminiApiStub]:
    stub = GeminiApiStub(**said)
    handler = type("Handler", (_Handler,), {"stub": stub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stub
    finally:
        stub.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    stub: GeminiApiStub

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.stub.requests.append({"path": self.path, **asked})
        self.stub.seen_headers.append(dict(self.headers))
        self.close_connection = True
        if self.stub.silent:
            self.stub.stopped.wait()
        if self.stub.silent or self.stub.answer is None:
            return
        said = self.stub.answer
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(self.stub.status)
        for name, text in {"Content-Type": "application/json", **self.stub.headers}.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if self.stub.cut else content)

    def log_message(self, *_: object) -> None:
        """Say nothing: the tests read `requests`."""


def saved(output_format: str = "PNG", shade: int = 90, size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", size, (shade, 120, 90)).save(buffer, output_format)
    return buffer.getvalue()


def picture(shade: int = 90, output_format: str = "PNG", **said: Any) -> types.Part:
    mime = f"image/{output_format.lower()}"
    part = types.Part.from_bytes(data=saved(output_format, shade), mime_type=mime)
    return part.model_copy(update=said)
