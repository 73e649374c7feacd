"""What a provider says that a call used, as tokens by the classes that prices are kept for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, TypeGuard

Answers: TypeAlias = Literal["images", "text"]

CLASSES = ("text_input", "image_input", "text_output", "image_output")
CACHED = ("cached_text_input", "cached_image_input")
"""Read from the provider's cache, at prices of their own; left out where there are none."""
MAX_TOKENS = 10_000_000
"""Of one class in one call. No request uses nearly as many, and at any price the cost fits its column."""


def tokens_by_class(usage: Any, *, answers: Answers = "images") -> dict[str, int] | None:
    """Tokens by the classes that prices are kept for; None where the usage does not tell them, or is odd.

    `usage` names the classes itself, or has the form of one of OpenAI's APIs, which other servers copy: of
    the images API, or, where the model `answers` in text, of responses, chat completions and embeddings.
    """
    if not isinstance(usage, Mapping):
        return None
    if any(name in usage for name in (*CLASSES, *CACHED)):
        cached = {name: usage[name] for name in CACHED if usage.get(name)}
        return _whole({name: usage.get(name, 0) for name in CLASSES} | cached)
    if "prompt_tokens" in usage:
        return _text_tokens(usage, "prompt_tokens", "completion_tokens")
    if answers == "text":
        return _text_tokens(usage, "input_tokens", "output_tokens")
    return _image_tokens(usage)


def _image_tokens(usage: Mapping[str, Any]) -> dict[str, int] | None:
    read, written = usage.get("input_tokens_details"), usage.get("output_tokens_details")
    if not isinstance(read, Mapping):
        return None
    if not isinstance(written, Mapping):
        # Without details, what an images API puts out is images.
        written = {"image_tokens": usage.get("output_tokens")}
    cached = _cached(read)
    return None if cached is None else _told(read, cached, written)


def _told(
    read: Mapping[str, Any], cached: Mapping[str, Any], written: Mapping[str, Any]
) -> dict[str, int] | None:
    text, pictures = read.get("text_tokens"), read.get("image_tokens")
    if not _is_count(text) or not _is_count(pictures) or not all(map(_is_count, cached.values())):
        return None
    fresh = {
        "text_input": text - cached.get("cached_text_input", 0),
        "image_input": pictures - cached.get("cached_image_input", 0),
    }
    return _whole(
        {
            **fresh,
            "text_output": written.get("text_tokens", 0),
            "image_output": written.get("image_tokens"),
            **cached,
        }
    )


def _cached(read: Mapping[str, Any]) -> dict[str, Any] | None:
    """Cached tokens by class; None where it is not told which of text and pictures they were."""
    count = read.get("cached_tokens")
    if not count:
        return {}
    details = read.get("cached_tokens_details")
    if isinstance(details, Mapping):
        text, pictures = details.get("text_tokens", 0), details.get("image_tokens", 0)
        if not _is_count(text) or not _is_count(pictures) or text + pictures != count:
            return None
        named = {"cached_text_input": text, "cached_image_input": pictures}
        return {name: tokens for name, tokens in named.items() if tokens}
    if read.get("image_tokens") == 0:
        return {"cached_text_input": count}
    return {"cached_image_input": count} if read.get("text_tokens") == 0 else None


def _text_tokens(usage: Mapping[str, Any], reading: str, writing: str) -> dict[str, int] | None:
    """Pictures that are not told apart count as text: a model that answers in text charges both alike.

    So cached tokens are taken for text too, as far as there was as much.
    """
    details = usage.get(f"{reading}_details") or {}
    if not isinstance(details, Mapping):
        return None
    read, pictures = usage.get(reading), details.get("image_tokens") or 0
    cached = details.get("cached_tokens") or 0
    if not _is_count(read) or not _is_count(pictures) or not _is_count(cached):
        return None
    text = min(cached, max(read - pictures, 0))
    of_pictures = cached - text
    named = {"cached_text_input": text, "cached_image_input": of_pictures}
    return _whole(
        {
            "text_input": read - pictures - text,
            "image_input": pictures - of_pictures,
            # An embeddings API writes nothing, and says nothing of it.
            "text_output": usage.get(writing, 0),
            "image_output": 0,
            **{name: tokens for name, tokens in named.items() if tokens},
        }
    )


def _whole(tokens: Mapping[str, Any]) -> dict[str, int] | None:
    counted = {name: count for name, count in tokens.items() if _is_count(count)}
    return counted if len(counted) == len(tokens) and any(counted.values()) else None


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKENS
