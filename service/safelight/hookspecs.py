"""The hooks a plugin may implement. Entry-point group: `safelight`."""

from __future__ import annotations

import pluggy

from safelight.providers import Provider

GROUP = "safelight"
hookspec = pluggy.HookspecMarker("safelight")


@hookspec
def safelight_providers() -> list[type[Provider]]:
    """
    Return the provider classes this plugin offers.

    Called once, at start, before any configuration is applied: it must be quick and do no input or output.
    """
    raise AssertionError  # pluggy calls the plugins' own, never this
