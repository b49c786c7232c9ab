import asyncio
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from safelight.errors import OutputRefused, StorageFull
from safelight.providers import (
    Cancel,
    Charged,
    ContentPolicy,
    Durability,
    Failed,
    Job,
    Logged,
    Noted,
    NotSent,
    Previewed,
    Produced,
    Progressed,
    ProviderUnavailable,
    Queued,
    Rejected,
    Started,
    Succeeded,
    Update,
)
from safelight.runner import INTERRUPTED
from safelight.status import Outcome, Phase, State

pytestmark = pytest.mark.looptime


async def forever():
    await asyncio.Event().wait()


async def paint(control):
    yield Started()
    yield Progressed(0.5)
    yield Produced(b"png")


async def hang(control):
    yield Progressed(0.5)
    await forever()


async def deaf(control):
    yield Progressed(0.5)
    for _ in range(3):
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            continue


def watching(*said, then=forever):
    async def watch():
        for update in said:
            yield update
        await then()

    return watch


# Success and failure


async def test_a_success_is_intent_accepted_outcome_and_every_step_is_shown(world):
    end = await world.run(world.local(paint))
    assert (end.state, end.outcome, end.progress, end.charged) == (State.SUCCEEDED, Outcome.SUCCEEDED, 100, Charged.NO)
    assert [output.url for output in end.outputs] == ["/o/1"]
    assert await world.steps() == [("intent", None), ("accepted", None), ("outcome", "succeeded")]
    phases = list(dict.fromkeys(status.phase for status in world.shown))
    assert phases == [Phase.SUBMITTING, Phase.WAITING, Phase.RUNNING, Phase.SAVING, Phase.FINISHED]


async def test_what_matters_is_durable_and_progress_alone_is_not(world):
    world.progress_seconds = 0

    async def generate(control):
        yield Progressed(0.1)
        yield Progressed(0.2)
        yield Produced(b"png")

    await world.run(world.local(generate))
    written = [(record.status, durable) for record, durable in world.journal.durable if hasattr(record, "status")]
    assert all(durable for status, durable in written if status.phase in {Phase.WAITING, Phase.FINISHED} or status.outputs)
    assert [
        durable for status, durable in written if status.progress == 20 and status.phase is Phase.RUNNING and not status.outputs
    ] == [False]


async def test_the_outputs_stand_in_the_order_they_were_produced_however_long_each_takes(world):
    world.outputs.seconds = [9, 1, 5]

    async def generate(control):
        for content in (b"a", b"b", b"c"):
            yield Produced(content)

    end = await world.run(world.local(generate))
    assert world.outputs.kept == [b"a", b"b", b"c"]
    assert [output.url for output in end.outputs] == ["/o/1", "/o/2", "/o/3"]


async def test_a_provider_that_returns_without_an_output_has_failed(world):
    async def generate(control):
        yield Progressed(1.0)

    end = await world.run(world.local(generate))
    assert (end.state, end.code, end.progress) == (State.FAILED, "empty_output", 99)


@pytest.mark.parametrize(
    ("error", "outcome", "code", "is_retryable"),
    [
        (ProviderUnavailable("Down."), Outcome.FAILED, "provider_unavailable", True),
        (ContentPolicy("Not that."), Outcome.REJECTED, "content_policy", False),
        (SystemExit(1), Outcome.FAILED, "provider_crashed", False),
        (KeyboardInterrupt(), Outcome.FAILED, "provider_crashed", False),
        (asyncio.CancelledError(), Outcome.FAILED, "provider_crashed", False),
    ],
)
async def test_whatever_a_provider_raises_is_an_end_with_a_reason(world, error, outcome, code, is_retryable):
    async def generate(control):
        yield Progressed(0.5)
        raise error

    end = await world.run(world.local(generate))
    assert (end.state, end.outcome, end.code, end.retryable) == (State.FAILED, outcome, code, is_retryable)
    assert end.error


