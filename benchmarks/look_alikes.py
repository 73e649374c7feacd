"""How well look-alikes are told from other pictures, and how long it takes to find them among many.

The pictures are Tux Paint's stamps, each beside versions of itself as people make them; the many are hashes
at random, of which a tenth lie near another.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psycopg
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from benchmarks.stamps import captioned
from rage_pg import migrate
from rage_pg.config import Limits
from rage_pg.embedded import embedded_server
from rage_pg.ingest import decode
from rage_pg.providers.style import StyleEncoder

THRESHOLDS = (3, 5, 7, 9, 11)
STYLE_WITHIN = 0.2
EVERY = 3
"""Versions are made of every third stamp; all of them are compared with one another."""

FILL = (
    "INSERT INTO rage.contents (sha256, media_type, byte_size, width, height, bytes, thumbnail)"
    " SELECT sha256(('picture ' || n)::bytea), 'image/png', 1, 640, 480, 'x', 'x'"
    " FROM generate_series(1, %s) AS n",
    "INSERT INTO rage.images (brand_id, content_id, kind) SELECT b.brand_id, c.content_id, 'product'"
    " FROM rage.contents AS c, rage.brands AS b WHERE b.name = 'default' AND %s > 0",
)

Bits = NDArray[np.uint8]
Vectors = NDArray[np.float32]


async def measure(images: int) -> None:
    shown = [path for path, _ in captioned()]
    originals = [path.read_bytes() for path in shown]
    hashes, vectors = await _looked_at(originals)
    sampled = [place for place in range(0, len(originals), EVERY) if hashes[place] is not None]
    print(f"{len(originals)} stamps; of {len(sampled)}: versions found by hash, and by hash and style")
    print("version        " + "".join(f"{f'<= {bits}':>15}" for bits in THRESHOLDS))
    for name, make in VERSIONS.items():
        made = await _looked_at([make(_opened(originals[place])) for place in sampled])
        apart = np.array([_apart(hashes[p], other) for p, other in zip(sampled, made[0], strict=True)])
        style = _cosine(vectors[sampled], made[1])
        print(f"{name:15}" + "".join(f"{_shares(apart <= bits, style):>15}" for bits in THRESHOLDS))
    others, style = _all_pairs(hashes, vectors)
    counts = [
        f"{np.sum(others <= bits)}, {np.sum((others <= bits) & (style <= STYLE_WITHIN))}"
        for bits in THRESHOLDS
    ]
    print(f"{'other pairs':15}" + "".join(f"{count:>15}" for count in counts) + f" of {len(others):,}")
    _time_many(images)


async def _looked_at(contents: list[bytes]) -> tuple[list[str | None], Vectors]:
    decoded = [decode(content, Limits()) for content in contents]
    encoder = StyleEncoder()
    vectors = [
        await encoder.encode_images([picture.thumbnail for picture in decoded[start : start + 32]])
        for start in range(0, len(decoded), 32)
    ]
    return [picture.perceptual_hash for picture in decoded], np.concatenate(vectors)


def _apart(one: str | None, other: str | None) -> int:
    """Bits that differ; all of them where a version is flat."""
    return 64 if one is None or other is None else (int(one, 2) ^ int(other, 2)).bit_count()


def _cosine(ones: Vectors, others: Vectors) -> NDArray[np.float64]:
    lengths = np.linalg.norm(ones, axis=1) * np.linalg.norm(others, axis=1)
    return np.asarray(1 - np.sum(ones * others, axis=1, dtype=np.float64) / lengths)


def _shares(near: NDArray[np.bool_], style: NDArray[np.float64]) -> str:
    return f"{np.mean(near):.2f}, {np.mean(near & (style <= STYLE_WITHIN)):.2f}"


def _all_pairs(hashes: list[str | None], vectors: Vectors) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The distances of all pairs of different stamps: bits, and style."""
    known = [place for place, found in enumerate(hashes) if found is not None]
    ones, others = np.triu_indices(len(known), 1)
    apart = [_apart(hashes[known[a]], hashes[known[b]]) for a, b in zip(ones, others, strict=True)]
    shown = vectors[known]
    return np.array(apart), _cosine(shown[ones], shown[others])


