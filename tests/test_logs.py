"""What is logged, and what never is."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from rage_pg.config import Secret
from rage_pg.errors import InvalidInput
from rage_pg.logs import configure_logs, redact_text

KEY = "sk-proj-4f9aXq0Zr7TtLm2w"
OUR_SECRET = "Zm9vYmFyLWJhel9xdXV4-0123456789_abcdefghijk"
OUR_KEY = f"rage_k3yk3yk3_{OUR_SECRET}"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object() -> None:
    stream = io.StringIO()
    configure_logs("info", stream)
    structlog.get_logger("rage_pg.ingest").info("imported", path="späte/Äpfel.png", width=12, tags=("a", "b"))
    (line,) = lines(stream)
    assert line["event"] == "imported"
    assert line["level"] == "info"
    assert line["logger"] == "rage_pg.ingest"
    assert (line["path"], line["width"], line["tags"]) == ("späte/Äpfel.png", 12, ["a", "b"])
    assert line["timestamp"].endswith("Z")


def test_standard_logging_takes_the_same_form() -> None:
    stream = io.StringIO()
    configure_logs("info", stream)
    logging.getLogger("uvicorn.error").warning("port %d is taken", 8000)
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["logger"]) == (
        "port 8000 is taken",
        "warning",
        "uvicorn.error",
    )


def test_level_decides_what_is_written() -> None:
    stream = io.StringIO()
    configure_logs("warning", stream)
    structlog.get_logger("a").info("quiet")
    logging.getLogger("b").info("quiet")
    structlog.get_logger("a").error("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_unknown_level_is_refused() -> None:
    with pytest.raises(InvalidInput, match="RAGE_LOG_LEVEL must be one of debug, info"):
        configure_logs("loud")


def test_terminal_gets_text() -> None:
    stream = Terminal()
    configure_logs("info", stream)
    structlog.get_logger("rage_pg").info("ready", url="http://127.0.0.1:8000")
    assert "ready" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


@pytest.mark.parametrize(("key", "secret"), [(KEY, KEY[3:]), (OUR_KEY, OUR_SECRET)], ids=["openai", "ours"])
@pytest.mark.parametrize("terminal", [False, True], ids=["json", "terminal"])
def test_no_key_is_written_however_it_comes(terminal: bool, key: str, secret: str) -> None:
    stream = Terminal() if terminal else io.StringIO()
    configure_logs("debug", stream)
    log = structlog.get_logger("rage_pg")
    log.info("as a value", openai_api_key=key, headers={"Authorization": f"Bearer {key}"})
    log.info("in a list", sent=[{"x-api-key": key}, f"https://example.org/?key={key}&size=2"])
    log.info(f"in the text: {key}")
    log.info("quoted", request={"name": repr(key), "path": f"/images/{key}/content"})
    log.info("as a secret", secret_of=Secret(key), other=Secret(key))
    logging.getLogger("httpx").info("GET %s", f"https://example.org/models?api_key={key}")
    try:
        raise ValueError(f"bad key {key}")
    except ValueError:
        log.exception("in a traceback")
        logging.getLogger("library").exception("in another")
    assert "Traceback" in stream.getvalue()
    assert secret not in stream.getvalue()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgresql://ann:pa:ss@w0rd@db:5432/shop", "postgresql://ann:***@db:5432/shop"),
        ("postgresql://postgres@/rage?host=/run", "postgresql://postgres@/rage?host=/run"),
        ("host=db password=geheim user=ann", "host=db password=*** user=ann"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ('{"client_secret": "abc", "size": 2}', '{"client_secret": "***", "size": 2}'),
        (f"There is no key named '{OUR_KEY}'.", "There is no key named 'rage_k3yk3yk3_***'."),
        (f"x{OUR_KEY[:-9]}…", "xrage_k3yk3yk3_***…"),
        ("GET /v1/models?key=AIzaSyA1234567890abcdefghijklmnop&alt=sse", "GET /v1/models?key=***&alt=sse"),
        ("https://s3.example/a?X-Amz-Signature=f00&w=1", "https://s3.example/a?X-Amz-Signature=***&w=1"),
        ("https://blob.example/a?sp=r&sig=f00", "https://blob.example/a?sp=r&sig=***"),
        (
            "GET https://s3.example/a?X-Amz-Credential=AKIA1%2F2026%2Fs3&X-Amz-Security-Token=F/wo+G==&w=1.",
            "GET https://s3.example/a?X-Amz-Credential=***&X-Amz-Security-Token=***&w=1.",
        ),
        (
            "(https://s3.example/a?AWSAccessKeyId=AKIA1&Expires=5&Signature=a/b+c=).",
            "(https://s3.example/a?AWSAccessKeyId=***&Expires=5&Signature=***).",
        ),
        (
            '{"url": "https://cdn.example/a?Policy=eyJ_~a-&Signature=f,0;0&Key-Pair-Id=K2#x"}',
            '{"url": "https://cdn.example/a?Policy=***&Signature=***&Key-Pair-Id=***#x"}',
        ),
        (
            "https://gs.example/a?GoogleAccessId=me@x.example&amp;X-Goog-Credential=me%40x&w=1",
            "https://gs.example/a?GoogleAccessId=***&amp;X-Goog-Credential=***&w=1",
        ),
        (
            "https://oss.example/a?OSSAccessKeyId=LTA1, https://cos.example/a?policy=p&w=1",
            "https://oss.example/a?OSSAccessKeyId=***, https://cos.example/a?policy=***&w=1",
        ),
    ],
)
def test_text_keeps_everything_but_the_secret(text: str, masked: str) -> None:
    assert redact_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "input_tokens=812",
        "monkey: brown",
        "design=blue",
        "KeyError: 'x'",
        "http://127.0.0.1:8000/images/3",
        "sku: sk-1",
        "rage_requests_duration_seconds",
        "the key rage_k3yk3yk3_…",
        "policy=strict, credential: none",
        "https://shop.example/a?policyholder=7&design=2&accession_id=3&keyword=lamp&zipcode=1",
    ],
)
def test_harmless_text_is_left_alone(text: str) -> None:
    assert redact_text(text) == text


def test_counts_of_tokens_are_no_secret() -> None:
    stream = io.StringIO()
    configure_logs("info", stream)
    structlog.get_logger("rage_pg").info("paid", usage={"input_tokens": 812}, api_key=None)
    assert lines(stream)[0]["usage"] == {"input_tokens": 812}
    assert lines(stream)[0]["api_key"] is None
