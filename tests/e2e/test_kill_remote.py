"""Killed in each phase of a paid job that lives elsewhere: what was bought is neither lost nor bought again."""

import asyncio
import threading
from contextlib import contextmanager

import pytest

from safelight.testing import Hangs
from safelight_replicate.testing import TOKEN, FakeReplicate

DONE = {"status": "succeeded", "output": 1}


@contextmanager
def running(fake):
    """Run a fake on a loop of its own, beside tests that block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def do(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    try:
        fake.do = do
        do(fake.__aenter__())
        yield fake
        do(fake.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


@pytest.fixture
def replicate():
    with running(FakeReplicate()) as fake:
        yield fake


@pytest.fixture
def serve(launch, replicate):
    """Start the service with the fake as its one provider."""
    settings = {
        "plugin": "replicate",
        "model": "acme/lighthouse",
        "base_url": replicate.base_url,
        "private_network": "true",
        "poll_seconds": "0.05",
    }
    said = {f"providers__paint__{name}": value for name, value in settings.items()}
    return lambda: launch(env={"SAFELIGHT_PROVIDERS__PAINT__TOKEN": TOKEN}, **said).is_up()


@pytest.mark.parametrize(
    ("phase", "until", "weather"),
    [
        ("submitting", "POST */predictions", Hangs(is_done=True)),
        ("waiting", "GET /v1/predictions/*", None),
        ("running", "GET /v1/predictions/*", None),
        ("saving", "GET /delivery/*", Hangs()),
    ],
)
def test_a_kill_loses_nothing_and_buys_nothing_twice(serve, replicate, eventually, phase, until, weather):
    replicate.plot = {
        "submitting": [DONE],
        "waiting": [{"status": "starting"}],
        "running": [{"status": "processing"}],
        "saving": [DONE],
    }[phase]
    if weather is not None:
        replicate.weather(weather, on=until)
    service = serve()
    generation = service.create(providerId="paint")["sessionId"]
    replicate.do(replicate.heard(until))
    eventually(lambda: service.snapshot(generation), lambda snapshot: snapshot["phase"] == phase)
    service.kill()
    replicate.clear()
    if phase in {"waiting", "running"}:
        replicate.go_on(DONE)
    service = serve()
    ended = eventually(lambda: service.snapshot(generation), lambda snapshot: snapshot["phase"] == "finished")
    assert (ended["outcome"], ended["charged"], len(ended["output"])) == ("succeeded", "yes", 1)
    assert len(replicate.predictions) == len(replicate.calls("POST */predictions")) == 1


def test_a_submission_that_never_arrived_is_unknown_after_a_kill_and_not_made_again(serve, replicate, eventually):
    replicate.weather(Hangs(), on="POST */predictions")
    service = serve()
    generation = service.create(providerId="paint")["sessionId"]
    replicate.do(replicate.heard("POST */predictions"))
    service.kill()
    service = serve()
    ended = eventually(lambda: service.snapshot(generation), lambda snapshot: snapshot["phase"] == "finished")
    assert (ended["outcome"], ended["charged"]) == ("unknown", "unknown")
    assert (len(replicate.predictions), len(replicate.calls("POST */predictions"))) == (0, 1)
