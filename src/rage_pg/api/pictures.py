"""Bytes of pictures as responses: their own media type, an ETag, and nothing in them that could run."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import HttpMethod, Request, Response
from litestar.status_codes import HTTP_304_NOT_MODIFIED

from rage_pg.errors import ImageRejected
from rage_pg.plain import plain
from rage_pg.types import Content

READING = (HttpMethod.GET, HttpMethod.HEAD)
"""The server leaves the body out of what HEAD is answered."""
FOREVER = "private, max-age=31536000, immutable"
"""For an address whose bytes never change."""
REVALIDATE = "private, no-cache"
"""For an address that shows a new version when there is one."""
UNSHOWN = "The stored file is damaged or too odd to be shown in full; its thumbnail still is. Upload it anew."
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


PLAIN = 2
"""To be raised with every change in `rage_pg.plain` that takes more, or less, out of any file: who kept a
picture is then sent the new one."""


def plain_tag(sha256: str) -> str:
    """The tag of what is served of the original with this hash."""
    return f"{sha256}-plain-{PLAIN}"


async def plain_picture(original: Content) -> Response[bytes]:
    """A stored picture without what its file says besides: place, author, thumbnail, comments.

    It may not be kept unasked, whatever its address: what is taken out may change, see PLAIN. Raises
    ImageRejected where the stored bytes cannot be taken apart.
    """
    try:
        kept = await asyncio.to_thread(plain, original.data)
    # Damaged bytes make Pillow's readers raise nearly anything.
    except Exception as error:
        raise ImageRejected(UNSHOWN) from error
    return picture(kept.content, kept.media_type, plain_tag(original.sha256), REVALIDATE)


def picture(content: bytes, media_type: str, tag: str, caching: str) -> Response[bytes]:
    """A picture; `tag` is its ETag without quotes."""
    headers = {"ETag": f'"{tag}"', "Cache-Control": caching, "Content-Security-Policy": POLICY}
    return Response(content, media_type=media_type, headers=headers)


def not_modified(request: Request[Any, Any, Any], tag: str) -> Response[bytes] | None:
    """304 if the caller has these bytes, else None."""
    known = request.headers.get("if-none-match", "")
    tags = {one.strip().removeprefix("W/") for one in known.split(",")}
    if f'"{tag}"' not in tags and "*" not in tags:
        return None
    headers = {"ETag": f'"{tag}"', "Cache-Control": REVALIDATE}
    return Response(b"", status_code=HTTP_304_NOT_MODIFIED, headers=headers)
