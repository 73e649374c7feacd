"""The pictures of lumen, the body-care brand."""

from __future__ import annotations

from functools import partial

import body_care as bc
import groups
import home_scent as hs
import rooms
from canvas import Canvas
from entry import Drawing, Entry, cutout, full

SPRING, SUMMER, AUTUMN, WINTER = (
    "spring-glow/spring",
    "sunny-days/summer",
    "cosy-evenings/autumn",
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
        f"lumen/{name}.png",
        title,
        caption,
        tags,
        cutout(drawing, *place),
        "lumen",
        "product",
        sku,
        campaign,
        colour,
        price,
    )


def _burning(c: Canvas) -> None:
    with c.at(-92, -10, 1.35):
        hs.incense_holder(c)


LOTIONS = [
    _product(
        "lotion-lavender",
        "Lavender body lotion",
        "A lilac pump bottle of lavender body lotion with a sprig of lavender on its cream label.",
        "body-care/lotion;lotion;lavender;bottle;pump",
        partial(bc.lotion, scent=bc.LAVENDER),
        (1.0, 480),
        ("LUM-LOT-LAV", SPRING, "purple", "14.50"),
    ),
    _product(
        "lotion-citrus",
        "Citrus body lotion",
        "A bright orange pump bottle of citrus body lotion with a slice of orange on the label.",
        "body-care/lotion;lotion;citrus;bottle;pump",
        partial(bc.lotion, scent=bc.CITRUS),
        (1.0, 480),
        ("LUM-LOT-CIT", SUMMER, "orange", "14.50"),
    ),
    _product(
        "lotion-unscented",
        "Unscented body lotion",
        "A pale grey pump bottle of unscented body lotion for sensitive skin, with a drop on the label.",
        "body-care/lotion;lotion;unscented;sensitive-skin;bottle;pump",
        partial(bc.lotion, scent=bc.UNSCENTED),
        (1.0, 480),
        ("LUM-LOT-UNS", WINTER, "grey", "13.50"),
    ),
    _product(
        "lotion-trio",
        "Body lotion trio",
        "Three body lotion bottles stand side by side: citrus, lavender and unscented lotion.",
        "body-care/lotion;lotion;group;bottle;pump",
        groups.lotion_trio,
        (0.9, 466),
        ("LUM-LOT-LAV;LUM-LOT-CIT;LUM-LOT-UNS", SPRING, "purple", "39.00"),
    ),
]

SOAPS = [
    _product(
        "soap-oatmeal",
        "Oatmeal soap bar",
        "A beige bar of oatmeal soap flecked with oats, wrapped in a cream paper band with a few soap bubbles.",
        "body-care/soap;soap;oatmeal;bar;bubbles",
        partial(bc.soap, scent=bc.OATMEAL),
        (1.02, 366),
        ("LUM-SOA-OAT", AUTUMN, "beige", "6.50"),
    ),
    _product(
        "soap-rose",
        "Rose soap bar",
        "A pink bar of rose soap in a paper band with a rose printed on it, surrounded by soap bubbles.",
        "body-care/soap;soap;rose;bar;bubbles",
        partial(bc.soap, scent=bc.ROSE),
        (1.02, 366),
        ("LUM-SOA-ROS", SPRING, "pink", "6.50"),
    ),
    _product(
        "soap-charcoal",
        "Charcoal soap bar",
        "A dark grey bar of charcoal soap in its cream paper band, with soap bubbles around it.",
        "body-care/soap;soap;charcoal;bar;bubbles",
        partial(bc.soap, scent=bc.CHARCOAL),
        (1.02, 366),
        ("LUM-SOA-CHA", WINTER, "black", "7.00"),
    ),
    _product(
        "soap-stack",
        "Stack of three soaps",
        "Three soap bars are stacked up, with the pink rose soap resting on the oatmeal and the charcoal soap.",
        "body-care/soap;soap;group;bar",
        groups.soap_stack,
        (0.88, 376),
        ("LUM-SOA-OAT;LUM-SOA-ROS;LUM-SOA-CHA", SPRING, "pink", "18.00"),
    ),
]

HOME = [
    _product(
        "candle-vanilla",
        "Vanilla scented candle",
        "A lit vanilla candle with cream-coloured wax glows in a clear glass.",
        "home-scent/candle;candle;vanilla;glass;flame",
        partial(hs.candle, scent=hs.VANILLA),
        (1.2, 450),
        ("LUM-CAN-VAN", WINTER, "cream", "19.00"),
    ),
    _product(
        "candle-fig",
        "Fig scented candle",
        "A lit fig candle with deep purple wax burns in a clear glass with a paper label.",
        "home-scent/candle;candle;fig;glass;flame",
        partial(hs.candle, scent=hs.FIG),
        (1.2, 450),
        ("LUM-CAN-FIG", AUTUMN, "purple", "19.00"),
    ),
    _product(
        "candle-amber",
        "Amber scented candle",
        "A lit amber candle with warm orange wax burns in a clear glass.",
        "home-scent/candle;candle;amber;glass;flame",
        partial(hs.candle, scent=hs.AMBER),
        (1.2, 450),
        ("LUM-CAN-AMB", WINTER, "orange", "21.00"),
    ),
    _product(
        "incense-sandalwood",
        "Sandalwood incense kit",
        "A terracotta box of sandalwood incense sticks stands next to a wooden holder with one stick smoking.",
        "home-scent/incense;incense;sandalwood;sticks;holder;smoke",
        partial(hs.incense_kit, scent=hs.SANDALWOOD),
        (0.98, 482),
        ("LUM-INC-SAN", AUTUMN, "brown", "12.00"),
    ),
    _product(
        "incense-burning",
        "Burning incense stick",
        "A single incense stick glows in its boat-shaped wooden holder while a curl of smoke rises.",
        "home-scent/incense;incense;sandalwood;holder;smoke",
        _burning,
        (0.7, 482),
        ("LUM-INC-SAN", WINTER, "brown", "12.00"),
    ),
]

