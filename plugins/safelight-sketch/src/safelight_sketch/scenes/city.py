"""A skyline with its windows lit, and the river that doubles it."""

from __future__ import annotations

from functools import partial

import numpy as np

from safelight_sketch.air import air
from safelight_sketch.canvas import Canvas, Pen
from safelight_sketch.colour import Colour, from_hex, mix
from safelight_sketch.sky import sky
from safelight_sketch.stage import Layer, Stage
from safelight_sketch.water import mirror

_ROWS = ((0.2, 0.3), (0.45, 0.36), (0.86, 0.25))  # nearness, height of the tall ones
_COOL, _NEON = from_hex("bfe0ff"), tuple(map(from_hex, ("ff4fa3", "43e0ff", "ffb545")))


def city(stage: Stage) -> tuple[Layer, ...]:
    """Compose a waterfront."""
    rows = tuple(
        Layer(name, partial(_row, stage=stage, n=n)) for n, name in enumerate(("the far towers", "the skyline", "the waterfront"))
    )
    return (*sky(stage), *rows, Layer("the river", lambda canvas: mirror(canvas, stage, _quay(stage))), *air(stage))


def _quay(stage: Stage) -> float:
    return stage.horizon + 0.02


def _row(canvas: Canvas, stage: Stage, n: int) -> None:
    palette, chance = stage.palette, stage.dice.stream(f"street {n}")
    nearness, tall = _ROWS[n]
    houses = _houses(stage, chance, n, tall)
    fade = (canvas.y - (_quay(stage) - tall)).clip(0.0, None) / tall

    def outlines(pen: Pen) -> None:
        for left, right, top, roof in houses:
            pen.rectangle(left, top, right, _quay(stage) + 0.02)
            _roof(pen, left, right, top, roof)

    dark = np.asarray(palette.depth(nearness), np.float32)
    glow = np.asarray(mix(palette.depth(nearness * 0.5), palette.accent, 0.1 + 0.12 * palette.darkness), np.float32)
    share = (fade.clip(0, 1) ** 1.5 * (0.5 if n < 2 else 0.2))[..., None]
    canvas.blend(canvas.shapes(outlines), dark * (1 - share) + glow * share)
    if n:
        _windows(canvas, stage, houses, chance, n)


def _houses(stage: Stage, chance: np.random.Generator, n: int, tall: float) -> list[tuple[float, float, float, int]]:
    """Return left, right, top and kind of roof of each house; the skyline swells around one centre."""
    houses, x = [], -0.04
    centre = stage.frame.width * chance.uniform(0.3, 0.7)
    while x < stage.frame.width + 0.04:
        wide = chance.uniform(0.035, 0.085) * (1.0 + 0.2 * n)
        swell = 0.45 + 0.75 * np.exp(-(((x - centre) / (0.33 * max(1.0, stage.frame.width * 0.7))) ** 2))
        high = min(tall * swell * chance.uniform(0.4, 1.12) ** 1.1, _quay(stage) * 0.85)
        houses.append((x, x + wide, _quay(stage) - high, int(chance.integers(7))))
        x += wide + (chance.uniform(0.0, 0.02) if chance.random() < 0.3 else -0.002)
    return houses


def _roof(pen: Pen, left: float, right: float, top: float, kind: int) -> None:
    wide, middle = right - left, (left + right) / 2
    if kind == 1:
        pen.rectangle(left + wide * 0.2, top - wide * 0.3, right - wide * 0.2, top)
        pen.rectangle(left + wide * 0.36, top - wide * 0.6, right - wide * 0.36, top)
    elif kind == 2:
        pen.line([(middle, top), (middle, top - wide * 1.1)], wide * 0.05)
        pen.rectangle(left + wide * 0.3, top - wide * 0.2, right - wide * 0.3, top)
    elif kind == 3:
        pen.polygon([(left, top), (left, top - wide * 0.35), (right, top)])
    elif kind == 4:
        pen.polygon([(left + wide * 0.1, top), (middle, top - wide * 0.95), (right - wide * 0.1, top)])
        pen.line([(middle, top - wide * 0.6), (middle, top - wide * 1.5)], wide * 0.04)
    elif kind == 5:
        pen.disc((middle, top), wide * 0.36)
    elif kind == 6:
        for leg in (-0.16, 0.16):
            pen.line([(middle + wide * leg, top), (middle + wide * leg, top - wide * 0.25)], wide * 0.05)
        pen.rectangle(middle - wide * 0.24, top - wide * 0.55, middle + wide * 0.24, top - wide * 0.2)


def _windows(
    canvas: Canvas, stage: Stage, houses: list[tuple[float, float, float, int]], chance: np.random.Generator, n: int
) -> None:
    palette = stage.palette
    lit_share = (0.12 + 0.42 * palette.darkness) * (0.8 if n == 2 else 1.0)
    warm: list[tuple[float, float, float, float, float]] = []
    cool: list[tuple[float, float, float, float, float]] = []
    for left, right, top, _ in houses:
        columns = max(2, round((right - left) / 0.0145))
        step = (right - left) / (columns + 0.6)
        busy = lit_share * chance.uniform(0.4, 1.6)
        for row in range(int((_quay(stage) - top - 0.02) / 0.0175)):
            y = top + 0.014 + row * 0.0175
            for column in range(columns):
                if chance.random() < busy:
                    x = left + step * (0.5 + column)
                    light = chance.uniform(0.35, 1.0)
                    (cool if chance.random() < 0.22 else warm).append((x, y, x + step * 0.55, y + 0.0085, light))
    for panes, colour in ((warm, palette.accent), (cool, mix(_COOL, palette.light, 0.3))):
        _light(canvas, panes, colour, 0.35 + 0.65 * min(1.0, palette.darkness * 1.5))
    if n == 2 and palette.darkness > 0.4:
        for k, colour in enumerate(_NEON):
            at = houses[(k * 5 + int(chance.integers(4))) % len(houses)]
            canvas.glow(((at[0] + at[1]) / 2, _quay(stage) - 0.015), 0.02, colour, 0.5 * palette.darkness)


def _light(canvas: Canvas, panes: list[tuple[float, float, float, float, float]], colour: Colour, power: float) -> None:
    def draw(pen: Pen) -> None:
        for left, top, right, bottom, light in panes:
            pen.rectangle(left, top, right, bottom, light)

    canvas.blend(canvas.shapes(draw) * power, colour)
