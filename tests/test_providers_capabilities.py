"""What each model can do: the table, what settings change in it, and the refusal of all else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rage_pg.config import Settings
from rage_pg.errors import InvalidInput, NotPossible
from rage_pg.providers.capabilities import Capabilities, Models
from rage_pg.providers.models import LISTED, OTHERS
from rage_pg.providers.ports import GenerationCall, InputImage
from rage_pg.providers.registry import Registry
from rage_pg.providers.shapes import Shape, shape_of
from rage_pg.providers.within import check_within
from tests.store import png

KNOWN = Models(LISTED, OTHERS, {})
VARIABLE = "RAGE_MODEL_CAPABILITIES"


def call(references: int = 0, **given: Any) -> GenerationCall:
    images = [InputImage(content=png(1), media_type="image/png", role="product")] * references
    return GenerationCall(**{"prompt": "A soap", "purpose": "compose", "references": tuple(images), **given})


def check(name: str, references: int = 0, **given: Any) -> None:
    provider, _, model = name.partition(":")
    check_within(call(references, **given), model, KNOWN.of(provider, model))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("openai:gpt-image-1", {"size": "1536x1024", "quality": "high", "background": "transparent"}),
        ("openai:gpt-image-1-mini", {"references": 16, "input_fidelity": "low", "count": 10}),
        ("openai:gpt-image-1.5", {"references": 1, "input_fidelity": "high", "output_format": "webp"}),
        ("openai:gpt-image-2", {"size": "1536x864", "quality": "auto"}),
        ("openai:gpt-image-2-2026-04-21", {"size": "3840x2160"}),
        ("openai:gpt-image-2.5-flare-2026-09-08", {"quality": "max", "size": "1024x1536"}),
        ("openai:my-server", {"size": "500x333", "quality": "hd", "background": "transparent"}),
        ("openai:my-server", {"references": 16, "input_fidelity": "high", "count": 10, "size": "auto"}),
        ("gemini:gemini-2.5-flash-image", {"references": 3, "size": "1344x768", "quality": "auto"}),
        ("gemini:gemini-3-pro-image", {"references": 14, "size": "16:9@4K", "output_format": "jpeg"}),
        ("gemini:gemini-3.1-flash-image-001", {"size": "1:8", "background": "opaque"}),
        ("gemini:gemini-9-image", {"references": 3, "size": "9:16"}),
    ],
)
def test_what_a_model_can_do_is_let_pass(name: str, given: dict[str, Any]) -> None:
    check(name, **given)


@pytest.mark.parametrize(
    ("name", "given", "field", "allowed", "said"),
    [
        ("openai:gpt-image-2", {"references": 17}, "references", None, "at most 16 references, not 17"),
        ("openai:gpt-image-1", {"size": "1024x768"}, "size", "1536x1024", "auto, 1024x1024, 1536x1024"),
        ("openai:gpt-image-1", {"quality": "max"}, "quality", "high", "low, medium or high, not 'max'"),
        ("openai:gpt-image-2", {"quality": "xhigh"}, "quality", "medium", "low, medium or high"),
        ("openai:gpt-image-2", {"size": "1000x1000"}, "size", "auto", "both multiples of 16"),
        ("openai:gpt-image-2", {"size": "512x512"}, "size", "auto", "655,360 to 8,294,400 pixels"),
        ("openai:gpt-image-2", {"size": "3840x1024"}, "size", "auto", "the longer at most 3 times"),
        ("openai:gpt-image-2", {"size": "4096x2048"}, "size", "auto", "each 10 to 3840"),
        (
            "openai:gpt-image-2",
            {"references": 1, "input_fidelity": "high"},
            "input_fidelity",
            None,
            "has no input_fidelity to choose: leave input_fidelity out",
        ),
        (
            "openai:gpt-image-1-mini",
            {"references": 1, "input_fidelity": "high"},
            "input_fidelity",
            "low",
            "is low, not 'high'",
        ),
        ("openai:gpt-image-2", {"background": "green"}, "background", "opaque", "not 'green'"),
        (
            "openai:gpt-image-2",
            {"background": "transparent", "output_format": "jpeg"},
            "output_format",
            "png",
            "choose png or webp",
        ),
        ("openai:gpt-image-2", {"count": 11}, "count", 10, "at most 10 pictures"),
        ("openai:gpt-image-2", {"prompt": "x" * 32_001}, "prompt", None, "1 to 32000"),
        ("openai:my-server", {"size": "5x5000"}, "size", "WIDTHxHEIGHT", "auto, WIDTHxHEIGHT, not '5x5000'"),
        ("gemini:gemini-2.5-flash-image", {"references": 4}, "references", None, "at most 3 references"),
        ("gemini:gemini-2.5-flash-image", {"count": 2}, "count", 1, "one picture a request"),
        ("gemini:gemini-2.5-flash-image", {"quality": "high"}, "quality", None, "has no quality to choose"),
        ("gemini:gemini-3-pro-image", {"background": "transparent"}, "background", "auto", "auto or opaque"),
        ("gemini:gemini-2.5-flash-image", {"size": "2048x2048"}, "size", "1:1", "up to about 1024 squared"),
        ("gemini:gemini-3-pro-image", {"size": "1:8"}, "size", "21:9", "not '1:8'"),
    ],
)
def test_what_a_model_cannot_do_is_refused_with_what_it_can(
    name: str, given: dict[str, Any], field: str, allowed: str | int | None, said: str
) -> None:
    with pytest.raises(NotPossible) as raised:
        check(name, **given)
    assert said in str(raised.value)
    assert name.partition(":")[2] in str(raised.value) or field in ("output_format", "prompt")
    assert raised.value.extra["field"] == field
    if allowed is None:
        assert "allowed" not in raised.value.extra
    else:
        assert allowed in raised.value.extra["allowed"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        (None, Shape()),
        ("auto", Shape()),
        ("16:9", Shape("16:9")),
        ("2K", Shape(None, "2K")),
        ("4k", Shape(None, "4K")),
        ("21:9@2K", Shape("21:9", "2K")),
        ("1024x1024", Shape("1:1", "1K")),
        ("1376x768", Shape("16:9", "1K")),
        ("864x1184", Shape("3:4", "1K")),
        ("1920x1080", Shape("16:9", "2K")),
        ("3072x5504", Shape("9:16", "4K")),
        ("64x64", Shape("1:1", "1K")),
    ],
)
def test_a_size_becomes_a_ratio_and_a_tier_that_is_no_smaller(size: str | None, shape: Shape) -> None:
    model = "gemini-3-pro-image"
    assert shape_of(size, model, KNOWN.of("gemini", model)) == shape


@pytest.mark.parametrize(
    "size",
    ["big", "16x9x2", "5:7", "@", "@2K", "16:9@", "16:92K", "8K", "1000x300", "9000x9000", "0x0", "1:1@9K"],
)
def test_a_size_that_is_no_such_shape_is_refused(size: str) -> None:
    model = "gemini-3-pro-image"
    with pytest.raises(NotPossible, match="takes the size auto, a ratio"):
        shape_of(size, model, KNOWN.of("gemini", model))


def test_a_model_without_tiers_takes_pixels_for_their_ratio() -> None:
    able = Capabilities(ratios=("1:1", "3:2"))
    assert shape_of("900x600", "m", able) == Shape("3:2", None)
    with pytest.raises(NotPossible, match=r"\(1:1, 3:2\) or WIDTHxHEIGHT of such a ratio, not '13:7'"):
        shape_of("13:7", "m", able)


def test_settings_add_models_and_change_known_ones() -> None:
    models = Models(
        LISTED,
        OTHERS,
        {
            "openai:mine": {"references": 4, "sizes": ["512x512"], "any_size": None},
            "openai:gpt-image-2": {"any_size": {"step": 8}},
            "gemini:new": {"tiers": ["1K", "2K"], "mask": True},
        },
    )
    mine = models.of("openai", "mine")
    assert (mine.references, mine.sizes, mine.any_size, mine.count) == (4, ("512x512",), None, 10)
    changed = models.of("openai", "gpt-image-2")
    assert changed.any_size is not None
    assert (changed.any_size.step, changed.any_size.longest, changed.mask) == (8, 99_999, True)
    assert models.of("gemini", "new").tiers == ("1K", "2K")
    assert models.of("openai", "other") == OTHERS["openai"]
    assert models.of("openai", "gpt-image-2-2026-04-21") == changed
    assert models.of("openai", "gpt-image-1-2026-04-21") == LISTED["openai"]["gpt-image-1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"mine": {}}', "names 'mine'; name openai:MODEL or gemini:MODEL"),
        ('{"local:rage-local-1": {}}', "names 'local:rage-local-1'"),
        ('{"openai:m": 3}', "openai:m: it must be an object"),
        ('{"openai:m": {"reference": 3}}', "openai:m: reference is not a known field"),
        ('{"openai:m": {"references": 40}}', "openai:m: references must be a whole number of at most 16"),
        ('{"openai:m": {"sizes": ["big"]}}', "openai:m: sizes"),
        ('{"openai:m": {"reference_formats": ["tiff"]}}', "reference_formats[0] cannot be 'tiff'"),
        ('{"openai:m": {"any_size": {"step": 0}}}', "any_size.step must be a whole number of at least 1"),
        ('{"openai:m": ', "it is not JSON"),
        ("/nowhere/at.json", "neither a JSON object nor a file that can be read (No such file"),
        ("~nobody-has-this-name/m.json", "neither a JSON object nor a file"),
    ],
)
def test_a_setting_that_cannot_be_understood_is_named(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        Registry(Settings.from_environment({VARIABLE: text}))
    assert str(raised.value).startswith(VARIABLE)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.field == VARIABLE


def test_the_setting_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "models.json"
    file.write_text('{"openai:mine": {"references": 2}}', encoding="utf-8-sig")
    generators = Registry(
        Settings.from_environment({VARIABLE: str(file), "OPENAI_API_KEY": "sk-unused"})
    ).generators()
    with pytest.raises(NotPossible, match="mine takes at most 2 references, not 3"):
        generators("openai:mine").check(call(3))
    generators("openai:another").check(call(3))
    file.write_bytes(b'{"openai:\xff": {}}')
    with pytest.raises(InvalidInput, match=VARIABLE):
        Settings.from_environment({VARIABLE: str(file)})
