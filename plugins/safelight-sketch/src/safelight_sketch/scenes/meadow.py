"""Rolling fields under a wide sky, and flowers at our feet."""

from __future__ import annotations

from functools import partial

import numpy as np

from safelight_sketch.air import air
from safelight_sketch.canvas import Canvas, Pen, profile, smooth
from safelight_sketch.colour import Array, Colour, from_hex, mix
from safelight_sketch.sky import sky
from safelight_sketch.stage import Layer, Stage
from safelight_sketch.trees import broadleaf, cabin

_GREENS = tuple(map(from_hex, ("8fb8a0", "7fb069", "5f9e57", "4a8a4c")))
_AUTUMN = tuple(map(from_hex, ("c9b58a", "d9a857", "c98a45", "a86a3a")))
_LAVENDER = tuple(map(from_hex, ("b7a6d6", "9d85cc", "8468bd", "6f53a8")))
_FLOWERS = tuple(map(from_hex, ("e8452f", "f7d046", "fbf7ee", "e889b0", "7d6bd6")))
_BY_NAME = {
    "tulip": ("e8452f", "f7a33c", "e889b0"),
    "sunflower": ("f7c52e", "f2b01f"),
    "lavender": ("9d85cc", "8468bd", "c7b3ea"),
}


def meadow(stage: Stage) -> tuple[Layer, ...]:
    """Compose a countryside."""
    hills = tuple(
        Layer(name, partial(_hill, stage=stage, n=n))
        for n, name in enumerate(("the far hills", "the fields", "the trees", "the meadow"))
    )
    return (*sky(stage), *hills, Layer("the flowers", lambda canvas: _flowers(canvas, stage)), *air(stage))


def _line(canvas: Canvas, stage: Stage, n: int) -> Array:
    chance = stage.dice.stream(f"hill {n}")
    level = stage.horizon + (stage.frame.height - stage.horizon) * (-0.06, 0.06, 0.2, 0.42)[n]
    wave = profile(chance, canvas.x[0] + chance.random() * 50, (1.7, 1.3, 1.1, 0.9)[n], octaves=2, rough=0.3)
    return (level - (0.07, 0.11, 0.12, 0.08)[n] * wave).astype(np.float32)


def _hill(canvas: Canvas, stage: Stage, n: int) -> None:
    palette, line = stage.palette, _line(canvas, stage, n)
    shades = _LAVENDER if "lavender" in stage.reading.extras else _AUTUMN if "autumn" in stage.reading.extras else _GREENS
    cover: Colour = (0.92, 0.95, 0.98) if "snow" in stage.reading.extras else shades[n]
    strength = (0.45, 0.7, 0.75, 0.75)[n] * (1 - 0.62 * palette.darkness)
    base = mix(palette.depth((0.15, 0.35, 0.6, 0.9)[n]), cover, strength)
    lit = mix(mix(base, palette.light, 0.35), cover, 0.3 * (1 - palette.darkness))
    alpha, top = canvas.below(line)
    depth = (canvas.y[top:] - line[None, :]).clip(0.0, None)
    shine = np.exp(-depth / (0.05 + 0.03 * n)) * 0.8
    slope = np.gradient(line, canvas.pixel)[None, :] * stage.lit_from
    shine = shine * (0.55 + 0.45 * smooth(-0.25, 0.25, slope))
    if 0 < n < 3:  # ploughed in rows that follow the hill
        chance = stage.dice.stream(f"rows {n}")
        turn = chance.uniform(0.5, 1.1) * (1 if chance.random() < 0.5 else -1)
        bed = np.sin((canvas.x * turn * 60 + depth * 210) / (1.0 + 3.0 * depth)) * smooth(0.02, 0.1, depth)
        fields = smooth(
            -0.1, 0.1, profile(chance, canvas.x[0] + chance.random() * 50, 1.6, octaves=2)[None, :] + 3 * (depth - 0.05)
        )
        shine = shine + bed * 0.13 * fields
    share = shine.clip(0.0, 1.0)[..., None].astype(np.float32)
    canvas.blend(alpha, np.asarray(base, np.float32) * (1 - share) + np.asarray(lit, np.float32) * share, top=top)
    if n in {1, 2}:
        _trees(canvas, stage, n, line, mix(base, palette.shade, 0.4))
    if n == 2 and ("cabin" in stage.reading.extras or stage.dice.stream("home").random() < 0.3):
        cabin(canvas, stage, line, 0.06)
    if n < 3:
        mist = np.exp(-np.abs(canvas.y[top:] - line[None, :] - 0.12) / 0.05) * alpha * 0.22
        canvas.blend(mist.astype(np.float32), mix(palette.haze, palette.sky[-1], 0.5), top=top)


