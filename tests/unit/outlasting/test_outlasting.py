"""Waiting that no cancel cuts short."""

import asyncio

import pytest

from safelight.outlasting import outlast

pytestmark = pytest.mark.looptime


async def test_however_often_it_is_canceled_what_is_waited_for_is_over_when_it_returns():
    work = asyncio.create_task(asyncio.sleep(5))
    waiting = asyncio.create_task(outlast({work}))
    for _ in range(3):
        await asyncio.sleep(1)
        waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert work.done()
    assert asyncio.get_running_loop().time() == pytest.approx(5)


async def test_what_is_not_over_in_time_is_returned_and_a_cancel_makes_it_no_longer():
    brief, endless = asyncio.create_task(asyncio.sleep(1)), asyncio.create_task(asyncio.sleep(100))
    waiting = asyncio.create_task(outlast({brief, endless}, seconds=10))
    await asyncio.sleep(4)
    assert not waiting.done()
    assert await waiting == {endless}
    again = asyncio.create_task(outlast({endless}, seconds=10))
    await asyncio.sleep(4)
    again.cancel()
    with pytest.raises(asyncio.CancelledError):
        await again
    assert asyncio.get_running_loop().time() == pytest.approx(20)
    endless.cancel()


async def test_what_is_over_already_is_not_waited_for():
    assert await outlast({asyncio.create_task(asyncio.sleep(0))}, seconds=0.5) == set()
    assert await outlast(set()) == set()
