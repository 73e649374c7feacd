"""Probes over HTTP: a key that guesses another brand's things is answered as if they did not exist."""

# ruff: noqa: E501 - a probe is one line

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias
from urllib.parse import quote, quote_plus
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio
from httpx import Response
from msgspec import Struct

from rage_pg.callers import SCOPES
from tests.api_service import Client, make_key, runtime_of
from tests.archives import archive
from tests.probing import UNUSED_NUMBER, UNUSED_UUID, Side, World, operate
from tests.probing_world import served, world_on
from tests.store import operator_url, png

pytestmark = pytest.mark.asyncio(loop_scope="module")

Guess: TypeAlias = Callable[[Side], object]
LAST_UUID = UUID("ffffffff-ffff-4fff-8fff-ffffffffffff")
G = "<g>"
"""In an address, a header or a body: what is guessed."""
SCRIPT = {"HX-Request": "true"}
"""Of the page's own script."""
OWN = "<own>"
"""The brand of who asks."""
VOLATILE = re.compile(
    r'"(?:search_id|proposal_id|took_ms)":(?:"[^"]*"|[0-9.]+)|name="search_id" value="[^"]*"|name="nonce" id="nonce" value="[^"]*"|\d+ ms|search_id&#34;: &#34;[^&]*|proposal(?:=|(?:_id)?&#34;: \[?&#34;)[0-9a-f-]{36}'
)
"""What an answer says anew every time."""


class Probe(Struct, frozen=True, kw_only=True):
    """A request about <g>: what one side has, or what nobody has."""

    name: str
    method: str
    path: str
    guess: Guess
    nobodys: object
    """What nobody has; as a function, what nobody has beside their things."""
    body: Any = None
    form: dict[str, str] | None = None
    headers: dict[str, str] = {}
    upload: bool = False
    """With a picture beside the body, in an archive where the route takes one."""
    rightful: str = "theirs"
    """Who gets it: theirs, both, or every; nobody where there is nothing to get."""


def image_id(side: Side) -> object:
    return side.image.id


def made_id(side: Side) -> object:
    return side.made.id


def probe(method: str, path: str, guess: Guess, nobodys: object, name: str = "", **said: Any) -> Probe:
    return Probe(
        name=name or f"{method} {path}", method=method, path=path, guess=guess, nobodys=nobodys, **said
    )


