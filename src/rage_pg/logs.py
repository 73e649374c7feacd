"""Structured logs on stderr: JSON lines for machines, aligned text on a terminal; keys masked in both."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from rage_pg.errors import InvalidInput

LEVELS = ("debug", "info", "warning", "error", "critical")
MASK = "***"

CHATTY = ("alembic", "procrastinate", "httpx2", "openai")
"""Libraries that tell their every step at the level info, procrastinate with the prompts in it."""

_SENSITIVE = (
    r"(?:[a-z0-9_-]{0,40}[_-])?(?:api)?"
    r"(?:key|token|secret|password|passwd|authorization|cookie|signature|sig)"
)
_SIGNED = (
    r"[\w.%-]{0,40}(?:signature|token|password|secret|credential|access_?key|access-?id|session)[\w.%-]{0,40}"
    r"|(?:[\w.%-]{0,40}[_-])?(?:sig|hmac|key|pwd|pass|auth|jwt|sid|code)|key-pair-id|policy|hdn(?:ts|ea)"
)
"""Parameters of a URL that sign it, or let in whoever has it. Many of these words are harmless elsewhere."""
_SECRET_NAME = re.compile(rf"{_SENSITIVE}(?:[_-][a-z0-9_-]*)?", re.IGNORECASE)
_SECRET_TEXT = [
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        # The password of a URL, which may hold an @ itself.
        (r"(\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@]*:)[^\s/]+(?=@)", rf"\1{MASK}"),
        (r"\b(Bearer|Basic) +[\w.~+/=-]+", rf"\1 {MASK}"),
        # Our own keys; what stands before the secret may be shown.
        (r"(rage_[0-9a-z]{8}_)[\w-]{20,}", rf"\1{MASK}"),
        # The forms in which OpenAI and Google hand out keys.
        (r"\bsk-[\w-]{8,}", f"sk-{MASK}"),
        (r"\bAIza[\w-]{20,}", f"AIza{MASK}"),
        # A parameter of a URL, to its end; what closes the sentence around it is kept.
        (rf"([?&;](?:{_SIGNED})=)[^\s&#\"'<>]*[^\s&#\"'<>.,;:)}}\]]", rf"\1{MASK}"),
        # name=value of an address or a connection string, name: value of a header or of JSON.
        (rf"\b({_SENSITIVE}[\"']?\s*[=:]\s*[\"']?)(?!Bearer|Basic)[^\s&\"',;)}}]+", rf"\1{MASK}"),
    )
]


def configure_logs(level: str, stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's logging to `stream` (stderr) in one form.

    Raises InvalidInput for a level that is not one of LEVELS.
    """
    if level not in LEVELS:
        raise InvalidInput(f"RAGE_LOG_LEVEL must be one of {', '.join(LEVELS)}, not {level!r}.")
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    last = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[last, redact, _renderer(pretty=stream.isatty())]
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in CHATTY:
        quiet = max(logging.WARNING, logging.getLevelName(level.upper()))
        logging.getLogger(name).setLevel(logging.NOTSET if level == "debug" else quiet)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask the values of names like `api_key`, and whatever looks like a key inside any text."""
    return {name: _redacted(name, value) for name, value in event.items()}


def redact_text(text: str) -> str:
    """Mask whatever looks like a key or a URL's password inside `text`."""
    for pattern, replacement in _SECRET_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _redacted(name: object, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(name, str) and _SECRET_NAME.fullmatch(name):
        return MASK
    if isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {key: _redacted(key, item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(None, item) for item in value]
    return redact_text(str(value))


def _renderer(*, pretty: bool) -> Processor:
    if pretty:
        # The rich traceback would print local variables, and with them what they hold.
        return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return structlog.processors.JSONRenderer(ensure_ascii=False)
