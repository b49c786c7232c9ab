"""Which runner a webhook wakes: one that follows a job waits here under the key of its submission."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import structlog

log = structlog.get_logger()


class Poke:
    """
    What wakes whoever follows one job.

    Attributes:
        generation: Whose job it is.
        is_promised: Whether the upstream was told where to call.
        times: How often it was woken.
        woken: Set by each poke, and cleared by whoever waits for it.
    """

    def __init__(self, generation: str, forget: Callable[[Poke], None], missed: Counter[str]) -> None:
        self.generation = generation
        self.is_promised = False
        self.times = 0
        self.woken = asyncio.Event()
        self._forget = forget
        self._missed = missed

    def wake(self) -> None:
        """Have the job looked at now."""
        self.times += 1
        self.woken.set()

    def recovered(self, instance: str) -> None:
        """Count, where a poll found that the job has ended, a webhook that should have come before."""
        if self.is_promised and not self.times:
            self._missed[instance] += 1
            log.info("webhook_recovered_by_poll", provider=instance, generation=self.generation)

    def close(self) -> None:
        """Wait no longer."""
        self._forget(self)


class Pokes:
    """
    Everybody in this process who can be woken.

    Attributes:
        missed: How many jobs of each provider instance had ended, and no webhook had said anything of them.
    """

    def __init__(self) -> None:
        self.missed: Counter[str] = Counter()
        self._awaited: dict[str, Poke] = {}

    def expect(self, key: str, generation: str) -> Poke:
        """Wait for webhooks on the submission under `key`, from before it is handed in; close what is returned."""

        def forget(poke: Poke) -> None:
            if self._awaited.get(key) is poke:
                del self._awaited[key]

        poke = self._awaited[key] = Poke(generation, forget, self.missed)
        return poke

    def promise(self, key: str) -> None:
        """Note that the upstream of a submission is told where to call."""
        if (poke := self._awaited.get(key)) is not None:
            poke.is_promised = True

    def find(self, key: str) -> Poke | None:
        """Return what wakes the follower of a submission, None where nobody follows it, or nobody any more."""
        return self._awaited.get(key)
