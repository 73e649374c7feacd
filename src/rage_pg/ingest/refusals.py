"""Why bytes are not taken: what they are instead of a picture, told by their beginning, and what to do.

The reasons name what a person would have sent; whether it is an intact one of these nobody checks.
"""

from __future__ import annotations

import re
import zlib

TAKEN = "JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF or HEIC"
NOT_AN_IMAGE = f"This is not an intact {TAKEN} image."
SVG = "This is an SVG drawing, which is a program and no picture: export it as PNG."
RAW = "This is a camera's raw file, which has no colours yet: export it as JPEG or TIFF."
VIDEO = "This is a video: export the frame that you need as JPEG or PNG."
PDF = "This is a PDF document: export the page or picture that you need as PNG or JPEG."
HTML = "This is a web page, not the picture on it: save the picture itself."
HEIC_UNREADABLE = (
    "HEIC needs libheif 1.23.4 or newer here, older ones are unsafe: update, or export it as JPEG."
)
LOOKED_AT = 4_096
"""Bytes of the beginning."""

BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", PDF),
    (b"%!PS", "This is a PostScript document: export it as PNG or JPEG."),
    (b"8BPS", "This is a Photoshop document: export it as PNG, JPEG or TIFF."),
    (
        b"\x00\x00\x00\x0cJXL \r\n\x87\n",
        "This is a JPEG XL image, which is not taken: export it as JPEG or PNG.",
    ),
    (b"\xff\x0a", "This is a JPEG XL image, which is not taken: export it as JPEG or PNG."),
    (
        b"\x00\x00\x00\x0cjP  \r\n\x87\n",
        "This is a JPEG 2000 image, which is not taken: export it as JPEG or PNG.",
    ),
    (b"\xff\x4f\xff\x51", "This is a JPEG 2000 image, which is not taken: export it as JPEG or PNG."),
    (b"gimp xcf", "This is a GIMP document: export it as PNG, JPEG or TIFF."),
    (b"IIRO", RAW),
    (b"IIRS", RAW),
    (b"MMOR", RAW),
    (b"IIU\0", RAW),
    (b"FUJIFILMCCD-RAW", RAW),
    (b"FOVb", RAW),
    (b"\0MRM", RAW),
    (b"\x1aE\xdf\xa3", VIDEO),
    (b"\x00\x00\x01\xba", VIDEO),
    (b"\x00\x00\x01\xb3", VIDEO),
    (b"FLV\x01", VIDEO),
    (b"PK\x03\x04", "This is a ZIP archive or an office document, not a picture."),
    (b"\x00\x00\x01\x00", "This is an icon file: export its largest picture as PNG."),
    (b"icns", "This is an icon file: export its largest picture as PNG."),
)
SVG_START = re.compile(rb"<(?:[a-z]+:)?svg[\s>]", re.IGNORECASE)
HTML_START = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|img|iframe)\b", re.IGNORECASE)
XML_START = (b"<?xml", b"<!--", b"<!doctype svg", b"<svg", b"<!doctype [")
GZIP = b"\x1f\x8b"


def reason_against(content: bytes) -> str:
    """A sentence about bytes that are not a picture of a format that is taken."""
    start = content[:LOOKED_AT]
    for beginning, reason in BEGINNINGS:
        if start.startswith(beginning):
            return reason
    if start[4:8] == b"ftyp":
        return RAW if start[8:12] == b"crx " else VIDEO
    if start[:4] == b"RIFF" and start[8:12] == b"AVI ":
        return VIDEO
    return _of_text(_unpacked(start)) or NOT_AN_IMAGE


def _of_text(start: bytes) -> str | None:
    text = _in_ascii(start).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    drawing = SVG_START.search(text)
    if drawing and (drawing.start() == 0 or text.startswith(XML_START)):
        return SVG
    return HTML if text.startswith(b"<") and HTML_START.search(text) else None


def _in_ascii(start: bytes) -> bytes:
    """UTF-16 with what is beyond ASCII left out."""
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return start[:LOOKED_AT].decode("utf-16", "ignore").encode("ascii", "ignore")
    return start


def _unpacked(start: bytes) -> bytes:
    """The beginning of what was packed with gzip, as an svgz is; anything else as it is."""
    if not start.startswith(GZIP):
        return start
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(start, LOOKED_AT)
    except zlib.error:
        return start
