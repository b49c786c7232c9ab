"""What a stranger's provider may do to the service while it runs: it fails by name, its neighbours never notice."""

import re
import textwrap

import pytest

STALL_SECONDS = 5
PLUGIN = """
import asyncio, attrs, sys, time
from safelight.providers import *
from safelight.providers import hookimpl

class Hostile:
    def __repr__(self): raise SystemExit(3)
    __str__ = __eq__ = __hash__ = __bool__ = __len__ = __repr__

class Mute(ProviderUnavailable):
    def __str__(self): raise SystemExit(3)

class Forgetful(Rejected):
    def __init__(self, status): self.status = status

{provider}
Hazard.name = "{name}"

@hookimpl
def safelight_providers():
    return [Hazard]
"""
LOCAL = "class Hazard(LocalProvider):\n    async def generate(self, request, control):\n{body}\n"
CONNECTION = LOCAL.replace("\n", "\n    capabilities = Capabilities(durability=Durability.CONNECTION)\n", 1)
PLAIN = "class Hazard(LocalProvider):\n    {how} generate(self, request, control):\n{body}\n"
REMOTE = """
class Hazard(RemoteProvider):
    capabilities = Capabilities(durability=Durability.REMOTE, poll_seconds=0.05)
    async def submit(self, request, key):
        {submit}
    async def poll(self, job):
        {poll}
"""
SHY = """
    asked = 0

    @property
    def capabilities(self):
        self.asked += 1
        if self.asked > 1: sys.exit(3)  # the first who asks is whoever opens it
        return self.possible
"""


def local(body, template=LOCAL, **more):
    return template.format(body=textwrap.indent(textwrap.dedent(body).strip(), " " * 8), **more)


def crash(how, **more):
    return {"code": "provider_crashed", "error": f"The provider {how}; the service's log says more.", **more}


def garbage(called):
    return {"code": "provider_protocol", "error": f"The provider yielded a '{called}', which is no update."}


def refused(sentence):
    return {"code": "output_unavailable", "error": sentence, "retryable": True}


def unknown(sentence):
    error = f"It is not known whether the provider took the job: {sentence}"
    return {"outcome": "unknown", "code": "outcome_unknown", "error": error, "charged": "unknown"}


