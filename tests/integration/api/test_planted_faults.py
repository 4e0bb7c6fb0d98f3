"""Engines that fail in the ways users of other systems complain about: each is noticed, and mended where
it can be."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from service.backends.protocol import GenerationOptions, Hypothesis
from service.backends.stub import StubBackend
from service.model_store.catalogue import Catalogue
from service.pipeline.models import LoadedModel, ModelSet
from tests.integration.conftest import SEED, serving, stub_models

LONG = (
    "Der Stadtrat hat am Montag nach langer Debatte beschlossen, die alte Brücke über den Fluss zu sanieren, "
    "weil sie seit vielen Jahren bröckelt und den Verkehr in der Innenstadt behindert."
)
TEXT = f"Neues aus dem Rat\n\n{LONG} Die Kosten betragen 27 Millionen Euro. Das Geld kommt vom Land.\n"


def translate(decode: Callable[[str], str], text: str = TEXT) -> dict[str, Any]:
    with serving(stub_models(decode=decode)) as client:
        response: httpx.Response = client.post("/v1/digest", json={"text": text, "source": "de"})
        assert response.status_code == 200
        answer: dict[str, Any] = response.json()
        return answer


def told(answer: dict[str, Any], text: str = TEXT) -> dict[str, list[str]]:
    """The source text of every warning that has a span, by code."""
    found: dict[str, list[str]] = {}
    for warning in answer["warnings"]:
        if warning["span"]:
            span = warning["span"]
            found.setdefault(warning["code"], []).append(text[span["start"] : span["end"]])
    return found


def test_a_sound_engine_is_not_doubted() -> None:
    assert told(translate(str.upper)) == {}


def test_an_engine_that_drops_the_end_of_long_sentences_is_mended_in_parts() -> None:
    answer = translate(lambda source: source.upper()[:110])
    assert LONG.upper() in answer["translation"]["text"]
    assert told(answer) == {"segment_repaired": [LONG]}


def test_an_engine_that_drops_more_than_half_of_everything_is_told() -> None:
    answer = translate(lambda source: source.upper()[: len(source) // 3])
    assert LONG in told(answer)["segment_short"]


def test_an_engine_that_loops_is_told() -> None:
    answer = translate(lambda source: "salad " * 30 if "Brücke" in source else source.upper())
    assert told(answer)["repetition"] == [LONG]


def test_an_engine_that_says_nothing_leaves_the_source_in_its_place_and_that_is_told() -> None:
    answer = translate(lambda source: "" if "Brücke" in source else source.upper())
    assert LONG in answer["translation"]["text"]
    assert told(answer)["segment_empty"] == [LONG]


def test_an_engine_that_changes_a_number_is_told_and_kept_out_of_the_summary() -> None:
    answer = translate(lambda source: source.upper().replace("27", "72"))
    assert told(answer) == {"number_doubtful": ["Die Kosten betragen 27 Millionen Euro."]}
    [message] = [w["message"] for w in answer["warnings"] if w["code"] == "number_doubtful"]
    assert message == "The source has 27 Millionen, the translation 72 MILLIONEN."
    assert "72" not in answer["summary"]["text"]


def test_an_engine_that_copies_is_told() -> None:
    assert LONG in told(translate(lambda source: source))["segment_untranslated"]


@pytest.mark.parametrize(
    "kept",
    [
        "{{person.name}}",
        "{{{name}}}",
        "$name",
        "%1$s",
        "%-10s",
        "%%",
        "${x}",
        "__T1__",
        "{n, plural, one {eine} other {viele}}",
        "https://talbote.example/a?b=1",
        "post@talbote.example",
        "🏆",
        "🇩🇪",
    ],
)
def test_placeholders_addresses_and_emoji_come_back_byte_for_byte_though_the_engine_mangles_them(
    kept: str,
) -> None:
    def decode(source: str) -> str:
        return "".join(letter for letter in source.upper() if letter.isalpha() or letter in " .,")

    text = f"Der Wert {kept} steht seit Montag in der Zeitung. Davon steht hier nichts."
    answer = translate(decode, text)
    assert answer["translation"]["text"] == (
        f"DER WERT {kept} STEHT SEIT MONTAG IN DER ZEITUNG. DAVON STEHT HIER NICHTS."
    )
    assert told(answer, text) == {"segment_repaired": [text.partition(" Davon")[0]]}


def test_a_part_around_a_placeholder_that_comes_back_empty_is_told_and_its_source_kept() -> None:
    def decode(source: str) -> str:
        return "" if source.startswith("steht") else source.upper().replace("{X}", "")

    text = "Der Wert {x} steht seit Montag nicht mehr in der Zeitung."
    answer = translate(decode, text)
    assert told(answer, text)["placeholder_doubtful"] == [text]


@pytest.mark.skipif(not SEED.exists(), reason="the article lies outside the repository")
@pytest.mark.parametrize(
    ("decode", "code"),
    [
        (lambda source: "" if "27. Juli" in source else source.upper(), "segment_empty"),
        (lambda source: "so " * 60 if "27. Juli" in source else source.upper(), "repetition"),
        (lambda source: source.upper().replace("27.", "17."), "number_doubtful"),
    ],
)
def test_a_fault_in_a_real_article_is_noticed_where_it_is(decode: Callable[[str], str], code: str) -> None:
    text = SEED.read_text(encoding="utf-8")
    sound, broken = told(translate(str.upper, text), text), told(translate(decode, text), text)
    assert not any("27. Juli" in source for source in sound.get(code, []))
    assert any("27. Juli" in source for source in broken[code])


def unsure_of(mark: str) -> ModelSet:
    """Models that are sure of every sentence but those with the mark in them."""

    class Unsure(StubBackend):
        def generate(self, sources: Sequence[str], options: GenerationOptions) -> list[Hypothesis]:
            made = super().generate(sources, options)
            return [
                replace(each, score=-4.0) if mark in source else each
                for source, each in zip(sources, made, strict=True)
            ]

    config = Catalogue.read().model("stub")
    return ModelSet(profile="stub", translators=[LoadedModel(config, Unsure(config), "0" * 40)])


def test_a_sentence_the_engine_is_far_less_sure_of_than_of_the_rest_is_told() -> None:
    sentences = [f"Das ist der Satz Nummer {number} in einem langen Bericht." for number in range(12)]
    odd = "Die Fledermaus flog durch den Saal und niemand wusste, woher sie kam."
    text = " ".join([*sentences[:6], odd, *sentences[6:]])
    with serving(unsure_of("Fledermaus")) as client:
        answer = client.post("/v1/digest", json={"text": text, "source": "de"}).json()
    assert told(answer, text) == {"segment_unlikely": [odd]}


def test_a_sentence_of_which_half_came_back_untranslated_is_told() -> None:
    def half(source: str) -> str:
        return source if "Brücke" in source else source.upper()

    assert told(translate(half))["segment_untranslated"] == [LONG]


def test_a_term_put_in_does_not_hide_that_the_engine_was_unsure() -> None:
    odd = "Die Fledermaus flog durch den Saal und niemand wusste, woher sie kam."
    text = " ".join([*(f"Das ist der Satz Nummer {n} in einem langen Bericht." for n in range(12)), odd])
    glossary = [{"source": "Fledermaus", "target": "bat"}]
    with serving(unsure_of("durch den Saal")) as client:
        answer = client.post("/v1/digest", json={"text": text, "source": "de", "glossary": glossary}).json()
    assert answer["terms"]["applied"]
    assert told(answer, text)["segment_unlikely"] == [odd]


def test_texts_of_one_call_are_judged_without_one_another() -> None:
    odd = "Die Fledermaus flog durch den Saal und niemand wusste, woher sie kam."
    texts = [*(f"Das ist der Satz Nummer {n} in einem langen Bericht." for n in range(12)), odd]
    with serving(unsure_of("Fledermaus")) as client:
        made = client.post("/v1/translate", json={"text": texts, "source": "de"}).json()["translations"]
    assert all("segment_unlikely" not in {w["code"] for w in each["warnings"]} for each in made)
