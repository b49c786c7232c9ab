"""What a running service takes over from a configuration read again, and what has to wait for a restart."""

from __future__ import annotations

from typing import Any

import attrs

from safelight.config.model import Config

LIVE = frozenset(
    {
        "default_provider",
        "server.allowed_hosts",
        "server.allowed_origins",
        "server.body_bytes",
        "server.body_seconds",
        "server.drain_seconds",
        "streams.heartbeat_seconds",
        "streams.laggard_seconds",
        "streams.retry_min_ms",
        "streams.retry_max_ms",
        "streams.max_streams",
        "streams.watch_max",
        "webhooks.body_bytes",
        "deadlines.submit_seconds",
        "deadlines.stall_seconds",
        "deadlines.total_seconds",
        "deadlines.seed_total_seconds",
        "deadlines.cancel_seconds",
        "deadlines.max_pause_seconds",
        "logs.level",
        "logs.format",
    }
)
"""The settings that are looked up each time they are needed; deadlines bind what is created from then on."""


@attrs.frozen(kw_only=True)
class Reloaded:
    """
    What came of reading the configuration again.

    Attributes:
        config: What is in force now.
        changed: The settings that took effect, as `section.key`.
        waiting: The settings that differ and take effect at the next start.
    """

    config: Config
    changed: tuple[str, ...]
    waiting: tuple[str, ...]


def reloaded(old: Config, new: Config) -> Reloaded:
    """Take what may change from `new`, keep the rest of `old`."""
    changed: list[str] = []
    waiting: list[str] = []
    config = old
    for section in attrs.fields(Config):
        before, after = getattr(old, section.name), getattr(new, section.name)
        if section.name == "providers":
            names = sorted({*before, *after})
            waiting += [f"providers.{name}" for name in names if before.get(name) != after.get(name)]
        elif attrs.has(type(before)):
            taken = _taken(section.name, before, after, changed, waiting)
            config = attrs.evolve(config, **{section.name: attrs.evolve(before, **taken)})
        elif before != after:
            is_possible = section.name in LIVE and after in {**old.providers, **old.routes}
            (changed if is_possible else waiting).append(section.name)
            config = attrs.evolve(config, **{section.name: after if is_possible else before})
    return Reloaded(config=config, changed=tuple(changed), waiting=tuple(waiting))


def _taken(section: str, before: Any, after: Any, changed: list[str], waiting: list[str]) -> dict[str, Any]:
    taken: dict[str, Any] = {}
    for field in attrs.fields(type(before)):
        path, value = f"{section}.{field.name}", getattr(after, field.name)
        if value == getattr(before, field.name):
            continue
        if path in LIVE:
            changed.append(path)
            taken[field.name] = value
        else:
            waiting.append(path)
    return taken
