"""Which laws hold for a provider: by what it can do, less what it waives and says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import attrs

from safelight.providers import Capabilities, Provider, RemoteProvider

F = TypeVar("F", bound=Callable[..., Any])
_MARK = "__whom__"
PREFIX = "test_"


@attrs.frozen
class Whom:
    """
    Those providers that a law holds for.

    Attributes:
        words: Who they are, for people.
        includes: Whether a provider is one of them.
    """

    words: str
    includes: Callable[[type[Provider], Capabilities], bool]


EVERYBODY = Whom("every provider", lambda *_: True)


@attrs.frozen
class Law:
    """
    One law of a suite.

    Attributes:
        name: The sentence that it is, with underscores.
        whom: Whom it holds for.
        test: The test that tries it.
    """

    name: str
    whom: Whom
    test: Callable[..., Any]


def law(whom: Whom = EVERYBODY) -> Callable[[F], F]:
    """Make a method a law for those providers."""

    def mark(method: F) -> F:
        setattr(method, _MARK, whom)
        return method

    return mark


def laws_of(suite: type) -> Iterator[Law]:
    """Give every law of a suite, in the order in which they are written."""
    for base in suite.__mro__:
        for name, method in vars(base).items():
            if name.startswith(PREFIX) and (whom := getattr(method, _MARK, None)) is not None:
                yield Law(name.removeprefix(PREFIX), whom, method)


def overrides(cls: type[RemoteProvider], method: str) -> bool:
    """Whether a provider has a method of its own in place of its base class's."""
    return getattr(cls, method) is not getattr(RemoteProvider, method)
