"""What the local generator cannot really do it refuses, and it hands back no copy."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from rage_pg.errors import ImageRejected, NotPossible
from rage_pg.providers.local import LocalGenerator
from rage_pg.providers.ports import InputImage
from rage_pg.types import Role
from tests.local_references import RED, call, cut_out, made, reference, scene, stripes


@pytest.mark.parametrize("prompt", ["contrast", "sharpen"])
async def test_a_picture_that_would_not_change_is_refused(prompt: str) -> None:
    plain = Image.new("RGB", (80, 80), (130, 130, 130))
    with pytest.raises(NotPossible, match="copy"):
        await made(reference(plain), purpose="enhance", prompt=prompt)


async def test_a_change_that_nobody_can_see_is_a_copy() -> None:
    """Contrast changes here only what is all but transparent."""
    plain = Image.new("RGBA", (80, 80), (130, 130, 130, 255))
    for x, grey in ((0, 64), (1, 194)):
        ImageDraw.Draw(plain).line((x, 0, x, 79), fill=(grey, grey, grey, 1))
    with pytest.raises(NotPossible, match="copy"):
        await made(reference(plain), purpose="enhance", prompt="contrast")


@pytest.mark.parametrize(
    ("references", "given", "named"),
    [
        (("product",), {"purpose": "edit"}, "RAGE_GENERATOR=openai:MODEL"),
        (("background", "product"), {"purpose": "edit"}, "give a mask, or one reference of role background"),
        (("product", "background", "background"), {"purpose": "edit"}, "one reference of role background"),
        (("product", "background", "product"), {"purpose": "edit"}, "use compose"),
        (("product", "background", "style"), {"purpose": "edit"}, "role style"),
        (("product", "background"), {"purpose": "edit", "count": 2}, "at most 1"),
        (("product", "product"), {"purpose": "prototype"}, "one reference"),
        (("style",), {"purpose": "prototype"}, "role style"),
        (("product",), {"purpose": "prototype", "background": "opaque"}, "leave background out"),
        (("product",), {"purpose": "prototype", "output_format": "jpeg"}, "png or webp"),
        (("product",), {"purpose": "prototype", "count": 2}, "at most 1"),
        (("product",), {"mask": b"any"}, "purpose edit alone"),
        ((), {}, "references"),
        (("background",), {}, "product"),
        (("background", "background", "product"), {}, "one background"),
        (("background", "product"), {"background": "transparent"}, "contradicts"),
        (("product", "layout"), {}, "layout"),
        (("product",) * 11, {}, "10"),
        (("style",), {"purpose": "style"}, "another role"),
        (("product",), {"purpose": "style"}, "role style"),
        (("style", "style", "product"), {}, "one reference of role style"),
        (("product", "product"), {"purpose": "enhance"}, "one picture"),
        (("product",), {"purpose": "enhance", "count": 2}, "at most 1"),
        (("product",), {"count": 5}, "at most 4"),
        (("style", "product"), {"count": 4}, "at most 3"),
        (("product",), {"size": "20x20"}, "size"),
        (("product",), {"size": "big"}, "size"),
        (("product",), {"output_format": "gif"}, "output_format"),
        (("product",), {"background": "green"}, "background"),
        (("product",), {"background": "transparent", "output_format": "jpeg"}, "png or webp"),
        (("product",), {"model": "image-model"}, "rage-local-1"),
    ],
)
def test_what_it_cannot_do_it_refuses_and_names(
    references: tuple[Role, ...], given: dict[str, object], named: str
) -> None:
    asked = call(*(reference(cut_out(RED), role) for role in references), **given)
    with pytest.raises(NotPossible, match=named):
        LocalGenerator().check(asked)


async def test_what_only_the_pixels_show_is_refused_too() -> None:
    clear, paint = reference(Image.new("RGBA", (50, 50), (0, 0, 0, 0))), reference(stripes(), "style")
    for references, purpose in (((clear,), "compose"), ((clear,), "enhance"), ((clear, paint), "style")):
        with pytest.raises(NotPossible, match="Reference 1 is wholly transparent"):
            await made(*references, purpose=purpose)
    with pytest.raises(NotPossible, match="no transparency"):
        await made(
            reference(scene()), reference(stripes(), "style"), purpose="style", background="transparent"
        )
    with pytest.raises(ImageRejected, match="Reference 1"):
        await made(InputImage(content=b"no picture", media_type="image/png", role="product"))
