"""The pictures of northtrail, the outdoor brand."""

from __future__ import annotations

from functools import partial

import camp
import groups
import landscapes
import outdoor as od
from entry import Drawing, Entry, cutout, full

SPRING, SUMMER, AUTUMN, WINTER = (
    "fresh-start/spring",
    "summer-trail/summer",
    "golden-peaks/autumn",
    "winter-warmth/winter",
)


def _product(
    name: str,
    title: str,
    caption: str,
    tags: str,
    drawing: Drawing,
    place: tuple[float, float],
    facts: tuple[str, str, str, str],
) -> Entry:
    sku, campaign, colour, price = facts
    return Entry(
        f"northtrail/{name}.png",
        title,
        caption,
        tags,
        cutout(drawing, *place),
        "northtrail",
        "product",
        sku,
        campaign,
        colour,
        price,
    )


GEAR = [
    _product(
        "tent-orange",
        "Orange dome tent",
        "An orange dome tent stands with its door rolled open and a sleeping mat inside.",
        "camping/tent;tent;dome;shelter",
        partial(camp.tent, colour="#ee8434"),
        (0.9, 396),
        ("NOR-TEN-ORA", SUMMER, "orange", "189.00"),
    ),
    _product(
        "tent-green",
        "Green dome tent",
        "A forest-green dome tent stands with its door rolled open and a sleeping mat inside.",
        "camping/tent;tent;dome;shelter",
        partial(camp.tent, colour="#4f9a6b"),
        (0.9, 396),
        ("NOR-TEN-GRE", SPRING, "green", "189.00"),
    ),
    _product(
        "backpack-red",
        "Red hiking backpack",
        "A red hiking backpack with side pockets carries a rolled mat strapped on top.",
        "bags/backpack;backpack;hiking;rucksack",
        partial(od.backpack, colour="#d8483f"),
        (1.0, 484),
        ("NOR-BAC-RED", SUMMER, "red", "119.00"),
    ),
    _product(
        "backpack-teal",
        "Teal hiking backpack",
        "A teal hiking backpack with side pockets carries a rolled mat strapped on top.",
        "bags/backpack;backpack;hiking;rucksack",
        partial(od.backpack, colour="#2a9d8f"),
        (1.0, 484),
        ("NOR-BAC-TEA", AUTUMN, "teal", "119.00"),
    ),
    _product(
        "hiking-boots",
        "Leather hiking boots",
        "A pair of brown leather hiking boots with red laces and thick treaded soles.",
        "footwear/boots;boots;hiking;leather",
        partial(od.hiking_boots, colour="#a8703e"),
        (0.94, 392),
        ("NOR-BOO-BRO", AUTUMN, "brown", "149.00"),
    ),
    _product(
        "water-bottle",
        "Blue steel water bottle",
        "A blue steel water bottle with a loop cap has mountains printed around its base.",
        "drinkware/bottle;water-bottle;steel",
        partial(od.water_bottle, colour="#3f7fbf"),
        (1.02, 482),
        ("NOR-BOT-BLU", SUMMER, "blue", "24.00"),
    ),
    _product(
        "thermos",
        "Green vacuum flask",
        "A dark green thermos flask with a steel cup lid and a sturdy handle keeps drinks hot.",
        "drinkware/thermos;thermos;flask;steel",
        partial(od.thermos, colour="#35685a"),
        (1.02, 484),
        ("NOR-THE-GRE", WINTER, "green", "34.00"),
    ),
    _product(
        "enamel-mug",
        "Speckled enamel mug",
        "A navy enamel mug with white speckles holds steaming hot coffee.",
        "drinkware/mug;mug;enamel;coffee",
        partial(od.enamel_mug, colour="#2f4f7f"),
        (1.25, 452),
        ("NOR-MUG-NAV", AUTUMN, "blue", "12.00"),
    ),
    _product(
        "sleeping-bag",
        "Blue down sleeping bag",
        "A quilted blue mummy sleeping bag is laid out with its hood open.",
        "camping/sleeping-bag;sleeping-bag;down;quilted",
        partial(camp.sleeping_bag, colour="#3f6fb5"),
        (0.98, 484),
        ("NOR-SLE-BLU", WINTER, "blue", "139.00"),
    ),
    _product(
        "lantern",
        "Red camping lantern",
        "A red camping lantern glows warmly behind its glass.",
        "camping/lantern;lantern;light;glow",
        partial(camp.lantern, colour="#d8483f"),
        (1.04, 480),
        ("NOR-LAN-RED", AUTUMN, "red", "29.00"),
    ),
    _product(
        "compass",
        "Brass compass",
        "A round brass compass points north with its red needle.",
        "navigation/compass;compass;brass",
        partial(camp.compass, colour="#c9983f"),
        (1.0, 484),
        ("NOR-COM-BRA", SPRING, "gold", "27.00"),
    ),
]

