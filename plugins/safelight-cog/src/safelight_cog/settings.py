"""What an operator says in `[providers.<name>]` about a Cog server."""

from __future__ import annotations

from typing import Any, Literal

import attrs
from attrs.validators import and_, ge, le, optional

from safelight.providers import Secret
from safelight.providers.toolbox import is_address, is_credential, names_ours


@attrs.frozen(kw_only=True)
class Settings:
    """
    One Cog server.

    Attributes:
        url: Its address.
        mode: What a job depends on: `async` lives in the Cog server alone and is watched over SSE, for models that
            stream; `held` lives as long as our connection; `auto` is `async` where the model streams, else `held`.
        webhook_token: What the server sends with its webhooks: its own `WEBHOOK_AUTH_TOKEN`, where it has one.
        token: Sent as `Authorization: Bearer …`, for a proxy in front; Cog itself asks for none.
        inputs: Which property of the model's input takes our `prompt`, `steps` and so on, where its name is not a usual one.
        fixed: Values of properties that callers neither see nor set, secrets among them.
        reconnect_seconds: For how long a job is looked for again after the connection was lost.
        refresh_seconds: How often the server is asked again what its model takes.
    """

    url: str = attrs.field(validator=is_address)
    mode: Literal["auto", "async", "held"] = "auto"
    token: Secret | None = attrs.field(default=None, validator=optional(is_credential))
    webhook_token: Secret | None = attrs.field(default=None, validator=optional(is_credential))
    inputs: dict[str, str] = attrs.field(factory=dict, validator=names_ours)
    fixed: dict[str, Any] = attrs.field(factory=dict)
    reconnect_seconds: float = attrs.field(default=30.0, validator=and_(ge(0), le(3600)))
    refresh_seconds: float = attrs.field(default=60.0, validator=and_(ge(1), le(86400)))
