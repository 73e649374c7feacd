"""The images in a ZIP archive: which of its entries, and what each is called.

Taken: stored and deflated entries, names in UTF-8 or, where they are not, in code page 437. An entry that
cannot be taken is reported and stops nothing; one that is hidden, or no image, is passed over.
"""

from __future__ import annotations

import stat
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import PurePosixPath

from msgspec import UNSET, structs

from rage_pg.config import MIB, Limits
from rage_pg.errors import InvalidInput, TooLarge
from rage_pg.ingest.addresses import is_url
from rage_pg.ingest.archives import ENCRYPTED, IN_UTF8, MOST_ENTRIES, Entry
from rage_pg.ingest.files import NAMED, TAKEN
from rage_pg.ingest.manifest import SUFFIXES, Row, manifest_rows
from rage_pg.ingest.metadata import given, with_defaults
from rage_pg.ingest.sources import Source, folder_tag, shown
from rage_pg.types import ImageMetadata

UNPACKED = 2
"""How many times as large as an archive may be its images may be, unpacked."""
ENTRY_RATIO, ENTRY_FREE = 200, MIB
WHOLE_RATIO, WHOLE_FREE = 50, 64 * MIB
"""Unpacked bytes to packed ones, of one entry and of all, beyond what is free. Pictures hardly shrink."""

LONGEST_MANIFEST = 32 * MIB

NOTICED = TAKEN | NAMED | {".zip"}
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

Names = dict[str, Entry]


def archive_sources(
    archive: zipfile.ZipFile, root: str, prefix: str, defaults: ImageMetadata, limits: Limits
) -> list[Source]:
    """The images of an archive, those that its manifest names first. `defaults` have been checked.

    `root` is the archive's own key, empty where it has none; `prefix` stands before names in reports. Raises
    InvalidInput for a manifest that cannot be used, TooLarge where all of it would be too much.
    """
    entries = sorted(_entries(archive), key=lambda pair: pair[0])
    names = dict(entries)
    found = [_described(row, names, root, prefix, defaults) for row in _rows(names)]
    met = {source.path for source in found}
    found += [
        _found(name, entry, root, prefix, defaults)
        for name, entry in entries
        if name not in met and (_suffix(name) in NOTICED or _leads_out(name))
    ]
    _check_unpacked(found, limits)
    return found


def _check_unpacked(sources: Sequence[Source], limits: Limits) -> None:
    """An entry that a manifest names many times is unpacked many times."""
    contents = [source.content for source in sources if source.problem is None]
    taken = [content.info for content in contents if isinstance(content, Entry)]
    unpacked = sum(info.file_size for info in taken)
    most = limits.max_archive_bytes * UNPACKED
    if unpacked > most:
        raise TooLarge(f"The archive unpacks to {unpacked:,} bytes, at most {most:,} are taken.", "file")
    if unpacked > max(WHOLE_FREE, WHOLE_RATIO * sum(info.compress_size for info in taken)):
        raise TooLarge(
            f"The archive unpacks to more than {WHOLE_RATIO} times its size, as a bomb does.", "file"
        )


def _entries(archive: zipfile.ZipFile) -> Iterator[tuple[str, Entry]]:
    """Every file that is not hidden, by its name; one that is not taken with the reason."""
    files = [info for info in archive.infolist() if not info.orig_filename.endswith("/")]
    named = [(_name(info), info) for info in files]
    times = Counter(name for name, _ in named)
    for name, info in named:
        if _is_hidden(name) and not _leads_out(name):
            continue
        problem = _why_not(name, info)
        if problem is None and times[name] > 1:
            problem = "Several entries of the archive have this name."
        yield name, Entry(archive, info, problem)


def _name(info: zipfile.ZipInfo) -> str:
    """An entry's name in normal form. Many programs write UTF-8 without saying so."""
    name = info.orig_filename
    if not info.flag_bits & IN_UTF8:
        with suppress(UnicodeDecodeError):
            name = name.encode("cp437").decode("utf-8")
    return name if _leads_out(name) else _normal(name)


def _normal(name: str) -> str:
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def _why_not(name: str, info: zipfile.ZipInfo) -> str | None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if _leads_out(name):
        return "The entry's name leads outside the archive, or could."
    if kind not in (0, stat.S_IFREG):
        return "This entry is a link or another thing that is no file."
    if info.flag_bits & ENCRYPTED:
        return "This entry is encrypted."
    if info.compress_type not in METHODS:
        return "This entry is compressed by another method than deflate."
    if _suffix(name) == ".zip":
        return "An archive within an archive is not opened."
    if info.file_size > max(ENTRY_FREE, ENTRY_RATIO * info.compress_size):
        return f"This entry unpacks to more than {ENTRY_RATIO} times its size, as a bomb does."
    return None


def _leads_out(name: str) -> bool:
    drive = len(name) > 1 and name[1] == ":" and name[0].isalpha()
    return drive or name.startswith("/") or "\\" in name or "\0" in name or ".." in name.split("/")


def _is_hidden(name: str) -> bool:
    return any(part == "__MACOSX" or part.startswith(".") for part in name.split("/"))


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _rows(names: Names) -> list[Row]:
    """What the archive's manifest says, if it has one."""
    manifests = [name for suffix in SUFFIXES if (name := f"manifest{suffix}") in names]
    if not manifests:
        return []
    if len(manifests) > 1:
        raise InvalidInput(f"The archive has several manifests: {', '.join(manifests)}.", field="file")
    name, entry = manifests[0], names[manifests[0]]
    if entry.problem is not None:
        raise InvalidInput(f"{name}: {entry.problem}", field="file")
    try:
        return manifest_rows(name, entry.unpacked(Limits(max_bytes=LONGEST_MANIFEST)), MOST_ENTRIES)
    except InvalidInput as error:
        if error.field == "manifest":
            raise
        raise InvalidInput(f"{name}: {error}", field="file") from error


def _described(row: Row, names: Names, root: str, prefix: str, defaults: ImageMetadata) -> Source:
    path = _normal(row.path)
    entry = names.get(path)
    problem = row.problem
    if problem is None and (is_url(row.path) or _leads_out(row.path)):
        problem = f"Line {row.line}: the path leads outside the archive."
    elif problem is None:
        problem = entry.problem if entry else "The archive does not have this file."
    return shown(
        Source(
            name=prefix + row.path,
            content=entry,
            size=entry.info.file_size if entry else 0,
            root=root,
            path=path,
            metadata=with_defaults(row.metadata, defaults),
            added_tags=given(defaults.tags) or (),
            problem=problem,
        )
    )


def _found(name: str, entry: Entry, root: str, prefix: str, defaults: ImageMetadata) -> Source:
    return shown(
        Source(
            name=prefix + name,
            content=entry,
            size=entry.info.file_size,
            root=root,
            path=name,
            metadata=structs.replace(defaults, tags=UNSET),
            added_tags=(*folder_tag(PurePosixPath(name)), *(given(defaults.tags) or ())),
            problem=entry.problem,
        )
    )
