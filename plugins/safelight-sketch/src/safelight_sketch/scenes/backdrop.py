"""A painted cloth for sitters: one colour that deepens, a great pale disc, leaves at the sides."""

from __future__ import annotations

import numpy as np

from safelight_sketch.canvas import Canvas, Pen
from safelight_sketch.clay import smoothed
from safelight_sketch.colour import from_hex, mix, ramp
from safelight_sketch.stage import Layer, Stage

_CLOTHS = tuple(
    tuple(map(from_hex, row.split()))
    for row in (
        "2f6f73 7fb3a6 f2d7a6",
        "c4543f e98f62 f8d49a",
        "3d4a86 8b86c0 f3c9c0",
        "8a4f7d d98a9a fbdcb8",
        "2f5d50 8fae7a f4e1a8",
    )
)


def backdrop(stage: Stage) -> tuple[Layer, ...]:
    """Hang the cloth."""
    return (
        Layer("the backdrop", lambda canvas: _cloth(canvas, stage)),
        Layer("the leaves", lambda canvas: _leaves(canvas, stage)),
    )


def _cloth(canvas: Canvas, stage: Stage) -> None:
    palette, chance = stage.palette, stage.dice.stream("cloth")
    deep, middle, pale = _CLOTHS[int(chance.integers(len(_CLOTHS)))]
    if stage.reading.colours:
        deep, middle, pale = palette.sky[0], palette.sky[len(palette.sky) // 2], palette.sky[-1]
    dim = 0.55 * palette.darkness
    deep, middle = mix(deep, palette.sky[0], dim), mix(middle, palette.sky[1], dim)
    drift = canvas.noise(chance, 1.3, octaves=4) - 0.5
    at = (canvas.y / canvas.frame.height + drift * 0.3).clip(0.0, 1.0)
    canvas.rgb[:] = ramp((deep, middle), at)
    centre = (canvas.frame.width / 2, canvas.frame.height - 0.56 - 0.12 * min(canvas.frame.height - 1.0, 2.0))
    distance = canvas.distance(centre)
    canvas.glow(centre, 0.45, mix(middle, pale, 0.6), 0.3)
    disc = ((0.35 - distance) / max(canvas.pixel * 1.5, 0.003) + 0.5).clip(0.0, 1.0)
    canvas.blend(disc * 0.9, ramp((pale, mix(pale, middle, 0.45)), (canvas.y - centre[1] + 0.35).clip(0, 1) + drift * 0.1))


def _leaves(canvas: Canvas, stage: Stage) -> None:
    chance, palette = stage.dice.stream("leaves"), stage.palette
    frame = stage.frame
    for row, share in enumerate((0.3, 0.62)):
        stems = []
        for side in (0.0, 1.0):
            for _ in range(3):
                foot = (frame.width * side + (0.5 - side) * chance.uniform(-0.1, 0.25), frame.height * 1.02)
                lean = (0.5 - side) * chance.uniform(-0.25, 0.35)
                stems.append((foot, lean, chance.uniform(0.3, 0.62) * (1 - 0.3 * row)))

        def draw(pen: Pen, stems: list[tuple[tuple[float, float], float, float]] = stems) -> None:
            for (x, y), lean, tall in stems:
                spine = smoothed([(x, y), (x + lean * 0.25, y - tall * 0.5), (x + lean, y - tall)], is_closed=False)
                pen.line(spine, 0.006)
                for n in range(3, len(spine) - 1, 2):
                    long = 0.085 * (1.1 - n / len(spine))
                    for way in (-1.0, 1.0):
                        _leaf(pen, spine[n], way * 1.0 - 1.57 + lean * 0.6, long)
                _leaf(pen, spine[-1], -1.57 + lean, 0.06)

        canvas.blend(
            canvas.shapes(draw) * 0.92, mix(mix(from_hex("2c6650"), palette.shade, share), palette.haze, 0.3 - 0.25 * row)
        )


def _leaf(pen: Pen, at: tuple[float, float], angle: float, long: float) -> None:
    along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    shape = [(0.0, 0.0), (0.3, 0.16), (0.65, 0.15), (1.0, 0.0), (0.65, -0.15), (0.3, -0.16)]
    points = [(float(p[0]), float(p[1])) for p in (np.array(at) + long * (a * along + b * across) for a, b in shape)]
    pen.polygon(smoothed(points, is_closed=True, steps=4))
