"""The provider of one attempt: called in tasks that can be left behind, its answers come through the runner's inbox."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import attrs
import structlog

from safelight.boundary import Boundary
from safelight.codec import encode
from safelight.errors import NotPausable
from safelight.generation import Generation, Request
from safelight.instances import ProviderInstance
from safelight.pokes import Poke
from safelight.ports import Clock
from safelight.providers import Cancel, Job, LocalProvider, ProviderError, ProviderProtocol, RemoteProvider, Unsupported
from safelight.runner.follow import Following
from safelight.runner.local import LocalRun
from safelight.runner.messages import Accepted, CancelAnswered, Found, HoldAnswered, HoldAsked, Over, Refused, Said
from safelight.updates import Update

log = structlog.get_logger()

_UPDATES_AHEAD = 64
"""Updates that may wait for the runner before the provider's iterator is held."""


_CANCEL_PAUSES = (0.5, 1.0, math.inf)
"""How long to wait, in seconds, before a cancel that failed is asked for again; the last time it is not."""
_MAX_JOB_BYTES = 16 * 1024
"""A job is a name and what is needed to watch it again, not a place for results."""


class Upstream:
    """
    One attempt's way to its provider. Whatever it says comes wrapped in `Said`, so that nobody takes it for another's.

    Attributes:
        n: The number of the attempt.
        boundary: The border every call crosses.
        session: The provider instance's own HTTP client.
        is_talking: Whether the provider may still say something.
    """

    def __init__(
        self,
        instance: ProviderInstance,
        boundary: Boundary,
        clock: Clock,
        generation: Generation,
        n: int,
        poke: Poke,
        tell: Callable[[Said], None],
    ) -> None:
        provider, can = instance.provider, instance.capabilities
        self.n = n
        self._budget = instance.budget
        self._poll_seconds = can.poll_seconds
        self.session = instance.session
        self.boundary = boundary
        self.is_talking = False
        self._local = LocalRun(provider, boundary, clock, can) if isinstance(provider, LocalProvider) else None
        self._provider: RemoteProvider = self._local or provider  # type: ignore[assignment]  # there are two base classes
        self._generation = generation
        self._poke = poke
        self._tell_runner = tell
        self._ahead = 0
        self._room = asyncio.Event()
        self._job: Job | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._feed: asyncio.Task[None] | None = None
        self._following: Following | None = None

    @property
    def trouble(self) -> str | None:
        """Why nothing is heard of the job just now, where its provider says why."""
        return self._following.trouble if self._following else None

    @property
    def can_find(self) -> bool:
        """Whether the provider can say what became of a submission."""
        return self._local is None and type(self._provider).find is not RemoteProvider.find

    @property
    def has_job(self) -> bool:
        """Whether there is something to watch or to cancel."""
        return self._job is not None

    def submit(self, request: Request[Any, Any], key: str) -> None:
        """Hand the request in: `Accepted` or `Refused` follows."""
        if self._local is not None and (job := self._local.begin(request, key)) is not None:
            self._tell(Accepted(job))  # nobody is asked, so nobody is waited for
        else:
            self._start(self._submit(request, key))

    def find(self, key: str) -> None:
        """Ask whether a submission that got no answer arrived: `Found` follows."""
        self._start(self._find(key))

    def watch(self, job: Job) -> None:
        """Listen to a job that is journalled: updates follow, then `Over`."""
        self._job = job
        self.is_talking = True
        self._feed = asyncio.create_task(self._listen(job), name=f"watch:{self._generation.id}")

    def took(self) -> None:
        """Note that an update was taken in, so that the next may come."""
        self._ahead -= 1
        if self._ahead == _UPDATES_AHEAD - 1:
            self._room.set()

    def cancel(self) -> None:
        """Ask the upstream to stop: `CancelAnswered` follows."""
        self._start(self._cancel())

    async def canceled(self, *, pending: Callable[[], None] = lambda: None) -> Cancel:
        """
        Ask the upstream to stop and return its answer; one that cannot be had counts as none yet.

        A failure that may pass is met by asking again: a job that is not stopped is paid for.

        Args:
            pending: Is called before it is asked again.
        """
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._generation.policy.cancel_seconds
        for pause in _CANCEL_PAUSES:
            try:
                return await self._canceled(ends_at - loop.time())
            except Unsupported:
                return Cancel.UNSUPPORTED
            except (ProviderError, ValueError) as error:
                said = self.boundary.masked(str(error))
                log.warning("provider_cancel_failed", generation=self._generation.id, provider=self.boundary.instance, error=said)
                if not isinstance(error, ProviderError) or not error.retryable:
                    break
                wait = max(pause, error.retry_after_seconds or 0.0)
            if loop.time() + wait >= ends_at:
                break
            pending()
            await asyncio.sleep(wait)
        return Cancel.REQUESTED

    async def _canceled(self, seconds: float) -> Cancel:
        assert self._job is not None  # noqa: S101 - a cancel waits for the job
        job = self._job
        return Cancel(await self.boundary.call("cancel", lambda: self._provider.cancel(job), seconds=seconds))

    def hold(self, asked: HoldAsked) -> None:
        """Ask the upstream to hold still or to go on: `HoldAnswered` follows."""
        self._start(self._hold(asked))

    async def close(self) -> None:
        """Stop everything that still runs, in bounded time."""
        self._poke.close()
        calls = tuple(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)  # bounded: the boundary leaves behind what will not stop
        if self._feed is not None:
            self._feed.cancel()
            await asyncio.wait({self._feed})
            self._feed = self._following = None  # which knows us, too: else a collector would have to part the two
        if self._local is not None:
            await self._local.close()

    def _tell(self, what: Any) -> None:
        self._tell_runner(Said(self, what))

    async def _submit(self, request: Request[Any, Any], key: str) -> None:
        seconds = self._generation.policy.submit_seconds
        try:
            job = await self.boundary.call("submit", lambda: self._provider.submit(request, key), seconds=seconds)
            _check(job)
        except ProviderError as error:
            self._tell(Refused(error))
        else:
            self._tell(Accepted(job))

    async def _find(self, key: str) -> None:
        seconds = self._generation.policy.submit_seconds
        try:
            job = await self.boundary.call("find", lambda: self._provider.find(key), seconds=seconds)
            if job is not None:
                _check(job)
        except ProviderError as error:
            self._tell(Found(error=error))
        else:
            self._tell(Found(job))

    async def _listen(self, job: Job) -> None:
        try:
            over = Over(await (self._follow(job).run() if self._local is None else self._local.follow(self._take)))
        except Exception as fault:  # noqa: BLE001 - what a plugin raises the boundary holds: the runner ends it as our own fault
            over = Over(fault=fault)
        finally:
            self.is_talking = False
        self._tell(over)

    def _follow(self, job: Job) -> Following:
        self._following = Following(
            self._provider,
            job,
            self.boundary,
            self._poke,
            poll_seconds=self._poll_seconds,
            rest_seconds=self._budget.wait_seconds,
            stall_seconds=self._generation.policy.stall_seconds,
            take=self._take,
        )
        return self._following

    async def _take(self, update: Update) -> None:
        while self._ahead >= _UPDATES_AHEAD:
            self._room.clear()
            await self._room.wait()
        self._ahead += 1
        self._tell(update)

    async def _cancel(self) -> None:
        """Patience counts from the first answer, a failure among them."""
        answer = await self.canceled(pending=lambda: self._tell(CancelAnswered(Cancel.REQUESTED)))
        self._tell(CancelAnswered(answer))

    async def _hold(self, asked: HoldAsked) -> None:
        assert self._job is not None  # noqa: S101 - as for a cancel
        job, seconds = self._job, self._generation.policy.cancel_seconds
        try:
            if asked.still:
                await self.boundary.call("pause", lambda: self._provider.pause(job), seconds=seconds)
            else:
                await self.boundary.call("resume", lambda: self._provider.resume(job), seconds=seconds)
        except Unsupported as error:
            asked.refusal = NotPausable(f"{error}.")
        except ProviderError as error:
            asked.refusal = NotPausable(f"The provider did not {'pause' if asked.still else 'resume'} it: {error}")
        finally:
            self._tell(HoldAnswered(asked))  # canceled as well: somebody waits

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)


