"""Simple friendly persons; the origin is the ground between the feet (or the counter's foot)."""

from __future__ import annotations

from dataclasses import dataclass

from canvas import Canvas, Linear, ball, clear, cylinder, dark, down, light
from outdoor import mountain_mark
from shapes import Path, arc, ellipse, outline, rect, rounded, smooth, soften


@dataclass(frozen=True)
class Look:
    """How a person looks."""

    skin: str
    hair: str
    style: str
    top: str


def _sphere(colour: str) -> Linear:
    return Linear(((0, light(colour, 0.22)), (0.6, colour), (1, dark(colour, 0.14))), 35)


def head(c: Canvas, look: Look) -> None:
    """A head centred on the origin, 100 high, facing the viewer."""
    hair = _sphere(look.hair)
    if look.style == "long":
        c.fill(
            smooth([(-52, -30), (0, -64), (52, -30), (60, 40), (52, 92), (0, 84), (-52, 92), (-60, 40)]), hair
        )
    elif look.style == "bob":
        c.fill(smooth([(-54, -26), (0, -64), (54, -26), (60, 26), (44, 48), (-44, 48), (-60, 26)]), hair)
    elif look.style == "bun":
        c.fill(ellipse(0, -66, 25), hair)
    elif look.style == "curly":
        for x, y, r in ((-44, 6, 24), (44, 6, 24), (-46, -26, 25), (46, -26, 25), (-24, -50, 27), (24, -50,
                27), (0, -56, 26), (-40, 32, 19), (40, 32, 19)):  # fmt: skip
            c.fill(ellipse(x, y, r), ball(look.hair))
    c.fill(rounded(-16, 28, 32, 46, 10), dark(look.skin, 0.14))
    for side in (-1, 1):
        c.fill(ellipse(side * 43, 6, 9, 12), dark(look.skin, 0.06))
    c.fill(smooth([(-42, -26), (0, -48), (42, -26), (43, 14), (24, 44), (0, 52), (-24, 44), (-43, 14)]),
        _sphere(look.skin))  # fmt: skip
    _face(c, look)
    c.fill(_fringe(look.style), hair)


def _fringe(style: str) -> Path:
    if style == "short":
        return smooth([(-46, 2), (-48, -34), (-22, -60), (20, -64), (48, -38), (46, 2), (38, -18),
            (10, -30), (-20, -24), (-38, -16)])  # fmt: skip
    return smooth([(-48, 16), (-50, -30), (-24, -58), (16, -60), (48, -34), (48, 16), (38, -14), (6, -34),
        (-14, -22), (-38, -10)])  # fmt: skip


def _face(c: Canvas, look: Look) -> None:
    for side in (-1, 1):
        c.fill(ellipse(side * 17, 4, 4.6, 6), "#2e2230")
        c.fill(ellipse(side * 17 + 1.6, 2, 1.7), "#ffffff")
        c.stroke(smooth([(side * 17 - 8, -9), (side * 17, -12.5), (side * 17 + 8, -9)], closed=False), 2.6,
            dark(look.hair, 0.3))  # fmt: skip
        c.fill(ellipse(side * 27, 18, 9, 6), "#f0705c", 3, 0.35)
    c.stroke(smooth([(-1, 6), (3, 15), (-3, 17)], closed=False), 2.2, dark(look.skin, 0.3))
    c.fill(smooth([(-13, 25), (0, 28), (13, 25), (7, 36), (-7, 36)]), "#a8363f")
    c.fill(smooth([(-11, 25.5), (0, 28.5), (11, 25.5), (7, 30), (-7, 30)]), "#ffffff")


def arm(c: Canvas, sleeve: str, skin: str, shoulder: tuple[float, float], elbow: tuple[float, float],
        hand: tuple[float, float]) -> None:  # fmt: skip
    """A bent arm with a hand."""
    c.stroke(smooth([shoulder, elbow, hand], closed=False), 31,
        Linear(((0, light(sleeve, 0.1)), (1, dark(sleeve, 0.18))), 30))  # fmt: skip
    c.fill(ellipse(hand[0], hand[1], 17), ball(skin))


