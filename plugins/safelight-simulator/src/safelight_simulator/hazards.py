"""The acts that hurt the process; only an instance with `hazards = true` gets this far."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Coroutine
from typing import Any, NoReturn, Protocol

from safelight_simulator.acts import Act

EXIT_CODE = 137
"""As a process killed with -9 shows in a shell."""


class Spawn(Protocol):
    """Starts a task that core owns: a run's `control.spawn`, or the instance's own."""

    def __call__(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Run `work` beside the caller."""
        ...


async def endanger(act: Act, spawn: Spawn) -> None:
    """Do the dangerous thing an act asks for."""
    match act.do:
        case "block":
            time.sleep(act.seconds or 0.0)  # noqa: ASYNC251 - holding the event loop is what was asked for
        case "system_exit":
            raise SystemExit(EXIT_CODE)
        case "keyboard_interrupt":
            raise KeyboardInterrupt
        case "forge_cancel":
            raise asyncio.CancelledError
        case "cancel_self":
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a coroutine always runs in one
            task.cancel()
            await asyncio.sleep(0)
        case "exit_process":
            os._exit(EXIT_CODE)
        case "spawn_crash":
            spawn(_crash(), name="simulated-crash")
            await asyncio.sleep(0)
        case _:
            raise AssertionError(f"'{act.do}' is no hazard")


async def _crash() -> NoReturn:
    raise RuntimeError("The simulated helper task crashed.")
