"""What can be done with a print: cancel, pause, forget, and what is shown when it cannot be."""

import re

from playwright.sync_api import expect


def test_failure_is_told_in_the_services_words(service, open_page):
    tab = open_page(service)
    tab.develop("a fox", provider="simulator", options={"scenario": "failure", "seconds": 2})
    tab.looks("failed")
    expect(tab("#now")).to_have_text("Failed")
    expect(tab("#print-fault")).to_have_text(service.snapshot(tab.id)["error"])
    expect(tab("#sheet button")).to_have_accessible_name("a fox: Failed")
    expect(tab("#tape .status.failed + .facts")).to_contain_text(service.snapshot(tab.id)["error"])
    tab.shot("failed")


def test_cancel_is_no_failure(service, open_page):
    tab = open_page(service)
    tab.develop("a fox", options={"seconds": 30})
    tab.comes_up(8)
    tab.shows_picture()
    tab("#cancel").click()
    tab.looks("canceled")
    expect(tab("#now")).to_have_text("Canceled")
    expect(tab("#print-fault")).to_be_hidden()
    expect(tab("#cancel")).to_be_hidden()
    tab.shot("canceled")


def test_pause_holds_it_still_and_go_on_ends_it(service, open_page):
    tab = open_page(service)
    tab.develop("a fox", options={"seconds": 3})
    tab.comes_up(8)
    tab("#pause").click()
    tab.looks("paused")
    expect(tab("#pause")).to_have_text("Go on")
    tab.shot("paused")
    tab("#pause").click()
    tab.looks("done")


def test_pause_that_cannot_be_is_explained_not_hidden(launch, site, open_page):
    site.ship(
        "rigid",
        """
        import asyncio

        from safelight.providers import Capabilities, LocalProvider, Progressed, hookimpl

        class Rigid(LocalProvider):
            capabilities = Capabilities(pause=False)

            async def generate(self, request, control):
                yield Progressed(0.1)
                await asyncio.sleep(60)

        @hookimpl
        def safelight_providers():
            return [Rigid]
    """,
    )
    service = launch(env=site.env, providers__rigid__plugin="rigid").is_up()
    tab = open_page(service)
    tab.develop("a fox", provider="rigid")
    tab.comes_up(10)
    expect(tab("#pause")).to_have_attribute("aria-disabled", "true")
    tab("#pause").click(force=True)
    expect(tab("#print-fault")).to_have_text("The provider rigid cannot hold a print still.")
    tab("#cancel").click()
    tab.looks("canceled")


def test_pause_that_the_service_refuses_says_why(service, open_page):
    tab = open_page(service)
    tab.develop("a fox", options={"seconds": 30})
    tab.comes_up(8)
    tab.page.route("**/pause", lambda route: (service.call("POST", f"/v1/generations/{tab.id}/cancel"), route.continue_()))
    tab("#pause").click()
    tab.looks("canceled")
    expect(tab("#print-fault")).to_have_text(re.compile(r"It has ended already\.|It is coming to its end already\."))


def test_print_forgotten_elsewhere_can_be_forgotten_here(service, open_page):
    tab = open_page(service)
    for prompt in ("a fox", "a bear"):
        tab.develop(prompt, options={"seconds": 0})
        expect(tab("#print-title")).to_have_text(prompt)
        tab.looks("done")
    assert service.call("DELETE", f"/v1/generations/{tab.id}")[0] == 204
    tab("#forget").click()
    tab("#forget").click()
    expect(tab("#print-title")).to_have_text("a fox")
    expect(tab("#sheet li")).to_have_count(1)


def test_what_a_button_could_not_do_is_no_longer_said_when_something_else_is_done(service, open_page):
    tab = open_page(service)
    tab.develop("a fox", options={"seconds": 0})
    tab.looks("done")
    tab.page.route("**/v1/generations/*", lambda route: route.abort(), times=1)
    tab("#forget").click()
    tab("#forget").click()
    expect(tab("#print-fault")).to_have_text("The service did not answer.")
    tab("#forget").click()
    expect(tab("#print-fault")).to_be_hidden()
    tab("#forget").click()
    expect(tab("#sheet li")).to_have_count(0)


def test_forgotten_print_is_gone_for_good(service, open_page):
    tab = open_page(service)
    for prompt in ("a fox", "a bear"):
        tab.develop(prompt, options={"seconds": 0})
        expect(tab("#print-title")).to_have_text(prompt)
        tab.looks("done")
    forgotten = tab.id
    tab("#forget").click()
    expect(tab("#forget")).to_have_text("Really forget")
    tab("#forget").click()
    expect(tab("#print-title")).to_have_text("a fox")
    expect(tab("#sheet li")).to_have_count(1)
    assert service.call("GET", f"/v1/generations/{forgotten}")[0] == 410
    tab.page.goto(f"{service.url}/#g={forgotten}")
    tab.page.reload()
    expect(tab("#print-title")).to_have_text("a fox")
    expect(tab("#sheet li")).to_have_count(1)
