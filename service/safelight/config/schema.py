"""The configuration as JSON Schema, for editors that complete and check a config.toml while it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from safelight.config.model import Config, Instance
from safelight.schemas import json_schema

Schema = dict[str, Any]

_POINTER: Schema = {
    "type": "object",
    "description": "Read from elsewhere: a file, or an environment variable.",
    "properties": {"file": {"type": "string"}, "env": {"type": "string"}},
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
}


def config_schema(settings: Mapping[str, type]) -> Schema:
    """
    Describe a config.toml.

    Args:
        settings: The settings class of every installed provider, by the name that `plugin` takes.
    """
    schema = json_schema(Config, naming="snake")
    for section in schema["properties"].values():
        if "properties" not in section:
            continue
        section.pop("default", None)  # a table's default is that of its keys
        _allow_pointers(section)
    schema["properties"]["providers"] = {
        "type": "object",
        "description": "One table for each provider instance; its name is what requests ask for.",
        "additionalProperties": _instance(settings),
        "properties": {name: _named(name, settings) for name in sorted(settings)},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Safelight config.toml",
        **schema,
        "$defs": {"pointer": _POINTER},
    }


def _named(name: str, settings: Mapping[str, type]) -> Schema:
    """Describe a table named after a provider, which means that provider unless it says another."""
    own = {"if": {"not": {"required": ["plugin"]}}, "then": {"properties": _settings(settings[name])}}
    return {"allOf": [_instance(settings), own]}


def _instance(settings: Mapping[str, type]) -> Schema:
    core = json_schema(Instance, naming="snake")["properties"]
    core.pop("settings")
    core["plugin"]["examples"] = sorted(settings)
    return {
        "type": "object",
        "properties": core,
        "allOf": [
            {
                "if": {"properties": {"plugin": {"const": name}}, "required": ["plugin"]},
                "then": {"properties": _settings(cls)},
            }
            for name, cls in sorted(settings.items())
        ],
    }


def _settings(cls: type) -> Schema:
    schema = json_schema(cls, naming="snake")
    _allow_pointers(schema)
    properties: Schema = schema["properties"]
    return properties


def _allow_pointers(schema: Schema) -> None:
    for name, described in schema.get("properties", {}).items():
        schema["properties"][name] = {**_notes(described), "anyOf": [described, {"$ref": "#/$defs/pointer"}]}


def _notes(described: Schema) -> Schema:
    """Lift what an editor shows to where it looks."""
    return {key: described.pop(key) for key in ("description", "default") if key in described}
