"""Plain pictures, 576 x 576, that the styles are painted from."""

from __future__ import annotations

import numpy as np
from canvas import Canvas, Linear, Radial, ball, cylinder, dark, down, light
from people import Look, arm, head
from shapes import arc, blob, ellipse, hills, leaf, outline, rect, smooth, star

SIDE = 576


def sunflowers(wall: tuple[str, str], table: tuple[str, str]) -> Canvas:
    """A vase of sunflowers with two lemons on a table."""
    c = Canvas(SIDE, SIDE, 2, down(*wall))
    c.fill(rect(0, 420, SIDE, 160), down(*table))
    c.shadow(320, 512, 150, 20)
    rng = np.random.default_rng(6)
    heads = ((288, 130, 62), (160, 190, 56), (420, 180, 58), (226, 270, 50), (360, 280, 52), (96, 300, 40),
        (480, 300, 42))  # fmt: skip
    for x, y, _ in heads:
        c.stroke(
            smooth([(288, 420), ((x + 288) / 2 + 10, (y + 420) / 2), (x, y)], closed=False), 8, "#4f7f3a"
        )
        c.fill(leaf((x + 288) / 2, (y + 420) / 2, 70, 30, rng.uniform(-170, -10)), down("#7fb04f", "#3f6f35"))
    for x, y, r in heads:
        for turn in range(0, 360, 24):
            c.fill(
                leaf(x, y, r, r * 0.36, turn + rng.uniform(-6, 6)),
                Linear(((0, "#e08a1c"), (1, "#ffd84a")), turn),
            )
        c.fill(ellipse(x, y, r * 0.42), Radial(((0, "#3a2216"), (0.7, "#6a3f1f"), (1, "#8a5a26"))))
    vase = smooth(
        [(240, 350), (336, 350), (330, 380), (372, 440), (346, 510), (230, 510), (204, 440), (246, 380)]
    )
    c.fill(vase, cylinder("#3f78b5"))
    for x, y in ((110, 490), (176, 512)):
        c.fill(ellipse(x, y, 40, 31), ball("#f4cf3a"))
    return c


def fish() -> Canvas:
    """A golden fish among waves and weeds."""
    c = Canvas(SIDE, SIDE, 2, down("#bfe8ea", "#17607f"))
    for i, tone in enumerate(("#7fcfd6", "#3fa6bd", "#2383a5", "#17607f")):
        y = 90 + i * 118
        c.fill(
            hills([(-10, y), (100, y - 26), (230, y + 16), (360, y - 24), (480, y + 18), (600, y - 20)], 600),
            tone,
        )
    c.fill(ellipse(470, 84, 58), "#fbd65a")
    for x, lean in ((60, 30), (110, -20), (500, 24), (545, -16)):
        c.stroke(
            smooth([(x, 580), (x + lean, 500), (x - lean, 420), (x + lean, 350)], closed=False), 22, "#3f9a5f"
        )
    c.fill(smooth([(390, 310), (520, 220), (500, 310), (530, 400)]), down("#f0803c", "#c2413a"))
    c.fill(smooth([(220, 240), (300, 150), (380, 250)]), "#e2574c")
    c.fill(
        smooth([(96, 310), (170, 232), (290, 214), (400, 300), (290, 400), (170, 386)]),
        down("#ffc94d", "#ee7f34"),
    )
    for x in (210, 262, 314):
        c.stroke(arc(x - 40, 308, 48, 70, -60, 60), 11, "#fff0c0")
    c.fill(ellipse(156, 290, 27), "#ffffff")
    c.fill(ellipse(152, 290, 15), "#1d2440")
    for x, y, r in ((74, 230, 16), (52, 180, 11), (86, 148, 8)):
        c.fill(ellipse(x, y, r), "#eafcff")
    return c


