"""Generations whose workers, service and Postgres are killed at random, and what the ledger says then.

A client asks over HTTP, two workers carry out, an image API on loopback counts. Most kills are aimed: after a
worker got its request through, after it was answered, after a generation was accepted. At the end each one
must be there once, with the outcome that the image API knows, and nobody have asked twice.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
from msgspec import Struct, field

from benchmarks.asking import Client
from benchmarks.image_stub import Asked, Stub, running_stub
from benchmarks.outcomes import faults_of, places_of
from rage_pg.embedded import embedded_server
from rage_pg.embedded.postmaster import find_postmaster

RAGE = str(Path(sys.executable).with_name("rage"))
WORKERS = ("worker 1", "worker 2")
TARGETS = {
    "any worker": 5,
    "during": 4,
    "storing": 4,
    "accepted": 3,
    "service": 1,
    "postgres": 1,
    "restart": 1,
}
"""What is killed, or which worker, and how often of all."""
SHORTEST, LONGEST = 0.2, 3.0
"""Seconds between two kills that are not aimed."""
AIM = 30.0
"""Seconds that an aimed kill waits for its moment, or for a worker to be ready."""
READY = b"waits for jobs"
SLOWEST_ANSWER = 1.5
MODEL = "gpt-image-2"
PATIENCE = 420.0
"""Seconds in which everything must have ended, once nobody is killed any more."""


class Kill(Struct, frozen=True):
    target: str
    pid: int
    at: float


class Place(Struct, kw_only=True):
    """Where it happens: the data folder, the processes, and what was done to them."""

    root: Path
    stub: Stub
    port: int
    stack: ExitStack
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    kills: list[Kill] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    @property
    def data(self) -> Path:
        return self.root / "data"

    def start_server(self) -> str:
        """Postgres, joined or started; the operator's URL."""
        return self.stack.enter_context(embedded_server(self.data))

    def start_what_is_gone(self) -> None:
        commands = {
            "service": ("serve", "--port", str(self.port), "--no-worker"),
            **dict.fromkeys(WORKERS, ("worker",)),
        }
        for name, command in commands.items():
            if name not in self.processes or self.processes[name].poll() is not None:
                self.processes[name] = self.start(name, *command)

    def wait_until_ready(self, name: str) -> None:
        """Until a worker looks for jobs: to kill one that only starts would prove little."""
        end = time.monotonic() + AIM
        while READY not in self.log(name).read_bytes() and time.monotonic() < end:
            time.sleep(0.05)

    def log(self, name: str) -> Path:
        """What the latest process of this name has said."""
        return self.root / f"{name}.log"

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "RAGE_DATA_DIR": str(self.data),
            "RAGE_GENERATOR": f"openai:{MODEL}",
            "OPENAI_BASE_URL": self.stub.url,
            "OPENAI_API_KEY": "sk-not-a-key-but-long-enough",
        }
        with self.log(name).open("wb") as log:
            return subprocess.Popen([RAGE, *command], env=environment, stdout=log, stderr=log)

    def whose(self, port: int) -> int | None:
        """Which worker has the other end of a connection."""
        for name in WORKERS:
            with suppress(psutil.Error, KeyError):
                pid = self.processes[name].pid
                if any(one.laddr.port == port for one in psutil.Process(pid).net_connections("tcp")):
                    return pid
        return None

    def kill(self, name: str, target: str) -> None:
        process = self.processes[name]
        if process.poll() is None:
            self.kills.append(Kill(target, process.pid, time.time()))
            process.kill()
            process.wait()
            self.done[target] += 1

    def stop_postgres(self, sign: signal.Signals) -> None:
        server = find_postmaster(self.data / "postgres")
        if server is not None:
            server.process.send_signal(sign)
            with suppress(psutil.TimeoutExpired):
                server.process.wait(60)
            self.done["Postgres killed" if sign == signal.SIGKILL else "Postgres restarted"] += 1
        self.start_server()


