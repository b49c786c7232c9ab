"""Dunes with one bright and one dark side, and what stands or walks in them."""

from __future__ import annotations

from functools import partial

import numpy as np

from safelight_sketch.air import air
from safelight_sketch.canvas import Canvas, Pen, profile, smooth
from safelight_sketch.colour import Array, from_hex, mix
from safelight_sketch.sky import sky
from safelight_sketch.stage import Layer, Stage

_SAND = tuple(map(from_hex, ("e9c9a0", "e3ac70", "d98f52", "b9683c")))


def desert(stage: Stage) -> tuple[Layer, ...]:
    """Compose dunes in depth."""
    dunes = tuple(
        Layer(name, partial(_dune, stage=stage, n=n))
        for n, name in enumerate(("the far dunes", "the dunes", "the ridge", "the sand"))
    )
    extras = stage.reading.extras
    return (
        *sky(stage),
        *((Layer("the pyramids", lambda canvas: _pyramids(canvas, stage)),) if "pyramid" in extras else ()),
        *dunes[:3],
        Layer("the caravan", lambda canvas: _caravan(canvas, stage)),
        dunes[3],
        *(
            (Layer("the cacti", lambda canvas: _cacti(canvas, stage)),)
            if "pyramid" not in extras and ("cactus" in extras or "camel" not in extras)
            else ()
        ),
        *air(stage),
    )


def _line(canvas: Canvas, stage: Stage, n: int) -> Array:
    """Return the crest of a dune: long slopes that end in rounded tops."""
    chance = stage.dice.stream(f"dune {n}")
    level = stage.horizon + (stage.frame.height - stage.horizon) * (-0.03, 0.12, 0.36, 0.62)[n]
    along = canvas.x[0] + chance.random() * 50
    wave = profile(chance, along, (1.7, 1.4, 1.15, 0.9)[n], octaves=2, rough=0.2, sharp=0.45)
    return (level - (0.05, 0.12, 0.17, 0.14)[n] * wave).astype(np.float32)


def _dune(canvas: Canvas, stage: Stage, n: int) -> None:
    palette, line = stage.palette, _line(canvas, stage, n)
    chance = stage.dice.stream(f"sand {n}")
    sand = mix(palette.depth((0.1, 0.3, 0.55, 0.85)[n]), _SAND[n], 0.78 * (1 - 0.6 * palette.darkness))
    lit = mix(mix(sand, palette.light, 0.42), (1.0, 0.9, 0.7), 0.1 * (1 - palette.darkness))
    dark = mix(sand, palette.shade, 0.42)
    alpha, top = canvas.below(line)
    depth = (canvas.y[top:] - line[None, :]).clip(0.0, None)
    # The knife edge runs down from the crest and swings: one side of it lies in the shade.
    swing = profile(chance, (canvas.y[top:, 0] * 1.0), 2.2, octaves=2)[:, None] * 0.05
    slope = np.gradient(line, canvas.pixel) * stage.lit_from
    wide = max(1, round(0.03 / canvas.pixel))
    even = np.convolve(np.pad(slope, 2 * wide, mode="edge"), np.ones(wide) / wide, mode="same")[2 * wide : -2 * wide]
    at = ((canvas.x + swing + depth * 0.7 * stage.lit_from) / canvas.frame.width * (canvas.columns - 1)).clip(
        0, canvas.columns - 1
    )
    facing = smooth(-0.12, 0.12, even[at.astype(np.intp)])
    ripples = (
        np.sin((canvas.y[top:] * 1.0 + 0.02 * profile(chance, canvas.x[0], 3, octaves=3)[None, :]) * (190 - 30 * n))
        * (0.0, 0.02, 0.045, 0.06)[n]
    )
    share = (facing * (0.72 - 0.25 * smooth(0.0, 0.3, depth)) + ripples + 0.3 * np.exp(-depth / 0.008)).clip(0, 1)[..., None]
    canvas.blend(
        alpha, (np.asarray(dark, np.float32) * (1 - share) + np.asarray(lit, np.float32) * share).astype(np.float32), top=top
    )
    if n < 3:
        haze = smooth(0.02, 0.2, depth) * alpha * 0.3
        canvas.blend(haze, mix(palette.haze, palette.sky[-1], 0.55), top=top)


