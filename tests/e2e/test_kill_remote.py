"""Killed in each phase of a paid job that lives elsewhere: what was bought is neither lost nor bought again."""

import pytest

from safelight.testing import Hangs
from safelight_replicate.testing import TOKEN, FakeReplicate

DONE = {"status": "succeeded", "output": 1}


@pytest.fixture
def replicate(run_upstream):
    return run_upstream(FakeReplicate())


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
