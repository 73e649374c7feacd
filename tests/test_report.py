"""`rage report`: figures that agree with the ledger, and a page that is whole by itself."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rage_pg import generation, reporting
from rage_pg.catalogue import brands, images
from rage_pg.database import Database
from rage_pg.errors import InvalidInput, NotFound, ProviderError, ProviderRefused
from rage_pg.reporting import About, pictures
from rage_pg.reporting.chart import chart
from rage_pg.reporting.figures import OfDay
from rage_pg.types import Rating, ReferenceRequest
from tests.command_line import Rage, in_process
from tests.generating import COST, FakeGenerator, accept, carry_out, rows
from tests.store import add

HOSTILE = "<script>alert(1)</script> & \"quotes\" 'n' \u202e {{ 7 * 7 }}"


@pytest.fixture
def rage(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rage:
    return in_process(database_url, monkeypatch, capsys)


async def make(database: Database, generator: FakeGenerator, *image_ids: int, **said: Any) -> Any:
    references = tuple(ReferenceRequest(image_id=image_id) for image_id in image_ids)
    asked = await accept(database, generator, references=references, **said)
    return await carry_out(database, generator, asked.id)


async def filled(database: Database) -> list[Any]:
    """Two brands' generations: rated, kept, refused, failed, and one whose cost nobody knows."""
    for brand in ("acme", "fox"):
        await brands.create(database, brand)
    generator = FakeGenerator()
    soap = await add(database, f"Soap {HOSTILE}", brand="acme", tags=("soap",))
    lake = await add(database, "Lake", brand="shared", kind="scene")
    labels = {"campaign": "spring", "channel": f"web {HOSTILE}"}
    made = [
        await make(
            database, generator, soap, lake, brand="acme", prompt=f"A {HOSTILE}", labels=labels, count=2
        ),
        await make(database, generator, soap, brand="acme", labels={"campaign": "autumn"}),
        await make(database, generator, lake, brand="fox"),
    ]
    await generation.rate(database, made[0].id, 1, Rating(rating=1), by="ann")
    await generation.rate(database, made[0].id, 2, Rating(rating=-1, reasons=("artefact", "off-brand")))
    await generation.rate(database, made[1].id, 1, Rating(rating=-1, reasons=("artefact",)))
    await generation.keep(database, made[0].id, 1)
    await generation.keep(database, made[2].id, 1)
    generator.error = ProviderRefused(f"No: {HOSTILE}", code="moderation_blocked")
    made.append(await make(database, generator, soap, brand="acme"))
    generator.error = ProviderError("Broken.", code="server_error")
    made.append(await make(database, generator, soap, brand="acme"))
    return made


async def test_figures_are_those_of_the_ledger(database: Database) -> None:
    made = await filled(database)
    report = await reporting.figures(database, About())
    all_of_it = report.totals
    assert (all_of_it.generations, all_of_it.succeeded, all_of_it.refused, all_of_it.failed) == (5, 3, 1, 1)
    assert (all_of_it.outputs, all_of_it.kept, all_of_it.ratings) == (4, 2, 3)
    assert all_of_it.mean_rating == -0.333
    assert all_of_it.calls_without_cost == 2
    (sums,) = await rows(database, "SELECT sum(cost_usd) AS usd FROM rage_v1.paid_calls")
    assert all_of_it.cost_usd == sums["usd"]
    assert str(sums["usd"]) == str(3 * float(COST))[:6] + "00"
    assert [(one.brand, one.generations, one.kept) for one in report.by_brand] == [
        ("acme", 4, 1),
        ("fox", 1, 1),
    ]
    assert [(one.provider, one.model, one.outputs) for one in report.by_model] == [
        ("openai", "gpt-image-2", 4)
    ]
    assert [(one.day, one.generations) for one in report.by_day] == [(made[0].created_at.date(), 5)]
    labels = {(one.name, one.value): one.generations for one in report.by_label}
    assert labels["campaign", "spring"] == labels["campaign", "autumn"] == 1
    assert [(one.title, one.generations, one.kept) for one in report.references][1] == ("Lake", 2, 2)
    assert report.references[0].roles == ("product",)
    assert [(one.generation_id, one.position, one.mean_rating) for one in report.best] == [
        (made[0].id, 1, 1.0)
    ]
    assert {one.generation_id for one in report.kept} == {made[0].id, made[2].id}
    assert {(one.status, one.code, one.generations) for one in report.troubles} == {
        ("refused", "moderation_blocked", 1), ("failed", "server_error", 1),
    }  # fmt: skip
    assert [(one.reason, one.ratings) for one in report.reasons] == [("artefact", 2), ("off-brand", 1)]


