"""What a file says of its picture: read in every dialect, believed in none."""

from __future__ import annotations

import sys
import zlib
from typing import Any

import pytest
from PIL import Image

from rage_pg.config import Limits
from rage_pg.ingest import decode
from rage_pg.ingest.own_words import MOST_KEYWORDS, OwnWords, own_words
from tests.hostile import chunk, encoded, picture
from tests.sound import PICTURES, sound

SILENT = OwnWords()
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"'


def xmp(inner: str, head: str = "") -> bytes:
    return (
        f'{head}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}><rdf:Description rdf:about="">{inner}'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def alternatives(name: str, **texts: str) -> str:
    items = "".join(
        f'<rdf:li xml:lang="{language.replace("_", "-")}">{text}</rdf:li>' for language, text in texts.items()
    )
    return f"<dc:{name}><rdf:Alt>{items}</rdf:Alt></dc:{name}>"


def subjects(*words: str) -> str:
    return (
        f"<dc:subject><rdf:Bag>{''.join(f'<rdf:li>{word}</rdf:li>' for word in words)}</rdf:Bag></dc:subject>"
    )


FULL = alternatives("title", de="Laterne", x_default="Lantern") + alternatives(
    "description", x_default="It glows."
)
LANTERN = OwnWords(title="Lantern", description="It glows.", keywords=("light", "Camp/Night"))


def exif(**tags: Any) -> bytes:
    """EXIF data of ImageDescription (description) and Windows' fields (title, subject, keywords)."""
    made = Image.Exif()
    for name, value in tags.items():
        tag = {"description": 0x010E, "title": 0x9C9B, "keywords": 0x9C9E, "subject": 0x9C9F}[name]
        made[tag] = value.encode() if name == "description" else f"{value}\0".encode("utf-16-le")
    return made.tobytes()


def dataset(number: int, value: bytes, record: int = 2) -> bytes:
    return bytes((0x1C, record, number)) + len(value).to_bytes(2) + value


def with_iptc(*datasets: bytes) -> bytes:
    """A JPEG with these datasets among Photoshop's resources, behind one of odd length."""
    data = b"".join(datasets)
    resources = (
        b"8BIM\x04\x25\0\0"
        + (3).to_bytes(4)
        + b"abc\0"
        + b"8BIM\x04\x04\x03abc"
        + len(data).to_bytes(4)
        + data
    )
    held = b"Photoshop 3.0\0" + resources
    sound_jpeg = encoded(picture(), "JPEG")
    return sound_jpeg[:2] + b"\xff\xed" + (len(held) + 2).to_bytes(2) + held + sound_jpeg[2:]


def with_texts(*chunks: bytes) -> bytes:
    made = encoded(picture(), "PNG")
    return made[:-12] + b"".join(chunks) + made[-12:]


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_xmp_is_read_in_every_format(image_format: str) -> None:
    packet = xmp(FULL + subjects("light", "Camp/Night", "light"))
    options: dict[str, Any] = {"xmp": packet}
    if image_format == "TIFF":
        options = {"tiffinfo": {700: packet}}
    if image_format == "PNG":
        content = with_texts(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet))
    else:
        content = encoded(picture(), image_format, **options)
    assert decode(content, Limits()).words == LANTERN


def test_xmp_of_a_heic_is_read() -> None:
    words = own_words((PICTURES / "photo.heic").read_bytes())
    assert (words.title, words.description) == ("Corner", "A red corner")


def test_xmp_as_attributes_and_without_lists_is_read() -> None:
    inner = '<rdf:Description dc:title="Lantern"><dc:description>It glows.</dc:description></rdf:Description>'
    packet = f"<rdf:RDF {RDF}>{inner}</rdf:RDF>"
    assert own_words(encoded(picture(), "JPEG", xmp=packet.encode())) == OwnWords(
        title="Lantern", description="It glows."
    )


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_exif_is_read_in_every_format(image_format: str) -> None:
    said = exif(description="Size 3", title="Zelt ⛺", keywords="tent;camp ; ;")
    words = own_words(encoded(picture(), image_format, exif=said))
    assert words == OwnWords(title="Zelt ⛺", description="Size 3", keywords=("tent", "camp"))


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_exif_is_read_as_programs_write_it(charset: str) -> None:
    said = exif(description="Size 3.").replace(b"Size 3.\0", "Größe".encode(charset).ljust(8, b"\0"))
    assert own_words(encoded(picture(), "JPEG", exif=said)).description == "Größe"


def test_windows_subject_is_a_description() -> None:
    assert own_words(encoded(picture(), "JPEG", exif=exif(subject="A tent."))).description == "A tent."


@pytest.mark.parametrize(
    ("value", "marked", "read"),
    [
        ("Zürich".encode(), True, "Zürich"),
        ("Zürich".encode(), False, "Zürich"),
        ("Zürich".encode("latin-1"), False, "Zürich"),
        ("Zürich".encode("latin-1"), True, "Zrich"),
        (b"bell\x07 and\x00 more", False, "bell and"),
    ],
)
def test_iptc_is_read_in_its_charset(value: bytes, marked: bool, read: str) -> None:
    mark = [dataset(90, b"\x1b%G", record=1)] if marked else []
    words = own_words(with_iptc(*mark, dataset(105, value), dataset(120, value), dataset(25, value)))
    if "\0" in value.decode("latin-1"):
        read = "bell and"
    assert words.title == words.description == read
    assert words.keywords == (read,)


