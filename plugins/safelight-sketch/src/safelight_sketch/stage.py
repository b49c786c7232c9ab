"""What every scene is given, and what it gives back: layers, from the farthest to the nearest."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from safelight_sketch.canvas import Canvas, Frame, Point
from safelight_sketch.dice import Dice
from safelight_sketch.palette import Palette
from safelight_sketch.reading import Reading


@attrs.frozen(kw_only=True)
class Stage:
    """
    One picture before the first stroke.

    Attributes:
        horizon: Where the sky ends, in units from the top.
        light: Where the sun or the moon stands.
    """

    frame: Frame
    reading: Reading
    palette: Palette
    dice: Dice
    horizon: float
    light: Point

    @property
    def lit_from(self) -> float:
        """-1 when the light comes from the left, 1 from the right."""
        return 1.0 if self.light[0] > self.frame.width / 2 else -1.0


@attrs.frozen
class Layer:
    """
    One thing in the picture.

    Attributes:
        name: What people read while it is painted: `the sky`.
        paint: Puts it on a canvas of any size; the same each time.
    """

    name: str
    paint: Callable[[Canvas], None]


Scene = Callable[[Stage], tuple[Layer, ...]]


def set_stage(reading: Reading, palette: Palette, dice: Dice, frame: Frame, horizon: float) -> Stage:
    """Place the horizon (a share of the height) and the light."""
    chance = dice.stream("stage")
    side = -1.0 if chance.random() < 0.5 else 1.0
    across = 0.5 + side * chance.uniform(0.1, 0.26)
    level = horizon * frame.height
    # Low suns are the beautiful ones; a moon, and noon, stand high.
    low = chance.uniform(0.08, 0.16) if reading.mood in {"dusk", "dawn"} else chance.uniform(0.3, 0.42)
    lift = min(low, level * 0.75)
    return Stage(
        frame=frame, reading=reading, palette=palette, dice=dice, horizon=level, light=(across * frame.width, level - lift)
    )