STALLED = {
    "outcome": "expired",
    "code": "stalled",
    "error": f"The provider showed no sign of life within the stall deadline of {STALL_SECONDS} s.",
    "retryable": True,
}
NAMED = {"plugin": "hazard", "provider": "hazard"}
"""What stands here for the name of each."""
CRASHED = {"event": "provider_crashed", **NAMED}
NONSENSE = {"event": "provider_nonsense", **NAMED}
LEFT = {"event": "provider_task_left_behind", **NAMED}
ENDED = {"event": "generation_ended", "provider": "hazard", "outcome": "failed"}
HAZARDS = {
    # what a generator raises
    "raises": (local("yield Started()\nraise RuntimeError('flooded')"), crash("crashed (RuntimeError)"), CRASHED),
    "exits": (local("yield Started()\nraise SystemExit(3)"), crash("crashed (SystemExit)"), CRASHED),
    "interrupts": (local("yield Started()\nraise KeyboardInterrupt"), crash("crashed (KeyboardInterrupt)"), CRASHED),
    "forges-a-cancel": (local("yield Started()\nraise asyncio.CancelledError"), crash("canceled itself"), CRASHED),
    "cancels-itself": (
        local("yield Started()\nasyncio.current_task().cancel()\nawait asyncio.sleep(60)"),
        crash("canceled itself"),
        CRASHED,
    ),
    "cancels-everybody-of-its-own": (
        local(
            """
            yield Started()
            for task in asyncio.all_tasks():
                if task.get_name().startswith("cancels-everybody-of-its-own:"):
                    task.cancel()
            await asyncio.sleep(60)
            """
        ),
        crash("canceled itself"),
        CRASHED,
    ),
    "raises-the-unspeakable": (local("yield Started()\nraise Mute('x')"), crash("crashed (SystemExit)"), CRASHED),
    "raises-an-error-that-forgets-its-base": (
        local("yield Started()\nraise Forgetful(418)"),
        {"outcome": "rejected", "code": "provider_rejected", "error": "418"},
        {"event": "generation_ended", "provider": "hazard", "outcome": "rejected"},
    ),
    "raises-an-error-with-nonsense-for-facts": (
        local("yield Started()\nraise Rejected('No.', charged=Hostile())"),
        crash("crashed (TypeError)"),
        CRASHED,
    ),
    "exits-in-a-helper": (
        local(
            """
            async def leave(): sys.exit(3)
            control.spawn(leave(), name="leave")
            await asyncio.sleep(60)
            yield Started()
            """
        ),
        crash("crashed (SystemExit)"),
        CRASHED,
    ),
    "exits-in-a-thread": (
        local("yield Started()\nawait asyncio.to_thread(sys.exit, 3)"),
        crash("crashed (SystemExit)"),
        CRASHED,
    ),
    # what it yields
    "yields-none": (local("yield None"), garbage("NoneType"), NONSENSE),
    "yields-a-dict": (local("yield {'progress': 50}"), garbage("dict"), NONSENSE),
    "yields-the-unspeakable": (local("yield Hostile()"), garbage("Hostile"), NONSENSE),
    "yields-a-class": (local("yield Progressed"), garbage("type"), NONSENSE),
    "yields-impossible-progress": (local("yield Progressed(7.0)"), crash("crashed (ValueError)"), CRASHED),
    "produces-a-number": (
        local("yield Produced(7)"),
        refused("The provider's output is a 'int', not bytes, a path, a URL or chunks."),
        ENDED,
    ),
    "produces-the-unspeakable": (
        local("yield Produced(Hostile())"),
        refused("The provider's output is a 'Hostile', not bytes, a path, a URL or chunks."),
        ENDED,
    ),
    "produces-chunks-that-exit": (
        local(
            """
            async def chunks():
                yield b"by a stranger"
                raise SystemExit(3)
            yield Produced(chunks())
            """
        ),
        refused("The provider's output broke off (SystemExit)."),
        ENDED,
    ),
    "produces-chunks-that-cancel": (
        local(
            """
            async def chunks():
                yield b"by a stranger"
                asyncio.current_task().cancel()
                await asyncio.sleep(60)
            yield Produced(chunks())
            """
        ),
        refused("The provider's output broke off (CancelledError)."),
        ENDED,
    ),
    "produces-nothing": (
        local("yield Started()"),
        {"code": "empty_output", "error": "The provider finished without an output.", "retryable": True},
        ENDED,
    ),
    # what it is instead of a generator
    "returns-a-list": (
        local("return [Started()]", PLAIN, how="def"),
        {"code": "provider_protocol", "error": "The provider returned a 'list' instead of yielding updates."},
        NONSENSE,
    ),
    "returns-a-plain-generator": (
        local("yield Started()", PLAIN, how="def"),
        {"code": "provider_protocol", "error": "The provider returned a 'generator' instead of yielding updates."},
        NONSENSE,
    ),
    "is-a-coroutine": (
        local("return [Started()]", PLAIN, how="async def"),
        {"code": "provider_protocol", "error": "The provider returned a 'coroutine' instead of yielding updates."},
        NONSENSE,
    ),
    "exits-before-it-iterates": (local("sys.exit(3)", PLAIN, how="def"), crash("crashed (SystemExit)"), CRASHED),
    # what does not end
    "hangs-in-its-finally": (
        local(
            """
            try:
                yield Started()
            finally:
                await asyncio.Event().wait()
            """
        ),
        STALLED,
        {"event": "generation_ended", "provider": "hazard", "outcome": "expired"},
    ),
    "hangs-in-its-finally-once-it-is-canceled": (
        local(
            """
            try:
                yield Started()
                await asyncio.sleep(60)
            finally:
                await asyncio.Event().wait()
            """
        ),
        STALLED,
        LEFT,
    ),
    "ignores-every-cancel": (
        local(
            """
            yield Started()
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    pass
            """
        ),
        STALLED,
        LEFT,
    ),
    # what may have cost money
    "exits-after-it-may-have-paid": (
        local("await control.submitting()\nraise SystemExit(3)\nyield", CONNECTION),
        unknown("The provider crashed (SystemExit); the service's log says more."),
        CRASHED,
    ),
    "exits-while-it-submits": (
        REMOTE.format(submit="sys.exit(3)", poll="return []"),
        unknown("The provider crashed (SystemExit); the service's log says more."),
        CRASHED,
    ),
    "exits-while-it-polls": (
        REMOTE.format(submit="return Job(key)", poll="sys.exit(3)"),
        crash("crashed (SystemExit)", charged="unknown"),
        CRASHED,
    ),
    "exits-while-it-polls-and-never-said-where-its-jobs-live": (
        REMOTE.replace("durability=Durability.REMOTE, ", "")
        .replace("Capabilities(", "attrs.evolve(RemoteProvider.capabilities, ")
        .format(submit="return Job(key)", poll="sys.exit(3)"),
        crash("crashed (SystemExit)", charged="unknown"),
        CRASHED,
    ),
    "polls-garbage": (
        REMOTE.format(submit="return Job(key)", poll="return [Hostile()]"),
        {**garbage("Hostile"), "charged": "unknown"},
        ENDED,
    ),
    "polls-nothing-at-all": (
        REMOTE.format(submit="return Job(key)", poll="return None"),
        {
            "code": "provider_protocol",
            "error": "The provider returned a 'NoneType' from 'poll' instead of a list of updates.",
            "charged": "unknown",
        },
        NONSENSE,
    ),
    "forgets-async-where-it-polls": (
        REMOTE.format(submit="return Job(key)", poll="return []").replace("async def poll", "def poll"),
        {
            "code": "provider_protocol",
            "error": "The provider's 'poll' is no 'async def': it returned a 'list'.",
            "charged": "unknown",
        },
        NONSENSE,
    ),
    "forgets-async-where-it-submits": (
        REMOTE.format(submit="return Job(key)", poll="return []").replace("async def submit", "def submit"),
        unknown("The provider's 'submit' is no 'async def': it returned a 'Job'."),
        NONSENSE,
    ),
    "cannot-say-what-it-can-do-once-it-is-open": (
        REMOTE.replace("capabilities = Capabilities(", "possible = Capabilities(").format(
            submit="return Job(key)", poll="return [Failed('As ever.')]"
        )
        + SHY,
        {"error": "As ever.", "code": "provider_rejected", "charged": "unknown"},
        NONSENSE,
    ),
    "throws-away-what-it-was-lent": (
        local("yield Failed('As ever.')")
        + "    async def __aenter__(self):\n        del self.resources, self.settings\n        return self\n",
        {"error": "As ever.", "code": "provider_rejected"},
        ENDED,
    ),
    "returns-no-job": (
        REMOTE.format(submit="return Hostile()", poll="return []"),
        unknown("The provider returned a 'Hostile' instead of a job."),
        {"event": "generation_ended", "provider": "hazard", "outcome": "unknown"},
    ),
    "returns-a-job-with-a-number-that-would-come-back-as-none": (
        REMOTE.format(submit="return Job(key, {'at': [{'until': float('inf')}]})", poll="return []"),
        unknown("The provider returned a job that JSON would not bring back as it is: 'data.at[0].until' is inf."),
        {"event": "generation_ended", "provider": "hazard", "outcome": "unknown"},
    ),
    "returns-a-job-with-a-key-that-would-come-back-as-text": (
        REMOTE.format(submit="return Job(key, {'parts': ({1: 'a'},)})", poll="return []"),
        unknown("The provider returned a job that JSON would not bring back as it is: a key of 'data.parts[0]' is a 'int'."),
        {"event": "generation_ended", "provider": "hazard", "outcome": "unknown"},
    ),
    "returns-a-job-with-bytes-that-would-come-back-as-text": (
        REMOTE.format(submit="return Job(key, {'token': b'x'})", poll="return []"),
        unknown("The provider returned a job that JSON would not bring back as it is: 'data.token' is a 'bytes'."),
        {"event": "generation_ended", "provider": "hazard", "outcome": "unknown"},
    ),
}


