"""What rage-pg asks of a provider. A stage knows these protocols and no provider by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from msgspec import Struct, field
from numpy.typing import NDArray

from rage_pg.providers.capabilities import Capabilities
from rage_pg.types import Encodes, Kind, Purpose, Reader, Role

Vectors: TypeAlias = NDArray[np.float32]
"""Shape (n, dimensions), one row per input, in the order given."""


class EncoderIdentity(Struct, frozen=True, kw_only=True):
    """What makes two vectors comparable: the same identity, the same embedding space."""

    encoder: str
    model: str
    weights_sha256: str | None
    dimensions: int
    encodes: Encodes


@runtime_checkable
class PromptEncoder(Protocol):
    """Embeds prompts into the space of an encoder. Raises InvalidInput for a text that says nothing."""

    @property
    def identity(self) -> EncoderIdentity: ...

    async def encode_prompts(self, texts: Sequence[str]) -> Vectors: ...


PromptEncoders: TypeAlias = Callable[[EncoderIdentity], Awaitable[PromptEncoder | None]]
"""The encoder that puts prompts into a space, if there is one. It may load a model, and take seconds."""


class TextEncoder(PromptEncoder, Protocol):
    """Embeds captions (documents) and prompts (queries) into one space.

    Raises InvalidInput for a text that says nothing, SetupError where the model cannot be loaded.
    """

    async def encode_documents(self, texts: Sequence[str]) -> Vectors: ...


class ImageEncoder(Protocol):
    """Embeds pictures, given as encoded bytes. Raises ImageRejected for bytes that are no picture.

    One that is a PromptEncoder too puts words into the same space: text -> image.
    """

    @property
    def identity(self) -> EncoderIdentity: ...

    async def encode_images(self, images: Sequence[bytes]) -> Vectors: ...


Encoder: TypeAlias = TextEncoder | ImageEncoder


class Bill(Struct, kw_only=True):
    """What one paid call used, in the provider's words; filled in as far as the call got."""

    model: str | None = None
    request_id: str | None = None
    usage: Any = None


@runtime_checkable
class PaidEncoder(Protocol):
    """An encoder that is paid by the call: each call is one request, with its row in `paid_calls`."""

    @property
    def identity(self) -> EncoderIdentity: ...

    def fitting(self, inputs: Sequence[str | bytes]) -> int:
        """How many of the inputs, from the first on, one request may hold; at least 1."""
        ...

    def billed_to(self, bill: Bill) -> Encoder:
        """The same encoder, that notes in `bill` what its next call uses."""
        ...


class InputImage(Struct, frozen=True, kw_only=True):
    """A reference as it is sent: bytes, and what it is there for."""

    content: bytes
    """Empty where it is only checked whether a call can be made."""
    media_type: str
    role: Role
    note: str | None = None
    title: str | None = None
    caption: str | None = None
    intact: bool = False
    """Whether all of it is known to be readable, as of all that came into the store."""


class GenerationCall(Struct, frozen=True, kw_only=True):
    """One request to an image model. `references` are in the order in which they are sent."""

    prompt: str
    purpose: Purpose
    references: tuple[InputImage, ...]
    model: str | None = None
    size: str | None = None
    quality: str | None = None
    background: str | None = None
    input_fidelity: str | None = None
    output_format: str | None = None
    count: int = 1
    mask: bytes | None = None
    """A PNG of the size of the first reference, transparent where that may change."""
    partial_images: int = 0
    """Pictures that are not finished yet, asked for at most; the answer is then streamed."""


class GeneratedImage(Struct, frozen=True, kw_only=True):
    """A picture by its first bytes; whether the rest can be read shows where it is decoded."""

    content: bytes
    media_type: str


class GenerationResult(Struct, frozen=True, kw_only=True):
    images: tuple[GeneratedImage, ...]
    model: str
    request_id: str | None = None
    usage: Any = None
    """What was used, as the provider says it: a mapping where it keeps to its API."""
    details: dict[str, Any] = field(default_factory=dict)
    """What the provider did, in its own words; kept in the ledger's parameters."""
    fit_ms: float = 0.0
    """Milliseconds until the references were within the model's bounds, and the request went out."""


Progress: TypeAlias = Callable[[GeneratedImage], Awaitable[None]]
"""Takes a picture that is not finished yet, in the order in which they come. It raises nothing but a
cancellation: what happens to such a picture never ends the call."""


