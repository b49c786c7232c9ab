"""Reading a request's JSON: bounded in size and time, strict, and every refusal says why."""

from __future__ import annotations

import asyncio
import json
import math
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web

from safelight.config.model import Server
from safelight.web.problems import BadRequest

_JSON_TYPES = frozenset({"application/json", "text/plain", "application/octet-stream"})
"""What browsers and clients say when they send JSON; octet-stream is aiohttp's word for none."""

_PACKINGS = frozenset({"", "identity", "gzip", "deflate"})
UNPACKABLE = "The body must be sent as it is, or packed as gzip or deflate."
_DEEPEST = 200
_LONGEST_NUMBER = 400
"""Digits, more than any number has that a provider could use; Python itself refuses from 4301 on, in words for its programmers."""


async def read_object(request: web.Request, limits: Server) -> dict[str, Any]:
    """
    Return the body as a JSON object.

    Raises:
        BadRequest: 413 too large, 408 too slow, 415 another type, 400 no JSON object.
    """
    if request.content_type not in _JSON_TYPES:
        raise BadRequest(f"The body must be JSON, not {request.content_type}.", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    if request.headers.get(hdrs.CONTENT_ENCODING, "").lower() not in _PACKINGS:
        raise BadRequest(UNPACKABLE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    return parse_object(await read_bytes(request, at_most=limits.body_bytes, seconds=limits.body_seconds))


def parse_object(body: bytes) -> dict[str, Any]:
    """
    Parse strict JSON: no NaN, nothing that would be read as infinite, no key twice, no lone surrogates, no bottomless nesting.

    Raises:
        BadRequest: What is wrong, and where the parser can tell.
    """
    try:
        value = json.loads(
            body.decode(), object_pairs_hook=_once, parse_constant=_no_constant, parse_int=_whole, parse_float=_finite
        )
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:  # which comes sooner or later, by the version of Python
        raise _too_deep() from None
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8.") from None
    except UnicodeEncodeError:
        raise BadRequest("The body has a lone surrogate, which is no text.") from None
    except json.JSONDecodeError as error:
        raise BadRequest(f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).") from None
    except ValueError as error:
        raise BadRequest(str(error)) from None
    if not isinstance(value, dict):
        raise BadRequest("The body must be a JSON object.")
    if body.count(b"[") + body.count(b"{") > _DEEPEST and _is_deeper(value, _DEEPEST):
        raise _too_deep()
    return value


async def read_bytes(request: web.Request, *, at_most: int, seconds: float) -> bytes:
    """
    Return the body as it came.

    Raises:
        BadRequest: 413 too large, 408 too slow.
    """
    too_large = BadRequest(f"The body is larger than {at_most} bytes.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if request.content_length is not None and request.content_length > at_most:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > at_most:
                    raise too_large
    except web.RequestPayloadError:
        raise BadRequest("The body is broken: its framing or its encoding is not what the headers say.") from None
    except TimeoutError:
        raise BadRequest(f"The body did not arrive within {seconds:g} s.", HTTPStatus.REQUEST_TIMEOUT) from None
    return bytes(body)


def _too_deep() -> BadRequest:
    return BadRequest(f"The body is nested too deeply; {_DEEPEST} levels are taken.")


def _is_deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [
            part for one in level if isinstance(one, dict | list) for part in (one.values() if isinstance(one, dict) else one)
        ]
    return any(isinstance(one, dict | list) for one in level)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"The key '{twice[:100]}' stands twice in one object.".encode("utf-8", "replace").decode())
    return found


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError(f"A number has {len(digits)} digits; at most {_LONGEST_NUMBER} are taken.")
    return int(digits)


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON.")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:100]} is too large a number.")
    return number
