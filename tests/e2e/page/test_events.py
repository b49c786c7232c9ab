"""The raw events beside the print, as text and as commands."""

import json
import re
import subprocess

from playwright.sync_api import expect

HOSTILE = "<b>bold</b> <img src=x onerror=owned()> <script>owned()</script>"


def test_raw_events_and_the_providers_log_stand_beside_it(service, open_page):
    tab = open_page(service)
    script = [
        {"do": "wait", "seconds": 1},
        {"do": "log", "text": "loading the enlarger"},
        {"do": "progress", "fraction": 0.5, "text": "half-way"},
        {"do": "wait", "seconds": 0.5},
        {"do": "output"},
    ]
    tab("#hear").check()
    tab.develop("a fox", provider="simulator", options={"script": script})
    expect(tab("#tape .log")).to_contain_text("loading the enlarger")
    tab.looks("done")
    tab("#tape summary").last.click()
    raw = tab("#tape pre").inner_text()
    event_id, _, data = raw.removeprefix("id: ").partition("\ndata: ")
    end = service.snapshot(tab.id)
    assert (event_id, json.loads(data)) == (f"{end['epoch']}-{end['seq']}", end)


def ended(service, generation):
    """Wait for the end; return its snapshot."""
    with service.stream(f"/v1/generations/{generation}/events") as stream:
        return [snapshot for _, snapshot in stream][-1]


def test_tape_of_a_long_generation_keeps_its_end(service, open_page):
    generation = service.create(options={"seconds": 0})["sessionId"]
    end = {**ended(service, generation), "seq": 2_500}
    tab = open_page(service)
    expect(tab("#tape .seq").first).to_have_text("1")

    def journal(route):
        after = int(re.search(r"after=\d+-(\d+)", route.request.url)[1])
        events = [{**end, "seq": seq} for seq in range(after + 1, min(after + 250, 2_500) + 1)]
        events += [{**end, "seq": 3}] if events[-1]["seq"] == 2_500 else []  # what is older than all of them has no place
        route.fulfill(json={"events": events, "next": f"{end['epoch']}-{after + 250}" if after < 2_250 else None})

    tab.page.route("**/v1/generations?*", lambda route: route.fulfill(json={"generations": [end]}))
    tab.page.route("**/generations/*/events?*", journal)
    tab.page.goto("about:blank")
    tab.page.goto(f"{service.url}/")  # without the print's name in the address, which would be followed by itself
    expect(tab("#tape .seq").first).to_have_text("1501")
    expect(tab("#tape .seq").last).to_have_text("2500")
    expect(tab("#count")).to_have_text("1000+")


def test_tape_drops_the_oldest_events_not_the_end(service, open_page):
    generation = service.create(options={"seconds": 0})["sessionId"]
    end = ended(service, generation)
    tab = open_page(service)
    expect(tab("#tape .seq").first).to_have_text("1")
    events = [{**end, "seq": seq} for seq in range(1, 1_101)]
    tab.page.route("**/generations/*/events?*", lambda route: route.fulfill(json={"events": events}))
    tab.page.goto("about:blank")
    tab.page.goto(f"{service.url}/")
    expect(tab("#tape .seq").last).to_have_text("1100")
    expect(tab("#tape .seq").first).to_have_text("101")


def test_tape_is_filled_though_the_journal_could_not_be_reached_at_first(service, open_page):
    generation = service.create(options={"seconds": 0})["sessionId"]
    end = ended(service, generation)
    refusals = [True]

    def journal(route):
        route.abort() if refusals and refusals.pop() else route.continue_()

    tab = open_page(service)
    expect(tab("#tape .seq").first).to_have_text("1")
    tab.page.route("**/generations/*/events?*", journal)
    tab.page.goto("about:blank")
    tab.page.goto(f"{service.url}/")
    expect(tab("#tape .seq")).to_have_count(end["seq"])
    assert not refusals


