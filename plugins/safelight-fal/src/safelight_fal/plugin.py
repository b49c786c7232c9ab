"""The hook through which the service finds the provider."""

from __future__ import annotations

from safelight.providers import Provider, hookimpl
from safelight_fal.provider import Fal

__all__ = ["Fal", "safelight_providers"]


@hookimpl
def safelight_providers() -> list[type[Provider]]:
    """Offer fal."""
    return [Fal]
