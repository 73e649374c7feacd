"""From settings to providers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rage_pg.config import Secret, Settings
from rage_pg.errors import InvalidInput, SetupError
from rage_pg.providers.registry import Registry, check_generator
from tests.command_line import process


def settings_of(**given: object) -> Settings:
    return Settings(data_dir=Path("unused"), **given)  # type: ignore[arg-type]


def registry(**given: object) -> Registry:
    return Registry(settings_of(**given))


@pytest.mark.parametrize("planner", ["something", "openai", "openai:", "gemini:x", ""])
def test_a_planner_that_there_is_not_is_refused_at_the_start(planner: str) -> None:
    with pytest.raises(SetupError, match="is no planner"):
        registry(planner=planner)


def test_a_request_names_the_catalogue_or_the_planner_of_the_settings() -> None:
    assert registry().planner() is None
    assert registry().planner("catalogue") is None
    set_up = registry(planner="openai:thinker", openai_api_key=Secret("k"))
    assert set_up.planner("catalogue") is None
    for wanted in (None, "openai:thinker"):
        planner = set_up.planner(wanted)
        assert planner is not None
        assert (planner.name, planner.model) == ("openai", "thinker")
    # A key that may read must not choose what is paid for.
    for wanted in ("openai:dearer", "openai", "x", ""):
        with pytest.raises(InvalidInput, match="Choose catalogue or openai:thinker"):
            set_up.planner(wanted)


def test_local_is_the_standard() -> None:
    generator = registry().generators()(None)
    assert (generator.name, generator.charges, generator.conditioned_on_prompt) == ("local", False, False)


def test_a_request_may_name_another_generator_than_the_settings() -> None:
    generators = registry(generator="openai:standard", openai_api_key=Secret("k")).generators()
    assert generators(None).default_model == "standard"
    assert generators("openai").default_model == "standard"
    assert generators("openai:other").default_model == "other"
    assert generators("local").name == "local"


def test_gemini_is_named_in_settings_or_request() -> None:
    generators = registry(generator="gemini:painter", gemini_api_key=Secret("k")).generators()
    assert (generators(None).name, generators(None).default_model) == ("gemini", "painter")
    assert generators("gemini:other").default_model == "other"
    other = registry(generator="openai:m", gemini_api_key=Secret("k")).generators()
    with pytest.raises(InvalidInput, match="RAGE_GENERATOR=gemini:MODEL"):
        _ = other("gemini").default_model


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"gemini_api_key": Secret("two keys")}, "GEMINI_API_KEY holds white space"),
        ({"gemini_base_url": "nowhere"}, "GEMINI_BASE_URL is no web address"),
    ],
)
def test_what_gemini_can_never_use_is_named_at_the_start(given: dict[str, object], fault: str) -> None:
    for generator, refused in (("gemini:m", True), ("openai:m", False)):
        settings = settings_of(generator=generator, **{"gemini_api_key": Secret("k"), **given})
        if not refused:
            check_generator(settings)
            continue
        with pytest.raises(SetupError, match=f"^{fault}"):
            check_generator(settings)
        with pytest.raises(SetupError, match=f"^{fault}"):
            Registry(settings).generators()(None)


def test_without_its_sdk_gemini_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rage_pg.providers.gemini", None)
    with pytest.raises(SetupError, match="provider gemini is not installed"):
        registry(gemini_api_key=Secret("k")).generators()("gemini:m")


def test_a_base_url_alone_is_enough_for_a_server_without_keys() -> None:
    generators = registry(openai_base_url="http://127.0.0.1:9/v1").generators()
    assert generators("openai:served").default_model == "served"
    with pytest.raises(InvalidInput, match="needs a model"):
        _ = generators("openai").default_model


@pytest.mark.parametrize(
    ("generator", "fault"),
    [
        ("openai:m", "OPENAI_API_KEY"),
        ("gemini:m", "The provider gemini has no key. Set GEMINI_API_KEY."),
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


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("127.0.0.1:9", "http://"),
        ("ftp://images.example/v1", "http://"),
        ("http://images example/v1", "white space"),
        ("http://images.example/v1\x07", "control character"),
        ("http:///v1", "host"),
        ("http://:8080/v1", "host"),
        ("http://images..example/v1", "host"),
        ("http://<host>/v1", "host"),
        ("http://256.1.1.1/v1", "host"),
        ("http://[::1/v1", "host"),
        ("http://images.example:port/v1", "port"),
        ("http://images.example:99999/v1", "port"),
        ("http://images.example/v1?version=1", "[?]"),
    ],
)
def test_a_base_url_must_be_a_web_address(address: str, fault: str) -> None:
    settings = {"openai_base_url": address}
    with pytest.raises(SetupError, match=rf"^OPENAI_BASE_URL is no web address: .*{fault}") as raised:
        registry(**settings).generators()("openai:m")
    assert "\n" not in str(raised.value)
    with pytest.raises(SetupError, match=r"^OPENAI_BASE_URL"):
        check_generator(settings_of(generator="openai:m", **settings))


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/v1",
        "HTTPS://images.example",
        "http://[::1]:8000/v1/",
        "http://user:word@my_host/v1",
        "https://münchen.example/v1",
    ],
)
def test_every_form_of_a_web_address_is_taken(address: str) -> None:
    assert registry(openai_base_url=address).generators()("openai:m").name == "openai"


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("sk-first sk-second", "white space"),
        ("sk-first\nsk-second", "white space"),
        ("sk-\u00a0nobreak", "white space"),
        ("sk-clé-secrète", "ASCII"),
        ("sk-\udcff-not-utf-8", "ASCII"),
        ("sk-bell\x07", "control character"),
    ],
)
def test_a_key_that_no_header_can_carry_is_named_and_not_shown(key: str, fault: str) -> None:
    broken = {"openai_api_key": Secret(key)}
    with pytest.raises(SetupError, match=f"^OPENAI_API_KEY holds .*{fault}") as raised:
        registry(**broken).generators()("openai:m")
    assert "sk-" not in str(raised.value)
    with pytest.raises(SetupError, match=r"^OPENAI_API_KEY"):
        check_generator(settings_of(generator="openai:m", **broken))


def test_what_the_local_generator_does_not_use_keeps_no_service_from_starting() -> None:
    broken = {"openai_api_key": Secret("two keys"), "openai_base_url": "nowhere"}
    check_generator(settings_of(**broken))
    assert registry(**broken).generators()(None).name == "local"


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_service_does_not_start_on_a_key_that_can_never_work(command: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    options = ("--port", "0") if command == "serve" else ()
    refused = process(
        command,
        *options,
        RAGE_DATA_DIR=str(data),
        RAGE_GENERATOR="openai:m",
        OPENAI_API_KEY="sk-first sk-second",
    )
    assert refused.code == 1
    assert refused.complaint.startswith("OPENAI_API_KEY holds white space")
    assert "sk-" not in refused.err
    assert not data.exists()


def test_a_name_without_end_is_not_repeated_whole() -> None:
    for ask in (registry().planner, registry().generators()):
        with pytest.raises(InvalidInput, match=r"There is no .*x…") as refused:
            ask("x" * 100_000)
        assert len(str(refused.value)) < 200
