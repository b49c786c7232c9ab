"""A table by a wall where the window's light falls: flowers in a vase, fruit, a cup that steams."""

from __future__ import annotations

import attrs
import numpy as np

from safelight_sketch.canvas import Canvas, smooth
from safelight_sketch.clay import Clay, Pose
from safelight_sketch.colour import Colour, from_hex, mix, ramp
from safelight_sketch.stage import Layer, Stage

_WALLS = tuple(
    tuple(map(from_hex, row.split()))
    for row in ("7f9e9a dfe0c8", "c98f78 f6dcc0", "6f7fa6 d9d6e6", "a8a47a f0e8c6", "3f5a66 a9c0b8")
)
_WOODS = tuple(map(from_hex, ("b5794a", "8a5a3c", "c99a6a")))
_VASES = tuple(map(from_hex, ("f3ece0", "3f6f8f", "d9785a", "5a8a7a", "e0b45a")))
_PETALS = tuple(map(from_hex, ("e8557a", "f7a33c", "f9d24a", "fbf4ec", "b78ae0", "e8452f", "f4a6b8")))
_LEAF = from_hex("4f8a55")


@attrs.frozen
class _Bloom:
    """One flower: where it is in the vase's coordinates, how large, how it looks."""

    across: float
    up: float
    size: float
    colour: Colour
    kind: str


def still(stage: Stage) -> tuple[Layer, ...]:
    """Lay the table: flowers unless only something else is asked for."""
    asked, frame = stage.reading.extras, stage.frame
    chance = stage.dice.stream("table")
    layers = [Layer("the wall", lambda canvas: _wall(canvas, stage)), Layer("the table", lambda canvas: _table(canvas, stage))]
    foot = stage.horizon + 0.11
    only_cup = "cup" in asked and not asked & {"sunflower", "tulip", "rose", "flowers"}
    side = -stage.lit_from
    if not only_cup:
        vase = Pose(x=frame.width / 2 + 0.05 * side, foot=foot, size=0.3)
        layers += [
            Layer("the stems", lambda canvas: _stems(Clay(canvas, stage), vase, _blooms(stage))),
            Layer("the vase", lambda canvas: _vase(canvas, stage, vase)),
            Layer("the flowers", lambda canvas: _bouquet(Clay(canvas, stage), vase, _blooms(stage)[:7])),
            Layer("the last flowers", lambda canvas: _bouquet(Clay(canvas, stage), vase, _blooms(stage)[7:])),
        ]
    if "cup" in asked:
        size, x = (0.3, frame.width / 2) if only_cup else (0.15, frame.width / 2 - 0.27 * side)
        cup = Pose(x=x, foot=foot + 0.04, size=size, turned=side)
        layers.append(Layer("the cup", lambda canvas: _cup(canvas, stage, cup)))
    if "fruit" in asked or chance.random() < 0.7:
        layers.append(Layer("the fruit", lambda canvas: _fruit(Clay(canvas, stage), foot + 0.05, frame.width / 2 + 0.28 * side)))
    return tuple(layers)


def _wall(canvas: Canvas, stage: Stage) -> None:
    palette, chance = stage.palette, stage.dice.stream("wall")
    deep, pale = _WALLS[int(chance.integers(len(_WALLS)))]
    if stage.reading.colours:
        deep, pale = palette.sky[0], palette.sky[-1]
    dim = 0.5 * palette.darkness
    deep, pale = mix(deep, palette.sky[0], dim), mix(pale, palette.sky[-1], dim)
    drift = canvas.noise(chance, 1.6, octaves=5) - 0.5
    from_light = np.hypot(canvas.x - stage.light[0], (canvas.y - stage.horizon * 0.4) * 0.8)
    canvas.rgb[:] = ramp((pale, mix(pale, deep, 0.5), deep), (from_light / 0.95 + drift * 0.25).clip(0.0, 1.0))
    # The window: four panes of light thrown across the wall.
    lean, side = 0.35 * stage.lit_from, stage.lit_from
    left = stage.light[0] - 0.2 - 0.05 * side
    up = canvas.y - (stage.horizon * 0.42 - 0.22)
    along = canvas.x - left + (up - 0.2) * lean
    pane = np.zeros_like(along)
    soft = 0.012
    for x0 in (0.0, 0.21):
        for y0 in (0.0, 0.235):
            high = up + along * 0.12
            inside = smooth(x0, x0 + soft, along) * smooth(x0 + 0.19, x0 + 0.19 - soft, along)
            pane = np.maximum(pane, inside * smooth(y0, y0 + soft, high) * smooth(y0 + 0.215, y0 + 0.215 - soft, high))
    leaves = 0.72 + 0.5 * (smooth(0.35, 0.65, canvas.noise(chance, 6.0, octaves=3)) - 0.4)
    canvas.shine((pane * leaves * (0.5 - 0.2 * palette.darkness)).astype(np.float32), mix(palette.light, palette.accent, 0.35))


