"""The figures a prompt can ask for, in front of any scene: a new one is a module, a row here and its words in `lexicon`."""

from __future__ import annotations

from safelight_sketch.stage import Scene
from safelight_sketch.subjects.birds import owl, penguin
from safelight_sketch.subjects.portrait import portrait
from safelight_sketch.subjects.robot import robot
from safelight_sketch.subjects.sitter import BREEDS, sitter

SUBJECTS: dict[str, Scene] = {
    **dict.fromkeys(BREEDS, sitter),
    "owl": owl,
    "penguin": penguin,
    "portrait": portrait,
    "robot": robot,
}
