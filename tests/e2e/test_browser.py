"""A real Chromium in front of a real service; the page's code is the seed's, unchanged in substance."""

from pathlib import Path

import pytest

from tests.chromium import running

SCREENSHOTS = Path(__file__).parent / "screenshots"
PAGE = """<!doctype html>
<meta charset="utf-8">
<title>The seed's page</title>
<link rel="icon" href="data:,">
<body>
<script>
const statuses = [];
const heard = { ids: [], snapshots: [], errors: [] };

const setStatus = (status) => {
  statuses.push(status);
  if (status.status === 'succeeded') {
    const image = document.createElement('img');
    image.src = status.output[0];
    document.body.append(image);
  }
};

const startGeneration = async (prompt) => {
  try {
    const response = await fetch('/api/generation', {
      method: 'POST',
      body: JSON.stringify({ prompt }),
    });

    const data = await response.json();
    if (!data.success) throw new Error(data.error);
    watch(data.sessionId, data.providerId);
    return data;
  } catch (error) {
    setStatus({ status: 'failed', error: error instanceof Error ? error.message : 'Generation failed' });
  }
};

const watch = (sessionId, providerId) => {
  const eventSource = new EventSource(`/api/generation?sessionId=${sessionId}&providerId=${providerId}`);

  eventSource.onmessage = (event) => {
    const update = JSON.parse(event.data);
    setStatus(update);

    if (update.status === 'succeeded' || update.status === 'failed') {
      eventSource.close();
    }
  };

  eventSource.onerror = () => {
    eventSource.close();
    setStatus({ status: 'failed', error: 'Connection lost' });
  };
};

const hear = (url) => {
  heard.source = new EventSource(url);
  heard.source.onmessage = (event) => {
    heard.ids.push(event.lastEventId);
    heard.snapshots.push(JSON.parse(event.data));
  };
  heard.source.onerror = () => heard.errors.push(heard.source.readyState);
};
</script>
"""
HAS_ENDED = "['succeeded', 'failed'].includes(statuses.at(-1)?.status)"
IMAGE_IS_SHOWN = "document.images.length === 1 && document.images[0].complete && document.images[0].naturalWidth > 0"
SLOW = {"params": {"steps": 50}, "options": {"seconds": 60}}


@pytest.fixture(scope="module")
def chromium():
    with running() as browser:
        yield browser


@pytest.fixture
def open_tab(chromium):
    """Open tabs of one window on the page, as if the service served it; nothing but the page itself is made up."""
    with chromium.new_context() as window:

        def open_one(service):
            tab = window.new_page()
            tab.route(f"{service.url}/", lambda route: route.fulfill(content_type="text/html", body=PAGE))
            tab.goto(f"{service.url}/")
            tab.unroute_all()
            return tab

        yield open_one


def test_seed_client_sees_started_first_and_shows_the_picture_at_the_end(service, open_tab):
    tab = open_tab(service)
    reply = tab.evaluate("startGeneration('a lighthouse at dusk')")
    tab.wait_for_function(HAS_ENDED)
    statuses = tab.evaluate("statuses")
    assert reply["providerId"] == "sketch"
    assert [statuses[0]["status"], statuses[-1]["status"]] == ["started", "succeeded"], statuses[-1]
    assert {status["status"] for status in statuses[1:-1]} <= {"started", "processing"}
    progress = [status["progress"] for status in statuses if "progress" in status]
    assert progress == sorted(progress)
    assert progress[-1] == 100
    tab.wait_for_function(IMAGE_IS_SHOWN)
    assert tab.evaluate("document.images[0].naturalWidth") == 512
    SCREENSHOTS.mkdir(exist_ok=True)
    tab.screenshot(path=SCREENSHOTS / "seed.png")


def test_seed_client_shows_our_reason_for_a_bad_prompt(service, open_tab):
    tab = open_tab(service)
    tab.evaluate("startGeneration('')")
    [status] = tab.evaluate("statuses")
    assert status["status"] == "failed"
    assert "prompt" in status["error"]


def test_seed_client_shows_our_reason_for_an_unknown_session(service, open_tab):
    tab = open_tab(service)
    tab.evaluate("watch('0'.repeat(32), 'sketch')")
    tab.wait_for_function(HAS_ENDED)
    [status] = tab.evaluate("statuses")
    assert status == {"status": "failed", "error": "No such generation.", "code": "not_found"}


def test_two_tabs_see_the_same_end(service, open_tab):
    first, second = open_tab(service), open_tab(service)
    reply = first.evaluate("startGeneration('a lighthouse at dusk')")
    second.evaluate("([session, provider]) => watch(session, provider)", [reply["sessionId"], reply["providerId"]])
    for tab in (first, second):
        tab.wait_for_function(HAS_ENDED)
        tab.wait_for_function(IMAGE_IS_SHOWN)
    ends = [tab.evaluate("statuses.at(-1)") for tab in (first, second)]
    assert ends[0] == ends[1]
    assert ends[0]["status"] == "succeeded"


