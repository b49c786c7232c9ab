"""What an operator says in `[providers.<name>]` about a model on Replicate."""

from __future__ import annotations

from typing import Any

import attrs
from attrs.validators import deep_iterable, ge, le, matches_re, optional

from safelight.providers import Secret
from safelight.providers.toolbox import is_address, is_credential, names_ours
from safelight_replicate.reference import Reference


def _is_reference(_: Any, __: attrs.Attribute[Any], value: str) -> None:
    Reference.parse(value)


@attrs.frozen(kw_only=True)
class Settings:
    """
    One model, version or deployment.

    Attributes:
        token: The API token; it is sent to the host of `base_url` and to `trusted_hosts`, and to nobody else.
        model: `owner/name`, `owner/name:version` or `deployments/owner/name`.
        base_url: Where the API is.
        inputs: Which property of the model's input takes our `prompt`, `steps` and so on, where its name is not a usual one.
        fixed: Values of properties that callers neither see nor set, secrets among them.
        poll_seconds: The shortest pause between two looks at a prediction.
        cancel_after_seconds: When Replicate is to stop a prediction by itself, counted from its creation; none = it is not asked to.
        data_url_bytes: The largest `data:` URL that is handed in, in bytes; larger files have to be given as https:// URLs.
        trusted_hosts: Further hosts that the API's own answers may send us to with the token.
        refresh_seconds: How often Replicate is asked again what the model takes.
    """

    token: Secret = attrs.field(validator=is_credential)
    model: str = attrs.field(validator=_is_reference)
    base_url: str = attrs.field(default="https://api.replicate.com/v1", validator=is_address)
    inputs: dict[str, str] = attrs.field(factory=dict, validator=names_ours)
    fixed: dict[str, Any] = attrs.field(factory=dict)
    poll_seconds: float = attrs.field(default=0.5, validator=[ge(0.05), le(60)])
    cancel_after_seconds: int | None = attrs.field(default=None, validator=optional([ge(5), le(86400)]))
    data_url_bytes: int = attrs.field(default=256_000, validator=[ge(0), le(16 * 2**20)])
    trusted_hosts: list[str] = attrs.field(factory=list, validator=deep_iterable(matches_re(r"[A-Za-z0-9.-]{1,253}")))
    refresh_seconds: float = attrs.field(default=300.0, validator=[ge(1), le(86400)])
