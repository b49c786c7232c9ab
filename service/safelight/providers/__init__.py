"""What authors of provider plugins import; everything here is public and keeps its shape."""

from pluggy import HookimplMarker

from safelight.generation import Request
from safelight.providers.base import LocalProvider, Nothing, Provider, RemoteProvider, Resources
from safelight.providers.capabilities import CancelKind, Capabilities, ProgressKind
from safelight.providers.control import Control, Job
from safelight.providers.failures import (
    ContentPolicy,
    InvalidParams,
    NotSent,
    OutcomeUnknown,
    ProviderAuth,
    ProviderError,
    ProviderProtocol,
    ProviderQuota,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
    Rejected,
    Unsupported,
    WebhookRefused,
)
from safelight.providers.network import network_error, retry_after_seconds
from safelight.providers.params import COMMON_PARAMS, MAX_COUNT
from safelight.providers.terms import Terms
from safelight.records import Durability
from safelight.redaction import Secret
from safelight.status import Cancel, Charged, Cost, Eta, Steps
from safelight.updates import (
    Canceled,
    Failed,
    Logged,
    Noted,
    Previewed,
    Produced,
    Progressed,
    Queued,
    Started,
    Succeeded,
    Update,
)

hookimpl = HookimplMarker("safelight")
"""Marks a plugin's hook: `@hookimpl def safelight_providers(): return [Lighthouse]`."""

__all__ = [
    "COMMON_PARAMS",
    "MAX_COUNT",
    "Cancel",
    "CancelKind",
    "Canceled",
    "Capabilities",
    "Charged",
    "ContentPolicy",
    "Control",
    "Cost",
    "Durability",
    "Eta",
    "Failed",
    "InvalidParams",
    "Job",
    "LocalProvider",
    "Logged",
    "NotSent",
    "Noted",
    "Nothing",
    "OutcomeUnknown",
    "Previewed",
    "Produced",
    "ProgressKind",
    "Progressed",
    "Provider",
    "ProviderAuth",
    "ProviderError",
    "ProviderProtocol",
    "ProviderQuota",
    "ProviderRateLimited",
    "ProviderTimeout",
    "ProviderUnavailable",
    "Queued",
    "Rejected",
    "RemoteProvider",
    "Request",
    "Resources",
    "Secret",
    "Started",
    "Steps",
    "Succeeded",
    "Terms",
    "Unsupported",
    "Update",
    "WebhookRefused",
    "hookimpl",
    "network_error",
    "retry_after_seconds",
]
