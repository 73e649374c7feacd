"""Texts from outside: what can be a tag, and what is no UTF-8."""

from __future__ import annotations

import pytest

from rage_pg.errors import InvalidInput
from rage_pg.texts import check_tag, escaped, is_utf8


@pytest.mark.parametrize(
    "tag",
    ["a", "a/b", "a / b/c", " a ", "two words", "a\tb", "日本", "x" * 200, f" {'x' * 200} ", "🏳️\u200d🌈"],
)
def test_tag_is_taken(tag: str) -> None:
    check_tag(tag)


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("", "The tag '' is empty."),
        (" \u00a0\n", "is empty."),
        ("/", "The tag '/' has an empty part; on both sides of a slash stands a name, as in 'a/b'."),
        ("a//b", "The tag 'a//b' has an empty part"),
        ("/a", "has an empty part"),
        ("a/", "has an empty part"),
        ("a/ \t/b", "has an empty part"),
        ("x" * 201, f"The tag '{'x' * 40}…' has 201 characters, at most 200 fit."),
        ("a\0b", r"The tag 'a\x00b' contains a control character."),
        ("a\x1b[31m", r"The tag 'a\x1b[31m' contains a control character."),
        ("a\x85b", r"contains a control character."),
        ("a\ud800", r"The tag 'a\ud800' is not valid Unicode."),
    ],
)
def test_tag_is_refused_by_name(tag: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_tag(tag, "new")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.field == "new"


def test_bytes_that_are_no_utf8_are_written_as_escapes() -> None:
    name = b"caf\xe9 \xc3\xa9".decode("utf-8", "surrogateescape")
    assert not is_utf8(name)
    assert escaped(name) == r"caf\xe9 é"
