"""The hook through which the service finds the two simulators."""

from __future__ import annotations

from safelight.providers import Provider, hookimpl
from safelight_simulator.local import Simulator
from safelight_simulator.remote import RemoteSimulator

__all__ = ["RemoteSimulator", "Simulator", "safelight_providers"]


@hookimpl
def safelight_providers() -> list[type[Provider]]:
    """Offer the script in both forms: played inside the process, and played by an upstream of its own."""
    return [Simulator, RemoteSimulator]
