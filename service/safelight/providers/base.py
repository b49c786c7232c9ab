"""The two base classes of a provider, and what each instance is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import attrs

from safelight.ports import Clock
from safelight.providers.capabilities import Capabilities
from safelight.providers.control import Control, Job
from safelight.providers.failures import Unsupported
from safelight.providers.terms import Terms
from safelight.records import Durability
from safelight.status import Cancel
from safelight.updates import Update

if TYPE_CHECKING:
    from pathlib import Path

    import aiohttp

    from safelight.generation import Request


class Spawn(Protocol):
    """Starts a task that core owns."""

    def __call__(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Run `work` until it ends or the instance closes; what it raises is logged under the instance's name."""
        ...


@attrs.frozen(kw_only=True)
class Resources:
    """
    What core lends one provider instance, from before it opens until after it has closed.

    Attributes:
        instance: The `[providers.<name>]` key.
        session: The instance's own HTTP client: pooled, kept off private addresses unless the operator wrote
            `private_network = true`. It gives up after 10 s without a connection and 300 s without a byte; the whole of
            an answer has no limit, so that a stream may last.
        clock: Wall time: `clock.now()` is the present, aware, in UTC.
        spawn: Starts a background task of the instance: `spawn(self.refresh(), name="refresh")`. What it raises is
            logged; it ends when the instance closes.
        folder: A folder of the instance's own for small state; it exists and survives restarts.
        webhooks: Makes what `webhook_url` returns; None where nobody outside can reach the service.
    """

    instance: str
    session: aiohttp.ClientSession
    clock: Clock
    spawn: Spawn
    folder: Path
    webhooks: Callable[[str], str] | None = None

    def webhook_url(self, key: str) -> str | None:
        """
        Return the URL to be handed to the upstream for the submission under `key`; the same after a restart.

        Whoever knows it can have the job looked at, no more; still it is nobody else's business. None where the operator
        has set no `server.public_url`: then poll.
        """
        return None if self.webhooks is None else self.webhooks(key)


@attrs.frozen
class Nothing:
    """A provider takes no settings, or no params, or no options, unless it declares a class of its own."""


class Provider(ABC):
    """
    One upstream. Each `[providers.<name>]` table makes one instance; it serves many generations at once.

    `Settings`, `Params` and `Options` are frozen attrs classes. Their types, defaults and validators become the JSON
    Schema that forms are built from, and input is checked against them before the provider sees it. The fields of
    `Params` come from the common set (`negative_prompt`, `width`, `height`, `steps`, `guidance`, `seed`, `count`,
    `image`, `mask`, `strength`); anything else belongs in `Options`.

    A field is a `str`, `int`, `float`, `bool`, `Literal`, `Enum`, `Any`, another such class, a `list`, a `tuple[…, ...]` or
    a `dict[str, …]` of them, or one of them `| None`. A setting that nobody may read is a `Secret`: the operator writes
    text, or where it stands.

    Attributes:
        settings: What the operator wrote into the table, as an instance of `Settings`.
        resources: What core lends the instance.
        name: What `plugin = "…"` says in the config; the class name in lower case unless set.
        models: What a request may name as its `model`: nothing, unless said; None = any name, which `submit` or `generate`
            then looks at. Any other is refused before the provider sees it.
        capabilities: What the provider can do.
        waivers: Laws of the conformance suite that it does not keep, each with the reason, as operators are shown it.
        terms: What this instance takes right now, where its upstream says so; None = what the class says. It may be
            replaced at any time while the instance is open.
    """

    name: ClassVar[str]
    Settings: ClassVar[type] = Nothing
    Params: ClassVar[type] = Nothing
    Options: ClassVar[type] = Nothing
    models: ClassVar[tuple[str, ...] | None] = ()
    capabilities: Capabilities = Capabilities()
    waivers: ClassVar[Mapping[str, str]] = {}
    terms: Terms | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" not in cls.__dict__:
            cls.name = cls.__name__.lower()

    def __init__(self, settings: Any, resources: Resources) -> None:
        self.settings = settings
        self.resources = resources

    async def __aenter__(self) -> Self:
        """Get ready. What it raises makes the instance unavailable, by name, and hurts nobody else."""
        return self

    async def __aexit__(self, *exc_info: object) -> None:  # noqa: B027 - having nothing to let go of is normal
        """Let go of what `__aenter__` took."""


