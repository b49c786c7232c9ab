"""What was asked, by whom, and under which limits."""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Self, TypeVar
from urllib.parse import urlsplit

import attrs
from attrs.validators import and_, deep_iterable, gt, max_len, min_len, optional

ANONYMOUS = "anonymous"
"""The owner of what is created where the service is open."""

P = TypeVar("P")
O = TypeVar("O")  # noqa: E741 - the options' type, beside P for the params'


@attrs.frozen(kw_only=True)
class Request(Generic[P, O]):
    """
    One prompt and how to paint it, as a provider reads it.

    Attributes:
        prompt: What to paint.
        model: The upstream's own name of a model, None for the provider's default.
        params: The common parameters, an instance of the provider's `Params` (journalled as plain JSON).
        options: What only this provider takes, an instance of its `Options` (journalled as plain JSON).
    """

    prompt: str
    model: str | None = None
    params: P
    options: O


RawRequest = Request[dict[str, Any], dict[str, Any]]
"""As it came in and as it is journalled, checked but not yet in the plugin's own classes."""


class Surface(StrEnum):
    """Which of the two surfaces asked: the seed's frozen one or /v1."""

    SEED = "seed"
    V1 = "v1"


MAX_PROMPT = 20_000
RECONNECT_SECONDS = 5.0
"""Within so many an EventSource whose line was cut is back: it comes after 1.5 to 3."""
MAX_PATIENCE_SECONDS = 3600
_ID = re.compile(r"[0-9a-f]{32}")
_ON_DISCONNECT = re.compile(r"continue|cancel|cancel_after:([0-9]{1,4})", re.ASCII)


@attrs.frozen(kw_only=True)
class Patience:
    """
    How long a generation goes on with nobody watching, in seconds; None: to its end.

    Attributes:
        left_seconds: Once its last viewer has left.
        unseen_seconds: While nobody has come yet.
    """

    left_seconds: float | None = None
    unseen_seconds: float | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read `continue`, `cancel` or `cancel_after:<seconds>`.

        Raises:
            ValueError: It is none of these.
        """
        said = _ON_DISCONNECT.fullmatch(text)
        if said is None or int(said[1] or 0) > MAX_PATIENCE_SECONDS:
            raise ValueError(
                f"must be 'continue', 'cancel' or 'cancel_after:<seconds>' with whole seconds up to {MAX_PATIENCE_SECONDS}"
            )
        if said[1] is not None:
            seconds = float(said[1])
            return cls(left_seconds=seconds, unseen_seconds=max(seconds, RECONNECT_SECONDS))
        return cls(left_seconds=RECONNECT_SECONDS) if text == "cancel" else cls()


class Occasion(StrEnum):
    """What a caller's webhook may be told of."""

    PROCESSING = "processing"
    OUTPUT = "output"
    ENDED = "ended"


def _is_address(_: object, __: Any, value: str) -> None:
    try:
        parts = urlsplit(value)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one or not value.isprintable() or " " in value:
        raise ValueError("must be an http:// or https:// URL")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must hold no user name and no password; the signature says who calls")


@attrs.frozen(kw_only=True)
class Webhook:
    """
    Where the caller wants to be told how it stands.

    Attributes:
        url: Is sent the snapshot, signed.
        events: Of what: that it is being worked on, that there is another output, that it has ended.
    """

    url: str = attrs.field(validator=and_(max_len(2000), _is_address))
    events: tuple[Occasion, ...] = attrs.field(default=(Occasion.ENDED,), validator=and_(min_len(1), max_len(len(Occasion))))


def _is_said(_: object, __: Any, value: str) -> None:
    if not value.strip():
        raise ValueError("must not be blank")


def _is_patience(_: object, __: Any, value: str) -> None:
    Patience.parse(value)


@attrs.frozen(kw_only=True)
class Draft:
    """
    What a caller asks for, before it is known whether it can be had; the body of a create.

    Attributes:
        provider_id: The instance, None for the default one.
        ref: The caller's own word for it, shown back.
        fallback: Instances or routes that may take over after a definite failure, in order.
        deadline: In how many seconds it has to be over; the service's own bound holds too.
        on_disconnect: What becomes of it when nobody watches any more; see `Patience.parse`.
        webhook: Who is told how it stands. It then runs to its end, watched or not.
    """

    prompt: str = attrs.field(validator=and_(_is_said, max_len(MAX_PROMPT)))
    provider_id: str | None = attrs.field(default=None, validator=optional(max_len(200)))
    model: str | None = attrs.field(default=None, validator=optional(max_len(200)))
    params: dict[str, Any] = attrs.field(factory=dict)
    options: dict[str, Any] = attrs.field(factory=dict)
    ref: str | None = attrs.field(default=None, validator=optional(max_len(200)))
    fallback: tuple[str, ...] = attrs.field(default=(), validator=and_(max_len(10), deep_iterable(max_len(200))))
    deadline: float | None = attrs.field(default=None, validator=optional(gt(0)))
    on_disconnect: str = attrs.field(default="continue", validator=_is_patience)
    webhook: Webhook | None = None

    def request(self) -> RawRequest:
        """Return what is journalled of it."""
        return Request(prompt=self.prompt, model=self.model, params=self.params, options=self.options)


@attrs.frozen(kw_only=True)
class Policy:
    """
    The bounds of a generation, in seconds.

    Attributes:
        submit_seconds: How long the provider may take to accept.
        stall_seconds: How long it may go without a sign of life.
        total_seconds: From creation to the end, everything included.
        cancel_seconds: How long the provider may take to answer a cancel before core ends without it.
        queue_seconds: How long it may wait in the provider's own queue.
        attempts: How often one provider is tried at most, where that can cost nobody twice.
        max_pause_seconds: How long it may be held still before it goes on by itself; the total goes on counting.
        patience: How long it may go on with nobody watching.
    """

    submit_seconds: float
    stall_seconds: float
    total_seconds: float
    cancel_seconds: float
    max_pause_seconds: float = 600.0
    queue_seconds: float = 1800.0
    attempts: int = 3
    patience: Patience = Patience()


@attrs.frozen(kw_only=True)
class Generation:
    """
    One run that was asked for; immutable from the moment it is journalled.

    Attributes:
        id: 32 hex digits, 128 random bits; `sessionId` on the wire and, there, the right to watch.
        owner: The caller's subject.
        provider: The instance asked for; `providerId` on the wire.
        ref: The caller's own word for it.
        surface: Which surface asked.
        route: The instances that may work on it, the first choice first.
        webhook: Who is told how it stands.
    """

    id: str
    owner: str
    provider: str
    request: RawRequest
    policy: Policy
    created_at: datetime
    ref: str | None = None
    surface: Surface = Surface.V1
    route: tuple[str, ...] = ()
    webhook: Webhook | None = None


def new_id() -> str:
    """Return a fresh generation id."""
    return secrets.token_hex(16)


def is_id(text: str) -> bool:
    """Whether `text` has the form of a generation id."""
    return _ID.fullmatch(text) is not None
