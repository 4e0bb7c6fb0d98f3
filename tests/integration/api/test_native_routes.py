import time
from typing import Any

import httpx
import pytest

from service.backends.stub import StubBackend
from service.errors import GenerationFailed
from tests.integration.conftest import serving, stub_models

TEXT = (
    "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren. "
    "Die Arbeiten beginnen im Mai und dauern drei Monate. "
    "Nach Angaben der Verwaltung kostet das Vorhaben zwei Millionen Euro. "
    "Die Anwohner hatten seit Jahren auf eine Entscheidung gewartet."
)


def post(client: httpx.Client, path: str, **fields: Any) -> dict[str, Any]:
    response = client.post(path, json=fields)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_a_list_of_texts_is_answered_in_order(client: httpx.Client) -> None:
    texts = [f"Das ist Satz Nummer {number}." for number in range(100)]
    answer = post(client, "/v1/translate", text=texts, source="de")
    assert [each["text"] for each in answer["translations"]] == [text.upper() for text in texts]


def test_a_list_larger_than_the_queue_is_translated_when_nobody_else_waits() -> None:
    texts = [f"Das ist Satz Nummer {number}." for number in range(30)]
    with serving(queue_tokens=10) as small:
        answer = post(small, "/v1/translate", text=texts, source="de")
    assert [each["text"] for each in answer["translations"]] == [text.upper() for text in texts]


def test_each_text_of_a_list_has_spans_and_warnings_of_its_own(client: httpx.Client) -> None:
    german = "Der Stadtrat saniert die alte Brücke über den Fluss. Die Arbeiten beginnen im Mai."
    english = "The city council repairs the old bridge over the river. The work begins in May."
    first, second, third = post(client, "/v1/translate", text=[german, english, german], segments=True)[
        "translations"
    ]
    assert second["text"] == english
    assert "already_in_target_language" in {warning["code"] for warning in second["warnings"]}
    assert "already_in_target_language" not in {warning["code"] for warning in third["warnings"]}
    assert first["segments"] == third["segments"]
    spans = [segment["target"] for segment in third["segments"]]
    shown = [third["text"][span["start"] : span["end"]] for span in spans]
    assert " ".join(shown) == german.upper() == third["text"]


def test_the_text_of_a_list_that_cannot_be_translated_is_pointed_to(client: httpx.Client) -> None:
    refused = client.post("/v1/translate", json={"text": ["Guten Morgen.", "...", "Guten Abend."]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "#/text/1"


@pytest.mark.parametrize(("source", "target"), [("de-AT", "en"), ("DE-ch", "en-US"), ("auto", "en-GB")])
def test_a_regional_code_means_its_language_where_no_model_knows_the_region(
    client: httpx.Client, source: str, target: str
) -> None:
    text = "Der Stadtrat saniert die alte Brücke über den Fluss. Die Arbeiten beginnen im Mai."
    answer = post(
        client, "/v1/digest", text=text, source=source, target=target, summary={"language": "en-US"}
    )
    assert answer["translation"]["text"] == text.upper()
    assert answer["translation"]["language"] == answer["summary"]["language"] == "en"


def test_german_said_to_be_english_is_passed_through_but_doubted(client: httpx.Client) -> None:
    answer = post(client, "/v1/digest", text="Der Hund bellt laut im Hof des Nachbarn.", source="en")
    assert "language_mismatch" in {warning["code"] for warning in answer["warnings"]}


def test_a_language_without_a_model_is_pointed_to_at_its_own_field(client: httpx.Client) -> None:
    for text in ("Guten Morgen.", ["Guten Morgen."]):
        refused = client.post("/v1/translate", json={"text": text, "source": "ja"})
        assert refused.json()["errors"][0]["pointer"] == "#/source"


def test_a_single_text_is_a_list_of_one(client: httpx.Client) -> None:
    [only] = post(client, "/v1/translate", text=TEXT, segments=True)["translations"]
    assert only["text"] == TEXT.upper()
    assert len(only["segments"]) == 4
    assert only["detected_language"]["code"] == "de"


def test_translate_reads_raw_bodies_too(client: httpx.Client) -> None:
    response = client.post(
        "/v1/translate?source=de", content=TEXT.encode(), headers={"Content-Type": "text/plain"}
    )
    assert response.json()["translations"][0]["text"] == TEXT.upper()


def test_summarize_answers_with_the_summary_of_the_digest(client: httpx.Client) -> None:
    alone = post(client, "/v1/summarize", text=TEXT, summary={"sentences": 2})
    whole = post(client, "/v1/digest", text=TEXT, summary={"sentences": 2})
    assert alone["summary"] == whole["summary"]
    assert "translation" not in alone


def test_summarize_in_the_source_language_translates_nothing(client: httpx.Client) -> None:
    answer = post(client, "/v1/summarize", text=TEXT, summary={"sentences": 1, "language": "de"})
    assert answer["summary"]["text"] in TEXT
    assert answer["usage"]["tokens"] == 0


def test_detect_ranks_candidates(client: httpx.Client) -> None:
    answer = post(client, "/v1/detect", text=TEXT)
    assert answer["language"]["code"] == answer["candidates"][0]["code"] == "de"
    assert answer["sure"] is True
    confidences = [candidate["confidence"] for candidate in answer["candidates"]]
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 <= confidence <= 1 for confidence in confidences)
    assert post(client, "/v1/detect", text="Kim Jong Un")["sure"] is False


def test_languages_lists_what_can_be_translated_into_what(client: httpx.Client) -> None:
    languages = client.get("/v1/languages").json()["languages"]
    assert {"code": "de", "name": "German", "targets": ["en"], "pivoted": []} in languages


def test_models_states_device_revision_licence_and_limits(client: httpx.Client) -> None:
    answer = client.get("/v1/models").json()
    [model] = answer["models"]
    assert model["name"] == "stub"
    assert model["revision"] == "0" * 40
    assert model["device"] == "cpu/none"
    assert model["demonstration"] is True
    assert (model["batches_at_once"], model["batch_tokens"]) == (1, 4096)
    assert answer["limits"] == {
        "characters": 500_000,
        "body_bytes": 2_000_000,
        "document_bytes": 10_000_000,
        "texts": 100,
        "terms": 10_000,
        "alternatives": 5,
        "queue_tokens": 400_000,
        "request_seconds": 300.0,
    }
    assert answer["profile"] == "stub"


def test_a_segment_the_engine_fails_on_costs_only_its_own_caller_the_answer() -> None:
    def decode(source: str) -> str:
        if "Gift" in source:
            raise RuntimeError("internals")
        return source.upper()

    with serving(stub_models(decode=decode)) as client:
        [good] = post(client, "/v1/translate", text=TEXT)["translations"]
        assert good["text"] == TEXT.upper()
        bad = client.post("/v1/translate", json={"text": "Das ist Gift.", "source": "de"})
        assert bad.status_code == 500
        assert bad.json()["code"] == "generation_failed"
        assert "internals" not in bad.text
        assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("decode", "code"),
    [
        (lambda _: "", "segment_empty"),
        (lambda _: "salad " * 40, "repetition"),
        (lambda source: source[:10], "segment_short"),
    ],
)
def test_what_a_broken_model_does_to_a_segment_is_noticed(decode: Any, code: str) -> None:
    text = "Die Arbeiten an der alten Brücke beginnen im Mai und dauern drei Monate."

    def faulty(source: str) -> str:
        return str(decode(source)) if "Arbeiten an" in source else source.upper()

    with serving(stub_models(decode=faulty)) as client:
        [answer] = post(client, "/v1/translate", text=f"Ein Satz davor. {text}", source="de")["translations"]
    [warning] = [warning for warning in answer["warnings"] if warning["code"] == code]
    assert warning["span"] == {"start": 16, "end": 16 + len(text)}
    if code == "segment_empty":
        assert answer["text"].endswith(text), "nothing is dropped: the source stands in"


