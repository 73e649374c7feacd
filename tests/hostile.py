"""Files for tests of the import: sound pictures, and what people and attackers send instead."""

from __future__ import annotations

import gzip
import struct
import zlib
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw


def picture(number: int = 0, size: tuple[int, int] = (48, 32), mode: str = "RGB") -> Image.Image:
    """A small picture; another number gives other pixels."""
    colour = (number * 37 % 256, number * 101 % 256, number * 7 % 256)
    made = Image.new("RGB", size, colour)
    ImageDraw.Draw(made).ellipse((4, 4, size[0] // 2, size[1] - 4), fill=(255, 255, number // 256 % 256))
    return made.convert(mode)


def encoded(made: Image.Image, image_format: str = "PNG", **options: object) -> bytes:
    buffer = BytesIO()
    made.copy().save(buffer, image_format, **options)  # saving leaves its traces in a picture
    return buffer.getvalue()


def png(number: int = 0, size: tuple[int, int] = (48, 32)) -> bytes:
    return encoded(picture(number, size))


def write(file: Path, content: bytes) -> Path:
    """Write a file and the folders above it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG with its checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb_png(side: int = 40_000) -> bytes:
    """A valid black-and-white PNG of `side` squared pixels in a few hundred kilobytes."""
    rows = zlib.compressobj(1)
    row = bytes(1 + side // 8)
    pixels = b"".join(rows.compress(row * 1_000) for _ in range(side // 1_000)) + rows.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def bomb_webp() -> bytes:
    """An animation of two small frames that claims the largest canvas WebP knows."""
    content = bytearray(encoded(picture(1), "WEBP", save_all=True, append_images=[picture(2)]))
    canvas = content.index(b"VP8X") + 12
    content[canvas : canvas + 6] = (16_383).to_bytes(3, "little") * 2
    return bytes(content)


def bomb_gif() -> bytes:
    """A GIF of a few hundred bytes whose header claims 65,535 pixels a side."""
    content = bytearray(encoded(picture(3), "GIF"))
    content[6:10] = struct.pack("<HH", 65_535, 65_535)
    return bytes(content)


def false_checksum_png() -> bytes:
    content = bytearray(png())
    content[content.index(b"IHDR") + 4 + 13] ^= 0xFF
    return bytes(content)


def not_images() -> dict[str, tuple[bytes, str]]:
    """What is no picture of a format that we take, by name, with words of the reason against it."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    unknown, cut_off = (
        "not an intact JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF or HEIC",
        "cut off|damaged|not an intact",
    )
    return {
        "text": (b"a picture of a lantern\n" * 20, unknown),
        "html": (b"<!doctype html><img src=x onerror=alert(1)>", "web page"),
        "html with blanks": (b"\n\n  <HTML><body>not found</body></HTML>", "web page"),
        "html with a drawing": (b"<html><body>" + svg, "web page"),
        "svg": (svg, "SVG drawing.*export it as PNG"),
        "svg with a head": (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn -->\n' + svg, "SVG drawing"),
        "svg with a prefix": (
            b'<?xml version="1.0"?><svg:svg xmlns:svg="http://www.w3.org/2000/svg"/>',
            "SVG",
        ),
        "svg in UTF-16": (svg.decode().encode("utf-16"), "SVG drawing"),
        "svg with entities": (b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg, "SVG drawing"),
        "svgz": (gzip.compress(svg), "SVG drawing"),
        "svgz cut off": (gzip.compress(svg * 50)[:60], "SVG drawing"),
        "svgz bomb": (gzip.compress(svg + bytes(20_000_000)), "SVG drawing"),
        "gzip": (gzip.compress(b"text"), unknown),
        "zip": (b"PK\x03\x04" + bytes(60), "ZIP archive"),
        "pdf": (b"%PDF-1.7\n" + bytes(60), "PDF document"),
        "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript"),
        "photoshop": (b"8BPS\0\x01" + bytes(60), "Photoshop"),
        "jpeg xl": (b"\xff\x0a" + bytes(60), "JPEG XL"),
        "jpeg xl in boxes": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(60), "JPEG XL"),
        "jpeg 2000": (encoded(picture(), "JPEG2000"), "JPEG 2000"),
        "canon raw": (b"II*\0\x10\0\0\0CR\x02\0" + bytes(60), "raw file"),
        "canon raw in boxes": (b"\0\0\0\x18ftypcrx " + bytes(60), "raw file"),
        "fujifilm raw": (b"FUJIFILMCCD-RAW 0201" + bytes(60), "raw file"),
        "olympus raw": (b"IIRO\x08\0\0\0" + bytes(60), "raw file"),
        "digital negative": (encoded(picture(), "TIFF", tiffinfo={50706: b"\1\4\0\0"}), "raw file"),
        "mp4": (b"\0\0\0\x18ftypisom" + bytes(60), "video"),
        "quicktime": (b"\0\0\0\x14ftypqt  " + bytes(60), "video"),
        "webm": (b"\x1aE\xdf\xa3" + bytes(60), "video"),
        "avi": (b"RIFF\x40\0\0\0AVI LIST" + bytes(60), "video"),
        "ico": (encoded(picture(), "ICO"), "icon"),
        "icns": (encoded(picture(size=(128, 128)), "ICNS"), "icon"),
        "ppm": (encoded(picture(), "PPM"), unknown),
        "zeros": (bytes(5_000), unknown),
        "heic without boxes": (b"\0\0\0\x18ftypheic" + bytes(60), cut_off),
        "avif without boxes": (b"\0\0\0\x18ftypavif" + bytes(60), cut_off),
        "only a header": (b"\x89PNG\r\n\x1a\n", cut_off),
        "no pixels": (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(8) + b"\x08\x02\0\0\0"), cut_off),
    }
