"""Ranges behind ranges, snow on the high ones, mist between, pines in front."""

from __future__ import annotations

from functools import partial

import numpy as np

from safelight_sketch.air import air
from safelight_sketch.canvas import Canvas, peaks, profile, smooth
from safelight_sketch.colour import Array, mix
from safelight_sketch.sky import sky
from safelight_sketch.stage import Layer, Stage
from safelight_sketch.trees import cabin, conifers
from safelight_sketch.water import mirror

_RANGES = 5
_PEAKED = 3  # the far ones; the near ones are hills


def mountains(stage: Stage) -> tuple[Layer, ...]:
    """Compose a mountain view; a lake lies in it when asked for, or by chance."""
    has_lake = "lake" in stage.reading.extras or stage.dice.stream("lake").random() < 0.35
    shore = stage.horizon + (stage.frame.height - stage.horizon) * 0.35
    ranges = tuple(
        Layer(name, partial(_range, stage=stage, n=n, shore=shore if has_lake else None))
        for n, name in enumerate(("the far range", "the high peaks", "the ridges", "the hills", "the near hills"))
    )
    water = (Layer("the lake", lambda canvas: mirror(canvas, stage, shore)),) if has_lake else ()
    return (*sky(stage), *ranges, *water, Layer("the pines", lambda canvas: _pines(canvas, stage)), *air(stage))


def _range(canvas: Canvas, stage: Stage, n: int, shore: float | None) -> None:
    """One range: number 0 is the farthest, 1 carries the high peaks."""
    palette, chance = stage.palette, stage.dice.stream(f"range {n}")
    along = canvas.x[0].astype(np.float64) + chance.random() * 50
    foot = (shore or stage.frame.height * 0.93) - stage.horizon
    base = stage.horizon + foot * (n / (_RANGES - 1)) ** 1.2 * 0.92
    height = (0.2, 0.36, 0.2, 0.12, 0.09)[n]
    rough = profile(chance, along, 3.5, octaves=6, rough=0.56)
    if n < _PEAKED:
        crest = 1.55 * peaks(chance, along, (0.34, 0.5, 0.3)[n]) - 0.5 + 0.2 * rough
    else:
        crest = profile(chance, along, 1.6, octaves=2) + 0.16 * rough
    line = (base - height * (0.3 + 0.75 * crest)).astype(np.float32)
    alpha, top = canvas.below(line)
    depth = (canvas.y[top:] - line[None, :]).clip(0.0, None)
    jag = canvas.noise(chance, 5, octaves=5)[top:] - 0.5
    facing = _facing(canvas, stage, line, depth, jag)
    nearness = (0.12, 0.3, 0.5, 0.74, 0.95)[n]
    lit = (smooth(-0.3, 0.55, facing) * (0.55 if n < _PEAKED else 0.2) * (1 - 0.35 * palette.darkness))[..., None]
    sunny = np.asarray(mix(palette.depth(nearness * 0.55), palette.light, 0.42), np.float32)
    body = np.asarray(palette.depth(nearness), np.float32) * (1 - lit) + sunny * lit
    if n == 1 or (n in {0, 2} and "snow" in stage.reading.extras):
        reach = height * (0.1 + 0.42 * np.clip(crest, 0.0, 1.0)) * (1.0 if n == 1 else 0.8)
        _snow(stage, body, smooth(0.02, -0.02, depth - reach[None, :] + jag * 0.24), facing)
    canvas.blend(alpha, body, top=top)
    mist = smooth(0.06, height * 1.15, depth) * alpha * (0.85 if n < _RANGES - 1 else 0.0)
    canvas.blend(mist, mix(palette.haze, palette.sky[-1], 0.45 - 0.08 * n), top=top)


def _facing(canvas: Canvas, stage: Stage, line: Array, depth: Array, jag: Array) -> Array:
    """Return how far each place looks towards the light: a jagged edge runs down from each peak and divides the two sides."""
    wide = max(1, round(0.02 / canvas.pixel))
    even = np.convolve(np.pad(line, 2 * wide, mode="edge"), np.ones(wide) / wide, mode="same")[2 * wide : -2 * wide]
    slope = np.gradient(even, canvas.pixel) * stage.lit_from
    at = (canvas.x + jag * (0.04 + depth * 1.3)) / canvas.frame.width * (canvas.columns - 1)
    facing: Array = slope[at.clip(0, canvas.columns - 1).astype(np.intp)]
    return facing


def _snow(stage: Stage, body: Array, cover: Array, facing: Array) -> None:
    """Lay snow on a range: bright towards the light, blue away from it."""
    palette = stage.palette
    bright = np.asarray(mix((1.0, 1.0, 1.0), palette.light, 0.35), np.float32)
    blue = mix(mix((0.78, 0.84, 0.96), palette.haze, 0.5), palette.sky[0], 0.22 + 0.3 * palette.darkness)
    shine = smooth(-0.15, 0.45, facing)[..., None] * (0.95 - 0.4 * palette.darkness)
    body += (np.asarray(blue, np.float32) * (1 - shine) + bright * shine - body) * cover[..., None]


def _pines(canvas: Canvas, stage: Stage) -> None:
    palette, chance = stage.palette, stage.dice.stream("meadow")
    rise = 0.05 * profile(chance, canvas.x[0] + chance.random() * 50, 0.9, octaves=3)
    ground = (stage.frame.height - 0.06 - rise).astype(np.float32)
    alpha, top = canvas.below(ground)
    canvas.blend(alpha, palette.depth(1.0), top=top)
    conifers(canvas, stage, "pines", ground, tall=0.17, per_unit=13, colour=palette.depth(1.0), clump=True)
    if "cabin" in stage.reading.extras:
        cabin(canvas, stage, ground, 0.075)
