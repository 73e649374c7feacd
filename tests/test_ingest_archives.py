"""Which entries of an archive are images, what each hostile archive comes to, and what it may cost."""

from __future__ import annotations

import io
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable

import pytest

from rage_pg.config import MIB, Limits
from rage_pg.errors import InvalidInput, RageError, TooLarge
from rage_pg.ingest.archives import LONGEST_DIRECTORY, open_archive
from rage_pg.ingest.entries import archive_sources
from rage_pg.ingest.sources import Source
from rage_pg.types import ImageMetadata
from tests import archives as made
from tests.hostile import png

NOTHING = ImageMetadata()
LIMITS = Limits(max_bytes=4 * MIB, max_archive_bytes=64 * MIB)

DAMAGED = "This is no intact ZIP archive."
LEADS_OUT = "The entry's name leads outside the archive, or could."
NO_FILE = "This entry is a link or another thing that is no file."
ENCRYPTED = "This entry is encrypted."
METHOD = "This entry is compressed by another method than deflate."
BROKEN = "This entry of the archive is damaged."
CONTRADICTS = "The archive's list of entries contradicts the entries."
OVERLAP = "Entries of the archive overlap, as those of a bomb do."


def found(content: bytes, defaults: ImageMetadata = NOTHING, limits: Limits = LIMITS) -> list[Source]:
    return archive_sources(open_archive(io.BytesIO(content)), "", "", defaults, limits)


async def verdict(content: bytes) -> str:
    """What the archive, or its only entry that is not sound, comes to."""
    try:
        sources = found(content)
    except InvalidInput as error:
        return str(error)
    problems: list[str] = []
    for source in sources:
        try:
            assert source.content is not None
            problems.append(source.problem or ("" if await source.content.read(LIMITS) else "empty"))
        except RageError as error:
            problems.append(str(error))
    (problem,) = {one for one in problems if one} or {"taken"}
    return problem


