"""Simulators opened as core opens them, with a clock that follows the event loop's own."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from safelight.providers import Control, Request, Resources
from safelight_simulator.acts import Act
from safelight_simulator.options import Options, RemoteOptions
from safelight_simulator.params import Params
from safelight_simulator.plugin import RemoteSimulator, Simulator
from safelight_simulator.settings import LocalSettings, RemoteSettings


class LoopClock:
    def now(self):
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=asyncio.get_running_loop().time())


class Run(Control):
    """A control that writes down what it is told."""

    def __init__(self):
        super().__init__()
        self.said = []
        self.helpers = []

    def now(self):
        return LoopClock().now()

    def spawn(self, work, *, name):
        self.helpers.append(asyncio.create_task(work, name=name))

    async def submitting(self):
        self.said.append("submitting")

    async def accepted(self, job):
        self.said.append(job)


@pytest.fixture
def run():
    return Run()


@pytest.fixture
def open_simulator(tmp_path):
    """`async with open_simulator(remote=…, **settings) as provider`; opened twice it finds the same folder."""

    @asynccontextmanager
    async def opened(*, remote=False, **settings):
        tasks = opened.tasks = []
        resources = Resources(
            instance="sim",
            session=None,
            clock=LoopClock(),
            spawn=lambda work, *, name: tasks.append(asyncio.create_task(work, name=name)),
            folder=tmp_path,
        )
        make, options = (RemoteSimulator, RemoteSettings) if remote else (Simulator, LocalSettings)
        async with make(options(**settings), resources) as provider:
            try:
                yield provider
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    return opened


def _request(kind, script, params, prompt, options):
    acts = tuple(Act(**act) for act in script)
    return Request(prompt=prompt, params=Params(**params or {}), options=kind(script=acts, **options))


@pytest.fixture
def ask():
    """The simulator's requests: `ask([{"do": "wait", …}], seconds=…)`, and `ask.remote` for the remote form."""

    def local(script=(), *, params=None, prompt="a lighthouse", **options):
        return _request(Options, script, params, prompt, options)

    def remote(script=(), *, params=None, prompt="a lighthouse", **options):
        return _request(RemoteOptions, script, params, prompt, options)

    return SimpleNamespace(local=local, remote=remote)


@pytest.fixture
def heard(run):
    """Everything a local run says, each with the second it was said at; into `said`, where a list is given."""

    async def listen(provider, request, said=None):
        said = [] if said is None else said
        loop = asyncio.get_running_loop()
        start = loop.time()
        async for update in provider.generate(request, run):
            said.append((round(loop.time() - start, 3), update))
        return said

    return listen
