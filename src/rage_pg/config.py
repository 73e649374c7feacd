"""Settings, read from the environment once. No other module reads it."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
import platformdirs
from msgspec import Meta, Struct, field

from rage_pg.errors import InvalidInput
from rage_pg.faults import invalid

MIB = 1024 * 1024
LONGEST_NUMBER = 19
MOST_TRIES = 100
LONGEST_GRACE = 86_400
"""Seconds."""
MOST_CONCURRENCY = 64
LONGEST_FILE = MIB
"""Of a file of settings."""
HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
"""In lower case, without a dot at its end."""


class Secret:
    """A key that no log, repr, row or error can show; `reveal()` is the one way to its text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


class Limits(Struct, frozen=True, kw_only=True):
    """What one image may be at most; beyond it a file is rejected before it is decoded.

    `max_archive_bytes` is what a ZIP archive of images may be, as it is uploaded.
    """

    max_bytes: int = 50 * MIB
    max_pixels: int = 100_000_000
    max_archive_bytes: int = 2048 * MIB


class ProviderLimit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often an image provider may be called by all processes of a store together; None: without bound."""

    concurrency: Annotated[int, Meta(ge=1, le=10_000)] | None = 8
    """Calls under way at once."""
    per_minute: Annotated[int, Meta(ge=1, le=1_000_000)] | None = 50
    """Calls started within any minute."""


PROVIDER_LIMITS: Mapping[str, ProviderLimit] = {"openai": ProviderLimit(), "gemini": ProviderLimit()}
"""Those of the providers that other machines serve; `local` is bound by the slots of the workers alone."""


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that can be set from outside. Empty variables count as not set."""

    data_dir: Path
    database_url: str | None = None
    database_read_url: str | None = None
    text_encoder: str | None = None
    image_encoder: str | None = None
    model_dir: Path | None = None
    """Where the models of `clip` and `siglip` lie; None: they are fetched from their hub."""
    captioner: str | None = None
    caption_budget: Decimal | None = None
    """US dollars that captions may cost in a calendar month; None: as much as they do."""
    planner: str | None = None
    judge: str | None = None
    """What judges pictures that are refined; None: the captioner's model, where it is OpenAI's."""
    generator: str = "local"
    model_capabilities: Mapping[str, Any] = field(default_factory=dict)
    """By PROVIDER:MODEL, what an image model can do other than is known of it."""
    provider_limits: Mapping[str, ProviderLimit] = field(default_factory=lambda: dict(PROVIDER_LIMITS))
    generation_tries: int = 5
    """How often a generation is sent whose provider turned it away before any work was done."""
    retry_unknown: int = 0
    """How often what ended unknown is made again without a person; it may be paid for each time."""
    stop_grace: float = 120.0
    """Seconds that the generations under way have to end when a worker is told to stop."""
    worker_concurrency: int = 2
    """Jobs that one worker does at once, those of the index aside."""
    openai_api_key: Secret | None = None
    openai_base_url: str | None = None
    gemini_api_key: Secret | None = None
    gemini_base_url: str | None = None
    log_level: str = "info"
    rate_limit: int = 1200
    """Requests that one key may make of one process a minute; 0: as many as it likes."""
    fetch_allow: tuple[str, ...] = ()
    """Host names and networks (CIDR) that images may be fetched from though they are not public."""
    limits: Limits = Limits()

    @property
    def service_connections(self) -> int:
        """Connections to the database that a service or worker holds at most, the queue's own aside.

        A job holds one for moments only: 64 of them need no 64.
        """
        return 8 + min(self.worker_concurrency, 16)

    def __repr__(self) -> str:
        """Without values: the URLs may hold passwords."""
        return f"Settings(data_dir={self.data_dir!s})"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        # A key read from a file ends with a line break, which no header can carry.
        given = {name: value.strip() for name, value in environment.items() if value.strip()}
        return cls(
            data_dir=Path(given.get("RAGE_DATA_DIR", default_data_dir())).expanduser().resolve(),
            database_url=given.get("RAGE_DATABASE_URL"),
            database_read_url=given.get("RAGE_DATABASE_READ_URL"),
            text_encoder=given.get("RAGE_TEXT_ENCODER"),
            image_encoder=given.get("RAGE_IMAGE_ENCODER"),
            model_dir=Path(given["RAGE_MODEL_DIR"]).expanduser() if "RAGE_MODEL_DIR" in given else None,
            captioner=given.get("RAGE_CAPTIONER"),
            caption_budget=_dollars(given, "RAGE_CAPTION_BUDGET"),
            planner=given.get("RAGE_PLANNER"),
            judge=given.get("RAGE_JUDGE"),
            generator=given.get("RAGE_GENERATOR", "local"),
            model_capabilities=_object(given, "RAGE_MODEL_CAPABILITIES"),
            provider_limits=_provider_limits(given, "RAGE_PROVIDER_LIMITS"),
            generation_tries=_positive(given, "RAGE_GENERATION_TRIES", 5, most=MOST_TRIES),
            retry_unknown=_whole(given, "RAGE_RETRY_UNKNOWN", 0, most=MOST_TRIES),
            stop_grace=float(_whole(given, "RAGE_STOP_GRACE", 120, most=LONGEST_GRACE)),
            worker_concurrency=_positive(given, "RAGE_WORKER_CONCURRENCY", 2, most=MOST_CONCURRENCY),
            openai_api_key=_secret(given, "OPENAI_API_KEY"),
            openai_base_url=given.get("OPENAI_BASE_URL"),
            gemini_api_key=_secret(given, "GEMINI_API_KEY"),
            gemini_base_url=given.get("GEMINI_BASE_URL"),
            log_level=given.get("RAGE_LOG_LEVEL", "info").lower(),
            rate_limit=_whole(given, "RAGE_RATE_LIMIT", 1200),
            fetch_allow=_hosts(given, "RAGE_FETCH_ALLOW"),
            limits=Limits(
                max_bytes=_positive(given, "RAGE_MAX_IMAGE_BYTES", 50 * MIB),
                max_pixels=_positive(given, "RAGE_MAX_IMAGE_PIXELS", 100_000_000),
                max_archive_bytes=_positive(given, "RAGE_MAX_ARCHIVE_BYTES", 2048 * MIB),
            ),
        )


