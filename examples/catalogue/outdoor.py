"""Brand two: what is carried or worn on the trail."""

from __future__ import annotations

import numpy as np
from canvas import Canvas, Linear, Radial, ball, clear, cylinder, dark, down, light
from shapes import arc, ellipse, outline, rect, rounded, smooth, soften

STEEL = "#c3ccd4"
STRAP = "#3a3f4c"


def buckle(c: Canvas, x: float, y: float, size: float = 1.0) -> None:
    """A dark plastic buckle."""
    with c.at(x, y, size):
        c.fill(rounded(-15, -11, 30, 22, 5), down("#5b6170", "#2b2f3a"))
        c.fill(rounded(-8, -5, 16, 10, 3), "#181b22")


def mountain_mark(c: Canvas, colour: str, size: float = 1.0) -> None:
    """The brand's two peaks, centred on the origin."""
    with c.at(0, 0, size):
        c.fill(soften(outline((-34, 20), (-8, -22), (6, 0), (14, -10), (34, 20)), 3), colour)


def backpack(c: Canvas, colour: str) -> None:
    """A hiking backpack with a rolled mat on top, 450 high."""
    c.shadow(6, -4, 150, 19)
    c.stroke(arc(0, -386, 34, 34, 180, 360), 11, STRAP)
    for side in (False, True):
        with c.at(0, 0, flip=side):
            pocket = smooth([(104, -190), (148, -180), (156, -100), (146, -18), (100, -10)])
            c.fill(pocket, Linear(((0, dark(colour, 0.15)), (1, dark(colour, 0.45))), 0 if not side else 180))
            c.stroke(smooth([(106, -186), (132, -188), (150, -174)], closed=False), 7, dark(colour, 0.55))
    body = smooth([(-96, -370), (0, -390), (96, -370), (122, -240), (128, -60), (104, -6), (0, 0),
        (-104, -6), (-128, -60), (-122, -240)])  # fmt: skip
    c.fill(body, cylinder(colour, 0.25))
    with c.inside(body):
        c.fill(rect(-140, -70, 280, 80), down(clear(dark(colour), 0), clear(dark(colour, 0.7), 0.5)))
        c.fill(rect(-140, -300, 280, 40), down(clear("#1d1430", 0.4), clear("#1d1430", 0)))
    _pack_pocket(c, colour)
    lid = smooth([(-104, -380), (0, -408), (104, -380), (116, -320), (104, -288), (0, -280), (-104, -288),
        (-116, -320)])  # fmt: skip
    c.fill(lid, cylinder(light(colour, 0.12), 0.3))
    c.stroke(smooth([(-90, -340), (0, -352), (90, -340)], closed=False), 3, dark(colour, 0.4))
    for x in (-62, 62):
        c.fill(rect(x - 8, -300, 16, 108), Linear(((0, "#4a505f"), (1, STRAP)), 0))
        buckle(c, x, -250)
    _mat(c)


def _pack_pocket(c: Canvas, colour: str) -> None:
    pocket = smooth(
        [(-92, -190), (0, -200), (92, -190), (98, -90), (88, -30), (0, -22), (-88, -30), (-98, -90)]
    )
    c.fill(pocket, "#1d1430", blur=6, alpha=0.35)
    c.fill(pocket, cylinder(light(colour, 0.06), 0.3))
    c.stroke(smooth([(-82, -160), (0, -172), (82, -160)], closed=False), 5, dark(colour, 0.5))
    c.fill(rounded(58, -164, 10, 28, 4), "#f2c14e")
    c.fill(rounded(-42, -122, 84, 62, 8), "#f6f0e4")
    with c.at(0, -100):
        mountain_mark(c, dark(colour, 0.35), 0.75)
    c.text(0, -72, "NORTHTRAIL", 11, "#3b3f4c", 0.4)


def _mat(c: Canvas) -> None:
    c.fill(rounded(-146, -448, 292, 62, 31), down("#a9d3c6", "#4f8d7d"))
    c.fill(ellipse(-118, -417, 27, 31), Radial(((0, "#d8efe7"), (1, "#78b3a3"))))
    for r in (22, 15, 8):
        c.stroke(ellipse(-118, -417, r * 0.86, r), 2.5, "#4f8d7d", closed=True)
    for x in (-52, 70):
        c.fill(rounded(x - 9, -452, 18, 70, 4), Linear(((0, "#4a505f"), (1, STRAP)), 0))
        buckle(c, x, -420, 0.8)


