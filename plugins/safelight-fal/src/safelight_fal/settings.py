"""What an operator says in `[providers.<name>]` about an endpoint, and about the dialect of whoever serves it."""

from __future__ import annotations

import re
from typing import Any, Literal

import attrs
from attrs.validators import and_, deep_iterable, ge, in_, le, matches_re, min_len, optional
from yarl import URL

from safelight.providers import COMMON_PARAMS, Secret
from safelight.providers.toolbox import is_address, is_credential, names_ours

_ENDPOINT = re.compile(r"[\w.-]+(/[\w.-]+)+", re.ASCII)
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_HOST = re.compile(r"[\w.-]+(:\d{1,5})?", re.ASCII)


def _is_endpoint(_: Any, __: attrs.Attribute[Any], value: str) -> None:
    if not _ENDPOINT.fullmatch(value) or {"", ".", ".."} & set(value.split("/")):
        raise ValueError("must be an endpoint's id, as in 'owner/name' or 'owner/name/variant'")


def _is_page(_: Any, __: attrs.Attribute[Any], value: str) -> None:
    url = URL(value)
    if value and (url.scheme not in {"http", "https"} or not url.host or url.user is not None):
        raise ValueError("must be an http:// or https:// address without credentials, or empty")


def _describes(instance: Settings, _: attrs.Attribute[Any], value: dict[str, Any]) -> None:
    if value and instance.schema_url:
        raise ValueError("cannot be set beside schema_url, which says the same")
    if not all(isinstance(schema, dict) for schema in value.values()):
        raise ValueError("must have a table, the JSON Schema, for each option")


@attrs.frozen(kw_only=True)
class Words:
    """
    What the states of a job are called.

    Attributes:
        queued: It waits.
        running: It is worked on.
        completed: It is over, well or badly.
    """

    queued: tuple[str, ...] = attrs.field(default=("IN_QUEUE",), validator=min_len(1))
    running: tuple[str, ...] = attrs.field(default=("IN_PROGRESS",), validator=min_len(1))
    completed: tuple[str, ...] = attrs.field(default=("COMPLETED",), validator=min_len(1))


@attrs.frozen(kw_only=True)
class CancelCodes:
    """
    Which HTTP status answers a cancel how.

    Attributes:
        requested: It was taken; none where the queue cannot cancel.
        too_late: The job is over already.
        gone: There is no such job.
    """

    requested: tuple[int, ...] = (200, 202)
    too_late: tuple[int, ...] = (400,)
    gone: tuple[int, ...] = (404,)


@attrs.frozen(kw_only=True)
class Settings:
    """
    One endpoint.

    Attributes:
        endpoint: Its id, as in the URL it is submitted to.
        key: What stands behind the scheme in the header that authenticates us.
        url: Where the queue is.
        auth_header: The header that authenticates us.
        auth_scheme: The word before the key in it; empty for the key alone.
        hosts: Hosts besides that of `url` to which our key may go, each with its port unless that is the usual one.
        query: What every call has in its query.
        words: What the states of a job are called.
        cancel_codes: Which HTTP status answers a cancel how.
        stream: Whether a job is listened to over SSE; else it is polled.
        poll_seconds: The shortest pause between two polls of one job.
        lost_seconds: For how long a job must be unknown to the queue before it is given up.
        schema_url: Where the endpoint's OpenAPI document is, `{endpoint}` in it being its id; empty: `params` and
            `options` say what it takes.
        refresh_seconds: How often that document is read again.
        params: The common parameters that the endpoint takes; those in `inputs` are taken as well.
        options: Its other properties, each with its JSON Schema.
        inputs: Which property of the endpoint's input takes our `prompt`, `steps` and so on, where its name is not a usual one.
        fixed: Values of properties that callers neither see nor set, secrets among them.
        outputs: Which members of a result hold outputs, in this order, as files or as addresses alone; none = every file in it.
        flagged: What becomes of a picture that the endpoint flags as unsafe, which mostly is a black one.
        start_seconds: For how long a job may wait before the queue gives it up.
        lifetime_seconds: For how long the queue keeps what a job made.
        priority: The job's place among our others.
        internal_retries: Whether the queue runs a job again by itself when a runner fails.
        jwks_url: Where the keys are that webhooks are signed with; empty: none are asked for.
    """

    endpoint: str = attrs.field(validator=_is_endpoint)
    key: Secret = attrs.field(validator=is_credential)
    url: str = attrs.field(default="https://queue.fal.run", validator=is_address)
    auth_header: str = attrs.field(default="Authorization", validator=matches_re(_HEADER))
    auth_scheme: str = attrs.field(default="Key", validator=matches_re(r"[!-~]*"))
    hosts: tuple[str, ...] = attrs.field(default=(), validator=deep_iterable(matches_re(_HOST)))
    query: dict[str, str] = attrs.field(factory=dict)
    words: Words = attrs.field(factory=Words)
    cancel_codes: CancelCodes = attrs.field(factory=CancelCodes)
    stream: bool = True
    poll_seconds: float = attrs.field(default=0.5, validator=and_(ge(0.1), le(60.0)))
    lost_seconds: float = attrs.field(default=10.0, validator=and_(ge(0), le(3600)))
    schema_url: str = attrs.field(default="", validator=_is_page)
    refresh_seconds: float = attrs.field(default=3600.0, validator=and_(ge(1), le(86400)))
    params: tuple[str, ...] = attrs.field(default=tuple(sorted(COMMON_PARAMS)), validator=deep_iterable(in_(COMMON_PARAMS)))
    options: dict[str, Any] = attrs.field(factory=dict, validator=_describes)
    inputs: dict[str, str] = attrs.field(factory=dict, validator=names_ours)
    fixed: dict[str, Any] = attrs.field(factory=dict)
    outputs: tuple[str, ...] = ()
    flagged: Literal["refuse", "keep"] = "refuse"
    start_seconds: float | None = attrs.field(default=None, validator=[optional(ge(2)), optional(le(86400))])
    lifetime_seconds: int | None = attrs.field(default=None, validator=[optional(ge(60)), optional(le(31_536_000))])
    priority: Literal["normal", "low"] = "normal"
    internal_retries: bool = True
    jwks_url: str = attrs.field(default="https://rest.alpha.fal.ai/.well-known/jwks.json", validator=_is_page)
