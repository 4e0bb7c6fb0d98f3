"""A caller may name one of several translators that know the languages."""

from collections.abc import Iterator

import httpx
import pytest

from tests.integration.conftest import serving
from tests.integration.models import two_translators

TEXT = "Die Arbeiten beginnen im Mai und dauern drei Monate."


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving(two_translators()) as client:
        yield client


@pytest.mark.parametrize(
    ("model", "name", "expected"),
    [("", "stub", TEXT.upper()), ("stub", "stub", TEXT.upper()), ("small", "small", TEXT.swapcase())],
)
def test_the_model_that_is_named_translates(
    client: httpx.Client, model: str, name: str, expected: str
) -> None:
    fields = {"text": TEXT, "source": "de", "model": model}
    digest = client.post("/v1/digest", json=fields).json()
    assert (digest["translation"]["text"], digest["translation"]["model"]) == (expected, name)
    [translation] = client.post("/v1/translate", json=fields).json()["translations"]
    assert (translation["text"], translation["model"]) == (expected, name)
    assert client.post("/v1/summarize", json=fields).json()["summary"]["text"] == expected


def test_it_can_be_named_beside_a_raw_body(client: httpx.Client) -> None:
    raw = {"content": TEXT.encode(), "headers": {"Content-Type": "text/plain"}}
    answer = client.post("/v1/digest?source=de&model=small", **raw)  # type: ignore[arg-type]  # httpx takes each by its name
    assert answer.json()["translation"]["model"] == "small"


@pytest.mark.parametrize(
    ("source", "model", "known"), [("fr", "small", "stub"), ("de", "<unknown>", "stub, small")]
)
def test_a_model_that_cannot_do_it_is_refused_with_those_that_can(
    client: httpx.Client, source: str, model: str, known: str
) -> None:
    answer = client.post("/v1/digest", json={"text": TEXT, "source": source, "model": model})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "unsupported_language")
    assert problem["detail"].endswith(f"What does: {known}.")
    assert problem["errors"][0]["pointer"] == "#/model"
    assert model not in problem["detail"].replace(known, "")
