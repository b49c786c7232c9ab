"""What a caller wants of a create beside its body: that it happens once, and to wait for its end."""

from __future__ import annotations

import re

from aiohttp import web

from safelight.web.problems import BadRequest
from safelight.web.waiting import MAX_WAIT_SECONDS

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_WAIT = re.compile(r'wait\s*=\s*"?([0-9]{1,9})"?', re.ASCII | re.IGNORECASE)


def idempotency_key(request: web.Request) -> str | None:
    """
    Return the caller's own key for this create, if there is one.

    Raises:
        BadRequest: It has not the form of one, or there are several.
    """
    keys = request.headers.getall("Idempotency-Key", [])
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise BadRequest("'Idempotency-Key' is 1 to 255 visible ASCII characters, and stands once.")
    return keys[0]


def preferred_wait(request: web.Request) -> int | None:
    """Return how many seconds the caller prefers to wait, as many as we grant; what makes no sense is no preference (RFC 7240)."""
    for preference in ",".join(request.headers.getall("Prefer", [])).split(","):
        if said := _WAIT.fullmatch(preference.partition(";")[0].strip()):
            return min(int(said[1]), int(MAX_WAIT_SECONDS))
    return None
