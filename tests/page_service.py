"""The service on a port, and pages of it that are open in a real Chromium."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Browser, Page, Response, sync_playwright

from rage_pg.api.app import create_app
from rage_pg.config import Settings
from rage_pg.embedded import app_url
from tests.browser import FLAGS, find_or_install_chromium

DESKTOP = (1280, 900)
PHONE = (390, 844)
PATIENCE = 60_000
"""Milliseconds for what a worker makes, on a busy machine."""


class Watched:
    """An open page, and what went wrong on it: errors of its console, requests that leave this machine."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("response", self._check)
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith((f"{address}/", "data:")) else self.faults.append(request.url)
            ),
        )

    def _check(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"{response.status} {response.url}")


@contextmanager
def serving(database_url: str, folder: Path, *, demo: bool, **said: Any) -> Iterator[str]:
    """The service with its worker; the address. Who connects before it is ready waits in the queue.

    `said`: other settings.
    """
    app = create_app(Settings(data_dir=folder, database_url=app_url(database_url), **said), demo=demo)
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            # Where the service cannot start, who waits in the queue is sent away at once.
            with listener:
                server.run(sockets=[listener])

        thread = threading.Thread(target=run)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.start()
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=find_or_install_chromium(),
            args=list(FLAGS),
            chromium_sandbox="--no-sandbox" not in FLAGS,
        )
        yield started
        started.close()


@contextmanager
def opened(
    browser: Browser, address: str, path: str = "/", size: tuple[int, int] = DESKTOP
) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    try:
        watched = Watched(context.new_page(), address)
        watched.page.goto(f"{address}{path}", timeout=PATIENCE)
        yield watched
    finally:
        context.close()
