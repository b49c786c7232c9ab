"""Birds that sit up straight: an owl on its branch, a penguin on the ice."""

from __future__ import annotations

import numpy as np

from safelight_sketch.clay import Clay, Pose
from safelight_sketch.colour import Colour, from_hex, mix
from safelight_sketch.stage import Layer, Stage
from safelight_sketch.subjects.ground import ground, seat

_CREAM, _INK, _BEAK, _BLUSH = from_hex("fbf1e0"), from_hex("231c26"), from_hex("f2a33a"), from_hex("f08a80")
_OWLS = tuple(map(from_hex, ("9a6b48", "7d6a5e", "b98a5a", "6f6f86")))
_IRIS = tuple(map(from_hex, ("f5b82e", "e88a2c", "e8d25a")))


def owl(stage: Stage) -> tuple[Layer, ...]:
    """Put an owl on a branch in front of the scene."""
    chance, frame = stage.dice.stream("coat"), stage.frame
    coat = stage.reading.coat or _OWLS[int(chance.integers(len(_OWLS)))]
    iris = _IRIS[int(chance.integers(len(_IRIS)))]
    pose = Pose(
        x=seat(stage, 0.6).x, foot=frame.height - 0.2 - 0.3 * min(frame.height - 1.0, 2.0), size=0.6, turned=-stage.lit_from
    )
    return (
        Layer("the branch", lambda canvas: _branch(Clay(canvas, stage), pose)),
        Layer("the owl", lambda canvas: _owl(Clay(canvas, stage), pose, coat)),
        Layer("its eyes", lambda canvas: _owls_face(Clay(canvas, stage), pose, coat, iris)),
    )


def _branch(clay: Clay, pose: Pose) -> None:
    """From one edge of the picture to beyond the bird, with leaves."""
    chance, frame = clay.stage.dice.stream("branch"), clay.stage.frame
    bark, leaf = mix(from_hex("5b4034"), clay.stage.palette.shade, 0.25), from_hex("4f7d52")
    if "autumn" in clay.stage.reading.extras:
        leaf = from_hex("d9762b")
    reach = (frame.width / 2 + abs(pose.x - frame.width / 2) + 0.3) / pose.size
    for n in range(9):
        x = -0.45 + 0.2 * n if n < 4 else -0.6 - 0.16 * n
        side = 1 if n % 2 else -1
        up = -0.03 + 0.06 * side
        spine = [(x, -0.03), (x + 0.05, up), (x + 0.14 + chance.uniform(0, 0.05), up + 0.1 * side + chance.normal() * 0.02)]
        clay.body([pose.ribbon(spine, (0.01, 0.085, 0.09, 0.0))], leaf, volume=0.01)
    clay.body(
        [
            pose.ribbon(
                [(-reach, -0.12), (-0.7, -0.07), (0.0, -0.03), (0.45, -0.04), (0.75, 0.06)], (0.14, 0.11, 0.085, 0.05, 0.012)
            )
        ],
        bark,
        volume=0.02,
    )


def _owl(clay: Clay, pose: Pose, coat: Colour) -> None:
    pale, dark = mix(coat, _CREAM, 0.75), mix(coat, _INK, 0.35)
    clay.body([pose.ribbon([(0.0, 0.15), (0.0, -0.05), (0.02, -0.16)], (0.26, 0.2, 0.14))], dark, volume=0.02)
    tufts = [
        pose.outline((s * 0.12, 0.9), (s * 0.25, 1.04), (s * 0.27, 1.02), (s * 0.28, 0.84), (s * 0.2, 0.76)) for s in (-1, 1)
    ]
    clay.body(tufts, dark, volume=0.015)
    trunk = pose.even((0.0, 0.95), (0.17, 0.93), (0.28, 0.8), (0.29, 0.55), (0.31, 0.32), (0.23, 0.08), (0.0, 0.0))
    clay.body([trunk], coat, volume=0.06)
    belly = pose.even((0.0, 0.56), (0.15, 0.52), (0.19, 0.32), (0.13, 0.1), (0.0, 0.04))
    clay.blush(belly, pale, 0.95, 0.008)
    scales = []
    for row in range(5):
        for place in range(-2, 3):
            x, up = (place + 0.5 * (row % 2)) * 0.068, 0.45 - row * 0.075
            scales.append([pose.at(x + t * 0.026, up - 0.022 * (1 - t * t)) for t in np.linspace(-1, 1, 7)])
    clay.lines(scales, 0.007, coat, 0.75)
    for side in (-1, 1):
        wing = pose.outline(
            (side * 0.24, 0.6),
            (side * 0.34, 0.5),
            (side * 0.355, 0.28),
            (side * 0.26, 0.04),
            (side * 0.2, 0.2),
            (side * 0.21, 0.45),
        )
        clay.body([wing], dark, volume=0.025)
        toes = [pose.oval(side * 0.1 + k * 0.034, -0.005, 0.02, 0.034) for k in (-1, 0, 1)]
        clay.body(toes, _BEAK, volume=0.008)