MORE = [
    _product(
        "rain-jacket-yellow",
        "Yellow rain jacket",
        "A yellow hooded rain jacket with a front zip and two pockets is laid out flat.",
        "clothing/jacket;rain-jacket;waterproof;hood",
        partial(od.rain_jacket, colour="#f4c430"),
        (1.0, 486),
        ("NOR-JAC-YEL", SPRING, "yellow", "99.00"),
    ),
    _product(
        "rain-jacket-blue",
        "Blue rain jacket",
        "A blue hooded rain jacket with a front zip and two pockets is laid out flat.",
        "clothing/jacket;rain-jacket;waterproof;hood",
        partial(od.rain_jacket, colour="#3f7fbf"),
        (1.0, 486),
        ("NOR-JAC-BLU", AUTUMN, "blue", "99.00"),
    ),
    _product(
        "trekking-poles",
        "Pair of trekking poles",
        "Two red trekking poles with cork grips and wrist straps are crossed.",
        "hiking/poles;trekking-poles;cork",
        partial(od.trekking_poles, colour="#e2574c"),
        (0.96, 484),
        ("NOR-POL-RED", SUMMER, "red", "59.00"),
    ),
    _product(
        "camp-stove",
        "Gas camp stove",
        "A steel pot steams on a gas camp stove with a ring of blue flames.",
        "camping/stove;camp-stove;gas;pot;cooking",
        partial(camp.camp_stove, colour="#3f8f5f"),
        (0.98, 482),
        ("NOR-STO-GAS", SUMMER, "green", "45.00"),
    ),
    _product(
        "folding-chair",
        "Folding camp chair",
        "A teal folding camp chair has armrests and a cup holder.",
        "camping/chair;folding-chair;furniture",
        partial(camp.folding_chair, colour="#3a7d8c"),
        (1.02, 480),
        ("NOR-CHA-TEA", SUMMER, "teal", "49.00"),
    ),
    _product(
        "camp-set",
        "Complete camp set",
        "A green tent stands behind a red backpack, an enamel mug, a glowing lantern and a folding chair.",
        "camping;camp-set;group;tent;backpack;lantern;mug;chair",
        groups.camp_set,
        (0.84, 446),
        (
            "NOR-SET-CMP;NOR-TEN-GRE;NOR-BAC-RED;NOR-MUG-NAV;NOR-LAN-RED;NOR-CHA-TEA",
            SUMMER,
            "green",
            "359.00",
        ),
    ),
]

PICTURES = [
    Entry(
        "northtrail/lake-camp.webp",
        "Camp by the lake at dusk",
        "An orange tent glows beside a lantern on the shore of a lake under the first stars.",
        "campaign;tent;lantern;lake;night;stars",
        full(landscapes.lake_camp),
        "northtrail",
        "scene",
        "NOR-TEN-ORA;NOR-LAN-RED",
        SUMMER,
    ),
    Entry(
        "northtrail/sketch-tent.webp",
        "Sketch of a dome tent",
        "A pencil sketch on drawing paper shows a dome tent in front of mountains.",
        "sketch;tent;pencil;mountains",
        full(groups.tent_sketch),
        "northtrail",
        "sketch",
        "",
        SPRING,
    ),
    Entry(
        "northtrail/logo-dark.png",
        "Northtrail logo, dark",
        "The northtrail logo, a round badge with peaks and a star over dark lettering, suits light backgrounds.",
        "logo;logo/dark;mountains;badge",
        cutout(partial(groups.northtrail_logo, ink="#22384a", paper="#f4efe4"), 1.05, 252),
        "northtrail",
        "logo",
        colour="blue",
    ),
    Entry(
        "northtrail/logo-light.png",
        "Northtrail logo, light",
        "The northtrail logo, a round badge with peaks and a star over off-white lettering, suits dark backgrounds.",
        "logo;logo/light;mountains;badge",
        cutout(partial(groups.northtrail_logo, ink="#f6efe2", paper="#22384a"), 1.05, 252),
        "northtrail",
        "logo",
        colour="white",
    ),
]

ENTRIES = [*GEAR, *MORE, *PICTURES]
