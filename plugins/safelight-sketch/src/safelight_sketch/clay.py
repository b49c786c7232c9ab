"""Soft bodies: smooth shapes that turn away from the light, for whoever sits in the foreground."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from PIL import Image, ImageFilter

from safelight_sketch.canvas import Canvas, Pen, Point
from safelight_sketch.colour import Array, Colour, mix
from safelight_sketch.stage import Stage

Outline = list[Point]


@attrs.frozen(kw_only=True)
class Pose:
    """
    Where a figure stands. Its own coordinates begin at its foot, go up, and are 1 at its height.

    Attributes:
        x: Of its middle, in the frame's units, as are `foot` and `size`.
        turned: 1 or -1; -1 mirrors it.
    """

    x: float
    foot: float
    size: float
    turned: float = 1.0

    def at(self, across: float, up: float) -> Point:
        """Return the place of a point of the figure."""
        return self.x + across * self.size * self.turned, self.foot - up * self.size

    def outline(self, *points: Point) -> Outline:
        """Return a smooth closed line through points of the figure."""
        return smoothed([self.at(*point) for point in points], is_closed=True)

    def even(self, *points: Point) -> Outline:
        """Return the smooth closed line whose right half is given, from the top to the bottom."""
        left = [(-across, up) for across, up in reversed(points) if across > 0]
        return self.outline(*points, *left)

    def corners(self, *points: Point) -> Outline:
        """Return a shape with straight sides."""
        return [self.at(*point) for point in points]

    def oval(self, across: float, up: float, wide: float, high: float, turn: float = 0.0) -> Outline:
        """Return an oval; `wide` and `high` are its half axes."""
        angles = np.linspace(0.0, 2 * np.pi, 40, endpoint=False)
        right, rise = wide * np.cos(angles), high * np.sin(angles)
        return [
            self.at(across + float(r * np.cos(turn) - h * np.sin(turn)), up + float(r * np.sin(turn) + h * np.cos(turn)))
            for r, h in zip(right, rise, strict=True)
        ]

    def ribbon(self, points: Sequence[Point], widths: Sequence[float]) -> Outline:
        """Return a smooth line with a width that changes on the way: a tail, a stalk, a lock of hair."""
        spine = np.array(smoothed([self.at(*point) for point in points], is_closed=False))
        along = np.gradient(spine, axis=0)
        across = np.stack([-along[:, 1], along[:, 0]], axis=1) / (np.hypot(along[:, 0], along[:, 1])[:, None] + 1e-9)
        half = np.interp(np.linspace(0, 1, len(spine)), np.linspace(0, 1, len(widths)), widths)[:, None] * self.size / 2
        return [*map(_point, spine + across * half), *map(_point, (spine - across * half)[::-1])]


@attrs.frozen
class Clay:
    """Puts the parts of one figure on a canvas, in the light of the scene behind it."""

    canvas: Canvas
    stage: Stage

    def body(self, outlines: Sequence[Outline], colour: Colour, *, volume: float = 0.04, glow: float = 0.4) -> None:
        """
        Model a part.

        Args:
            outlines: Together they are one body.
            volume: How far the turn of its surface is felt from its edge, in units.
            glow: How much of the light behind the figure its edge catches.
        """
        canvas = _window(self.canvas, outlines, volume)
        alpha = canvas.shapes(lambda pen: _fill(pen, outlines))
        soft = _blurred(alpha, volume / canvas.pixel)
        step = volume / canvas.pixel * 0.9
        side = round(step * self.stage.lit_from * 0.75)
        away, towards = (1.0 - _moved(soft, way * side, way * round(-step * 0.75)) for way in (1, -1))
        palette = self.stage.palette
        base = self.tone(colour)
        dark = mix(mix(base, palette.shade, 0.35), (0.0, 0.0, 0.0), 0.25)
        lit = mix(mix(base, palette.light, 0.55), (1.0, 1.0, 1.0), 0.1)
        shade = (away**1.5 * 0.62)[..., None]
        paint = np.asarray(base, np.float32) * (1 - shade) + np.asarray(dark, np.float32) * shade
        rim = (towards**2 * glow)[..., None]
        canvas.blend(alpha, paint * (1 - rim) + np.asarray(lit, np.float32) * rim)

    def mark(self, outlines: Sequence[Outline], colour: Colour, alpha: float = 1.0, *, inside: Sequence[Outline] = ()) -> None:
        """Paint flat marks, kept `inside` what is given."""
        canvas = _window(self.canvas, outlines, 0.0)
        cover = canvas.shapes(lambda pen: _fill(pen, outlines))
        if inside:
            cover *= canvas.shapes(lambda pen: _fill(pen, inside))
        canvas.blend(cover * alpha, self.tone(colour))

    def blush(self, outline: Outline, colour: Colour, alpha: float, spread: float) -> None:
        """Paint a mark without an edge."""
        canvas = _window(self.canvas, [outline], spread * 3)
        cover = canvas.shapes(lambda pen: pen.polygon(outline))
        canvas.blend(_blurred(cover, spread / canvas.pixel) * alpha, self.tone(colour))

    def lines(self, lines: Sequence[Sequence[Point]], width: float, colour: Colour, alpha: float = 1.0) -> None:
        """Draw lines with round ends."""
        canvas = _window(self.canvas, lines, width)

        def draw(pen: Pen) -> None:
            for line in lines:
                pen.line(line, width)
                for end in (line[0], line[-1]):
                    pen.disc(end, width / 2)

        # A hair thinner than a pixel is a fainter pixel.
        canvas.blend(canvas.shapes(draw) * (alpha * min(1.0, 2 * width / canvas.pixel)), self.tone(colour))

    def shadow(self, outline: Outline, alpha: float = 0.45, spread: float = 0.02) -> None:
        """Lay the shadow of what stands there."""
        canvas = _window(self.canvas, [outline], spread * 3)
        cover = canvas.shapes(lambda pen: pen.polygon(outline))
        canvas.blend(_blurred(cover, spread / canvas.pixel) * alpha, mix(self.stage.palette.shade, (0.0, 0.0, 0.0), 0.4))

    def tone(self, colour: Colour) -> Colour:
        """Return a colour as it looks at this hour."""
        palette = self.stage.palette
        dim = mix(colour, mix(palette.shade, palette.haze, 0.35), 0.05 + 0.36 * palette.darkness)
        return mix(dim, palette.sky[-1], 0.07)


def smoothed(points: Sequence[Point], *, is_closed: bool, steps: int = 10) -> Outline:
    """Return a line through points without corners (Catmull and Rom's)."""
    given = np.array(points, np.float64)
    given = np.vstack([given[-1:], given, given[:2]]) if is_closed else np.vstack([given[:1], given, given[-1:]])
    before, here, there, after = given[:-3, None], given[1:-2, None], given[2:-1, None], given[3:, None]
    t = np.linspace(0.0, 1.0, steps, endpoint=False)[None, :, None]
    curve = 0.5 * (
        2 * here
        + (there - before) * t
        + (2 * before - 5 * here + 4 * there - after) * t**2
        + (3 * here - before - 3 * there + after) * t**3
    )
    line = curve.reshape(-1, 2)
    return [_point(point) for point in (line if is_closed else np.vstack([line, given[-1:]]))]


def _point(point: Array) -> Point:
    return float(point[0]), float(point[1])


def _fill(pen: Pen, outlines: Sequence[Outline]) -> None:
    for outline in outlines:
        pen.polygon(outline)


def _window(canvas: Canvas, outlines: Sequence[Sequence[Point]], margin: float) -> Canvas:
    xs, ys = zip(*(point for outline in outlines for point in outline), strict=True)
    edge = margin + 2 * canvas.pixel
    return canvas.part(min(xs) - edge, min(ys) - edge, max(xs) + edge, max(ys) + edge)


def _blurred(alpha: Array, pixels: float) -> Array:
    image = Image.fromarray((alpha * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(pixels / 2))
    return np.asarray(image, np.float32) / 255


def _moved(array: Array, right: int, down: int) -> Array:
    """Return the array moved by some pixels; its edges are drawn out."""
    rows = (np.arange(array.shape[0]) - down).clip(0, array.shape[0] - 1)
    columns = (np.arange(array.shape[1]) - right).clip(0, array.shape[1] - 1)
    moved: Array = array[rows][:, columns]
    return moved
