"""What callers' webhooks are owed outlives a kill, and the command line sends what was given up again."""

import base64
import json
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from standardwebhooks.webhooks import Webhook

KEY = "whsec_" + base64.b64encode(bytes(range(32))).decode()
SETTINGS = {"webhooks__private_network": "true"}
ENVIRONMENT = {"SAFELIGHT_WEBHOOKS__SIGNING_KEYS": json.dumps([KEY])}
QUICK = {"providerId": "simulator", "options": {"seconds": 0}}


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((dict(self.headers), body))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def receiver():
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.heard, server.answer = [], 200
        server.url = f"http://127.0.0.1:{server.server_port}/told"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def serve(launch):
    return lambda: launch(env=ENVIRONMENT, **SETTINGS).is_up()


def test_a_killed_service_has_lost_none_of_what_it_owes(serve, receiver, eventually):
    receiver.answer = 500
    service = serve()
    ended = [service.create(**QUICK, webhook={"url": receiver.url})["sessionId"] for _ in range(5)]
    for generation in ended:
        eventually(lambda id_=generation: service.snapshot(id_), lambda snapshot: snapshot["status"] == "succeeded")
    running = service.create(providerId="sketch", webhook={"url": receiver.url})["sessionId"]
    service.kill()
    receiver.answer = 200
    receiver.heard.clear()
    again = serve()
    for generation in (*ended, running):
        again.call("POST", f"/v1/generations/{generation}/deliveries")
    eventually(lambda: again.call("GET", "/v1/deliveries")[1]["deliveries"], lambda owed: owed == [])
    told = {snapshot["sessionId"]: snapshot for snapshot in (Webhook(KEY).verify(body, heard) for heard, body in receiver.heard)}
    for generation in ended:
        assert told[generation] == again.snapshot(generation)
    assert again.snapshot(running)["status"] in {"failed", "succeeded"}
    assert told.get(running, again.snapshot(running)) == again.snapshot(running)


def test_what_was_given_up_is_listed_and_sent_again(serve, receiver, eventually, safelight):
    receiver.answer = 410
    service = serve()
    at = ("--server", service.url)
    assert "was taken" in safelight("webhooks", "list", *at).stdout
    generation = service.create(**QUICK, webhook={"url": receiver.url})["sessionId"]
    eventually(lambda: service.call("GET", "/v1/deliveries")[1]["deliveries"], lambda owed: owed and owed[0]["dead"])
    listed = safelight("webhooks", "list", *at).stdout
    assert generation in listed
    assert "dead" in listed
    assert "It answered 410." in listed
    (told,) = map(json.loads, safelight("webhooks", "list", "--json", *at).stdout.splitlines())
    assert (told["sessionId"], told["dead"], told["tries"]) == (generation, True, 1)
    receiver.answer = 200
    done = safelight("webhooks", "resend", generation[:8], *at)
    assert (done.returncode, done.stdout) == (0, f"{generation}: 1 webhook\n")
    eventually(lambda: service.call("GET", "/v1/deliveries")[1]["deliveries"], lambda owed: owed == [])
    assert len(receiver.heard) == 2
    assert "was taken" in safelight("webhooks", "resend", "--all", *at).stdout


def test_of_one_generation_the_list_says_which_is_next_and_what_waits_for_it(serve, receiver, eventually, safelight):
    receiver.answer = 500
    service = serve()
    service.create(**QUICK, webhook={"url": receiver.url, "events": ["processing", "output", "ended"]})
    eventually(lambda: service.call("GET", "/v1/deliveries")[1]["deliveries"], lambda owed: len(owed) == 3 and owed[0]["tries"])
    head, *rows = safelight("webhooks", "list", "--server", service.url).stdout.splitlines()
    at, end = head.index("NEXT"), head.index("WHY")
    first, *after = [row[at:end].strip() for row in rows]
    assert datetime.fromisoformat(first)
    assert after == ["in its turn", "in its turn"]


def test_where_no_service_runs_the_data_folder_is_asked(serve, receiver, eventually, safelight):
    receiver.answer = 410
    service = serve()
    generation = service.create(**QUICK, webhook={"url": receiver.url})["sessionId"]
    eventually(lambda: service.call("GET", "/v1/deliveries")[1]["deliveries"], lambda owed: owed and owed[0]["dead"])
    service.left()
    assert generation in safelight("webhooks", "list", "--data", "data").stdout
    assert safelight("webhooks", "resend", "--all", "--data", "data").stdout == f"{generation}: 1 webhook\n"
    receiver.answer = 200
    again = serve()
    eventually(lambda: again.call("GET", "/v1/deliveries")[1]["deliveries"], lambda owed: owed == [])
    assert Webhook(KEY).verify(receiver.heard[-1][1], receiver.heard[-1][0])["sessionId"] == generation


@pytest.mark.parametrize("words", [(), ("8d1f", "--all")])
def test_resend_wants_to_know_what(safelight, words):
    done = safelight("webhooks", "resend", *words)
    assert done.returncode == 2
    assert "Name generations, or say --all." in done.stderr