def cut(share: float) -> Callable[[], bytes]:
    def make() -> bytes:
        content = made.named("a.png", "b.png", "c.png")
        return content[: int(len(content) * share)]

    return make


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", DAMAGED),
    "text": (lambda: b"a picture of a lantern" * 90, DAMAGED),
    "a picture": (png, DAMAGED),
    "only an end": (lambda: made.end(0, 0, 0), "taken"),
    "an end that lies about the place": (lambda: made.end(1, 46, 900), DAMAGED),
    "an end within a comment": (lambda: made.end(0, 0, 0, comment=made.end(9, 99, 9)), DAMAGED),
    "cut at the list": (cut(0.9), DAMAGED),
    "cut in the middle": (cut(0.5), DAMAGED),
    "cut at the start": (cut(0.02), DAMAGED),
    "without its first half": (lambda: made.named("a.png", "b.png")[200:], DAMAGED),
    "absolute": (lambda: made.named("/etc/passwd.png"), LEADS_OUT),
    "upwards": (lambda: made.named("../a.png"), LEADS_OUT),
    "upwards in the middle": (lambda: made.named("a/../../b.png"), LEADS_OUT),
    "upwards, no image": (lambda: made.named("../../.ssh/authorized_keys"), LEADS_OUT),
    "backslashes": (lambda: made.named("..\\a.png"), LEADS_OUT),
    "a drive": (lambda: made.named("C:/a.png"), LEADS_OUT),
    "a relative drive": (lambda: made.named("c:a.png"), LEADS_OUT),
    "a share": (lambda: made.named("\\\\host\\a.png"), LEADS_OUT),
    "NUL in a name": (lambda: made.renamed(made.named("a_b.png"), b"a_b.png", b"a\0b.png"), LEADS_OUT),
    "not UTF-8 though it says so": (
        lambda: made.renamed(made.named("é.png"), "é.png".encode(), b"\xff\xfe.png"),
        DAMAGED,
    ),
    "a long path": (lambda: made.named("a" * 2_001 + ".png"), "The path is too long."),
    "a link": (lambda: made.link("a.png", "/etc/passwd"), NO_FILE),
    "a pipe": (lambda: made.link("a.png", "", stat.S_IFIFO), NO_FILE),
    "a device": (lambda: made.link("a.png", "", stat.S_IFCHR), NO_FILE),
    "encrypted": (lambda: made.flagged(0x1), ENCRYPTED),
    "encrypted strongly": (lambda: made.flagged(0x41), ENCRYPTED),
    "a masked list": (lambda: made.flagged(0x2000), ENCRYPTED),
    "deflate64": (lambda: made.compressed_by(9), METHOD),
    "bzip2": (lambda: made.archive([("a.png", png())], zipfile.ZIP_BZIP2), METHOD),
    "lzma": (lambda: made.archive([("a.png", png())], zipfile.ZIP_LZMA), METHOD),
    "zstandard": (lambda: made.compressed_by(93), METHOD),
    "an unknown method": (lambda: made.compressed_by(4711), METHOD),
    "AES": (lambda: made.compressed_by(99), METHOD),
    "an archive within": (
        lambda: made.archive([("inner.zip", made.named("a.png"))]),
        "An archive within an archive is not opened.",
    ),
    "the same name twice": (
        lambda: made.renamed(made.named("a.png", "b.png"), b"b.png", b"a.png"),
        "Several entries of the archive have this name.",
    ),
    "the same name in two spellings": (
        lambda: made.named("x/a.png", "./x//a.png"),
        "Several entries of the archive have this name.",
    ),
    "a false checksum": (made.false_checksum, BROKEN),
    "not what the list calls it": (
        lambda: made.patched(made.named("a.png"), made.LOCAL, 30, "<5B", *b"b.exe"),
        CONTRADICTS,
    ),
    "packed otherwise than listed": (
        lambda: made.patched(made.named("a.png"), made.LOCAL, 8, "<H", 0),
        CONTRADICTS,
    ),
    "encrypted though not listed so": (
        lambda: made.patched(made.named("a.png"), made.LOCAL, 6, "<H", 1),
        CONTRADICTS,
    ),
    "no header where one is listed": (
        lambda: made.patched(made.named("a.png"), made.CENTRAL, 42, "<I", 3),
        CONTRADICTS,
    ),
    "beyond its end": (lambda: made.patched(made.named("a.png"), made.CENTRAL, 42, "<I", 90_000), DAMAGED),
    "longer than the archive": (
        lambda: made.patched(made.named("a.png"), made.CENTRAL, 20, "<I", 90_000),
        DAMAGED,
    ),
    "of two disks": (
        lambda: made.patched(made.named("a.png"), made.CENTRAL, 34, "<H", 1),
        "The archive is one part of several; make it one file.",
    ),
    "one entry many times": (made.overlapping, OVERLAP),
    "quoted headers": (made.quoted, OVERLAP),
    "too many entries": (
        lambda: made.many(50_001),
        "The archive has 50,001 entries, at most 50,000 are taken.",
    ),
    "a list too long": (
        lambda: made.many(160_000),
        f"The archive's list of entries has more than {LONGEST_DIRECTORY:,} bytes.",
    ),
    "a bomb": (
        lambda: made.large("a.png", 40 * MIB),
        "This entry unpacks to more than 200 times its size, as a bomb does.",
    ),
    "a bomb that lies": (lambda: made.lying_small(40 * MIB), BROKEN),
    "large": (
        lambda: made.large("a.png", 5 * MIB, zipfile.ZIP_STORED),
        "The file has 5,242,880 bytes, at most 4,194,304 are taken.",
    ),
    "much together": (
        lambda: made.archive([(f"{n}.png", bytes(n + 1_000_000)) for n in range(150)]),
        "The archive unpacks to 150,011,175 bytes, at most 134,217,728 are taken.",
    ),
    "packed too well together": (
        lambda: made.archive([(f"{n}.png", bytes(n + 1_000_000)) for n in range(70)]),
        "The archive unpacks to more than 50 times its size, as a bomb does.",
    ),
    "an empty entry": (lambda: made.archive([("a.png", b"")]), "The file is empty."),
    "Zip64 that counts too far": (lambda: made.zip64_end(2**60, 51, 0)(made.named("a.png")), CONTRADICTS),
    "Zip64 with a list of exabytes": (
        lambda: made.zip64_end(1, 2**62, 0)(made.named("a.png")),
        DAMAGED,
    ),
    "Zip64 with a list before the start": (
        lambda: made.zip64_end(1, 51, 2**62)(made.named("a.png")),
        DAMAGED,
    ),
    "two manifests": (
        lambda: made.archive([("manifest.csv", b"path\n"), ("manifest.jsonl", b"{}"), ("a.png", png())]),
        "The archive has several manifests: manifest.csv, manifest.jsonl.",
    ),
    "a manifest that cannot be read": (
        lambda: made.archive([("manifest.csv", b"name\na.png\n"), ("a.png", png())]),
        "manifest.csv has no column 'path'; its columns, split at commas: name.",
    ),
    "a manifest of many rows": (
        lambda: made.archive([("manifest.csv", b"path\n" + b"a.png\n" * 50_001), ("a.png", png())]),
        "manifest.csv has more than 50,000 rows.",
    ),
    "a manifest of many lines": (
        lambda: made.archive([("manifest.jsonl", b'{"path": "a.png"}\n' * 50_001), ("a.png", png())]),
        "manifest.jsonl has more than 50,000 rows.",
    ),
    "a manifest that names one entry often": (
        lambda: made.archive(
            [("manifest.csv", b"path\n" + b"a.bin\n" * 50), ("a.bin", bytes(3 * MIB))], zipfile.ZIP_STORED
        ),
        "The archive unpacks to 157,286,400 bytes, at most 134,217,728 are taken.",
    ),
    "a manifest that is a bomb": (
        lambda: made.archive([("manifest.csv", b"path\n" + b" " * 30 * MIB)]),
        "manifest.csv: This entry unpacks to more than 200 times its size, as a bomb does.",
    ),
    "a manifest twice": (
        lambda: made.renamed(
            made.archive([("manifest.csv", b"path\na.png\n"), ("manifest_csv", b"path\nb.png\n")]),
            b"manifest_csv",
            b"manifest.csv",
        ),
        "manifest.csv: Several entries of the archive have this name.",
    ),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_archive_comes_to_its_verdict_in_little_memory(name: str) -> None:
    make, expected = HOSTILE[name]
    content = make()
    tracemalloc.start()
    try:
        said = await verdict(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert said == expected
    assert "\n" not in said
    assert peak < 50 * MIB


@pytest.mark.parametrize(
    "content",
    [
        made.named("a.png"),
        made.archive([("a.png", png(1))], zipfile.ZIP_STORED),
        made.described(),
        b"#!/bin/sh\nexit\n" + made.named("a.png"),
        made.named("a.png") + b"",
        made.zip64_end(1, 51, made.named("a.png").index(made.CENTRAL))(made.named("a.png")),
    ],
    ids=["deflated", "stored", "with descriptors", "behind a script", "as it is", "Zip64"],
)
async def test_a_sound_archive_is_taken(content: bytes) -> None:
    (source,) = found(content)
    assert source.problem is None
    assert source.content is not None
    assert await source.content.read(LIMITS) in (png(0), png(1))


def test_images_are_found_like_those_of_a_folder() -> None:
    content = made.named(
        "top.png", "camp/light/Lamp.JPG", "./camp//b.webp", "notes.txt", "film.mp4", "photo.heic", "empty/",
        ".hidden.png", ".git/x.png", "__MACOSX/._top.png", "a/__MACOSX/b.png", "a/._b.png", "a/.DS_Store",
    )  # fmt: skip
    sources = found(content, ImageMetadata(tags=("new",), brand="lumen"))
    assert {source.path: source.added_tags for source in sources} == {
        "camp/b.webp": ("camp", "new"),
        "camp/light/Lamp.JPG": ("camp/light", "new"),
        "photo.heic": ("new",),
        "top.png": ("new",),
    }
    assert {source.metadata.brand for source in sources} == {"lumen"}


def test_names_are_read_in_utf8_and_else_in_code_page_437() -> None:
    assert [source.path for source in found(made.named("Bäume/日本.png"))] == ["Bäume/日本.png"]
    silent = made.both(made.named("Bäume/日本.png"), 6, 8, "<H", 0)
    assert [source.path for source in found(silent)] == ["Bäume/日本.png"]
    dos = made.renamed(made.named("caf_.png"), b"caf_", b"caf\x82")
    assert [source.path for source in found(dos)] == ["café.png"]


async def test_a_manifest_at_the_root_says_what_images_are() -> None:
    manifest = (
        "path,title,external_id\nimg/a.png,Lamp,A-1\n./img/b.png,,\n../c.png,,\nimg/none.png,,\n"
        "https://shop.example/d.png,,\nlink.png,,\n"
    )
    entries: made.Entries = [
        ("manifest.csv", manifest.encode()), ("img/a.png", png(1)), ("img/b.png", png(2)), ("img/e.png",
        png(3)),
        ("deep/manifest.csv", b"rubbish"), (made.info("link.png", mode=stat.S_IFLNK), b"/etc/passwd"),
    ]  # fmt: skip
    sources = found(made.archive(entries), ImageMetadata(tags=("new",)))
    assert [(source.path, source.problem) for source in sources] == [
        ("img/a.png", None),
        ("img/b.png", None),
        ("../c.png", "Line 4: the path leads outside the archive."),
        ("img/none.png", "The archive does not have this file."),
        ("https:/shop.example/d.png", "Line 6: the path leads outside the archive."),
        ("link.png", NO_FILE),
        ("img/e.png", None),
    ]
    assert (sources[0].metadata.title, sources[0].metadata.external_id) == ("Lamp", "A-1")
    assert [source.added_tags for source in sources if not source.problem] == [
        ("new",),
        ("new",),
        ("img", "new"),
    ]


async def test_what_comes_out_is_no_more_than_is_said() -> None:
    """The list says 100 bytes, the entry has 40 MiB of zeros: they are never in memory."""
    content = made.lying_small(40 * MIB)
    tracemalloc.start()
    assert await verdict(content) == BROKEN
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * MIB


def test_too_large_is_told_as_that() -> None:
    for name in ("too many entries", "a list too long", "much together", "packed too well together"):
        with pytest.raises(TooLarge):
            found(HOSTILE[name][0]())


@pytest.mark.parametrize("offset", [2**62, 2**63, 2**64 - 1])
def test_an_entry_beyond_any_file_is_no_intact_archive(offset: int) -> None:
    content = bytearray(made.named("a.png"))
    directory, end = content.index(made.CENTRAL), content.index(made.END)
    extra = struct.pack("<HHQ", 1, 8, offset)
    struct.pack_into("<H", content, directory + 30, len(extra))
    struct.pack_into("<I", content, directory + 42, 2**32 - 1)
    struct.pack_into("<I", content, end + 12, end - directory + len(extra))
    content[end:end] = extra
    with pytest.raises(InvalidInput, match="no intact ZIP archive"):
        found(bytes(content))
