"""Through English where no model goes directly, over HTTP with stand-in models."""

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from service.backends.stub import StubBackend
from service.model_store.catalogue import Catalogue
from service.pipeline.models import LoadedModel, ModelSet
from tests.integration.conftest import serving

TEXT = (
    "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren. "
    "Die Arbeiten beginnen im Mai und dauern 3 Monate.\n\n"
    "| 12 |\n\n"
    "Nach Angaben der Verwaltung kostet das Vorhaben 2 Millionen Euro."
)


def model(name: str, source: str, target: str, **options: Any) -> LoadedModel:
    limits = options.pop("limits", {})
    stub = Catalogue.read().model("stub")
    config = stub.model_copy(
        update={
            "name": name,
            "source_languages": (source,),
            "target_languages": (target,),
            "demonstration": False,
            "limits": stub.limits.model_copy(update=limits),
        }
    )
    return LoadedModel(config, StubBackend(config, **options), f"revision-of-{name}")


def models(
    first: dict[str, Any] | None = None, second: dict[str, Any] | None = None, *more: LoadedModel
) -> ModelSet:
    """German to English writes capitals, English to French small letters."""
    to_english = model("de-en", "de", "en", **(first or {}))
    to_french = model("en-fr", "en", "fr", **({"decode": str.lower} | (second or {})))
    return ModelSet(profile="pivot", translators=[*more, to_english, to_french])


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving(models()) as client:
        yield client


def digest(client: httpx.Client, text: str = TEXT, **fields: Any) -> dict[str, Any]:
    wanted = {"text": text, "source": "de", "target": "fr", "segments": True, **fields}
    response = client.post("/v1/digest", json=wanted)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def warnings(answer: dict[str, Any], code: str) -> list[dict[str, Any]]:
    return [warning for warning in answer["warnings"] if warning["code"] == code]


def test_the_answer_went_through_both_models_and_says_so() -> None:
    read: dict[str, list[str]] = {"de-en": [], "en-fr": []}

    gates = {name: {"gate": seen.extend} for name, seen in read.items()}
    with serving(models(gates["de-en"], gates["en-fr"])) as client:
        for seen in read.values():
            seen.clear()  # the canary
        answer = digest(client)
    assert answer["translation"] == {
        "text": TEXT.lower(),
        "language": "fr",
        "model": "de-en+en-fr",
        "revision": "revision-of-de-en+revision-of-en-fr",
    }
    [told] = warnings(answer, "pivoted")
    assert "de-en, then en-fr" in told["message"]
    assert told["span"] is None
    assert read["en-fr"] == [source.upper() for source in read["de-en"]]
    assert [TEXT[s["source"]["start"] : s["source"]["end"]].lower() for s in answer["segments"]] == [
        answer["translation"]["text"][s["target"]["start"] : s["target"]["end"]] for s in answer["segments"]
    ]
    assert answer["usage"]["tokens"] > 2 * len(TEXT.split())
    assert answer["summary"]["sentences"]
    assert answer["summary"]["language"] == "fr"


def test_a_direct_model_is_taken_where_there_is_one() -> None:
    with serving(models(None, None, model("de-fr", "de", "fr", decode=str.title))) as client:
        answer = digest(client)
        english = digest(client, target="en")
    assert (answer["translation"]["model"], warnings(answer, "pivoted")) == ("de-fr", [])
    assert (english["translation"]["model"], warnings(english, "pivoted")) == ("de-en", [])


def test_languages_lists_what_is_reached_through_english(client: httpx.Client) -> None:
    languages = client.get("/v1/languages").json()["languages"]
    assert languages == [
        {"code": "de", "name": "German", "targets": ["en", "fr"], "pivoted": ["fr"]},
        {"code": "en", "name": "English", "targets": ["fr"], "pivoted": []},
    ]


def test_a_pair_that_english_does_not_join_is_refused_with_what_there_is(client: httpx.Client) -> None:
    response = client.post("/v1/digest", json={"text": TEXT, "source": "de", "target": "it"})
    assert response.status_code == 422
    assert "From 'de' there is: en, fr." in response.json()["detail"]
    response = client.post("/v1/digest", json={"text": TEXT, "source": "it", "target": "fr"})
    assert "What is read here: de, en." in response.json()["detail"]


def test_a_caveat_of_the_second_step_points_to_the_source() -> None:
    def loops(source: str) -> str:
        return "salade " * 40 if "3 MONATE" in source else source.lower()

    with serving(models(None, {"decode": loops})) as client:
        answer = digest(client)
    [told] = warnings(answer, "repetition")
    assert "3 Monate" in TEXT[told["span"]["start"] : told["span"]["end"]]
    assert told["message"].startswith("On the way on from English")


def test_what_the_first_model_loses_stands_as_it_was_and_is_not_sent_on() -> None:
    seen: list[str] = []

    def forgets(source: str) -> str:
        return "" if "Monate" in source else source.upper()

    with serving(models({"decode": forgets}, {"gate": seen.extend})) as client:
        seen.clear()  # the canary
        answer = digest(client)
    [told] = warnings(answer, "segment_empty")
    lost = TEXT[told["span"]["start"] : told["span"]["end"]]
    assert lost in answer["translation"]["text"]
    assert not any("Monate" in source for source in seen)
    assert [s["score"] is None for s in answer["segments"]] == [False, True, True, False]


