"""
A warm process that forks services which kill themselves: an order a line on standard input, a pid a line on standard output.

A service is the real one. Only where it calls its ports somebody counts: each call is noted in a file, which a kill does not
take along, and at the one call that is ordered the process kills itself, before it is made or once it has returned.
"""

import asyncio
import functools
import gc
import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps  # noqa: F401 - for those who paint

from safelight import core
from safelight.cli.service import run
from safelight.config.load import load
from safelight.engines.sqlite import SqliteJournal
from safelight.outputs.local import LocalOutputs
from safelight.plugins import discover
from safelight.ports import Journal, Outputs
from safelight.records import AttemptRecord, LateRecord, StatusRecord
from safelight.runner import retrying
from safelight_simulator import desk

PORTS = {Journal: SqliteJournal, Outputs: LocalOutputs}
RETRY_SECONDS = 0.1
"""What is waited before another attempt, which no step depends on."""
NO_STEPS = {"lost", "__aexit__"}
"""A wait for the whole of a life, and what a process that is killed never comes to."""


def words_of(record):
    match record:
        case StatusRecord(status=status):
            return " ".join(filter(None, [status.state, status.phase, status.cancel and f"cancel-{status.cancel}"]))
        case AttemptRecord():
            return " ".join(filter(None, [f"attempt-{record.n}", record.step, record.result]))
        case LateRecord():
            return f"late-{record.kind}"


class Steps:
    """Counts the calls of the ports, and sends the process a signal at one of them."""

    def __init__(self, file, step, moment, number, held):
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._counts = Counter()
        self._step, self._moment, self._number = step, moment, number
        self._held = held and Path(held)
        for port, engine in PORTS.items():
            for name in sorted(port.__abstractmethods__ - NO_STEPS):
                setattr(engine, name, self._between(f"{port.__name__}.{name}", getattr(engine, name)))

    def _between(self, call, original):
        @functools.wraps(original)
        async def called(engine, *arguments, **named):
            words = [words for argument in arguments if (words := words_of(argument))]
            label = f"{call}({', '.join(words)})"
            if self._held and " finished" in label:
                await asyncio.to_thread(self._wait_until_let_go)
            self._counts[label] += 1
            step = f"{label}#{self._counts[label]}"
            self._note(step, "before")
            returned = await original(engine, *arguments, **named)
            self._note(step, "after")
            return returned

        return called

    def _wait_until_let_go(self):
        while not self._held.exists():
            time.sleep(0.01)

    def _note(self, step, moment):
        os.write(self._file, f"{moment} {step}\n".encode())
        if (step, moment) == (self._step, self._moment):
            os.kill(os.getpid(), self._number)


def serve(order):
    """Be a service for the rest of this process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    Steps(order["steps"], order["step"], order["moment"], order["signal"], order["held"])
    config = load(Path(order["config"]), environ={}, overrides=[f"data.folder={order['data']}"])
    code = 1
    try:
        code = run(config, read_again=lambda: config)
    finally:
        sys.stderr.flush()
        os._exit(code)


def main():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them, so that none stays as a zombie
    retrying._FIRST_SECONDS = desk._RETRY_AFTER_SECONDS = RETRY_SECONDS
    found = discover()
    core.discover = lambda: found  # once for all, who have the same plugins
    Image.init()
    gc.freeze()  # what is loaded and made before the fork, no service has to load and make again
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            serve(json.loads(line))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
