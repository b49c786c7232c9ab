"""What goes on beside a block, whatever becomes of it."""

import asyncio

import pytest
from structlog.testing import capture_logs

from safelight.duties import on_duty


@pytest.mark.looptime
async def test_a_duty_that_fails_is_named_with_its_traceback_and_taken_up_again():
    begun = []

    async def work():
        begun.append(asyncio.get_running_loop().time())
        if len(begun) < 3:
            raise ZeroDivisionError
        await asyncio.Event().wait()

    with capture_logs() as lines:
        async with on_duty("rounds", work):
            await asyncio.sleep(10)
    assert begun == [0.0, 1.0, 2.0]
    assert [(line["event"], line["duty"], line["exc_info"]) for line in lines] == [("duty_failed", "rounds", True)] * 2


@pytest.mark.looptime
async def test_a_duty_ends_with_its_block_and_has_ended_when_that_is_left():
    ended = []

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1)
            ended.append(True)

    async with on_duty("rounds", work):
        await asyncio.sleep(1)
    assert ended == [True]


@pytest.mark.looptime
async def test_a_duty_that_is_done_is_not_begun_again():
    begun = []

    async def work():
        begun.append(True)

    async with on_duty("rounds", work):
        await asyncio.sleep(10)
    assert begun == [True]
