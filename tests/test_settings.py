"""Settings of how generations are carried out: their defaults, and what is wrong with one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rage_pg import jobs
from rage_pg.config import PROVIDER_LIMITS, ProviderLimit, Settings
from rage_pg.errors import InvalidInput


def test_what_is_not_set_is_sane() -> None:
    settings = Settings.from_environment({})
    assert settings.provider_limits == PROVIDER_LIMITS
    assert settings.provider_limits["openai"] == ProviderLimit(concurrency=8, per_minute=50)
    assert (settings.generation_tries, settings.retry_unknown, settings.stop_grace) == (5, 0, 120.0)
    assert (settings.worker_concurrency, settings.service_connections) == (2, 10)


def test_many_jobs_at_once_share_connections() -> None:
    settings = Settings.from_environment({"RAGE_WORKER_CONCURRENCY": "64"})
    assert (settings.worker_concurrency, settings.service_connections) == (64, 24)


def test_limits_change_what_they_name_and_a_file_does_too(tmp_path: Path) -> None:
    said = {"openai": {"concurrency": 2}, "gemini": {"per_minute": None}}
    file = tmp_path / "limits.json"
    file.write_text(json.dumps(said))
    for text in (json.dumps(said), str(file)):
        settings = Settings.from_environment(
            {"RAGE_PROVIDER_LIMITS": text, "RAGE_GENERATION_TRIES": "2", "RAGE_RETRY_UNKNOWN": "1"}
        )
        assert settings.provider_limits == {
            "openai": ProviderLimit(concurrency=2, per_minute=50),
            "gemini": ProviderLimit(concurrency=8, per_minute=None),
        }
        rules = jobs.rules_of(settings)
        assert (rules.limits, rules.tries, rules.retry_unknown) == (settings.provider_limits, 2, 1)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("RAGE_PROVIDER_LIMITS", '{"openay": {}}', "names 'openay'; name openai or gemini"),
        ("RAGE_PROVIDER_LIMITS", '{"local": {"concurrency": 1}}', "names 'local'"),
        ("RAGE_PROVIDER_LIMITS", '{"openai": 5}', "it must be an object"),
        ("RAGE_PROVIDER_LIMITS", '{"openai": {"concurrency": 0}}', "concurrency"),
        ("RAGE_PROVIDER_LIMITS", '{"openai": {"concurency": 1}}', "concurency"),
        ("RAGE_PROVIDER_LIMITS", '{"openai": {"per_minute": "many"}}', "per_minute"),
        ("RAGE_PROVIDER_LIMITS", "[1]", "neither a JSON object nor a file"),
        ("RAGE_GENERATION_TRIES", "0", "above 0"),
        ("RAGE_GENERATION_TRIES", "1000", "100 at most"),
        ("RAGE_RETRY_UNKNOWN", "-1", "whole number"),
        ("RAGE_WORKER_CONCURRENCY", "0", "above 0"),
        ("RAGE_WORKER_CONCURRENCY", "65", "64 at most"),
        ("RAGE_WORKER_CONCURRENCY", "two", "whole number"),
        ("RAGE_STOP_GRACE", "1e9", "whole number"),
        ("RAGE_STOP_GRACE", "99999999", "86400 at most"),
    ],
)
def test_what_cannot_be_is_named(name: str, text: str, words: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        Settings.from_environment({name: text})
    assert (raised.value.field, words in str(raised.value)) == (name, True), str(raised.value)