def salesman(c: Canvas) -> None:
    """A salesman in a waistcoat and bow tie behind his empty counter, 470 high."""
    look = Look("#e8b48f", "#4a3128", "short", "#fbf7f0")
    c.shadow(0, -4, 258, 18)
    arm(c, "#efe8dd", look.skin, (78, -292), (134, -226), (176, -300))
    torso = smooth([(-92, -304), (-30, -332), (30, -332), (92, -304), (100, -180), (96, -100), (-96, -100),
        (-100, -180)])  # fmt: skip
    c.fill(torso, cylinder(look.top, 0.5))
    vest = smooth([(-70, -318), (-46, -326), (0, -236), (46, -326), (70, -318), (84, -180), (84, -100),
        (-84, -100), (-84, -180)])  # fmt: skip
    c.fill(vest, Linear(((0, "#2f6f74"), (0.4, "#4c9a9b"), (1, "#24565c")), 0))
    for y in (-214, -184):
        c.fill(ellipse(0, y, 5), ball("#f2c14e"))
    arm(c, "#f4eee4", look.skin, (-80, -290), (-140, -214), (-84, -172))
    with c.at(0, -386, 1.02):
        head(c, look)
        c.fill(smooth([(-18, 21.5), (-8, 19), (0, 22), (8, 19), (18, 21.5), (10, 26), (0, 24), (-10, 26)]),
            dark(look.hair, 0.2))  # fmt: skip
    for side in (False, True):
        with c.at(0, -318, flip=side):
            c.fill(soften(outline((0, -4), (30, -15), (30, 15), (0, 4)), 5), down("#f0705c", "#c2413a"))
    c.fill(rounded(-7, -326, 14, 16, 5), "#a8342f")
    _shop_counter(c)


def _shop_counter(c: Canvas) -> None:
    c.fill(rect(-232, -150, 464, 150), Linear(((0, "#b98450"), (1, "#7f5430"))))
    for x in (-212, -62, 88):
        c.fill(rounded(x, -124, 124, 104, 8), down("#9a6a3f", "#c08d58"))
        c.fill(rounded(x + 8, -116, 108, 88, 6), down("#c3905b", "#a06f42"))
    c.fill(rounded(-250, -172, 500, 30, 9), Linear(((0, "#f3cf9c"), (0.4, "#dba970"), (1, "#9a6a3f"))))
    c.fill(rect(-232, -142, 464, 10), down("#2a1c3c66", "#2a1c3c00"))


def lady(c: Canvas, look: Look, pattern: int = 0) -> None:
    """A lady in a dress, 440 high."""
    c.shadow(4, -2, 74, 11)
    for x in (-22, 22):
        c.stroke(outline((x, -110), (x, -16)), 19, cylinder(look.skin))
        c.fill(smooth([(x - 14, -20), (x + 12, -20), (x + 16, -2), (x - 18, -2)]), dark(look.top, 0.5))
    dress = smooth([(-50, -312), (-18, -326), (18, -326), (50, -312), (44, -240), (38, -214), (62, -150),
        (84, -84), (0, -72), (-84, -84), (-62, -150), (-38, -214), (-44, -240)])  # fmt: skip
    arm(c, look.top, look.skin, (-48, -296), (-76, -236), (-26, -206))
    c.fill(dress, Linear(((0, light(look.top, 0.25)), (0.5, look.top), (1, dark(look.top, 0.22))), 25))
    with c.inside(dress):
        _pattern(c, look, pattern)
        c.fill(rect(-60, -222, 120, 14), dark(look.top, 0.35))
    arm(c, look.top, look.skin, (48, -296), (78, -232), (40, -190))
    c.fill(smooth([(-24, -326), (0, -306), (24, -326), (0, -334)]), dark(look.skin, 0.08))
    with c.at(0, -382, 0.92):
        head(c, look)


