"""Defaults < config.toml < environment < command line, checked as a whole: every fault at once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from safelight.config.model import Config, Instance
from safelight.config.pointers import NAMED, resolve, variables
from safelight.config.rules import broken_rules
from safelight.config.sources import Setting, Table, env_word, from_environment, from_overrides, read_file
from safelight.errors import ConfigInvalid, Fault, InvalidInput
from safelight.structuring import structure

ProviderCheck = Callable[[Mapping[str, Instance]], Iterable[Fault]]

_CORE_KEYS = tuple(field.name for field in attrs.fields(Instance) if field.name != "settings")


@attrs.frozen
class Loaded:
    """
    A configuration and where each value of it was set.

    Attributes:
        origins: `section.key` to the words of the place that set it; what is missing there is the default.
    """

    config: Config
    origins: Mapping[str, str]


def load(
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
    *,
    check_providers: ProviderCheck = lambda _: (),
) -> Config:
    """Return the effective configuration: what `load_with_origins` says, without the origins."""
    return load_with_origins(file, environ, overrides, check_providers=check_providers).config


def load_with_origins(
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
    *,
    check_providers: ProviderCheck = lambda _: (),
) -> Loaded:
    """
    Return the effective configuration and where it comes from.

    What a provider's table holds beyond the core's keys is left as it is (text from outside as `Text`) for its plugin's
    `Settings`.

    Args:
        file: A config.toml; None for the defaults.
        environ: The environment; the process's own unless given.
        overrides: `section.key=value`, the strongest.
        check_providers: Finds the faults of the provider tables, for who knows the plugins.

    Raises:
        ConfigInvalid: Every fault, with its path and its source.
    """
    environ = os.environ if environ is None else environ
    named: list[Fault] = []
    found: list[Fault] = []
    sources: dict[str, str] = {}
    read = read_file(file) if file else {}
    tables: Table = {} if isinstance(read, Fault) else read
    tables.setdefault("providers", {name: {} for name in Config().providers})
    origins = dict.fromkeys(_paths(tables), str(file))
    if isinstance(tables["providers"], dict) and tables["providers"]:
        tables.setdefault("default_provider", next(iter(tables["providers"])))  # who names one provider means that one
    overriding = list(from_overrides(overrides))
    pointed_at = {
        *variables(tables),
        *(name for one in overriding if isinstance(one, Setting) for name in variables(one.value, one.path)),
    }
    for setting in (*from_environment(environ, tables, pointed_at), *overriding):
        if isinstance(setting, Fault):
            named.append(setting)
        elif _put(tables, setting):
            sources[".".join(setting.path)] = setting.source
        else:
            named.append(Fault(setting.source, "goes into something that is no table"))
    config = _checked(resolve(tables, environ, found), found, check_providers, is_whole=not isinstance(read, Fault))
    if isinstance(read, Fault):
        named.insert(0, read)
    named += [Fault(_place(fault.path, sources, str(file) if file else "default"), fault.message) for fault in found]
    if named:
        raise ConfigInvalid(*named)
    return Loaded(config, origins | sources)


def _paths(tables: Table, above: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the path of every setting: what `[section]`, `[providers.<name>]` or `[routes.<name>]` holds, whole."""
    for key, value in tables.items():
        path = (*above, key)
        if isinstance(value, dict) and len(path) < (3 if path[0] in NAMED else 2):
            yield from _paths(value, path)
        else:
            yield ".".join(path)


def _put(tables: Table, setting: Setting) -> bool:
    """Set one value; False where something that is no table stands in the way."""
    for step in setting.path[:-1]:
        tables = tables.setdefault(step, {})
        if not isinstance(tables, dict):
            return False
    tables[setting.path[-1]] = setting.value
    return True


def _checked(tables: Table, found: list[Fault], check_providers: ProviderCheck, *, is_whole: bool) -> Config:
    """Structure everything, then look at how the parts that are sound fit together."""
    instances = _instances(tables.pop("providers"), found)
    known = {fault.path for fault in found}  # what could not be read stands there empty, which is no second fault
    try:
        structure(tables, Config)
    except InvalidInput as error:
        found.extend(fault for fault in error.faults if fault.path not in known)
    faulty = {re.split(r"[.\[]", fault.path)[0] for fault in found}
    sound = {field.name for field in attrs.fields(Config)} - faulty
    found.extend(fault for fault in check_providers(instances) if fault.path not in known)
    if not is_whole or "" in faulty:
        return Config()
    config = structure({name: table for name, table in tables.items() if name in sound}, Config)
    config = attrs.evolve(config, providers=instances)
    found.extend(broken_rules(config, sound))
    return config


def _instances(tables: Any, found: list[Fault]) -> dict[str, Instance]:
    instances: dict[str, Instance] = {}
    words: dict[str, str] = {}
    if not isinstance(tables, dict):
        found.append(Fault("providers", "expected a table for each provider: [providers.<name>]"))
        return instances
    for name, table in tables.items():
        path = f"providers.{name}"
        if not isinstance(table, dict):
            found.append(Fault(path, f"expected a table: [{path}]"))
            continue
        if (first := words.setdefault(env_word(name), name)) != name:
            found.append(Fault(path, f"is too close to [providers.{first}]: names must differ in more than case, '-' and '_'"))
        core = {key: table[key] for key in _CORE_KEYS if key in table}
        settings = {key: value for key, value in table.items() if key not in _CORE_KEYS}
        try:
            instances[name] = attrs.evolve(structure({"plugin": name, **core}, Instance, path=path), settings=settings)
        except InvalidInput as error:
            found.extend(error.faults)
    return instances


def _place(path: str, sources: Mapping[str, str], default: str) -> str:
    """Say where a setting was set, in the words of that place."""
    key = path
    while key and key not in sources:
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    return f"{sources[key]}{path[len(key) :]}" if key else f"{path} ({default})"
