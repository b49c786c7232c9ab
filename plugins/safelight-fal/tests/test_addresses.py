"""Our key goes to hosts that may have it, whatever an answer says."""

import pytest

from safelight.providers import Job, Secret
from safelight_fal.addresses import Addresses
from safelight_fal.settings import Settings

QUEUE = "https://queue.fal.run"


def addresses(**settings):
    return Addresses(Settings(**{"endpoint": "acme/lighthouse/dev", "key": Secret("k"), **settings}))


def status(said, **settings):
    return str(addresses(**settings).page(Job("r1", {"status_url": said}), "status"))


def test_an_answers_own_url_is_taken_where_its_host_is_ours():
    assert status(f"{QUEUE}/acme/lighthouse/requests/r1/status") == f"{QUEUE}/acme/lighthouse/requests/r1/status"
    assert status(f"{QUEUE}:443/a/b/requests/r1/status?x=1") == f"{QUEUE}/a/b/requests/r1/status?x=1"


def test_further_hosts_are_the_operators_to_allow():
    said = "https://eu.fal.run/a/b/requests/r1/status"
    assert status(said) == f"{QUEUE}/a/b/requests/r1/status"
    assert status(said, hosts=("eu.fal.run",)) == said
    assert status("https://eu.fal.run:8443/a", hosts=("eu.fal.run",)) == f"{QUEUE}/a"
    assert status("https://eu.fal.run:8443/a", hosts=("eu.fal.run:8443",)) == "https://eu.fal.run:8443/a"


@pytest.mark.parametrize(
    "said",
    [
        "https://evil.example/acme/lighthouse/requests/r1/status",
        "http://queue.fal.run/acme/lighthouse/requests/r1/status",
        "http://queue.fal.run:443/acme/lighthouse/requests/r1/status",
        "https://queue.fal.run:8443/acme/lighthouse/requests/r1/status",
        "https://queue.fal.run.evil.example/acme/lighthouse/requests/r1/status",
        "https://queue.fal.run@evil.example/acme/lighthouse/requests/r1/status",
        "https://me:pw@queue.fal.run/acme/lighthouse/requests/r1/status",
        "//evil.example/acme/lighthouse/requests/r1/status",
    ],
)
def test_a_strangers_url_is_never_called_but_its_path_at_ours(said):
    assert status(said) == f"{QUEUE}/acme/lighthouse/requests/r1/status"


@pytest.mark.parametrize("said", [None, 7, "", "no url", "https://[::1", {"a": 1}])
def test_an_answer_that_names_none_is_made_up_for_by_the_rule(said):
    assert status(said) == f"{QUEUE}/acme/lighthouse/requests/r1/status"


@pytest.mark.parametrize(
    ("endpoint", "app"),
    [
        ("acme/a", "acme/a"),
        ("acme/a/b/c", "acme/a"),
        ("workflows/me/flow/x", "workflows/me/flow"),
        ("comfy/me/flow", "comfy/me/flow"),
    ],
)
def test_the_pages_of_a_job_leave_the_variant_out(endpoint, app):
    ours = addresses(endpoint=endpoint)
    job = ours.job("r1", {})
    pages = [str(ours.page(job, page)) for page in ("status", "response", "cancel")]
    base = f"{QUEUE}/{app}/requests/r1"
    assert pages == [f"{base}/status", base, f"{base}/cancel"]
    assert str(ours.submission(None)) == f"{QUEUE}/{endpoint}"


def test_a_job_is_found_again_after_the_endpoint_was_changed():
    job = addresses(endpoint="acme/old").job("r1", {})
    assert str(addresses(endpoint="acme/new").page(job, "cancel")) == f"{QUEUE}/acme/old/requests/r1/cancel"


def test_a_proxy_that_hands_through_anothers_answers_gets_its_calls_itself():
    router = {"url": "https://router.example/fal-ai", "query": {"_subdomain": "queue"}}
    said = f"{QUEUE}/acme/lighthouse/requests/r1/status"
    assert status(said, **router) == "https://router.example/fal-ai/acme/lighthouse/requests/r1/status?_subdomain=queue"


def test_the_stream_is_below_the_status_and_keeps_its_query():
    ours = addresses(query={"a": "1"})
    job = Job("r1", {"status_url": f"{QUEUE}/x/requests/r1/status?t=2"})
    assert str(ours.stream(job)) == f"{QUEUE}/x/requests/r1/status/stream?t=2&a=1&logs=1"


def test_an_id_is_one_step_of_a_path():
    assert str(addresses().page(Job("../../x?y", {}), "cancel")) == f"{QUEUE}/acme/lighthouse/requests/..%2F..%2Fx%3Fy/cancel"
