"""What users of other systems complain about, one test or more a complaint, named by its number in the list
the project keeps: here what concerns serving. What concerns texts is in `test_complaints.py`."""

import ast
import functools
import gc
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

import service
from service.backends.ct2 import cuda_is_usable
from service.backends.loading import load_backend
from service.backends.protocol import GenerationOptions
from service.errors import EngineUnavailable
from service.model_store.catalogue import Catalogue
from service.pipeline.models import ModelSet
from service.text.names import read_names
from service.text.quantities import read_quantities
from service.text.sentences import split_sentences
from service.text.stems import stemmed_words
from tests.integration.conftest import serving, stub_models, wait_until

CLIENTS = 32

SENTENCES = [
    "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren.",
    "Die Arbeiten beginnen im Mai und dauern 3 Monate.",
    "Nach Angaben der Verwaltung kostet das Vorhaben 2 Millionen Euro.",
]


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving() as client:
        yield client


FEW_KEYS = {"_common_words", "_packed", "_read", "moses_normalizer"}
"""Cached for good: without arguments, by the names of packaged files, by the languages of the models."""


def test_06_every_cache_has_a_bound_on_its_entries(client: httpx.Client) -> None:
    client.post("/v1/digest", json={"text": " ".join(SENTENCES)})  # so that what is imported late is there
    cached = [
        each
        for each in gc.get_objects()
        if isinstance(each, functools._lru_cache_wrapper) and each.__module__.startswith("service")
    ]
    assert len(cached) > len(FEW_KEYS)
    unbounded = {each.__name__ for each in cached if each.cache_parameters()["maxsize"] is None}
    assert unbounded <= FEW_KEYS


def test_06_a_cache_keeps_no_long_text() -> None:
    """The bound on its entries bounds its bytes."""
    cached = [
        each
        for each in gc.get_objects()
        if isinstance(each, functools._lru_cache_wrapper)
        and each.__module__.startswith("service.text")
        and each.__name__ not in {*FEW_KEYS, "_stemmer", "_function_words"}  # by names of our own
    ]

    def read(word: str) -> None:
        for language in ("de", "en", "fr"):
            text = f"{word} tausend, {word}. Neues {word}"
            read_quantities(text, language)
            split_sentences(text, language)
            assert len(list(stemmed_words(text, language))) >= 4
        read_names(f"the {word.title()} of {word.title()}", "en")

    asked = [each.cache_info().hits + each.cache_info().misses for each in cached]
    read("kurz")
    assert len(cached) >= 4
    for each, before in zip(cached, asked, strict=True):
        assert each.cache_info().hits + each.cache_info().misses > before, each.__name__
    sizes = [each.cache_info().currsize for each in cached]
    for number in range(50):
        read("a" * number + "x" * 10_000)  # they may ask about the last letters, which are few
    for each, before in zip(cached, sizes, strict=True):
        assert each.cache_info().currsize - before < 20, each.__name__


