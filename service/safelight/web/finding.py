"""A generation by the id a caller gives, which may be any text at all."""

from __future__ import annotations

from aiohttp import web

from safelight.errors import NotFound
from safelight.generation import ANONYMOUS, Generation, is_id
from safelight.status import Status
from safelight.web.keys import CORE


async def find(request: web.Request, generation_id: str) -> tuple[Generation, Status]:
    """
    Return a generation the caller may see, and its newest status.

    Raises:
        NotFound: Unknown, someone else's, or no id at all.
    """
    if not is_id(generation_id):
        raise NotFound("No such generation.")
    return await request.app[CORE].find(generation_id, owner=ANONYMOUS)
