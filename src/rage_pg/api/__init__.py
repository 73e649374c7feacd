"""The HTTP service: an app factory, and one file a noun."""

from __future__ import annotations

from rage_pg.api.app import create_app

__all__ = ["create_app"]
