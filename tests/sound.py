"""Sound files of every format and kind that is taken, and photographs that say more than they show."""

from __future__ import annotations

import struct
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageDraw

from tests.hostile import chunk, encoded

PICTURES = Path(__file__).parent / "pictures"
SECRET = b"48.137 SECRET 11.575"
"""Stands wherever a file has room for words; it must never leave the house."""
XMP = (
    b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>%s</dc:creator></rdf:Description>
</rdf:RDF></x:xmpmeta>"""
    % SECRET
)


def scene(number: int = 0, size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    """A red corner, a blue corner, a ramp between; another number gives other colours."""
    ramp = Image.linear_gradient("L").resize(size)
    made = Image.merge(
        "RGB", (ramp, ramp.transpose(Image.Transpose.ROTATE_180), ramp.point(lambda _: number % 256))
    )
    draw = ImageDraw.Draw(made)
    draw.rectangle((0, 0, size[0] // 4, size[1] // 4), fill=(230, 20, 20))
    draw.rectangle((size[0] * 3 // 4, size[1] * 3 // 4, *size), fill=(20, 20, 230))
    return made.convert(mode)


def with_alpha() -> Image.Image:
    made = scene().convert("RGBA")
    made.putalpha(Image.linear_gradient("L").resize(made.size))
    return made


def deep(channels: int) -> bytes:
    """A TIFF of 16 bits a channel, put together by hand: Pillow writes none in colour."""
    side = 32
    ramp = np.linspace(0, 65_535, side * side * channels).astype("<u2").tobytes()
    bits = struct.pack(f"<{channels}H", *[16] * channels)
    entries = [
        (256, 3, 1, side), (257, 3, 1, side), (258, 3, channels, 8 if channels > 2 else 16), (259, 3, 1, 1),
        (262, 3, 1, 2 if channels > 2 else 1), (273, 4, 1, 16), (277, 3, 1, channels), (278, 3, 1, side),
        (279, 4, 1, len(ramp)),
    ]  # fmt: skip
    head = b"II*\0" + struct.pack("<I", 16 + len(ramp)) + bits[:8].ljust(8, b"\0")
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return head + ramp + directory + bytes(4)


@cache
def sound() -> dict[str, bytes]:
    """By name; the part of the name before the first blank is the media type's."""
    one, two = scene(0), scene(200)
    moving: dict[str, object] = {
        "save_all": True,
        "append_images": [two, scene(90)],
        "duration": 90,
        "loop": 3,
    }
    return {
        "jpeg": encoded(one, "JPEG", quality=90),
        "jpeg progressive": encoded(scene(3, (200, 150)), "JPEG", progressive=True, restart_marker_blocks=2),
        "jpeg grey": encoded(one.convert("L"), "JPEG"),
        "jpeg cmyk": encoded(one.convert("CMYK"), "JPEG"),
        "jpeg of a phone": encoded(one, "MPO", save_all=True, append_images=[scene(200)]),
        "png": encoded(one, "PNG"),
        "png interlaced": (PICTURES / "interlaced.png").read_bytes(),
        "png clear": encoded(with_alpha(), "PNG"),
        "png grey and clear": encoded(with_alpha().convert("LA"), "PNG"),
        "png palette": encoded(one.quantize(16), "PNG", transparency=3, dpi=(72, 72)),
        "png 1 bit": encoded(one.convert("1"), "PNG"),
        "png 16 bit": encoded(one.convert("I;16"), "PNG"),
        "png animated": encoded(one, "PNG", **moving),
        "webp": encoded(one, "WEBP", quality=80),
        "webp lossless": encoded(with_alpha(), "WEBP", lossless=True),
        "webp clear": encoded(with_alpha(), "WEBP", quality=60),
        "webp animated": encoded(one, "WEBP", **moving),
        "gif": encoded(one, "GIF"),
        "gif clear": encoded(one.quantize(16), "GIF", transparency=2),
        "gif animated": encoded(one, "GIF", **moving),
        "tiff": encoded(one, "TIFF"),
        "tiff lzw": encoded(one, "TIFF", compression="tiff_lzw"),
        "tiff deflate": encoded(with_alpha(), "TIFF", compression="tiff_adobe_deflate"),
        "tiff jpeg": encoded(one, "TIFF", compression="jpeg"),
        "tiff fax": encoded(one.convert("1"), "TIFF", compression="group4"),
        "tiff 16 bit": encoded(one.convert("I;16"), "TIFF"),
        "tiff 16 bit colour": deep(3),
        "tiff float": encoded(one.convert("F"), "TIFF"),
        "tiff cmyk": encoded(one.convert("CMYK"), "TIFF"),
        "tiff palette": encoded(one.quantize(16), "TIFF"),
        "tiff lab": encoded(Image.new("LAB", (20, 20), (120, 10, 10)), "TIFF"),
        "tiff pages": encoded(one, "TIFF", save_all=True, append_images=[scene(200)]),
        "tiff big": encoded(one, "TIFF", big_tiff=True),
        "bmp": encoded(one, "BMP"),
        "bmp palette": encoded(one.quantize(16), "BMP"),
        "bmp 1 bit": encoded(one.convert("1"), "BMP"),
        "bmp clear": encoded(with_alpha(), "BMP"),
        "avif": encoded(one, "AVIF"),
        "avif clear": encoded(with_alpha(), "AVIF"),
        "avif animated": encoded(one, "AVIF", **moving),
        **{f"heic {file.stem}": file.read_bytes() for file in sorted(PICTURES.glob("*.heic"))},
    }


def telling_exif(orientation: int = 1) -> bytes:
    """EXIF data with a place, a maker's note, an author and a thumbnail."""
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = exif[ExifTags.Base.Make] = SECRET.decode()
    exif[ExifTags.Base.Orientation] = orientation
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] = SECRET * 5
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (48.0, 8.0, 13.2), 29: SECRET.decode()})
    return exif.tobytes() + b"\xff\xd8\xff" + SECRET  # where a thumbnail lies


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@cache
def telling() -> dict[str, bytes]:
    """Photographs that hold the secret wherever their format has room for it, by name."""
    exif, icc = telling_exif(6), profile()
    one = scene()
    moving: dict[str, object] = {"save_all": True, "append_images": [scene(200)], "duration": 90, "loop": 3}
    jpeg = encoded(one, "JPEG", exif=exif, icc_profile=icc, xmp=XMP, comment=SECRET, quality=90, dpi=(72, 72))
    segments = b"".join(
        b"\xff" + bytes([kind]) + (len(held) + 2).to_bytes(2) + held
        for kind, held in (
            (0xE0, b"JFXX\0\x10" + SECRET),
            (0xE2, b"FPXR\0" + SECRET),
            (0xE3, b"Meta\0\0" + SECRET),
            (
                0xED,
                b"Photoshop 3.0\x008BIM\x04\x04\0\0" + (9).to_bytes(4) + b"\x1c\x02\x78\0\x04CITY\0" + SECRET,
            ),
            (0xEE, b"Adobe\0\x64\0\0\0\0\x01" + SECRET),
            (0xFE, SECRET),
        )
    )
    png = encoded(one, "PNG", exif=exif, icc_profile=icc, dpi=(72, 72))
    texts = (
        chunk(b"tEXt", b"Comment\0" + SECRET)
        + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
        + chunk(b"tIME", b"\x07\xea\1\1\1\1\1")
        + chunk(b"prVt", SECRET)
    )
    gif = encoded(one, "GIF", comment=SECRET, **moving)
    return {
        "jpeg": jpeg[:2] + segments + jpeg[2:] + SECRET,
        "jpeg of a phone": encoded(one, "MPO", exif=exif, save_all=True, append_images=[scene(1)]) + SECRET,
        "png": png[:33] + texts + png[33:-12] + chunk(b"tEXt", b"Author\0" + SECRET) + png[-12:] + SECRET,
        "png animated": encoded(one, "PNG", exif=exif, **moving) + SECRET,
        "webp": encoded(one, "WEBP", exif=exif, xmp=XMP, icc_profile=icc) + SECRET,
        "webp animated": encoded(one, "WEBP", exif=exif, xmp=XMP, **moving) + SECRET,
        "gif": gif[:-1] + b"\x21\xff\x0bXMP DataXMP" + bytes([len(SECRET)]) + SECRET + b"\0;" + SECRET,
        "tiff": encoded(one, "TIFF", exif=exif, icc_profile=icc, description=SECRET.decode()) + SECRET,
        "tiff pages": encoded(one, "TIFF", exif=exif, **moving) + SECRET,
        "bmp": encoded(one, "BMP") + SECRET,
        "avif": encoded(one, "AVIF", exif=exif, xmp=XMP, icc_profile=icc) + SECRET,
        "heic": (PICTURES / "photo.heic").read_bytes() + SECRET,
    }


def shown_frames(content: bytes) -> list[tuple[str, tuple[int, int], bytes]]:
    """Mode, size and pixels of every frame."""
    frames = []
    with Image.open(BytesIO(content)) as picture:
        # Pictures behind the first of a phone's JPEG are none of it.
        for number in range(1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)):
            picture.seek(number)
            frames.append((picture.mode, picture.size, picture.tobytes()))
    return frames
