"""Who asks for an output and takes none of it: the kernel lets go of such a reader, and so do we."""

import asyncio
import os
import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from safelight.web import outputs

GENERATION = "0123456789abcdef0123456789abcdef"
LARGE = 30_000_000
"""More than the buffers of both ends hold."""
FILES = Path("/proc/self/fd")


@pytest.fixture
async def large(service):
    """The path of an output that does not fit into a socket."""
    return (await service.core.outputs.keep(GENERATION, os.urandom(LARGE), claimed_type=None, seed=None)).url


async def deaf(service, path):
    """Ask for something and never read a byte of it."""
    ears = socket.socket()
    ears.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    ears.setblocking(False)
    await asyncio.get_running_loop().sock_connect(ears, ("127.0.0.1", service.port))
    await asyncio.get_running_loop().sock_sendall(ears, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return ears


def served(ears):
    """Return the service's end of a connection, as a socket of the test's own; None while there is none."""
    for fd in FILES.iterdir():
        try:
            other = socket.socket(fileno=os.dup(int(fd.name)))
        except OSError:
            continue
        try:
            if other.getpeername() == ears.getsockname():
                return other
        except OSError:
            pass
        other.close()
    return None


def is_sending():
    """Whether the output's file is open."""
    return any(GENERATION in str(fd.readlink()) for fd in FILES.iterdir() if fd.is_symlink())


async def test_a_connection_that_carries_an_output_is_given_half_a_minute_of_patience(service, large, eventually):
    ears = await deaf(service, large)
    await eventually(is_sending)
    ours = await eventually(lambda: served(ears))
    patience = await eventually(lambda: ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))
    ours.close()
    ears.close()

    assert patience == 30_000
    await eventually(lambda: not is_sending())


async def test_a_reader_that_takes_nothing_is_cut_and_leaves_nothing_behind(service, large, eventually, monkeypatch):
    monkeypatch.setattr(outputs, "_PATIENCE_SECONDS", 0.3)
    tasks = asyncio.all_tasks()
    with capture_logs() as logs:
        readers = [await deaf(service, large) for _ in range(5)]
        await eventually(lambda: [line["event"] for line in logs].count("output_reader_lost") == 5)
        await eventually(lambda: asyncio.all_tasks() <= tasks and not is_sending())
    connections = [served(ears) for ears in readers]
    for ears in readers:
        ears.close()

    assert connections == [None] * 5
    said = [(line["event"], line["log_level"]) for line in logs if not line["event"].startswith("loop_")]  # of a busy machine
    assert said == [("output_reader_lost", "debug")] * 5
    assert (await service.call("GET", "/v1/providers")).status == 200


async def test_a_deaf_reader_costs_the_others_nothing(service, large, eventually):
    ears = await deaf(service, large)
    await eventually(is_sending)
    answer = await service.call("GET", large)
    ears.close()

    assert (answer.status, len(answer.body)) == (200, LARGE)
