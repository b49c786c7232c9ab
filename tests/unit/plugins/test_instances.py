import asyncio
import contextlib
import sys

import aiohttp
import pytest
from structlog.testing import capture_logs

from safelight.config.model import Instance
from safelight.egress import open_session
from safelight.errors import Fault
from safelight.instances import UnavailableInstance
from safelight.keepers import OPEN_SECONDS, open_instances
from safelight.plugins import discover
from safelight.ports import SystemClock
from safelight.settings import check_instances

BAD = """
said = []

@attrs.frozen
class Settings:
    token: str = ""

@attrs.frozen
class Picky:
    size: int = attrs.field(default=1)

    @size.validator
    def _check(self, attribute, value):
        raise GeneratorExit(value)

class Bad(LocalProvider):
    Settings = {settings}

    async def generate(self, request, control):
        yield Produced(b"png")

    async def __aenter__(self):
        {enter}
        return self

    async def __aexit__(self, *exc_info):
        {leave}

@hookimpl
def safelight_providers():
    return [Bad]
"""
CANCEL_ITSELF = "asyncio.current_task().cancel(); await asyncio.sleep(0)"
HANG = "await asyncio.Event().wait()"
CLING = """
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()"""


def ship_bad(site, *, enter="pass", leave="pass", settings="Settings"):
    site.ship("bad", BAD.format(enter=enter, leave=leave, settings=settings))


@pytest.fixture
def said():
    """What the plugin under test wrote down."""
    return lambda: sys.modules["bad.plugin"].said


@pytest.fixture
def opening(site, tmp_path):
    """Open the good provider and the one under test."""

    @contextlib.asynccontextmanager
    async def opening(*, make_session=open_session, **settings):
        instances = {"bad": Instance(plugin="bad", settings=settings), "good": Instance(plugin="good")}
        async with open_instances(
            instances,
            site.discover(),
            clock=SystemClock(),
            folder=tmp_path / "providers",
            open_session=make_session,
        ) as opened:
            yield opened

    site.ship_good()
    return opening


def tasks():
    """Return the names of the tasks that run plugin code."""
    return {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith(("bad:", "good:"))}


async def test_instance_is_open_with_all_it_was_promised(site, opening, tmp_path, said):
    ship_bad(site, enter="said.append('in')", leave="said.append('out')")
    async with opening(token="sesame") as opened:
        instance = opened["bad"]
        assert instance.fault is None
        assert instance.provider.settings.token == "sesame"
        assert instance.capabilities is instance.offer.cls.capabilities
        resources = instance.provider.resources
        assert (resources.instance, resources.session) == ("bad", instance.session)
        assert resources.folder == tmp_path / "providers" / "bad"
        assert resources.folder.is_dir()
        assert said() == ["in"]
    assert said() == ["in", "out"]
    assert tasks() == set()
    assert instance.session.closed


async def test_two_instances_of_one_plugin_share_nothing(site, tmp_path):
    site.ship_good()
    instances = {"one": Instance(plugin="good"), "two": Instance(plugin="good")}
    async with open_instances(
        instances, site.discover(), clock=SystemClock(), folder=tmp_path, open_session=open_session
    ) as opened:
        assert list(opened) == ["one", "two"]
        assert opened["one"].provider is not opened["two"].provider
        assert opened["one"].session is not opened["two"].session


async def test_private_network_reaches_the_client(site, tmp_path):
    asked = []

    def session(*, private_network, heard):
        asked.append(private_network)
        return aiohttp.ClientSession()

    site.ship_good()
    instances = {"one": Instance(plugin="good", private_network=True), "two": Instance(plugin="good")}
    async with open_instances(instances, site.discover(), clock=SystemClock(), folder=tmp_path, open_session=session):
        assert asked == [True, False]


