"""A mask stays with the picture that it was painted on, in a real Chromium; the local generator heeds it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.conftest import clone
from tests.local_references import png
from tests.page_service import PATIENCE, chromium, opened, serving

SIZES = {"Lamp": (400, 300), "Soap": (300, 200)}
LAMP, SOAP = (90, 80, 70), (200, 30, 40)


@pytest.fixture(scope="module")
def address(server_18: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service with the local generator, and two plain pictures of other sizes."""
    with serving(clone(server_18, template), tmp_path_factory.mktemp("masks"), demo=False) as address:
        with httpx.Client(base_url=address, timeout=60) as http:
            for title, colour in (("Lamp", LAMP), ("Soap", SOAP)):
                said = {"metadata": json.dumps({"title": title})}
                files = {"file": (title, png(Image.new("RGB", SIZES[title], colour)))}
                http.post("/api/images", files=files, data=said).raise_for_status()
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def begun(page: Page) -> None:
    """Lamp, then Soap, chosen to edit the first of them."""
    for number, title in enumerate(("Lamp", "Soap"), start=1):
        page.locator("#found .card > button").filter(has=page.get_by_text(title, exact=True)).click()
        expect(page.locator("#choice [data-chosen]")).to_have_count(number, timeout=PATIENCE)
    page.get_by_role("radio", name="edit").check()


def paint(page: Page) -> None:
    """A stroke from the left edge to the middle, and Done."""
    page.get_by_role("button", name="Paint where it may change").click()
    box = page.locator("dialog[open] canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Done").click()
    # A dialog tells only afterwards that it was closed.
    expect(page.locator("[name=mask]")).to_have_value(re.compile("^data:image/png"))


def first(page: Page, title: str) -> None:
    """Move a picture to the first place, and wait until the panel has its canvas."""
    page.get_by_role("button", name=f"Move {title} up").click()
    width, height = SIZES[title]
    canvas = page.locator(f'[data-mask][data-width="{width}"][data-height="{height}"]')
    expect(canvas).to_have_count(1, timeout=PATIENCE)


def test_mask_stays_with_its_picture_when_the_references_are_reordered(
    browser: Browser, address: str
) -> None:
    with opened(browser, address) as watched:
        page = watched.page
        mask, told = page.locator("[name=mask]"), page.locator("[data-told]")
        begun(page)
        paint(page)
        painted = mask.input_value()
        assert painted.startswith("data:image/png;base64,")

        first(page, "Soap")
        expect(mask).to_have_value("")
        expect(told).to_have_text("All of it may change.")
        paint(page)
        of_soap = mask.input_value()
        assert of_soap not in ("", painted)

        first(page, "Lamp")
        expect(mask).to_have_value(painted)
        expect(told).to_have_text("Only what you painted may change.")
        first(page, "Soap")
        expect(mask).to_have_value(of_soap)
        page.get_by_role("button", name="Take the paint away").click()
        first(page, "Lamp")
        first(page, "Soap")
        expect(mask).to_have_value("")
        assert watched.faults == []


def test_moving_there_and_back_at_once_leaves_order_and_mask_as_they_were(
    browser: Browser, address: str
) -> None:
    with opened(browser, address) as watched:
        page = watched.page
        begun(page)
        paint(page)
        painted = page.locator("[name=mask]").input_value()
        up = "(title) => document.querySelector(`[aria-label='Move ${title} up']`).click()"
        page.evaluate(f"['Soap', 'Lamp'].forEach({up})")
        page.wait_for_load_state("networkidle")
        expect(page.locator("#chosen [data-chosen] label").first).to_contain_text("Lamp")
        expect(page.locator("[name=mask]")).to_have_value(painted)
        first(page, "Soap")
        expect(page.locator("#chosen > li").first).to_contain_text("Soap")
        expect(page.locator("[name=mask]")).to_have_value("")
        # htmx tells the console of the request that was called off, and that alone is there.
        assert {said.partition(",")[0] for said in watched.faults} <= {
            "htmx:afterRequest",
            "htmx:sendAbort",
            "undefined",
        }


def test_what_was_painted_and_moved_back_is_what_changes(browser: Browser, address: str) -> None:
    with opened(browser, address) as watched:
        page = watched.page
        begun(page)
        paint(page)
        first(page, "Soap")
        first(page, "Lamp")
        page.get_by_label("What should change?").or_(page.get_by_label("What should the picture show?")).fill(
            "A soap on the lamp"
        )
        page.get_by_role("button", name="Generate").click()
        made = page.locator("#outcome figure img")
        expect(made).to_have_count(1, timeout=PATIENCE)
        url = f"{address}/api/generations?limit=1"
        outputs = page.request.get(url).json()["items"][0]["outputs"]
        content = page.request.get(f"{address}{outputs[0]['url']}").body()
        pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), dtype=int)
        assert pixels.shape == (300, 400, 3)
        assert np.abs(pixels[:80] - LAMP).max() == 0
        assert np.abs(pixels[:, 260:] - LAMP).max() == 0
        assert np.abs(pixels[150, 100] - SOAP).max() < 40
        assert watched.faults == []
