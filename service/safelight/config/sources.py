"""Where values come from: the file, the environment, the command line; each remembers its source for what is wrong with it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import attrs

from safelight.checks import did_you_mean
from safelight.config.model import Config, RouteSettings
from safelight.config.pointers import NAMED
from safelight.errors import Fault
from safelight.fields import named_fields
from safelight.scalars import Text

PREFIX = "SAFELIGHT_"
FILE_SUFFIX = "_file"
_SERVICE_LINKS = re.compile(r"SAFELIGHT_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)")
"""What Kubernetes adds to every container beside a Service called `safelight` or `safelight-…`; no setting has such a name."""

Table = dict[str, Any]


@attrs.frozen
class Setting:
    """One value from the environment or the command line: where it goes, what it is, and how its source calls it."""

    path: tuple[str, ...]
    value: Any
    source: str


def read_file(file: Path) -> Table | Fault:
    """Return a TOML file's tables, or why there are none; the line is named."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        return Fault(str(file), f"cannot be read: {error.strerror}")
    except tomllib.TOMLDecodeError as error:
        return Fault(str(file), f"is no TOML: {error}")
    except UnicodeDecodeError as error:
        return Fault(str(file), f"is not UTF-8 at byte {error.start}")


def from_environment(environ: Mapping[str, str], base: Table, asked_for: Collection[str]) -> Iterator[Setting | Fault]:
    """
    Yield every `SAFELIGHT_SECTION__KEY`; an unknown one is a fault, never ignored.

    Args:
        base: The file's tables, to find the provider an upper-case name without dashes means.
        asked_for: Variables that the configuration itself reads by name; they need not be settings.
    """
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in asked_for or _is_service_link(name, environ[name]):
            continue
        path = tuple(name[len(PREFIX) :].lower().split("__"))
        bare = (*path[:-1], path[-1].removesuffix(FILE_SUFFIX))
        if is_setting(path) and not (path[0] == "providers" and bare != path):
            yield Setting(_meant(path, base), Text(environ[name]), name)
        elif bare == path or not is_setting(bare):
            known = [key.upper().replace(".", "__") for key in all_keys()]
            yield Fault(name, f"unknown setting{did_you_mean(name.removeprefix(PREFIX), known, prefix=PREFIX)}")
        elif name[: -len(FILE_SUFFIX)] in environ:
            yield Fault(name, f"is given twice: take this one or {name[: -len(FILE_SUFFIX)]}")
        else:
            yield Setting(_meant(bare, base), {"file": environ[name]}, name)


def from_overrides(overrides: Sequence[str]) -> Iterator[Setting | Fault]:
    """Yield every `--set section.key=value`."""
    for override in overrides:
        key, sign, value = override.partition("=")
        path = tuple(key.strip().split("."))
        source = f"--set {key.strip()}" if sign else "--set"
        if not sign:
            yield Fault(source, "must be written as section.key=value")
        elif not is_setting(path):
            yield Fault(source, f"unknown setting{did_you_mean(key.strip(), all_keys())}")
        else:
            yield Setting(path, Text(value.strip()), source)


@cache
def all_keys() -> tuple[str, ...]:
    """Return every setting outside the tables that have names of the operator's, as `section.key`."""
    keys: list[str] = []
    for name, section in named_fields(Config, "snake").items():
        if isinstance(section.type, type) and attrs.has(section.type):
            keys += [f"{name}.{key}" for key in named_fields(section.type, "snake")]
        elif name not in NAMED:
            keys.append(name)
    return tuple(keys)


def is_setting(path: Sequence[str]) -> bool:
    """Whether there is such a setting; what a provider's table may hold, only its plugin knows."""
    if path[0] == "providers":
        return len(path) > 2 and all(path)
    if path[0] == "routes":
        return len(path) == 3 and all(path) and path[2] in named_fields(RouteSettings, "snake")
    return ".".join(path) in all_keys()


def env_word(name: str) -> str:
    """Return the name of a provider or route as an environment variable can say it: in one case, without dashes and dots."""
    return re.sub(r"[-.]", "_", name.lower())


def _meant(path: tuple[str, ...], base: Table) -> tuple[str, ...]:
    if path[0] not in NAMED:
        return path
    tables = base.get(path[0])
    names = tables if isinstance(tables, dict) else {}
    return (path[0], next((name for name in names if env_word(name) == path[1]), path[1]), *path[2:])


def _is_service_link(name: str, value: str) -> bool:
    if "__" in name or not _SERVICE_LINKS.fullmatch(name):
        return False
    return "://" in value or not name.endswith("_PORT") or name.endswith("_SERVICE_PORT")  # SAFELIGHT_PORT=8080 is a mistake
