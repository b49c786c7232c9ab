"""One picture from blank paper to bytes, step by step, off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import attrs

from safelight.providers import Control, Logged, Previewed, Produced, Progressed, Request, Steps, Update
from safelight_sketch.easels import Place
from safelight_sketch.params import Options, Params

if TYPE_CHECKING:
    from safelight_sketch.painting import Painting

T = TypeVar("T")
FIRST = "exposing the paper"
_LAST = "hanging it up to dry"
_PREVIEWS = 12  # of one picture, however many steps it takes


@attrs.frozen(kw_only=True)
class Sitting:
    """
    The making of one of the pictures of a generation.

    Attributes:
        place: The easel it stands on.
        picture: Which of the pictures, from 0.
        seed: This picture's own.
    """

    request: Request[Params, Options]
    control: Control
    place: Place
    picture: int
    seed: int

    async def updates(self) -> AsyncGenerator[Update, None]:
        """Paint, and yield each step, previews, and the picture at the end."""
        params, options = self.request.params, self.request.options
        total = params.steps * params.count
        loop = asyncio.get_running_loop()
        painting = await self._work(self._prepare)
        stage = ""
        yield Logged(self._heading(painting))
        for step in range(1, params.steps + 1):
            started = loop.time()
            for stroke in painting.share(step, params.steps):
                if stroke.stage != stage:
                    stage = stroke.stage
                    yield Logged(f"{stage}, from step {step} of {params.steps}")
                await self._work(stroke.run)
            if step * _PREVIEWS // params.steps != (step - 1) * _PREVIEWS // params.steps:
                yield Previewed(await self._work(partial(painting.preview, step / params.steps)))
            await asyncio.sleep(max(0.0, options.seconds / total - (loop.time() - started)))
            await self.place.rest(self.control)
            current = self.picture * params.steps + step
            yield Progressed(current / total, message=self._next(painting, step), steps=Steps(current, total, "step"))
        yield Produced(
            await self._work(partial(painting.picture, options.format)), type=f"image/{options.format}", seed=self.seed
        )

    def _prepare(self) -> Painting:
        # numpy and Pillow cost a tenth of a second to import: who only asks for help, or the plugin's name, is spared it.
        from safelight_sketch.painting import Painting

        params = self.request.params
        return Painting(self.request.prompt, self.seed, params.width, params.height)

    def _heading(self, painting: Painting) -> str:
        params = self.request.params
        size = f"{params.width} x {params.height}"
        return f"picture {self.picture + 1} of {params.count}: {size}, seed {self.seed}, {len(painting.strokes)} strokes"

    def _next(self, painting: Painting, step: int) -> str:
        """Say what comes after `step`."""
        params = self.request.params
        if step == params.steps:
            message = _LAST
        else:
            coming = (
                stroke.label for later in range(step + 1, params.steps + 1) for stroke in painting.share(later, params.steps)
            )
            message = next(coming, _LAST)
        return message if params.count == 1 else f"picture {self.picture + 1} of {params.count}: {message}"

    async def _work(self, work: Callable[[], T]) -> T:
        """
        Run one short piece of work in a thread, at an easel, not while paused.

        Nothing waits inside the thread: pauses and cancels take effect between two pieces, and a canceled run is over
        only when its thread is.
        """
        await self.place.rest(self.control)
        running = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise
