import asyncio
import threading

import pytest

from safelight.providers import (
    Durability,
    Job,
    NotSent,
    OutcomeUnknown,
    ProviderRateLimited,
    Rejected,
    Succeeded,
)
from safelight_simulator.ledger import Ledger, LedgerWriter

pytestmark = pytest.mark.looptime
REFUSALS = [
    ("not_sent", NotSent, 0),
    ("rejected", Rejected, 0),
    ("rate_limited", ProviderRateLimited, 0),
    ("unknown", OutcomeUnknown, 0),
    ("unknown_but_running", OutcomeUnknown, 1),
    ("crash", RuntimeError, 0),
]


@pytest.mark.parametrize(("answer", "error", "charges"), REFUSALS)
async def test_a_remote_submission_is_answered_as_the_script_says(open_simulator, ask, tmp_path, answer, error, charges):
    async with open_simulator(remote=True) as provider:
        with pytest.raises(error):
            await provider.submit(ask.remote(submit=answer), "key-1")
    ledger = Ledger(tmp_path)
    assert (len(ledger.charges()), len(ledger.submissions("key-1"))) == (charges, charges)


@pytest.mark.parametrize(("answer", "error", "charges"), REFUSALS)
async def test_a_run_that_pays_inside_is_answered_as_the_script_says(
    open_simulator, ask, heard, run, tmp_path, answer, error, charges
):
    async with open_simulator(durability=Durability.CONNECTION) as provider:
        with pytest.raises(error):
            await heard(provider, ask.local(submit=answer))
    assert run.said == ["submitting"]
    assert len(Ledger(tmp_path).charges()) == charges


async def test_an_accepted_submission_is_on_the_disk_before_the_answer(open_simulator, ask, tmp_path):
    async with open_simulator(remote=True) as provider:
        task = asyncio.create_task(provider.submit(ask.remote(submit_seconds=60.0), "key-1"))
        await asyncio.sleep(30)
        assert not task.done()
        [charge] = Ledger(tmp_path).charges()
        job = await task
        assert (charge.job, charge.key, charge.event) == (job.id, "key-1", "submitted")


async def test_a_submission_nobody_waits_for_any_more_runs_and_is_paid(open_simulator, ask, tmp_path):
    async with open_simulator(remote=True) as provider:
        task = asyncio.create_task(provider.submit(ask.remote(submit_seconds=60.0), "key-1"))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait({task})
        await asyncio.sleep(100)
    assert [entry.event for entry in Ledger(tmp_path).entries()] == ["submitted", "succeeded"]


async def test_a_submission_given_up_while_it_is_written_down_runs_all_the_same(open_simulator, ask, tmp_path, monkeypatch):
    writing, go_on = threading.Event(), threading.Event()
    write = LedgerWriter.write

    def slow_write(ledger, entry):
        writing.set()
        assert go_on.wait(10)
        write(ledger, entry)

    monkeypatch.setattr(LedgerWriter, "write", slow_write)
    async with open_simulator(remote=True) as provider:
        task = asyncio.create_task(provider.submit(ask.remote(charge="success"), "key-1"))
        assert await asyncio.to_thread(writing.wait, 10)
        task.cancel()
        await asyncio.wait({task})
        go_on.set()
        await asyncio.sleep(100)
    assert [entry.event for entry in Ledger(tmp_path).entries()] == ["submitted", "succeeded"]


async def test_a_submission_that_cannot_be_written_down_fails_and_opens_no_job(open_simulator, ask, monkeypatch):
    def full(ledger, entry):
        raise OSError("no room")

    async with open_simulator(remote=True) as provider:
        monkeypatch.setattr(LedgerWriter, "write", full)
        with pytest.raises(OSError, match="no room"):
            await provider.submit(ask.remote(), "key-1")
        assert provider._upstream._works == {}


async def test_submitting_twice_is_paid_twice_even_under_one_key(open_simulator, ask, tmp_path):
    async with open_simulator(remote=True) as provider:
        await provider.submit(ask.remote(), "key-1")
        await provider.submit(ask.remote(), "key-1")
    assert len(Ledger(tmp_path).submissions("key-1")) == len(Ledger(tmp_path).charges()) == 2


