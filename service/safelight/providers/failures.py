"""The errors a provider raises; an author chooses by what should happen next."""

from __future__ import annotations

from typing import ClassVar

from safelight.errors import SafelightError
from safelight.status import Charged


class ProviderError(SafelightError):
    """
    Base of what goes wrong at a provider; every kind is raised with a sentence for people, which core scrubs of secrets.

    Attributes:
        is_sent: Whether the upstream may have begun: False = surely not, True = it answered, None = nobody knows.
        charged: Whether money was taken, where the upstream says so.
        retry_after_seconds: When the upstream wants us back.
    """

    code = "provider_unavailable"
    is_sent: ClassVar[bool | None] = True
    charged: Charged | None = None
    retry_after_seconds: float | None = None

    def __init__(self, sentence: str, *, charged: Charged | None = None, retry_after_seconds: float | None = None) -> None:
        super().__init__(sentence)
        self.charged = charged
        self.retry_after_seconds = retry_after_seconds


class NotSent(ProviderError):
    """The submission never left: refused connection, failed look-up, an error of our own before the call."""

    retryable = True
    is_sent = False


class ProviderUnavailable(ProviderError):
    """The upstream may work later; the runner tries again."""

    retryable = True


class ProviderRateLimited(ProviderUnavailable):
    """Too many requests; `retry_after_seconds` where the upstream says when. All who have its credential wait."""

    code = "provider_rate_limited"


class Rejected(ProviderError):
    """The upstream refuses this request, now and later."""

    code = "provider_rejected"


class InvalidParams(Rejected):
    """The upstream says that a parameter is wrong."""

    code = "invalid_input"


class ContentPolicy(Rejected):
    """The upstream will not paint this."""

    code = "content_policy"


class ProviderAuth(ProviderError):
    """The upstream does not accept our credentials; an operator must act."""

    code = "provider_auth"


class ProviderQuota(ProviderError):
    """The account has no credit left; an operator must act."""

    code = "provider_quota"


class ProviderProtocol(ProviderError):
    """The upstream said something that makes no sense; whether it took a submission is then unknown."""

    code = "provider_protocol"
    is_sent = None


class ProviderTimeout(ProviderError):
    """The upstream took too long to answer; whether it took a submission is then unknown."""

    code = "provider_timeout"
    retryable = True
    is_sent = None


class OutcomeUnknown(ProviderError):
    """The submission was written but its answer never came: it may be running, it may be charged."""

    code = "outcome_unknown"
    is_sent = None


class ProviderCrashed(ProviderError):
    """The plugin raised something that is no `ProviderError`; core says this, plugins do not."""

    code = "provider_crashed"
    is_sent = None


class Unsupported(ProviderError):
    """This provider cannot do that at all."""

    code = "conflict"


class WebhookRefused(ProviderError):
    """A webhook is not the upstream's own: its signature is wrong, or it is too old."""

    code = "unauthorized"
