"""What decoders complain of comes out as sentences with the field."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rage_pg.faults import invalid
from rage_pg.types import Filters, GenerationRequest, ImageMetadata, SearchRequest


@pytest.mark.parametrize(
    ("value", "kind", "sentence", "field"),
    [
        ({}, SearchRequest, "prompt is missing.", "prompt"),
        ({"prompt": ""}, SearchRequest, "prompt is empty.", "prompt"),
        (
            {"prompt": "x" * 32_001},
            SearchRequest,
            "prompt must be a text of at most 32000 characters.",
            "prompt",
        ),
        ({"prompt": "x", "k": "5"}, SearchRequest, "k must be a whole number, not a text.", "k"),
        ({"prompt": "x", "k": 201}, SearchRequest, "k must be a whole number of at most 200.", "k"),
        ({"prompt": "x", "k": 1.5}, SearchRequest, "k must be a whole number, not a fraction.", "k"),
        ({"brands": []}, Filters, "brands is not a known field.", "brands"),
        ({"tags": {"every": []}}, Filters, "tags.every is not a known field.", "tags.every"),
        (
            {"tags": {"all": ["a"] * 65}},
            Filters,
            "tags.all must be a list of at most 64 entries.",
            "tags.all",
        ),
        ({"kind": ["toy"]}, Filters, "kind[0] cannot be 'toy'.", "kind[0]"),
        ({"created_after": "soon"}, Filters, "created_after must be a date and time.", "created_after"),
        ({"min_width": "x"}, Filters, "min_width must be a whole number or null, not a text.", "min_width"),
        ({"usable_from": "x"}, ImageMetadata, "usable_from must be a date.", "usable_from"),
        ({"prompt": "x", "search_id": "5"}, GenerationRequest, "search_id must be a UUID.", "search_id"),
        (
            {"prompt": "x", "labels": {"a": 5}},
            GenerationRequest,
            "labels[…] must be a text, not a number.",
            "labels[…]",
        ),
        ([], Filters, "it must be an object, not a list.", None),
    ],
)
def test_sentence_names_the_field(value: Any, kind: type, sentence: str, field: str | None) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(value, kind)
    error = invalid(caught.value, "Line 3: ")
    assert (str(error), error.field) == (f"Line 3: {sentence}", field)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "it is not JSON: it ends too early."),
        ('{"a" 1}', "it is not JSON: expected ':' (byte 5)."),
    ],
)
def test_text_that_is_not_json(text: str, sentence: str) -> None:
    with pytest.raises(msgspec.DecodeError) as caught:
        msgspec.json.decode(text)
    assert str(invalid(caught.value)) == sentence
