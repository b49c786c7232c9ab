"""Reading what stands behind the question mark: strictly, and with every fault named at once."""

from __future__ import annotations

from aiohttp import web

from safelight.checks import did_you_mean
from safelight.errors import Fault
from safelight.web.problems import BadQuery

_LONGEST_NAME = 100
_MOST_UNKNOWN = 20
"""A hostile query may hold thousands: naming each would make the answer the attack."""


class Query:
    """
    The parameters of a request, taken one by one; what is wrong with them is collected until `check`.

    Args:
        known: Every parameter there is; each other one is a fault.
    """

    def __init__(self, request: web.Request, *known: str) -> None:
        self._query = request.query
        self._faults: list[Fault] = []
        unknown = [name for name in dict.fromkeys(self._query) if name not in known]
        for name in unknown[:_MOST_UNKNOWN]:
            shown = writable(name[:_LONGEST_NAME])
            self.fault(shown, f"unknown parameter '{shown}'{did_you_mean(name, known)}")
        if more := len(unknown[_MOST_UNKNOWN:]):
            self.fault("", f"and {more} more unknown parameters")

    def fault(self, name: str, message: str) -> None:
        """Note that something is wrong with a parameter."""
        self._faults.append(Fault(name, message))

    def all(self, name: str) -> list[str]:
        """Return every value of a parameter that may be repeated."""
        return self._query.getall(name, [])

    def text(self, name: str) -> str | None:
        """Return the value of a parameter that stands once or not at all."""
        values = self.all(name)
        if len(values) > 1:
            self.fault(name, "may stand once only")
        elif values and values[0] != writable(values[0]):
            self.fault(name, "is no UTF-8")
        else:
            return values[0] if values else None
        return None

    def whole(self, name: str, default: int, *, largest: int) -> int:
        """Return a whole number from 1 on."""
        text = self.text(name)
        if text is None:
            return default
        if text.isascii() and text.isdigit() and len(text) <= len(str(largest)) and 1 <= int(text) <= largest:
            return int(text)
        self.fault(name, f"must be a whole number from 1 to {largest}")
        return default

    def check(self) -> None:
        """
        Let the request pass only if nothing was wrong.

        Raises:
            BadQuery: The faults.
        """
        if self._faults:
            raise BadQuery(*self._faults)


def writable(text: str) -> str:
    """Return text without the lone surrogates that raw bytes in a URL become."""
    return text.encode("utf-8", "replace").decode()
