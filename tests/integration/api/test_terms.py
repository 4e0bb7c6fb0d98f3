"""Glossaries and strings to keep, over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.conftest import serving, stub_models

TERMS = [{"source": "Brücke", "target": "footbridge"}, {"source": "Stadtrat", "target": "town council"}]
TEXT = "Der Stadtrat will die Brücken sanieren. Die Arbeiten beginnen im Mai."


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(data_dir=tmp_path) as client:
        yield client


def translate(client: httpx.Client, text: str = TEXT, **fields: Any) -> dict[str, Any]:
    response = client.post("/v1/translate", json={"text": text, "source": "de", **fields})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()["translations"][0]
    return answer


def told(answer: dict[str, Any]) -> list[str]:
    """What the answer warns of, besides the model."""
    return [each["code"] for each in answer["warnings"] if each["code"] != "demonstration_model"]


def test_an_inline_glossary_is_applied_and_the_answer_says_so(client: httpx.Client) -> None:
    answer = translate(client, glossary=TERMS)
    assert (
        answer["text"].upper()
        == "DER TOWN COUNCIL WILL DIE FOOTBRIDGE SANIEREN. DIE ARBEITEN BEGINNEN IM MAI."
    )
    assert answer["terms"]["missed"] == []
    assert [(use["source"], use["target"]) for use in answer["terms"]["applied"]] == [
        ("Stadtrat", "town council"),
        ("Brücke", "footbridge"),
    ]
    span = answer["terms"]["applied"][0]["span"]
    assert TEXT[span["start"] : span["end"]] == "Der Stadtrat will die Brücken sanieren."


def test_a_term_that_cannot_be_applied_is_missed_with_a_warning_and_the_sentence_stands() -> None:
    def stubborn(source: str) -> str:
        return source.replace("footbridge", "Brücke").replace("Brücken", "eine Brücke").upper()

    with serving(stub_models(decode=stubborn)) as client:
        answer = translate(client, glossary=TERMS[:1])
    assert answer["text"].startswith("DER STADTRAT WILL DIE EINE BRÜCKE SANIEREN.")
    assert [use["source"] for use in answer["terms"]["missed"]] == ["Brücke"]
    assert told(answer) == ["term_missed"]


def test_terms_and_tags_go_together(client: httpx.Client) -> None:
    answer = translate(client, "<p>Die <b>alte Brücke</b> steht.</p>", format="html", glossary=TERMS)
    assert answer["text"].casefold() == "<p>die <b>alte footbridge</b> steht.</p>"


def test_without_a_glossary_no_terms_are_listed(client: httpx.Client) -> None:
    assert "terms" not in translate(client)


def test_a_stored_glossary_is_named_by_its_id(client: httpx.Client) -> None:
    body = {"name": "Bau", "source": "de", "target": "en", "terms": TERMS}
    made = client.post("/v1/glossaries", json=body)
    assert made.status_code == 201
    identity = made.json()["id"]
    assert client.get("/v1/glossaries").json()["glossaries"] == [made.json()]
    assert client.get(f"/v1/glossaries/{identity}").json()["terms"] == TERMS
    assert len(translate(client, glossary=identity)["terms"]["applied"]) == 2
    assert client.delete(f"/v1/glossaries/{identity}").status_code == 204
    gone = client.post("/v1/translate", json={"text": TEXT, "glossary": identity})
    assert (gone.status_code, gone.json()["code"]) == (404, "glossary_not_found")


def test_a_stored_glossary_of_other_languages_is_not_applied_and_that_is_said(client: httpx.Client) -> None:
    body = {"name": "Bau", "source": "fr", "target": "en", "terms": [{"source": "pont", "target": "bridge"}]}
    identity = client.post("/v1/glossaries", json=body).json()["id"]
    answer = translate(client, glossary=identity)
    assert told(answer) == ["glossary_not_applied"]
    assert answer["terms"] == {"applied": [], "missed": []}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"glossary": [{"source": "", "target": "x"}]}, 400),
        ({"glossary": [{"source": "a\nb", "target": "x"}]}, 422),
        ({"glossary": [{"source": "a", "target": "x"}, {"source": "a", "target": "y"}]}, 422),
        ({"glossary": "nonsense"}, 400),
        ({"glossary": {"a": "b"}}, 400),
        ({"keep": [""]}, 400),
        ({"keep": ["x" * 201]}, 400),
        ({"keep": "ACME"}, 400),
    ],
)
def test_unusable_terms_are_refused(client: httpx.Client, fields: dict[str, Any], status: int) -> None:
    response = client.post("/v1/translate", json={"text": TEXT, **fields})
    assert response.status_code == status, response.text


def test_listed_strings_come_back_as_they_are_once_each(client: httpx.Client) -> None:
    text = "Das Programm Kurz & Gut von Meier läuft. Kurz & Gut heißt es seit Mai."
    answer = translate(client, text, keep=["Kurz & Gut", "Meier"])
    assert answer["text"].count("Kurz & Gut") == 2
    assert "Meier" in answer["text"]
    assert "KURZ & GUT" not in answer["text"]


def test_a_stored_glossary_works_in_a_digest_and_a_summary(client: httpx.Client) -> None:
    digest = client.post("/v1/digest", json={"text": TEXT, "source": "de", "glossary": TERMS}).json()
    assert "footbridge" in digest["summary"]["text"].casefold()
    assert len(digest["terms"]["applied"]) == 2


def test_the_terms_of_a_segment_that_came_back_empty_are_missed() -> None:
    with serving(stub_models(decode=lambda source: "" if "Rat" in source else source.upper())) as client:
        answer = translate(
            client, "Die Brücke steht. Der Rat schweigt.", glossary=[{"source": "Rat", "target": "x"}]
        )
    assert [use["source"] for use in answer["terms"]["missed"]] == ["Rat"]
    assert sorted(told(answer)) == ["segment_empty", "term_missed"]


def test_a_summary_tells_of_the_terms_that_were_translated_for_it_alone(client: httpx.Client) -> None:
    body = {"text": TEXT, "source": "de", "glossary": TERMS, "summary": {"sentences": 1}}
    answer = client.post("/v1/summarize", json=body).json()
    assert answer["terms"]["applied"]
    codes = [warning["code"] for warning in answer["warnings"]]
    assert codes.count("demonstration_model") == 1


def test_a_raw_body_may_name_strings_to_keep_and_a_stored_glossary(client: httpx.Client) -> None:
    body = {"name": "Bau", "source": "de", "target": "en", "terms": TERMS}
    identity = client.post("/v1/glossaries", json=body).json()["id"]
    query = {"source": "de", "keep": ["Meier", "Kurz & Gut"], "glossary": identity}
    text = "Meier und Kurz & Gut bauen die Brücke."
    response = client.post(
        "/v1/translate", params=query, content=text.encode(), headers={"Content-Type": "text/plain"}
    )
    assert response.status_code == 200, response.text
    [answer] = response.json()["translations"]
    assert answer["text"].replace("FOOTBRIDGE", "footbridge") == "Meier UND Kurz & Gut BAUEN DIE footbridge."


def test_unusable_terms_are_refused_even_where_nothing_is_translated(client: httpx.Client) -> None:
    terms = [{"source": "a", "target": "x"}, {"source": "a", "target": "y"}]
    text = ["The bridge over the river will be renovated in May, says the council."]
    response = client.post("/v1/translate", json={"text": text, "source": "en", "glossary": terms})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "#/glossary"


@pytest.mark.parametrize(
    "kept", ["Cafe\u0301 Mitte", "Karl\u00a0Meier", "Karl  Meier", "Haus\u00adtier", "Mann 7"]
)
def test_a_listed_string_comes_back_in_its_own_spelling(client: httpx.Client, kept: str) -> None:
    answer = translate(client, f"Heute kam {kept} am Montag um 7 nach Hause.", keep=[kept])
    assert kept in answer["text"]
    assert told(answer) in ([], ["segment_repaired"])


def test_a_listed_string_across_two_sentences_is_told(client: httpx.Client) -> None:
    answer = translate(client, "Da ist der Mann. Geht er?", keep=["Mann. Geht"])
    assert "Mann. Geht" not in answer["text"]
    assert "keep_across_sentences" in told(answer)


def test_a_term_within_what_stays_as_it_is_is_none(client: httpx.Client) -> None:
    text = "<p>Die Firma nutzt <code>Brücke</code> seit Mai.</p>"
    assert translate(client, text, format="html", glossary=TERMS)["terms"] == {"applied": [], "missed": []}


def test_a_glossary_for_any_language_is_refused(client: httpx.Client) -> None:
    body = {"name": "x", "source": "auto", "target": "en", "terms": TERMS}
    assert client.post("/v1/glossaries", json=body).status_code == 422
    assert client.post("/v1/glossaries", json={**body, "source": "de", "name": "a\nb"}).status_code == 400


@pytest.mark.parametrize("string", ["\x7f", "\x00", "\x7f \x7f"])
def test_a_string_to_keep_of_nothing_that_is_shown_keeps_nothing(client: httpx.Client, string: str) -> None:
    assert (
        translate(client, glossary=TERMS, keep=[string])["text"] == translate(client, glossary=TERMS)["text"]
    )
