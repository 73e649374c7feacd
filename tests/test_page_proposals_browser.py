"""References proposed, arranged and used, in a real Chromium against a real service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import clone
from tests.page_service import DESKTOP, PATIENCE, PHONE, chromium, opened, serving

PROMPT = "a salesman with lotion and soap on a shelf beside a violin"
PAIR, MAN, SHELF = "Spring lotion and soap", "Salesman at a counter", "Bathroom shelf"
TRIO = "Body lotion trio"


@pytest.fixture(scope="module")
def address(server_18: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service with the sample catalogue, its model loaded, whose images have vectors."""
    with serving(clone(server_18, template), tmp_path_factory.mktemp("page"), demo=True) as address:
        httpx.post(f"{address}/api/search", json={"prompt": PROMPT}, timeout=300).raise_for_status()
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def propose(page: Page, prompt: str = PROMPT) -> None:
    page.get_by_label("What should the picture show?").fill(prompt)
    page.get_by_role("button", name="Propose references").click()
    expect(page.locator(".marked")).to_contain_text(prompt, timeout=PATIENCE)


def picks(page: Page) -> list[str]:
    return page.locator("#found .pick .title").all_inner_texts()


def expect_picks(page: Page, titles: list[str]) -> None:
    """Waits for them: without a script a click opens a new page, which is empty at first."""
    expect(page.locator("#found .pick .title")).to_have_text(titles, timeout=PATIENCE)


def option(page: Page, thing: str, title: str) -> Locator:
    return page.get_by_role("list", name=f"Images for {thing}").get_by_role("link", name=title, exact=True)


def order(page: Page) -> list[str]:
    return [label.partition(",")[0].strip() for label in page.locator("#chosen label").all_inner_texts()]


def asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_a_proposal_becomes_a_picture(browser: Browser, address: str) -> None:
    with opened(browser, address) as watched:
        page = watched.page
        propose(page)
        expect_picks(page, [PAIR, MAN, SHELF])
        expect(page.locator(".marked .shown")).to_have_text(["salesman", "lotion", "soap", "shelf"])
        expect(page.locator(".marked .lacking")).to_contain_text("violin")
        expect(page.locator(".thing.lacking")).to_contain_text("nothing in the store shows this")
        page.locator(".passed summary").click()
        expect(page.locator(".passed")).to_contain_text(f"“{PAIR}” shows the same about as well or better")

        page.get_by_role("button", name="Use these 3").click()
        expect(page.locator("#choice [data-chosen]")).to_have_count(3, timeout=PATIENCE)
        assert order(page) == [PAIR, MAN, SHELF]
        expect(page.get_by_label(f"{SHELF}, role")).to_have_value("background")
        expect(page.get_by_role("button", name="All added")).to_be_visible()
        expect(page.locator(".pick .place")).to_have_text(["1", "2", "3"])
        expect(page.locator(".pick > button").first).to_have_attribute("aria-pressed", "true")

        # One more by hand, and one less.
        page.locator(".passed").get_by_role("button", name="Rose soap bar").click()
        expect(page.locator("#choice [data-chosen]")).to_have_count(4, timeout=PATIENCE)
        page.get_by_role("button", name=f"Remove {MAN}").click()
        expect(page.locator("#choice [data-chosen]")).to_have_count(3, timeout=PATIENCE)
        expect(page.get_by_role("button", name="Use these 3")).to_be_visible()
        with page.expect_response("**/page/generations") as sent:
            page.get_by_role("button", name="Generate").click()
        assert sent.value.status == 200
        made = page.request.get(f"{address}/api/generations?limit=1").json()["items"][0]
        assert made["proposal_id"] == asked(page)["proposal"][0]
        assert [(one["title"], one["role"], one["search_rank"]) for one in made["references"]] == [
            (PAIR, "product", 1),
            (SHELF, "background", 3),
            ("Rose soap bar", "product", None),
        ]
        assert made["references"][0]["note"] == "use only lotion, soap of this image"
        assert made["references"][0]["search_score"] > 0
        assert watched.faults == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_one_image_is_swapped_for_another_by_the_keyboard(
    browser: Browser, address: str, size: tuple[int, int]
) -> None:
    with opened(browser, address, size=size) as watched:
        page = watched.page
        propose(page)
        first = page.url
        expect(option(page, "lotion", PAIR)).to_have_attribute("aria-current", "true")
        before = page.locator(".things").bounding_box()
        option(page, "lotion", TRIO).focus()
        page.keyboard.press("Enter")
        expect(option(page, "lotion", TRIO)).to_have_attribute("aria-current", "true", timeout=PATIENCE)
        expect(option(page, "lotion", TRIO)).to_be_focused()
        after = page.locator(".things").bounding_box()
        assert before is not None
        assert after is not None
        assert (before["width"], before["height"]) == (after["width"], after["height"])
        expect_picks(page, [PAIR, TRIO, MAN, SHELF])
        expect(page.locator(".pick", has_text=TRIO)).to_contain_text('Your choice for "lotion".')
        page.get_by_role("button", name="Use these 4").click()
        expect(page.locator("#choice [data-chosen]")).to_have_count(4, timeout=PATIENCE)
        # Of both things another image: what showed them gives way to it.
        option(page, "soap", "Lavender gift set").click()
        expect(page.get_by_role("button", name="Use these 4")).to_be_visible(timeout=PATIENCE)
        page.get_by_role("button", name="Use these 4").click()
        expect(page.locator("#choice")).not_to_contain_text(PAIR, timeout=PATIENCE)
        assert sorted(order(page)) == sorted([TRIO, MAN, SHELF, "Lavender gift set"])
        assert page.evaluate("document.documentElement.scrollWidth") == size[0]

        page.go_back()
        expect(option(page, "soap", PAIR)).to_have_attribute("aria-current", "true", timeout=PATIENCE)
        page.go_back()
        expect(page).to_have_url(first)
        expect(option(page, "lotion", PAIR)).to_have_attribute("aria-current", "true", timeout=PATIENCE)
        page.reload()
        expect_picks(page, [PAIR, MAN, SHELF])
        # The form comes back too, with where its references are from.
        expect(page.locator("#choice [data-chosen]")).to_have_count(4, timeout=PATIENCE)
        expect(page.locator("#choice [name=proposal_id]")).to_have_value(asked(page)["proposal"][0])
        assert watched.faults == []


def test_what_was_chosen_stays_first_and_another_filter_proposes_anew(browser: Browser, address: str) -> None:
    with opened(browser, address, "/?prompt=rose+soap+bar") as watched:
        page = watched.page
        page.locator("#found .card > button").filter(
            has=page.get_by_text("Rose soap bar", exact=True)
        ).click()
        expect(page.locator("#choice [data-chosen]")).to_have_count(1, timeout=PATIENCE)
        propose(page)
        assert picks(page)[0] == "Rose soap bar"
        expect(page.locator(".pick").first).to_contain_text("Chosen; serves")
        expect(page.locator(".pick > button").first).to_have_attribute("aria-pressed", "true")
        earlier = asked(page)["proposal"]
        page.locator('nav.facets [id="brand-lumen"]').click()
        expect(page.locator("#found .count")).to_contain_text("Clear the filters", timeout=PATIENCE)
        assert asked(page)["brand"] == ["lumen"]
        assert asked(page)["proposal"] != earlier
        assert picks(page)[0] == "Rose soap bar"
        assert MAN not in picks(page)
        expect(page.locator(".thing.lacking").first).to_contain_text("nothing that passes these filters")
        # The filter counts for a search too, and the way back is the browser's.
        page.get_by_role("link", name="Search by the whole prompt instead").click()
        expect(page.locator("#search-id")).to_be_attached(timeout=PATIENCE)
        assert asked(page) == {"prompt": [PROMPT], "brand": ["lumen"]}
        page.go_back()
        expect(page.locator(".pick").first).to_contain_text("Rose soap bar", timeout=PATIENCE)
        page.locator(".pick").first.get_by_role("link", name="More like this by caption").click()
        page.get_by_role("link", name="Back to what is proposed").click()
        expect(page.locator(".pick").first).to_contain_text("Rose soap bar", timeout=PATIENCE)
        assert watched.faults == []