def _check(job: Any) -> None:
    """
    Make sure that a job can be written down.

    Raises:
        ProviderProtocol: It cannot.
    """
    if not isinstance(job, Job):
        raise ProviderProtocol(f"The provider returned a '{type(job).__name__}' instead of a job.")
    try:
        written = encode(attrs.asdict(job))
    except Exception as error:
        raise ProviderProtocol(f"The provider returned a job that is no plain JSON ({type(error).__name__}).") from error
    if lost := next(_not_plain(job.id, "id"), None) or next(_not_plain(job.data, "data"), None):
        raise ProviderProtocol(f"The provider returned a job that JSON would not bring back as it is: {lost}.")
    if len(written) > _MAX_JOB_BYTES:
        raise ProviderProtocol(f"The provider returned a job of {len(written)} bytes; at most {_MAX_JOB_BYTES} can be kept.")


def _not_plain(value: Any, where: str) -> Iterator[str]:
    """Name what in a job would be something else after a restart; a tuple comes back as a list, which says the same."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                yield f"a key of '{where}' is a '{type(key).__name__}'"
            yield from _not_plain(item, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for n, item in enumerate(value):
            yield from _not_plain(item, f"{where}[{n}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"'{where}' is {value}"
    elif not isinstance(value, str | int | float | None):
        yield f"'{where}' is a '{type(value).__name__}'"
