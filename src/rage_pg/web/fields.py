"""Single fields of a form or an address, read and checked."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec
from litestar.datastructures import FormMultiDict, MultiDict

from rage_pg.errors import InvalidInput
from rage_pg.faults import fault
from rage_pg.texts import check_storable

Fields: TypeAlias = MultiDict[Any] | FormMultiDict


def text_of(fields: Fields, name: str) -> str:
    text = str(fields.get(name) or "")
    check_storable(name, text)
    return text


def texts_of(fields: Fields, name: str) -> tuple[str, ...]:
    """The values of a field, each once; empty ones say nothing."""
    texts = tuple(dict.fromkeys(str(text) for text in fields.getall(name, []) if text))
    for text in texts:
        check_storable(name, text)
    return texts


def one_of(kind: Any, value: object, field: str) -> Any:
    """The value as this type; None stays None."""
    try:
        return None if value is None else msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise InvalidInput(fault(str(error), field)[1], field=field) from None


def number_of(text: object, field: str, complaint: str) -> int:
    """A whole number of at most 18 digits. Raises InvalidInput."""
    if not (isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 19):
        raise InvalidInput(complaint, field=field)
    return int(text)
