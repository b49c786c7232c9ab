"""What is seen of a print: empty, developing, done, several at once, and in the documents."""

import os
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

ALL_AT_ONCE = {"providers__sketch__max_parallel": 6}
SCREENSHOTS = Path(__file__).parents[1] / "screenshots"
PICTURE = Path(__file__).parents[3] / "docs" / "page.webp"


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_empty_page_invites(service, open_page, scheme):
    tab = open_page(service, scheme=scheme, moves=True)
    tab.looks("empty")
    expect(tab("#blank")).to_have_text("Nothing in the tray yet.")
    expect(tab("#starters button")).to_have_count(4)
    expect(tab("#none")).to_be_visible()
    expect(tab("#light")).to_have_attribute("aria-pressed", str(scheme == "light").lower())
    expect(tab("#connection")).to_be_empty()
    tab.shot("empty" if scheme == "dark" else "empty-light")


def test_picture_develops_by_previews_and_can_be_kept(service, open_page):
    tab = open_page(service, moves=True)
    tab.page.evaluate("""() => {
        window.seen = [];
        new MutationObserver((changes) => {
            for (const { addedNodes } of changes) for (const node of addedNodes) if (node.src) seen.push(node.src);
        }).observe(document.getElementById("emulsion"), { childList: true });
    }""")
    tab.develop("a lighthouse at dusk", params={"seed": 7}, options={"seconds": 4})
    tab.looks("developing")
    tab.comes_up(60)
    tab.shows_picture()
    assert tab("#bar").evaluate("b => b.tagName") == "PROGRESS"
    expect(tab("#print-title")).to_have_text("a lighthouse at dusk")
    expect(tab("#now")).to_contain_text("Developing — ")
    expect(tab("#readings")).to_have_text(
        re.compile(r"Progress\d+ %Step\d+ of 12Left(about \d+ s|any moment)Elapsed.+Providersketch")
    )
    expect(tab("#frames")).to_have_text("1 print, 1 developing")
    tab.shot("developing")
    tab.looks("done")
    tab.page.wait_for_function("() => document.querySelector('#emulsion img:last-of-type').src.endsWith('.png')")
    seen = tab.page.evaluate("seen")
    assert len(set(seen)) > 4, "previews, then the picture"
    assert seen[-1].endswith(".png")
    expect(tab("#readings")).to_contain_text("512 \N{MULTIPLICATION SIGN} 512")
    expect(tab("#readings")).to_contain_text("Seed7")
    expect(tab("#frames")).to_have_text("1 print")
    tab.shows_picture("#sheet img[src$='?w=256']")
    tab.shot("done")
    with tab.page.expect_download() as download:
        tab("#download").click()
    assert download.value.suggested_filename == "a lighthouse at dusk.png"
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_six_at_once_develop_side_by_side_over_one_stream(launch, open_page):
    tab = open_page(launch(**ALL_AT_ONCE).is_up(), moves=True)
    tab.develop("hot-air balloons at dawn", exposures=6, options={"seconds": 8})
    expect(tab("#sheet li")).to_have_count(6)
    expect(tab("#frames")).to_have_text("6 prints, 6 developing")
    expect(tab("#sheet li").last.locator("button")).to_have_attribute("aria-pressed", "true")
    tab.page.wait_for_function("() => [...document.querySelectorAll('#sheet progress')].every((bar) => bar.value >= 50)")
    streams = [request for request in tab.streams if "/v1/events" in request.url]
    open_streams = [request for request in streams if request.timing["responseEnd"] < 0 and not request.failure]
    assert [len(re.findall(r"\bid=", request.url)) for request in open_streams] == [6]
    assert not [request for request in tab.streams if re.search(r"/events$", request.url)], "a stream for one alone"
    tab.shot("six")
    expect(tab("#sheet li[data-look=done]")).to_have_count(6)
    expect(tab("#sheet img[src$='?w=256']")).to_have_count(6)


def test_finished_print_comes_back_over_its_placeholder(service, open_page):
    generation = service.create(options={"seconds": 0}, ref="from elsewhere")["sessionId"]
    service.call("GET", f"/v1/generations/{generation}?wait=20&after=1-1")
    window_less = open_page(service, moves=True)
    window_less.looks("done")
    placeholder = service.snapshot(generation)["outputs"][0]["placeholder"]
    window_less.page.route("**/v1/outputs/**", lambda route: None)  # the network takes its time
    window_less.page.reload()
    expect(window_less("#emulsion img")).to_have_attribute("src", placeholder)
    expect(window_less("#print-title")).to_have_text("from elsewhere")
    window_less.page.unroute_all(behavior="ignoreErrors")


