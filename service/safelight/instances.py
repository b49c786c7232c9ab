"""The configured providers, open: one instance per `[providers.<name>]`, each apart from the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import aiohttp
import attrs

from safelight.checks import did_you_mean
from safelight.errors import Fault, one_sentence
from safelight.plugins import Offer, class_faults
from safelight.providers import Capabilities, Provider, Terms
from safelight.rates import Budget
from safelight.redaction import redactor


@attrs.frozen(kw_only=True)
class ProviderInstance:
    """
    A configured provider, open and ready.

    Attributes:
        name: The `[providers.<name>]` key.
        offer: The class and who ships it.
        session: Its HTTP client, also for fetching what it produced.
        promised: What it could do when it opened.
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
    promised: Capabilities = attrs.field(factory=Capabilities)
    is_unknown_retried: bool = False
    rerun_interrupted: bool = False
    max_concurrency: int = 0
    max_queued: int = 1000
    budget: Budget = attrs.field(factory=lambda: Budget("-"))
    fault: None = None

    @property
    def capabilities(self) -> Capabilities:
        """What it can do, as far as it knows by now; what it promised when it opened, where it says nothing that makes sense."""
        said = _said(lambda: self.provider.capabilities)
        return said if isinstance(said, Capabilities) else self.promised

    @property
    def terms(self) -> Terms:
        """What it takes right now: what its class says, unless its upstream told it better."""
        cls, said = self.offer.cls, _said(lambda: self.provider.terms)
        if said is None:
            return Terms(params=cls.Params, options=cls.Options)
        if fault := _terms_fault(said):
            return Terms(params=cls.Params, options=cls.Options, fault=one_sentence(redactor.text(fault)))
        return said  # type: ignore[no-any-return]  # terms without a fault


@attrs.frozen(kw_only=True)
class UnavailableInstance:
    """A configured provider that cannot be used: `fault` says why; `offer` is None where no plugin offers it."""

    name: str
    offer: Offer | None
    fault: str


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


def _said(read: Callable[[], Any]) -> Any:
    """Return what a provider says of itself, which may be code of the plugin's: what that raises is no answer either."""
    try:
        return read()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it is asked in the middle of our own work
        return error


def _terms_fault(said: Any) -> str | None:
    """Return why nothing can be handed in under these terms: a reason of the provider's, or that they make no sense."""
    if not isinstance(said, Terms):
        return f"its terms are a '{type(said).__name__}'"
    if said.fault is not None:
        return str(said.fault)
    faults = (*class_faults("Params", said.params), *class_faults("Options", said.options))
    return "; ".join(faults) or None