def _pattern(c: Canvas, look: Look, pattern: int) -> None:
    tone = light(look.top, 0.7)
    for row in range(11):
        y = -320 + row * 24
        if pattern == 1:
            c.fill(rect(-90, y, 180, 6), clear(tone, 0.6))
        elif pattern == 2:
            for col in range(-4, 5):
                c.fill(ellipse(col * 24 + (row % 2) * 12, y, 4.5), clear(tone, 0.75))
        elif pattern == 3:
            c.stroke(outline((-90, y), (90, y - 70)), 3, clear(tone, 0.5))


LADIES = (
    (Look("#f3c9a8", "#b8642f", "long", "#5f9ea0"), -196, 2),
    (Look("#8a5a3c", "#2b1d1c", "curly", "#f2b84b"), -70, 0),
    (Look("#f7d6bf", "#e3bd6a", "bob", "#d9668a"), 62, 1),
    (Look("#c98f68", "#3a2626", "bun", "#7b68b8"), 194, 3),
)


def ladies(c: Canvas) -> None:
    """A group of four ladies."""
    for i, (look, x, pattern) in enumerate(LADIES):
        with c.at(x, -18 if i in (1, 2) else 0, 1.06 if i in (1, 2) else 1.0):
            lady(c, look, pattern)
    with c.at(-134, -140):
        c.stroke(arc(0, 4, 20, 34, 180, 360), 5, "#8a5a2f")
        c.fill(smooth([(-36, 0), (36, 0), (30, 46), (-30, 46)]), Linear(((0, "#e0b070"), (1, "#9a6a35"))))
        for y in (12, 26, 38):
            c.stroke(outline((-33, y), (33, y)), 2, "#7a5228")


def hiker(c: Canvas) -> None:
    """A hiker with a backpack, a cap and a pole, 460 high."""
    look = Look("#d9a27c", "#3a2626", "bob", "#e2574c")
    c.shadow(10, -4, 112, 14)
    c.fill(rounded(-92, -326, 184, 190, 46), cylinder("#2a9d8f", 0.3))
    c.fill(rounded(-96, -352, 192, 44, 22), down("#f2d08a", "#c2934a"))
    for x, knee in ((-26, -34), (26, 38)):
        c.stroke(smooth([(x, -160), (knee, -90), (x * 1.2, -30)], closed=False), 41,
            Linear(((0, "#8a7355"), (1, "#5f4d3a"))))  # fmt: skip
        c.fill(smooth([(x * 1.2 - 24, -40), (x * 1.2 + 20, -40), (x * 1.2 + 34, -6), (x * 1.2 - 26, -4)]),
            down("#8a5a34", "#4a2f1d"))  # fmt: skip
    torso = smooth(
        [(-64, -304), (-20, -320), (20, -320), (64, -304), (58, -220), (62, -140), (-62, -140), (-58, -220)]
    )
    c.fill(torso, Linear(((0, light(look.top, 0.2)), (0.5, look.top), (1, dark(look.top, 0.25))), 20))
    for side in (-1, 1):
        c.stroke(
            smooth([(side * 40, -310), (side * 46, -240), (side * 56, -180)], closed=False), 14, "#24565c"
        )
    c.fill(rect(-62, -158, 124, 16), "#24565c")
    c.fill(rounded(-14, -161, 28, 22, 4), "#f2c14e")
    c.stroke(outline((136, -268), (152, -6)), 6, cylinder("#c3ccd4"))
    c.fill(rounded(126, -292, 20, 44, 8), "#6a4630")
    arm(c, look.top, look.skin, (62, -288), (104, -228), (135, -262))
    arm(c, look.top, look.skin, (-62, -288), (-96, -230), (-52, -226))
    with c.at(0, -378, 0.95):
        head(c, look)
        c.fill(smooth([(-52, -24), (-44, -58), (0, -76), (44, -58), (52, -24), (0, -34)]), _sphere("#f2b84b"))
        c.fill(smooth([(-58, -22), (0, -42), (58, -22), (0, -16)]), dark("#f2b84b", 0.25))
        with c.at(0, -52, 0.45):
            mountain_mark(c, "#fffaf0")
