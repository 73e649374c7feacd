"""A camera's raw file in the clothes of a TIFF: opened as one, it shows the little preview in front."""

from __future__ import annotations

from rage_pg.plain.tiff import COMPRESSION, PHOTOMETRIC, SUBFILE, layout, pages, values
from rage_pg.plain.walking import Unclear

DNG_VERSION = 50706
SUB_DIRECTORIES = 330
COLOUR_FILTER, LINEAR_RAW = 32803, 34892
MAKERS_OWN = {32767, 34713, 65535}
"""Compressions of Sony, Nikon and Pentax."""


def is_raw(content: bytes) -> bool:
    """Whether TIFF bytes are a raw file: they say so, or their first picture previews others within."""
    if content[8:10] == b"CR":
        return True
    try:
        form = layout(content)
        first = next(pages(content), None)
        if first is None:
            return False
        entries = first.entries
        single = {
            tag: values(content, form, entries[tag])[0]
            for tag in (COMPRESSION, PHOTOMETRIC)
            if tag in entries
        }
    except Unclear:
        return False
    preview = SUBFILE in entries and first.reduced and SUB_DIRECTORIES in entries
    return (
        DNG_VERSION in entries
        or preview
        or single.get(COMPRESSION) in MAKERS_OWN
        or single.get(PHOTOMETRIC) in (COLOUR_FILTER, LINEAR_RAW)
    )