async def test_other_calls_are_those_that_belong_to_no_generation(database: Database) -> None:
    made = await filled(database)
    insert = """
        INSERT INTO rage.paid_calls (brand_id, generation_id, purpose, provider, model, status, cost_usd,
                                     started_at, finished_at)
        SELECT brand_id, %(of)s::uuid, %(purpose)s, 'openai', 'm', 'succeeded', %(usd)s,
               %(day)s::timestamptz, %(day)s
        FROM rage.brands WHERE name = %(brand)s
    """
    before = (await reporting.figures(database, About())).totals
    for brand, of, purpose, usd, day in (
        ("acme", made[0].id, "draft", "0.5", "2026-03-02 00:00Z"),
        ("acme", None, "draft", "0.25", "2026-03-01 23:59:59Z"),
        ("acme", None, "caption", "0.125", "2026-03-02 00:00Z"),
        ("fox", None, "caption", None, "2026-03-02 12:00Z"),
    ):
        await rows(database, insert, brand=brand, of=of, purpose=purpose, usd=usd, day=day)

    async def others(**about: Any) -> list[tuple[str, int, float, int]]:
        found = (await reporting.figures(database, About(**about))).other_calls
        return [(one.purpose, one.calls, float(one.cost_usd), one.calls_without_cost) for one in found]

    assert await others() == [("caption", 2, 0.125, 1), ("draft", 1, 0.25, 0)]
    assert await others(brand="acme") == [("caption", 1, 0.125, 0), ("draft", 1, 0.25, 0)]
    assert await others(since=date(2026, 3, 2), until=date(2026, 3, 2)) == [("caption", 2, 0.125, 1)]
    assert await others(until=date(2026, 3, 1)) == [("draft", 1, 0.25, 0)]
    # The draft of a generation is among its costs, once.
    report = await reporting.figures(database, About())
    assert report.totals.cost_usd == before.cost_usd + Decimal("0.5")
    (total,) = await rows(database, "SELECT sum(cost_usd) AS usd FROM rage_v1.paid_calls")
    assert report.totals.cost_usd + sum(one.cost_usd for one in report.other_calls) == total["usd"]


async def test_brand_label_and_days_narrow_it(database: Database) -> None:
    await filled(database)
    today = datetime.now(UTC).date()
    for about, expected in (
        (About(brand=" ACME"), 4),
        (About(labels={"campaign": "spring"}), 1),
        (About(brand="fox", labels={"campaign": "spring"}), 0),
        (About(since=today, until=today), 5),
        (About(since=today + timedelta(days=1)), 0),
        (About(until=today - timedelta(days=1)), 0),
    ):
        assert (await reporting.figures(database, about)).totals.generations == expected
    with pytest.raises(NotFound, match="no brand 'nobody'"):
        await reporting.figures(database, About(brand="nobody"))
    with pytest.raises(InvalidInput, match="since lies after until"):
        await reporting.figures(database, About(since=today, until=today - timedelta(days=1)))


async def test_page_is_whole_by_itself_and_shows_words_as_they_are(database: Database) -> None:
    await filled(database)
    report = await reporting.figures(database, About())
    html = reporting.page(report, await reporting.pictures(database, report)).decode()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "49" not in re.findall(r"quotes[^<]*", html)[0]
    assert not re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?(?!data:)[^"'\s>]""", html)
    assert not re.findall(r"https?://", html)
    assert html.count("data:image/webp;base64,") == 5
    assert "2 calls without a known cost" in html
    assert "moderation_blocked" in html


async def test_deleted_images_leave_a_blank(database: Database) -> None:
    made = await filled(database)
    await images.delete(database, made[0].references[0].image_id, erase=True)
    report = await reporting.figures(database, About())
    assert report.references[0].title is None
    html = reporting.page(report, await reporting.pictures(database, report)).decode()
    assert "no picture" in html


async def test_pictures_are_small_and_bounded_together(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(database)
    report = await reporting.figures(database, About())
    every = await pictures(database, report)
    assert max(map(len, every.values())) < 20_000
    monkeypatch.setattr("rage_pg.reporting.thumbnails.MOST_BYTES", sum(map(len, every.values())) - 1)
    assert len(await pictures(database, report)) == len(every) - 1


@pytest.mark.parametrize(
    ("days", "unit", "most"), [(1, "day", 1), (62, "day", 62), (63, "week", 10), (900, "month", 31)]
)
def test_chart_goes_by_what_can_be_told_apart(days: int, unit: str, most: int) -> None:
    first = date(2025, 1, 1)
    found = [
        OfDay(day=first + timedelta(days=number), generations=1, outputs=number) for number in range(days)
    ]
    drawn = chart(found, About())
    assert drawn is not None
    assert drawn.unit == unit
    assert len(drawn.bars) <= most
    assert sum(bar.outputs for bar in drawn.bars) == sum(one.outputs for one in found)
    assert all(bar.height >= 0 and bar.y >= 0 for bar in drawn.bars)


def test_report_of_an_empty_store_says_so(rage: Rage, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    done = rage("report", "-o", file)
    assert done.code == 0, done.err
    assert "Nothing was generated" in file.read_text(encoding="utf-8")
    assert "0 generations are told of in" in done.err
    assert rage("report", "--json").json["totals"]["generations"] == 0


def test_file_that_is_there_stays_where_the_report_fails(rage: Rage, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("mine")
    assert rage("report", "-o", file, "--brand", "nobody").complaint == "There is no brand 'nobody'."
    assert file.read_text() == "mine"
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "-o FILE"),
        (["--json", "--since", "2026-02-30"], "2026-02-30"),
        (["--json", "--since", "2026-02-02", "--until", "2026-02-01"], "--since lies after --until"),
        (["-o", "/nowhere/at/all.html"], "there is no folder"),
        (["--json", "--label", "campaign"], "is not NAME=VALUE"),
    ],
)
def test_wrong_usage_is_said(rage: Rage, arguments: list[str], said: str) -> None:
    done = rage("report", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
