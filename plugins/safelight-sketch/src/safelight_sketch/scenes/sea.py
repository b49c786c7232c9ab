"""Open sea, far islands, a sail or two."""

from __future__ import annotations

import numpy as np

from safelight_sketch.air import air
from safelight_sketch.canvas import Canvas, Pen, profile
from safelight_sketch.colour import mix
from safelight_sketch.sky import sky
from safelight_sketch.stage import Layer, Stage
from safelight_sketch.water import waves


def sea(stage: Stage) -> tuple[Layer, ...]:
    """Compose a seascape."""
    return (
        *sky(stage),
        Layer("the far islands", lambda canvas: islands(canvas, stage)),
        Layer("the water", lambda canvas: waves(canvas, stage)),
        Layer("the sails", lambda canvas: sails(canvas, stage)),
        Layer("the shore", lambda canvas: _shore(canvas, stage)),
        *air(stage),
    )


def islands(canvas: Canvas, stage: Stage) -> None:
    """Two pale rows of land on the horizon."""
    chance = stage.dice.stream("islands")
    for nearness, height in ((0.1, 0.07), (0.26, 0.045)):
        along = canvas.x[0] + chance.random() * 50
        line = profile(chance, along, 1.4, sharp=0.25) + 0.5 * profile(chance, along, 0.5, octaves=1)
        land = stage.horizon - np.maximum(line - 0.02, -0.05) * height * 1.7
        alpha, top = canvas.below(land)
        fade = 1.0 - 0.45 * ((canvas.y[top:] - stage.horizon + height) / height).clip(0.0, 1.0)
        canvas.blend(alpha * fade, mix(stage.palette.haze, stage.palette.depth(0.7), nearness), top=top)


def sails(canvas: Canvas, stage: Stage) -> None:
    """A few boats, small enough for the sea to be large; the nearest catches the light."""
    chance = stage.dice.stream("sails")
    count = 3 if "boat" in stage.reading.extras else 1
    for n in range(count):
        size = (0.1, 0.05, 0.032)[n] if "boat" in stage.reading.extras else 0.05
        x = canvas.frame.width * (chance.uniform(0.3, 0.7) if n == 0 else chance.uniform(0.08, 0.92))
        _boat(canvas, stage, x, stage.horizon + size * 0.75, size)


def _boat(canvas: Canvas, stage: Stage, x: float, y: float, size: float) -> None:
    canvas = canvas.part(x - size, y - size * 1.4, x + size, y + size)
    lean = size * 0.06 * -stage.lit_from

    def draw_hull(pen: Pen) -> None:
        pen.polygon(
            [
                (x - size * 0.42, y - size * 0.1),
                (x + size * 0.46, y - size * 0.13),
                (x + size * 0.3, y + size * 0.05),
                (x - size * 0.3, y + size * 0.05),
            ]
        )
        pen.line([(x, y - size * 0.1), (x + lean, y - size * 1.25)], size * 0.025)

    def draw_sails(pen: Pen) -> None:
        pen.polygon([(x + lean, y - size * 1.22), (x - size * 0.4, y - size * 0.2), (x - size * 0.02, y - size * 0.18)])
        pen.polygon(
            [(x + lean + size * 0.03, y - size * 1.1), (x + size * 0.38, y - size * 0.24), (x + size * 0.04, y - size * 0.2)], 0.8
        )

    def draw_image(pen: Pen) -> None:
        for k in range(7):  # the reflection breaks into strokes
            wide = size * (0.34 - 0.035 * k) * (1.0 if k % 2 else 0.7)
            at = y + size * (0.1 + 0.09 * k)
            pen.line([(x - wide, at), (x + wide * 0.9, at)], size * 0.035, 0.5 - 0.055 * k)

    palette = stage.palette
    canvas.blend(canvas.shapes(draw_image), mix(palette.depth(0.8), palette.accent, 0.25))
    canvas.blend(canvas.shapes(draw_hull), palette.depth(0.95))
    canvas.blend(
        canvas.shapes(draw_sails) * 0.95,
        mix(palette.accent, palette.light, 0.5) if palette.darkness < 0.9 else palette.depth(0.35),
    )


def _shore(canvas: Canvas, stage: Stage) -> None:
    """Dark rocks in one corner: something to stand on."""
    chance = stage.dice.stream("shore")
    side = -stage.lit_from
    from_edge = canvas.x[0] if side < 0 else canvas.frame.width - canvas.x[0]
    for nearness, reach, height in ((0.8, 0.62, 0.1), (1.0, 0.45, 0.13)):
        rough = profile(chance, canvas.x[0] + chance.random() * 50, 3.2, sharp=0.35)
        rise = height * (1.0 - (from_edge / reach) ** 1.6) + 0.03 * rough * (from_edge < reach * 1.2)
        alpha, top = canvas.below((canvas.frame.height - np.maximum(rise, -0.1)).astype(np.float32))
        canvas.blend(alpha, stage.palette.depth(nearness), top=top)