def test_07_many_clients_at_once_are_answered_or_told_when_to_come_again() -> None:
    """While the engine holds its first batch, the queue has room for some of them."""
    held, entered = threading.Event(), threading.Event()

    def gate(sources: Sequence[str]) -> None:
        if any(source.startswith("Anfrage") for source in sources):
            entered.set()
            assert held.wait(20)

    def ask(number: int) -> httpx.Response:
        text = f"Anfrage {number} handelt von der alten Brücke über den Fluss."
        with httpx.Client(base_url=url, timeout=20, trust_env=False) as own:
            return own.post("/v1/digest", json={"text": text, "source": "de"})

    with serving(stub_models(gate=gate), queue_tokens=120) as client, ThreadPoolExecutor(CLIENTS) as threads:
        url = client.base_url
        asked = [threads.submit(ask, number) for number in range(CLIENTS)]
        assert entered.wait(10)
        refused = [each.result() for each in islice(as_completed(asked, timeout=20), CLIENTS // 2)]
        assert {answer.status_code for answer in refused} == {503}
        for route in ("/livez", "/readyz", "/startupz", "/metrics"):
            assert client.get(route).status_code == 200
        held.set()
        answers = [each.result(20) for each in asked]
        assert client.post("/v1/digest", json={"text": SENTENCES[0], "source": "de"}).status_code == 200
    codes = {answer.status_code for answer in answers}
    assert codes == {200, 503}
    for answer in answers:
        if answer.status_code == 503:
            assert answer.json()["code"] == "overloaded"
            assert int(answer.headers["retry-after"]) >= 1


def test_08_the_texts_of_one_call_share_the_engines_batches() -> None:
    batches: list[int] = []
    texts = [f"Das ist der kurze Satz Nummer {number}." for number in range(16)]
    with serving(stub_models(gate=lambda sources: batches.append(len(sources)))) as client:
        batches.clear()  # the canary
        client.post("/v1/translate", json={"text": texts, "source": "de"})
    assert max(batches) == 16


def test_08_the_texts_of_several_callers_share_the_engines_batches() -> None:
    held, entered = threading.Event(), threading.Event()
    batches: list[int] = []

    def gate(sources: Sequence[str]) -> None:
        batches.append(len(sources))
        if any(source.startswith("Zuerst") for source in sources):
            entered.set()
            assert held.wait(20)

    def ask(text: str) -> int:
        return http.post("/v1/translate", json={"text": text, "source": "de"}).status_code

    texts = [f"Das ist der kurze Satz Nummer {number}." for number in range(16)]
    with serving(stub_models(gate=gate)) as http, ThreadPoolExecutor(CLIENTS) as threads:
        first = threads.submit(ask, "Zuerst kommt einer.")
        assert entered.wait(10)
        batches.clear()
        others = [threads.submit(ask, text) for text in texts]
        waiting = 16 * (len(texts[0].split()) + 1)
        for _ in range(400):
            if http.get("/readyz").json()["queue_tokens"] == waiting:
                break
            threading.Event().wait(0.02)
        held.set()
        assert {each.result(20) for each in (first, *others)} == {200}
    assert batches == [16]


def test_09_sixteen_threads_may_count_while_the_engine_decodes() -> None:
    config = Catalogue.read().model("starter")
    backend = load_backend(config, Path(config.weights.path), device="cpu", threads=1)
    wanted = [backend.count_tokens(sentence) for sentence in SENTENCES]
    with ThreadPoolExecutor(17) as threads:
        decoding = threads.submit(backend.generate, SENTENCES, GenerationOptions(beam_size=2))
        counted = threads.map(lambda _: [backend.count_tokens(s) for s in SENTENCES], range(200))
        assert all(each == wanted for each in counted)
        assert [hypothesis.target for hypothesis in decoding.result(30)] == [
            hypothesis.target for hypothesis in backend.generate(SENTENCES, GenerationOptions(beam_size=2))
        ]
    backend.close()


_SWITCHES = {"enable_truncation", "no_truncation", "enable_padding", "no_padding"}


def test_09_truncation_and_padding_are_set_when_a_tokenizer_is_loaded_and_never_after() -> None:
    for file in (Path(service.__file__).parent / "backends").glob("*.py"):
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef) or function.name == "__init__":
                continue
            nodes = list(ast.walk(function))
            assert not _SWITCHES & {node.attr for node in nodes if isinstance(node, ast.Attribute)}
            assert not {"truncation", "padding"} & {n.arg for n in nodes if isinstance(n, ast.keyword)}


def with_summarizer(**planted: Any) -> ModelSet:
    """A sound translator, and a summarizer with the fault."""
    summarizers = stub_models(summarizer=True, **planted).summarizers
    return ModelSet(profile="stub", translators=stub_models().translators, summarizers=summarizers)


def test_12_alive_at_once_and_ready_only_after_a_digest_and_a_summary() -> None:
    """The three answers are separate; a service whose models are loaded is not ready yet."""
    allowed, entered = threading.Event(), threading.Event()

    def gate(_: Sequence[str]) -> None:
        entered.set()
        assert allowed.wait(10)

    with serving(with_summarizer(gate=gate), ready=False) as client:
        assert entered.wait(10)
        codes = {path: client.get(path).status_code for path in ("/livez", "/startupz", "/readyz")}
        assert codes == {"/livez": 200, "/startupz": 200, "/readyz": 503}
        allowed.set()
        wait_until(client, "/readyz")


def test_12_a_service_whose_summarizer_fails_never_turns_ready() -> None:
    def decode(_: str) -> str:
        raise RuntimeError("broken weights")

    with serving(with_summarizer(decode=decode), ready=False) as client:
        for _ in range(200):
            if (phase := client.get("/readyz").json()["phase"]) == "failed":
                break
            threading.Event().wait(0.05)
        assert phase == "failed"
        assert client.get("/livez").status_code == 200


def test_25_device_type_of_numbers_revisions_and_limits_are_said(client: httpx.Client) -> None:
    said, ready = client.get("/v1/models").json(), client.get("/readyz").json()
    for model in said["models"]:
        device, _, numbers = model["device"].partition("/")
        assert device in {"cpu", "cuda"}
        assert numbers
        assert model["revision"]
        assert model["device"] in ready["devices"]
        assert ready["revisions"][model["name"]] == model["revision"]
    assert said["limits"] == ready["limits"]
    assert {"characters", "body_bytes", "texts"} <= said["limits"].keys()


def test_25_the_limits_that_are_said_are_those_that_hold() -> None:
    with serving(max_characters=300, max_texts=2, max_body_bytes=4000) as client:
        limits: dict[str, Any] = client.get("/v1/models").json()["limits"]
        over = [
            {"text": "a" * (limits["characters"] + 1)},
            {"text": ["Ja."] * (limits["texts"] + 1)},
            {"text": "a" * limits["body_bytes"]},
        ]
        for body in over:
            assert client.post("/v1/translate", json={**body, "source": "de"}).status_code == 413


@pytest.mark.skipif(cuda_is_usable(), reason="there is a GPU here")
def test_25_a_missing_gpu_fails_the_start() -> None:
    config = Catalogue.read().model("starter")
    with pytest.raises(EngineUnavailable, match="GPU"):
        load_backend(config, Path(config.weights.path), device="cuda")
