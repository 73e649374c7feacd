"""Where a page of a list of the newest ended: a text that clients hand back as they got it."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from rage_pg.errors import InvalidInput


class Place(Struct, frozen=True):
    """Where a row stands in the list: by its time, and by its id among those of that time."""

    id: UUID
    created_at: datetime


def encoded(place: Place) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def decoded(cursor: str) -> Place:
    """Raises InvalidInput."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(text, type=Place)
    except (binascii.Error, ValueError, RecursionError, msgspec.DecodeError):
        raise InvalidInput("The cursor is not one that this list gave out.", field="cursor") from None
