"""An import whose importer, worker, service and Postgres are killed at random moments, and what is left.

Files come into the folder bit by bit, so that there is always something to do; each process is started again
when it is gone. At the end every image must be there once, whole and embedded, and nothing else be left.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import psycopg
from msgspec import Struct, field
from PIL import Image

SHORTEST, LONGEST = 0.1, 2.4
"""Seconds between two kills."""

RAGE = str(Path(sys.executable).with_name("rage"))
COMMANDS = {
    "import": ("import", "{images}", "--json"),
    "worker": ("worker",),
    "service": ("serve", "--port", "0", "--no-worker"),
}

LEFTOVERS = {
    "claims": "SELECT count(*) FROM rage.embedding_claims",
    "failures": "SELECT count(*) FROM rage.failed_items",
    "images shown by nobody": "SELECT count(*) FROM rage.contents AS c WHERE NOT EXISTS"
    " (SELECT FROM rage.image_versions AS v WHERE v.content_id = c.content_id)",
    "further versions": "SELECT count(*) FROM rage.image_versions WHERE version > 1",
    "images without document": "SELECT count(*) FROM rage.images AS i"
    " LEFT JOIN rage.image_documents AS d USING (image_id) WHERE d.input IS NULL",
    "documents counted wrong": "SELECT abs(coalesce(sum(documents), 0) - (SELECT count(*) FROM rage.images))"
    " FROM rage.text_configurations",
    "indexes not valid": "SELECT count(*) FROM pg_index WHERE NOT indisvalid",
}


class Folder(Struct, kw_only=True):
    """Where it happens: images that come in one by one, data, temporary files."""

    root: Path
    images: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    finished: int = 0
    """Imports that came to their end."""

    @property
    def data(self) -> Path:
        return self.root / "data"

    def add_images(self, until: int) -> None:
        for number in range(len(list((self.root / "images").iterdir())), until):
            (self.root / "images" / f"picture-{number:04}.png").write_bytes(_png(number))

    def start_what_is_gone(self) -> None:
        for name, command in COMMANDS.items():
            process = self.processes.get(name)
            if process is None or process.poll() is not None:
                self.finished += name == "import" and process is not None and process.returncode == 0
                self.processes[name] = self.start(*command)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "RAGE_DATA_DIR": str(self.data), "TMPDIR": str(self.root / "tmp")}

    def start(self, *command: str, tells: bool = False) -> subprocess.Popen[bytes]:
        arguments = [part.format(images=self.root / "images") for part in command]
        with (self.root / "log").open("ab") as log:
            output = subprocess.PIPE if tells else log
            return subprocess.Popen([RAGE, *arguments], env=self.environment, stdout=output, stderr=log)

    def run(self, *command: str) -> None:
        code = self.start(*command).wait()
        if code:
            raise SystemExit(f"rage {command[0]} ended with {code}; see {self.root / 'log'}")

    def kill(self, target: str) -> bool:
        """Whether there was something to kill."""
        if target == "postgres":
            try:
                pid = int((self.data / "postgres" / "postmaster.pid").read_text().split()[0])
                os.kill(pid, signal.SIGKILL)
            except (OSError, ValueError, IndexError):
                return False
            return True
        process = self.processes[target]
        if process.poll() is not None:
            return False
        process.kill()
        process.wait()
        return True


async def measure(images: int = 600, kills: int = 200, seed: int = 1) -> None:
    """Raise SystemExit where anything is lost, doubled or left behind."""
    with tempfile.TemporaryDirectory(prefix="rage-kill-") as name:
        root = Path(name)
        root.chmod(0o755)
        folder = Folder(root=root, images=images)
        (root / "images").mkdir()
        (root / "tmp").mkdir()
        started = time.perf_counter()
        try:
            killed = _torment(folder, kills, random.Random(seed))
            _finish(folder)
            faults = _faults(folder)
        finally:
            _stop(folder)
        faults += _remains(folder)
    told = ", ".join(f"{name} {count}" for name, count in sorted(killed.items()))
    print(f"{sum(killed.values())} kills in {time.perf_counter() - started:.0f} s: {told}; seed {seed}")
    print(f"{folder.finished} imports came to their end in between")
    if faults:
        raise SystemExit("\n".join(faults))
    print(f"{images} images: each there once, whole, embedded in every active space; nothing else is left")


def _torment(folder: Folder, kills: int, choose: random.Random) -> Counter[str]:
    killed: Counter[str] = Counter()
    while sum(killed.values()) < kills:
        folder.add_images(folder.images * (sum(killed.values()) + 1) // kills)
        folder.start_what_is_gone()
        time.sleep(choose.uniform(SHORTEST, LONGEST))
        target = choose.choice([*COMMANDS, "postgres"])
        killed[target] += folder.kill(target)
    return killed


def _finish(folder: Folder) -> None:
    for process in folder.processes.values():
        process.terminate()
    for process in folder.processes.values():
        process.wait()
    folder.run("import", "{images}", "--json")
    folder.run("index", "fill")


def _faults(folder: Folder) -> list[str]:
    with folder.start("serve", "--port", "0", "--no-worker", "--json", tells=True) as service:
        assert service.stdout is not None
        # It has the server running as soon as it says where it is itself.
        service.stdout.readline()
        command = [RAGE, "db", "url"]
        url = subprocess.run(
            command, env=folder.environment, capture_output=True, text=True, check=True
        ).stdout
        try:
            with psycopg.connect(url.strip()) as connection:
                found = _images(connection, folder.images), _vectors(connection, folder.images)
                return [*chain(*found), *_left(connection)]
        finally:
            service.terminate()


def _images(connection: psycopg.Connection[Any], images: int) -> list[str]:
    """Every picture's bytes are what its file was, its thumbnail shows it."""
    faults = []
    found: Counter[bytes] = Counter()
    rows = connection.execute(
        "SELECT c.bytes, c.thumbnail FROM rage.images JOIN rage.contents AS c USING (content_id)"
    )
    for content, thumbnail in rows:
        found[hashlib.sha256(content).digest()] += 1
        with Image.open(BytesIO(thumbnail)) as shown:
            shown.load()
    expected = Counter(hashlib.sha256(_png(number)).digest() for number in range(images))
    if found != expected:
        faults.append(f"{len(expected - found)} images are missing, {len(found - expected)} too many")
    return faults


