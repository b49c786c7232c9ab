"""What lies between here and a service: each measurement judged, with the line that mends it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Any

from safelight import packing
from safelight.cli.doctor.findings import Finding, fault, note, ok
from safelight.cli.doctor.proxies import Trouble, recognise, remedies
from safelight.cli.doctor.wire import Answer, Held, Probe, Timed
from safelight.client.base import Unreachable

_LATE_SECONDS = 0.5
_SKEW_SECONDS = 5.0
_BEAT_SECONDS = 15.0
"""How often a silent stream gets a heartbeat, unless configured otherwise."""
_FIRST_SECONDS = 2.0
_JITTER_SECONDS = 0.1


async def examine(url: str, idle_seconds: float) -> AsyncIterator[Finding]:
    """
    Yield what is found, the quick things first.

    Raises:
        Unreachable: Nobody answers there, or no Safelight.
    """
    async with Probe(url) as probe:
        hello = await probe.call("GET", "/v1/providers")
        if not isinstance(hello.body, dict) or "providers" not in hello.body:
            said = f"HTTP {hello.status}, {hello.headers.get('Content-Type', 'no type')}"
            raise Unreachable(f"{url} answers, but not as a Safelight does ({said}): does the path lead to it?")
        yield ok("service", f"{url} answers in {hello.seconds * 1000:.0f} ms")
        proxies = recognise(hello.headers, url)
        yield _named(proxies, hello)
        yield _http(hello, await probe.offered_protocol(), proxies)
        yield _clock(hello)
        simulator = _simulator(hello.body)
        if simulator is None:
            yield note("events", "no simulator is offered there, so that only a silent stream can be measured")
        else:
            timed = await probe.timed(simulator)
            yield _buffering(timed, proxies)
        held = await probe.held(idle_seconds)
        if held.head is not None:
            yield _compression(held.head, held.begins, proxies)
            yield _headers(held.head, proxies)
        yield _idle(held, idle_seconds, proxies)


def _named(proxies: tuple[str, ...], hello: Answer) -> Finding:
    if proxies:
        return ok("proxies", f"{', then '.join(proxies)}")
    server = hello.headers.get("Server", "")
    if server == "safelight":
        return ok("proxies", "none shows itself")
    return note(
        "proxies", f"one that calls itself '{server}', for which there is no advice here" if server else "one that hides itself"
    )


def _http(hello: Answer, offered: str | None, proxies: tuple[str, ...]) -> Finding:
    if hello.http == "HTTP/1.0":
        return fault(
            "http", "HTTP/1.0: no connection is kept, so that each call makes its own", *remedies(proxies, Trouble.HTTP2)
        )
    if offered == "h2":
        return ok("http", f"{hello.http} here, HTTP/2 for browsers")
    sentence = f"{hello.http}: a browser opens six connections to one host at most, and each stream takes one"
    if offered is None:
        return ok("http", f"{sentence}; pages use /v1/events, or HTTP/2 over TLS")
    return note("http", sentence, *remedies(proxies, Trouble.HTTP2))


def _clock(hello: Answer) -> Finding:
    try:
        skew = (parsedate_to_datetime(hello.headers["Date"]) - datetime.now(UTC)).total_seconds()
    except (KeyError, ValueError, TypeError):
        return note("clock", "the answer has no Date")
    if abs(skew) > _SKEW_SECONDS:
        return fault("clock", f"the clock there is {skew:+.0f} s off this one: set both by NTP")
    return ok("clock", "the same there as here")


def _simulator(said: dict[str, Any]) -> str | None:
    """Return a provider that costs nothing and can be told when to speak."""
    for one in said["providers"]:
        options = (one.get("options") or {}).get("properties", {})
        is_simulator = (one.get("plugin") or {}).get("distribution") == "safelight-simulator"
        if (
            one.get("available")
            and is_simulator
            and "script" in options
            and (one.get("capabilities") or {}).get("durability") == "process"
        ):
            return str(one["providerId"])
    return None


def _buffering(timed: Timed, proxies: tuple[str, ...]) -> Finding:
    if timed.is_cut:
        said = f"the stream of a run was cut after {len(timed.late_seconds)} of its timed events"
        return fault("buffering", said, *remedies(proxies, Trouble.TOTAL))
    if not timed.late_seconds:
        return fault("buffering", "not one of the timed events arrived", *remedies(proxies, Trouble.BUFFERING))
    worst = max(timed.late_seconds)
    if worst > _LATE_SECONDS:
        return fault("buffering", f"events are held back, for up to {worst:.1f} s", *remedies(proxies, Trouble.BUFFERING))
    return ok("buffering", f"none: {len(timed.late_seconds)} events came as they were made, within {worst * 1000:.0f} ms")


def _compression(head: Answer, begins: bytes, proxies: tuple[str, ...]) -> Finding:
    encoding = head.headers.get("Content-Encoding", "identity")
    if encoding == "gzip" and begins.startswith(packing.HEAD):
        return ok("compression", "the service's own, event by event")
    if encoding != "identity":
        return fault("compression", f"streams are compressed on the way ({encoding})", *remedies(proxies, Trouble.COMPRESSION))
    return ok("compression", "none on streams")


def _headers(head: Answer, proxies: tuple[str, ...]) -> Finding:
    kind, caching = head.headers.get("Content-Type", ""), head.headers.get("Cache-Control", "")
    if head.status != 200 or not kind.startswith("text/event-stream"):
        return fault("headers", f"a stream is answered with HTTP {head.status} and '{kind}'", *remedies(proxies, Trouble.HEADERS))
    lost = [word for word in ("no-cache", "no-transform") if word not in caching]
    if lost:
        said = f"Cache-Control lost {' and '.join(lost)} on the way, and is '{caching}'"
        return fault("headers", said, *remedies(proxies, Trouble.HEADERS))
    accel = "kept" if "X-Accel-Buffering" in head.headers else "taken by a proxy that heeds it"
    return ok("headers", f"Cache-Control is kept, X-Accel-Buffering {accel}")


def _idle(held: Held, seconds: float, proxies: tuple[str, ...]) -> Finding:
    if held.cut_seconds is not None:
        return _cut(held, held.cut_seconds, proxies)
    first = held.arrivals[0] if held.arrivals else seconds
    if first > _FIRST_SECONDS:
        said = f"the first bytes of a silent stream had not come after {first:.0f} s: they are held back"
        return fault("idle", said, *remedies(proxies, Trouble.BUFFERING))
    beats = [later - sooner for sooner, later in pairwise(held.arrivals) if later - sooner > 0.5]
    if beats:
        return ok("idle", f"a silent stream was held for {seconds:.0f} s, with a heartbeat every {max(beats):.0f} s")
    if seconds > _BEAT_SECONDS + _FIRST_SECONDS:
        return note("idle", f"a silent stream was held for {seconds:.0f} s, but no heartbeat came; see streams.heartbeat_seconds")
    return ok("idle", f"a silent stream was held for {seconds:.0f} s; --idle 40 would see heartbeats too")


def _cut(held: Held, at: float, proxies: tuple[str, ...]) -> Finding:
    times = (0.0, *held.arrivals)
    silent = at - times[-1]
    longest = max((later - sooner for sooner, later in pairwise(times)), default=0.0)
    if silent < longest - _JITTER_SECONDS:
        said = f"a stream is cut after {at:.0f} s although it was not silent for longer than before"
        return fault("idle", said, *remedies(proxies, Trouble.TOTAL))
    beat = max(int(silent / 2), 1)
    return fault(
        "idle",
        f"a stream is cut after {silent:.1f} s of silence",
        *remedies(proxies, Trouble.IDLE),
        "or, in the service's own config.toml:",
        "  [streams]",
        f"  heartbeat_seconds = {beat}",
    )
