"""Ctrl-C while a command waits: what it means is the command's to say; insisting always leaves."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

from safelight.cli import failing
from safelight.cli.running import leave_at_once
from safelight.errors import SafelightError


class Interrupts:
    """
    What Ctrl-C and SIGTERM do.

    Attributes:
        code: The exit code of who leaves because of them.
        has_left: Whether the command was told to leave.
    """

    def __init__(self, task: asyncio.Task[int]) -> None:
        self.code = failing.INTERRUPTED
        self._task = task
        self._first: Callable[[], None] | None = None
        self.has_left = False

    def on_first(self, act: Callable[[], None]) -> None:
        """Have the first one do this instead of leaving."""
        self._first = act

    def strike(self) -> None:
        """Take one: the command's own answer, then an orderly end, then any end."""
        if self._first is not None:
            act, self._first = self._first, None
            act()
        elif not self.has_left:
            self.has_left = True
            self._task.cancel()
        else:
            leave_at_once(self.code)


async def interruptible(work: Callable[[Interrupts], Awaitable[int]]) -> int:
    """Await the work; return its exit code, that of its error once it was said, or that of an interrupt."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine that runs has a task
    interrupts = Interrupts(task)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupts.strike)
    try:
        return await work(interrupts)
    except asyncio.CancelledError:
        if not interrupts.has_left:
            raise
        task.uncancel()
        return interrupts.code
    except BrokenPipeError:
        raise  # who reads us has seen enough: the shell's own affair
    except (SafelightError, OSError) as error:
        failing.say(error)
        return failing.code_for(error)
