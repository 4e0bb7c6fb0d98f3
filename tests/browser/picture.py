"""Takes the picture in the README anew (`make picture`): the example article, the bundled model, a sentence
lit."""

from __future__ import annotations

import io
import os
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from service.opening import load_models
from service.settings import Settings
from tests.integration.conftest import serving

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "page.png"


def main() -> None:
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with serving(load_models(Settings(profile="starter"))) as client, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(
            viewport={"width": 1100, "height": 1240},
            locale="en-GB",
            reduced_motion="reduce",
            color_scheme="light",
        )
        page.goto(str(client.base_url))
        page.wait_for_selector("#go:enabled")
        page.click("#example")
        page.evaluate("document.getElementById('text').style.height = '8rem'")  # as its corner is dragged
        page.click("#go")
        page.wait_for_selector("#state.good")
        page.evaluate("scrollTo(0, 0)")
        page.locator("#target-text .segment", has_text="2.4 million").hover()
        taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        taken.quantize(colors=128, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
