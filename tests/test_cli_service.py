"""`rage serve` on an embedded server of its own, and the commands beside it."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from pathlib import Path

import psycopg

from tests.command_line import process, running
from tests.hostile import png, write

SECONDS_TO_STOP = 10


def test_service_starts_is_joined_and_stops_with_its_server(server_dir: Path, tmp_path: Path) -> None:
    data_dir = server_dir / "cli"
    environment = {"RAGE_DATA_DIR": str(data_dir)}
    with running("serve", "--port", "0", "--json", **environment) as (service, line):
        address = json.loads(line)["url"]
        with urllib.request.urlopen(f"{address}/api/health/live", timeout=10) as answer:
            assert answer.status == 200

        taken = process("serve", "--port", address.rpartition(":")[2], **environment)
        assert taken.code == 1
        assert "is in use" in taken.complaint

        write(tmp_path / "lamp.png", png(1))
        joined = process("import", str(tmp_path), "--no-index", "--json", **environment)
        assert joined.json["imported"] == 1
        with urllib.request.urlopen(f"{address}/api/images", timeout=10) as answer:
            assert [image["title"] for image in json.load(answer)["items"]] == ["lamp"]

        url = process("db", "url", **environment)
        assert url.err == ""
        with psycopg.connect(url.out.strip()) as connection:
            assert connection.execute("SELECT count(*) FROM rage_v1.images").fetchone() == (1,)

        started = time.monotonic()
        service.send_signal(signal.SIGINT)
        assert service.wait(SECONDS_TO_STOP) == 0
        assert time.monotonic() - started < SECONDS_TO_STOP
    assert not (data_dir / "postgres" / "postmaster.pid").exists()

    stopped = process("db", "url", **environment)
    assert (stopped.code, stopped.out) == (0, url.out)
    assert "is not running" in stopped.err
    inside = process("db", "psql", "-Atc", "SELECT title FROM rage_v1.images", **environment)
    assert (inside.code, inside.out) == (0, "lamp\n")
    assert not (data_dir / "postgres" / "postmaster.pid").exists()


def test_worker_stops_when_it_is_told_to(database_url: str, service_url: str) -> None:
    with running("worker", "--json", RAGE_DATABASE_URL=service_url) as (worker, line):
        assert json.loads(line) == {"status": "running"}
        with psycopg.connect(database_url, autocommit=True) as connection:
            while connection.execute("SELECT count(*) FROM rage.procrastinate_workers").fetchone() == (0,):
                time.sleep(0.05)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(SECONDS_TO_STOP) == 0
