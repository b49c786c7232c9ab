"""Opens the configured providers and closes them, each in a task of its own; what one does wrong becomes its fault alone."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import structlog

from safelight.boundary import Boundary
from safelight.config.model import Instance
from safelight.egress import Heard
from safelight.errors import InvalidInput, one_sentence
from safelight.instances import Instances, ProviderInstance, UnavailableInstance
from safelight.plugins import Discovery, Offer
from safelight.ports import Clock
from safelight.providers import Capabilities, ProviderProtocol, ProviderUnavailable, Resources
from safelight.rates import Budget
from safelight.redaction import redactor, secrets_within
from safelight.settings import settings_of

log = structlog.get_logger()

OPEN_SECONDS = 10.0
"""How long a provider may take to get ready, and to let go."""


class OpenSession(Protocol):
    """Makes the HTTP client of one instance."""

    def __call__(self, *, private_network: bool, heard: Heard) -> aiohttp.ClientSession:
        """Return a session; it keeps off private addresses unless `private_network`, and has every answer `heard`."""
        ...


@asynccontextmanager
async def open_instances(
    instances: Mapping[str, Instance],
    discovery: Discovery,
    *,
    clock: Clock,
    folder: Path,
    open_session: OpenSession,
    webhooks: Callable[[str, str], str] | None = None,
) -> AsyncIterator[Instances]:
    """
    Open every configured provider side by side, and close them all on the way out, each in bounded time.

    One that fails, hangs or exits is an instance with a `fault`; nothing it does reaches the others or the caller.

    Args:
        folder: Each instance gets a folder of its own in here.
        webhooks: Makes the URL of an instance's submission; None where no upstream could reach it.
    """
    keepers: list[_Keeper] = []
    budgets: dict[str, Budget] = {}
    opened: dict[str, ProviderInstance | UnavailableInstance] = {}
    try:
        for name, instance in instances.items():
            if offer := discovery.providers.get(instance.plugin):
                budget = budgets.setdefault(_credential(name, instance, offer), Budget(name))
                session = open_session(private_network=instance.private_network, heard=partial(_learn, budget, clock))
                make_url = None if webhooks is None else partial(webhooks, name)
                keeper = _Keeper(
                    name,
                    instance,
                    offer,
                    clock=clock,
                    folder=folder / name,
                    session=session,
                    webhooks=make_url,
                    budget=budget,
                )
                keepers.append(keeper)
            else:
                opened[name] = _unavailable(name, None, discovery.reason(instance.plugin))
        for ready in await asyncio.gather(*(keeper.open() for keeper in keepers)):
            opened[ready.name] = ready
        yield Instances({name: opened[name] for name in instances})
    finally:
        closing = asyncio.gather(*(keeper.close() for keeper in keepers))
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await closing  # bounded; going at once would leave tasks and sockets behind
            raise


class _Keeper:
    """
    Owns one provider from before it opens until after it has closed.

    All of that happens in one task, which waits in between: task groups and time-outs that a plugin enters insist on it.
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
        webhooks: Callable[[str], str] | None,
        budget: Budget,
    ) -> None:
        self._name = name
        self._budget = budget
        self._instance = instance
        self._offer = offer
        self._session = session
        self._boundary = Boundary(name, offer.plugin)
        self._resources = Resources(
            instance=name, session=session, clock=clock, spawn=self._spawn, folder=folder, webhooks=webhooks
        )
        self._stack = AsyncExitStack()
        self._opened: asyncio.Future[ProviderInstance | str] = asyncio.get_running_loop().create_future()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._helpers: set[asyncio.Task[None]] = set()

    async def open(self) -> ProviderInstance | UnavailableInstance:
        """Enter the provider; what goes wrong becomes the instance's `fault`."""
        self._task = asyncio.create_task(self._keep(), name=f"{self._name}:keep")
        await asyncio.wait({self._opened}, timeout=OPEN_SECONDS)
        opened = self._opened.result() if self._opened.done() else f"did not open within {OPEN_SECONDS:g} s"
        if isinstance(opened, str):
            await self.close()
            return _unavailable(self._name, self._offer, opened)
        return opened

    async def close(self) -> None:
        """Leave the provider, then end what it spawned, then close its HTTP client: each may need the next to the last."""
        self._closing.set()
        if self._task is not None:
            if self._opened.done():
                await asyncio.wait({self._task}, timeout=OPEN_SECONDS)
            await self._boundary.stop(self._task)
        await asyncio.gather(*(self._boundary.stop(helper) for helper in self._helpers))
        await self._session.close()

    async def _keep(self) -> None:
        entered = await self._boundary.contain("open", self._enter)
        if not self._opened.done():
            self._opened.set_result(str(entered.error) if entered.value is None else entered.value)
        if entered.value is not None:
            await self._boundary.contain("stay open", self._closing.wait)
            await self._boundary.contain("close", self._stack.aclose)

    async def _enter(self) -> ProviderInstance:
        try:
            for folder in (self._resources.folder.parent, self._resources.folder):
                folder.mkdir(mode=0o700, exist_ok=True)
            settings = settings_of(self._name, self._instance, self._offer)
        except (OSError, InvalidInput) as error:
            raise ProviderUnavailable(str(error)) from error
        async with AsyncExitStack() as stack:
            provider = self._offer.cls(settings, self._resources)
            if not hasattr(provider, "resources"):
                raise ProviderProtocol("its __init__ does not call super().__init__(settings, resources)")
            await stack.enter_async_context(provider)
            if not isinstance(provider.capabilities, Capabilities):
                raise ProviderProtocol("capabilities is not a Capabilities")
            self._stack = stack.pop_all()
        return ProviderInstance(
            name=self._name,
            offer=self._offer,
            provider=provider,
            session=self._session,
            is_unknown_retried=self._instance.retry_unknown == "always",
            rerun_interrupted=self._instance.rerun_interrupted,
            max_concurrency=self._instance.max_concurrency,
            max_queued=self._instance.max_queued,
            budget=self._budget,
        )

    def _spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        if self._closing.is_set():
            work.close()
            raise RuntimeError(f"'{self._name}' is closing: nothing can be spawned any more")
        helper = asyncio.create_task(self._help(work, name), name=f"{self._name}:{name}")
        self._helpers.add(helper)
        helper.add_done_callback(self._helpers.discard)

    async def _help(self, work: Coroutine[Any, Any, None], name: str) -> None:
        result = await self._boundary.contain(name, lambda: work)
        if result.error is not None:
            log.error("provider_task_failed", provider=self._name, plugin=self._offer.plugin, task=name, reason=str(result.error))


def _credential(name: str, instance: Instance, offer: Offer) -> str:
    """Return what is the same for instances that an upstream takes for one caller: those with the same secrets."""
    try:
        held = sorted(secret.reveal() for secret in secrets_within(settings_of(name, instance, offer)))
    except InvalidInput:
        held = []  # it will not open
    digest = hashlib.sha256("\0".join(held).encode(errors="surrogatepass")).hexdigest()
    return f"{offer.plugin} {digest}" if held else f"{offer.plugin} {name}"


def _learn(budget: Budget, clock: Clock, status: int, headers: Mapping[str, str]) -> None:
    budget.heard(status, headers, clock.now())


def _unavailable(name: str, offer: Offer | None, fault: str) -> UnavailableInstance:
    scrubbed = one_sentence(redactor.text(fault))
    log.error("provider_unavailable", provider=name, plugin=offer and offer.plugin, reason=scrubbed)
    return UnavailableInstance(name=name, offer=offer, fault=scrubbed)
