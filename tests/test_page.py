"""A person's walk over the page, in a real Chromium against a real service."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from tests.conftest import clone
from tests.page_service import PATIENCE, PHONE, chromium, opened, serving

PROMPT = "A realistic image of a salesman trying to sell lotion and soap to a group of ladies"
HOSTILE = "<b class='hostile'>Bold</b> & <script>window.hostile = 1</script>"


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


def find(page: Page, prompt: str) -> None:
    page.get_by_label("What should the picture show?").fill(prompt)
    page.get_by_role("button", name="Find images").click()
    expect(page.locator("#search-id")).to_be_attached(timeout=PATIENCE)


def card(page: Page, title: str) -> Locator:
    return page.locator("#found .card > button").filter(has=page.get_by_text(title, exact=True))


def choose(page: Page, *titles: str) -> None:
    """Choose images one after the other, and see each numbered."""
    for title in titles:
        card(page, title).click()
        expect(card(page, title)).to_have_attribute("aria-pressed", "true")


def see(picture: Locator) -> None:
    """The picture has come over the wire and was decoded; off screen it would not be fetched."""
    expect(picture).to_be_visible(timeout=PATIENCE)
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("complete", True)
    expect(picture).not_to_have_js_property("naturalWidth", 0)


def test_prompt_becomes_a_kept_picture(browser: Browser, address: str) -> None:
    with opened(browser, address) as watched:
        page = watched.page
        find(page, PROMPT)
        first = " ".join(page.locator("#found .card .title").all_inner_texts()[:6]).lower()
        assert "lotion" in first
        assert "soap" in first
        assert re.fullmatch(r"0\.\d{3}", page.locator("#found .card .score b").first.inner_text())

        page.locator(".chip", has_text=re.compile(r"^lotion \d+$")).click()
        expect(page.locator("#found .count")).to_contain_text("Clear the filters")
        for tags in page.locator("#found .card .tags").all_inner_texts():
            assert "lotion" in tags.split()
        choose(page, "Body lotion trio")
        page.get_by_role("link", name="Clear the filters").click()
        expect(page.get_by_role("link", name="Clear the filters")).to_have_count(0)
        choose(page, "Stack of three soaps", "Market stall")
        expect(page.get_by_label("Market stall, role")).to_have_value("background")
        expect(page.locator("#choice")).to_contain_text("does not read the prompt")

        page.get_by_role("button", name="Generate").click()
        see(page.locator("#output-1 img"))
        expect(page.locator("#outcome .sources li")).to_have_text(
            ["1 · product", "2 · product", "3 · background"]
        )
        expect(page.get_by_role("link", name="Download")).to_have_attribute("download", re.compile("^rage-"))
        newest = page.locator("#history .generations > li").first
        expect(newest).to_contain_text(PROMPT)
        expect(newest).to_contain_text("succeeded")
        see(newest.locator("img").first)

        page.get_by_role("button", name="Keep").click()
        expect(page.locator("#output-1")).to_contain_text("Kept in the catalogue")
        page.get_by_role("button", name="Use as a reference").click()
        expect(page.locator("#choice [data-chosen]")).to_have_count(4)
        assert watched.faults == []


def test_references_go_in_the_order_in_which_they_were_chosen(browser: Browser, address: str) -> None:
    titles = [
        "Stack of three soaps",
        "Rose soap bar",
        "Body lotion trio",
        "Lavender body lotion",
        "Oatmeal soap bar",
    ]
    with opened(browser, address) as watched:
        page = watched.page
        find(page, PROMPT)
        choose(page, *titles[:-1])
        card(page, titles[-1]).press("Space")
        expect(card(page, titles[-1]).locator(".place")).to_have_text("5")
        page.get_by_role("button", name=f"Remove {titles[0]}").click()
        expect(card(page, titles[0])).to_have_attribute("aria-pressed", "false")
        expect(card(page, titles[1]).locator(".place")).to_have_text("1")
        page.get_by_label(f"{titles[2]}, role").select_option("subject")
        with page.expect_response("**/page/generations") as sent:
            page.get_by_role("button", name="Generate").click()
        assert sent.value.status == 200
        newest = page.request.get(f"{address}/api/generations?limit=1").json()["items"][0]
        assert [reference["title"] for reference in newest["references"]] == titles[1:]
        assert [reference["role"] for reference in newest["references"]] == [
            "product",
            "subject",
            "product",
            "product",
        ]
        assert newest["brand"] == "lumen"
        assert newest["references"][0]["search_rank"] is not None
        assert watched.faults == []


def test_refusal_is_one_line_beside_what_it_names(browser: Browser, address: str) -> None:
    with opened(browser, address) as watched:
        page = watched.page
        line = page.locator("#notice-outcome")
        page.get_by_role("button", name="Generate").click()
        expect(page.locator('[data-fault="prompt"]')).to_contain_text("The prompt is empty")
        expect(page.get_by_label("What should the picture show?")).to_be_focused()
        find(page, PROMPT)
        page.get_by_role("button", name="Generate").click()
        expect(line).to_contain_text("needs references")
        expect(page.locator('[data-fault="prompt"]')).to_be_empty()
        choose(page, "Body lotion trio", "Stack of three soaps")
        page.get_by_role("radio", name="enhance").check()
        page.get_by_role("button", name="Generate").click()
        expect(line).to_contain_text("give one reference")
        expect(page.locator("#choice [data-chosen]")).to_have_count(2)
        page.get_by_role("radio", name="compose").check()
        page.get_by_role("button", name="Generate").click()
        see(page.locator("#output-1 img"))
        expect(line).to_be_empty()


def test_markup_in_words_shows_as_text(browser: Browser, address: str) -> None:
    picture = Path(__file__).parent.parent / "examples/catalogue/images/lumen/lotion-citrus.png"
    words = json.dumps({"title": HOSTILE, "caption": HOSTILE, "tags": [HOSTILE], "brand": "northtrail"})
    with opened(browser, address) as watched:
        page = watched.page
        file = FilePayload(name="a.png", mimeType="image/png", buffer=picture.read_bytes())
        added = page.request.post(f"{address}/api/images", multipart={"file": file, "metadata": words})
        assert added.status == 201, added.text()
        find(page, HOSTILE)
        hostile = page.locator("#found .card", has_text=HOSTILE)
        expect(hostile.locator(".tags")).to_contain_text(HOSTILE.casefold())
        hostile.locator("button").click()
        expect(page.locator("#choice [data-chosen]")).to_contain_text(HOSTILE)
        page.get_by_role("button", name="Generate").click()
        expect(page.locator("#outcome h2")).to_have_text(HOSTILE)
        expect(page.locator("#history .prompt").first).to_have_text(HOSTILE)
        page.reload()
        expect(page.get_by_label("What should the picture show?")).to_have_value(HOSTILE)
        assert page.locator(".hostile").count() == 0
        assert page.evaluate("window.hostile") is None
        assert watched.faults == []


def test_search_can_be_found_again_by_its_address(browser: Browser, address: str) -> None:
    with opened(browser, address) as watched:
        page = watched.page
        find(page, "tent")
        page.locator(".chip", has_text=re.compile(r"^northtrail \d+$")).click()
        expect(page).to_have_url(f"{address}/?prompt=tent&brand=northtrail")
        titles = page.locator("#found .card .title").all_inner_texts()
        page.reload()
        assert page.locator("#found .card .title").all_inner_texts() == titles
        assert watched.faults == []


def test_nothing_found_and_wrong_addresses_are_told(browser: Browser, address: str) -> None:
    with opened(browser, address, "/?kind=logo&tag=lotion") as watched:
        expect(watched.page.locator("#found .empty")).to_contain_text("Nothing passes these filters")
        watched.page.get_by_role("link", name="Clear the filters").click()
        expect(watched.page.locator("#found .card")).to_have_count(24)
        assert watched.faults == []
    with opened(browser, address, "/?kind=nonsense") as watched:
        expect(watched.page.get_by_role("alert")).to_contain_text("kind")


def show_all(page: Page) -> list[str | None]:
    """Ask for more until there are no more; the ids of the cards."""
    more = page.get_by_role("button", name="Show more")
    cards = page.locator("#found [data-image]")
    while more.count():
        before = cards.count()
        more.click()
        expect(cards.nth(before)).to_be_focused()
    return [card.get_attribute("data-image") for card in cards.all()]


def test_every_image_can_be_reached(browser: Browser, address: str) -> None:
    with opened(browser, address) as watched:
        page = watched.page
        every = page.request.get(f"{address}/api/images?state=approved&limit=200").json()["items"]
        ids = sorted(str(image["id"]) for image in every)
        assert len(ids) > 48
        expect(page.locator("#found .count")).to_have_text("The newest 24 images")
        assert sorted(str(shown) for shown in show_all(page)) == ids
        expect(page.locator("#found .count")).to_have_text(f"The newest {len(ids)} images")

        find(page, PROMPT)
        first = page.locator("#search-id").input_value()
        choose(page, "Body lotion trio")
        # What is typed and not searched for yet changes nothing.
        page.get_by_label("What should the picture show?").fill("tent")
        asked = page.request.post(f"{address}/api/search", data={"prompt": PROMPT, "k": 200})
        answer = asked.json()
        every = [str(item["image"]["id"]) for item in answer["items"]]
        assert sorted(str(shown) for shown in show_all(page)) == sorted(every)
        count = f"The best {len(every)} of {answer['matched']} images"
        expect(page.locator("#found .count")).to_contain_text(count)
        assert page.locator("#search-id").input_value() == first
        expect(card(page, "Body lotion trio")).to_have_attribute("aria-pressed", "true")
        choose(page, "Green dome tent")
        expect(page.locator("#choice [data-chosen]")).to_have_count(2)
        page.get_by_role("button", name="Generate").click()
        see(page.locator("#output-1 img"))
        newest = page.request.get(f"{address}/api/generations?limit=1").json()["items"][0]
        assert [reference["search_rank"] is not None for reference in newest["references"]] == [True, True]
        assert watched.faults == []


def test_more_images_pass_the_same_filter(browser: Browser, address: str) -> None:
    with opened(browser, address, "/?brand=lumen&prompt=lotion", size=PHONE) as watched:
        page = watched.page
        expect(page.locator("#found .card")).to_have_count(24)
        assert len(show_all(page)) > 24
        facts = page.locator("#found .card .fact").all_inner_texts()
        assert {fact.split(" · ")[0] for fact in facts} == {"lumen"}
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
        assert watched.faults == []


def test_service_that_is_away_is_told_until_it_is_back(browser: Browser, address: str) -> None:
    with opened(browser, address) as watched:
        page = watched.page
        find(page, PROMPT)
        choose(page, "Body lotion trio", "Stack of three soaps")
        poll = re.compile("/page/generations/.*seen=")
        page.route(poll, lambda route: route.abort("connectionrefused"))
        page.get_by_role("button", name="Generate").click()
        expect(page.locator("#notice-outcome")).to_contain_text("does not answer")
        page.unroute(poll)
        see(page.locator("#output-1 img"))
        expect(page.locator("#notice-outcome")).to_be_empty()


def test_empty_store_says_how_to_import(browser: Browser, database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path, demo=False) as address, opened(browser, address) as watched:
        expect(watched.page.locator("#found")).to_contain_text("rage import FOLDER")
        expect(watched.page.locator("#history")).to_contain_text("Nothing has been generated yet")
        find(watched.page, "lotion")
        expect(watched.page.locator("#found")).to_contain_text("There are no images yet")
        assert watched.faults == []


def test_page_fits_a_phone(browser: Browser, address: str) -> None:
    with opened(browser, address, size=PHONE) as watched:
        page = watched.page
        find(page, PROMPT)
        choose(page, "Body lotion trio", "Stack of three soaps")
        to_panel = page.get_by_role("link", name="2 chosen")
        to_panel.click()
        expect(page.get_by_role("button", name="Generate")).to_be_in_viewport()
        expect(to_panel).to_be_hidden()
        page.get_by_role("button", name="Generate").click()
        see(page.locator("#output-1 img"))
        expect(page.locator("#outcome h2")).to_be_in_viewport()
        page.locator("#found details summary").first.click()
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
        assert watched.faults == []
