import asyncio
import contextlib
import weakref
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from safelight.boundary import Boundary
from safelight.pokes import Pokes
from safelight.providers import (
    Charged,
    Failed,
    Job,
    Previewed,
    Produced,
    Progressed,
    ProviderAuth,
    ProviderError,
    ProviderProtocol,
    ProviderRateLimited,
    ProviderUnavailable,
    Started,
    Succeeded,
    Unsupported,
)
from safelight.rates import Budget
from safelight.runner.follow import Following, SignOfLife

pytestmark = pytest.mark.looptime

LOST = ProviderUnavailable("The socket closed.")
GONE = ProviderError("No such job.")
REFUSED = ProviderAuth("Who are you?")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAY = 86_400.0


def pushing(*said):
    """A `watch` that yields these; an error among them is raised."""

    async def watch():
        for update in said:
            if isinstance(update, Exception):
                raise update
            yield update

    return watch


async def asleep():
    """A `watch` that says nothing and does not end."""
    await asyncio.sleep(DAY)
    yield Started()


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


async def _chunks():
    yield b"black"


def never():
    return 0.0


def following(provider, take, poke=None, stall_seconds=1000.0, rest_seconds=never):
    return Following(
        provider,
        Job("j1"),
        Boundary("lighthouse", "safelight-lighthouse"),
        poke or Pokes().expect("k1", "g1"),
        poll_seconds=provider.capabilities.poll_seconds,
        rest_seconds=rest_seconds,
        stall_seconds=stall_seconds,
        take=take,
    )


async def heard(provider, poke=None, stall_seconds=1000.0, rest_seconds=never):
    """Follow a job to its end; return what was handed on."""
    said = []

    async def take(update):
        if not isinstance(update, SignOfLife):
            said.append(update)

    error = await following(provider, take, poke, stall_seconds, rest_seconds).run()
    if error is not None:
        raise error
    return said


async def heard_of(provider):
    """Follow a job to its end, and keep nothing; return how many previews were handed on."""
    count = 0

    async def take(update):
        nonlocal count
        count += isinstance(update, Previewed)

    await following(provider, take).run()
    return count


async def test_nobody_polls_while_the_upstream_takes_nothing_of_the_credential(world):
    budget = Budget("lighthouse")
    budget.heard(429, {"Retry-After": "40"}, NOON)
    poll, times = answering([Started()], [Produced(b"x"), Succeeded()])
    await heard(world.remote(poll=poll), rest_seconds=budget.wait_seconds)
    assert times[0] == pytest.approx(40, abs=0.1)


async def test_an_upstream_that_wants_a_week_is_asked_before_the_job_seems_stalled(world):
    budget = Budget("lighthouse")
    budget.heard(429, {"Retry-After": "3000"}, NOON)
    poll, times = answering([Produced(b"x"), Succeeded()])
    await heard(world.remote(poll=poll), stall_seconds=90.0, rest_seconds=budget.wait_seconds)
    assert times[0] == pytest.approx(30, abs=0.1)


async def test_a_push_that_ends_is_the_whole_story_where_nobody_can_be_asked(world):
    said = Started(), Produced(b"png"), Succeeded()
    assert await heard(world.remote(watch=pushing(*said))) == list(said)


async def test_an_end_that_was_pushed_is_confirmed_by_one_poll_at_once(world):
    poll, times = answering([Produced(b"png"), Succeeded(charged=Charged.YES)])
    said = await heard(world.remote(watch=pushing(Started(), Produced(b"png"), Succeeded()), poll=poll))
    assert said == [Started(), Produced(b"png"), Succeeded(charged=Charged.YES)]
    assert times == [0]


async def test_what_a_push_has_lost_is_found_by_the_poll(world):
    poll, _ = answering([Produced(b"1"), Produced(b"2"), Succeeded()])
    said = await heard(world.remote(watch=pushing(Produced(b"2"), Produced(b"2"), Succeeded()), poll=poll))
    assert said == [Produced(b"2"), Produced(b"1"), Succeeded()]


async def test_an_end_that_was_pushed_and_is_not_true_ends_nothing(world):
    poll, times = answering([Progressed(0.5)], [Progressed(0.9)], [Succeeded()])
    said = await heard(world.remote(watch=pushing(Failed("No."), Succeeded()), poll=poll))
    assert said == [Progressed(0.5), Progressed(0.9), Succeeded()]
    assert times[-1] < 4, "it is asked often until the poll says so too"


