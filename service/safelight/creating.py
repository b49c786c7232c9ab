"""A create, from what is asked to a journalled generation that runs: refused as a whole, or started as a whole."""

from __future__ import annotations

import attrs
import structlog

from safelight.beginning import begin
from safelight.config.model import Config
from safelight.errors import Fault, InvalidInput, StorageFull
from safelight.estimates import kind_of
from safelight.generation import Draft, Surface
from safelight.instances import Instances
from safelight.ports import Keyed
from safelight.reaper import Reaper
from safelight.routing import make_route, names_of
from safelight.runner import Tools, wait_of
from safelight.supervisor import Supervisor

log = structlog.get_logger()


@attrs.frozen(kw_only=True)
class Created:
    """
    What came of a create.

    Attributes:
        provider: What was asked for.
        is_replayed: Whether an earlier create under the same key had started it.
    """

    generation: str
    provider: str
    is_replayed: bool = False


class Creating:
    """The way of a draft into the journal and to a runner of its own."""

    def __init__(self, tools: Tools, instances: Instances, supervisor: Supervisor, reaper: Reaper) -> None:
        self._tools = tools
        self._instances = instances
        self._supervisor = supervisor
        self._reaper = reaper

    async def start(
        self, created: Created, draft: Draft, owner: str, surface: Surface, config: Config, keyed: Keyed | None
    ) -> Keyed | None:
        """Start what is to be created, or return what its key stands for already; raises as `Safelight.create` does."""
        if draft.webhook is not None and not config.webhooks.signing_keys:
            raise InvalidInput(
                Fault("webhook", "this service has no key to sign it with; an operator sets webhooks.signing_keys")
            )
        asked = created.provider
        names = names_of(asked, draft.fallback, config.routes, self._instances)
        route = make_route(names, draft.request(), self._instances)
        room = await self._tools.journal.room()
        if room is not None and room < config.data.min_free_bytes:
            raise StorageFull("The data folder is nearly full; nothing new is taken.", retry_after_seconds=60)
        first, estimates = route[0], self._tools.estimates
        seat = self._tools.slots[first.instance.name].take(owner)
        wait = wait_of(seat, estimates, first.instance.name)
        is_started = False
        try:
            new = begin(
                created.generation,
                asked,
                draft,
                route,
                config,
                owner=owner,
                surface=surface,
                at=self._tools.clock.now(),
                place=seat.place,
                eta=estimates.before(kind_of(first.instance.name, first.request), wait),
            )
            known = await self._tools.journal.create(new.generation, new.first, new.attempts.newest, keyed=keyed)
            if known is not None:
                return known
            self._tools.hub.open(new.status, owner, new.first.snapshot)
            epoch = new.status.version.epoch
            self._supervisor.start(new.generation, new.status, new.attempts, route, epoch=epoch, seat=seat)
            is_started = True
        finally:
            if not is_started:
                seat.leave()
        self._reaper.mind(new.generation)
        log.info("generation_created", generation=created.generation, provider=asked, surface=surface)
        return None
