import asyncio

import pytest

from safelight.errors import NotPausable
from safelight.providers import Job, Produced, Progressed, ProviderUnavailable, Succeeded
from safelight.status import Outcome, Phase, State

pytestmark = pytest.mark.looptime


def steps(beat=1.0, count=10):
    async def generate(control):
        for step in range(count):
            await control.checkpoint()
            await asyncio.sleep(beat)
            yield Progressed(step / count)
        yield Produced(b"picture")

    return generate


async def begun(world, provider, **bounds):
    await world.start(provider, **bounds)
    await world.until(lambda: world.shown[-1].progress == 0)


async def test_a_paused_one_holds_still_however_long_and_goes_on_when_it_is_let(world):
    await begun(world, world.local(steps(), pause=True), stall_seconds=5)
    await world.runner.hold(still=True)
    assert (world.shown[-1].phase, world.shown[-1].state) == (Phase.PAUSED, State.PROCESSING)
    await asyncio.sleep(100)
    held = world.shown[-1]
    assert held.phase is Phase.PAUSED
    assert held.progress <= 10
    await world.runner.hold(still=False)
    assert world.shown[-1].phase is Phase.RUNNING
    assert (await world.end()).outcome is Outcome.SUCCEEDED


async def test_what_was_on_its_way_when_it_was_paused_is_shown_and_does_not_let_it_go_on(world):
    await begun(world, world.local(steps(), pause=True))
    await world.runner.hold(still=True)
    await world.until(lambda: world.shown[-1].progress == 10)
    assert world.shown[-1].phase is Phase.PAUSED
    await world.runner.cancel()
    assert (await world.end()).outcome is Outcome.CANCELED


async def test_asking_again_for_what_is_so_already_changes_nothing(world):
    await begun(world, world.local(steps(), pause=True))
    await world.runner.hold(still=False)
    await world.runner.hold(still=True)
    shown = len(world.shown)
    await world.runner.hold(still=True)
    assert len(world.shown) == shown


async def test_one_that_is_forgotten_goes_on_by_itself(world):
    await begun(world, world.local(steps(), pause=True), max_pause_seconds=60)
    await world.runner.hold(still=True)
    began = asyncio.get_running_loop().time()
    assert (await world.end()).outcome is Outcome.SUCCEEDED
    assert 60 < asyncio.get_running_loop().time() - began < 90


async def test_the_total_deadline_counts_on_while_it_is_paused(world):
    await begun(world, world.local(steps(), pause=True), total_seconds=30, max_pause_seconds=600)
    await world.runner.hold(still=True)
    assert (await world.end()).code == "deadline_exceeded"


async def test_a_provider_that_cannot_pause_says_so_and_works_on(world):
    await begun(world, world.local(steps()))
    with pytest.raises(NotPausable, match="cannot pause"):
        await world.runner.hold(still=True)
    assert (await world.end()).outcome is Outcome.SUCCEEDED


async def test_what_has_not_been_taken_or_is_ending_cannot_be_paused(world):
    let = asyncio.Event()

    async def submit():
        await let.wait()
        return Job("1")

    async def watch():
        yield Progressed(0.5)
        await asyncio.Event().wait()

    await world.start(world.remote(submit=submit, watch=watch, pause=True))
    with pytest.raises(NotPausable, match="not taken it yet"):
        await world.runner.hold(still=True)
    let.set()
    await world.until(lambda: world.shown[-1].progress == 50)
    await world.runner.cancel()
    with pytest.raises(NotPausable, match="coming to its end"):
        await world.runner.hold(still=True)
    await world.end()
    with pytest.raises(NotPausable, match="ended already"):
        await world.runner.hold(still=True)


async def test_a_remote_job_is_paused_upstream_and_a_refusal_is_handed_on(world):
    asked = []
    resumed = asyncio.Event()

    async def watch():
        yield Progressed(0.5)
        await resumed.wait()
        await asyncio.sleep(1)
        yield Produced(b"picture")
        yield Succeeded()

    provider = world.remote(watch=watch, pause=True)

    async def pause(job):
        asked.append("paused")
        if len(asked) == 1:
            raise ProviderUnavailable("come back later")

    async def resume(job):
        asked.append("resumed")
        resumed.set()

    provider.pause, provider.resume = pause, resume
    await world.start(provider)
    await world.until(lambda: world.shown[-1].progress == 50)
    with pytest.raises(NotPausable, match="did not pause it: come back later"):
        await world.runner.hold(still=True)
    await world.runner.hold(still=True)
    await world.runner.hold(still=False)
    assert (await world.end()).outcome is Outcome.SUCCEEDED
    assert asked == ["paused", "paused", "resumed"]


async def test_nobody_waits_for_ever_when_it_ends_while_the_provider_is_asked_to_pause(world):
    async def watch():
        yield Progressed(0.5)
        await asyncio.sleep(1)
        yield Produced(b"picture")
        yield Succeeded()

    async def pause(job):
        await asyncio.Event().wait()

    provider = world.remote(watch=watch, pause=True)
    provider.pause = pause
    await world.start(provider)
    await world.until(lambda: world.shown[-1].progress == 50)
    with pytest.raises(NotPausable):
        await world.runner.hold(still=True)
    await world.end()
