"""One job as the simulated upstream keeps it: where it stands is a question of time alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from safelight.providers import Request
from safelight_simulator.acts import ENDS, Act
from safelight_simulator.ears import TICK, Ears
from safelight_simulator.options import RemoteOptions
from safelight_simulator.params import Params, Scene, scene_of
from safelight_simulator.scenarios import plan_of
from safelight_simulator.timeline import FOREVER, Beat, end_of, lay_out, newest_only

CATCH_UP_SECONDS = 1.0
"""A stream begins with where things stood so long ago, and says one by one what has happened since."""


class Work:
    """
    A job that goes on whether or not anybody looks.

    Args:
        age: Seconds it has been running, pauses not counted.
    """

    def __init__(self, job: str, request: Request[Params, RemoteOptions], age: float = 0.0) -> None:
        self._loop = asyncio.get_running_loop()
        self.id = job
        self.request = request
        self.scene: Scene = scene_of(request)
        self._origin = self._loop.time() - age
        self._held_since: float | None = None
        self._changed: asyncio.Future[None] = self._loop.create_future()
        acts = plan_of(request.options, request.params).acts
        if not any(act.do in ENDS for act in acts):  # as for a run that returns: done without a word is done
            acts = (*acts, Act(do="succeed"))
        self.beats = lay_out(acts, seed=self.scene.seed, jitter=request.options.jitter)

    @property
    def age(self) -> float:
        """Seconds of work so far."""
        return self._now() - self._origin

    @property
    def end(self) -> Beat:
        """The beat that ends it, which may be infinitely far."""
        end = end_of(self.beats)
        assert end is not None  # noqa: S101 - the constructor saw to it
        return end

    @property
    def has_ended(self) -> bool:
        """Whether its end has come."""
        return self._is_due(self.end)

    @property
    def is_held(self) -> bool:
        """Whether it stands still."""
        return self._held_since is not None

    @property
    def is_waiting(self) -> bool:
        """Whether it is still in the upstream's queue."""
        return all(beat.act.do in {"queued", "log", "note"} for beat in self._due())

    def hold(self) -> None:
        """Stand still."""
        if self._held_since is None:
            self._held_since = self._loop.time()
            self._notify()

    def go_on(self) -> None:
        """Work again."""
        if self._held_since is not None:
            self._origin += self._loop.time() - self._held_since
            self._held_since = None
            self._notify()

    def stop(self, at: float) -> None:
        """Be canceled at that age; what would have come later never does."""
        if at < self.end.at:
            kept = [beat for beat in self.beats if beat.at <= at + TICK]  # whoever follows has passed these
            self.beats = (*kept, Beat(at, Act(do="canceled"), -1))
            self._notify()

    def standing(self) -> list[Beat]:
        """Return beats that together say where it stands."""
        return newest_only(self._due())

    async def follow(self, ears: Ears) -> AsyncGenerator[Beat, None]:
        """Yield where it stands, then each beat when it is due, to the last one behind the end."""
        past = [beat for beat in self._due() if beat.at <= self.age - CATCH_UP_SECONDS]
        for beat in newest_only(past):
            yield beat
        number = len(past)
        while number < len(self.beats):
            if not self._is_due(self.beats[number]):
                await ears.until(self._moment(self.beats[number]), self._changed)
                continue  # it may have been held or stopped meanwhile
            await ears.through(lambda: asyncio.sleep(0))
            yield self.beats[number]
            number += 1

    async def until_end(self, ears: Ears) -> Beat:
        """Return the end when it has come."""
        while not self.has_ended:
            await ears.until(self._moment(self.end), self._changed)
        return self.end

    def _due(self) -> list[Beat]:
        return [beat for beat in self.beats if self._is_due(beat)]

    def _is_due(self, beat: Beat) -> bool:
        return self._now() + TICK >= self._origin + beat.at

    def _moment(self, beat: Beat) -> float:
        return FOREVER if self.is_held else self._origin + beat.at

    def _now(self) -> float:
        return self._loop.time() if self._held_since is None else self._held_since

    def _notify(self) -> None:
        changed, self._changed = self._changed, self._loop.create_future()
        changed.set_result(None)
