import asyncio
import subprocess
import sys
import textwrap
import time

import pytest

from safelight.providers import InvalidParams
from safelight_simulator.acts import HAZARDS
from safelight_simulator.hazards import EXIT_CODE

pytestmark = pytest.mark.looptime
DANGERS = [{"do": do, "seconds": 0.01} if do == "block" else {"do": do} for do in sorted(HAZARDS)]


@pytest.mark.parametrize(
    "script",
    [
        *([danger] for danger in DANGERS),
        [{"do": "deaf", "seconds": 61}],
        [{"do": "note"}, {"do": "repeat", "times": 2000}],
        [{"do": "log", "length": 1_000_001}],
        [{"do": "raise", "error": "RuntimeError", "length": 1_000_001}],
        [{"do": "note", "length": 2000}, {"do": "wait", "seconds": 0}, {"do": "repeat", "times": 500}],
        [{"do": "output", "length": 2**24 + 1}],
        [{"do": "output", "width": 8192, "height": 8192}],
        [{"do": "preview"}, {"do": "repeat", "times": 1000}],
    ],
    ids=lambda script: "-".join(act["do"] for act in script),
)
@pytest.mark.parametrize("remote", [False, True])
async def test_a_dangerous_script_is_refused_by_default_and_the_setting_is_named(open_simulator, ask, heard, remote, script):
    async with open_simulator(remote=remote) as provider:
        work = provider.submit(ask.remote(script), "k") if remote else heard(provider, ask.local(script))
        with pytest.raises(InvalidParams, match=r"options\.script.*`hazards = true` in \[providers\.sim\]"):
            await work


async def test_the_refusal_names_every_reason_at_once(open_simulator, ask, heard):
    async with open_simulator() as provider:
        with pytest.raises(InvalidParams, match=r"script\[0\]: 'block'.*script\[1\]: 'exit_process'"):
            await heard(provider, ask.local([{"do": "block", "seconds": 1}, {"do": "exit_process"}]))


async def test_many_outputs_by_url_are_no_burden(open_simulator, ask, heard):
    script = [{"do": "output", "url": "https://example.test/x.png"}, {"do": "repeat", "times": 1000}]
    async with open_simulator() as provider:
        assert len(await heard(provider, ask.local(script))) == 1001


async def test_an_instance_with_hazards_holds_the_event_loop(open_simulator, ask, heard):
    async with open_simulator(hazards=True) as provider:
        before = time.monotonic()
        await heard(provider, ask.local([{"do": "block", "seconds": 0.05}]))
        assert time.monotonic() - before >= 0.05


@pytest.mark.parametrize(
    ("do", "raised"),
    [("system_exit", SystemExit), ("keyboard_interrupt", KeyboardInterrupt), ("forge_cancel", asyncio.CancelledError)],
)
async def test_an_instance_with_hazards_raises_what_nobody_should(open_simulator, ask, heard, do, raised):
    async with open_simulator(hazards=True) as provider:
        with pytest.raises(raised):
            await heard(provider, ask.local([{"do": do}]))


async def test_cancel_self_cancels_the_task_that_iterates(open_simulator, ask, heard):
    async with open_simulator(hazards=True) as provider:
        task = asyncio.create_task(heard(provider, ask.local([{"do": "cancel_self"}])))
        await asyncio.wait({task})
        assert task.cancelled()
        assert task.cancelling() == 1


async def test_spawn_crash_starts_a_helper_of_the_run_that_raises(open_simulator, ask, heard, run):
    async with open_simulator(hazards=True) as provider:
        await heard(provider, ask.local([{"do": "spawn_crash"}]))
        [helper] = run.helpers
        with pytest.raises(RuntimeError):
            await helper


async def test_spawn_crash_of_a_remote_job_starts_a_helper_of_the_instance(open_simulator, ask):
    async with open_simulator(remote=True, hazards=True) as provider:
        job = await provider.submit(ask.remote([{"do": "spawn_crash"}, {"do": "stall"}]), "k")
        assert await provider.poll(job) == []
        [helper] = [task for task in open_simulator.tasks if task.get_name() == "simulated-crash"]
        with pytest.raises(RuntimeError):
            await helper


def test_exit_process_kills_the_process_at_once(tmp_path):
    script = """
        import asyncio, sys
        from pathlib import Path
        from safelight.ports import SystemClock
        from safelight.providers import Request, Resources
        from safelight_simulator.acts import Act
        from safelight_simulator.options import RemoteOptions
        from safelight_simulator.params import Params
        from safelight_simulator.plugin import RemoteSimulator
        from safelight_simulator.settings import RemoteSettings

        tasks = []
        async def main():
            spawn = lambda work, *, name: tasks.append(asyncio.create_task(work))
            resources = Resources(instance="s", session=None, clock=SystemClock(), spawn=spawn, folder=Path(sys.argv[1]))
            async with RemoteSimulator(RemoteSettings(hazards=True), resources) as provider:
                if len(sys.argv) > 2:
                    from safelight.providers import Job
                    job = Job(sys.argv[2])
                else:
                    acts = (Act(do="exit_process", times=1), Act(do="succeed"))
                    job = await provider.submit(Request(prompt="x", params=Params(), options=RemoteOptions(script=acts)), "k")
                print([type(u).__name__ async for u in provider.watch(job)], flush=True)
        asyncio.run(main())
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    first = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (first.returncode, first.stdout) == (EXIT_CODE, "")

    from safelight_simulator.ledger import Ledger

    [submission] = Ledger(tmp_path).submissions("k")
    again = subprocess.run([*command, submission.job], capture_output=True, text=True, timeout=60, check=False)
    assert (again.returncode, again.stdout.strip()) == (0, "['Succeeded']"), again.stderr
