"""A picture from its references to the catalogue, by a model that takes masks, in a real Chromium."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from rage_pg.config import Secret
from tests.conftest import clone
from tests.image_api_stub import WAIT, ImageApiStub, image_api_stub, partial
from tests.page_service import PATIENCE, PHONE, chromium, opened, serving
from tests.store import png

TITLES = ("Lamp", "Soap", "Shelf")


@pytest.fixture(scope="module")
def stub() -> Iterator[ImageApiStub]:
    with image_api_stub() as started:
        yield started


@pytest.fixture(scope="module")
def database(server_18: str, template: str) -> str:
    return clone(server_18, template)


@pytest.fixture(scope="module")
def address(database: str, stub: ImageApiStub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service whose generator is gpt-image-2, with three images of the default brand."""
    folder = tmp_path_factory.mktemp("making")
    asked = {
        "generator": "openai:gpt-image-2",
        "openai_api_key": Secret("sk-test"),
        "openai_base_url": stub.url,
    }
    with serving(database, folder, demo=False, **asked) as address:
        with httpx.Client(base_url=address, timeout=60) as http:
            for title in TITLES:
                files = {"file": (title, png(size=(400, 300)))}
                said = {"metadata": json.dumps({"title": title})}
                http.post("/api/images", files=files, data=said).raise_for_status()
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(autouse=True)
def well(stub: ImageApiStub) -> None:
    stub.mode = "ok"


def choose(page: Page, *titles: str) -> None:
    for number, title in enumerate(titles, start=1):
        card = page.locator("#found .card > button")
        card.filter(has=page.get_by_text(title, exact=True)).click()
        expect(page.locator("#choice [data-chosen]")).to_have_count(number, timeout=PATIENCE)


def say(page: Page, prompt: str) -> None:
    page.get_by_label("What should the picture show?").fill(prompt)


def order(page: Page) -> list[str]:
    return [label.partition(",")[0].strip() for label in page.locator("#chosen label").all_inner_texts()]


def newest(page: Page, address: str) -> dict[str, object]:
    found: dict[str, object] = page.request.get(f"{address}/api/generations?limit=1").json()["items"][0]
    return found


def generate(page: Page, prompt: str, button: str = "Generate") -> None:
    """Ask for a picture of this prompt, and see how it ended."""
    page.get_by_role("button", name=button).click()
    expect(page.locator("#outcome h2").first).to_have_text(prompt, timeout=PATIENCE)
    expect(page.locator("#outcome .outcome:not([hx-get])")).to_be_visible(timeout=PATIENCE)


def paint(page: Page) -> None:
    """One stroke through the picture."""
    canvas = page.locator("dialog canvas")
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()


def alpha(locator: Locator) -> tuple[tuple[int, int], Image.Image]:
    # A dialog tells only afterwards that it was closed.
    expect(locator).to_have_value(re.compile("^data:image/png"))
    _, _, text = locator.input_value().partition("base64,")
    with Image.open(io.BytesIO(base64.b64decode(text))) as mask:
        return mask.size, mask.getchannel("A")


