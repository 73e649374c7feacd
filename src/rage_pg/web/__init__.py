"""The page at `/`: handlers in Python, HTML in templates, the rest in static files; no build step.

static/htmx-2.0.11.min.js is htmx 2.0.11 as published on npm (`htmx.org`), licence 0BSD beside it.
"""
