import asyncio

import pytest

from safelight.providers import (
    Cancel,
    Canceled,
    CancelKind,
    Durability,
    Failed,
    Job,
    Noted,
    Produced,
    Progressed,
    ProviderProtocol,
    ProviderUnavailable,
    Queued,
    RemoteProvider,
    Started,
    Succeeded,
    Unsupported,
)
from safelight_simulator.ears import TICK, Ears
from safelight_simulator.ledger import Ledger
from safelight_simulator.work import Work

pytestmark = pytest.mark.looptime
WALK = [
    {"do": "queued", "position": 1},
    {"do": "wait", "seconds": 2},
    {"do": "started"},
    {"do": "progress", "fraction": 0.25},
    {"do": "wait", "seconds": 2},
    {"do": "progress", "fraction": 0.75},
    {"do": "wait", "seconds": 2},
    {"do": "output", "url": "https://example.test/x.png"},
    {"do": "succeed"},
]


async def watched(provider, job, said=None):
    said = [] if said is None else said
    start = asyncio.get_running_loop().time()
    async for update in provider.watch(job):
        said.append((round(asyncio.get_running_loop().time() - start, 2), update))
    return said


async def test_watch_says_everything_when_it_happens(open_simulator, ask):
    async with open_simulator(remote=True) as provider:
        job = await provider.submit(ask.remote(WALK, params={"seed": 1}), "k")
        said = await watched(provider, job)
    assert said == [
        (0, Queued(1)),
        (2, Started()),
        (2, Progressed(0.25)),
        (4, Progressed(0.75)),
        (6, Produced("https://example.test/x.png", seed=1)),
        (6, Succeeded()),
    ]


async def test_a_job_goes_on_while_nobody_watches_and_a_late_watcher_sees_where_it_stands(open_simulator, ask):
    async with open_simulator(remote=True) as provider:
        job = await provider.submit(ask.remote(WALK), "k")
        await asyncio.sleep(5.5)
        said = await watched(provider, job)
    assert [(at, type(update)) for at, update in said] == [
        (0, Queued),
        (0, Started),
        (0, Progressed),
        (0.5, Produced),
        (0.5, Succeeded),
    ]
    assert said[2][1] == Progressed(0.75)


async def test_poll_and_watch_agree_at_every_moment(open_simulator, ask):
    async with open_simulator(remote=True) as provider:
        job = await provider.submit(ask.remote(WALK), "k")
        said = []
        task = asyncio.create_task(watched(provider, job, said))
        for _ in range(7):
            await asyncio.sleep(0.5)
            newest = {type(update): update for _, update in said}
            polled = await provider.poll(job)
            assert {type(update): update for update in polled} == newest
            assert await provider.poll(job) == polled
            await asyncio.sleep(0.5)
        await task
    assert isinstance(polled[-1], Succeeded)


async def test_two_watchers_see_the_same(open_simulator, ask):
    async with open_simulator(remote=True) as provider:
        job = await provider.submit(ask.remote(params={"width": 64, "height": 64}), "k")
        first, second = await asyncio.gather(watched(provider, job), watched(provider, job))
    assert first == second
    assert len(first) > 10


async def test_a_watcher_who_leaves_takes_nothing_with_him(open_simulator, ask, tmp_path):
    async with open_simulator(remote=True) as provider:
        job = await provider.submit(ask.remote(WALK), "k")
        task = asyncio.create_task(watched(provider, job))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait({task})
        await asyncio.sleep(10)
        assert (await provider.poll(job))[-1] == Succeeded()
    assert [entry.event for entry in Ledger(tmp_path).entries()] == ["submitted", "succeeded"]


async def test_a_script_without_an_end_succeeds_and_one_that_stalls_never_ends(open_simulator, ask):
    async with open_simulator(remote=True) as provider:
        done = await provider.submit(ask.remote([{"do": "started"}]), "k")
        stalled = await provider.submit(ask.remote([{"do": "started"}, {"do": "stall"}]), "k")
        await asyncio.sleep(1_000_000)
        assert await provider.poll(done) == [Started(), Succeeded()]
        assert await provider.poll(stalled) == [Started()]


