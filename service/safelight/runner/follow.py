"""Push, poll and pokes as one stream of updates: whoever pushes is listened to, and poll has the last word."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterable, Awaitable, Callable, Hashable, Sequence
from typing import TypeGuard

import structlog

from safelight.boundary import Boundary
from safelight.pokes import Poke
from safelight.providers import (
    Canceled,
    Failed,
    Job,
    ProviderAuth,
    ProviderError,
    ProviderProtocol,
    ProviderQuota,
    RemoteProvider,
    Succeeded,
)
from safelight.runner.pace import Pace
from safelight.ticks import TICK
from safelight.updates import Previewed, Produced, Update

log = structlog.get_logger()

ENDS = (Succeeded, Failed, Canceled)
_BYTES = (Produced, Previewed)
_POLL_SECONDS = 30.0
_RARE_SECONDS = 30.0
"""Where news comes by itself, a poll so often finds what a push has lost."""
_TRIES = 3
"""
How often a poll may fail to confirm an end that was pushed before it is believed, and how often our credentials have to be
refused before the job is lost: what is said of us, a proxy on the way may say as well, and it is not said of the job.
"""


class SignOfLife(Update):
    """The upstream answered, and nothing has changed."""


class Following:
    """
    One job, as its provider tells of it.

    What is pushed is handed on as it comes. Where the job can be polled too, a push may be lost, late, doubled or out of
    turn: so an end that was pushed is a claim, and the poll that follows at once says how it ended and what came of it. A
    poll that says nothing, or can say nothing, leaves the claim as it is.

    Args:
        poke: What wakes it when a webhook comes.
        poll_seconds: The shortest pause between two polls.
        rest_seconds: For how long the upstream wants to be left alone by everybody who has its credential.
        stall_seconds: How long nothing may be heard of the job.
        take: Is handed every update.

    Attributes:
        trouble: Why the last poll failed, None where it did not.
    """

    def __init__(
        self,
        provider: RemoteProvider,
        job: Job,
        boundary: Boundary,
        poke: Poke,
        *,
        poll_seconds: float,
        rest_seconds: Callable[[], float],
        stall_seconds: float,
        take: Callable[[Update], Awaitable[None]],
    ) -> None:
        self.trouble: str | None = None
        self._provider = provider
        self._job = job
        self._boundary = boundary
        self._poke = poke
        self._poll_seconds = poll_seconds
        self._rest_seconds = rest_seconds
        self._stall_seconds = stall_seconds
        self._take = take
        self._can_poll = overrides(provider, "poll")
        self._is_pushing = overrides(provider, "watch")
        self._has_spoken = self._is_deaf = self._is_over = False
        self._lost: ProviderError | None = None
        self._claim: Update | None = None
        self._told: Counter[Hashable] = Counter()
        self._before: Sequence[Update] = ()

    async def run(self) -> ProviderError | None:
        """Hand on what happens until the job has ended; return why it was lost from sight, None if it was not."""
        push = asyncio.create_task(self._listen(), name=f"{self._boundary.instance}:watch") if self._is_pushing else None
        try:
            if self._can_poll:
                return await self._poll_on()
            if push is not None:
                await asyncio.wait({push})
            silent = ProviderProtocol("The provider stopped watching without saying how it ended.")
            return self._lost or (None if self._claim else silent)
        finally:
            if push is not None:
                await self._boundary.stop(push)

    async def _listen(self) -> None:
        self._lost = await self._boundary.listen(lambda: self._provider.watch(self._job), self._hear)
        self._is_pushing = False
        if self._lost is not None and self._can_poll:
            said = self._boundary.masked(str(self._lost))
            log.warning("provider_watch_lost", provider=self._boundary.instance, code=self._lost.code, error=said)
        self._poke.woken.set()

    async def _hear(self, update: Update) -> None:
        self._has_spoken, self._is_deaf = True, False
        if isinstance(update, ENDS):
            self._claim = self._claim or update
            self._poke.woken.set()
        if not self._can_poll or (not self._is_over and not isinstance(update, ENDS) and self._is_first(update)):
            await self._take(update)

    def _is_first(self, update: Update) -> bool:
        """Whether it is no output that is known: a watch that begins anew tells of each again."""
        if _is_nameless(update):
            self._told[_name_of(update)] += 1  # nobody can tell whether these bytes were told of before
        elif isinstance(update, Produced) and self._told[_name_of(update)]:
            return False
        elif isinstance(update, _BYTES):
            self._told[_name_of(update)] = 1
        return True

    async def _poll_on(self) -> ProviderError | None:
        loop = asyncio.get_running_loop()
        pace = Pace(
            self._poll_seconds,
            loop.time(),
            rare_seconds=min(_RARE_SECONDS, self._stall_seconds / 3),
            is_told=self._is_pushing,
        )
        failures = 0
        while True:
            await self._until(pace)
            if self._lost is not None and not self._lost.retryable and self._claim is None:
                return self._lost
            had_spoken, self._has_spoken = self._has_spoken, False
            try:
                is_empty, news = await self._boundary.call("poll", self._ask, seconds=_POLL_SECONDS)
            except ProviderError as error:
                failures += 1
                if self._claim is not None and (failures >= _TRIES or not error.retryable):
                    await self._take(self._claim)
                    return None
                is_of_us = isinstance(error, ProviderAuth | ProviderQuota)
                if not error.retryable and (failures >= _TRIES or not is_of_us):
                    return self._lost or error
                self.trouble = said = self._boundary.masked(str(error))
                log.warning("provider_poll_failed", provider=self._boundary.instance, code=error.code, error=said)
                pace.failed(loop.time(), error.retry_after_seconds)
                continue
            is_back, failures, self.trouble = failures > 0, 0, None
            if await self._hand_on(news, is_empty=is_empty):
                return None
            self._is_deaf = self._is_deaf or bool(self._is_pushing and news and not (had_spoken or self._has_spoken))
            if self._is_pushing and not self._is_deaf and self._claim is None:
                pace.rest(loop.time())
            else:
                is_told = self._poke.times > 0 and self._claim is None
                pace.answered(loop.time(), has_news=bool(news) or is_back, is_told=is_told)

    async def _until(self, pace: Pace) -> None:
        """
        Wait until the next poll is due: sooner when a webhook came, when an end was pushed, when whoever pushed fell silent.

        While the upstream takes nothing of this credential nobody polls, but not for so long that the job seems stalled.
        """
        loop = asyncio.get_running_loop()
        patience = loop.time() + self._stall_seconds / 3
        while True:
            if self._poke.woken.is_set():
                self._poke.woken.clear()
                pace.hurry()
            due = max(pace.due, min(loop.time() + self._rest_seconds(), patience))
            if loop.time() + TICK >= due:  # a timer may ring a little early
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._poke.woken.wait()

    async def _ask(self) -> tuple[bool, list[Update]]:
        """Return whether a poll said nothing at all, and what is new of it; comparing, too, may be the plugin's code."""
        updates = self._boundary.listed(await self._boundary.awaited("poll", lambda: self._provider.poll(self._job)))
        return not updates, self._news(updates)

    def _news(self, updates: Sequence[Update]) -> list[Update]:
        """Return what the poll before did not say, up to the end; what has bytes only as often as nobody has told of it yet."""
        seen: Counter[Hashable] = Counter()
        news = []
        for update in updates:
            if isinstance(update, _BYTES):
                name = _name_of(update)
                seen[name] += 1
                if seen[name] <= self._told[name]:
                    continue
                self._told[name] = seen[name]
            elif update in self._before:
                continue
            news.append(update)
            if isinstance(update, ENDS):
                break
        self._before = updates
        return news

    async def _hand_on(self, news: Sequence[Update], *, is_empty: bool) -> bool:
        """Hand on what a poll said; whether that was the end."""
        end = news[-1] if news and isinstance(news[-1], ENDS) else None
        self._is_over = end is not None
        await self._take(SignOfLife())
        for update in news:
            await self._take(update)
        if end is None and is_empty and self._claim is not None:
            await self._take(self._claim)
            return True
        if end is not None and self._claim is None:
            self._poke.recovered(self._boundary.instance)
        return end is not None


def _is_nameless(update: Update) -> TypeGuard[Produced]:
    """Whether it has chunks, which tell nothing, and no name of its own."""
    return isinstance(update, Produced) and update.name is None and isinstance(update.content, AsyncIterable)


def _name_of(update: Produced | Previewed) -> Hashable:
    """
    Return what tells it from others.

    That is its own name, if it has one. Of bytes it is their hash, since every preview would be held for as long as the
    job. Chunks are a new object at each poll, so they have all one name, and are told apart by their number.
    """
    if isinstance(update, Produced) and update.name is not None:
        return "named", update.name
    if _is_nameless(update):
        return "chunks", update.type, update.seed
    return hash(update) if isinstance(update.content, bytes | str) else update


def overrides(provider: RemoteProvider, method: str) -> bool:
    """Whether a provider has a method of its own in place of the base class's."""
    return getattr(type(provider), method) is not getattr(RemoteProvider, method)