def test_picture_is_shaped_changed_rated_and_kept(browser: Browser, address: str, stub: ImageApiStub) -> None:
    with opened(browser, address) as watched:
        page = watched.page
        say(page, "Soap under a lamp")
        choose(page, *TITLES)
        page.get_by_role("button", name="Move Shelf up").click()
        page.get_by_role("button", name="Move Shelf up").press("Enter")
        assert order(page) == ["Shelf", "Lamp", "Soap"]
        expect(page.locator("#found .card", has_text="Shelf").locator(".place")).to_have_text("1")
        page.get_by_label("Shelf, role").select_option("background")
        page.get_by_label("Note on Lamp").fill("switched on")
        page.locator("#options summary").click()
        page.get_by_label("Pictures").select_option("2")
        page.get_by_label("Labels").fill("campaign=spring")

        page.get_by_role("button", name="What will be sent?").click()
        sent = page.locator("#preview")
        expect(sent.locator(".prompt-sent")).to_contain_text('Image 1: "Shelf" (background)')
        expect(sent.locator(".prompt-sent")).to_contain_text('Wish for this image: "switched on"')
        expect(sent).to_contain_text("Nobody can tell yet")
        assert len(stub.requests) == 0

        generate(page, "Soap under a lamp")
        expect(page.locator("#outcome figure img")).to_have_count(2)
        first = newest(page, address)
        assert first["labels"] == {"campaign": "spring"}
        assert [one["note"] for one in first["references"]] == [None, "switched on", None]  # type: ignore[attr-defined]

        page.get_by_role("link", name="Change this").nth(1).click()
        expect(page.get_by_label("What should change?")).to_be_focused(timeout=PATIENCE)
        expect(page.get_by_role("radio", name="edit")).to_be_checked()
        expect(page.locator(".along li")).to_have_count(3)
        page.get_by_label("What should change?").fill("Warmer light")
        page.get_by_role("button", name="Paint where it may change").click()
        paint(page)
        page.get_by_role("button", name="Done").click()
        size, mask = alpha(page.locator("[name=mask]"))
        assert size == (64, 48)
        assert mask.getextrema() == (0, 255)
        assert mask.getpixel((10, 24)) == 0
        assert mask.getpixel((60, 4)) == 255
        # What was painted stays when something else of the form changes.
        page.get_by_label("Send along what it was made from").uncheck()
        expect(page.locator(".along li")).to_have_count(0)
        generate(page, "Warmer light", "Make the change")
        asked = stub.requests[-1]
        assert [part.field for part in asked.files] == ["image[]", "mask"]
        second = newest(page, address)
        assert second["parent_id"] == first["id"]
        expect(page.locator("#outcome .lineage li")).to_have_count(2)

        page.get_by_role("button", name="Bad picture").first.click()
        page.get_by_label("artefact").check()
        page.get_by_label("Comment on the picture").fill("<b>six fingers</b>")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_label("artefact")).to_be_checked()
        page.get_by_role("button", name="Keep").first.click()
        expect(page.locator("#output-1")).to_contain_text("Kept in the catalogue")

        page.get_by_role("link", name="History").click()
        page.get_by_label("Rated or kept").select_option("kept")
        page.get_by_role("button", name="Show").click()
        expect(page.locator(".made > li")).to_have_count(1)
        page.locator(".made a").click()
        expect(page).to_have_url(f"{address}/generations/{second['id']}")
        expect(page.locator(".known")).to_contain_text("req_stub_1")
        expect(page.locator(".known .given")).to_contain_text("artefact: “<b>six fingers</b>”")
        expect(page.locator("#outcome .lineage li")).to_have_count(2)
        assert watched.faults == []


def test_form_comes_back_after_a_look_elsewhere(browser: Browser, address: str) -> None:
    with opened(browser, address) as watched:
        page = watched.page
        choose(page, "Soap", "Lamp")
        page.get_by_label("Note on Soap").fill("in front")
        page.get_by_role("link", name="Costs").click()
        expect(page.locator("h1")).to_have_text("Costs")
        page.get_by_role("link", name="Make").click()
        expect(page.locator("#choice [data-chosen]")).to_have_count(2, timeout=PATIENCE)
        assert order(page) == ["Soap", "Lamp"]
        expect(page.get_by_label("Note on Soap")).to_have_value("in front")
        # By its picture: fields are for typing in.
        page.locator("#chosen li img").nth(1).drag_to(
            page.locator("#chosen li").nth(0), target_position={"x": 20, "y": 4}
        )
        assert order(page) == ["Lamp", "Soap"]
        assert watched.faults == []


