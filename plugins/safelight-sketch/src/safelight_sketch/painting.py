"""One picture as a list of strokes, coarse to fine: each is short, so that between two of them one may stop or wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import attrs
import numpy as np

from safelight_sketch.canvas import Canvas, Frame
from safelight_sketch.darkroom import develop, finish, fix, lay_grain
from safelight_sketch.dice import Dice
from safelight_sketch.palette import choose
from safelight_sketch.reading import read
from safelight_sketch.scenes import SCENES
from safelight_sketch.stage import Layer, set_stage
from safelight_sketch.styles import STYLES, Style
from safelight_sketch.subjects import SUBJECTS

_QUICK = "quick sketches"


@attrs.frozen
class Stroke:
    """A piece of work of some milliseconds; `label` says what it is, for people, and `stage` what it is a part of."""

    label: str
    stage: str
    run: Callable[[], None]


class Painting:
    """
    A picture on its way.

    Making one reads the prompt, and running a stroke paints: both belong in a worker thread, one at a time.

    Attributes:
        strokes: All of the work, in order.
    """

    def __init__(self, prompt: str, seed: int, width: int, height: int) -> None:
        self._dice = Dice(prompt, seed)
        self._size = (width, height)
        short = min(width, height)
        self._frame = Frame(width / short, height / short)
        reading = read(prompt, self._dice.stream("reading"))
        palette = choose(reading, self._dice.stream("palette"))
        scene, horizon = SCENES[reading.scene]
        stage = set_stage(reading, palette, self._dice, self._frame, horizon)
        self._style = STYLES.get(reading.style or "")
        self._layers = scene(stage) + (SUBJECTS[reading.subject](stage) if reading.subject else ())
        self._shown = self._canvas(8)
        self.strokes: tuple[Stroke, ...] = tuple(self._plan())

    def _plan(self) -> Iterator[Stroke]:
        """Two quick sketches, then layer by layer at half size, then as it will be."""
        yield Stroke("exposing the paper", _QUICK, partial(self._sketch, self._shown))
        yield Stroke("finding the light", _QUICK, partial(self._sketch, self._canvas(4)))
        for verb, stage, divisor in (("laying in", "half size", 2), ("painting", "full size", 1)):
            canvas: list[Canvas] = []
            for layer in self._layers:
                yield Stroke(f"{verb} {layer.name}", stage, partial(self._layer, canvas, layer, divisor))
            yield Stroke("letting the lights bloom", stage, partial(self._finish, canvas))
            if self._style:
                yield Stroke(self._style.verb, stage, partial(self._restyle, self._style))
        grain = self._style.grain if self._style else 1.0
        yield Stroke("laying the grain", "full size", lambda: lay_grain(self._shown, self._dice, grain))

    def _canvas(self, divisor: int) -> Canvas:
        return Canvas(self._frame, max(4, self._size[0] // divisor), max(4, self._size[1] // divisor))

    def _sketch(self, canvas: Canvas) -> None:
        for layer in self._layers:
            layer.paint(canvas)
        self._shown = canvas
        if self._style:
            self._restyle(self._style)

    def _layer(self, canvas: list[Canvas], layer: Layer, divisor: int) -> None:
        if not canvas:  # made when it is needed, so that a waiting picture takes no memory
            canvas.append(self._canvas(divisor))
        layer.paint(canvas[0])

    def _finish(self, canvas: list[Canvas]) -> None:
        if self._style is None or self._style.is_lit:
            finish(canvas[0])
        self._shown = canvas.pop()

    def _restyle(self, style: Style) -> None:
        np.clip(self._shown.rgb, 0.0, 1.0, out=self._shown.rgb)
        style.apply(self._shown, self._dice)

    def share(self, step: int, steps: int) -> tuple[Stroke, ...]:
        """Return the strokes that belong to one of `steps` even steps, counted from 1."""
        amount = len(self.strokes)
        return self.strokes[amount * (step - 1) // steps : amount * step // steps]

    def preview(self, time: float) -> bytes:
        """Return the print as it looks at `time` (0 to 1) of its development: a JPEG of at most 512 pixels a side."""
        return develop(self._shown, self._dice, time, self._size)

    def picture(self, form: str) -> bytes:
        """Return the picture, once every stroke has been run."""
        return fix(self._shown, form)
