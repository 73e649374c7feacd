"""Sound files of every format with something wrong in them, by the thousand, until the time is up.

    python -m tests.fuzzing --seconds 600            another seed each time
    python -m tests.fuzzing --seed 4711 --only       one case again

A case has a number, its seed. Whatever is no verdict is told with it: an error that is none of ours, pixels
that are served otherwise than they are, a process that crashes or stands still. It works in a child.
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from io import BytesIO
from pathlib import Path

from PIL import Image

from rage_pg.config import Limits
from rage_pg.errors import ImageRejected, TooLarge
from rage_pg.ingest import decode
from rage_pg.ingest.own_words import read_words
from rage_pg.plain import jpeg, plain
from tests.sound import sound, telling

ROOT = Path(__file__).parent.parent
LIMITS = Limits(max_pixels=1_000_000, max_bytes=1_000_000)
STANDS_STILL = 60
"""Seconds that no case takes."""
ODD = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 0x7FFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)

WORDS = (b"xmpmeta", b"8BIM", b"Exif", b"eXIf", b"iTXt", b"tEXt", b"II*", b"MM\0*", b"infe", b"iloc", b"ipco")
"""What metadata begin with."""
CHARSETS = ("foobar", "utf-7", "utf-16", "utf-32", "shift_jis", "idna", "hex", "ascii", "cp037")


def case(seed: int) -> tuple[str, bytes]:
    """The sound file that a seed takes, and what it makes of it."""
    chance = random.Random(seed)
    files = {**sound(), **{f"telling {name}": content for name, content in telling().items()}}
    name = chance.choice(sorted(files))
    content = bytearray(files[name])
    for _ in range(chance.choice((1, 1, 2, 3, 8, 30))):
        if content:
            _mutate(content, chance, files)
    return name, bytes(content)


def _mutate(content: bytearray, chance: random.Random, files: dict[str, bytes]) -> None:
    # Headers are where the damage is done.
    reach = len(content) if chance.random() < 0.6 else min(len(content), 200)
    at, length = chance.randrange(reach), chance.choice((1, 2, 4, 8, 40))
    if chance.random() < 0.3:
        at = _among_words(content, chance, otherwise=at)
    match chance.randrange(9):
        case 0:
            content[at] ^= 1 << chance.randrange(8)
        case 1:
            content[at : at + length] = chance.randbytes(length)
        case 2:
            order = chance.choice(("little", "big"))
            content[at : at + 4] = chance.choice(ODD).to_bytes(4, "little" if order == "little" else "big")
        case 3:
            del content[at : at + length]
        case 4:
            content[at:at] = chance.randbytes(length)
        case 5:
            content[at:at] = content[at : at + chance.randrange(1, 400)]
        case 6:
            other = chance.choice(sorted(files))
            start = chance.randrange(len(files[other]))
            content[at : at + length] = files[other][start : start + chance.randrange(1, 400)]
        case 7:
            del content[max(1, at) :]
        case 8:
            head = f'<?xml version="1.0" encoding="{chance.choice(CHARSETS)}"?>'.encode()
            start = content.find(b"<x:xmpmeta")
            content[max(start, 0) : max(start, 0) + len(head)] = head


def _among_words(content: bytearray, chance: random.Random, otherwise: int) -> int:
    """A place in the metadata, where there are any."""
    start = content.find(chance.choice(WORDS))
    return otherwise if start < 0 else min(start + chance.randrange(200), len(content) - 1)


def run(seed: int) -> str:
    """The verdict on a case. Raises for what is none."""
    _, content = case(seed)
    read_words(content)
    try:
        found = decode(content, LIMITS)
    except (ImageRejected, TooLarge) as error:
        return type(error).__name__
    served = plain(content)
    with Image.open(BytesIO(served.content)) as picture:
        picture.load()
    before = None if found.media_type == "image/heic" else _first_frame(content)
    after = _first_frame(served.content)
    # Where Pillow takes the original too, it must see the same. Of what stands between segments of a JPEG
    # decoders make what they like; a damaged HEIC can crash its decoder, which sees what is kept of it alone.
    compared = before is not None and served.media_type == found.media_type
    if compared and before != after and not _has_gaps(content):
        raise AssertionError("Other pixels are served than those of the original.")
    return f"accepted with {found.frames} frames"


def _has_gaps(content: bytes) -> bool:
    """Whether a JPEG has markers that none has, or bytes between its segments."""
    if not content.startswith(b"\xff\xd8"):
        return False
    parts = jpeg.parts(content)
    known = jpeg.CODING | {0xFE, jpeg.END, *range(0xE0, 0xF0)}
    ends = [2, *(end for _, _, end in parts)]
    joined = all(start == end + 2 for (_, start, _), end in zip(parts, ends, strict=False))
    return not joined or any(kind not in known for kind, _, _ in parts)


def _first_frame(content: bytes) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(content)) as picture:
                return picture.mode, picture.size, picture.tobytes()
    except Exception:
        return None


def _work(first: int, seconds: float) -> None:
    """Say each seed, then try it."""
    until = time.monotonic() + seconds
    seed = first
    while time.monotonic() < until:
        print(seed, flush=True)
        faulthandler.dump_traceback_later(STANDS_STILL, exit=True)
        try:
            run(seed)
        except BaseException:
            traceback.print_exc()
            sys.exit(1)
        seed += 1
    faulthandler.cancel_dump_traceback_later()


def fuzz(first: int, seconds: float) -> tuple[int, str | None]:
    """How many cases were tried from seed `first` on, and what went wrong with the last one, if anything."""
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as wrong:
        command = [sys.executable, "-X", "faulthandler", "-m", "tests.fuzzing", "--child"]
        command += ["--seed", str(first), "--seconds", str(seconds)]
        ran = subprocess.run(
            command, cwd=ROOT, stdout=said, stderr=wrong, timeout=seconds + 2 * STANDS_STILL, check=False
        )
        said.seek(0)
        wrong.seek(0)
        seeds = said.read().split()
        if ran.returncode == 0:
            return len(seeds), None
        last = seeds[-1] if seeds else "none"
        return len(seeds), f"seed {last}, exit code {ran.returncode}:\n{wrong.read()[-3_000:]}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() // 1_000_000 * 1_000)
    parser.add_argument("--only", action="store_true", help="try one seed, here")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        name, content = case(options.seed)
        print(f"{name}, {len(content)} bytes: {run(options.seed)}")
    elif options.child:
        _work(options.seed, options.seconds)
    else:
        count, problem = fuzz(options.seed, options.seconds)
        print(f"{count:,} cases from seed {options.seed} on: {problem or 'a verdict each'}")
        sys.exit(problem is not None)


if __name__ == "__main__":
    main()
