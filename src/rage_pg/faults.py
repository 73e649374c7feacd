"""What a decoder found wrong with some input, said as a sentence that names the field."""

from __future__ import annotations

import re

import msgspec

from rage_pg.errors import InvalidInput

TYPES = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
    "datetime": "a date and time",
    "date": "a date",
    "uuid": "a UUID",
}
"""The decoder's names of types, for people."""
UNITS = {"a text": " characters", "a list": " entries"}

MISSING = re.compile(r"Object missing required field `(.+)`")
UNKNOWN = re.compile(r"Object contains unknown field `(.+)`")
WRONG_TYPE = re.compile(r"Expected `(.+?)`, got `(.+?)`")
OUT_OF_BOUNDS = re.compile(r"Expected `(.+?)`(?: of length)? (>=|<=) (\S+)")
INVALID = re.compile(r"Invalid (?:enum value (.+)|RFC3339 encoded (date|datetime|time)|(UUID))")
NOT_JSON = re.compile(r"JSON is malformed: (.+)")
PLACE = re.compile(r"(.*) - at `\$\.?(.*)`", re.DOTALL)


def invalid(error: msgspec.DecodeError, place: str = "") -> InvalidInput:
    """The complaint of msgspec as an error of ours; `place` stands before the sentence."""
    found = PLACE.fullmatch(str(error))
    message, field = (found[1], found[2].replace("[...]", "[…]")) if found else (str(error), "")
    if inner := MISSING.fullmatch(message) or UNKNOWN.fullmatch(message):
        field = f"{field}.{inner[1]}".lstrip(".")
    return InvalidInput(f"{place}{field or 'it'} {_said(message)}.", field=field or None)


def _said(message: str) -> str:
    if MISSING.fullmatch(message):
        return "is missing"
    if UNKNOWN.fullmatch(message):
        return "is not a known field"
    if found := WRONG_TYPE.fullmatch(message):
        return f"must be {_type(found[1])}, not {_type(found[2])}"
    if found := OUT_OF_BOUNDS.fullmatch(message):
        kind = _type(found[1])
        bound = "at least" if found[2] == ">=" else "at most"
        return f"must be {kind} of {bound} {found[3]}{UNITS.get(kind, '')}"
    if found := INVALID.fullmatch(message):
        return f"cannot be {found[1]}" if found[1] else f"must be {_type((found[2] or found[3]).lower())}"
    if found := NOT_JSON.fullmatch(message):
        return f"is not JSON: {found[1]}"
    if message == "Input data was truncated":
        return "is not JSON: it ends too early"
    return f"cannot be used: {message.replace('`', '')}"


def _type(names: str) -> str:
    """ "str | null" as "a text or null"."""
    return " or ".join(TYPES.get(name, name) for name in names.split(" | "))
