import io
import json
import logging

import pytest
import structlog
from aiohttp.http_exceptions import BadStatusLine, ContentEncodingError, LineTooLong

from safelight import logs
from safelight.config.model import Logs
from safelight.redaction import MASK, Secret, redactor


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def restore():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    others = {name: logging.getLogger(name).level for name in ("asyncio", "aiohttp.access")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in others.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


@pytest.fixture
def lines():
    stream = io.StringIO()
    logs.configure(Logs(format="json"), stream=stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def console():
    stream = io.StringIO()
    logs.configure(Logs(format="console"), stream=stream)
    return stream.getvalue


class Rude:
    def __repr__(self):
        raise RuntimeError("hunter2-hunter2")


def fail_twice():
    try:
        {}["hunter2-hunter2"]
    except KeyError as error:
        raise ValueError("GET https://h/p?key=1 failed") from error


def test_our_lines_and_the_libraries_have_one_form(lines):
    structlog.get_logger("ours").info("stream_closed", reason="slow", events=12)
    logging.getLogger("aiohttp.server").warning("odd %s", "thing", extra={"more": 1})
    ours, theirs = lines()
    assert (ours["event"], ours["reason"], ours["events"], ours["level"]) == ("stream_closed", "slow", 12, "info")
    assert (theirs["event"], theirs["more"], theirs["level"], theirs["logger"]) == ("odd thing", 1, "warning", "aiohttp.server")
    for line in (ours, theirs):
        assert line["timestamp"].endswith("Z")


def test_context_goes_with_every_line(lines):
    with structlog.contextvars.bound_contextvars(generation="abc"):
        structlog.get_logger().info("stream_opened")
        logging.getLogger("plugin").warning("hello")
    assert [line["generation"] for line in lines()] == ["abc", "abc"]


def test_a_terminal_gets_lines_for_people_and_anything_else_json():
    for stream, is_json in ((Terminal(), False), (io.StringIO(), True)):
        logs.configure(Logs(), stream=stream)
        structlog.get_logger().info("stream_closed")
        assert stream.getvalue().startswith("{") == is_json
        assert "stream_closed" in stream.getvalue()


def test_standard_error_is_where_lines_go_unless_told(capsys):
    logs.configure(Logs(format="json"))
    structlog.get_logger().info("service_listening")
    captured = capsys.readouterr()
    assert (captured.out, json.loads(captured.err)["event"]) == ("", "service_listening")


def test_lines_below_the_level_are_not_written():
    stream = io.StringIO()
    logs.configure(Logs(level="warning", format="json"), stream=stream)
    structlog.get_logger().info("quiet")
    logging.getLogger("plugin").info("quiet")
    structlog.get_logger().warning("loud")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["loud"]


def test_configuring_again_replaces_what_was(lines):
    stream = io.StringIO()
    logs.configure(Logs(format="json"), stream=stream)
    structlog.get_logger().info("once")
    assert (lines(), len(stream.getvalue().splitlines())) == ([], 1)


def test_secrets_are_masked_by_key_and_by_value(lines):
    redactor.register(Secret("hunter2-hunter2"))
    structlog.get_logger("a").info(
        "x",
        prompt="a cat",
        api_key="k",
        url="http://h/p?token=1",
        note="say hunter2-hunter2",
        deep={"token": "t"},
        query_string="q",
    )
    logging.getLogger("plugin").warning("used %s at %s", "hunter2-hunter2", "https://h/p?a=1", extra={"token": "t"})
    text = json.dumps(lines())
    assert not any(word in text for word in ("a cat", '"k"', "token=1", "hunter2", '"t"', '"q"', "a=1"))


def test_exceptions_are_redacted_with_their_causes_and_tracebacks(lines):
    redactor.register(Secret("hunter2-hunter2"))
    try:
        fail_twice()
    except ValueError:
        structlog.get_logger("b").exception("failed")
        logging.getLogger("plugin").exception("failed")
    for line in lines():
        assert "ValueError" in line["exception"]
        assert "KeyError" in line["exception"]
        assert "hunter2" not in str(line)
        assert "key=1" not in str(line)


@pytest.mark.parametrize("form", ["json", "console"])
def test_odd_values_never_lose_a_line(form):
    stream = io.StringIO()
    logs.configure(Logs(format=form), stream=stream)
    loop = {}
    loop["loop"] = loop
    odd = {
        "value": Rude(),
        "surrogate": "\ud800",
        "raw": b"\xff",
        "nan": float("nan"),
        "huge": 10**5000,
        "loop": loop,
        "odd key": {1: {Rude(): 2}},
    }
    structlog.get_logger("c").info("odd", **odd)
    structlog.get_logger("c").info({"event": Rude()})
    structlog.get_logger("c").info(b"\xff")
    logging.getLogger("plugin").warning(Rude())
    logging.getLogger("plugin").warning(*("one %s, two %s", 1))
    logging.getLogger("plugin").warning("%s", Rude())
    logging.getLogger("plugin").warning("\ud800", extra={"x": Rude()})
    stream.getvalue().encode()
    assert len(stream.getvalue().splitlines()) == 7
    assert "hunter2" not in stream.getvalue()


def test_a_record_that_cannot_be_written_says_who_and_where_and_not_what(capsys):
    stream = io.StringIO()
    logs.configure(Logs(format="json"), stream=stream)
    logging.getLogger("plugin").warning("token %d", "hunter2-hunter2")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["logger"], line["error"], line["file"]) == (
        "log_record_broken",
        "plugin",
        "TypeError",
        "test_logs.py",
    )
    assert "hunter2" not in str(line) + capsys.readouterr().err


def test_a_stream_that_is_gone_stops_nobody(capsys):
    stream = io.StringIO()
    logs.configure(Logs(format="json"), stream=stream)
    stream.close()
    structlog.get_logger().info("nowhere", token="hunter2-hunter2")
    assert capsys.readouterr().err == ""


def test_nothing_moves_the_cursor_or_forges_a_line_on_a_terminal(console):
    structlog.get_logger().info("real", name="\x1b[2Jx\n2026-01-01 [info] forged")
    logging.getLogger("plugin").warning("real\r\nforged")
    assert len(console().splitlines()) == 2
    assert "\x1b[2J" not in console()


def test_tracebacks_keep_their_lines_on_a_terminal(console):
    try:
        fail_twice()
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "\nTraceback (most recent call last):\n" in console()
    assert "\nValueError: GET" in console()


def test_aiohttps_access_log_is_off(lines):
    logging.getLogger("aiohttp.access").info('127.0.0.1 "GET /api/generation?sessionId=1 HTTP/1.1" 200')
    assert lines() == []


def test_what_a_malformed_request_said_is_not_written(lines):
    wrapped = RuntimeError("hunter2-hunter2")
    wrapped.__cause__ = ContentEncodingError("hunter2-hunter2")
    for error in (BadStatusLine("hunter2-hunter2"), LineTooLong(b"hunter2-hunter2", 5), wrapped):
        logging.getLogger("aiohttp.server").error("Error handling request from %s", "hunter2-hunter2", exc_info=error)
    assert [(line["event"], line["kind"], line["level"]) for line in lines()] == [
        ("request_malformed", kind, "info") for kind in ("BadStatusLine", "LineTooLong", "ContentEncodingError")
    ]
    assert "hunter2" not in str(lines())


def test_a_fault_of_ours_in_the_server_keeps_its_level_and_its_traceback(lines):
    for error in (ValueError("odd"), ConnectionResetError("gone")):
        logging.getLogger("aiohttp.server").error("Error handling request from %s", "127.0.0.1", exc_info=error)
    assert [line["level"] for line in lines()] == ["error", "error"]
    assert "ValueError: odd" in lines()[0]["exception"]


def test_a_malformed_request_is_one_line_however_often_logs_are_configured(lines):
    stream = io.StringIO()
    for _ in range(3):
        logs.configure(Logs(format="console"), stream=stream)
    logging.getLogger("aiohttp.server").error("Error handling request", exc_info=BadStatusLine("\x1b[2J"))
    assert stream.getvalue().count("request_malformed") == len(stream.getvalue().splitlines()) == 1


def test_a_mask_is_a_mask_in_both_forms(console):
    structlog.get_logger().info("asked", prompt="a cat")
    assert MASK in console()
    assert "cat" not in console()


def test_a_line_that_cannot_be_written_is_not_its_callers_fault(monkeypatch):
    def fail(*_):
        raise RuntimeError("hunter2-hunter2")

    monkeypatch.setattr(logs, "_to_json", fail)
    stream = io.StringIO()
    logs.configure(Logs(format="json"), stream=stream)
    structlog.get_logger().info("stream_closed")
    assert json.loads(stream.getvalue()) == {"event": "log_record_broken", "level": "error", "error": "RuntimeError"}
