"""Where values come from: the file, the environment, the command line; each remembers its source for error messages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from safelight.config.model import Config
from safelight.errors import ConfigInvalid, Fault
from safelight.structuring import Text, did_you_mean

PREFIX = "SAFELIGHT_"
FILE_SUFFIX = "_file"
Table = dict[str, Any]


def read_file(file: Path) -> Table:
    """
    Return a TOML file's tables.

    Raises:
        ConfigInvalid: It cannot be read, or is no TOML; the line is named.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigInvalid(Fault(str(file), f"cannot be read: {error.strerror}")) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigInvalid(Fault(str(file), f"is no TOML: {error}")) from None


def from_environment(environ: Mapping[str, str], base: Table, faults: list[Fault]) -> list[tuple[tuple[str, ...], Any, str]]:
    """Return `(path, value, source)` of every `SAFELIGHT_SECTION__KEY`; an unknown one is a fault, never ignored."""
    found = []
    for name in sorted(name for name in environ if name.upper().startswith(PREFIX)):
        parts = name[len(PREFIX) :].lower().split("__")
        value: Any = Text(environ[name])
        if (
            parts[-1].endswith(FILE_SUFFIX)
            and not _is_key(parts)
            and (parts[0] == "providers" or _is_key(_without_suffix(parts)))
        ):
            parts, value = _without_suffix(parts), {"file": environ[name]}
        if parts[0] == "providers" and len(parts) > 2:
            parts[1] = _instance(parts[1], base)
        elif not _is_key(parts):
            faults.append(Fault(name, f"unknown setting{did_you_mean('.'.join(parts), all_keys())}"))
            continue
        found.append((tuple(parts), value, name))
    return found


def from_overrides(overrides: Sequence[str], faults: list[Fault]) -> list[tuple[tuple[str, ...], Any, str]]:
    """Return `(path, value, source)` of every `--set section.key=value`."""
    found = []
    for override in overrides:
        path, sign, value = override.partition("=")
        parts = path.strip().split(".")
        source = f"--set {path.strip()}"
        if not sign:
            faults.append(Fault(source, "must be written as section.key=value"))
        elif parts[0] != "providers" and not _is_key(parts):
            faults.append(Fault(source, f"unknown setting{did_you_mean(path.strip(), all_keys())}"))
        else:
            found.append((tuple(parts), Text(value), source))
    return found


def all_keys() -> list[str]:
    """Return every setting outside the provider tables, as `section.key`."""
    keys = []
    for section in attrs.fields(Config):
        if attrs.has(section.type):  # type: ignore[arg-type]  # resolved below where it is a class
            keys += [f"{section.name}.{field.name}" for field in attrs.fields(section.type)]  # type: ignore[arg-type]
        elif section.name != "providers":
            keys.append(section.name)
    return keys


def _is_key(parts: Sequence[str]) -> bool:
    return ".".join(parts) in all_keys()


def _without_suffix(parts: Sequence[str]) -> list[str]:
    return [*parts[:-1], parts[-1].removesuffix(FILE_SUFFIX)]


def _instance(word: str, base: Table) -> str:
    """An environment name can hold neither capitals nor dashes: find the instance that was meant."""
    for name in base.get("providers", {}):
        if name.lower().replace("-", "_") == word:
            return str(name)
    return word


attrs.resolve_types(Config)
