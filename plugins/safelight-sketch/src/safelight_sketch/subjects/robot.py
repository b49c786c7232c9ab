"""A friendly machine."""

from __future__ import annotations

import numpy as np

from safelight_sketch.canvas import Canvas
from safelight_sketch.clay import Clay, Outline, Pose
from safelight_sketch.colour import Colour, from_hex, mix
from safelight_sketch.stage import Layer, Stage
from safelight_sketch.subjects.ground import ground, seat

_PAINTS = tuple(map(from_hex, ("58b0a8", "e8825a", "e9bd55", "7f9fd0", "d98aa0", "b9c0c4")))
_INK, _STEEL, _BLUSH = from_hex("202532"), from_hex("9aa5ad"), from_hex("ff8f87")
_LAMPS = tuple(map(from_hex, ("8ff5e0", "ffd66b", "b5f28a")))


def robot(stage: Stage) -> tuple[Layer, ...]:
    """Stand it in front of the scene."""
    chance = stage.dice.stream("coat")
    coat = stage.reading.coat or _PAINTS[int(chance.integers(len(_PAINTS)))]
    lamp = _LAMPS[int(chance.integers(len(_LAMPS)))]
    pose = seat(stage, 0.66)
    return (
        ground(stage, pose),
        Layer("the robot", lambda canvas: _trunk(Clay(canvas, stage), pose, coat, lamp)),
        Layer("its head", lambda canvas: _head(canvas, stage, pose, coat, lamp)),
    )


def _box(pose: Pose, across: float, up: float, wide: float, high: float, soft: float = 0.3) -> Outline:
    """Return a rectangle with round corners (a superellipse); `wide` and `high` are its half sides."""
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    cos, sin = np.cos(angles), np.sin(angles)
    xs, ys = across + wide * np.sign(cos) * np.abs(cos) ** soft, up + high * np.sign(sin) * np.abs(sin) ** soft
    return [pose.at(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]


def _trunk(clay: Clay, pose: Pose, coat: Colour, lamp: Colour) -> None:
    unit = pose.size
    clay.shadow(pose.oval(0.0, -0.005, 0.32, 0.045))
    for side in (-1, 1):
        clay.body([pose.ribbon([(side * 0.1, 0.2), (side * 0.1, 0.05)], (0.07, 0.07))], _STEEL, volume=unit * 0.02)
        clay.body([_box(pose, side * 0.115, 0.025, 0.095, 0.04, 0.5)], mix(coat, _INK, 0.35), volume=unit * 0.025)
    raised = pose.ribbon([(0.2, 0.42), (0.33, 0.4), (0.4, 0.52), (0.39, 0.62)], (0.055, 0.055, 0.055, 0.055))
    hanging = pose.ribbon([(-0.2, 0.42), (-0.31, 0.36), (-0.32, 0.25), (-0.29, 0.18)], (0.055, 0.055, 0.055, 0.055))
    clay.body([raised, hanging], _STEEL, volume=unit * 0.018)
    for across, up, turn in ((0.39, 0.66, 0.0), (-0.285, 0.15, np.pi)):
        for way in (-0.55, 0.0, 0.55):
            reach = 0.06
            tip = (across + reach * np.sin(turn + way), up + reach * np.cos(turn + way))
            clay.body([pose.ribbon([(across, up), tip], (0.035, 0.03))], mix(coat, _INK, 0.2), volume=unit * 0.01)
        clay.body([pose.oval(across, up, 0.042, 0.042)], coat, volume=unit * 0.02)
    clay.body([pose.ribbon([(0.0, 0.45), (0.0, 0.6)], (0.1, 0.1))], _STEEL, volume=unit * 0.02)
    clay.body([_box(pose, 0.0, 0.32, 0.22, 0.17, 0.38)], coat, volume=unit * 0.07)
    clay.body([_box(pose, 0.0, 0.33, 0.135, 0.095, 0.3)], mix(coat, from_hex("fff6e6"), 0.6), volume=unit * 0.015, glow=0.2)
    heart = pose.outline((0.0, 0.355), (0.035, 0.39), (0.075, 0.365), (0.055, 0.315), (0.0, 0.265), (-0.055, 0.315), (-0.075, 0.365), (-0.035, 0.39))  # fmt: skip
    clay.body([heart], from_hex("e8504f"), volume=unit * 0.02)
    clay.canvas.glow(pose.at(0.0, 0.33), unit * 0.05, from_hex("ff7a6b"), 0.1 + 0.3 * clay.stage.palette.darkness)
    rivets = [pose.oval(s * 0.185, up, 0.01, 0.01) for s in (-1, 1) for up in (0.2, 0.44)]
    clay.mark(rivets, mix(lamp, _INK, 0.55))


def _head(canvas: Canvas, stage: Stage, pose: Pose, coat: Colour, lamp: Colour) -> None:
    clay, unit = Clay(canvas, stage), pose.size
    clay.lines([[pose.at(0.0, 0.88), pose.at(0.0, 0.98)]], unit * 0.018, _STEEL)
    clay.body([pose.oval(0.0, 1.0, 0.034, 0.034)], from_hex("e8504f"), volume=unit * 0.015)
    canvas.glow(pose.at(0.0, 1.0), unit * 0.04, from_hex("ff8a70"), 0.35)
    for side in (-1, 1):
        clay.body([pose.oval(side * 0.285, 0.72, 0.035, 0.07)], mix(coat, _INK, 0.35), volume=unit * 0.02)
    clay.body([_box(pose, 0.0, 0.72, 0.275, 0.175, 0.42)], coat, volume=unit * 0.08)
    clay.body([_box(pose, 0.0, 0.715, 0.215, 0.122, 0.42)], _INK, volume=unit * 0.02, glow=0.12)
    is_content = stage.dice.stream("face").random() < 0.35
    light = mix(lamp, (1.0, 1.0, 1.0), 0.15)
    for side in (-1, 1):
        at = side * 0.1
        if is_content:
            arc = [pose.at(at + u * 0.045, 0.725 + 0.035 * (1 - u * u)) for u in np.linspace(-1, 1, 9)]
            clay.lines([arc], unit * 0.022, light)
        else:
            clay.mark([pose.oval(at, 0.74, 0.04, 0.05)], light)
            clay.mark([pose.oval(at + 0.012 * stage.lit_from * pose.turned, 0.757, 0.014, 0.016)], (1.0, 1.0, 1.0))
        canvas.glow(pose.at(at, 0.74), unit * 0.05, lamp, 0.16)
        clay.blush(pose.oval(side * 0.165, 0.675, 0.028, 0.018), _BLUSH, 0.6, unit * 0.012)
    smile = [pose.at(u * 0.055, 0.672 - 0.028 * (1 - u * u)) for u in np.linspace(-1, 1, 9)]
    clay.lines([smile], unit * 0.016, light)
