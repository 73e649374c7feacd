"""Whether GEMINI_API_KEY and GEMINI_BASE_URL can be used at all. The SDK is not needed for it."""

from __future__ import annotations

from msgspec import Struct

from rage_pg.config import Secret, Settings
from rage_pg.errors import SetupError
from rage_pg.providers.openai_settings import check_base_url, check_key

OFFICIAL_URL = "https://generativelanguage.googleapis.com"


class GeminiServer(Struct, frozen=True, kw_only=True):
    """Where the API is, and the key that it takes."""

    base_url: str
    key: Secret


def gemini_server(settings: Settings, what: str) -> GeminiServer:
    """The server of the settings. Raises SetupError, which names `what` it is for."""
    if settings.gemini_api_key is None:
        raise SetupError(f"The {what} gemini has no key.", "Set GEMINI_API_KEY.")
    check_gemini(settings)
    return GeminiServer(base_url=settings.gemini_base_url or OFFICIAL_URL, key=settings.gemini_api_key)


def check_gemini(settings: Settings) -> None:
    """Raise SetupError where GEMINI_API_KEY or GEMINI_BASE_URL is set and can never work."""
    if settings.gemini_api_key is not None:
        check_key(settings.gemini_api_key, "GEMINI_API_KEY")
    if settings.gemini_base_url is not None:
        check_base_url(settings.gemini_base_url, "GEMINI_BASE_URL", OFFICIAL_URL)


def not_installed(what: str) -> SetupError:
    """For a process without the SDK."""
    return SetupError(f"{what} gemini is not installed.", "Run: pip install 'rage-pg[gemini]'")
