"""Processes of `safelight` that need not load it: forked from one that did, with all else a process's own."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from select import POLLIN, poll

CHILD = Path(__file__).with_name("warm_child.py")


class Warm:
    """A process that has loaded everything and forks commands; started when the first is asked for."""

    def __init__(self):
        self._orders = self._process = None

    def start(self, arguments, *, folder, env, out, err, terminal=None):
        """Start a command that writes to these files; one with a terminal reads there and gets its keys, others read nothing."""
        if self._orders is None:
            self._warm_up()
        ending, told = os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        order = {"arguments": arguments, "folder": str(folder), "env": env, "has_terminal": terminal is not None}
        files = [nothing if terminal is None else terminal, out, err, told]
        try:
            socket.send_fds(self._orders, [json.dumps(order).encode()], files)
        finally:
            os.close(told)
            os.close(nothing)
        return Forked(ending)

    def close(self):
        if self._orders is not None:
            self._orders.close()
            assert self._process.wait(30) == 0

    def _warm_up(self):
        self._orders, orders = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with orders:
            command = [sys.executable, CHILD, str(orders.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[orders.fileno()], start_new_session=True)


class Forked:
    """A process that another one forked; `subprocess.Popen` as far as tests need it."""

    def __init__(self, ending):
        self._ending = os.fdopen(ending, "rb", buffering=0)
        self._news = poll()
        self._news.register(ending, POLLIN)
        self._code = None
        self.pid = int(self._line())

    def poll(self):
        """Return its exit code, the negative number of the signal that ended it, or None while it runs."""
        return self._code if self._is_told(0) else None

    def wait(self, seconds):
        """Wait for its end; return the exit code."""
        if not self._is_told(seconds):
            raise TimeoutError(f"process {self.pid} still runs after {seconds:g} s")
        return self._code

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def _is_told(self, seconds):
        if self._code is None and self._news.poll(seconds * 1000):
            self._code = int(self._line())
            self._ending.close()
        return self._code is not None

    def _line(self):
        line = self._ending.readline()
        assert line.endswith(b"\n"), "who forks the processes has ended"
        return line
