"""Forgetting: what its owner asked to be forgotten, and what ended long ago; the journal first, the outputs after."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from safelight.runner import Tools
from safelight.supervisor import Supervisor

log = structlog.get_logger()

_PAUSE_SECONDS = 60.0


class Retention:
    """
    Says how long things stay.

    A generation that is forgotten leaves a tombstone for as long again, and is swept: its outputs are deleted. Whatever
    happens between the two, nothing of it can be reached, and what was left behind is swept at the next turn.

    Args:
        seconds: How long an ended generation stays, and then its tombstone.
    """

    def __init__(self, tools: Tools, supervisor: Supervisor, *, seconds: float) -> None:
        self._tools = tools
        self._supervisor = supervisor
        self._stay = timedelta(seconds=seconds)

    async def forget(self, generation_id: str) -> None:
        """
        Forget an ended generation; when this returns, that is journalled, and its outputs are deleted if they can be.

        Raises:
            NotFound: No such generation, or it was forgotten meanwhile.
            Conflict: It has not ended.
        """
        await self._supervisor.dismiss(generation_id)
        await self._tools.journal.forget(generation_id)
        log.info("generation_forgotten", generation=generation_id)
        await self._sweep([generation_id])

    async def run(self) -> None:
        """Take turns for ever, the first one now."""
        while True:
            try:
                await self.take_turn()
            except Exception:
                log.exception("purge_failed")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def take_turn(self) -> None:
        """Sweep what was left behind, forget what ended too long ago, and let go of older tombstones and of keys that are over."""
        journal, due = self._tools.journal, self._tools.clock.now() - self._stay
        await self._sweep(await journal.unswept())
        while purged := await journal.purge(due):
            log.info("generations_purged", count=len(purged))
            await self._sweep(purged)
        while await journal.expire(due):
            pass
        while await journal.expire_keys():
            pass

    async def _sweep(self, generation_ids: Sequence[str]) -> None:
        """Leave nothing of forgotten generations; outputs that cannot be deleted now are left to the next turn."""
        swept = []
        for generation_id in generation_ids:
            await self._supervisor.dismiss(generation_id)
            self._tools.hub.forget(generation_id)
            try:
                await self._tools.outputs.purge(generation_id)
            except Exception:
                log.exception("outputs_left_behind", generation=generation_id)
            else:
                swept.append(generation_id)
        if swept:
            try:
                await self._tools.journal.sweep(*swept)
            except Exception:
                log.exception("sweep_not_noted", count=len(swept))  # so it is done once more, which does no harm
