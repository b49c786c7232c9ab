"""Every setting with its default; `config.toml` at the root of the checkout says the same for people."""

from __future__ import annotations

from typing import Any

import attrs
from attrs.validators import and_, ge, gt, in_, le, min_len

PORT = and_(ge(0), le(65535))
MIB = 1024 * 1024


@attrs.frozen(kw_only=True)
class Server:
    """Where the service listens and who may talk to it."""

    host: str = attrs.field(default="127.0.0.1", validator=min_len(1))
    port: int = attrs.field(default=8080, validator=PORT)
    admin_host: str = attrs.field(default="127.0.0.1", validator=min_len(1))
    admin_port: int = attrs.field(default=0, validator=PORT)
    allow_anonymous: bool = False
    public_url: str = ""
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    body_bytes: int = attrs.field(default=65536, validator=ge(1024))
    body_seconds: float = attrs.field(default=10.0, validator=gt(0))
    keepalive_seconds: float = attrs.field(default=75.0, validator=gt(0))
    drain_seconds: float = attrs.field(default=10.0, validator=ge(0))


@attrs.frozen(kw_only=True)
class Data:
    """Where everything that lasts is kept."""

    folder: str = attrs.field(default="data", validator=min_len(1))
    retention_seconds: float = attrs.field(default=604800.0, validator=gt(0))
    min_free_bytes: int = attrs.field(default=256 * MIB, validator=ge(0))


@attrs.frozen(kw_only=True)
class JournalSettings:
    """The journal's engine."""

    engine: str = attrs.field(default="sqlite", validator=in_(("sqlite", "memory")))


@attrs.frozen(kw_only=True)
class OutputSettings:
    """Limits on what providers hand over."""

    max_bytes: int = attrs.field(default=256 * MIB, validator=ge(1))
    max_pixels: int = attrs.field(default=100_000_000, validator=ge(1))
    preview_max_bytes: int = attrs.field(default=4 * MIB, validator=ge(1))
    fetch_seconds: float = attrs.field(default=120.0, validator=gt(0))
    max_redirects: int = attrs.field(default=3, validator=and_(ge(0), le(20)))


@attrs.frozen(kw_only=True)
class Streams:
    """How event streams behave."""

    heartbeat_seconds: float = attrs.field(default=15.0, validator=gt(0))
    laggard_seconds: float = attrs.field(default=30.0, validator=gt(0))
    progress_seconds: float = attrs.field(default=0.1, validator=ge(0))
    retry_min_ms: int = attrs.field(default=1500, validator=ge(1))
    retry_max_ms: int = attrs.field(default=3000, validator=ge(1))
    max_streams: int = attrs.field(default=20_000, validator=ge(1))
    watch_max: int = attrs.field(default=100, validator=and_(ge(1), le(1000)))
    linger_seconds: float = attrs.field(default=60.0, validator=ge(0))


@attrs.frozen(kw_only=True)
class Deadlines:
    """How long each part of a generation may take before the service ends it."""

    submit_seconds: float = attrs.field(default=30.0, validator=gt(0))
    stall_seconds: float = attrs.field(default=120.0, validator=gt(0))
    total_seconds: float = attrs.field(default=1800.0, validator=gt(0))
    seed_total_seconds: float = attrs.field(default=280.0, validator=and_(gt(0), le(290)))
    cancel_seconds: float = attrs.field(default=10.0, validator=gt(0))


@attrs.frozen(kw_only=True)
class Logs:
    """What is logged and how."""

    level: str = attrs.field(default="info", validator=in_(("debug", "info", "warning", "error")))
    format: str = attrs.field(default="auto", validator=in_(("auto", "console", "json")))


@attrs.frozen(kw_only=True)
class Instance:
    """
    One `[providers.<name>]` table: these keys are core's, all others are the plugin's own settings.

    Attributes:
        plugin: Which provider of which plugin; the instance's own name unless said.
        private_network: Whether its HTTP client may reach private and loopback addresses.
        settings: The remaining keys, for the plugin's `Settings`.
    """

    plugin: str
    private_network: bool = False
    settings: dict[str, Any] = attrs.field(factory=dict)


def _built_in() -> dict[str, Instance]:
    return {"sketch": Instance(plugin="sketch"), "simulator": Instance(plugin="simulator")}


@attrs.frozen(kw_only=True)
class Config:
    """The whole configuration, checked."""

    default_provider: str = attrs.field(default="sketch", validator=min_len(1))
    server: Server = attrs.field(factory=Server)
    data: Data = attrs.field(factory=Data)
    journal: JournalSettings = attrs.field(factory=JournalSettings)
    outputs: OutputSettings = attrs.field(factory=OutputSettings)
    streams: Streams = attrs.field(factory=Streams)
    deadlines: Deadlines = attrs.field(factory=Deadlines)
    logs: Logs = attrs.field(factory=Logs)
    providers: dict[str, Instance] = attrs.field(factory=_built_in)
