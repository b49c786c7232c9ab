"""The configured providers, open: one instance per `[providers.<name>]`, each apart from the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import aiohttp
import attrs
import structlog

from safelight.checks import did_you_mean
from safelight.errors import Fault, one_sentence
from safelight.plugins import Offer, class_faults, describe, models_faults
from safelight.providers import Capabilities, LocalProvider, Provider, RemoteProvider, Terms
from safelight.rates import Budget
from safelight.redaction import redactor

log = structlog.get_logger()


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
            return terms_of(cls)
        if fault := _terms_fault(said):
            return attrs.evolve(terms_of(cls), fault=one_sentence(redactor.text(fault)))
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


def terms_of(cls: type[Provider]) -> Terms:
    """Return what a provider's class says it takes."""
    return Terms(params=cls.Params, options=cls.Options, models=cls.models)


def _terms_fault(said: Any) -> str | None:
    """Return why nothing can be handed in under these terms: a reason of the provider's, or that they make no sense."""
    if isinstance(said, _Raised):
        return f"its terms raised {said.kind}"
    if not isinstance(said, Terms):
        return f"its terms are a '{type(said).__name__}'"
    if said.fault is not None:
        return str(said.fault)
    faults = (*class_faults("Params", said.params), *class_faults("Options", said.options), *models_faults(said.models))
    return "; ".join(faults) or None