def encoded(place: object) -> str:
    """A cursor as the lists give them out."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def at_image(sort: str, image_id: int | None = None) -> Guess:
    """The place of their image in a list of images, or that of another id beside it."""
    name = sort.lstrip("-")
    return lambda side: encoded((sort, str(getattr(side.image, name)), image_id or side.image.id))


def at_generation(generation_id: UUID | None = None) -> Guess:
    return lambda side: encoded({"id": generation_id or side.made.id, "created_at": side.made.created_at})


def at_batch(batch_id: UUID | None = None) -> Guess:
    return lambda side: encoded({"id": batch_id or side.batch_id, "created_at": side.batched_at})


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
LISTED = (
    [
        probe("GET", f"{path}?{query}", guess, nobodys)
        for path in ("/api/images", "/api/facets")
        for query, guess, nobodys in FILTERS
    ]
    + [
        probe("GET", f"/api/facets?prompt=lotion&{query}", guess, nobodys)
        for query, guess, nobodys in FILTERS
        if not query.startswith("q=")
    ]
    + [
        probe(
            "GET", f"/api/facets?prompt={G}", lambda side: side.word, "quabba", name="facets of their word"
        ),
    ]
)
SEARCHED = [
    probe("POST", "/api/search", guess, nobodys, body=body, name=f"search {json.dumps(body)}")
    for body, guess, nobodys in (
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
] + [
    probe("POST", "/api/references/propose", guess, nobodys, body=body, name=f"propose {json.dumps(body)}")
    for body, guess, nobodys in (
        ({"prompt": "lotion", "chosen": [G]}, image_id, UNUSED_NUMBER),
        ({"prompt": "lotion", "filters": {"brand": [G]}}, lambda side: side.brand, "nobodyfox"),
        ({"prompt": "lotion", "filters": {"tags": {"none": [G]}}}, lambda side: side.tag, "quabbas/striped"),
    )
]  # fmt: skip
CHANGED = [
    probe("PATCH", f"/api/images/{G}", image_id, UNUSED_NUMBER, body={"title": "mine"}),
    probe("PATCH", f"/api/images/{G}", image_id, UNUSED_NUMBER, body={"caption": None}, name="clear a caption"),
    probe("PATCH", "/api/images", image_id, UNUSED_NUMBER, body={"ids": [G], "metadata": {"rights": "mine"}}),
    probe("DELETE", f"/api/images/{G}", lambda side: side.style_id, UNUSED_NUMBER),
    probe("DELETE", f"/api/images/{G}?erase=true", lambda side: side.twin_id, UNUSED_NUMBER),
    probe("POST", "/api/images", lambda side: side.brand, "nobodyfox", body={"brand": G}, upload=True),
    probe("POST", "/api/images/archive", lambda side: side.brand, "nobodyfox", body={"brand": G}, upload=True),
    probe("PUT", f"/api/brands/{G}", lambda side: side.brand, "nobodyfox", body={"title": "mine"}),
    probe("PATCH", f"/api/brands/{G}", lambda side: side.brand, "nobodyfox", body={"language": "de"}),
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
    probe("POST", f"/api/generations/batch/{G}/resume", lambda side: side.batch_id, UNUSED_UUID, body={}),
    probe("POST", f"/api/generations/batch/{G}/cancel", lambda side: side.batch_id, UNUSED_UUID),
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
OF_BATCHES = [
    probe("POST", "/api/generations/batch", guess, nobodys, name=f"batch {json.dumps(body)}",
          body={"prompt": "x", "brand": OWN, **body, "dry_run": True})
    for body, guess, nobodys in (
        ({"references": [[{"image_id": G}]]}, image_id, UNUSED_NUMBER),
        ({"skus": [G]}, lambda side: side.sku, "nob-1"),
        ({"items": [{"key": "x"}], "with": [{"image_id": G}]}, lambda side: side.draft_id, UNUSED_NUMBER),
        ({"items": [{"references": [{"image_id": G}]}]}, image_id, UNUSED_NUMBER),
        ({"brand": G, "items": [{"key": "x"}]}, lambda side: side.brand, "nobodyfox"),
    )
] + [
    probe("GET", f"/api/generations/batch/{G}", lambda side: side.batch_id, UNUSED_UUID),
    probe("GET", f"/api/generations/batch/{G}?cursor=1", lambda side: side.batch_id, UNUSED_UUID, name="its items"),
    probe("GET", f"/api/generations/batch?brand={G}", lambda side: side.brand, "nobodyfox"),
    probe("GET", f"/api/generations/batch?label.vfxlabel={G}", lambda side: side.word, "quabba"),
    probe("GET", f"/api/generations/batch?label.{G}=quagga", lambda side: side.label, "noblabel"),
    probe("GET", f"/api/generations/batch?limit=3&cursor={G}", at_batch(), at_batch(LAST_UUID)),
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
    *(probe(method, f"/api/generations/{G}/partials/1", made_id, UNUSED_UUID) for method in ("GET", "HEAD")),
    probe("GET", f"/api/generations/{G}/partials/1", made_id, UNUSED_UUID, headers={"If-None-Match": "*"}, name="a partial image known"),
    probe("POST", f"/api/generations/{G}/outputs/2/rating", made_id, UNUSED_UUID, body={"rating": 1, "comment": "mine"}),
    probe("POST", f"/api/generations/{G}/outputs/2/keep", made_id, UNUSED_UUID),
    probe("POST", f"/api/generations/{G}/cancel", lambda side: side.queued.id, UNUSED_UUID),
    probe("POST", f"/api/generations/{G}/cancel", made_id, UNUSED_UUID, name="cancel what has ended", rightful="nobody"),
    probe("POST", f"/api/generations/{G}/retry", lambda side: side.queued.id, UNUSED_UUID, rightful="nobody"),
    probe("POST", f"/api/generations/{G}/retry", made_id, UNUSED_UUID, name="make again what succeeded", rightful="nobody"),
    probe("GET", f"/api/generations?brand={G}", lambda side: side.brand, "nobodyfox"),
    probe("GET", f"/api/generations?tag={G}", lambda side: side.tag, "quabbas/striped"),
    probe("GET", f"/api/generations?tag={G}", lambda side: "moonstone", "moonstune", name="a tag of what they lent",
          rightful="both"),
    probe("GET", f"/api/generations?label.vfxlabel={G}", lambda side: side.word, "quabba"),
    probe("GET", f"/api/generations?label.{G}=quagga", lambda side: side.label, "noblabel"),
]  # fmt: skip
NAMED = [
    probe("GET", f"/api/images/{G}", image_id, UNUSED_NUMBER),
    probe("GET", f"/api/images/{G}", lambda side: side.draft_id, UNUSED_NUMBER, name="a draft"),
    probe("GET", f"/api/images/{G}", lambda side: side.deleted_id, UNUSED_NUMBER, name="a deleted image", rightful="nobody"),
    *(probe("GET", f"/api/images/{G}/similar?by={by}", image_id, UNUSED_NUMBER) for by in ("caption", "style")),
    probe("GET", f"/api/images/{G}/look-alikes", image_id, UNUSED_NUMBER),
    probe("GET", f"/api/images/{G}/captions", image_id, UNUSED_NUMBER),
    probe("GET", f"/api/images?look_alike={G}", image_id, UNUSED_NUMBER),
    probe("GET", f"/api/brands/{G}", lambda side: side.brand, "nobodyfox"),
    probe("GET", f"/api/brands/{G}", lambda side: side.brand.upper(), "NOBODYFOX", name="a brand in capitals"),
    probe("GET", f"/api/collections/{G}", lambda side: side.collection, "quabba picks"),
    probe("GET", f"/api/collections/best?brand={G}", lambda side: side.brand, "nobodyfox"),
    probe("GET", f"/api/tags?brand={G}", lambda side: side.brand, "nobodyfox"),
    *(probe("GET", f"/api/images?sort={sort}&limit=3&cursor={G}", at_image(sort), at_image(sort, number))
      for sort, number in (("-created_at", UNUSED_NUMBER), ("updated_at", 1), ("title", 1), ("id", 1))),
    probe("GET", f"/api/generations?limit=3&cursor={G}", at_generation(), at_generation(LAST_UUID)),
    probe("GET", f"/api/searches/{G}", lambda side: side.search_id, UNUSED_UUID),
]  # fmt: skip
PAGED = [
    probe("GET", f"/?brand={G}", lambda side: side.brand, "nobodyfox", name="page with a brand"),
    probe("GET", f"/?tag={G}", lambda side: side.tag, "quabbas/striped", name="page with a tag"),
    probe("POST", "/page/search", lambda side: side.brand, "nobodyfox", form={"prompt": "lotion", "brand": G}),
    probe("POST", "/page/search/more", lambda side: side.brand, "nobodyfox", form={"number": "0", "brand": G}),
    probe("POST", "/page/search/more", lambda side: side.search_id, UNUSED_UUID, name="page with more of a search",
          form={"prompt": "x", "number": "0", "cursor": "0", "search_id": G}),
    *(probe("POST", path, image_id, UNUSED_NUMBER, form={"like": G, "by": by, "number": "0"}, name=f"{path} like one by {by}")
      for path in ("/page/search", "/page/search/more") for by in ("caption", "style")),
    probe("GET", f"/?like={G}", image_id, UNUSED_NUMBER, name="page like an image"),
    probe("GET", f"/?prompt=lotion&brand={G}", lambda side: side.brand, "nobodyfox", name="page with facets of a brand"),
    probe("POST", "/page/propose", lambda side: side.brand, "nobodyfox", form={"prompt": "lotion", "brand": G}, headers=SCRIPT),
    probe("POST", "/page/propose", lambda side: side.tag, "quabbas/striped", form={"prompt": "lotion", "tag": G}, headers=SCRIPT,
          name="page proposes by a tag"),
    probe("POST", "/page/propose", image_id, UNUSED_NUMBER, form={"prompt": "lotion", f"role.{G}": "style"}, headers=SCRIPT,
          name="page proposes beside an image"),
    probe("POST", "/page/propose", made_id, UNUSED_UUID, form={"prompt": "lotion", "parent": G}, headers=SCRIPT,
          name="page proposes for a change"),
    probe("GET", f"/?proposal={G}", lambda side: side.proposal_id, UNUSED_UUID, name="page with a proposal"),
    probe("POST", "/page/search", lambda side: side.proposal_id, UNUSED_UUID, form={"prompt": "x", "proposal": G},
          name="page goes back to a proposal"),
    probe("POST", "/page/choice", lambda side: side.proposal_id, UNUSED_UUID, form={"proposal_id": G, "role.1": "style"},
          name="page chosen from a proposal", rightful="nobody"),
    probe("POST", "/page/choice", image_id, UNUSED_NUMBER, form={f"proposed.{G}": "style"}, name="page takes an image over"),
    probe("POST", "/page/generations", lambda side: side.proposal_id, UNUSED_UUID,
          form={"prompt": "x", "pays": OWN, "proposal_id": G}, name="page from a proposal"),
    probe("POST", "/page/choice", image_id, UNUSED_NUMBER, form={"image_id": G}),
    probe("POST", "/page/choice", image_id, UNUSED_NUMBER, form={"image_id": "1", f"role.{G}": "style"}, name="page chosen"),
    probe("POST", "/page/generations", image_id, UNUSED_NUMBER, form={"prompt": "x", f"role.{G}": "style", "pays": OWN}),
    probe("POST", "/page/generations", lambda side: side.brand, "nobodyfox", form={"prompt": "x", "pays": G}, name="page pays"),
    probe("POST", "/page/generations", lambda side: side.search_id, UNUSED_UUID,
          form={"prompt": "x", "pays": OWN, "search_id": G}, name="page from a search"),
    probe("GET", f"/?parent={G}&parent_references=on", made_id, UNUSED_UUID, name="page that changes a picture"),
    probe("GET", f"/?again={G}", made_id, UNUSED_UUID, name="page that asks again"),
    probe("POST", "/page/choice", made_id, UNUSED_UUID, form={"parent": G, "begin": "on"}, name="page begins a change"),
    probe("POST", "/page/preview", image_id, UNUSED_NUMBER, form={"prompt": "x", f"role.{G}": "style", "pays": OWN}),
    probe("POST", "/page/preview", lambda side: side.brand, "nobodyfox", form={"prompt": "x", "pays": G}, name="page previews"),
    probe("POST", "/page/preview", made_id, UNUSED_UUID, form={"change": "x", "parent": G}, name="page previews a change"),
    probe("GET", f"/generations/{G}", made_id, UNUSED_UUID),
    probe("GET", f"/history?brand={G}", lambda side: side.brand, "nobodyfox"),
    probe("GET", f"/history?label={G}", lambda side: f"{side.label}={side.word}", "noblabel=quabba"),
    probe("GET", f"/history?cursor={G}", at_generation(), at_generation(LAST_UUID)),
    probe("POST", f"/page/generations/{G}/cancel", lambda side: side.queued.id, UNUSED_UUID),
    probe("POST", f"/page/generations/{G}/outputs/2/rating", made_id, UNUSED_UUID, form={"rating": "up"}),
    probe("GET", f"/page/generations/{G}", made_id, UNUSED_UUID),
    probe("GET", f"/page/generations/{G}?seen=succeeded", made_id, UNUSED_UUID),
    probe("POST", f"/page/generations/{G}/outputs/1/keep", made_id, UNUSED_UUID),
]  # fmt: skip
PROBES = [*NAMED, *PICTURES, *LISTED, *SEARCHED, *GENERATED, *OF_BATCHES, *FOLLOWED, *PAGED]


SHOWN = (
    "/api/images", "/api/images?sort=title", "/api/images?state=draft", "/api/images?updated_after=2001-01-01T00:00:00Z",
    "/api/facets", "/api/facets?tag_none=quaggas", "/api/facets?prompt=lotion",
    "/api/facets?prompt=quagga+lotion&min_relevance=0.2", "/api/brands", "/api/collections", "/api/tags", "/api/spaces", "/api/budgets", "/api/generations",
    "/api/generations?status=queued", "/api/generations?limit=2", "/api/generations/batch", "/api/generations/batch?limit=1", "/", "/?prompt=lotion", "/?prompt=quagga+lotion", "/?like=<ours>&by=style", "/?kind=style",
    "/page/history", "/history", "/costs", "/login", "/schema/openapi.json", "/metrics", "/api/health/ready",
)  # fmt: skip
"""Shown alike whether there is another brand or not."""
SEARCHES = (
    {"prompt": "lotion"}, {"prompt": "quagga"}, {"prompt": "lotion quagga velvetfox", "min_relevance": 0.3},
    {"prompt": "quagga at moonrise", "legs": {"caption": 1}}, {"prompt": "quagga at moonrise", "legs": {"style": 1}},
    {"prompt": "lotion lantern shelf harbour", "k": 3}, {"prompt": "a lantern in the fog"},
    {"prompt": "lotion", "legs": {"style": 1}}, {"prompt": "lotion", "legs": {"caption": 0.3, "text": 1, "style": 2}},
    {"prompt": "lotion", "filters": {"state": ["draft", "approved"], "origin": ["uploaded"], "min_width": 2}},
)  # fmt: skip


NOTICED = ("brands", "generations", "images", "proposals", "searches")
"""What belongs to one of these is guarded by it as well: switching off its own policies alone shows nothing."""


class Scene(Struct, frozen=True, kw_only=True):
    """A service on a copy of the world, and on one where theirs never were."""

    world: World
    client: Client
    alone: Client | None = None
    every: str
    """A key for every brand."""

    def key(self, name: str) -> str:
        keys = {"ours": self.world.ours.key, "theirs": self.world.theirs.key, "both": self.world.both_key}
        return {**keys, "every": self.every}[name]


@pytest.fixture(scope="module")
def world(server_18: str, template: str) -> World:
    return world_on(server_18, template)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(server_18: str, world: World) -> AsyncIterator[Scene]:
    async with served(server_18, world.full) as client, served(server_18, world.without) as alone:
        every = await make_key(client, "every", scopes=SCOPES)
        yield Scene(world=world, client=client, alone=alone, every=every)


@pytest_asyncio.fixture(loop_scope="module")
async def new_scene(server_18: str, world: World) -> AsyncIterator[Scene]:
    """For probes whose rightful asker changes something."""
    async with served(server_18, world.full) as client:
        yield Scene(world=world, client=client, every=await make_key(client, "every", scopes=SCOPES))


def filled(value: Any, guess: object, own: str) -> Any:
    """The value with what is guessed in it; a number stays a number."""
    if isinstance(value, dict):
        return {filled(name, guess, own): filled(one, guess, own) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, guess, own) for one in value]
    if value == G:
        return guess if isinstance(guess, int) else str(guess)
    return value.replace(G, str(guess)).replace(OWN, own) if isinstance(value, str) else value


async def asked(scene: Scene, who: str, probe: Probe, guess: object) -> Response:
    """The answer to a probe, by key; at the page by a session."""
    side = scene.world.ours if who == "ours" else scene.world.theirs
    client = scene.client.asking(scene.key(who))
    headers = dict(probe.headers)
    if not probe.path.startswith("/api") and who in ("ours", "theirs"):
        client = scene.client.asking()
        headers |= {"Cookie": f"rage_session={side.session}", "Sec-Fetch-Site": "same-origin"}
    path = probe.path.replace(G, quote(str(guess), safe="")).replace(OWN, side.brand)
    form = probe.form and {name: str(text) for name, text in filled(probe.form, guess, side.brand).items()}
    body = filled(probe.body, guess, side.brand)
    if probe.upload:
        form, files = {"metadata": msgspec.json.encode(body).decode()}, {"file": ("a.png", png())}
        if path.endswith("/archive"):
            files = {"file": ("a.zip", archive([("a.png", png())]))}
        return await client.request(probe.method, path, data=form, files=files, headers=headers)
    return await client.request(probe.method, path, json=body, data=form, headers=headers)


def said(answer: Response, guess: object) -> str:
    """Status, headers and body, apart from the guess and from what is said anew every time."""
    headers = {name: text for name, text in answer.headers.items() if name not in ("date", "content-length")}
    is_text = answer.headers.get("content-type", "").startswith(("text", "application"))
    text = f"{answer.status_code}\n{headers}\n{answer.text if is_text else answer.content.hex()}"
    for shape in (str(guess), quote(str(guess), safe=""), quote(str(guess)), quote_plus(str(guess))):
        text = text.replace(shape, "?")
    return VOLATILE.sub("", text)


async def told_of_theirs(scene: Scene, probe: Probe) -> list[str]:
    """What a probe brings to light, asked by us: nothing, if all is well."""
    guess, nobodys = probe.guess(scene.world.theirs), unused(scene, probe)
    real, unknown = await asked(scene, "ours", probe, guess), await asked(scene, "ours", probe, nobodys)
    assert real.status_code < 500, real.text
    told = scene.world.told(said(real, guess), [guess])
    return [*told, *(["another answer"] if said(real, guess) != said(unknown, nobodys) else [])]


async def is_had(scene: Scene, probe: Probe) -> bool:
    """Whether who may have it gets another answer than of what nobody has."""
    guess, nobodys = probe.guess(scene.world.theirs), unused(scene, probe)
    unknown = await asked(scene, probe.rightful, probe, nobodys)
    real = await asked(scene, probe.rightful, probe, guess)
    assert real.status_code < 500, real.text
    return said(real, guess) != said(unknown, nobodys)


def unused(scene: Scene, probe: Probe) -> object:
    return probe.nobodys(scene.world.theirs) if callable(probe.nobodys) else probe.nobodys


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
async def test_what_is_theirs_is_answered_like_what_does_not_exist(scene: Scene, probe: Probe) -> None:
    assert await told_of_theirs(scene, probe) == []
    assert probe.rightful == "nobody" or await is_had(scene, probe), "its owner is told nothing either"


@pytest.mark.parametrize("probe", CHANGED, ids=lambda probe: probe.name)
async def test_what_is_theirs_is_changed_like_what_does_not_exist(new_scene: Scene, probe: Probe) -> None:
    assert await told_of_theirs(new_scene, probe) == []
    assert await is_had(new_scene, probe), "its owner cannot change it either"


@pytest.mark.parametrize("path", SHOWN)
async def test_lists_and_pages_are_the_same_whether_they_exist_or_not(scene: Scene, path: str) -> None:
    shown, again = await both(scene, "GET", path.replace("<ours>", str(scene.world.ours.image.id)))
    assert scene.world.told(shown, ["quagga"] if "quagga" in path else []) == []
    assert path == "/metrics" or shown == again


@pytest.mark.parametrize("search", SEARCHES, ids=json.dumps)
async def test_searches_are_the_same_whether_they_exist_or_not(scene: Scene, search: dict[str, Any]) -> None:
    found, again = await both(scene, "POST", "/api/search", json=search)
    assert found.startswith("200")
    assert scene.world.told(found) == []
    assert found == again


@pytest.mark.parametrize(
    "prompt", ["a lotion", "a quagga at moonrise and a lantern on a shelf", "lotion -quagga"]
)
async def test_proposals_are_the_same_whether_they_exist_or_not(scene: Scene, prompt: str) -> None:
    found, again = await both(scene, "POST", "/api/references/propose", json={"prompt": prompt})
    assert found.startswith("200")
    assert scene.world.told(found, ["quagga", "moonrise"]) == []
    assert found == again


async def test_the_page_proposes_the_same_whether_they_exist_or_not(scene: Scene) -> None:
    form = {"prompt": "a quagga at moonrise and a lantern on a shelf with lotion"}
    found, again = await both(scene, "POST", "/page/propose", data=form, headers=SCRIPT)
    assert found.startswith("200")
    assert scene.world.told(found, ["quagga", "moonrise"]) == []
    assert found == again


async def both(scene: Scene, method: str, path: str, **body: Any) -> tuple[str, str]:
    """What we are answered, and what we would be answered had they never been."""
    assert scene.alone is not None
    clients = [client.asking(scene.world.ours.key) for client in (scene.client, scene.alone)]
    answers = [said(await client.request(method, path, **body), "<nothing>") for client in clients]
    return answers[0], answers[1]


async def test_every_route_is_probed(scene: Scene) -> None:
    asked_of = {(probe.method, probe.path.partition("?")[0]) for probe in [*PROBES, *CHANGED]}
    asked_of |= {("GET", path.partition("?")[0]) for path in SHOWN} | {
        ("POST", "/login"),
        ("POST", "/logout"),
    }
    for route in scene.client.app.routes:
        pattern = re.compile(
            re.sub(r"\{\w+:path\}", ".+", re.sub(r"\{\w+:(?!path)\w+\}", "[^/]+", route.path))
        )
        if route.path.startswith(("/static", "/schema", "/api/health")):
            continue
        for method in route.methods - {"OPTIONS"}:
            assert any(one == method and pattern.fullmatch(path) for one, path in asked_of), (
                method,
                route.path,
            )


@pytest.mark.parametrize("table", NOTICED)
async def test_probes_notice_a_table_without_its_policies(new_scene: Scene, table: str) -> None:
    url = operator_url(runtime_of(new_scene.client).database.url)
    operate(url, f"ALTER TABLE rage.{table} DISABLE ROW LEVEL SECURITY")
    relevant = [probe for probe in PROBES if probe.rightful == "theirs"]
    for probe in relevant:
        if await told_of_theirs(new_scene, probe):
            return
    pytest.fail(f"{len(relevant)} probes notice nothing")


async def test_probes_notice_a_filter_that_forgets_the_caller(new_scene: Scene) -> None:
    url = operator_url(runtime_of(new_scene.client).database.url)
    forgets = (
        "CREATE OR REPLACE FUNCTION rage.brand_limit() RETURNS integer[] LANGUAGE sql RETURN NULL::integer[]"
    )
    operate(url, forgets)
    noticed = [probe.name for probe in LISTED if await told_of_theirs(new_scene, probe)]
    assert any("facets" in name for name in noticed)
