"""Defaults < config.toml < environment < command line, checked as a whole: every fault at once."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs

from safelight.config.model import Config, Instance
from safelight.config.sources import Table, from_environment, from_overrides, read_file
from safelight.errors import ConfigInvalid, Fault, InvalidInput
from safelight.redaction import Secret, redactor
from safelight.structuring import did_you_mean, structure

_CORE_KEYS = ("plugin", "private_network")


def load(file: Path | None = None, environ: Mapping[str, str] | None = None, overrides: Sequence[str] = ()) -> Config:
    """
    Return the effective configuration.

    Args:
        file: A config.toml; None for the defaults.
        environ: The environment; the process's own unless given.
        overrides: `section.key=value`, the strongest.

    Raises:
        ConfigInvalid: Every fault, with its path and its source.
    """
    environ = os.environ if environ is None else environ
    tables = read_file(file) if file else {}
    tables.setdefault("providers", {name: {} for name in Config().providers})
    faults: list[Fault] = []
    sources: dict[str, str] = {}
    for path, value, source in [*from_environment(environ, tables, faults), *from_overrides(overrides, faults)]:
        _put(tables, path, value)
        sources[".".join(path)] = source
    resolved = _resolve(tables, environ, "", faults)
    instances = _instances(resolved.pop("providers"), faults)
    try:
        config = attrs.evolve(structure(resolved, Config), providers=instances)
    except InvalidInput as error:
        faults.extend(error.faults)
    else:
        faults.extend(_cross_checked(config))
    if faults:
        default = str(file) if file else "defaults"
        raise ConfigInvalid(*(_sourced(fault, sources, default) for fault in faults))
    return config


def _put(tables: Table, path: Sequence[str], value: Any) -> None:
    for part in path[:-1]:
        inner = tables.setdefault(part, {})
        if not isinstance(inner, dict):
            inner = tables[part] = {}
        tables = inner
    tables[path[-1]] = value


def _resolve(value: Any, environ: Mapping[str, str], path: str, faults: list[Fault]) -> Any:
    """Replace each `{ file = … }` and `{ env = … }` by the secret it names."""
    if isinstance(value, list):
        return [_resolve(item, environ, f"{path}[{index}]", faults) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and path.count(".") >= 1:
        [(kind, name)] = value.items()
        if kind in {"file", "env"} and isinstance(name, str):
            return _secret(kind, name, environ, path, faults)
    return {key: _resolve(item, environ, f"{path}.{key}" if path else key, faults) for key, item in value.items()}


def _secret(kind: str, name: str, environ: Mapping[str, str], path: str, faults: list[Fault]) -> Secret:
    try:
        text = environ[name] if kind == "env" else Path(name).read_text(encoding="utf-8").rstrip("\r\n")
    except KeyError:
        faults.append(Fault(path, f"the environment has no {name}"))
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        faults.append(Fault(path, f"the file {name} cannot be read ({type(error).__name__})"))
        text = ""
    secret = Secret(text)
    redactor.register(secret)
    return secret


def _instances(tables: Any, faults: list[Fault]) -> dict[str, Instance]:
    instances: dict[str, Instance] = {}
    if not isinstance(tables, dict):
        faults.append(Fault("providers", "expected tables: [providers.<name>]"))
        return instances
    for name, table in tables.items():
        if not isinstance(table, dict):
            faults.append(Fault(f"providers.{name}", "expected a table"))
            continue
        core = {"plugin": name, **{key: table[key] for key in _CORE_KEYS if key in table}}
        settings = {key: value for key, value in table.items() if key not in _CORE_KEYS}
        try:
            instances[name] = attrs.evolve(structure(core, Instance, path=f"providers.{name}"), settings=settings)
        except InvalidInput as error:
            faults.extend(error.faults)
    return instances


def _cross_checked(config: Config) -> Iterator[Fault]:
    server = config.server
    if not _is_loopback(server.host) and not server.allow_anonymous:
        yield Fault(
            "server.host",
            "anybody who reaches this address could use the service; write server.allow_anonymous = true to allow it",
        )
    if not _is_loopback(server.admin_host) and not server.allow_anonymous:
        yield Fault("server.admin_host", "is no loopback address; write server.allow_anonymous = true to allow it")
    if server.admin_port and server.admin_port == server.port:
        yield Fault("server.admin_port", "must differ from server.port")
    if config.default_provider not in config.providers:
        hint = did_you_mean(config.default_provider, list(config.providers))
        yield Fault("default_provider", f"no [providers.{config.default_provider}] is configured{hint}")
    if config.streams.retry_min_ms > config.streams.retry_max_ms:
        yield Fault("streams.retry_min_ms", "must not be above streams.retry_max_ms")
    if server.public_url and not _is_base(server.public_url.rstrip("/")):
        yield Fault("server.public_url", "must be http(s)://host[:port], without a path")
    for index, origin in enumerate(server.allowed_origins):
        if not _is_base(origin):
            yield Fault(f"server.allowed_origins[{index}]", "must be an origin: http(s)://host[:port]")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_base(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and url == f"{parts.scheme}://{parts.netloc}"


def _sourced(fault: Fault, sources: Mapping[str, str], default: str) -> Fault:
    if fault.path.startswith(("SAFELIGHT_", "--set")):
        return fault
    key = fault.path.partition("[")[0]
    return Fault(f"{fault.path} ({sources.get(key, default)})", fault.message)
