import asyncio

import pytest
from structlog.testing import capture_logs

from safelight.errors import Conflict, OutputRefused, OutputUnreachable, StorageFull
from safelight.providers import (
    Cancel,
    Canceled,
    Charged,
    Failed,
    Previewed,
    Produced,
    Progressed,
    Queued,
    Started,
    Succeeded,
)
from safelight.status import Outcome, State

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


# Saving


@pytest.mark.parametrize("error", [OutputRefused("It is too large."), SystemExit(1)])
async def test_an_output_that_can_never_be_kept_is_a_failure_with_a_reason(world, error):
    world.outputs.fails = [error]
    end = await world.run(world.local(paint))
    assert (end.state, end.code) == (State.FAILED, "output_unavailable")
    assert world.now < 1


PASSING = [OutputUnreachable("The store answered 503."), StorageFull("No room."), OSError("disk")]


@pytest.mark.parametrize("error", PASSING)
async def test_an_output_that_cannot_be_kept_now_is_kept_later_and_nobody_takes_the_wait_for_a_stall(world, error):
    world.outputs.fails = [error] * 6
    await world.start(world.local(paint), stall_seconds=5)
    await world.until(lambda: world.runner._custody.trouble)
    await world.until(lambda: world.shown[-1].message)
    assert "tried again" in world.shown[-1].message
    end = await world.end()
    assert (end.state, len(end.outputs), end.code) == (State.SUCCEEDED, 1, None)
    assert 10 < world.now < 40
    assert world.outputs.kept == [b"png"]


@pytest.mark.parametrize("error", PASSING)
@pytest.mark.parametrize(
    ("said", "durability", "charged"),
    [
        (None, "remote", Charged.YES),
        (Charged.NO, "remote", Charged.NO),
        (Charged.UNKNOWN, "remote", Charged.UNKNOWN),
        (None, "process", Charged.NO),
    ],
)
async def test_a_success_that_cannot_be_saved_until_the_deadline_is_lost_and_was_paid_for(
    world, error, said, durability, charged
):
    async def watch():
        yield Produced(b"png")
        yield Succeeded(charged=said)

    world.outputs.fails = [error] * 1000
    provider = world.remote(watch=watch) if durability == "remote" else world.local(paint)
    end = await world.run(provider, total_seconds=100, attempts=3)
    assert (end.outcome, end.code, end.charged) == (Outcome.FAILED, "output_unavailable", charged)
    assert "100 s" in end.error
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(100, abs=1)
    assert [step for step, _ in await world.steps()].count("intent") == 1
    assert (await world.steps())[-1] == ("outcome", "unsaved")


async def test_a_success_that_can_never_be_saved_was_paid_for(world):
    async def watch():
        yield Produced(b"png")
        yield Succeeded()

    world.outputs.fails = [OutputRefused("It is too large.")]
    world.outputs.seconds = [3.0]
    end = await world.run(world.remote(watch=watch))
    assert (end.code, end.error, end.charged) == ("output_unavailable", "It is too large.", Charged.YES)


async def test_chunks_come_only_once_so_that_they_are_not_asked_for_again(world):
    async def chunks():
        yield b"png"

    async def generate(control):
        yield Produced(chunks())

    world.outputs.fails = [StorageFull("No room.")]
    end = await world.run(world.local(generate))
    assert (end.code, end.error) == ("output_unavailable", "The output could not be kept: No room.")
    assert world.now < 1


async def test_outputs_keep_their_order_when_the_first_is_kept_late(world):
    async def generate(control):
        yield Produced(b"a", seed=1)
        yield Produced(b"b", seed=2)

    world.outputs.fails = [StorageFull("No room.")] * 3
    end = await world.run(world.local(generate))
    assert [output.seed for output in end.outputs] == [1, 2]


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


