"""Eleven ways to paint: each returns a square picture with the texture of its medium."""

from __future__ import annotations

import math

import numpy as np
import texture as tx
from canvas import Canvas, rgba
from landscapes import beach_sunset, lake_camp, mountain_lake
from PIL import Image, ImageFilter
from shapes import Path, arc, blob, ellipse, hills, outline, rect, smooth
from studies import SIDE, fish, portrait, sunflowers, sunrise, wildflowers
from texture import Plane


def _rgb(colour: str) -> Plane:
    return np.array(rgba(colour)[:3], dtype=np.float32) / np.float32(255)


def _square(c: Canvas, left: float) -> Plane:
    image = c.finish()
    image = image.crop((round(left), 0, round(left) + image.height, image.height))
    return tx.pixels(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def _paper(seed: int, colour: str, depth: float) -> Plane:
    rough = (tx.noise(seed, SIDE, 5, 2) - 0.5) * depth + (tx.grain(seed, SIDE) - 0.5) * depth * 0.6
    sheet: Plane = _rgb(colour) + rough[..., None]
    return sheet


def watercolour() -> Image.Image:
    """Wet washes of a valley with poppies, on rough paper."""
    sheet = _paper(1, "#fdf9f0", 0.05)
    washes: list[tuple[Path, str]] = [
        (rect(-20, -20, 620, 330), "#a9d3ec"), (rect(-20, 180, 620, 150), "#f9d3b8"), (ellipse(410, 150,
            54), "#f8c34d"),
        (hills([(-30, 300), (110, 190), (220, 270), (350, 170), (470, 260), (610, 210)], 400), "#8a9fcb"),
        (hills([(-30, 340), (160, 280), (330, 330), (610, 270)], 440), "#7fb3a6"),
        (hills([(-30, 400), (200, 350), (400, 390), (610, 340)], 600), "#a6c56a"),
        (hills([(-30, 480), (220, 440), (420, 480), (610, 430)], 600), "#6f9f56"),
    ]  # fmt: skip
    rng = np.random.default_rng(3)
    for x, y, r in ((90, 350, 44), (140, 330, 54), (480, 330, 50), (530, 346, 36)):
        washes.append((blob(rng, x, y, r * 0.8, r), "#4f8f6f"))
    for x, y in rng.uniform((10, 430), (566, 566), (26, 2)):
        washes.append((blob(rng, x, y, 9 + (y - 420) * 0.1, 8 + (y - 420) * 0.08, 0.2), "#e8503f"))
    for seed, (path, colour) in enumerate(washes):
        sheet = _wash(
            sheet, path, _rgb(colour), seed * 7, 0.8 if colour in ("#e8503f", "#f8c34d", "#4f8f6f") else 0.25
        )
    for x, y, r in ((70, 60, 3), (120, 40, 5), (300, 90, 4), (540, 60, 6), (200, 30, 3)):
        sheet = _wash(sheet, ellipse(x, y, r), _rgb("#6f9fcf"), int(x))
    return tx.picture(sheet)


def _wash(sheet: Plane, path: Path, colour: Plane, seed: int, lift: float = 0.0) -> Plane:
    mask = tx.displaced(tx.displaced(tx.shape_mask(path, SIDE), seed, 60, 13), seed + 3, 12, 4)
    rim = np.clip(mask - tx.blurred(mask, 5), 0, 1) * 0.9
    pool, specks = tx.noise(seed + 5, SIDE, 90), tx.grain(seed + 6, SIDE)
    density = tx.blurred(mask, 0.9) * (0.38 + 0.55 * pool + 0.1 * specks) + rim
    bare = (mask * lift)[..., None]
    sheet = sheet * (1 - bare) + _paper(1, "#fdf9f0", 0.05) * bare
    washed: Plane = sheet * (1 - np.clip(density, 0, 1.25)[..., None] * (1 - colour))
    return washed


def ink() -> Image.Image:
    """A mountain lake, hatched with a pen."""
    planes = _square(mountain_lake(), 250)
    dark = tx.tone(planes)
    dark = np.clip((dark - dark.min()) / np.ptp(dark), 0, 1) ** 0.62
    wobble = (tx.noise(4, SIDE, 50) - 0.5) * 14
    page = np.ones((SIDE, SIDE), dtype=np.float32)
    for angle, pitch, below in ((62, 6.5, 0.84), (-48, 6.0, 0.62), (8, 5.0, 0.45), (92, 4.4, 0.3)):
        lines = tx.stripes(SIDE, angle, pitch, wobble)
        weight = np.clip((below - dark) * 1.5 + 0.16, 0, 0.55) * (dark < below)
        broken = tx.noise(int(pitch * 10), SIDE, 9) > 0.17
        page = np.where((lines > 1 - weight) & broken, 0.1, page)
    contour = tx.blurred(tx.edges(planes, 0.085), 0.8)
    page = np.minimum(page, 1 - np.clip(contour * 1.5, 0, 0.95))
    sheet = _paper(5, "#f6f0e0", 0.03) * 1.0
    cover = tx.blurred(1 - page, 0.5)[..., None]
    return tx.picture(sheet * (1 - cover) + _rgb("#1d2233") * cover)


def comic() -> Image.Image:
    """A smiling lady, printed in comic dots with heavy outlines."""
    planes = tx.pixels(portrait().finish())
    big = SIDE * 2
    wide = np.asarray(tx.picture(planes).resize((big, big)), dtype=np.float32) / np.float32(255)
    page = np.ones((big, big, 3), dtype=np.float32) * _rgb("#fff8e6")
    for channel, colour, angle in ((0, "#12a5dd", 15), (1, "#ec2f7b", 75), (2, "#ffdf1f", 0)):
        amount = np.clip((1 - wide[..., channel]) * 1.1, 0, 1)
        ink_ = (tx.dots(big, angle, 17) < amount * 0.92 + 0.03).astype(np.float32)[...,
            None] * (amount > 0.04)[..., None]  # fmt: skip
        page = page * (1 - ink_ * (1 - _rgb(colour)))
    small = tx.pixels(tx.picture(page).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    line = tx.blurred(tx.edges(planes, 0.2), 1.5)
    return tx.picture(small * (1 - np.clip(line * 2.6, 0, 1))[..., None] + 0.05)


def geometric() -> Image.Image:
    """A landscape of flat tiles: quarter circles, triangles, stripes."""
    c = Canvas(SIDE, SIDE, 3, "#f4e8d2")
    rng = np.random.default_rng(12)
    bands = (("#f2b84b", "#f4e8d2", "#ee7f4f", "#f7cfa8"), ("#2f6f8f", "#f4e8d2", "#7fb5b5", "#e2574c"),
             ("#26455f", "#3f8f86", "#f2b84b", "#d9e0c0"), ("#1f3347", "#2f6f5f", "#e2574c", "#f4e8d2"))  # fmt: skip
    for row in range(8):
        for col in range(8):
            shades = list(rng.permutation(np.array(bands[row // 2])))
            with (
                c.at(col * 72 + 36, row * 72 + 36, angle=90 * int(rng.integers(4))),
                c.inside(rect(-36, -36, 72, 72)),
            ):
                _tile(c, int(rng.integers(6)), [str(shade) for shade in shades])
    sun = ellipse(396, 180, 108)
    c.fill(sun, "#e2574c")
    with c.inside(sun):
        for y in range(150, 300, 24):
            c.fill(rect(280, y, 240, (y - 140) * 0.1 + 3), "#f4e8d2")
    for x, high, pair in ((180, 260, ("#26455f", "#3f6f8f")), (340, 190, ("#1f3347", "#2f6f5f"))):
        c.fill(outline((x - high * 0.8, 504), (x, 504 - high), (x, 504)), pair[0])
        c.fill(outline((x, 504 - high), (x + high * 0.8, 504), (x, 504)), pair[1])
        c.fill(outline((x - high * 0.2, 504 - high * 0.75), (x, 504 - high), (x + high * 0.2,
            504 - high * 0.75)), "#f4e8d2")  # fmt: skip
    planes = tx.pixels(c.finish())
    return tx.picture(planes + ((tx.grain(2, SIDE) - 0.5) * 0.05)[..., None])


def _tile(c: Canvas, kind: int, shades: list[str]) -> None:
    c.fill(rect(-36, -36, 72, 72), shades[0])
    if kind == 0:
        for r, shade in ((72, shades[1]), (48, shades[2]), (24, shades[0])):
            c.fill(ellipse(-36, -36, r), shade)
    elif kind == 1:
        c.fill(outline((-36, 36), (36, 36), (36, -36)), shades[1])
    elif kind == 2:
        for x in range(-36, 36, 24):
            c.fill(rect(x, -36, 12, 72), shades[1])
    elif kind == 3:
        c.fill(arc(0, -36, 36, 36, 0, 180), shades[1])
        c.fill(arc(0, 36, 36, 36, 180, 360), shades[2])
    elif kind == 4:
        c.fill(outline((0, -36), (36, 0), (0, 36), (-36, 0)), shades[2])
        c.fill(ellipse(0, 0, 14), shades[1])
    else:
        c.fill(outline((-36, -36), (0, 0), (-36, 36)), shades[1])
        c.fill(outline((36, -36), (0, 0), (36, 36)), shades[3])


def pixel_art() -> Image.Image:
    """A tent by a lake in large pixels and sixteen colours."""
    small = tx.picture(_square(lake_camp(), 150)).resize((72, 72), Image.Resampling.BOX)
    bayer = (
        np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], dtype=np.float32) / 16 - 0.47
    )
    screen = np.tile(bayer, (18, 18))[..., None] * 0.13
    palette = small.quantize(16, Image.Quantize.MEDIANCUT)
    mixed = tx.picture(tx.pixels(small) + screen).quantize(palette=palette, dither=Image.Dither.NONE)
    return mixed.convert("RGB").resize((SIDE, SIDE), Image.Resampling.NEAREST)


def oil() -> Image.Image:
    """Sunflowers in thick strokes of oil paint."""
    source = sunflowers(("#2f8f96", "#7fcfc0"), ("#c97a3c", "#8a4526")).finish().convert("RGB")
    rng = np.random.default_rng(20)
    flow = tx.noise(8, SIDE, 150) * 4 * math.pi
    down_, right = tx.slopes(tx.blurred(tx.tone(tx.pixels(source)), 5))
    turn = np.where(np.hypot(down_, right) > 0.006, np.arctan2(down_, right) + math.pi / 2, flow)
    colour, height = source.filter(ImageFilter.GaussianBlur(10)), Image.new("L", source.size, 90)
    soft = np.asarray(source.filter(ImageFilter.GaussianBlur(1.5)))
    for long, wide, count in ((72, 20, 900), (44, 13, 2200), (26, 8, 3600)):
        _strokes(colour, height, soft, turn, rng, (long, wide, count))
    relief = np.asarray(height, dtype=np.float32) / np.float32(255)
    return tx.picture(tx.relit(tx.pixels(colour), relief, 0.62))


def _strokes(
    colour: Image.Image, height: Image.Image, source: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
    turn: Plane, rng: np.random.Generator, plan: tuple[int, int, int],
) -> None:  # fmt: skip
    long, wide, count = plan
    kit = [tx.brush(seed, long, wide) for seed in range(6)]
    for x, y in rng.integers(0, SIDE, (count, 2)):
        cover, relief = kit[int(rng.integers(len(kit)))]
        angle = -math.degrees(float(turn[y, x])) + rng.normal(0, 9)
        cover, relief = (
            part.rotate(angle, Image.Resampling.BILINEAR, expand=True) for part in (cover, relief)
        )
        shade = np.clip(source[y, x] * rng.normal(1, 0.07) + rng.normal(0, 7, 3), 0, 255).astype(int)
        corner = (int(x) - cover.width // 2, int(y) - cover.height // 2)
        colour.paste((int(shade[0]), int(shade[1]), int(shade[2])), corner, cover)
        height.paste(relief, corner, cover)


def mosaic() -> Image.Image:
    """A golden fish laid in small glazed stones."""
    planes = tx.pixels(fish().finish())
    index, gap, _ = tx.cells(5, SIDE, 13.5, 0.28)
    stones = tx.cell_colours(planes, index)
    rng = np.random.default_rng(2)
    stones = stones * rng.normal(1, 0.10, int(index.max()) + 1).astype(np.float32)[index][..., None]
    bevel = np.clip(gap / 6, 0, 1)
    stones = tx.relit(stones, bevel, 0.2) + ((tx.grain(1, SIDE) - 0.5) * 0.05)[..., None]
    grout = _paper(9, "#5a565e", 0.12)
    cover = np.clip((gap - 1.6) * 0.8, 0, 1)[..., None]
    return tx.picture(grout * (1 - cover) + stones * cover)


def chalk() -> Image.Image:
    """Wild flowers in chalk on dark paper."""
    planes = tx.pixels(wildflowers().finish())
    sheet = _paper(11, "#26262f", 0.06)
    streaks = 0.65 * tx.fibres(3, SIDE, 52, 60, 5) + 0.35 * tx.fibres(6, SIDE, 44, 26, 3)
    tooth = tx.noise(7, SIDE, 3, 2) * 0.6 + tx.grain(8, SIDE) * 0.4
    strong = np.clip(tx.tone(planes) - 0.13, 0, 1) * 1.5
    cover = np.clip((np.minimum(strong * 0.75, 0.5) + streaks * 0.34 - tooth * 0.72) * 2.4, 0, 0.95) * (
        strong > 0.02
    )
    smudge = tx.blurred(strong, 14) * 0.16
    colour = np.clip(planes * 1.06 + 0.06, 0, 1)
    page = sheet + smudge[..., None] * colour
    return tx.picture(page * (1 - cover[..., None]) + colour * cover[..., None])


def blueprint() -> Image.Image:
    """A lighthouse drawn in white lines on blue."""
    c = Canvas(SIDE, SIDE, 3, "#1f4f94")
    for step in range(0, SIDE + 1, 16):
        strong = step % 80 == 0
        for line in (outline((step, 0), (step, SIDE)), outline((0, step), (SIDE, step))):
            c.stroke(line, 1.2 if strong else 0.7, "#9fc4f055" if strong else "#9fc4f033")
    _lighthouse(c)
    planes = tx.pixels(c.finish())
    wear = (tx.noise(2, SIDE, 120) - 0.5) * 0.12 + (tx.grain(4, SIDE) - 0.5) * 0.07 + (tx.noise(9, SIDE,
        7) - 0.5) * 0.07  # fmt: skip
    for fold in (192, 384):
        wear[:, fold - 1 : fold + 1] += 0.07
        wear[fold - 1 : fold + 1, :] += 0.05
    return tx.picture(planes + wear[..., None])


def _lighthouse(c: Canvas) -> None:
    ink_ = "#eaf4ff"
    shapes = [outline((214, 470), (246, 180), (330, 180), (362, 470)), rect(232, 160, 112, 20), rect(252, 104, 72, 56),
              smooth([(244, 104), (262, 74), (288, 60), (314, 74), (332, 104)], closed=False), rect(266, 410, 44, 60),
              rect(372, 400, 110, 70), outline((362, 400), (427, 352), (492, 400))]  # fmt: skip
    for path in shapes:
        c.stroke(path, 3, ink_, closed=True)
    for y in (250, 320, 390):
        half = 42 + (y - 180) * 0.11
        c.stroke(outline((288 - half, y), (288 + half, y)), 2, ink_)
        c.stroke(ellipse(288, y - 34, 12, 16), 2, ink_, closed=True)
    for x in range(196, 500, 9):
        c.stroke(outline((x, 470), (x - 12, 484)), 1.2, ink_)
    for x in range(376, 480, 12):
        c.stroke(outline((x, 466), (min(x + 60, 480), 406 + max(0, x - 420))), 0.9, "#eaf4ff88")
    c.stroke(ellipse(288, 132, 20), 2, ink_, closed=True)
    for angle in range(-24, 25, 12):
        for side in (0, 180):
            a = math.radians(angle + side)
            ray = outline((288 + 46 * math.cos(a), 132 + 46 * math.sin(a)), (288 + 190 * math.cos(a),
                132 + 190 * math.sin(a)))  # fmt: skip
            c.stroke(ray, 1.3, "#eaf4ffaa")
    _measures(c, ink_)


def _measures(c: Canvas, ink_: str) -> None:
    c.stroke(outline((110, 60), (110, 470)), 1.4, ink_)
    c.stroke(outline((214, 520), (362, 520)), 1.4, ink_)
    for x, y in ((110, 60), (110, 470), (214, 520), (362, 520)):
        c.stroke(outline((x - 9, y + 9), (x + 9, y - 9)), 2, ink_)
    with c.at(92, 265, angle=-90):
        c.text(0, 0, "24.6 m", 20, ink_, 2)
    c.text(288, 540, "7.2 m", 20, ink_, 2)
    c.stroke(ellipse(470, 96, 54), 1.6, ink_, closed=True)
    c.stroke(ellipse(470, 96, 30), 1.2, ink_, closed=True)
    for a in (0, 90):
        with c.at(470, 96, angle=a):
            c.stroke(outline((-66, 0), (66, 0)), 1, "#eaf4ffaa")
    c.text(460, 548, "LIGHTHOUSE 1:100", 17, ink_, 2)


def riso() -> Image.Image:
    """A beach at sunset in two grainy inks, slightly out of register."""
    planes = _square(beach_sunset(), 190)
    planes = np.clip((planes - planes.min()) / np.ptp(planes), 0, 1) ** 0.8
    layers = (
        (1.25 * (1 - planes[..., 1]), "#ff4f64", 3, (0, 0)),
        (1 - planes[..., 0], "#0f7f8f", 4, (4, -3)),
    )
    sheet = _paper(7, "#fbf3e2", 0.03)
    for amount, colour, seed, shift in layers:
        speckle = 0.75 * tx.grain(seed, SIDE) + 0.25 * tx.noise(seed, SIDE, 3, 1)
        ink_ = (np.roll(np.clip(amount * 1.15 - 0.08, 0, 1), shift, axis=(0, 1)) > speckle).astype(np.float32)
        ink_ = tx.blurred(ink_, 0.6) * (0.86 + 0.14 * tx.noise(seed + 9, SIDE, 80))
        sheet = sheet * (1 - ink_[..., None] * (1 - _rgb(colour)))
    return tx.picture(sheet)


def stained_glass() -> Image.Image:
    """A sunrise over hills in leaded glass."""
    planes = tx.pixels(sunrise().finish())
    index, gap, far = tx.cells(31, SIDE, 46, 0.42)
    flat = tx.cell_colours(planes,
        index) * 0.35 + tx.pixels(tx.picture(planes).filter(ImageFilter.ModeFilter(9))) * 0.65  # fmt: skip
    rng = np.random.default_rng(5)
    panes: Plane = flat * rng.normal(1.05, 0.11, int(index.max()) + 1).astype(np.float32)[index][..., None]
    ripple = (tx.noise(5, SIDE, 22) - 0.5) * 0.3 + (tx.noise(6, SIDE, 5, 2) - 0.5) * 0.14
    panes = panes * (1.18 - np.clip(far / 60, 0, 1) * 0.4 + ripple)[..., None]
    panes = (panes - tx.tone(panes)[..., None]) * 1.35 + tx.tone(panes)[..., None]
    outlines = tx.blurred(tx.edges(tx.pixels(sunrise().finish()), 0.13), 2.2)
    lead = np.maximum(np.clip(4.6 - gap, 0, 1), np.clip(outlines * 3.4, 0, 1))
    metal = _rgb("#1a1a20") + (np.clip(3 - gap, 0, 2) * 0.045)[..., None]
    return tx.picture(panes * (1 - lead[..., None]) + metal * lead[..., None])
