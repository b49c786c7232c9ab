"""A bell wakes the one who waits, and rings on for who comes later."""

import asyncio

import pytest

from safelight.web.bells import Bell


@pytest.mark.looptime
async def test_who_waits_is_woken_and_who_comes_later_does_not_wait():
    bell = Bell()
    waiting = asyncio.ensure_future(bell.wait())
    await asyncio.sleep(1)
    assert not waiting.done()
    bell.set()
    bell.set()
    await waiting
    await bell.wait()


@pytest.mark.looptime
async def test_once_cleared_it_has_to_ring_again():
    bell = Bell()
    bell.set()
    bell.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await bell.wait()
    bell.set()
    await bell.wait()
