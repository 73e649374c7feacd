"""What a server of chat completions answered, taken apart without trusting it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def decoded(content: bytes) -> Mapping[str, Any] | None:
    """The answer's JSON object; None for what is none."""
    try:
        answer = json.loads(content.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def first_choice(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = answer.get("choices")
    found = choices[0] if isinstance(choices, list) and choices else None
    return found if isinstance(found, Mapping) else {}


def message_of(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    message = choice.get("message")
    return message if isinstance(message, Mapping) else {}
