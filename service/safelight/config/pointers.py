"""Values that stand elsewhere: `{ file = "…" }` and `{ env = "…" }` become what they point at, as secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from safelight.errors import Fault
from safelight.redaction import Secret, redactor
from safelight.scalars import Text, toml_value

NAMED = frozenset({"providers", "routes"})
"""Sections that hold tables under names of the operator's."""
_KINDS = frozenset({"file", "env"})


def resolve(value: Any, environ: Mapping[str, str], faults: list[Fault], path: tuple[str, ...] = ()) -> Any:
    """Return `value` with every pointer in it replaced by the secret it names; what cannot be read becomes a fault."""
    if pointer := _pointer(value, path):
        return _read(*pointer, environ, ".".join(path), faults)
    if isinstance(value, dict):
        return {key: resolve(item, environ, faults, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        steps = ((*path[:-1], f"{path[-1]}[{index}]") for index in range(len(value)))
        return [resolve(item, environ, faults, step) for item, step in zip(value, steps, strict=True)]
    return value


def variables(value: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the names of all environment variables that are pointed at."""
    if pointer := _pointer(value, path):
        kind, name = pointer
        if kind == "env":
            yield name
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from variables(item, (*path, str(key)))


def _pointer(value: Any, path: tuple[str, ...]) -> tuple[str, str] | None:
    """Return kind and target; a section or a table in one is never a pointer, whatever its one key is."""
    if len(path) < (3 if NAMED & {*path[:1]} else 2):
        return None
    if isinstance(value, Text) and value.startswith("{"):
        try:
            value = toml_value(value)
        except ValueError:
            return None
    if isinstance(value, dict) and len(value) == 1:
        [(kind, target)] = value.items()
        if kind in _KINDS and isinstance(target, str):
            return kind, target
    return None


def _read(kind: str, target: str, environ: Mapping[str, str], path: str, faults: list[Fault]) -> Secret:
    text, problem = "", None
    try:
        text = environ[target] if kind == "env" else Path(target).read_text(encoding="utf-8").rstrip("\r\n")
    except KeyError:
        problem = f"the environment has no {target}"
    except OSError as error:
        problem = f"the file {target} cannot be read: {error.strerror}"
    except ValueError:
        problem = f"the file {target} cannot be read: it is no UTF-8 text"
    if problem is None and not text:
        problem = f"the file {target} is empty" if kind == "file" else f"{target} is empty in the environment"
    if problem is not None:
        faults.append(Fault(path, problem))
    secret = Secret(text)
    redactor.register(secret)
    return secret
