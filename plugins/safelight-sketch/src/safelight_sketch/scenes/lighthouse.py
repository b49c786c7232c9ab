"""A lighthouse on its headland, its lamp lit: our mascot."""

from __future__ import annotations

import numpy as np

from safelight_sketch.air import air
from safelight_sketch.canvas import Canvas, profile, smooth
from safelight_sketch.colour import Array, mix
from safelight_sketch.scenes.sea import islands, sails
from safelight_sketch.sky import sky
from safelight_sketch.stage import Layer, Stage
from safelight_sketch.tower import Tower, build, light
from safelight_sketch.water import waves


def lighthouse(stage: Stage) -> tuple[Layer, ...]:
    """Compose the sea with a tower opposite the light."""
    chance = stage.dice.stream("tower")
    height = chance.uniform(0.36, 0.42)
    side = -stage.lit_from
    tower = Tower(
        x=stage.frame.width * (0.5 + side * chance.uniform(0.2, 0.25)),
        foot=stage.horizon + chance.uniform(0.0, 0.03),
        height=height,
        wide=height * 0.125,
        slim=height * 0.082,
        side=side,
    )
    return (
        *sky(stage),
        Layer("the far islands", lambda canvas: islands(canvas, stage)),
        Layer("the water", lambda canvas: waves(canvas, stage)),
        Layer("the sails", lambda canvas: sails(canvas, stage)),
        Layer("the beam", lambda canvas: _beam(canvas, stage, tower)),
        Layer("the headland", lambda canvas: _headland(canvas, stage, tower)),
        Layer("the lighthouse", lambda canvas: build(canvas, stage, tower)),
        Layer("the lamp", lambda canvas: light(canvas, stage, tower)),
        *air(stage),
    )


def _beam(canvas: Canvas, stage: Stage, tower: Tower) -> None:
    """Two cones of light from the lamp: one over the sea, one away from us."""
    x, y = canvas.x - tower.lamp[0], canvas.y - tower.lamp[1]
    away = np.hypot(x, y) + 1e-4
    haze = 0.75 + 0.5 * canvas.noise(stage.dice.stream("beam"), 3, octaves=3, stretch=2)
    strength = 0.12 + 0.42 * min(1.0, stage.palette.darkness * 1.4)
    for direction, share in ((-tower.side, 1.0), (tower.side, 0.55)):
        tilt = -0.1 if direction == -tower.side else -0.16
        across = np.abs(y / away - tilt)
        cone = smooth(0.085, 0.02, across) * (x * direction > 0) * np.exp(-away * 1.15) * smooth(0.0, 0.06, away)
        canvas.shine((cone * haze * strength * share).astype(np.float32), mix(stage.palette.accent, (1.0, 1.0, 0.92), 0.5))


def _land(canvas: Canvas, stage: Stage, tower: Tower, name: str, drop: float, reach: float) -> Array:
    """Return the profile of a headland: level under the tower, falling in steps to the sea, rising to the picture's edge."""
    chance = stage.dice.stream(name)
    out = (canvas.x[0] - tower.x) * -tower.side  # positive towards the sea
    along = canvas.x[0] + chance.random() * 50
    out = out + 0.045 * profile(chance, along, 5, octaves=4)
    grassy = 0.022 * profile(chance, along, 2.4, octaves=3)
    rocky = 0.05 * profile(chance, along, 6, octaves=5, rough=0.6, sharp=0.4)
    beyond = (out - 0.13) / reach
    fall = 0.5 * (beyond + np.sqrt(beyond**2 + 0.05))  # a brow that bends before it drops
    rise = -0.1 * smooth(0.16, 0.7, -out)
    is_level = smooth(0.02, 0.1, np.abs(out))
    line = tower.foot + drop + rise + grassy * is_level + 0.34 * fall + rocky * smooth(0.1, 0.8, fall)
    edge: Array = line.astype(np.float32)
    return edge


def _headland(canvas: Canvas, stage: Stage, tower: Tower) -> None:
    palette, relief = stage.palette, canvas.noise(stage.dice.stream("relief"), 7, octaves=5, stretch=0.6)
    for name, drop, reach, nearness in (("rocks", 0.17, 0.62, 0.62), ("cliff", -0.012, 0.3, 0.8), ("grass", 0.19, 0.75, 1.0)):
        line = _land(canvas, stage, tower, name, drop, reach)
        alpha, top = canvas.below(line)
        dark = palette.depth(nearness)
        depth = (canvas.y[top:] - line[None, :]).clip(0.0, None)
        lit = np.exp(-depth / 0.012) * 0.55 + smooth(0.48, 0.72, relief[top:]) * 0.24 * np.exp(-depth / 0.22)
        turned = smooth(-0.3, 1.0, -np.gradient(line, canvas.pixel) * stage.lit_from * -1.0)
        glow = mix(palette.sky[-1], palette.light, 0.3)
        share = (lit * (0.35 + 0.65 * turned[None, :]) * (0.75 - 0.4 * palette.darkness))[..., None]
        canvas.blend(alpha, np.asarray(dark, np.float32) * (1 - share) + np.asarray(glow, np.float32) * share, top=top)
