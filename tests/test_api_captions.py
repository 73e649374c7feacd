"""Captions over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from rage_pg.database import Database
from tests.api_service import Client, service, uploaded
from tests.captioning import FakeCaptioner, describe
from tests.store import png


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[Client]:
    async with service(database_url) as opened:
        yield opened


async def test_captions_of_an_image_are_listed_and_a_persons_beats_a_models(
    client: Client, database: Database
) -> None:
    image = await uploaded(client, png())
    address = f"/api/images/{image['id']}"
    assert (await client.get(f"{address}/captions")).json() == {"items": []}
    await describe(database, FakeCaptioner())
    assert (await client.get(address)).json()["caption"] == "Seen as 1."
    patched = await client.patch(address, json={"caption": "By hand"})
    assert patched.json()["caption"] == "By hand"
    await describe(database, FakeCaptioner(), again=True)
    assert (await client.get(address)).json()["caption"] == "By hand"
    items = (await client.get(f"{address}/captions")).json()["items"]
    told = [(one["revision"], one["text"], one["source"], one["model"], one["current"]) for one in items]
    assert told == [
        (3, "Seen as 1.", "model", "see-1", False),
        (2, "By hand", "person", None, True),
        (1, "Seen as 1.", "model", "see-1", False),
    ]
    assert (await client.get("/api/images/999/captions")).status_code == 404
