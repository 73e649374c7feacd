"""Partial images from the command line: asked for, told of while the picture is painted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.command_line import in_process
from tests.image_api_stub import WAIT, completed, image_api_stub, partial


def test_partial_images_are_told_of_while_the_picture_is_painted(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rage = in_process(database_url, monkeypatch, capsys)
    said: list[str] = []
    with image_api_stub() as api:
        monkeypatch.setenv("OPENAI_BASE_URL", api.url)
        monkeypatch.setenv("RAGE_GENERATOR", "openai:gpt-image-2")
        api.stream = [partial(), WAIT, completed()]

        @contextmanager
        def spinner(text: str) -> Iterator[Callable[[str], None]]:
            def say(told: str) -> None:
                said.append(told)
                api.stopped.set()

            yield say

        monkeypatch.setattr("rage_pg.cli.making.spinner", spinner)
        order = ["generate", "A soap", "--partial-images", "2", "-o", tmp_path / "made.png", "--json"]
        made = rage(*order).json
        assert (made["status"], made["parameters"]["partial_images"]) == ("succeeded", 2)
        assert said == ["Generating with openai: partial image 1 of 2 is there …"]
        assert api.requests[0].fields["partial_images"] == 2
        refused = rage(*order, "--count", "2")
        assert (refused.code, "one picture at a time" in refused.err) == (1, True)
        assert len(api.requests) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["made.png"]
