"""The hook through which the service finds the provider."""

from __future__ import annotations

from safelight.providers import Provider, hookimpl
from safelight_replicate.provider import Replicate

__all__ = ["Replicate", "safelight_providers"]


@hookimpl
def safelight_providers() -> list[type[Provider]]:
    """Offer Replicate."""
    return [Replicate]
