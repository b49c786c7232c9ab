"""Ways to do a picture other than on film: watercolour, ink, poster, pixels, black and white."""

from __future__ import annotations

import math
from collections.abc import Callable

import attrs
import numpy as np
from PIL import Image, ImageFilter

from safelight_sketch.canvas import Canvas, smooth
from safelight_sketch.colour import Array, from_hex, ramp
from safelight_sketch.dice import Dice

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_PAPER = np.array([0.975, 0.955, 0.915], np.float32)
_INK = np.array([0.12, 0.12, 0.17], np.float32)
_TONES = tuple(map(from_hex, ("0d0d10", "6f6d6c", "f6f3ec")))
_BLOCKS = 96  # pixels of the pixel style along the short side


@attrs.frozen(kw_only=True)
class Style:
    """
    How a picture is done.

    Attributes:
        apply: Redoes a painted canvas; the same whatever its size.
        verb: What people read meanwhile.
        is_lit: Whether bright places bloom and the corners darken first, as on film.
        grain: How much of a film's grain is laid on it.
    """

    apply: Callable[[Canvas, Dice], None]
    verb: str
    is_lit: bool = False
    grain: float = 0.0


def watercolour(canvas: Canvas, dice: Dice) -> None:
    """Colour that ran to the edges of its strokes and dried there, on rough paper with a white margin."""
    chance = dice.stream("watercolour")
    wander_x, wander_y, granules = (canvas.noise(chance, cells, octaves=3) - 0.5 for cells in (9.0, 9.0, 60.0))
    wet = _blurred(_displaced(canvas, wander_x * 0.02, wander_y * 0.02), 0.0045 / canvas.pixel)
    wet = wet**0.85  # the paper shines through
    tone = wet @ _LUMA
    # Pigment gathers where a wash ends: darker where the tone is below that of its surroundings.
    around = _blurred(tone, 0.014 / canvas.pixel)
    rim = ((around - tone) * 2.2).clip(0.0, 0.22)
    pool = (canvas.noise(chance, 3.0, octaves=4) - 0.5) * 0.34 + granules * 0.16
    wash = 1.0 - (1.0 - wet) * (0.86 + pool + rim)[..., None]
    from_edge = np.minimum(
        np.minimum(canvas.x, canvas.frame.width - canvas.x), np.minimum(canvas.y, canvas.frame.height - canvas.y)
    )
    cover = smooth(0.025, 0.034, from_edge + wander_x * 0.03 + wander_y * 0.02)[..., None]
    margin = np.exp(-(((from_edge + wander_x * 0.03 + wander_y * 0.02 - 0.036) / 0.006) ** 2))[..., None] * 0.16
    canvas.rgb[:] = _PAPER * (1 - cover) + (wash * (1 - margin) * 0.93 + 0.07) * _PAPER * cover
    canvas.rgb *= (1.0 + granules * 0.06)[..., None]


def ink(canvas: Canvas, dice: Dice) -> None:
    """Pen lines, and hatching that thickens with the shade, over a thin wash on cream paper."""
    chance = dice.stream("ink")
    wander, press = canvas.noise(chance, 5.0, octaves=3) - 0.5, canvas.noise(chance, 2.5, octaves=3)
    soft = _blurred(_displaced(canvas, wander * 0.01, wander * -0.01), 0.0014 / canvas.pixel)
    tone = soft @ _LUMA
    low, high = (float(np.quantile(tone[::4, ::4], share)) for share in (0.02, 0.92))
    tone = ((tone - low) / max(high - low, 0.05)).clip(0.0, 1.0)
    lines = smooth(0.02, 0.085, _blurred(tone, 0.0035 / canvas.pixel) - tone) * (0.55 + 0.6 * press).clip(0.0, 1.0)
    hatch = np.zeros_like(tone)
    step = max(0.0105, 3.4 * canvas.pixel)
    for turn, below in ((0.85, 0.52), (-0.7, 0.26)):
        across = (canvas.x * math.cos(turn) + canvas.y * math.sin(turn) + wander * 0.015) / step
        stroke = 0.5 + 0.5 * np.cos(across * 2 * np.pi)
        thick = smooth(0.0, 0.5, below - tone)
        hatch = np.maximum(
            hatch, smooth(0.97, 0.72, 1.0 - stroke + 0.78 - 0.5 * thick) * smooth(0.0, 0.12, thick) * (0.35 + 0.3 * press)
        )
    drawn = np.maximum(lines, hatch)[..., None]
    wash = 1.0 - (1.0 - soft) * (0.5 + 0.16 * (press - 0.5))[..., None]
    from_edge = np.minimum(
        np.minimum(canvas.x, canvas.frame.width - canvas.x), np.minimum(canvas.y, canvas.frame.height - canvas.y)
    )
    cover = smooth(0.0, 0.09, from_edge + (wander + press - 0.5) * 0.05)[..., None]
    canvas.rgb[:] = _PAPER * (1 - cover) + (wash * (1 - drawn) + _INK * drawn) * _PAPER * cover