class LocalProvider(Provider):
    """A provider whose work lives and dies with this process or with one open call."""

    @abstractmethod
    def generate(self, request: Request[Any, Any], control: Control) -> AsyncIterator[Update]:
        """
        Paint, and yield what happens; write it as an `async def` with `yield`.

        Returning means success. Work that holds the interpreter belongs in a thread or a process. When the run is
        canceled the iterating task is canceled: clean up and let `CancelledError` pass.

        Raises:
            ProviderError: The kind that says what should happen next.
        """


class RemoteProvider(Provider):
    """
    A provider whose job has a handle of its own. Override `submit`, and `watch` or `poll` or both.

    Core asks the upstream once per generation, however many people look. Where both exist, `watch` is listened to, and
    `poll` is asked from time to time and has the last word: an end that `watch` tells is confirmed by a poll.
    """

    capabilities = Capabilities(durability=Durability.REMOTE)

    @abstractmethod
    async def submit(self, request: Request[Any, Any], key: str) -> Job:
        """
        Hand the job in, once. Never retry inside: core does, when it is safe.

        Args:
            request: What to paint, in this class's own `Params` and `Options`.
            key: 32 hex digits, unique to this submission: pass it as the upstream's client id or idempotency key.

        Raises:
            NotSent: Nothing reached the upstream.
            Rejected: The upstream said no (also its kinds: policy, auth, quota, parameters).
            OutcomeUnknown: The call was written and no answer came. Any error that is not a `ProviderError` counts as this.
        """

    def watch(self, job: Job) -> AsyncIterator[Update]:
        """
        Yield what happens to the job, as it happens; it may end early, and may repeat itself.

        It is begun once in each process: whoever wants a lost connection back makes it anew inside.

        Raises:
            ProviderError: Nothing more is heard. One that is `retryable` leaves the job to `poll`, where there is one; any
                other means that the job is lost.
        """
        msg = f"{self.name} does not push"
        raise Unsupported(msg)

    async def poll(self, job: Job) -> Sequence[Update]:
        """
        Return updates that together say where the job stands now; asking twice must be harmless.

        Nothing at all means that it cannot be told: an end that `watch` has told then stands as it is.

        Raises:
            ProviderError: One that is `retryable` has it asked again, never sooner than its `retry_after_seconds`; any
                other means that the job is lost.
        """
        msg = f"{self.name} cannot be polled"
        raise Unsupported(msg)

    async def find(self, key: str) -> Job | None:
        """
        Return the job that was handed in under this key; None only if there surely is and was none.

        Core asks when a submission got no answer. Asking must never start anything.

        Raises:
            OutcomeUnknown: The upstream cannot tell.
        """
        msg = f"{self.name} cannot look a submission up"
        raise Unsupported(msg)

    async def webhook(self, raw: bytes, headers: Mapping[str, str]) -> None:
        """
        Return if a message to one of our webhook URLs is the upstream's own; override it to be woken by webhooks.

        A message moves nothing by itself: it has the job looked at now, by `poll`. So the body need not be read further
        than its signature asks for, and one that comes late, twice or out of turn does no harm. Core compares the nonce
        in the URL and drops doubles before this is called.

        Args:
            raw: The body as it came.
            headers: As they came; a name finds its value in upper and in lower case.

        Raises:
            WebhookRefused: It is forged, or too old.
        """
        msg = f"{self.name} hears no webhooks"
        raise Unsupported(msg)

    async def cancel(self, job: Job) -> Cancel:
        """
        Ask the upstream to stop; say what it answered. `confirmed` only if it has stopped.

        Raises:
            ProviderError: Nobody knows whether it stops; that counts as `requested`.
        """
        msg = f"{self.name} cannot cancel"
        raise Unsupported(msg)

    async def pause(self, job: Job) -> None:
        """
        Hold the job still; return once it is.

        Raises:
            ProviderError: It is not; whoever wanted it is told the sentence.
        """
        msg = f"{self.name} cannot pause"
        raise Unsupported(msg)

    async def resume(self, job: Job) -> None:
        """
        Let a paused job go on; return once it does.

        Raises:
            ProviderError: It does not; whoever wanted it is told the sentence.
        """
        msg = f"{self.name} cannot resume"
        raise Unsupported(msg)
