"""Serving kept bytes: whole or one range, cached for good, and never as anything a browser would run."""

from __future__ import annotations

import asyncio
import re
from email.utils import format_datetime

import structlog
from aiohttp import ETag, hdrs, web
from aiohttp.helpers import ETAG_ANY

from safelight.errors import Fault, NotFound
from safelight.ports import Kept
from safelight.web.downloads import disposition
from safelight.web.keys import CORE
from safelight.web.problems import BadQuery
from safelight.web.transports import bound_patience, tcp_socket

log = structlog.get_logger()

_PATIENCE_SECONDS = 30.0
MAX_WIDTH = 99_999
"""The largest `?w=` that is read at all."""
_RANGE = re.compile(r"bytes=(?P<first>\d{0,18})-(?P<last>\d{0,18})", re.ASCII | re.IGNORECASE)


async def get_output(request: web.Request) -> web.StreamResponse:
    """
    Answer GET and HEAD of an output or a preview: the name is the right to see it, and names never change their bytes.

    With `?w=` it is the thumbnail of about that width, with `?download` something to be saved under a name for people.

    aiohttp's own `FileResponse` is not used: its ETag is made of the time of change, its If-Range knows no ETag, it
    opens by path, and it prefers a `.gz` or `.br` that lies beside.
    """
    outputs = request.app[CORE].outputs
    place = request.match_info["id"], request.match_info["name"]
    width = _width(request)
    kept = await (outputs.open(*place) if width is None else outputs.thumbnail(*place, width))
    if kept is None:
        raise NotFound("No such output; it may have been forgotten.")
    with kept.file:
        return await _answer(request, kept, _headers(kept, await disposition(request, kept)))


async def _answer(request: web.Request, kept: Kept, headers: dict[str, str]) -> web.StreamResponse:
    if request.if_match is not None and not _has(request.if_match, kept, is_weak_enough=False):
        return web.Response(status=412, headers=headers)
    if _is_unchanged(request, kept):
        return web.Response(status=304, headers=headers)
    wanted = _range(request, kept)
    if wanted is not None and not wanted:
        return web.Response(status=416, headers={**headers, hdrs.CONTENT_RANGE: f"bytes */{kept.bytes}"})
    response = web.StreamResponse(status=200 if wanted is None else 206, headers=headers)
    span = range(kept.bytes) if wanted is None else wanted
    response.content_type = kept.type
    response.content_length = len(span)
    if wanted is not None:
        response.headers[hdrs.CONTENT_RANGE] = f"bytes {span[0]}-{span[-1]}/{kept.bytes}"
    await response.prepare(request)
    if request.method != hdrs.METH_HEAD and request.transport is not None:
        _give_up_deaf(request)
        try:
            await asyncio.get_running_loop().sendfile(request.transport, kept.file, span.start, len(span))
        except (ConnectionError, TimeoutError) as error:  # a closed tab is a normal end, and so is the kernel's cut
            log.debug("output_reader_lost", error=type(error).__name__)
    return response


def _width(request: web.Request) -> int | None:
    text = request.query.get("w")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_WIDTH)) and int(text)):
        raise BadQuery(Fault("w", "must be a width in whole pixels, from 1 on"))
    return int(text)


def _headers(kept: Kept, content_disposition: str) -> dict[str, str]:
    return {
        hdrs.ETAG: f'"{kept.sha256}"',
        hdrs.LAST_MODIFIED: format_datetime(kept.modified, usegmt=True),
        hdrs.ACCEPT_RANGES: "bytes",
        hdrs.CACHE_CONTROL: "public, max-age=31536000, immutable",
        hdrs.CONTENT_DISPOSITION: content_disposition,
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
    }


def _give_up_deaf(request: web.Request) -> None:
    """Let the kernel cut a reader that takes nothing, as streams do."""
    sock = tcp_socket(request.transport) if request.transport else None
    if sock is not None:
        bound_patience(sock, _PATIENCE_SECONDS)


def _has(tags: tuple[ETag, ...], kept: Kept, *, is_weak_enough: bool) -> bool:
    return any(tag.value in {ETAG_ANY, kept.sha256} and (is_weak_enough or not tag.is_weak) for tag in tags)


def _is_unchanged(request: web.Request, kept: Kept) -> bool:
    if request.if_none_match is not None:
        return _has(request.if_none_match, kept, is_weak_enough=True)
    try:
        since = request.if_modified_since
    except OverflowError:  # a year or an hour of many digits is no date either
        return False
    return since is not None and kept.modified.replace(microsecond=0) <= since  # the header knows no fractions


def _range(request: web.Request, kept: Kept) -> range | None:
    """
    Return the bytes asked for, empty where there are none such, or None where the whole is to be sent.

    As RFC 9110 wants it, what is not one well-formed range of bytes is ignored, not refused.
    """
    asked = _RANGE.fullmatch(request.headers.get(hdrs.RANGE, ""))
    if asked is None or request.method != hdrs.METH_GET or not _is_same(request, kept):
        return None
    first, last = asked["first"], asked["last"]
    if not first:
        return range(max(kept.bytes - int(last), 0), kept.bytes) if last else None
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, kept.bytes) if last else kept.bytes)


def _is_same(request: web.Request, kept: Kept) -> bool:
    """Whether If-Range, where it is sent, means these very bytes."""
    condition = request.headers.get(hdrs.IF_RANGE)
    if condition is None:
        return True
    return condition in {f'"{kept.sha256}"', format_datetime(kept.modified, usegmt=True)}