def _table(canvas: Canvas, stage: Stage) -> None:
    palette, chance = stage.palette, stage.dice.stream("wood")
    wood = mix(_WOODS[int(chance.integers(len(_WOODS)))], palette.shade, 0.08 + 0.4 * palette.darkness)
    alpha, top = canvas.below(np.full(canvas.columns, stage.horizon, np.float32))
    near = ((canvas.y[top:] - stage.horizon) / 0.4).clip(0.0, 1.0)
    grain = canvas.noise(chance, 9.0, octaves=4, stretch=14.0)[top:]
    lit = np.exp(-(((canvas.x - stage.light[0]) / 0.5) ** 2)) * (0.55 - 0.3 * near) + 0.22 * (grain - 0.5)
    share = lit.clip(0.0, 1.0)[..., None]
    base = ramp((mix(wood, palette.light, 0.12), mix(wood, palette.shade, 0.3)), near * np.ones_like(canvas.x))
    canvas.blend(
        alpha, (base * (1 - share) + np.asarray(mix(wood, palette.light, 0.62), np.float32) * share).astype(np.float32), top=top
    )
    edge = np.exp(-(((canvas.y - stage.horizon) / 0.006) ** 2)) * np.ones_like(canvas.x)
    canvas.blend((edge * 0.4).astype(np.float32), mix(wood, palette.light, 0.7))


def _cast(canvas: Canvas, stage: Stage, pose: Pose, wide: float, long: float) -> None:
    """The shadow on the table, away from the window."""
    away = -stage.lit_from * pose.turned
    Clay(canvas, stage).shadow(pose.oval(away * long * 0.55, -0.005, wide + long * 0.5, 0.055, away * 0.05), 0.4, 0.022)
    Clay(canvas, stage).shadow(pose.oval(away * 0.02, 0.0, wide, 0.035), 0.45, 0.01)


def _blooms(stage: Stage) -> list[_Bloom]:
    """Return the flowers, those behind first."""
    chance, asked = stage.dice.stream("bouquet"), stage.reading.extras
    named = [kind for kind in ("sunflower", "tulip", "rose") if kind in asked]
    first = int(chance.integers(len(_PETALS)))
    blooms = []
    places = [(-0.55, 1.62), (0.55, 1.6), (0.0, 1.98), (-0.3, 1.95), (0.34, 1.9), (-0.68, 1.28), (0.7, 1.26), (-0.3, 1.5), (0.33, 1.48), (0.02, 1.62), (0.0, 1.22)]  # fmt: skip
    for n, (across, up) in enumerate(places):
        kind = named[n % len(named)] if named else ("daisy", "rose", "tulip", "daisy", "sunflower")[int(chance.integers(5))]
        colour = _PETALS[(first + int(chance.integers(3))) % len(_PETALS)]
        if stage.reading.colours:
            colour = mix(stage.reading.colours[n % len(stage.reading.colours)], _PETALS[3], chance.uniform(0.0, 0.35))
        elif kind == "sunflower":
            colour = from_hex("f6b92a")
        elif kind == "rose" and named:
            colour = _PETALS[(0, 5, 6)[n % 3]]
        size = (0.25 if kind == "sunflower" else 0.19) * chance.uniform(0.85, 1.12)
        blooms.append(_Bloom(across + chance.normal() * 0.03, up + chance.normal() * 0.03, size, colour, kind))
    return blooms


def _stems(clay: Clay, vase: Pose, blooms: list[_Bloom]) -> None:
    for n, bloom in enumerate(blooms):
        spine = [(bloom.across * 0.12, 0.8), (bloom.across * 0.4, 0.8 + (bloom.up - 0.8) * 0.55), (bloom.across, bloom.up)]
        clay.body([vase.ribbon(spine, (0.035, 0.028))], _LEAF, volume=0.006, glow=0.2)
        side = 1 if n % 2 else -1
        x, y = bloom.across * 0.55, 0.95 + (bloom.up - 0.8) * 0.35
        leaf = [(x, y), (x + side * 0.17, y + 0.12), (x + side * 0.36, y + 0.14 - 0.1 * (n % 3))]
        clay.body([vase.ribbon(leaf, (0.02, 0.13, 0.1, 0.0))], mix(_LEAF, from_hex("2f5d50"), 0.4 * (n % 3) / 2), volume=0.012)