@pytest.mark.parametrize(
    ("enter", "reason"),
    [
        ("raise RuntimeError('boom')", "crashed (RuntimeError)"),
        ("raise SystemExit(1)", "crashed (SystemExit)"),
        ("raise KeyboardInterrupt", "crashed (KeyboardInterrupt)"),
        ("raise ProviderAuth('token=abcdefghij is wrong')", "token=[redacted] is wrong"),
        (CANCEL_ITSELF, "canceled itself"),
        ("self.capabilities = 3", "capabilities is not a Capabilities"),
        (
            "return self\n\n    def __init__(self, settings, resources):\n        return",
            "its __init__ does not call super().__init__(settings, resources)",
        ),
    ],
    ids=["error", "exit", "interrupt", "auth", "cancel", "lie", "alone"],
)
async def test_provider_that_fails_to_open_is_named_and_alone(site, opening, enter, reason):
    ship_bad(site, enter=enter)
    with capture_logs() as logs:
        async with opening() as opened:
            assert opened["good"].fault is None
            assert isinstance(opened["bad"], UnavailableInstance)
            assert reason in opened["bad"].fault
            assert opened["bad"].offer.distribution == "bad"
    (line,) = [line for line in logs if line["event"] == "provider_unavailable"]
    assert (line["provider"], line["plugin"]) == ("bad", "bad")
    assert reason in line["reason"]


@pytest.mark.looptime
@pytest.mark.parametrize("enter", [HANG, CLING], ids=["hang", "cling"])
async def test_provider_that_hangs_on_opening_is_given_up_in_bounded_time(site, opening, enter):
    ship_bad(site, enter=enter)
    started = asyncio.get_running_loop().time()
    async with opening() as opened:
        assert opened["bad"].fault == "did not open within 10 s"
        assert opened["good"].fault is None
    assert asyncio.get_running_loop().time() - started < OPEN_SECONDS + 5


@pytest.mark.parametrize(
    "leave",
    ["raise RuntimeError('boom')", "raise SystemExit(1)", CANCEL_ITSELF],
    ids=["error", "exit", "cancel"],
)
async def test_provider_that_fails_to_close_is_named_and_alone(site, opening, leave):
    ship_bad(site, leave=leave)
    with capture_logs() as logs:
        async with opening() as opened:
            sessions = [instance.session for instance in opened.values()]
    assert all(session.closed for session in sessions)
    (line,) = [line for line in logs if line["log_level"] == "error"]
    assert (line["event"], line["provider"], line["plugin"], line["call"]) == ("provider_crashed", "bad", "bad", "close")


@pytest.mark.looptime
@pytest.mark.parametrize("leave", [HANG, CLING], ids=["hang", "cling"])
async def test_provider_that_hangs_on_closing_is_given_up_in_bounded_time(site, opening, leave):
    ship_bad(site, leave=leave)
    async with opening() as opened:
        session = opened["bad"].session
        started = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - started < OPEN_SECONDS + 5
    assert session.closed


async def test_task_groups_of_a_plugin_are_entered_and_left_in_one_task(site, opening):
    ship_bad(
        site,
        enter="self.group = asyncio.TaskGroup(); await self.group.__aenter__(); self.group.create_task(asyncio.sleep(0))",
        leave="await self.group.__aexit__(*exc_info)",
    )
    with capture_logs() as logs:
        async with opening() as opened:
            assert opened["bad"].fault is None
    assert logs == []


@pytest.mark.parametrize("crash", ["RuntimeError('boom')", "SystemExit(1)", "asyncio.CancelledError"])
async def test_spawned_task_that_crashes_is_named_and_hurts_nobody(site, opening, crash):
    ship_bad(
        site,
        enter="self.resources.spawn(self.work(), name='refresh')",
        leave="pass\n\n    async def work(self):\n        raise " + crash,
    )
    with capture_logs() as logs:
        async with opening() as opened:
            async with asyncio.timeout(5):
                while not logs or logs[-1]["event"] != "provider_task_failed":  # noqa: ASYNC110 - the log is all there is
                    await asyncio.sleep(0)
            assert opened["bad"].fault is None
    line = logs[-1]
    assert (line["provider"], line["plugin"], line["task"]) == ("bad", "bad", "refresh")


