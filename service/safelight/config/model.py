"""Every setting with its default; `config.toml` at the root of the checkout says the same for people."""

from __future__ import annotations

from typing import Any

import attrs
from attrs.validators import and_, ge, gt, in_, le, min_len

from safelight.redaction import Secret

PORT = and_(ge(0), le(65535))
MIB = 1024 * 1024
DAY = 86_400
SPAN: Any = and_(gt(0), le(1000 * 365 * DAY))
"""Seconds that are added to a date, or taken from one: dates end some thousand years further on."""


def _says(description: str) -> dict[str, str]:
    """Say what a setting is, as `config.toml` does; editors show it."""
    return {"description": description}


@attrs.frozen(kw_only=True)
class Server:
    """Where the service listens and who may talk to it."""

    host: str = attrs.field(
        default="127.0.0.1",
        validator=min_len(1),
        metadata=_says("address to listen on; anything but loopback needs allow_anonymous"),
    )
    port: int = attrs.field(default=8080, validator=PORT, metadata=_says("0 takes a free one"))
    admin_host: str = attrs.field(default="127.0.0.1", validator=min_len(1), metadata=_says("address of /livez and /readyz"))
    admin_port: int = attrs.field(
        default=0, validator=PORT, metadata=_says("0: the port after `port`, or a free one if that is taken")
    )
    allow_anonymous: bool = attrs.field(default=False, metadata=_says("true: whoever reaches the address may use the service"))
    public_url: str = attrs.field(default="", metadata=_says("how callers reach the service; makes URLs absolute"))
    allowed_hosts: tuple[str, ...] = attrs.field(
        default=(), metadata=_says("host names served besides localhost and plain addresses")
    )
    allowed_origins: tuple[str, ...] = attrs.field(
        default=(), metadata=_says("web origins that may use the service besides its own")
    )
    body_bytes: int = attrs.field(default=65536, validator=ge(1024), metadata=_says("the largest request body"))
    body_seconds: float = attrs.field(default=10.0, validator=gt(0), metadata=_says("how long a body may take to arrive"))
    keepalive_seconds: float = attrs.field(default=75.0, validator=gt(0), metadata=_says("how long an idle connection is kept"))
    drain_seconds: float = attrs.field(
        default=10.0, validator=ge(0), metadata=_says("how long running work may go on after SIGTERM")
    )


@attrs.frozen(kw_only=True)
class Data:
    """Where everything that lasts is kept."""

    folder: str = attrs.field(
        default="data", validator=min_len(1), metadata=_says("the journal and the outputs; one process per folder")
    )
    retention_seconds: float = attrs.field(
        default=604800.0, validator=SPAN, metadata=_says("how long an ended generation and its outputs are kept")
    )
    min_free_bytes: int = attrs.field(
        default=256 * MIB, validator=ge(0), metadata=_says("with less room than this nothing new is taken")
    )


@attrs.frozen(kw_only=True)
class JournalSettings:
    """The journal's engine."""

    engine: str = attrs.field(
        default="sqlite", validator=in_(("sqlite", "memory")), metadata=_says("sqlite, or memory (forgets everything at exit)")
    )


@attrs.frozen(kw_only=True)
class OutputSettings:
    """Limits on what providers hand over."""

    max_bytes: int = attrs.field(default=256 * MIB, validator=ge(1), metadata=_says("the largest output"))
    max_pixels: int = attrs.field(default=100_000_000, validator=ge(1), metadata=_says("the largest picture, width times height"))
    preview_max_bytes: int = attrs.field(default=4 * MIB, validator=ge(1), metadata=_says("the largest preview"))
    fetch_seconds: float = attrs.field(default=120.0, validator=gt(0), metadata=_says("how long fetching one output may take"))
    max_redirects: int = attrs.field(
        default=3, validator=and_(ge(0), le(20)), metadata=_says("how often a provider's URL may redirect")
    )


@attrs.frozen(kw_only=True)
class Streams:
    """How event streams behave."""

    heartbeat_seconds: float = attrs.field(
        default=15.0,
        validator=ge(0.01),  # at less the loop does nothing but count the beats that are due
        metadata=_says("a silent stream gets a comment this often"),
    )
    laggard_seconds: float = attrs.field(
        default=30.0, validator=and_(gt(0), le(DAY)), metadata=_says("a reader that takes nothing for so long is cut")
    )
    progress_seconds: float = attrs.field(
        default=0.1, validator=ge(0), metadata=_says("progress alone is journalled and shown at most this often")
    )
    retry_min_ms: int = attrs.field(
        default=1500, validator=ge(1), metadata=_says("browsers reconnect after a time between this …")
    )
    retry_max_ms: int = attrs.field(default=3000, validator=ge(1), metadata=_says("… and this"))
    max_streams: int = attrs.field(
        default=20_000, validator=ge(1), metadata=_says("open streams at most; more are sent away for a while")
    )
    watch_max: int = attrs.field(
        default=100, validator=and_(ge(1), le(1000)), metadata=_says("generations on one connection at most")
    )
    linger_seconds: float = attrs.field(
        default=60.0, validator=ge(0), metadata=_says("how long an ended generation stays in memory")
    )
    compress: bool = attrs.field(default=True, metadata=_says("streams are gzipped for readers that take it"))
    compress_from_bytes: int = attrs.field(
        default=200, validator=ge(0), metadata=_says("shorter events stand in a gzipped stream as they are")
    )


