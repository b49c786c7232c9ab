"""What an operator says in `[providers.<name>]` about a simulator."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from safelight.providers import CancelKind, Capabilities, Durability, ProgressKind


def _not_remote(_: Any, __: attrs.Attribute[Any], value: Durability) -> None:
    if value is Durability.REMOTE:
        msg = "'simulator' works inside this process: its jobs cannot be 'remote' (plugin = \"simulator-remote\" is the one whose can)"
        raise ValueError(msg)


@attrs.frozen(kw_only=True)
class LocalSettings:
    """
    One instance of the local form.

    Attributes:
        durability: What a run depends on. `connection` pays at an upstream inside the run, as a blocking POST does.
        cancel: What it promises a cancel does.
        hazards: Whether a script may hurt the process: hold the event loop, kill it, flood it.
    """

    durability: Durability = attrs.field(default=Durability.PROCESS, validator=_not_remote)
    cancel: CancelKind = CancelKind.CONFIRMED
    hazards: bool = False


@attrs.frozen(kw_only=True)
class RemoteSettings:
    """
    One instance of the remote form.

    Attributes:
        durability: What a job depends on. Only `remote` jobs are known again once the instance was closed.
        cancel: What it promises a cancel does.
        push: How a job can be followed.
        poll_seconds: The shortest pause between two polls.
        hazards: Whether a script may hurt the process: hold the event loop, kill it, flood it.
    """

    durability: Durability = Durability.REMOTE
    cancel: CancelKind = CancelKind.CONFIRMED
    push: Literal["watch", "poll", "both"] = "both"
    poll_seconds: float = attrs.field(default=1.0, validator=[attrs.validators.ge(0.05), attrs.validators.le(3600)])
    hazards: bool = False


def capabilities(settings: LocalSettings | RemoteSettings) -> Capabilities:
    """Return what an instance with these settings promises."""
    return Capabilities(
        durability=settings.durability,
        progress=ProgressKind.STEPS,
        cancel=settings.cancel,
        pause=True,
        previews=True,
        poll_seconds=settings.poll_seconds if isinstance(settings, RemoteSettings) else 1.0,
    )
