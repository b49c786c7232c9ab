"""A process that is asked to leave: it does, whoever still holds on to it, and the next one takes up its jobs."""

import signal
import socket

HALF_AND_NO_FURTHER = [{"do": "started"}, {"do": "progress", "fraction": 0.5}, {"do": "stall"}]
LARGE = [{"do": "output", "length": 16_000_000}, {"do": "succeed"}]
BOUND = 8.0
"""Well under the ten seconds that containers are given before they are killed."""


def test_who_takes_nothing_of_a_large_output_does_not_hold_up_the_leaving(service, eventually):
    generation = service.create(providerId="simulator", options={"script": LARGE})["sessionId"]
    (url,) = eventually(lambda: service.snapshot(generation), lambda snapshot: snapshot["status"] == "succeeded")["output"]
    with socket.socket() as ears:
        ears.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        ears.connect(("127.0.0.1", service.port))
        ears.sendall(f"GET {url} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert ears.recv(15) == b"HTTP/1.1 200 OK"
        service.send(signal.SIGTERM)
        assert service.ended(BOUND) == 0
    assert service.said() == []
    assert service.logged("service_closed")


def test_runs_that_say_that_they_were_stopped_are_no_worry(launch, eventually):
    service = launch(server__drain_seconds=0.2).is_up()
    generation = service.create(providerId="simulator", options={"script": HALF_AND_NO_FURTHER})["sessionId"]
    eventually(lambda: service.snapshot(generation), lambda snapshot: snapshot.get("progress") == 50)

    assert (service.left(), service.said()) == (0, [])
    assert service.logged("provider_late", generation=generation, kind="Canceled")
    assert service.worries() == []


def test_the_seeds_last_word_on_a_job_that_lives_upstream_is_not_the_next_processs(launch):
    settings = {"providers__remote__plugin": "simulator-remote", "server__drain_seconds": 0}
    service = launch(**settings).is_up()
    reply = service.create("/api/generation", providerId="remote", options={"script": HALF_AND_NO_FURTHER})
    generation = reply["sessionId"]
    with service.stream(reply["streamUrl"]) as stream:
        seen = stream.until(lambda snapshot: snapshot.get("progress") == 50)
        service.send(signal.SIGTERM)
        said = list(stream)
    assert service.ended() == 0
    again = launch(**settings).is_up().snapshot(generation)

    assert said == [(None, {"status": "failed", "error": "The service stopped.", "code": "interrupted"})]
    assert again == seen[-1][1], "the last word has no place in the journal: the job is watched on"