def poster(canvas: Canvas, dice: Dice) -> None:
    """A few flat inks with clean edges."""
    soft = _blurred(canvas.rgb, 0.0012 / canvas.pixel)
    tone = (soft @ _LUMA)[..., None]
    soft = (tone + (soft - tone) * 1.3).clip(0.0, 1.0)
    flat = _nearest(soft, _inks(soft, 16))
    canvas.rgb[:] = _blurred(flat, 0.7) * (1.0 - 0.03 * canvas.noise(dice.stream("poster"), 40.0, octaves=2))[..., None]


def pixel(canvas: Canvas, _dice: Dice) -> None:
    """Large square pixels of few colours, as on an old console."""
    columns, rows = (max(1, round(side * _BLOCKS)) for side in (canvas.frame.width, canvas.frame.height))
    small = np.asarray(_image(canvas.rgb).resize((columns, rows), Image.Resampling.BOX), np.float32) / 255
    tone = (small @ _LUMA)[..., None]
    small = (tone + (small - tone) * 1.2).clip(0.0, 1.0)
    checker = ((np.add.outer(np.arange(rows), np.arange(columns)) % 2) - 0.5)[..., None] * 0.018
    small = _nearest(small + checker.astype(np.float32), _inks(small, 28))
    down = (np.arange(canvas.rows) * rows // canvas.rows)[:, None]
    canvas.rgb[:] = small[down, (np.arange(canvas.columns) * columns // canvas.columns)[None, :]]


def mono(canvas: Canvas, _dice: Dice) -> None:
    """A black-and-white print with deep shadows."""
    tone = canvas.rgb @ _LUMA
    low, high = (float(np.quantile(tone[::4, ::4], share)) for share in (0.01, 0.985))
    canvas.rgb[:] = ramp(_TONES, smooth(low, high + 0.02, tone) * 0.75 + ((tone - low) / (high - low + 0.02)).clip(0, 1) * 0.25)


STYLES: dict[str, Style] = {
    "watercolour": Style(apply=watercolour, verb="letting the washes dry"),
    "ink": Style(apply=ink, verb="hatching the shadows"),
    "poster": Style(apply=poster, verb="pulling the print"),
    "pixel": Style(apply=pixel, verb="counting the pixels"),
    "mono": Style(apply=mono, verb="printing on hard paper", is_lit=True, grain=1.6),
}


def _displaced(canvas: Canvas, right: Array, down: Array) -> Array:
    """Return the picture with each pixel taken from a place nearby, in units."""
    columns = (np.arange(canvas.columns)[None, :] + right * canvas.scale[0]).clip(0, canvas.columns - 1).astype(np.intp)
    rows = (np.arange(canvas.rows)[:, None] + down * canvas.scale[1]).clip(0, canvas.rows - 1).astype(np.intp)
    moved: Array = canvas.rgb[rows, columns]
    return moved


def _image(rgb: Array) -> Image.Image:
    return Image.fromarray((rgb * 255.0 + 0.5).clip(0, 255).astype(np.uint8))


def _blurred(paint: Array, pixels: float) -> Array:
    """Return a picture, or one plane of it, out of focus."""
    return np.asarray(_image(paint).filter(ImageFilter.GaussianBlur(pixels)), np.float32) / 255


def _inks(rgb: Array, count: int) -> Array:
    """Return the colours that stand best for all of them; the same for every size of one picture, nearly."""
    small = _image(rgb).resize((64, 64), Image.Resampling.BOX)
    # Half of them cover what there is most of, half the range: a small red tower keeps its red.
    kinds = (Image.Quantize.MEDIANCUT, Image.Quantize.MAXCOVERAGE)
    palettes = [np.asarray(small.quantize(count // 2, kind).getpalette(), np.float32) for kind in kinds]
    inks: Array = np.concatenate([palette.reshape(-1, 3)[: count // 2] for palette in palettes]) / 255
    return inks


def _nearest(rgb: Array, inks: Array) -> Array:
    """Return each colour's nearest ink, looked up in a cube of 32 to the third."""
    axis = (np.arange(32, dtype=np.float32) + 0.5) / 32
    cube = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    best = (((cube - inks[None]) ** 2) @ np.array([0.3, 0.5, 0.2], np.float32)).argmin(axis=1).reshape(32, 32, 32)
    red, green, blue = np.moveaxis((rgb * 32).clip(0, 31).astype(np.intp), -1, 0)
    chosen: Array = inks[best[red, green, blue]]
    return chosen