class ImageGenerator(Protocol):
    """Makes pictures from a prompt and references."""

    @property
    def name(self) -> str: ...

    @property
    def default_model(self) -> str: ...

    @property
    def charges(self) -> bool:
        """Whether a call may cost money, and so needs a row in `paid_calls`."""
        ...

    @property
    def conditioned_on_prompt(self) -> bool:
        """Whether the prompt shapes the picture; a local transformation does not read it."""
        ...

    @property
    def reference_limits(self) -> Mapping[Role, int]:
        """How many references of a role one request may hold; a role that is missing cannot be used.

        A search that chooses by itself passes over what does not fit; `check` decides on the whole.
        """
        ...

    def able(self, model: str) -> Capabilities:
        """What this model of it takes and makes."""
        ...

    def check(self, call: GenerationCall) -> None:
        """Raise NotPossible, naming what to change, before anything is sent or spent."""
        ...

    async def generate(self, call: GenerationCall, progress: Progress | None = None) -> GenerationResult:
        """Raise ProviderRefused, ProviderError or OutcomeUnknown; never return no image.

        Before anything is sent, also NotPossible or ImageRejected, for what only the decoded references show.
        Where nobody takes the `progress`, no partial images are asked for.
        """
        ...


class CaptionContext(Struct, frozen=True, kw_only=True):
    """What a captioner is told beside the picture: data, never instructions."""

    language: str
    """BCP 47: the language to answer in."""
    vocabulary: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """How the brand calls things (products, SKUs, tags), and what is known of this picture; bounded."""


class Description(Struct, frozen=True, kw_only=True):
    """What a captioner sees in a picture: clean text of bounded length."""

    caption: str | None
    """One or two sentences; None from a reader that writes none."""
    objects: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    visible_text: str = ""
    kind: Kind | None = None
    model: str
    """The model that answered."""
    request_id: str | None = None
    usage: Any = None
    """What was used, as the provider says it."""


class Captioner(Protocol):
    """Describes a picture in words, or reads the text in it."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def reader(self) -> Reader:
        """Which of an image's descriptions it writes."""
        ...

    @property
    def charges(self) -> bool:
        """Whether a call may cost money, and so needs a row in `paid_calls`."""
        ...

    async def describe(self, picture: bytes, context: CaptionContext) -> Description:
        """One request, never repeated here. `picture` is a JPEG free of metadata.

        Raise ProviderRefused, ProviderError (also for an answer that cannot be used) or OutcomeUnknown.
        """
        ...


class PlannedPrompt(Struct, frozen=True, kw_only=True):
    """What a planner reads in a prompt: clean text of bounded length."""

    concepts: tuple[str, ...]
    """Things to be shown, with their modifiers, in the prompt's words."""
    styles: tuple[str, ...] = ()
    """Looks that are asked for."""
    avoid: tuple[str, ...] = ()
    """What must not appear."""
    model: str
    request_id: str | None = None
    usage: Any = None
    """What was used, as the provider says it."""


class Planner(Protocol):
    """A language model that splits a prompt into the concepts that a store could serve; paid by the call."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    async def plan(self, prompt: str) -> PlannedPrompt:
        """One request. Raise ProviderRefused, ProviderError or OutcomeUnknown."""
        ...


class Lacking(Struct, frozen=True, kw_only=True):
    """Something that a picture lacks, or a prompt names, and a caption of a picture of it alone."""

    concept: str
    caption: str


class Judged(Struct, frozen=True, kw_only=True):
    """What a judge says: clean text of bounded length. `matches`: None where it was shown no picture."""

    matches: bool | None
    lacking: tuple[Lacking, ...] = ()
    model: str
    request_id: str | None = None
    usage: Any = None
    """What was used, as the provider says it."""


class Judge(Protocol):
    """A vision model that holds a picture against its prompt; paid by the call."""

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    async def judge(self, prompt: str, picture: bytes | None, temperature: float) -> Judged:
        """One request. `picture` is a JPEG; None: only what the prompt names is asked for.

        Raise ProviderRefused, ProviderError (of code `malformed_answer` or `cut_off` for an answer that
        cannot be used) or OutcomeUnknown.
        """
        ...