def _boot(c: Canvas, colour: str) -> None:
    sole = smooth([(-128, -44), (0, -36), (150, -40), (196, -34), (196, -12), (170, -2), (20, 0),
        (-20, -6), (-120, -2), (-136, -18)])  # fmt: skip
    c.fill(sole, down("#5c5048", "#29231f"))
    for x in range(-116, 186, 22):
        if not -24 < x < 10:
            c.fill(rounded(x - 7, -12, 14, 16, 3), "#211b18")
    c.stroke(smooth([(-128, -42), (0, -36), (150, -38), (192, -36)], closed=False), 6, "#e8d9bd")
    upper = smooth([(-118, -250), (-60, -262), (8, -254), (22, -210), (40, -170), (96, -134), (160, -112), (194, -76),
                    (194, -42), (60, -38), (-128, -44), (-132, -100), (-112, -170)])  # fmt: skip
    c.fill(upper, Linear(((0, light(colour, 0.3)), (0.45, colour), (1, dark(colour, 0.4))), 60))
    with c.inside(upper):
        c.fill(smooth([(118, -150), (220, -130), (220, -20), (128, -30), (138, -80)]),
            Linear(((0, "#6a5a4c"), (1, "#3d332b")), 60))  # fmt: skip
        c.fill(smooth([(-150, -140), (-96, -120), (-74, -60), (-70, -20), (-160, -20)]), dark(colour, 0.45))
        c.fill(smooth([(-150, -270), (30, -280), (34, -236), (-60, -226), (-150, -220)]), dark(colour, 0.5))
        c.stroke(
            smooth([(-104, -200), (-40, -150), (20, -100), (60, -40)], closed=False), 3, dark(colour, 0.45)
        )
    tongue = smooth([(-20, -262), (14, -292), (40, -280), (34, -230), (60, -176), (40, -160)])
    c.fill(tongue, Linear(((0, light(colour, 0.2)), (1, dark(colour, 0.3))), 30))
    for i in range(5):
        px, py = 2.0 + i * 19 + i * i * 1.6, -228.0 + i * 24
        c.stroke(smooth([(px - 34, py + 18), (px, py - 2), (px + 26, py - 10)], closed=False), 6, "#e2574c")
        c.fill(ellipse(px - 34, py + 18, 6), ball("#d9c07a"))
    for x, y in ((52, -290), (74, -258)):
        c.stroke(smooth([(24, -238), (x - 20, y + 6), (x, y + 14), (x - 6, y + 34), (30, -232)],
            closed=False), 5, "#e2574c")  # fmt: skip


def hiking_boots(c: Canvas, colour: str) -> None:
    """A pair of laced hiking boots."""
    c.shadow(0, -2, 232, 22)
    with c.at(48, -34, 0.94):
        _boot(c, dark(colour, 0.14))
    with c.at(-72, 0):
        c.shadow(40, -3, 180, 14, 0.3)
        _boot(c, colour)


def water_bottle(c: Canvas, colour: str) -> None:
    """A steel drinking bottle with a loop cap, 440 high."""
    c.shadow(10, -4, 84, 14)
    c.stroke(arc(0, -410, 30, 30, 180, 360), 13, "#343946")
    c.fill(rounded(-44, -412, 88, 52, (12, 12, 5, 5)), cylinder("#4a5060", 0.3))
    c.fill(rounded(-40, -366, 80, 22, 3), cylinder(STEEL, 0.7))
    body = soften(
        outline((-42, -348), (42, -348), (80, -296), (80, 0), (-80, 0), (-80, -296)), (6, 6, 36, 22, 22, 36)
    )
    c.fill(body, cylinder(colour))
    with c.inside(body):
        c.fill(rect(-90, -24, 180, 30), cylinder(STEEL, 0.7))
        for i, tone in enumerate((0.5, 0.3, 0.1)):
            peak = [(-90, -60 - i * -16), (-46, -120 + i * 22), (-10, -84 + i * 16), (36, -140 + i * 26),
                (90, -76 + i * 18), (90, -24), (-90, -24)]  # fmt: skip
            c.fill(outline(*peak), clear(light(colour, tone), 0.55))
    with c.at(0, -236, 1.1):
        mountain_mark(c, "#fffaf0")
    c.text(0, -190, "northtrail", 24, "#fffaf0", 0.6)
    c.fill(rounded(-60, -300, 10, 250, 5), "#ffffff88", blur=2)


