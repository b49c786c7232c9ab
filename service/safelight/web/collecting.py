"""How the garbage collector is set for a process that serves: open streams are many objects, and none of them is garbage."""

from __future__ import annotations

import gc

_LOOK_AFTER = (20_000, 20, 50)
"""Python looks after 700 new objects: a dozen times in the life of one generation, and for every twenty streams that open."""


def spare() -> None:
    """Leave what is there by now alone for ever, and look for cycles rarely: the service makes few."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_LOOK_AFTER)
