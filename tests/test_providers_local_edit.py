"""The local generator at one picture: cut out, before another background, and what a mask leaves open."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from rage_pg.errors import NotPossible
from tests.local_references import BLUE, GREEN, RED, cut_out, made, opened, png, reference, scene, where

HOLE = (200, 100, 400, 300)


def mask(size: tuple[int, int] = (600, 400)) -> bytes:
    """Clear, so that it may change, in the rectangle HOLE."""
    picture = Image.new("RGBA", size, (0, 0, 0, 255))
    ImageDraw.Draw(picture).rectangle((HOLE[0], HOLE[1], HOLE[2] - 1, HOLE[3] - 1), fill=(0, 0, 0, 0))
    return png(picture)


def photo(ground: tuple[int, int, int] = (240, 240, 238)) -> Image.Image:
    """A red ring on a ground of nearly one colour, which is seen through the ring too."""
    noise = np.random.default_rng(1).integers(-4, 5, (300, 300, 3))
    picture = Image.fromarray(np.clip(np.full((300, 300, 3), ground) + noise, 0, 255).astype(np.uint8))
    ImageDraw.Draw(picture).ellipse((60, 40, 240, 220), outline=RED, width=40)
    return picture


def outside(picture: Image.Image) -> np.ndarray:
    pixels = np.asarray(picture.convert("RGB"), dtype=int).copy()
    pixels[HOLE[1] : HOLE[3], HOLE[0] : HOLE[2]] = 0
    return pixels


async def test_a_prototype_is_cut_out_of_a_plain_background() -> None:
    result = await made(reference(photo()), purpose="prototype")
    picture = opened(result.images[0])
    assert picture.mode == "RGBA"
    assert result.details["operations"] == ["cut out"]
    alpha = np.asarray(picture.getchannel("A"))
    assert alpha[:5].max() == alpha[-5:].max() == alpha[:, :5].max() == alpha[:, -5:].max() == 0
    left, top, right, bottom = where(picture, RED)
    assert abs((left + right) - picture.width) <= 4
    assert abs((top + bottom) - picture.height) <= 4
    # What is enclosed is no background, though it has its colour.
    assert alpha[picture.height // 2, picture.width // 2] == 255


async def test_a_prototype_keeps_the_outline_that_it_has_and_the_size_that_is_asked_for() -> None:
    picture = opened((await made(reference(cut_out(RED)), purpose="prototype", size="256x256")).images[0])
    assert picture.size == (256, 256)
    left, top, right, bottom = where(picture, RED)
    assert (right - left) / (bottom - top) == pytest.approx(120 / 260, rel=0.03)
    assert picture.getpixel((3, 3))[3] == 0  # type: ignore[index]


async def test_what_does_not_stand_out_from_its_background_is_not_cut_out() -> None:
    with pytest.raises(NotPossible, match="not of one colour"):
        await made(reference(scene()), purpose="prototype")
    with pytest.raises(NotPossible, match="not of one colour"):
        await made(reference(Image.new("RGB", (90, 90), BLUE)), purpose="prototype")
    with pytest.raises(NotPossible, match="Give a mask"):
        await made(reference(scene(), "edit_target"), reference(scene(), "background"), purpose="edit")


async def test_edit_without_a_mask_changes_the_background_and_moves_nothing() -> None:
    for target in (photo(), cut_out(RED, (120, 260))):
        result = await made(reference(target), reference(scene(), "background"), purpose="edit")
        picture = opened(result.images[0])
        assert picture.size == target.size
        assert result.details["operations"] == ["change background"]
        assert where(picture, GREEN)[3] == picture.height
        before, after = where(target, RED), where(picture, RED)
        assert max(abs(one - other) for one, other in zip(before, after, strict=True)) <= 2


async def test_edit_within_a_mask_shows_the_background_there_and_keeps_every_other_pixel() -> None:
    room = Image.new("RGB", (600, 400), (90, 80, 70))
    result = await made(
        reference(room, "edit_target"), reference(scene(), "background"), purpose="edit", mask=mask()
    )
    picture = opened(result.images[0])
    assert result.details["operations"] == ["fill mask"]
    assert where(picture, GREEN) == (HOLE[0], 151, HOLE[2], HOLE[3])
    assert np.array_equal(outside(picture), outside(room))


async def test_a_mask_without_anything_to_put_there_is_filled_from_around_it() -> None:
    target = scene()
    ImageDraw.Draw(target).ellipse((250, 150, 350, 250), fill=RED)
    picture = opened((await made(reference(target, "edit_target"), purpose="edit", mask=mask())).images[0])
    with pytest.raises(AssertionError, match="nothing of colour"):
        where(picture, RED)
    assert np.array_equal(outside(picture), outside(target))
    pixels = np.asarray(picture.convert("RGB"), dtype=int)
    assert np.abs(pixels[290, 300] - GREEN).max() < 30


async def test_a_product_stands_within_the_mask_and_nowhere_else() -> None:
    result = await made(
        reference(scene(), "edit_target"), reference(cut_out(BLUE)), purpose="edit", mask=mask()
    )
    picture = opened(result.images[0])
    left, top, right, bottom = where(picture, BLUE)
    assert HOLE[0] < left < right < HOLE[2]
    assert HOLE[1] < top < bottom < HOLE[3]
    assert bottom > HOLE[3] - 20
    assert np.array_equal(outside(picture), outside(scene()))


async def test_a_mask_keeps_the_transparency_of_a_cut_out() -> None:
    target = cut_out(RED, (300, 380))
    result = await made(
        reference(target), reference(cut_out(BLUE), "logo"), purpose="edit", mask=mask((400, 400))
    )
    picture = opened(result.images[0])
    assert picture.mode == "RGBA"
    assert picture.getpixel((2, 2))[3] == 0  # type: ignore[index]
    assert where(picture, BLUE)


@pytest.mark.parametrize("size", [(1, 1), (900, 1), (1, 900)])
async def test_specks_and_hairlines_are_refused_or_changed_but_break_nothing(size: tuple[int, int]) -> None:
    speck = Image.new("RGB", size, RED)
    with pytest.raises(NotPossible, match="not of one colour"):
        await made(reference(speck), purpose="prototype")
    clear = png(Image.new("RGBA", size, (0, 0, 0, 0)))
    result = await made(
        reference(speck),
        reference(cut_out(BLUE)),
        reference(scene(), "background"),
        purpose="edit",
        mask=clear,
    )
    assert opened(result.images[0]).size == size
    line = reference(cut_out(RED, (1, 400)))
    assert opened((await made(line, purpose="prototype", size="64x64")).images[0]).size == (64, 64)


async def test_a_wall_that_winds_about_is_walked_to_its_end() -> None:
    """The background reaches the middle only by a long way round."""
    maze = Image.new("RGB", (400, 400), (250, 250, 250))
    for turn in range(20, 180, 20):
        draw = ImageDraw.Draw(maze)
        draw.rectangle((turn, turn, 400 - turn, 400 - turn), outline=RED, width=6)
        draw.rectangle(
            (turn if turn % 40 else 392 - turn, 196, (turn if turn % 40 else 392 - turn) + 10, 204),
            fill=(250, 250, 250),
        )
    alpha = opened((await made(reference(maze), purpose="prototype")).images[0]).getchannel("A")
    assert alpha.getpixel((alpha.width // 2, alpha.height // 2)) == 0
