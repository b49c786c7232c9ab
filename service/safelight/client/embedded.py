"""The service in this very process, for where none is running: the same words, no HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlsplit

from safelight.client.base import Client, Listed, OnLost, Snapshot, Unreachable
from safelight.codec import plain, status_to_wire
from safelight.config.model import Config
from safelight.core import Safelight
from safelight.errors import Fault, InvalidInput, NotFound
from safelight.frames import Frame
from safelight.generation import ANONYMOUS, Draft, is_id
from safelight.hub import NOTHING_SEEN
from safelight.outstanding import Owed
from safelight.ports import EVERY_STATE, Place
from safelight.status import State, Status
from safelight.structuring import structure
from safelight.viewer import Viewer

_CHUNK = 256 * 1024


class EmbeddedClient(Client):
    """A client of a service that it opens itself, on a data folder that no other process holds."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.place = f"the data folder {config.data.folder}"
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._core = await self._stack.enter_async_context(Safelight(self._config))
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stack.aclose()

    async def create(self, body: Mapping[str, Any]) -> str:
        draft = structure(dict(body), Draft, naming="camel")
        return (await self._core.create(draft, owner=ANONYMOUS)).generation

    async def find(self, generation_id: str) -> Snapshot:
        return status_to_wire(await self._status(generation_id))

    async def cancel(self, generation_id: str) -> Snapshot:
        return status_to_wire(await self._core.cancel(generation_id, owner=ANONYMOUS))

    async def listing(
        self, *, states: Sequence[str] = (), ref: str | None = None, limit: int, cursor: str | None = None
    ) -> Listed:
        wanted = frozenset(map(State, states)) or EVERY_STATE
        before = _place(cursor) if cursor else None
        page = await self._core.listing(owner=ANONYMOUS, states=wanted, ref=ref, before=before, limit=limit)
        following = f"{page.next.created_at.isoformat()} {page.next.id}" if page.next else None
        return Listed(snapshots=tuple(map(status_to_wire, page.statuses)), next=following)

    async def deliveries(self, *, limit: int) -> list[dict[str, Any]]:
        return [plain(Owed.of(one)) for one in await self._core.deliveries(owner=ANONYMOUS, limit=limit)]

    async def resend(self, generation_id: str) -> int:
        return await self._core.resend(generation_id, owner=ANONYMOUS)

    async def providers(self) -> list[dict[str, Any]]:
        return [self._core.describe(name) for name in sorted(self._core.instances)]

    async def watch(self, generation_id: str, *, on_lost: OnLost) -> AsyncGenerator[Snapshot, None]:  # noqa: ARG002 - nothing lies between
        newest = _Newest()
        subscription = self._core.hub.subscribe(generation_id, newest, NOTHING_SEEN)  # first subscribe, then read
        try:
            status = await self._status(generation_id)
            yield status_to_wire(status)
            while not status.is_terminal:
                after, status = status, await newest.taken()
                if status.version > after.version:
                    yield status_to_wire(status)
        finally:
            if subscription is not None:
                subscription.close()

    async def read(self, url: str) -> AsyncGenerator[bytes, None]:
        generation_id, _, name = urlsplit(url).path.rpartition("/v1/outputs/")[2].partition("/")
        kept = await self._core.outputs.open(generation_id, name)
        if kept is None:
            raise NotFound("No such output; it may have been forgotten.")
        with kept.file as file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK):
                yield chunk

    async def _status(self, generation_id: str) -> Status:
        if not is_id(generation_id):
            raise NotFound("No such generation.")
        return await self._core.look(generation_id, owner=ANONYMOUS)


class _Newest(Viewer):
    """Holds the newest status until it is taken."""

    is_paused = False

    def __init__(self) -> None:
        self._news = asyncio.Event()
        self._status: Status | None = None
        self._reason: str | None = None

    async def taken(self) -> Status:
        """Wait for a status that was not taken yet; return the newest."""
        await self._news.wait()
        self._news.clear()
        if self._status is None or self._reason is not None:
            raise Unreachable(f"The generation can no longer be followed: {self._reason}.")
        return self._status

    def show(self, frame: Frame) -> None:
        self._status = frame.status
        self._news.set()

    def lag(self) -> None:
        """Hear nothing: it is never paused."""

    def cut(self, reason: str) -> None:
        self._reason = reason
        self._news.set()


def _place(cursor: str) -> Place:
    moment, _, generation_id = cursor.partition(" ")
    try:
        return Place(datetime.fromisoformat(moment), generation_id)
    except ValueError:
        raise InvalidInput(Fault("cursor", "is not one that this list gave out")) from None