def thermos(c: Canvas, colour: str) -> None:
    """A vacuum flask with a cup lid and a handle, 450 high."""
    c.shadow(20, -4, 104, 15)
    c.stroke(smooth([(66, -296), (122, -290), (134, -200), (122, -112), (66, -104)], closed=False), 21,
        Linear(((0, "#565c6b"), (1, "#262a34"))))  # fmt: skip
    c.fill(rounded(-62, -450, 124, 100, (20, 20, 6, 6)), cylinder(STEEL, 0.8))
    c.fill(rounded(-62, -366, 124, 14, 3), cylinder("#8e98a3", 0.5))
    c.fill(rounded(-70, -354, 140, 26, 5), cylinder("#3a3f4c", 0.3))
    c.fill(rounded(-76, -330, 152, 330, (14, 14, 18, 18)), cylinder(colour, 0.4))
    c.fill(rounded(-76, -30, 152, 30, (2, 2, 18, 18)), cylinder(STEEL, 0.8))
    for y in (-110, -300):
        c.fill(rect(-76, y, 152, 9), cylinder("#3a3f4c", 0.3))
    with c.at(-4, -222, 1.25):
        mountain_mark(c, "#f7e7c6")
    c.text(-4, -170, "northtrail", 24, "#f7e7c6", 0.6)
    c.fill(rounded(-56, -310, 10, 270, 5), "#ffffff77", blur=2)


def enamel_mug(c: Canvas, colour: str, steam: bool = True) -> None:
    """A speckled enamel mug, 230 high without its steam."""
    c.shadow(26, -4, 140, 18)
    if steam:
        for x in (-46, 0, 46):
            puff = smooth([(x, -236), (x + 16, -268), (x - 14, -304), (x + 10, -346)], closed=False)
            c.stroke(puff, 13, "#ffffffb0", blur=6)
            c.stroke(puff, 6, "#c9c4d455", blur=4)
    c.stroke(smooth([(104, -186), (170, -190), (184, -130), (160, -70), (98, -52)], closed=False), 21,
        dark(colour, 0.35))  # fmt: skip
    c.stroke(smooth([(104, -188), (168, -192), (181, -132), (158, -73), (98, -55)], closed=False), 12,
        light(colour, 0.1))  # fmt: skip
    body = soften(outline((-120, -228), (120, -228), (108, 0), (-108, 0)), (2, 2, 30, 30))
    c.fill(body, cylinder(colour, 0.35))
    rng = np.random.default_rng(8)
    with c.inside(body):
        for _ in range(130):
            c.fill(ellipse(rng.uniform(-118, 118), rng.uniform(-216, -4), rng.uniform(0.8, 2.6)), "#ffffffbb")
        c.fill(rect(-120, -50, 240, 50), down(clear(dark(colour), 0), clear(dark(colour, 0.7), 0.45)))
    with c.at(0, -116, 1.7):
        mountain_mark(c, "#fffaf0")
    c.fill(ellipse(0, -228, 120, 21), "#f6f2ea")
    c.fill(ellipse(0, -226, 108, 15), down("#3a1f14", "#7b4a2c"))
    c.stroke(ellipse(0, -228, 120, 21), 6, dark(colour, 0.45), closed=True)
    c.fill(rounded(-92, -200, 12, 160, 6), "#ffffff77", blur=2.5)


