"""Scenes out of doors, 768 x 512."""

from __future__ import annotations

import numpy as np
from body_care import halo
from camp import lantern, tent
from canvas import Canvas, Linear, Radial, clear, dark, down, light, mix
from PIL import Image
from shapes import Path, blob, ellipse, hills, leaf, outline, rect, ridge, rounded, smooth, soften

WIDTH, HEIGHT = 768, 512


def new(sky: Linear) -> Canvas:
    """A canvas for a scene, filled with its sky."""
    return Canvas(WIDTH, HEIGHT, 2, sky)


def cloud(c: Canvas, x: float, y: float, size: float, colour: str, alpha: float = 0.8) -> None:
    """A soft cloud."""
    for dx, dy, r in ((-46, 6, 26), (-14, -8, 36), (28, -2, 30), (58, 10, 20)):
        c.fill(ellipse(x + dx * size, y + dy * size, r * 1.3 * size, r * 0.8 * size), colour, 7 * size, alpha)


def fir(c: Canvas, x: float, y: float, high: float, colour: str) -> None:
    """A fir tree that stands at (x, y)."""
    c.fill(rect(x - high * 0.03, y - high * 0.14, high * 0.06, high * 0.14), dark("#6b4a35", 0.3))
    for i in range(4):
        top, base = y - high * (1 - i * 0.2), y - high * (0.56 - i * 0.16)
        wide = high * (0.13 + i * 0.055)
        layer = smooth([(x, top), (x + wide * 0.5, (top + base) / 2), (x + wide, base), (x, base + high * 0.04),
                        (x - wide, base), (x - wide * 0.5, (top + base) / 2)], steps=8)  # fmt: skip
        c.fill(layer, Linear(((0, light(colour, 0.18)), (0.5, colour), (1, dark(colour, 0.3))), 0))


def grass(c: Canvas, seed: int, top: float, bottom: float, colours: tuple[str, str], count: int) -> None:
    """Tufts of grass, larger towards the viewer."""
    rng = np.random.default_rng(seed)
    for y in np.sort(rng.uniform(top, bottom, count)):
        near = (y - top) / (bottom - top)
        x, tone = rng.uniform(0, WIDTH), mix(colours[0], colours[1], float(rng.uniform()))
        for lean in (-24, -4, 18):
            c.fill(leaf(x, y, 8 + 26 * near, 2 + 3 * near, -90 + lean + rng.uniform(-9, 9)), tone)


def beach_sunset() -> Canvas:
    """A beach at sunset."""
    c = new(Linear(((0, "#574b90"), (0.3, "#c56183"), (0.5, "#f78f6f"), (0.62, "#ffd48a"), (1, "#ffe2a8"))))
    halo(c, 470, 270, 300, "#fff0b0", 0.9)
    c.fill(ellipse(470, 268, 58), down("#fff7c9", "#ffc766"))
    for x, y, s in ((130, 90, 1.2), (330, 140, 0.8), (640, 110, 1.4), (560, 190, 0.7)):
        cloud(c, x, y, s, "#ffc0a0", 0.5)
    c.fill(rect(0, 300, WIDTH, 140), Linear(((0, "#f7a873"), (0.25, "#b56a8f"), (1, "#4f5a9a"))))
    rng = np.random.default_rng(4)
    for y in np.linspace(304, 420, 46):
        for _ in range(5):
            x, w = 470 + rng.normal(0, 30 + (y - 300) * 1.1), rng.uniform(10, 26 + (y - 300) * 0.3)
            c.fill(ellipse(x, y, w, 1.3 + (y - 300) * 0.012), clear("#fff0bd", 0.75))
    _shore(c)
    _palm(c, 92, 500)
    for x, y in ((300, 120), (338, 104), (262, 98)):
        c.stroke(smooth([(x - 12, y - 5), (x - 5, y - 8), (x, y), (x + 5, y - 8), (x + 12, y - 5)],
            closed=False), 2, "#4a2f57")  # fmt: skip
    return c


def _shore(c: Canvas) -> None:
    for dy, colour in ((0, "#ffffffcc"), (8, "#c99a78"), (14, "#eec79a")):
        line = hills(
            [(-10, 410 + dy), (150, 424 + dy), (320, 404 + dy), (520, 432 + dy), (790, 398 + dy)], 520
        )
        c.fill(line, down(colour, dark(colour[:7], 0.22)) if dy > 8 else colour)
    rng = np.random.default_rng(9)
    for _ in range(260):
        x, y = rng.uniform(0, WIDTH), rng.uniform(446, 510)
        c.fill(ellipse(x, y, rng.uniform(0.8, 2), 0.9), clear(str(rng.choice(["#8f6248", "#fff0d0"])), 0.5))
    c.fill(_starfish(600, 474), down("#ff9a6b", "#d9604a"))


def _starfish(x: float, y: float) -> Path:
    turn = np.arange(10) * np.pi / 5 - 1.2
    reach = np.where(np.arange(10) % 2 == 0, 20.0, 8.0)
    return smooth(np.stack([x + reach * np.cos(turn), y + 0.6 * reach * np.sin(turn)], axis=1))