def _vectors(connection: psycopg.Connection[Any], images: int) -> list[str]:
    rows = connection.execute(
        "SELECT s.space, s.embedded, s.missing, s.failed, s.index_valid,"
        " (SELECT count(*) FROM rage.embeddings AS e WHERE e.space_id = s.space_id)"
        " FROM rage_v1.index_status AS s WHERE active_legs <> '{}'"
    ).fetchall()
    return [f"space {row[0]}: {row[1:]}" for row in rows if row[1:] != (images, 0, 0, True, images)]


def _left(connection: psycopg.Connection[Any]) -> list[str]:
    faults = []
    for what, statement in LEFTOVERS.items():
        row = connection.execute(statement.encode()).fetchone()
        if row is None or row[0]:
            faults.append(f"left behind: {what}: {row and row[0]}")
    return faults


def _stop(folder: Folder) -> None:
    for process in folder.processes.values():
        if process.poll() is None:
            process.terminate()
        process.wait()


def _remains(folder: Folder) -> list[str]:
    """Processes, and files that are nobody's."""
    faults = []
    for process in psutil.process_iter(["cmdline"]):
        if str(folder.data) in " ".join(process.info["cmdline"] or []):
            faults.append(f"a process is left: {process}")
    temporary = [path.name for path in (folder.root / "tmp").rglob("*") if path.is_file()]
    known = {"postgres", "server.lock", "users.lock", "models"}
    others = [path.name for path in folder.data.iterdir() if path.name not in known]
    faults += [f"a file is left: {name}" for name in [*temporary, *others]]
    return faults


def _png(number: int) -> bytes:
    """A picture that no other number gives, of a size that takes some time."""
    noise = np.random.default_rng(number).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    buffer = BytesIO()
    Image.fromarray(noise).resize((640, 480), Image.Resampling.BILINEAR).save(buffer, "PNG")
    return buffer.getvalue()