@pytest.mark.parametrize("said", [None, "done", 0.5])
async def test_garbage_is_an_end_with_a_reason(world, said):
    async def generate(control):
        yield said

    assert (await world.run(world.local(generate))).code == "provider_protocol"


async def test_an_update_of_an_unknown_kind_changes_nothing_and_is_counted(world):
    class Danced(Update):
        pass

    async def generate(control):
        yield Danced()
        yield Logged("la la")
        yield Produced(b"png")

    with capture_logs() as logs:
        end = await world.run(world.local(generate))
    assert end.state is State.SUCCEEDED
    assert next(line for line in logs if line["event"] == "generation_ended")["ignored"] == 1


async def test_a_flood_of_updates_is_taken_at_the_runners_own_pace(world):
    async def generate(control):
        for step in range(5000):
            yield Progressed(step / 5000)
        yield Produced(b"png")

    assert (await world.run(world.local(generate))).state is State.SUCCEEDED
    assert len(world.shown) < 20


# Submitting


@pytest.mark.parametrize(
    ("error", "result", "outcome", "code", "charged"),
    [
        (NotSent("No route."), "not_sent", Outcome.FAILED, "provider_unavailable", Charged.NO),
        (Rejected("Not that."), "rejected", Outcome.REJECTED, "provider_rejected", Charged.NO),
        (Rejected("Paid.", charged=Charged.YES), "rejected", Outcome.REJECTED, "provider_rejected", Charged.YES),
        (ConnectionResetError(), "unknown", Outcome.UNKNOWN, "outcome_unknown", Charged.UNKNOWN),
        (SystemExit(1), "unknown", Outcome.UNKNOWN, "outcome_unknown", Charged.UNKNOWN),
    ],
)
async def test_a_failed_submission_says_honestly_whether_it_may_have_cost_money(world, error, result, outcome, code, charged):
    async def submit():
        raise error

    end = await world.run(world.remote(submit=submit, watch=watching()))
    assert (end.outcome, end.code, end.charged) == (outcome, code, charged)
    assert await world.steps() == [("intent", None), ("outcome", result)]


async def test_a_submission_that_hangs_is_an_unknown_outcome_in_time(world):
    end = await world.run(world.remote(submit=forever, watch=watching()), submit_seconds=30)
    assert (end.outcome, end.code, end.charged) == (Outcome.UNKNOWN, "outcome_unknown", Charged.UNKNOWN)
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(30)


async def test_a_submission_that_cancels_its_own_task_is_an_unknown_outcome_at_once(world):
    async def submit():
        asyncio.current_task().cancel()
        return Job("j1")

    end = await world.run(world.remote(submit=submit, watch=watching()))
    assert end.outcome is Outcome.UNKNOWN
    assert world.now < 1


@pytest.mark.parametrize("job", [None, "j1", Job("\ud800"), Job("j1", {"at": object()})])
async def test_a_job_that_cannot_be_written_down_is_an_unknown_outcome(world, job):
    async def submit():
        return job

    end = await world.run(world.remote(submit=submit, watch=watching()))
    assert (end.outcome, end.charged) == (Outcome.UNKNOWN, Charged.UNKNOWN)
    assert await world.steps() == [("intent", None), ("outcome", "unknown")]


async def test_a_job_is_journalled_with_what_is_needed_to_watch_it_again(world):
    async def submit():
        return Job("j1", {"region": "eu"})

    await world.run(world.remote(submit=submit, watch=watching(Produced(b"png"), Succeeded())))
    assert (await world.journal.attempts("0" * 32))[1].job == {"id": "j1", "data": {"region": "eu"}}


@pytest.mark.parametrize(("is_submitting", "error", "outcome"), [
    (True, ConnectionResetError(), Outcome.UNKNOWN),
    (True, NotSent("No route."), Outcome.FAILED),
    (False, Rejected("Not that."), Outcome.REJECTED),
])  # fmt: skip
async def test_an_error_of_a_paid_call_inside_generate_is_unknown_unless_it_says_more(world, is_submitting, error, outcome):
    async def generate(control):
        if is_submitting:
            await control.submitting()
        raise error
        yield

    assert (await world.run(world.local(generate, durability=Durability.CONNECTION))).outcome is outcome