def _palm(c: Canvas, x: float, y: float) -> None:
    trunk = smooth([(x, y), (x + 14, y - 110), (x + 44, y - 220), (x + 84, y - 310)], closed=False)
    c.stroke(trunk, 19, down("#5b3658", "#38213f"))
    for t in np.linspace(0.1, 0.95, 14):
        px, py = trunk[int(t * (len(trunk) - 1))]
        c.stroke(outline((px - 9, py), (px + 9, py - 3)), 2, "#2c1833")
    for angle, long in (
        (-170, 140),
        (-140, 120),
        (-105, 100),
        (-65, 110),
        (-30, 135),
        (5, 130),
        (165, 110),
        (40, 90),
    ):
        with c.at(x + 84, y - 312, angle=angle):
            droop = 1 if abs(angle) < 90 else -1
            frond = smooth([(0, 0), (long * 0.4, -22 * droop), (long, 30 * droop), (long * 0.5, 4 * droop)])
            c.fill(frond, Linear(((0, "#2f4a4f"), (1, "#3f2a55")), 0))


def forest_clearing() -> Canvas:
    """A sunlit clearing in a wood."""
    c = new(Linear(((0, "#bfe3c4"), (0.5, "#eef5c9"), (1, "#dfeab0"))))
    rng = np.random.default_rng(21)
    for y, tone, high in ((270.0, "#a9cfa5", 210), (300, "#7fb38a", 260), (330, "#549072", 310)):
        for x in np.arange(-20, 800, 52) + rng.uniform(-14, 14, 16):
            if abs(x - 400) > 60 + (330 - y) * 0.4:
                fir(c, x, y, high * rng.uniform(0.75, 1.1), tone)
    for x, lean in ((300.0, -70), (380, 0), (470, 70), (560, 130)):
        c.fill(outline((x - 8, -10), (x + 40, -10), (x + 90 + lean, 400), (x - 80 + lean, 400)),
            down("#fffbd088", "#fffbd000"), 8)  # fmt: skip
    c.fill(
        hills([(-10, 330), (200, 318), (420, 326), (620, 314), (780, 332)], 520), down("#b9d66e", "#4f9150")
    )
    path = smooth([(392, 322), (430, 350), (360, 400), (400, 460), (330, 530), (520, 530), (500, 450),
        (450, 400), (470, 350), (412, 322)])  # fmt: skip
    c.fill(path, down("#f0e0ae", "#c9a86f"), blur=2)
    grass(c, 5, 336, 512, ("#8fc25a", "#3f7f45"), 230)
    for _ in range(70):
        x, y = rng.uniform(0, WIDTH), rng.uniform(360, 505)
        if abs(x - 420) > 90:
            flower(
                c, x, y, 2 + (y - 350) * 0.02, str(rng.choice(["#ffffff", "#ffd65c", "#f28fb1", "#b394e8"]))
            )
    for edge in (20, 742):
        _trunk(c, edge)
    return c


def _trunk(c: Canvas, x: float) -> None:
    c.fill(smooth([(x - 34, -20), (x + 30, -20), (x + 30, 300), (x + 62, 470), (x - 66, 470), (x - 36, 300)]),
           Linear(((0, "#4a3428"), (0.35, "#8a6548"), (1, "#3a2820")), 0))  # fmt: skip
    rng = np.random.default_rng(int(x))
    for _ in range(16):
        dx, y = rng.uniform(-26, 24), rng.uniform(0, 420)
        c.stroke(
            smooth([(x + dx, y), (x + dx + 3, y + 20), (x + dx - 2, y + 44)], closed=False), 2.4, "#2c1d1799"
        )


def flower(c: Canvas, x: float, y: float, r: float, colour: str) -> None:
    """A small five-petalled flower."""
    for i in range(5):
        a = i * 1.2566 - 1.57
        c.fill(ellipse(x + r * np.cos(a), y + r * np.sin(a), r * 0.8), colour)
    c.fill(ellipse(x, y, r * 0.6), "#f2b632")


