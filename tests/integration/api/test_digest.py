import json
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from tests.integration.conftest import ARTICLES, SEED, serving, stub_models

TEXT = (
    "Brücke wird saniert\n\n"
    "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren. "
    "Die Arbeiten beginnen im Mai und dauern drei Monate. "
    "Nach Angaben der Verwaltung kostet das Vorhaben 2,5 Mio. Euro. "
    "Die Anwohner hatten seit Jahren auf eine Entscheidung gewartet, weil Lastwagen den Umweg nehmen. "
    "Der Bürgermeister sprach von einem guten Tag für die ganze Stadt."
)


def digest(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    response = client.post("/v1/digest", json={"text": TEXT, **fields})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def codes(answer: dict[str, Any]) -> set[str]:
    return {warning["code"] for warning in answer["warnings"]}


def test_one_call_gives_translation_and_summary(client: httpx.Client) -> None:
    answer = digest(client)
    assert answer["title"] == "BRÜCKE WIRD SANIERT"
    assert answer["translation"]["text"] == TEXT.upper()
    assert answer["translation"] | {"text": ""} == {
        "text": "",
        "language": "en",
        "model": "stub",
        "revision": "0" * 40,
    }
    assert answer["summary"]["method"] == "extract"
    assert 1 <= len(answer["summary"]["sentences"]) <= 3
    assert len(answer["summary"]["text"].split()) <= 90
    assert answer["detected_language"]["code"] == "de"
    assert answer["detected_language"]["confidence"] > 0.9
    assert answer["usage"]["characters"] == len(TEXT)
    assert answer["usage"]["tokens"] > 0
    assert answer["timing"]["total"] >= answer["timing"]["translate"] >= 0
    assert "segments" not in answer


def test_each_summary_sentence_stands_where_its_span_says(client: httpx.Client) -> None:
    for sentence in digest(client)["summary"]["sentences"]:
        [span] = sentence["sources"]
        assert TEXT[span["start"] : span["end"]].upper() == sentence["text"]


def test_the_headline_never_reaches_the_summary(client: httpx.Client) -> None:
    assert "SANIERT\n" not in digest(client, summary={"sentences": 5})["summary"]["text"]
    assert not digest(client)["summary"]["text"].startswith("BRÜCKE WIRD")


def test_segment_spans_point_into_the_text_as_received_and_into_the_translation(client: httpx.Client) -> None:
    text = "  Erster Satz über Bäume \U0001f333 im Wald. Zweiter Satz.\n\n- ein Punkt\n- noch ein Punkt\n"
    answer = digest(client, text=text, source="de", segments=True)
    translation = answer["translation"]["text"]
    assert len(answer["segments"]) >= 4
    for segment in answer["segments"]:
        source = text[segment["source"]["start"] : segment["source"]["end"]]
        target = translation[segment["target"]["start"] : segment["target"]["end"]]
        assert target == source.upper()
    assert translation == text.upper()


def test_the_summary_keeps_to_the_sentences_words_or_length_asked_for(client: httpx.Client) -> None:
    assert len(digest(client, summary={"sentences": 1})["summary"]["sentences"]) == 1
    assert len(digest(client, summary={"words": 30})["summary"]["text"].split()) <= 30
    short = digest(client, summary={"length": "short"})["summary"]
    assert len(short["sentences"]) <= 2
    assert len(short["text"].split()) <= 50


def test_a_summary_in_the_source_language_quotes_the_source(client: httpx.Client) -> None:
    summary = digest(client, summary={"language": "de"})["summary"]
    assert summary["language"] == "de"
    for sentence in summary["sentences"]:
        [span] = sentence["sources"]
        assert sentence["text"] == TEXT[span["start"] : span["end"]]


def test_a_short_text_comes_back_whole_with_a_warning_and_never_longer(client: httpx.Client) -> None:
    answer = digest(client, text="Der Zug hat heute leider schon wieder Verspätung.", source="de")
    assert answer["summary"]["text"] == "DER ZUG HAT HEUTE LEIDER SCHON WIEDER VERSPÄTUNG."
    assert answer["summary"]["method"] == "unchanged"
    assert "short_input" in codes(answer)


def test_plain_text_and_html_bodies_are_read_as_well(client: httpx.Client) -> None:
    plain = client.post("/v1/digest", content=TEXT.encode(), headers={"Content-Type": "text/plain"})
    assert plain.json()["translation"]["text"] == TEXT.upper()
    latin = client.post(
        "/v1/digest", content=TEXT.encode("latin-1"), headers={"Content-Type": "text/plain; charset=latin-1"}
    )
    assert latin.json()["translation"]["text"] == TEXT.upper()
    paragraphs = "".join(f"<p>{part}</p>" for part in TEXT.split("\n\n")[1:])
    article = f"<article><h1>Brücke wird saniert</h1>{paragraphs}</article>"
    page = f"<html><body><nav>Start</nav>{article}</body></html>"
    html = client.post(
        "/v1/digest?segments=true&sentences=1",
        content=page.encode(),
        headers={"Content-Type": "text/html"},
    ).json()
    assert "html_extracted" in codes(html)
    assert html["translation"]["text"].strip().endswith("GANZE STADT.")
    assert len(html["summary"]["sentences"]) == 1
    span = html["segments"][0]["source"]
    assert html["source_text"][span["start"] : span["end"]].upper() in html["translation"]["text"]


def test_text_already_in_english_passes_through_with_a_warning(client: httpx.Client) -> None:
    text = (
        "The city council decided on Monday to renovate the old bridge over the river. The work "
        "begins in May and will take three months. Residents had been waiting for years.\n"
    )
    answer = digest(client, text=text)
    assert answer["translation"]["text"] == text
    assert answer["translation"]["model"] == ""
    assert "already_in_target_language" in codes(answer)
    assert answer["detected_language"]["code"] == "en"


ENGLISH = (
    "“We have waited for this bridge for years,” the residents wrote in an open letter to the council.\n"
    "“Every morning our children have to walk around half of the town because nobody repairs it.”"
)


def test_an_english_paragraph_of_a_german_article_stays_as_it_is(client: httpx.Client) -> None:
    text = f"{TEXT}\n\n{ENGLISH}\n\nDie Verwaltung will den Brief in der nächsten Sitzung beantworten.\n"
    answer = digest(client, text=text, segments=True)
    assert answer["translation"]["text"] == text.upper().replace(ENGLISH.upper(), ENGLISH)
    [warning] = [w for w in answer["warnings"] if w["code"] == "block_already_in_target_language"]
    assert text[warning["span"]["start"] : warning["span"]["end"]] == ENGLISH
    copied = [s for s in answer["segments"] if s["score"] is None]
    assert copied
    for segment in copied:
        source, target = segment["source"], segment["target"]
        assert text[source["start"] : source["end"]] in ENGLISH
        assert (
            answer["translation"]["text"][target["start"] : target["end"]]
            == text[source["start"] : source["end"]]
        )


def test_a_kept_paragraph_keeps_its_markup_and_is_pointed_to_with_it(client: httpx.Client) -> None:
    english = "We have <b>waited</b> for this bridge for years, the residents wrote in a letter to the town."
    german = "Der Stadtrat hat am Montag beschlossen, die <i>alte Brücke</i> über den Fluss zu sanieren."
    text = f"<p>{german}</p><p>{english}</p><p>{german}</p>"
    answer = digest(client, text=text, format="html", summary={"sentences": 5})
    assert english in answer["translation"]["text"]
    assert "<i>ALTE BRÜCKE</i>" in answer["translation"]["text"]
    [warning] = [w for w in answer["warnings"] if w["code"] == "block_already_in_target_language"]
    assert text[warning["span"]["start"] : warning["span"]["end"]] == english
    assert "<" not in answer["summary"]["text"]


def test_swiss_german_is_translated_as_german_with_a_warning(client: httpx.Client) -> None:
    text = "Mir händ geschter z Züri es schöns Konzärt gha, aber es isch leider z churz gsi."
    answer = digest(client, text=text)
    assert answer["translation"]["text"] == text.upper()
    assert answer["detected_language"]["code"] == "gsw"
    assert "language_related" in codes(answer)


def test_a_short_unsure_text_is_taken_for_german_with_a_warning(client: httpx.Client) -> None:
    answer = digest(client, text="Kim Jong Un trifft Schoigu")
    assert answer["translation"]["text"] == "KIM JONG UN TRIFFT SCHOIGU"
    assert "language_assumed" in codes(answer)


def test_a_named_source_that_looks_wrong_is_obeyed_with_a_warning(client: httpx.Client) -> None:
    answer = digest(client, source="fr")
    assert answer["translation"]["text"] == TEXT.upper()
    assert "language_mismatch" in codes(answer)


def test_every_answer_of_a_demonstration_model_says_so(client: httpx.Client) -> None:
    assert "demonstration_model" in codes(digest(client))


@pytest.mark.skipif(not SEED.exists(), reason="the seed article lies outside the repository")
def test_the_seed_article_is_translated_whole_and_its_furniture_stays_out_of_the_summary(
    client: httpx.Client,
) -> None:
    text = SEED.read_text(encoding="utf-8")
    answer = digest(client, text=text, summary={"sentences": 20}, segments=True)
    assert answer["title"] == "NORDKOREA UND RUSSLAND: KIM JONG UN TRIFFT SCHOIGU"
    expected = text.upper().replace("RUSSLAND:SCHOIGU", "RUSSLAND: SCHOIGU")
    expected = expected.replace("VERSCHWINDEN?01", "VERSCHWINDEN? 01").replace("43:26 MIN", "43:26 min")
    assert answer["translation"]["text"].split() == expected.split()
    for unwanted in ("MONTAGE", "QUELLE", "43:26", "01.06.2023", "SCHOIGU TRIFFT KIM", "TRIFFT SCHOIGU"):
        assert unwanted not in answer["summary"]["text"]


@pytest.mark.parametrize("path", sorted(ARTICLES.glob("*.txt")), ids=lambda path: path.stem)
def test_every_article_of_ours_comes_through_whole(client: httpx.Client, path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    answer = digest(client, text=text, source="de")
    sent = "".join(text.upper().replace("\u00ad", "").split()).replace("-", "")
    received = "".join(answer["translation"]["text"].upper().split()).replace("-", "")
    assert received == sent
    assert len(answer["summary"]["text"].split()) <= 90


def events_of(response: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_streamed_events_joined_equal_the_plain_answer_byte_for_byte(client: httpx.Client) -> None:
    plain = digest(client, segments=True)
    with client.stream(
        "POST", "/v1/digest", json={"text": TEXT}, headers={"Accept": "text/event-stream"}
    ) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-accel-buffering"] == "no"
        events = list(events_of(response))
    segments = [data for name, data in events if name == "segment"]
    assert "".join(data["text"] for data in segments) == plain["translation"]["text"]
    spans = [{key: data[key] for key in ("source", "target", "score")} for data in segments]
    assert [span for span in spans if span["source"]["end"] > span["source"]["start"]] == plain["segments"]
    assert [name for name, _ in events[len(segments) :]] == ["summary", "done"]
    assert events[-2][1] == plain["summary"]
    done = events[-1][1]
    for key in ("title", "detected_language", "warnings", "usage"):
        assert done[key] == plain[key]
    head = {key: value for key, value in plain["translation"].items() if key != "text"}
    assert done["translation"] == head
    assert done.keys() == plain.keys() - {"summary", "segments"}


def test_the_first_event_arrives_before_the_second_segment_may_be_decoded() -> None:
    received = threading.Event()
    held: list[bool] = []

    def gate(sources: Sequence[str]) -> None:
        if any("Zweiter" in source for source in sources):
            held.append(received.wait(timeout=10))

    text = "Erster Satz über die Brücke. Zweiter Satz über den Fluss. Dritter Satz über die Stadt."
    with (
        serving(stub_models(gate=gate)) as client,
        client.stream(
            "POST", "/v1/digest", json={"text": text, "source": "de"}, headers={"Accept": "text/event-stream"}
        ) as response,
    ):
        events = events_of(response)
        name, first = next(events)
        assert (name, first["text"]) == ("segment", "ERSTER SATZ ÜBER DIE BRÜCKE. ")
        assert held == []
        received.set()
        assert [name for name, _ in events] == ["segment", "segment", "summary", "done"]
    assert held == [True]


def test_a_failure_in_the_middle_of_a_stream_is_an_error_event() -> None:
    def decode(source: str) -> str:
        if "Zweiter" in source:
            raise RuntimeError("engine internals")
        return source.upper()

    text = "Erster Satz über die Brücke. Zweiter Satz über den Fluss."
    with serving(stub_models(decode=decode)) as client:
        with client.stream(
            "POST", "/v1/digest", json={"text": text, "source": "de"}, headers={"Accept": "text/event-stream"}
        ) as response:
            events = list(events_of(response))
        assert [name for name, _ in events] == ["segment", "error"]
        assert events[1][1]["code"] == "generation_failed"
        assert "internals" not in json.dumps(events)
        assert digest(client)["translation"]["text"] == TEXT.upper()


def test_an_abstractive_summary_names_its_model_and_what_it_rests_on() -> None:
    text = TEXT + " " + " ".join(f"Die Maßnahme Nummer {i} hilft vielen Menschen im Ort." for i in range(20))
    with serving(stub_models(summarizer=True)) as client:
        summary = digest(client, text=text)["summary"]
        short = digest(client)["summary"]
    assert summary["method"] == "abstractive"
    assert summary["model"] == "stub-summarizer"
    assert summary["text"].endswith(".")
    for sentence in summary["sentences"]:
        assert sentence["sources"]
    assert short["method"] == "extract"  # too little to write about


@pytest.mark.parametrize(
    ("accept", "streams"),
    [
        ("TEXT/Event-Stream", True),
        ("application/json;q=0.5, text/event-stream; q=0.9", True),
        ("text/event-stream;q=0", False),
        ("text/event-stream; q=0.000, application/json", False),
        ("text/event-streams", False),
    ],
)
def test_the_accept_header_decides_whether_the_answer_streams(
    client: httpx.Client, accept: str, streams: bool
) -> None:
    response = client.post("/v1/digest", json={"text": TEXT}, headers={"Accept": accept})
    assert response.headers["content-type"].startswith("text/event-stream") is streams


@pytest.mark.parametrize(
    "declaration", ['<meta charset="windows-1252">', '<?xml version="1.0" encoding="cp1252"?>']
)
def test_a_page_is_read_in_the_charset_it_declares_when_the_sender_names_none(
    client: httpx.Client, declaration: str
) -> None:
    page = f"{declaration}<p>{TEXT} „Schön“, sagte er.</p>"
    response = client.post("/v1/digest", content=page.encode("cp1252"), headers={"Content-Type": "text/html"})
    assert response.status_code == 200
    assert "„Schön“" in response.json()["source_text"]
    utf8 = client.post("/v1/digest", content=page.encode(), headers={"Content-Type": "text/html"})
    assert utf8.json()["source_text"] == response.json()["source_text"]


def test_utf_16_with_a_byte_order_mark_is_read(client: httpx.Client) -> None:
    response = client.post(
        "/v1/digest", content=TEXT.encode("utf-16"), headers={"Content-Type": "text/plain"}
    )
    assert response.json()["translation"]["text"] == TEXT.upper()


def test_what_of_a_page_was_left_out_is_said(client: httpx.Client) -> None:
    prose = f"<p>{TEXT} Das Wetter bleibt schön, sagte der Sprecher am Montag in der Stadt.</p>" * 2
    page = (
        f"<html><body><nav>{'Startseite Politik Sport ' * 20}</nav><article>{prose}</article></body></html>"
    )
    answer = client.post("/v1/digest", content=page, headers={"Content-Type": "text/html"}).json()
    [message] = [w["message"] for w in answer["warnings"] if w["code"] == "html_extracted"]
    assert "% of the page's text" in message
    assert "Startseite" not in answer["source_text"]


def test_a_summary_of_nothing_says_so(client: httpx.Client) -> None:
    answer = digest(client, text="A. B. C.", source="de")
    assert answer["summary"]["text"] == ""
    assert "nothing_to_summarize" in {warning["code"] for warning in answer["warnings"]}


ARTICLE = (
    "Brücke wird saniert\n\n"
    "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren. "
    "Die Arbeiten beginnen im Mai und dauern 3 Monate. "
    "Nach Angaben der Verwaltung kostet das Vorhaben 2 Millionen Euro. "
    "Die Händler in der Altstadt fürchten um ihre Umsätze in dieser Zeit. "
    "Die Anwohner hatten seit Jahren auf eine Entscheidung gewartet.\n"
)


def summary(client: httpx.Client, **wish: Any) -> dict[str, Any]:
    answer = digest(client, text=ARTICLE, source="de", summary=wish)
    return {**answer["summary"], "codes": {warning["code"] for warning in answer["warnings"]}}


def test_bullets_are_the_same_sentences_one_a_line(client: httpx.Client) -> None:
    plain, bullets = summary(client), summary(client, style="bullets")
    assert bullets["sentences"] == plain["sentences"]
    assert bullets["text"] == "\n".join(f"- {sentence['text']}" for sentence in plain["sentences"])


def test_a_headline_is_the_articles_own_or_one_short_sentence(client: httpx.Client) -> None:
    made = summary(client, style="headline")
    assert made["text"] == "BRÜCKE WIRD SANIERT"
    span = made["sentences"][0]["sources"][0]
    assert ARTICLE[span["start"] : span["end"]] == "Brücke wird saniert"
    untitled = digest(client, text=ARTICLE.partition("\n\n")[2], source="de", summary={"style": "headline"})
    assert len(untitled["summary"]["sentences"]) == 1
    assert len(untitled["summary"]["text"].split()) <= 14


@pytest.mark.parametrize("focus", ["Händler Umsatz", "händler"])
def test_a_focus_brings_what_the_reader_asked_for(client: httpx.Client, focus: str) -> None:
    assert "HÄNDLER" not in summary(client, sentences=1)["text"]
    assert "HÄNDLER" in summary(client, sentences=1, focus=focus)["text"]


def test_a_focus_that_the_article_does_not_mention_is_told(client: httpx.Client) -> None:
    made = summary(client, sentences=2, focus="Fußball")
    assert "focus_not_found" in made["codes"]
    assert made["text"] == summary(client, sentences=2)["text"]


def test_style_and_focus_go_with_a_raw_body_too(client: httpx.Client) -> None:
    response = client.post(
        "/v1/digest?style=bullets&focus=Händler&sentences=1",
        content=ARTICLE.encode(),
        headers={"Content-Type": "text/plain"},
    )
    assert response.json()["summary"]["text"].startswith("- DIE HÄNDLER")
    refused = client.post("/v1/digest?style=gedicht", content=b"x", headers={"Content-Type": "text/plain"})
    assert refused.status_code == 400


def test_characters_lost_before_the_text_came_are_told(client: httpx.Client) -> None:
    text = "Die alte Br\ufffdcke wird saniert."
    answer = digest(client, text=text, source="de")
    [span] = [w["span"] for w in answer["warnings"] if w["code"] == "replacement_characters"]
    assert text[span["start"] : span["end"]] == "\ufffd"
