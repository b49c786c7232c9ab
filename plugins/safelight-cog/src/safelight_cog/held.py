"""Jobs that live as long as the call that started them: Cog cancels them when it breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Any, Protocol

from safelight.providers import Failed, OutcomeUnknown, ProviderError, ProviderUnavailable, Update
from safelight_cog.narrator import Narrator
from safelight_cog.server import NotRunning, Prediction, Server

_FIRST_LOOK = 0.05
_LOOK_EVERY = 1.0
_BREAKS = "The connection that held the job broke, and Cog cancels such a job."


class Spawn(Protocol):
    """Starts a task that core owns."""

    def __call__(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Run `work` beside everything else."""
        ...


class Call:
    """One open call: it ends with a prediction, with an error, or because it is dropped."""

    def __init__(self, key: str, server: Server) -> None:
        self._key = key
        self._server = server
        self._dropped = asyncio.Event()
        self.answer: asyncio.Future[Prediction] = asyncio.get_running_loop().create_future()
        self.answer.add_done_callback(lambda done: done.cancelled() or done.exception())  # whoever asks is told; nobody need ask

    def drop(self) -> None:
        """Break the connection, which cancels the job."""
        self._dropped.set()

    async def run(self, body: dict[str, Any], path_of: Callable[[str], str]) -> None:
        """Make the call; its end is in `answer`."""
        put = asyncio.create_task(self._server.hold(self._key, body, path_of))
        dropped = asyncio.create_task(self._dropped.wait())
        try:
            await asyncio.wait({put, dropped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (put, dropped):
                task.cancel()
            await asyncio.wait({put, dropped})
            self._settle(put)

    def _settle(self, put: asyncio.Task[Prediction]) -> None:
        if put.cancelled():
            self.answer.set_exception(ProviderUnavailable(_BREAKS))
        elif (error := put.exception()) is not None:
            self.answer.set_exception(error)
        else:
            self.answer.set_result(put.result())


class Holding:
    """Every call that is open."""

    def __init__(self, server: Server, spawn: Spawn, reconnect_seconds: float) -> None:
        self._server = server
        self._spawn = spawn
        self._reconnect_seconds = reconnect_seconds
        self._calls: dict[str, Call] = {}

    async def submit(self, key: str, body: dict[str, Any], path_of: Callable[[str], str]) -> None:
        """
        Start a job; return once it runs, or has ended already.

        Raises:
            ProviderError: As a submission fails.
        """
        call = Call(key, self._server)
        self._spawn(call.run(body, path_of), name=f"hold:{key}")
        pause = _FIRST_LOOK
        try:
            while not await _is_done(call, pause):
                pause = min(pause * 2, _LOOK_EVERY)
                if await self._is_running(key):
                    break
            if call.answer.done():
                call.answer.result()  # raises what the server said no with
        except BaseException:
            call.drop()
            raise
        self._calls[key] = call

    async def watch(self, key: str, narrator: Narrator) -> AsyncGenerator[Update, None]:
        """Yield what happens to a job until it ends; whoever stops watching lets go of it."""
        call = self._calls.pop(key, None)
        if call is None:
            yield Failed(_BREAKS, code="provider_unavailable", retryable=True)
            return
        try:
            async with aclosing(self._until_answer(call, key, narrator)) as standing:
                async for update in standing:
                    yield update
            try:
                ended = call.answer.result()
            except (OutcomeUnknown, ProviderUnavailable):
                yield Failed(_BREAKS, code="provider_unavailable", retryable=True)
                return
            for update in narrator.end(ended):
                yield update
        finally:
            call.drop()

    async def _until_answer(self, call: Call, key: str, narrator: Narrator) -> AsyncGenerator[Update, None]:
        """Look from time to time while the call says nothing; a server that shows no job, but holds the line, has lost it."""
        loop = asyncio.get_running_loop()
        seen_at = loop.time()
        while not await _is_done(call, _LOOK_EVERY):
            try:
                standing = await self._server.look(key)
            except (NotRunning, ProviderError):
                if loop.time() - seen_at > self._reconnect_seconds:
                    raise ProviderUnavailable("The Cog server says nothing more of the job.") from None
            else:
                seen_at = loop.time()
                for update in narrator.stand(standing):
                    yield update

    async def _is_running(self, key: str) -> bool:
        try:
            await self._server.look(key)
        except (NotRunning, ProviderError):
            return False  # the call itself will say why
        return True


async def _is_done(call: Call, seconds: float) -> bool:
    await asyncio.wait({call.answer}, timeout=seconds)
    return call.answer.done()
