"""The pictures any brand may use: scenes, persons and styles."""

from __future__ import annotations

from collections.abc import Callable

import landscapes
import people
import rooms
import styles
from canvas import Canvas
from entry import Drawing, Entry, cutout, full
from PIL import Image


def _scene(
    name: str, title: str, caption: str, tags: str, scene: Callable[[], Canvas], campaign: str = ""
) -> Entry:
    return Entry(
        f"shared/{name}.webp",
        title,
        caption,
        f"scene;{tags}",
        full(scene),
        "shared",
        "scene",
        campaign=campaign,
    )


def _person(name: str, title: str, caption: str, tags: str, drawing: Drawing, size: float) -> Entry:
    return Entry(
        f"shared/{name}.png", title, caption, f"person;{tags}", cutout(drawing, size, 486), "shared", "person"
    )


def _style(name: str, title: str, caption: str, tags: str, make: Callable[[], Image.Image]) -> Entry:
    return Entry(
        f"shared/style-{name}.webp", title, caption, f"style;style/{name};{tags}", make, "shared", "style"
    )


SCENES = [
    _scene(
        "beach-sunset",
        "Beach at sunset",
        "The sun sinks into a violet sea behind a palm tree on a quiet beach.",
        "outdoor/beach;beach;sea;sunset;palm",
        landscapes.beach_sunset,
        "sunny-days/summer",
    ),
    _scene(
        "forest-clearing",
        "Forest clearing",
        "A path leads through a sunlit forest clearing full of wild flowers.",
        "outdoor/forest;forest;path;flowers",
        landscapes.forest_clearing,
        "spring-glow/spring",
    ),
    _scene(
        "mountain-lake",
        "Mountain lake",
        "Two snowy mountains are mirrored in a still blue lake framed by fir trees.",
        "outdoor/mountains;mountains;lake;snow",
        landscapes.mountain_lake,
        "summer-trail/summer",
    ),
    _scene(
        "bathroom-shelf",
        "Bathroom shelf",
        "A wooden shelf with folded towels and a plant hangs below a round mirror on a tiled bathroom wall.",
        "indoor/bathroom;bathroom;shelf;tiles;mirror",
        rooms.bathroom_shelf,
        "spring-glow/spring",
    ),
    _scene(
        "kitchen-table",
        "Kitchen table",
        "A bowl of fruit and a loaf of bread stand on a wooden kitchen table by a sunny window.",
        "indoor/kitchen;kitchen;table;fruit;bread",
        rooms.kitchen_table,
    ),
    _scene(
        "market-stall",
        "Market stall",
        "A market stall with a red and white striped awning sells fruit and vegetables in wooden crates.",
        "outdoor/market;market;stall;shop;awning",
        rooms.market_stall,
    ),
    _scene(
        "studio-backdrop",
        "Studio backdrop with podium",
        "A round podium stands empty before a plain peach-coloured studio backdrop.",
        "indoor/studio;studio;backdrop;podium;plain",
        rooms.studio_backdrop,
    ),
    _scene(
        "city-night",
        "City street at night",
        "A wet city street at night shines with lamps, lit windows, a cafe and a bookshop.",
        "outdoor/city;city;street;night;lights",
        rooms.city_night,
        "cosy-evenings/autumn",
    ),
]

PERSONS = [
    _person(
        "salesman-counter",
        "Salesman at a counter",
        "A friendly salesman with a moustache, a bow tie and a waistcoat raises his hand behind an empty shop counter.",
        "salesman;man;counter;shop;selling",
        people.salesman,
        0.96,
    ),
    _person(
        "ladies-group",
        "Group of ladies",
        "A group of four smiling ladies in colourful dresses stand together, one of them with a basket.",
        "ladies;women;group;customers;dresses",
        people.ladies,
        0.88,
    ),
    _person(
        "hiker",
        "Hiker with a backpack",
        "A smiling hiker in a red shirt and a yellow cap carries a backpack and a walking pole.",
        "hiker;woman;backpack;hiking;pole",
        people.hiker,
        1.0,
    ),
]

STYLES = [
    _style(
        "watercolour",
        "Watercolour style",
        "A valley with poppies is painted in wet watercolour washes with dark bleeding edges on rough paper.",
        "painting;washes;paper;landscape",
        styles.watercolour,
    ),
    _style(
        "ink",
        "Ink hatching style",
        "A mountain lake is drawn in black ink with pen hatching on cream paper.",
        "drawing;hatching;black-and-white",
        styles.ink,
    ),
    _style(
        "comic",
        "Halftone comic style",
        "A smiling lady is printed in bright halftone comic dots with heavy black outlines.",
        "pop-art;halftone;dots;print",
        styles.comic,
    ),
    _style(
        "geometric",
        "Flat geometric style",
        "A red sun and two peaks are set into a pattern of flat geometric tiles.",
        "flat;shapes;pattern;modern",
        styles.geometric,
    ),
    _style(
        "pixel-art",
        "Pixel art style",
        "A tent beside a lake at night is shown as pixel art in sixteen dithered colours.",
        "pixels;retro;dithering;game",
        styles.pixel_art,
    ),
    _style(
        "oil",
        "Oil impasto style",
        "A vase of sunflowers is painted in thick impasto strokes of oil paint.",
        "painting;impasto;brush-strokes;sunflowers",
        styles.oil,
    ),
    _style(
        "mosaic",
        "Mosaic style",
        "A golden fish in blue water is laid as a mosaic of small glazed stones.",
        "stones;tiles;fish;glazed",
        styles.mosaic,
    ),
    _style(
        "chalk",
        "Chalk pastel style",
        "Tulips and daisies are drawn in soft chalk pastels on dark paper.",
        "drawing;pastel;dark-paper;flowers",
        styles.chalk,
    ),
    _style(
        "blueprint",
        "Blueprint style",
        "A lighthouse is drawn to scale in white lines on a blue gridded blueprint.",
        "technical;drawing;grid;blue",
        styles.blueprint,
    ),
    _style(
        "risograph",
        "Risograph style",
        "A sunset beach is printed in grainy red and teal risograph inks that are slightly out of register.",
        "print;grain;two-colour",
        styles.riso,
    ),
    _style(
        "stained-glass",
        "Stained glass style",
        "A sunrise over hills and a river shines through stained glass set in dark lead.",
        "glass;lead;window;sunrise",
        styles.stained_glass,
    ),
]

ENTRIES = [*SCENES, *PERSONS, *STYLES]
