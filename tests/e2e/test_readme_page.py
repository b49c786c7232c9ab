"""The README's page, word for word, in a real Chromium."""

import re
from pathlib import Path

from tests.chromium import running

ROOT = Path(__file__).parents[2]
SCREENSHOT = Path(__file__).parent / "screenshots" / "readme.png"


def test_the_readmes_page_shows_the_picture_developing(service):
    page_of_readme = re.search(r"```html\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    with running() as browser:
        page = browser.new_page()
        page.route(f"{service.url}/", lambda route: route.fulfill(content_type="text/html", body=page_of_readme))
        page.goto(f"{service.url}/")
        page.wait_for_function("document.querySelector('img').naturalWidth > 0")
        assert page.evaluate("document.querySelector('progress').value") < 100
        page.wait_for_function(
            "document.querySelector('progress').value === 100 && document.querySelector('img').src.endsWith('.png')"
        )
        page.wait_for_function("document.querySelector('img').complete && document.querySelector('img').naturalWidth === 512")
        SCREENSHOT.parent.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOT)
