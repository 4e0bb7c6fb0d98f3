"""The official Hugging Face client, as it is installed, against the running service."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from huggingface_hub import InferenceClient
from huggingface_hub.errors import BadRequestError, HfHubHTTPError

from tests.integration.conftest import serving, stub_models

SENTENCE = "Der Zug nach Hamburg fährt am Abend ohne Halt ab."
ARTICLE = " ".join(
    f"Der Zug Nummer {number} nach Hamburg fährt am Abend ohne jeden Halt aus der Stadt ab."
    for number in range(1, 31)
)


@pytest.fixture(scope="module")
def service() -> Iterator[httpx.Client]:
    with serving() as service:
        yield service


@pytest.fixture(params=[None, "hf_any"], ids=["no token", "a token"])
def client(service: httpx.Client, request: pytest.FixtureRequest) -> InferenceClient:
    return InferenceClient(model=f"{service.base_url}/hf/translation", token=request.param)


@pytest.fixture
def summarizer(service: httpx.Client) -> InferenceClient:
    return InferenceClient(model=f"{service.base_url}/hf/summarization")


def test_24_a_text(client: InferenceClient) -> None:
    answer = client.translation(SENTENCE)
    assert answer.translation_text == SENTENCE.upper()
    assert answer["detected_language"]["code"] == "de"
    [warning] = answer["warnings"]
    assert warning.keys() == {"code", "message", "start", "end"}
    assert warning["code"] == "demonstration_model"


@pytest.mark.parametrize(
    ("source", "target"),
    [("de", "en"), ("deu_Latn", "eng_Latn"), ("de_DE", "en_XX"), ("DE-AT", "EN"), ("auto", "eng")],
)
def test_the_languages_in_any_spelling_of_the_hub(client: InferenceClient, source: str, target: str) -> None:
    assert client.translation(SENTENCE, src_lang=source, tgt_lang=target).translation_text == SENTENCE.upper()


@pytest.mark.parametrize("truncation", ["do_not_truncate", "longest_first", "only_first", "only_second"])
def test_nothing_is_truncated_whatever_is_asked(client: InferenceClient, truncation: Any) -> None:
    answer = client.translation(
        ARTICLE,
        truncation=truncation,
        clean_up_tokenization_spaces=True,
        generate_parameters={"max_length": 5, "num_beams": 2, "do_sample": False},
    )
    assert answer.translation_text == ARTICLE.upper()
    (told,) = [each for each in answer["warnings"] if each["code"] == "parameters_ignored"]
    assert "do_sample, max_length, num_beams" in told["message"]


def test_a_list_of_texts_gives_as_many_answers(service: httpx.Client) -> None:
    texts = [SENTENCE, "", "12,50"]
    answer = service.post("/hf/translation", json={"inputs": texts, "options": {"wait_for_model": True}})
    assert [each["translation_text"] for each in answer.json()] == [SENTENCE.upper(), "", "12,50"]
    answer = service.post("/hf/summarization", json={"inputs": [ARTICLE, SENTENCE], "parameters": None})
    assert len(answer.json()) == 2
    assert answer.json()[1]["summary_text"] == SENTENCE.upper()


def test_24_a_summary_gets_no_longer_than_it_may(summarizer: InferenceClient) -> None:
    short = summarizer.summarization(ARTICLE, generate_parameters={"max_length": 40, "min_length": 10})
    long = summarizer.summarization(ARTICLE, generate_parameters={"max_new_tokens": 400})
    assert 0 < len(short.summary_text.split()) <= 30 < len(long.summary_text.split()) <= 300
    assert short["detected_language"]["code"] == "de"
    assert [each["code"] for each in short["warnings"]].count("parameters_ignored") == 1
    assert "parameters_ignored" not in [each["code"] for each in long["warnings"]]
    assert summarizer.summarization(ARTICLE).summary_text


def test_the_fields_of_generation_may_stand_beside_the_others(service: httpx.Client) -> None:
    body = {"inputs": ARTICLE, "parameters": {"max_length": 40, "truncation": None}}
    (answer,) = service.post("/hf/summarization", json=body).json()
    assert 0 < len(answer["summary_text"].split()) <= 30


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"src_lang": "xx", "tgt_lang": "en"}, "No model here translates"),
        ({"src_lang": "de", "tgt_lang": "tlh_Latn"}, "No model here translates"),
        ({"src_lang": "Ein ganzer Satz.", "tgt_lang": "en"}, "is a language code such as"),
        ({"truncation": "sometimes"}, "truncation"),
        ({"generate_parameters": {"num_beams": 0}}, "num_beams"),
        ({"generate_parameters": {"num_beams": 1_000_000}}, "num_beams"),
        ({"generate_parameters": {"num_return_sequences": 4}}, "num_return_sequences"),
        ({"generate_parameters": {"sing": True}}, "Unknown field sing"),
    ],
    ids=str,
)
def test_a_refusal_is_shown_once_by_the_client(
    client: InferenceClient, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadRequestError, match=message) as refused:
        client.translation(SENTENCE, **options)
    assert str(refused.value).count(message) == 1
    assert "Request ID: " in str(refused.value)


def test_more_at_least_than_at_most_is_refused(summarizer: InferenceClient) -> None:
    with pytest.raises(BadRequestError, match="min_length"):
        summarizer.summarization(ARTICLE, generate_parameters={"max_length": 40, "min_length": 50})


@pytest.mark.parametrize(
    ("method", "path", "content", "kind", "status"),
    [
        ("POST", "/hf/translation", b"{", "application/json", 400),
        ("POST", "/hf/translation", b"[]", "application/json", 400),
        ("POST", "/hf/translation", b"{}", "application/json", 400),
        ("POST", "/hf/translation", b'{"inputs": 7}', "application/json", 400),
        ("POST", "/hf/translation", b'{"inputs": []}', "application/json", 400),
        ("POST", "/hf/translation", b'{"inputs": "\\ud800 a"}', "application/json", 400),
        ("POST", "/hf/summarization", b'{"inputs": ""}', "application/json", 400),
        ("POST", "/hf/summarization", b'{"inputs": ["a", ""]}', "application/json", 400),
        ("POST", "/hf/translation", b"inputs=a", "application/x-www-form-urlencoded", 415),
        ("POST", "/hf/translation", b"x" * 2_000_001, "application/json", 413),
        ("POST", "/hf/translation", b'{"inputs": [' + b'"a",' * 100 + b'"a"]}', "application/json", 413),
        ("GET", "/hf/translation", b"", "application/json", 405),
        ("POST", "/hf/text-generation", b"", "application/json", 404),
    ],
)
def test_every_failure_has_an_error_the_client_can_show(
    service: httpx.Client, method: str, path: str, content: bytes, kind: str, status: int
) -> None:
    response = service.request(method, path, content=content, headers={"Content-Type": kind})
    assert response.status_code == status, response.text
    assert response.json().keys() == {"error", "code", "request_id"}
    assert response.headers["x-error-message"] == response.json()["error"]
    assert "x-error-code" not in response.headers


def test_a_failure_of_the_engine_is_an_error_of_the_hub_client() -> None:
    def decode(source: str) -> str:
        if "Zug" in source:
            raise ValueError("planted")
        return source.upper()

    with serving(stub_models(decode=decode)) as service:
        client = InferenceClient(model=f"{service.base_url}/hf/translation")
        with pytest.raises(HfHubHTTPError) as failed:
            client.translation(SENTENCE)
    assert failed.value.response.status_code == 500
    assert "planted" not in str(failed.value)
