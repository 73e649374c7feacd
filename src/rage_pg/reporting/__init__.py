"""A report of what was generated: figures from the views of `rage_v1`, and a page of its own that shows them.

figures    the numbers, for a period, brand or labels
thumbnails pictures for the page, small and together of a bounded size
page       both as one HTML file that needs nothing else
"""

from __future__ import annotations

from rage_pg.reporting.figures import About, Report, figures
from rage_pg.reporting.page import page
from rage_pg.reporting.thumbnails import pictures

__all__ = ["About", "Report", "figures", "page", "pictures"]
