"""A process is killed while generations wait for their turn: none is lost, none is handed in twice, and their order stays."""

from safelight_simulator.ledger import Ledger

SETTINGS = {
    "providers__far__plugin": "simulator-remote",
    "providers__far__poll_seconds": 0.1,
    "providers__far__max_concurrency": 1,
    "default_provider": "far",
}


def is_over(snapshot):
    return snapshot["status"] in {"succeeded", "failed"}


def test_who_waits_when_the_process_is_killed_waits_again_and_is_handed_in_once(launch, tmp_path):
    service = launch(**SETTINGS).is_up()
    ids = [service.create(options={"seconds": seconds})["sessionId"] for seconds in (2.0, 0.1, 0.1)]
    with service.stream(f"/v1/generations/{ids[0]}/events") as stream:
        stream.until(lambda snapshot: snapshot["phase"] in {"waiting", "running"})  # it was handed in
    assert [service.snapshot(generation)["phase"] for generation in ids[1:]] == ["queued", "queued"]
    service.kill()
    books = Ledger(tmp_path / "data" / "providers" / "far")
    assert len(books.submissions()) == 1, "who waits is not handed in"
    service = launch(**SETTINGS).is_up()
    ends = []
    for generation in ids:
        with service.stream(f"/v1/generations/{generation}/events") as stream:
            ends.append(stream.until(is_over)[-1][1])
    assert [end["outcome"] for end in ends] == ["succeeded"] * 3
    assert [end["startedAt"] for end in ends] == sorted(end["startedAt"] for end in ends)
    assert len(books.submissions()) == 3
