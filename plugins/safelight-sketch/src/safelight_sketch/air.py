"""What moves between us and the scene: birds, snow, rain, lightning, fireflies."""

from __future__ import annotations

import numpy as np

from safelight_sketch.balloons import balloons
from safelight_sketch.canvas import Canvas, Pen, smooth
from safelight_sketch.colour import mix
from safelight_sketch.stage import Layer, Stage


def air(stage: Stage) -> tuple[Layer, ...]:
    """Return what the prompt asks for, and birds by day where nothing is asked."""
    asked, layers = stage.reading.extras, []
    if "birds" in asked or (stage.palette.darkness < 0.9 and not asked & {"snow", "rain"}):
        layers.append(Layer("the birds", lambda canvas: _birds(canvas, stage)))
    if "rainbow" in asked:
        layers.append(Layer("the rainbow", lambda canvas: _rainbow(canvas, stage)))
    if "balloon" in asked:
        layers.append(Layer("the balloons", lambda canvas: balloons(canvas, stage)))
    if "snow" in asked:
        layers.append(Layer("the snow", lambda canvas: _snow(canvas, stage)))
    if "rain" in asked:
        layers.append(Layer("the rain", lambda canvas: _rain(canvas, stage)))
    if "fireflies" in asked:
        layers.append(Layer("the fireflies", lambda canvas: fireflies(canvas, stage)))
    return tuple(layers)


def _birds(canvas: Canvas, stage: Stage) -> None:
    chance = stage.dice.stream("birds")
    count = int(chance.integers(4, 8)) + (6 if "birds" in stage.reading.extras else 0)
    middle_x = stage.frame.width * chance.uniform(0.25, 0.75)
    middle_y = stage.horizon * chance.uniform(0.3, 0.5)

    def draw(pen: Pen) -> None:
        for _ in range(count):
            x, y = middle_x + chance.normal() * 0.11, middle_y + chance.normal() * 0.05
            span, lift, lean = chance.uniform(0.009, 0.02), chance.uniform(0.2, 0.6), chance.uniform(-0.25, 0.25)
            wing = [(t, lift * (0.9 * abs(t) ** 0.7 - 1.5 * t * t) + lean * t) for t in np.linspace(-1, 1, 13)]
            pen.line([(x + t * span, y - up * span) for t, up in wing], max(0.0022, span * 0.16))

    canvas.blend(canvas.shapes(draw) * 0.85, stage.palette.depth(0.85))


def _rainbow(canvas: Canvas, stage: Stage) -> None:
    """Six soft bands opposite the light, down to the horizon."""
    middle = (stage.frame.width * (0.5 - 0.12 * stage.lit_from), stage.horizon + 0.12)
    radius = min(0.46, stage.horizon * 0.9)
    at = (radius - canvas.distance(middle)) / 0.085
    bands = np.stack([np.exp(-(((at - place) / 0.24) ** 2)) for place in (0.15, 0.5, 0.85)], axis=-1)
    fade = smooth(0.0, 0.12, stage.horizon - canvas.y) * (0.5 - 0.25 * stage.palette.darkness)
    canvas.rgb += (bands * fade[..., None] * (1.1 - canvas.rgb).clip(0.0)).astype(np.float32)


def _snow(canvas: Canvas, stage: Stage) -> None:
    chance = stage.dice.stream("snow")
    area = stage.frame.width * stage.frame.height

    def draw(pen: Pen) -> None:
        for _ in range(min(1500, int(area * 340))):
            size = 0.0012 + 0.0042 * chance.random() ** 3
            pen.disc(
                (chance.random() * stage.frame.width, chance.random() * stage.frame.height), size, chance.uniform(0.35, 0.95)
            )

    canvas.blend(canvas.shapes(draw), (0.98, 0.98, 1.0))


def _rain(canvas: Canvas, stage: Stage) -> None:
    chance = stage.dice.stream("rain")
    area = stage.frame.width * stage.frame.height

    def draw(pen: Pen) -> None:
        for _ in range(min(1500, int(area * 330))):
            x, y = chance.random() * (stage.frame.width + 0.1), chance.random() * stage.frame.height
            length = chance.uniform(0.02, 0.06)
            pen.line([(x, y), (x - length * 0.22, y + length)], 0.001, chance.uniform(0.1, 0.42))

    canvas.shine(canvas.shapes(draw) * 0.6, stage.palette.sky[-1])


def lightning(canvas: Canvas, stage: Stage) -> None:
    """One bolt from the clouds to the horizon, on the side of the light."""
    chance = stage.dice.stream("lightning")
    x = stage.frame.width * (0.5 + stage.lit_from * chance.uniform(0.0, 0.14))
    bolt = [(x, -0.02)]
    while bolt[-1][1] < stage.horizon - 0.02:
        before = bolt[-1]
        bolt.append((before[0] + chance.normal() * 0.022, min(stage.horizon, before[1] + chance.uniform(0.012, 0.05))))
    forks = []
    for start in (bolt[len(bolt) // 3], bolt[len(bolt) // 2]):
        fork, lean = [start], chance.choice((-1, 1)) * 0.022
        for _ in range(6):
            fork.append((fork[-1][0] + lean + chance.normal() * 0.012, fork[-1][1] + chance.uniform(0.01, 0.035)))
        forks.append([point for point in fork if point[1] < stage.horizon])

    def draw(pen: Pen) -> None:
        pen.line(bolt, 0.0045)
        for fork in forks:
            pen.line(fork, 0.002, 0.7)

    violet = mix(stage.palette.sky[-1], (0.86, 0.84, 1.0), 0.75)
    for point in bolt[::4]:
        canvas.glow(point, 0.05, violet, 0.11)
    canvas.shine(canvas.shapes(draw), (1.0, 0.99, 1.0))


def fireflies(canvas: Canvas, stage: Stage) -> None:
    """Small lamps that drift low over the ground."""
    chance = stage.dice.stream("fireflies")
    glow = np.zeros((canvas.rows, canvas.columns), np.float32)
    for _ in range(min(90, int(34 * stage.frame.width))):
        x, y = chance.random() * stage.frame.width, stage.frame.height * chance.uniform(0.55, 0.95)
        size = chance.uniform(0.003, 0.007)
        reach = max(2, round(9 * size / canvas.pixel))
        row, column = int(y / canvas.pixel), int(x / canvas.pixel)
        part = np.s_[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
        away = ((canvas.y[part[0]] - y) ** 2 + (canvas.x[:, part[1]] - x) ** 2) / size**2
        glow[part] += chance.uniform(0.5, 1.0) * np.exp(-away * 0.9) + 0.22 * np.exp(-away / 9)
    canvas.shine(glow, stage.palette.accent)
