"""An animal's face: eyes, nose, mouth, and the blush of its cheeks."""

from __future__ import annotations

import attrs
import numpy as np

from safelight_sketch.clay import Clay, Pose, smoothed
from safelight_sketch.colour import from_hex

_INK, _WHITE, _NOSE, _BLUSH = from_hex("241c24"), (1.0, 1.0, 1.0), from_hex("e8857e"), from_hex("f0857a")
_IRIS = tuple(map(from_hex, ("8fbf5a", "e0b040", "5fa8c8", "d98a3a")))


@attrs.frozen(kw_only=True)
class Face:
    """
    Where things are in a face, in the figure's coordinates.

    Attributes:
        eyes: How far each is from the middle.
        level: How high they are.
        size: Half the height of one.
        is_dark: All pupil, rather than an iris of a colour.
    """

    eyes: float
    level: float
    size: float
    is_dark: bool


def expression(clay: Clay, pose: Pose, face: Face, chance: np.random.Generator) -> None:
    """Draw the face: eyes wide open, or closed with pleasure."""
    unit, level, size = pose.size, face.level, face.size
    is_content, iris = chance.random() < 0.22, _IRIS[int(chance.integers(len(_IRIS)))]
    for side in (-1, 1):
        clay.blush(pose.oval(side * face.eyes * 1.55, level - 0.085, 0.05, 0.032), _BLUSH, 0.4, unit * 0.025)
        middle = side * face.eyes
        if is_content:
            arc = [pose.at(middle + u * size, level - 0.02 + 0.035 * (1 - u * u)) for u in np.linspace(-1, 1, 9)]
            clay.lines([arc], unit * 0.017, _INK)
            continue
        clay.mark([pose.oval(middle, level, size * 0.98, size * 1.1)], _INK)
        if not face.is_dark:
            clay.mark([pose.oval(middle, level - 0.002, size * 0.8, size * 0.92)], iris)
            clay.mark([pose.oval(middle, level, size * 0.46, size * 0.82)], _INK)
        # Both eyes catch the same light, whichever way the animal is turned.
        glint = clay.stage.lit_from * pose.turned * size * 0.3
        clay.mark([pose.oval(middle + glint, level + size * 0.38, size * 0.28, size * 0.3)], _WHITE)
        clay.mark([pose.oval(middle - glint, level - size * 0.45, size * 0.13, size * 0.14)], _WHITE, 0.8)
    nose = level - 0.082
    clay.mark(
        [pose.even((0.0, nose + 0.012), (0.026, nose + 0.014), (0.024, nose - 0.004), (0.0, nose - 0.02))],
        _NOSE if not face.is_dark else _INK,
    )
    for side in (-1, 1):
        smile = [
            (0.0, nose - 0.02),
            (0.0, nose - 0.034),
            (side * 0.018, nose - 0.05),
            (side * 0.042, nose - 0.045),
            (side * 0.052, nose - 0.032),
        ]
        clay.lines([smoothed([pose.at(*point) for point in smile], is_closed=False)], unit * 0.009, _INK, 0.85)
