"""A generation by the id a caller gives, which may be any text at all."""

from __future__ import annotations

from safelight.core import Safelight
from safelight.errors import NotFound
from safelight.generation import ANONYMOUS, Generation, is_id
from safelight.status import Status


def checked_id(text: str) -> str:
    """
    Return what has the form of an id.

    Raises:
        NotFound: It has not, so nothing has it.
    """
    if not is_id(text):
        raise NotFound("No such generation.")
    return text


async def look(core: Safelight, generation_id: str) -> Status:
    """
    Return the newest status of a generation the caller may see.

    Raises:
        NotFound: Unknown, someone else's, or no id at all.
        Gone: The caller's own, and forgotten.
    """
    return await core.look(checked_id(generation_id), owner=ANONYMOUS)


async def find(core: Safelight, generation_id: str) -> tuple[Generation, Status]:
    """
    Return a generation the caller may see, and its newest status.

    Raises:
        NotFound: Unknown, someone else's, or no id at all.
        Gone: The caller's own, and forgotten.
    """
    return await core.find(checked_id(generation_id), owner=ANONYMOUS)
