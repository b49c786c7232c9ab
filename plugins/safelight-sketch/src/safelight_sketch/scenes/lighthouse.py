"""A lighthouse on its headland, its lamp lit: our mascot."""

from __future__ import annotations

import attrs
import numpy as np

from safelight_sketch.air import air
from safelight_sketch.canvas import Canvas, Pen, profile, smooth
from safelight_sketch.colour import Array, Colour, from_hex, mix
from safelight_sketch.scenes.sea import islands, sails
from safelight_sketch.sky import sky
from safelight_sketch.stage import Layer, Stage
from safelight_sketch.water import waves

_RED, _WHITE, _IRON = from_hex("c8372d"), from_hex("f7f0e4"), from_hex("20242e")


@attrs.frozen(kw_only=True)
class _Tower:
    """Where it stands: `x` of its axis, `foot`, `height` up to the gallery, half widths at foot and top; `side` of the land."""

    x: float
    foot: float
    height: float
    wide: float
    slim: float
    side: float

    @property
    def top(self) -> float:
        return self.foot - self.height

    @property
    def lamp(self) -> tuple[float, float]:
        return self.x, self.top - self.slim * 0.95


def lighthouse(stage: Stage) -> tuple[Layer, ...]:
    """Compose the sea with a tower opposite the light."""
    chance = stage.dice.stream("tower")
    height = chance.uniform(0.36, 0.42)
    side = -stage.lit_from
    tower = _Tower(
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
        Layer("the lighthouse", lambda canvas: _tower(canvas, stage, tower)),
        Layer("the lamp", lambda canvas: _lamp(canvas, stage, tower)),
        *air(stage),
    )


def _beam(canvas: Canvas, stage: Stage, tower: _Tower) -> None:
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


def _land(canvas: Canvas, stage: Stage, tower: _Tower, name: str, drop: float, reach: float) -> Array:
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
    return line.astype(np.float32)


def _headland(canvas: Canvas, stage: Stage, tower: _Tower) -> None:
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


def _tower(canvas: Canvas, stage: Stage, tower: _Tower) -> None:
    _cottage(canvas, stage, tower)
    palette = stage.palette

    def draw(pen: Pen) -> None:
        pen.polygon([(tower.x - tower.slim, tower.top), (tower.x + tower.slim, tower.top), (tower.x + tower.wide, tower.foot + 0.02), (tower.x - tower.wide, tower.foot + 0.02)])

    down = ((canvas.y - tower.top) / tower.height).clip(0.0, 1.05)
    half = tower.slim + (tower.wide - tower.slim) * down
    across = ((canvas.x - tower.x) / half).clip(-1.0, 1.0)
    bow = 0.02 * np.sqrt(1 - across**2)  # bands curve because the tower is round
    edge = canvas.pixel / tower.height * 1.2
    wave = np.abs(((down - bow) * 2.5 + 0.0) % 1.0 - 0.5) - 0.25
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


def _fittings(pen: Pen, tower: _Tower) -> None:
    """Door, windows, gallery, lantern frame and dome."""
    x, top, slim = tower.x, tower.top, tower.slim
    for down in (0.28, 0.53):
        pen.rectangle(x - slim * 0.16, top + tower.height * down, x + slim * 0.16, top + tower.height * down + slim * 0.5)
    pen.rectangle(x - slim * 0.28, tower.foot - slim * 0.85, x + slim * 0.28, tower.foot + 0.02)
    pen.disc((x, tower.foot - slim * 0.85), slim * 0.28)
    pen.rectangle(x - slim * 1.42, top - slim * 0.12, x + slim * 1.42, top + slim * 0.14)
    pen.polygon([(x - slim * 1.2, top + slim * 0.1), (x + slim * 1.2, top + slim * 0.1), (x + slim * 0.95, top + slim * 0.5), (x - slim * 0.95, top + slim * 0.5)])
    pen.line([(x - slim * 1.38, top - slim * 0.6), (x + slim * 1.38, top - slim * 0.6)], slim * 0.07)
    for post in np.linspace(-1.36, 1.36, 9):
        pen.line([(x + slim * post, top - slim * 0.6), (x + slim * post, top)], slim * 0.06)
    for bar in (-0.78, -0.26, 0.26, 0.78):
        pen.line([(x + slim * bar, top - slim * 1.7), (x + slim * bar, top)], slim * 0.09)
    dome = [(x + slim * 1.02 * np.cos(a), top - slim * 1.68 - slim * 0.78 * np.sin(a)) for a in np.linspace(0, np.pi, 24)]
    pen.polygon(dome)
    pen.disc((x, top - slim * 2.52), slim * 0.15)
    pen.line([(x, top - slim * 2.5), (x, top - slim * 3.0)], slim * 0.08)


def _cottage(canvas: Canvas, stage: Stage, tower: _Tower) -> None:
    """The keeper's house: someone is at home."""
    wide, x = tower.wide, tower.x + tower.side * tower.wide * 2.1
    foot, eaves = tower.foot + 0.02, tower.foot - wide * 0.75
    palette = stage.palette

    def wall(pen: Pen) -> None:
        pen.rectangle(x - wide * 1.25, eaves, x + wide * 1.25, foot)

    def roof(pen: Pen) -> None:
        pen.polygon([(x - wide * 1.45, eaves), (x - wide * 0.95, eaves - wide * 0.75), (x + wide * 0.95, eaves - wide * 0.75), (x + wide * 1.45, eaves)])
        pen.rectangle(x + wide * 0.4, eaves - wide * 1.15, x + wide * 0.68, eaves - wide * 0.5)

    def window(pen: Pen) -> None:
        for at in (-0.7, 0.1):
            pen.rectangle(x + wide * at, eaves + wide * 0.18, x + wide * (at + 0.34), eaves + wide * 0.52)

    whitewash: Colour = mix(mix(_WHITE, palette.light, 0.4), palette.depth(0.8), 0.35 + 0.3 * palette.darkness)
    canvas.blend(canvas.shapes(wall), whitewash)
    canvas.blend(canvas.shapes(roof), mix(mix(_RED, palette.shade, 0.55), palette.haze, 0.1))
    canvas.blend(canvas.shapes(window), palette.accent if palette.darkness > 0.3 else palette.depth(0.9))


def _lamp(canvas: Canvas, stage: Stage, tower: _Tower) -> None:
    palette, slim = stage.palette, tower.slim
    power = 0.35 + 0.65 * min(1.0, palette.darkness * 1.6)

    def glass(pen: Pen) -> None:
        for left in (-0.72, -0.2, 0.32):
            pen.rectangle(tower.x + slim * left, tower.top - slim * 1.62, tower.x + slim * (left + 0.42), tower.top - slim * 0.12)

    canvas.blend(canvas.shapes(glass) * (0.55 + 0.45 * power), mix(palette.accent, (1.0, 1.0, 0.9), 0.55))
    canvas.glow(tower.lamp, slim * 0.75, mix(palette.accent, (1.0, 0.97, 0.85), 0.4), 0.95 * power)
    canvas.glow(tower.lamp, slim * 3.2, palette.accent, 0.28 * power)
