"""Files made to be in the way: each ends in a clear verdict, at a bounded cost, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fuzzing import fuzz

ROOT = Path(__file__).parent.parent
HANGS = 400
"""Seconds after which something goes on for ever; on a quiet machine it takes about ten."""
MOST_MEMORY = 800
"""MiB beyond what the interpreter takes; the largest picture accepted has 81 million pixels."""

Verdict = dict[str, Any]
Told = tuple[list[Verdict], float, list[Path]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What became of each file, the memory that it took, and what was left among the temporary files."""
    folder = tmp_path_factory.mktemp("temporary")
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    ran = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", "tests.hostile_run"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=HANGS, check=False,
    )  # fmt: skip
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 0, f"after {lines[-1] if lines else 'nothing'}: {ran.stderr[-2_000:]}"
    return lines[:-1], lines[-1]["peak"], list(folder.iterdir())


def test_every_file_has_a_verdict(told: Told) -> None:
    verdicts, _, _ = told
    assert len(verdicts) > 400
    for one in verdicts:
        assert one["verdict"] in ("accepted", "ImageRejected", "TooLarge"), one
        if one["verdict"] != "accepted":
            assert one["sentence"].endswith("."), one
            assert "\n" not in one["sentence"], one


def test_what_is_accepted_is_shown_in_its_size_and_clean(
    told: Told,
) -> None:
    accepted = [one for one in told[0] if one["verdict"] == "accepted"]
    assert accepted
    for one in accepted:
        assert one["size"] == one["served"], one
        assert one["thumbnail"][0] <= min(512, one["size"][0]), one
        assert one["thumbnail"][1] <= min(512, one["size"][1]), one
        assert one["said"] == [], one


@pytest.mark.parametrize(
    ("start", "verdicts"),
    [
        ("no image: ", {"ImageRejected"}),
        ("renamed: ", {"ImageRejected"}),
        ("endless: gif", {"TooLarge"}),
        ("endless: webp", {"TooLarge"}),
        ("endless: png", {"TooLarge"}),
        ("endless: jpeg of 501 scans", {"TooLarge"}),
        ("bombs: png of 40,000", {"TooLarge"}),
        ("bombs: png of 16 bits", {"accepted"}),
        ("bombs: tiff of one huge tile", {"TooLarge"}),
        ("looped: tiff of pages that share", {"TooLarge"}),
        ("bombs: png of one text", {"accepted"}),
        ("bombs: tiff deflate of too many", {"TooLarge"}),
        ("overlapping: ", {"ImageRejected"}),
        ("looped_exif: jpeg", {"accepted"}),
        ("entity_bombs: ", {"accepted"}),
        ("junk: jpeg with", {"accepted"}),
        ("cut_off: jpeg", {"ImageRejected"}),
        ("cut_off: avif at 9", {"ImageRejected"}),
        ("cut_off: heic", {"ImageRejected"}),
        ("cut_off: gif", {"ImageRejected"}),
        ("cut_off: webp", {"ImageRejected"}),
    ],
)
def test_verdicts_are_the_right_ones(told: Told, start: str, verdicts: set[str]) -> None:
    found = {one["name"]: one["verdict"] for one in told[0] if one["name"].startswith(start)}
    assert found
    assert {name: verdict for name, verdict in found.items() if verdict not in verdicts} == {}


def test_memory_is_bounded_and_no_file_is_left(told: Told) -> None:
    _, peak, left = told
    assert peak < MOST_MEMORY
    assert left == []


def test_files_with_something_wrong_in_them_have_a_verdict() -> None:
    count, problem = fuzz(first=1, seconds=5)
    assert problem is None, problem
    assert count > 20
