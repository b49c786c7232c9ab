"""The one adapter through which a local provider is called like a remote one."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any

import attrs

from safelight.boundary import STOP_SECONDS, Boundary
from safelight.generation import Request
from safelight.ports import Clock
from safelight.providers import Cancel, Capabilities, Control, Durability, Job, LocalProvider, OutcomeUnknown, RemoteProvider
from safelight.providers.failures import ProviderError
from safelight.runner.follow import ENDS
from safelight.updates import Canceled, Succeeded, Update


@attrs.frozen
class _End:
    """How a run ended: an error, or an update where the provider has not said it in one of its own."""

    error: ProviderError | None = None
    update: Update | None = None


class LocalControl(Control):
    """The `Control` of one run."""

    def __init__(self, clock: Clock, run: LocalRun) -> None:
        super().__init__()
        self._clock = clock
        self._run = run
        self.is_submitting = False
        self.job: Job | None = None

    def now(self) -> datetime:
        return self._clock.now()

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        self._run.start_helper(work, name)

    async def submitting(self) -> None:
        self.is_submitting = True

    async def accepted(self, job: Job) -> None:
        self.job = job
        await self._run.job_known(job)

    def cancel(self) -> None:
        """Tell worker threads that the run is over."""
        self._is_canceled = True

    def hold(self, *, still: bool) -> None:
        """Hold the run still, or let it go on."""
        self._is_held = still


class LocalRun(RemoteProvider):
    """
    One run of a local provider as a job.

    A job that lives in this process is accepted at once. One that pays inside `generate` is accepted when the provider
    says so, shows its first update or ends: until then an error after `submitting` leaves the outcome unknown.
    """

    def __init__(self, provider: LocalProvider, boundary: Boundary, clock: Clock, can: Capabilities) -> None:
        # no super().__init__: settings and resources are the plugin's own, and it may have done anything to them
        self.name = type(provider).name  # type: ignore[misc]  # the adapter answers under the name of what it adapts
        self.capabilities = can
        self._provider = provider
        self._boundary = boundary
        self._early: Update | None = None
        self._followed = asyncio.Event()
        self._listener: Callable[[Update], Awaitable[None]] | None = None
        self._over: asyncio.Future[_End] = asyncio.get_running_loop().create_future()
        self._known = asyncio.Event()
        self._accepted = asyncio.Event()
        self._has_ended = False
        self._error: ProviderError | None = None
        self._control = LocalControl(clock, weakref.proxy(self))  # else each would keep the other alive until a collector looks
        self._task: asyncio.Task[None] | None = None
        self._helpers: set[asyncio.Task[Any]] = set()

    def begin(self, request: Request[Any, Any], key: str) -> Job | None:
        """Start the run; return its job if that is known at once, which is one of this process's own."""
        self._task = asyncio.create_task(self._generate(request), name=f"{self._boundary.instance}:generate")
        return Job(key) if self.capabilities.durability is Durability.PROCESS else None

    async def submit(self, request: Request[Any, Any], key: str) -> Job:  # noqa: ARG002 - it has begun with it
        """Return the job of a run that has begun, once it is known."""
        await self._known.wait()
        if self._error is None or self._control.job is not None:
            return self._control.job or Job(key)
        if not self._control.is_submitting or self._error.is_sent is not None:
            raise self._error
        raise OutcomeUnknown(str(self._error)) from self._error

    async def follow(self, take: Callable[[Update], Awaitable[None]]) -> ProviderError | None:
        """
        Have each update handed to `take`, by the provider's own task; return why the run ended without saying how, None if it did.

        No task lies between, as there is nothing to merge: nobody but the run itself tells of it.
        """
        self._accepted.set()  # core follows only what it has journalled
        if self._early is not None:
            await take(self._early)
        self._listener = take
        self._followed.set()
        end = await self._over
        if end.update is not None:
            await take(end.update)
        return end.error

    async def cancel(self, job: Job) -> Cancel:  # noqa: ARG002
        self._control.cancel()
        if self._task is not None and not await self._boundary.stop(self._task):
            return Cancel.REQUESTED
        return Cancel.CONFIRMED

    async def pause(self, job: Job) -> None:
        if not self.capabilities.pause:
            await super().pause(job)
        self._control.hold(still=True)

    async def resume(self, job: Job) -> None:
        if not self.capabilities.pause:
            await super().resume(job)
        self._control.hold(still=False)

    async def job_known(self, job: Job) -> None:  # noqa: ARG002 - kept in the control
        """Return once the runner has made the job durable."""
        self._known.set()
        if self.capabilities.durability is not Durability.PROCESS:
            await self._accepted.wait()

    def start_helper(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run a task beside `generate`; its failure is the run's."""

        async def help_out() -> None:
            result = await self._boundary.contain(name, lambda: work)
            if result.error is not None:
                self._end(result.error)

        task = asyncio.create_task(help_out(), name=f"{self._boundary.instance}:{name}")
        self._helpers.add(task)
        task.add_done_callback(self._helpers.discard)

    async def close(self) -> None:
        """Stop whatever still runs; a provider that refuses is left behind and named."""
        self._control.cancel()
        if self._task is not None:
            await self._boundary.stop(self._task)
        self._listener = None

    async def _generate(self, request: Request[Any, Any]) -> None:
        try:
            self._end(await self._boundary.listen(lambda: self._provider.generate(request, self._control), self._take))
        except asyncio.CancelledError:
            self._end(None)
            raise
        finally:
            self._control.cancel()
            for helper in tuple(self._helpers):
                await self._boundary.stop(helper)

    async def _take(self, update: Update) -> None:
        self._known.set()
        self._has_ended = self._has_ended or isinstance(update, ENDS)
        if not self._control.is_canceled:
            await self._hand_on(update)
            return
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._hand_on(update)
        except TimeoutError:
            raise asyncio.CancelledError from None  # nobody listens any more, and the provider has ignored that once

    async def _hand_on(self, update: Update) -> None:
        if self._listener is None:
            self._early = update
            await self._followed.wait()
        elif self._over.done():
            await asyncio.Event().wait()  # a helper has ended the run: what `generate` still says is held until it is stopped
        else:
            await self._listener(update)

    def _end(self, error: ProviderError | None) -> None:
        """Close the run: what a provider does once it is canceled, an error included, is its way of stopping."""
        self._known.set()
        if self._control.is_canceled:
            end = _End(update=Canceled())
        else:
            self._error = self._error or error
            end = _End(error, None if error or self._has_ended else Succeeded())
        if not self._over.done():
            self._over.set_result(end)
