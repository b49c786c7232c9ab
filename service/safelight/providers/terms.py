"""What one open instance takes, where only its upstream can say."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Terms:
    """
    What an instance takes at one moment: callers' input is checked against it, and forms are built from it.

    Attributes:
        params: In place of the class's `Params`; the same rules hold.
        options: In place of the class's `Options`.
        models: In place of the class's `models`.
        fault: Why nothing can be handed in now, for people: the upstream is still starting, say. Callers are refused
            with it until it is None.
    """

    params: type
    options: type
    models: tuple[str, ...] | None = ()
    fault: str | None = None
