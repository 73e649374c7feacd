"""Which files an import takes, and what each is called and said to be. Reads names and sizes, no content."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath

from msgspec import UNSET, structs

from rage_pg.ingest.manifest import Row
from rage_pg.ingest.metadata import given, with_defaults
from rage_pg.ingest.sources import File, Source, folder_tag, shown
from rage_pg.types import ImageMetadata

TAKEN = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".dib"}
    | {".avif", ".avifs", ".heic", ".heif", ".hif"}
)
NAMED = frozenset(
    {".svg", ".svgz", ".psd", ".psb", ".xcf", ".jxl", ".jp2", ".j2k", ".jpf", ".jpx", ".ico", ".icns", ".tga"}
    | {".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"}
)
"""What a person takes for a picture and is none that is taken: reported, where a folder's other files are
left alone in silence."""


def described(row: Row, root: Path, defaults: ImageMetadata) -> Source:
    """The file that a row of a manifest in the folder `root` names."""
    file = Path(os.path.realpath(root / row.path.replace("\0", "")))
    return _checked(
        Source(
            name=row.path,
            content=File(file),
            root=str(root),
            path=PurePath(os.path.normpath(row.path)).as_posix(),
            metadata=with_defaults(row.metadata, defaults),
            added_tags=given(defaults.tags) or (),
            problem=row.problem or _outside(row, root, file),
        ),
        file,
    )


def _outside(row: Row, root: Path, file: Path) -> str | None:
    if "\0" in row.path:
        return f"Line {row.line}: the path contains a NUL character."
    if PurePath(row.path).is_absolute() or not file.is_relative_to(root):
        return f"Line {row.line}: the path leads outside the manifest's folder."
    return None


def in_path(source: Path, defaults: ImageMetadata) -> Iterator[Source]:
    """A file, or the images of a folder with all below it."""
    if not os.path.isdir(source):  # unlike Path.is_dir, it never raises
        yield _found(source, source.parent, defaults)
        return
    empty = True
    for file, problem in _walk(source):
        empty = False
        yield unreadable(file, problem) if problem else _found(file, source, defaults)
    if empty:
        yield unreadable(source, "There are no images in this folder.")


def unreadable(file: Path, problem: str) -> Source:
    return shown(Source(name=str(file), problem=problem))


def _walk(folder: Path) -> Iterator[tuple[Path, str | None]]:
    """The images of a folder and below by name, each real folder once; what is hidden is left out."""
    waiting = [folder]
    seen: set[str] = set()
    while waiting:
        current = waiting.pop()
        real = os.path.realpath(current)
        if real in seen:
            continue
        seen.add(real)
        try:
            names = sorted(name for name in os.listdir(current) if not name.startswith("."))
        except OSError as error:
            yield current, f"The folder cannot be read: {error.strerror}."
            continue
        files = [current / name for name in names]
        folders = [path for path in files if os.path.isdir(path)]
        yield from ((path, None) for path in files if _is_image(path))
        waiting += reversed(folders)


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in TAKEN | NAMED and not os.path.isdir(path)


def _found(file: Path, folder: Path, defaults: ImageMetadata) -> Source:
    path = file.relative_to(folder)
    real = Path(os.path.realpath(file))
    return _checked(
        Source(
            name=str(file),
            content=File(real),
            root=os.path.realpath(folder),
            path=path.as_posix(),
            metadata=structs.replace(defaults, tags=UNSET),
            added_tags=(*folder_tag(path), *(given(defaults.tags) or ())),
        ),
        real,
    )


def _checked(source: Source, file: Path) -> Source:
    """The source with its size, or with what is wrong with it; its name can be shown in either case."""
    source = shown(source)
    if source.problem:
        return source
    size, problem = _measured(file)
    return structs.replace(source, size=size, problem=problem)


def _measured(file: Path) -> tuple[int, str | None]:
    try:
        status = file.stat()
    except FileNotFoundError:
        return 0, "The file does not exist."
    except OSError as error:
        return 0, f"The file cannot be read: {error.strerror}."
    # Opening a pipe or a device might never end.
    return (status.st_size, None) if stat.S_ISREG(status.st_mode) else (0, "This is not a file.")
