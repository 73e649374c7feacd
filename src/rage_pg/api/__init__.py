"""The HTTP service: an app factory in app.py, and one file a noun."""
