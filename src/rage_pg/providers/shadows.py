"""Soft shadows under and behind the pieces of a composed picture."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFilter

Box = tuple[int, int, int, int]
INK = (28, 24, 20)


def contact_shadow(canvas: Image.Image, alpha: Image.Image, box: Box) -> None:
    """Darken the floor below a cut-out standing in `box`: a soft pool, and a dark line where it touches."""
    left, right = _foot(alpha, box)
    middle, reach, base = (left + right) / 2, (right - left) / 2, box[3]
    for grow, flat, strength, blur in ((1.25, 0.16, 70, 0.10), (0.98, 0.055, 150, 0.025)):
        wide, high = reach * grow, max(2.0, reach * flat)
        shift = reach * 0.06 if grow > 1 else 0
        shape = Image.new("L", canvas.size, 0)
        ellipse = (middle - wide + shift, base - high, middle + wide + shift, base + high)
        ImageDraw.Draw(shape).ellipse(ellipse, fill=strength)
        _darken(canvas, shape.filter(ImageFilter.GaussianBlur(max(1.5, reach * blur))))


def cast_shadow(canvas: Image.Image, box: Box, radius: int) -> None:
    """Darken what lies around and below a rounded rectangle that stands in front of it."""
    for drop, strength, blur in ((0.03, 90, 0.05), (0.006, 80, 0.008)):
        side = min(box[2] - box[0], box[3] - box[1])
        down = round(side * drop)
        shape = Image.new("L", canvas.size, 0)
        moved = (box[0], box[1] + down, box[2], box[3] + down)
        ImageDraw.Draw(shape).rounded_rectangle(moved, radius, fill=strength)
        _darken(canvas, shape.filter(ImageFilter.GaussianBlur(max(1.5, side * blur))))


def _foot(alpha: Image.Image, box: Box) -> tuple[float, float]:
    """The left and right end of the lowest part of a cut-out, in the canvas's pixels."""
    strip = alpha.crop((0, round(alpha.height * 0.94), alpha.width, alpha.height))
    solid = strip.point(lambda value: 255 if value > 90 else 0).getbbox() or (0, 0, alpha.width, 1)
    scale = (box[2] - box[0]) / alpha.width
    return box[0] + solid[0] * scale, box[0] + solid[2] * scale


def _darken(canvas: Image.Image, mask: Image.Image) -> None:
    layer = Image.new("RGBA", canvas.size, INK)
    layer.putalpha(mask)
    canvas.alpha_composite(layer)
