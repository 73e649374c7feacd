"""The page's forms as its script sends them, and what is read from its answers."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from httpx import Response

from tests.api_service import Client, uploaded
from tests.store import by, png

PROMPT = "a lotion and a soap beside a violin"


class NoEncoders:
    """No model is loaded: things are found by their words alone."""

    prompt_encoder = staticmethod(by())


async def stored(client: Client, *titles: str, **said: Any) -> list[int]:
    """Images with these titles."""
    return [(await uploaded(client, png(size=(320, 240)), title=title, **said))["id"] for title in titles]


async def proposed(client: Client, prompt: str = PROMPT, **fields: Any) -> Response:
    """As the page's script asks."""
    answer = await client.post(
        "/page/propose", data={"prompt": prompt, **fields}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200, answer.text
    return answer


async def page(client: Client, path: str) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def vals(text: str, element: str) -> dict[str, Any]:
    """What an element sends besides the form."""
    found = re.search(rf'id="{element}"[^>]*?hx-vals="([^"]*)"', text)
    assert found is not None, text
    told: dict[str, Any] = json.loads(html.unescape(found[1]))
    return told


def panel(text: str) -> dict[str, str]:
    """The fields of the references in the panel, in their order."""
    roles = re.findall(r'name="(role\.\d+)".*?<option value="(\w+)" selected', text, re.DOTALL)
    fields = dict(roles) | dict(re.findall(r'name="(note\.\d+)" value="([^"]*)"', text))
    return fields | dict(re.findall(r'name="(proposal_id)" value="([^"]*)"', text))


def chosen(text: str) -> list[int]:
    return [int(image_id) for image_id in re.findall(r'data-chosen="(\d+)"', text)]


def picks(text: str) -> list[int]:
    return [int(image_id) for image_id in re.findall(r'id="pick-(\d+)"', text)]


async def used(client: Client, text: str, **fields: Any) -> str:
    """The panel after all of a proposal was taken over."""
    answer = await client.post("/page/choice", data={**fields, **vals(text, "use-proposed")})
    assert answer.status_code == 200, answer.text
    return answer.text
