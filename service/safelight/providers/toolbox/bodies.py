"""The bodies of answers: read with a bound, and no nonsense taken for JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from safelight.providers.failures import ProviderProtocol

if TYPE_CHECKING:
    import aiohttp


async def read_body(response: aiohttp.ClientResponse, at_most: int) -> bytes:
    """
    Return the body of an answer.

    Raises:
        ProviderProtocol: It is larger than `at_most` bytes.
    """
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > at_most:
            raise ProviderProtocol(f"The upstream's answer is larger than {at_most} bytes.")
    return bytes(body)


def read_json(body: bytes) -> Any:
    """Return what stands in a body, None where that is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
