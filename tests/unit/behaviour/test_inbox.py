"""The inbox of one generation: one order, one reader, and a deadline that moves without a timer of its own each time."""

import asyncio

import pytest

from safelight.runner.inbox import Inbox


@pytest.fixture
async def inbox():
    box = Inbox()
    yield box
    box.close()


def timers():
    return [handle for handle in asyncio.get_running_loop()._scheduled if not handle.cancelled()]


@pytest.mark.looptime
async def test_what_happened_comes_out_in_the_order_in_which_it_went_in(inbox):
    for number in range(3):
        inbox.put(number)
    assert len(inbox) == 3
    assert [inbox.take(), await inbox.next(0.0), await inbox.next(0.0)] == [0, 1, 2]


@pytest.mark.looptime
async def test_a_reader_who_waits_is_told_at_once(inbox):
    reading = asyncio.create_task(inbox.next(asyncio.get_running_loop().time() + 60))
    await asyncio.sleep(5)
    inbox.put("news")
    assert (await reading, asyncio.get_running_loop().time()) == ("news", pytest.approx(5))


@pytest.mark.looptime
@pytest.mark.parametrize("seconds", [0.0, 0.1, 90.0])
async def test_a_reader_waits_until_its_moment_and_no_longer(inbox, seconds):
    loop = asyncio.get_running_loop()
    with pytest.raises(TimeoutError):
        await inbox.next(loop.time() + seconds)
    assert loop.time() == pytest.approx(seconds, abs=0.002)


@pytest.mark.looptime
async def test_a_deadline_that_moves_on_needs_no_new_timer_and_holds_all_the_same(inbox):
    loop = asyncio.get_running_loop()
    reading = asyncio.create_task(inbox.next(60.0))
    await asyncio.sleep(1)
    before = timers()
    for second in range(1, 51):
        inbox.put(second)
        assert await reading == second
        reading = asyncio.create_task(inbox.next(60.0 + second))
        await asyncio.sleep(0)
    assert timers() == before
    with pytest.raises(TimeoutError):
        await reading
    assert loop.time() == pytest.approx(110, abs=0.002)


@pytest.mark.looptime
async def test_a_deadline_that_comes_nearer_is_held(inbox):
    loop = asyncio.get_running_loop()
    reading = asyncio.create_task(inbox.next(60.0))
    await asyncio.sleep(1)
    inbox.put("news")
    assert await reading == "news"
    with pytest.raises(TimeoutError):
        await inbox.next(2.0)
    assert loop.time() == pytest.approx(2, abs=0.002)


@pytest.mark.looptime
async def test_a_reader_who_is_canceled_loses_nothing(inbox):
    reading = asyncio.create_task(inbox.next(60.0))
    await asyncio.sleep(0)
    reading.cancel()
    inbox.put("news")
    await asyncio.wait({reading})
    assert reading.cancelled()
    assert await inbox.next(60.0) == "news"


@pytest.mark.looptime
async def test_a_closed_inbox_leaves_no_timer_behind(inbox):
    reading = asyncio.create_task(inbox.next(60.0))
    await asyncio.sleep(0)
    assert timers()
    inbox.close()
    reading.cancel()
    await asyncio.wait({reading})
    assert not timers()
