"""ZIP archives, opened with distrust: the list of entries is judged whole before any of them is read.

An archive that lies about where its entries are is refused as a whole. Nothing is ever unpacked to disk.
"""

from __future__ import annotations

import asyncio
import os
import struct
import zipfile
import zlib
from typing import BinaryIO

from msgspec import Struct

from rage_pg.config import MIB, Limits
from rage_pg.errors import ImageRejected, InvalidInput, RageError, TooLarge
from rage_pg.ingest.decoding import check_size

MOST_ENTRIES = 50_000
LONGEST_DIRECTORY = 8 * MIB
"""Bytes of the list of entries, which is read at once."""

HEADER = struct.Struct("<4sHHHHHIIIHH")
ENCRYPTED = 0x1 | 0x40 | 0x2000
IN_UTF8 = 0x800
LONG_DIRECTORY = f"The archive's list of entries has more than {LONGEST_DIRECTORY:,} bytes."
DAMAGED = "This is no intact ZIP archive."
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, struct.error, NotImplementedError),
    OverflowError,
)


class Entry(Struct, frozen=True):
    """One file of an archive."""

    archive: zipfile.ZipFile
    info: zipfile.ZipInfo
    problem: str | None = None

    async def read(self, limits: Limits) -> bytes:
        return await asyncio.to_thread(self.unpacked, limits)

    def unpacked(self, limits: Limits) -> bytes:
        """Raises ImageRejected for damage, TooLarge beyond the limits: by what is said, and by what comes."""
        check_size(self.info.file_size, limits)
        try:
            with self.archive.open(self.info) as opened:
                return b"".join(iter(lambda: opened.read(MIB), b""))
        except (*BROKEN, RuntimeError) as error:
            raise ImageRejected("This entry of the archive is damaged.") from error


class _Bounded:
    """A file that is never asked for more at once than a list of entries may have."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            here = self.tell()
            size = self.seek(0, os.SEEK_END) - here
            self.seek(here)
        if size > LONGEST_DIRECTORY:
            raise TooLarge(LONG_DIRECTORY, "file")
        return self._file.read(size)


def open_archive(file: BinaryIO) -> zipfile.ZipFile:
    """The archive in `file`, its list read and judged. Raises InvalidInput for one that is not taken."""
    try:
        archive = zipfile.ZipFile(_Bounded(file))
        _check_whole(archive, file)
    except RageError:
        raise
    except BROKEN as error:
        raise InvalidInput(DAMAGED, field="file") from error
    return archive


def _check_whole(archive: zipfile.ZipFile, file: BinaryIO) -> None:
    infos = archive.infolist()
    if len(infos) > MOST_ENTRIES:
        raise TooLarge(f"The archive has {len(infos):,} entries, at most {MOST_ENTRIES:,} are taken.", "file")
    if any(info.volume for info in infos):
        raise InvalidInput("The archive is one part of several; make it one file.", field="file")
    if any(min(info.header_offset, info.compress_size, info.file_size) < 0 for info in infos):
        raise InvalidInput(DAMAGED, field="file")
    end = 0
    for info in sorted(infos, key=lambda one: one.header_offset):
        start = info.header_offset
        if start < end:
            raise InvalidInput("Entries of the archive overlap, as those of a bomb do.", field="file")
        end = _end(file, info)
    if end > archive.start_dir:
        raise InvalidInput(DAMAGED, field="file")


def _end(file: BinaryIO, info: zipfile.ZipInfo) -> int:
    """Where an entry's bytes end, by its own header, which must say what the list says."""
    file.seek(info.header_offset)
    header = file.read(HEADER.size)
    magic, _, flags, method, *_, name_size, extra_size = HEADER.unpack(header)
    name = file.read(name_size)
    same = (
        flags & (ENCRYPTED | IN_UTF8) == info.flag_bits & (ENCRYPTED | IN_UTF8)
        and method == info.compress_type
    )
    if magic != b"PK\x03\x04" or not same or name != _raw_name(info):
        raise InvalidInput("The archive's list of entries contradicts the entries.", field="file")
    size: int = HEADER.size + name_size + extra_size + info.compress_size
    return info.header_offset + size


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    return info.orig_filename.encode("utf-8" if info.flag_bits & IN_UTF8 else "cp437")