def test_refusals_stand_beside_their_fields_and_nothing_is_lost(browser: Browser, address: str) -> None:
    with opened(browser, address) as watched:
        page = watched.page
        say(page, "A lamp")
        choose(page, "Lamp")
        page.locator("#options summary").click()
        for field, value, words in (
            ("Or a size of your own", "100x100", "multiples of 16"),
            ("Labels", "spring", "NAME=VALUE"),
        ):
            page.get_by_label(field).fill(value)
            page.get_by_role("button", name="Generate").click()
            beside = page.locator(".field", has=page.get_by_label(field)).get_by_role("alert")
            expect(beside).to_contain_text(words, timeout=PATIENCE)
            expect(page.get_by_label(field)).to_be_focused()
            expect(page.get_by_label(field)).to_have_value(value)
            page.get_by_label(field).fill("")
            expect(beside).to_be_empty()
        expect(page.locator("#choice [data-chosen]")).to_have_count(1)

        # Another generator offers other things.
        page.get_by_label("Made by").select_option("local")
        expect(page.locator(".purposes b")).to_have_text(
            ["compose", "edit", "enhance", "style", "prototype"], timeout=PATIENCE
        )
        expect(page.get_by_label("Quality")).to_have_count(0)
        expect(page.locator("#choice")).to_contain_text("does not read the prompt")
        expect(page.locator(".purposes")).to_contain_text("cut out of its background")


@pytest.mark.parametrize(
    ("mode", "words", "button"),
    [
        ("moderation", "The model declined", "Try again"),
        ("bad_size", "No picture came of it", "Try again"),
        ("disconnect", "Nobody here knows", "Ask again"),
    ],
)
def test_ending_without_a_picture_says_what_to_do(
    browser: Browser, address: str, stub: ImageApiStub, mode: str, words: str, button: str
) -> None:
    with opened(browser, address) as watched:
        page = watched.page
        stub.mode = mode
        say(page, f"A lamp, {mode}")
        choose(page, "Lamp")
        page.get_by_label("Note on Lamp").fill("lit")
        generate(page, f"A lamp, {mode}")
        expect(page.locator("#outcome .ending")).to_contain_text(words)
        before = len(stub.requests)
        page.get_by_role("link", name=button).click()
        expect(page.get_by_label("What should the picture show?")).to_have_value(f"A lamp, {mode}")
        expect(page.get_by_label("Note on Lamp")).to_have_value("lit")
        assert len(stub.requests) == before
        assert watched.faults == []


def test_mask_can_be_a_file_and_must_fit(browser: Browser, address: str) -> None:
    with opened(browser, address, size=PHONE) as watched:
        page = watched.page
        choose(page, "Lamp")
        page.get_by_role("radio", name="edit").check()
        page.get_by_role("button", name="Paint where it may change").click()

        def hand_over(size: tuple[int, int]) -> None:
            made = Image.new("RGBA", size, (0, 0, 0, 255))
            made.paste((0, 0, 0, 0), (0, 0, size[0] // 2, size[1]))
            buffer = io.BytesIO()
            made.save(buffer, "PNG")
            file = FilePayload(name="mask.png", mimeType="image/png", buffer=buffer.getvalue())
            page.locator("dialog input[type=file]").set_input_files(file)

        hand_over((20, 20))
        expect(page.locator("dialog [role=alert]")).to_contain_text(
            "20 \u00d7 20 pixels; it must have 400 \u00d7 300"
        )
        hand_over((400, 300))
        expect(page.locator("dialog [role=alert]")).to_be_hidden()
        page.keyboard.press("Escape")
        size, mask = alpha(page.locator("[name=mask]"))
        assert size == (400, 300)
        assert (mask.getpixel((10, 10)), mask.getpixel((390, 290))) == (0, 255)
        page.get_by_role("button", name="Take the paint away").click()
        expect(page.locator("[name=mask]")).to_have_value("")
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
        assert watched.faults == []


def test_previews_show_while_the_picture_is_made_and_it_can_be_called_off(
    browser: Browser, address: str, stub: ImageApiStub
) -> None:
    with opened(browser, address) as watched:
        page = watched.page
        stub.stream = (partial(0, edit=True), WAIT)
        say(page, "A lamp in the making")
        choose(page, "Lamp")
        page.get_by_role("button", name="Generate").click()
        expect(page.locator("#outcome .status")).to_have_text("running", timeout=PATIENCE)
        expect(page.get_by_role("button", name="Call it off")).to_be_visible()
        expect(page.locator("#outcome .partial img")).to_be_visible(timeout=PATIENCE)
        expect(page.locator("#outcome .partial")).to_contain_text("Preview")
        assert watched.faults == []
        # The last test of this stub: the service need not wait for the answer when it stops.
        stub.stopped.set()
