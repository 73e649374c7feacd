"""The pictures of a batch as files of a folder, each under a name that is safe and stays."""

from __future__ import annotations

import asyncio
import re
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from rage_pg.cli.whole_file import write_whole
from rage_pg.errors import RageError

if TYPE_CHECKING:
    from rage_pg.database import Database
    from rage_pg.generation.batches import MadeItem

UNSAFE = re.compile(r"[^\w.+=-]+", re.ASCII)
LONGEST_NAME = 100
ENDINGS = {"image/png": "png", "image/webp": "webp", "image/jpeg": "jpg"}


def file_name(position: int, key: str) -> str:
    """A name without its ending, safe on every system: the position keeps it apart from any other."""
    said = "-".join(part.partition("=")[2] or part for part in key.split("/"))
    return f"{position:04d}-{UNSAFE.sub('_', said).strip('._-')}"[:LONGEST_NAME].rstrip("._-")


class Files:
    """What was written, by the position of the item; nothing where there is no folder."""

    def __init__(self, database: Database, folder: Path | None) -> None:
        self._database = database
        self._folder = folder
        self.written: dict[int, list[str]] = {}

    async def write(self, item: MadeItem) -> None:
        """A file with the same bytes stays as it is. Raises RageError where one cannot be written."""
        from rage_pg import history

        folder = self._folder
        if folder is None:
            return
        made = await history.get(self._database, item.generation_id)
        several = len(made.outputs) > 1
        for output in made.outputs:
            name = file_name(item.position, item.key) + (f"-{output.position}" if several else "")
            ending = str(made.parameters.get("output_format") or "png").replace("jpeg", "jpg")
            target = folder / f"{name}.{ending}"
            if await asyncio.to_thread(_digest, target) != output.sha256:
                target = await self._fetched(item, output.position, folder / name)
            self.written.setdefault(item.position, []).append(str(target))

    async def _fetched(self, item: MadeItem, position: int, stem: Path) -> Path:
        from rage_pg import history

        picture = await history.output(self._database, item.generation_id, position)
        target = stem.with_name(f"{stem.name}.{ENDINGS.get(picture.media_type, 'png')}")
        try:
            await asyncio.to_thread(write_whole, target, picture.data)
        except OSError as error:
            raise RageError(
                f"{target} cannot be written: {error.strerror}. The picture is in the store; "
                "the same command writes what is missing."
            ) from error
        return target


def _digest(file: Path) -> str | None:
    try:
        return sha256(file.read_bytes()).hexdigest()
    except OSError:
        return None
