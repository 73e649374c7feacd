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

_SECRET_WORDS = "key|token|secret|password|passwd|authorization|cookie"
_SECRET_NAME = re.compile(rf"(^|[_-])(api)?({_SECRET_WORDS})($|[_-])", re.IGNORECASE)
_SECRET_TEXT = (
    # The password of a URL, which may itself hold an @.
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/]+(?=@)", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"\b(Bearer|Basic) +[\w.~+/=-]+", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"\b(sk|rage)[-_][\w-]{8,}"), rf"\1-{MASK}"),
    (re.compile(r"\bAIza[\w-]{20,}"), f"AIza{MASK}"),
    # name=value of a query string or conninfo, name: value of a header or JSON.
    (
        re.compile(rf"\b([\w-]*(?:{_SECRET_WORDS})[\"']?\s*[=:]\s*[\"']?)(?!{re.escape(MASK)})[^\s&\"',;}}]{{4,}}", re.I),
        rf"\1{MASK}",
    ),
)


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
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderer(pretty=stream.isatty()),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask the values of names like `api_key`, and whatever looks like a key inside any text."""
    return {name: _redacted(name, value) for name, value in event.items()}


def redact_text(text: str) -> str:
    """Mask whatever looks like a key or a URL's password inside `text`."""
    for pattern, replacement in _SECRET_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _redacted(name: object, value: Any) -> Any:
    if isinstance(name, str) and _SECRET_NAME.search(name) and value is not None:
        return MASK
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {key: _redacted(key, item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(None, item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact_text(repr(value)) if isinstance(value, BaseException | bytes) else value


def _renderer(*, pretty: bool) -> list[Processor]:
    if pretty:
        # A plain traceback: the rich one prints local variables, and with them what they hold.
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.JSONRenderer(default=str)]
