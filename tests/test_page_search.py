"""Going on from what was found, in a real Chromium: more of it, images like one of it, and less of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import clone
from tests.page_service import DESKTOP, PATIENCE, PHONE, chromium, opened, serving

PROMPT = "lotion and soap"


@pytest.fixture(scope="module")
def address(server_18: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service with the sample catalogue, its model loaded."""
    with serving(clone(server_18, template), tmp_path_factory.mktemp("page"), demo=True) as address:
        httpx.post(f"{address}/api/search", json={"prompt": PROMPT}, timeout=300).raise_for_status()
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def cards(page: Page) -> list[str | None]:
    return [card.get_attribute("data-image") for card in page.locator("#found [data-image]").all()]


def chip(page: Page, group: str, value: str) -> Locator:
    return page.locator("nav.facets").locator(f'[id="{group}-{value}"]')


def asked(page: Page) -> dict[str, list[str]]:
    """What the address of the page says."""
    return parse_qs(urlsplit(page.url).query)


def test_show_more_goes_on_with_the_same_search(browser: Browser, address: str) -> None:
    with opened(browser, address, f"/?prompt={PROMPT}") as watched:
        page = watched.page
        search_id = page.locator("#search-id").input_value()
        first = cards(page)
        assert len(first) == 24
        with page.expect_response("**/page/search/more") as answered:
            page.get_by_role("button", name="Show more").click()
        assert answered.value.status == 200
        expect(page.locator("#found [data-image]").nth(24)).to_be_focused(timeout=PATIENCE)
        assert cards(page)[:24] == first
        assert len(set(cards(page))) == len(cards(page)) == 48
        assert page.locator("#search-id").input_value() == search_id
        expect(page.locator("#found .count")).to_contain_text("The best 48 of")
        logged = page.request.get(f"{address}/api/searches/{search_id}?cursor=24").json()
        assert [str(item["image"]["id"]) for item in logged["items"]] == cards(page)[24:]
        assert watched.faults == []


def test_answer_tells_how_it_was_found(browser: Browser, address: str) -> None:
    with opened(browser, address, f"/?prompt={PROMPT}") as watched:
        expect(watched.page.locator("#found .how")).to_have_text(
            "exact: caption + text; no space for image · complete"
        )


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_chips_narrow_and_are_taken_away_again(browser: Browser, address: str, size: tuple[int, int]) -> None:
    with opened(browser, address, f"/?prompt={PROMPT}", size=size) as watched:
        page = watched.page
        everything = cards(page)
        expect(chip(page, "brand", "lumen")).to_have_text(re.compile(r"^lumen \d+$"))
        number = int(chip(page, "brand", "lumen").locator("i").inner_text())
        chip(page, "brand", "lumen").click()
        expect(page.locator("#found .count")).to_contain_text(f"of {number} images", timeout=PATIENCE)
        assert asked(page) == {"prompt": [PROMPT], "brand": ["lumen"]}
        facts = page.locator("#found .card .fact").all_inner_texts()
        assert {fact.split(" · ")[0] for fact in facts} == {"lumen"}

        # By the keyboard: the chip stays in focus when it has become a chosen one.
        tag = chip(page, "tag", "soap")
        left = int(tag.locator("i").inner_text())
        tag.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#found .card")).to_have_count(left, timeout=PATIENCE)
        expect(chip(page, "tag", "soap")).to_be_focused()
        expect(chip(page, "tag", "soap")).to_have_accessible_name("No longer soap")
        assert asked(page) == {"prompt": [PROMPT], "brand": ["lumen"], "tag": ["soap"]}
        assert page.evaluate("document.documentElement.scrollWidth") == size[0]
        narrow = cards(page)
        page.reload()
        assert cards(page) == narrow

        page.keyboard.press("Tab")
        page.go_back()
        expect(page.locator("#found .count")).to_contain_text(f"of {number} images", timeout=PATIENCE)
        page.go_back()
        expect(page.get_by_role("link", name="Clear the filters")).to_have_count(0, timeout=PATIENCE)
        assert cards(page) == everything
        page.go_forward()
        expect(chip(page, "brand", "lumen")).to_have_class("chip on", timeout=PATIENCE)
        chip(page, "brand", "lumen").click()
        expect(chip(page, "brand", "lumen")).to_have_class("chip", timeout=PATIENCE)
        assert asked(page) == {"prompt": [PROMPT]}
        assert watched.faults == []