def _vase(canvas: Canvas, stage: Stage, vase: Pose) -> None:
    chance, clay = stage.dice.stream("vase"), Clay(canvas, stage)
    _cast(canvas, stage, vase, 0.3, 0.7)
    glaze = _VASES[int(chance.integers(len(_VASES)))]
    if chance.random() < 0.5:
        shape = vase.even((0.0, 1.0), (0.13, 1.0), (0.15, 0.92), (0.13, 0.8), (0.27, 0.5), (0.29, 0.28), (0.2, 0.03), (0.0, 0.0))
    else:
        shape = vase.even((0.0, 1.0), (0.2, 1.0), (0.19, 0.9), (0.22, 0.6), (0.25, 0.3), (0.22, 0.03), (0.0, 0.0))
    clay.body([shape], glaze, volume=0.045)
    stripe = mix(glaze, (1.0, 1.0, 1.0) if float(np.mean(glaze)) < 0.7 else from_hex("3f6f8f"), 0.7)
    clay.mark([vase.ribbon([(-0.4, 0.42), (0.0, 0.37), (0.4, 0.42)], (0.05, 0.05))], stripe, 0.75, inside=[shape])
    clay.mark([vase.ribbon([(-0.4, 0.34), (0.0, 0.29), (0.4, 0.34)], (0.02, 0.02))], stripe, 0.75, inside=[shape])
    gleam = vase.ribbon(
        [(stage.lit_from * 0.1, 0.78), (stage.lit_from * 0.17, 0.55), (stage.lit_from * 0.17, 0.35)], (0.0, 0.04, 0.0)
    )
    clay.blush(gleam, (1.0, 1.0, 1.0), 0.6, 0.006)


def _bouquet(clay: Clay, vase: Pose, blooms: list[_Bloom]) -> None:
    for bloom in blooms:
        {"rose": _rose, "tulip": _tulip}.get(bloom.kind, _daisy)(clay, vase, bloom)


def _daisy(clay: Clay, vase: Pose, bloom: _Bloom) -> None:
    """A ring of petals around a heart; a sunflower has two rings."""
    is_sunflower = bloom.kind == "sunflower"
    rings = ((18, 1.0, 0.0), (14, 0.8, 0.2)) if is_sunflower else ((11, 1.0, 0.0),)
    for ring, (count, reach, start) in enumerate(rings):
        petals = []
        for n in range(count):
            angle = start + n * 2 * np.pi / count
            middle = bloom.size * 0.62 * reach
            petals.append(vase.oval(bloom.across + middle * np.cos(angle), bloom.up + middle * np.sin(angle), bloom.size * 0.42 * reach, bloom.size * (0.15 if is_sunflower else 0.19), angle))  # fmt: skip
        clay.body(petals, mix(bloom.colour, from_hex("d9702b"), 0.16 * (1 - ring)), volume=0.008, glow=0.3)
    heart, size = (from_hex("5b3a22"), 0.44) if is_sunflower else (from_hex("e8a92f"), 0.26)
    clay.body([vase.oval(bloom.across, bloom.up, bloom.size * size, bloom.size * size)], heart, volume=0.014)
    if is_sunflower:
        seeds = [
            vase.oval(bloom.across + bloom.size * 0.08 * np.sqrt(k) * np.cos(k * 2.4), bloom.up + bloom.size * 0.08 * np.sqrt(k) * np.sin(k * 2.4), 0.008, 0.008)
            for k in range(24)
        ]  # fmt: skip
        clay.mark(seeds, from_hex("a8743a"), 0.8)


def _rose(clay: Clay, vase: Pose, bloom: _Bloom) -> None:
    """Petals folded around each other, lighter towards the heart."""
    dark = mix(bloom.colour, from_hex("5a1030"), 0.25)
    for n in range(5):
        angle = n * 2 * np.pi / 5 + bloom.across * 3
        petal = vase.oval(
            bloom.across + bloom.size * 0.38 * np.cos(angle),
            bloom.up + bloom.size * 0.36 * np.sin(angle),
            bloom.size * 0.55,
            bloom.size * 0.5,
            angle,
        )
        clay.body([petal], bloom.colour, volume=0.016, glow=0.3)
    for k, share in enumerate((0.6, 0.42, 0.25)):
        turn = k * 1.9 + bloom.up * 5
        clay.body([vase.oval(bloom.across + 0.03 * bloom.size * np.cos(turn), bloom.up + 0.06 * bloom.size * np.sin(turn), bloom.size * share, bloom.size * share * 0.9, turn)], mix(bloom.colour, dark, 0.3 * k), volume=0.012, glow=0.45)  # fmt: skip


