"""Jobs that live in the server alone, listened to over SSE: a connection that breaks is made again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from safelight.providers import Failed, Job, Noted, ProviderError, ProviderUnavailable, Update
from safelight.providers.toolbox import Event
from safelight_cog.called import Calls
from safelight_cog.model import born
from safelight_cog.narrator import Narrator
from safelight_cog.server import NotRunning, Server

_EARLY_SECONDS = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
_GONE = "The Cog server no longer has this job: it ended while nobody listened, and Cog keeps no results."
_RESTARTED = "The Cog server was restarted, and the job with it."


class Listening:
    """Every job that is listened to."""

    def __init__(self, server: Server, calls: Calls, reconnect_seconds: float) -> None:
        self._server = server
        self._calls = calls
        self._reconnect_seconds = reconnect_seconds
        self._early: dict[str, tuple[AsyncExitStack, AsyncIterator[Event]]] = {}

    async def begin(self, key: str) -> None:
        """Listen to a job from the moment it was accepted: a short one may end before its acceptance is journalled."""
        stack = AsyncExitStack()
        try:
            async with asyncio.timeout(_EARLY_SECONDS):
                self._early[key] = stack, await stack.enter_async_context(self._server.listen(key))
        except (NotRunning, ProviderError, TimeoutError):
            return  # whoever watches will try for longer, and say what is wrong

    async def watch(self, job: Job, narrator: Narrator) -> AsyncGenerator[Update, None]:
        """Yield what happens to a job until it ends."""
        loop = asyncio.get_running_loop()
        lost_at: float | None = None
        pause = _FIRST_PAUSE
        while True:
            reason = "it stopped telling"
            try:
                async with self._stream(job.id) as events:
                    narrator.begin()
                    async for event in events:
                        lost_at, pause = None, _FIRST_PAUSE
                        for update in narrator.hear(event):
                            yield update
                        if narrator.has_ended:
                            return
            except NotRunning:
                for update in await self._gone(job, narrator):
                    yield update
                return
            except ProviderError as error:
                if not error.retryable:
                    raise
                reason = str(error)
            lost_at = loop.time() if lost_at is None else lost_at
            if loop.time() - lost_at >= self._reconnect_seconds:
                raise ProviderUnavailable(f"The job was lost from sight: {reason}")
            yield Noted("The connection to Cog was lost; looking for the job again.")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def close(self) -> None:
        """Let go of what nobody came to watch."""
        while self._early:
            _, (stack, _) = self._early.popitem()
            await stack.aclose()

    @asynccontextmanager
    async def _stream(self, key: str) -> AsyncGenerator[AsyncIterator[Event], None]:
        if early := self._early.pop(key, None):
            async with early[0]:
                yield early[1]
        else:
            async with self._server.listen(key) as events:
                yield events

    async def _gone(self, job: Job, narrator: Narrator) -> Sequence[Update]:
        """Return what is known of a job that no longer runs."""
        if job.data.get("born") != born(await self._server.health()):
            return [Failed(_RESTARTED, code="provider_unavailable", retryable=True)]
        seconds = self._reconnect_seconds if job.data.get("is_called_back") is True else 0.0
        if (end := await self._calls.wait_for(job.id, seconds)) is not None:
            return list(narrator.end(end))
        return [Failed(_GONE, code="output_unavailable", retryable=True)]
