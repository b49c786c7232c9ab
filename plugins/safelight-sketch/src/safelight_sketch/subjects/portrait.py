"""A head and shoulders: a face in few strokes, hair, a garment, and what the prompt puts on it."""

from __future__ import annotations

import attrs
import numpy as np

from safelight_sketch.canvas import Canvas
from safelight_sketch.clay import Clay, Outline, Pose
from safelight_sketch.colour import Colour, from_hex, mix
from safelight_sketch.stage import Layer, Stage
from safelight_sketch.subjects.features import features
from safelight_sketch.subjects.wear import put_on, worn_behind

_SKINS = tuple(map(from_hex, ("f6d3b8", "eab896", "d89a72", "c08458", "98643f", "7a4e36")))
_HAIRS = tuple(map(from_hex, ("2b2026", "4a2f25", "7a4528", "b8622f", "d9a552", "8f8a92", "3a2a45")))
_CLOTHES = tuple(map(from_hex, ("2f6f73", "c9503f", "e0a63f", "34477f", "7d5a8f", "f1e6d2", "4f7a52")))
_LONG, _SHORT = ("long", "bob", "bun", "curls"), ("short", "quiff")


@attrs.frozen(kw_only=True)
class Sitter:
    """Who sits: chosen once, painted in every pass."""

    pose: Pose
    skin: Colour
    hair: Colour
    cloth: Colour
    cut: str
    wears: frozenset[str]

    @property
    def head(self) -> Outline:
        """The face, from the hairline to the chin."""
        return self.pose.even((0.0, 0.88), (0.11, 0.86), (0.175, 0.76), (0.175, 0.62), (0.14, 0.51), (0.075, 0.445), (0.0, 0.425))


def portrait(stage: Stage) -> tuple[Layer, ...]:
    """Seat someone before the scene."""
    sitter = _cast(stage)
    return (
        Layer("the hair", lambda canvas: _behind(canvas, stage, sitter)),
        Layer("the shoulders", lambda canvas: _shoulders(Clay(canvas, stage), sitter)),
        Layer("the face", lambda canvas: _face(canvas, stage, sitter)),
        Layer("the features", lambda canvas: features(canvas, stage, sitter.pose, sitter.skin, sitter.hair, sitter.wears)),
        Layer("the hair over the brow", lambda canvas: _front(Clay(canvas, stage), sitter)),
        Layer("the last touches", lambda canvas: put_on(canvas, stage, sitter.pose, sitter.hair, sitter.wears)),
    )


def _cast(stage: Stage) -> Sitter:
    """Choose what the prompt leaves open."""
    chance, frame, asked = stage.dice.stream("sitter"), stage.frame, stage.reading.extras
    cuts: tuple[str, ...] = (*_LONG, *_SHORT) if not asked & {"long", "short"} else _LONG if "long" in asked else _SHORT
    if "hat" in asked:
        cuts = tuple(cut for cut in cuts if cut in {"long", "short"})  # no other fits under it
    cut = cuts[int(chance.integers(len(cuts)))]
    wears = asked & {"glasses", "crown", "hat", "beard", "flowers"}
    has_glasses, has_flowers, has_beard = chance.random(3) < (0.25, 0.3, 0.4)
    if has_glasses:
        wears |= {"glasses"}
    if has_flowers and cut in _LONG and not wears & {"crown", "hat"}:
        wears |= {"flowers"}
    if has_beard and cut in _SHORT:
        wears |= {"beard"}
    tan = int(chance.integers(len(_SKINS)))
    return Sitter(
        pose=Pose(
            x=frame.width / 2,
            foot=frame.height + 0.02 - 0.1 * min(frame.height - 1.0, 1.0),
            size=0.92,
            turned=-1.0 if chance.random() < 0.5 else 1.0,
        ),
        skin=_SKINS[tan],
        hair=from_hex("d9d6d2") if {"beard", "hat"} <= asked else _HAIRS[int(chance.integers(len(_HAIRS) if tan < 3 else 3))],
        cloth=stage.reading.coat or _CLOTHES[int(chance.integers(len(_CLOTHES)))],
        cut=cut,
        wears=wears,
    )


def _behind(canvas: Canvas, stage: Stage, sitter: Sitter) -> None:
    """The hair that falls behind the shoulders."""
    clay, pose, hair = Clay(canvas, stage), sitter.pose, mix(sitter.hair, (0.0, 0.0, 0.0), 0.18)
    worn_behind(clay, pose, sitter.wears)
    if sitter.cut == "long":
        mane = pose.even((0.0, 0.97), (0.16, 0.94), (0.24, 0.8), (0.25, 0.6), (0.29, 0.4), (0.3, 0.2), (0.22, 0.1), (0.0, 0.12))
        clay.body([mane], hair, volume=0.05)
    elif sitter.cut == "bob":
        clay.body(
            [pose.even((0.0, 0.97), (0.16, 0.94), (0.24, 0.8), (0.255, 0.6), (0.25, 0.46), (0.18, 0.4), (0.0, 0.42))],
            hair,
            volume=0.05,
        )
    elif sitter.cut == "bun":
        clay.body([pose.oval(0.02, 1.0, 0.1, 0.09)], hair, volume=0.03)
        clay.body([pose.even((0.0, 0.97), (0.14, 0.94), (0.2, 0.8), (0.19, 0.62), (0.12, 0.52), (0.0, 0.5))], hair, volume=0.04)
    elif sitter.cut == "curls":
        chance = stage.dice.stream("curls")
        curls = []
        for n in range(34):
            angle = -0.35 + n / 33 * (np.pi + 0.7)
            away = chance.uniform(0.2, 0.25)
            curls.append(pose.oval(away * np.cos(angle), 0.72 + away * 0.98 * np.sin(angle), 0.075, 0.075))
        clay.body([*curls, pose.oval(0.0, 0.75, 0.22, 0.2)], hair, volume=0.03)


