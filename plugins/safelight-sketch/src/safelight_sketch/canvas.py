"""The paper: a float image in units of its short side, and the few ways to put colour on it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import attrs
import numpy as np
from PIL import Image, ImageDraw

from safelight_sketch.colour import Array, Colour

Point = tuple[float, float]
_FINE = 2  # shapes are drawn at twice the size and averaged: smooth edges


@attrs.frozen
class Frame:
    """The picture's extent in units: its short side is 1."""

    width: float
    height: float


class Canvas:
    """
    Pixels of one pass.

    Everything is placed in the frame's units, from the top left, so that a sketch of an eighth of the size and the
    finished picture show the same.

    Attributes:
        rgb: Height x width x 3, sRGB, 0 to 1 (light may exceed 1 until the end).
        x: Position of each column, 1 x width.
        y: Position of each row, height x 1.
        pixel: Side of one pixel in units.
        scale: Pixels to a unit, across and down.
        origin: Column and row of the first pixel, other than 0 in a window.
    """

    def __init__(self, frame: Frame, columns: int, rows: int) -> None:
        self.frame = frame
        self.rgb: Array = np.zeros((rows, columns, 3), np.float32)
        self.x: Array = ((np.arange(columns, dtype=np.float32) + 0.5) * (frame.width / columns))[None, :]
        self.y: Array = ((np.arange(rows, dtype=np.float32) + 0.5) * (frame.height / rows))[:, None]
        self.pixel = frame.height / rows
        self.scale = (columns / frame.width, rows / frame.height)
        self.origin = (0, 0)

    @property
    def columns(self) -> int:
        """Pixels from left to right."""
        return int(self.rgb.shape[1])

    @property
    def rows(self) -> int:
        """Pixels from top to bottom."""
        return int(self.rgb.shape[0])

    def part(self, left: float, top: float, right: float, bottom: float) -> Canvas:
        """
        Return a window on this canvas, in the same units: small things are painted in small windows.

        It shares the pixels. Only `noise` does not fit there, for it is spread over what it is given.
        """
        column, row = self.column(left), self.row(top)
        window = copy.copy(self)
        window.rgb = self.rgb[row : self.row(bottom) + 1, column : self.column(right) + 1]
        window.x = self.x[:, column : self.column(right) + 1]
        window.y = self.y[row : self.row(bottom) + 1]
        window.origin = (self.origin[0] + column, self.origin[1] + row)
        return window

    def blend(self, alpha: Array, colour: Array | Colour, *, top: int = 0) -> None:
        """Cover with `colour` where `alpha` is 1; `top` is the row at which a partial alpha begins."""
        part = self.rgb[top : top + alpha.shape[0]]
        part += alpha[..., None] * (np.asarray(colour, np.float32) - part)

    def shine(self, amount: Array, colour: Colour, *, top: int = 0) -> None:
        """Add light: never darker, and softly towards white."""
        part = self.rgb[top : top + amount.shape[0]]
        part += (amount[..., None] * np.asarray(colour, np.float32)) * (1.15 - part).clip(0.0)

    def row(self, y: float) -> int:
        """Return the first row that reaches below `y`."""
        return int(np.clip(np.floor(y * self.scale[1]) - self.origin[1], 0, self.rows - 1))

    def column(self, x: float) -> int:
        """Return the column that holds `x`, or the nearest one."""
        return int(np.clip(np.floor(x * self.scale[0]) - self.origin[0], 0, self.columns - 1))

    def below(self, profile: Array) -> tuple[Array, int]:
        """Return the alpha of everything below a profile (one height per column), and the row it begins at."""
        top = self.row(float(profile.min()) - self.pixel)
        alpha: Array = ((self.y[top:] - profile[None, :]) / self.pixel + 0.5).clip(0.0, 1.0)
        return alpha, top

    def distance(self, at: Point) -> Array:
        """Return how far each pixel is from a point."""
        distance: Array = np.hypot(self.x - at[0], self.y - at[1])
        return distance

    def glow(self, at: Point, radius: float, colour: Colour, strength: float) -> None:
        """A round light that fades: bright within `radius`, felt far beyond."""
        self.shine(strength / (1.0 + (self.distance(at) / radius) ** 2) ** 1.4, colour)

    def shapes(self, draw: Callable[[Pen], None]) -> Array:
        """Return the alpha of what `draw` draws."""
        pen = Pen(self)
        draw(pen)
        return np.asarray(pen.image.reduce(_FINE), np.float32) / 255

    def noise(self, chance: np.random.Generator, cells: float, *, octaves: int = 4, stretch: float = 1.0) -> Array:
        """Return clouds of chance, 0 to 1: `cells` to a unit at the coarsest, drawn out sideways by `stretch`."""
        total = np.zeros((self.rows, self.columns), np.float32)
        weight, whole = 1.0, 0.0
        for octave in range(octaves):
            fine = cells * 2**octave
            grid = chance.random((round(self.frame.height * fine) + 3, round(self.frame.width * fine / stretch) + 3), np.float32)
            total += weight * np.asarray(Image.fromarray(grid).resize((self.columns, self.rows), Image.Resampling.BICUBIC))
            whole += weight
            weight *= 0.5
        return (total / whole).clip(0.0, 1.0)