async def test_a_paid_call_inside_generate_goes_on_only_when_its_job_is_durable(world):
    async def generate(control):
        await control.submitting()
        await control.accepted(Job("j7"))
        assert (await world.journal.attempts("0" * 32))[-1].job == {"id": "j7", "data": {}}
        yield Produced(b"png")

    assert (await world.run(world.local(generate, durability=Durability.CONNECTION))).state is State.SUCCEEDED


# Canceling


async def test_a_cancel_stops_the_work_and_is_confirmed(world):
    cleaned = asyncio.Event()

    async def generate(control):
        try:
            yield Progressed(0.5)
            await forever()
        finally:
            assert control.is_canceled
            cleaned.set()

    await world.start(world.local(generate))
    await world.until(lambda: world.shown[-1].progress == 50)
    await world.runner.cancel()
    assert world.shown[-1].cancel is Cancel.REQUESTED
    await world.runner.cancel()
    end = await world.end()
    assert (end.state, end.outcome, end.error, end.cancel) == (State.FAILED, Outcome.CANCELED, "Canceled", Cancel.CONFIRMED)
    assert cleaned.is_set()
    assert await world.steps() == [("intent", None), ("accepted", None), ("outcome", "canceled")]


async def test_a_cancel_before_the_job_is_known_reaches_the_upstream_as_soon_as_it_is(world):
    async def submit():
        await asyncio.sleep(5)
        return Job("j1")

    async def cancel():
        return Cancel.CONFIRMED

    await world.start(world.remote(submit=submit, watch=watching(), cancel=cancel))
    await world.runner.cancel()
    end = await world.end()
    assert end.outcome is Outcome.CANCELED
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(5)


async def test_a_cancel_after_the_end_returns_and_changes_nothing(world):
    async def generate(control):
        yield Produced(b"png")

    await world.start(world.local(generate))
    await world.runner.ended.wait()
    await world.runner.cancel()
    assert (await world.end()).cancel is None


async def test_a_deaf_provider_is_left_behind_and_named_and_its_generation_ends_in_time(world):
    await world.start(world.local(deaf), cancel_seconds=10)
    await world.until(lambda: world.shown[-1].progress == 50)
    with capture_logs() as logs:
        await world.runner.cancel()
        await world.runner.ended.wait()
        ended = world.now
        await world.task
    end = world.shown[-1]
    assert (end.outcome, end.cancel) == (Outcome.CANCELED, Cancel.REQUESTED)
    assert ended == pytest.approx(12, abs=1)
    assert "provider_task_left_behind" in {line["event"] for line in logs}


async def test_a_provider_that_cannot_cancel_goes_on_and_says_so(world):
    go_on = asyncio.Event()

    async def watch():
        yield Progressed(0.5)
        await go_on.wait()
        yield Produced(b"png")
        yield Succeeded()

    await world.start(world.remote(watch=watch))
    await world.until(lambda: world.shown[-1].progress == 50)
    await world.runner.cancel()
    await world.until(lambda: world.shown[-1].cancel is Cancel.UNSUPPORTED)
    go_on.set()
    end = await world.end()
    assert (end.state, end.cancel) == (State.SUCCEEDED, Cancel.UNSUPPORTED)