def test_sketch_has_a_log(service, open_page):
    tab = open_page(service)
    tab("#hear").check()
    tab.develop("a fox", params={"seed": 5}, options={"seconds": 4})
    tab.looks("done")
    expect(tab("#tape .log").last).to_contain_text("full size")


def test_copied_commands_do_what_the_page_did(service, open_page):
    tab = open_page(service, permissions=["clipboard-read", "clipboard-write"])
    prompt = 'it\'s "a" $HOME `fox` \\ & <b>'
    tab.develop(prompt, params={"steps": 2}, options={"seconds": 0})
    tab.looks("done")
    tab("#copy-ask").click()
    expect(tab("#copy-ask")).to_have_text("Copied")
    asked = subprocess.run(["sh", "-c", tab.page.evaluate("navigator.clipboard.readText()")], capture_output=True, check=True)
    again = json.loads(asked.stdout)["sessionId"]
    assert again != tab.id
    assert f"'{service.url}/v1/generations'" in tab("#copied").input_value()
    tab("#copy-watch").click()
    watched = subprocess.run(["sh", "-c", tab("#copied").input_value()], capture_output=True, check=True, timeout=20)
    assert b'"status":"succeeded"' in watched.stdout


def test_nothing_that_comes_from_outside_is_read_as_html(service, open_page):
    tab = open_page(service)
    script = [
        {"do": "wait", "seconds": 0.7},
        {"do": "log", "text": "<i>loud</i><img src=x>"},
        {"do": "note", "text": HOSTILE},
        {"do": "progress", "fraction": 0.5, "text": HOSTILE},
        {"do": "wait", "seconds": 1},
        {"do": "fail", "text": HOSTILE},
    ]
    tab("#hear").check()
    tab.develop(HOSTILE, provider="simulator", options={"script": script})
    expect(tab("#now")).to_contain_text(HOSTILE)
    expect(tab("#tape .log")).to_contain_text("<i>loud</i><img src=x>")
    tab.looks("failed")
    expect(tab("#print-title")).to_have_text(HOSTILE)
    expect(tab("#print-fault")).to_have_text(HOSTILE)
    tab("#tape summary").last.click()
    expect(tab("#tape pre")).to_contain_text("onerror=owned()")
    assert tab("main script, main b, main i, img[src='x']").count() == 0
    service.create(ref=HOSTILE[:200], options={"seconds": 0})
    tab.page.reload()
    expect(tab("#sheet button")).to_have_count(2)
    assert tab("main script, main b, main i, img[src='x']").count() == 0


def test_words_of_either_direction_keep_to_themselves(service, open_page):
    arabic, hebrew = "ثعلب في الثلج!", "שועל (3)."
    script = [
        {"do": "wait", "seconds": 0.7},
        {"do": "log", "text": f"\u202e{hebrew}"},
        {"do": "progress", "fraction": 0.5, "text": f"\u202e\u2066{hebrew}"},
        {"do": "wait", "seconds": 2},
        {"do": "fail", "text": f"{arabic} \u202e(503)"},
    ]
    tab = open_page(service)
    tab("#hear").check()
    tab.develop(arabic, provider="simulator", options={"script": script})
    expect(tab("#now")).to_have_text(f"Developing — {hebrew}")
    expect(tab("#tape .log .said")).to_have_css("direction", "rtl")
    expect(tab("#prompt")).to_have_css("direction", "rtl")
    for own in ("#now bdi", "#tape .facts bdi", "#tape .log .said"):
        expect(tab(own).last).to_have_css("unicode-bidi", "isolate")
    tab.looks("failed")
    expect(tab("#print-fault")).to_have_text(f"{arabic} (503)")
    for place in ("#print-title", "#print-fault", "#tape .failed + .facts bdi"):
        expect(tab(place)).to_have_css("direction", "rtl")
    assert [
        tab(place).evaluate("e => getComputedStyle(e).direction") for place in ("#now", "#bath", "#tape .facts >> nth=0")
    ] == ["ltr"] * 3
