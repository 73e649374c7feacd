"""More than two hundred files that somebody made to be in the way, by family and name."""

from __future__ import annotations

import gzip
import random
import struct
import zlib
from collections.abc import Iterator

from PIL import Image

from tests.hostile import (
    bomb_gif,
    bomb_png,
    bomb_webp,
    chunk,
    encoded,
    false_checksum_png,
    not_images,
    picture,
)
from tests.sound import sound

ONE_OF_EACH = (
    "jpeg", "jpeg progressive", "png", "png animated", "webp", "webp animated", "gif", "gif animated", "tiff",
    "tiff lzw", "tiff pages", "bmp", "avif", "heic photo",
)  # fmt: skip
HEADER = struct.Struct(">IIBBBBB")
MIB = 1024 * 1024

Named = Iterator[tuple[str, bytes]]


def hostile_files() -> dict[str, bytes]:
    """All of them, the same ones each time."""
    families = [cut_off, flipped, false_sizes, bombs, endless, looped, lying_boxes, overlapping, renamed]
    families += [looped_exif, entity_bombs, junk]
    files = {f"{family.__name__}: {name}": content for family in families for name, content in family()}
    return files | {f"no image: {name}": content for name, (content, _) in not_images().items()}


def cut_off() -> Named:
    for name in ONE_OF_EACH:
        content = sound()[name]
        for share in (0.01, 0.1, 0.3, 0.6, 0.9, 0.99):
            yield f"{name} at {share:.0%}", content[: max(1, int(len(content) * share))]


def flipped() -> Named:
    for name in ONE_OF_EACH:
        for seed in range(3):
            chance = random.Random(f"{name} {seed}")
            content = bytearray(sound()[name])
            for _ in range(4):
                content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            yield f"{name} with seed {seed}", bytes(content)


def png_of(*chunks: bytes, header: bytes = HEADER.pack(8, 8, 8, 2, 0, 0, 0)) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IEND", b"")


PIXELS = chunk(b"IDAT", zlib.compress(bytes(8 * 25)))


def false_sizes() -> Named:
    """Headers that claim more or fewer pixels than there are."""
    for width, height in (
        (0, 0),
        (0, 8),
        (8, 0),
        (8, 4_000),
        (9_999, 9_999),
        (2**31 - 1, 2**31 - 1),
        (2**32 - 1, 1),
    ):
        yield f"png {width} x {height}", png_of(PIXELS, header=HEADER.pack(width, height, 8, 2, 0, 0, 0))
    for width, height in ((0, 0), (1, 65_535), (65_535, 65_535)):
        content = bytearray(sound()["gif"])
        content[6:10] = struct.pack("<HH", width, height)
        yield f"gif {width} x {height}", bytes(content)
        content = bytearray(sound()["jpeg"])
        start = content.index(b"\xff\xc0") + 5
        content[start : start + 4] = struct.pack(">HH", height, width)
        yield f"jpeg {width} x {height}", bytes(content)
    for width, height in ((0, 0), (-5, 5), (50_000, 50_000), (2**31 - 1, -(2**31)), (64, -48)):
        content = bytearray(sound()["bmp"])
        content[18:26] = struct.pack("<ii", width, height)
        yield f"bmp {width} x {height}", bytes(content)
    for tag, value in (
        (256, 0),
        (256, 2**32 - 1),
        (257, 2**31),
        (277, 60_000),
        (258, 77),
        (259, 9_999),
        (262, 9_999),
    ):
        yield f"tiff {tag} is {value}", tiff_with(tag, value)
    for name in ("avif", "heic photo"):
        content = bytearray(sound()[name])
        start = content.index(b"ispe") + 8
        content[start : start + 8] = struct.pack(">II", 60_000, 60_000)
        yield f"{name} of 60,000 squared", bytes(content)
    for depth, colour in ((3, 2), (16, 3), (8, 7), (0, 0)):
        yield (
            f"png of {depth} bits and colour {colour}",
            png_of(PIXELS, header=HEADER.pack(8, 8, depth, colour, 0, 0, 0)),
        )


