"""Title, description and keywords in XMP, an XML document that comes from strangers."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from xml.parsers import expat

NAMES = ("title", "description", "subject")
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
LIST_ITEM = "http://www.w3.org/1999/02/22-rdf-syntax-ns# li"
LANGUAGE = "http://www.w3.org/XML/1998/namespace lang"
DEEPEST = 40
MOST_TEXTS = 1_000
LONGEST = 100_000
"""Characters of one text."""


class _Refused(Exception):
    pass


def xmp_texts(held: bytes) -> dict[Any, list[str]]:
    """The texts by name, those in the default language first; what was read before the document broke off.

    A document type, which could define entities, ends the reading.
    """
    reader = _Reader()
    # An encoding that Python does not know, or cannot read byte by byte, is no error of expat's.
    with suppress(expat.ExpatError, _Refused, LookupError, ValueError):
        reader.parse(held.strip(b"\0 \t\r\n"))
    return reader.found


class _Reader:
    def __init__(self) -> None:
        self.found: dict[Any, list[str]] = {}
        self._path: list[str] = []
        self._text: list[str] = []
        self._length = 0
        self._default = False
        self._texts = 0

    def parse(self, held: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._add
        parser.Parse(held, True)

    def _refuse(self, *_: object) -> None:
        raise _Refused

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        if len(self._path) > DEEPEST:
            raise _Refused
        self._text, self._length = [], 0
        self._default = attributes.get(LANGUAGE) == "x-default"
        for field in NAMES:
            if short := attributes.get(f"{DUBLIN_CORE} {field}"):
                self._keep(field, short)

    def _add(self, text: str) -> None:
        self._length += len(text)
        if self._length <= LONGEST:
            self._text.append(text)

    def _end(self, name: str) -> None:
        self._path.pop()
        holder = next((one for one in reversed(self._path) if one.startswith(DUBLIN_CORE)), None)
        if name.startswith(DUBLIN_CORE):
            holder = name
        elif name != LIST_ITEM:
            return
        field = (holder or "").removeprefix(f"{DUBLIN_CORE} ")
        if field in NAMES:
            self._keep(field, "".join(self._text))
        self._text, self._length = [], 0

    def _keep(self, field: str, text: str) -> None:
        if not text.strip():
            return
        self._texts += 1
        if self._texts > MOST_TEXTS:
            raise _Refused
        texts = self.found.setdefault(field, [])
        texts.insert(0 if self._default else len(texts), text)