def mountain_lake() -> Canvas:
    """A still lake under snowy mountains."""
    c = new(Linear(((0, "#5fa8dc"), (0.35, "#a9d8f2"), (0.6, "#fdeedd"))))
    for x, y, s in ((120.0, 80.0, 1.2), (430, 56, 0.9), (660, 110, 1.3)):
        cloud(c, x, y, s, "#ffffff", 0.85)
    _peaks(c)
    c.fill(rect(0, 320, WIDTH, 200), down("#bfe0ec", "#2f6f95"))
    mirrored = c.image.crop((0, 120, WIDTH * 2, 640)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    mirrored.putalpha(120)
    c.image.alpha_composite(mirrored.resize((WIDTH * 2, 330)), (0, 640))
    rng = np.random.default_rng(6)
    for y in np.linspace(330, 500, 40):
        c.fill(ellipse(rng.uniform(0, WIDTH), y, rng.uniform(30, 120), 0.8 + (y - 320) * 0.006), "#ffffff55")
    c.fill(hills([(-10, 470), (120, 452), (260, 486), (380, 520)], 530), down("#7fae5a", "#3f6f3f"))
    c.fill(hills([(480, 520), (600, 480), (700, 458), (790, 468)], 530), down("#6fa052", "#3a683c"))
    for x, y, s in ((40, 470, 210), (96, 478, 150), (700, 480, 230), (744, 492, 170), (648, 492, 130)):
        fir(c, x, y, s, "#2f6a50")
    for x, y, r in ((300, 496, 26), (350, 504, 17), (470, 504, 21)):
        c.fill(blob(rng, x, y, r, r * 0.55), down("#c9ced4", "#6a727c"))
    return c


def _peaks(c: Canvas) -> None:
    far = ridge(np.random.default_rng(3), WIDTH, 200, 70, 322)
    c.fill(far, down("#a9bfdb", "#cfdcea"))
    for x, top, half in ((210, 96, 220), (560, 70, 260)):
        c.fill(outline((x - half, 322), (x - half * 0.3, top + 90), (x, top), (x + half * 0.34, top + 100),
            (x + half, 322)),
               Linear(((0, "#8296b8"), (0.48, "#6d82a8"), (0.5, "#4d6087"), (1, "#5d7296")), 0))  # fmt: skip
        snow = [(x - half * 0.3, top + 90), (x, top), (x + half * 0.34, top + 100), (x + half * 0.2,
            top + 92), (x + half * 0.12, top + 126),
                (x + 2, top + 84), (x - half * 0.1, top + 130), (x - half * 0.17, top + 84)]  # fmt: skip
        c.fill(
            outline(*snow), Linear(((0, "#ffffff"), (0.47, "#ffffff"), (0.5, "#dbe6f5"), (1, "#c9d8ee")), 0)
        )
    rng = np.random.default_rng(8)
    for x in range(0, WIDTH + 10, 13):
        fir(c, x, 324, rng.uniform(26, 54), "#3f7a6a")


def lake_camp() -> Canvas:
    """A lit tent beside a lake at dusk."""
    c = new(Linear(((0, "#1f2452"), (0.4, "#4b3f86"), (0.6, "#c66a8c"), (0.68, "#f7b07f"))))
    rng = np.random.default_rng(2)
    for _ in range(130):
        c.fill(ellipse(rng.uniform(0, WIDTH), rng.uniform(0, 230), rng.uniform(0.6, 1.8)), "#ffffffcc")
    c.fill(ridge(np.random.default_rng(12), WIDTH, 250, 80, 350), down("#5b4a8c", "#8a5f96"))
    c.fill(ridge(np.random.default_rng(15), WIDTH, 300, 46, 350), down("#3a3570", "#5a4580"))
    c.fill(rect(0, 344, WIDTH, 100), down("#e09a8c", "#3d3a74"))
    for y in np.linspace(348, 420, 24):
        c.fill(ellipse(rng.uniform(200, 600), y, rng.uniform(20, 90), 1), "#ffe0b855")
    c.fill(hills([(-10, 410), (200, 396), (460, 412), (780, 390)], 520), down("#3f5a4f", "#1c2c30"))
    for x, y, s in ((24, 430, 330), (100, 420, 230), (734, 430, 350), (664, 416, 210)):
        fir(c, x, y, s, "#1f3f42")
    halo(c, 400, 420, 260, "#ffb35c", 0.5)
    with c.at(400, 462, 0.78):
        tent(c, "#ee8434")
        c.fill(smooth([(-128, 0), (-100, -120), (-50, -206), (0, -150), (50, 0)]),
            Radial(((0, "#fff0b0dd"), (1, "#ffb84d55")), (0.5, 0.8), 0.8), 4)  # fmt: skip
    with c.at(612, 478, 0.3):
        lantern(c, "#d8483f")
    halo(c, 612, 430, 130, "#ffd27a", 0.6)
    grass(c, 7, 430, 520, ("#2f4f45", "#16262a"), 120)
    return c


def log_stump(c: Canvas, x: float, y: float, wide: float) -> None:
    """A cut tree stump, used as a table in the woods."""
    c.fill(rounded(x - wide / 2, y - wide * 0.4, wide, wide * 0.5, 10),
        Linear(((0, "#5a4030"), (0.3, "#9a7350"), (1, "#4a3326")), 0))  # fmt: skip
    c.fill(ellipse(x, y - wide * 0.4, wide / 2, wide * 0.13), "#e3bf8c")
    for share in (0.75, 0.5, 0.25):
        c.stroke(ellipse(x, y - wide * 0.4, wide / 2 * share, wide * 0.13 * share), 2, "#b98d58", closed=True)
    c.fill(soften(outline((x - wide * 0.6, y + wide * 0.1), (x + wide * 0.6, y + wide * 0.1),
        (x, y + wide * 0.14)), 4), "#1d143044", 4)  # fmt: skip
