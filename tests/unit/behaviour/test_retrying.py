"""One attempt after the other: what is tried again, where, and what never is."""

import asyncio
from itertools import pairwise

import pytest

from safelight.breaker import Breaker
from safelight.errors import NotPausable
from safelight.providers import (
    Cancel,
    Charged,
    ContentPolicy,
    Failed,
    InvalidParams,
    Job,
    NotSent,
    OutcomeUnknown,
    Produced,
    Progressed,
    ProviderAuth,
    ProviderQuota,
    ProviderRateLimited,
    ProviderUnavailable,
    Rejected,
    Started,
    Succeeded,
)
from safelight.runner.trials import Trials
from safelight.status import Outcome, Phase, State
from safelight.ticks import TICK

pytestmark = pytest.mark.looptime


def failing(*errors, job="j1"):
    """A submit that raises these, one after the other, then accepts; and the loop's time of each call."""
    calls = []
    left = list(errors)

    async def submit():
        calls.append(asyncio.get_running_loop().time())
        if left:
            raise left.pop(0)
        return Job(job)

    submit.calls = calls
    return submit


def watching(*said):
    async def watch():
        for update in said:
            yield update

    return watch


PAINTED = watching(Started(), Produced(b"picture"), Succeeded())


@pytest.mark.parametrize("error", [NotSent("refused"), ProviderUnavailable("503"), ProviderRateLimited("429")])
async def test_what_surely_did_not_arrive_or_was_refused_for_now_is_tried_again(world, error):
    submit = failing(error, error)
    end = await world.run(world.remote(submit=submit, watch=PAINTED), attempts=3)
    assert end.outcome is Outcome.SUCCEEDED
    assert (end.attempt.n, end.attempt.of, end.attempt.reason) == (3, 3, str(error))
    result = "not_sent" if isinstance(error, NotSent) else "rejected"
    assert await world.steps() == [
        ("intent", None),
        ("outcome", result),
        ("intent", None),
        ("outcome", result),
        ("intent", None),
        ("accepted", None),
        ("outcome", "succeeded"),
    ]
    keys = {record.key for record in await world.journal.attempts("0" * 32)}
    assert len(keys) == 3, "each submission has a key of its own"


@pytest.mark.parametrize(
    "error",
    [InvalidParams("no"), ContentPolicy("no"), ProviderAuth("no"), ProviderQuota("no"), Rejected("no"), OutcomeUnknown("?")],
)
async def test_what_would_be_refused_again_or_may_have_arrived_is_not_tried_again(world, error):
    submit = failing(error)
    end = await world.run(world.remote(submit=submit, watch=PAINTED), attempts=3)
    assert end.state is State.FAILED
    assert len(submit.calls) == 1


async def test_attempts_are_as_many_as_allowed_and_the_last_error_is_the_reason(world):
    submit = failing(*(ProviderUnavailable(f"down {n}") for n in range(9)))
    end = await world.run(world.remote(submit=submit, watch=PAINTED), attempts=3)
    assert (end.code, end.error, end.charged) == ("provider_unavailable", "down 2", Charged.NO)
    assert len(submit.calls) == 3


async def test_waits_grow_and_the_upstreams_own_wish_is_obeyed(world):
    submit = failing(ProviderUnavailable("a"), ProviderRateLimited("b", retry_after_seconds=20), ProviderUnavailable("c"))
    await world.run(world.remote(submit=submit, watch=PAINTED), attempts=4)
    first, second, third = (later - before for before, later in zip(submit.calls, submit.calls[1:], strict=False))
    assert 0.5 <= first <= 1.01
    assert 20 <= second <= 20.01
    assert 2 <= third <= 4.01


async def test_no_attempt_is_planned_beyond_the_total_deadline(world):
    submit = failing(ProviderRateLimited("b", retry_after_seconds=3600))
    end = await world.run(world.remote(submit=submit, watch=PAINTED), attempts=3, total_seconds=60)
    assert end.code == "provider_rate_limited"
    assert world.now < 1


async def test_progress_of_an_earlier_attempt_never_falls_and_it_says_that_it_is_waiting(world):
    submit = failing(ProviderUnavailable("Busy."))
    await world.run(world.remote(submit=submit, watch=PAINTED), attempts=2)
    messages = [status.message for status in world.shown if status.message]
    assert any("Busy. The next attempt follows" in message for message in messages)


