"""Which runner a webhook wakes: one that follows a job waits here under the key of its submission."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Poke:
    """
    What wakes whoever follows one job.

    Attributes:
        generation: Whose job it is.
        times: How often it was woken.
        woken: Set by each poke, and cleared by whoever waits for it.
    """

    def __init__(self, generation: str, forget: Callable[[Poke], None]) -> None:
        self.generation = generation
        self.times = 0
        self.woken = asyncio.Event()
        self._forget = forget

    def wake(self) -> None:
        """Have the job looked at now."""
        self.times += 1
        self.woken.set()

    def close(self) -> None:
        """Wait no longer."""
        self._forget(self)


class Pokes:
    """Everybody in this process who can be woken."""

    def __init__(self) -> None:
        self._awaited: dict[str, Poke] = {}

    def expect(self, key: str, generation: str) -> Poke:
        """Wait for webhooks on the submission under `key`, from before it is handed in; close what is returned."""

        def forget(poke: Poke) -> None:
            if self._awaited.get(key) is poke:
                del self._awaited[key]

        poke = self._awaited[key] = Poke(generation, forget)
        return poke

    def find(self, key: str) -> Poke | None:
        """Return what wakes the follower of a submission, None where nobody follows it, or nobody any more."""
        return self._awaited.get(key)
