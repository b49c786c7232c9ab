"""The features of a human face: eyes, brows, nose, a smile."""

from __future__ import annotations

import numpy as np

from safelight_sketch.canvas import Canvas
from safelight_sketch.clay import Clay, Outline, Pose, smoothed
from safelight_sketch.colour import Colour, from_hex, mix
from safelight_sketch.stage import Stage

_INK, _WHITE = from_hex("2a1d24"), from_hex("fdf8f0")
_IRIS = tuple(map(from_hex, ("5a3a26", "3f6f8f", "4f7d52", "7a5a2c")))
_LEVEL, _APART = 0.665, 0.078


def features(canvas: Canvas, stage: Stage, pose: Pose, skin: Colour, hair: Colour, wears: frozenset[str]) -> None:
    """Draw them; the eyes are open, or closed in a smile."""
    clay, chance = Clay(canvas, stage), stage.dice.stream("features")
    is_closed, iris = chance.random() < 0.3, _IRIS[int(chance.integers(len(_IRIS)))]
    rose = mix(skin, from_hex("e0524a"), 0.55)
    brow = mix(mix(hair, _INK, 0.35), skin, 0.15)
    for side in (-1, 1):
        clay.blush(pose.oval(side * 0.112, 0.575, 0.048, 0.034), rose, 0.42, 0.02)
        at = side * _APART
        arch = [(at - side * 0.035, _LEVEL + 0.056), (at + side * 0.01, _LEVEL + 0.07), (at + side * 0.046, _LEVEL + 0.056)]
        clay.mark([pose.ribbon(arch, (0.014, 0.016, 0.004))], brow)
        if is_closed:
            clay.lines(
                [[pose.at(at + u * 0.036, _LEVEL - 0.008 - 0.017 * (1 - u * u)) for u in np.linspace(-1, 1, 9)]], 0.009, _INK
            )
            lashes = [[pose.at(at + side * u * 0.036, _LEVEL - 0.01 - 0.017 * (1 - u * u)), pose.at(at + side * (u * 0.036 + 0.012), _LEVEL - 0.03 - 0.008 * (1 - u))] for u in (0.35, 0.75)]  # fmt: skip
            clay.lines(lashes, 0.005, _INK)
            continue
        white = _almond(pose, at, side)
        clay.mark([white], _WHITE)
        clay.mark([pose.oval(at, _LEVEL + 0.002, 0.022, 0.024)], iris, inside=[white])
        clay.mark([pose.oval(at, _LEVEL + 0.002, 0.012, 0.013)], _INK, inside=[white])
        clay.mark([pose.oval(at + 0.008 * stage.lit_from * pose.turned, _LEVEL + 0.011, 0.0065, 0.0065)], (1.0, 1.0, 1.0))
        lid = [
            (at - side * 0.038, _LEVEL - 0.004),
            (at - side * 0.012, _LEVEL + 0.023),
            (at + side * 0.02, _LEVEL + 0.021),
            (at + side * 0.046, _LEVEL + 0.004),
        ]
        clay.mark([pose.ribbon(lid, (0.004, 0.011, 0.013, 0.006))], _INK)
    shade = mix(skin, from_hex("7a2f28"), 0.38)
    nose = smoothed(
        [pose.at(*p) for p in ((0.006, 0.645), (0.016, 0.6), (0.026, 0.573), (0.008, 0.56), (-0.012, 0.565))], is_closed=False
    )
    clay.lines([nose], 0.008, shade, 0.85)
    lips = mix(mix(skin, from_hex("c8383f"), 0.62), _INK, 0.08)
    if "beard" in wears:
        clay.mark(
            [
                pose.ribbon(
                    [(-0.085, 0.515), (-0.04, 0.545), (0.0, 0.535), (0.04, 0.545), (0.085, 0.515)], (0.0, 0.03, 0.028, 0.03, 0.0)
                )
            ],
            mix(hair, _INK, 0.12),
        )
        clay.mark([pose.outline((-0.035, 0.505), (0.0, 0.512), (0.035, 0.505), (0.0, 0.488))], lips)
        return
    clay.mark(
        [
            pose.outline(
                (-0.052, 0.513), (-0.018, 0.518), (0.0, 0.513), (0.018, 0.518), (0.052, 0.513), (0.02, 0.489), (-0.02, 0.489)
            )
        ],
        lips,
    )
    smile = smoothed([pose.at(*p) for p in ((-0.068, 0.53), (-0.034, 0.508), (0.034, 0.508), (0.068, 0.53))], is_closed=False)
    clay.lines([smile], 0.006, mix(lips, _INK, 0.5))


def _almond(pose: Pose, at: float, side: int) -> Outline:
    return pose.outline(
        (at - side * 0.038, _LEVEL - 0.004), (at - side * 0.014, _LEVEL + 0.021), (at + side * 0.018, _LEVEL + 0.021),
        (at + side * 0.044, _LEVEL + 0.003), (at + side * 0.014, _LEVEL - 0.018), (at - side * 0.016, _LEVEL - 0.018),
    )  # fmt: skip