def _time_many(images: int) -> None:
    with tempfile.TemporaryDirectory(prefix="rage-bench-") as folder:
        Path(folder).chmod(0o755)
        with embedded_server(Path(folder)) as url:
            migrate.upgrade(url, app_logs_in=True)
            with psycopg.connect(url, autocommit=True) as connection:
                _fill(connection, images)
                for bits in THRESHOLDS:
                    found = f"{_all(connection, bits)}; {_one(connection, images, bits)}"
                    print(f"<= {bits:2} of {images:,}: {found}")


def _fill(connection: psycopg.Connection, images: int) -> None:
    for statement in FILL:
        connection.execute(statement.encode(), [images])
    with connection.cursor().copy("COPY rage.picture_hashes (content_id, hash) FROM STDIN") as copy:
        for place, row in enumerate(_clustered(images), start=1):
            copy.write_row((place, "".join(map(str, row))))
    connection.execute("VACUUM ANALYZE")


def _clustered(count: int) -> Bits:
    numbers = np.random.default_rng(3)
    bits = numbers.integers(0, 2, (count, 64), dtype=np.uint8)
    for place in range(count - count // 10, count):
        bits[place] = bits[numbers.integers(0, count // 2)]
        bits[place, numbers.choice(64, numbers.integers(1, 8), replace=False)] ^= 1
    return bits


def _all(connection: psycopg.Connection, bits: int) -> str:
    started = time.perf_counter()
    row = connection.execute("SELECT count(*) FROM rage_v1.duplicates(%s, k => 10000000)", [bits]).fetchone()
    assert row is not None
    return f"all {row[0]:,} pairs in {time.perf_counter() - started:.1f} s"


def _one(connection: psycopg.Connection, images: int, bits: int) -> str:
    times = []
    for image_id in np.linspace(1, images, 41, dtype=int):
        started = time.perf_counter()
        connection.execute("SELECT FROM rage_v1.look_alikes(%s, %s)", [int(image_id), bits]).fetchall()
        times.append((time.perf_counter() - started) * 1000)
    return f"those of one image in {np.median(times):.1f} ms"


def _opened(content: bytes) -> Image.Image:
    with Image.open(io.BytesIO(content)) as picture:
        return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _saved(picture: Image.Image, kind: str = "PNG", **how: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **how)
    return buffer.getvalue()


def _scaled(picture: Image.Image, parts: int) -> Image.Image:
    size = max(1, picture.width // parts), max(1, picture.height // parts)
    return picture.resize(size, Image.Resampling.LANCZOS)


def _on_white(picture: Image.Image) -> Image.Image:
    white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")


def _cropped(picture: Image.Image, share: float) -> Image.Image:
    across, down = round(picture.width * share), round(picture.height * share)
    return picture.crop((across, down, picture.width - across, picture.height - down))


def _recoloured(picture: Image.Image) -> Image.Image:
    hue, *others = _on_white(picture).convert("HSV").split()
    return Image.merge("HSV", (hue.point([(step + 85) % 256 for step in range(256)]), *others)).convert("RGB")


def _marked(picture: Image.Image) -> Image.Image:
    marked = _on_white(picture)
    place = marked.width * 0.55, marked.height * 0.85
    size = max(8, marked.height // 14)
    ImageDraw.Draw(marked).text(place, "© example", fill=(128, 128, 128), font_size=size)
    return marked


VERSIONS: dict[str, Callable[[Image.Image], bytes]] = {
    "half the size": lambda picture: _saved(_scaled(picture, 2)),
    "a quarter": lambda picture: _saved(_scaled(picture, 4)),
    "JPEG, 75": lambda picture: _saved(_on_white(picture), "JPEG", quality=75),
    "JPEG, 30": lambda picture: _saved(_on_white(picture), "JPEG", quality=30),
    "WebP, 60": lambda picture: _saved(picture, "WEBP", quality=60),
    "cropped by 2 %": lambda picture: _saved(_cropped(picture, 0.01)),
    "cropped by 4 %": lambda picture: _saved(_cropped(picture, 0.02)),
    "watermarked": lambda picture: _saved(_marked(picture)),
    "recoloured": lambda picture: _saved(_recoloured(picture)),
    "mirrored": lambda picture: _saved(ImageOps.mirror(picture)),
}
