"""The ledger as an instance uses it: written beside the event loop, under the service's clock."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from safelight_simulator.ledger import Entry, LedgerWriter

KEEP = timedelta(days=7)
"""A job that has not moved for so long is forgotten when the instance opens."""


class Books:
    """Open them with `async with`; every note is on the disk when it returns."""

    def __init__(self, folder: Path, clock: Any) -> None:
        self._folder = folder
        self._clock = clock
        self._ledger: LedgerWriter | None = None

    @property
    def ledger(self) -> LedgerWriter:
        """The open ledger."""
        if self._ledger is None:
            raise RuntimeError("the simulator's books are closed")
        return self._ledger

    async def __aenter__(self) -> Self:
        self._ledger = await asyncio.to_thread(LedgerWriter, self._folder, forget_before=self._clock.now() - KEEP)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        ledger, self._ledger = self.ledger, None
        await asyncio.to_thread(ledger.close)

    async def note(self, event: str, job: str, *, key: str = "", charged: bool = False, **facts: Any) -> Entry:
        """Write an event down."""
        entry = Entry(event=event, at=self._clock.now(), job=job, key=key, charged=charged, facts=facts)
        await asyncio.to_thread(self.ledger.write, entry)
        return entry

    async def strikes(self, whose: str, fault: str, most: int | None) -> bool:
        """Whether a fault that strikes `most` times (None: always) strikes once more; if so, it has been written down."""
        if most is None:
            return True
        entry = Entry(event="struck", at=self._clock.now(), job=whose, facts={"fault": fault})
        return await asyncio.to_thread(self.ledger.strike, entry, most)
