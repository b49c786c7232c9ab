"""Which laws hold for a provider: by what it can do, less what it waives and says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from safelight.providers import Capabilities, Provider

Applies = Callable[[type[Provider], Capabilities], bool]
F = TypeVar("F", bound=Callable[..., Any])
_MARK = "__applies__"
PREFIX = "test_"


def law(applies: Applies = lambda *_: True) -> Callable[[F], F]:
    """Make a method a law for those providers that it applies to."""

    def mark(method: F) -> F:
        setattr(method, _MARK, applies)
        return method

    return mark


def laws_of(suite: type) -> Iterator[tuple[str, Applies, Callable[..., Any]]]:
    """Give every law of a suite: its name without the prefix, whom it applies to, and the test."""
    for name in dir(suite):
        method = getattr(suite, name)
        if name.startswith(PREFIX) and (applies := getattr(method, _MARK, None)) is not None:
            yield name.removeprefix(PREFIX), applies, method


def overrides(cls: type[Provider], method: str) -> bool:
    """Whether a provider has a method of its own in place of its base class's."""
    return any(method in base.__dict__ for base in cls.__mro__ if base.__module__ != "safelight.providers.base")
