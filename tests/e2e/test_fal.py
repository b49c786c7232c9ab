"""A job in fal's queue: killed in each of its phases it is neither lost nor bought again, and a webhook has it looked at."""

from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from safelight.testing import Hangs
from safelight_fal.testing import ENDPOINT, KEY, FakeFal

OVER = {"status": "COMPLETED"}
SUBMIT, FILE = "POST *", "GET /files/*"


@pytest.fixture
def fal(run_upstream):
    return run_upstream(FakeFal())


@pytest.fixture
def serve(launch, fal):
    """Start the service with the fake as its one provider."""
    settings = {"plugin": "fal", "endpoint": ENDPOINT, "url": fal.url, "private_network": "true", "poll_seconds": "0.1"}

    def start(*, port=0, public_url="", **more):
        said = {f"providers__paint__{name}": value for name, value in {**settings, **more}.items()}
        env = {"SAFELIGHT_PROVIDERS__PAINT__KEY": KEY}
        return launch(env=env, port=port, server__public_url=public_url, **said).is_up()

    return start


@pytest.fixture
def after_a_kill(serve, fal, eventually):
    """Kill the service in a phase of a job; let the sun shine, the job go on, and a successor tell how it ended."""

    def live_on(phase, until, *steps):
        service = serve()
        generation = service.create(providerId="paint")["sessionId"]
        fal.do(fal.heard(until))
        eventually(lambda: service.snapshot(generation), lambda snapshot: snapshot["phase"] == phase)
        service.kill()
        fal.clear()
        for job in fal.jobs.values():
            job.plot.extend(steps)
        service = serve()
        return eventually(lambda: service.snapshot(generation), lambda snapshot: snapshot["phase"] == "finished")

    return live_on


@pytest.mark.parametrize(
    ("phase", "until", "plot"),
    [
        ("queued", "GET *stream", [{"status": "IN_QUEUE", "queue_position": 3}]),
        ("running", "GET *stream", [{"status": "IN_PROGRESS"}]),
        ("saving", FILE, [OVER]),
    ],
)
def test_a_job_that_was_taken_is_watched_on_and_paid_once(fal, after_a_kill, phase, until, plot):
    fal.plot = plot
    fal.weather(Hangs(), on=FILE)
    ended = after_a_kill(phase, until, OVER)
    assert (ended["outcome"], ended["charged"], len(ended["output"])) == ("succeeded", "yes", 1)
    assert len(fal.jobs) == len(fal.calls(SUBMIT)) == 1


@pytest.mark.parametrize("is_taken", [True, False])
def test_a_submission_without_an_answer_is_unknown_and_not_made_again(fal, after_a_kill, is_taken):
    fal.weather(Hangs(is_done=is_taken), on=SUBMIT)
    ended = after_a_kill("submitting", SUBMIT)
    assert (ended["outcome"], ended["charged"]) == ("unknown", "unknown")
    assert (len(fal.jobs), len(fal.calls(SUBMIT))) == (is_taken, 1)


def test_a_webhook_that_fal_signed_has_the_job_looked_at_long_before_its_poll(serve, fal, eventually, free_port):
    fal.weather(Hangs(), on="GET *stream")  # a stream that is open has the job polled but twice a minute
    service = serve(port=free_port, public_url=f"http://127.0.0.1:{free_port}", jwks_url=f"{fal.url}/.well-known/jwks.json")
    generation = service.create(providerId="paint")["sessionId"]
    fal.do(fal.heard("GET *stream"))
    job = fal.last()
    job.plot[:] = [OVER]
    raw, headers = fal.signed(job)
    path = urlsplit(job.webhook).path
    assert send(service, path, raw, headers | {"X-Fal-Webhook-User-Id": "somebody"}) == 401
    assert fal.calls("GET *status") == []
    assert send(service, path, raw, headers) == 200
    ended = eventually(lambda: service.snapshot(generation), lambda snapshot: snapshot["phase"] == "finished")
    assert (ended["outcome"], len(ended["output"])) == ("succeeded", 1)


def send(service, path, raw, headers):
    connection = HTTPConnection("127.0.0.1", service.port, timeout=10)
    try:
        connection.request("POST", path, raw, headers)
        return connection.getresponse().status
    finally:
        connection.close()