@pytest.mark.parametrize("answers", [[[]], [GONE], [LOST, LOST, LOST]], ids=["says nothing", "knows no more", "keeps failing"])
async def test_a_poll_that_cannot_tell_leaves_what_was_pushed_as_it_is(world, answers):
    poll, times = answering(*answers)
    assert await heard(world.remote(watch=pushing(Started(), Succeeded()), poll=poll)) == [Started(), Succeeded()]
    assert len(times) == len(answers)


async def test_a_push_that_speaks_is_checked_rarely_but_is(world):
    async def watch():
        for step in range(100):
            await asyncio.sleep(1)
            yield Progressed(step / 100)
        yield Succeeded()

    times = []

    async def poll():
        times.append(asyncio.get_running_loop().time())
        return [Succeeded()] if times[-1] >= 100 else [Progressed(0.2)]

    await heard(world.remote(watch=watch, poll=poll))
    *checks, confirmed = times
    assert len(checks) in {2, 3}
    assert all(30 <= later - earlier <= 36 for earlier, later in pairwise([0, *checks]))
    assert 100 <= confirmed <= 101, "at once, but for the floor"


async def test_a_push_that_has_died_in_silence_does_not_hold_anything_up(world):
    poll, times = answering(*[[Progressed(step / 10)] for step in range(10)], [Succeeded()])
    await heard(world.remote(watch=asleep, poll=poll, poll_seconds=1))
    assert times[0] <= 36
    assert all(later - earlier <= 1.2 + 1e-6 for earlier, later in pairwise(times)), "from then on as if nobody pushed"


async def test_a_push_that_speaks_again_is_trusted_again(world):
    async def watch():
        await asyncio.sleep(45)
        for step in range(60):
            await asyncio.sleep(1)
            yield Progressed(step / 100)
        await asyncio.sleep(1000)

    poll, times = answering(*[[Progressed(step / 1000)] for step in range(20)], [Succeeded()])
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(104):
            await heard(world.remote(watch=watch, poll=poll, poll_seconds=2))
    assert len([moment for moment in times if moment < 47]) > 4
    assert len([moment for moment in times if 50 < moment < 100]) <= 2


async def test_polls_are_never_so_rare_that_it_would_count_as_stalled(world):
    poll, times = answering([], [], [Succeeded()])
    await heard(world.remote(watch=asleep, poll=poll), stall_seconds=15)
    assert all(later - earlier <= 6 for earlier, later in pairwise([0, *times]))


@pytest.mark.parametrize("cut", [[], [LOST]], ids=["ends early", "is lost"])
async def test_a_push_that_breaks_off_is_followed_up_by_polling(world, cut):
    poll, _ = answering([Progressed(0.5)], [Succeeded()])
    said = await heard(world.remote(watch=pushing(Started(), *cut), poll=poll))
    assert said == [Started(), Progressed(0.5), Succeeded()]


async def test_what_was_pushed_is_not_handed_over_again_by_polling(world):
    poll, _ = answering([Produced("https://x.test/1.png")], [Produced("https://x.test/1.png"), Produced(b"2"), Succeeded()])
    said = await heard(world.remote(watch=pushing(Produced("https://x.test/1.png")), poll=poll))
    assert said == [Produced("https://x.test/1.png"), Produced(b"2"), Succeeded()]


async def test_outputs_in_chunks_are_told_apart_by_their_number(world):
    async def chunks(text):
        yield text

    def early(*texts):
        return [Produced(chunks(text)) for text in texts]

    poll, _ = answering(early(b"1"), early(b"1"), [*early(b"1", b"2"), Succeeded()])
    *outputs, end = await heard(world.remote(poll=poll))
    assert ([[piece async for piece in it.content] for it in outputs], end) == ([[b"1"], [b"2"]], Succeeded())

    poll, _ = answering([*early(b"1", b"2"), Succeeded()])
    *outputs, end = await heard(world.remote(watch=pushing(*early(b"1", b"2"), Succeeded()), poll=poll))
    assert ([[piece async for piece in it.content] for it in outputs], end) == ([[b"1"], [b"2"]], Succeeded())


async def test_of_what_was_shown_nothing_is_held_for_as_long_as_the_job(world):
    refs, held = [], []

    async def watch():
        for number in range(50):
            await asyncio.sleep(1)
            preview = Previewed(bytes([number]))
            refs.append(weakref.ref(preview))
            yield preview
        held.extend(ref for ref in refs if ref() is not None)
        yield Succeeded()

    poll, _ = answering([], [], [Produced(b"png"), Succeeded()])
    assert await heard_of(world.remote(watch=watch, poll=poll)) == 50
    assert len(held) <= 1


