"""Servers that others wrote, to test our clients against: `aimock` for behaviour, `steady` for the shape."""