@pytest.mark.parametrize("answer", ["requested", "perhaps", None, ProviderUnavailable("Down."), ValueError("x")])
async def test_a_cancel_that_is_not_confirmed_ends_when_patience_does(world, answer):
    async def cancel():
        if isinstance(answer, Exception):
            raise answer
        return answer

    await world.start(world.remote(watch=watching(Progressed(0.5)), cancel=cancel), cancel_seconds=10)
    await world.until(lambda: world.shown[-1].progress == 50)
    await world.runner.cancel()
    end = await world.end()
    assert (end.outcome, end.cancel, end.charged) == (Outcome.CANCELED, Cancel.REQUESTED, Charged.UNKNOWN)
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize("answer", [Cancel.CONFIRMED, Cancel.REQUESTED])
async def test_a_cancel_while_the_result_is_being_saved_comes_too_late(world, answer):
    world.outputs.seconds = [60]

    async def cancel():
        return answer

    said = Produced(b"png"), Succeeded(charged=Charged.YES)
    await world.start(world.remote(watch=watching(*said), cancel=cancel), cancel_seconds=10)
    await world.until(lambda: world.shown[-1].phase is Phase.SAVING)
    await world.runner.cancel()
    end = await world.end()
    assert (end.state, end.cancel, end.charged) == (State.SUCCEEDED, Cancel.TOO_LATE, Charged.YES)


# Deadlines


async def test_silence_ends_in_time_and_the_upstream_is_asked_to_stop_first(world):
    asked = []

    async def cancel():
        asked.append(world.shown[-1].is_terminal)
        return Cancel.CONFIRMED

    end = await world.run(world.remote(watch=watching(Progressed(0.5)), cancel=cancel), stall_seconds=120)
    assert (end.outcome, end.code) == (Outcome.EXPIRED, "stalled")
    assert "120 s" in end.error
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(120, abs=0.1)
    assert asked == [False]


async def test_a_successful_poll_is_a_sign_of_life(world):
    async def poll():
        return [Produced(b"png"), Succeeded()] if world.now > 600 else []

    end = await world.run(world.remote(poll=poll, poll_seconds=30), stall_seconds=60)
    assert end.state is State.SUCCEEDED


async def test_failing_polls_are_no_sign_of_life(world):
    async def poll():
        raise ProviderUnavailable("Down.")

    end = await world.run(world.remote(poll=poll, poll_seconds=1), stall_seconds=60)
    assert end.code == "stalled"


async def test_our_own_slow_saving_is_no_silence_of_the_provider(world):
    world.outputs.seconds = [500]
    assert (await world.run(world.local(paint), stall_seconds=60)).state is State.SUCCEEDED


async def test_the_total_deadline_ends_even_what_never_stops_talking(world):
    async def generate(control):
        while True:
            yield Noted("Soon.")
            await asyncio.sleep(1)

    end = await world.run(world.local(generate), total_seconds=280)
    assert (end.outcome, end.code) == (Outcome.EXPIRED, "deadline_exceeded")
    assert "280 s" in end.error
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(280)


async def test_a_deadline_while_saving_does_not_forget_the_bill(world):
    world.outputs.seconds = [1000]
    said = Produced(b"png"), Succeeded(charged=Charged.YES)
    end = await world.run(world.remote(watch=watching(*said)), total_seconds=100)
    assert (end.outcome, end.charged) == (Outcome.EXPIRED, Charged.YES)


async def test_a_deadline_during_the_submission_leaves_open_what_it_cost(world):
    end = await world.run(world.remote(submit=forever, watch=watching()), submit_seconds=30, total_seconds=10)
    assert (end.outcome, end.charged) == (Outcome.EXPIRED, Charged.UNKNOWN)
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(10)


async def test_an_upstream_that_hangs_in_the_cancel_does_not_hold_up_the_end(world):
    end = await world.run(world.remote(watch=watching(), cancel=forever), stall_seconds=60, cancel_seconds=10)
    assert end.code == "stalled"
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(70)


async def test_the_service_itself_may_end_it(world):
    await world.start(world.local(hang))
    await world.until(lambda: world.shown[-1].progress == 50)
    world.runner.end(INTERRUPTED)
    end = await world.end()
    assert (end.outcome, end.code, end.charged) == (Outcome.INTERRUPTED, "interrupted", Charged.NO)


# What comes late