async def test_the_next_provider_takes_over_when_the_first_refuses_for_good(world):
    first = world.remote(submit=failing(ProviderQuota("No credit.")), watch=PAINTED)
    second = world.remote(submit=failing(job="j2"), watch=PAINTED)
    await world.start(first, second, attempts=1)
    end = await world.end()
    assert (end.outcome, end.attempt.n, end.attempt.provider) == (Outcome.SUCCEEDED, 2, "lighthouse-2")
    assert end.attempt.reason == "No credit."


@pytest.mark.parametrize("error", [ContentPolicy("no"), InvalidParams("no"), OutcomeUnknown("?")])
async def test_what_is_wrong_with_the_request_or_may_be_running_goes_nowhere_else(world, error):
    second = failing()
    await world.start(world.remote(submit=failing(error), watch=PAINTED), world.remote(submit=second, watch=PAINTED))
    assert (await world.end()).state is State.FAILED
    assert second.calls == []


async def test_a_failure_the_provider_reports_is_definite_and_the_next_takes_over(world):
    first = world.remote(watch=watching(Progressed(0.7), Failed("CUDA out of memory", code="provider_rejected")))
    await world.start(first, world.remote(submit=failing(job="j2"), watch=watching(Progressed(0.2), Produced(b"p"), Succeeded())))
    end = await world.end()
    assert (end.outcome, end.attempt.provider, end.charged) == (Outcome.SUCCEEDED, "lighthouse-2", Charged.UNKNOWN)
    shown = [status.progress for status in world.shown if status.progress is not None]
    assert shown == sorted(shown)
    assert next(status for status in world.shown if status.attempt and status.attempt.n == 2).state is State.PROCESSING


async def test_a_stall_hands_over_only_when_the_first_confirms_that_it_has_stopped(world, make_world):
    async def silent():
        yield Started()
        await asyncio.Event().wait()

    for answer, outcome in ((Cancel.CONFIRMED, Outcome.SUCCEEDED), (Cancel.REQUESTED, Outcome.EXPIRED)):
        one = make_world()

        async def cancel(answer=answer):
            return answer

        await one.start(one.remote(watch=silent, cancel=cancel), one.remote(watch=PAINTED), stall_seconds=5)
        assert (await one.end()).outcome is outcome


async def test_a_cancel_between_two_attempts_ends_it_at_once(world):
    await world.start(world.remote(submit=failing(ProviderRateLimited("b", retry_after_seconds=600)), watch=PAINTED), attempts=2)
    await world.until(lambda: world.shown[-1].message)
    await world.runner.cancel()
    end = await world.end()
    assert (end.outcome, end.charged) == (Outcome.CANCELED, Charged.NO)
    assert world.now < 2


async def test_a_pause_between_two_attempts_holds_the_next_one_back(world):
    submit = failing(ProviderRateLimited("b", retry_after_seconds=10))
    await world.start(world.remote(submit=submit, watch=PAINTED), attempts=2)
    await world.until(lambda: world.shown[-1].message)
    await world.runner.hold(still=True)
    await asyncio.sleep(100)
    assert (len(submit.calls), world.shown[-1].phase) == (1, Phase.PAUSED)
    await world.runner.hold(still=False)
    assert (await world.end()).outcome is Outcome.SUCCEEDED


async def test_a_failing_provider_is_left_alone_until_one_submission_succeeds(world):
    submit = failing(*(ProviderUnavailable("down") for _ in range(5)))
    end = await world.run(world.remote(submit=submit, watch=PAINTED), attempts=8)
    assert end.outcome is Outcome.SUCCEEDED
    assert world.breakers["lighthouse"].position == "closed"
    assert submit.calls[5] - submit.calls[4] > 29.99, "five failures in a row: it rests"


async def test_a_provider_that_only_asks_to_wait_is_not_taken_for_one_that_fails(world):
    submit = failing(*(ProviderRateLimited("Slowly.", retry_after_seconds=2) for _ in range(5)))
    end = await world.run(world.remote(submit=submit, watch=PAINTED), attempts=8)
    assert end.outcome is Outcome.SUCCEEDED
    waits = [later - before for before, later in pairwise(submit.calls)]
    assert max(waits) < 16.01, "they grow to 16 s, and no breaker makes that 30"


