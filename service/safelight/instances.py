"""The configured providers, open: one instance per `[providers.<name>]`, each apart from the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import aiohttp
import attrs
import structlog

from safelight.config.model import Instance
from safelight.errors import Fault, InvalidInput, one_sentence
from safelight.plugins import NAME, Discovery, Offer, describe
from safelight.ports import Clock
from safelight.providers import Capabilities, Provider, Resources
from safelight.structuring import structure

log = structlog.get_logger()

OPEN_SECONDS = 10.0
"""How long a provider may take to get ready, and to let go."""
STOP_SECONDS = 2.0
"""How long a canceled task of a plugin may take to end before it is left behind."""


class OpenSession(Protocol):
    """Makes the HTTP client of one instance."""

    def __call__(self, *, private_network: bool) -> aiohttp.ClientSession:
        """Return a session; it keeps off private addresses unless `private_network`."""
        ...


@attrs.frozen(kw_only=True)
class ProviderInstance:
    """
    One configured provider.

    Attributes:
        name: The `[providers.<name>]` key.
        offer: The class and who ships it; None where no plugin offers it.
        provider: Open and ready; None where `fault` is set.
        session: Its HTTP client, also for fetching what it produced; None where `fault` is set.
        fault: Why it cannot be used, for people.
    """

    name: str
    offer: Offer | None
    provider: Provider | None = None
    capabilities: Capabilities = Capabilities()
    session: aiohttp.ClientSession | None = None
    fault: str | None = None


Instances = Mapping[str, ProviderInstance]


def check_instances(instances: Mapping[str, Instance], discovery: Discovery) -> tuple[Fault, ...]:
    """
    Return every fault of every `[providers.<name>]` table.

    While an installed plugin is broken, an unknown one may be its: then it is no fault of the config, and the instance
    is unavailable instead of stopping the service.
    """
    faults: list[Fault] = []
    for name, instance in instances.items():
        path = f"providers.{name}"
        if not NAME.fullmatch(name):
            faults.append(Fault(path, "a provider's name is 1 to 64 letters, digits, '_', '-' or '.'"))
        if offer := discovery.providers.get(instance.plugin):
            try:
                _settings(name, instance, offer)
            except InvalidInput as error:
                faults.extend(error.faults)
        elif not discovery.faults:
            faults.append(Fault(f"{path}.plugin", discovery.reason(instance.plugin)))
    return tuple(faults)


@asynccontextmanager
async def open_instances(
    instances: Mapping[str, Instance],
    discovery: Discovery,
    *,
    clock: Clock,
    folder: Path,
    open_session: OpenSession,
) -> AsyncIterator[Instances]:
    """
    Open every configured provider side by side, and close them all on the way out, each in bounded time.

    One that fails, hangs or exits is an instance with a `fault`; nothing it does reaches the others or the caller.

    Args:
        folder: Each instance gets a folder of its own in here.
    """
    keepers: list[_Keeper] = []
    opened: dict[str, ProviderInstance] = {}
    for name, instance in instances.items():
        if offer := discovery.providers.get(instance.plugin):
            session = open_session(private_network=instance.private_network)
            keepers.append(_Keeper(name, instance, offer, clock=clock, folder=folder / name, session=session))
        else:
            opened[name] = _unavailable(name, None, discovery.reason(instance.plugin))
    try:
        for ready in await asyncio.gather(*(keeper.open() for keeper in keepers)):
            opened[ready.name] = ready
        yield MappingProxyType({name: opened[name] for name in instances})
    finally:
        closing = asyncio.gather(*(keeper.close() for keeper in keepers))
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await closing  # bounded, and leaving half of them open would leak tasks and sockets
            raise


class _Keeper:
    """
    Owns one provider from before it opens until after it has closed.

    Both happen in one task, which waits in between: task groups and time-outs that a plugin enters insist on that. All
    of a plugin's code runs in tasks of its own that contain what it raises, because a SystemExit that leaves a task
    stops the event loop.
    """

    def __init__(
        self,
        name: str,
        instance: Instance,
        offer: Offer,
        *,
        clock: Clock,
        folder: Path,
        session: aiohttp.ClientSession,
    ) -> None:
        self._name = name
        self._instance = instance
        self._offer = offer
        self._session = session
        self._folder = folder
        self._resources = Resources(instance=name, session=session, clock=clock, spawn=self._spawn, folder=folder)
        self._log = log.bind(instance=name, plugin=offer.plugin, distribution=offer.distribution)
        self._opened: asyncio.Future[Provider | str] = asyncio.get_running_loop().create_future()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._helpers: set[asyncio.Task[None]] = set()
        self._stopping: set[asyncio.Task[None]] = set()

    async def open(self) -> ProviderInstance:
        """Enter the provider; what goes wrong becomes the instance's `fault`."""
        self._task = asyncio.create_task(self._keep(), name=f"{self._name}:keep")
        await asyncio.wait({self._opened}, timeout=OPEN_SECONDS)
        result = self._opened.result() if self._opened.done() else f"did not open within {OPEN_SECONDS:g} s"
        if isinstance(result, str):
            await self.close()
            return _unavailable(self._name, self._offer, result)
        return ProviderInstance(
            name=self._name,
            offer=self._offer,
            provider=result,
            capabilities=result.capabilities,
            session=self._session,
        )

    async def close(self) -> None:
        """Leave the provider, end the tasks it started, close its HTTP client; in this order, so that each can use the next."""
        is_open = self._opened.done() and not self._closing.is_set()
        self._closing.set()
        if self._task is not None:
            if is_open:
                await asyncio.wait({self._task}, timeout=OPEN_SECONDS)
            await self._stop({self._task})
        await self._stop(self._helpers)
        await self._session.close()

    async def _keep(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            settings = _settings(self._name, self._instance, self._offer)
            async with self._offer.cls(settings, self._resources) as _:
                pass
        except BaseException as error:  # noqa: BLE001 - not even SystemExit may reach the event loop
            pass

    def _spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        pass


def _settings(name: str, instance: Instance, offer: Offer) -> Any:
    path = f"providers.{name}"
    try:
        return structure(instance.settings, offer.cls.Settings, path=path)
    except (InvalidInput, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - validators are the plugin's code
        raise InvalidInput(Fault(path, f"{offer.plugin} ({offer.distribution}) raised {describe(error)}")) from None