@attrs.frozen(kw_only=True)
class Webhooks:
    """What providers send us, and what we send callers."""

    body_bytes: int = attrs.field(default=MIB, validator=ge(1024), metadata=_says("the largest webhook of a provider"))
    signing_keys: tuple[Secret, ...] = attrs.field(
        default=(), metadata=_says("whsec_… keys that sign what callers are sent, each of them; none: no caller may ask for it")
    )
    seconds: float = attrs.field(
        default=15.0, validator=and_(gt(0), le(60)), metadata=_says("how long a caller's webhook may take to answer")
    )
    private_network: bool = attrs.field(
        default=False, metadata=_says("true: callers' webhooks may be at private addresses, loopback among them")
    )


@attrs.frozen(kw_only=True)
class Deadlines:
    """How long each part of a generation may take before the service ends it."""

    submit_seconds: float = attrs.field(default=30.0, validator=gt(0), metadata=_says("how long a provider may take to accept"))
    stall_seconds: float = attrs.field(
        default=120.0, validator=gt(0), metadata=_says("how long it may go without a sign of life")
    )
    total_seconds: float = attrs.field(default=1800.0, validator=SPAN, metadata=_says("from creation to the end"))
    seed_total_seconds: float = attrs.field(
        default=280.0,
        validator=and_(gt(0), le(290)),
        metadata=_says("the same for /api/generation, whose client gives up after 300"),
    )
    cancel_seconds: float = attrs.field(
        default=10.0, validator=SPAN, metadata=_says("how long a provider may take to answer a cancel, a pause or a resume")
    )
    queue_seconds: float = attrs.field(
        default=1800.0, validator=gt(0), metadata=_says("how long it may wait in a queue, the service's or the provider's")
    )
    max_pause_seconds: float = attrs.field(
        default=600.0, validator=gt(0), metadata=_says("how long one may be held still before it goes on by itself")
    )


@attrs.frozen(kw_only=True)
class Logs:
    """What is logged and how."""

    level: str = attrs.field(
        default="info", validator=in_(("debug", "info", "warning", "error")), metadata=_says("debug, info, warning, error")
    )
    format: str = attrs.field(
        default="auto",
        validator=in_(("auto", "console", "json")),
        metadata=_says("console, json, or auto: console on a terminal"),
    )


@attrs.frozen(kw_only=True)
class Instance:
    """
    One `[providers.<name>]` table: these keys are core's, all others are the plugin's own settings.

    Attributes:
        plugin: Which provider of which plugin; the instance's own name unless said.
        private_network: Whether its HTTP client may reach private and loopback addresses.
        retry_unknown: Whether a submission is repeated of which nobody knows whether it arrived; it may cost twice.
        rerun_interrupted: Whether work that ended with an earlier process, and cost nothing, is run again at start.
        max_concurrency: How many generations may be at work there at once; 0: any number.
        max_queued: How many more may wait for their turn.
        settings: The remaining keys, for the plugin's `Settings`.
    """

    plugin: str = attrs.field(metadata=_says("which provider of the installed plugins; the table's name unless said"))
    private_network: bool = attrs.field(default=False, metadata=_says("true: its HTTP client may reach private addresses"))
    retry_unknown: str = attrs.field(
        default="never",
        validator=in_(("never", "always")),
        metadata=_says("always: a submission nobody knows the fate of is repeated, and may cost twice"),
    )
    rerun_interrupted: bool = attrs.field(
        default=False, metadata=_says("true: what a stopped service interrupted at no cost is run again at the next start")
    )
    max_concurrency: int = attrs.field(
        default=0, validator=ge(0), metadata=_says("how many may be at work there at once; 0: any number")
    )
    max_queued: int = attrs.field(
        default=1000,
        validator=ge(0),
        metadata=_says("how many more may wait for their turn; the next is told to come back later"),
    )
    settings: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class RouteSettings:
    """One `[routes.<name>]` table: providers tried in order, under a name that requests ask for."""

    providers: tuple[str, ...] = attrs.field(
        validator=min_len(1), metadata=_says("instances, the first choice first; the next takes over after a definite failure")
    )


@attrs.frozen(kw_only=True)
class Retries:
    """How often a submission is made again, where that can cost nobody twice, and when a failing provider is left alone."""

    attempts: int = attrs.field(
        default=3, validator=and_(ge(1), le(10)), metadata=_says("how often one provider is tried at most")
    )
    breaker_failures: int = attrs.field(
        default=5, validator=ge(0), metadata=_says("failures in a row after which a provider is left alone; 0: never")
    )
    breaker_seconds: float = attrs.field(default=30.0, validator=gt(0), metadata=_says("for how long it is left alone"))


def _built_in() -> dict[str, Instance]:
    return {"sketch": Instance(plugin="sketch"), "simulator": Instance(plugin="simulator")}


@attrs.frozen(kw_only=True)
class Config:
    """The whole configuration, checked."""

    default_provider: str = attrs.field(
        default="sketch",
        validator=min_len(1),
        metadata=_says("the provider, or route, used when a request names none; unless said, the first provider"),
    )
    server: Server = attrs.field(factory=Server)
    data: Data = attrs.field(factory=Data)
    journal: JournalSettings = attrs.field(factory=JournalSettings)
    outputs: OutputSettings = attrs.field(factory=OutputSettings)
    streams: Streams = attrs.field(factory=Streams)
    webhooks: Webhooks = attrs.field(factory=Webhooks)
    deadlines: Deadlines = attrs.field(factory=Deadlines)
    retries: Retries = attrs.field(factory=Retries)
    logs: Logs = attrs.field(factory=Logs)
    providers: dict[str, Instance] = attrs.field(factory=_built_in)
    routes: dict[str, RouteSettings] = attrs.field(factory=dict)
