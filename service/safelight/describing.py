"""A configured provider as callers see it: what it can do, what it takes, and why it cannot be used."""

from __future__ import annotations

from typing import Any

from safelight.codec import plain
from safelight.instances import ProviderInstance, UnavailableInstance
from safelight.providers import Terms
from safelight.schemas import json_schema


def describe(instance: ProviderInstance | UnavailableInstance, default: str) -> dict[str, Any]:
    """
    Return a provider as plain JSON.

    Args:
        default: The name of the one that is used when a request names none.
    """
    terms = _terms(instance)
    fault = instance.fault if terms is None else instance.fault or terms.fault
    described: dict[str, Any] = {"providerId": instance.name, "default": instance.name == default, "available": fault is None}
    if fault is not None:
        described["fault"] = fault
    if isinstance(instance, ProviderInstance):
        described["capabilities"] = plain(instance.capabilities)
    if instance.offer is not None:
        described["plugin"] = {
            "name": instance.offer.plugin,
            "distribution": instance.offer.distribution,
            "version": instance.offer.version,
        }
    if terms is not None:
        described["params"] = json_schema(terms.params)
        described["options"] = json_schema(terms.options)
    return described


def _terms(instance: ProviderInstance | UnavailableInstance) -> Terms | None:
    if isinstance(instance, ProviderInstance):
        return instance.terms
    return Terms(params=instance.offer.cls.Params, options=instance.offer.cls.Options) if instance.offer else None
