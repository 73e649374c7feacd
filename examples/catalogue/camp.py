"""Brand two: what stands in the camp."""

from __future__ import annotations

import math

import numpy as np
from body_care import halo
from canvas import Canvas, Linear, Radial, ball, clear, cylinder, dark, down, light
from outdoor import STEEL, STRAP, buckle, mountain_mark
from shapes import Path, arc, drop, ellipse, outline, rect, rounded, smooth, soften, turned


def tent(c: Canvas, colour: str) -> None:
    """A dome tent with an open door, 500 wide and 300 high."""
    c.shadow(6, -6, 270, 24)
    for x, y, side in ((-262, -2, -120), (270, -2, 150)):
        c.stroke(outline((x, y), (side, -170)), 2.5, "#e9dcc0")
        c.stroke(outline((x, y + 4), (x + 5, y - 14)), 5, "#8e98a3")
    back = smooth([(-60, -284), (40, -286), (140, -230), (214, -110), (248, -2)], closed=False)
    back = np.concatenate([back, outline((-20, 0))])
    c.fill(back, Linear(((0, light(colour, 0.1)), (0.5, dark(colour, 0.12)), (1, dark(colour, 0.46))), 20))
    with c.inside(back):
        c.stroke(smooth([(40, -286), (128, -170), (160, 0)], closed=False), 5, dark(colour, 0.5))
        c.fill(rect(-60, -34, 320, 40), dark(colour, 0.55))
    front = smooth([(-250, -2), (-216, -120), (-150, -230), (-60, -284), (-8, -276), (60, -190),
        (104, -90), (120, -2)], closed=False)  # fmt: skip
    c.fill(front, Linear(((0, dark(colour, 0.1)), (0.35, light(colour, 0.32)), (0.75, colour),
        (1, dark(colour, 0.18))), 15))  # fmt: skip
    with c.inside(front):
        c.fill(rect(-260, -26, 400, 40), dark(colour, 0.42))
        c.stroke(smooth([(-60, -284), (-170, -160), (-206, 0)], closed=False), 4, dark(colour, 0.3))
    _door(c, colour)
    for line in ([(-250, -2), (-216, -120), (-150, -230), (-60, -284), (40, -286), (140, -230), (214, -110), (248, -2)],
                 [(-60, -284), (-8, -276), (60, -190), (104, -90), (120, -2)]):  # fmt: skip
        c.stroke(smooth(line, closed=False), 6, light(colour, 0.6))
    with c.at(172, -84, 0.6, 14):
        mountain_mark(c, "#fffaf0")


def _door(c: Canvas, colour: str) -> None:
    door = smooth(
        [(-150, 0), (-136, -90), (-94, -180), (-50, -214), (-8, -176), (40, -84), (58, 0)], closed=False
    )
    c.fill(door, down("#2d2140", "#5b4358"))
    with c.inside(door):
        c.fill(ellipse(-46, 10, 120, 46), "#e8c78f", blur=10, alpha=0.7)
        c.fill(rounded(-110, -30, 130, 30, 15), down("#7db3b0", "#3f7274"))
    flap = smooth([(-150, 0), (-138, -90), (-94, -184), (-52, -216), (-70, -140), (-112, -60), (-128, 2)])
    c.fill(flap, Linear(((0, light(colour, 0.5)), (1, dark(colour, 0.15))), 0))
    c.stroke(outline((-104, -78), (-130, -86)), 6, STRAP)


def sleeping_bag(c: Canvas, colour: str) -> None:
    """A quilted mummy sleeping bag laid out, 460 long."""
    bag = smooth([(-72, -448), (0, -476), (72, -448), (100, -380), (124, -300), (112, -160), (80, -30),
        (0, 0), (-80, -30), (-112, -160), (-124, -300), (-100, -380)])  # fmt: skip
    c.fill(bag + np.array([12, 12]), "#2a1c3c", blur=10, alpha=0.3)
    c.fill(
        bag,
        Linear(
            ((0, dark(colour, 0.3)), (0.3, light(colour, 0.25)), (0.6, colour), (1, dark(colour, 0.4))), 0
        ),
    )
    with c.inside(bag):
        for y in range(-316, 10, 44):
            seam = smooth([(-130, y - 14), (0, y + 8), (130, y - 14)], closed=False)
            c.stroke(seam + np.array([0, 10]), 16, clear("#ffffff", 0.16), blur=5)
            c.stroke(seam, 3, dark(colour, 0.5))
            c.stroke(seam - np.array([0, 7]), 9, clear(dark(colour, 0.6), 0.3), blur=4)
    hole = smooth(
        [(-58, -420), (0, -444), (58, -420), (72, -366), (50, -322), (0, -308), (-50, -322), (-72, -366)]
    )
    c.fill(hole, down("#3a2b46", "#6d5269"))
    with c.inside(hole):
        c.fill(smooth([(-60, -410), (0, -428), (60, -410), (66, -370), (0, -350), (-66, -370)]),
            down("#fff6e6", "#d9c7ae"))  # fmt: skip
    c.stroke(hole, 10, light(colour, 0.45), closed=True)
    c.stroke(smooth([(66, -330), (82, -220), (62, -90)], closed=False), 5, "#f2e6cf")
    c.fill(rounded(60, -322, 10, 26, 4), "#f2c14e")
    with c.at(-46, -104, 0.8, 4):
        mountain_mark(c, "#fffaf0")


