"""Sheets of cut paper in a dyed light, or discs and arcs in balance."""

from __future__ import annotations

from functools import partial

import numpy as np

from safelight_sketch.canvas import Canvas, Pen, smooth
from safelight_sketch.colour import Array, Colour, mix, ramp
from safelight_sketch.stage import Layer, Stage

_SHEETS = 7


def abstract(stage: Stage) -> tuple[Layer, ...]:
    """Compose one of the two kinds, by chance."""
    if stage.dice.stream("kind").random() < 0.55:
        return tuple(
            Layer("the deepest sheet" if n == 0 else "a sheet of paper", partial(_sheet, stage=stage, n=n))
            for n in range(_SHEETS)
        )
    return (
        Layer("the ground", lambda canvas: _ground(canvas, stage)),
        Layer("the great disc", lambda canvas: _great_disc(canvas, stage)),
        Layer("the arcs", lambda canvas: _arcs(canvas, stage)),
        Layer("the small discs", lambda canvas: _small_discs(canvas, stage)),
        Layer("the lines", lambda canvas: _lines(canvas, stage)),
    )


def _colours(stage: Stage) -> tuple[Colour, ...]:
    palette = stage.palette
    return (*palette.sky, palette.light)


def _relief(canvas: Canvas, stage: Stage) -> Array:
    """Return a folded landscape, 0 to 1, whose contour lines are the edges of the sheets."""
    chance = stage.dice.stream("relief")
    fold = canvas.noise(chance, 1.1, octaves=2)
    bend = canvas.noise(chance, 1.3, octaves=2)
    lean = chance.uniform(0, 2 * np.pi)
    middle_x, middle_y = canvas.frame.width / 2, canvas.frame.height / 2
    along = (canvas.x - middle_x) * np.cos(lean) + (canvas.y - middle_y) * np.sin(lean)
    relief: Array = 0.5 + 0.42 * along + 0.85 * (fold - 0.5) + 0.3 * np.sin(7 * bend + 3 * along) * 0.4
    return relief


def _sheet(canvas: Canvas, stage: Stage, n: int) -> None:
    """Sheet number `n`, with the shadow it casts on those below."""
    relief = _relief(canvas, stage)
    low, high = np.quantile(relief[:: max(1, canvas.rows // 64), :: max(1, canvas.columns // 64)], (0.04, 0.93))
    edge = low + (high - low) * n / _SHEETS
    slope = np.hypot(*np.gradient(relief, canvas.pixel)) + 0.15
    height = (relief - edge) / slope  # how far inside the sheet, in units
    colour = ramp(_colours(stage), np.array([n / (_SHEETS - 1)]))[0]
    if n:
        shadow = smooth(-0.055, 0.004, height)
        canvas.blend((shadow**2 * 0.5).astype(np.float32), mix(stage.palette.shade, stage.palette.sky[0], 0.4))
        alpha = (height / canvas.pixel + 0.5).clip(0.0, 1.0)
    else:
        alpha = np.ones_like(relief)
    rim = np.exp(-((height.clip(0, None) / 0.006) ** 2)) * (0.32 if n else 0.0)
    soft = 0.94 + 0.1 * smooth(0.0, 0.25, height)
    canvas.blend(alpha.astype(np.float32), (colour * soft[..., None] + rim[..., None] * 0.5).astype(np.float32))


def _ground(canvas: Canvas, stage: Stage) -> None:
    drift = canvas.noise(stage.dice.stream("wash"), 1.2, octaves=3)
    at = (canvas.y / canvas.frame.height * 0.55 + 0.42 + (drift - 0.5) * 0.25).clip(0, 1)
    canvas.rgb[:] = ramp(_colours(stage), at)


def _disc(canvas: Canvas, at: tuple[float, float], radius: float, one: Colour, other: Colour, alpha: float, turn: float) -> None:
    reach = radius * 1.6
    canvas = canvas.part(at[0] - reach, at[1] - reach, at[0] + reach, at[1] + reach)
    distance = canvas.distance(at)
    shadow = smooth(1.35, 0.75, canvas.distance((at[0] + radius * 0.08, at[1] + radius * 0.14)) / radius)
    canvas.blend((shadow * 0.22 * alpha).astype(np.float32), (0.05, 0.04, 0.1))
    across = (((canvas.x - at[0]) * np.cos(turn) + (canvas.y - at[1]) * np.sin(turn)) / radius * 0.5 + 0.5).clip(0, 1)
    edge = ((radius - distance) / canvas.pixel + 0.5).clip(0.0, 1.0)
    canvas.blend((edge * alpha).astype(np.float32), ramp((one, other), across))


def _great_disc(canvas: Canvas, stage: Stage) -> None:
    chance = stage.dice.stream("disc")
    at = (canvas.frame.width * chance.uniform(0.38, 0.62), canvas.frame.height * chance.uniform(0.36, 0.56))
    colours = _colours(stage)
    _disc(canvas, at, chance.uniform(0.24, 0.31), colours[0], colours[2], 1.0, chance.uniform(0, 6.3))


def _arcs(canvas: Canvas, stage: Stage) -> None:
    """Rainbows of paper, each cut off by a straight edge."""
    chance, colours = stage.dice.stream("arcs"), _colours(stage)
    for _ in range(3):
        at = (canvas.frame.width * chance.uniform(0.1, 0.9), canvas.frame.height * chance.uniform(0.15, 0.9))
        size, turn, bands = chance.uniform(0.13, 0.27), chance.uniform(0, 2 * np.pi), int(chance.integers(3, 6))
        window = canvas.part(at[0] - size, at[1] - size, at[0] + size, at[1] + size)
        distance = window.distance(at)
        side = ((window.x - at[0]) * np.cos(turn) + (window.y - at[1]) * np.sin(turn)) / window.pixel
        half = (side + 0.5).clip(0.0, 1.0)
        start = int(chance.integers(len(colours)))
        for band in range(bands):
            outer, inner = size * (1 - band / (bands + 1)), size * (1 - (band + 0.82) / (bands + 1))
            ring = ((outer - distance) / window.pixel + 0.5).clip(0, 1) * ((distance - inner) / window.pixel + 0.5).clip(0, 1)
            window.blend((ring * half * 0.94).astype(np.float32), colours[(start + band * 2) % len(colours)])


def _small_discs(canvas: Canvas, stage: Stage) -> None:
    chance, colours = stage.dice.stream("small"), _colours(stage)
    for _ in range(6):
        at = (canvas.frame.width * chance.uniform(0.06, 0.94), canvas.frame.height * chance.uniform(0.06, 0.94))
        one, other = chance.integers(len(colours), size=2)
        _disc(canvas, at, 0.02 + 0.08 * chance.random() ** 2, colours[one], colours[other], 0.95, chance.uniform(0, 6.3))


def _lines(canvas: Canvas, stage: Stage) -> None:
    chance = stage.dice.stream("lines")
    middle = (canvas.frame.width * chance.uniform(0.3, 0.7), canvas.frame.height * chance.uniform(0.3, 0.7))
    turn = chance.uniform(0, np.pi)
    points = [(middle[0] + t * np.cos(turn), middle[1] + t * np.sin(turn)) for t in (-0.45, 0.4)]
    across = [(middle[0] - t * np.sin(turn + 0.3), middle[1] + t * np.cos(turn + 0.3)) for t in (-0.2, 0.3)]

    def draw(pen: Pen) -> None:
        pen.line(points, 0.005)
        pen.line(across, 0.003)

    canvas.blend(canvas.shapes(draw) * 0.85, stage.palette.shade)
