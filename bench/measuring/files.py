"""Open files: every stream is one at the server and one at the load client."""

from __future__ import annotations

import contextlib
import resource

WANTED = 50_000


def raise_open_files() -> int:
    """Raise the limit for this process and its children as far as it is wanted and may be; return what it is."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for limit in (max(hard, WANTED), hard):
        with contextlib.suppress(ValueError, OSError):  # only root may have more than the hard limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            break
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