async def test_a_push_that_is_lost_for_good_is_not_followed_up(world):
    poll, times = answering([Succeeded()])
    with pytest.raises(ProviderError, match="No such job"):
        await heard(world.remote(watch=pushing(GONE), poll=poll))
    assert times == []


async def test_a_push_that_is_lost_where_a_poll_cannot_tell_is_why_it_ended(world):
    poll, _ = answering(Unsupported("There is nothing to look at."))
    with pytest.raises(ProviderError, match="The socket closed"):
        await heard(world.remote(watch=pushing(LOST), poll=poll))


async def test_a_push_without_an_end_and_without_a_poll_is_a_breach(world):
    with pytest.raises(ProviderProtocol, match="without saying how it ended"):
        await heard(world.remote(watch=pushing(Started())))


async def test_polling_stops_at_the_first_end(world):
    poll, times = answering([Started()], [Failed("No."), Succeeded()])
    assert await heard(world.remote(poll=poll)) == [Started(), Failed("No.")]
    assert len(times) == 2


async def test_polls_keep_to_the_floor_while_there_is_news_and_never_beat_in_time(world):
    poll, times = answering(*[[Progressed(step / 20)] for step in range(20)], [Succeeded()])
    await heard(world.remote(poll=poll, poll_seconds=2))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(2 <= gap <= 2.4 + 1e-6 for gap in gaps)
    assert len(set(gaps)) > 1


async def test_polls_that_bring_no_news_get_rarer_up_to_a_bound(world):
    poll, times = answering(*[[Started()] for _ in range(10)], [Progressed(0.1)], [Succeeded()])
    await heard(world.remote(poll=poll, poll_seconds=0.5))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    for gap, pause in zip(gaps, [0.5, 0.75, 1.125, 1.6875, 2.53125, 3.796875, 5, 5, 5, 5, 0.5], strict=True):
        assert pause <= gap <= 1.2 * pause + 1e-6


async def test_a_floor_above_the_bound_is_kept_to(world):
    poll, times = answering(*[[Started()] for _ in range(4)], [Succeeded()])
    await heard(world.remote(poll=poll, poll_seconds=10))
    assert all(10 <= later - earlier <= 12 + 1e-6 for earlier, later in pairwise(times))


async def test_failing_polls_get_rarer_up_to_a_bound_and_come_back_at_once_when_they_work(world):
    poll, times = answering(*[LOST] * 12, [], [Succeeded()])
    await heard(world.remote(poll=poll, poll_seconds=1))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps[5] > 5
    assert max(gaps) <= 12
    assert gaps[-1] <= 1.2 + 1e-6


async def test_an_upstream_that_says_when_to_come_back_is_obeyed_whoever_pokes(world):
    poll, times = answering(ProviderRateLimited("Slowly.", retry_after_seconds=80), [Succeeded()])
    poke = Pokes().expect("k1", "g1")
    asyncio.get_running_loop().call_later(5, poke.wake)
    await heard(world.remote(poll=poll, poll_seconds=1), poke)
    assert times == [0, 80]


async def test_a_poke_has_the_job_looked_at_now_and_often_after_that(world):
    times, poke, loop = [], Pokes().expect("k1", "g1"), asyncio.get_running_loop()

    async def poll():
        times.append(loop.time())
        if len(times) == 8:
            loop.call_later(2, poke.wake)
        return [Succeeded()] if len(times) == 10 else [Started()]

    await heard(world.remote(poll=poll, poll_seconds=1), poke)
    assert times[7] - times[6] >= 5
    assert times[8] == pytest.approx(times[7] + 2)
    assert times[9] - times[8] <= 1.5 * 1.2 + 1e-6


async def test_many_pokes_are_one_poll_and_never_beat_the_floor(world):
    poll, times = answering([Started()], [Succeeded()])
    poke = Pokes().expect("k1", "g1")
    for moment in (1, 2, 2.1):
        asyncio.get_running_loop().call_later(moment, poke.wake)
    await heard(world.remote(poll=poll, poll_seconds=10), poke)
    assert times == [0, 10]


async def test_where_webhooks_come_polls_get_rare(world):
    poll, times = answering(*[[Started()] for _ in range(20)], [Succeeded()])
    poke = Pokes().expect("k1", "g1")
    asyncio.get_running_loop().call_later(1, poke.wake)
    await heard(world.remote(poll=poll, poll_seconds=1), poke)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert 30 <= max(gaps) <= 36


