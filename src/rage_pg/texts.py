"""Texts from outside: which of them the store can hold, and which can be a tag."""

from __future__ import annotations

import re

from rage_pg.errors import InvalidInput

LONGEST_TAG = 200
LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
"""A BCP 47 tag by its shape."""
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
"""Control characters, but for those that are white space."""
SHOWN = 40


def check_storable(field: str, text: str) -> None:
    """Raise InvalidInput for text that Postgres cannot hold."""
    if "\0" in text:
        raise InvalidInput(f"{field} contains a NUL character.", field=field)
    if not is_utf8(text):
        raise InvalidInput(f"{field} is not valid Unicode: it holds half of a surrogate pair.", field=field)


def check_tag(name: str, field: str = "tags") -> None:
    """Raise InvalidInput for what no tag can be called: tags are parts with slashes between, like a/b."""
    shown = repr(name if len(name) <= SHOWN else name[:SHOWN] + "…")
    length = len(name.strip())
    if length == 0:
        raise InvalidInput(f"The tag {shown} is empty.", field=field)
    if not is_utf8(name):
        raise InvalidInput(f"The tag {shown} is not valid Unicode.", field=field)
    if CONTROL.search(name):
        raise InvalidInput(f"The tag {shown} contains a control character.", field=field)
    if length > LONGEST_TAG:
        raise InvalidInput(
            f"The tag {shown} has {length:,} characters, at most {LONGEST_TAG:,} fit.", field=field
        )
    if not all(part.strip() for part in name.split("/")):
        raise InvalidInput(
            f"The tag {shown} has an empty part; on both sides of a slash stands a name, as in 'a/b'.",
            field=field,
        )


def is_tag(name: str) -> bool:
    """Whether a tag can be called so."""
    try:
        check_tag(name)
    except InvalidInput:
        return False
    return True


def checked_language(field: str, language: str | None) -> str | None:
    """A BCP 47 tag without white space around it; blank is None. Raises InvalidInput for another shape."""
    tag = (language or "").strip()
    if tag and not LANGUAGE.fullmatch(tag):
        raise InvalidInput(
            f"{field} must be a language tag like de or pt-BR, not {tag[:SHOWN]!r}.", field=field
        )
    return tag or None


def is_utf8(text: str) -> bool:
    """False for text with lone surrogates: Python's form of bytes that are not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def escaped(text: str) -> str:
    r"""Text of the operating system, as names of files, with bytes that are not UTF-8 written like \xff."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