async def test_a_success_after_our_own_ending_is_journalled_and_its_output_kept(world):
    async def soon():
        await asyncio.sleep(105)

    async def watch():
        await soon()
        yield Progressed(0.9)
        yield Produced(b"png", seed=7)
        yield Succeeded(charged=Charged.YES)

    end = await world.run(world.remote(watch=watch), stall_seconds=100, cancel_seconds=10)
    assert end.code == "stalled"
    assert world.outputs.kept == [b"png"]
    facts = dict(world.late)
    assert facts["Produced"]["output"]["url"] == "/o/1"
    assert facts["Succeeded"] == {"charged": "yes"}
    assert len(world.late) == 2


async def test_a_failure_that_comes_late_is_journalled_too(world):
    async def watch():
        await asyncio.sleep(105)
        yield Failed("Out of paint.", charged=Charged.NO)

    await world.run(world.remote(watch=watch), stall_seconds=100)
    assert [kind for kind, _ in world.late] == ["Failed"]


async def test_an_upstream_that_never_stops_talking_is_not_listened_to_for_ever(world):
    async def watch():
        while True:
            await asyncio.sleep(1)
            yield Noted("Still here.")

    await world.run(world.remote(watch=watch), total_seconds=100, cancel_seconds=10)
    assert world.now == pytest.approx(110, abs=1)
    assert world.late == []


# Saving


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OutputRefused("It is too large."), "output_unavailable"),
        (StorageFull("No room."), "storage_full"),
        (OSError("disk"), "output_unavailable"),
        (SystemExit(1), "output_unavailable"),
    ],
)
async def test_an_output_that_cannot_be_kept_is_a_failure_with_a_reason(world, error, code):
    world.outputs.fails = [error]
    end = await world.run(world.local(paint))
    assert (end.state, end.code) == (State.FAILED, code)


@pytest.mark.parametrize("error", [OutputRefused("No picture."), OSError("disk"), SystemExit(1), asyncio.CancelledError()])
async def test_a_preview_that_cannot_be_kept_is_listed_and_hurts_nothing(world, error):
    world.outputs.fails = [error]

    async def generate(control):
        yield Previewed(b"a")
        await asyncio.sleep(1)
        yield Previewed(b"b")
        await asyncio.sleep(1)
        yield Produced(b"png")

    end = await world.run(world.local(generate))
    assert (end.state, end.degraded, end.preview.url) == (State.SUCCEEDED, ("preview",), "/p/1")


async def test_previews_that_come_faster_than_they_are_kept_give_way_to_the_newest(world):
    world.outputs.seconds = [5]

    async def generate(control):
        for content in (b"a", b"b", b"c"):
            yield Previewed(content)
            await asyncio.sleep(1)
        await asyncio.sleep(10)
        yield Produced(b"png")

    await world.run(world.local(generate))
    assert world.outputs.previewed == [b"a", b"c"]


async def test_what_is_kept_may_be_fetched_through_the_instances_own_session(world):
    async def generate(control):
        yield Previewed(b"a")
        await asyncio.sleep(1)
        yield Produced(b"png")

    await world.run(world.local(generate))
    assert world.outputs.sessions == [world.session, world.session]


async def test_chunks_that_will_not_stop_do_not_hold_up_the_runner(world):
    release = asyncio.Event()

    async def chunks():
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        yield b""

    async def generate(control):
        yield Produced(chunks())

    await world.start(world.local(generate), total_seconds=100, cancel_seconds=10)
    with capture_logs() as logs:
        await world.task
    assert world.shown[-1].code == "deadline_exceeded"
    assert world.now == pytest.approx(112, abs=1)
    assert "output_task_left_behind" in {line["event"] for line in logs}
    release.set()
    await asyncio.sleep(0)


# The pace


