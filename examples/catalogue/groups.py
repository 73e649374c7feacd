"""Group shots, logos and sketches, put together from the single products."""

from __future__ import annotations

import numpy as np
from body_care import CHARCOAL, CITRUS, LAVENDER, OATMEAL, ROSE, UNSCENTED, gift_box, lotion, soap
from camp import folding_chair, lantern, tent
from canvas import Canvas, Linear, down
from home_scent import VANILLA, candle
from outdoor import backpack, enamel_mug
from shapes import Path, arc, drop, ellipse, outline, rounded, smooth, soften, star


def lotion_trio(c: Canvas) -> None:
    """The three body lotions side by side."""
    for x, y, scent in ((-166, -20, CITRUS), (166, -20, UNSCENTED), (0, 0, LAVENDER)):
        with c.at(x, y, 0.92 if x else 1.0):
            lotion(c, scent)


def soap_stack(c: Canvas) -> None:
    """The three soaps, one on top of two."""
    with c.at(-132, 0, 0.62):
        soap(c, OATMEAL, bubbles=False)
    with c.at(136, 0, 0.62):
        soap(c, CHARCOAL, bubbles=False)
    with c.at(4, -112, 0.66):
        soap(c, ROSE)


def gift_set(c: Canvas) -> None:
    """A gift box with a lotion, a soap and a candle in front of it."""
    with c.at(0, -120, 1.02):
        gift_box(c)
    with c.at(-150, -14, 0.78):
        lotion(c, LAVENDER)
    with c.at(148, -12, 0.66):
        candle(c, VANILLA)
    with c.at(0, 10, 0.42):
        soap(c, OATMEAL, bubbles=False)


def camp_set(c: Canvas) -> None:
    """A tent, a backpack, a chair, a lantern and a mug."""
    with c.at(-30, -120, 1.02):
        tent(c, "#4f9a6b")
    with c.at(-190, -22, 0.56):
        backpack(c, "#d8483f")
    with c.at(176, -20, 0.58):
        folding_chair(c, "#3a7d8c")
    with c.at(0, 0, 0.42):
        lantern(c, "#d8483f")
    with c.at(-74, 8, 0.27):
        enamel_mug(c, "#2f4f7f", steam=False)


def lumen_logo(c: Canvas, ink: str) -> None:
    """A rising light over the word lumen; centred on the origin, 420 wide."""
    gold = Linear(((0, "#ffd98a"), (1, "#ef9a4c")))
    for i in range(9):
        with c.at(0, -42, angle=-80 + i * 20):
            c.fill(rounded(-4.5, -128 if i % 2 == 0 else -116, 9, 34 if i % 2 == 0 else 22, 4.5), gold)
    c.fill(np.concatenate([arc(0, -42, 76, 76, 180, 360)]), gold)
    c.fill(drop(0, -58, 19), "#fffaf0")
    c.fill(rounded(-108, -36, 216, 7, 3.5), ink)
    c.text(0, 34, "lumen", 104, ink, 8)
    c.text(0, 104, "BODY CARE", 24, ink, 11)


def northtrail_logo(c: Canvas, ink: str, paper: str) -> None:
    """A round badge with peaks, a star and a trail; centred on the origin, 420 high."""
    c.fill(ellipse(0, -40, 158), ink)
    c.fill(ellipse(0, -40, 146), paper)
    c.fill(ellipse(0, -40, 136), ink)
    with c.inside(ellipse(0, -40, 130)):
        c.fill(ellipse(0, -40, 130), down("#274b6b", "#4f8fa3"))
        c.fill(outline((-150, 60), (-40, -96), (8, -32), (48, -74), (150, 60)), "#f4efe4")
        c.fill(outline((-150, 60), (-40, -96), (-48, -40), (-30, 0), (-60, 60)), "#c9d6dc")
        c.fill(smooth([(-160, 40), (-60, 14), (30, 40), (160, 8), (160, 120), (-160, 120)]), "#2f7a5f")
        c.stroke(smooth([(-20, 100), (30, 72), (-16, 52), (20, 30)], closed=False), 11, "#f2c14e")
        c.fill(star(62, -118, 20, 8, 4), "#f2c14e")
    c.text(0, 158, "NORTHTRAIL", 56, ink, 5)
    c.text(0, 200, "OUTDOOR GEAR", 20, ink, 8)