@pytest.mark.parametrize("remote", [False, True])
async def test_a_submission_that_hangs_never_answers_and_opens_no_job(open_simulator, ask, heard, tmp_path, remote):
    async with open_simulator(remote=remote) as provider:
        work = provider.submit(ask.remote(submit="hang"), "k") if remote else heard(provider, ask.local(submit="hang"))
        task = asyncio.create_task(work)
        done, _ = await asyncio.wait({task}, timeout=1_000_000)
        assert not done
        task.cancel()
        await asyncio.wait({task})
    assert Ledger(tmp_path).submissions() == []


async def test_a_refusal_with_times_is_followed_by_acceptance(open_simulator, ask, tmp_path):
    request = ask.remote(submit="not_sent", submit_times=2)
    async with open_simulator(remote=True) as provider:
        for key in ("k1", "k2"):
            with pytest.raises(NotSent):
                await provider.submit(request, key)
        await provider.submit(request, "k3")
    assert [entry.key for entry in Ledger(tmp_path).submissions()] == ["k3"]


@pytest.mark.parametrize(("charge", "paid_at"), [("accept", ["submitted"]), ("success", ["succeeded"]), ("never", [])])
@pytest.mark.parametrize("remote", [False, True])
async def test_money_is_taken_when_the_request_says(open_simulator, ask, heard, tmp_path, remote, charge, paid_at):
    durability = Durability.REMOTE if remote else Durability.CONNECTION
    async with open_simulator(remote=remote, durability=durability) as provider:
        if remote:
            await provider.submit(ask.remote(charge=charge), "k")
            await asyncio.sleep(10)  # nobody watches
        else:
            await heard(provider, ask.local(charge=charge))
    assert [entry.event for entry in Ledger(tmp_path).charges()] == paid_at


@pytest.mark.parametrize(("last", "event"), [("succeed", "succeeded"), ("fail", "failed"), ("canceled", "canceled")])
@pytest.mark.parametrize("remote", [False, True])
async def test_the_end_is_written_down_once(open_simulator, ask, heard, tmp_path, remote, last, event):
    script = [{"do": "wait", "seconds": 1}, {"do": last}, {"do": "repeat", "times": 3}]
    async with open_simulator(remote=remote, durability=Durability.CONNECTION) as provider:
        if remote:
            await provider.submit(ask.remote(script), "k")
            await asyncio.sleep(10)
        else:
            await heard(provider, ask.local(script))
    assert [entry.event for entry in Ledger(tmp_path).entries()] == ["submitted", event]


async def test_a_run_that_pays_says_so_before_and_after(open_simulator, ask, heard, run, tmp_path):
    async with open_simulator(durability=Durability.CONNECTION) as provider:
        assert provider.capabilities.durability is Durability.CONNECTION
        await heard(provider, ask.local([{"do": "succeed"}]))
    [submission] = Ledger(tmp_path).submissions()
    assert run.said == ["submitting", Job(submission.job)]


async def test_a_paid_run_that_is_canceled_says_so_in_the_ledger(open_simulator, ask, heard, tmp_path):
    async with open_simulator(durability=Durability.CONNECTION) as provider:
        task = asyncio.create_task(heard(provider, ask.local([{"do": "stall"}])))
        await asyncio.sleep(5)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
    assert [entry.event for entry in Ledger(tmp_path).entries()] == ["submitted", "canceled"]


async def test_a_run_inside_the_process_costs_nothing_and_leaves_no_trace(open_simulator, ask, heard, run, tmp_path):
    async with open_simulator() as provider:
        assert provider.capabilities.durability is Durability.PROCESS
        assert [update for _, update in await heard(provider, ask.local([{"do": "succeed"}]))] == [Succeeded()]
    assert run.said == []
    assert Ledger(tmp_path).entries() == []


async def test_the_local_form_cannot_claim_to_be_remote(open_simulator):
    with pytest.raises(ValueError, match="simulator-remote"):
        async with open_simulator(durability=Durability.REMOTE):
            pass
