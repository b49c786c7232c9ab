"""A furry animal that sits and looks at you: cat, dog, fox, rabbit, bear, panda."""

from __future__ import annotations

import attrs
import numpy as np

from safelight_sketch.canvas import Canvas
from safelight_sketch.clay import Clay, Outline, Pose
from safelight_sketch.colour import Colour, from_hex, mix
from safelight_sketch.stage import Layer, Stage
from safelight_sketch.subjects.face import Face, expression
from safelight_sketch.subjects.ground import ground, seat

_CREAM, _DARK, _PINK = from_hex("fbf1e0"), from_hex("2b2328"), from_hex("f29b93")


@attrs.frozen(kw_only=True)
class Breed:
    """
    What tells one animal from another.

    Attributes:
        coats: Colours it comes in, when the prompt names none.
        ears: `pointed`, `folded`, `long` or `round`.
        tail: `curled`, `bushy`, `short`.
        cheek: Half the width of its head; `chin` likewise.
        pale: Whether its muzzle and chest are pale.
        tips: Colour of ears, paws and the like, where it is another.
    """

    coats: tuple[str, ...]
    ears: str
    tail: str
    cheek: float = 0.27
    chin: float = 0.12
    pale: bool = True
    tips: str | None = None
    is_striped: bool = False
    has_whiskers: bool = True


BREEDS = {
    "cat": Breed(
        coats=("e8924a", "8d8a92", "3a3640", "f3e3c8", "b98555", "d9a066"), ears="pointed", tail="curled", is_striped=True
    ),
    "dog": Breed(
        coats=("c98d52", "e3b878", "8a5a3a", "efe0c6"), ears="folded", tail="curled", cheek=0.24, chin=0.14, has_whiskers=False
    ),
    "fox": Breed(coats=("dd6b2f", "e07a35", "c95a28"), ears="pointed", tail="bushy", cheek=0.3, chin=0.07, tips="33262a"),
    "rabbit": Breed(coats=("cdb49a", "f2e8da", "a88f80", "8f8f99"), ears="long", tail="short", cheek=0.23, chin=0.13),
    "bear": Breed(coats=("8a5a3c", "6d4630", "b07a4c"), ears="round", tail="short", cheek=0.27, chin=0.17, has_whiskers=False),
    "panda": Breed(
        coats=("f7f3ea",), ears="round", tail="short", cheek=0.28, chin=0.17, pale=False, tips="2e2a33", has_whiskers=False
    ),
}


@attrs.frozen
class _Animal:
    """One of them, with its coat chosen."""

    breed: Breed
    pose: Pose
    coat: Colour
    is_striped: bool
    face: Face

    @property
    def tips(self) -> Colour:
        return from_hex(self.breed.tips) if self.breed.tips else self.coat

    @property
    def muzzle(self) -> Colour:
        return mix(self.coat, _CREAM, 0.82 if self.breed.pale else 0.3)

    @property
    def torso(self) -> Outline:
        return self.pose.even((0.0, 0.56), (0.13, 0.52), (0.19, 0.36), (0.25, 0.17), (0.26, 0.05), (0.17, 0.0), (0.0, -0.005))

    @property
    def head(self) -> Outline:
        cheek, chin = self.breed.cheek, self.breed.chin
        return self.pose.even(
            (0.0, 0.885),
            (cheek * 0.5, 0.855),
            (cheek * 0.87, 0.76),
            (cheek, 0.64),
            (cheek * 0.8, 0.53),
            (chin, 0.47),
            (0.0, 0.455),
        )


def sitter(stage: Stage) -> tuple[Layer, ...]:
    """Seat the animal the prompt asks for in front of the scene."""
    name = stage.reading.subject or "cat"
    breed, chance = BREEDS[name], stage.dice.stream("coat")
    coat = from_hex(breed.coats[int(chance.integers(len(breed.coats)))])
    is_striped = chance.random() < 0.55
    if stage.reading.coat is not None:
        coat = stage.reading.coat
    animal = _Animal(
        breed,
        seat(stage, 0.62),
        coat,
        breed.is_striped and is_striped,
        Face(eyes=0.105 if name != "fox" else 0.115, level=0.655, size=0.05, is_dark=name != "cat"),
    )
    return (
        ground(stage, animal.pose),
        Layer(f"the {name}", lambda canvas: _trunk(Clay(canvas, stage), animal)),
        Layer("its ears", lambda canvas: _head(Clay(canvas, stage), animal)),
        Layer("its face", lambda canvas: _face(canvas, stage, animal)),
    )


