"""Scenes indoors and in town, 768 x 512."""

from __future__ import annotations

import numpy as np
from body_care import LAVENDER, OATMEAL, ROSE, bubble, halo, lotion, soap
from canvas import Canvas, Linear, Radial, ball, clear, cylinder, dark, down, light
from home_scent import AMBER, VANILLA, candle
from landscapes import HEIGHT, WIDTH, fir, flower, new
from shapes import arc, blob, ellipse, leaf, outline, rect, rounded, smooth, soften

WOOD = Linear(((0, "#e0b583"), (0.2, "#cf9f69"), (1, "#9a6a3f")))


def plant(c: Canvas, x: float, y: float, size: float, pot: str) -> None:
    """A house plant in a pot that stands at (x, y)."""
    with c.at(x, y, size):
        c.shadow(4, -2, 46, 7)
        for i, angle in enumerate((-150, -128, -108, -90, -72, -52, -30)):
            tone = "#4f9a6b" if i % 2 else "#3a7d58"
            c.fill(leaf(0, -64, 92 - abs(i - 3) * 7, 25, angle),
                Linear(((0, dark(tone, 0.2)), (1, light(tone, 0.25))), -60))  # fmt: skip
        c.fill(soften(outline((-42, -72), (42, -72), (31, 0), (-31, 0)), 7), cylinder(pot))
        c.fill(rounded(-46, -80, 92, 18, 6), cylinder(pot))


def planks(c: Canvas, y: float, paint: Linear) -> None:
    """A wooden table top from y to the lower edge."""
    c.fill(rect(0, y, WIDTH, HEIGHT - y), paint)
    rng = np.random.default_rng(int(y))
    for i in range(36):
        line, x = y + (HEIGHT - y) * ((i + 1) / 37) ** 1.3, rng.uniform(-100, WIDTH)
        grain = smooth([(x, line), (x + 90, line + rng.uniform(-3, 3)), (x + rng.uniform(150, 400), line)],
            closed=False)  # fmt: skip
        c.stroke(grain, rng.uniform(0.8, 2), "#6a432433")
    c.fill(rect(0, y, WIDTH, 4), "#fff0d0aa")


def bathroom_shelf() -> Canvas:
    """A tiled bathroom wall with an empty wooden shelf."""
    c = new(down("#d9eef0", "#b5d8dc"))
    rng = np.random.default_rng(3)
    for row in range(9):
        for col in range(-1, 12):
            tone = light("#bfe0e2", float(rng.uniform(0.05, 0.5)))
            box = rounded(col * 72 + (row % 2) * 36 + 2, row * 60 + 2, 68, 56, 6)
            c.fill(box, Linear(((0, light(tone, 0.5)), (1, tone)), 50))
    c.fill(ellipse(250, 150, 118, 122), down("#d9ad72", "#a8763f"))
    c.fill(ellipse(250, 150, 106, 110),
        Linear(((0, "#f7fcff"), (0.5, "#cfe4ee"), (0.52, "#e6f3f8"), (1, "#b9d5e3")), 40))  # fmt: skip
    c.fill(rect(60, 372, 648, 22), "#2a1c3c", 10, 0.25)
    c.fill(rounded(48, 344, 672, 30, 8), WOOD)
    for x in (120, 640):
        c.fill(smooth([(x - 8, 374), (x + 8, 374), (x + 6, 420), (x - 6, 420)]), down("#b58a52", "#7a5630"))
    plant(c, 656, 344, 1.15, "#f1e4d3")
    _towels(c)
    for x, y, r in ((420, 70, 16), (520, 120, 24), (470, 180, 10), (590, 60, 12)):
        bubble(c, x, y, r)
    return c


def _towels(c: Canvas) -> None:
    for i, tone in enumerate(("#f2b8a8", "#fbf0e2", "#9fcfc4")):
        y = 344 - i * 36
        c.fill(
            rounded(74, y - 36, 128, 35, 16),
            Linear(((0, light(tone, 0.4)), (0.6, tone), (1, dark(tone, 0.25)))),
        )
        for inset in (9, 16):
            c.stroke(arc(92, y - 18, 18 - inset, 17 - inset, 60, 300), 2, dark(tone, 0.25))
        c.stroke(outline((112, y - 18), (198, y - 18)), 1.5, clear(dark(tone, 0.3), 0.5))