def test_a_repaired_segment_is_said_to_be_repaired() -> None:
    seen: list[str] = []

    def decode(source: str) -> str:
        seen.append(source)
        return "" if "Brücke" in source and seen.count(source) == 1 else source.upper()

    text = "Die alte Brücke wird im Mai saniert."
    with serving(stub_models(decode=decode)) as client:
        [answer] = post(client, "/v1/translate", text=text, source="de")["translations"]
    assert answer["text"] == text.upper()
    assert "segment_repaired" in {warning["code"] for warning in answer["warnings"]}


def test_a_repair_that_fails_costs_nothing_but_a_warning() -> None:
    seen: list[str] = []

    def decode(source: str) -> str:
        seen.append(source)
        if "Brücke" in source and seen.count(source) > 1:
            raise RuntimeError("internals")
        return "salad " * 40 if "Brücke" in source else source.upper()

    with serving(stub_models(decode=decode)) as client:
        text = "Ein Satz davor. Die alte Brücke wird im Mai von der Stadt saniert."
        [answer] = post(client, "/v1/translate", text=text, source="de")["translations"]
    assert answer["text"].startswith("EIN SATZ DAVOR. salad")
    assert "repetition" in {warning["code"] for warning in answer["warnings"]}


def test_a_text_of_credits_alone_says_that_there_is_nothing_to_summarise(client: httpx.Client) -> None:
    answer = post(client, "/v1/digest", text="Quelle: dpa, AFP", source="de")
    assert answer["summary"]["text"] == ""
    assert "nothing_to_summarize" in {warning["code"] for warning in answer["warnings"]}


def test_a_full_queue_is_refused_at_once_with_the_time_to_come_back() -> None:
    import threading

    held = threading.Event()
    entered = threading.Event()

    def gate(sources: Any) -> None:
        if any("lange" in source for source in sources):
            entered.set()
            assert held.wait(10)

    with serving(stub_models(gate=gate), queue_tokens=20) as client:
        first = threading.Thread(
            target=client.post,
            args=("/v1/translate",),
            kwargs={"json": {"text": "Eine lange Arbeit.", "source": "de"}},
        )
        first.start()
        assert entered.wait(10)
        waiting = threading.Thread(
            target=client.post, args=("/v1/translate",), kwargs={"json": {"text": TEXT, "source": "de"}}
        )
        waiting.start()
        deadline = time.monotonic() + 10
        while client.get("/readyz").json()["queue_tokens"] == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        refused = client.post("/v1/translate", json={"text": TEXT, "source": "de"})
        assert refused.status_code == 503
        assert refused.json()["code"] == "overloaded"
        assert int(refused.headers["retry-after"]) >= 1
        assert client.get("/livez").status_code == 200
        held.set()
        first.join(10)
        waiting.join(10)


def test_the_stub_refuses_what_is_over_its_limit() -> None:
    backend = stub_models().translators[0].backend
    assert isinstance(backend, StubBackend)
    from service.backends.protocol import GenerationOptions

    with pytest.raises(GenerationFailed):
        backend.generate(["wort " * 500], GenerationOptions())
