"""A configured provider as callers see it: what it can do, what it takes, and why it cannot be used."""

from __future__ import annotations

from typing import Any

from safelight.codec import plain
from safelight.instances import ProviderInstance, UnavailableInstance
from safelight.schemas import json_schema


def describe(instance: ProviderInstance | UnavailableInstance, default: str) -> dict[str, Any]:
    """
    Return a provider as plain JSON.

    Args:
        default: The name of the one that is used when a request names none.
    """
    described: dict[str, Any] = {
        "providerId": instance.name,
        "default": instance.name == default,
        "available": instance.fault is None,
    }
    if isinstance(instance, UnavailableInstance):
        described["fault"] = instance.fault
    else:
        described["capabilities"] = plain(instance.capabilities)
    if instance.offer is not None:
        described["plugin"] = {
            "name": instance.offer.plugin,
            "distribution": instance.offer.distribution,
            "version": instance.offer.version,
        }
        described["params"] = json_schema(instance.offer.cls.Params)
        described["options"] = json_schema(instance.offer.cls.Options)
    return described