def default_data_dir() -> Path:
    """Root's home is private, and the embedded server runs as a user of its own: keep out of it."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/rage-pg")
    return platformdirs.user_data_path("rage-pg")


def _secret(given: Mapping[str, str], name: str) -> Secret | None:
    return Secret(given[name]) if name in given else None


def _hosts(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Host names in lower case, and networks."""
    entries = [entry.strip().lower() for entry in given.get(name, "").split(",") if entry.strip()]
    for entry in entries:
        if not (
            is_network(entry) or (HOST_NAME.fullmatch(entry) and not entry.rpartition(".")[2].isdecimal())
        ):
            raise InvalidInput(
                f"{name} takes host names and networks like cdn.example or 10.1.0.0/16, not {entry[:80]!r}.",
                field=name,
            )
    return tuple(entries)


def is_network(entry: str) -> bool:
    """Whether this is an address or a network in CIDR form, and not the name of a host."""
    try:
        ipaddress.ip_network(entry)
    except ValueError:
        return False
    return True


def _object(given: Mapping[str, str], name: str) -> dict[str, Any]:
    """A JSON object, or the one in a file whose path is given."""
    text = given.get(name, "{}")
    place = f"{name}: "
    if not text.startswith("{"):
        text, place = _content(name, text), f"{name}, {text[:200]}: "
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except RecursionError:
        raise InvalidInput(f"{place}it is nested too deeply.", field=name) from None
    except msgspec.DecodeError as error:
        raise InvalidInput(str(invalid(error, place)), field=name) from None


def _content(name: str, file: str) -> str:
    try:
        with Path(file).expanduser().open(encoding="utf-8-sig") as opened:
            text = opened.read(LONGEST_FILE + 1)
    # The last for a home folder that nobody has.
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or str(error).rstrip(".")
        fault = f"{name} is neither a JSON object nor a file that can be read ({why}): {file[:200]!r}."
        raise InvalidInput(fault, field=name) from None
    if len(text) > LONGEST_FILE:
        raise InvalidInput(f"{name} names a file of more than {LONGEST_FILE} characters.", field=name)
    return text


def _dollars(given: Mapping[str, str], name: str) -> Decimal | None:
    text = given.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise InvalidInput(
            f"{name} must be an amount of US dollars like 25 or 7.50, not {text!r}.", field=name
        )
    return Decimal(text)


def _provider_limits(given: Mapping[str, str], name: str) -> dict[str, ProviderLimit]:
    """What is not said stays as it is."""
    limits = dict(PROVIDER_LIMITS)
    for provider, said in _object(given, name).items():
        if provider not in limits:
            fault = f"{name} names {provider[:80]!r}; name {' or '.join(limits)}."
            raise InvalidInput(fault, field=name)
        if not isinstance(said, Mapping):
            raise InvalidInput(f"{name}, {provider}: it must be an object.", field=name)
        try:
            limits[provider] = msgspec.convert(
                msgspec.to_builtins(limits[provider]) | dict(said), ProviderLimit
            )
        except msgspec.ValidationError as error:
            raise InvalidInput(str(invalid(error, f"{name}, {provider}: ")), field=name) from None
    return limits


def _positive(given: Mapping[str, str], name: str, default: int, *, most: int | None = None) -> int:
    number = _whole(given, name, default, most=most)
    if number == 0:
        raise InvalidInput(f"{name} must be a whole number above 0, not '0'.", field=name)
    return number


def _whole(given: Mapping[str, str], name: str, default: int, *, most: int | None = None) -> int:
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < LONGEST_NUMBER):
        raise InvalidInput(f"{name} must be a whole number, not {text!r}.", field=name)
    if most is not None and int(text) > most:
        raise InvalidInput(f"{name} can be {most} at most, not {text}.", field=name)
    return int(text)
