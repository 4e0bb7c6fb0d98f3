"""docs/api-examples.md is what the OpenAPI document makes it, and every example in it runs."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.integration.conftest import serving
from tests.openapi.guide import ADDRESS, GUIDE, guide

WRITTEN = GUIDE.read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^### (.*?)\n.*?```python\n(.*?)```", WRITTEN, re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def service() -> Iterator[httpx.Client]:
    with serving() as service:
        yield service


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples read the environment, and our service listens on this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_the_guide_is_up_to_date() -> None:
    assert guide() == WRITTEN, "run `make examples`"


def test_every_route_has_one(service: httpx.Client) -> None:
    paths = service.get("/openapi.json").json()["paths"]
    assert set(EXAMPLES) == {f"{method.upper()} {path}" for path in paths for method in paths[path]}


@pytest.mark.parametrize("route", EXAMPLES)
def test_an_example_runs_as_it_stands(
    service: httpx.Client, route: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = EXAMPLES[route].replace(ADDRESS, str(service.base_url).rstrip("/"))
    exec(compile(code, route, "exec"), {})  # noqa: S102 -- what stands in our own documentation
    assert capsys.readouterr().out or route.startswith("DELETE ")
