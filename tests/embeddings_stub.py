"""A stand-in for an embeddings API on loopback: records what it is asked, answers in the SDK's own types.

Each request is answered by the first of `faults` that there is, else with vectors. A vector is made of its
input's words, so texts that share words are near; a picture's is made of its bytes.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from msgspec import Struct, field
from openai.types import CreateEmbeddingResponse, Embedding
from openai.types.create_embedding_response import Usage

DIMENSIONS = 8


class Fault(Struct, frozen=True, kw_only=True):
    """An answer that is none: its status, its headers, its body as JSON or as it is."""

    status: int = 200
    code: str | None = None
    headers: dict[str, str] = {}
    body: Any = None
    drop: bool = False
    """Close the connection in place of an answer."""


class EmbeddingsStub(Struct):
    url: str = ""
    dimensions: int = DIMENSIONS
    """Of a vector where the request names none; one that does gets what it names if `shortens`."""
    shortens: bool = True
    model: str | None = None
    """The model that it answers as; None: the one that was asked for."""
    faults: list[Fault] = field(default_factory=list)
    poison: str | None = None
    """A request with an input that holds this word is answered with 400."""
    requests: list[dict[str, Any]] = field(default_factory=list)

    @property
    def inputs(self) -> list[str]:
        """All that was sent to be embedded, request by request."""
        return [text for request in self.requests for text in request["input"]]


@contextmanager
def embeddings_stub() -> Iterator[EmbeddingsStub]:
    stub = EmbeddingsStub()
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


def vector_of(text: str, dimensions: int) -> list[float]:
    directions = [
        np.random.default_rng(list(word.encode())).standard_normal(dimensions)
        for word in text.lower().replace(".", " ").replace(",", " ").split()
    ]
    total = np.sum(directions, axis=0)
    return [float(number) for number in total / np.linalg.norm(total)]


class _Handler(BaseHTTPRequestHandler):
    stub: EmbeddingsStub

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.stub.requests.append(request)
        self.close_connection = True
        if self.stub.faults:
            fault = self.stub.faults.pop(0)
            if not fault.drop:
                self._fail(fault)
        elif self.stub.poison and any(self.stub.poison in text for text in request["input"]):
            self._fail(Fault(status=400, code="content_not_liked"))
        else:
            self._send(200, self._vectors(request).to_json())

    def _vectors(self, request: dict[str, Any]) -> CreateEmbeddingResponse:
        asked = request.get("dimensions") if self.stub.shortens else None
        dimensions = asked or self.stub.dimensions
        data = [
            Embedding(embedding=vector_of(text, dimensions), index=index, object="embedding")
            for index, text in enumerate(request["input"])
        ]
        tokens = sum(len(text.split()) for text in request["input"])
        return CreateEmbeddingResponse(
            data=data,
            model=self.stub.model or request["model"],
            object="list",
            usage=Usage(prompt_tokens=tokens, total_tokens=tokens),
        )

    def _fail(self, fault: Fault) -> None:
        body = fault.body
        if body is None:
            body = {"error": {"message": "Said by the stub", "type": "stub", "code": fault.code}}
        text = body if isinstance(body, str) else json.dumps(body)
        self._send(fault.status, text, **fault.headers)

    def _send(self, status: int, text: str, **headers: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("x-request-id", "req_embed_1")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing is written."""
