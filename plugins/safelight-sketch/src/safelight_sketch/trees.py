"""Trees and what stands among them."""

from __future__ import annotations

import numpy as np

from safelight_sketch.canvas import Canvas, Pen
from safelight_sketch.colour import Array, Colour, mix
from safelight_sketch.stage import Stage


def conifers(
    canvas: Canvas,
    stage: Stage,
    name: str,
    ground: Array,
    *,
    tall: float,
    per_unit: float,
    colour: Array | Colour,
    clump: bool = False,
) -> None:
    """
    Plant a row of conifers on a profile.

    Args:
        tall: Height of the middling tree.
        per_unit: Trees to a unit of width.
        clump: Leave the middle of the picture open.
    """
    chance = stage.dice.stream(name)
    width = stage.frame.width
    places = np.sort(chance.uniform(-0.03, 1.03, min(600, int(per_unit * width) + 2))) * width
    sizes = tall * np.exp(chance.normal(0.0, 0.28, places.size))
    if clump:
        sizes = sizes * (0.35 + 1.1 * np.abs(places / width - 0.5 - 0.12 * stage.lit_from) ** 0.8 * 2.0)

    def draw(pen: Pen) -> None:
        for x, size in zip(places, sizes, strict=True):
            foot = float(np.interp(x, canvas.x[0], ground))
            _conifer(pen, chance, float(x), foot + 0.01, float(size))

    canvas.blend(canvas.shapes(draw), colour)


def _conifer(pen: Pen, chance: np.random.Generator, x: float, foot: float, tall: float) -> None:
    """Tiers of drooping branches, no two sides alike."""
    tiers = 9
    half = tall * chance.uniform(0.17, 0.23)
    lean = tall * chance.normal(0.0, 0.008)
    left, right = [(x + lean, foot - tall)], [(x + lean, foot - tall)]
    for tier in range(1, tiers + 1):
        t = tier / tiers
        y = foot - tall * (1.0 - t * 0.9)
        for side, points in ((-1, left), (1, right)):
            reach = half * t**0.9 * chance.uniform(0.75, 1.1)
            points.append((x + side * reach, y))
            points.append((x + side * reach * 0.42, y - tall * 0.012))
    pen.polygon([*left, *reversed(right)])
    pen.rectangle(x - tall * 0.018, foot - tall * 0.12, x + tall * 0.018, foot + 0.01)


def broadleaf(pen: Pen, chance: np.random.Generator, x: float, foot: float, tall: float) -> None:
    """A round crown of many leaves on a thin trunk."""
    pen.polygon(
        [
            (x - tall * 0.03, foot),
            (x - tall * 0.012, foot - tall * 0.6),
            (x + tall * 0.012, foot - tall * 0.6),
            (x + tall * 0.03, foot),
        ]
    )
    for _ in range(26):
        angle, away = chance.uniform(0, 2 * np.pi), tall * 0.22 * np.sqrt(chance.random())
        pen.disc(
            (x + away * np.cos(angle) * 1.05, foot - tall * 0.68 + away * np.sin(angle) * 1.25), tall * chance.uniform(0.05, 0.1)
        )


def cabin(canvas: Canvas, stage: Stage, ground: Array, size: float) -> None:
    """A log cabin with light in its window and smoke from its chimney."""
    chance = stage.dice.stream("cabin")
    x = stage.frame.width * (0.5 + 0.12 * stage.lit_from + chance.uniform(-0.05, 0.05))
    foot = float(np.interp(x, canvas.x[0], ground)) + size * 0.12
    palette = stage.palette

    def walls(pen: Pen) -> None:
        pen.rectangle(x - size * 0.62, foot - size * 0.62, x + size * 0.62, foot)
        pen.polygon([(x - size * 0.62, foot - size * 0.6), (x, foot - size * 1.15), (x + size * 0.62, foot - size * 0.6)])

    def roof(pen: Pen) -> None:
        pen.line(
            [(x - size * 0.82, foot - size * 0.5), (x, foot - size * 1.2), (x + size * 0.82, foot - size * 0.5)], size * 0.12
        )
        pen.rectangle(x + size * 0.3, foot - size * 1.32, x + size * 0.46, foot - size * 0.85)

    def windows(pen: Pen) -> None:
        pen.rectangle(x - size * 0.42, foot - size * 0.48, x - size * 0.12, foot - size * 0.2)
        pen.rectangle(x + size * 0.14, foot - size * 0.46, x + size * 0.38, foot)

    def smoke(pen: Pen) -> None:
        for k in range(22):
            t = k / 21
            pen.disc(
                (x + size * (0.38 + 0.5 * t * t - 0.14 * np.sin(t * 7)), foot - size * (1.4 + 1.9 * t)),
                size * (0.05 + 0.12 * t),
                0.34 * (1 - t),
            )

    window = canvas.part(x - size * 2, foot - size * 4, x + size * 2, foot + size)
    window.blend(window.shapes(smoke), mix(palette.haze, (1.0, 1.0, 1.0), 0.3))
    window.blend(window.shapes(walls), mix(palette.depth(0.85), palette.accent, 0.14))
    window.blend(window.shapes(roof), (0.95, 0.95, 0.98) if "snow" in stage.reading.extras else palette.depth(1.0))
    window.blend(window.shapes(windows), palette.accent)
    canvas.glow((x, foot - size * 0.3), size * 0.7, palette.accent, 0.12 + 0.3 * palette.darkness)