@pytest.mark.parametrize(
    ("is_promised", "is_poked", "is_said"), [(True, False, True), (True, True, False), (False, False, False)]
)
async def test_an_end_that_only_a_poll_found_is_counted_where_webhooks_were_asked_for(world, is_promised, is_poked, is_said):
    poll, _ = answering([Started()], [Succeeded()])
    pokes = Pokes()
    poke = pokes.expect("k1", "g1")
    pokes.promise("k1" if is_promised else "k2")
    if is_poked:
        asyncio.get_running_loop().call_later(1, poke.wake)
    with capture_logs() as logs:
        await heard(world.remote(poll=poll, poll_seconds=3), poke)
    told = {"event": "webhook_recovered_by_poll", "log_level": "info", "provider": "lighthouse", "generation": "g1"}
    assert logs == ([told] if is_said else [])
    assert pokes.missed["lighthouse"] == is_said


async def test_a_poll_that_fails_for_good_ends_it(world):
    poll, times = answering(GONE, [Succeeded()])
    with pytest.raises(ProviderError, match="No such job"):
        await heard(world.remote(poll=poll))
    assert len(times) == 1


@pytest.mark.parametrize("answers", [[REFUSED, [Succeeded()]], [REFUSED, REFUSED, [Started()], REFUSED, REFUSED, [Succeeded()]]])
async def test_credentials_that_are_refused_on_the_way_end_nothing(world, answers):
    poll, times = answering(*answers)
    assert (await heard(world.remote(poll=poll)))[-1] == Succeeded()
    assert len(times) == len(answers)


async def test_credentials_that_are_refused_three_times_in_a_row_end_it(world):
    poll, times = answering(REFUSED, REFUSED, REFUSED, [Succeeded()])
    with pytest.raises(ProviderAuth):
        await heard(world.remote(poll=poll))
    assert len(times) == 3


async def test_a_poll_that_repeats_itself_hands_each_output_over_once(world):
    said = [Previewed(b"preview"), Produced("http://upstream/1.png"), Produced("http://upstream/1.png")]
    poll, _ = answering(said, said, [*said, Produced(b"2"), Succeeded()])
    assert await heard(world.remote(poll=poll)) == [*said, Produced(b"2"), Succeeded()]


@pytest.mark.parametrize("kind", [bytearray, memoryview])
async def test_an_output_in_a_buffer_is_kept_as_it_was_when_it_was_handed_over(world, kind):
    buffer = bytearray(b"picture")
    said = [Produced(kind(buffer)), Succeeded()]
    buffer[:] = b"another"
    poll, _ = answering([Started()], said)
    assert (await world.run(world.remote(poll=poll))).outcome == "succeeded"
    assert world.outputs.kept == [b"picture"]


async def test_what_cannot_be_compared_is_a_fault_of_the_provider_and_known_at_once(world):
    poll, _ = answering([Started()], [Produced(["no", "content"]), Succeeded()])
    end = await world.run(world.remote(poll=poll))
    assert (end.outcome, end.code) == ("failed", "provider_crashed")
    assert world.now < 10


async def test_a_fault_of_ours_while_a_job_is_followed_ends_it_at_once_and_is_named(world, monkeypatch):
    async def fail(self):
        raise ZeroDivisionError

    monkeypatch.setattr(Following, "run", fail)
    with capture_logs() as lines:
        end = await world.run(world.remote(poll=answering()[0]))
    assert (end.outcome, end.code, world.now) == ("failed", "internal", 0)
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["runner_failed"]


async def test_outputs_alike_in_every_byte_are_told_apart_by_their_names(world):
    one, two = Produced(b"black", name="1"), Produced(b"black", name="2")
    chunks = [Produced(_chunks(), name="3") for _ in range(3)]
    watch = pushing(one, one, chunks[0], two, chunks[1], Succeeded())
    poll, _ = answering([], [one, two, chunks[2], Succeeded()])
    said = await heard(world.remote(watch=watch, poll=poll, poll_seconds=5))
    assert [update for update in said if isinstance(update, Produced)] == [one, chunks[0], two]


async def test_a_provider_that_says_no_longer_what_it_can_do_is_followed_as_it_began(world):
    async def submit():
        type(provider).capabilities = property(lambda self: {}["capabilities"])
        return Job("j1")

    poll, times = answering([Started()], [Produced(b"png"), Succeeded()])
    provider = world.remote(submit=submit, poll=poll, poll_seconds=2)
    assert (await world.run(provider)).outcome == "succeeded"
    assert 2 <= times[1] - times[0] <= 2.41