def lantern(c: Canvas, colour: str) -> None:
    """A glowing camping lantern with a wire handle, 420 high."""
    c.shadow(8, -4, 112, 16)
    c.stroke(arc(0, -300, 86, 122, 180, 360), 6, Linear(((0, "#e4e9ee"), (1, "#77808b"))))
    glass = smooth(
        [(-64, -300), (64, -300), (92, -230), (84, -130), (60, -92), (-60, -92), (-84, -130), (-92, -230)]
    )
    c.fill(glass, Radial(((0, "#fffbe0"), (0.4, "#ffe08a"), (1, "#f2a93b")), (0.5, 0.55), 0.62))
    c.fill(drop(0, -166, 22), down("#ffffff", "#ffd04d"), blur=3)
    c.fill(rounded(-13, -142, 26, 52, 4), cylinder("#8e98a3"))
    for x in (-56, 0, 56):
        c.stroke(
            smooth([(x, -302), (x * 1.42, -220), (x, -94)], closed=False), 4.5, clear(dark(colour, 0.5), 0.85)
        )
    c.stroke(arc(-8, -200, 68, 86, 150, 215), 8, "#ffffffbb", blur=2)
    c.fill(
        soften(outline((-40, -372), (40, -372), (84, -296), (-84, -296)), (16, 16, 6, 6)), cylinder(colour)
    )
    c.fill(rounded(-26, -388, 52, 22, 7), cylinder(dark(colour, 0.3)))
    for x in (-42, -14, 14, 42):
        c.fill(rounded(x - 6, -330, 12, 18, 5), dark(colour, 0.6))
    c.fill(rounded(-88, -302, 176, 14, 6), cylinder(STEEL, 0.7))
    c.fill(soften(outline((-70, -96), (70, -96), (100, 0), (-100, 0)), (4, 4, 16, 16)), cylinder(colour))
    c.fill(rounded(-76, -104, 152, 14, 6), cylinder(STEEL, 0.7))
    c.fill(ellipse(64, -44, 15), ball(STEEL))
    with c.at(-6, -44, 0.95):
        mountain_mark(c, "#fffaf0")
    halo(c, 0, -190, 210, "#ffd978", 0.3)


def compass(c: Canvas, colour: str) -> None:
    """A brass compass with its ring, 440 high."""
    c.shadow(6, -8, 150, 18, 0.28)
    c.stroke(ellipse(0, -418, 32), 11, Linear(((0, "#f7dfa0"), (1, "#9b6f28"))), closed=True)
    c.fill(rounded(-22, -404, 44, 38, 8), cylinder(colour))
    c.fill(ellipse(0, -188, 190), Linear(((0, "#fbe7b0"), (0.5, colour), (1, "#7f5620")), 50))
    c.fill(ellipse(0, -188, 168), Linear(((0, "#7f5620"), (0.5, colour), (1, "#fbe7b0")), 50))
    c.fill(
        ellipse(0, -188, 156), Radial(((0, "#fffaf0"), (0.8, "#f6ead2"), (1, "#d9c6a0")), (0.45, 0.42), 0.62)
    )
    for step in range(72):
        with c.at(0, -188, angle=step * 5):
            long = step % 9 == 0
            c.stroke(outline((0, -148), (0, -126 if long else -138)), 4 if long else 2, "#5b4a35")
    for word, x, y in (("N", 0, -106), ("E", 104, 0), ("S", 0, 106), ("W", -104, 0)):
        c.text(x, -188 + y, word, 40, "#c0392f" if word == "N" else "#3d342b")
    c.fill(turned(_rose(), 0) + np.array([0, -188]), "#d9c29a88")
    with c.at(0, -188, angle=28):
        c.fill(outline((-19, 0), (0, -118), (0, 0)), "#ef6a5c")
        c.fill(outline((19, 0), (0, -118), (0, 0)), "#b8342b")
        c.fill(outline((-19, 0), (0, 118), (0, 0)), "#f4f6f8")
        c.fill(outline((19, 0), (0, 118), (0, 0)), "#98a3ae")
    c.fill(ellipse(0, -188, 14), ball(colour))
    shine = np.concatenate([arc(0, -188, 148, 148, 190, 290), arc(-40, -150, 130, 130, 290, 190)])
    c.fill(shine, down("#ffffff99", "#ffffff11"), blur=2)


def _rose() -> Path:
    turn = np.arange(16) * math.pi / 8
    reach = np.where(np.arange(16) % 4 == 0, 84.0, np.where(np.arange(16) % 2 == 0, 50.0, 20.0))
    return np.stack([reach * np.cos(turn), reach * np.sin(turn)], axis=1)


