"""Defaults < config.toml < environment < command line, checked as a whole: every fault at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from safelight.config.model import Config, Instance
from safelight.config.rules import broken_rules
from safelight.config.secret_values import resolve, variables
from safelight.config.sources import Setting, Table, env_word, from_environment, from_overrides, read_file
from safelight.errors import ConfigInvalid, Fault, InvalidInput
from safelight.structuring import structure

_CORE_KEYS = ("plugin", "private_network")


def load(file: Path | None = None, environ: Mapping[str, str] | None = None, overrides: Sequence[str] = ()) -> Config:
    """
    Return the effective configuration.

    What a provider's table holds beyond the core's keys is left as it is (text from outside as `Text`) for its plugin's
    `Settings`.

    Args:
        file: A config.toml; None for the defaults.
        environ: The environment; the process's own unless given.
        overrides: `section.key=value`, the strongest.

    Raises:
        ConfigInvalid: Every fault, with its path and its source.
    """
    environ = os.environ if environ is None else environ
    draft = _Draft(file)
    draft.add(from_overrides(overrides), only_faults=True)
    pointed_at = {*variables(draft.tables), *(name for override in overrides for name in ())}
    draft.add(from_environment(environ, draft.tables, pointed_at))
    return draft.checked(environ)
