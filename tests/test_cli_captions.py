"""`rage captions`: filling, redoing, looking over, and what it says when it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.caption_api_stub import MODEL, SEEN, CaptionApiStub, caption_api_stub
from tests.command_line import Rage, in_process
from tests.store import operator_url, png

PRICES = ("text_input", "text_output")
NOBODY_REVIEWED = "No caption by a model waits to be looked over."


@pytest.fixture
def api() -> Iterator[CaptionApiStub]:
    with caption_api_stub() as stub:
        yield stub


@pytest.fixture
def rage(
    service_url: str,
    api: CaptionApiStub,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Rage:
    """On a store of three images: two without a caption, one with a person's."""
    monkeypatch.setenv("RAGE_CAPTIONER", f"openai:{MODEL}")
    monkeypatch.setenv("OPENAI_BASE_URL", api.url)
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(png(number))
    manifest = tmp_path / "m.csv"
    manifest.write_text(
        "path,title,caption,brand\n0.png,One,,acme\n1.png,Two,,acme\n2.png,Three,Mine,other\n"
    )
    run = in_process(service_url, monkeypatch, capsys)
    assert run("import", "--manifest", manifest, "--no-index").code == 0
    return run


def rows(url: str, statement: str) -> list[Any]:
    with psycopg.connect(operator_url(url)) as connection:
        return connection.execute(statement.encode()).fetchall()


def test_filling_says_what_became_of_the_images(rage: Rage, service_url: str) -> None:
    done = rage("captions", "fill")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "3 described, 1 kept a person's caption, 0 failed",
        "Paid calls: 3, for $0.0000 (without a known cost: 3)",
        "Vectors follow by a worker, or by: rage index fill",
    ]
    jobs = rows(service_url, "SELECT task_name FROM rage.procrastinate_jobs WHERE status = 'todo'")
    assert ("fill_index",) in jobs
    assert rage("captions", "fill").out.splitlines() == ["0 described, 0 kept a person's caption, 0 failed"]


def test_filling_as_json_with_bounds(rage: Rage) -> None:
    done = rage("captions", "fill", "--brand", "acme", "--limit", 1, "--json").json
    assert {
        name: done[name] for name in ("described", "kept", "failed", "remaining", "calls", "stopped")
    } == {
        "described": 1,
        "kept": 0,
        "failed": 0,
        "remaining": 1,
        "calls": 1,
        "stopped": None,
    }


def test_a_bad_key_stops_the_run_with_its_reason(rage: Rage, api: CaptionApiStub, service_url: str) -> None:
    api.reply = "key"
    done = rage("captions", "fill")
    assert done.code == 1
    assert "0 described, 0 kept a person's caption, 0 failed" in done.out
    assert "3 images are left" in done.out
    assert done.err.count("does not accept the key (401). Check OPENAI_API_KEY") == 1
    assert rows(service_url, "SELECT count(run_id), sum(attempts) FROM rage.caption_tries") == [(0, 0)]


def test_failures_are_told_and_listed(rage: Rage, api: CaptionApiStub, service_url: str) -> None:
    api.replies = ["prose", "server_error"]
    done = rage("captions", "fill", "--json")
    assert (done.code, done.json["failed"], done.json["described"]) == (1, 2, 1)
    assert "rage_v1.failed_items says why" in done.err
    reasons = {reason for (reason,) in rows(service_url, "SELECT reason FROM rage_v1.failed_items")}
    assert len(reasons) == 2


def test_a_budget_stops_the_run_and_says_what_is_left(rage: Rage, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = rage("captions", "fill", "--budget", "5")
    assert (refused.code, refused.complaint.endswith("text_input USD, and text_output.")) == (1, True)
    for tokens in PRICES:
        rage("prices", "set", "openai", MODEL, tokens, "1000")
    done = rage("captions", "fill", "--budget", "1.9")
    assert (done.code, done.out.splitlines()[:2]) == (
        1,
        [
            "1 described, 0 kept a person's caption, 0 failed",
            "Paid calls: 1, for $1.0000 (without a known cost: 0)",
        ],
    )
    assert "The budget of this run is $1.9: $1 is spent, $0.9 is left" in done.err
    monkeypatch.setenv("RAGE_CAPTION_BUDGET", "1.5")
    assert "RAGE_CAPTION_BUDGET, is $1.5" in rage("captions", "fill").err


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        (
            {"RAGE_CAPTIONER": ""},
            "No captioner is set. Set RAGE_CAPTIONER to openai:MODEL, gemini:MODEL or ocr",
        ),
        ({"RAGE_CAPTIONER": "clip"}, "RAGE_CAPTIONER is 'clip', which is no captioner. Choose openai:MODEL"),
        ({"RAGE_CAPTIONER": "openai"}, "RAGE_CAPTIONER names no model of openai. Set it to openai:MODEL."),
        ({"OPENAI_BASE_URL": ""}, "The provider openai has no key. Set OPENAI_API_KEY"),
        ({"RAGE_CAPTIONER": "gemini:m"}, "The captioner gemini has no key. Set GEMINI_API_KEY."),
        ({"RAGE_CAPTIONER": "ocr:big"}, "The captioner ocr has no models to choose from."),
        ({"RAGE_CAPTION_BUDGET": "lots"}, "RAGE_CAPTION_BUDGET must be an amount of US dollars"),
    ],
)
def test_what_is_not_set_is_one_sentence(
    rage: Rage, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], said: str
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = rage("captions", "fill")
    assert done.code == (2 if "RAGE_CAPTION_BUDGET" in environment else 1)
    assert done.complaint.startswith(said)