async def test_a_script_that_waits_at_its_end_succeeds_behind_that(open_simulator, ask):
    async with open_simulator(remote=True) as provider:
        job = await provider.submit(ask.remote([{"do": "started"}, {"do": "wait", "seconds": 3}]), "k")
        assert await watched(provider, job) == [(0, Started()), (3, Succeeded())]


async def test_what_is_said_after_the_end_leaves_what_led_to_it(open_simulator, ask):
    script = [
        {"do": "note", "text": "a"},
        {"do": "succeed"},
        {"do": "wait", "seconds": 1},
        {"do": "note", "text": "b"},
        {"do": "fail"},
    ]
    async with open_simulator(remote=True) as provider:
        job = await provider.submit(ask.remote(script), "k")
        said = [update for _, update in await watched(provider, job)]
        assert said == await provider.poll(job) == [Noted("a"), Succeeded(), Noted("b"), Failed("The simulated model failed.")]


async def test_a_fault_strikes_whoever_looks_so_often_as_it_says(open_simulator, ask):
    script = [{"do": "started"}, {"do": "raise", "error": "ProviderUnavailable", "times": 2}, {"do": "succeed"}]
    async with open_simulator(remote=True) as provider:
        job = await provider.submit(ask.remote(script), "k")
        with pytest.raises(ProviderUnavailable):
            await watched(provider, job)
        with pytest.raises(ProviderUnavailable):
            await provider.poll(job)
        assert await provider.poll(job) == [Started(), Succeeded()]


async def test_a_hangup_ends_the_stream_and_not_the_job(open_simulator, ask):
    script = [{"do": "started"}, {"do": "hangup"}, {"do": "wait", "seconds": 5}, {"do": "succeed"}]
    async with open_simulator(remote=True) as provider:
        job = await provider.submit(ask.remote(script), "k")
        assert await watched(provider, job) == [(0, Started())]
        assert await provider.poll(job) == [Started()]
        await asyncio.sleep(5)
        assert await provider.poll(job) == [Started(), Succeeded()]


@pytest.mark.parametrize(
    ("answer", "promised", "at", "said", "end"),
    [
        (None, "confirmed", 3, Cancel.CONFIRMED, Canceled()),
        (None, "requested", 3, Cancel.REQUESTED, Canceled()),
        (None, "queued_only", 1, Cancel.CONFIRMED, Canceled()),
        (None, "queued_only", 3, Cancel.TOO_LATE, Succeeded()),
        (None, "global", 3, Cancel.CONFIRMED, Canceled()),
        ("confirmed", "none", 3, Cancel.CONFIRMED, Canceled()),
        ("confirmed", "confirmed", 9, Cancel.TOO_LATE, Succeeded()),
        ("requested", "confirmed", 9, Cancel.TOO_LATE, Succeeded()),
        ("requested", "confirmed", 5.5, Cancel.REQUESTED, Succeeded()),
        ("too_late", "confirmed", 3, Cancel.TOO_LATE, Succeeded()),
    ],
)
async def test_a_cancel_is_answered_as_the_script_says_else_as_promised(open_simulator, ask, answer, promised, at, said, end):
    async with open_simulator(remote=True, cancel=CancelKind(promised)) as provider:
        assert provider.capabilities.cancel == promised
        job = await provider.submit(ask.remote(WALK, cancel=answer), "k")
        task = asyncio.create_task(watched(provider, job))
        await asyncio.sleep(at)
        assert await provider.cancel(job) is said
        assert (await task)[-1][1] == end
        await asyncio.sleep(10)
        assert (await provider.poll(job))[-1] == end


@pytest.mark.parametrize(
    ("answer", "promised", "error"),
    [("unsupported", "confirmed", Unsupported), (None, "none", Unsupported), ("error", "confirmed", ProviderUnavailable)],
)
async def test_a_cancel_that_fails_leaves_the_job_alone(open_simulator, ask, answer, promised, error):
    async with open_simulator(remote=True, cancel=CancelKind(promised)) as provider:
        job = await provider.submit(ask.remote(WALK, cancel=answer), "k")
        with pytest.raises(error):
            await provider.cancel(job)
        assert (await watched(provider, job))[-1] == (6, Succeeded())


