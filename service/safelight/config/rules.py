"""What settings demand of each other, and of the forms that a type cannot say."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Iterator
from urllib.parse import urlsplit

from safelight.checks import one_of
from safelight.config.model import Config
from safelight.errors import Fault
from safelight.signing import key_of

Rule = Callable[[Config], Iterator[Fault]]
_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?", re.ASCII)


def broken_rules(config: Config, sound: Collection[str]) -> Iterator[Fault]:
    """Yield what is wrong between settings, as far as all the parts a rule looks at are `sound` in themselves."""
    for parts, rule in _RULES:
        if parts <= set(sound):
            yield from rule(config)


def _addresses(config: Config) -> Iterator[Fault]:
    for name in ("host", "admin_host"):
        host = getattr(config.server, name)
        if not _is_host(host):
            yield Fault(f"server.{name}", "must be an IP address or a host name, without scheme and port")
        elif not _is_loopback(host) and not config.server.allow_anonymous:
            yield Fault(
                f"server.{name}",
                "opens the service to everybody who reaches this address; if that is meant, write allow_anonymous = true in "
                f'[server], else {name} = "127.0.0.1"',
            )


def _admin_port(config: Config) -> Iterator[Fault]:
    if config.server.admin_port and config.server.admin_port == config.server.port:
        yield Fault("server.admin_port", "must differ from server.port")


def _names(config: Config) -> Iterator[Fault]:
    for index, host in enumerate(config.server.allowed_hosts):
        if not _is_host(host):
            yield Fault(f"server.allowed_hosts[{index}]", "must be a host name, without scheme, port and path")
    for index, origin in enumerate(config.server.allowed_origins):
        if not _is_origin(origin):
            yield Fault(
                f"server.allowed_origins[{index}]",
                "must be an origin as browsers write it: http:// or https://, host, port if it is not the usual one",
            )
    if config.server.public_url and not _is_origin(config.server.public_url.removesuffix("/")):
        yield Fault("server.public_url", "must be http:// or https://, host and perhaps port, without path and query")


def _reconnects(config: Config) -> Iterator[Fault]:
    if config.streams.retry_min_ms > config.streams.retry_max_ms:
        yield Fault("streams.retry_min_ms", "must be <= streams.retry_max_ms")


def _webhooks(config: Config) -> Iterator[Fault]:
    for index, secret in enumerate(config.webhooks.signing_keys):
        try:
            key_of(secret)
        except ValueError as error:
            yield Fault(f"webhooks.signing_keys[{index}]", str(error))


def _default_provider(config: Config) -> Iterator[Fault]:
    if not config.providers:
        yield Fault("providers", "must hold at least one [providers.<name>]")
    elif config.default_provider not in {**config.providers, **config.routes}:
        yield Fault("default_provider", one_of((*config.providers, *config.routes), config.default_provider))


def _routes(config: Config) -> Iterator[Fault]:
    for name, route in config.routes.items():
        if name in config.providers:
            yield Fault(f"routes.{name}", f"is also the name of a provider: [providers.{name}]")
        for index, provider in enumerate(route.providers):
            if provider not in config.providers:
                yield Fault(f"routes.{name}.providers[{index}]", one_of(tuple(config.providers), provider))


_RULES: tuple[tuple[set[str], Rule], ...] = (
    ({"server"}, _addresses),
    ({"server"}, _admin_port),
    ({"server"}, _names),
    ({"streams"}, _reconnects),
    ({"webhooks"}, _webhooks),
    ({"default_provider", "providers", "routes"}, _default_provider),
    ({"routes", "providers"}, _routes),
)


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return len(host) <= 253 and _HOST.fullmatch(host) is not None
    return True


def _is_origin(url: str) -> bool:
    """Whether browsers would send it as an `Origin`: no path, no trailing slash, no capitals, no default port."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or not _is_host(host) or port == {"http": 80, "https": 443}[parts.scheme]:
        return False
    shown = f"[{host}]" if ":" in host else host
    return url == f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else "")
