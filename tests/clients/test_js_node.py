"""The client in Node: its own tests, alone and against a running service."""

import shutil

import pytest

ALONE = ["parser.test.js", "watch.test.js"]


@pytest.fixture
def node(run, client):
    """Run test files with Node; fail with what it reports."""
    program = shutil.which("node")
    assert program, "These tests run Node; install it: apt-get install nodejs"
    return lambda *files, **env: run(program, "--test", *(str(client / "test" / file) for file in files), cwd=client, env=env)


def test_every_test_file_of_the_client_is_run_here(client):
    assert sorted(file.name for file in client.glob("test/*.test.js")) == sorted([*ALONE, "service.test.js"])


@pytest.mark.parametrize("file", ALONE)
def test_client_passes_its_own_tests(node, file):
    assert "# fail 0" in node(file)


def test_client_sees_a_real_service_through_to_the_end(node, service):
    assert "# fail 0" in node("service.test.js", SERVICE_URL=service.url)