@pytest.mark.parametrize("seconds", [0, 5])
async def test_a_picture_without_a_placeholder_is_listed_and_hurts_nothing(world, seconds):
    world.outputs.seconds = [seconds, seconds]
    world.outputs.facts = [{"width": 1, "height": 1, "placeholder": "data:,"}, {"width": 1, "height": 1}]

    async def generate(control):
        yield Produced(b"a")
        yield Produced(b"b")

    end = await world.run(world.local(generate))
    assert (end.state, end.degraded) == (State.SUCCEEDED, ("placeholder",))
    assert [output.placeholder for output in end.outputs] == ["data:,", None]


async def test_what_is_no_picture_needs_no_placeholder(world):
    end = await world.run(world.local(paint))
    assert (end.state, end.degraded) == (State.SUCCEEDED, ())


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


async def test_an_end_that_the_journal_refuses_for_good_has_not_happened_and_is_written_otherwise(world, monkeypatch):
    refuse = [Conflict("out of sequence")]
    append = world.journal.append

    async def once(generation_id, epoch, *records, durable, delivery):
        if refuse and any(getattr(record, "status", None) and record.status.is_terminal for record in records):
            raise refuse.pop()
        await append(generation_id, epoch, *records, durable=durable, delivery=delivery)

    monkeypatch.setattr(world.journal, "append", once)
    end = await world.run(world.local(paint))
    assert (end.state, end.code) == (State.FAILED, "internal")


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


async def test_what_is_said_after_the_end_changes_nothing_while_outputs_are_still_being_saved(world):
    world.outputs.seconds = [5.0]

    async def generate(control):
        yield Produced(b"png")
        yield Succeeded()
        yield Failed("Changed my mind.")
        yield Progressed(0.1)
        yield Canceled()

    end = await world.run(world.local(generate))
    assert (end.state, end.progress, len(end.outputs)) == (State.SUCCEEDED, 100, 1)


async def test_every_output_is_heard_before_a_success(world):
    world.outputs.seconds = [0.0] * 8

    async def generate(control):
        for number in range(8):
            yield Produced(b"%d" % number)
        yield Succeeded()

    end = await world.run(world.local(generate))
    assert len(end.outputs) == 8


def lost_then(*answers):
    """A remote job whose one output will be refused, and what its next polls say."""
    left = [[Started(), Produced(b"x")], *answers]

    async def poll():
        return left.pop(0) if len(left) > 1 else left[0]

    return poll


async def asked_to_stop():
    return Cancel.REQUESTED


@pytest.mark.parametrize(("said", "charged"), [(None, Charged.YES), (Charged.NO, Charged.NO), (Charged.UNKNOWN, Charged.UNKNOWN)])
async def test_a_success_that_is_heard_after_its_output_was_refused_says_what_that_cost(world, said, charged):
    world.outputs.fails = [OutputRefused("It is too large.")]
    poll = lost_then([], [Succeeded(charged=said)])
    end = await world.run(world.remote(poll=poll, cancel=asked_to_stop))
    assert (end.outcome, end.code, end.charged) == (Outcome.FAILED, "output_unavailable", charged)
    assert (await world.steps())[-1] == ("outcome", "unsaved")


async def test_a_job_whose_output_was_refused_is_asked_to_stop_and_not_waited_for_for_ever(world):
    world.outputs.fails = [OutputRefused("It is too large.")]
    end = await world.run(world.remote(poll=lost_then([]), cancel=asked_to_stop), cancel_seconds=7.0)
    assert (end.outcome, end.code, end.charged) == (Outcome.FAILED, "output_unavailable", Charged.UNKNOWN)
    assert world.now < 60


async def test_a_failure_that_is_heard_after_its_output_was_refused_is_not_tried_again(world):
    world.outputs.fails = [OutputRefused("It is too large.")]
    failed = Failed("No.", code="provider_unavailable", retryable=True, charged=Charged.NO)
    end = await world.run(world.remote(poll=lost_then([failed]), cancel=asked_to_stop), attempts=3)
    assert (end.code, end.charged, len(world.outputs.kept)) == ("output_unavailable", Charged.NO, 0)
