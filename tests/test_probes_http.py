"""Probes over HTTP: a key that guesses another brand's things is answered as if they did not exist."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any, TypeAlias
from urllib.parse import quote

import pytest
import pytest_asyncio
from httpx import Response
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from rage_pg.api.scopes import need_of
from rage_pg.callers import SCOPES
from rage_pg.providers import usem3
from rage_pg.runtime import Runtime
from tests.api_service import Client, make_key, service
from tests.generating import FakeGenerator, only
from tests.probing import (
    UNUSED_HASH,
    UNUSED_NUMBER,
    UNUSED_UUID,
    Side,
    World,
    cloned,
)
from tests.probing_world import world_on
from tests.store import HashingEncoder

pytestmark = pytest.mark.asyncio(loop_scope="module")

Guess: TypeAlias = Callable[[Side], object]
G = "<g>"
"""In an address, a header or a body: what is guessed."""
OWN = "<own>"
"""The brand of who asks."""
VOLATILE = re.compile(
    r'"(?:search_id|took_ms|id|created_at|updated_at|sha256|timings_ms)":(?:"[^"]*"|[0-9.]+|\{[^}]*\})'
    r"|/api/(?:images|generations)/[0-9a-f-]+|search_id\W+value=\"[^\"]*\""
)


class Probe(Struct, frozen=True, kw_only=True):
    """A request about <g>: what one side has, or what nobody has."""

    name: str
    method: str
    path: str
    guess: Guess
    nobodys: object
    body: Any = None
    form: dict[str, str] | None = None
    headers: dict[str, str] = {}
    rightful: str = "theirs"
    """Whose key gets it: theirs, both's, or one for every brand."""


def image_id(side: Side) -> object:
    return side.image.id


def made_id(side: Side) -> object:
    return side.made.id


def probe(method: str, path: str, guess: Guess, nobodys: object, name: str = "", **said: Any) -> Probe:
    return Probe(name=name or f"{method} {path}", method=method, path=path, guess=guess, nobodys=nobodys, **said)


def cursor(*place: object) -> Guess:
    """A cursor as the lists give them out, at their newest image or generation."""
    return lambda side: encoded(*(part(side) if callable(part) else part for part in place))


