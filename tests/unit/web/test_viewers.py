"""What a stream does when its connection is going away."""

import asyncio
from types import SimpleNamespace

from safelight.web.viewers import StreamViewer


async def test_a_viewer_whose_connection_closes_gives_up_instead_of_waiting_for_a_drain_that_never_comes():
    viewer = object.__new__(StreamViewer)
    viewer.reason, viewer._is_held, viewer._wake = None, False, asyncio.Event()
    viewer._wire = SimpleNamespace(transport=SimpleNamespace(is_closing=lambda: True))
    viewer._subscriptions, viewer._deaf_since = [], None
    viewer.lag()
    assert viewer.reason == "client_gone"
    assert viewer._wake.is_set()


async def test_a_viewer_that_is_not_open_yet_skips_a_frame_quietly():
    viewer = object.__new__(StreamViewer)
    viewer.reason, viewer._is_held, viewer._wake = None, True, asyncio.Event()
    viewer.lag()
    assert (viewer.reason, viewer._wake.is_set()) == (None, False)
