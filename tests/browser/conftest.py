"""Headless Chromium from the system, and the real service with stub engines. A missing piece fails under
CI and skips elsewhere."""

import os
import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.conftest import gateway, replicas
from tests.integration.conftest import serving, stub_models

__all__ = ["gateway", "replicas"]  # fixtures for the tests here too

_CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_SHOTS = os.environ.get("SCREENSHOTS")

TEXT = (
    "Brücke 🌉 wird saniert\n\n"
    "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren. "
    "Die Arbeiten beginnen im Mai und dauern drei Monate. "
    "Nach Angaben der Verwaltung kostet das Vorhaben 2 Millionen Euro.\n"
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    missing = [
        name
        for name, there in (("chromium", _CHROMIUM), ("playwright", find_spec("playwright")))
        if not there
    ]
    if missing:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"missing: {', '.join(missing)}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_CHROMIUM, args=_OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture
def tolerated() -> list[str]:
    """How lines begin that a test expects in the console."""
    # A refusal is shown by the page itself; Chromium tells of the status besides.
    return ["Failed to load resource"]


@pytest.fixture
def open_browser_page(browser: Any, tolerated: list[str]) -> Iterator[Callable[..., Any]]:
    """Makes pages that fail the test for any error or warning in their console."""
    contexts = []
    said: list[str] = []

    def made(**options: Any) -> Any:
        usual = {
            "locale": "en-GB",
            "viewport": {"width": 1200, "height": 900},
            "reduced_motion": "reduce",
            "ignore_https_errors": True,
        }
        contexts.append(browser.new_context(**usual | options))
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.on(
            "console",
            lambda message: said.append(message.text) if message.type in {"error", "warning"} else None,
        )
        page.on("pageerror", lambda error: said.append(str(error)))
        return page

    yield made
    for context in contexts:
        context.close()
    assert [line for line in said if not line.startswith(tuple(tolerated))] == []


@pytest.fixture
def page(open_browser_page: Callable[..., Any]) -> Any:
    return open_browser_page()


@pytest.fixture(scope="session")
def client() -> Iterator[httpx.Client]:
    with serving(stub_models()) as client:
        yield client


@pytest.fixture
def look(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Any, str], Path]:
    """Takes a picture; with SCREENSHOTS=FOLDER it stays there, to be looked at."""

    def taken(page: Any, name: str) -> Path:
        folder = Path(_SHOTS) if _SHOTS else tmp_path
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        page.screenshot(path=path, full_page=True)
        return path

    return taken


def open_page(page: Any, client: httpx.Client, path: str = "/") -> None:
    page.goto(str(client.base_url).rstrip("/") + path)
    page.wait_for_selector("#go:enabled")


def translate(page: Any, text: str) -> None:
    page.fill("#text", text)
    page.click("#go")
    page.wait_for_selector("#warnings li")
