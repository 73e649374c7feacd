"""Where a disk is full: one clear error, nothing half stored, and all goes on once there is room."""

from __future__ import annotations

import asyncio
import errno
import gc
import io
import resource
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from PIL import Image

from rage_pg import index
from rage_pg.api import archives
from rage_pg.cli.whole_file import write_whole
from rage_pg.database import Database
from rage_pg.errors import DatabaseFull, NoRoom
from rage_pg.jobs import worker
from tests.api_service import Client, problem, service
from tests.archives import archive
from tests.command_line import RAGE, Rage, environment_with, in_process
from tests.full_disk import FULL, full
from tests.generating import rows, value
from tests.store import HashingEncoder, add, png
from tests.working import work, working

IMAGES = "SELECT count(*) FROM rage.images"
PAUSE = 0.123
SAID = "The disk of the database is full. Make room on it, and try again."


@pytest.fixture
def rage(service_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    return in_process(service_url, monkeypatch, capsys)


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url) as client:
        yield client


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rage_pg.spending.PAUSES", (0.01,))


@pytest.fixture
def device() -> Iterator[Callable[..., BinaryIO]]:
    """Opens a full disk in place of a temporary file."""
    with ExitStack() as opened:
        yield lambda *_, **__: opened.enter_context(open(FULL, "w+b", buffering=0))


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file of this process grows beyond `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_an_import_into_a_full_database_ends_clearly_and_goes_on_later(
    rage: Rage, service_url: str, tmp_path: Path
) -> None:
    for number in range(60):
        (tmp_path / f"{number}.png").write_bytes(png(number))
    with full(service_url, "contents"):
        outcome = rage("import", tmp_path, "--no-index")
        assert (outcome.code, outcome.complaint) == (1, SAID)
        assert rage("search", "lamp", "--json").json["matched"] == 0, "nothing is half stored"
    assert rage("import", tmp_path, "--no-index", "--json").json["imported"] == 60


def test_a_filling_that_finds_no_room_gives_up_its_images_and_goes_on_later(
    rage: Rage, service_url: str, tmp_path: Path, impatient: None
) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(png(number))
    assert rage("import", tmp_path, "--no-index").code == 0
    with full(service_url, "embeddings"):
        outcome = rage("index", "fill", "--space", "usem3")
        assert (outcome.code, outcome.err.splitlines()[-1]) == (1, f"rage: {SAID}")
        [space] = [one for one in rage("spaces", "list", "--json").json if one["name"] == "usem3"]
        assert (space["embedded"], space["missing"], space["failed"], space["fillers"]) == (0, 3, 0, 0)
    assert rage("index", "fill", "--space", "usem3").out == "usem3: 3 embedded, 0 failed\n"


async def test_vectors_that_were_made_wait_for_room(
    database: Database, encoder: HashingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(database, "red lamp")
    waits = asyncio.Event()

    async def noticed(seconds: float) -> None:
        if seconds == PAUSE:
            waits.set()
            seconds = 0.01
        await sleep(seconds)

    sleep = asyncio.sleep
    monkeypatch.setattr("rage_pg.spending.PAUSES", (PAUSE,) * 1_000)
    monkeypatch.setattr("rage_pg.spending.asyncio.sleep", noticed)
    with full(database.url, "embeddings"):
        filling = asyncio.create_task(index.fill(database, [encoder]))
        await waits.wait()
    [filled] = await filling
    assert (filled.embedded, filled.failed, encoder.calls) == (1, 0, 1)


async def test_nobody_has_a_claim_where_the_database_is_full(
    database: Database, encoder: HashingEncoder, impatient: None
) -> None:
    await add(database, "red lamp")
    with full(database.url, "embeddings"), pytest.raises(DatabaseFull):
        await index.fill(database, [encoder])
    assert await value(database, "SELECT count(filler_id) FROM rage.embedding_claims") == 0
    [filled] = await index.fill(database, [encoder])
    assert filled.embedded == 1


async def test_a_worker_fills_on_once_there_is_room(
    database: Database, encoder: HashingEncoder, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LATER", 0.05)
    failed, filled = asyncio.Event(), asyncio.Event()

    async def fill(*_: Any) -> None:
        try:
            await index.fill(database, [encoder])
        except DatabaseFull:
            failed.set()
            raise
        filled.set()

    image_id = await add(database, "red lamp")
    ending = AsyncExitStack()
    with full(database.url, "embeddings"):
        _ = await ending.enter_async_context(working(database, work(fill_index=fill)))
        await failed.wait()
    await filled.wait()
    await ending.aclose()
    [row] = await rows(database, "SELECT image_id FROM rage.embeddings")
    assert row["image_id"] == image_id


async def test_an_upload_into_a_full_database_is_answered_with_507(
    client: Client, database: Database
) -> None:
    with full(database.url, "contents"):
        answer = await client.post("/api/images", files={"file": ("a.png", png(1))})
        assert problem(answer, 507, "database-full") == SAID
        packed = {"file": ("a.zip", archive([("a.png", png(1))]))}
        problem(await client.post("/api/images/archive", files=packed), 507, "database-full")
        assert (await client.get("/api/images")).json()["items"] == []
    assert (await client.post("/api/images", files={"file": ("a.png", png(1))})).status_code == 201


async def test_an_archive_that_the_temporary_folder_does_not_hold_is_answered_with_507(
    client: Client, database: Database, monkeypatch: pytest.MonkeyPatch, device: Callable[..., BinaryIO]
) -> None:
    packed = {"file": ("a.zip", archive([("a.png", png(1))]))}
    with monkeypatch.context() as patched:
        patched.setattr(archives, "TemporaryFile", device)
        said = problem(await client.post("/api/images/archive", files=packed), 507, "no-room")
    assert "TMPDIR" in said
    assert await value(database, IMAGES) == 0
    assert (await client.post("/api/images/archive", files=packed)).json()["imported"] == 1


# The framework leaves its own temporary file to be closed when it is collected, and that fails, too.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_large_image_that_the_temporary_folder_does_not_hold_is_answered_with_507(
    client: Client, database: Database, monkeypatch: pytest.MonkeyPatch, device: Callable[..., BinaryIO]
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (800, 800, 3), dtype=np.uint8)
    large = io.BytesIO()
    Image.fromarray(noise).save(large, "PNG")
    files = {"file": ("large.png", large.getvalue())}
    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "TemporaryFile", device)
        problem(await client.post("/api/images", files=files), 507, "no-room")
    gc.collect()
    assert await value(database, IMAGES) == 0
    assert (await client.post("/api/images", files=files)).status_code == 201


def test_a_picture_that_does_not_fit_leaves_the_file_as_it_was(
    rage: Rage, service_url: str, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(png(1, size=(640, 480)))
    image = rage("import", tmp_path / "a.png", "--no-index", "--json").json["items"][0]["image_id"]
    target = tmp_path / "made.png"
    target.write_bytes(b"before")
    with room_for(1_000):
        outcome = rage("generate", "lighter", "--image", image, "--purpose", "enhance", "-o", target)
    assert outcome.code == 1
    assert f"The picture was made, but {target} cannot be written" in outcome.err
    assert "in the store" in outcome.err
    assert target.read_bytes() == b"before"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.png", "made.png"]


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    target, link = tmp_path / "picture.png", tmp_path / "link.png"
    with room_for(10), pytest.raises(OSError, match="File too large"):
        write_whole(target, b"x" * 100)
    assert list(tmp_path.iterdir()) == []
    write_whole(target, b"first")
    target.chmod(0o640)
    link.symlink_to(target)
    write_whole(link, b"second")
    assert (target.read_bytes(), link.is_symlink()) == (b"second", True)
    assert target.stat().st_mode & 0o777 == 0o640
    with pytest.raises(OSError, match="No space left on device"):
        write_whole(Path(FULL), b"second")
    assert Path(FULL).is_char_device()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["link.png", "picture.png"]


def test_a_command_whose_output_finds_no_room_says_so(database_url: str) -> None:
    with open(FULL, "w") as taken:
        ended = subprocess.run(
            [RAGE, "spaces", "list", "--json"],
            env=environment_with(RAGE_DATABASE_URL=database_url),
            stdout=taken,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (
        1,
        "rage: There is no room left on the disk. Make room, and try again.\n",
    )


def test_only_a_full_disk_or_quota_is_told_as_one() -> None:
    assert "no room left on the disk for /x/y" in str(NoRoom.behind(OSError(errno.ENOSPC, "full", "/x/y")))
    assert NoRoom.behind(OSError(errno.EDQUOT, "quota")) is not None
    assert NoRoom.behind(OSError(errno.EACCES, "not yours")) is None
    assert NoRoom.behind(ValueError()) is None
