"""The whole service around one provider, in this process and without HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from multidict import CIMultiDict

from safelight.config.model import Config, Data, Deadlines, Instance, JournalSettings, OutputSettings, Retries, Server
from safelight.core import Safelight
from safelight.generation import ANONYMOUS, Draft
from safelight.plugins import Discovery, Offer
from safelight.providers import Provider
from safelight.status import Status

_PATIENCE = 20.0
_TURN = 0.005


class Service:
    """
    A running service with one provider.

    Attributes:
        core: The service itself.
    """

    def __init__(self, core: Safelight) -> None:
        self.core = core

    async def begin(self, prompt: str = "a lighthouse", **draft: Any) -> str:
        """Start a generation; return its id. What else a create takes goes by name: `params`, `options`, `fallback`."""
        return (await self.core.create(Draft(prompt=prompt, **draft), owner=ANONYMOUS)).generation

    async def status(self, generation: str) -> Status:
        """Return where a generation stands."""
        return (await self.core.find(generation, owner=ANONYMOUS))[1]

    async def until(self, generation: str, is_so: Callable[[Status], bool], *, within_seconds: float = _PATIENCE) -> Status:
        """
        Wait until a generation stands so; return its status.

        Raises:
            TimeoutError: It never did.
        """
        async with asyncio.timeout(within_seconds):
            while not is_so(status := await self.status(generation)):  # noqa: ASYNC110 - any condition at all
                await asyncio.sleep(_TURN)
        return status

    async def end(self, generation: str) -> Status:
        """Wait for the end of a generation; return it."""
        return await self.until(generation, lambda status: status.is_terminal)

    async def run(self, prompt: str = "a lighthouse", **draft: Any) -> Status:
        """Start a generation and return how it ended."""
        return await self.end(await self.begin(prompt, **draft))

    async def cancel(self, generation: str) -> Status:
        """Ask for a cancel, as a caller does."""
        return await self.core.cancel(generation, owner=ANONYMOUS)

    async def webhook(self, url: str, raw: bytes, headers: Mapping[str, str]) -> None:
        """
        Bring a message to a webhook URL, as the upstream does.

        Raises:
            NotFound: The URL is no submission's.
            WebhookRefused: The provider finds it forged, or too old.
            Busy: It cannot be told now.
        """
        *_, instance, nonce = url.split("/")
        await self.core.hear(instance, self.core.hearing.key_of(instance, nonce), raw, CIMultiDict(headers))


@asynccontextmanager
async def open_service(
    cls: type[Provider],
    folder: Path,
    settings: Mapping[str, Any],
    *,
    instance: Mapping[str, Any] | None = None,
    deadlines: Mapping[str, float] | None = None,
    outputs: Mapping[str, Any] | None = None,
    attempts: int = 2,
    public_url: str = "",
    is_kept: bool = False,
) -> AsyncIterator[Service]:
    """
    Open the service with one provider, named as its plugin; nothing outlives the block but what is in the folder.

    Args:
        folder: The data folder.
        settings: The provider's, as an operator writes them.
        instance: The service's own settings of the instance: `{"retry_unknown": "always"}`.
        deadlines: As in `[deadlines]`; to accept and to show life a provider has 5 s unless said.
        outputs: As in `[outputs]`.
        attempts: How often a submission is tried at most.
        public_url: Where upstreams would reach it, so that they are given webhook URLs.
        is_kept: Whether the journal is kept in the folder, so that a service opened on it later goes on with what runs.
    """
    config = Config(
        data=Data(folder=str(folder), min_free_bytes=0),
        journal=JournalSettings(engine="sqlite" if is_kept else "memory"),
        default_provider=cls.name,
        deadlines=Deadlines(**{"submit_seconds": 5.0, "stall_seconds": 5.0, **(deadlines or {})}),
        outputs=OutputSettings(**(outputs or {})),
        server=Server(public_url=public_url),
        retries=Retries(attempts=attempts, breaker_failures=0),
        providers={cls.name: Instance(plugin=cls.name, private_network=True, settings=dict(settings), **(instance or {}))},
    )
    offer = Offer(cls=cls, plugin=cls.name, distribution=f"safelight-{cls.name}", version="0")
    async with Safelight(config, discovery=Discovery(providers={cls.name: offer})) as core:
        yield Service(core)
