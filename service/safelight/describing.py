"""A configured provider as callers see it: what it can do, what it takes, and why it cannot be used."""

from __future__ import annotations

from typing import Any

import attrs

from safelight.breaker import Breaker, Position
from safelight.codec import plain
from safelight.instances import ProviderInstance, UnavailableInstance, terms_of
from safelight.providers import Capabilities, Terms
from safelight.schemas import json_schema
from safelight.slots import Slots


@attrs.frozen(kw_only=True)
class Shipped:
    """Who ships a provider: the plugin, its distribution and that one's version."""

    name: str
    distribution: str
    version: str


@attrs.frozen(kw_only=True)
class Health:
    """
    How a provider fares now.

    Attributes:
        breaker: closed; open after it kept failing: it is left alone for a while; half_open: one submission may try.
        working: How many generations are at work there.
        queued: How many wait for their turn.
        max_concurrency: How many may be at work there at once, None for any number.
        webhooks_missed: How many jobs, since the service started, were found by a poll to have ended while no webhook had come
            that was asked for.
    """

    breaker: Position
    working: int
    queued: int
    max_concurrency: int | None = None
    webhooks_missed: int = 0


@attrs.frozen(kw_only=True)
class Description:
    """
    A configured provider.

    Attributes:
        provider_id: What to ask for it by.
        default: Whether it is the one that is used when a request names none.
        available: Whether it can be used.
        fault: Why it cannot.
        health: How it fares; None where it is not open.
        capabilities: What it promises.
        plugin: Who ships it.
        params: The JSON Schema of the `params` of a create.
        options: The JSON Schema of its `options`.
        models: What its `model` may be, nothing if it is empty; left out where that is any name.
    """

    provider_id: str
    default: bool
    available: bool
    fault: str | None = None
    health: Health | None = None
    capabilities: Capabilities | None = None
    plugin: Shipped | None = None
    params: dict[str, Any] | None = None
    options: dict[str, Any] | None = None
    models: tuple[str, ...] | None = None


def describe(instance: ProviderInstance | UnavailableInstance, default: str, health: Health | None = None) -> dict[str, Any]:
    """
    Return a provider's `Description` as plain JSON.

    Args:
        default: The name of the one that is used when a request names none.
        health: How it fares, where it is open.
    """
    terms = _terms(instance)
    fault = instance.fault if terms is None else instance.fault or terms.fault
    described = Description(
        provider_id=instance.name,
        default=instance.name == default,
        available=fault is None,
        fault=fault,
        health=health,
        capabilities=instance.capabilities if isinstance(instance, ProviderInstance) else None,
        params=None if terms is None else json_schema(terms.params),
        options=None if terms is None else json_schema(terms.options),
        models=None if terms is None else terms.models,
    )
    if (offer := instance.offer) is not None:
        shipped = Shipped(name=offer.plugin, distribution=offer.distribution, version=offer.version)
        described = attrs.evolve(described, plugin=shipped)
    return dict(plain(described))


def health_of(breaker: Breaker, slots: Slots, *, webhooks_missed: int) -> Health:
    """Return how a provider fares that has these."""
    at_once = slots.at_once or None
    return Health(
        breaker=breaker.position,
        working=slots.working,
        queued=slots.queued,
        max_concurrency=at_once,
        webhooks_missed=webhooks_missed,
    )


def _terms(instance: ProviderInstance | UnavailableInstance) -> Terms | None:
    if isinstance(instance, ProviderInstance):
        return instance.terms
    return terms_of(instance.offer.cls) if instance.offer else None
