"""The histories of every kind of run, and each run on its way: what is said of it, and what is learned of it at its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from safelight.errors import JournalError
from safelight.estimates.durations import Durations
from safelight.estimates.forecast import Live, Wait, forecast
from safelight.estimates.kinds import Kind
from safelight.ports import Journal
from safelight.status import Eta, Outcome, Phase, Status

log = structlog.get_logger()

MOST_KINDS = 1000
_PREFIX = "eta|"
_SAVE_SECONDS = 5.0
"""What was learned is written down this often: some seconds of it may be lost with the process."""
_REFRESH_SECONDS = 0.5
"""An estimate is made anew this often, and whenever the phase changes."""
_AT_WORK = frozenset({Phase.RUNNING, Phase.SAVING})


class Estimates:
    """What runs took, by their kinds; those that were longest not asked for are forgotten beyond a thousand."""

    def __init__(self) -> None:
        self._histories: dict[str, Durations] = {}
        self._unsaved: dict[str, None] = {}

    def learn(self, what: str, kind: Kind, took: float) -> None:
        """Take in what one run took, for its kind, its model and its provider."""
        for name in kind.names:
            key = f"{what}|{name}"
            history = self._histories.pop(key, None) or Durations()
            self._histories[key] = history
            history.learn(took)
            self._unsaved[key] = None
        while len(self._histories) > MOST_KINDS:
            oldest = next(iter(self._histories))
            del self._histories[oldest]
            self._unsaved[oldest] = None

    def history(self, what: str, kind: Kind) -> Durations:
        """Return what is known of a kind, else of its model, else of its provider."""
        for name in kind.names:
            history = self._histories.get(f"{what}|{name}")
            if history is not None and history.is_known:
                return history
        return Durations()

    def of_provider(self, what: str, provider: str) -> Durations:
        """Return what is known of all runs of a provider."""
        return self._histories.get(f"{what}|{provider}") or Durations()

    def before(self, kind: Kind, wait: Wait | None) -> Eta | None:
        """Return how long a run may take that has not been handed in."""
        return forecast(self.history("whole", kind), Live(), wait)

    async def load(self, journal: Journal) -> None:
        """Take up what an earlier process learned; what cannot be read is left alone."""
        for name, kept in (await journal.remembered(_PREFIX)).items():
            try:
                self._histories[name.removeprefix(_PREFIX)] = Durations.load(json.loads(kept))
            except (ValueError, TypeError):
                log.warning("estimate_unreadable", name=name)

    async def save(self, journal: Journal) -> None:
        """Write down what was learned since the last time."""
        for key in tuple(self._unsaved):
            del self._unsaved[key]  # before it is written: it may be learned of again meanwhile
            history = self._histories.get(key)
            fact = None if history is None else json.dumps(history.dump()).encode()
            try:
                await journal.remember(_PREFIX + key, fact)
            except BaseException:
                self._unsaved[key] = None
                raise


@asynccontextmanager
async def open_estimates(journal: Journal) -> AsyncIterator[Estimates]:
    """Open what was learned, and write down now and then, and at last, what is learned meanwhile."""
    estimates = Estimates()
    await estimates.load(journal)
    task = asyncio.create_task(_save_for_ever(estimates, journal), name="estimates")
    try:
        yield estimates
    finally:
        task.cancel()
        await asyncio.wait({task})
        await save_or_say(estimates, journal)


class Timing:
    """
    One attempt as it goes.

    Args:
        wait: Says who stands before it, None where nobody does.
    """

    def __init__(self, estimates: Estimates, kind: Kind, wait: Callable[[], Wait | None]) -> None:
        self._estimates = estimates
        self._kind = kind
        self._wait = wait
        self._loop = asyncio.get_running_loop()
        self._accepted_at: float | None = None
        self._worked_at: float | None = None
        self._is_spoiled = False
        self._phase: Phase | None = None
        self._told: Eta | None = None
        self._told_at = 0.0

    def accepted(self) -> None:
        """Note that the upstream has taken it."""
        self._accepted_at = self._loop.time()

    def eta(self, status: Status) -> Eta | None:
        """Return what is left as far as it is known; the provider's own word stands."""
        if status.eta is not None and status.eta.basis == "provider":
            return status.eta
        now = self._loop.time()
        if status.phase is not self._phase or now - self._told_at >= _REFRESH_SECONDS:
            self._note(status.phase, now)
            self._told, self._told_at = self._forecast(status, now), now
        return self._told

    def ended(self, status: Status) -> None:
        """Learn from a run that succeeded, unless it was held still or another process saw its beginning."""
        if status.outcome is not Outcome.SUCCEEDED or self._is_spoiled or self._accepted_at is None:
            return
        now = self._loop.time()
        self._estimates.learn("whole", self._kind, now - self._accepted_at)
        self._estimates.learn("work", self._kind, now - (self._worked_at or self._accepted_at))

    def _note(self, phase: Phase, now: float) -> None:
        is_taken_over = self._phase is None and self._accepted_at is None and phase in _AT_WORK
        self._phase = phase
        self._is_spoiled = self._is_spoiled or phase is Phase.PAUSED or is_taken_over  # how long it has been at it, nobody knows
        if phase in _AT_WORK and self._worked_at is None:
            self._worked_at = now

    def _forecast(self, status: Status, now: float) -> Eta | None:
        if status.is_terminal or self._is_spoiled:
            return None
        if self._worked_at is not None:
            fraction = None if status.progress is None else status.progress / 100
            return forecast(self._estimates.history("work", self._kind), Live(elapsed=now - self._worked_at, fraction=fraction))
        if self._accepted_at is None:
            return self._estimates.before(self._kind, self._wait())
        return forecast(self._estimates.history("whole", self._kind), Live(elapsed=now - self._accepted_at))


async def _save_for_ever(estimates: Estimates, journal: Journal) -> None:
    while True:
        await asyncio.sleep(_SAVE_SECONDS)
        await save_or_say(estimates, journal)


async def save_or_say(estimates: Estimates, journal: Journal) -> None:
    """Write down what was learned; that this failed is for the log alone."""
    try:
        await estimates.save(journal)
    except (JournalError, OSError) as error:
        log.warning("estimates_not_saved", error=str(error))  # the next time tries again with what is learned by then
