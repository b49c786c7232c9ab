"""For everybody: by ear, by keyboard, in a pocket, without motion, and by the rules of axe."""

import pytest
from playwright.sync_api import expect

DESK, POCKET = {"width": 1360, "height": 860}, {"width": 360, "height": 740}
ALL_AT_ONCE = {"providers__sketch__max_parallel": 6}


def test_states_are_read_out_and_numbers_only_by_quarters(service, open_page):
    tab = open_page(service)
    tab.page.evaluate("""() => {
        window.said = [];
        const place = document.getElementById("announcer");
        new MutationObserver(() => said.push(place.textContent)).observe(place, { childList: true });
    }""")
    assert tab("#announcer").get_attribute("aria-live") == "polite"
    tab.develop("a fox", options={"seconds": 3})
    expect(tab("#announcer")).to_have_text("a fox: Done.")
    said = tab.page.evaluate("said")
    assert "a fox: Developing. 50 percent." in said
    assert len(said) <= 10, said


def test_long_prompt_is_read_out_in_brief(service, open_page):
    tab = open_page(service)
    prompt = "a fox in the snow, " * 100
    tab.develop(prompt, options={"seconds": 0})
    tab.looks("done")
    expect(tab("#print-title")).to_have_text(prompt.strip())
    expect(tab("#announcer")).to_have_text(f"{prompt[:100]}…: Done.")
    expect(tab("#sheet button .unseen")).to_have_text(f"{prompt[:100]}…: Done")
    expect(tab("#emulsion img").last).to_have_attribute("alt", f"{prompt[:100]}…")


def test_keyboard_alone_is_enough(service, open_page):
    tab = open_page(service)
    for prompt in ("a fox", "a bear"):
        tab.develop(prompt, options={"seconds": 0})
        expect(tab("#print-title")).to_have_text(prompt)
        tab.looks("done")
    tab.page.reload()
    tab.looks("done")
    tab.page.keyboard.press("Tab")
    expect(tab(".skip")).to_be_focused()
    tab.page.keyboard.press("Enter")
    expect(tab("#bath")).to_be_focused()
    tab("#sheet button[aria-pressed=true]").focus()
    tab.page.keyboard.press("ArrowRight")
    expect(tab("#sheet button").nth(1)).to_be_focused()
    tab.page.keyboard.press("Enter")
    expect(tab("#print-title")).to_have_text("a fox")
    outline = tab("#sheet button").nth(1).evaluate("b => getComputedStyle(b).outlineStyle")
    assert outline == "solid"
    tab("#light").focus()
    tab.page.keyboard.press("Space")
    assert tab("html").get_attribute("data-light") == "on"
    tab.page.reload()
    assert tab("html").get_attribute("data-light") == "on"


def test_button_that_goes_leaves_the_keyboard_at_the_print(service, open_page):
    tab = open_page(service)
    for button, end in (("#cancel", "canceled"), ("#pause", "done")):
        tab.develop("a fox", options={"seconds": 30 if button == "#cancel" else 1.5})
        tab.looks("developing")
        tab(button).focus()
        if button == "#cancel":
            tab.page.keyboard.press("Enter")
        tab.looks(end)
        expect(tab(button)).to_be_hidden()
        expect(tab("#bath")).to_be_focused()


def test_page_fits_a_pocket(service, open_page):
    tab = open_page(service, viewport=POCKET, device_scale_factor=2, has_touch=True)
    tab.develop("a lighthouse at dusk", options={"seconds": 4, "format": "webp"})
    expect(tab("#pause")).to_be_in_viewport()
    tab.comes_up(50)
    tab.shows_picture()
    tab.page.evaluate("document.getElementById('settings').open = false")
    tab.shot("360")
    tab.looks("done")
    assert tab.page.evaluate("document.documentElement.scrollWidth") == POCKET["width"]
    small = tab("button:visible, a.button:visible, select:visible").evaluate_all(
        "all => all.filter((one) => one.getBoundingClientRect().height < 36).map(({ id, className }) => id || className)"
    )
    assert small == []


def test_what_matters_is_above_the_fold_of_a_laptop(service, open_page):
    tab = open_page(service, viewport={"width": 1360, "height": 850})
    tab.develop("a lighthouse at dusk", options={"seconds": 3})
    tab.comes_up(8)
    for one in ("#pause", "#cancel", "#readings", "#sheet .edge"):
        expect(tab(one).first).to_be_in_viewport()
    tab.develop("a fox", provider="simulator", options={"scenario": "failure", "seconds": 0})
    tab.looks("failed")
    expect(tab("#print-fault")).to_be_in_viewport(ratio=1)
    assert tab.page.evaluate("scrollY") == 0
    cut = tab("#fields select").evaluate_all("""all => all.filter((one) => {
        const pen = document.createElement("canvas").getContext("2d");
        pen.font = getComputedStyle(one).font;
        return [...one.options].some(({ text }) => pen.measureText(text).width > one.clientWidth - 40);
    }).map(({ name }) => name)""")
    assert cut == []


@pytest.mark.parametrize("moves", [True, False])
def test_nothing_moves_where_motion_is_not_wanted(service, open_page, moves):
    tab = open_page(service, moves=moves)
    tab.develop("a fox", options={"seconds": 3})
    tab.comes_up(30)
    assert (tab.page.evaluate("document.getAnimations().length") > 0) == moves
    tab.looks("done")
    tab.shows_picture()


@pytest.mark.parametrize("viewport", [DESK, POCKET], ids=["desk", "pocket"])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing(launch, open_page, axe, scheme, viewport):
    tab = open_page(launch(**ALL_AT_ONCE).is_up(), scheme=scheme, viewport=viewport, bypass_csp=True)
    tab.page.evaluate(axe)

    def violations():
        found = tab.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
        return [(one["id"], node["html"], node["failureSummary"]) for one in found for node in one["nodes"]]

    tab.looks("empty")
    assert violations() == []
    tab.develop("a fox", params={"width": 5})
    expect(tab("#field-params-width-fault")).to_be_visible()
    assert violations() == []
    tab.develop("a fox", params={"width": ""}, options={"seconds": 4})
    tab.comes_up(30)
    assert violations() == []
    tab.looks("done")
    tab("#tape summary").last.click()
    assert violations() == []
    tab.develop("a fox", provider="simulator", options={"scenario": "failure", "seconds": 1})
    tab.looks("failed")
    assert violations() == []
