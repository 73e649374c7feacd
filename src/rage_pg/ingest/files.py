"""Which files an import takes, and what each is called and said to be. Reads names and sizes, no content."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from msgspec import UNSET, Struct, structs

from rage_pg.errors import InvalidInput
from rage_pg.ingest.manifest import Row, read_manifest
from rage_pg.ingest.metadata import LONGEST, checked, given, with_defaults
from rage_pg.texts import escaped, is_tag
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
LONGEST_PATH = 2_000
"""Bytes of a root and a path together that still fit an index."""


class Source(Struct, frozen=True, kw_only=True):
    """One file of an import. A source with a `problem` is reported and not read."""

    name: str
    file: Path
    size: int = 0
    root: str = ""
    path: str = ""
    metadata: ImageMetadata = ImageMetadata()
    added_tags: tuple[str, ...] = ()
    problem: str | None = None


def discover(sources: Sequence[Path], manifest: Path | None, defaults: ImageMetadata) -> list[Source]:
    """Every file of an import, the manifest's first. A file that the manifest names is met only there.

    Raises InvalidInput for a manifest that cannot be used, or where there is nothing to import at all.
    """
    defaults = checked(defaults)
    found = [] if manifest is None else list(_from_manifest(manifest, defaults))
    named = {source.file for source in found}
    found += [one for source in sources for one in _from_path(source, defaults) if one.file not in named]
    if not found:
        raise InvalidInput("Name files, folders or a manifest to import.")
    if manifest is None and all(source.problem for source in found):
        raise InvalidInput(f"There is nothing to import. {found[0].name}: {found[0].problem}")
    return found


def title_of(name: str) -> str | None:
    """A title made of a file's name: "red-lantern_02.png" is "red lantern 02"."""
    return re.sub(r"[\s_-]+", " ", PurePath(name).stem).strip()[: LONGEST["title"]] or None


def _from_manifest(manifest: Path, defaults: ImageMetadata) -> Iterator[Source]:
    rows = read_manifest(manifest)
    root = Path(os.path.realpath(manifest)).parent
    for row in rows:
        file = Path(os.path.realpath(root / row.path.replace("\0", "")))
        yield _checked(
            Source(
                name=row.path,
                file=file,
                root=str(root),
                path=PurePath(os.path.normpath(row.path)).as_posix(),
                metadata=with_defaults(row.metadata, defaults),
                added_tags=given(defaults.tags) or (),
                problem=row.problem or _outside(row, root, file),
            )
        )


def _outside(row: Row, root: Path, file: Path) -> str | None:
    if "\0" in row.path:
        return f"Line {row.line}: the path contains a NUL character."
    if PurePath(row.path).is_absolute() or not file.is_relative_to(root):
        return f"Line {row.line}: the path leads outside the manifest's folder."
    return None


def _from_path(source: Path, defaults: ImageMetadata) -> Iterator[Source]:
    if not os.path.isdir(source):  # unlike Path.is_dir, it never raises
        yield _found(source, source.parent, defaults)
        return
    empty = True
    for file, problem in _walk(source):
        empty = False
        yield _problem(file, problem) if problem else _found(file, source, defaults)
    if empty:
        yield _problem(source, "There are no images in this folder.")


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
    return _checked(
        Source(
            name=str(file),
            file=Path(os.path.realpath(file)),
            root=os.path.realpath(folder),
            path=path.as_posix(),
            metadata=structs.replace(defaults, tags=UNSET),
            added_tags=(*_folder_tag(path), *(given(defaults.tags) or ())),
        )
    )


def _folder_tag(path: Path) -> tuple[str, ...]:
    """The tag that a file's folder gives it; none where the folder's name cannot be one."""
    tag = path.parent.as_posix()
    return (tag,) if path.parent.name and is_tag(tag) else ()


def _checked(source: Source) -> Source:
    """The source with its size, or with what is wrong with it; its name can be shown in either case."""
    size, problem = _measured(source)
    return structs.replace(source, name=escaped(source.name), size=size, problem=problem)


def _measured(source: Source) -> tuple[int, str | None]:
    if source.problem:
        return 0, source.problem
    try:
        if len(f"{source.root}{source.path}".encode()) > LONGEST_PATH:
            return 0, "The path is too long."
        status = source.file.stat()
    except UnicodeEncodeError:
        return 0, "The file's path is not UTF-8."
    except FileNotFoundError:
        return 0, "The file does not exist."
    except OSError as error:
        return 0, f"The file cannot be read: {error.strerror}."
    # Opening a pipe or a device might never end.
    return (status.st_size, None) if stat.S_ISREG(status.st_mode) else (0, "This is not a file.")


def _problem(file: Path, problem: str) -> Source:
    return _checked(Source(name=str(file), file=file, problem=problem))
