"""Logging in at the page in a real Chromium, and what pages of other sites can do with the cookie."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from rage_pg.callers import Scope
from tests.command_line import process
from tests.page_service import PATIENCE, PHONE, Watched, chromium, opened, serving
from tests.store import png


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def address(service_url: str, database_url: str, tmp_path: Path) -> Iterator[str]:
    """A service with a worker and two images of the default brand."""
    with serving(database_url, tmp_path, demo=False) as address:
        with httpx.Client(base_url=address, timeout=60) as http:
            for title in ("Lamp", "Soap"):
                said = f'{{"title": "{title}"}}'
                answer = http.post(
                    "/api/images", files={"file": (title, png(size=(400, 300)))}, data={"metadata": said}
                )
                assert answer.status_code == 201
        yield address


def new_key(url: str, name: str, *scopes: Scope) -> str:
    arguments = [part for scope in scopes for part in ("--scope", scope)]
    made = process("keys", "create", "--name", name, "--brand", "default", *arguments, RAGE_DATABASE_URL=url)
    return made.out.strip()


def log_in(page: Page, key: str) -> None:
    page.get_by_label("Your key").fill(key)
    page.get_by_role("button", name="Log in").click()


def see_pictures(page: Page) -> None:
    for picture in page.locator("#found .card img").all():
        expect(picture).to_have_js_property("complete", True)
        expect(picture).not_to_have_js_property("naturalWidth", 0)


def only_faults(watched: Watched, *words: str) -> bool:
    """Whether every fault says one of these."""
    return all(any(word in fault for word in words) for fault in watched.faults)


def test_reader_logs_in_looks_and_leaves(browser: Browser, address: str, service_url: str) -> None:
    key = new_key(service_url, "reader", "read")
    with opened(browser, address) as watched:
        page = watched.page
        expect(page).to_have_url(f"{address}/login")
        log_in(page, key[:-1] + "_")
        expect(page.get_by_role("alert")).to_contain_text("not known")
        log_in(page, key)
        expect(page).to_have_url(f"{address}/")
        expect(page.locator(".who")).to_contain_text("reader")
        see_pictures(page)
        page.get_by_label("What should the picture show?").fill("lamp")
        page.get_by_role("button", name="Find images").click()
        expect(page.locator("#search-id")).to_be_attached()
        page.locator("#found .card > button").first.click()
        expect(page.locator("#choice [data-chosen]")).to_have_count(1)
        expect(page.get_by_role("button", name="Generate")).to_have_count(0)
        expect(page.locator("#choice")).to_contain_text("lacks the scope generate")
        (cookie,) = page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["secure"]) == (True, "Lax", False)
        assert page.evaluate("document.cookie") == ""
        page.get_by_role("button", name="Log out").click()
        expect(page).to_have_url(f"{address}/login")
        assert page.context.cookies() == []
        page.goto(f"{address}/")
        expect(page).to_have_url(f"{address}/login")
        assert only_faults(watched, "401")


def test_designer_generates_and_keeps(browser: Browser, address: str, service_url: str) -> None:
    key = new_key(service_url, "designer", "read", "generate")
    with opened(browser, address) as watched:
        page = watched.page
        log_in(page, key)
        page.get_by_label("What should the picture show?").fill("lamp and soap")
        for place in range(2):
            page.locator("#found .card > button").nth(place).click()
            expect(page.locator("#choice [data-chosen]")).to_have_count(place + 1)
        page.get_by_role("button", name="Generate").click()
        page.get_by_role("button", name="Keep").click(timeout=PATIENCE)
        expect(page.locator("#output-1 .kept")).to_be_visible()
        newest = page.request.get(f"{address}/api/generations?limit=1").json()["items"][0]
        assert newest["asked_by"] == "designer"
        assert watched.faults == []


def test_page_of_a_revoked_key_goes_to_the_login(browser: Browser, address: str, service_url: str) -> None:
    key = new_key(service_url, "short", "read")
    with opened(browser, address) as watched:
        page = watched.page
        log_in(page, key)
        expect(page.locator(".who")).to_contain_text("short")
        assert process("keys", "revoke", "short", RAGE_DATABASE_URL=service_url).code == 0
        page.get_by_role("button", name="Find images").click()
        expect(page).to_have_url(f"{address}/login")
        assert only_faults(watched, "401")


def test_login_needs_no_script_and_fits_a_phone(browser: Browser, address: str, service_url: str) -> None:
    key = new_key(service_url, "a rather long name of a key for the spring campaign", "read")
    context = browser.new_context(java_script_enabled=False, viewport={"width": PHONE[0], "height": PHONE[1]})
    page = context.new_page()
    page.goto(address)
    log_in(page, key)
    expect(page).to_have_url(f"{address}/")
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(f"{address}/login")
    context.close()
    with opened(browser, address, size=PHONE) as watched:
        log_in(watched.page, key)
        expect(watched.page.get_by_role("button", name="Log out")).to_be_in_viewport()
        assert watched.page.evaluate("document.documentElement.scrollWidth") == PHONE[0]


def test_pages_of_other_sites_do_nothing_with_the_cookie(
    browser: Browser, address: str, service_url: str
) -> None:
    key = new_key(service_url, "writer", "write", "generate")
    with opened(browser, address) as watched, attacking(address) as evil:
        page = watched.page
        log_in(page, key)
        expect(page.locator(".who")).to_contain_text("writer")
        for site in (evil, evil.replace("127.0.0.1", "localhost")):
            for form in ("logout", "page/generations", "api/tags/rename"):
                page.goto(f"{site}/{form}")
                expect(page.locator("body")).to_contain_text(re.compile("another site"))
            page.goto(f"{site}/read")
            expect(page.locator("body")).to_contain_text("Failed to fetch")
        page.goto(address)
        expect(page.locator(".who")).to_contain_text("writer")
        expect(page.locator("#history")).to_contain_text("Nothing has been generated yet")


@contextmanager
def attacking(address: str) -> Iterator[str]:
    """Another origin on this machine. For a browser the same site: it sends our cookie along, Lax or not."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/read":
                body = (
                    f"<script>fetch('{address}/api/images', {{credentials: 'include'}}).then(a => a.text())"
                    ".catch(String).then(text => document.body.textContent = text)</script>"
                )
            else:
                body = (
                    f"<form action='{address}{self.path}' method=post><input name=prompt value=x></form>"
                    "<script>document.forms[0].submit()</script>"
                )
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"<!DOCTYPE html><body>{body}</body>".encode())

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
