"""The client in Chromium: tabs that share, networks that hold back, a service that dies."""

import json
import socket
import socketserver
import threading
from contextlib import contextmanager, suppress

import pytest
from playwright.sync_api import Error

OFTEN = {"streams__retry_min_ms": 50, "streams__retry_max_ms": 50}
ENDED = "id => ['succeeded', 'failed'].includes(seen[id].statuses.at(-1)?.status)"
STALLED = "id => seen[id].statuses.at(-1)?.progress === 10"
RUNS = "id => seen[id].statuses.at(-1)?.status === 'processing'"


def create(service, seconds=2, **options):
    return service.create(providerId="simulator", options={"seconds": seconds, **options})["sessionId"]


def endless(service):
    """Start one that is processed at once, and until somebody stops it."""
    script = [{"do": "started"}, {"do": "progress", "fraction": 0.1}, {"do": "stall"}]
    return service.create(providerId="simulator", options={"script": script})["sessionId"]


def end(tab, generation):
    """Wait for the end a tab sees; return the last snapshot. An end is seen once."""
    tab.wait_for_function(ENDED, arg=generation)
    statuses = tab.evaluate("id => seen[id].statuses", generation)
    assert [snapshot["status"] in {"succeeded", "failed"} for snapshot in statuses].count(True) == 1
    versions = [(snapshot["epoch"], snapshot["seq"]) for snapshot in statuses]
    assert versions == sorted(set(versions))
    return statuses[-1]


def streams(service):
    """Return how many ids each stream was opened with, and how many streams are open now."""
    lines = [json.loads(line) for line in tuple(service._lines) if line.startswith("{")]
    opened = [line["watched"] for line in lines if line["event"] == "stream_opened" and "watched" in line]
    return opened, len(opened) - sum(line["event"] == "stream_closed" and "watched" in line for line in lines)


@pytest.fixture
def one_stream(eventually):
    """Wait until exactly one stream is open on the service."""
    return lambda service, wanted=1: eventually(lambda: streams(service)[1], lambda count: count == wanted)


@pytest.fixture
def opened(eventually):
    """Wait until the log tells that streams were opened with so many ids each; what a page sees may be ahead of the log."""
    return lambda service, *wanted: eventually(lambda: streams(service)[0], lambda counts: sorted(counts) == [*wanted])


