"""Every route of the application, asked without a key, with a wrong one, a revoked one, one that is for
something else, and the right one. The table in docs/keys.md is what comes out."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from service.api.access import TABLE, Need, listed
from service.app import create_app
from service.keys.key import SCOPES, Limits
from service.keys.store import KeyStore
from service.settings import Settings
from tests.integration.conftest import serving
from tests.keys import key_store

DOCUMENT = Path(__file__).parents[3] / "docs" / "keys.md"
MARKS = re.compile(r"(<!-- matrix: .*? -->\n)(.*?)(<!-- end -->)", re.DOTALL)

REFUSALS = ("A key is needed", "The key is not valid", "The key is not for this")

COLUMNS = ("no key", "wrong", "revoked", "other scope", "right")

OPEN_WITHOUT_A_KEY = {
    "/livez",
    "/startupz",
    "/readyz",
    "/health",
    "/languages",
    "/v1/languages",
    "/frontend/settings",
    "/",
    "/page/{name}",
}
"""The whole list; it grows by decision only."""


class Route(NamedTuple):
    method: str
    path: str

    @property
    def url(self) -> str:
        return re.sub(r"\{(glossary_id|document_id|identity)\}", "0" * 32, self.path).replace(
            "{name}", "page.js"
        )


def routes() -> list[Route]:
    app = create_app(Settings(data_dir=Path("/nonexistent")))
    found = [
        Route(method, context.path)
        for context in iter_route_contexts(app.routes)
        for method in sorted(context.methods or ())
        if context.path is not None
    ]
    assert len(found) >= 50
    return found


ROUTES = routes()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def store(data: Path) -> KeyStore:
    return key_store(data)


@pytest.fixture(scope="module")
def secrets(store: KeyStore) -> dict[frozenset[str] | str, str]:
    """A key for every set of scopes that a route needs, and for all the others."""
    made: dict[frozenset[str] | str, str] = {}
    for need in {need.scopes for need in TABLE.values()}:
        for scopes in (need or frozenset({"metrics"}), frozenset(SCOPES) - need):
            if scopes not in made:
                _, made[scopes] = store.create(" ".join(sorted(scopes)), scopes, Limits())
    _, made["revoked"] = store.create("revoked", SCOPES, Limits())
    store.revoke("revoked")
    made["wrong"] = "kf_" + "0" * 12 + "_" + "0" * 64
    return made


@pytest.fixture(scope="module")
def service(data: Path, secrets: dict[frozenset[str] | str, str]) -> Iterator[httpx.Client]:
    with serving(data_dir=data) as service:
        yield service


def outcome(service: httpx.Client, route: Route, key: str | None) -> str:
    """The status of a refusal; ✓ where the route itself answered, whatever it said to an empty body."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    answer = service.request(route.method, route.url, headers=headers)
    assert answer.status_code < 500
    if route.method == "HEAD":
        return str(answer.status_code) if answer.status_code in {401, 403} else "✓"
    refused = answer.is_client_error and any(words in answer.text for words in REFUSALS)
    return str(answer.status_code) if refused else "✓"


def row(service: httpx.Client, route: Route, secrets: dict[frozenset[str] | str, str]) -> list[str]:
    need = listed(route.path.replace("{name}", "x")) or Need()
    keys = (
        None,
        secrets["wrong"],
        secrets["revoked"],
        secrets[frozenset(SCOPES) - need.scopes],
        secrets[need.scopes or frozenset({"metrics"})],
    )
    return [outcome(service, route, key) for key in keys]


@pytest.fixture(scope="module")
def matrix(service: httpx.Client, secrets: dict[frozenset[str] | str, str]) -> dict[Route, list[str]]:
    return {route: row(service, route, secrets) for route in ROUTES}


def test_every_route_stands_in_the_table_of_access() -> None:
    missing = {route.path for route in ROUTES if listed(route.path) is None}
    assert not missing, f"say in service/api/access.py what these need: {sorted(missing)}"


def test_nothing_is_open_but_what_is_meant_to_be(matrix: dict[Route, list[str]]) -> None:
    opened = {route.path for route, cells in matrix.items() if cells[0] == "✓"}
    assert opened == OPEN_WITHOUT_A_KEY


def test_each_dialect_refuses_in_its_own_way(matrix: dict[Route, list[str]]) -> None:
    for route, (missing, wrong, revoked, other, right) in matrix.items():
        assert right == "✓", route
        assert revoked == wrong, route
        if missing == "✓":
            assert {wrong, revoked, other} == {"✓"}, route
            continue
        dialect = "deepl" if route.path.startswith(("/v2/", "/v3/")) else "native"
        if route.path.startswith(("/translate", "/detect", "/download_file/", "/suggest", "/spec")):
            dialect = "libretranslate"
        statuses = {"native": ("401", "401"), "deepl": ("403", "403"), "libretranslate": ("400", "403")}
        assert (missing, wrong) == statuses[dialect], route
        scopes = (listed(route.path) or Need()).scopes
        assert other == ("403" if scopes else "✓"), route


def test_the_documentation_has_this_table(matrix: dict[Route, list[str]]) -> None:
    lines: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for route, cells in matrix.items():
        need = listed(route.path) or Need()
        wants = "nothing" if need.open else " and ".join(sorted(need.scopes)) or "any key"
        lines.setdefault((route.path, wants, tuple(cells)), []).append(route.method)
    table = [f"| route | needs | {' | '.join(COLUMNS)} |", "|---|---|" + "---|" * len(COLUMNS)]
    for (path, wants, cells), methods in sorted(lines.items()):
        table.append(f"| {', '.join(methods)} `{path}` | {wants} | {' | '.join(cells)} |")
    written = DOCUMENT.read_text(encoding="utf-8")
    found = MARKS.search(written)
    assert found is not None
    wanted = "\n".join(table) + "\n"
    assert found[2] == wanted, f"between the marks of docs/keys.md belongs:\n{wanted}"


@pytest.mark.parametrize("path", ["/v1/nothing", "/v2/nothing", "/translate/x", "/v1/digest/", "/page"])
def test_a_path_without_a_route_is_closed_too(service: httpx.Client, path: str) -> None:
    assert service.get(path).status_code in {400, 401, 403}


@pytest.mark.parametrize("path", ["/livez/../v1/models", "/page/../v1/models", "/page/%2e%2e/v1/models"])
def test_no_spelling_of_a_path_gets_past(service: httpx.Client, path: str) -> None:
    answer = service.request("GET", str(service.base_url).rstrip("/") + path)
    assert answer.status_code in {401, 404}
    assert "models" not in answer.text