def test_picture_whose_fetch_failed_comes_all_the_same(service, open_page):
    tab = open_page(service)
    tab.page.route(re.compile(r"\.png"), lambda route: route.abort(), times=2)  # in the tray and on the sheet
    tab.develop("a fox", options={"seconds": 0})
    tab.looks("done")
    tab.shows_picture("#emulsion img[src$='.png']")
    tab.shows_picture("#sheet img[src$='?w=256']")
    expect(tab("#picture-fault")).to_be_hidden()


def test_picture_that_cannot_be_fetched_says_so_until_somebody_tries_again(service, open_page):
    tab = open_page(service)
    tab.page.route(re.compile(r"\.png"), lambda route: route.abort())
    tab.develop("a fox", options={"seconds": 0})
    tab.looks("done")
    expect(tab("#picture-fault")).to_be_visible()
    expect(tab("#sheet .state")).to_have_text("not fetched")
    tab.shot("not-fetched")
    tab.page.unroute_all()
    tab("#fetch-again").click()
    tab.shows_picture("#emulsion img[src$='.png']")
    tab.shows_picture("#sheet img[src$='?w=256']")
    expect(tab("#picture-fault")).to_be_hidden()
    expect(tab("#sheet .state")).to_be_empty()


def test_queue_and_eta_are_shown(service, open_page):
    tab = open_page(service)
    tab.develop("a fox", provider="simulator", options={"scenario": "queue", "seconds": 5})
    expect(tab("#readings")).to_contain_text(re.compile(r"In line\d"))
    expect(tab("#now")).to_contain_text("Waiting in line")
    expect(tab("#readings")).to_contain_text("Left")
    tab.looks("done")


def test_several_pictures_of_one_generation_can_be_chosen_from(service, open_page):
    tab = open_page(service, moves=True)
    tab.develop("a fox", params={"count": 3}, options={"seconds": 0})
    tab.looks("done")
    expect(tab("#choices button")).to_have_count(3)
    urls = service.snapshot(tab.id)["output"]
    tab("#choices button").nth(2).click()
    expect(tab("#emulsion img:last-of-type")).to_have_attribute("src", f"{service.url}{urls[2]}")
    expect(tab("#choices button").nth(2)).to_have_attribute("aria-pressed", "true")


def test_pictures_show_where_the_service_writes_urls_of_another_name(launch, open_page):
    service = launch(server__public_url="https://pictures.example").is_up()
    tab = open_page(service)
    tab.develop("a fox", options={"seconds": 0})
    tab.looks("done")
    assert service.snapshot(tab.id)["output"][0].startswith("https://pictures.example/")
    tab.shows_picture()
    tab.shows_picture("#sheet img")


def test_picture_of_the_page_in_the_documents(launch, open_page):
    """With UPDATE_PAGE_PICTURE=1 in the environment the picture that the README shows is made anew."""
    tab = open_page(launch(**ALL_AT_ONCE).is_up(), moves=True)
    prompts = ["watercolour of a fox in the snow", "a robot with sunflowers", "hot-air balloons at dawn", "the pyramids at night"]
    for prompt in [*prompts, "a city in the rain"]:
        tab.develop(prompt, params={"seed": 5}, options={"seconds": 0})
        expect(tab("#print-title")).to_have_text(prompt)
        tab.looks("done")
    tab.develop("a lighthouse at dusk", params={"seed": 4}, options={"seconds": 5})
    tab.comes_up(75)
    tab.shows_picture()
    tab.shot("readme")
    if os.environ.get("UPDATE_PAGE_PICTURE") == "1":
        with Image.open(SCREENSHOTS / "page-readme.png") as picture:
            picture.save(PICTURE, quality=82, method=6)
    with Image.open(PICTURE) as picture:
        assert (picture.format, picture.width) == ("WEBP", 1360)
    assert PICTURE.stat().st_size <= 300_000


def test_prompt_of_any_characters_names_the_download(service, open_page):
    tab = open_page(service)
    tab.develop("a" * 59 + "🦊 in the snow", params={"seed": 7}, options={"seconds": 0})
    tab.looks("done")
    expect(tab("#download")).to_have_attribute("href", re.compile(re.escape("a" * 59 + "%F0%9F%A6%8A") + "$"))
    with tab.page.expect_download() as download:
        tab("#download").click()
    assert download.value.suggested_filename == "a" * 59 + "🦊.png"
