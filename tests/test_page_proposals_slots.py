"""How many references the page asks a proposal for: what the model that is chosen has left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from rage_pg.database import Database
from rage_pg.providers.capabilities import Capabilities
from rage_pg.runtime import Runtime
from tests.api_service import Client, service
from tests.generating import FakeGenerator, make, only, value
from tests.page_forms import NoEncoders, chosen, picks, proposed, stored, used

THREE = "a lotion, a soap and a tent"


class Small(FakeGenerator):
    """Takes so many references."""

    takes = 2

    def able(self, _: str) -> Capabilities:
        return Capabilities(references=self.takes)


@pytest.fixture
def small() -> Small:
    return Small()


@pytest.fixture
async def client(database_url: str, small: Small, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    monkeypatch.setattr(Runtime, "encoders", NoEncoders())
    monkeypatch.setattr(Runtime, "generators", property(lambda _: only(small)))
    async with service(database_url) as opened:
        yield opened


async def slots(database: Database) -> Any:
    """Of the last proposal."""
    return await value(database, "SELECT slots FROM rage.proposals ORDER BY created_at DESC LIMIT 1")


async def test_things_beyond_what_the_model_takes_are_told(client: Client, database: Database) -> None:
    lotion, soap, tent = await stored(client, "lotion", "soap", "tent")
    text = (await proposed(client, THREE)).text
    assert await slots(database) == 2
    assert picks(text) == [lotion, soap]
    assert '<mark class="open">tent</mark>' in text
    assert "no place is left for it among 2 references" in text
    # It can be proposed in another's place, and is told where there is none.
    swapped = await client.get(f"{(await proposed(client, THREE)).headers['hx-push-url']}&swap=2.{tent}")
    after = await used(client, swapped.text)
    assert chosen(after) == [lotion, soap]
    assert "“tent”: gpt-image-2 takes 2 references" in after


async def test_what_is_chosen_takes_its_slots(client: Client, database: Database) -> None:
    lotion, soap, tent = await stored(client, "lotion", "soap", "tent")
    text = (await proposed(client, THREE, **{f"role.{tent}": "product"})).text
    assert await slots(database) == 2
    assert picks(text) == [tent, lotion]
    # More than it takes: what was chosen keeps its slots, and nothing is proposed beside.
    fields = {f"role.{image_id}": "product" for image_id in (tent, soap, lotion)}
    assert picks((await proposed(client, "a lotion and a violin", **fields)).text) == [tent, soap, lotion]
    assert await slots(database) == 3


async def test_what_goes_along_with_a_change_takes_slots(
    client: Client, database: Database, small: Small
) -> None:
    lotion, soap = await stored(client, "lotion", "soap")
    made = await make(database, FakeGenerator(), lotion)
    small.takes = 4
    change = {"parent": str(made.id), "parent_references": "on"}
    text = (await proposed(client, THREE, **change)).text
    assert await slots(database) == 2
    small.takes = 2
    refused = await client.post("/page/propose", data={"prompt": THREE, **change})
    assert refused.status_code == 400
    assert "takes no references beside what goes along" in refused.text
    assert chosen(await used(client, text, **change)) == []
    assert soap in chosen(await used(client, text))
    small.takes = 0
    assert (
        "takes no references: choose another"
        in (await client.post("/page/propose", data={"prompt": THREE})).text
    )
    small.takes = 16
    await proposed(client, THREE)
    assert await slots(database) == 8