def _pyramids(canvas: Canvas, stage: Stage) -> None:
    palette, chance = stage.palette, stage.dice.stream("pyramids")
    width = stage.frame.width
    for share, tall, nearness in ((0.32, 0.17, 0.25), (0.72, 0.13, 0.2), (0.5, 0.25, 0.45)):
        x = width * share + chance.uniform(-0.03, 0.03)
        foot, top, reach = stage.horizon + 0.06, stage.horizon - tall, tall * 1.25
        edge = x + tall * 0.28 * stage.lit_from
        stone = mix(palette.depth(nearness), _SAND[1], 0.6 * (1 - 0.6 * palette.darkness))
        far, near = x - reach * stage.lit_from, x + reach * stage.lit_from
        for side, colour in ((far, mix(stone, palette.shade, 0.35)), (near, mix(stone, palette.light, 0.4))):
            face = [(x, top), (side, foot), (edge, foot)]
            canvas.blend(canvas.shapes(lambda pen, face=face: pen.polygon(face)), colour)  # type: ignore[misc]


def _caravan(canvas: Canvas, stage: Stage) -> None:
    """Camels on the ridge, small enough for the desert to be large."""
    chance, line = stage.dice.stream("caravan"), _line(canvas, stage, 2)
    if "camel" not in stage.reading.extras and chance.random() < 0.5:
        return
    start, count, size = stage.frame.width * chance.uniform(0.18, 0.4), int(chance.integers(3, 5)), 0.05
    way = 1.0 if chance.random() < 0.5 else -1.0

    def draw(pen: Pen) -> None:
        for n in range(count):
            x = start + n * size * 1.75
            y = float(np.interp(x, canvas.x[0], line)) + 0.004
            _camel(pen, x, y, size * chance.uniform(0.9, 1.05), way)

    canvas.blend(canvas.shapes(draw), mix(stage.palette.shade, stage.palette.depth(0.8), 0.3))


def _camel(pen: Pen, x: float, y: float, size: float, way: float) -> None:
    def at(u: float, v: float) -> tuple[float, float]:
        return x + u * size * way, y - v * size

    pen.polygon(
        [
            at(*p)
            for p in (
                (-0.42, 0.72),
                (-0.3, 0.82),
                (-0.12, 0.84),
                (0.0, 1.08),
                (0.12, 0.86),
                (0.34, 0.8),
                (0.4, 0.6),
                (0.1, 0.5),
                (-0.36, 0.55),
            )
        ]
    )
    pen.line([at(0.36, 0.7), at(0.55, 0.66), at(0.64, 0.85), at(0.62, 1.05)], size * 0.11)
    pen.polygon([at(0.56, 1.1), at(0.66, 1.12), at(0.82, 1.02), at(0.8, 0.96), at(0.62, 0.98)])
    for leg in (-0.36, -0.26, 0.26, 0.36):
        pen.line([at(leg, 0.6), at(leg + 0.02, 0.3), at(leg, 0.0)], size * 0.06)
    pen.line([at(-0.42, 0.7), at(-0.48, 0.45)], size * 0.03)


def _cacti(canvas: Canvas, stage: Stage) -> None:
    chance, line, palette = stage.dice.stream("cacti"), _line(canvas, stage, 3), stage.palette
    green = mix(from_hex("3f7d58"), palette.shade, 0.25 + 0.5 * palette.darkness)
    rim = mix(mix(green, palette.light, 0.55), (1.0, 1.0, 1.0), 0.05)
    for share, tall in (
        (0.5 - 0.36 * stage.lit_from, 0.34),
        (0.5 + 0.4 * stage.lit_from, 0.16),
        (0.5 - 0.2 * stage.lit_from, 0.12),
    ):
        x = stage.frame.width * share + chance.uniform(-0.02, 0.02)
        foot = float(np.interp(x, canvas.x[0], line)) + 0.03
        arms = [(side, chance.uniform(0.35, 0.6), chance.uniform(0.2, 0.34)) for side in (-1, 1)]
        for colour, shift, thin in ((green, 0.0, 1.0), (rim, 0.3 * stage.lit_from, 0.26)):
            window = canvas.part(x - tall, foot - tall * 1.2, x + tall, foot + 0.02)
            wide = tall * 0.16

            def draw(pen: Pen, x: float = x + shift * wide, foot: float = foot, tall: float = tall, wide: float = wide * thin, arms: list[tuple[int, float, float]] = arms) -> None:  # fmt: skip
                top = foot - tall
                pen.line([(x, foot), (x, top)], wide)
                pen.disc((x, top), wide / 2)
                for side, at, high in arms:
                    joint, out = foot - tall * at, x + side * tall * 0.26
                    pen.line([(x, joint), (out, joint), (out, joint - tall * high)], wide * 0.72)
                    for point in ((out, joint), (out, joint - tall * high)):
                        pen.disc(point, wide * 0.36)

            window.blend(window.shapes(draw) * (1.0 if thin == 1.0 else 0.7), colour)
