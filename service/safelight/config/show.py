"""The effective configuration as TOML, with secrets masked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import attrs

from safelight.config.model import Config
from safelight.config.pointers import NAMED
from safelight.redaction import redactor
from safelight.scalars import read_any

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def show(config: Config, origins: Mapping[str, str] | None = None) -> str:
    """Return what is in force, in the form it is written in; with `origins`, each line says who set it."""
    lines: list[str] = []
    tables: list[tuple[str, str, dict[str, Any]]] = []
    for field in attrs.fields(Config):
        value = getattr(config, field.name)
        if attrs.has(type(value)):
            tables.append((field.name, field.name, _fields(value)))
        elif field.name not in NAMED:
            lines += _lines("", {field.name: value}, origins)
    for name, instance in config.providers.items():
        core = _fields(instance)
        own = _read(core.pop("settings"))
        tables.append((f"providers.{_key(name)}", f"providers.{name}", {**core, **own}))
    tables += [(f"routes.{_key(name)}", f"routes.{name}", _fields(route)) for name, route in config.routes.items()]
    for heading, path, table in tables:
        lines += ["", f"[{heading}]", *_lines(f"{path}.", table, origins)]
    return "\n".join(lines) + "\n"


def _fields(it: Any) -> dict[str, Any]:
    return {field.name: getattr(it, field.name) for field in attrs.fields(type(it))}


def _lines(section: str, table: dict[str, Any], origins: Mapping[str, str] | None) -> list[str]:
    lines = [f"{_key(key)} = {_toml(value)}" for key, value in redactor.value(table).items()]
    if origins is None:
        return lines
    return [f"{line:<40} # {origins.get(section + key, 'default')}" for line, key in zip(lines, table, strict=True)]


def _read(value: Any) -> Any:
    """Show a value from outside as what it would be in a file."""
    return {key: _read(item) for key, item in value.items()} if isinstance(value, dict) else read_any(value)


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _text(name)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_toml(item)}" for key, item in value.items()) + " }"
    return str(value)


def _text(text: str) -> str:
    """JSON's strings are TOML's, but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
