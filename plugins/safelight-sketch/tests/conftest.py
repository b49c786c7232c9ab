from __future__ import annotations

import asyncio
import types
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from safelight.generation import Request
from safelight.providers import Control, Update
from safelight_sketch.params import Options, Params, Settings
from safelight_sketch.plugin import Sketch


class HandControl(Control):
    """A control that a test moves by hand."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def spawn(self, work: Any, *, name: str) -> None:
        raise AssertionError(name)

    async def submitting(self) -> None:
        raise AssertionError

    async def accepted(self, job: Any) -> None:
        raise AssertionError(job)

    def pause(self) -> None:
        self._is_held = True

    def resume(self) -> None:
        self._is_held = False

    def cancel(self) -> None:
        self._is_canceled = True


class Run:
    """One generation, running in a task; everything it says is kept."""

    def __init__(self, sketch: Sketch, prompt: str, params: dict[str, Any], options: dict[str, Any]) -> None:
        self.control = HandControl()
        self.updates: list[Update] = []
        self.on_update: Callable[[Update], object] = self.updates.append
        self._said = asyncio.Condition()
        request = Request(prompt=prompt, params=Params(**params), options=Options(**{"seconds": 0, **options}))
        self.task = asyncio.create_task(self._follow(sketch, request))

    async def _follow(self, sketch: Sketch, request: Request[Params, Options]) -> None:
        async for update in sketch.generate(request, self.control):
            async with self._said:
                self.on_update(update)
                self._said.notify_all()

    def all(self, kind: type[Any]) -> list[Any]:
        return [update for update in self.updates if isinstance(update, kind)]

    async def said(self, kind: type[Any], times: int = 1) -> None:
        """Wait until it has said that so often."""
        async with asyncio.timeout(30), self._said:
            await self._said.wait_for(lambda: len(self.all(kind)) >= times or self.task.done())
        if self.task.done():
            self.task.result()

    async def finished(self) -> list[Update]:
        async with asyncio.timeout(60):
            await self.task
        return self.updates

    async def cancel(self) -> None:
        """Cancel as core does: the flag, then the task."""
        self.control.cancel()
        self.task.cancel()
        async with asyncio.timeout(30):
            await asyncio.wait([self.task])


@pytest.fixture
def make_sketch():
    def make(**settings: Any) -> Sketch:
        return Sketch(Settings(**settings), types.SimpleNamespace())  # type: ignore[arg-type]

    return make


@pytest.fixture
async def start(make_sketch):
    """Start a generation: `start("a prompt", width=64, options={...})`; what still runs at the end is canceled."""
    runs: list[Run] = []
    usual = make_sketch()

    def start(
        prompt: str = "a lighthouse at dusk",
        *,
        sketch: Sketch | None = None,
        options: dict[str, Any] | None = None,
        **params: Any,
    ) -> Run:
        runs.append(Run(sketch or usual, prompt, {"width": 64, "height": 64, "seed": 1, **params}, options or {}))
        return runs[-1]

    yield start
    for run in runs:
        await run.cancel()
