"""What each image model can do, as its provider documents it: data, whose form is in `capabilities.py`.

A model that is not listed gets what holds for its provider in OTHERS: options are handed on, since a provider
turns a wrong one away before it charges, but what a server may ignore in silence and paint all the same
(a mask, a stream) is not used. RAGE_MODEL_CAPABILITIES adds and changes entries.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from rage_pg.providers.capabilities import AnySize, Capabilities

GPT_IMAGE_1 = Capabilities(
    sizes=("1024x1024", "1536x1024", "1024x1536"),
    qualities=("low", "medium", "high"),
    input_fidelities=("low", "high"),
    mask=True,
    transparent=True,
    partial_images=3,
)
GPT_IMAGE_2 = replace(
    GPT_IMAGE_1,
    any_size=AnySize(step=16, longest=3840, fewest=655_360, most=3840 * 2160, steepest=3.0),
    input_fidelities=(),
)
GPT_IMAGE_2_5 = replace(GPT_IMAGE_2, qualities=("low", "medium", "high", "xhigh", "max"))

GEMINI_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
LONG_RATIOS = ("1:4", "4:1", "1:8", "8:1")
GEMINI = Capabilities(
    references=3,
    reference_bytes=7_000_000,
    # Larger pictures are scaled down to it before the model sees them.
    reference_pixels=3072 * 3072,
    # A request may have 100 MB, in base64 and with all else that is in it.
    request_bytes=60_000_000,
    ratios=GEMINI_RATIOS,
    tiers=("1K",),
    qualities=(),
    input_fidelities=(),
    count=1,
)
GEMINI_3 = replace(GEMINI, references=14, tiers=("1K", "2K", "4K"))

LISTED: Mapping[str, Mapping[str, Capabilities]] = {
    "openai": {
        "gpt-image-1": GPT_IMAGE_1,
        "gpt-image-1-mini": replace(GPT_IMAGE_1, input_fidelities=("low",)),
        "gpt-image-1.5": GPT_IMAGE_1,
        "gpt-image-2": GPT_IMAGE_2,
        "gpt-image-2.5-sunburst": GPT_IMAGE_2_5,
        "gpt-image-2.5-flare": GPT_IMAGE_2_5,
        "gpt-image-2.6-sunburst": GPT_IMAGE_2_5,
        "gpt-image-2.6-flare": GPT_IMAGE_2_5,
    },
    "gemini": {
        "gemini-2.5-flash-image": GEMINI,
        "gemini-3.1-flash-lite-image": replace(GEMINI, references=14),
        "gemini-3.1-flash-image": replace(GEMINI_3, ratios=GEMINI_RATIOS + LONG_RATIOS),
        "gemini-3-pro-image": GEMINI_3,
        "gemini-3-pro-image-preview": GEMINI_3,
        "gemini-nano-banana-2.1": replace(GEMINI_3, references=10),
    },
}

OTHERS: Mapping[str, Capabilities] = {
    "openai": Capabilities(any_size=AnySize(), transparent=True),
    "gemini": GEMINI,
}

LOCAL = Capabilities(
    mask=True,
    any_size=AnySize(shortest=64, longest=4096),
    transparent=True,
    count=4,
)
"""Of the local generator; what else it cannot do depends on the operation: `local_rules.py`."""
