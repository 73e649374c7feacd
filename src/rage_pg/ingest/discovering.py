"""What an import was asked for, paths, URLs and a manifest, to one list of sources."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from msgspec import UNSET, Struct, structs

from rage_pg.config import MIB, Limits
from rage_pg.errors import InvalidInput
from rage_pg.ingest.addresses import is_url, parse_url
from rage_pg.ingest.archives import open_archive
from rage_pg.ingest.entries import archive_sources
from rage_pg.ingest.fetching import Fetcher, Page
from rage_pg.ingest.files import described, in_path, unreadable
from rage_pg.ingest.manifest import Row, read_manifest
from rage_pg.ingest.metadata import checked, given, with_defaults
from rage_pg.ingest.sources import Content, Source, shown
from rage_pg.types import ImageMetadata

RECKONED = 16 * MIB
"""Bytes that are reckoned for what a URL gives: nobody knows before."""
LONGEST_NAME = 200


class Discovery(Struct, frozen=True, kw_only=True):
    """How sources are found. Archives stay open until `opened` is closed; `defaults` must be checked."""

    defaults: ImageMetadata
    limits: Limits
    fetcher: Fetcher
    opened: ExitStack

    def discover(self, sources: Sequence[Path | str], manifest: Path | None) -> list[Source]:
        """Everything to import, the manifest's first. What the manifest names is met only there.

        A text among `sources` is a URL. Raises InvalidInput for a manifest that cannot be used, or where
        there is nothing to import at all.
        """
        found = [] if manifest is None else list(self._in_manifest(manifest))
        named: set[Content | None] = {source.content for source in found}
        found += [
            one
            for source in sources
            for one in self._in(source)
            if not one.content or one.content not in named
        ]
        if not found:
            raise InvalidInput("Name files, folders, URLs or a manifest to import.")
        if manifest is None and all(source.problem for source in found):
            raise InvalidInput(f"There is nothing to import. {found[0].name}: {found[0].problem}")
        return found

    def _in_manifest(self, manifest: Path) -> Iterator[Source]:
        root = Path(os.path.realpath(manifest)).parent
        for row in read_manifest(manifest):
            yield self._row_of_url(row) if is_url(row.path) else described(row, root, self.defaults)

    def _row_of_url(self, row: Row) -> Source:
        found = self._at(row.path)
        place = f"Line {row.line}: {found.problem}" if found.problem else None
        metadata = with_defaults(row.metadata, self.defaults)
        return structs.replace(found, metadata=metadata, problem=row.problem or place)

    def _in(self, source: Path | str) -> Iterator[Source]:
        if isinstance(source, str):
            yield self._at(source)
        elif source.suffix.lower() == ".zip" and not os.path.isdir(source):
            yield from self._in_archive(source)
        else:
            yield from in_path(source, self.defaults)

    def _at(self, url: str) -> Source:
        try:
            target = parse_url(url)
        except InvalidInput as error:
            return shown(Source(name=url[:LONGEST_NAME], problem=str(error)))
        return shown(
            Source(
                name=target.name,
                content=Page(target, self.fetcher),
                size=RECKONED,
                root=target.root,
                path=target.identifier,
                title=target.title,
                metadata=structs.replace(self.defaults, tags=UNSET),
                added_tags=given(self.defaults.tags) or (),
            )
        )

    def _in_archive(self, file: Path) -> Iterator[Source]:
        """An archive that cannot be taken is reported like a file, and stops nothing."""
        try:
            archive = open_archive(self.opened.enter_context(file.open("rb")))
            root = os.path.realpath(file)
            found = archive_sources(archive, root, f"{file}/", self.defaults, self.limits)
        except OSError as error:
            found = [unreadable(file, f"The file cannot be read: {error.strerror}.")]
        except InvalidInput as error:
            found = [unreadable(file, str(error))]
        yield from found or [unreadable(file, "There are no images in this archive.")]


def discovery(
    defaults: ImageMetadata, limits: Limits, fetcher: Fetcher | None, opened: ExitStack
) -> Discovery:
    """Raises InvalidInput for defaults that the store could not hold."""
    return Discovery(defaults=checked(defaults), limits=limits, fetcher=fetcher or Fetcher(), opened=opened)
