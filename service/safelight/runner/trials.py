"""What the submissions of one generation say of the health of its providers, told to everybody who shares them."""

from __future__ import annotations

from collections.abc import Mapping

from safelight.breaker import Breaker, Position
from safelight.instances import ProviderInstance
from safelight.providers import ProviderError, ProviderRateLimited


class Trials:
    """
    Each submission says something; one that a half-open breaker let through is the trial that others wait for.

    Args:
        breakers: One for each provider instance, by its name.
    """

    def __init__(self, breakers: Mapping[str, Breaker]) -> None:
        self._breakers = breakers
        self._trying: Breaker | None = None

    def wait_seconds(self, provider: str) -> float:
        """Return 0 where a submission is let through now, which it then has to be, else how long to wait before asking again."""
        breaker = self._breakers[provider]
        wait = breaker.wait_seconds()
        self._trying = breaker if not wait and breaker.position is Position.HALF_OPEN else None
        return wait

    def accepted(self, instance: ProviderInstance) -> None:
        """Note that the provider has taken a job, of this process's submission or of one before."""
        self._trying = None
        instance.budget.took()
        self._breakers[instance.name].succeeded()

    def failed(self, instance: ProviderInstance, error: ProviderError) -> None:
        """
        Note why a submission failed: the provider is not well, it has said no, or nothing is known of it.

        One that only asks us to wait is well, and knows better than a breaker for how long.
        """
        breaker = self._breakers[instance.name]
        if isinstance(error, ProviderRateLimited):
            instance.budget.refused(error.retry_after_seconds)
        elif error.retryable or error.is_sent is None:
            breaker.failed()
        elif error.is_sent:
            breaker.succeeded()
        self.close()

    def close(self) -> None:
        """End a trial that is under way, if this is the one: whatever it has said, another may try."""
        if self._trying is not None:
            self._trying.released()
            self._trying = None