async def test_spawned_tasks_end_after_the_provider_has_left_and_before_its_client_closes(site, opening, said):
    ship_bad(
        site,
        enter="self.resources.spawn(self.work(), name='refresh'); await asyncio.sleep(0)",
        leave="""said.append(('out', self.resources.session.closed))

    async def work(self):
        try:
            await asyncio.Event().wait()
        finally:
            said.append(('task', self.resources.session.closed))""",
    )
    async with opening() as opened:
        session = opened["bad"].session
    assert said() == [("out", False), ("task", False)]
    assert tasks() == set()
    assert session.closed


async def test_nothing_can_be_spawned_once_the_provider_is_closing(site, opening, said):
    ship_bad(
        site,
        leave="""
        try:
            self.resources.spawn(asyncio.sleep(0), name='late')
        except RuntimeError as error:
            said.append(str(error))""",
    )
    async with opening():
        pass
    assert said() == ["'bad' is closing: nothing can be spawned any more"]


@pytest.mark.looptime
async def test_cancelled_while_opening_closes_what_was_opened(site, opening):
    sessions = []

    def remember(*, private_network, heard):
        sessions.append(open_session(private_network=private_network, heard=heard))
        return sessions[-1]

    ship_bad(site, enter=HANG)

    async def use():
        async with opening(make_session=remember):
            raise AssertionError

    task = asyncio.create_task(use())
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [session.closed for session in sessions] == [True, True]
    assert tasks() == set()


@pytest.mark.looptime
async def test_cancelled_while_closing_still_closes_everything(site, opening):
    ship_bad(site, leave=HANG)
    entered, closing = asyncio.Event(), asyncio.Event()
    sessions = []

    async def use():
        async with opening() as opened:
            sessions.extend(instance.session for instance in opened.values())
            entered.set()
            await closing.wait()

    task = asyncio.create_task(use())
    await entered.wait()
    closing.set()
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [session.closed for session in sessions] == [True, True]
    assert tasks() == set()


async def test_instance_of_a_broken_plugin_is_unavailable_with_the_reason(site, opening):
    site.ship("bad", "import sys\nsys.exit(3)")
    async with opening() as opened:
        assert opened["bad"].fault == "unknown plugin 'bad'; bad (bad): SystemExit: 3 (bad/plugin.py:5)"
        assert opened["good"].fault is None


def test_unknown_plugin_is_a_fault_that_says_what_was_meant(site):
    site.ship_good()
    faults = check_instances({"mine": Instance(plugin="god")}, site.discover())
    assert faults == (Fault("providers.mine.plugin", "unknown plugin 'god' (did you mean 'good'?)"),)


def test_unknown_plugin_may_be_a_broken_one_and_does_not_stop_the_service(site):
    site.ship("bad", "import sys\nsys.exit(3)")
    assert check_instances({"mine": Instance(plugin="good")}, site.discover()) == ()


def test_every_fault_of_every_instance_is_told_at_once(site):
    ship_bad(site)
    instances = {
        "a/b": Instance(plugin="bad"),
        "one": Instance(plugin="bad", settings={"tokn": "secret"}),
        "two": Instance(plugin="nothing"),
    }
    faults = check_instances(instances, site.discover())
    assert [fault.path for fault in faults] == ["providers.a/b", "providers.one.tokn", "providers.two.plugin"]
    assert "secret" not in str(faults)


def test_validator_that_raises_the_unthinkable_is_a_fault_of_its_instance(site):
    ship_bad(site, settings="Picky")
    (fault,) = check_instances({"mine": Instance(plugin="bad")}, site.discover())
    assert fault == Fault("providers.mine", "bad (bad) raised GeneratorExit")


async def test_unknown_instance_is_told_with_what_was_meant(site, opening):
    ship_bad(site)
    async with opening() as opened:
        assert opened.unknown("goood") == Fault("providerId", "unknown provider 'goood' (did you mean 'good'?)")


def test_nothing_is_opened_for_no_instances(tmp_path):
    async def use():
        async with open_instances({}, discover([]), clock=SystemClock(), folder=tmp_path, open_session=open_session) as opened:
            assert dict(opened) == {}

    asyncio.run(use())
