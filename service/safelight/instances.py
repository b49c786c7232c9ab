"""The configured providers, open: one instance per `[providers.<name>]`, each apart from the others."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import attrs
import structlog

from safelight.boundary import Boundary
from safelight.checks import did_you_mean
from safelight.config.model import Instance
from safelight.egress import Heard
from safelight.errors import Fault, InvalidInput, one_sentence
from safelight.plugins import NAME, Discovery, Offer, class_faults, describe
from safelight.ports import Clock
from safelight.providers import (
    Capabilities,
    LocalProvider,
    Provider,
    ProviderProtocol,
    ProviderUnavailable,
    RemoteProvider,
    Resources,
    Terms,
)
from safelight.rates import Budget
from safelight.redaction import redactor, secrets_within
from safelight.structuring import structure

log = structlog.get_logger()

OPEN_SECONDS = 10.0
"""How long a provider may take to get ready, and to let go."""


class OpenSession(Protocol):
    """Makes the HTTP client of one instance."""

    def __call__(self, *, private_network: bool, heard: Heard) -> aiohttp.ClientSession:
        """Return a session; it keeps off private addresses unless `private_network`, and has every answer `heard`."""
        ...


@attrs.frozen(kw_only=True)
class ProviderInstance:
    """
    A configured provider, open and ready.

    Attributes:
        name: The `[providers.<name>]` key.
        offer: The class and who ships it.
        session: Its HTTP client, also for fetching what it produced.
        is_unknown_retried: Whether a submission of unknown fate is repeated.
        rerun_interrupted: Whether work that a stopped service interrupted at no cost is run again.
        max_concurrency: How many generations may be at work there at once; 0: any number.
        max_queued: How many more may wait for that.
        budget: What its upstream takes of its credential.
        fault: Nothing; what tells it from an `UnavailableInstance`.
    """

    name: str
    offer: Offer
    provider: Provider
    session: aiohttp.ClientSession
    is_unknown_retried: bool = False
    rerun_interrupted: bool = False
    max_concurrency: int = 0
    max_queued: int = 1000
    budget: Budget = attrs.field(factory=lambda: Budget("-"))
    fault: None = None

    @property
    def capabilities(self) -> Capabilities:
        """What it can do, as far as it knows by now."""
        said = self._asked("capabilities")
        if isinstance(said, Capabilities):
            return said
        base = RemoteProvider if isinstance(self.provider, RemoteProvider) else LocalProvider
        return base.capabilities  # the weakest promise there is that does not deny what a job may cost

    @property
    def terms(self) -> Terms:
        """What it takes right now: what its class says, unless its upstream told it better."""
        cls = self.offer.cls
        said: Terms | None = self._asked("terms")
        if said is None:
            return Terms(params=cls.Params, options=cls.Options)
        if fault := _terms_fault(said):
            return Terms(params=cls.Params, options=cls.Options, fault=one_sentence(redactor.text(fault)))
        return said

    def _asked(self, what: str) -> Any:
        """Return what the provider says of itself, or what came of asking: it may be a property, which is the plugin's code."""
        try:
            return getattr(self.provider, what)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whoever asks is core, and not to be stopped by it
            raised, reason = _Raised(type(error).__name__), f"{what}: {describe(error)}"
        log.error("provider_nonsense", provider=self.name, plugin=self.offer.plugin, reason=reason)
        return raised


@attrs.frozen(kw_only=True)
class UnavailableInstance:
    """A configured provider that cannot be used: `fault` says why; `offer` is None where no plugin offers it."""

    name: str
    offer: Offer | None
    fault: str


@attrs.frozen
class _Raised:
    """In place of what a provider says of itself: asked for it, it raised this."""

    kind: str


class Instances(Mapping[str, ProviderInstance | UnavailableInstance]):
    """Every configured provider by its name, the unavailable ones too."""

    def __init__(self, instances: Mapping[str, ProviderInstance | UnavailableInstance]) -> None:
        self._instances = dict(instances)

    def __getitem__(self, name: str) -> ProviderInstance | UnavailableInstance:
        return self._instances[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._instances)

    def __len__(self) -> int:
        return len(self._instances)

    def unknown(self, name: str, others: Iterable[str] = ()) -> Fault:
        """Return what to say of a name that is not configured; `others` are names that would do as well."""
        return Fault("providerId", f"unknown provider '{name}'{did_you_mean(name, [*self, *others])}")


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
            self._resources.folder.mkdir(parents=True, exist_ok=True)
            settings = _settings(self._name, self._instance, self._offer)
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


def _terms_fault(said: Any) -> str | None:
    """Return why nothing can be handed in under these terms: a reason of the provider's, or that they make no sense."""
    if isinstance(said, _Raised):
        return f"its terms raised {said.kind}"
    if not isinstance(said, Terms):
        return f"its terms are a '{type(said).__name__}'"
    if said.fault is not None:
        return str(said.fault)
    faults = (*class_faults("Params", said.params), *class_faults("Options", said.options))
    return "; ".join(faults) or None


def _credential(name: str, instance: Instance, offer: Offer) -> str:
    """Return what is the same for instances that an upstream takes for one caller: those with the same secrets."""
    try:
        held = sorted(secret.reveal() for secret in secrets_within(_settings(name, instance, offer)))
    except InvalidInput:
        held = []  # it will not open
    digest = hashlib.sha256("\0".join(held).encode(errors="surrogatepass")).hexdigest()
    return f"{offer.plugin} {digest}" if held else f"{offer.plugin} {name}"


def _learn(budget: Budget, clock: Clock, status: int, headers: Mapping[str, str]) -> None:
    budget.heard(status, headers, clock.now())


def _settings(name: str, instance: Instance, offer: Offer) -> Any:
    path = f"providers.{name}"
    try:
        settings: Any = structure(instance.settings, offer.cls.Settings, path=path)
    except (InvalidInput, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - validators are the plugin's code; its words may hold a secret
        raise InvalidInput(Fault(path, f"{offer.plugin} ({offer.distribution}) raised {type(error).__name__}")) from None
    redactor.register_within(settings)  # a secret may stand in the file as it is
    return settings


def _unavailable(name: str, offer: Offer | None, fault: str) -> UnavailableInstance:
    scrubbed = one_sentence(redactor.text(fault))
    log.error("provider_unavailable", provider=name, plugin=offer and offer.plugin, reason=scrubbed)
    return UnavailableInstance(name=name, offer=offer, fault=scrubbed)
