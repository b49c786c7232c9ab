"""Commands that are still running: what they say as they say it, and what people do to them."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
from functools import partial

import pytest

PATIENCE = 30.0
TAKES_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from safelight.cli import main; main()"
"""What a shell does for the commands it starts, so that Ctrl-C on the terminal reaches them."""


class Command:
    """A started command with its output, on a terminal of its own if it has one."""

    def __init__(self, begin, terminal):
        self._terminal = None
        self._news = threading.Condition()
        self._said = {"out": b"", "err": b""}
        if terminal:
            self._terminal, child = pty.openpty()
            fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", *terminal))
            sources, theirs = {"out": self._terminal}, {"out": child, "err": child, "terminal": child}
        else:
            (out, its_out), (err, its_err) = os.pipe(), os.pipe()
            sources, theirs = {"out": out, "err": err}, {"out": its_out, "err": its_err}
        self._process = begin(**theirs)
        for file in set(theirs.values()):
            os.close(file)
        self._sources = sources.values()
        self._readers = [threading.Thread(target=self._read, args=source, daemon=True) for source in sources.items()]
        for reader in self._readers:
            reader.start()

    @property
    def out(self):
        return self._said["out"].decode()

    @property
    def err(self):
        return self._said["err"].decode()

    def says(self, words, *, where="out"):
        """Wait until it has said this; return all it has said."""
        with self._news:
            self._news.wait_for(lambda: words in self._said[where].decode(errors="replace") or self._is_over(), PATIENCE)
        said = self._said[where].decode(errors="replace")
        assert words in said, f"{words!r} is not in {said!r}, {self._said!r}"
        return said

    def types(self, keys):
        os.write(self._terminal, keys)

    def send(self, number=signal.SIGINT):
        self._process.send_signal(number)

    def ended(self, seconds=PATIENCE):
        """Wait for its end; return the exit code."""
        code = self._process.wait(seconds)
        for reader in self._readers:
            reader.join(seconds)
        return code

    def stop(self):
        if self._process.poll() is None:
            self._process.kill()
        self.ended()
        for source in self._sources:
            os.close(source)

    def _is_over(self):
        return self._process.poll() is not None and not any(reader.is_alive() for reader in self._readers)

    def _read(self, name, source):
        while True:
            try:
                chunk = os.read(source, 65536)
            except OSError:  # how a terminal says that its other side is closed
                chunk = b""
            with self._news:
                self._said[name] += chunk
                self._news.notify_all()
            if not chunk:
                return


def load(arguments, *, folder, env, out, err, terminal):
    """Start a command on a terminal as a shell does: nothing of it was there before."""
    command = [sys.executable, "-c", TAKES_TERMINAL, *arguments]
    return subprocess.Popen(command, cwd=folder, env=env, stdin=terminal, stdout=out, stderr=err, start_new_session=True)


@pytest.fixture
def start(tmp_path, warm):
    """
    Start a command; `terminal` is (rows, columns, pixels across, pixels down), and `env` what it is told besides.

    One that is `loaded_anew` has nothing from a process that was there before.
    """
    started = []

    def begin(*arguments, terminal=None, loaded_anew=False, **env):
        ours = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("SAFELIGHT_")
            and name not in {"NO_COLOR", "TMUX", "TERM_PROGRAM", "LC_TERMINAL", "COLORTERM", "COLUMNS", "LINES"}
        }
        process = load if loaded_anew else warm.start
        started.append(Command(partial(process, arguments, folder=tmp_path, env=ours | env), terminal))
        return started[-1]

    yield begin
    for command in started:
        command.stop()
