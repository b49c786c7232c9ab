"""The wish to cancel a generation that is being watched, even one that is just about to exist."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from safelight.cli.running import end
from safelight.cli.showing.base import Show
from safelight.client.base import Client
from safelight.errors import SafelightError


class Canceler:
    """Asks for a cancel beside the watching; that it comes too late, the watching shows."""

    def __init__(self, client: Client, show: Show) -> None:
        self._client = client
        self._show = show
        self._wish = asyncio.Event()

    def ask(self) -> None:
        """Ask, as soon as there is something to cancel."""
        self._show.note("Canceling … (Ctrl-C again leaves at once)")
        self._wish.set()

    @asynccontextmanager
    async def of(self, generation_id: str) -> AsyncIterator[None]:
        """Cancel this one, if that is wished for while the block runs."""
        task = asyncio.create_task(self._cancel(generation_id))
        try:
            yield
        finally:
            await end(task)

    async def _cancel(self, generation_id: str) -> None:
        await self._wish.wait()
        try:
            await self._client.cancel(generation_id)
        except SafelightError as error:
            self._show.note(f"The cancel was not taken: {error}")
