import asyncio
from itertools import pairwise

import pytest

from safelight.boundary import Boundary
from safelight.providers import (
    Failed,
    Job,
    Produced,
    Progressed,
    ProviderError,
    ProviderProtocol,
    ProviderRateLimited,
    ProviderUnavailable,
    Started,
    Succeeded,
)
from safelight.runner.follow import SignOfLife, follow

pytestmark = pytest.mark.looptime

LOST = ProviderUnavailable("The socket closed.")
GONE = ProviderError("No such job.")


def pushing(*said):
    """A `watch` that yields these; an error among them is raised."""

    async def watch():
        for update in said:
            if isinstance(update, Exception):
                raise update
            yield update

    return watch


def answering(*answers):
    """A `poll` that gives these one after the other, and notes when it was asked."""
    left = list(answers)
    times = []

    async def poll():
        times.append(asyncio.get_running_loop().time())
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return poll, times


async def heard(provider):
    return [
        update
        async for update in follow(provider, Job("j1"), Boundary("lighthouse", "safelight-lighthouse"))
        if not isinstance(update, SignOfLife)
    ]


async def test_a_push_that_ends_is_the_whole_story(world):
    poll, times = answering()
    said = Started(), Produced(b"png"), Succeeded()
    assert await heard(world.remote(watch=pushing(*said), poll=poll)) == list(said)
    assert times == []


@pytest.mark.parametrize("cut", [[], [LOST]], ids=["ends early", "is lost"])
async def test_a_push_that_breaks_off_is_followed_up_by_polling(world, cut):
    poll, _ = answering([Progressed(0.5)], [Succeeded()])
    said = await heard(world.remote(watch=pushing(Started(), *cut), poll=poll))
    assert said == [Started(), Progressed(0.5), Succeeded()]


async def test_what_was_pushed_is_not_handed_over_again_by_polling(world):
    poll, _ = answering([Produced("https://x.test/1.png")], [Produced("https://x.test/1.png"), Produced(b"2"), Succeeded()])
    said = await heard(world.remote(watch=pushing(Produced("https://x.test/1.png")), poll=poll))
    assert said == [Produced("https://x.test/1.png"), Produced(b"2"), Succeeded()]


async def test_a_push_that_is_lost_for_good_is_not_followed_up(world):
    poll, times = answering([Succeeded()])
    with pytest.raises(ProviderError, match="No such job"):
        await heard(world.remote(watch=pushing(GONE), poll=poll))
    assert times == []


async def test_a_push_without_an_end_and_without_a_poll_is_a_breach(world):
    with pytest.raises(ProviderProtocol, match="without saying how it ended"):
        await heard(world.remote(watch=pushing(Started())))


async def test_polling_stops_at_the_first_end(world):
    poll, times = answering([Started()], [Failed("No."), Succeeded()])
    assert await heard(world.remote(poll=poll)) == [Started(), Failed("No.")]
    assert len(times) == 2


async def test_polls_keep_to_the_floor_and_never_beat_in_time(world):
    poll, times = answering(*[[] for _ in range(20)], [Succeeded()])
    await heard(world.remote(poll=poll, poll_seconds=2))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(2 <= gap <= 2.4 + 1e-6 for gap in gaps)
    assert len(set(gaps)) > 1


async def test_failing_polls_get_rarer_up_to_a_bound_and_come_back_at_once_when_they_work(world):
    poll, times = answering(*[LOST] * 12, [], [Succeeded()])
    await heard(world.remote(poll=poll, poll_seconds=1))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps[5] > 5
    assert max(gaps) <= 12
    assert gaps[-1] <= 1.2 + 1e-6


async def test_an_upstream_that_says_when_to_come_back_is_obeyed(world):
    poll, times = answering(ProviderRateLimited("Slowly.", retry_after_seconds=8), [Succeeded()])
    await heard(world.remote(poll=poll, poll_seconds=1))
    assert times[1] - times[0] >= 8


async def test_a_poll_that_fails_for_good_ends_it(world):
    poll, times = answering(GONE, [Succeeded()])
    with pytest.raises(ProviderError, match="No such job"):
        await heard(world.remote(poll=poll))
    assert len(times) == 1
