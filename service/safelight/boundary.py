"""Where plugin code is called: whatever it raises, yields or refuses to do stays on its side and is named."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from enum import Enum
from functools import cache
from typing import Any, Generic, TypeVar

import attrs
import structlog

from safelight.providers.failures import ProviderCrashed, ProviderError, ProviderProtocol, ProviderTimeout
from safelight.redaction import Quoted, redactor
from safelight.status import Charged
from safelight.updates import CoreUpdate, Logged, Update

log = structlog.get_logger()

T = TypeVar("T")
_MAX_TEXT = 4096
_MAX_TRACE = 8000
_EDGE = 4096
"""What is looked at beyond a cut, so that a secret that stands across it is seen whole."""
_FACTS = {
    "code": str,
    "retryable": bool,
    "is_sent": bool | None,
    "charged": Charged | None,
    "retry_after_seconds": int | float | None,
}
STOP_SECONDS = 2.0
"""How long a canceled plugin task may take to end before it is left behind."""


@attrs.frozen(kw_only=True)
class Result(Generic[T]):
    """What came of a call into a plugin: a value or a `ProviderError`, never anything else."""

    value: T | None = None
    error: ProviderError | None = None


class Boundary:
    """
    The border to one provider instance.

    Plugin code runs in tasks that only this class cancels. So a `CancelledError` in one that was not stopped here is
    the plugin's own doing, even if it canceled the very task it runs in.

    Args:
        hidden: The prompt it may quote, which the log is not told.
        generation: What the calls are about, if that is one.
    """

    def __init__(self, instance: str, plugin: str, *, hidden: str = "", generation: str | None = None) -> None:
        self._hidden = Quoted(hidden)
        self.instance = instance
        self._facts = {"provider": instance, "plugin": plugin, **({"generation": generation} if generation else {})}
        self._stopping: set[asyncio.Task[Any]] = set()

    async def call(self, what: str, work: Callable[[], Awaitable[T]], *, seconds: float) -> T:
        """
        Await a plugin's method in a task of its own.

        Raises:
            ProviderError: Its own, scrubbed; `ProviderTimeout` after `seconds`; `ProviderCrashed` for anything else,
                SystemExit and a cancellation that was not ours included.
        """
        task = asyncio.create_task(self.contain(what, work), name=f"{self.instance}:{what}")
        try:
            done, _ = await asyncio.wait({task}, timeout=seconds)
        finally:
            if not task.done():
                await self.stop(task)
        if not done:
            raise ProviderTimeout(f"The provider did not answer '{what}' within {seconds:g} s.")
        result = task.result()
        if result.error is not None:
            raise result.error
        return result.value  # type: ignore[return-value]  # no error: the value is the plugin's own, None included

    async def listen(
        self,
        updates: Callable[[], AsyncIterator[Any]],
        take: Callable[[Any], Awaitable[None]],
    ) -> ProviderError | None:
        """
        Hand each update of a plugin's iterator, checked and scrubbed, to `take`; return why it ended, None if it just did.

        Run it in a task of its own and end that with `stop`.
        """

        async def iterate() -> None:
            iterator = updates()
            if inspect.iscoroutine(iterator):
                iterator.close()  # else Python complains, outside the log, that nobody awaited it
            if not hasattr(iterator, "__aiter__"):
                raise self._nonsense(f"The provider returned a '{type(iterator).__name__}' instead of yielding updates.")
            try:
                async for update in iterator:
                    await take(self.checked(update))
            finally:
                if close := getattr(iterator, "aclose", None):
                    await close()  # here, inside the border: the loop's own finaliser would run it outside

        return (await self.contain("watch", iterate)).error

    async def stop(self, task: asyncio.Task[Any], *, seconds: float = STOP_SECONDS) -> bool:
        """Cancel a task that runs plugin code; one that does not end in time is left behind and named. Whether it ended."""
        if task.done():
            return True
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            log.warning("provider_task_left_behind", **self._facts, task=task.get_name())
        return bool(done)

    async def contain(self, what: str, work: Callable[[], Awaitable[T]]) -> Result[T]:
        """Await plugin code in the present task and turn whatever it raises into a result; for tasks that `stop` ends."""
        try:
            try:
                return Result(value=await self.awaited(what, work))
            finally:
                await _deliver_cancel()
        except asyncio.CancelledError as error:
            if asyncio.current_task() in self._stopping:
                raise
            return Result(error=self._crash(what, error))
        except ProviderError as error:
            return Result(error=self._scrubbed(what, error))
        except BaseException as error:  # noqa: BLE001 - SystemExit in a task would end the whole service
            return Result(error=self._crash(what, error))

    async def awaited(self, what: str, work: Callable[[], Awaitable[T]]) -> T:
        """
        Await what a plugin's method returned; to be called in a task of the boundary.

        Raises:
            ProviderProtocol: It cannot be awaited: whoever wrote the method has forgotten `async`.
        """
        answer = work()
        if not inspect.isawaitable(answer):
            raise self._nonsense(f"The provider's '{what}' is no 'async def': it returned a '{type(answer).__name__}'.")
        return await answer

    def listed(self, updates: Any) -> list[Update]:
        """
        Return the updates that a poll answered, each checked; to be called in a task of the boundary.

        Raises:
            ProviderProtocol: It answered something else.
        """
        if not isinstance(updates, Iterable):
            raise self._nonsense(f"The provider returned a '{type(updates).__name__}' from 'poll' instead of a list of updates.")
        return [self.checked(update) for update in updates]

    def masked(self, text: str, *, keep: int = 2000) -> str:
        """Return what may be logged of a plugin's text: its end, without secrets and without the prompt it may quote."""
        return redactor.text(self._hidden.masked(text)[-keep - _EDGE :])[-keep:]

    def trace(self, error: BaseException) -> str:
        """Return the traceback of what a plugin raised, as it may be logged."""
        return self.masked("".join(traceback.format_exception(error)), keep=_MAX_TRACE)

    def checked(self, update: Any) -> Any:
        """
        Return an update of a plugin's, scrubbed; to be called in a task of the boundary.

        Raises:
            ProviderProtocol: It is none.
        """
        if isinstance(update, CoreUpdate) or not isinstance(update, Update):
            raise self._nonsense(f"The provider yielded a '{type(update).__name__}', which is no update.")
        if isinstance(update, Logged):
            update = attrs.evolve(update, line=self._hidden.masked(update.line))
        return scrub(update)

    def _nonsense(self, sentence: str) -> ProviderProtocol:
        log.error("provider_nonsense", **self._facts, reason=self.masked(sentence))
        return ProviderProtocol(sentence)

    def _scrubbed(self, what: str, error: ProviderError) -> ProviderError:
        try:
            sentence = scrub(str(error))
            _check_facts(error)
        except BaseException as unreadable:  # noqa: BLE001 - even the words of an error are the plugin's code
            return self._crash(what, unreadable)
        error.args = (sentence or f"The provider gave no reason ({type(error).__name__}).",)
        return error

    def _crash(self, what: str, error: BaseException) -> ProviderCrashed:
        how = "canceled itself" if isinstance(error, asyncio.CancelledError) else f"crashed ({type(error).__name__})"
        trace = self.trace(error)
        log.error("provider_crashed", **self._facts, call=what, how=how, exception=trace)
        return ProviderCrashed(f"The provider {how}; the service's log says more.")


