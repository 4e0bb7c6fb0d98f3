"""What users of other systems complain about, one test a complaint, by its number in the list the project
keeps; 18, 23 and 24 (glossaries, other clients) are in tests/compat. Those that need a feature still to come
are not here yet: 6 and 7 (load), 11 and 13 (image and gateway), 14, 15 (markup)."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.backends.ct2 import cuda_is_usable
from service.backends.loading import load_backend
from service.errors import EngineUnavailable
from service.model_store.catalogue import Catalogue
from service.text.language import detect_language
from service.text.sentences import split_sentences
from tests.integration.conftest import serving, stub_models

SENTENCES = [
    "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren.",
    "Die Arbeiten beginnen im Mai und dauern 3 Monate.",
    "Nach Angaben der Verwaltung kostet das Vorhaben 2 Millionen Euro.",
    "Die Anwohner hatten seit Jahren auf eine Entscheidung gewartet.",
]
PARAGRAPH = " ".join(SENTENCES)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving() as client:
        yield client


def digest(client: httpx.Client, text: str, **fields: Any) -> dict[str, Any]:
    response = client.post("/v1/digest", json={"text": text, "source": "de", **fields})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def codes(answer: dict[str, Any]) -> set[str]:
    return {warning["code"] for warning in answer["warnings"]}


def test_01_the_last_sentences_of_a_speech_do_not_vanish() -> None:
    def forgets(source: str) -> str:
        return "" if source in SENTENCES[2:] else source.upper()

    with serving(stub_models(decode=forgets)) as broken:
        answer = digest(broken, PARAGRAPH, segments=True)
    assert len(answer["segments"]) == len(SENTENCES)
    assert all(sentence in answer["translation"]["text"] for sentence in SENTENCES[2:])
    told = [warning["span"] for warning in answer["warnings"] if warning["code"] == "segment_empty"]
    assert [PARAGRAPH[span["start"] : span["end"]] for span in told] == SENTENCES[2:]


def test_02_a_paragraph_is_never_given_to_the_model_whole() -> None:
    seen: list[str] = []

    def gate(sources: Sequence[str]) -> None:
        seen.extend(sources)

    with serving(stub_models(gate=gate)) as client:
        digest(client, PARAGRAPH)
    assert set(SENTENCES) <= set(seen)
    assert PARAGRAPH not in seen


def test_03_a_sentence_over_the_limit_is_split_and_no_word_of_it_lost(client: httpx.Client) -> None:
    words = [f"Wort{number}" for number in range(3000)]
    answer = digest(client, " ".join(words) + ".")
    assert answer["translation"]["text"].split() == [*map(str.upper, words[:-1]), "WORT2999."]


def test_04_hard_wrapped_lines_are_joined_and_blank_lines_and_lists_kept(client: httpx.Client) -> None:
    text = (
        "Der Stadtrat hat am Montag beschlossen, die alte Brücke über\n"
        "den Fluss zu sanieren, weil sie seit vielen Jahren bröckelt.\n\n"
        "- Die Stadt zahlt.\n- Der Bund zahlt.\n"
    )
    answer = digest(client, text, segments=True)
    assert answer["translation"]["text"] == text.upper().replace("ÜBER\nDEN", "ÜBER DEN")


def test_05_salad_salad_salad_is_noticed_and_real_repetition_survives() -> None:
    def loops(source: str) -> str:
        return "salad " * 40 if "Arbeiten" in source else source.upper()

    with serving(stub_models(decode=loops)) as client:
        assert "repetition" in codes(digest(client, PARAGRAPH))
        again = digest(client, "Nein, nein, nein, nein, nein, nein und nochmals nein, rief der Sprecher.")
    assert "repetition" not in codes(again)
    assert again["translation"]["text"].count("NEIN") == 7


def test_08_the_texts_of_one_call_share_the_engines_batches() -> None:
    batches: list[int] = []

    def gate(sources: Sequence[str]) -> None:
        batches.append(len(sources))

    texts = [f"Das ist der kurze Satz Nummer {number}." for number in range(16)]
    with serving(stub_models(gate=gate)) as client:
        batches.clear()  # the canary
        client.post("/v1/translate", json={"text": texts, "source": "de"})
    assert max(batches) == 16


def test_09_a_tokenizer_may_be_asked_from_sixteen_threads_at_once() -> None:
    config = Catalogue.read().model("starter")
    backend = load_backend(config, Path(config.weights.path), device="cpu", threads=1)
    wanted = [backend.count_tokens(sentence) for sentence in SENTENCES]
    with ThreadPoolExecutor(16) as threads:
        counted = threads.map(lambda _: [backend.count_tokens(s) for s in SENTENCES], range(200))
        assert all(each == wanted for each in counted)
    backend.close()


def test_12_alive_at_once_and_ready_only_after_a_real_digest() -> None:
    allowed = threading.Event()

    def gate(_: Sequence[str]) -> None:
        assert allowed.wait(10)

    with serving(stub_models(gate=gate), ready=False) as client:
        assert client.get("/livez").status_code == 200
        assert client.get("/readyz").status_code == 503
        allowed.set()
        deadline = threading.Event()
        for _ in range(200):
            if client.get("/readyz").status_code == 200:
                break
            deadline.wait(0.05)
        assert client.get("/readyz").status_code == 200


def test_16_plain_text_is_not_unescaped(client: httpx.Client) -> None:
    answer = digest(client, "Die Firma Meier &amp; Söhne schreibt &lt;b&gt; in ihren Namen, sagte sie.")
    assert "&amp;" in answer["translation"]["text"]
    assert "&lt;B&gt;" in answer["translation"]["text"]


def test_17_placeholders_come_back_as_they_were(client: httpx.Client) -> None:
    text = "Hallo {{person.name}}, Sie haben %1$s neue Nachrichten unter https://talbote.example/a?b=1."
    answer = digest(client, text)
    for kept in ("{{person.name}}", "%1$s", "https://talbote.example/a?b=1"):
        assert answer["translation"]["text"].count(kept) == 1


def test_19_a_short_text_is_never_translated_on_a_guess_without_saying_so(client: httpx.Client) -> None:
    answer = digest(client, "Kim Jong Un trifft Schoigu", source="auto")
    assert "language_assumed" in codes(answer)
    assert (
        detect_language("Questa è una frase italiana che parla del tempo e della città di Roma.").code == "it"
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "Das gilt z. B. am 29. Juli für die 1. Bundesliga.",
        "Dr. Meier zahlte 5 Mio. Euro nach § 4 Abs. 2 an die Stadt.",
        "Der Krieg endete am 38. Breitengrad zum 70. Jahrestag der Gründung.",
    ],
)
def test_20_german_abbreviations_and_ordinals_end_no_sentence(sentence: str) -> None:
    text = f"{sentence} Danach war Schluss."
    assert [text[start:end] for start, end in split_sentences(text)] == [sentence, "Danach war Schluss."]


def test_21_an_article_of_any_allowed_length_is_summarised() -> None:
    text = " ".join(f"Satz {number} handelt von der Brücke über den Fluss." for number in range(3000))
    with serving(stub_models(summarizer=True)) as client:
        answer = digest(client, text)
    assert answer["summary"]["sentences"]
    assert "summarized_in_sections" in codes(answer)


@pytest.mark.parametrize("text", [SENTENCES[1], PARAGRAPH, PARAGRAPH * 12])
def test_22_a_summary_ends_at_a_sentence_and_is_never_longer_than_its_source(text: str) -> None:
    with serving(stub_models(summarizer=True)) as client:
        answer = digest(client, text)
    assert answer["summary"]["text"].endswith(".")
    assert len(answer["summary"]["text"].split()) <= len(text.split())


def test_25_device_and_limits_are_said(client: httpx.Client) -> None:
    said = client.get("/v1/models").json()
    assert all(model["device"] for model in said["models"])
    assert said["limits"]["characters"] > 0


@pytest.mark.skipif(cuda_is_usable(), reason="there is a GPU here")
def test_25_a_missing_gpu_fails_the_start() -> None:
    config = Catalogue.read().model("starter")
    with pytest.raises(EngineUnavailable, match="GPU"):
        load_backend(config, Path(config.weights.path), device="cuda")
