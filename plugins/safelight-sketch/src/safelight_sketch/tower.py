"""The tower of a lighthouse, its keeper's house and its lamp."""

from __future__ import annotations

import attrs
import numpy as np

from safelight_sketch.canvas import Canvas, Pen, Point, smooth
from safelight_sketch.colour import from_hex, mix
from safelight_sketch.stage import Stage

_RED, _WHITE, _IRON = from_hex("c8372d"), from_hex("f7f0e4"), from_hex("20242e")


@attrs.frozen(kw_only=True)
class Tower:
    """Where it stands: `x` of its axis, `foot`, `height` up to the gallery, half widths at foot and top; `side` of the land."""

    x: float
    foot: float
    height: float
    wide: float
    slim: float
    side: float

    @property
    def top(self) -> float:
        """Where the gallery is."""
        return self.foot - self.height

    @property
    def lamp(self) -> Point:
        """Where the light is."""
        return self.x, self.top - self.slim * 0.95


def build(canvas: Canvas, stage: Stage, tower: Tower) -> None:
    """Build the house and the tower: round, so shaded across, in bands of red and white."""
    canvas = canvas.part(tower.x - tower.wide * 4, tower.lamp[1] - tower.slim * 3, tower.x + tower.wide * 4, tower.foot + 0.03)
    _cottage(canvas, stage, tower)
    palette = stage.palette

    def draw(pen: Pen) -> None:
        pen.polygon(
            [
                (tower.x - tower.slim, tower.top),
                (tower.x + tower.slim, tower.top),
                (tower.x + tower.wide, tower.foot + 0.02),
                (tower.x - tower.wide, tower.foot + 0.02),
            ]
        )

    down = ((canvas.y - tower.top) / tower.height).clip(0.0, 1.05)
    half = tower.slim + (tower.wide - tower.slim) * down
    across = ((canvas.x - tower.x) / half).clip(-1.0, 1.0)
    bow = 0.02 * np.sqrt(1 - across**2)  # bands curve because the tower is round
    edge = canvas.pixel / tower.height * 1.2
    wave = np.abs(((down - bow) * 2.5) % 1.0 - 0.5) - 0.25
    bands = smooth(-edge * 2.5, edge * 2.5, wave)
    light = smooth(-1.15, 0.9, across * stage.lit_from)
    mood = 1.0 - 0.5 * palette.darkness
    shadow = mix(palette.depth(0.75), palette.sky[1], 0.25)
    paint = np.asarray(_WHITE, np.float32) * (1 - bands[..., None]) + np.asarray(_RED, np.float32) * bands[..., None]
    lit = paint * np.asarray(mix((1.0, 1.0, 1.0), palette.light, 0.6), np.float32) * (0.62 + 0.38 * mood)
    share = ((0.18 + 0.82 * light) * (0.5 + 0.5 * mood))[..., None]
    dark = np.asarray(shadow, np.float32) * 0.75 + paint * 0.16
    canvas.blend(canvas.shapes(draw), dark * (1 - share) + lit * share)
    canvas.blend(canvas.shapes(lambda pen: _fittings(pen, tower)), mix(_IRON, palette.shade, 0.5))


def _fittings(pen: Pen, tower: Tower) -> None:
    """Door, windows, gallery, lantern frame and dome."""
    x, top, slim = tower.x, tower.top, tower.slim
    for down in (0.28, 0.53):
        pen.rectangle(x - slim * 0.16, top + tower.height * down, x + slim * 0.16, top + tower.height * down + slim * 0.5)
    pen.rectangle(x - slim * 0.28, tower.foot - slim * 0.85, x + slim * 0.28, tower.foot + 0.02)
    pen.disc((x, tower.foot - slim * 0.85), slim * 0.28)
    pen.rectangle(x - slim * 1.42, top - slim * 0.12, x + slim * 1.42, top + slim * 0.14)
    pen.polygon(
        [
            (x - slim * 1.2, top + slim * 0.1),
            (x + slim * 1.2, top + slim * 0.1),
            (x + slim * 0.95, top + slim * 0.5),
            (x - slim * 0.95, top + slim * 0.5),
        ]
    )
    pen.line([(x - slim * 1.38, top - slim * 0.6), (x + slim * 1.38, top - slim * 0.6)], slim * 0.07)
    for post in np.linspace(-1.36, 1.36, 9):
        pen.line([(x + slim * post, top - slim * 0.6), (x + slim * post, top)], slim * 0.06)
    for bar in (-0.78, -0.26, 0.26, 0.78):
        pen.line([(x + slim * bar, top - slim * 1.7), (x + slim * bar, top)], slim * 0.09)
    dome = [(x + slim * 1.02 * np.cos(a), top - slim * 1.68 - slim * 0.78 * np.sin(a)) for a in np.linspace(0, np.pi, 24)]
    pen.polygon(dome)
    pen.disc((x, top - slim * 2.52), slim * 0.15)
    pen.line([(x, top - slim * 2.5), (x, top - slim * 3.0)], slim * 0.08)


def _cottage(canvas: Canvas, stage: Stage, tower: Tower) -> None:
    """The keeper's house: someone is at home."""
    wide, x = tower.wide, tower.x + tower.side * tower.wide * 2.1
    foot, eaves = tower.foot + 0.02, tower.foot - wide * 0.75
    palette = stage.palette

    def wall(pen: Pen) -> None:
        pen.rectangle(x - wide * 1.25, eaves, x + wide * 1.25, foot)

    def roof(pen: Pen) -> None:
        pen.polygon(
            [
                (x - wide * 1.45, eaves),
                (x - wide * 0.95, eaves - wide * 0.75),
                (x + wide * 0.95, eaves - wide * 0.75),
                (x + wide * 1.45, eaves),
            ]
        )
        pen.rectangle(x + wide * 0.4, eaves - wide * 1.15, x + wide * 0.68, eaves - wide * 0.5)

    def window(pen: Pen) -> None:
        for at in (-0.7, 0.1):
            pen.rectangle(x + wide * at, eaves + wide * 0.18, x + wide * (at + 0.34), eaves + wide * 0.52)

    whitewash = mix(mix(_WHITE, palette.light, 0.4), palette.depth(0.8), 0.35 + 0.3 * palette.darkness)
    canvas.blend(canvas.shapes(wall), whitewash)
    canvas.blend(canvas.shapes(roof), mix(mix(_RED, palette.shade, 0.55), palette.haze, 0.1))
    canvas.blend(canvas.shapes(window), palette.accent if palette.darkness > 0.3 else palette.depth(0.9))


def light(canvas: Canvas, stage: Stage, tower: Tower) -> None:
    """Light the lamp; it burns brighter the darker it is."""
    palette, slim = stage.palette, tower.slim
    power = 0.35 + 0.65 * min(1.0, palette.darkness * 1.6)

    def glass(pen: Pen) -> None:
        for left in (-0.72, -0.2, 0.32):
            pen.rectangle(tower.x + slim * left, tower.top - slim * 1.62, tower.x + slim * (left + 0.42), tower.top - slim * 0.12)

    lantern = canvas.part(tower.x - slim, tower.top - slim * 2, tower.x + slim, tower.top)
    lantern.blend(lantern.shapes(glass) * (0.55 + 0.45 * power), mix(palette.accent, (1.0, 1.0, 0.9), 0.55))
    canvas.glow(tower.lamp, slim * 0.75, mix(palette.accent, (1.0, 0.97, 0.85), 0.4), 0.95 * power)
    canvas.glow(tower.lamp, slim * 3.2, palette.accent, 0.28 * power)
