"""A client that asks for generations over HTTP, and asks again with the same key where no answer came."""

from __future__ import annotations

import json
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from typing import Any

import psycopg

from benchmarks.image_stub import png

MOST_UNDER_WAY = 10
"""Generations that have not ended, as far as the client knows; it asks for no more until some have."""
FREE = 0.15
"""The share that the local generator makes, which charges nothing and may start anew."""


class Client:
    """`accepted`: the id of each generation by the number of its scene; a number below 0 is of a free one."""

    def __init__(self, address: str, seed: int) -> None:
        self._address = address
        self._choose = random.Random(seed + 2)
        self._more = threading.Condition()
        self._stopped = threading.Event()
        self._images: list[int] = []
        self.accepted: dict[int, str] = {}

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask for one after another meanwhile; the last of them is accepted before this ends."""
        self._images = [self._upload(number) for number in (900_001, 900_002, 900_003)]
        thread = threading.Thread(target=self._ask_on)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join()

    def wait_for_one_more(self, seconds: float) -> None:
        """Until another generation is accepted."""
        with self._more:
            known = len(self.accepted)
            self._more.wait_for(lambda: len(self.accepted) > known, seconds)

    def wait_for_the_end(self, url: str, seconds: float) -> list[str]:
        """Until every generation and its job have ended; those that have not by then are faults."""
        end = time.monotonic() + seconds
        left: list[Any] = []
        while time.monotonic() < end:
            with suppress(psycopg.OperationalError), psycopg.connect(url) as connection:
                statement = (
                    "SELECT status, prompt FROM rage.generations WHERE finished_at IS NULL UNION ALL"
                    " SELECT status::text, 'job ' || id FROM rage.procrastinate_jobs"
                    " WHERE task_name = 'generate'"
                )
                left = connection.execute(statement).fetchall()
                if not left:
                    return []
            time.sleep(1)
        return [f"{prompt!r} is {status} for good" for status, prompt in left]

    def _ask_on(self) -> None:
        scene = 0
        while not self._stopped.is_set():
            scene += 1
            free = self._choose.random() < FREE
            number = -scene if free else scene
            accepted = self._post("/api/generations", self._request(scene, free), f"scene-{scene}")
            with self._more:
                self.accepted[number] = accepted["id"]
                self._more.notify_all()
            self._stopped.wait(self._choose.uniform(0, 0.5))
            while self._under_way() >= MOST_UNDER_WAY and not self._stopped.wait(0.5):
                pass

    def _request(self, scene: int, free: bool) -> dict[str, Any]:
        count = 1 if free else self._choose.choice((0, 1, 3))
        request: dict[str, Any] = {
            "prompt": f"Scene number {scene}: a soap on a shelf",
            "references": [{"image_id": image} for image in self._images[:count]],
        }
        return {**request, "provider": "local", "size": "128x96"} if free else request

    def _under_way(self) -> int:
        total = 0
        for status in ("queued", "running"):
            found = self._get(f"/api/generations?status={status}&limit=100")
            total += len(found["items"]) if found else 0
        return total

    def _upload(self, number: int) -> int:
        content = png(number)
        boundary = b"----benchmark"
        head = b'Content-Disposition: form-data; name="file"; filename="a.png"\r\n'
        head += b"Content-Type: image/png\r\n\r\n"
        body = b"--" + boundary + b"\r\n" + head + content + b"\r\n--" + boundary + b"--\r\n"
        return int(
            self._send(
                "/api/images", body, {"Content-Type": f"multipart/form-data; boundary={boundary.decode()}"}
            )["id"]
        )

    def _post(self, path: str, said: dict[str, Any], key: str) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        return self._send(path, json.dumps(said).encode(), headers)

    def _send(self, path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        """Until it is taken. A request that is refused, not failed, is a fault of this benchmark."""
        while True:
            request = urllib.request.Request(self._address + path, body, headers)
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    said: dict[str, Any] = json.load(answer)
                    return said
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    raise SystemExit(f"{path} was answered {error.code}: {error.read()!r}") from error
            except (OSError, HTTPException, ValueError):
                pass
            time.sleep(0.1)

    def _get(self, path: str) -> dict[str, Any] | None:
        with (
            suppress(OSError, HTTPException, ValueError),
            urllib.request.urlopen(self._address + path, timeout=10) as answer,
        ):
            said: dict[str, Any] = json.load(answer)
            return said
        return None
