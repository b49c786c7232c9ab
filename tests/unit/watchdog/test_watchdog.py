import asyncio
import importlib.util
import threading
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from safelight.watchdog import Blocked, Watchdog

PLUGIN = """\
import time


async def sleep(reported):
    reported.wait(30), time.sleep(0.2)


async def hold(released):
    released.wait(30)


async def spin(released):
    end = time.monotonic() + 30
    while not released.is_set() and time.monotonic() < end:
        pass


async def keep_the_interpreter(rounds):
    sum(range(rounds))


async def call(helper, released):
    helper(released)


def ask_the_loop(loop, future):
    loop.call_soon_threadsafe(future.set_result, None)
"""
OWNER = "lighthouse (safelight-lighthouse)"


class Reports(list[Blocked]):
    """What was reported; `arrived` is set by the first."""

    def __init__(self):
        super().__init__()
        self.arrived = threading.Event()

    def take(self, blocked):
        self.append(blocked)
        self.arrived.set()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "lighthouse"
    folder.mkdir()
    (folder / "lamp.py").write_text(PLUGIN)
    return folder


@pytest.fixture
def plugin(folder):
    spec = importlib.util.spec_from_file_location("lamp", folder / "lamp.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def reports():
    return Reports()


@pytest.fixture
async def watchdog(folder, reports):
    async with Watchdog({folder: OWNER, Path("/nowhere"): "other"}, on_blocked=reports.take) as watchdog:
        await beaten(watchdog, 2)
        yield watchdog


async def beaten(watchdog, beats):
    """Let the loop run, a short step at a time, until the heart has beaten so often."""
    async with asyncio.timeout(30):
        for _ in range(beats):
            last = watchdog._beaten
            while watchdog._beaten == last:  # noqa: ASYNC110 - a busy loop is what is asked for
                await asyncio.sleep(0)


async def test_sleeping_plugin_is_named_once_with_its_line_and_told_when_it_lets_go(watchdog, plugin, reports):
    with capture_logs() as logs:
        await plugin.sleep(reports.arrived)  # however long a starved machine takes to see it
        await beaten(watchdog, 3)
    assert [(report.plugin, report.where) for report in reports] == [(OWNER, "lamp.py:5 sleep")]
    assert reports[0].seconds >= 0.25
    assert [(line["event"], line["plugin"], line["where"]) for line in logs] == [
        ("loop_blocked", OWNER, "lamp.py:5 sleep"),
        ("loop_freed", OWNER, "lamp.py:5 sleep"),
    ]
    assert logs[1]["seconds"] >= reports[0].seconds + 0.2 - 0.07, "to a beat, it counts until the loop is free"


@pytest.mark.parametrize("how", ["hold", "spin"])
async def test_plugin_that_would_never_let_go_is_named_while_it_holds(watchdog, plugin, reports, how):
    await getattr(plugin, how)(reports.arrived)
    assert reports.arrived.is_set()
    assert reports[0].plugin == OWNER
    assert reports[0].where.endswith(how)


async def test_extension_that_keeps_the_interpreter_to_itself_is_named(watchdog, plugin, reports):
    started = time.thread_time()
    sum(range(1_000_000))
    rounds = int(1_000_000 * 0.8 / (time.thread_time() - started))
    await beaten(watchdog, 2)
    reports.clear()
    await plugin.keep_the_interpreter(rounds)
    await beaten(watchdog, 3)
    assert [(report.plugin, report.where) for report in reports] == [(OWNER, "lamp.py:19 keep_the_interpreter")]


async def test_plugin_that_blocks_in_a_library_it_calls_is_named(watchdog, plugin, reports):
    await plugin.call(threading.Event.wait, reports.arrived)
    assert (reports[0].plugin, reports[0].where) == (OWNER, "lamp.py:23 call")


async def test_code_of_nobody_is_unknown_with_its_place(watchdog, reports):
    reports.arrived.wait(30)
    assert reports[0].plugin == "unknown"
    assert reports[0].where.partition(":")[0] in {"test_watchdog.py", "threading.py"}


async def test_each_blockage_is_reported_again(watchdog, plugin, reports):
    for _ in range(2):
        reports.arrived.clear()
        await plugin.hold(reports.arrived)
        await beaten(watchdog, 3)
    assert len(reports) == 2


async def test_idle_loop_is_left_alone(watchdog, reports):
    with capture_logs() as logs:
        await asyncio.sleep(4 * 0.25)
    assert (reports, logs) == ([], [])


def test_loop_that_waits_for_events_is_held_by_nobody_however_late_its_beat(folder):
    def look_until_it_waits(watchdog):
        end = time.monotonic() + 10
        while watchdog._look(60.0) is not None and time.monotonic() < end:
            pass
        return time.monotonic() < end

    async def wait_for_events():
        async with Watchdog({folder: OWNER}) as watchdog:
            return await asyncio.to_thread(look_until_it_waits, watchdog)

    assert asyncio.run(wait_for_events())  # on a plain loop: the tests' own wraps the selector to bend time


async def test_loop_busy_with_many_short_steps_is_left_alone(watchdog, reports):
    await beaten(watchdog, 12)
    assert reports == []


async def test_slow_await_is_left_alone(watchdog, plugin, reports):
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    timer = threading.Timer(0.6, plugin.ask_the_loop, (loop, future))
    timer.start()
    await future
    timer.join()
    assert reports == []


async def test_time_in_which_the_whole_process_stood_still_does_not_count(folder):
    watchdog = Watchdog({folder: OWNER})
    assert watchdog._counted(elapsed=60.0, cpu=0.0) < watchdog._threshold
    assert watchdog._counted(elapsed=60.0, cpu=59.0) == 59.0


async def test_thread_ends_with_the_watchdog(folder):
    before = threading.active_count()
    async with Watchdog({folder: OWNER}):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
