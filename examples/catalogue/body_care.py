"""Brand one: lotions, soaps and the other things of the bathroom shelf."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from canvas import Canvas, Linear, Radial, ball, clear, cylinder, dark, down, glow, light, mix
from shapes import arc, blob, drop, ellipse, leaf, outline, rect, rounded, smooth, soften

CREAM = "#fbf4e8"
INK = "#4a3f55"


@dataclass(frozen=True)
class Scent:
    """The colours and the emblem of one scent."""

    name: str
    colour: str
    emblem: str


LAVENDER = Scent("lavender", "#b39ddb", "sprig")
CITRUS = Scent("citrus", "#f7b23b", "slice")
UNSCENTED = Scent("unscented", "#dfe6e4", "drop")
OATMEAL = Scent("oatmeal", "#e4c79a", "oat")
ROSE = Scent("rose", "#eb9fb0", "rose")
CHARCOAL = Scent("charcoal", "#54545f", "drop")
EUCALYPTUS = Scent("eucalyptus", "#8fbfa6", "leaf")
HONEY = Scent("honey", "#e9a23b", "drop")


def emblem(c: Canvas, kind: str, colour: str) -> None:
    """A little picture of the scent, about 60 wide, centred on the origin."""
    if kind == "slice":
        _slice(c)
    elif kind == "sprig":
        _sprig(c, colour)
    elif kind == "rose":
        for size, share in ((28, 0.0), (21, 0.22), (14, 0.0), (7, 0.3)):
            c.fill(
                blob(np.random.default_rng(size), 0, 0, size, size, 0.10), mix("#d4667f", "#ffe9ec", share)
            )
    elif kind == "oat":
        for i in range(4):
            for side in (-1, 1):
                c.fill(leaf(0, 22 - i * 13, 24, 11, -90 + side * 42), "#c08b45")
        c.stroke(outline((0, 32), (0, -30)), 3, "#a3712f")
    elif kind == "leaf":
        for angle in (-150, -90, -30):
            c.fill(leaf(0, 16, 42, 19, angle), mix("#4d8a6a", "#a6d1b7", (angle + 150) / 200))
    else:
        c.fill(drop(0, 8, 18), down(light(colour, 0.3), dark(colour, 0.2)))
        c.stroke(arc(0, 8, 11, 11, 100, 170), 3, "#ffffffcc")


def _slice(c: Canvas) -> None:
    c.fill(ellipse(0, 0, 29), "#f08c1d")
    c.fill(ellipse(0, 0, 25), "#fff1cf")
    for i in range(8):
        with c.at(0, 0, angle=i * 45):
            c.fill(soften(outline((3, -2), (22, -8), (22, 8), (3, 2)), 4), "#f9a62b")


def _sprig(c: Canvas, colour: str) -> None:
    for lean, height in ((-18, 50), (0, 62), (18, 50)):
        with c.at(0, 32, angle=lean):
            c.stroke(outline((0, 0), (0, -height)), 2.5, "#6f9160")
            for i in range(5):
                for side in (-1, 1):
                    c.fill(ellipse(side * 4.5, -height + i * 7, 4.5, 5), dark(colour, 0.12 + 0.06 * i))


def label(c: Canvas, scent: Scent, what: str, width: float, height: float) -> None:
    """A paper label centred on the origin: emblem, brand name, product, scent."""
    paper = Linear(((0, "#eadfce"), (0.2, "#fffaf1"), (0.7, CREAM), (1, "#d9ccbb")), 0)
    c.fill(rounded(-width / 2, -height / 2, width, height, 9), paper)
    size = min(width, height * 0.78)
    with c.at(0, -height * 0.25, height / 185):
        emblem(c, scent.emblem, scent.colour)
    c.text(0, height * 0.08, "lumen", size * 0.21, INK, 1.5)
    c.stroke(
        outline((-width * 0.16, height * 0.205), (width * 0.16, height * 0.205)), 1.6, dark(scent.colour, 0.2)
    )
    c.text(0, height * 0.29, what, size * 0.108, INK, 0.6)
    c.text(0, height * 0.395, scent.name, size * 0.1, dark(scent.colour, 0.5), 0.8)


def shine(c: Canvas, x: float, y: float, w: float, h: float, strength: float = 0.6) -> None:
    """A soft upright reflection."""
    c.fill(
        rounded(x, y, w, h, w / 2),
        down(clear("#ffffff", strength), clear("#ffffff", strength * 0.3)),
        blur=2.5,
    )


def lotion(c: Canvas, scent: Scent) -> None:
    """A pump bottle of body lotion, 440 high."""
    c.shadow(14, -4, 108, 17)
    body = smooth([(-88, -240), (-60, -283), (0, -296), (60, -283), (88, -240), (91, -120), (88, -16),
                   (64, 0), (0, 3), (-64, 0), (-88, -16), (-91, -120)])  # fmt: skip
    _pump(c)
    c.fill(body, cylinder(scent.colour))
    with c.inside(body):
        c.fill(rect(-100, -40, 200, 50), down(clear("#2a1c3c", 0), clear("#2a1c3c", 0.25)))
    with c.at(0, -138):
        label(c, scent, "body lotion", 138, 182)
    shine(c, -70, -262, 13, 236)


def _pump(c: Canvas) -> None:
    white = "#f4efe9"
    c.fill(rounded(-9, -388, 18, 66, 4), cylinder(dark(white, 0.12)))
    c.fill(rounded(-36, -334, 72, 44, (10, 10, 4, 4)), cylinder(white))
    for x in range(-30, 31, 6):
        c.stroke(outline((x, -324), (x, -298)), 1.2, "#2a1c3c22")
    spout = smooth([(-100, -398), (-84, -415), (-40, -424), (20, -428), (36, -418), (37, -396), (28, -384),
                    (-24, -386), (-66, -396), (-84, -390), (-96, -384)])  # fmt: skip
    c.fill(spout, Linear(((0, "#ffffff"), (0.5, white), (1, dark(white, 0.28)))))
    c.stroke(smooth([(-76, -408), (-36, -416), (20, -420)], closed=False), 3, "#ffffffcc")


def soap(c: Canvas, scent: Scent, bubbles: bool = True) -> None:
    """A bar of soap in its paper band, about 400 wide and 210 high."""
    c.shadow(8, -6, 214, 26)
    c.fill(soften(outline((-205, -118), (205, -118), (196, 0), (-196, 0)), 34),
           Linear(((0, light(scent.colour, 0.1)), (0.35, scent.colour), (1, dark(scent.colour, 0.34)))))  # fmt: skip
    top = soften(outline((-166, -216), (166, -216), (209, -104), (-209, -104)), 38)
    c.fill(top, Linear(((0, light(scent.colour, 0.55)), (1, light(scent.colour, 0.16))), 60))
    _flecks(c, scent)
    c.stroke(smooth([(-186, -100), (-90, -96), (90, -96), (186, -100)], closed=False), 4,
        light(scent.colour, 0.7), blur=1.5)  # fmt: skip
    _band(c, scent)
    if bubbles:
        for x, y, r in ((-196, -226, 22), (-158, -252, 12), (206, -24, 26), (232, -64, 13), (178, -238, 15)):
            bubble(c, x, y, r)


def _flecks(c: Canvas, scent: Scent) -> None:
    rng = np.random.default_rng(len(scent.name))
    tint = {"oatmeal": "#9c6b34", "rose": "#c9486a", "charcoal": "#8b8b99"}[scent.name]
    for _ in range(46):
        x, y = rng.uniform(-172, 172), rng.uniform(-198, -14)
        if abs(x) > 92:
            c.fill(blob(rng, x, y, rng.uniform(2, 5), rng.uniform(1.2, 3), 0.3), clear(tint, 0.6))


def _band(c: Canvas, scent: Scent) -> None:
    c.fill(
        outline((-68, -218), (68, -218), (86, -102), (-86, -102)),
        Linear(((0, "#fffdf8"), (1, "#f3e9d8")), 60),
    )
    c.fill(outline((-86, -103), (86, -103), (82, 2), (-82, 2)), down("#f6ecdc", "#d8c9b4"))
    stripe = dark(scent.colour, 0.15)
    for left, right in ((-68, -86), (68, 86)):
        c.stroke(outline((left * 0.93, -217), (right * 0.93, -104)), 3, stripe)
        c.stroke(outline((right * 0.93, -103), (right * 0.89, 1)), 3, dark(stripe, 0.2))
    with c.at(0, -163, 0.85):
        emblem(c, scent.emblem, scent.colour)
    c.text(0, -66, "lumen", 33, INK, 1.5)
    c.text(0, -32, f"{scent.name} soap", 16, dark(scent.colour, 0.5), 0.6)


def bubble(c: Canvas, x: float, y: float, r: float) -> None:
    """A soap bubble."""
    film = ((0, "#ffffff00"), (0.6, "#ffffff18"), (0.85, "#cfe6ff66"), (0.95, "#e9c8ff99"), (1, "#9fc4ee99"))
    c.fill(ellipse(x, y, r), Radial(film))
    c.stroke(arc(x, y, r * 0.68, r * 0.68, 195, 255), max(1.5, r * 0.13), "#ffffffdd")
    c.fill(ellipse(x + r * 0.4, y + r * 0.42, r * 0.1), "#ffffffaa")


def hand_cream(c: Canvas, scent: Scent) -> None:
    """A tube of hand cream that stands on its cap, 420 high."""
    c.shadow(10, -4, 84, 14)
    c.fill(rounded(-54, -74, 108, 74, (6, 6, 12, 12)), cylinder("#f7efe4"))
    for x in range(-48, 49, 8):
        c.stroke(outline((x, -64), (x, -12)), 1.3, "#2a1c3c1c")
    tube = soften(outline((-96, -418), (96, -418), (94, -360), (62, -70), (-62, -70), (-94, -360)), (3, 3,
        60, 8, 8, 60))  # fmt: skip
    c.fill(tube, cylinder(scent.colour, 0.5))
    with c.inside(tube):
        c.fill(rect(-100, -420, 200, 30), down(light(scent.colour, 0.5), dark(scent.colour, 0.1)))
        for x in range(-96, 97, 6):
            c.stroke(outline((x, -416), (x, -394)), 1.2, "#2a1c3c22")
        c.fill(
            smooth([(-120, -190), (-40, -160), (40, -196), (120, -170), (120, -60), (-120, -60)]), "#fff6f0aa"
        )
    with c.at(0, -318, 1.15):
        emblem(c, scent.emblem, scent.colour)
    c.text(0, -250, "lumen", 36, "#fffaf4", 1.5)
    c.text(0, -214, "hand cream", 19, "#fffaf4", 0.8)
    c.text(0, -124, scent.name, 17, dark(scent.colour, 0.45), 0.8)
    shine(c, -64, -384, 11, 250)


def bath_salts(c: Canvas, scent: Scent) -> None:
    """A glass jar of bath salts with a cork, 330 high."""
    c.shadow(12, -4, 136, 19)
    c.fill(rounded(-84, -338, 168, 62, (16, 16, 6, 6)), cylinder("#c99b66"))
    rng = np.random.default_rng(5)
    for _ in range(40):
        c.fill(ellipse(rng.uniform(-76, 76), rng.uniform(-330, -284), rng.uniform(1, 3), 1.3), "#8a5f3355")
    jar = soften(outline((-92, -284), (92, -284), (122, -240), (122, 0), (-122, 0), (-122, -240)), (10, 10,
        40, 34, 34, 40))  # fmt: skip
    c.fill(jar, Linear(((0, "#bcd6d6cc"), (0.15, "#f2fbfbaa"), (0.8, "#dcecec99"), (1, "#a9c4c8cc")), 0))
    with c.inside(soften(outline((-112, -226), (112, -232), (112, -9), (-112, -9)), 30)):
        _crystals(c, scent.colour)
    with c.at(0, -112):
        label(c, scent, "bath salts", 136, 150)
    c.fill(rounded(-98, -290, 196, 14, 7), down("#ffffffcc", "#b9d3d6cc"))
    shine(c, -104, -232, 12, 206, 0.75)
    shine(c, 96, -214, 6, 150, 0.4)


def _crystals(c: Canvas, colour: str) -> None:
    rng = np.random.default_rng(11)
    c.fill(rect(-120, -236, 240, 236), mix(colour, "#ffffff", 0.35))
    for _ in range(420):
        x, y, r = rng.uniform(-116, 116), rng.uniform(-228, -6), rng.uniform(5, 11)
        turn = np.sort(rng.uniform(0, 2 * np.pi, 5))
        stone = np.stack([x + r * np.cos(turn), y + r * np.sin(turn)], axis=1)
        c.fill(stone, mix(light(colour, 0.75), dark(colour, 0.05), float(rng.uniform())))


def shower_gel(c: Canvas, scent: Scent) -> None:
    """A clear bottle of shower gel with a flip cap, 440 high."""
    c.shadow(12, -4, 104, 16)
    c.fill(rounded(-46, -440, 92, 76, (16, 16, 5, 5)), cylinder("#fbf6ee"))
    c.stroke(outline((-46, -398), (46, -398)), 2, "#2a1c3c33")
    c.fill(rounded(-18, -404, 36, 9, 4), "#e3d9cc")
    body = soften(
        outline((-44, -366), (44, -366), (94, -330), (94, 0), (-94, 0), (-94, -330)), (4, 4, 44, 40, 40, 44)
    )
    gel = Linear(((0, dark(scent.colour, 0.1)), (0.12, light(scent.colour, 0.5)), (0.5, light(scent.colour, 0.12)),
                  (0.88, scent.colour), (1, dark(scent.colour, 0.22))), 0)  # fmt: skip
    c.fill(body, gel)
    with c.inside(body):
        c.fill(rect(-100, -60, 200, 70), down(clear(dark(scent.colour), 0), clear(dark(scent.colour), 0.4)))
        rng = np.random.default_rng(3)
        for _ in range(26):
            bubble(c, rng.uniform(-84, 84), rng.uniform(-330, -14), rng.uniform(3, 9))
    with c.at(0, -158):
        label(c, scent, "shower gel", 132, 190)
    shine(c, -78, -318, 12, 290, 0.75)


def lip_balm(c: Canvas, scent: Scent) -> None:
    """An open stick of lip balm beside its cap, 330 high."""
    c.shadow(40, -4, 150, 15)
    balm = soften(outline((-44, -330), (10, -352), (28, -340), (28, -220), (-44, -220)), (26, 14, 12, 2, 2))
    c.fill(balm, cylinder("#f8d9a0", 0.6))
    c.fill(rounded(-54, -246, 92, 40, 5), cylinder("#fbf6ee"))
    c.fill(rounded(-62, -212, 108, 176, 6), cylinder(scent.colour))
    c.fill(rounded(-62, -44, 108, 44, (3, 3, 10, 10)), cylinder("#fbf6ee"))
    for x in range(-56, 41, 7):
        c.stroke(outline((x, -36), (x, -8)), 1.3, "#2a1c3c22")
    with c.at(-8, -122, angle=-90):
        c.text(0, -12, "lumen", 34, "#fffaf4", 1.5)
        c.text(0, 20, "honey lip balm", 17, "#fffaf4", 0.6)
    shine(c, -48, -204, 9, 160)
    c.fill(rounded(82, -148, 104, 148, (18, 18, 8, 8)), cylinder(scent.colour))
    with c.at(134, -66, 1.1):
        emblem(c, scent.emblem, "#fff3d6")
    shine(c, 96, -130, 9, 116)


def bath_bomb(c: Canvas, x: float, r: float, colour: str, seed: int) -> None:
    """A round bath bomb with petals pressed into its crust."""
    rng = np.random.default_rng(seed)
    c.shadow(x + 8, -4, r * 0.82, r * 0.17)
    c.fill(ellipse(x, -r, r), ball(colour))
    for _ in range(150):
        a, d = rng.uniform(0, 6.28), r * 0.95 * rng.uniform() ** 0.5
        tone = light(colour, 0.6) if rng.uniform() < 0.5 else dark(colour, 0.3)
        c.fill(ellipse(x + d * np.cos(a), -r + d * np.sin(a), rng.uniform(0.8, 2.4)), clear(tone, 0.45))
    for _ in range(7):
        a, d = rng.uniform(0, 6.28), r * 0.7 * rng.uniform() ** 0.5
        c.fill(
            leaf(x + d * np.cos(a), -r + d * np.sin(a), 22, 9, rng.uniform(0, 360)),
            clear(dark(colour, 0.35), 0.8),
        )
    c.stroke(arc(x, -r, r * 0.99, r * 0.2, 0, 180), 2, clear(dark(colour, 0.4), 0.4), blur=1)


def bath_bombs(c: Canvas) -> None:
    """Three bath bombs in a row."""
    bath_bomb(c, -128, 92, "#e9a5b5", 1)
    bath_bomb(c, 132, 98, "#a9cfb8", 2)
    bath_bomb(c, 2, 112, "#bda8e0", 3)


def gift_box(c: Canvas) -> None:
    """An open gift box with a ribbon, 470 wide and 230 high: the back of the gift set."""
    c.shadow(10, -6, 262, 30)
    c.fill(outline((-222, -214), (222, -214), (246, -180), (-246, -180)), "#8a6a9a")
    c.fill(rounded(-240, -182, 480, 182, (2, 2, 12, 12)),
        Linear(((0, "#d9c6ea"), (0.5, "#c9b1df"), (1, "#a78bc4")), 30))  # fmt: skip
    c.fill(rounded(-252, -192, 504, 30, 7), down("#efe4f8", "#c3a9da"))
    c.fill(rect(-26, -192, 52, 192), Linear(((0, "#e9b75f"), (0.4, "#fbdf9c"), (1, "#d39a3d")), 0))
    for side in (False, True):
        with c.at(0, -186, flip=side):
            c.fill(smooth([(0, 0), (28, -44), (80, -52), (92, -18), (54, 6)]),
                Linear(((0, "#c98f35"), (0.5, "#fbdf9c"), (1, "#e3ad50"))))  # fmt: skip
            c.fill(smooth([(22, -8), (44, -30), (68, -32), (70, -16), (48, -4)]), "#b57d2b")
            c.fill(outline((6, 0), (62, 66), (42, 68), (32, 82), (-2, 8)), down("#f3cc7c", "#d39a3d"))
    c.fill(rounded(-18, -204, 36, 34, 12), ball("#f3cc7c"))


def halo(c: Canvas, x: float, y: float, r: float, colour: str, strength: float) -> None:
    """A round light in the air."""
    c.fill(ellipse(x, y, r), glow(colour, strength))
