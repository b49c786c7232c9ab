import signal

import pytest

FAULTY = "[streams]\nheartbeat_second = 3\n"


@pytest.fixture
def file(tmp_path):
    """The configuration of a service started beside it."""
    file = tmp_path / "config.toml"
    file.write_text("")
    return file


def test_sighup_takes_over_what_may_change_and_names_the_rest(launch, file):
    service = launch().is_up()
    file.write_text('[logs]\nlevel = "debug"\n[server]\nbody_bytes = 1024\nkeepalive_seconds = 5.0\n')
    service.send(signal.SIGHUP)
    reloaded = service.logged("config_reloaded")
    assert (reloaded["changed"], reloaded["needs_restart"]) == (["server.body_bytes", "logs.level"], ["server.keepalive_seconds"])
    status, problem = service.call("POST", "/v1/generations", {"prompt": "x" * 2000})
    assert (status, problem["code"]) == (413, "invalid_input")


def test_sighup_with_a_faulty_file_changes_nothing_and_names_every_fault(launch, file):
    service = launch().is_up()
    file.write_text(FAULTY + "[server]\nbody_bytes = 1024\n[deadlines]\nstall_seconds = -1\n")
    service.send(signal.SIGHUP)
    refused = service.logged("config_refused")
    assert len(refused["faults"]) == 2
    assert "did you mean 'heartbeat_seconds'?" in refused["faults"][0]
    assert service.call("POST", "/v1/generations", {"prompt": "x" * 2000})[0] == 202
    file.write_text("[server]\nbody_bytes = 1024\n")
    service.send(signal.SIGHUP)
    service.logged("config_reloaded")
    assert service.left() == 0
