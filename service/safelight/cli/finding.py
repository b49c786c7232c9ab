"""A generation by the beginning of its id, as people type it."""

from __future__ import annotations

from safelight.client.base import Client, Refused
from safelight.generation import is_id

_LOOKED_AT = 100
_MIN_TYPED = 4


async def find_id(client: Client, typed: str) -> str:
    """
    Return the id that is meant, of a generation that exists.

    Raises:
        SafelightError: None, or more than one, among the newest.
    """
    if is_id(typed):
        await client.find(typed)  # it says what there is to say about one that is not there
        return typed
    if len(typed) < _MIN_TYPED or not set(typed) <= set("0123456789abcdef"):
        raise Refused(f"'{typed}' is not the id of a generation, nor four or more digits of its beginning.", word="not_found")
    page = await client.listing(limit=_LOOKED_AT)
    found = [str(one["sessionId"]) for one in page.snapshots if str(one["sessionId"]).startswith(typed)]
    if not found:
        raise Refused(f"None of the newest {_LOOKED_AT} generations begins with '{typed}'.", word="not_found")
    if len(found) > 1:
        raise Refused(f"More than one generation begins with '{typed}': {', '.join(one[:12] for one in found)}.", word="conflict")
    return found[0]
