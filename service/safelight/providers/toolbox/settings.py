"""Validators of settings that plugins for HTTP upstreams have in common."""

from __future__ import annotations

import re
from typing import Any

import attrs
from yarl import URL

from safelight.providers.toolbox.forms import FORMABLE
from safelight.redaction import Secret

_IN_A_HEADER = re.compile(r"[!-~]([ -~]*[!-~])?")


def is_address(_: Any, __: attrs.Attribute[Any], value: str) -> None:
    """
    Take an upstream's address.

    Raises:
        ValueError: It is none, or holds what has a setting of its own.
    """
    url = URL(value)
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("must be an http:// or https:// address")
    if url.user is not None or url.query or url.fragment:
        raise ValueError("must hold neither credentials nor a query; a token has a setting of its own")


def is_credential(_: Any, __: attrs.Attribute[Any], value: Secret) -> None:
    """
    Take what is sent in a header: a token that was left empty, or brought a line break along, fails every call, and only then.

    Raises:
        ValueError: It is empty, or no header can hold it.
    """
    if not value.reveal():
        raise ValueError("must not be empty")
    if not _IN_A_HEADER.fullmatch(value.reveal()):
        raise ValueError("must be one line of printable ASCII, with no space before or behind it")


def names_ours(_: Any, __: attrs.Attribute[Any], value: dict[str, str]) -> None:
    """
    Take names of ours, each with the name that an upstream has for it.

    Raises:
        ValueError: There is no such name.
    """
    if unknown := sorted(set(value) - FORMABLE):
        raise ValueError(f"'{unknown[0]}' is none of {', '.join(sorted(FORMABLE))}")