def _trees(canvas: Canvas, stage: Stage, n: int, line: Array, colour: Colour) -> None:
    chance = stage.dice.stream(f"trees {n}")
    places = np.concatenate([chance.normal(middle, 0.06, 5) for middle in chance.random(2)]) * stage.frame.width

    def draw(pen: Pen) -> None:
        for x in places:
            tall = chance.uniform(0.05, 0.09) * (1 + 0.5 * (n - 1))
            broadleaf(pen, chance, float(x), float(np.interp(x, canvas.x[0], line)) + 0.006, tall)

    canvas.blend(canvas.shapes(draw), colour)


def _flowers(canvas: Canvas, stage: Stage) -> None:
    """Nearer is larger: small dots far out, heads with a heart at our feet."""
    palette, chance = stage.palette, stage.dice.stream("flowers")
    if "snow" in stage.reading.extras:
        return
    named = [hexes for name, hexes in _BY_NAME.items() if name in stage.reading.extras]
    colours = tuple(map(from_hex, named[0])) if named else tuple(_FLOWERS[k] for k in chance.permutation(5)[:3])
    line, frame = _line(canvas, stage, 3), stage.frame
    count = min(620, int(270 * frame.width))
    near = np.sort(chance.random(count) ** 1.5)
    xs = chance.random(count) * frame.width
    edge = np.interp(xs, canvas.x[0], line)
    ys = edge + 0.012 + (frame.height - edge) * near
    sizes = 0.0028 + 0.0125 * near
    stems = [((x, y + size * 4), (x + chance.normal() * size, y), size * 0.35) for x, y, size in zip(xs, ys, sizes, strict=True)]
    dim = 0.1 + 0.52 * palette.darkness

    def stalks(pen: Pen) -> None:
        for foot, head, width in stems:
            pen.line([foot, head], width)

    canvas.blend(canvas.shapes(stalks) * 0.8, mix(_GREENS[3], palette.shade, 0.35 + 0.4 * palette.darkness))
    kinds = chance.integers(len(colours), size=count)
    petals = chance.integers(5, 7, size=count)
    for kind, colour in enumerate(colours):
        picked = np.flatnonzero(kinds == kind)

        def heads(pen: Pen, picked: Array = picked) -> None:
            for k in picked:
                (x, y), size = stems[k][1], float(sizes[k])
                for petal in range(int(petals[k])):
                    angle = petal * 2 * np.pi / petals[k] + k
                    pen.disc((x + size * 0.62 * np.cos(angle), y + size * 0.5 * np.sin(angle)), size * 0.5)

        canvas.blend(canvas.shapes(heads), mix(mix(colour, palette.light, 0.12), palette.shade, dim))

    def hearts(pen: Pen) -> None:
        for (_, head, _), size in zip(stems, sizes, strict=True):
            pen.disc(head, float(size) * 0.36)

    heart = from_hex("5a3a1e") if "sunflower" in stage.reading.extras else from_hex("f5c542")
    canvas.blend(canvas.shapes(hearts), mix(heart, palette.shade, dim))
