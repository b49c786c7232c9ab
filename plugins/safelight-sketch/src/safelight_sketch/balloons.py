"""Hot-air balloons over whatever scene it is."""

from __future__ import annotations

import numpy as np

from safelight_sketch.canvas import Canvas
from safelight_sketch.clay import Clay, Pose
from safelight_sketch.colour import from_hex, mix
from safelight_sketch.stage import Stage

_SILKS = tuple(
    tuple(map(from_hex, row.split()))
    for row in ("e0503f f9e6c0", "f0a53a 2f6f73", "7f6bc0 f4c9d2", "3f8fb0 fbf1dc", "d9607f fbe3a8")
)


def balloons(canvas: Canvas, stage: Stage) -> None:
    """Paint a large one and some far ones."""
    chance, width = stage.dice.stream("balloons"), stage.frame.width
    start = int(chance.integers(len(_SILKS)))
    for n, (across, down, size) in enumerate(((0.14, 0.6, 0.1), (0.32, 0.3, 0.13), (-0.02, 0.42, 0.08), (-0.2, 0.8, 0.33))):
        x = width / 2 + across * width * 0.9 * stage.lit_from + chance.normal() * 0.02
        foot = min(stage.horizon, 0.75) * down + size * 0.5
        _balloon(
            Clay(canvas, stage),
            Pose(x=x, foot=foot, size=size),
            _SILKS[(start + n) % len(_SILKS)],
            far=0.4 if size < 0.3 else 0.0,
        )


def _balloon(clay: Clay, pose: Pose, silks: tuple[tuple[float, float, float], ...], far: float) -> None:
    one, other = (mix(silk, clay.stage.palette.sky[-1], far) for silk in silks)
    dark = mix(from_hex("6b4a34"), clay.stage.palette.sky[-1], far)
    envelope = pose.even((0.0, 1.0), (0.2, 0.965), (0.355, 0.82), (0.37, 0.64), (0.26, 0.42), (0.1, 0.25), (0.0, 0.245))
    ropes = [[pose.at(s * 0.09, 0.26), pose.at(s * 0.055, 0.12)] for s in (-1, 1)]
    clay.lines(ropes, pose.size * 0.008, dark)
    clay.body([pose.corners((-0.062, 0.12), (0.062, 0.12), (0.05, 0.02), (-0.05, 0.02))], dark, volume=pose.size * 0.02)
    clay.body([envelope], one, volume=pose.size * 0.12, glow=0.25)
    gores = []
    for left, right in ((-1.0, -0.72), (-0.36, -0.02), (0.34, 0.7)):
        edges = [[(share * 0.385 * wide, up) for up, wide in zip(np.linspace(0.24, 1.0, 12), np.sin(np.linspace(0.55, np.pi, 12)) ** 0.8, strict=True)] for share in (left, right)]  # fmt: skip
        gores.append(pose.corners(*edges[0], *reversed(edges[1])))
    clay.mark(gores, other, 0.82, inside=[envelope])