def test_what_the_second_model_loses_stands_in_english() -> None:
    def forgets(source: str) -> str:
        return "" if "MONATE" in source else source.lower()

    with serving(models(None, {"decode": forgets})) as client:
        answer = digest(client)
    [told] = warnings(answer, "segment_empty")
    assert TEXT[told["span"]["start"] : told["span"]["end"]].upper() in answer["translation"]["text"]


def test_an_english_sentence_too_long_for_the_second_model_is_cut_and_nothing_lost() -> None:
    with serving(models(None, {"limits": {"segment_tokens": 6, "source_tokens": 8}})) as client:
        answer = digest(client)
    assert answer["translation"]["text"] == TEXT.lower()


def test_several_texts_in_one_call_each_get_their_own(client: httpx.Client) -> None:
    texts = ["Der Stadtrat tagt heute im Rathaus.", "Die Brücke wird im Mai saniert."]
    response = client.post("/v1/translate", json={"text": texts, "source": "de", "target": "fr"})
    made = response.json()["translations"]
    assert [each["text"] for each in made] == [text.lower() for text in texts]
    assert all(each["model"] == "de-en+en-fr" for each in made)
    assert all([w["code"] for w in each["warnings"]].count("pivoted") == 1 for each in made)


def test_a_stream_gives_the_first_segments_before_the_rest_is_in_english() -> None:
    sentences = [f"Der Stadtrat hat am Montag über die Brücke Nummer {n} gesprochen." for n in range(12)]
    more = threading.Event()

    def gate(sources: Sequence[str]) -> None:
        if sentences[-1] in sources:
            assert more.wait(10), "nothing was sent on"

    with (
        serving(models({"gate": gate, "seconds_per_token": 0.002})) as client,
        client.stream(
            "POST",
            "/v1/digest",
            json={"text": " ".join(sentences), "source": "de", "target": "fr"},
            headers={"Accept": "text/event-stream"},
        ) as response,
    ):
        lines = response.iter_lines()
        first = next(json.loads(line[len("data:") :]) for line in lines if line.startswith("data:"))
        waiting = not more.is_set()
        more.set()
        rest = list(lines)
    assert waiting
    assert first["text"].strip() == sentences[0].lower()
    assert any('"pivoted"' in line for line in rest)


def test_a_full_queue_does_not_refuse_the_second_half() -> None:
    """What was let in is not refused half-way."""
    texts = [TEXT.replace("12", str(n)) for n in range(6)]
    with serving(models(), queue_tokens=1) as client:
        response = client.post("/v1/translate", json={"text": texts, "source": "de", "target": "fr"})
    assert response.status_code == 200
    assert [each["text"] for each in response.json()["translations"]] == [text.lower() for text in texts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Die <b>alte Brücke</b> wird saniert.", "die <b>alte brücke</b> wird saniert."),
        ("<p>Meier &amp; Söhne zahlt <i>heute</i>.</p>", "<p>meier &amp; söhne zahlt <i>heute</i>.</p>"),
    ],
)
def test_markup_comes_through_both_steps(client: httpx.Client, text: str, expected: str) -> None:
    answer = digest(client, text, format="html")
    assert answer["translation"]["text"] == expected


def test_a_glossary_that_no_half_of_the_way_has_is_said_not_to_apply(client: httpx.Client) -> None:
    answer = digest(client, glossary=[{"source": "Brücke", "target": "pont"}])
    assert warnings(answer, "glossary_not_applied")


LONG = "Der Stadtrat hat am Montag <b>beschlossen</b>, die alte Brücke über den Fluss zu sanieren."


@pytest.mark.parametrize(
    ("text", "doubtful"),
    [(LONG, True), ("<b>" + LONG.replace("<b>", "").replace("</b>", "") + "</b>", False)],
)
def test_tags_that_lose_their_place_because_the_second_model_gets_parts_are_doubted(
    text: str, doubtful: bool
) -> None:
    with serving(models(None, {"limits": {"segment_tokens": 6, "source_tokens": 8}})) as client:
        answer = digest(client, text, format="html", segments=False)
    assert sorted(re.findall("<.*?>", answer["translation"]["text"])) == ["</b>", "<b>"]
    told = warnings(answer, "markup_doubtful")
    assert [text[each["span"]["start"] : each["span"]["end"]] for each in told] == [text] * doubtful
    assert (answer["translation"]["text"] == text.lower()) is not doubtful


def test_a_sentence_of_many_different_tags_comes_through_both_steps(client: httpx.Client) -> None:
    """So many are not looked for one by one."""
    text = "".join(f"<i id={n}>Stadtrat</i> " if n < 8 else f"<i id={n}></i>" for n in range(5_000))
    answer = digest(client, text + " tagt.", format="html", segments=False)
    assert Counter(re.findall("<.*?>", answer["translation"]["text"])) == Counter(re.findall("<.*?>", text))
    assert warnings(answer, "markup_doubtful")


def test_a_sentence_too_long_for_the_second_model_only_is_no_overflow() -> None:
    with serving(models(None, {"limits": {"segment_tokens": 6, "source_tokens": 8}})) as client:
        assert digest(client, on_overflow="error")["translation"]["text"] == TEXT.lower()


def test_what_stays_as_it_is_among_capitals_stays_so_by_way_of_english() -> None:
    read: list[str] = []
    with serving(models({"decode": str}, {"decode": str, "gate": read.extend})) as client:
        read.clear()
        answer = digest(client, "HERR GROßMANN KOMMT AM MONTAG.", keep=["GROßMANN"])
    assert "herr großmann kommt am montag." in read
    assert answer["translation"]["text"] == "HERR GROßMANN KOMMT AM MONTAG."