def _pencil(c: Canvas, path: Path, seed: int, closed: bool = True) -> None:
    rng = np.random.default_rng(seed)
    for width, tone in ((2.2, "#4b4652cc"), (1.4, "#4b465288"), (1.1, "#4b465266")):
        drift = np.cumsum(rng.normal(0, 0.22, path.shape), axis=0)
        drift -= np.linspace(0, 1, len(path))[:, None] * drift[-1]
        c.stroke(path + drift + rng.uniform(-1.4, 1.4, 2), width, tone, closed)


def _hatch(c: Canvas, shape: Path, seed: int, left: float, right: float) -> None:
    rng = np.random.default_rng(seed)
    with c.inside(shape):
        for y in range(60, 560, 7):
            c.stroke(
                outline((left + rng.uniform(-8, 8), y), (right + rng.uniform(-8, 8), y - 34)),
                1.5,
                "#4b465266",
            )


def sketch_sheet() -> Canvas:
    """An empty sheet of drawing paper."""
    c = Canvas(576, 576, 2, Linear(((0, "#fbf7ee"), (1, "#f1e9da")), 50))
    rng = np.random.default_rng(2)
    for _ in range(1500):
        x, y = rng.uniform(0, 576, 2)
        c.fill(ellipse(x, y, rng.uniform(0.4, 1)), "#b8a98f55")
    return c


def lotion_sketch() -> Canvas:
    """A pencil sketch of a lotion bottle and a bar of soap."""
    c = sketch_sheet()
    body = smooth([(150, 250), (176, 212), (230, 200), (284, 212), (310, 250), (312, 360), (310, 476),
        (290, 490), (170, 490), (150, 476), (148, 360)])  # fmt: skip
    spout = smooth(
        [(132, 98), (150, 84), (196, 76), (254, 74), (262, 98), (254, 112), (196, 110), (150, 106)]
    )
    bar = soften(outline((352, 420), (500, 420), (526, 456), (520, 500), (336, 500), (330, 456)), 16)
    for i, path in enumerate((body, spout, rounded(200, 158, 60, 42, 6), rounded(222, 112, 16, 46, 3),
            rounded(172, 290, 116, 130, 6), bar)):  # fmt: skip
        _pencil(c, path, i)
    _pencil(c, outline((332, 457), (428, 462), (525, 457)), 9, closed=False)
    _hatch(c, body, 1, 262, 330)
    _hatch(c, bar, 2, 470, 540)
    _pencil(c, drop(230, 336, 16), 11)
    for y, wide in ((372, 40), (388, 30), (400, 34)):
        _pencil(c, outline((230 - wide, y), (230 + wide, y)), y, closed=False)
    _pencil(c, outline((120, 200), (120, 490)), 14, closed=False)
    for y in (200, 490):
        _pencil(c, outline((110, y), (130, y)), y, closed=False)
    c.text(428, 250, "new bottle", 26, "#4b4652aa")
    c.text(428, 282, "softer shoulders", 19, "#4b465288")
    _pencil(c, smooth([(400, 300), (360, 318), (318, 300)], closed=False), 15, closed=False)
    return c


def tent_sketch() -> Canvas:
    """A pencil sketch of a dome tent under a hill."""
    c = sketch_sheet()
    dome = smooth(
        [(96, 440), (130, 330), (210, 240), (296, 206), (390, 244), (460, 330), (494, 440)], closed=False
    )
    door = smooth([(210, 440), (226, 340), (268, 270), (314, 340), (332, 440)], closed=False)
    for i, path in enumerate((dome, door, smooth([(296, 206), (372, 310), (404, 440)], closed=False),
            outline((80, 440), (510, 440)))):  # fmt: skip
        _pencil(c, path, i + 20, closed=False)
    _hatch(c, np.concatenate([dome[40:], outline((404, 440), (372, 310))]), 4, 360, 500)
    _hatch(c, door, 5, 200, 350)
    _pencil(c, smooth([(30, 330), (110, 210), (160, 250), (240, 130), (330, 190), (420, 120), (546, 280)],
        closed=False), 31, closed=False)  # fmt: skip
    for x in range(100, 500, 34):
        _pencil(c, smooth([(x, 462), (x + 6, 450), (x + 10, 464)], closed=False), x, closed=False)
    for a, b in (((130, 330), (54, 446)), ((460, 330), (536, 446))):
        _pencil(c, outline(a, b), int(a[0]), closed=False)
    c.text(290, 510, "two poles, four pegs", 24, "#4b4652aa")
    return c