@pytest.mark.parametrize("error", [ProviderRateLimited("Slowly."), ProviderRateLimited("Slowly.", retry_after_seconds=5)])
async def test_a_trial_that_is_asked_to_wait_neither_closes_a_breaker_nor_opens_it_again(world, error):
    [candidate] = world.route(world.remote())
    breakers = {"lighthouse": Breaker("lighthouse", failures=1, seconds=30)}
    breakers["lighthouse"].failed()
    await asyncio.sleep(31)
    trial, other = Trials(breakers), Trials(breakers)
    assert trial.wait_seconds("lighthouse") == 0
    trial.failed(candidate.instance, error)
    assert candidate.instance.budget.wait_seconds() >= 1, "it waits for its turn as everybody does"
    assert (breakers["lighthouse"].position, other.wait_seconds("lighthouse")) == ("half_open", 0)


async def test_what_waits_for_a_provider_that_is_left_alone_was_never_sent(world):
    world.breakers["lighthouse"] = breaker = Breaker("lighthouse", failures=1, seconds=30)
    breaker.failed()
    submit = failing()
    await world.start(world.remote(submit=submit, watch=PAINTED))
    await asyncio.sleep(10)
    assert world.runner.is_lasting
    await world.runner.cancel()
    end = await world.end()
    assert (end.outcome, end.charged, submit.calls) == (Outcome.CANCELED, Charged.NO, [])
    assert await world.steps() == [("intent", None), ("queued", None), ("outcome", "not_sent")]


async def test_one_trial_at_a_time_is_made_and_the_others_wait_without_a_word_to_the_journal(world):
    world.breakers["lighthouse"] = breaker = Breaker("lighthouse", failures=1, seconds=30)
    breaker.failed()
    await world.start(world.remote(submit=failing(), watch=PAINTED))
    await asyncio.sleep(29)
    appends = world.journal.appends
    breaker._is_trying = True  # another's, for ten seconds
    asyncio.get_running_loop().call_later(10, breaker.succeeded)
    await asyncio.sleep(9)
    assert world.journal.appends == appends
    assert (await world.end()).outcome is Outcome.SUCCEEDED
    steps = ["intent", "queued", "intent", "accepted", "outcome"]
    assert [step for step, _ in await world.steps()] == steps


async def test_a_breaker_whose_one_trial_is_given_up_lets_another_try(world):
    world.breakers["lighthouse"] = breaker = Breaker("lighthouse", failures=1, seconds=30)
    breaker.failed()
    await asyncio.sleep(31)
    end = await world.run(world.remote(submit=asyncio.Event().wait), total_seconds=5, submit_seconds=60)
    assert end.outcome is Outcome.EXPIRED
    assert breaker.position == "half_open"
    assert breaker.wait_seconds() == 0, "nobody tries it now"


async def test_a_submission_that_got_no_answer_is_looked_up_and_watched(world):
    asked = []
    provider = world.remote(submit=failing(OutcomeUnknown("reset")), watch=PAINTED)

    async def find(self, key):
        asked.append(key)
        return Job("j7")

    type(provider).find = find
    end = await world.run(provider, attempts=3)
    assert (end.outcome, end.attempt) == (Outcome.SUCCEEDED, None)
    (intent, accepted, _) = await world.journal.attempts("0" * 32)
    assert (asked, accepted.job["id"]) == ([intent.key], "j7")


async def test_a_submission_that_surely_never_arrived_is_made_again(world):
    submit = failing(OutcomeUnknown("reset"))
    provider = world.remote(submit=submit, watch=PAINTED)

    async def find(self, key):
        return None

    type(provider).find = find
    assert (await world.run(provider, attempts=3)).outcome is Outcome.SUCCEEDED
    assert len(submit.calls) == 2


