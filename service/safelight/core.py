"""The service with no HTTP: open it, create generations, watch them, cancel them."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Collection, Coroutine, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Self, TypeVar

import attrs
import structlog

from safelight.config.model import Config
from safelight.config.reload import Reloaded, reloaded
from safelight.courier import Courier
from safelight.creating import Created, Creating
from safelight.describing import describe, health_of
from safelight.doubles import KEPT, Doubles, fingerprint
from safelight.equipment import equipped
from safelight.errors import Busy, Conflict, Gone, NotCancelable, NotFound, NotPausable
from safelight.generation import Draft, Generation, Surface, new_id
from safelight.hearing import Hearing
from safelight.hub import Hub
from safelight.instances import Instances
from safelight.plugins import Discovery, discover
from safelight.ports import EVERY_STATE, Clock, Delivery, Journal, Keyed, Outputs, Page, Place, SystemClock, Unfinished
from safelight.reaper import Reaper
from safelight.retention import Retention
from safelight.routing import remade_route
from safelight.runner import Route
from safelight.status import Outcome, State, Status
from safelight.supervisor import Supervisor
from safelight.versions import Version

log = structlog.get_logger()
T = TypeVar("T")
_ALL = 1_000_000


class Safelight:
    """
    The whole service in one object; enter it to open it.

    Attributes:
        config: What it was made from.
        discovery: Every plugin found, and every fault.
        journal: The truth.
        outputs: The kept bytes.
        hub: The newest statuses and who looks.
        instances: The configured providers.
        hearing: Takes in what providers say by webhook.
        is_draining: Whether nothing new is taken.
    """

    journal: Journal
    outputs: Outputs
    instances: Instances
    hearing: Hearing

    def __init__(self, config: Config, *, clock: Clock | None = None, discovery: Discovery | None = None) -> None:
        self.config = config
        self.clock = clock or SystemClock()
        self.discovery = discovery or discover()
        self.hub = Hub(linger_seconds=config.streams.linger_seconds)
        self.is_draining = False
        self._stack = AsyncExitStack()
        self._changes: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            equipment = await stack.enter_async_context(equipped(self.config, self.discovery, self.clock, self.hub))
            self.instances, self.hearing = equipment.instances, equipment.hearing
            self._tools = tools = equipment.tools
            self.journal, self.outputs, self._owed = tools.journal, tools.outputs, tools.owed
            self._supervisor = Supervisor(tools, f"{socket.gethostname()}:{os.getpid()}")
            self._reaper = Reaper(self.hub, self._supervisor)
            self._creating = Creating(tools, self.instances, self._supervisor, self._reaper)
            self._doubles = Doubles(self.journal)
            recovered = await self._supervisor.recover(self._route_of)
            await stack.enter_async_context(Courier(tools, self.config.webhooks, self._supervisor.webhook_failed))
            stack.push_async_callback(self._leave)
            for generation in recovered.generations:
                self._reaper.mind(generation, is_back=True)
            self._retention = Retention(tools, self._supervisor, seconds=self.config.data.retention_seconds)
            self._own(self._retention.run())
            self._stack = stack.pop_all()
        log.info(
            "service_opened",
            providers=sorted(self.instances),
            engine=self.config.journal.engine,
            resumed=recovered.resumed,
            interrupted=recovered.interrupted,
        )
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stack.aclose()
        log.info("service_closed")

    def reconfigure(self, config: Config) -> Reloaded:
        """Take over what may change while it runs; the rest waits for a restart and is named."""
        taken = reloaded(self.config, config)
        self.config = taken.config
        return taken

    def drain(self) -> None:
        """Take nothing new from now on."""
        self.is_draining = True
        self._reaper.rest()

    async def settle(self, grace_seconds: float) -> None:
        """Let what runs come to an end, for so long at most; then end or park it."""
        self.drain()
        await self._supervisor.leave(grace_seconds=grace_seconds)

    async def create(self, draft: Draft, *, owner: str, surface: Surface = Surface.V1, key: str | None = None) -> Created:
        """
        Start a generation; when this returns, it is journalled with its first intent.

        Args:
            key: The owner's own for this create; for a day, the same draft under it starts nothing more.

        Raises:
            InvalidInput: Faults in the draft, each with its path.
            ProviderUnknown: No such provider.
            InstanceUnavailable: The provider did not open.
            Busy: Draining, too little room, or too many wait for the provider.
            JournalError: It could not be journalled, and so was not started.
            IdempotencyMismatch: The key stands for another draft.
        """
        created = Created(generation=new_id(), provider=draft.provider_id or self.config.default_provider)
        create = partial(self._create, created, draft, owner, surface)
        if key is None:
            await self._change(create(None))
            return created
        keyed = Keyed(
            owner=owner,
            key=key,
            fingerprint=fingerprint(draft, surface),
            generation=created.generation,
            provider=created.provider,
            until=self.clock.now() + KEPT,
        )
        known = await self._change(self._doubles.once(keyed, create))
        return created if known is None else Created(generation=known.generation, provider=known.provider, is_replayed=True)

    def describe(self, name: str) -> dict[str, Any]:
        """
        Return a provider's `Description` as plain JSON.

        Raises:
            NotFound: No such provider.
        """
        if (instance := self.instances.get(name)) is None:
            raise NotFound("No such provider.")
        tools = self._tools
        health = None
        if name in tools.slots:
            health = health_of(tools.breakers[name], tools.slots[name], webhooks_missed=tools.pokes.missed[name])
        return describe(instance, self.config.default_provider, health)

    async def find(self, generation_id: str, *, owner: str) -> tuple[Generation, Status]:
        """
        Return a generation and its newest status.

        Raises:
            NotFound: Unknown, or someone else's.
            Gone: The caller's own, and forgotten.
        """
        found = await self.journal.find(generation_id)
        if found is not None and found[0].owner == owner:
            return found
        tombstone = None if found is not None else await self.journal.tombstone(generation_id)
        if tombstone is not None and tombstone.owner == owner:
            raise Gone("The generation was forgotten, and its outputs with it.")
        raise NotFound("No such generation.")

    async def look(self, generation_id: str, *, owner: str) -> Status:
        """
        Return the newest status alone: from memory while it runs, from the journal once it has ended and may be forgotten.

        Raises:
            NotFound: Unknown, or someone else's.
            Gone: The caller's own, and forgotten.
        """
        newest = self.hub.newest(generation_id, owner)
        return newest if newest and not newest.is_terminal else (await self.find(generation_id, owner=owner))[1]

    async def listing(
        self,
        *,
        owner: str,
        states: Collection[State] = EVERY_STATE,
        ref: str | None = None,
        before: Place | None = None,
        limit: int = 20,
    ) -> Page[Place]:
        """Return a page of the owner's generations, the newest first; see `Journal.listing`."""
        return await self.journal.listing(owner, states=states, ref=ref, before=before, limit=limit)

    async def history(self, generation_id: str, *, owner: str, after: Version | None = None, limit: int = 100) -> Page[Version]:
        """
        Return up to `limit` statuses of one generation after a version, the first published first.

        Raises:
            NotFound: Unknown, or someone else's.
            Gone: The caller's own, and forgotten.
        """
        await self.find(generation_id, owner=owner)
        read = await self.journal.read(generation_id, after, limit + 1)
        shown = tuple(read[:limit])
        return Page(statuses=shown, next=shown[-1].version if len(read) > limit else None)

    async def deliveries(self, *, owner: str, limit: int = 100) -> list[Delivery]:
        """Return up to `limit` deliveries to the owner's webhooks that were not taken yet, the oldest first."""
        return await self.journal.deliveries(owner, limit=limit)

    async def resend(self, generation_id: str, *, owner: str) -> int:
        """
        Have everything that a generation's webhook has not taken yet sent now; return how many deliveries these are.

        Raises:
            NotFound: Unknown, or someone else's.
            Gone: The caller's own, and forgotten.
        """
        await self.find(generation_id, owner=owner)
        now = self.clock.now()
        owed = await self.journal.deliveries(owner, generation_id=generation_id, limit=_ALL)
        again = [attrs.evolve(one, due_at=now, is_dead=False, tries=0 if one.is_dead else one.tries) for one in owed]
        if again:
            await self._change(self.journal.put_off(*again))
            self._owed.set()
        return len(again)

    async def forget(self, generation_id: str, *, owner: str) -> None:
        """
        Forget an ended generation and its outputs; its owner is told that it is gone for as long as the retention.

        Raises:
            NotFound: Unknown, or someone else's.
            Gone: The caller's own, and forgotten already.
            Conflict: It has not ended.
        """
        _, status = await self.find(generation_id, owner=owner)
        if not status.is_terminal:
            raise Conflict("It has not ended; cancel it first.")
        await self._change(self._retention.forget(generation_id))

    async def cancel(self, generation_id: str, *, owner: str) -> Status:
        """
        Ask for a cancel; return the status once the wish is journalled, or the ending if it was canceled already.

        Raises:
            NotFound: Unknown, or someone else's.
            Gone: The caller's own, and forgotten.
            NotCancelable: It has ended otherwise.
            StorageFull: The cancel is under way, but the wish could not be journalled.
        """
        _, status = await self.find(generation_id, owner=owner)
        runner = self._supervisor.find(generation_id)
        if not status.is_terminal and runner is not None:
            await self._change(runner.cancel())
            _, status = await self.find(generation_id, owner=owner)
        if status.is_terminal and status.outcome is not Outcome.CANCELED:
            raise NotCancelable(f"It has ended already: {status.outcome}.")
        return status

    async def hold(self, generation_id: str, *, owner: str, still: bool) -> Status:
        """
        Have a generation held still, or let it go on; return the status once the provider does so.

        Raises:
            NotFound: Unknown, or someone else's.
            Gone: The caller's own, and forgotten.
            NotPausable: The provider does not offer it, or it is too late.
            StorageFull: The journal takes nothing now; it is heeded when it does.
        """
        await self.find(generation_id, owner=owner)
        runner = self._supervisor.find(generation_id)
        if runner is None:
            raise NotPausable("It has ended already.")
        await self._change(runner.hold(still=still))
        return (await self.find(generation_id, owner=owner))[1]

    def hear(self, instance: str, key: str, raw: bytes, headers: Mapping[str, str]) -> asyncio.Task[None]:
        """Take in a webhook, see `Hearing.hear`, in a task that goes on when whoever sent it has left."""
        return self._own(self.hearing.hear(instance, key, raw, headers))

    async def _create(self, created: Created, draft: Draft, owner: str, surface: Surface, keyed: Keyed | None) -> Keyed | None:
        if self.is_draining:
            raise Busy("The service is stopping and takes nothing new.")
        return await self._creating.start(created, draft, owner, surface, self.config, keyed)

    def _route_of(self, left: Unfinished) -> Route:
        """Return the route of a generation of the journal, as far as its providers are still here."""
        generation, first, newest = left.generation, left.attempts[0], left.attempts[-1]
        names = generation.route or (generation.provider,)
        return remade_route(names, generation.request, self.instances, whole=first.provider, working=newest.provider)

    def _own(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)
        return task

    async def _change(self, work: Coroutine[Any, Any, T]) -> T:
        """Await a change in a task of core's own, so that a caller who leaves does not stop it half-way."""
        return await asyncio.shield(self._own(work))

    async def _leave(self) -> None:
        await self.settle(0.0)
        await self._reaper.close()
        for task in tuple(self._changes):
            task.cancel()
        await asyncio.gather(*self._changes, return_exceptions=True)
