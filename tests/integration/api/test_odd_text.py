"""What no model can read goes out as it came, with a warning, and costs the engine nothing."""

import base64
import hashlib
import random
import string
from typing import Any

import pytest

from service.backends.stub import StubBackend
from service.pipeline.models import LoadedModel, ModelSet
from tests.integration.conftest import serving, stub_models

HASH = hashlib.sha256(b"Hund").hexdigest()

_random = random.Random(3)  # noqa: S311 -- nothing to guess

UNREADABLE: dict[str, str] = {
    "letters": "".join(_random.choices(string.ascii_lowercase, k=5000)),
    "base64": base64.b64encode(_random.randbytes(40_000)).decode(),
    "bases": "".join(_random.choices("acgt", k=5000)),
    "keys": " ".join("".join(_random.choices(string.ascii_lowercase, k=8)) for _ in range(500)),
    "Russian": "Министр прибыл в столицу, и там его встретил глава государства",
    "Chinese": "世界很大我们很小" * 500,
}


def digest(text: str, **request: object) -> tuple[dict[str, Any], list[str]]:
    """The answer, and what the engine read for it."""
    read: list[str] = []

    def upper(source: str) -> str:
        read.append(source)
        return source.upper()

    with serving(stub_models(decode=upper)) as client:
        read.clear()  # what it read before it was ready
        response = client.post("/v1/digest", json={"text": text, "source": "de", **request})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer, read


def told(answer: dict[str, Any], text: str) -> list[tuple[str, str]]:
    return [
        (warning["code"], text[warning["span"]["start"] : warning["span"]["end"]])
        for warning in answer["warnings"]
        if warning["span"]
    ]


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_no_model_can_read_is_not_decoded_and_comes_back_with_a_warning(kind: str) -> None:
    text = f"Der Hund bellt.\n\n{UNREADABLE[kind]}\n\nDie Katze schläft."
    answer, read = digest(text)
    assert answer["translation"]["text"] == f"DER HUND BELLT.\n\n{UNREADABLE[kind]}\n\nDIE KATZE SCHLÄFT."
    assert sorted(set(read)) == ["Der Hund bellt.", "Die Katze schläft."]
    assert ("segment_untranslated", UNREADABLE[kind]) in told(answer, text)
    assert UNREADABLE[kind] not in answer["summary"]["text"]


def test_a_hash_in_a_sentence_stays_and_the_words_around_it_are_translated() -> None:
    text = f"Der Wert {HASH} wurde geprüft."
    answer, read = digest(text, on_overflow="error")
    assert answer["translation"]["text"] == f"DER WERT {HASH} WURDE GEPRÜFT."
    assert sorted(read) == ["Der Wert", "wurde geprüft."]
    assert told(answer, text) == [("segment_untranslated", HASH)]


def test_a_hash_in_a_marked_sentence_stays_where_it_stood_among_the_tags() -> None:
    text = f"<p>Der <b>Wert <i>{HASH}</i></b> wurde geprüft.</p>"
    answer, _ = digest(text, format="html")
    assert answer["translation"]["text"] == f"<p>DER <b>WERT <i>{HASH}</i></b> WURDE GEPRÜFT.</p>"


def test_an_address_too_long_for_the_model_comes_back_whole_and_without_a_warning() -> None:
    address = "https://talbote.example/" + "artikel-und-mehr/" * 200
    text = f"Siehe {address} und lies."
    answer, read = digest(text)
    assert answer["translation"]["text"] == f"SIEHE {address} UND LIES."
    assert sorted(read) == ["Siehe", "und lies."]
    assert told(answer, text) == []


@pytest.mark.parametrize("kept", ["Привет мир", "DE89370400440532013001x", "#ff00aa"])
def test_words_in_another_script_and_serial_numbers_are_kept_within_their_sentence(kept: str) -> None:
    text = f"Der Minister sagte gestern „{kept}“ und ging danach nach Hause."
    answer, read = digest(text)
    assert kept in answer["translation"]["text"]
    assert text in read
    assert told(answer, text) == [("segment_repaired", text)]


def test_a_sentence_with_thousands_of_spaces_is_read_as_one() -> None:
    text = "Der große Hund," + " " * 20_000 + "der im Hof wohnt, bellt laut."
    answer, read = digest(text)
    assert set(read) == {"Der große Hund, der im Hof wohnt, bellt laut."}
    assert told(answer, text) == []