def camp_stove(c: Canvas, colour: str) -> None:
    """A gas burner with a pot on its blue flame, 440 high."""
    c.shadow(6, -4, 140, 17)
    c.fill(rounded(-92, -140, 184, 140, (46, 46, 22, 22)), cylinder(colour))
    c.fill(rect(-92, -84, 184, 46), cylinder("#fffaf0", 0.2))
    with c.at(-52, -60, 0.55):
        mountain_mark(c, dark(colour, 0.3))
    c.text(18, -61, "NORTHTRAIL GAS", 11, "#3b3f4c", 0.3)
    c.fill(rounded(-30, -164, 60, 30, 6), cylinder(STEEL, 0.7))
    c.stroke(outline((24, -172), (96, -166)), 6, "#8e98a3")
    c.fill(rounded(88, -182, 34, 30, 8), cylinder("#e2574c"))
    c.fill(rounded(-12, -206, 24, 50, 3), cylinder("#9aa4ae"))
    for side in (-1, 1):
        c.stroke(outline((side * 14, -196), (side * 82, -220), (side * 104, -262)), 8,
            Linear(((0, "#d5dce2"), (1, "#6f7883"))))  # fmt: skip
    c.fill(rounded(-46, -222, 92, 22, 8), cylinder("#727c88"))
    for x in range(-36, 37, 12):
        c.fill(drop(x, -236, 8), down("#9fd4ff", "#2f6fe0"), blur=1.2)
        c.fill(drop(x, -232, 4), "#eaf6ff", blur=0.8)
    _pot(c)


def _pot(c: Canvas) -> None:
    c.stroke(outline((116, -340), (196, -366)), 15, Linear(((0, "#4a505f"), (1, "#262a34"))))
    c.fill(
        soften(outline((-122, -372), (122, -372), (114, -262), (-114, -262)), (4, 4, 26, 26)),
        cylinder(STEEL, 0.85),
    )
    c.fill(rounded(-128, -382, 256, 16, 8), cylinder("#aab4bd", 0.8))
    c.fill(soften(outline((-96, -404), (96, -404), (124, -380), (-124, -380)), (20, 20, 2, 2)),
        cylinder("#b6c0c8", 0.7))  # fmt: skip
    c.fill(rounded(-18, -428, 36, 26, 9), cylinder("#343946"))
    for x in (-60, 56):
        c.stroke(smooth([(x, -412), (x + 12, -432), (x - 8, -452), (x + 8, -476)], closed=False), 9,
            "#d9dfea99", blur=5)  # fmt: skip


def folding_chair(c: Canvas, colour: str) -> None:
    """A canvas camping chair with a cup holder, 430 high."""
    c.shadow(4, -2, 190, 17)
    steel = Linear(((0, "#5b6170"), (1, "#2b2f3a")))
    for a, b in (((-128, -196), (96, -34)), ((128, -196), (-96, -34)), ((-120, -420), (-104, -190)),
            ((120, -420), (104, -190))):  # fmt: skip
        c.stroke(outline(a, b), 11, steel)
    back = smooth([(-128, -424), (0, -408), (128, -424), (122, -320), (112, -236), (0, -222), (-112, -236),
        (-122, -320)])  # fmt: skip
    c.fill(
        back,
        Linear(
            ((0, dark(colour, 0.2)), (0.3, light(colour, 0.22)), (0.6, colour), (1, dark(colour, 0.3))), 0
        ),
    )
    c.stroke(smooth([(-118, -402), (0, -388), (118, -402)], closed=False), 3, light(colour, 0.55))
    with c.at(0, -320, 1.3):
        mountain_mark(c, "#fffaf0")
    seat = smooth([(-112, -226), (0, -206), (112, -226), (146, -168), (0, -134), (-146, -168)])
    c.fill(seat, down(dark(colour, 0.4), colour))
    c.fill(smooth([(-146, -170), (0, -136), (146, -170), (140, -146), (0, -112), (-140, -146)]),
        down(light(colour, 0.1), dark(colour, 0.35)))  # fmt: skip
    for a, b in (((-142, -164), (120, -4)), ((142, -164), (-120, -4)), ((-140, -160), (-150, -4)),
            ((140, -160), (150, -4))):  # fmt: skip
        c.stroke(outline(a, b), 12, steel)
    for x in (-150, -120, 120, 150):
        c.fill(rounded(x - 13, -12, 26, 12, 5), "#20242d")
    for side in (-1, 1):
        c.stroke(outline((side * 148, -276), (side * 142, -160)), 10, steel)
        c.fill(rounded(side * 146 - 30, -296, 60, 24, 11), down(light(colour, 0.1), dark(colour, 0.4)))
    c.fill(rounded(130, -280, 42, 50, (2, 2, 10, 10)), down(dark(colour, 0.3), dark(colour, 0.6)))
    buckle(c, -60, -122, 0.5)
