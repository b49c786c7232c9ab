"""A create that is sent twice under one key of its caller's is one generation, whichever comes first."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from weakref import WeakValueDictionary

import attrs

from safelight.errors import IdempotencyMismatch
from safelight.generation import Draft, Surface
from safelight.ports import Journal, Keyed

KEPT = timedelta(hours=24)
"""How long a key stands for what it was first sent with."""

_UNSAID = attrs.asdict(Draft(prompt="-"))


def fingerprint(draft: Draft, surface: Surface) -> str:
    """Return what is the same for two drafts that ask for the same, however it is spelled, and in every version of ours."""
    said = {name: value for name, value in attrs.asdict(draft).items() if value != _UNSAID[name]}
    canonical = json.dumps([surface, said], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


class Doubles:
    """
    Lets one of many through.

    The journal decides, in the transaction of the create. Within this process doubles also take turns: so whoever is
    told of a generation can watch it at once.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def once(self, keyed: Keyed, create: Callable[[Keyed], Awaitable[Keyed | None]]) -> Keyed | None:
        """
        Create what the key is to stand for, unless it stands for something already, which is then returned.

        Raises:
            IdempotencyMismatch: It stands for something else.
        """
        turn = self._turns.setdefault((keyed.owner, keyed.key), asyncio.Lock())
        async with turn:
            known = await self._journal.keyed(keyed.owner, keyed.key) or await create(keyed)
        if known is not None and known.fingerprint != keyed.fingerprint:
            raise IdempotencyMismatch("This Idempotency-Key was used for another request less than 24 hours ago.")
        return known