DEADLINES = {"deadlines__stall_seconds": STALL_SECONDS, "deadlines__cancel_seconds": 3}


@pytest.fixture
def endangered(site, launch):
    """Start a service that offers this provider as `hazard`, beside the built-in ones."""

    def start(provider):
        site.ship("hazard", PLUGIN.format(provider=provider, name="hazard"))
        return launch(env=site.env, providers__hazard__plugin="hazard", **DEADLINES).is_up()

    return start


@pytest.fixture(scope="module")
def crowded(make_site, launch_shared):
    """A service in which each hazard has just been asked, all at once and beside one another; and what it was told."""
    site = make_site()
    for name, (provider, _, _) in HAZARDS.items():
        site.ship(name, PLUGIN.format(provider=provider, name=name))
    service = launch_shared(env=site.env, **{f"providers__{name}__plugin": name for name in HAZARDS}, **DEADLINES).is_up()
    bystander = service.create(options={"seconds": 2 * STALL_SECONDS})
    return service, bystander, {name: service.create(providerId=name)["sessionId"] for name in HAZARDS}


def terminal(service, eventually, generation):
    """Wait for the end while both probes stay content."""

    def ask():
        for probe in ("/livez", "/readyz"):
            assert service.call("GET", probe, port=service.admin_port)[0] == 200
        return service.snapshot(generation)

    return eventually(ask, lambda snapshot: snapshot["status"] in {"succeeded", "failed"})


def assert_unhurt(service, eventually, bystander):
    """What ran at the same time succeeds, new work does too, and the process leaves in order when it is asked to."""
    for unhurt in (bystander, service.create(options={"seconds": 0})):
        end = terminal(service, eventually, unhurt["sessionId"])
        assert end["status"] == "succeeded", end
    assert service.left() == 0
    service.logged("service_closed")
    assert service.said() == []