class Pen:
    """Draws hard shapes, in units, on a mask that will be averaged."""

    def __init__(self, canvas: Canvas) -> None:
        self.image = Image.new("L", (canvas.columns * _FINE, canvas.rows * _FINE))
        self._draw = ImageDraw.Draw(self.image)
        self._scale_x, self._scale_y = canvas.scale[0] * _FINE, canvas.scale[1] * _FINE
        self._left, self._top = canvas.origin[0] * _FINE, canvas.origin[1] * _FINE

    def polygon(self, points: Sequence[Point], tone: float = 1.0) -> None:
        """Fill a polygon."""
        self._draw.polygon(self._placed(points), fill=round(255 * tone))

    def line(self, points: Sequence[Point], width: float, tone: float = 1.0) -> None:
        """Draw a line; it never gets thinner than one fine pixel."""
        self._draw.line(self._placed(points), fill=round(255 * tone), width=max(1, round(width * self._scale_y)), joint="curve")

    def rectangle(self, left: float, top: float, right: float, bottom: float, tone: float = 1.0) -> None:
        """Fill an upright rectangle."""
        (x0, y0), (x1, y1) = self._placed([(left, top), (right, bottom)])
        self._draw.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), fill=round(255 * tone))

    def disc(self, at: Point, radius: float, tone: float = 1.0) -> None:
        """Fill a circle."""
        (x0, y0), (x1, y1) = self._placed([(at[0] - radius, at[1] - radius), (at[0] + radius, at[1] + radius)])
        self._draw.ellipse((x0, y0, x1, y1), fill=round(255 * tone))

    def _placed(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self._scale_x - self._left, y * self._scale_y - self._top) for x, y in points]


def smooth(low: float, high: float, value: Array) -> Array:
    """Return 0 below `low`, 1 above `high`, and an easy curve between."""
    t = ((value - low) / (high - low)).clip(0.0, 1.0)
    eased: Array = t * t * (3.0 - 2.0 * t)
    return eased


def profile(
    chance: np.random.Generator, along: Array, cells: float, *, octaves: int = 5, rough: float = 0.5, sharp: float = 0.0
) -> Array:
    """
    Return a line of chance over `along`, about -1 to 1: a ridge, a shore, a cloud's edge.

    Args:
        along: Where, in units, from 0 on.
        cells: Waves to a unit at the coarsest.
        rough: How much of each octave the next finer one keeps.
        sharp: 0 for round hills, 1 for peaks.
    """
    total = np.zeros_like(along, dtype=np.float64)
    weight, whole = 1.0, 0.0
    for octave in range(octaves):
        places = along * cells * 2**octave + chance.random()
        values = chance.uniform(-1.0, 1.0, 4096)
        left = np.floor(places).astype(np.intp)
        t = places - left
        t = t * t * (3.0 - 2.0 * t)
        wave = values[left % 4096] * (1 - t) + values[(left + 1) % 4096] * t
        total += weight * ((1 - sharp) * wave + sharp * (1.0 - 2.0 * np.abs(wave) ** 0.8))
        whole += weight
        weight *= rough
    return total / whole


def peaks(chance: np.random.Generator, along: Array, spacing: float) -> Array:
    """Return a chain of peaks, 0 to 1, about `spacing` units apart, each with a steep and a gentle side."""
    places = np.arange(float(along.min()) - spacing, float(along.max()) + 2 * spacing, spacing)
    places = places + chance.uniform(-0.38, 0.38, places.size) * spacing
    high = chance.uniform(0.35, 1.0, places.size)
    line = np.zeros_like(along, dtype=np.float64)
    for place, top in zip(places, high, strict=True):
        left, right = chance.uniform(0.9, 2.1, 2) / (spacing * 2.0)
        away = along - place
        line = np.maximum(line, top - np.where(away < 0, -away * left, away * right))
    return line