def _check_facts(error: ProviderError) -> None:
    """
    Make sure that what core reads of a plugin's own kind of error is what it takes it for.

    Raises:
        TypeError: It is not.
    """
    for name, kind in _FACTS.items():
        if not isinstance(fact := getattr(error, name), kind):
            raise TypeError(f"'{name}' of {type(error).__name__} is a '{type(fact).__name__}'")


async def _deliver_cancel() -> None:
    """Let a cancel that nothing has awaited since strike here, inside the border, and not when the task ends."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        await asyncio.sleep(0)


@cache
def _texts(cls: type) -> tuple[str, ...]:
    """Return the fields of an update, or of a part of one, in which text can stand; the content of an output is not looked at."""
    return tuple(field.name for field in attrs.fields(cls) if field.name != "content") if attrs.has(cls) else ()


def scrub(value: Any) -> Any:
    """Return an update, or a part of one, with every text in it free of secrets and of what no encoder can write."""
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, str) and not isinstance(value, Enum):
        # cut first: a page of HTML quoted in an error must not hold the loop; then cut the edge, where half a secret may stand
        return redactor.text(value[: _MAX_TEXT + _EDGE])[:_MAX_TEXT]
    changes = {}
    for name in _texts(value.__class__):
        before = getattr(value, name)
        if before is not None and (after := scrub(before)) is not before and after != before:
            is_label = isinstance(after, str) and not isinstance(value, Update)  # which is bounded, and a mask may be the longer
            changes[name] = after[: len(before)] if is_label else after
    return attrs.evolve(value, **changes) if changes else value
