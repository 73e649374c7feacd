"""Retrieval-augmented generation for images, inside Postgres."""

from importlib.metadata import version

__version__ = version("rage-pg")
