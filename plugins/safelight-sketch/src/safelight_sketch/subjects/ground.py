"""What a figure in the foreground sits on: a knoll in the country, a wall in town, a rounded floor indoors."""

from __future__ import annotations

import numpy as np

from safelight_sketch.canvas import Canvas, Pen, profile
from safelight_sketch.clay import Pose
from safelight_sketch.colour import from_hex, mix
from safelight_sketch.stage import Layer, Stage

_GREEN = from_hex("3f7d4a")
_COVER = {"desert": from_hex("c98a4b"), "sea": from_hex("b79b6a"), "space": from_hex("8a8697"), "backdrop": from_hex("8a5a5a")}


def seat(stage: Stage, size: float) -> Pose:
    """Return where a figure of that height sits: off the middle, away from the light, low in the frame."""
    chance = stage.dice.stream("seat")
    frame = stage.frame
    away = -stage.lit_from * (0.04 + 0.09 * (frame.width - 1.0))
    return Pose(
        x=frame.width / 2 + away + chance.uniform(-0.02, 0.02),
        foot=frame.height - 0.1 - 0.16 * min(frame.height - 1.0, 2.0),
        size=size,
        turned=-1.0 if chance.random() < 0.5 else 1.0,
    )


def ground(stage: Stage, pose: Pose) -> Layer:
    """Return what lies under it."""
    if stage.reading.scene == "city":
        return Layer("the wall", lambda canvas: _wall(canvas, stage, pose))
    return Layer("the foreground", lambda canvas: _knoll(canvas, stage, pose))


def _knoll(canvas: Canvas, stage: Stage, pose: Pose) -> None:
    palette, chance = stage.palette, stage.dice.stream("knoll")
    is_bare = stage.reading.scene in _COVER
    away = canvas.x[0] - pose.x
    line = (
        pose.foot - 0.035 + 0.075 * (1 - np.exp(-((away / 0.55) ** 2))) + 0.008 * profile(chance, canvas.x[0] + 9, 2.2, octaves=3)
    )
    alpha, top = canvas.below(line.astype(np.float32))
    cover = (0.93, 0.95, 0.98) if "snow" in stage.reading.extras else _COVER.get(stage.reading.scene, _GREEN)
    near = mix(mix(palette.depth(0.9), cover, 0.42), palette.shade, 0.25 * palette.darkness)
    lit = mix(mix(cover, palette.light, 0.3), palette.shade, 0.12 + 0.5 * palette.darkness)
    depth = (canvas.y[top:] - line[None, :]).clip(0.0, None)
    share = (np.exp(-depth / 0.05) * 0.75)[..., None].astype(np.float32)
    canvas.blend(alpha, np.asarray(near, np.float32) * (1 - share) + np.asarray(lit, np.float32) * share, top=top)
    if is_bare or "snow" in stage.reading.extras:
        return

    def grass(pen: Pen) -> None:
        for _ in range(min(700, int(190 * stage.frame.width))):
            x = chance.random() * stage.frame.width
            foot = float(np.interp(x, canvas.x[0], line)) + 0.02 * chance.random() ** 2
            bend, blade = chance.normal() * 0.012, chance.uniform(0.01, 0.035)
            pen.polygon(
                [(x - 0.0028, foot + 0.01), (x + bend, foot - blade), (x + 0.0028, foot + 0.01)], chance.uniform(0.5, 1.0)
            )

    canvas.blend(canvas.shapes(grass), mix(lit, near, 0.25))


def _wall(canvas: Canvas, stage: Stage, pose: Pose) -> None:
    palette, chance = stage.palette, stage.dice.stream("wall")
    top = pose.foot - 0.02
    frame = stage.frame
    stone = mix(palette.depth(0.95), palette.haze, 0.16)

    def joints(pen: Pen) -> None:
        for row in range(8):
            y = top + 0.045 + row * 0.06
            pen.line([(0.0, y), (frame.width, y)], 0.003)
            x = chance.uniform(-0.1, 0.0)
            while x < frame.width:
                pen.line([(x, y), (x, y + 0.06)], 0.003)
                x += chance.uniform(0.12, 0.2)

    canvas.blend(canvas.shapes(lambda pen: pen.rectangle(-0.1, top, frame.width + 0.1, frame.height + 0.1)), stone)
    canvas.blend(canvas.shapes(joints) * 0.55, palette.shade)
    canvas.blend(
        canvas.shapes(lambda pen: pen.rectangle(-0.1, top, frame.width + 0.1, top + 0.045)), mix(stone, palette.light, 0.16)
    )
    canvas.blend(
        canvas.shapes(lambda pen: pen.rectangle(-0.1, top, frame.width + 0.1, top + 0.006)), mix(stone, palette.light, 0.5)
    )
