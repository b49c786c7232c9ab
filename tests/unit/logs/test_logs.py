import io
import json
import logging

import pytest
import structlog

from safelight import logs
from safelight.config.model import Logs
from safelight.redaction import Secret, redactor


@pytest.fixture
def lines():
    stream = io.StringIO()
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure(Logs(format="json"), stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def test_our_lines_and_the_libraries_have_one_form(lines):
    structlog.get_logger("ours").info("stream_closed", reason="slow", events=12)
    logging.getLogger("aiohttp.server").warning("odd %s", "thing")
    ours, theirs = lines()
    assert (ours["event"], ours["reason"], ours["level"]) == ("stream_closed", "slow", "info")
    assert (theirs["event"], theirs["level"]) == ("odd thing", "warning")
    assert set(theirs) <= set(ours) | {"logger"}


def test_secrets_are_masked_by_key_and_by_value(lines):
    redactor.register(Secret("hunter2-hunter2"))
    structlog.get_logger("a").info("x", prompt="a cat", api_key="k", url="http://h/p?token=1", note="say hunter2-hunter2", deep={"token": "t"})
    [line] = lines()
    text = json.dumps(line)
    assert not any(word in text for word in ("a cat", '"k"', "token=1", "hunter2", '"t"'))


def test_an_exception_is_redacted_too(lines):
    redactor.register(Secret("hunter2-hunter2"))
    try:
        raise ValueError("hunter2-hunter2")
    except ValueError:
        structlog.get_logger("b").exception("failed")
    [line] = lines()
    assert "ValueError" in line["exception"]
    assert "hunter2" not in line["exception"]


def test_odd_values_never_lose_a_line(lines):
    class Rude:
        def __str__(self):
            raise RuntimeError

    structlog.get_logger("c").info("odd", value=Rude(), surrogate="\ud800", raw=b"\xff")
    assert lines()[0]["event"] == "odd"
