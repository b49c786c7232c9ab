"""Has generations canceled that nobody watches any more, where whoever asked for them wants that."""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from safelight.errors import SafelightError
from safelight.generation import Generation
from safelight.hub import Hub
from safelight.runner import Runner
from safelight.supervisor import Supervisor

log = structlog.get_logger()

RETURN_SECONDS = 20.0
"""After a restart everybody comes back within so many: a service that leaves sends its readers away for up to 15."""


class Reaper:
    """
    Counts who watches, and for how long nobody has.

    Whoever watched before a restart is not known after it: from then on it counts as if nobody had come yet.
    """

    def __init__(self, hub: Hub, supervisor: Supervisor) -> None:
        self._hub = hub
        self._supervisor = supervisor
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._cancels: set[asyncio.Task[None]] = set()
        self._is_resting = False

    def mind(self, generation: Generation, *, is_back: bool = False) -> None:
        """
        Count from now on, if the generation is not to run to its end in any case.

        Args:
            is_back: Whether it was created by an earlier process.
        """
        if generation.webhook is not None:
            return  # whoever asked for it need not watch: the end is told
        patience = generation.policy.patience
        if patience.left_seconds is not None:
            self._hub.attend(generation.id, partial(self._counted, generation.id, patience.left_seconds))
        if patience.unseen_seconds is not None:
            self._wait(generation.id, max(patience.unseen_seconds, RETURN_SECONDS if is_back else 0.0))

    def rest(self) -> None:
        """Count no more: from now on it is the service that leaves its viewers."""
        self._is_resting = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    async def close(self) -> None:
        """Rest, and wait until every cancel that was asked for is answered."""
        self.rest()
        await asyncio.gather(*self._cancels)

    def _counted(self, generation_id: str, left_seconds: float, viewers: int) -> None:
        if timer := self._timers.pop(generation_id, None):
            timer.cancel()
        newest = self._hub.newest(generation_id)
        if not viewers and newest is not None and not newest.is_terminal:
            self._wait(generation_id, left_seconds)

    def _wait(self, generation_id: str, seconds: float) -> None:
        if not self._is_resting:
            loop = asyncio.get_running_loop()
            self._timers[generation_id] = loop.call_later(seconds, self._give_up, generation_id, seconds)

    def _give_up(self, generation_id: str, seconds: float) -> None:
        del self._timers[generation_id]
        runner = self._supervisor.find(generation_id)
        if runner is not None and not runner.ended.is_set():
            log.info("generation_abandoned", generation=generation_id, unwatched_seconds=seconds)
            task = asyncio.create_task(_cancel(generation_id, runner), name=f"reap:{generation_id}")
            self._cancels.add(task)
            task.add_done_callback(self._cancels.discard)


async def _cancel(generation_id: str, runner: Runner) -> None:
    try:
        await runner.cancel()
    except SafelightError as error:
        log.warning("abandoned_cancel_failed", generation=generation_id, code=error.code, error=str(error))
