"""
A warm process that forks commands: an order a message on the socket, with the command's files and one to tell its pid and its end on.

A command is the real one, in a process, a folder, an environment and with files of its own, and ends as every Python does.
What it does not do is load itself.
"""

import fcntl
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import sys
import termios
import time

import safelight
from safelight.cli import main
from safelight.plugins import discover

MOST_BYTES = 200_000
STREAMS = ("stdin", "stdout", "stderr")
APART = ("safelight.__main__", "safelight.testing")
"""What starts when it is loaded, and what no command uses."""


def load():
    """Load what any command loads when it runs."""
    for room in pkgutil.walk_packages(safelight.__path__, "safelight."):
        if not room.name.startswith(APART):
            importlib.import_module(room.name)
    discover()
    for name in ("numpy", "rich.console", "rich.live", "rich.progress", "PIL.PngImagePlugin"):
        importlib.import_module(name)


def forked():
    """Fork a process for each order; return in each of them, with the command it is to be."""
    orders = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait, so that none stays as a zombie
    while True:
        order, files, _, _ = socket.recv_fds(orders, MOST_BYTES, 4)
        if not order:
            sys.exit()
        if os.fork() == 0:
            orders.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            become(json.loads(order), files)
            return
        for file in files:
            os.close(file)


def become(order, files):
    """Be the command, in a process whose end this one waits for and tells."""
    *files, told = files
    if pid := os.fork():
        os.write(told, f"{pid}\n".encode())
        for file in (*files, *range(3)):
            os.close(file)
        _, status = os.waitpid(pid, 0)
        os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)
    os.close(told)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    if order["has_terminal"]:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    open_streams()
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    sys.argv = ["safelight", *order["arguments"]]
    sys.path[:1] = [order["folder"], *filter(None, order["env"].get("PYTHONPATH", "").split(os.pathsep))]


def open_streams():
    """Make the streams of Python anew, for what they are now: they are other files, and perhaps a terminal."""
    for number, name in enumerate(STREAMS):
        errors = "backslashreplace" if name == "stderr" else "strict"
        stream = open(number, "w" if number else "r", encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
        stream.reconfigure(line_buffering=name == "stderr" or stream.isatty())
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


load()
gc.freeze()  # what is loaded before the fork, no command has to load again
forked()
main()
