"""Reloads, cuts, restarts, sleep and other tabs: pauses, none of them a failure."""

import re

from playwright.sync_api import expect

OFTEN = {"streams__retry_min_ms": 50, "streams__retry_max_ms": 50}


def test_reload_in_mid_run_finds_everything_again(service, open_page):
    tab = open_page(service)
    tab.develop("a city in the rain", options={"seconds": 6})
    tab.comes_up(25)
    before = tab.id
    tab.page.reload()
    tab.looks("developing")
    assert tab.id == before
    expect(tab("#print-title")).to_have_text("a city in the rain")
    tab.shows_picture()
    expect(tab("#tape .seq").first).to_have_text("1")
    tab.shot("reload")
    tab.looks("done")
    kept = service.snapshot(before)["seq"]
    expect(tab("#tape .seq")).to_have_text([str(n) for n in range(1, kept + 1)])


def test_restart_in_mid_run_is_a_lost_connection_until_the_service_itself_says_more(launch, open_page, free_port):
    service = launch(port=free_port, **OFTEN).is_up()
    tab = open_page(service)
    tab.develop("a fox", params={"seed": 3}, options={"seconds": 10})
    tab.comes_up(50)
    tab.shows_picture()
    service.kill()
    expect(tab("#connection")).to_have_text("Lost connection, coming back…")
    tab.looks("developing")
    expect(tab("#print-fault")).to_be_hidden()
    tab("#prompt").fill("a bear")
    tab("#develop").click()
    expect(tab("#ask-fault")).to_have_text("The service does not answer just now. Your words are still here.")
    tab.shot("restart")
    launch(port=free_port, **OFTEN).is_up()
    expect(tab("#now")).to_have_text("Interrupted")
    expect(tab("#connection")).to_be_empty()
    expect(tab("#print-fault")).to_have_text(
        tab.page.evaluate("() => fetch('/v1/generations').then(a => a.json())")["generations"][0]["error"]
    )
    expect(tab("#prompt")).to_have_value("a bear")
    tab("#field-options-seconds").fill("0")
    tab("#develop").click()
    expect(tab("#print-title")).to_have_text("a bear")
    tab.looks("done")


def test_cut_connection_is_no_failure_and_the_picture_goes_on(launch, open_page, wire):
    service = launch(**OFTEN).is_up()
    wire.lead_to(service.port)
    tab = open_page(wire)
    tab.develop("a fox", options={"seconds": 5})
    tab.comes_up(16)
    wire.cut()
    expect(tab("#connection")).to_have_text("Lost connection, coming back…")
    assert tab("#bath").get_attribute("data-look") == "developing"
    expect(tab("#print-fault")).to_be_hidden()
    wire.mend()
    expect(tab("#connection")).to_be_empty()
    tab.looks("done")
    tab.shows_picture()


def test_sleep_through_the_end_wakes_to_the_print(service, open_page):
    tab = open_page(service)
    tab.develop("a fox", options={"seconds": 4})
    tab.comes_up(8)
    generation, shell = tab.id, tab.page.context.new_cdp_session(tab.page)
    shell.send("Page.setWebLifecycleState", {"state": "frozen"})
    status, _ = service.call("GET", f"/v1/generations/{generation}")
    with service.stream(f"/v1/generations/{generation}/events") as stream:
        *_, (_, end) = stream
    assert (status, end["status"]) == (200, "succeeded")
    shell.send("Page.setWebLifecycleState", {"state": "active"})
    tab.looks("done")


def test_address_that_is_changed_in_an_open_page_leads_to_its_print(service, open_page):
    tab = open_page(service)
    tab.develop("a fox", options={"seconds": 0})
    tab.looks("done")
    link = tab.page.url
    elsewhere = service.create(providerId="simulator", options={"seconds": 0})["sessionId"]
    tab.page.goto(f"{service.url}/#g={elsewhere}")
    expect(tab("#print-title")).to_have_text(f"Print {elsewhere[:8]}")
    tab.looks("done")
    tab.page.go_back()
    expect(tab("#print-title")).to_have_text("a fox")
    assert tab.page.url == link


def test_tabs_of_one_browser_show_the_same(service, open_page):
    first = open_page(service)
    second = open_page(service, window=first.page.context)
    first.develop("a fox", options={"seconds": 3})
    expect(first("#sheet li")).to_have_count(1)
    second.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(second("#sheet li")).to_have_count(1)
    for tab in (first, second):
        expect(tab("#sheet li")).to_have_attribute("data-look", "done")
    assert service.call("DELETE", f"/v1/generations/{first.id}")[0] == 204
    second.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(second("#sheet li")).to_have_count(0)


def test_print_that_may_not_be_followed_just_now_stays(service, open_page):
    tab = open_page(service)
    tab.page.route(
        "**/v1/events?*",
        lambda route: route.fulfill(status=403, json={"code": "forbidden", "detail": "Not from here.", "retryable": False}),
    )
    tab.page.route(
        re.compile(r"/v1/generations/[^/?]+(\?.*)?$"),
        lambda route: route.fulfill(status=403, json={"code": "forbidden", "detail": "Not from here.", "retryable": False}),
    )
    tab.develop("a fox", options={"seconds": 0})
    expect(tab("#print-fault")).to_have_text("Not from here.")
    expect(tab("#sheet li")).to_have_count(1)
    tab.page.unroute_all()
    tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    tab.looks("done")
    expect(tab("#print-fault")).to_be_hidden()