async def test_a_cancel_may_hang_and_may_take_its_time(open_simulator, ask):
    loop = asyncio.get_running_loop()
    async with open_simulator(remote=True) as provider:
        job = await provider.submit(ask.remote(WALK, cancel="hang"), "k")
        task = asyncio.create_task(provider.cancel(job))
        done, _ = await asyncio.wait({task}, timeout=1000)
        assert not done
        task.cancel()
        await asyncio.wait({task})
        slow = await provider.submit(ask.remote([{"do": "stall"}], cancel_seconds=20.0), "k")
        start = loop.time()
        assert await provider.cancel(slow) is Cancel.CONFIRMED
        assert loop.time() - start == pytest.approx(20)


async def test_a_cancel_at_the_very_moment_of_an_update_is_heard_by_who_watches(open_simulator, ask):
    async with open_simulator(remote=True) as provider:
        for seed in range(30):
            job = await provider.submit(ask.remote(params={"seed": seed, "width": 16, "height": 16}, jitter=0.9), "k")
            said = []
            async for update in provider.watch(job):
                said.append(update)
                if isinstance(update, Progressed):
                    await provider.cancel(job)
            assert said[-1] == Canceled()
            assert sum(isinstance(update, Progressed) for update in said) == 1


async def test_a_cancel_a_hair_before_an_update_that_was_heard_is_heard_too(open_simulator, ask):
    script = [{"do": "wait", "seconds": TICK / 2}, {"do": "started"}, {"do": "stall"}]
    async with open_simulator(remote=True):
        work = Work("j", ask.remote(script))
        heard = []
        async for beat in work.follow(Ears()):
            heard.append(beat.act.do)
            work.stop(work.age)
    assert heard == ["started", "canceled"]


async def test_canceling_twice_is_one_cancel(open_simulator, ask, tmp_path):
    async with open_simulator(remote=True) as provider:
        job = await provider.submit(ask.remote(WALK), "k")
        assert [await provider.cancel(job), await provider.cancel(job)] == [Cancel.CONFIRMED] * 2
        await asyncio.sleep(10)
    assert [entry.event for entry in Ledger(tmp_path).entries()] == ["submitted", "canceled"]


async def test_a_paused_job_stands_still_until_it_is_resumed(open_simulator, ask):
    async with open_simulator(remote=True) as provider:
        job = await provider.submit(ask.remote(WALK), "k")
        task = asyncio.create_task(watched(provider, job))
        await asyncio.sleep(3)
        await provider.pause(job)
        await asyncio.sleep(100)
        assert (await provider.poll(job))[-1] == Progressed(0.25)
        await provider.resume(job)
        assert [at for at, _ in await task] == [0, 2, 2, 104, 106, 106]


async def test_a_deaf_watch_ignores_its_cancel_for_so_long(open_simulator, ask):
    script = [{"do": "deaf", "seconds": 5}, {"do": "stall"}]
    loop = asyncio.get_running_loop()
    async with open_simulator(remote=True) as provider:
        job = await provider.submit(ask.remote(script), "k")
        start = loop.time()
        task = asyncio.create_task(watched(provider, job))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait({task})
        assert loop.time() - start == pytest.approx(5)


async def test_an_instance_opened_again_finds_its_jobs_where_they_stand_by_then(open_simulator, ask, tmp_path):
    async with open_simulator(remote=True) as provider:
        running = await provider.submit(ask.remote(WALK, charge="success", params={"seed": 3}), "k1")
        paused = await provider.submit(ask.remote(WALK), "k2")
        canceled = await provider.submit(ask.remote(WALK), "k3")
        done = await provider.submit(ask.remote([{"do": "succeed"}]), "k4")
        await asyncio.sleep(1)
        await provider.pause(paused)
        await provider.cancel(canceled)
    await asyncio.sleep(4)
    async with open_simulator(remote=True) as provider:
        assert await provider.poll(running) == [Queued(1), Started(), Progressed(0.75)]
        assert await provider.poll(paused) == [Queued(1)]
        assert await provider.poll(canceled) == [Queued(1), Canceled()]
        assert await provider.poll(done) == [Succeeded()]
        await provider.resume(paused)
        ends = await asyncio.gather(watched(provider, running), watched(provider, paused))
        assert [said[-1] for said in ends] == [(1, Succeeded()), (5, Succeeded())]
        await asyncio.sleep(1)
    assert [(entry.key, entry.job == running.id) for entry in Ledger(tmp_path).charges() if entry.job == running.id] == [
        ("", True)
    ]
    ended = [entry.event for entry in Ledger(tmp_path).entries() if entry.event in {"succeeded", "canceled"}]
    assert sorted(ended) == ["canceled", "succeeded", "succeeded", "succeeded"]