def _trunk(clay: Clay, animal: _Animal) -> None:
    pose, coat = animal.pose, animal.coat
    clay.shadow(pose.oval(0.02, -0.005, 0.36, 0.05))
    _tail(clay, animal)
    clay.body([animal.torso], coat, volume=pose.size * 0.09)
    if animal.is_striped:
        _stripes(clay, animal)
    if animal.breed.pale:
        bib = pose.even((0.0, 0.5), (0.09, 0.45), (0.105, 0.33), (0.07, 0.2), (0.0, 0.14))
        clay.blush(bib, animal.muzzle, 0.95, pose.size * 0.02)
    limb = animal.tips if animal.breed.tips else coat
    for side in (-1, 1):
        clay.body([pose.oval(side * 0.21, 0.095, 0.105, 0.115, side * -0.3)], coat, volume=pose.size * 0.06)
        clay.body([pose.oval(side * 0.215, 0.012, 0.095, 0.035)], limb, volume=pose.size * 0.03)
    legs = [
        pose.ribbon([(s * 0.068, 0.4), (s * 0.07, 0.34), (s * 0.075, 0.18), (s * 0.08, 0.03)], (0.0, 0.07, 0.085, 0.09))
        for s in (-1, 1)
    ]
    for leg in legs:
        clay.body([leg], coat if animal.breed.tips is None else limb, volume=pose.size * 0.03, glow=0.15)
    for side in (-1, 1):
        paw = animal.muzzle if animal.breed.tips is None and animal.breed.pale else limb
        clay.body([pose.oval(side * 0.085, 0.015, 0.07, 0.04)], paw, volume=pose.size * 0.03)
        toes = [[pose.at(side * 0.085 + toe, 0.0), pose.at(side * 0.085 + toe, 0.022)] for toe in (-0.022, 0.022)]
        clay.lines(toes, pose.size * 0.006, _DARK, 0.45)


def _tail(clay: Clay, animal: _Animal) -> None:
    pose, coat = animal.pose, animal.coat
    if animal.breed.tail == "curled":
        tail = pose.ribbon(
            [(0.17, 0.05), (0.34, 0.05), (0.43, 0.17), (0.39, 0.32), (0.43, 0.45), (0.5, 0.46)],
            (0.07, 0.075, 0.075, 0.07, 0.06, 0.04),
        )
        clay.body([tail, pose.oval(0.5, 0.46, 0.02, 0.02)], coat, volume=pose.size * 0.03)
    elif animal.breed.tail == "bushy":
        spine = [(0.16, 0.06), (0.34, 0.05), (0.47, 0.16), (0.47, 0.36), (0.38, 0.54)]
        tail = pose.ribbon(spine, (0.08, 0.15, 0.21, 0.19, 0.01))
        clay.body([tail], coat, volume=pose.size * 0.06)
        tip = pose.outline((0.36, 0.58), (0.3, 0.44), (0.4, 0.42), (0.44, 0.36), (0.49, 0.42), (0.6, 0.42), (0.5, 0.56))
        clay.mark([tip], _CREAM, 0.95, inside=[tail])
    else:
        clay.body([pose.oval(0.27, 0.07, 0.06, 0.055)], mix(coat, _CREAM, 0.5), volume=pose.size * 0.04)


def _stripes(clay: Clay, animal: _Animal) -> None:
    pose, dark = animal.pose, mix(animal.coat, _DARK, 0.42)
    bands = [
        pose.ribbon([(side * 0.3, up + 0.02), (side * 0.18, up + 0.012), (side * 0.1, up - 0.012)], (0.04, 0.028, 0.0))
        for side in (-1, 1)
        for up in (0.2, 0.28, 0.36, 0.43)
    ]
    clay.mark(bands, dark, 0.7, inside=[animal.torso])


def _head(clay: Clay, animal: _Animal) -> None:
    pose, breed = animal.pose, animal.breed
    outer = animal.tips if breed.tips and breed.ears == "round" else animal.coat
    inner = mix(_PINK, animal.coat, 0.35)
    for side in () if breed.ears == "folded" else (-1, 1):  # folded ones hang over the head, and come with the face
        shapes = _ear(pose, breed, side)
        clay.body([shapes[0]], outer, volume=pose.size * 0.03)
        clay.mark([shapes[1]], inner, 0.9)
        if breed.tips and breed.ears == "pointed":
            tip = pose.oval(side * breed.cheek * 0.9, 1.0, 0.1, 0.08)
            clay.mark([tip], animal.tips, 0.9, inside=[shapes[0]])
    clay.shadow(pose.oval(0.0, 0.47, breed.chin + 0.06, 0.03), 0.3, pose.size * 0.03)
    clay.body([animal.head], animal.coat, volume=pose.size * 0.08)