def test_a_sentence_that_keeps_its_words_in_another_script_is_in_the_right_one() -> None:
    text = "Der Minister sagte مرحبا بالعالم und ging."
    answer, _ = digest(text)
    assert answer["translation"]["text"] == "DER MINISTER SAGTE مرحبا بالعالم UND GING."
    assert told(answer, text) == []


def test_a_translation_into_another_script_may_say_a_word_of_it_more_often() -> None:
    [stub] = stub_models().translators
    config = stub.config.model_copy(update={"source_languages": ("de",), "target_languages": ("ru",)})
    backend = StubBackend(config, decode=lambda _: "Москва (Москва) расположена на реке.")
    text = "Moskau (Москва) liegt an einem Fluss."
    with serving(ModelSet(profile="ru", translators=[LoadedModel(config, backend, "1" * 40)])) as client:
        answer = client.post("/v1/digest", json={"text": text, "source": "de", "target": "ru"}).json()
    assert answer["translation"]["text"] == "Москва (Москва) расположена на реке."
    assert not {"placeholder_doubtful", "segment_repaired"} & {code for code, _ in told(answer, text)}


def test_the_parts_between_tags_are_read_without_what_is_invisible_too() -> None:
    text = "<p>Der \u034f \u200c <b>große Hund</b> \u034f \u200c bellt lau\u00adt.</p>"
    answer, read = digest(text, format="html")
    assert answer["translation"]["text"] == "<p>DER <b>GROSSE HUND</b> BELLT LAUT.</p>"
    assert set(read) <= {"Der große Hund bellt laut.", "Der", "große Hund", "bellt laut."}


SHOUTED = "DER STADTRAT HAT AM MONTAG {name} DIE GROßE BRÜCKE GENANNT."


def test_what_is_in_capitals_is_read_in_small_letters_and_goes_out_in_capitals() -> None:
    read: list[str] = []

    def said(source: str) -> str:
        read.append(source)
        return "On montag the council called {name} the great bridge."

    with serving(stub_models(decode=said)) as client:
        read.clear()
        request = {"text": SHOUTED, "source": "de", "summary": {"language": "de"}, "keep": ["MONTAG"]}
        answer = client.post("/v1/digest", json=request).json()
    assert read == ["der stadtrat hat am montag {name} die große brücke genannt."]
    assert answer["translation"]["text"] == "ON MONTAG THE COUNCIL CALLED {name} THE GREAT BRIDGE."
    assert answer["summary"]["text"] == SHOUTED
    assert told(answer, SHOUTED) == []


@pytest.mark.parametrize(
    ("word", "keep"),
    [
        ("GROßMANN", ["GROßMANN"]),
        ("ABCDEF12GH34XY", []),
        ("HTTPS://EXAMPLE.DE/PFAD/ABC1", []),
    ],
)
def test_what_stays_as_it_is_among_capitals_stays_so_to_the_letter(word: str, keep: list[str]) -> None:
    source = f"DER STADTRAT HAT AM MONTAG {word} ERHALTEN."

    def said(source: str) -> str:
        return source.replace("abcdef12gh34xy", "abcdef12gh34x").replace("erhalten", "received")

    with serving(stub_models(decode=said)) as client:
        request = {"text": source, "source": "de", "target": "en", "keep": keep}
        answer = client.post("/v1/translate", json=request).json()
    assert word in answer["translations"][0]["text"]


def test_an_element_that_is_not_to_be_translated_stays_so_among_capitals() -> None:
    kept = '<span translate="no">GROßMANN</span>'
    answer, _ = digest(f"<p>DIE FIRMA {kept} SCHLIESST HEUTE.</p>", format="html")
    assert answer["translation"]["text"] == f"<p>DIE FIRMA {kept} SCHLIESST HEUTE.</p>"


def test_tags_and_terms_have_their_places_among_capitals() -> None:
    marked = "<p>DER <b>STADTRAT</b> HAT AM MONTAG DIE GROßE BRÜCKE GENANNT.</p>"
    glossary = [{"source": "Stadtrat", "target": "town council"}]
    answer, read = digest(marked, format="html", glossary=glossary)
    assert "der stadtrat hat am montag die große brücke genannt." in read
    assert answer["terms"]["missed"] == []
    assert answer["translation"]["text"] == (
        "<p>DER <b>TOWN COUNCIL</b> HAT AM MONTAG DIE GROSSE BRÜCKE GENANNT.</p>"
    )