def test_nothing_to_propose_and_errors_are_told(browser: Browser, address: str) -> None:
    with opened(browser, address, size=PHONE) as watched:
        page = watched.page
        propose(page, "a feeling of calm")
        expect(page.locator("#found .empty")).to_contain_text("what a picture can show")
        expect(page.get_by_role("status").filter(has_text="names nothing")).to_be_visible()
        page.get_by_role("link", name="Search by the whole prompt instead").click()
        expect(page.locator("#search-id")).to_be_attached(timeout=PATIENCE)
        assert watched.faults == []
        page.get_by_label("What should the picture show?").fill("")
        page.get_by_role("button", name="Propose references").click()
        expect(page.locator("#notice-found")).to_contain_text("say what the picture should show")
        propose(page, "a tent")
        expect(page.locator("#notice-found")).to_be_empty()
        page.route("**/page/propose", lambda route: route.abort("connectionrefused"))
        page.get_by_role("button", name="Propose references").click()
        expect(page.locator("#notice-found")).to_contain_text("does not answer")
        assert picks(page) == [picks(page)[0]]
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]


def test_a_prompt_too_long_for_an_address_comes_back_with_its_proposal(
    browser: Browser, address: str
) -> None:
    long = "A tent by a lake." + " Make it feel calm, wide and inviting." * 60
    with opened(browser, address) as watched:
        page = watched.page
        propose(page, long)
        assert asked(page).keys() == {"proposal"}
        found = picks(page)
        assert found
        page.get_by_label("What should the picture show?").fill("candle")
        page.get_by_role("button", name="Find images").click()
        expect(page.locator("#search-id")).to_be_attached(timeout=PATIENCE)
        page.go_back()
        expect(page.get_by_label("What should the picture show?")).to_have_value(long, timeout=PATIENCE)
        expect_picks(page, found)
        assert watched.faults == []


def test_proposals_work_without_a_script(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/?prompt=tent&brand=lumen&brand=shared", timeout=PATIENCE)
    page.get_by_label("What should the picture show?").fill(PROMPT)
    page.get_by_role("button", name="Propose references").click()
    expect_picks(page, [PAIR, MAN, SHELF])
    assert asked(page)["brand"] == ["lumen", "shared"]
    option(page, "lotion", TRIO).click()
    expect_picks(page, [PAIR, TRIO, MAN, SHELF])
    page.locator(".passed summary").click()
    expect(page.locator(".passed li").first).to_be_visible()
    page.get_by_role("link", name="Search by the whole prompt instead").click()
    expect(page.locator("#found .count")).to_contain_text(re.compile(r"The best \d+ of"))
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_on_their_ground(browser: Browser, address: str, scheme: str) -> None:
    """At least 4.5 to 1, as WCAG asks of text."""
    with opened(browser, address) as watched:
        page = watched.page
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        propose(page)
        page.get_by_role("button", name="Use these 3").click()
        expect(page.get_by_role("button", name="All added")).to_be_visible()
        for selector in (
            "#propose", ".marked .shown", ".marked .lacking", ".serves li", ".pick .reason", ".pick .fact",
            ".pick .add", "#use-proposed", ".thing.lacking .fact", ".thing .fact", ".passed summary",
        ):  # fmt: skip
            page.mouse.move(0, 0)
            ratio = page.locator(selector).first.evaluate(CONTRAST)
            assert ratio >= 4.5, (selector, ratio)


CONTRAST = """element => {
  const channels = (colour) => (colour.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  let ground = element;
  const behind = (one) => getComputedStyle(one).backgroundColor;
  while (ground.parentElement && channels(behind(ground))[3] === 0) ground = ground.parentElement;
  const light = (colour) => channels(colour).slice(0, 3).map((one) => one / 255)
    .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  const both = [light(getComputedStyle(element).color), light(behind(ground))];
  return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
}"""