def test_attributes_narrow_too(browser: Browser, address: str) -> None:
    with opened(browser, address) as watched:
        page = watched.page
        page.locator("nav.facets .rest > summary").click()
        chosen = chip(page, "attribute.season", "winter")
        number = int(chosen.locator("i").inner_text())
        chosen.click()
        expect(page.locator("#found .card")).to_have_count(min(number, 24), timeout=PATIENCE)
        assert asked(page) == {"attribute.season": ["winter"]}
        expect(chip(page, "attribute.season", "winter")).to_be_visible()
        assert watched.faults == []


def test_new_prompt_keeps_the_filter(browser: Browser, address: str) -> None:
    with opened(browser, address, "/?prompt=tent&brand=lumen&kind=product") as watched:
        page = watched.page
        page.get_by_label("What should the picture show?").fill("candle")
        page.get_by_role("button", name="Find images").click()
        expect(page).to_have_url(f"{address}/?prompt=candle&brand=lumen&kind=product", timeout=PATIENCE)
        page.go_back()
        expect(page.get_by_label("What should the picture show?")).to_have_value("tent", timeout=PATIENCE)


def test_more_like_this_and_the_way_back(browser: Browser, address: str) -> None:
    with opened(browser, address, f"/?prompt={PROMPT}&kind=product") as watched:
        page = watched.page
        found = cards(page)
        card = page.locator("#found .card").first
        title = card.locator(".title").inner_text()
        image_id = str(found[0])
        page.locator("#found .card > button").nth(1).click()
        expect(page.locator("#choice [data-chosen]")).to_have_count(1, timeout=PATIENCE)

        card.get_by_role("link", name="More like this by caption").click()
        expect(page.locator("#found .like h2")).to_contain_text(title, timeout=PATIENCE)
        assert asked(page) == {
            "prompt": [PROMPT],
            "like": [image_id],
            "by": ["caption"],
            "kind": ["product"],
        }
        wanted = page.request.get(f"{address}/api/images/{image_id}/similar?kind=product&k=24").json()
        assert cards(page) == [str(item["image"]["id"]) for item in wanted["items"]]
        expect(page.locator("#found .card .score").first).to_contain_text("distance")

        page.locator("#found .like").get_by_role("link", name="by look").click()
        expect(page.locator('#found .like [aria-current="true"]')).to_have_text("by look", timeout=PATIENCE)
        wanted = page.request.get(
            f"{address}/api/images/{image_id}/similar?by=style&kind=product&k=200"
        ).json()
        assert cards(page) == [str(item["image"]["id"]) for item in wanted["items"]][:24]
        page.get_by_role("button", name="Show more").click()
        expect(page.locator("#found [data-image]").nth(24)).to_be_focused(timeout=PATIENCE)
        assert cards(page) == [str(item["image"]["id"]) for item in wanted["items"]]

        page.get_by_role("link", name="Back to what").click()
        expect(page.locator("#search-id")).to_be_attached(timeout=PATIENCE)
        assert cards(page) == found
        assert asked(page) == {"prompt": [PROMPT], "kind": ["product"]}
        page.go_back()
        expect(page.locator("#found .like h2")).to_contain_text(title, timeout=PATIENCE)
        # What was chosen stays through all of it.
        expect(page.locator("#choice [data-chosen]")).to_have_count(1)
        assert watched.faults == []


def test_page_works_without_a_script(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/?prompt={PROMPT}", timeout=PATIENCE)
    chip(page, "brand", "lumen").click()
    assert asked(page) == {"prompt": [PROMPT], "brand": ["lumen"]}
    page.get_by_label("What should the picture show?").fill("candle")
    page.get_by_role("button", name="Find images").click()
    assert asked(page) == {"prompt": ["candle"], "brand": ["lumen"]}
    page.locator("#found .card").first.get_by_role("link", name="More like this by caption").click()
    expect(page.locator("#found .like")).to_be_visible()
    context.close()


def test_addresses_that_cannot_be_are_told(browser: Browser, address: str) -> None:
    for path, words in (
        ("/?like=999999", "There is no image 999999"),
        ("/?like=x", "named by its number"),
        ("/?like=1&by=smell", "by"),
        ("/?like=1&by=image", "cannot be compared by"),
    ):
        with opened(browser, address, path) as watched:
            expect(watched.page.get_by_role("alert")).to_contain_text(words)