def tiff_with(tag: int, value: int) -> bytes:
    """The sound TIFF with another value in one entry."""
    content = bytearray(sound()["tiff"])
    (start,) = struct.unpack_from("<I", content, 4)
    for index in range(struct.unpack_from("<H", content, start)[0]):
        at = start + 2 + 12 * index
        if struct.unpack_from("<H", content, at)[0] == tag:
            struct.pack_into("<HHII", content, at, tag, 4, 1, value)
    return bytes(content)


def bombs() -> Named:
    """Little that unpacks to much."""
    much = zlib.compress(bytes(100 * MIB), 9)
    yield "png of 40,000 squared", bomb_png()
    yield "webp", bomb_webp()
    yield "gif", bomb_gif()
    yield "png text", png_of(chunk(b"zTXt", b"Title\0\0" + much), PIXELS)
    yield "png international text", png_of(chunk(b"iTXt", b"Title\0\1\0\0\0" + much), PIXELS)
    yield "png xmp", png_of(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + much), PIXELS)
    yield "png profile", png_of(chunk(b"iCCP", b"ICC\0\0" + much), PIXELS)
    yield (
        "png of many texts",
        png_of(*[chunk(b"zTXt", b"A\0\0" + zlib.compress(bytes(900_000)))] * 300, PIXELS),
    )
    name = chunk(b"zTXt", b"Title\0\0" + zlib.compress(bytes(999_000)))
    yield "png of one text 2,000 times", png_of(name * 2_000, PIXELS)
    yield "png pixels", png_of(chunk(b"IDAT", much))
    yield (
        "png frames",
        png_of(
            chunk(b"acTL", struct.pack(">II", 2, 0)),
            chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 8, 8, 0, 0, 1, 1, 0, 0)),
            PIXELS,
            chunk(b"fcTL", struct.pack(">IIIIIHHBB", 1, 60_000, 60_000, 0, 0, 1, 1, 0, 0)),
            chunk(b"fdAT", b"\0\0\0\2" + much),
        ),
    )
    yield "tiff deflate", encoded(Image.new("1", (9_000, 9_000)), "TIFF", compression="tiff_adobe_deflate")
    yield (
        "tiff deflate of too many pixels",
        encoded(Image.new("1", (12_000, 9_000)), "TIFF", compression="tiff_lzw"),
    )
    tall = zlib.compressobj()
    rows = [tall.compress(bytes(1 + 2 * 9_000)) for _ in range(9_000)]
    deep = chunk(b"IDAT", b"".join((*rows, tall.flush())))
    header = HEADER.pack(9_000, 9_000, 16, 0, 0, 0, 0)
    yield "png of 16 bits, 9,000 squared", png_of(deep, header=header)
    tiled = [(256, 3, 1, 16), (257, 3, 1, 16), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1), (277, 3, 1, 1)]
    tiled += [(322, 4, 1, 30_000), (323, 4, 1, 30_000), (324, 4, 1, 200), (325, 4, 1, len(much))]
    yield "tiff of one huge tile", (b"II*\0\x08\0\0\0" + directory(*tiled)).ljust(200, b"\0") + much
    yield "svgz", gzip.compress(b"<svg>" + bytes(30 * MIB))
    yield (
        "webp lossless of one colour",
        encoded(Image.new("RGB", (6_000, 6_000)), "WEBP", lossless=True, method=0),
    )