@pytest.mark.parametrize("error", [ProviderUnavailable("down"), ValueError("bug")])
async def test_a_look_up_that_fails_leaves_the_outcome_unknown(world, error):
    submit = failing(OutcomeUnknown("reset"))
    provider = world.remote(submit=submit, watch=PAINTED)

    async def find(self, key):
        raise error

    type(provider).find = find
    end = await world.run(provider, attempts=3)
    assert (end.outcome, end.code, end.charged) == (Outcome.UNKNOWN, "outcome_unknown", Charged.UNKNOWN)
    assert len(submit.calls) == 1


async def test_a_second_end_of_an_attempt_that_is_over_is_noted_and_moves_nothing(world):
    first = watching(
        Failed("No room.", code="provider_unavailable", retryable=True, charged=Charged.NO), Produced(b"x"), Succeeded()
    )
    calls = []

    async def watch():
        calls.append(world.now)
        async for update in first() if len(calls) == 1 else PAINTED():
            yield update

    end = await world.run(world.remote(submit=failing(), watch=watch), attempts=3)
    assert (end.outcome, end.attempt.n, len(end.outputs)) == (Outcome.SUCCEEDED, 2, 1)
    assert [step for step, _ in await world.steps()] == ["intent", "accepted", "outcome"] * 2


async def test_an_attempt_that_fails_while_it_is_held_still_is_repeated_once_it_may_go_on(world):
    fails = asyncio.Event()
    calls = []

    async def watch():
        calls.append(world.now)
        if len(calls) == 1:
            yield Started()
            await fails.wait()
            yield Failed("No room.", retryable=True, code="provider_unavailable", charged=Charged.NO)
        async for update in PAINTED():
            yield update

    async def hold(self, job):
        pass

    provider = world.remote(submit=failing(), watch=watch)
    type(provider).pause = type(provider).resume = hold
    await world.start(provider, attempts=3)
    await world.until(lambda: world.shown[-1].state is State.PROCESSING)
    await world.runner.hold(still=True)
    fails.set()
    await asyncio.sleep(100)
    assert (len(calls), world.shown[-1].phase) == (1, Phase.PAUSED)
    await world.runner.hold(still=False)
    assert (await world.end()).outcome is Outcome.SUCCEEDED
    assert calls[1] == pytest.approx(100, abs=1)


async def test_who_asks_an_attempt_to_hold_still_is_answered_when_that_attempt_ends(world):
    fails = asyncio.Event()
    calls = []

    async def watch():
        calls.append(world.now)
        if len(calls) == 1:
            yield Started()
            await fails.wait()
            yield Failed("No room.", retryable=True, code="provider_unavailable", charged=Charged.NO)
        async for update in PAINTED():
            yield update

    async def pause(self, job):
        fails.set()
        await asyncio.Event().wait()

    provider = world.remote(submit=failing(), watch=watch)
    type(provider).pause = pause
    await world.start(provider, attempts=3, cancel_seconds=60)
    await world.until(lambda: world.shown[-1].state is State.PROCESSING)
    asked = world.now
    with pytest.raises(NotPausable, match="over"):
        await world.runner.hold(still=True)
    assert world.now - asked < 1
    assert (await world.end()).outcome is Outcome.SUCCEEDED


async def test_a_breaker_that_is_open_for_less_than_a_tick_is_half_open():
    breaker = Breaker("lighthouse", failures=1, seconds=30)
    breaker.failed()
    await asyncio.sleep(30 - TICK / 2)
    assert (breaker.position, breaker.wait_seconds()) == ("half_open", 0), "a timer for what is left would ring at once, for ever"


@pytest.mark.parametrize("how", ["given up", "never sent"])
async def test_who_was_let_through_before_a_breaker_opened_ends_nobody_elses_trial(world, how):
    [candidate] = world.route(world.remote())
    breakers = {"lighthouse": Breaker("lighthouse", failures=1, seconds=30)}
    early, trial, third = (Trials(breakers) for _ in range(3))
    assert early.wait_seconds("lighthouse") == 0
    breakers["lighthouse"].failed()
    await asyncio.sleep(31)
    assert trial.wait_seconds("lighthouse") == 0
    if how == "given up":
        early.close()
    else:
        error = NotSent("Not now.")
        error.retryable = False
        early.failed(candidate.instance, error)
    assert third.wait_seconds("lighthouse") > 0, "one at a time"
    trial.close()
    assert third.wait_seconds("lighthouse") == 0
