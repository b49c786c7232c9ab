"""Deep space: a nebula, stars, a great planet with bands, its moons; a rocket or a comet on the way."""

from __future__ import annotations

import math

import attrs
import numpy as np

from safelight_sketch.canvas import Canvas, Point, smooth
from safelight_sketch.clay import Clay, Pose
from safelight_sketch.colour import Array, Colour, from_hex, mix, ramp
from safelight_sketch.sky import sprinkle
from safelight_sketch.stage import Layer, Stage

_NEBULAE = tuple(
    tuple(map(from_hex, row.split()))
    for row in ("0a0b24 2b1e5c 7a3b8f e0668a ffc28a", "06131f 0f3550 1f7a8c 7fd0c0 f7e6b0", "120a22 45205e a8386a f07d55 ffdc96")
)
_PLANETS = tuple(
    tuple(map(from_hex, row.split()))
    for row in (
        "f2c48a c98a5a f7e2b8 a85f45",
        "7fc4c9 3a7d9c d6efe2 2b5d80",
        "e88a8f b0507a f8c9b0 7d3a6b",
        "b9a4e0 7a62b8 e9dcf5 553f94",
    )
)


@attrs.frozen
class _Planet:
    """The great one: its middle, its radius, how far it leans, its four colours."""

    at: Point
    radius: float
    tilt: float
    colours: tuple[Colour, ...]


def space(stage: Stage) -> tuple[Layer, ...]:
    """Compose a view from a window far from home."""
    chance = stage.dice.stream("orbit")
    frame, side = stage.frame, stage.lit_from
    at = (frame.width * (0.5 - 0.13 * side), frame.height * chance.uniform(0.5, 0.6))
    radius = chance.uniform(0.23, 0.28)
    tilt = chance.uniform(0.2, 0.42) * (1 if chance.random() < 0.5 else -1)
    planet = _Planet(at, radius, tilt, _PLANETS[int(chance.integers(len(_PLANETS)))])
    layers = [
        Layer("the nebula", lambda canvas: _nebula(canvas, stage)),
        Layer("the stars", lambda canvas: _stars(canvas, stage)),
        Layer("the great stars", lambda canvas: _great_stars(canvas, stage)),
        Layer("the planet", lambda canvas: _body(canvas, stage, planet)),
        Layer("the moons", lambda canvas: _moons(canvas, stage, at, radius)),
    ]
    if "rings" in stage.reading.extras or chance.random() < 0.6:
        layers.insert(3, Layer("the far side of the ring", lambda canvas: _ring(canvas, planet, is_front=False)))
        layers.insert(5, Layer("the ring", lambda canvas: _ring(canvas, planet, is_front=True)))
    if "rocket" in stage.reading.extras or chance.random() < 0.35:
        layers.append(Layer("the rocket", lambda canvas: _rocket(canvas, stage)))
    else:
        layers.append(Layer("a comet", lambda canvas: _comet(canvas, stage)))
    return tuple(layers)


def _nebula(canvas: Canvas, stage: Stage) -> None:
    chance, palette = stage.dice.stream("nebula"), stage.palette
    colours = _NEBULAE[int(chance.integers(len(_NEBULAE)))]
    if stage.reading.colours:
        colours = tuple(mix(colour, stop, 0.75) for colour, stop in zip(colours, (*palette.sky, palette.light)[-5:], strict=True))
    drift, fine = canvas.noise(chance, 1.4, octaves=5), canvas.noise(chance, 3.0, octaves=5)
    lean = chance.uniform(-0.7, 0.7)
    away = (canvas.y - canvas.frame.height * 0.42 - lean * (canvas.x - canvas.frame.width / 2) - 0.5 * (drift - 0.5)) / 0.5
    band = np.exp(-(away**2)) * (0.25 + 0.95 * smooth(0.25, 0.8, drift * 0.55 + fine * 0.45))
    lanes = smooth(0.5, 0.64, fine) * np.exp(-((away * 1.6) ** 2)) * 0.35
    canvas.rgb[:] = ramp(colours, (band * 0.88 - lanes).clip(0.0, 0.9))


def _stars(canvas: Canvas, stage: Stage) -> None:
    chance, frame = stage.dice.stream("stars"), stage.frame
    count = min(900, int(420 * frame.width * frame.height))
    xs, ys = chance.random(count) * frame.width, chance.random(count) * frame.height
    sprinkle(canvas, xs, ys, 0.0011 * (1.0 + 1.6 * chance.random(count) ** 6), 0.25 + 0.75 * chance.random(count) ** 2)


def _great_stars(canvas: Canvas, stage: Stage) -> None:
    chance = stage.dice.stream("great stars")
    for _ in range(7):
        at = (chance.random() * canvas.frame.width, chance.random() * canvas.frame.height)
        size = chance.uniform(0.012, 0.03)
        window = canvas.part(at[0] - size * 2, at[1] - size * 2, at[0] + size * 2, at[1] + size * 2)
        across, down = np.abs(window.x - at[0]) / size, np.abs(window.y - at[1]) / size
        ray = np.exp(-across * 2.2 - down * 22) + np.exp(-down * 2.2 - across * 22)
        core = np.exp(-(across**2 + down**2) * 18)
        window.shine((ray * 0.8 + core).clip(0, 1.2), mix(stage.palette.light, (1.0, 1.0, 1.0), 0.6))


def _ball(canvas: Canvas, at: Point, radius: float, light: Point) -> tuple[Array, Array, Array, Array]:
    """Return alpha, brightness, and the place on a ball, -1 to 1 across and down."""
    u, v = (canvas.x - at[0]) / radius, (canvas.y - at[1]) / radius
    round_ = np.sqrt((1.0 - u**2 - v**2).clip(0.0))
    alpha = ((1.0 - np.hypot(u, v)) * radius / canvas.pixel + 0.5).clip(0.0, 1.0)
    bright = smooth(-0.25, 0.95, u * light[0] + v * light[1] + round_ * 0.55)
    return alpha, bright, u / (0.35 + 0.65 * round_), v


def _body(canvas: Canvas, stage: Stage, planet: _Planet) -> None:
    chance = stage.dice.stream("planet")
    (x, y), radius, tilt = planet.at, planet.radius, planet.tilt
    base, dark, pale, deep = planet.colours
    noise = canvas.noise(chance, 4.0, octaves=4, stretch=3.0)
    canvas.glow(planet.at, radius * 0.95, mix(base, pale, 0.5), 0.28)
    window = canvas.part(x - radius * 1.05, y - radius * 1.05, x + radius * 1.05, y + radius * 1.05)
    left, top = window.origin
    noise = noise[top : top + window.rows, left : left + window.columns]
    alpha, bright, u, v = _ball(window, planet.at, radius, (stage.lit_from * 0.72, -0.5))
    along = v * math.cos(tilt) - u * math.sin(tilt) * 0.55 + (noise - 0.5) * 0.22
    bands = 0.5 + 0.3 * np.sin(along * 9.0 + 1.3) + 0.2 * np.sin(along * 21.0 + chance.uniform(0, 6))
    body = ramp((deep, dark, base, pale), bands.clip(0, 1))
    storm = np.exp(-(((u + 0.35 * stage.lit_from) / 0.24) ** 2 + ((along - 0.32) / 0.11) ** 2))[..., None]
    body = body * (1 - 0.7 * storm) + np.asarray(dark, np.float32) * 0.7 * storm
    night = np.asarray(mix(deep, (0.03, 0.03, 0.1), 0.8), np.float32)
    window.blend(alpha, night * (1 - bright[..., None]) + body * bright[..., None])
    rim = np.exp(-(1.0 - window.distance(planet.at) / radius).clip(0.0) / 0.06) * alpha
    window.shine(rim * bright * 0.5, mix(pale, (1.0, 1.0, 1.0), 0.4))


def _ring(canvas: Canvas, planet: _Planet, *, is_front: bool) -> None:
    """One half of the ring, with its grooves and its gap."""
    reach, tilt = planet.radius * 2, planet.tilt
    canvas = canvas.part(planet.at[0] - reach, planet.at[1] - reach, planet.at[0] + reach, planet.at[1] + reach)
    x, y = canvas.x - planet.at[0], canvas.y - planet.at[1]
    along, across = x * math.cos(tilt) + y * math.sin(tilt), (y * math.cos(tilt) - x * math.sin(tilt)) / 0.26
    away = np.hypot(along, across) / planet.radius
    edge = canvas.pixel / planet.radius * 2 + 0.01
    inside = smooth(1.28, 1.28 + edge, away) * smooth(1.98, 1.98 - edge, away)
    grooves = 0.62 + 0.25 * np.sin(away * 46.0) + 0.13 * np.sin(away * 97.0)
    gap = 1.0 - 0.85 * np.exp(-(((away - 1.72) / 0.022) ** 2))
    half = ((across if is_front else -across) / canvas.pixel * 0.26 + 0.5).clip(0.0, 1.0)
    colours = (planet.colours[2], planet.colours[0])
    canvas.blend(inside * grooves * gap * half * 0.9, ramp(colours, ((away - 1.28) / 0.7).clip(0, 1)))