async def test_a_job_that_ended_while_the_instance_was_closed_is_settled_when_it_opens(open_simulator, ask, tmp_path):
    async with open_simulator(remote=True) as provider:
        await provider.submit(ask.remote(WALK, charge="success"), "k1")
    await asyncio.sleep(100)
    async with open_simulator(remote=True):
        await asyncio.sleep(1)
    assert [entry.event for entry in Ledger(tmp_path).charges()] == ["succeeded"]


async def test_a_job_paused_over_a_restart_has_not_aged(open_simulator, ask):
    async with open_simulator(remote=True) as provider:
        job = await provider.submit(ask.remote(WALK), "k")
        await asyncio.sleep(3)
        await provider.pause(job)
        await asyncio.sleep(10)
        await provider.resume(job)
        await asyncio.sleep(0.5)
    async with open_simulator(remote=True) as provider:
        assert await watched(provider, job) == [
            (0, Queued(1)),
            (0, Started()),
            (0, Progressed(0.25)),
            (0.5, Progressed(0.75)),
            (2.5, Produced("https://example.test/x.png", seed=provider_seed(provider, job))),
            (2.5, Succeeded()),
        ]


def provider_seed(provider, job):
    return provider._upstream._works[job.id].scene.seed


async def test_only_remote_jobs_outlive_the_instance(open_simulator, ask):
    async with open_simulator(remote=True, durability=Durability.CONNECTION) as provider:
        job = await provider.submit(ask.remote(WALK), "k")
    async with open_simulator(remote=True, durability=Durability.CONNECTION) as provider:
        with pytest.raises(ProviderProtocol):
            await provider.poll(job)


async def test_an_unknown_job_is_named(open_simulator):
    async with open_simulator(remote=True) as provider:
        for call in (provider.poll, provider.cancel, provider.pause):
            with pytest.raises(ProviderProtocol, match="sim-nobody"):
                await call(Job("sim-nobody"))


async def test_ended_jobs_leave_memory_and_can_still_be_asked_for(open_simulator, ask, monkeypatch):
    monkeypatch.setattr("safelight_simulator.upstream._IN_MEMORY", 2)
    async with open_simulator(remote=True) as provider:
        jobs = [await provider.submit(ask.remote([{"do": "succeed"}]), f"k{number}") for number in range(5)]
        await asyncio.sleep(1)
        assert len(provider._upstream._works) == 2
        assert [await provider.poll(job) for job in jobs] == [[Succeeded()]] * 5
        assert len(provider._upstream._works) == 2


@pytest.mark.parametrize(("push", "watches", "polls"), [("watch", True, False), ("poll", False, True), ("both", True, True)])
async def test_push_decides_how_a_job_can_be_followed(open_simulator, ask, push, watches, polls):
    async with open_simulator(remote=True, push=push) as provider:
        assert (type(provider).watch is not RemoteProvider.watch) == watches
        assert (type(provider).poll is not RemoteProvider.poll) == polls
        assert provider.name == "simulator-remote"
        job = await provider.submit(ask.remote([{"do": "succeed"}]), "k")
        if watches:
            assert await watched(provider, job) == [(0, Succeeded())]
        else:
            with pytest.raises(Unsupported):
                await watched(provider, job)
        if polls:
            assert await provider.poll(job) == [Succeeded()]
        else:
            with pytest.raises(Unsupported):
                await provider.poll(job)
