import os
import shutil
import signal

import pytest

from safelight.versions import Version

SLOW = {"params": {"steps": 50}, "options": {"seconds": 60}}


def is_developing(snapshot):
    return snapshot.get("progress", 0) > 0


@pytest.fixture
def killed(launch):
    """A generation whose process was killed while it developed, and what a reader had seen of it."""
    service = launch().is_up()
    generation = service.create(**SLOW)["sessionId"]
    with service.stream(f"/v1/generations/{generation}/events") as stream:
        seen = stream.until(is_developing)
        service.kill()
    return generation, seen


def test_generation_of_a_killed_process_ends_as_interrupted_and_not_charged(launch, killed):
    generation, _ = killed
    snapshot = launch().is_up().snapshot(generation)
    assert (snapshot["status"], snapshot["outcome"], snapshot["code"]) == ("failed", "interrupted", "interrupted")
    assert (snapshot["charged"], snapshot["retryable"]) == ("no", True)
    assert snapshot["error"] == "The service stopped while this was running."


def test_journal_of_a_killed_process_replays_without_gap_under_a_higher_epoch(launch, killed):
    generation, seen = killed
    with launch().is_up().stream(f"/v1/generations/{generation}/events?from=start") as stream:
        replayed = list(stream)
    versions = [Version.parse(event_id) for event_id, _ in replayed]
    assert [version.seq for version in versions] == list(range(1, len(versions) + 1))
    assert versions == sorted(versions)
    assert len({version.epoch for version in versions[:-1]}) == 1
    assert versions[-1].epoch > versions[0].epoch
    assert all(event in replayed for event in seen), "a reader was shown what is not journalled"


def test_reader_of_a_killed_process_gets_the_end_with_its_cursor_and_then_204(launch, killed):
    generation, seen = killed
    service = launch().is_up()
    path = f"/v1/generations/{generation}/events"
    with service.stream(path, **{"Last-Event-ID": seen[-1][0]}) as stream:
        [(end, snapshot)] = stream
    assert snapshot["outcome"] == "interrupted"
    with service.stream(path, **{"Last-Event-ID": end}) as stream:
        assert (stream.answer.status, stream.answer.read()) == (204, b"")


def test_a_create_that_is_sent_again_after_a_kill_starts_nothing_more(launch):
    service = launch().is_up()
    sent = ("POST", "/v1/generations", {"prompt": "a lighthouse at dusk", **SLOW})
    key = {"Idempotency-Key": "an-order-of-mine"}
    _, first = service.call(*sent, headers=key)
    service.kill()
    service = launch().is_up()
    assert service.call(*sent, headers=key) == (202, first)
    listed = service.call("GET", "/v1/generations")[1]["generations"]
    assert [(snapshot["sessionId"], snapshot["outcome"]) for snapshot in listed] == [(first["sessionId"], "interrupted")]


def test_what_is_to_end_with_its_viewers_does_so_after_a_kill_too(launch, eventually):
    remote = {"providers__remote__plugin": "simulator-remote"}
    service = launch(**remote).is_up()
    script = [{"do": "started"}, {"do": "progress", "fraction": 0.1}, {"do": "stall"}]
    generation = service.create(providerId="remote", onDisconnect="cancel_after:0", options={"script": script})["sessionId"]
    path = f"/v1/generations/{generation}/events"
    with service.stream(path) as stream:
        stream.until(is_developing)
        service.kill()
    service = launch(**remote).is_up()
    with service.stream(path) as stream:
        assert not next(iter(stream))[1].get("cancel")
    ended = eventually(lambda: service.snapshot(generation), lambda snapshot: snapshot["status"] == "failed")
    assert ended["outcome"] == "canceled"


def test_finished_generation_and_its_output_outlive_a_kill(launch):
    service = launch().is_up()
    generation = service.create(options={"seconds": 0})["sessionId"]
    with service.stream(f"/v1/generations/{generation}/events") as stream:
        *_, (_, finished) = stream
    service.kill()
    service = launch().is_up()
    assert service.snapshot(generation) == finished
    with service.stream(finished["output"][0]) as stream:
        assert len(stream.answer.read()) == finished["outputs"][0]["bytes"]


