"""Other translations of the same text, over HTTP."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from service.pipeline.models import ModelSet
from tests.integration.api.test_pivot import model
from tests.integration.conftest import serving, stub_models

LINE = "Der Rat tagt am Montag."
WAYS = [
    "DER RAT TAGT AM MONTAG.",
    "der RAT TAGT AM MONTAG.",
    "der rat TAGT AM MONTAG.",
    "der rat tagt AM MONTAG.",
    "der rat tagt am MONTAG.",
    "der rat tagt am montag.",
]
"""The stub's hypotheses for it."""


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving() as client:
        yield client


def translate(client: httpx.Client, text: str | list[str] = LINE, **fields: Any) -> list[dict[str, Any]]:
    response = client.post("/v1/translate", json={"text": text, "source": "de", **fields})
    assert response.status_code == 200, response.text
    translations: list[dict[str, Any]] = response.json()["translations"]
    return translations


def test_they_are_there_only_where_they_are_asked_for(client: httpx.Client) -> None:
    [plain] = translate(client)
    assert "alternatives" not in plain
    [asked] = translate(client, alternatives=2)
    assert asked.pop("alternatives") == WAYS[1:3]
    assert {**asked, "timing": 0} == {**plain, "timing": 0}


def test_each_text_has_its_own(client: httpx.Client) -> None:
    texts = [LINE, "Guten Morgen.", f"{LINE}\n\n{LINE}"]
    one, two, three = translate(client, texts, alternatives=5)
    assert one["alternatives"] == WAYS[1:]
    assert two["alternatives"] == ["guten MORGEN.", "guten morgen."]
    assert three["alternatives"] == [f"{way}\n\n{way}" for way in WAYS[1:]]


def test_a_text_that_is_passed_through_has_none(client: httpx.Client) -> None:
    assert translate(client, "The train stops.", source="en", alternatives=3)[0]["alternatives"] == []


@pytest.mark.parametrize("wanted", [-1, 6, 10**30, "zwei", 1.5])
def test_a_number_that_is_none_or_too_many_is_refused(client: httpx.Client, wanted: object) -> None:
    refused = client.post("/v1/translate", json={"text": LINE, "alternatives": wanted})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "#/alternatives"


def test_terms_and_strings_to_keep_are_in_every_one(client: httpx.Client) -> None:
    terms = [{"source": "Rat", "target": "Council"}]
    [made] = translate(
        client, f"{LINE} Die Wega AG tagt auch.", glossary=terms, keep=["Wega AG"], alternatives=3
    )
    assert made["alternatives"]
    assert len({made["text"], *made["alternatives"]}) == 1 + len(made["alternatives"])
    for each in made["alternatives"]:
        assert "council" in each.lower()
        assert "Wega AG" in each


def test_through_english_they_are_those_of_the_second_model() -> None:
    to_french = model("en-fr", "en", "fr", decode=str.title)
    models = ModelSet(profile="pivot", translators=[model("de-en", "de", "en"), to_french])
    with serving(models) as client:
        [made] = translate(client, target="fr", alternatives=2)
    assert made["text"] == "Der Rat Tagt Am Montag."
    assert made["alternatives"] == ["der Rat Tagt Am Montag.", "der rat Tagt Am Montag."]


def test_a_sentence_that_the_second_model_reads_in_parts_has_them_too() -> None:
    to_french = model("en-fr", "en", "fr", decode=str.title, limits={"source_tokens": 9, "segment_tokens": 9})
    models = ModelSet(profile="pivot", translators=[model("de-en", "de", "en"), to_french])
    text = "Der Rat tagt am Montag im Saal, und die Leute hören am Fenster zu."
    with serving(models) as client:
        [made] = translate(client, text, target="fr", alternatives=1)
    [alternative] = made["alternatives"]
    assert alternative != made["text"]
    assert alternative.lower() == made["text"].lower() == text.lower()
    assert sum(map(str.islower, alternative.split())) == 2  # of either part the first word


def test_the_same_line_with_and_without_is_not_taken_for_one_another() -> None:
    """Neither where it was decoded before nor where it is under way."""
    batches: list[list[str]] = []
    held = threading.Event()
    held.set()

    def gate(sources: Sequence[str]) -> None:
        batches.append(list(sources))
        assert held.wait(10)

    with serving(stub_models(gate=gate), cache_megabytes=1) as client:
        for _ in range(2):
            assert "alternatives" not in translate(client)[0]
            assert translate(client, alternatives=3)[0]["alternatives"] == WAYS[1:4]
        assert batches.count([LINE]) == 2
        # As many as the beam ends with are decoded, whichever of them are wanted.
        assert translate(client, alternatives=1)[0]["alternatives"] == WAYS[1:2]
        assert batches.count([LINE]) == 2


def test_the_lines_of_a_text_go_to_the_engine_together() -> None:
    batches: list[list[str]] = []
    with serving(stub_models(gate=lambda sources: batches.append(list(sources)))) as client:
        batches.clear()
        lines = [f"Der Rat tagt am Montag im Saal {n}." for n in range(20)]
        translate(client, lines, alternatives=2)
        assert sorted(map(len, batches)) == [20]


def test_a_job_has_them_too(client: httpx.Client) -> None:
    taken = client.post(
        "/v1/translate",
        json={"text": LINE, "source": "de", "alternatives": 1},
        headers={"Prefer": "respond-async"},
    )
    assert taken.status_code == 202, taken.text
    path = taken.url.join(taken.headers["location"]).path
    for _ in range(200):
        if client.get(path).json()["status"] == "done":
            break
        threading.Event().wait(0.05)
    [made] = client.get(f"{path}/result").json()["translations"]
    assert made["alternatives"] == WAYS[1:2]
