"""A disk that takes no more, while something runs: what cannot be written down is not promised."""

import json
import resource
from http.client import HTTPConnection

import pytest

STALLS = [{"do": "started"}, {"do": "progress", "fraction": 0.5}, {"do": "stall"}]


@pytest.fixture
def running(service):
    """A generation that is half done and stays so."""
    generation = service.create(providerId="simulator", options={"script": STALLS})["sessionId"]
    with service.stream(f"/v1/generations/{generation}/events") as stream:
        stream.until(lambda snapshot: snapshot.get("progress") == 50)
    return generation


@pytest.fixture
def disk(service):
    """Fill the service's disk, and make room again."""

    class Disk:
        room = resource.prlimit(service.pid, resource.RLIMIT_FSIZE)

        def fill(self):
            resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (1, self.room[1]))

        def clear(self):
            resource.prlimit(service.pid, resource.RLIMIT_FSIZE, self.room)

    return Disk()


def cancel(service, generation):
    """Ask for a cancel; return the answer and its JSON."""
    connection = HTTPConnection("127.0.0.1", service.port, timeout=30)
    try:
        connection.request("POST", f"/v1/generations/{generation}/cancel")
        answer = connection.getresponse()
        return answer, json.loads(answer.read())
    finally:
        connection.close()


def test_a_cancel_that_could_not_be_written_down_is_under_way_but_not_promised(service, running, disk, eventually):
    disk.fill()
    answer, problem = cancel(service, running)
    shown = service.snapshot(running)

    assert (answer.status, problem["code"], problem["success"], problem["retryable"]) == (503, "storage_full", False, True)
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert int(answer.headers["Retry-After"]) > 0
    assert "cancel is under way" in problem["error"]
    assert (shown["status"], "cancel" in shown) == ("processing", False), "what is shown is what was written"
    assert service.call("GET", "/readyz", port=service.admin_port) == (
        503,
        {
            "status": "not ready",
            "draining": False,
            "defaultProvider": "ok",
            "storage": "full",
            "providers": {"simulator": "ok", "sketch": "ok"},
        },
    )
    disk.clear()
    ended = eventually(lambda: service.snapshot(running), lambda snapshot: snapshot["status"] == "failed")
    assert (ended["outcome"], ended["error"]) == ("canceled", "Canceled")
    assert service.call("GET", "/readyz", port=service.admin_port)[0] == 200
    service.logged("journal_append_recovered")
    answer, snapshot = cancel(service, running)
    assert (answer.status, snapshot) == (200, ended)


def test_what_a_full_disk_forgot_of_a_cancel_ends_as_interrupted_after_a_crash(launch, service, running, disk):
    disk.fill()
    answer, _ = cancel(service, running)
    service.kill()
    ended = launch().is_up().snapshot(running)

    assert answer.status == 503
    assert (ended["status"], ended["outcome"]) == ("failed", "interrupted")
    assert "cancel" not in ended