def _ear(pose: Pose, breed: Breed, side: int) -> tuple[Outline, Outline]:
    cheek = breed.cheek
    if breed.ears == "long":
        return (
            pose.ribbon(
                [(side * 0.09, 0.8), (side * 0.12, 1.0), (side * 0.15, 1.18), (side * 0.17, 1.24)], (0.1, 0.13, 0.11, 0.02)
            ),
            pose.ribbon(
                [(side * 0.095, 0.84), (side * 0.122, 1.0), (side * 0.148, 1.15), (side * 0.16, 1.19)], (0.04, 0.06, 0.05, 0.0)
            ),
        )
    if breed.ears == "round":
        return pose.oval(side * 0.19, 0.83, 0.085, 0.085), pose.oval(side * 0.187, 0.825, 0.048, 0.048)
    return (
        pose.outline(
            (side * cheek * 0.93, 0.7), (side * cheek * 1.0, 0.85), (side * cheek * 0.93, 1.02), (side * cheek * 0.86, 1.02),
            (side * cheek * 0.55, 0.94), (side * cheek * 0.25, 0.84), (side * cheek * 0.5, 0.74),
        ),
        pose.outline(
            (side * cheek * 0.88, 0.78), (side * cheek * 0.92, 0.87), (side * cheek * 0.87, 0.965), (side * cheek * 0.64, 0.905), (side * cheek * 0.5, 0.83),
        ),
    )  # fmt: skip


def _face(canvas: Canvas, stage: Stage, animal: _Animal) -> None:
    clay, pose, breed = Clay(canvas, stage), animal.pose, animal.breed
    head = [animal.head]
    if stage.reading.subject == "fox":
        mask = [
            pose.outline((s * 0.02, 0.6), (s * 0.1, 0.615), (s * 0.2, 0.66), (s * 0.34, 0.68), (s * 0.3, 0.5), (s * 0.1, 0.42), (0.0, 0.42), (0.0, 0.54))
            for s in (-1, 1)
        ]  # fmt: skip
        clay.mark(mask, animal.muzzle, 0.96, inside=head)
    elif breed.tips:  # the panda's patches
        for side in (-1, 1):
            clay.mark([pose.oval(side * 0.11, 0.645, 0.062, 0.082, side * -0.5)], animal.tips)
    if animal.is_striped:
        dark = mix(animal.coat, _DARK, 0.42)
        bars = [pose.ribbon([(x, 0.88), (x * 0.9, 0.8), (x * 0.8, 0.745)], (0.03, 0.024, 0.0)) for x in (-0.065, 0.0, 0.065)]
        bars += [
            pose.ribbon([(s * 0.29, y), (s * 0.22, y - 0.004), (s * 0.17, y - 0.014)], (0.026, 0.02, 0.0))
            for s in (-1, 1)
            for y in (0.62, 0.58)
        ]
        clay.mark(bars, dark, 0.75, inside=head)
    if breed.pale or breed.ears == "round":
        high = 0.075 if breed.ears in {"folded", "round"} else 0.055
        clay.blush(pose.oval(0.0, 0.545, 0.105, high), animal.muzzle, 0.95, pose.size * 0.018)
    if breed.ears == "folded":
        dark = mix(animal.coat, _DARK, 0.35)
        for side in (-1, 1):
            ear = pose.outline(
                (side * 0.12, 0.84), (side * 0.2, 0.855), (side * 0.29, 0.76), (side * 0.315, 0.6), (side * 0.27, 0.51), (side * 0.22, 0.56), (side * 0.2, 0.7)
            )  # fmt: skip
            clay.body([ear], dark, volume=pose.size * 0.04)
    expression(clay, pose, animal.face, stage.dice.stream("face"))
    if breed.has_whiskers:
        whiskers = [
            [pose.at(s * 0.12, 0.55 + k * 0.012), pose.at(s * 0.24, 0.555 + k * 0.03), pose.at(s * 0.34, 0.55 + k * 0.05)]
            for s in (-1, 1)
            for k in (-1, 0, 1)
        ]
        pale = float(np.mean(animal.coat)) < 0.55
        clay.lines(whiskers, pose.size * 0.005, _CREAM if pale else _DARK, 0.6)
