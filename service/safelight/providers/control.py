"""What core gives a local provider for one run: money, pauses, cancel, tasks."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from datetime import datetime
from typing import Any

import attrs

_PAUSE_TURN = 0.05


@attrs.frozen
class Job:
    """
    The upstream's handle of a submission: journalled, so small, plain JSON and without secrets.

    It must be enough to watch the job again after a restart or an upgrade of the plugin.

    Attributes:
        id: What the upstream calls it.
        data: Whatever else watching needs: URLs, region, a format version. What JSON would not bring back as it is, is refused.
    """

    id: str
    data: dict[str, Any] = attrs.field(factory=dict)


class Control(ABC):
    """
    One run of a `LocalProvider`, seen from inside.

    `is_canceled`, `wait_while_paused` and `checkpoint` may be called from worker threads; the rest from the loop.
    """

    def __init__(self) -> None:
        self._is_canceled = self._is_held = False

    @property
    def is_canceled(self) -> bool:
        """Whether the run is to stop; core also cancels the task that iterates `generate`."""
        return self._is_canceled

    @property
    def is_paused(self) -> bool:
        """Whether the run is to hold still."""
        return self._is_held and not self._is_canceled

    def wait_while_paused(self) -> None:
        """Block a worker thread until the run goes on or is canceled; never call it on the event loop."""
        while self.is_paused:
            time.sleep(_PAUSE_TURN)

    async def checkpoint(self) -> None:
        """Hold still while paused; give the loop a turn otherwise."""
        if not self.is_paused:
            await asyncio.sleep(0)
            return
        while self.is_paused:  # noqa: ASYNC110 - threads read the same flags
            await asyncio.sleep(_PAUSE_TURN)

    @abstractmethod
    def now(self) -> datetime:
        """Return the present by the service's clock, aware, in UTC."""

    @abstractmethod
    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """
        Run a helper task beside `generate`.

        Whatever it raises fails this generation and is logged with the plugin's name; it is canceled when the run ends.
        """

    @abstractmethod
    async def submitting(self) -> None:
        """Say that the next call may cost money. An error from here to `accepted` is an unknown outcome unless it is `NotSent` or a definite refusal."""

    @abstractmethod
    async def accepted(self, job: Job) -> None:
        """Say that the upstream took the job; durable when this returns."""