def _owls_face(clay: Clay, pose: Pose, coat: Colour, iris: Colour) -> None:
    pale = mix(coat, _CREAM, 0.8)
    for side in (-1, 1):
        clay.body([pose.oval(side * 0.125, 0.725, 0.145, 0.145)], pale, volume=0.02, glow=0.2)
    for side in (-1, 1):
        clay.blush(pose.oval(side * 0.21, 0.605, 0.045, 0.028), _BLUSH, 0.5, 0.015)
        eye(clay, pose, (side * 0.115, 0.73), 0.088, iris)
    crest = pose.even((0.0, 0.93), (0.05, 0.9), (0.03, 0.83), (0.0, 0.78))
    clay.body([crest], mix(coat, _INK, 0.25), volume=0.01)
    clay.body([pose.even((0.0, 0.7), (0.036, 0.675), (0.022, 0.62), (0.0, 0.59))], _BEAK, volume=0.01)


def eye(clay: Clay, pose: Pose, at: tuple[float, float], size: float, iris: Colour) -> None:
    """Draw a wide round eye."""
    clay.mark([pose.oval(*at, size, size)], _INK)
    clay.mark([pose.oval(*at, size * 0.9, size * 0.9)], iris)
    clay.mark([pose.oval(*at, size * 0.58, size * 0.6)], _INK)
    glint = clay.stage.lit_from * pose.turned * size * 0.28
    clay.mark([pose.oval(at[0] + glint, at[1] + size * 0.3, size * 0.22, size * 0.22)], (1.0, 1.0, 1.0))
    clay.mark([pose.oval(at[0] - glint, at[1] - size * 0.3, size * 0.1, size * 0.1)], (1.0, 1.0, 1.0), 0.8)


def penguin(stage: Stage) -> tuple[Layer, ...]:
    """Stand a penguin in front of the scene, with a scarf, and a small one beside it."""
    chance = stage.dice.stream("coat")
    pose = seat(stage, 0.62)
    scarf = (from_hex("d8433b"), from_hex("2f8f8a"), from_hex("f2a33a"))[int(chance.integers(3))]
    coat = stage.reading.coat or from_hex("2f3648")
    chick = Pose(x=pose.x + 0.3 * stage.lit_from, foot=pose.foot + 0.03, size=0.28, turned=-stage.lit_from)
    return (
        ground(stage, pose),
        Layer("the penguin", lambda canvas: _penguin(Clay(canvas, stage), pose, coat, scarf)),
        Layer("the chick", lambda canvas: _penguin(Clay(canvas, stage), chick, mix(coat, _CREAM, 0.42), None)),
    )


def _penguin(clay: Clay, pose: Pose, coat: Colour, scarf: Colour | None) -> None:
    unit = pose.size
    clay.shadow(pose.oval(0.0, 0.0, 0.3, 0.045))
    for side in (-1, 1):
        clay.body([pose.oval(side * 0.11, 0.012, 0.105, 0.035)], _BEAK, volume=unit * 0.02)
    for side in (-1, 1):
        wing = pose.outline(
            (side * 0.2, 0.58),
            (side * 0.31, 0.46),
            (side * 0.41, 0.27),
            (side * 0.38, 0.22),
            (side * 0.27, 0.3),
            (side * 0.22, 0.4),
        )
        clay.body([wing], mix(coat, _INK, 0.2), volume=unit * 0.03)
    trunk = pose.even(
        (0.0, 1.0), (0.14, 0.975), (0.215, 0.86), (0.21, 0.72), (0.25, 0.55), (0.29, 0.3), (0.24, 0.08), (0.0, 0.01)
    )
    clay.body([trunk], coat, volume=unit * 0.08)
    front = pose.even((0.0, 0.62), (0.14, 0.58), (0.2, 0.36), (0.17, 0.1), (0.0, 0.04))
    clay.body([front], _CREAM, volume=unit * 0.05, glow=0.2)
    mask = [pose.oval(s * 0.085, 0.79, 0.1, 0.115, s * -0.2) for s in (-1, 1)]
    clay.mark([*mask, pose.oval(0.0, 0.74, 0.12, 0.075)], _CREAM, 0.97, inside=[trunk])
    for side in (-1, 1):
        clay.blush(pose.oval(side * 0.125, 0.735, 0.036, 0.024), _BLUSH, 0.6, unit * 0.02)
        at = side * 0.088
        clay.mark([pose.oval(at, 0.808, 0.034, 0.04)], _INK)
        clay.mark([pose.oval(at + clay.stage.lit_from * pose.turned * 0.01, 0.824, 0.011, 0.012)], (1.0, 1.0, 1.0))
    clay.body([pose.even((0.0, 0.785), (0.045, 0.762), (0.03, 0.735), (0.0, 0.715))], _BEAK, volume=unit * 0.012)
    if scarf is None:
        return
    clay.body(
        [pose.ribbon([(0.1, 0.62), (0.15, 0.5), (0.13, 0.36)], (0.08, 0.085, 0.09))], mix(scarf, _INK, 0.15), volume=unit * 0.02
    )
    clay.body(
        [pose.ribbon([(-0.22, 0.645), (-0.12, 0.6), (0.0, 0.588), (0.12, 0.6), (0.22, 0.645)], (0.09, 0.1, 0.1, 0.1, 0.09))],
        scarf,
        volume=unit * 0.025,
    )