def _moons(canvas: Canvas, stage: Stage, at: Point, radius: float) -> None:
    chance = stage.dice.stream("moons")
    for n in range(3):
        angle, away = chance.uniform(0, 2 * np.pi), radius * (1.55 + 0.35 * n)
        size = (0.034, 0.055, 0.022)[n]
        place = (at[0] + away * np.cos(angle), at[1] + away * np.sin(angle) * 0.8)
        colour = mix(_PLANETS[int(chance.integers(len(_PLANETS)))][0], (0.85, 0.85, 0.88), 0.5)
        window = canvas.part(place[0] - size * 1.2, place[1] - size * 1.2, place[0] + size * 1.2, place[1] + size * 1.2)
        alpha, bright, _, _ = _ball(window, place, size, (stage.lit_from * 0.72, -0.5))
        dark = np.asarray(mix(colour, (0.04, 0.04, 0.12), 0.82), np.float32)
        window.blend(
            alpha, (dark * (1 - bright[..., None]) + np.asarray(colour, np.float32) * bright[..., None]).astype(np.float32)
        )
        for _ in range(4):
            crater = (place[0] + chance.normal() * size * 0.35, place[1] + chance.normal() * size * 0.35)
            hole = smooth(1.0, 0.75, window.distance(crater) / (size * chance.uniform(0.12, 0.24)))
            window.blend((hole * alpha * bright * 0.3).astype(np.float32), mix(colour, (0.1, 0.1, 0.2), 0.6))


def _comet(canvas: Canvas, stage: Stage) -> None:
    chance = stage.dice.stream("comet")
    at = (canvas.frame.width * (0.5 + 0.3 * stage.lit_from), canvas.frame.height * chance.uniform(0.12, 0.25))
    turn = -0.55 if stage.lit_from > 0 else np.pi + 0.55
    x, y = canvas.x - at[0], canvas.y - at[1]
    behind, aside = x * math.cos(turn) + y * math.sin(turn), np.abs(y * math.cos(turn) - x * math.sin(turn))
    tail = np.exp(-aside / (0.004 + behind.clip(0) * 0.09)) * np.exp(-behind.clip(0) * 5.5) * (behind > 0)
    canvas.shine((tail * 0.85).astype(np.float32), mix(stage.palette.light, from_hex("a8d8ff"), 0.4))
    canvas.glow(at, 0.008, (1.0, 1.0, 0.95), 1.0)


def _rocket(canvas: Canvas, stage: Stage) -> None:
    """A small red and white rocket, and the cloud it leaves."""
    chance = stage.dice.stream("rocket")
    side = stage.lit_from
    pose = Pose(
        x=canvas.frame.width * (0.5 + 0.27 * side), foot=canvas.frame.height * chance.uniform(0.34, 0.4), size=0.19, turned=side
    )
    lean = -0.5
    clay, turn = Clay(canvas, stage), (math.cos(lean), math.sin(lean))

    def at(across: float, up: float) -> Point:
        return across * turn[0] - up * turn[1], across * turn[1] + up * turn[0]

    for k in range(16):
        t = k / 15
        puff = at(0.05 * np.sin(k * 2.1), -0.12 - 0.75 * t)
        clay.blush(pose.oval(*puff, 0.05 + 0.09 * t, 0.05 + 0.09 * t), (1.0, 0.93, 0.88), 0.5 * (1 - t), 0.008)
    flame = [
        pose.outline(*(at(*p) for p in ((-0.09, 0.02), (0.0, 0.05), (0.09, 0.02), (0.05, -0.16), (0.0, -0.34), (-0.05, -0.16))))
    ]
    canvas.glow(pose.at(*at(0.0, -0.1)), 0.035, from_hex("ffb347"), 0.8)
    clay.mark(flame, from_hex("ff9a3c"))
    fins = [pose.outline(*(at(s * u, v) for u, v in ((0.1, 0.32), (0.2, 0.22), (0.26, 0.0), (0.13, 0.08)))) for s in (-1, 1)]
    clay.body(fins, from_hex("d8433b"), volume=0.01)
    hull = pose.outline(*(at(*p) for p in ((0.0, 1.0), (0.1, 0.82), (0.155, 0.55), (0.14, 0.25), (0.09, 0.05), (-0.09, 0.05), (-0.14, 0.25), (-0.155, 0.55), (-0.1, 0.82))))  # fmt: skip
    clay.body([hull], from_hex("f6f1e6"), volume=0.02)
    nose = pose.outline(*(at(*p) for p in ((0.0, 1.1), (0.2, 0.74), (0.0, 0.78), (-0.2, 0.74))))
    clay.mark([nose], from_hex("d8433b"), inside=[hull])
    for radius, colour in ((0.075, from_hex("d8433b")), (0.055, from_hex("8fd0e8"))):
        clay.mark([pose.oval(*at(0.0, 0.55), radius, radius)], colour)