def test_event_source_that_is_not_closed_is_stopped_by_204_after_the_end(launch, open_tab):
    service = launch(streams__retry_min_ms=50, streams__retry_max_ms=50).is_up()
    tab = open_tab(service)
    generation = service.create(options={"seconds": 1})["sessionId"]
    answers = []
    tab.on("response", lambda response: answers.append(response.status))
    tab.evaluate("url => hear(url)", f"/v1/generations/{generation}/events")
    tab.wait_for_function("heard.source.readyState === EventSource.CLOSED")
    ends = [snapshot["status"] for snapshot in tab.evaluate("heard.snapshots")].count("succeeded")
    assert ends == 1
    assert answers == [200, 204]
    assert tab.evaluate("heard.errors") == [0, 2], "an error before the end, or a reconnect that was not the last"


def test_event_source_is_sent_gzip_and_shows_each_event_when_it_is_sent(service, open_tab):
    tab = open_tab(service)
    generation = service.create(params={"steps": 20}, options={"seconds": 3})["sessionId"]
    encodings, behind = [], []
    tab.on("response", lambda response: encodings.append(response.header_value("content-encoding")))
    tab.evaluate("url => hear(url)", f"/v1/generations/{generation}/events")
    seen = 0
    while not tab.evaluate("['succeeded', 'failed'].includes(heard.snapshots.at(-1)?.status)"):
        tab.wait_for_function("seen => heard.snapshots.length > seen", arg=seen)
        seen = tab.evaluate("heard.snapshots.length")
        behind.append(service.snapshot(generation)["seq"] - tab.evaluate("heard.snapshots.at(-1).seq"))
    assert encodings[0] == "gzip"
    assert tab.evaluate("heard.snapshots.at(-1).status") == "succeeded"
    assert sum(steps <= 1 for steps in behind) > len(behind) / 2, f"held back: so many newer ones at each arrival: {behind}"


def test_event_source_survives_a_kill_of_the_service_and_learns_of_the_interruption(launch, open_tab, free_port):
    often = {"streams__retry_min_ms": 50, "streams__retry_max_ms": 50}
    service = launch(port=free_port, **often).is_up()
    tab = open_tab(service)
    generation = service.create(**SLOW)["sessionId"]
    tab.evaluate("url => hear(url)", f"/v1/generations/{generation}/events")
    tab.wait_for_function("heard.snapshots.at(-1)?.progress > 0")
    service.kill()
    tab.wait_for_function("heard.errors.length > 0")
    launch(port=free_port, **often).is_up()
    tab.wait_for_function("heard.source.readyState === EventSource.CLOSED")
    snapshots, ids = tab.evaluate("heard.snapshots"), tab.evaluate("heard.ids")
    assert snapshots[-1]["outcome"] == "interrupted"
    assert [snapshot["status"] for snapshot in snapshots].count("failed") == 1
    assert len(set(ids)) == len(ids)
    epochs = [snapshot["epoch"] for snapshot in snapshots]
    assert epochs == sorted(epochs)
    assert epochs[-1] > epochs[0]


def test_event_source_survives_a_kill_and_sees_the_picture_of_a_job_that_lives_upstream(launch, open_tab, free_port):
    often = {"streams__retry_min_ms": 50, "streams__retry_max_ms": 50}
    far = {"providers__far__plugin": "simulator-remote", "providers__far__poll_seconds": 0.1, "default_provider": "far"}
    service = launch(port=free_port, **often, **far).is_up()
    tab = open_tab(service)
    generation = service.create(options={"seconds": 5})["sessionId"]
    tab.evaluate("url => hear(url)", f"/v1/generations/{generation}/events")
    tab.wait_for_function("heard.snapshots.at(-1)?.progress > 0")
    service.kill()
    tab.wait_for_function("heard.errors.length > 0")
    launch(port=free_port, **often, **far).is_up()
    tab.wait_for_function("heard.source.readyState === EventSource.CLOSED")
    snapshots = tab.evaluate("heard.snapshots")
    assert (snapshots[-1]["outcome"], len(snapshots[-1]["outputs"])) == ("succeeded", 1)
    assert [snapshot["status"] for snapshot in snapshots].count("succeeded") == 1
    assert "failed" not in [snapshot["status"] for snapshot in snapshots]
    versions = [(snapshot["epoch"], snapshot["seq"]) for snapshot in snapshots]
    assert versions == sorted(set(versions))
    assert versions[-1][0] > versions[0][0]