def test_redoing_asks_another_model_and_names_what_is_missing(rage: Rage, api: CaptionApiStub) -> None:
    rage("captions", "fill")
    done = rage("captions", "redo", "--image", "1,3", "--model", "see-2:large", "--json")
    assert (done.json["described"], done.json["kept"]) == (2, 1)
    assert [request["model"] for request in api.requests[-2:]] == ["see-2:large"] * 2
    assert rage("captions", "redo", "--image", "77").complaint == "There is no image 77."
    assert rage("captions", "redo", "--brand", "nobody").complaint == "There is no brand 'nobody'."
    assert rage("captions", "redo", "--image", "x").code == 2


def test_review_accepts_rejects_and_edits(rage: Rage, service_url: str) -> None:
    assert rage("captions", "review").out.strip() == NOBODY_REVIEWED
    rage("captions", "fill")
    listed = rage("captions", "review", "--json").json
    assert [(one["image_id"], one["title"], one["caption"], one["model"]) for one in listed] == [
        (1, "One", SEEN["caption"], MODEL),
        (2, "Two", SEEN["caption"], MODEL),
    ]
    assert rage("captions", "review", "--brand", "other", "--json").json == []
    assert (
        rage("captions", "review", "--accept", "1", "--reject", "2").out
        == "1 accepted, 1 rejected, 0 edited\n"
    )
    assert rage("captions", "review").out.strip() == NOBODY_REVIEWED
    current = "SELECT image_id, text, source FROM rage.captions WHERE is_current ORDER BY image_id"
    assert rows(service_url, current) == [(1, SEEN["caption"], "model"), (3, "Mine", "import")]
    again = rage("captions", "redo", "--json").json
    assert (again["described"], again["kept"]) == (3, 2)
    edited = rage("captions", "review", "--edit", "2", "By hand", "--json").json
    assert edited == {"accepted": [], "rejected": [], "edited": [2]}
    assert rows(service_url, current)[1] == (2, "By hand", "person")


def test_review_decides_on_all_or_says_why_not(rage: Rage, service_url: str) -> None:
    rage("captions", "fill")
    assert "image 3 is not by a model" in rage("captions", "review", "--accept", "1,3").complaint
    assert rage("captions", "review", "--reject", "9").complaint == "There is no image 9."
    assert "image 3 is not" in rage("captions", "review", "--accept", "1", "--reject", "3").complaint
    assert rage("captions", "review", "--accept", "1", "--reject", "1").code == 2
    assert rage("captions", "review", "--interactive").code == 2
    assert rows(service_url, "SELECT * FROM rage.captions WHERE reviewed_at IS NOT NULL") == []


def test_rejecting_brings_back_what_the_model_replaced(rage: Rage, service_url: str) -> None:
    rows_before = "UPDATE rage.captions SET source = 'generation' WHERE image_id = 3 RETURNING text"
    with psycopg.connect(operator_url(service_url)) as connection:
        assert connection.execute(rows_before.encode()).fetchall() == [("Mine",)]
    rage("captions", "fill")
    rage("captions", "redo")
    assert rage("captions", "review", "--reject", "3").code == 0
    current = "SELECT text, revision FROM rage.captions WHERE is_current AND image_id = 3"
    assert rows(service_url, current) == [("Mine", 1)]


def test_review_asks_for_each_on_a_terminal(
    rage: Rage, service_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rage("captions", "fill")
    answers = iter(["e", "By hand", "r"])
    monkeypatch.setattr("rage_pg.cli.captions_review.is_terminal", lambda: True)
    monkeypatch.setattr("rich_click.prompt", lambda *_, **__: next(answers))
    done = rage("captions", "review", "--interactive")
    assert done.out.splitlines()[-1] == "0 accepted, 1 rejected, 1 edited"
    current = "SELECT image_id, text FROM rage.captions WHERE is_current ORDER BY image_id"
    assert rows(service_url, current) == [(1, "By hand"), (3, "Mine")]
