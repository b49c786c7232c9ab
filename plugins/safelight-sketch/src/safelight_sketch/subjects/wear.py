"""What a sitter wears: glasses, a crown, a wizard's hat, flowers in the hair."""

from __future__ import annotations

import numpy as np

from safelight_sketch.canvas import Canvas
from safelight_sketch.clay import Clay, Pose
from safelight_sketch.colour import Colour, from_hex, mix
from safelight_sketch.stage import Stage

_GOLD, _INK, _LEAF = from_hex("e8b23a"), from_hex("2a1d24"), from_hex("4f8a55")
_FELTS = tuple(map(from_hex, ("34356f", "5a2f6b", "2f5d50")))
_PETALS = tuple(map(from_hex, ("e8557a", "f7a33c", "fbf1e4", "d8433b", "f4a6b8")))


def worn_behind(clay: Clay, pose: Pose, wears: frozenset[str]) -> None:
    """Paint what is seen behind the head."""
    if "hat" in wears:
        clay.body([pose.oval(0.0, 0.855, 0.36, 0.07)], mix(_felt(clay.stage), _INK, 0.45), volume=0.02)


def put_on(canvas: Canvas, stage: Stage, pose: Pose, hair: Colour, wears: frozenset[str]) -> None:
    """Paint what is seen before the head."""
    clay = Clay(canvas, stage)
    if "glasses" in wears:
        _glasses(clay, pose)
    if "hat" in wears:
        _hat(clay, pose)
    elif "crown" in wears:
        _crown(clay, pose)
    if "flowers" in wears:
        _flowers(clay, pose, hair)


def _glasses(clay: Clay, pose: Pose) -> None:
    angles = np.linspace(0, 2 * np.pi, 40)
    rims = [[pose.at(s * 0.08 + 0.06 * np.cos(a), 0.66 + 0.055 * np.sin(a)) for a in angles] for s in (-1, 1)]
    clay.mark([pose.oval(s * 0.08, 0.66, 0.058, 0.053) for s in (-1, 1)], (1.0, 1.0, 1.0), 0.13)
    bars = [[pose.at(-0.021, 0.668), pose.at(0.0, 0.676), pose.at(0.021, 0.668)]]
    bars += [[pose.at(s * 0.139, 0.67), pose.at(s * 0.176, 0.68)] for s in (-1, 1)]
    clay.lines([*rims, *bars], 0.009, from_hex("3a2a2a"))


def _felt(stage: Stage) -> Colour:
    return _FELTS[int(stage.dice.stream("felt").integers(len(_FELTS)))]


def _hat(clay: Clay, pose: Pose) -> None:
    felt = _felt(clay.stage)
    cone = pose.outline(
        (-0.215, 0.86), (-0.15, 0.99), (-0.06, 1.09), (0.06, 1.12), (0.12, 1.07), (0.14, 1.0), (0.2, 0.87), (0.0, 0.83)
    )
    clay.body([cone], felt, volume=0.04)
    stars = [pose.corners(*((x + size * (1.0 if k % 2 == 0 else 0.42) * np.sin(k * np.pi / 5), up + size * (1.0 if k % 2 == 0 else 0.42) * np.cos(k * np.pi / 5)) for k in range(10))) for x, up, size in ((-0.06, 0.99, 0.03), (0.05, 1.05, 0.024), (0.09, 0.95, 0.026))]  # fmt: skip
    clay.mark(stars, _GOLD, 0.95)
    clay.body(
        [pose.ribbon([(-0.37, 0.86), (-0.2, 0.825), (0.0, 0.81), (0.2, 0.825), (0.37, 0.86)], (0.01, 0.06, 0.07, 0.06, 0.01))],
        felt,
        volume=0.015,
    )
    clay.mark([pose.ribbon([(-0.2, 0.872), (0.0, 0.85), (0.19, 0.872)], (0.024, 0.024))], _GOLD, 0.9)


def _crown(clay: Clay, pose: Pose) -> None:
    crown = pose.corners((-0.16, 0.88), (-0.2, 1.03), (-0.105, 0.97), (-0.06, 1.07), (0.0, 0.98), (0.06, 1.07), (0.105, 0.97), (0.2, 1.03), (0.16, 0.88), (0.08, 0.868), (0.0, 0.864), (-0.08, 0.868))  # fmt: skip
    clay.body([crown], _GOLD, volume=0.015, glow=0.6)
    tips = [pose.oval(x, up, 0.014, 0.014) for x, up in ((-0.2, 1.03), (-0.06, 1.07), (0.06, 1.07), (0.2, 1.03))]
    clay.body(tips, mix(_GOLD, (1.0, 1.0, 1.0), 0.4), volume=0.006)
    for x, colour in ((-0.1, from_hex("3f8fb0")), (0.0, from_hex("d8433b")), (0.1, from_hex("3f8fb0"))):
        clay.body([pose.oval(x, 0.905 - 0.012 * (1 - (x / 0.1) ** 2), 0.019, 0.019)], colour, volume=0.008)


def _flowers(clay: Clay, pose: Pose, hair: Colour) -> None:
    """A wreath over the brow, with one large flower."""
    chance = clay.stage.dice.stream("wreath")
    start = int(chance.integers(len(_PETALS)))
    for n, t in enumerate(np.linspace(-1, 1, 9)):
        x, up = 0.2 * t, 0.83 + 0.115 * np.sqrt(1 - 0.8 * t * t)
        leaf = pose.oval(x * 1.14, up + 0.012, 0.035, 0.015, 0.9 * (-t) + (0.7 if n % 2 else -0.7))
        clay.body([leaf], mix(_LEAF, hair, 0.15), volume=0.008)
    for n, (t, size) in enumerate(((-0.98, 0.038), (0.95, 0.04), (-0.62, 0.05), (0.58, 0.052), (-0.18, 0.056), (0.22, 0.05))):
        x, up, colour = 0.2 * t, 0.83 + 0.115 * np.sqrt(1 - 0.8 * t * t), _PETALS[(start + n) % len(_PETALS)]
        turns = [n + k * 2 * np.pi / 6 for k in range(6)]
        clay.body(
            [pose.oval(x + size * 0.6 * np.cos(a), up + size * 0.6 * np.sin(a), size * 0.5, size * 0.38, a) for a in turns],
            colour,
            volume=0.01,
        )
        clay.body([pose.oval(x, up, size * 0.3, size * 0.3)], _GOLD, volume=0.008)