def kitchen_table() -> Canvas:
    """A kitchen table by a window, with fruit and bread."""
    c = new(down("#fbe8cf", "#f2d3ae"))
    c.fill(rounded(250, 30, 300, 250, 10), "#ffffff")
    c.fill(rect(264, 44, 272, 222), down("#9fd2ef", "#e6f6e0"))
    with c.inside(rect(264, 44, 272, 222)):
        c.fill(blob(np.random.default_rng(5), 320, 280, 110, 70), down("#8cc27a", "#5c9a5a"))
        c.fill(blob(np.random.default_rng(7), 480, 286, 120, 90), down("#a6d285", "#6aa85f"))
    for bar in (rect(394, 44, 12, 222), rect(264, 146, 272, 10)):
        c.fill(bar, "#ffffff")
    for side in (False, True):
        with c.at(400, 0, flip=side):
            c.fill(smooth([(98, 12), (190, 12), (196, 150), (176, 300), (140, 296), (150, 150)]),
                Linear(((0, "#f2a48f"), (0.3, "#fcd3c2"), (0.6, "#ee9c86"), (1, "#f9c7b4")), 0))  # fmt: skip
    _pendant(c)
    planks(c, 344, WOOD)
    c.fill(outline((300, 20), (540, 20), (760, 512), (420, 512)), down("#fff6d000", "#fff6d055"), 10)
    _fruit_bowl(c)
    _bread(c)
    plant(c, 690, 372, 0.95, "#d9826b")
    return c


def _pendant(c: Canvas) -> None:
    c.stroke(outline((130, 0), (130, 92)), 3, "#4a3f55")
    halo(c, 130, 150, 120, "#fff0b8", 0.6)
    c.fill(smooth([(118, 92), (142, 92), (188, 146), (130, 154), (72, 146)]), cylinder("#3f8f86"))


def _fruit_bowl(c: Canvas) -> None:
    c.shadow(240, 440, 110, 14)
    for x, y, r, tone in ((190, 368, 34, "#e2574c"), (290, 370, 33, "#f0a02c"), (240, 350, 38, "#8fbf4d"),
            (216, 384, 32, "#f4c430"), (266, 386, 32, "#e2574c")):  # fmt: skip
        c.fill(ellipse(x, y, r), ball(tone))
        c.stroke(smooth([(x, y - r + 4), (x + 3, y - r - 8)], closed=False), 3, "#6a4324")
    bowl = soften(outline((124, 384), (356, 384), (300, 442), (180, 442)), (6, 6, 30, 30))
    c.fill(bowl, cylinder("#4f86a8"))
    c.stroke(smooth([(140, 404), (240, 412), (340, 404)], closed=False), 5, "#fff6e6")


def _bread(c: Canvas) -> None:
    c.fill(rounded(400, 448, 240, 26, 10), down("#c99a66", "#8a5f38"))
    c.fill(rounded(420, 386, 196, 68, 34), Linear(((0, "#f0bd74"), (0.5, "#d08f45"), (1, "#95592a"))))
    for x in (458, 502, 546, 588):
        c.stroke(smooth([(x - 14, 396), (x, 410), (x + 4, 430)], closed=False), 6, "#fbe0ae")


def market_stall() -> Canvas:
    """A market stall with a striped awning and crates."""
    c = new(down("#9fd6ee", "#fdf0d6"))
    for x, y, w, tone in ((0, 110, 150, "#e8b08a"), (140, 150, 130, "#f2d0a0"), (500, 130, 140, "#d99a8a"),
            (630, 90, 150, "#efc79a")):  # fmt: skip
        c.fill(rect(x, y, w, 320), down(light(tone, 0.2), tone))
        for wx in range(int(x) + 22, int(x + w) - 22, 40):
            for wy in (y + 34, y + 104):
                c.fill(rounded(wx, wy, 22, 40, (11, 11, 2, 2)), down("#7f9fb5", "#b9d0dc"))
    c.fill(rect(0, 420, WIDTH, 100), down("#d9c9b4", "#a8937c"))
    for x in range(-40, WIDTH, 64):
        c.stroke(outline((x, 512), (x * 0.7 + 115, 420)), 1.6, "#8a755f66")
    c.fill(rect(150, 170, 468, 180), clear("#3a2a3c", 0.35))
    for x in (150, 606):
        c.fill(rect(x, 130, 13, 330), cylinder("#a8743f"))
    _counter(c)
    _awning(c)
    return c


