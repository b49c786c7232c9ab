"""How the garbage collector is set for a process that serves: open streams are many objects, and none of them is garbage."""

from __future__ import annotations

import gc

_YOUNG, _MIDDLE, _OLD = 50_000, 20, 100
"""Python looks for cycles after 700 new objects, some twenty streams; each look costs, and grows with what is open."""


def spare() -> None:
    """Leave what was loaded at the start alone for ever, and look for cycles rarely: the service makes few."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
