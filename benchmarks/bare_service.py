"""A Litestar handler that does nothing, served as the service is. It says its address, and ends at Ctrl-C."""

from __future__ import annotations

import socket
from contextlib import suppress

import uvicorn
from litestar import Litestar, post


@post("/api/search", status_code=200)
async def nothing() -> dict[str, str]:
    return {}


def main() -> None:
    # Named as TCP: only then asyncio turns off Nagle's algorithm, which costs each answer 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        app = Litestar([nothing], openapi_config=None)
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