def _counter(c: Canvas) -> None:
    c.shadow(384, 474, 260, 14)
    c.fill(rect(130, 352, 508, 116), Linear(((0, "#b98450"), (1, "#7f5430"))))
    for x in range(130, 638, 64):
        c.stroke(outline((x, 356), (x, 466)), 2, "#5a381e88")
    c.fill(rounded(118, 336, 532, 24, 6), down("#e8bd86", "#b98450"))
    crops = (("#e2574c", 26), ("#f0a02c", 24), ("#7fb04f", 25), ("#8f5fa8", 22))
    rng = np.random.default_rng(4)
    for i, (tone, r) in enumerate(crops):
        left = 140 + i * 124
        for k in range(9):
            c.fill(ellipse(left + 22 + (k % 5) * 19 + rng.uniform(-3, 3),
                296 - (k // 5) * 18 + rng.uniform(-3, 3), r * 0.62), ball(tone))  # fmt: skip
        c.fill(
            outline((left, 292), (left + 116, 292), (left + 106, 338), (left + 10, 338)),
            down("#e0b583", "#a8743f"),
        )
        for y in (304, 320):
            c.stroke(outline((left + 5, y), (left + 111, y)), 2, "#6a432488")


def _awning(c: Canvas) -> None:
    for i in range(8):
        tone = "#e2574c" if i % 2 else "#fff6e6"
        x, top = 110 + i * 69, 150 + i * 59
        c.fill(
            outline((top, 66), (top + 59, 66), (x + 69, 150), (x, 150)),
            down(light(tone, 0.15), dark(tone, 0.06)),
        )
        c.fill(soften(outline((x, 149), (x + 69, 149), (x + 69, 186), (x, 186)), (0.1, 0.1, 32, 32)),
            down(tone, dark(tone, 0.18)))  # fmt: skip
    c.fill(rounded(144, 58, 484, 12, 6), cylinder("#a8743f"))


def studio_backdrop() -> Canvas:
    """A plain studio backdrop with a round podium."""
    c = new(Linear(((0, "#f6d9cf"), (0.62, "#fbeadf"), (0.7, "#f3d4c6"), (1, "#e9bfae"))))
    c.fill(ellipse(384, 230, 340, 260), Radial(((0, "#fffaf4ee"), (1, "#fffaf400"))))
    c.fill(rounded(90, 90, 190, 400, (95, 95, 4, 4)), down("#eec2b1", "#e3ac98"))
    c.fill(ellipse(384, 458, 220, 30), "#8a4f4f", 12, 0.3)
    for rx, y, high in ((210, 420, 44), (150, 380, 40)):
        tone = "#f7dccf"
        c.fill(rect(384 - rx, y, rx * 2, high), cylinder(tone, 0.6))
        c.fill(ellipse(384, y + high, rx, rx * 0.14), cylinder(tone, 0.6))
        c.fill(ellipse(384, y, rx, rx * 0.14), down("#fbe9df", "#fff7f0"))
    return c


def city_night() -> Canvas:
    """A wet city street at night."""
    c = new(Linear(((0, "#141a3c"), (0.5, "#3a2f6b"), (0.75, "#8a4f86"))))
    c.fill(ellipse(610, 84, 36), down("#fff7d6", "#f2dca0"))
    halo(c, 610, 84, 120, "#ffeeb8", 0.45)
    rng = np.random.default_rng(14)
    for depth, tone in ((0, "#3d3a78"), (1, "#2a2958")):
        for x in range(-20, WIDTH, 74):
            top = rng.uniform(110, 220) + depth * 40
            if abs(x + 40 - 384) > 60 * depth:
                _tower(c, rng, x, top, 70, tone)
    c.fill(outline((-200, 520), (340, 392), (428, 392), (970, 520)), down("#4a3f70", "#1d1a3a"))
    _shops(c)
    for line, w in ((404, 4), (424, 6), (452, 9), (488, 13)):
        c.fill(rounded(384 - w / 2, line, w, w * 1.7, 2), "#ffe9a8")
    for _ in range(90):
        px, py = rng.uniform(60, 710), rng.uniform(402, 510)
        c.fill(ellipse(px, py, rng.uniform(6, 34), 1.4),
            clear(str(rng.choice(["#ffb45c", "#ff6fa8", "#5fd6e6"])), 0.35), 1.5)  # fmt: skip
    for left, s in ((90, 1.0), (250, 0.6), (520, 0.6), (676, 1.0)):
        _lamp(c, left, 400 + 84 * (s - 0.5), s)
    return c


def _tower(c: Canvas, rng: np.random.Generator, x: float, top: float, wide: float, tone: str) -> None:
    c.fill(rect(x, top, wide, 420 - top), down(light(tone, 0.08), dark(tone, 0.2)))
    for wy in np.arange(top + 14, 380, 20):
        for wx in np.arange(x + 9, x + wide - 12, 15):
            if rng.uniform() < 0.5:
                c.fill(rect(wx, wy, 8, 11), clear(str(rng.choice(["#ffd98a", "#ffc05c", "#fff2c9"])), 0.85))


def _shops(c: Canvas) -> None:
    for x, w, tone, word in ((0, 200, "#5a3f78", "CAFE"), (560, 208, "#3f4f86", "BOOKS")):
        c.fill(rect(x, 250, w, 190), down(tone, dark(tone, 0.4)))
        c.fill(rounded(x + 24, 306, w - 48, 104, 6), down("#fff0b8", "#ffab4d"))
        for bar in range(1, 4):
            c.fill(rect(x + 24 + bar * (w - 48) / 4 - 2, 306, 4, 104), dark(tone, 0.4))
        halo(c, x + w / 2, 278, 90, "#ff6fa8", 0.5)
        c.text(x + w / 2, 278, word, 30, "#ffd9ec", 3)


def _lamp(c: Canvas, x: float, y: float, s: float) -> None:
    c.stroke(outline((x, y), (x, y - 190 * s)), 5 * s, "#16142b")
    halo(c, x, y - 196 * s, 80 * s, "#ffd98a", 0.9)
    c.fill(ellipse(x, y - 196 * s, 13 * s), "#fff6d6")
    c.fill(ellipse(x, y + 14 * s, 26 * s, 4 * s), "#ffd98a66", 3)


def spring_podium() -> Canvas:
    """Lotion and soap on a podium among spring flowers."""
    c = studio_backdrop()
    c.fill(rect(0, 0, WIDTH, HEIGHT), "#d9e6b044")
    with c.at(330, 386, 0.72):
        lotion(c, LAVENDER)
    with c.at(476, 426, 0.42):
        soap(c, ROSE)
    rng = np.random.default_rng(17)
    for x, y, high in ((60, 512, 220), (120, 520, 160), (690, 520, 240), (630, 520, 150), (730, 520, 170),
            (20, 520, 140)):  # fmt: skip
        c.stroke(smooth([(x, y), (x + 10, y - high / 2), (x - 4, y - high)], closed=False), 5, "#6f9a55")
        for k in range(3):
            c.fill(
                leaf(x + 6, y - high * (0.3 + k * 0.18), 46, 17, -30 if k % 2 else -150),
                down("#a6c976", "#6f9a55"),
            )
        flower(c, x - 4, y - high, 21, str(rng.choice(["#f6a3bd", "#fff3f0", "#c9a8ee", "#ffd27f"])))
    for _ in range(22):
        c.fill(leaf(rng.uniform(0, WIDTH), rng.uniform(20, 480), 13, 8, rng.uniform(0, 360)), "#f6a3bdbb")
    return c


def winter_candles() -> Canvas:
    """Two candles on a window sill while it snows outside."""
    c = new(down("#5a3b3f", "#7a4f48"))
    c.fill(rect(110, 20, 548, 350), down("#e8d5bd", "#c9ad90"))
    pane = rect(130, 40, 508, 316)
    c.fill(pane, down("#22305c", "#6f88b8"))
    with c.inside(pane):
        c.fill(smooth([(100, 320), (300, 270), (500, 300), (680, 262), (680, 380), (100, 380)]),
            down("#eef4ff", "#b9cbe8"))  # fmt: skip
        for x, s in ((190.0, 120.0), (240, 84), (560, 140), (600, 96)):
            fir(c, x, 318, s, "#3f5f78")
        rng = np.random.default_rng(1)
        for _ in range(150):
            c.fill(
                ellipse(rng.uniform(130, 640), rng.uniform(40, 350), rng.uniform(1, 3.6)), "#ffffffdd", 0.8
            )
    for bar in (rect(378, 40, 12, 316), rect(130, 176, 508, 10)):
        c.fill(bar, down("#f2e2cc", "#d9c0a4"))
    planks(c, 370, Linear(((0, "#b98458"), (0.3, "#9a6a44"), (1, "#5f3d28"))))
    halo(c, 384, 300, 360, "#ffb45c", 0.4)
    for x, y, s, scent in ((300.0, 444.0, 0.62, VANILLA), (470, 462, 0.74, AMBER)):
        with c.at(x, y, s):
            candle(c, scent)
    with c.at(620, 462, 0.32):
        soap(c, OATMEAL, bubbles=False)
    for x, y, angle in ((130, 452, -20), (160, 470, 10), (110, 476, -46)):
        for k in range(-3, 4):
            c.fill(leaf(x, y, 60, 9, angle + k * 16), "#3f7a5f")
    for x, y in ((124, 452), (146, 464), (112, 470)):
        c.fill(ellipse(x, y, 9), ball("#d8483f"))
    return c
