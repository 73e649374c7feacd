"""`rage serve` and `rage worker`: what goes on running until it is stopped."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import rich_click as click

from rage_pg.cli.options import json_option
from rage_pg.cli.output import note, show, show_json
from rage_pg.cli.session import read_settings, run_until_stopped
from rage_pg.config import Settings
from rage_pg.errors import RageError, SetupError

if TYPE_CHECKING:
    import uvicorn
    from litestar import Litestar

LOOPBACK = ("127.0.0.1", "::1")
PATIENCE = 3
"""Seconds that requests under way have to end when the service stops."""
NOT_ENCRYPTED = (
    "Other machines can reach this service, and keys and pictures travel unencrypted: put a proxy with TLS "
    "in front of it, one that passes on the Host header."
)
FIRST_PROMPT = "A realistic image of a salesman trying to sell lotion and soap to a group of ladies"


@click.command("serve")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on. Beyond this machine only with keys: rage keys create.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one."
)
@click.option("--demo", is_flag=True, help="Load the sample catalogue first.")
@click.option("--worker/--no-worker", default=True, help="Carry out jobs in this process too.")
@json_option
def serve(host: str, port: int, demo: bool, worker: bool, as_json: bool) -> None:
    """Start the service: page, HTTP API and worker. Ctrl-C stops it, and the embedded Postgres with it."""
    settings = read_settings(quiet=False)
    with _bound(host, port) as listener:
        name = f"[{host}]" if ":" in host else host
        address = f"http://{name}:{listener.getsockname()[1]}"

        def announce() -> None:
            if as_json:
                show_json({"url": address})
            else:
                _greet(address, demo)
            if not _on_loopback(listener):
                note(NOT_ENCRYPTED)

        hurry = asyncio.Event()
        serving = _serve(settings, listener, worker=worker, demo=demo, announce=announce, hurry=hurry)
        run_until_stopped(serving, hurry=hurry)


@click.command("worker")
@json_option
def worker(as_json: bool) -> None:
    """Carry out jobs for a service that runs elsewhere: generations, embeddings. Ctrl-C stops it."""
    hurry = asyncio.Event()
    run_until_stopped(_work(read_settings(quiet=False), as_json, hurry), hurry=hurry)


async def _serve(
    settings: Settings,
    listener: socket.socket,
    *,
    worker: bool,
    demo: bool,
    announce: Callable[[], None],
    hurry: asyncio.Event,
) -> None:
    from rage_pg.api.app import create_app

    app = create_app(settings, worker=worker, demo=demo, on_loopback=_on_loopback(listener), hurry=hurry)
    async with app.lifespan():
        server = _server(app, listener, announce)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            # uvicorn ends its connections in good order only when it is asked, not when it is cancelled.
            server.should_exit = True
            await serving


async def _work(settings: Settings, as_json: bool, hurry: asyncio.Event) -> None:
    from rage_pg.api.worker import work_of
    from rage_pg.jobs import run_worker
    from rage_pg.providers.registry import check_generator
    from rage_pg.runtime import running

    check_generator(settings)
    connections = settings.service_connections
    async with running(settings, as_service=True, max_connections=connections) as runtime:
        if as_json:
            show_json({"status": "running"})
        else:
            show("The worker waits for jobs; Ctrl-C stops it.")
        await run_worker(
            runtime.database,
            work_of(runtime),
            concurrency=settings.worker_concurrency,
            grace=settings.stop_grace,
            hurry=hurry,
        )


def _server(app: Litestar, listener: socket.socket, announce: Callable[[], None]) -> uvicorn.Server:
    import uvicorn

    host, port = listener.getsockname()[:2]

    class Server(uvicorn.Server):
        """Leaves signals to us, says when it really answers, and lets streams know when it stops."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            try:
                await super().startup(sockets)
            except OSError as error:
                raise _no_port(host, port, error) from error
            announce()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.state.stopping.set()
            await super().shutdown(sockets)

    return Server(
        uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=PATIENCE,
        )
    )


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """The port, taken before anything slow begins. Raises RageError where another program has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP: only then does asyncio send at once, where Nagle's algorithm would wait 40 ms.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise _no_port(host, port, error) from error
        yield listener


def _on_loopback(listener: socket.socket) -> bool:
    return listener.getsockname()[0] in LOOPBACK


def _no_port(host: str, port: int, error: OSError) -> RageError:
    if error.errno == errno.EADDRINUSE:
        return SetupError(f"Port {port} is in use.", "Stop what uses it, or choose another with --port.")
    return SetupError(f"The service cannot listen on {host} port {port}: {error.strerror}.")


def _greet(address: str, demo: bool) -> None:
    show(f"rage-pg is ready: {address}", bold=True)
    if demo:
        show(f'Try it: open the page, or in another terminal: rage search "{FIRST_PROMPT}" -k 6')
    else:
        show("Bring images in with: rage import FOLDER")
    show("Ctrl-C stops it.")


COMMANDS = (serve, worker)