def portrait() -> Canvas:
    """A smiling lady before a burst of rays."""
    c = Canvas(SIDE, SIDE, 2, "#ffd83a")
    for i in range(16):
        with c.at(288, 300, angle=i * 22.5):
            c.fill(outline((0, 0), (560, -46), (560, 46)), "#ff7a4d")
    look = Look("#ffcfa8", "#7a2438", "bob", "#2f8fd0")
    c.fill(star(468, 110, 92, 58, 11), "#ffffff")
    c.text(468, 110, "WOW!", 44, "#d8262f", 1)
    with c.at(270, 700, 1.5):
        c.fill(smooth([(-150, -190), (-60, -240), (60, -240), (150, -190), (170, 40), (-170, 40)]), "#2f8fd0")
        for x, y in ((-90, -160), (-30, -190), (40, -170), (100, -140), (0, -130), (-60, -110), (70, -110)):
            c.fill(ellipse(x, y, 13), "#ffffff")
        arm(c, "#2f8fd0", look.skin, (-140, -120), (-170, -170), (-128, -238))
    with c.at(270, 290, 3.1):
        head(c, look)
    return c


def sunrise() -> Canvas:
    """A sun with rays over hills, a river and a tree."""
    c = Canvas(SIDE, SIDE, 2, down("#3f74c4", "#a9d8f2"))
    for i in range(18):
        with c.at(288, 240, angle=i * 20):
            c.fill(outline((0, 0), (520, -44), (520, 44)), "#f6c94a" if i % 2 else "#f29a4a")
    c.fill(ellipse(288, 240, 92), Radial(((0, "#fff6c0"), (1, "#ffd04d"))))
    c.fill(hills([(-10, 330), (150, 270), (300, 340), (460, 280), (590, 330)], 600), "#7a5aa8")
    c.fill(hills([(-10, 390), (180, 350), (380, 400), (590, 350)], 600), "#3f9a6b")
    c.fill(smooth([(330, 372), (380, 430), (250, 490), (330, 590), (520, 590), (390, 490), (450, 430),
        (350, 372)]), "#2f8fd0")  # fmt: skip
    c.fill(hills([(-10, 520), (120, 470), (260, 600)], 600), "#2f7a45")
    c.stroke(smooth([(100, 540), (112, 440), (96, 360)], closed=False), 26, "#7a3f24")
    for x, y, r in ((96, 300, 86), (40, 350, 58), (160, 346, 60)):
        c.fill(blob(np.random.default_rng(r), x, y, r, r * 0.8), "#d8483f" if r > 80 else "#ee7f34")
    return c


def wildflowers() -> Canvas:
    """Tulips and daisies against the dark."""
    c = Canvas(SIDE, SIDE, 2, Radial(((0, "#4a5a94"), (0.7, "#2c3258"), (1, "#22243a")), (0.5, 0.4), 0.7))
    rng = np.random.default_rng(9)
    tones = ("#ff6f7f", "#ffb347", "#f7e36a", "#c79bff", "#7fc8ff", "#ff9ad0")
    for i, x in enumerate((70, 160, 246, 330, 420, 510)):
        y = (260, 150, 236, 116, 210, 290)[i]
        c.stroke(
            smooth([(288 + (x - 288) * 0.5, 590), (x + 12, (y + 560) / 2), (x, y)], closed=False),
            10,
            "#5fae6a",
        )
        for side in (-60, -125):
            c.fill(leaf(x + 6, 500 - i % 3 * 26, 150, 36, side), down("#8fd68a", "#2f7a55"))
        tone = tones[i]
        if i % 2:
            for turn in range(0, 360, 30):
                c.fill(leaf(x, y, 72, 27, turn), light(tone, 0.3 if turn % 60 else 0.0))
            c.fill(ellipse(x, y, 22), "#ffd84a")
        else:
            for dx, turn in ((-26, -104), (26, -76), (0, -90)):
                c.fill(leaf(x + dx * 0.5, y + 56, 132, 62, turn), down(light(tone, 0.35), dark(tone,
                    0.15)) if dx else tone)  # fmt: skip
    for _ in range(40):
        c.fill(ellipse(rng.uniform(0, SIDE), rng.uniform(0, 200), rng.uniform(1, 3)), "#fff6d0")
    return c