def encoded(*place: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


PICTURES = [
    probe(method, f"/api/images/{G}/{what}", image_id, UNUSED_NUMBER, headers=headers,
          name=f"{method} {what} {sorted(headers)}")
    for method in ("GET", "HEAD")
    for what in ("content", "content?version=1", "content?version=2", "thumbnail", "thumbnail?v=2")
    for headers in ({}, {"If-None-Match": "*"})
]  # fmt: skip
FILTERS = [
    (f"brand={G}", lambda side: side.brand, "nobodyfox"),
    (f"sku={G}", lambda side: side.sku, "nob-1"),
    (f"tag={G}", lambda side: f"{side.word}s", "quabbas"),
    (f"tag_any={G}", lambda side: side.tag, "quabbas/striped"),
    (f"tag_none={G}", lambda side: side.tag, "quabbas/striped"),
    (f"collection={G}", lambda side: side.collection, "quabba picks"),
    (f"attribute.vfxcode={G}", lambda side: side.word, "quabba"),
    (f"q={G}", lambda side: side.word, "quabba"),
    (f"q=lotion -{G}", lambda side: side.word, "quabba"),
]  # fmt: skip
LISTED = [
    probe("GET", f"{path}?{query}", guess, nobodys)
    for path in ("/api/images", "/api/facets")
    for query, guess, nobodys in FILTERS
]
SEARCHED = [
    probe("POST", "/api/search", guess, nobodys, body=body, name=f"search {json.dumps(body)}")
    for body, guess, nobodys in (
        ({"prompt": G}, lambda side: side.word, "quabba"),
        ({"prompt": f"lotion {G}", "min_relevance": 0.3}, lambda side: side.word, "quabba"),
        ({"prompt": G, "legs": {"caption": 1}}, lambda side: f"{side.word} lotion", "quabba lotion"),
        ({"prompt": "x", "filters": {"brand": [G]}}, lambda side: side.brand, "nobodyfox"),
        ({"prompt": "x", "filters": {"sku": [G]}}, lambda side: side.sku, "nob-1"),
        ({"prompt": "x", "filters": {"tags": {"all": [G]}}}, lambda side: side.tag, "quabbas/striped"),
        ({"prompt": "x", "filters": {"tags": {"any": [G, "a"]}}}, lambda side: side.tag, "quabbas/striped"),
        ({"prompt": "x", "filters": {"tags": {"none": [G]}}}, lambda side: side.tag, "quabbas/striped"),
        ({"prompt": "x", "filters": {"collection": [G]}}, lambda side: side.collection, "quabba picks"),
        ({"prompt": "x", "filters": {"attributes": {"vfxcode": G}}}, lambda side: side.word, "quabba"),
        ({"prompt": "x", "filters": {"attributes": {G: {"gte": ""}}}}, lambda side: side.attribute, "nobcode"),
        ({"prompt": "x", "among": [G]}, image_id, UNUSED_NUMBER),
        ({"prompt": "x", "among": [1, G], "filters": {"state": ["draft"]}}, lambda side: side.draft_id, UNUSED_NUMBER),
    )
]  # fmt: skip
CHANGED = [
    probe("PATCH", f"/api/images/{G}", image_id, UNUSED_NUMBER, body={"title": "mine"}),
    probe("PATCH", f"/api/images/{G}", image_id, UNUSED_NUMBER, body={"caption": None}, name="clear a caption"),
    probe("PATCH", "/api/images", image_id, UNUSED_NUMBER, body={"ids": [G], "metadata": {"rights": "mine"}}),
    probe("DELETE", f"/api/images/{G}", lambda side: side.style_id, UNUSED_NUMBER),
    probe("DELETE", f"/api/images/{G}?erase=true", lambda side: side.twin_id, UNUSED_NUMBER),
    probe("PUT", f"/api/brands/{G}", lambda side: side.brand, "nobodyfox", body={"title": "mine"}),
    probe("POST", "/api/brands", lambda side: side.brand, "nobodyfox", body={"name": G}, rightful="every"),
    probe("PUT", "/api/collections/new", lambda side: side.brand, "nobodyfox", body={"brand": G, "image_ids": []}),
    probe("PUT", "/api/collections/new", image_id, UNUSED_NUMBER, body={"brand": OWN, "image_ids": [G]},
          name="collect an image"),
    probe("DELETE", f"/api/collections/best?brand={G}", lambda side: side.brand, "nobodyfox"),
    probe("DELETE", f"/api/collections/{G}?brand={OWN}", lambda side: side.collection, "quabba picks"),
    probe("POST", "/api/tags/rename", lambda side: side.brand, "nobodyfox",
          body={"brand": G, "old": "quaggas/striped", "new": "quaggas/plain"}),
    probe("POST", "/api/tags/rename", lambda side: f"{side.word}s", "quabbas", name="rename a tag",
          body={"brand": OWN, "old": G, "new": "others"}),
    probe("POST", "/api/tags/merge", lambda side: side.brand, "nobodyfox",
          body={"brand": G, "tag": "moonstone", "into": "stone"}),
    probe("POST", "/api/tags/merge", lambda side: f"{side.word}s", "quabbas", name="merge a tag",
          body={"brand": OWN, "tag": G, "into": "others"}),
]  # fmt: skip
GENERATED = [
    probe("POST", f"/api/generations{wait}", guess, nobodys, body={"prompt": "x", **body},
          name=f"generate {json.dumps(body)}", rightful=rightful)
    for dry_run in (False, True)
    for wait in ("?wait=0",)
    for said, guess, nobodys, rightful in (
        ({"brand": G}, lambda side: side.brand, "nobodyfox", "theirs"),
        ({"references": [{"image_id": G}]}, image_id, UNUSED_NUMBER, "theirs"),
        ({"references": [{"image_id": G, "role": "style", "note": "so"}]}, lambda side: side.draft_id, UNUSED_NUMBER, "theirs"),
        ({"collection": G}, lambda side: side.collection, "quabba picks", "theirs"),
        ({"auto": {"k": 1, "filters": {"sku": [G]}}}, lambda side: side.sku, "nob-1", "theirs"),
        ({"auto": {"k": 1, "filters": {"collection": [G]}}}, lambda side: side.collection, "quabba picks", "theirs"),
        ({"search_id": G}, lambda side: side.search_id, UNUSED_UUID, "theirs"),
        ({"proposal_id": G}, lambda side: side.proposal_id, UNUSED_UUID, "theirs"),
        ({"parent_id": G}, made_id, UNUSED_UUID, "theirs"),
    )
    for body in ({"brand": OWN, **said, "dry_run": dry_run},)
]  # fmt: skip
FOLLOWED = [
    probe("GET", f"/api/generations/{G}", made_id, UNUSED_UUID),
    probe("GET", f"/api/generations/{G}", lambda side: side.queued.id, UNUSED_UUID, name="a queued generation"),
    probe("GET", f"/api/generations/{G}/events", made_id, UNUSED_UUID),
    probe("GET", f"/api/generations/{G}/events", made_id, UNUSED_UUID, headers={"Last-Event-ID": "2"}, name="later events"),
    probe("GET", f"/api/generations/{G}/events", made_id, UNUSED_UUID, headers={"Last-Event-ID": "99"}, name="no more events"),
    *(probe(method, f"/api/generations/{G}/outputs/{n}", made_id, UNUSED_UUID)
      for method in ("GET", "HEAD") for n in (1, 2)),
    probe("GET", f"/api/generations/{G}/outputs/1", made_id, UNUSED_UUID, headers={"If-None-Match": "*"}, name="an output known"),
    probe("POST", f"/api/generations/{G}/outputs/2/rating", made_id, UNUSED_UUID, body={"rating": 1, "comment": "mine"}),
    probe("POST", f"/api/generations/{G}/outputs/2/keep", made_id, UNUSED_UUID),
    probe("POST", f"/api/generations/{G}/cancel", lambda side: side.queued.id, UNUSED_UUID),
    probe("POST", f"/api/generations/{G}/cancel", made_id, UNUSED_UUID, name="cancel what has ended", rightful="nobody"),
    probe("GET", f"/api/generations?brand={G}", lambda side: side.brand, "nobodyfox"),
    probe("GET", f"/api/generations?tag={G}", lambda side: side.tag, "quabbas/striped"),
    probe("GET", "/api/generations?tag=moonstone&limit=<g>", lambda side: 7, 8, name="a tag of what they lent", rightful="nobody"),
    probe("GET", f"/api/generations?label.vfxlabel={G}", lambda side: side.word, "quabba"),
    probe("GET", f"/api/generations?label.{G}=quagga", lambda side: side.label, "noblabel"),
]  # fmt: skip
NAMED = [
    probe("GET", f"/api/images/{G}", image_id, UNUSED_NUMBER),
    probe("GET", f"/api/images/{G}", lambda side: side.draft_id, UNUSED_NUMBER, name="a draft"),
    probe("GET", f"/api/images/{G}", lambda side: side.deleted_id, UNUSED_NUMBER, name="a deleted image", rightful="nobody"),
    probe("GET", f"/api/brands/{G}", lambda side: side.brand, "nobodyfox"),
    probe("GET", f"/api/brands/{G}", lambda side: side.brand.upper(), "NOBODYFOX", name="a brand in capitals"),
    probe("GET", f"/api/collections/{G}", lambda side: side.collection, "quabba picks"),
    probe("GET", f"/api/collections/best?brand={G}", lambda side: side.brand, "nobodyfox"),
    probe("GET", f"/api/tags?brand={G}", lambda side: side.brand, "nobodyfox"),
    *(probe("GET", f"/api/images?sort={sort}&cursor={G}",
            cursor(sort, lambda side: str(getattr(side.image, sort.lstrip("-"))), image_id),
            encoded(sort, "2026-01-01 00:00:00+00", UNUSED_NUMBER), name=f"cursor {sort}", rightful="nobody")
      for sort in ()),
]  # fmt: skip
PAGED = [
    probe("GET", f"/?prompt={G}", lambda side: side.word, "quabba", name="page with a prompt"),
    probe("GET", f"/?brand={G}", lambda side: side.brand, "nobodyfox", name="page with a brand"),
    probe("GET", f"/?tag={G}", lambda side: side.tag, "quabbas/striped", name="page with a tag"),
    probe("POST", "/page/search", lambda side: side.brand, "nobodyfox", form={"prompt": "lotion", "brand": G}),
    probe("POST", "/page/search", lambda side: f"{side.word} lotion", "quabba lotion", form={"prompt": G}, name="page searched"),
    probe("POST", "/page/search/more", lambda side: side.brand, "nobodyfox", form={"prompt": "", "brand": G}),
    probe("POST", "/page/choice", image_id, UNUSED_NUMBER, form={"image_id": G}),
    probe("POST", "/page/choice", image_id, UNUSED_NUMBER, form={"image_id": "1", f"role.{G}": "style"}, name="page chosen"),
    probe("POST", "/page/generations", image_id, UNUSED_NUMBER, form={"prompt": "x", f"role.{G}": "style", "pays": OWN}),
    probe("POST", "/page/generations", lambda side: side.brand, "nobodyfox", form={"prompt": "x", "pays": G}, name="page pays"),
    probe("POST", "/page/generations", lambda side: side.search_id, UNUSED_UUID,
          form={"prompt": "x", "pays": OWN, "search_id": G}, name="page from a search"),
    probe("GET", f"/page/generations/{G}", made_id, UNUSED_UUID),
    probe("GET", f"/page/generations/{G}?seen=succeeded", made_id, UNUSED_UUID),
    probe("POST", f"/page/generations/{G}/outputs/1/keep", made_id, UNUSED_UUID),
]  # fmt: skip
PROBES = [*NAMED, *PICTURES, *LISTED, *SEARCHED, *CHANGED, *GENERATED, *FOLLOWED, *PAGED]


class Scene(Struct, frozen=True, kw_only=True):
    """A service on a copy of the world, and who asks it."""

    world: World
    ours: Client
    theirs: Client
    every: Client
    alone: Client
    """Ours, where theirs never were."""

    def rightful(self, name: str) -> Client:
        client: Client = getattr(self, name)
        return client


def prepared(runtime: Runtime) -> None:
    """Encoder and generator that need no model."""
    runtime.registry._text_encoders[usem3.NAME] = HashingEncoder(usem3.Usem3().identity)
    runtime.registry.generators = lambda: only(FakeGenerator())  # type: ignore[method-assign]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(server_18: str, template: str) -> AsyncIterator[Scene]:
    world = world_on(server_18, template)
    async with AsyncExitStack() as stack:
        clients = []
        for store in (world.full, world.without):
            url = stack.enter_context(cloned(server_18, store))
            client = await stack.enter_async_context(service(url, on_ready=prepared))
            client.app.state.pace.requests._per_minute = 0
            clients.append(client)
        every = await make_key(clients[0], "every", scopes=SCOPES)
        yield Scene(
            world=world,
            ours=clients[0].asking(world.ours.key),
            theirs=clients[0].asking(world.theirs.key),
            every=clients[0].asking(every),
            alone=clients[1].asking(world.ours.key),
        )


def filled(value: Any, guess: object, own: str) -> Any:
    """The value with what is guessed in it; a number stays a number."""
    if isinstance(value, dict):
        return {filled(name, guess, own): filled(one, guess, own) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, guess, own) for one in value]
    if value == G:
        return guess if isinstance(guess, int | str) else str(guess)
    return value.replace(G, str(guess)).replace(OWN, own) if isinstance(value, str) else value


async def asked(client: Client, probe: Probe, guess: object, side: Side) -> Response:
    path = probe.path.replace(G, quote(str(guess), safe="")).replace(OWN, side.brand)
    form = None if probe.form is None else {str(k): str(v) for k, v in filled(probe.form, guess, side.brand).items()}
    body = None if probe.body is None else filled(probe.body, guess, side.brand)
    return await client.request(probe.method, path, json=body, data=form, headers=probe.headers)


def told(answer: Response, guess: object) -> str:
    """Status, headers and body, apart from the guess and from what differs every time."""
    headers = {name: text for name, text in answer.headers.items() if name not in ("date", "content-length")}
    body = answer.text if answer.headers.get("content-type", "").startswith(("text", "application")) else answer.content.hex()
    text = f"{answer.status_code}\n{json.dumps(headers)}\n{body}"
    for shape in (str(guess), quote(str(guess), safe=""), quote(str(guess))):
        text = text.replace(shape, "?")
    return VOLATILE.sub("…", text)
