"""The effective configuration as TOML, with secrets masked."""

from __future__ import annotations

import json
from typing import Any

import attrs

from safelight.config.model import Config
from safelight.redaction import Secret, redactor


def show(config: Config) -> str:
    """Return what is in force, in the form it is written in."""
    lines: list[str] = []
    sections: list[tuple[str, dict[str, Any]]] = []
    for field in attrs.fields(Config):
        value = getattr(config, field.name)
        if attrs.has(type(value)):
            sections.append((field.name, {inner.name: getattr(value, inner.name) for inner in attrs.fields(type(value))}))
        elif field.name != "providers":
            lines.append(f"{field.name} = {_toml(value)}")
    for name, instance in config.providers.items():
        table = {"plugin": instance.plugin, "private_network": instance.private_network, **instance.settings}
        sections.append((f"providers.{_key(name)}", redactor.value(table)))
    for name, table in sections:
        lines += ["", f"[{name}]", *(f"{_key(key)} = {_toml(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else json.dumps(name)


def _toml(value: Any) -> str:
    if isinstance(value, Secret):
        return json.dumps(str(value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_toml(item)}" for key, item in value.items()) + " }"
    return str(value)
