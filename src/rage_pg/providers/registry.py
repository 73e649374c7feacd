"""From settings to providers: the one place that knows their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from rage_pg.config import Settings
from rage_pg.errors import InvalidInput, RageError, SetupError
from rage_pg.faults import short
from rage_pg.providers import ocr
from rage_pg.providers.capabilities import Models
from rage_pg.providers.encoders import Encoders, check_encoders
from rage_pg.providers.gemini_settings import check_gemini, gemini_server, not_installed
from rage_pg.providers.local import LocalGenerator
from rage_pg.providers.models import LISTED, OTHERS
from rage_pg.providers.openai_settings import check_set, checked_server
from rage_pg.providers.ports import Captioner, ImageGenerator, Judge, Planner

Generators: TypeAlias = Callable[[str | None], ImageGenerator]
"""The generator of this name ("local", "openai:MODEL", "gemini"), or the one of the settings for None."""

CHOICES = "Choose local, openai:MODEL or gemini:MODEL."
CATALOGUE = "catalogue"
CAPTIONERS = "openai:MODEL, gemini:MODEL or ocr"
NO_CAPTIONER = f"Set RAGE_CAPTIONER to {CAPTIONERS}, and the key of its provider: docs/captions.md says more."

NO_JUDGE = "Set RAGE_JUDGE=openai:MODEL, a model that sees pictures."


class Registry:
    """The providers of one process.

    Raise SetupError for settings that this version has no provider for, InvalidInput for capabilities of
    models that cannot be understood.
    """

    def __init__(self, settings: Settings) -> None:
        _refuse_unknown(settings)
        check_encoders(settings)
        self._models = Models(LISTED, OTHERS, settings.model_capabilities)
        self.encoders = Encoders(settings)
        self._settings = settings
        self._captioner: Captioner | None = None

    def captioner(self, model: str | None = None) -> Captioner:
        """The one of RAGE_CAPTIONER, or its provider with another model. Raise SetupError for none."""
        if self._settings.captioner is None:
            raise SetupError("No captioner is set.", NO_CAPTIONER)
        if model is not None:
            return _captioner(self._settings, model)
        if self._captioner is None:
            self._captioner = _captioner(self._settings)
        return self._captioner

    def planner(self, wanted: str | None = None) -> Planner | None:
        """The one of this name, else of RAGE_PLANNER; None is the catalogue's own, which needs no model.

        A request can name no other model: a key that may read must not choose what is paid for. Raise
        InvalidInput for such a name, SetupError for what the settings lack.
        """
        own = self._settings.planner or CATALOGUE
        spec = own if wanted is None else wanted.strip()
        if spec == CATALOGUE:
            return None
        if spec != own:
            choices = CATALOGUE if own == CATALOGUE else f"{CATALOGUE} or {own}"
            fault = f"There is no planner {short(spec)!r} here."
            raise InvalidInput(f"{fault} Choose {choices}.", field="planner")
        server = checked_server(self._settings)
        from rage_pg.providers.openai_planner import OpenAIPlanner  # noqa: PLC0415

        return OpenAIPlanner(_split(own)[1] or "", key=server.key, base_url=server.base_url)

    def judge(self, recorded: str | None = None) -> Judge:
        """The one of RAGE_JUDGE, else the captioner's model where that is OpenAI's; or one that was recorded.

        Raise SetupError for none.
        """
        name, model = _split(recorded or self._settings.judge or self._settings.captioner or "")
        if name != "openai" or model is None:
            raise SetupError("No judge is set, which refining needs.", NO_JUDGE)
        server = checked_server(self._settings)
        from rage_pg.providers.openai_judge import OpenAIJudge  # noqa: PLC0415

        return OpenAIJudge(model, key=server.key, base_url=server.base_url)

    def generators(self) -> Generators:
        """A lookup by name; asked for None it raises SetupError where RAGE_GENERATOR cannot work here."""
        return self._generator

    def offered(self) -> list[str]:
        """Names of generators to choose from, as `generators` takes them: the one of the settings first.

        The models that are known of a provider are offered where its own server is asked; another server has
        those that the settings name.
        """
        settings = self._settings
        known = [settings.generator, *settings.model_capabilities]
        if settings.openai_api_key is not None and settings.openai_base_url is None:
            known += [f"openai:{model}" for model in LISTED["openai"]]
        if settings.gemini_api_key is not None and settings.gemini_base_url is None:
            known += [f"gemini:{model}" for model in LISTED["gemini"]]
        return [name for name in dict.fromkeys([*known, "local"]) if self._is_had(name)]

    def _is_had(self, name: str) -> bool:
        """Whether there is such a generator here, with a model to ask."""
        try:
            return bool(self._generator(name).default_model)
        except RageError:
            return False

    def _generator(self, wanted: str | None) -> ImageGenerator:
        """Raise InvalidInput for a name that a request got wrong, SetupError for what the settings lack."""
        standard, standard_model = _split(self._settings.generator)
        name, model = _split(wanted) if wanted else (standard, standard_model)
        if name == "local" and model is None:
            return LocalGenerator()
        chosen = model or (standard_model if standard == name else None)
        if name == "openai":
            return _openai(self._settings, self._models, chosen)
        if name == "gemini":
            return _gemini(self._settings, self._models, chosen)
        if wanted:
            raise InvalidInput(f"There is no provider {short(wanted)!r}. {CHOICES}", field="provider")
        raise SetupError(f"RAGE_GENERATOR is {self._settings.generator!r}, which is no provider.", CHOICES)


def check_generator(settings: Settings) -> None:
    """For the start of a service: raise SetupError where what RAGE_GENERATOR uses is set and can never work.

    What it does not use is looked at only when a request names it.
    """
    name = _split(settings.generator)[0]
    if name == "openai":
        check_set(settings)
    if name == "gemini":
        check_gemini(settings)


def _openai(settings: Settings, models: Models, model: str | None) -> ImageGenerator:
    server = checked_server(settings)
    # The SDK takes a third of a second to import: only whoever uses it waits for it.
    from rage_pg.providers.openai import OpenAIGenerator  # noqa: PLC0415

    return OpenAIGenerator(model, key=server.key, base_url=server.base_url, models=models)


def _gemini(settings: Settings, models: Models, model: str | None) -> ImageGenerator:
    server = gemini_server(settings, "provider")
    try:
        from rage_pg.providers.gemini import GeminiGenerator  # noqa: PLC0415
    except ImportError:
        raise not_installed("The provider") from None
    return GeminiGenerator(model, key=server.key, base_url=server.base_url, models=models)


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
    server = checked_server(settings)
    from rage_pg.providers.openai_captions import OpenAICaptioner  # noqa: PLC0415

    return OpenAICaptioner(model, key=server.key, base_url=server.base_url)


def _gemini_captioner(settings: Settings, model: str) -> Captioner:
    server = gemini_server(settings, "captioner")
    try:
        from rage_pg.providers.gemini_captions import GeminiCaptioner  # noqa: PLC0415
    except ImportError:
        raise not_installed("The captioner") from None
    return GeminiCaptioner(model, key=server.key, base_url=server.base_url)


def _split(spec: str) -> tuple[str, str | None]:
    name, _, model = spec.partition(":")
    return name.strip(), model.strip() or None


def _refuse_unknown(settings: Settings) -> None:
    planner = settings.planner
    if planner not in (None, CATALOGUE) and not (_split(planner)[0] == "openai" and _split(planner)[1]):
        fault = f"RAGE_PLANNER is {planner!r}, which is no planner."
        raise SetupError(fault, f"Choose {CATALOGUE} or openai:MODEL.")
    judge = settings.judge
    if judge is not None and not (_split(judge)[0] == "openai" and _split(judge)[1]):
        raise SetupError(f"RAGE_JUDGE is {judge!r}, which is no judge.", "Set it to openai:MODEL.")
    captioner = settings.captioner
    if captioner is not None and (_split(captioner)[0] not in ("openai", "gemini", "ocr")):
        fault = f"RAGE_CAPTIONER is {captioner!r}, which is no captioner."
        raise SetupError(fault, f"Choose {CAPTIONERS}.")