def _shoulders(clay: Clay, sitter: Sitter) -> None:
    pose, skin, cloth = sitter.pose, sitter.skin, sitter.cloth
    bust = pose.even((0.0, 0.33), (0.12, 0.32), (0.26, 0.27), (0.37, 0.19), (0.42, 0.05), (0.44, -0.25), (0.0, -0.25))
    clay.body([bust], cloth, volume=0.06)
    pattern = clay.stage.dice.stream("pattern").random()
    thread = mix(cloth, (1.0, 1.0, 1.0) if float(np.mean(cloth)) < 0.6 else from_hex("34477f"), 0.7)
    if pattern < 0.4:
        stripes = [
            pose.ribbon([(-0.5, up - 0.06), (0.0, up), (0.5, up - 0.06)], (0.025, 0.025)) for up in (0.21, 0.14, 0.07, 0.0, -0.07)
        ]
        clay.mark(stripes, thread, 0.8, inside=[bust])
    elif pattern < 0.65:
        dots = [
            pose.oval(x * 0.09 + 0.045 * (row % 2), 0.23 - row * 0.055, 0.012, 0.012) for row in range(6) for x in range(-5, 6)
        ]
        clay.mark(dots, thread, 0.8, inside=[bust])
    neck = pose.even((0.0, 0.56), (0.075, 0.55), (0.07, 0.42), (0.095, 0.34), (0.07, 0.27), (0.0, 0.245))
    clay.body(
        [pose.ribbon([(-0.15, 0.335), (0.0, 0.225), (0.15, 0.335)], (0.05, 0.06, 0.05))], mix(cloth, thread, 0.25), volume=0.015
    )
    clay.body([neck], mix(skin, from_hex("8a3f30"), 0.12), volume=0.03, glow=0.25)
    clay.blush(pose.oval(0.0, 0.43, 0.09, 0.035), mix(skin, from_hex("5a2a2a"), 0.45), 0.75, 0.02)


def _face(canvas: Canvas, stage: Stage, sitter: Sitter) -> None:
    clay, pose, skin = Clay(canvas, stage), sitter.pose, sitter.skin
    for side in (-1, 1):
        clay.body([pose.oval(side * 0.178, 0.645, 0.028, 0.045, side * 0.15)], mix(skin, from_hex("c85a4a"), 0.12), volume=0.012)
    clay.body([sitter.head], skin, volume=0.045)
    if "beard" in sitter.wears:
        beard = pose.even(
            (0.0, 0.565), (0.07, 0.57), (0.13, 0.6), (0.182, 0.67), (0.18, 0.55), (0.13, 0.43), (0.06, 0.375), (0.0, 0.36)
        )
        clay.body([beard], mix(sitter.hair, skin, 0.08), volume=0.03, glow=0.3)


def _front(clay: Clay, sitter: Sitter) -> None:
    """The hair over the brow, by its cut."""
    pose, hair = sitter.pose, sitter.hair
    if sitter.cut in {"long", "bob"}:
        fringes = [
            pose.outline(
                (0.05, 0.965),
                (-0.12, 0.95),
                (-0.21, 0.84),
                (-0.225, 0.66),
                (-0.2, 0.55),
                (-0.185, 0.68),
                (-0.13, 0.79),
                (0.06, 0.88),
            ),
            pose.outline(
                (0.0, 0.97), (0.12, 0.95), (0.21, 0.84), (0.225, 0.66), (0.2, 0.55), (0.185, 0.68), (0.16, 0.78), (0.04, 0.9)
            ),
        ]
    elif sitter.cut == "bun":
        fringes = [pose.even((0.0, 0.965), (0.13, 0.94), (0.2, 0.82), (0.195, 0.66), (0.175, 0.72), (0.12, 0.82), (0.0, 0.86))]
    elif sitter.cut == "curls":
        fringes = [pose.oval(x, 0.855 + 0.035 * (1 - (x / 0.19) ** 2), 0.052, 0.048) for x in np.linspace(-0.185, 0.185, 8)]
        fringes += [pose.oval(s * 0.2, up, 0.045, 0.045) for s in (-1, 1) for up in (0.79, 0.72)]
    elif sitter.cut == "quiff":
        fringes = [
            pose.outline((-0.185, 0.66), (-0.205, 0.8), (-0.15, 0.93), (0.0, 1.0), (0.15, 0.99), (0.22, 0.9), (0.2, 0.78), (0.185, 0.66), (0.17, 0.77), (0.1, 0.83), (-0.06, 0.82), (-0.165, 0.77))
        ]  # fmt: skip
    else:
        fringes = [
            pose.outline((-0.185, 0.66), (-0.2, 0.8), (-0.13, 0.93), (0.0, 0.955), (0.13, 0.93), (0.2, 0.8), (0.185, 0.66), (0.165, 0.76), (0.08, 0.85), (-0.05, 0.815), (-0.16, 0.77))
        ]  # fmt: skip
    clay.body(fringes, hair, volume=0.025, glow=0.5)
