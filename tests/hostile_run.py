"""Decodes every hostile file in a process of its own and prints what became of each, one JSON object a line.

The last line tells how much memory the process took at most, in MiB beyond what it had before.
"""

from __future__ import annotations

import json
import resource
from io import BytesIO

from PIL import Image

from rage_pg.config import Limits
from rage_pg.errors import ImageRejected, TooLarge
from rage_pg.ingest import Decoded, decode
from rage_pg.plain import plain
from tests.hostile_files import hostile_files

LIMITS = Limits()
MOST_MEMORY = 6 * 1024**3
"""Address space in bytes, several times what is asserted: what goes beyond it ends in an error."""


def verdict(content: bytes) -> dict[str, object]:
    try:
        found = decode(content, LIMITS)
    except (ImageRejected, TooLarge) as error:
        return {"verdict": type(error).__name__, "sentence": str(error)}
    return {"verdict": "accepted", **_seen(found)}


def _seen(found: Decoded) -> dict[str, object]:
    served = plain(found.content)
    with Image.open(BytesIO(found.thumbnail)) as small, Image.open(BytesIO(served.content)) as large:
        size = large.size if large.getexif().get(0x0112, 1) < 5 else (large.height, large.width)
        small.load()
        return {
            "size": [found.width, found.height],
            "served": list(size),
            "thumbnail": list(small.size),
            "said": sorted({"exif", "xmp", "icc_profile"} & small.info.keys()),
            "frames": found.frames,
        }


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    files = hostile_files()
    before = peak()
    for name, content in files.items():
        print(json.dumps({"name": name, "bytes": len(content), **verdict(content)}), flush=True)
    print(json.dumps({"peak": peak() - before}))


if __name__ == "__main__":
    main()