def test_second_process_on_a_data_folder_is_refused_with_one_sentence(launch, tmp_path):
    first = launch().is_up()
    second = launch()
    assert second.ended() == 1
    assert second.said() == [f"safelight: The data folder {tmp_path / 'data'} is in use by process {first.pid}."]
    assert first.call("GET", "/readyz", port=first.admin_port)[0] == 200


def test_service_whose_data_folder_was_deleted_says_so_and_ends(launch, tmp_path):
    service = launch().is_up()
    shutil.rmtree(tmp_path / "data")
    status, ready = service.call("GET", "/readyz", port=service.admin_port)
    assert (status, ready["storage"]) == (503, "lost")
    assert service.ended() == 1
    gone = f"The journal {tmp_path / 'data' / 'journal.sqlite3'} was deleted or replaced while it was open."
    assert service.said() == [f"safelight: The writer of the journal died: {gone}"]


def test_sigterm_holds_a_seed_stream_to_its_end_while_nothing_new_is_taken(launch, eventually):
    service = launch(server__drain_seconds=25).is_up()
    reply = service.create("/api/generation", options={"seconds": 4})
    with service.stream(reply["streamUrl"]) as stream:
        stream.until(is_developing)
        service.send(signal.SIGTERM)
        status, ready = eventually(lambda: service.call("GET", "/readyz", port=service.admin_port), lambda it: it[0] != 200)
        refused = service.call("POST", "/v1/generations", {"prompt": "too late"})
        *_, (_, end) = stream
    assert (status, ready["draining"]) == (503, True)
    assert (refused[0], refused[1]["code"]) == (503, "busy")
    assert end["status"] == "succeeded"
    assert service.ended(20) == 0


def test_sigterm_sends_a_v1_stream_away_before_the_generation_ends(launch):
    service = launch(server__drain_seconds=25).is_up()
    generation = service.create(options={"seconds": 5})["sessionId"]
    with service.stream(f"/v1/generations/{generation}/events") as stream:
        stream.until(is_developing)
        service.send(signal.SIGTERM)
        rest = [snapshot for _, snapshot in stream]
    assert all(snapshot["status"] == "processing" for snapshot in rest)
    assert 5000 <= stream.retry <= 15000
    assert service.ended(20) == 0


def test_generation_that_outlasts_the_grace_ends_as_interrupted_before_its_stream_does(launch):
    service = launch(server__drain_seconds=0.2).is_up()
    reply = service.create("/api/generation", **SLOW)
    with service.stream(reply["streamUrl"]) as stream:
        stream.until(is_developing)
        service.send(signal.SIGTERM)
        *_, (_, end) = stream
    assert (end["status"], end["outcome"], end["charged"]) == ("failed", "interrupted", "no")
    assert service.ended(20) == 0


def test_second_sigterm_leaves_at_once_with_an_honest_end(launch):
    service = launch(server__drain_seconds=300).is_up()
    reply = service.create("/api/generation", **SLOW)
    with service.stream(reply["streamUrl"]) as stream:
        stream.until(is_developing)
        service.send(signal.SIGTERM)
        service.logged("service_leaving")
        service.send(signal.SIGTERM)
        *_, (_, end) = stream
    assert (end["outcome"], end["charged"]) == ("interrupted", "no")
    assert service.ended(20) == 0


def test_process_that_left_in_order_leaves_nothing_to_recover(launch):
    service = launch(server__drain_seconds=0).is_up()
    service.create(**SLOW)
    service.send(signal.SIGTERM)
    assert service.ended(20) == 0
    again = launch().is_up()
    assert again.logged("service_opened")["interrupted"] == 0


def test_a_data_folder_is_its_owners_alone(launch, tmp_path):
    before = os.umask(0o022)
    try:
        service = launch().is_up()
        service.create(options={"seconds": 0})
    finally:
        os.umask(before)
    folder = tmp_path / "data"
    inside = [path for path in folder.rglob("*") if path.is_dir()]
    open_to_others = [
        path.name for path in (folder, *inside, *folder.rglob("journal*"), *folder.glob("server*")) if path.stat().st_mode & 0o077
    ]
    assert {path.name for path in inside} >= {"outputs", "providers", "sketch"}
    assert open_to_others == []
