"""Reads what a provider exports of usage and costs: OpenAI's JSON pages and CSV, or a plain CSV.

The same names are read in JSON and CSV; whatever else is there is passed over. A name that is missing or
empty says nothing, which is not 0.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from io import StringIO
from typing import Any

from msgspec import Struct

from rage_pg.errors import InvalidInput

DAYS = ("date", "start_time_iso", "start_time")
REQUESTS = ("requests", "num_model_requests")
COSTS = ("cost_usd", "amount_value")
FIGURES = (*REQUESTS, "input_tokens", "output_tokens", *COSTS)
SECONDS_A_DAY = 86_400
LATEST = 253_402_300_799
"""Seconds until the end of the year 9999."""
MOST_DOLLARS = 10**9
MOST_COUNTED = 10**15
EXPECTED = "date or start_time, model, and requests, input_tokens, output_tokens or cost_usd"


class Charged(Struct, frozen=True, kw_only=True):
    """What a provider says of a day (UTC) and a model; None: it does not say. Without a model a whole day."""

    day: date
    model: str | None
    requests: int | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Decimal | None


def read_export(content: bytes, name: str) -> list[Charged]:
    """Every row that says something. Raises InvalidInput, naming file and row, for what cannot be read."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(f"{name} is not UTF-8 text.") from None
    rows = _json_rows(text, name) if text.lstrip()[:1] in ("{", "[") else _csv_rows(text, name)
    charged = [found for where, row in rows if (found := _charged(row, f"{name}, {where}")) is not None]
    if not charged:
        raise InvalidInput(f"{name} holds no usage and no costs; it needs {EXPECTED}.")
    return charged


def _csv_rows(text: str, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    header = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(StringIO(text.lstrip()), delimiter=delimiter)
    columns = [(column or "").strip() for column in reader.fieldnames or ()]
    if not any(day in columns for day in DAYS) or not any(figure in columns for figure in FIGURES):
        raise InvalidInput(f"{name} has not the columns of a usage export: {EXPECTED}.")
    if len(set(columns)) < len(columns):
        raise InvalidInput(f"{name} names a column twice.")
    reader.fieldnames = columns
    try:
        for row in reader:
            if None in row:
                raise InvalidInput(f"{name}, line {reader.line_num} has more fields than the header.")
            yield f"line {reader.line_num}", row
    except csv.Error as error:
        raise InvalidInput(f"{name} is not CSV: {error}.") from None


def _json_rows(text: str, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    buckets = _buckets(_documents(text, name), name)
    for number, bucket in enumerate(buckets, start=1):
        times = {each: bucket[each] for each in ("start_time", "end_time") if each in bucket}
        results = bucket.get("results")
        if not isinstance(results, list):
            raise InvalidInput(f"{name}, bucket {number} has no list of results.")
        for result in results:
            if not isinstance(result, Mapping):
                raise InvalidInput(f"{name}, bucket {number} holds a result that is no object.")
            amount = result.get("amount")
            money = (
                {"amount_value": amount.get("value"), "amount_currency": amount.get("currency")}
                if isinstance(amount, Mapping)
                else {}
            )
            yield f"bucket {number}", {**times, **result, **money}


def _documents(text: str, name: str) -> list[Any]:
    """One JSON document, or one a line."""
    try:
        return [json.loads(text, parse_float=Decimal)]
    except (ValueError, RecursionError):
        pass
    try:
        return [json.loads(line, parse_float=Decimal) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        raise InvalidInput(f"{name} is neither JSON nor JSON Lines.") from None


def _buckets(documents: Sequence[Any], name: str) -> list[Mapping[str, Any]]:
    """The buckets of all pages; a list may hold pages or buckets."""
    pages = [
        page for document in documents for page in (document if isinstance(document, list) else [document])
    ]
    if not all(isinstance(page, Mapping) for page in pages):
        raise InvalidInput(f"{name} is no page of a usage or costs API.")
    if pages and pages[-1].get("has_more") is True:
        raise InvalidInput(f"{name} is not whole: its last page says has_more. Fetch the pages that follow.")
    buckets: list[Mapping[str, Any]] = []
    for page in pages:
        data = page.get("data", [page])
        if not isinstance(data, list) or not all(isinstance(each, Mapping) for each in data):
            raise InvalidInput(f"{name} is no page of a usage or costs API: its data is no list of buckets.")
        buckets += data
    return buckets


def _charged(row: Mapping[str, Any], where: str) -> Charged | None:
    requests = _count(row, REQUESTS, where)
    read, written = _count(row, ("input_tokens",), where), _count(row, ("output_tokens",), where)
    cost = _dollars(row, where)
    if requests is None and read is None and written is None and cost is None:
        return None
    model = _text(row, "model") or _text(row, "line_item").partition(",")[0].strip() or None
    if model is None and not (requests is None and read is None and written is None):
        raise InvalidInput(f"{where} names no model: export usage grouped by model.")
    return Charged(
        day=_day(row, where),
        model=model,
        requests=requests,
        input_tokens=read,
        output_tokens=written,
        cost_usd=cost,
    )


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value).strip()


def _first(row: Mapping[str, Any], names: Sequence[str]) -> tuple[str, str]:
    """The first of these names that has a value, and the value."""
    return next(((name, text) for name in names if (text := _text(row, name))), (names[0], ""))


def _count(row: Mapping[str, Any], names: Sequence[str], where: str) -> int | None:
    name, text = _first(row, names)
    if not text:
        return None
    number = _decimal(text)
    if number is None or number != number.to_integral_value() or not 0 <= number <= MOST_COUNTED:
        raise InvalidInput(f"{where}: {name} is {text[:40]!r}, no whole number from 0.")
    return int(number)


def _dollars(row: Mapping[str, Any], where: str) -> Decimal | None:
    name, text = _first(row, COSTS)
    if not text:
        return None
    currency = _text(row, "amount_currency").lower()
    if name == "amount_value" and currency not in ("usd", ""):
        raise InvalidInput(f"{where} is in {currency[:40]!r}: only US dollars can be compared.")
    amount = _decimal(text)
    if amount is None or abs(amount) > MOST_DOLLARS:
        raise InvalidInput(f"{where}: {name} is {text[:40]!r}, no amount of US dollars.")
    return amount


def _decimal(text: str) -> Decimal | None:
    if len(text) > 60 or not text.isascii() or "_" in text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    # What is written with an exponent of thousands takes as many digits to add.
    return number if number.is_finite() and abs(number.adjusted()) < 30 else None


def _day(row: Mapping[str, Any], where: str) -> date:
    name, text = _first(row, DAYS)
    start, end = _text(row, "start_time"), _text(row, "end_time")
    if start.isdecimal() and end.isdecimal() and int(end[:15]) - int(start[:15]) > SECONDS_A_DAY:
        raise InvalidInput(f"{where} covers more than a day: export with a bucket width of one day or less.")
    if re.fullmatch(r"\d{1,12}", text, re.ASCII):
        if int(text) > LATEST:
            raise InvalidInput(f"{where}: {name} is {text}, which are no seconds since 1970.")
        return datetime.fromtimestamp(int(text), UTC).date()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fault = f"is {text[:40]!r}, no day like 2026-11-30" if text else "is missing"
        raise InvalidInput(f"{where}: {name} {fault}.") from None
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