async def measure(kills: int = 60, seed: int = 1) -> None:
    """Raise SystemExit where a generation is lost, charged twice, or tells what is not true."""
    choose = random.Random(seed)
    stub = Stub(choose=random.Random(seed + 1), slowest=SLOWEST_ANSWER, rude=0.15)
    with tempfile.TemporaryDirectory(prefix="rage-kill-") as name, running_stub(stub), ExitStack() as stack:
        root = Path(name)
        root.chmod(0o755)
        place = Place(root=root, stub=stub, port=_free_port(), stack=stack)
        stub.whose = place.whose
        started = time.perf_counter()
        url = place.start_server()
        stack.callback(_stop, place)
        place.start_what_is_gone()
        client = Client(f"http://127.0.0.1:{place.port}", seed)
        try:
            with client.asking():
                while place.done.total() < kills:
                    place.start_what_is_gone()
                    _strike(place, client, choose)
            place.start_what_is_gone()
            stuck = client.wait_for_the_end(url, PATIENCE)
            faults = [*stuck, *faults_of(url, client.accepted, stub.asked)]
            where = places_of(url, place.kills, stub.asked)
        except BaseException:
            for log in root.glob("*.log"):
                print(log.read_text(errors="replace")[-2_000:], file=sys.stderr)
            raise
    _tell(place, client, stub.asked, where, time.perf_counter() - started, seed)
    if faults:
        raise SystemExit("\n".join(faults[:30]))
    print("each accepted generation is there once, ended, with the outcome that the image API knows")


def _strike(place: Place, client: Client, choose: random.Random) -> None:
    target = choose.choices(list(TARGETS), list(TARGETS.values()))[0]
    if target in ("postgres", "restart"):
        time.sleep(choose.uniform(SHORTEST, LONGEST))
        place.stop_postgres(signal.SIGKILL if target == "postgres" else signal.SIGINT)
    elif target == "service":
        time.sleep(choose.uniform(SHORTEST, LONGEST))
        place.kill("service", target)
    else:
        place.kill(_victim(place, client, choose, target), target)


def _victim(place: Place, client: Client, choose: random.Random, target: str) -> str:
    """The worker to kill, once its moment has come."""
    for name in WORKERS:
        place.wait_until_ready(name)
    since = time.time()
    moment: Asked | None = None
    if target == "during":
        moment = place.stub.wait_for_news(lambda: _newest(place.stub, since, "received"), AIM)
        time.sleep(choose.uniform(0, SLOWEST_ANSWER / 2))
    elif target == "storing":
        moment = place.stub.wait_for_news(lambda: _newest(place.stub, since, "answered"), AIM)
        time.sleep(choose.uniform(0, 0.15))
    elif target == "accepted":
        client.wait_for_one_more(AIM)
        time.sleep(choose.uniform(0, 0.8))
    else:
        time.sleep(choose.uniform(SHORTEST, LONGEST))
    known = {place.processes[name].pid: name for name in WORKERS}
    return known.get(moment.pid or 0, choose.choice(WORKERS)) if moment else choose.choice(WORKERS)


def _newest(stub: Stub, since: float, what: str) -> Asked | None:
    found = [one for one in stub.asked if (getattr(one, what) or 0) > since]
    return found[-1] if found else None


def _tell(
    place: Place, client: Client, asked: list[Asked], where: Counter[str], seconds: float, seed: int
) -> None:
    told = ", ".join(f"{name} {count}" for name, count in sorted(place.done.items()))
    print(f"{place.done.total()} kills in {seconds:.0f} s: {told}; seed {seed}")
    print(f"{len(client.accepted)} generations accepted, {len(asked)} requests at the image API")
    for name, count in sorted(where.items()):
        print(f"  {name}: {count}")


def _stop(place: Place) -> None:
    for process in place.processes.values():
        if process.poll() is None:
            process.terminate()
    for process in place.processes.values():
        process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
