"""What the service works with, opened in order: the journal, the outputs, the providers, and what all runners share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import attrs
import structlog

from safelight.breaker import Breaker
from safelight.config.model import Config
from safelight.egress import open_session
from safelight.engines import open_journal
from safelight.errors import JournalError
from safelight.estimates import open_estimates
from safelight.hearing import Hearing, url_of
from safelight.hub import Hub
from safelight.instances import Instances
from safelight.keepers import open_instances
from safelight.outputs.local import LocalOutputs
from safelight.plugins import Discovery
from safelight.pokes import Pokes
from safelight.ports import Clock
from safelight.runner import Tools
from safelight.seals import open_seals
from safelight.slots import slots_of
from safelight.watchdog import Watchdog

log = structlog.get_logger()


@attrs.frozen(kw_only=True)
class Equipment:
    """
    Everything that is open before anybody works with it.

    Attributes:
        instances: The configured providers.
        tools: What every runner works with, the journal and the outputs among it.
        hearing: Takes in what providers say by webhook.
    """

    instances: Instances
    tools: Tools
    hearing: Hearing


@asynccontextmanager
async def equipped(config: Config, discovery: Discovery, clock: Clock, hub: Hub) -> AsyncIterator[Equipment]:
    """Open everything, and close it in the reverse order; where one part does not open, those before it are closed."""
    for fault in discovery.faults:
        log.error("plugin_refused", plugin=fault.plugin, distribution=fault.distribution, kind=fault.kind, reason=fault.sentence)
    folder = Path(config.data.folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # noqa: ASYNC240 - once, before anybody is served
    except OSError as error:
        why = "a file has that name" if isinstance(error, FileExistsError) else error.strerror
        raise JournalError(f"The data folder '{folder}' cannot be made: {why}.") from error
    public_url = config.server.public_url.rstrip("/")
    async with (
        open_journal(config, folder, clock) as journal,
        LocalOutputs(folder / "outputs", config.outputs, clock, url_prefix=public_url) as outputs,
    ):
        seals, pokes = open_seals(folder), Pokes()
        async with (
            open_instances(
                config.providers,
                discovery,
                clock=clock,
                folder=folder / "providers",
                open_session=open_session,
                webhooks=partial(url_of, public_url, seals, pokes) if public_url else None,
            ) as instances,
            Watchdog(discovery.owners),
            open_estimates(journal) as estimates,
        ):
            retries = config.retries
            tools = Tools(
                journal=journal,
                outputs=outputs,
                hub=hub,
                clock=clock,
                breakers={
                    name: Breaker(name, failures=retries.breaker_failures, seconds=retries.breaker_seconds) for name in instances
                },
                slots=slots_of(instances),
                progress_seconds=config.streams.progress_seconds,
                pokes=pokes,
                estimates=estimates,
            )
            yield Equipment(instances=instances, tools=tools, hearing=Hearing(instances, pokes, seals))