def _tulip(clay: Clay, vase: Pose, bloom: _Bloom) -> None:
    """A cup of three petals."""
    x, y, size = bloom.across, bloom.up, bloom.size
    lean = -x * 0.45
    clay.body([vase.oval(x - 0.4 * size, y + 0.1 * size, 0.36 * size, 0.78 * size, lean + 0.18), vase.oval(x + 0.4 * size, y + 0.1 * size, 0.36 * size, 0.78 * size, lean - 0.18)], mix(bloom.colour, from_hex("5a1030"), 0.14), volume=0.014)  # fmt: skip
    clay.body([vase.oval(x, y, 0.44 * size, 0.78 * size, lean)], bloom.colour, volume=0.016)


def _fruit(clay: Clay, foot: float, x: float) -> None:
    chance = clay.stage.dice.stream("fruit")
    kinds = (from_hex("f08a2c"), from_hex("d8433b"), from_hex("f3cf45"), from_hex("9db84a"))
    order = chance.permutation(4)
    spots = ((-0.055, -0.012, 0.062), (0.06, -0.01, 0.066), (0.0, 0.035, 0.064))
    for n, (shift, drop, radius) in enumerate(spots):
        pose = Pose(x=x + shift, foot=foot + drop, size=radius * 2)
        _cast(clay.canvas, clay.stage, pose, 0.4, 0.5)
        colour = kinds[order[n]]
        clay.body([pose.even((0.0, 0.93), (0.25, 0.98), (0.48, 0.72), (0.5, 0.45), (0.36, 0.1), (0.0, 0.0))], colour, volume=0.03)
        clay.blush(pose.oval(clay.stage.lit_from * 0.2, 0.7, 0.09, 0.07), (1.0, 1.0, 1.0), 0.5, 0.008)
        clay.lines([[pose.at(0.0, 0.92), pose.at(0.03, 1.06)]], 0.007, from_hex("4a3423"))
        if order[n] != 2:
            clay.body([pose.ribbon([(0.02, 1.0), (0.16, 1.1), (0.3, 1.06)], (0.0, 0.13, 0.0))], _LEAF, volume=0.006)


def _cup(canvas: Canvas, stage: Stage, cup: Pose) -> None:
    chance, clay = stage.dice.stream("cup"), Clay(canvas, stage)
    glaze = _VASES[int(chance.integers(len(_VASES)))]
    _cast(canvas, stage, cup, 0.6, 0.6)
    unit = cup.size
    clay.body([cup.oval(0.0, 0.03, 0.72, 0.11)], mix(glaze, (1.0, 1.0, 1.0), 0.3), volume=0.012)
    clay.mark([cup.oval(0.0, 0.045, 0.5, 0.06)], mix(glaze, from_hex("4a3a40"), 0.25), 0.6)
    handle = cup.ribbon([(0.38, 0.62), (0.66, 0.62), (0.66, 0.32), (0.32, 0.22)], (0.09, 0.08, 0.08, 0.09))
    clay.body([handle], glaze, volume=unit * 0.03)
    clay.body(
        [cup.even((0.0, 0.74), (0.46, 0.74), (0.45, 0.5), (0.34, 0.18), (0.22, 0.05), (0.0, 0.03))], glaze, volume=unit * 0.14
    )
    clay.body([cup.oval(0.0, 0.74, 0.46, 0.1)], mix(glaze, (1.0, 1.0, 1.0), 0.35), volume=0.008)
    clay.mark([cup.oval(0.0, 0.732, 0.41, 0.078)], from_hex("5a3420"))
    heart = [
        (0.0, 0.748),
        (0.12, 0.772),
        (0.22, 0.752),
        (0.15, 0.72),
        (0.0, 0.688),
        (-0.15, 0.72),
        (-0.22, 0.752),
        (-0.12, 0.772),
    ]
    clay.mark([cup.oval(0.0, 0.732, 0.33, 0.058)], from_hex("8a5a38"), 0.8)
    clay.mark([cup.outline(*heart)], from_hex("f2dcb8"), 0.95)
    for n, shift in enumerate((-0.16, 0.02, 0.18)):
        points = [(shift + 0.07 * np.sin(k * 1.25 + n * 2) * k / 5, 0.8 + k * 0.14) for k in range(7)]
        clay.blush(cup.ribbon(points, (0.0, 0.05, 0.08, 0.06, 0.0)), (1.0, 1.0, 1.0), 0.55, unit * 0.05)
