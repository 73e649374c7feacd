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
GIVEN = TYPES | {"int": "a number", "float": "a fraction"}
UNITS = {"a text": " characters", "a list": " entries"}

LONGEST_SHOWN = 60
"""Characters of a value that a sentence repeats."""

MISSING = re.compile(r"Object missing required field `(.+)`")
UNKNOWN = re.compile(r"Object contains unknown field `(.+)`")
WRONG_TYPE = re.compile(r"Expected `(.+?)`, got `(.+?)`")
OUT_OF_BOUNDS = re.compile(r"Expected `(.+?)`(?: of length)? (>=|<=) (\S+)")
INVALID = re.compile(r"Invalid (?:enum value (.+)|RFC3339 encoded (date|datetime|time)|(UUID))")
NOT_JSON = re.compile(r"JSON is malformed: (.+)")
OUT_OF_RANGE = re.compile(r"(?:Integer value|Number) out of range")
NO_MOMENT = re.compile(r"Invalid epoch timestamp|Timestamp is out of range ?")
PLACE = re.compile(r"(.*) - at `\$\.?(.*)`", re.DOTALL)
UNNAMED = re.compile(r"(?:\[[\d.]+\])*")


def invalid(error: msgspec.DecodeError, place: str = "") -> InvalidInput:
    """The complaint of msgspec as an error of ours; `place` stands before the sentence."""
    field, sentence = fault(str(error))
    return InvalidInput(f"{place}{sentence}", field=field or None)


def fault(message: str, field: str = "", whole: str = "it") -> tuple[str, str]:
    """The field that a complaint of msgspec is about ("" for all of the input), and a sentence that names it.

    `field` is taken where the complaint itself names none; `whole` stands for all of the input.
    """
    if found := PLACE.fullmatch(message):
        # Of what was read without regard to a type, msgspec knows no names.
        message, field = found[1], "" if UNNAMED.fullmatch(found[2]) else found[2].replace("[...]", "[…]")
    if inner := MISSING.fullmatch(message) or UNKNOWN.fullmatch(message):
        field = f"{field}.{inner[1]}".lstrip(".")
    return field, f"{field or whole} {_said(message)}."


def _said(message: str) -> str:
    if MISSING.fullmatch(message):
        return "is missing"
    if UNKNOWN.fullmatch(message):
        return "is not a known field"
    if found := WRONG_TYPE.fullmatch(message):
        return f"must be {_type(found[1])}, not {GIVEN.get(found[2], found[2])}"
    if found := OUT_OF_BOUNDS.fullmatch(message):
        if " of length >= 1" in message:
            return "is empty"
        kind = _type(found[1])
        bound = "at least" if found[2] == ">=" else "at most"
        return f"must be {kind} of {bound} {found[3]}{UNITS.get(kind, '')}"
    if found := INVALID.fullmatch(message):
        if value := found[1]:
            return f"cannot be {short(value)}"
        return f"must be {_type((found[2] or found[3]).lower())}"
    if found := NOT_JSON.fullmatch(message):
        return f"is not JSON: {found[1]}"
    if OUT_OF_RANGE.fullmatch(message):
        return "holds a number that is out of range"
    if NO_MOMENT.fullmatch(message):
        return f"must be {TYPES['datetime']}"
    if message == "Input data was truncated":
        return "is not JSON: it ends too early"
    return f"cannot be used: {message.replace('`', '')}"


def short(value: str) -> str:
    """A value as a sentence repeats it."""
    return value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…"


def _type(names: str) -> str:
    """ "str | null" as "a text or null"."""
    return " or ".join(TYPES.get(name, name) for name in names.split(" | "))