OTHERS = [
    _product(
        "hand-cream-rose",
        "Rose hand cream",
        "A pink tube of rose hand cream stands upright on its ribbed white cap.",
        "body-care/hand-cream;hand-cream;rose;tube",
        partial(bc.hand_cream, scent=bc.ROSE),
        (1.06, 482),
        ("LUM-HAN-ROS", SPRING, "pink", "8.50"),
    ),
    _product(
        "bath-salts-eucalyptus",
        "Eucalyptus bath salts",
        "A glass jar with a cork lid is filled with pale green eucalyptus bath salts.",
        "body-care/bath;bath-salts;eucalyptus;jar;cork",
        partial(bc.bath_salts, scent=bc.EUCALYPTUS),
        (1.22, 470),
        ("LUM-SAL-EUC", WINTER, "green", "16.00"),
    ),
    _product(
        "shower-gel-citrus",
        "Citrus shower gel",
        "A clear bottle of orange citrus shower gel with a white flip cap and small bubbles in the gel.",
        "body-care/shower;shower-gel;citrus;bottle",
        partial(bc.shower_gel, scent=bc.CITRUS),
        (1.0, 480),
        ("LUM-GEL-CIT", SUMMER, "orange", "9.00"),
    ),
    _product(
        "lip-balm-honey",
        "Honey lip balm",
        "An open honey lip balm stick in a golden case stands next to its cap.",
        "body-care/lip-balm;lip-balm;honey;stick",
        partial(bc.lip_balm, scent=bc.HONEY),
        (1.16, 460),
        ("LUM-LIP-HON", WINTER, "yellow", "4.50"),
    ),
    _product(
        "bath-bombs",
        "Bath bomb trio",
        "Three round bath bombs in pink, lilac and green have dried petals pressed into them.",
        "body-care/bath;bath-bomb;group;petals",
        bc.bath_bombs,
        (1.02, 380),
        ("LUM-BOM-TRI", SPRING, "purple", "11.00"),
    ),
    _product(
        "gift-set",
        "Lavender gift set",
        "A lilac gift box with a golden bow stands behind a lavender lotion, an oatmeal soap and a vanilla candle.",
        "gift;gift-set;group;lotion;soap;candle;ribbon",
        groups.gift_set,
        (0.86, 462),
        ("LUM-GIF-LAV;LUM-LOT-LAV;LUM-SOA-OAT;LUM-CAN-VAN", WINTER, "purple", "36.00"),
    ),
]

PICTURES = [
    Entry(
        "lumen/spring-podium.webp",
        "Spring lotion and soap",
        "A lavender lotion and a rose soap stand on a round podium between spring flowers and falling petals.",
        "campaign;lotion;soap;flowers;podium",
        full(rooms.spring_podium),
        "lumen",
        "scene",
        "LUM-LOT-LAV;LUM-SOA-ROS",
        SPRING,
    ),
    Entry(
        "lumen/winter-candles.webp",
        "Winter window with candles",
        "Two scented candles burn on a wooden window sill beside an oatmeal soap while snow falls outside at night.",
        "campaign;candle;soap;window;snow;cosy",
        full(rooms.winter_candles),
        "lumen",
        "scene",
        "LUM-CAN-VAN;LUM-CAN-AMB;LUM-SOA-OAT",
        WINTER,
    ),
    Entry(
        "lumen/sketch-lotion.webp",
        "Sketch of a lotion bottle",
        "A pencil sketch on drawing paper shows a new lotion bottle with softer shoulders next to a bar of soap.",
        "sketch;packaging;lotion;soap;pencil",
        full(groups.lotion_sketch),
        "lumen",
        "sketch",
        "",
        SPRING,
    ),
    Entry(
        "lumen/logo-dark.png",
        "Lumen logo, dark",
        "The lumen logo, a rising golden sun over dark lettering, is made for light backgrounds.",
        "logo;logo/dark;sun",
        cutout(partial(groups.lumen_logo, ink="#4a3f55"), 1.0, 262),
        "lumen",
        "logo",
        colour="purple",
    ),
    Entry(
        "lumen/logo-light.png",
        "Lumen logo, light",
        "The lumen logo, a rising golden sun over off-white lettering, is made for dark backgrounds.",
        "logo;logo/light;sun",
        cutout(partial(groups.lumen_logo, ink="#fff6e9"), 1.0, 262),
        "lumen",
        "logo",
        colour="white",
    ),
]

ENTRIES = [*LOTIONS, *SOAPS, *HOME, *OTHERS, *PICTURES]
