"""Rows of trees that come out of the mist, and light that falls between them."""

from __future__ import annotations

from functools import partial

import numpy as np

from safelight_sketch.air import air, fireflies
from safelight_sketch.canvas import Canvas, Pen, profile, smooth
from safelight_sketch.colour import Array, Colour, from_hex, mix
from safelight_sketch.sky import sky
from safelight_sketch.stage import Layer, Stage
from safelight_sketch.trees import broadleaf, cabin, conifers

_ROWS = (
    # nearness, ground, height of a tree, trees to a unit
    (0.1, 0.1, 0.2, 30.0),
    (0.3, 0.26, 0.27, 20.0),
    (0.55, 0.46, 0.33, 12.0),
    (0.8, 0.7, 0.42, 7.0),
)
_AUTUMN = tuple(map(from_hex, ("e8a33a", "d9702b", "b8452a", "7d2f26")))


def forest(stage: Stage) -> tuple[Layer, ...]:
    """Compose a wood in depth."""
    names = ("the far trees", "the wood", "the clearing", "the near trees")
    rows = tuple(Layer(name, partial(_row, stage=stage, n=n)) for n, name in enumerate(names))
    return (
        *sky(stage),
        *rows[:3],
        Layer("the light between the trees", lambda canvas: _shafts(canvas, stage)),
        rows[3],
        Layer("the undergrowth", lambda canvas: _front(canvas, stage)),
        *air(stage),
    )


def _ground(canvas: Canvas, stage: Stage, n: int) -> Array:
    chance = stage.dice.stream(f"ground {n}")
    level = stage.horizon + (stage.frame.height - stage.horizon) * _ROWS[n][1]
    return (level - 0.05 * profile(chance, canvas.x[0] + chance.random() * 50, 1.1, octaves=4)).astype(np.float32)


def _row(canvas: Canvas, stage: Stage, n: int) -> None:
    palette = stage.palette
    nearness, _, tall, per_unit = _ROWS[n]
    ground = _ground(canvas, stage, n)
    colour: Colour = mix(palette.depth(nearness), from_hex("2d6b4a"), 0.3 * (1 - palette.darkness))
    if "autumn" in stage.reading.extras:
        colour = mix(_AUTUMN[n], palette.depth(nearness), 0.25 + 0.45 * palette.darkness)
    alpha, top = canvas.below(ground)
    canvas.blend(alpha, colour, top=top)
    if "autumn" in stage.reading.extras and n != 1:
        _crowns(canvas, stage, n, ground, colour)
    else:
        conifers(canvas, stage, f"row {n}", ground, tall=tall, per_unit=per_unit, colour=colour, clump=n > 1)
    if n == 2 and ("cabin" in stage.reading.extras or stage.dice.stream("home").random() < 0.3):
        cabin(canvas, stage, ground, 0.07)
    depth = (canvas.y - ground[None, :] + 0.05) / 0.16
    mist = smooth(0.0, 1.0, depth) * (0.62, 0.55, 0.35, 0.0)[n]
    drift = canvas.noise(stage.dice.stream(f"mist {n}"), 1.6, octaves=3, stretch=3)
    canvas.blend(mist * (0.5 + drift).clip(0, 1), mix(palette.haze, palette.sky[-1], 0.5))


def _crowns(canvas: Canvas, stage: Stage, n: int, ground: Array, colour: Colour) -> None:
    chance = stage.dice.stream(f"crowns {n}")
    tall, per_unit = _ROWS[n][2], _ROWS[n][3]
    for leaf in (_AUTUMN[(n + 1) % 4], colour, _AUTUMN[(n + 3) % 4]):
        shade = mix(colour, leaf, 0.55 - 0.3 * stage.palette.darkness)

        def draw(pen: Pen) -> None:
            for _ in range(min(200, int(per_unit * stage.frame.width / 2.2) + 1)):
                x = chance.uniform(-0.03, 1.03) * stage.frame.width
                broadleaf(pen, chance, x, float(np.interp(x, canvas.x[0], ground)) + 0.01, tall * chance.uniform(0.65, 1.15))

        canvas.blend(canvas.shapes(draw), shade)


def _shafts(canvas: Canvas, stage: Stage) -> None:
    """Light in rays from the sun or the moon."""
    chance = stage.dice.stream("shafts")
    x, y = canvas.x - stage.light[0], canvas.y - stage.light[1] + 0.25
    angle = np.arctan2(x, np.abs(y) + 1e-4)
    rays = np.interp(angle, np.linspace(-1.7, 1.7, 480), profile(chance, np.linspace(0, 3.4, 480), 5, octaves=3))
    fall = np.exp(-np.hypot(x, y) * 1.3) * smooth(0.0, 0.35, y) * smooth(1.25, 0.7, np.abs(angle))
    canvas.shine((smooth(0.0, 0.5, rays) * fall * 0.55).astype(np.float32), mix(stage.palette.light, stage.palette.sky[-1], 0.3))


def _front(canvas: Canvas, stage: Stage) -> None:
    """Trunks that frame the view, and ferns along the ground."""
    palette, chance = stage.palette, stage.dice.stream("front")
    width, height = stage.frame.width, stage.frame.height
    rise = 0.04 * profile(chance, canvas.x[0] + chance.random() * 50, 1.4, octaves=3)
    edge = 0.09 * (np.abs(canvas.x[0] / width - 0.5) * 2) ** 2
    ground = (height - 0.05 - rise - edge).astype(np.float32)
    alpha, top = canvas.below(ground)
    canvas.blend(alpha, palette.depth(1.0), top=top)

    def draw(pen: Pen) -> None:
        for side in (0.02, 0.115, 0.9, 0.985):
            x, thick = width * side + chance.normal() * 0.015, chance.uniform(0.014, 0.034)
            lean = chance.normal() * 0.03
            pen.polygon(
                [(x - thick, height), (x - thick * 0.6 + lean, -0.02), (x + thick * 0.6 + lean, -0.02), (x + thick, height)]
            )
            for _ in range(5):
                at, out = chance.uniform(0.05, 0.6) * height, chance.uniform(0.05, 0.13) * (1 if side < 0.5 else -1)
                pen.line([(x, at), (x + out * 0.6, at - 0.01), (x + out, at + 0.02)], 0.006)
        for _ in range(min(900, int(150 * width))):
            x = chance.random() * width
            foot, blade = float(np.interp(x, canvas.x[0], ground)), chance.uniform(0.015, 0.05)
            bend = chance.normal() * 0.02
            pen.polygon([(x - 0.003, foot + 0.01), (x + bend, foot - blade), (x + 0.003, foot + 0.01)])

    canvas.blend(canvas.shapes(draw), palette.depth(1.0))
    if palette.darkness > 0.9:
        fireflies(canvas, stage)