def endless() -> Named:
    """Parts without number."""
    gif = sound()["gif"][:-1]
    frame = b"\x2c" + bytes(9) + b"\x02\0"
    yield "gif of 100,000 frames", gif + frame * 100_000 + b";"
    yield "gif of frames without end", gif + frame * 400_000
    yield "gif of empty extensions", gif[:13] + b"\x21\xfe\0" * 700_000
    yield "gif of small blocks", gif + b"\x21\xfe" + b"\x01x" * 700_000
    yield "gif of padding", gif + bytes(700_000)
    yield (
        "png of empty chunks",
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)) + chunk(b"prVt", b"") * 300_000,
    )
    yield "png of empty pixels", png_of(*[chunk(b"IDAT", b"")] * 500_000, PIXELS)
    yield "png of 20,000 frames", png_of(*[chunk(b"fcTL", bytes(26))] * 20_000, PIXELS)
    yield "jpeg of empty segments", b"\xff\xd8" + b"\xff\xe1\0\2" * 400_000
    yield "jpeg of fill bytes", b"\xff\xd8" + b"\xff" * 4_000_000
    yield "jpeg of fill bytes in the scan", sound()["jpeg"][:-2] + b"\xff" * 4_000_000 + b"\0"
    progressive = sound()["jpeg progressive"]
    start = progressive.rindex(b"\xff\xda")
    yield "jpeg of 501 scans", progressive[:start] + progressive[start:-2] * 501 + b"\xff\xd9"
    yield "jpeg of comments", b"\xff\xd8" + b"\xff\xfe\0\2" * 100_000 + sound()["jpeg"][2:]
    yield "webp of empty chunks", riff(b"nope\0\0\0\0" * 300_000)
    yield (
        "webp of 20,000 frames",
        riff(b"VP8X\x0a\0\0\0\2" + bytes(9) + (b"ANMF\x10\0\0\0" + bytes(16)) * 20_000),
    )
    for brand in (b"heic", b"avif"):
        head = b"\0\0\0\x14ftyp" + brand + bytes(4) + b"mif1"
        yield f"{brand.decode()} of empty boxes", head + b"\0\0\0\x08free" * 300_000


