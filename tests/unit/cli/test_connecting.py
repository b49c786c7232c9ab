"""Which service a command gets where another process holds the data folder; on a clock of its own."""

import json
import os

import pytest

from safelight.cli.connecting import _opened
from safelight.client.base import Unreachable
from safelight.client.embedded import EmbeddedClient
from safelight.client.http import HttpClient
from safelight.config.model import Config, Data
from safelight.engines.sqlite.lock import locked

pytestmark = pytest.mark.looptime


@pytest.fixture
def config(tmp_path):
    return Config(data=Data(folder=str(tmp_path), min_free_bytes=0))


async def test_folder_that_stays_in_use_is_given_up_with_advice_that_helps(config, tmp_path, capsys, looptime):
    with locked(tmp_path) as lock:
        lock.mark()
        with pytest.raises(Unreachable) as refused:
            async with _opened(config, tmp_path):
                pytest.fail("it was let in")
    assert 30 <= looptime <= 32
    assert f"in use by process {os.getpid()}" in str(refused.value)
    assert "another safelight command is painting there" in str(refused.value)
    assert "'safelight serve'" in str(refused.value)
    assert capsys.readouterr().err.count("Waiting for it, 30 s at most") == 1


async def test_service_that_takes_a_while_to_listen_is_asked(config, tmp_path, aiohttp_server):
    from aiohttp import web

    server = await aiohttp_server(web.Application())
    here = {"url": str(server.make_url("")), "admin_url": "", "pid": os.getpid(), "folder": str(tmp_path)}
    (tmp_path / "server.json").write_text(json.dumps(here))
    with locked(tmp_path):
        async with _opened(config, tmp_path) as client:
            assert isinstance(client, HttpClient)


async def test_free_folder_is_opened_at_once_and_without_a_word(config, tmp_path, capsys):
    async with _opened(config, tmp_path) as client:
        assert isinstance(client, EmbeddedClient)
    assert capsys.readouterr().err == ""
