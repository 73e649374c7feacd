"""The local generator: it really transforms, and says what it did."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from rage_pg.providers.style import stylized
from tests.local_references import (
    BLUE,
    GREEN,
    RED,
    cut_out,
    made,
    opened,
    reference,
    scene,
    soft_photo,
    stripes,
    where,
)


async def test_compose_cuts_products_out_and_stands_them_side_by_side() -> None:
    result = await made(reference(cut_out(RED)), reference(cut_out(BLUE, (200, 150))))
    picture = opened(result.images[0])
    assert picture.size == (1024, 1024)
    assert picture.mode == "RGB"
    red, blue = where(picture, RED), where(picture, BLUE)
    assert red[2] < blue[0] or blue[2] < red[0]
    assert abs(red[3] - blue[3]) < 30
    assert (red[2] - red[0]) / (red[3] - red[1]) == pytest.approx(120 / 260, rel=0.03)
    assert result.details["operations"] == ["compose"]
    assert result.details["conditioned_on_prompt"] is False


async def test_a_product_throws_a_shadow_on_the_floor() -> None:
    picture = opened((await made(reference(cut_out(RED)))).images[0]).convert("L")
    left, _, right, bottom = where(opened((await made(reference(cut_out(RED)))).images[0]), RED)
    below = picture.getpixel(((left + right) // 2, bottom + 2))
    assert isinstance(below, int)
    assert below < picture.getpixel((20, bottom + 2)) - 40


async def test_compose_lays_the_roles_out_from_back_to_front() -> None:
    result = await made(
        reference(cut_out(RED)),
        reference(cut_out(BLUE, (200, 380)), "subject"),
        reference(cut_out((250, 200, 0), (300, 80)), "logo"),
        reference(scene(), "background"),
        size="1536x1024",
    )
    picture = opened(result.images[0])
    assert picture.size == (1536, 1024)
    assert where(picture, GREEN)[3] == 1024
    product, subject, logo = where(picture, RED), where(picture, BLUE), where(picture, (250, 200, 0))
    assert product[3] > subject[3]
    assert product[3] - product[1] < subject[3] - subject[1]
    assert logo[1] < 100
    assert logo[0] > 1100
    assert logo[2] - logo[0] < 1536 / 4


def wall_with_shelf() -> Image.Image:
    """A tiled wall, and a dark shelf with a pot on its left end."""
    wall = Image.new("RGB", (600, 400), (220, 232, 230))
    for x in range(0, 600, 60):
        ImageDraw.Draw(wall).line((x, 0, x, 399), fill=(206, 218, 216), width=3)
    ImageDraw.Draw(wall).rectangle((60, 260, 540, 282), fill=(150, 100, 60))
    ImageDraw.Draw(wall).rectangle((80, 190, 200, 259), fill=(90, 60, 120))
    return wall


@pytest.mark.parametrize("count", [1, 4])
async def test_products_stand_on_the_free_part_of_a_shelf(count: int) -> None:
    result = await made(
        reference(cut_out(RED)),
        reference(cut_out(BLUE, (200, 150))),
        reference(wall_with_shelf(), "background"),
        size="1200x800",
        count=count,
    )
    for image in result.images:
        picture = opened(image)
        red, blue = where(picture, RED), where(picture, BLUE)
        assert abs(red[3] - 520) <= 4
        assert abs(blue[3] - 520) <= 4
        left, right = sorted((red, blue))
        assert 400 < left[0] < left[2] <= right[0] < right[2] < 1080


async def test_a_horizon_and_a_table_are_no_shelves() -> None:
    table = Image.new("RGB", (600, 400), (240, 220, 190))
    ImageDraw.Draw(table).rectangle((0, 260, 600, 400), fill=(150, 100, 60))
    for behind in (scene(), table):
        picture = opened((await made(reference(cut_out(RED)), reference(behind, "background"))).images[0])
        assert where(picture, RED)[3] > 1024 * 0.85


async def test_a_logo_alone_is_set_on_its_background() -> None:
    result = await made(reference(scene(), "background"), reference(cut_out(RED), "logo"))
    assert where(opened(result.images[0]), RED)[3] < 200


async def test_hairlines_and_specks_are_composed_too() -> None:
    pieces = [Image.new("RGB", size, RED) for size in ((2000, 1), (1, 2000), (1, 1))]
    result = await made(*(reference(picture) for picture in pieces), reference(pieces[0], "logo"), count=4)
    assert len(result.images) == 4


async def test_more_than_a_row_of_products_stands_in_two_rows() -> None:
    products = [reference(cut_out((20 + 30 * number, 90, 160), (100, 100))) for number in range(7)]
    picture = opened((await made(*products)).images[0])
    bottoms = {where(picture, (20 + 30 * number, 90, 160))[3] // 60 for number in range(7)}
    assert len(bottoms) > 1


async def test_each_picture_of_a_count_has_a_layout_of_its_own() -> None:
    result = await made(reference(cut_out(RED)), count=4)
    boxes = [where(opened(image), RED) for image in result.images]
    assert len(set(boxes)) == 4
    assert len(set(result.details["layouts"])) == 4
    centre, right_free, left_free, _ = ((box[0] + box[2]) / 2 for box in boxes)
    assert right_free < centre < left_free


async def test_a_composed_picture_can_be_transparent() -> None:
    result = await made(reference(cut_out(RED)), background="transparent", output_format="webp")
    picture = opened(result.images[0])
    assert picture.mode == "RGBA"
    assert picture.getpixel((5, 5))[3] == 0  # type: ignore[index]
    assert where(picture, RED)


@pytest.mark.parametrize("output_format", ["png", "webp", "jpeg"])
async def test_the_output_format_is_honoured(output_format: str) -> None:
    result = await made(reference(cut_out(RED)), output_format=output_format, size="256x256")
    assert result.images[0].media_type == f"image/{output_format}"
    assert opened(result.images[0]).size == (256, 256)


async def test_a_style_repaints_the_other_reference_at_its_own_proportions() -> None:
    result = await made(reference(stripes(), "style"), reference(scene(), "background"), purpose="style")
    picture = opened(result.images[0])
    assert picture.size == (768, 512)
    original = np.asarray(scene().resize((768, 512)), dtype=int)
    assert np.abs(np.asarray(picture.convert("RGB"), dtype=int) - original).mean() > 10
    assert result.details["operations"] == ["stylize"]


async def test_a_style_beside_several_references_repaints_their_composition() -> None:
    references = (reference(cut_out(RED)), reference(cut_out(BLUE)), reference(stripes(), "style"))
    result = await made(*references, count=2, size="512x512")
    assert result.details["operations"] == ["compose", "stylize"]
    first, second = (opened(image) for image in result.images)
    assert first.size == second.size == (512, 512)
    assert first.tobytes() != second.tobytes()


async def test_a_stylized_cut_out_keeps_its_outline() -> None:
    result = await made(
        reference(cut_out(RED)), reference(stripes(), "style"), purpose="style", background="transparent"
    )
    alpha = opened(result.images[0]).getchannel("A")
    expected = cut_out(RED).resize(alpha.size, Image.Resampling.LANCZOS).getchannel("A")
    assert np.abs(np.asarray(alpha, dtype=int) - np.asarray(expected, dtype=int)).max() == 0


def test_painting_keeps_detail_that_the_network_cannot_hold() -> None:
    fine = Image.new("RGB", (1024, 1024), (210, 205, 200))
    for x in range(0, 1024, 4):
        ImageDraw.Draw(fine).line((x, 0, x, 1023), fill=(150, 145, 140))
    painted = np.asarray(stylized(fine, stripes()).convert("L"), dtype=float)
    assert painted.shape == (1024, 1024)
    assert np.abs(np.diff(painted[300:700, 300:700], axis=1)).mean() > 15


async def test_enhance_does_the_operation_that_is_named() -> None:
    soft = reference(soft_photo(), "edit_target")
    contrast = await made(soft, purpose="enhance", prompt="More contrast please")
    assert contrast.details["operations"] == ["contrast"]
    assert np.asarray(opened(contrast.images[0])).std() > np.asarray(soft_photo()).std() * 1.3

    sharp = await made(soft, purpose="enhance", prompt="sharpen it")
    assert sharp.details["operations"] == ["sharpen"]
    edges = [
        np.abs(np.diff(np.asarray(p, dtype=float), axis=1)).max()
        for p in (opened(sharp.images[0]), soft_photo())
    ]
    assert edges[0] > edges[1] * 1.2

    larger = await made(soft, purpose="enhance", prompt="upscale")
    assert larger.details["operations"] == ["enlarge"]
    assert opened(larger.images[0]).size == (640, 400)

    sized = await made(soft, purpose="enhance", prompt="please", size="480x480")
    assert opened(sized.images[0]).size == (480, 300)
    assert sized.details["size"] == "480x300"
    assert sized.details["operations"] == ["resize"]


async def test_enhance_does_all_it_can_when_nothing_is_named() -> None:
    result = await made(reference(soft_photo()), purpose="enhance", prompt="make it nice")
    assert result.details["operations"] == ["contrast", "enlarge", "sharpen"]
    assert opened(result.images[0]).size == (640, 400)


async def test_enhance_keeps_transparency() -> None:
    result = await made(reference(cut_out((120, 90, 80))), purpose="enhance", prompt="enlarge")
    picture = opened(result.images[0])
    assert picture.mode == "RGBA"
    assert picture.getchannel("A").getbbox() is not None
    assert picture.getpixel((2, 2))[3] == 0  # type: ignore[index]


async def test_a_transparent_background_is_laid_on_white() -> None:
    backdrop = scene().convert("RGBA")
    backdrop.paste((0, 0, 0, 0), (0, 0, 600, 150))
    result = await made(reference(backdrop, "background"), reference(cut_out(RED)), size="600x400")
    assert opened(result.images[0]).getpixel((300, 10)) == (255, 255, 255)


async def test_parameters_that_it_has_no_use_for_are_named() -> None:
    result = await made(reference(cut_out(RED)), quality="high", size="256x256")
    assert result.details["unused_parameters"] == ["quality"]
