"""Whether a reader takes gzip: what `Accept-Encoding` says, weights and all."""

from __future__ import annotations

import re
from functools import lru_cache

from aiohttp import hdrs, web

_ITEM = re.compile(r"\s*([\w.*!#$%&'+^`|~-]+)\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?", re.ASCII | re.IGNORECASE)
_ALIASES = {"x-gzip": "gzip"}


def takes_gzip(request: web.Request) -> bool:
    """Whether gzip is acceptable, and no less welcome than none; what cannot be read counts as not said."""
    return _takes_gzip(",".join(request.headers.getall(hdrs.ACCEPT_ENCODING, ())))


@lru_cache(maxsize=64)
def _takes_gzip(said: str) -> bool:
    weights: dict[str, float] = {}
    for item in said.split(","):
        if (match := _ITEM.fullmatch(item)) is not None:
            word = match[1].lower()
            weights[_ALIASES.get(word, word)] = min(float(match[2] or 1), 1.0)
    gzip = weights.get("gzip", weights.get("*", 0.0))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)