def riff(body: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def directory(*entries: tuple[int, int, int, int], following: int = 0) -> bytes:
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<H", len(entries)) + packed + struct.pack("<I", following)


def looped() -> Named:
    """TIFF directories that lead to themselves, or to everything at once."""
    content = sound()["tiff"]
    (start,) = struct.unpack_from("<I", content, 4)
    count = struct.unpack_from("<H", content, start)[0]
    end = start + 2 + 12 * count
    yield "tiff whose next page is its first", content[:end] + struct.pack("<I", start) + content[end + 4 :]
    yield (
        "tiff whose next page is the next byte",
        content[:end] + struct.pack("<I", start + 1) + content[end + 4 :],
    )
    yield "tiff of 65,535 entries", content[:start] + struct.pack("<H", 65_535) + content[start + 2 :]
    yield "tiff without entries", b"II*\0\x08\0\0\0" + directory()
    yield "tiff without a directory", b"II*\0" + bytes(4)
    yield "tiff that points behind its end", b"II*\0\xf0\xff\xff\xff" + bytes(40)
    everything = [(40_000 + tag, 1, MIB, 0) for tag in range(4_000)]
    yield "tiff of entries that are the whole file", b"II*\0\x08\0\0\0" + directory(*everything) + bytes(MIB)
    chain = b"II*\0\x08\0\0\0" + b"".join(directory(following=8 + 6 * (page + 1)) for page in range(20_000))
    yield "tiff of 20,000 pages", chain + bytes(8)
    strips = [(256, 3, 1, 8), (257, 3, 1, 8), (273, 4, 2**31, 8), (279, 4, 2**31, 8)]
    yield "tiff of 2 billion strips", b"II*\0\x08\0\0\0" + directory(*strips) + bytes(99)
    same = [
        (256, 4, 1, 100),
        (257, 4, 1, 100_000),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (278, 3, 1, 1),
    ]
    same += [(273, 4, 50_000, 200), (279, 4, 50_000, 200)]
    yield (
        "tiff whose strips are all the same",
        b"II*\0\x08\0\0\0" + directory(*same).ljust(192, b"\0") + b"\1\0\0\0" * 100_000,
    )

    yield "tiff of pages that share their strips", tiff_of_shared_strips()


def tiff_of_shared_strips(pages: int = 40, strips: int = 100_000) -> bytes:
    """Each page has every strip: a byte, time and again."""
    first = 8 + 2 * strips
    made = bytearray(b"II*\0" + struct.pack("<I", first) + bytes([8]) * strips + b"\1" * strips)
    for page in range(pages):
        entries = [(256, 3, 1, 64), (257, 3, 1, 64), (258, 3, 1, 8), (259, 3, 1, 5), (262, 3, 1, 1)]
        entries += [(273, 1, strips, 8), (279, 1, strips, 8 + strips)]
        following = len(made) + 2 + 12 * len(entries) + 4
        made += directory(*entries, following=following if page < pages - 1 else 0)
    return bytes(made) + bytes(4 * MIB)


def lying_boxes() -> Named:
    """Lengths of chunks and boxes that are not theirs."""
    for name in ("webp", "webp animated"):
        content = sound()[name]
        for at in (4, 16):
            for size in (0, 1, 2**31, 2**32 - 1):
                yield (
                    f"{name} with {size} at {at}",
                    content[:at] + struct.pack("<I", size) + content[at + 4 :],
                )
    for name in ("avif", "avif animated", "heic photo", "heic tiled"):
        content = sound()[name]
        for kind in (b"ftyp", b"meta", b"iinf", b"iloc", b"iprp", b"mdat", b"pitm"):
            at = content.find(kind) - 4
            for size in (0, 1, 9, 2**32 - 1):
                if at >= 0:
                    yield (
                        f"{name} with {kind.decode()} of {size}",
                        content[:at] + struct.pack(">I", size) + content[at + 4 :],
                    )
    for brand in (b"heic", b"avif"):
        head = b"\0\0\0\x14ftyp" + brand + bytes(4) + b"mif1"
        nested = b""
        for depth in range(20_000):
            nested = (
                struct.pack(">I", min(8 + len(nested), 2**32 - 1))
                + (b"iprp" if depth % 2 else b"ipco")
                + nested
            )
            if len(nested) > 160_000:
                break
        yield (
            f"{brand.decode()} of nested boxes",
            head + struct.pack(">I", 12 + len(nested)) + b"meta" + bytes(4) + nested,
        )
        moov = b""
        for _ in range(5_000):
            moov = struct.pack(">I", 8 + len(moov)) + b"moov" + moov
        yield f"{brand.decode()} of nested movies", head + moov


def overlapping() -> Named:
    """AVIF files whose items are the whole file, again and again."""
    for name, kind, count in (("of nothing wanted", b"Exif", 20_000), ("wanted", b"av01", 1_000)):
        yield f"avif with 4 MiB {name} {count:,} times", avif_of_extents(kind, count, 4 * MIB)


def avif_of_extents(kind: bytes, count: int, size: int) -> bytes:
    """An AVIF file of two items, the second being `count` times the whole file of `size` bytes."""
    items = b"".join(
        _box(b"infe", b"\2\0\0\0" + struct.pack(">HH", number, 0) + what + b"\0")
        for number, what in ((1, b"av01"), (2, kind))
    )
    extents = struct.pack(">HHHII", 1, 0, 1, 0, 8)
    extents += struct.pack(">HHH", 2, 0, count) + struct.pack(">II", 0, size) * count
    meta = b"\0\0\0\0" + _box(b"pitm", b"\0\0\0\0\0\2" if kind == b"av01" else b"\0\0\0\0\0\1")
    meta += _box(b"iinf", b"\0\0\0\0\0\2" + items) + _box(b"iloc", b"\0\0\0\0\x44\0\0\2" + extents)
    made = _box(b"ftyp", b"avif\0\0\0\0avifmif1miaf") + _box(b"meta", meta)
    return made + _box(b"mdat", bytes(size - len(made) - 8))


def _box(kind: bytes, held: bytes) -> bytes:
    return struct.pack(">I", len(held) + 8) + kind + held


def renamed() -> Named:
    """Formats that are not taken, and formats that are, under another's first bytes."""
    for image_format, size in (
        ("ICO", 48),
        ("ICNS", 128),
        ("PPM", 48),
        ("TGA", 48),
        ("PCX", 48),
        ("SGI", 48),
        ("DDS", 48),
    ):
        yield image_format, encoded(picture(size=(size, size)), image_format)
    starts = {"jpeg": 3, "png": 8, "gif": 6, "tiff": 4, "bmp": 2, "webp": 12, "avif": 12}
    for name, length in starts.items():
        for other in starts:
            if other != name:
                yield f"{other} that begins as {name}", sound()[name][:length] + sound()[other][length:]


def looped_exif() -> Named:
    """EXIF data that lead in circles, or claim everything."""
    whole = [(40_000 + tag, 1, 60_000, 0) for tag in range(4_000)]
    kinds = {
        "to itself": b"II*\0\x08\0\0\0" + directory((0x8769, 4, 1, 8), (0x8825, 4, 1, 8), following=8),
        "of the whole, again and again": b"II*\0\x08\0\0\0" + directory(*whole).ljust(60_000, b"\0"),
        "of a huge count": b"II*\0\x08\0\0\0" + directory((0x0112, 3, 2**32 - 1, 8), (0x010E, 2, 2**31, 0)),
        "of another type": b"II*\0\x08\0\0\0" + directory((0x0112, 2, 4, 0x41414141)),
        "of nothing": b"",
        "of noise": random.Random(7).randbytes(999),
    }
    for name, exif in kinds.items():
        held = b"Exif\0\0" + exif
        jpeg, png, webp = sound()["jpeg"], sound()["png"], sound()["webp"]
        if len(held) < 65_000:
            segment = b"\xff\xe1" + struct.pack(">H", len(held) + 2) + held
            yield f"jpeg {name}", jpeg[:2] + segment + jpeg[2:]
            yield f"jpeg {name} 200 times", jpeg[:2] + segment * 200 + jpeg[2:]
        yield f"png {name}", png[:33] + chunk(b"eXIf", exif * 20) + png[33:]
        yield (
            f"webp {name}",
            riff(webp[12:] + b"EXIF" + struct.pack("<I", len(exif)) + exif + b"\0" * (len(exif) & 1)),
        )


def entity_bombs() -> Named:
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(12))
    packets = {
        "of a billion": f'<!DOCTYPE x [<!ENTITY e0 "ha">{entities}]><x>&e12;</x>'.encode(),
        "of a file": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///dev/zero">]><x>&e;</x>',
        "of nested elements": b"<a>" * 20_000,
        "of many attributes": b"<a " + b" ".join(b'a%d="x"' % n for n in range(9_000)) + b"/>",
        "in another charset": "<a>\u20ac</a>".encode("utf-16"),
    } | {
        f"in {name}": f'<?xml version="1.0" encoding="{name}"?><a/>'.encode()
        for name in ("foobar", "utf-7", "shift_jis", "utf-32", "idna", "punycode", "zlib", "hex")
    }
    for name, packet in packets.items():
        yield f"png {name}", png_of(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet), PIXELS)
        yield f"webp {name}", encoded(picture(), "WEBP", xmp=packet)
        yield f"tiff {name}", encoded(picture(), "TIFF", tiffinfo={700: packet})
        if len(packet) < 65_000:
            yield f"jpeg {name}", encoded(picture(), "JPEG", xmp=packet)