@contextmanager
def listening(relay):
    """Hand connections to a relay, on a port of its own; give the URL."""

    class Network(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Network(("127.0.0.1", 0), relay) as network:
        thread = threading.Thread(target=network.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{network.server_address[1]}"
        finally:
            network.shutdown()
            thread.join()


@contextmanager
def network_that_can_be_cut(port):
    """Serve on a port of its own what is behind another; give the URL, and a call that cuts every connection there is."""
    connections = set()

    class Relay(socketserver.BaseRequestHandler):
        def handle(self):
            with socket.create_connection(("127.0.0.1", port)) as upstream:
                connections.update(ends := (self.request, upstream))
                back = threading.Thread(target=pass_on, args=reversed(ends))
                back.start()
                pass_on(*ends)
                back.join()

    def pass_on(source, target):
        try:
            while some := source.recv(65536):
                target.sendall(some)
            target.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # either side left, which is how relays end

    def cut():
        for one in connections:
            with suppress(OSError):  # it may be over already
                one.shutdown(socket.SHUT_RDWR)
        connections.clear()

    with listening(Relay) as url:
        yield url, cut


@contextmanager
def network_that_holds_streams_back(port):
    """Serve on a port of its own what is behind another, except that no event stream gets through."""

    class Relay(socketserver.BaseRequestHandler):
        def handle(self):
            with socket.create_connection(("127.0.0.1", port)) as upstream:
                back = threading.Thread(target=self.pass_back, args=(upstream,))
                back.start()
                try:
                    while some := self.request.recv(65536):
                        upstream.sendall(some)
                    upstream.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # either side left, which is how relays end
                back.join()

        def pass_back(self, upstream):
            held = b""
            try:
                while some := upstream.recv(65536):
                    if held or b"text/event-stream" in some:
                        held += some
                    else:
                        self.request.sendall(some)
                self.request.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # likewise

    with listening(Relay) as url:
        yield url


def test_two_tabs_share_one_stream_and_each_sees_its_own(service, open_tab, one_stream):
    first, second = open_tab(service.url), open_tab(service.url)
    ours, mine, yours = create(service, 4), create(service, 4), create(service, 4)
    for tab, other in ((first, mine), (second, yours)):
        tab.evaluate("([ours, other]) => { follow(ours); follow(other); }", [ours, other])
    for tab, other in ((first, mine), (second, yours)):
        tab.wait_for_function(RUNS, arg=ours)
        tab.wait_for_function(RUNS, arg=other)
    one_stream(service)
    assert end(first, ours) == end(second, ours)
    assert end(first, mine)["output"]
    assert end(second, yours)["output"]
    assert first.evaluate("Object.keys(seen).length") == 2, "a tab heard of what it does not watch"
    assert {*first.evaluate("id => seen[id].connections", mine), *second.evaluate("id => seen[id].connections", yours)} == {
        "open"
    }


def test_stream_is_closed_when_nothing_is_watched_any_more(service, open_tab, one_stream):
    tab = open_tab(service.url)
    generation, other = create(service, 1), endless(service)
    tab.evaluate("([one, other]) => { follow(one); follow(other); }", [generation, other])
    end(tab, generation)
    one_stream(service)
    tab.evaluate("id => seen[id].watch.close()", other)
    one_stream(service, 0)


def test_another_tab_takes_over_when_the_leading_one_is_closed(service, open_tab, one_stream, opened):
    leader, other = open_tab(service.url), open_tab(service.url)
    generation = create(service, 6)
    leader.evaluate("id => follow(id)", generation)
    leader.wait_for_function(RUNS, arg=generation)
    other.evaluate("id => follow(id)", generation)
    other.wait_for_function(RUNS, arg=generation)
    leader.close()
    assert end(other, generation)["status"] == "succeeded"
    one_stream(service, 0)
    opened(service, 1, 1)


def test_leader_no_longer_follows_for_a_tab_that_crashed(service, open_tab, one_stream, opened):
    leader, other = open_tab(service.url), open_tab(service.url)
    mine, yours = endless(service), endless(service)
    leader.evaluate("id => follow(id)", mine)
    leader.wait_for_function(RUNS, arg=mine)
    other.evaluate("id => follow(id)", yours)
    other.wait_for_function(RUNS, arg=yours)
    with other.expect_event("crash"), pytest.raises(Error):
        other.goto("chrome://crash")
    third = create(service, 1)
    leader.wait_for_function("async () => (await navigator.locks.query()).pending.length === 0")
    leader.evaluate("id => follow(id)", third)
    end(leader, third)
    opened(service, 1, 2, 2)  # a third id would be one followed on for the tab that crashed
    one_stream(service)


def test_tab_in_front_takes_the_lead_from_one_that_sleeps_and_keeps_it(service, open_tab, one_stream, eventually):
    leader, other = open_tab(service.url), open_tab(service.url, silence=500, answer=300)
    generation = endless(service)
    leader.evaluate("id => follow(id)", generation)
    leader.wait_for_function(RUNS, arg=generation)
    other.evaluate("id => follow(id)", generation)
    other.wait_for_function(RUNS, arg=generation)
    leader.evaluate("setTimeout(() => { const until = Date.now() + 4000; while (Date.now() < until); window.isAwake = true; })")
    eventually(lambda: len(streams(service)[0]), lambda count: count > 1)
    other.evaluate("timing.silence = 60000")
    leader.wait_for_function("window.isAwake")
    one_stream(service)
    service.call("POST", f"/v1/generations/{generation}/cancel")
    assert end(leader, generation) == end(other, generation)


def test_page_put_aside_holds_nothing_and_goes_on_when_it_is_shown_again(service, open_tab, one_stream):
    tab = open_tab(service.url)
    generation = endless(service)
    tab.evaluate("id => follow(id)", generation)
    tab.wait_for_function(RUNS, arg=generation)
    tab.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    one_stream(service, 0)
    assert tab.evaluate("navigator.locks.query().then(({ held, pending }) => held.length + pending.length)") == 0
    tab.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    one_stream(service)
    service.call("POST", f"/v1/generations/{generation}/cancel")
    assert end(tab, generation)["outcome"] == "canceled"


def test_page_that_comes_to_the_front_after_a_silence_asks_anew(service, open_tab, opened):
    tab = open_tab(service.url, stale=0)
    generation = endless(service)
    tab.evaluate("id => follow(id)", generation)
    tab.wait_for_function(STALLED, arg=generation)
    opened(service, 1)
    tab.evaluate("new Promise((resolve) => setTimeout(resolve, 20))")  # any silence is stale now
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    opened(service, 1, 1)


def test_restart_of_the_service_is_a_pause_and_its_end_is_the_service_s(launch, open_tab, free_port):
    service = launch(port=free_port, **OFTEN).is_up()
    tab = open_tab(service.url)
    generation = endless(service)
    tab.evaluate("id => follow(id)", generation)
    tab.wait_for_function(RUNS, arg=generation)
    service.kill()
    tab.wait_for_function("id => seen[id].connections.at(-1) === 'lost'", arg=generation)
    assert tab.evaluate("id => seen[id].statuses.at(-1).status", generation) == "processing"
    launch(port=free_port, **OFTEN).is_up()
    assert end(tab, generation)["outcome"] == "interrupted"
    assert tab.evaluate("id => seen[id].connections", generation) == ["open", "lost", "open"]
    assert tab.evaluate("id => seen[id].errors", generation) == []


@pytest.mark.parametrize("transport", ["auto", "eventsource", "fetch"])
def test_network_that_holds_streams_back_is_polled_through_to_the_end(service, open_tab, transport):
    with network_that_holds_streams_back(service.port) as url:
        tab = open_tab(url, first=500)
        generation = create(service, 3)
        tab.evaluate("([id, transport]) => follow(id, { transport })", [generation, transport])
        assert end(tab, generation)["status"] == "succeeded"
        assert tab.evaluate("id => seen[id].connections", generation) == ["polling"]
        assert tab.evaluate("id => seen[id].statuses.length", generation) > 2
        tab.close()


def test_a_browser_that_comes_back_while_nothing_happens_waits_on_a_stream(service, open_tab):
    with network_that_can_be_cut(service.port) as (url, cut):
        tab = open_tab(url, first=500)
        generation = endless(service)
        tab.evaluate("id => follow(id, { transport: 'eventsource' })", generation)
        tab.wait_for_function(STALLED, arg=generation)
        cut()
        tab.wait_for_function("id => seen[id].connections.length === 3", arg=generation)
        tab.evaluate("() => new Promise((resolve) => setTimeout(resolve, 2 * timing.first))")  # nothing is what is to be seen
        service.call("POST", f"/v1/generations/{generation}/cancel")
        assert end(tab, generation)["outcome"] == "canceled"
        assert tab.evaluate("id => seen[id].connections", generation) == ["open", "lost", "open"]
        tab.close()


def test_tabs_share_only_what_comes_from_the_same_service(launch, tmp_path, open_tab, eventually):
    here = launch(data=tmp_path / "here").is_up()
    there = launch(data=tmp_path / "there", server__allowed_origins=json.dumps([here.url])).is_up()
    first, second = open_tab(here.url), open_tab(here.url)
    generation, other = create(here, 3), create(there, 3)
    first.evaluate("id => follow(id)", generation)
    second.evaluate("([id, baseUrl]) => follow(id, { baseUrl })", [other, there.url])
    assert end(first, generation)["status"] == "succeeded"
    assert end(second, other)["status"] == "succeeded"
    second.evaluate("([id, baseUrl]) => follow(id, { baseUrl })", [generation, there.url])
    second.wait_for_function("id => seen[id].errors.includes('not_found')", arg=generation)
    for service in (here, there):
        assert eventually(lambda of=service: streams(of)[0], bool)[0] == 1


def test_120_generations_are_watched_by_streams_of_at_most_100(service, open_tab, opened):
    tab = open_tab(service.url)
    generations = [create(service, 0) for _ in range(120)]
    tab.evaluate("ids => ids.forEach((id) => follow(id))", generations)
    for generation in generations:
        assert end(tab, generation)["status"] == "succeeded"
    opened(service, 20, 100)


def test_element_shows_what_goes_on_and_says_so_to_screen_readers(service, open_tab):
    tab = open_tab(service.url)
    generation = create(service, 2)
    tab.evaluate(
        """id => {
            window.heard = [];
            const element = document.createElement("safelight-progress");
            element.setAttribute("generation", id);
            element.setAttribute("label", "A lighthouse");
            for (const name of ["safelight-status", "safelight-ended"])
                document.addEventListener(name, ({ type, detail }) => heard.push([type, detail.status]));
            document.body.append(element);
        }""",
        generation,
    )
    bar = tab.get_by_role("progressbar", name="A lighthouse")
    tab.wait_for_function("document.querySelector('safelight-progress').dataset.status === 'processing'")
    assert tab.get_by_role("status").inner_text()
    tab.wait_for_function("document.querySelector('safelight-progress').dataset.status === 'succeeded'")
    assert bar.evaluate("bar => [bar.localName, bar.value, bar.max]") == ["progress", 100, 100]
    assert tab.get_by_role("status").inner_text() == "Done"
    heard = tab.evaluate("heard")
    assert [heard[-1], heard.count(["safelight-ended", "succeeded"])] == [["safelight-ended", "succeeded"], 1]


def test_element_shows_words_of_the_service_as_words(service, open_tab):
    tab = open_tab(service.url)
    script = [{"do": "progress", "text": "<img src=x onerror=alert(1)>", "fraction": 0.4}, {"do": "stall"}]
    generation = service.create(providerId="simulator", options={"script": script})["sessionId"]
    tab.evaluate("id => document.body.append(Object.assign(document.createElement('safelight-progress'), { id: 'it' }))")
    tab.evaluate("id => it.setAttribute('generation', id)", generation)
    tab.wait_for_function("it.shadowRoot.querySelector('[part=message]').textContent.includes('onerror')")
    assert tab.evaluate("it.shadowRoot.querySelectorAll('img').length") == 0


def test_element_shows_words_of_any_script_in_their_own_direction(service, open_tab):
    tab = open_tab(service.url)
    script = [{"do": "progress", "text": "ثعلب في الثلج!", "fraction": 0.4}, {"do": "stall"}]
    generation = service.create(providerId="simulator", options={"script": script})["sessionId"]
    tab.evaluate("id => document.body.append(Object.assign(document.createElement('safelight-progress'), { id: 'it' }))")
    tab.evaluate("id => it.setAttribute('generation', id)", generation)
    message = "it.shadowRoot.querySelector('[part=message]')"
    tab.wait_for_function(f"{message}.textContent.endsWith('!')")
    assert tab.evaluate(f"[getComputedStyle({message}).direction, getComputedStyle(it).direction]") == ["rtl", "ltr"]


def test_element_follows_its_attribute_and_stops_when_it_is_taken_out(service, open_tab, one_stream):
    tab = open_tab(service.url)
    first, second = endless(service), endless(service)
    tab.evaluate("id => document.body.append(Object.assign(document.createElement('safelight-progress'), { id: 'it' }))")
    for generation in (first, second):
        tab.evaluate("id => it.setAttribute('generation', id)", generation)
        tab.wait_for_function("id => it.status?.sessionId === id", arg=generation)
    one_stream(service)
    tab.evaluate("it.remove()")
    one_stream(service, 0)


def test_element_says_that_there_is_nothing_to_watch(service, open_tab):
    tab = open_tab(service.url)
    tab.evaluate("document.body.append(Object.assign(document.createElement('safelight-progress'), { id: 'it' }))")
    tab.evaluate("it.setAttribute('generation', '0'.repeat(32))")
    tab.wait_for_function("it.dataset.status === 'failed'")
    assert tab.get_by_role("status").inner_text() == "No such generation."