async def test_progress_alone_is_shown_at_most_once_in_its_time_and_the_last_of_it_is_not_lost(world):
    async def generate(control):
        for step in range(100):
            yield Progressed(step / 100)
            await asyncio.sleep(0.01)
        await asyncio.sleep(5)
        yield Produced(b"png")

    await world.run(world.local(generate))
    times = [at for at, status in world.reader.seen if status.progress not in {None, 100} and not status.outputs]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(times) == pytest.approx(11, abs=2)
    assert min(gaps) >= 0.1 - 1e-6
    assert 99 in [status.progress for status in world.shown]


async def test_a_change_of_phase_is_shown_at_once(world):
    async def watch():
        yield Queued(3)
        await asyncio.sleep(0.01)
        yield Started()
        await asyncio.sleep(0.01)
        yield Produced(b"png")
        yield Succeeded()

    await world.run(world.remote(watch=watch))
    assert world.now < 0.05
    assert list(dict.fromkeys(status.phase for status in world.shown))[2:4] == [Phase.QUEUED, Phase.RUNNING]


# The journal


async def eventful(control):
    yield Queued(2)
    yield Started()
    for step in range(4):
        yield Progressed(step / 4)
        await asyncio.sleep(1)
    yield Previewed(b"a")
    await asyncio.sleep(1)
    yield Produced(b"png")


async def test_a_journal_that_fails_once_at_any_append_costs_a_reconnect_and_nothing_else(make_world):
    clean = make_world()
    await clean.run(clean.local(eventful))
    assert clean.journal.appends > 6
    for number in range(1, clean.journal.appends + 1):
        world = make_world()
        world.journal.fails = {number}
        end = await world.run(world.local(eventful))
        assert (end.state, end.outputs, end.preview) == (State.SUCCEEDED, clean.shown[-1].outputs, clean.shown[-1].preview), (
            number
        )
        assert world.reader.cuts == ["error"], number
        assert await world.steps() == await clean.steps(), number


async def test_an_end_is_written_however_often_the_journal_fails(world):
    world.journal.fails = set(range(2, 9))
    end = await world.run(world.local(hang), total_seconds=100)
    assert end.code == "deadline_exceeded"
    assert set(world.reader.cuts) == {"error"}


async def test_a_late_record_is_written_even_if_the_journal_fails(world):
    async def watch():
        await asyncio.sleep(105)
        yield Succeeded(charged=Charged.YES)

    world.journal.fails = {3}
    await world.run(world.remote(watch=watch), stall_seconds=100)
    assert [kind for kind, _ in world.late] == ["Succeeded"]


@pytest.mark.parametrize("how", ["claimed by another", "closed"])
async def test_a_generation_that_is_no_longer_ours_is_let_go_and_its_streams_are_cut(world, how):
    stopped = asyncio.Event()

    async def generate(control):
        try:
            yield Progressed(0.5)
            await asyncio.sleep(60)
            yield Started()
            yield Progressed(0.6)
            await forever()
        finally:
            stopped.set()

    await world.start(world.local(generate))
    await world.until(lambda: world.shown[-1].progress == 50)
    if how == "closed":
        await world.journal.__aexit__()
    else:
        await world.journal.claim("0" * 32, "another")
    await world.task
    assert world.runner.ended.is_set()
    assert world.reader.cuts == ["error"]
    assert world.shown[-1].progress == 50
    assert stopped.is_set()


# Helpers


async def test_the_failure_of_a_helper_is_the_runs(world):
    async def help_out():
        await asyncio.sleep(1)
        raise ProviderUnavailable("The socket closed.")

    async def generate(control):
        control.spawn(help_out(), name="ears")
        yield Progressed(0.5)
        await forever()

    end = await world.run(world.local(generate))
    assert (end.code, end.error) == ("provider_unavailable", "The socket closed.")


async def test_helpers_end_with_the_run(world):
    stopped = asyncio.Event()

    async def help_out():
        try:
            await forever()
        finally:
            stopped.set()

    async def generate(control):
        control.spawn(help_out(), name="ears")
        await asyncio.sleep(1)
        yield Produced(b"png")

    assert (await world.run(world.local(generate))).state is State.SUCCEEDED
    assert stopped.is_set()
