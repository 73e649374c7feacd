"""Budgets and late prices from the command line, and what a dry run says of money."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import Rage, in_process


@pytest.fixture
def rage(service_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    return in_process(service_url, monkeypatch, capsys)


def test_budgets_are_set_listed_and_removed_by_command(rage: Rage) -> None:
    whose = ["--label", "campaign=spring", "--month", "2026-11"]
    assert rage("budgets", "set", "20", *whose, "--json").json["limit_usd"] == 20
    assert (
        "label campaign=spring, every month" in rage("budgets", "set", "5", "--label", "campaign=spring").out
    )
    assert [one["limit_usd"] for one in rage("budgets", "list", "--json").json] == [5, 20]
    assert "campaign=spring" in rage("budgets", "list").out
    assert rage("budgets", "remove", *whose, "--json").json == {"removed": True}
    missing = rage("budgets", "remove", *whose)
    assert (missing.code, missing.complaint.split(";")[0]) == (
        1,
        "There is no budget of label campaign=spring, 2026-11",
    )
    assert "There is no brand 'nobody'" in rage("budgets", "set", "1", "--brand", "nobody").complaint
    for wrong in (["set", "x"], ["set", "1", "--month", "11/2026"], ["set", "1", "--label", "a"], ["set"]):
        assert rage("budgets", *wrong).code == 2


def test_a_late_price_is_set_and_costs_follow_by_command(rage: Rage) -> None:
    price = ["prices", "set", "openai", "m", "cached_text_input", "1.25", "--from", "2026-11-01"]
    answer = rage(*price, "--recompute", "--json").json
    assert answer["costs"] == {"recomputed": 0, "cost_usd": 0, "still_without_cost": 0}
    assert answer["effective_from"] == "2026-11-01"
    assert "0 costs worked out ($0)" in rage("prices", "recompute", "openai", "m", "--from", "2026-11-01").out
    assert rage("prices", "recompute", "openai", "m").code == 2


def test_a_dry_run_estimates_what_it_would_cost(rage: Rage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    order = ["generate", "A lamp!", "--provider", "openai:gpt-image-1.5", "--dry-run"]
    known = rage(*order, "--size", "1024x1024", "--quality", "low", "--json").json["estimate"]
    assert (known["cost_usd"], known["tokens"]["image_output"]) == (0.008714, 272)
    unknown = rage(*order)
    assert "estimated cost" in unknown.out
    assert "image_output not known" in unknown.out
    assert rage(*order, "--json").json["estimate"]["cost_usd"] is None


def test_a_generation_that_a_budget_does_not_allow_is_refused_in_one_line(
    rage: Rage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    assert rage("budgets", "set", "0").code == 0
    refused = rage("generate", "A lamp!", "--provider", "openai:gpt-image-2", "-o", tmp_path / "lamp.png")
    assert (refused.code, "The budget of all brands" in refused.complaint) == (1, True)
    assert rage("history", "list", "--json").json["items"] == []