@pytest.mark.parametrize("name", HAZARDS)
def test_hazard_ends_as_a_failure_by_name(crowded, eventually, name):
    service, _, hurt = crowded
    _, end, line = HAZARDS[name]
    snapshot = terminal(service, eventually, hurt[name])
    expected = {"status": "failed", "outcome": "failed", "charged": "no", "retryable": False, **end}
    assert {fact: snapshot.get(fact) for fact in expected} == expected
    assert "output" not in snapshot or snapshot["output"] == []
    service.logged(**{fact: name if value == "hazard" else value for fact, value in line.items()})
    service.logged("generation_ended", generation=hurt[name], code=expected["code"], charged=expected["charged"])


def test_neighbours_of_every_hazard_never_notice_and_the_process_leaves_in_order(crowded, eventually):
    service, bystander, hurt = crowded
    for generation in hurt.values():
        terminal(service, eventually, generation)
    assert_unhurt(service, eventually, bystander)


def test_provider_that_blocks_the_loop_is_named_while_it_does_and_nobody_fails(endangered, eventually):
    service = endangered(local("yield Started()\ntime.sleep(2)\nyield Failed('Woke up.')"))
    bystander = service.create(options={"seconds": 1})
    hurt = service.create(providerId="hazard")["sessionId"]
    blocked = service.logged("loop_blocked")
    assert blocked["plugin"] == "hazard (hazard)"
    assert re.fullmatch(r"hazard\.py:\d+ generate", blocked["where"])
    freed = service.logged("loop_freed", plugin="hazard (hazard)")
    assert freed["seconds"] >= 2
    snapshot = terminal(service, eventually, hurt)
    assert (snapshot["outcome"], snapshot["error"], snapshot["charged"]) == ("failed", "Woke up.", "no")
    assert_unhurt(service, eventually, bystander)


@pytest.mark.parametrize("error", ["RuntimeError('flooded')", "SystemExit(3)", "KeyboardInterrupt()"])
@pytest.mark.parametrize(
    "stray",
    ["self.stray = asyncio.create_task(flood())", "asyncio.get_running_loop().call_soon(drop)"],
    ids=["task", "callback"],
)
def test_stray_that_raises_outside_every_border_is_in_the_log_and_nobody_notices(endangered, eventually, stray, error):
    service = endangered(
        local(
            f"""
            def drop(): raise {error}
            async def flood(): drop()
            {stray}
            await asyncio.sleep(0.1)
            self.stray = None
            yield Failed("That was all.")
            """
        )
    )
    bystander = service.create(options={"seconds": 1})
    hurt = service.create(providerId="hazard")["sessionId"]
    snapshot = terminal(service, eventually, hurt)
    assert (snapshot["outcome"], snapshot["error"]) == ("failed", "That was all.")
    line = service.logged_with("hazard.py", error.partition("(")[0])
    assert line["level"] == "error"
    assert_unhurt(service, eventually, bystander)


@pytest.mark.parametrize("how", ["sys.exit(3)", "raise asyncio.CancelledError", "asyncio.current_task().cancel()"])
def test_provider_that_does_not_open_is_unavailable_by_name_and_the_service_is_up(endangered, eventually, how):
    provider = local("yield Started()") + f"    async def __aenter__(self):\n        {how}\n        await asyncio.sleep(60)\n"
    service = endangered(provider)
    service.logged("provider_crashed", plugin="hazard", call="open")
    service.logged("provider_unavailable", provider="hazard", plugin="hazard")
    status, problem = service.call("POST", "/v1/generations", {"prompt": "a lighthouse", "providerId": "hazard"})
    assert (status, problem["code"]) == (503, "provider_unavailable")
    assert_unhurt(service, eventually, service.create(options={"seconds": 0}))


def test_provider_that_exits_while_it_closes_does_not_change_how_the_service_leaves(endangered, eventually):
    provider = local("yield Started()") + "    async def __aexit__(self, *exc_info):\n        sys.exit(3)\n"
    service = endangered(provider)
    assert_unhurt(service, eventually, service.create(options={"seconds": 0}))
    service.logged("provider_crashed", plugin="hazard", call="close")


def test_task_of_an_instance_that_exits_is_named_and_the_instance_goes_on(endangered, eventually):
    service = endangered(
        local("yield Failed('As ever.')")
        + textwrap.indent(
            textwrap.dedent(
                """
                async def __aenter__(self):
                    async def leave(): sys.exit(3)
                    self.resources.spawn(leave(), name="leave")
                    return self
                """
            ),
            " " * 4,
        )
    )
    service.logged("provider_task_failed", provider="hazard", plugin="hazard", task="leave")
    hurt = service.create(providerId="hazard")["sessionId"]
    assert terminal(service, eventually, hurt)["error"] == "As ever."
    assert_unhurt(service, eventually, service.create(options={"seconds": 0}))
