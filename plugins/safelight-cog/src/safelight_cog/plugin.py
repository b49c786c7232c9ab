"""The hook through which the service finds the provider."""

from __future__ import annotations

from safelight.providers import Provider, hookimpl
from safelight_cog.provider import Cog

__all__ = ["Cog", "safelight_providers"]


@hookimpl
def safelight_providers() -> list[type[Provider]]:
    """Offer Cog."""
    return [Cog]