def test_iptc_object_name_stands_in_for_a_headline() -> None:
    assert own_words(with_iptc(dataset(5, b"Mug"))).title == "Mug"
    assert own_words(with_iptc(dataset(5, b"Mug"), dataset(105, b"A mug"))).title == "A mug"


def test_texts_of_a_png_are_read_compressed_or_not() -> None:
    title, description = chunk(b"tEXt", b"Title\0Caf\xe9"), b"Description\0\1\0de\0Beschreibung\0"
    content = with_texts(title, chunk(b"iTXt", description + zlib.compress("Süß".encode())))
    assert own_words(content) == OwnWords(title="Café", description="Süß")
    assert own_words(with_texts(chunk(b"zTXt", b"Title\0\0" + zlib.compress(b"Cup")))).title == "Cup"


def test_xmp_counts_before_iptc_before_exif() -> None:
    content = with_iptc(dataset(120, b"by IPTC"), dataset(25, b"two"))
    assert own_words(content).description == "by IPTC"
    segment = b"http://ns.adobe.com/xap/1.0/\0" + xmp(
        alternatives("description", x_default="by XMP") + subjects("one")
    )
    both = content[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2) + segment + content[2:]
    assert own_words(both) == OwnWords(description="by XMP", keywords=("one", "two"))


BOILERPLATE = [
    *("OLYMPUS DIGITAL CAMERA         ", "SONY DSC", "DIGITAL CAMERA", "KODAK Digital Still Camera", " \t "),
    *("Exif_JPEG_PICTURE", "Untitled", "SAMSUNG", "Created with GIMP", "Generated by Midjourney"),
    "DCIM\\100MEDIA\\DJI_0001.JPG",
]


@pytest.mark.parametrize("text", BOILERPLATE)
def test_what_cameras_say_of_every_picture_is_ignored(text: str) -> None:
    assert own_words(encoded(picture(), "JPEG", exif=exif(description=text))) == SILENT


def test_keywords_that_can_be_no_tag_are_dropped_and_the_rest_is_bounded() -> None:
    words = ("a//b", "x" * 201, " ", "fine  one", "be\x07ll")
    found = own_words(encoded(picture(), "JPEG", exif=exif(keywords=";".join(words)))).keywords
    assert found == ("fine one", "bell")
    many = ";".join(f"word {number}" for number in range(400))
    assert len(own_words(encoded(picture(), "JPEG", exif=exif(keywords=many))).keywords) == MOST_KEYWORDS


def test_long_texts_are_cut_to_what_fits() -> None:
    words = own_words(encoded(picture(), "JPEG", exif=exif(description="d" * 30_000, title="t" * 2_000)))
    assert (len(words.title or ""), len(words.description or "")) == (1_000, 20_000)


def test_an_entity_is_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    for entity in ("&b;", "&f;", "&unknown;"):
        packet = xmp(alternatives("title", x_default=f"x{entity}"), head=bomb)
        assert own_words(encoded(picture(), "JPEG", xmp=packet)) == SILENT


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"not xml",
        xmp(FULL)[:200],
        b"<a>" * 5_000,
        xmp(FULL).decode().encode("utf-16")[:99],
        b"\xff\xfe\x00",
        xmp("<dc:title>\x07</dc:title>"),
        xmp(subjects(*["w"] * 5_000)),
    ],
)
def test_damaged_xmp_says_what_it_can_and_costs_nothing(packet: bytes) -> None:
    content = with_texts(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet))
    assert decode(content, Limits()).width == 48


@pytest.mark.parametrize("name", sound())
def test_files_that_say_nothing_are_silent(name: str) -> None:
    if name != "heic photo":
        assert own_words(sound()[name]) == SILENT


def test_a_text_too_large_to_read_is_none() -> None:
    content = with_texts(chunk(b"zTXt", b"Title\0\0" + zlib.compress(b"x" * 40_000_000)))
    assert own_words(content) == SILENT


@pytest.mark.parametrize("encoding", ["foobar", "utf-7", "shift_jis", "utf-32", "idna", "zlib"])
def test_xmp_in_an_odd_encoding_says_nothing(encoding: str) -> None:
    content = encoded(picture(), "JPEG", xmp=xmp(FULL, f'<?xml version="1.0" encoding="{encoding}"?>'))
    assert own_words(content) == SILENT
    assert decode(content, Limits()).words == SILENT


def test_a_fault_in_a_reader_ends_no_import(monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(_: bytes) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("rage_pg.ingest.own_words.xmp_texts", fault)
    assert own_words(encoded(picture(), "PNG")) == SILENT


def test_of_texts_with_one_name_only_the_first_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked: list[bytes] = []

    def inflated(held: bytes) -> bytes:
        unpacked.append(held)
        return b""

    # By its full name: the package has a function of the module's name.
    monkeypatch.setattr(sys.modules["rage_pg.plain.said"], "_inflated", inflated)
    names = (b"Title", b"Author", b"title", b"Comment", b"Description")
    own_words(with_texts(*(chunk(b"zTXt", name + b"\0\0" + name) for name in names * 3)))
    assert unpacked == [b"Title", b"Description"]