def rain_jacket(c: Canvas, colour: str) -> None:
    """A hooded rain jacket, laid out flat, 440 high."""
    c.shadow(4, -6, 140, 16, 0.28)
    for side in (False, True):
        with c.at(0, 0, flip=side):
            sleeve = smooth([(84, -340), (126, -318), (158, -230), (192, -96), (176, -78), (140, -80),
                (122, -120), (96, -210)])  # fmt: skip
            c.fill(sleeve, Linear(((0, colour), (1, dark(colour, 0.35))), 60))
            c.fill(soften(outline((190, -108), (196, -86), (140, -70), (132, -92)), 6), dark(colour, 0.5))
            c.stroke(smooth([(100, -300), (112, -230), (134, -130)], closed=False), 2.5, dark(colour, 0.4))
    body = smooth([(-60, -350), (0, -338), (60, -350), (106, -324), (116, -200), (124, -20), (112, -4),
        (0, 0), (-112, -4), (-124, -20), (-116, -200), (-106, -324)])  # fmt: skip
    c.fill(body, Linear(((0, dark(colour, 0.22)), (0.2, light(colour, 0.18)), (0.5, colour),
        (0.8, light(colour, 0.06)), (1, dark(colour, 0.34))), 0))  # fmt: skip
    with c.inside(body):
        c.fill(rect(-140, -24, 280, 30), dark(colour, 0.4))
        c.fill(smooth([(-130, -352), (0, -300), (130, -352), (130, -262), (0, -244), (-130, -262)]),
            clear(dark(colour, 0.35), 0.75))  # fmt: skip
    _hood(c, colour)
    c.fill(rect(-8, -322, 16, 320), dark(colour, 0.45))
    c.stroke(outline((0, -320), (0, -6)), 3.5, "#e9e2d2")
    c.fill(rounded(-5, -300, 10, 26, 4), "#f4f0e6")
    for x in (-86, 42):
        c.fill(rounded(x, -126, 44, 12, 5), dark(colour, 0.5))
    with c.at(60, -216, 0.62):
        mountain_mark(c, "#fffaf0")


def _hood(c: Canvas, colour: str) -> None:
    hood = smooth(
        [(-72, -338), (-86, -400), (-52, -448), (0, -458), (52, -448), (86, -400), (72, -338), (0, -306)]
    )
    c.fill(hood, Linear(((0, light(colour, 0.25)), (0.5, colour), (1, dark(colour, 0.25))), 50))
    inner = smooth(
        [(-50, -342), (-60, -394), (-32, -424), (0, -430), (32, -424), (60, -394), (50, -342), (0, -316)]
    )
    c.fill(inner, down(dark(colour, 0.7), dark(colour, 0.45)))
    c.stroke(inner, 5, dark(colour, 0.3), closed=True)
    for x in (-26, 26):
        c.stroke(smooth([(x, -326), (x * 1.2, -300), (x, -268)], closed=False), 3.5, "#f4f0e6")
        c.fill(ellipse(x, -264, 6, 8), "#3a3f4c")


def trekking_poles(c: Canvas, colour: str) -> None:
    """Two crossed trekking poles, 470 high."""
    c.shadow(0, 0, 120, 10, 0.2)
    for side in (True, False):
        with c.at(0, -6, flip=side), c.at(-96, 0, angle=21):
            c.fill(outline((-4, -40), (4, -40), (1.5, 6), (-1.5, 6)), cylinder("#8e98a3"))
            c.fill(ellipse(0, -52, 26, 8), down("#4d5362", "#20242d"))
            c.fill(rect(-6, -210, 12, 166), cylinder(STEEL, 0.7))
            c.fill(rounded(-10, -226, 20, 26, 4), cylinder("#343946"))
            c.fill(rect(-8, -380, 16, 158), cylinder(colour))
            c.fill(rounded(-12, -392, 24, 26, 4), cylinder("#343946"))
            c.stroke(smooth([(0, -470), (44, -440), (40, -384), (10, -410)], closed=False), 6, "#4a505f")
            c.fill(smooth([(-12, -392), (-15, -420), (-11, -450), (-14, -486), (4, -500), (18, -488),
                (12, -450), (15, -420), (12, -392)]), cylinder("#b9824f", 0.3))  # fmt: skip
            for y in range(-470, -400, 12):
                c.stroke(outline((-11, y), (11, y)), 2, "#7b5230")
