"""Brand one: scented candles and incense."""

from __future__ import annotations

from body_care import INK, Scent, emblem, halo, label, shine
from canvas import Canvas, Linear, Radial, clear, cylinder, dark, down, light
from shapes import drop, ellipse, outline, rect, rounded, smooth, soften

VANILLA = Scent("vanilla", "#f0d9a8", "drop")
FIG = Scent("fig", "#8f6a9c", "leaf")
AMBER = Scent("amber", "#d9822b", "drop")
SANDALWOOD = Scent("sandalwood", "#b5623f", "leaf")


def flame(c: Canvas, x: float, y: float, size: float = 1.0) -> None:
    """A candle flame with its halo; (x, y) is the tip of the wick."""
    with c.at(x, y, size):
        halo(c, 0, -22, 120, "#ffcf70", 0.5)
        c.stroke(outline((0, 12), (1, -8)), 3.5, "#3b2a2a")
        c.fill(drop(0, -18, 17), down("#ffb52e", "#ff7a1a"), blur=1)
        c.fill(drop(0, -14, 11), down("#fff3b8", "#ffc94d"), blur=1)
        c.fill(drop(0, -8, 5), "#ffffff", blur=0.8)


def candle(c: Canvas, scent: Scent) -> None:
    """A lit candle in a glass, 330 high with its flame."""
    c.shadow(12, -4, 142, 20)
    glass = soften(outline((-130, -250), (130, -250), (124, 0), (-124, 0)), (2, 2, 34, 34))
    c.fill(ellipse(0, -250, 130, 20), "#d9ccd8cc")
    c.fill(glass, Linear(((0, "#c8bccf99"), (0.1, "#ffffff88"), (0.9, "#f3edf588"), (1, "#a99bb499")), 0))
    with c.inside(soften(outline((-121, -250), (121, -250), (116, -12), (-116, -12)), (2, 2, 26, 26))):
        c.fill(rect(-122, -196, 244, 190), cylinder(scent.colour, 0.5))
        c.fill(rect(-122, -60, 244, 60), down(clear(dark(scent.colour), 0), clear(dark(scent.colour), 0.35)))
        c.fill(ellipse(0, -196, 121, 18),
            Radial(((0, "#fff6cf"), (0.5, light(scent.colour, 0.55)), (1, light(scent.colour, 0.15)))))  # fmt: skip
    flame(c, 0, -216)
    with c.at(0, -98):
        label(c, scent, "scented candle", 150, 138)
    c.stroke(ellipse(0, -250, 130, 20), 3, "#ffffffaa", closed=True)
    shine(c, -110, -236, 13, 210, 0.8)
    shine(c, 98, -226, 7, 170, 0.45)


def incense_kit(c: Canvas, scent: Scent) -> None:
    """A box of incense sticks and a wooden holder with one burning stick."""
    c.shadow(0, -6, 232, 22)
    _incense_box(c, scent)
    incense_holder(c)


def incense_holder(c: Canvas) -> None:
    """A boat-shaped wooden holder with one smoking stick; it lies right of the origin."""
    c.shadow(112, -4, 118, 11)
    for width, alpha in ((22, 0.16), (12, 0.26), (5, 0.42)):
        curl = smooth([(150, -266), (176, -320), (136, -370), (172, -426), (140, -470)], closed=False)
        c.stroke(curl, width, clear("#a9a3bd", alpha), blur=width * 0.35)
    c.stroke(outline((64, -42), (150, -262)), 5, Linear(((0, "#5d3b2a"), (1, "#8a5a3c")), 90))
    c.fill(ellipse(150, -262, 5.5), "#ff7b2e")
    halo(c, 150, -262, 26, "#ff9a3c", 0.7)
    holder = smooth([(-10, -36), (40, -30), (160, -30), (214, -58), (232, -66), (226, -34), (190, -4),
        (100, 0), (20, -2), (-8, -14)])  # fmt: skip
    c.fill(holder, Linear(((0, "#c98f58"), (0.5, "#a76a38"), (1, "#6e4122"))))
    c.stroke(smooth([(0, -33), (80, -27), (160, -27), (220, -58)], closed=False), 5, "#e6b683")
    for x in (96, 124, 150):
        c.fill(ellipse(x, -30, 9, 3.4), "#8f8a94")


def _incense_box(c: Canvas, scent: Scent) -> None:
    for i in range(9):
        tip = -200 + i * 17
        c.stroke(outline((-168 + i * 12, -320), (tip, -446 + abs(i - 4) * 7)), 5,
            Linear(((0, "#6a4632"), (1, "#a57450")), 0))  # fmt: skip
    c.fill(
        outline((-26, -352), (6, -334), (6, -10), (-26, 0)),
        down(dark(scent.colour, 0.2), dark(scent.colour, 0.5)),
    )
    c.fill(rounded(-190, -352, 164, 352, 4),
        Linear(((0, light(scent.colour, 0.3)), (0.5, scent.colour), (1, dark(scent.colour, 0.2))), 40))  # fmt: skip
    c.fill(rect(-190, -352, 164, 16), dark(scent.colour, 0.45))
    c.fill(rounded(-172, -300, 128, 250, 64), down("#fff7ea", "#f0dfc6"))
    with c.at(-108, -222, 1.25):
        emblem(c, scent.emblem, scent.colour)
    c.text(-108, -152, "lumen", 32, INK, 1.5)
    c.text(-108, -120, "incense", 19, INK, 0.8)
    c.text(-108, -96, scent.name, 15, dark(scent.colour, 0.3), 0.6)
