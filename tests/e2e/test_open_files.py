"""A crowd of connections that say nothing: it fills the room there is for connections, and takes no file that the service needs."""

import json
import resource
import socket
from contextlib import ExitStack
from http.client import HTTPConnection, RemoteDisconnected

import pytest

FILES = 256
CROWD = 300
PICTURE = {"prompt": "a lighthouse", "providerId": "simulator", "options": {"seconds": 0.2}}


@pytest.fixture
def crowded(service):
    """The service with few files it may open, a connection from before, and a crowd that filled the rest."""
    known = HTTPConnection("127.0.0.1", service.port, timeout=30)
    known.request("GET", "/v1/providers")
    known.getresponse().read()
    _, hard = resource.prlimit(service.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(service.pid, resource.RLIMIT_NOFILE, (FILES, hard))
    with ExitStack() as crowd:
        for _ in range(CROWD):
            crowd.enter_context(socket.create_connection(("127.0.0.1", service.port), timeout=30))
        service.logged("connections_turned_away")
        yield service, known, crowd
    known.close()


def is_let_in(service):
    try:
        return service.call("GET", "/v1/providers")[0] == 200
    except (ConnectionError, RemoteDisconnected):
        return False


def test_a_crowd_that_fills_the_room_costs_nobody_a_picture_and_is_one_line(crowded, eventually):
    service, known, crowd = crowded
    known.request("POST", "/v1/generations", json.dumps(PICTURE), {"Prefer": "wait=30"})
    snapshot = json.loads(known.getresponse().read())

    assert snapshot["status"] == "succeeded", snapshot
    assert service.call("GET", "/livez", port=service.admin_port)[0] == 200, "an operator is let in"
    assert not is_let_in(service)
    assert service.worries() == ["connections_turned_away"]
    crowd.close()
    eventually(lambda: is_let_in(service), bool)


def test_a_service_that_leaves_tells_of_everybody_it_has_turned_away(crowded):
    service, _, _ = crowded
    assert not is_let_in(service)
    assert service.left() == 0
    counts = [line["count"] for line in service.all_logged("connections_turned_away")]
    assert sum(counts) > CROWD - FILES // 2, "of those who came in the last seconds as well"