def junk() -> Named:
    """IPTC, Photoshop's resources, profiles and ends of files that are nothing."""
    jpeg = sound()["jpeg"]
    noise = random.Random(8).randbytes(5_000)
    for name, held in {
        "a resource of a huge length": b"8BIM\x04\x04\0\0\xff\xff\xff\xff" + noise,
        "resources of no length": b"8BIM\x04\x04\0\0\0\0\0\0" * 4_000,
        "an extended dataset": b"8BIM\x04\x04\0\0"
        + (9).to_bytes(4)
        + b"\x1c\x02\x78\xff\xff\xff\xff\xff\xff",
        "datasets of no length": b"8BIM\x04\x04\0\0" + (50_000).to_bytes(4) + b"\x1c\x02\x19\0\0" * 10_000,
        "noise": noise,
    }.items():
        segment = b"Photoshop 3.0\0" + held
        yield (
            f"jpeg with {name}",
            jpeg[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:],
        )
    for image_format in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
        yield f"{image_format} with a profile of noise", encoded(picture(), image_format, icc_profile=noise)
    for name in ONE_OF_EACH:
        yield f"{name} with noise behind", sound()[name] + noise
    yield "false checksum", false_checksum_png()
    yield "noise", noise
    yield "empty", b""
    yield "one byte", b"\xff"
