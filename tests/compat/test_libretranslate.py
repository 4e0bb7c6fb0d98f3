"""The official LibreTranslate client, as it is installed, against the running service."""

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.error import HTTPError

import httpx
import pytest
from libretranslatepy import LibreTranslateAPI

from service.backends.protocol import GenerationOptions, Hypothesis
from service.backends.stub import StubBackend
from service.model_store.catalogue import Catalogue
from service.model_store.config import ModelConfig
from service.pipeline.models import LoadedModel, ModelSet
from tests.integration.conftest import serving, stub_models

SENTENCE = "Der Zug nach Hamburg fährt am Abend ohne Halt ab."
WAYS = [
    "DER ZUG NACH HAMBURG FÄHRT AM ABEND OHNE HALT AB.",
    "der ZUG NACH HAMBURG FÄHRT AM ABEND OHNE HALT AB.",
    "der zug NACH HAMBURG FÄHRT AM ABEND OHNE HALT AB.",
    "der zug nach HAMBURG FÄHRT AM ABEND OHNE HALT AB.",
]
"""The stub's hypotheses for it."""

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def service() -> Iterator[httpx.Client]:
    with serving() as service:
        yield service


@pytest.fixture(scope="module", params=[None, "any key"], ids=["no key", "a key"])
def client(service: httpx.Client, request: pytest.FixtureRequest) -> LibreTranslateAPI:
    return LibreTranslateAPI(str(service.base_url), api_key=request.param)


def translated(service: httpx.Client, **fields: Any) -> dict[str, Any]:
    response = service.post("/translate", json={"source": "de", "target": "en", **fields})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_24_a_text(client: LibreTranslateAPI) -> None:
    assert client.translate(SENTENCE, source="de", target="en", timeout=10) == SENTENCE.upper()


def test_a_text_of_several_lines_whose_language_is_found(client: LibreTranslateAPI) -> None:
    text = f"Äpfel & Birnen\n\n{SENTENCE}\n"
    assert client.translate(text, source="auto", target="EN", timeout=10) == text.upper()


def test_detection(client: LibreTranslateAPI) -> None:
    best = client.detect("Das ist ein Satz über das Wetter in der Stadt am Fluss.", timeout=10)[0]
    assert best["language"] == "de"
    assert 60 <= best["confidence"] <= 100
    for text in ("12,50", "https://talbote.example/bruecke"):
        assert client.detect(text, timeout=10) == [{"confidence": 0.0, "language": "en"}]


def test_languages(client: LibreTranslateAPI) -> None:
    languages = {each["code"]: each for each in client.languages(timeout=10)}
    assert languages["de"] == {"code": "de", "name": "German", "targets": ["en"]}


def test_a_refusal_can_be_read_by_who_catches_it(client: LibreTranslateAPI) -> None:
    with pytest.raises(HTTPError) as refused:
        client.translate(SENTENCE, source="de", target="xx", timeout=10)
    assert refused.value.code == 400
    assert "not supported" in json.loads(refused.value.read())["error"]
    refused.value.close()


def test_a_list_of_texts_keeps_its_order_and_what_cannot_be_translated(service: httpx.Client) -> None:
    texts = [SENTENCE, "", "12,50", "https://talbote.example/a"]
    answer = translated(service, q=texts, alternatives=2, unknown=True)
    assert answer == {
        "translatedText": [SENTENCE.upper(), *texts[1:]],
        "alternatives": [WAYS[1:3], [], [], []],
    }


def test_alternatives_come_best_first_beside_the_translation_that_a_client_gets_without(
    service: httpx.Client, client: LibreTranslateAPI
) -> None:
    for count in (1, 2, 3):
        answer = translated(service, q=SENTENCE, alternatives=count)
        assert answer == {"translatedText": WAYS[0], "alternatives": WAYS[1 : count + 1]}
    assert client.translate(SENTENCE, source="de", target="en", timeout=10) == WAYS[0]
    assert translated(service, q=SENTENCE, alternatives=0) == {"translatedText": WAYS[0]}


@pytest.mark.parametrize("multipart", [False, True], ids=["form", "multipart"])
def test_a_form_asks_for_alternatives_too(service: httpx.Client, multipart: bool) -> None:
    form = {"q": SENTENCE, "source": "de", "target": "en", "alternatives": "2"}
    body: dict[str, Any] = {"files": {n: (None, v) for n, v in form.items()}} if multipart else {"data": form}
    answer = service.post("/translate", **body)
    assert answer.json() == {"translatedText": WAYS[0], "alternatives": WAYS[1:3]}


def test_the_alternatives_of_a_text_keep_its_layout_its_strings_and_its_tags(service: httpx.Client) -> None:
    text = f"{SENTENCE}\n\n  - Guten Morgen, {{name}}! Das kostet 12,50 Euro.\n"
    answer = translated(service, q=text, alternatives=3)
    assert len(answer["alternatives"]) == 3
    for each in answer["alternatives"]:
        assert each.upper().replace("{NAME}", "{name}") == answer["translatedText"]
        assert "{name}" in each
    marked = '<p>Der <b class="x">Zug</b> nach Hamburg<br>fährt &amp; hält.</p>'
    answer = translated(service, q=marked, alternatives=2, format="html")
    assert answer["alternatives"] == [
        '<p>der <b class="x">ZUG</b> NACH HAMBURG<br>fährt &amp; HÄLT.</p>',
        '<p>der <b class="x">zug</b> NACH HAMBURG<br>fährt &amp; hält.</p>',
    ]


def test_an_alternative_that_loses_a_number_or_a_placeholder_is_left_out() -> None:
    """The translation itself is decoded anew, which no alternative is."""
    config = Catalogue.read().model("stub")
    for lost in ("12", "{name}"):
        model = LoadedModel(config, Forgetful(config, lost), "0" * 40)
        with serving(ModelSet(profile="stub", translators=[model])) as service:
            answer = translated(
                service, q=f"Der Zug fährt um 12 Uhr nach {{name}}. {SENTENCE}", alternatives=2
            )
        assert lost in answer["translatedText"]
        assert answer["alternatives"]
        assert all(lost in each for each in answer["alternatives"])


class Forgetful(StubBackend):
    """All but the best hypothesis lack a string."""

    def __init__(self, config: ModelConfig, lost: str) -> None:
        super().__init__(config, decode=lambda source: source.upper().replace("{NAME}", "{name}"))
        self._lost = lost

    def generate(self, sources: Sequence[str], options: GenerationOptions) -> list[Hypothesis]:
        return [
            replace(
                best,
                others=tuple(
                    replace(each, target=each.target.replace(self._lost, "")) for each in best.others
                ),
            )
            for best in super().generate(sources, options)
        ]


def test_the_most_alternatives_are_published_and_more_are_refused(service: httpx.Client) -> None:
    most = service.get("/v1/models").json()["limits"]["alternatives"]
    assert len(translated(service, q=SENTENCE, alternatives=most)["alternatives"]) <= most
    fields = {"q": SENTENCE, "source": "de", "target": "en", "alternatives": most + 1}
    for refused in (service.post("/translate", json=fields), service.post("/translate", data=fields)):
        assert refused.status_code == 400
        assert f"less than or equal to {most}" in refused.json()["error"]
    spec = service.get("/spec").json()["paths"]["/translate"]["post"]["parameters"]
    assert next(each for each in spec if each["name"] == "alternatives")["maximum"] == most


def test_the_language_is_told_only_where_it_was_looked_for(service: httpx.Client) -> None:
    long = SENTENCE * 3
    assert translated(service, q=long).keys() == {"translatedText"}
    alone = translated(service, q=long, source="auto")["detectedLanguage"]
    assert alone["language"] == "de"
    assert alone["confidence"] > 60
    assert translated(service, q=[long, long], source="auto")["detectedLanguage"] == [alone, alone]


def test_the_tags_of_html_are_kept(service: httpx.Client) -> None:
    texts = ['<p>Der <b class="x">Zug</b> nach Hamburg<br>fährt &amp; hält.</p>', "<br/>"]
    assert translated(service, q=texts, format="html")["translatedText"] == [
        '<p>DER <b class="x">ZUG</b> NACH HAMBURG<br>FÄHRT &amp; HÄLT.</p>',
        "<br/>",
    ]


def test_a_form_has_plain_line_ends(service: httpx.Client) -> None:
    form = {"q": "Äpfel\r\n\r\nBirnen", "source": "DE", "target": "En", "format": "text"}
    assert service.post("/translate", data=form).json() == {"translatedText": "ÄPFEL\n\nBIRNEN"}


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/translate", {"source": "de", "target": "en"}, 400, "Invalid request: missing q parameter"),
        ("/translate", {"q": "Hallo", "target": "en"}, 400, "missing source parameter"),
        ("/translate", {"q": "Hallo", "source": "de", "target": None}, 400, "missing target parameter"),
        ("/translate", {"q": [], "source": "de", "target": "en"}, 400, "empty"),
        ("/translate", {"q": "Hallo", "source": "xx", "target": "en"}, 400, "xx is not supported"),
        ("/translate", {"q": "Hallo", "source": "Ein Satz.", "target": "en"}, 400, "This is not supported"),
        ("/translate", {"q": {}, "source": "de", "target": "en"}, 400, "#/q"),
        ("/translate", {"q": "Hallo", "source": "de", "target": "auto"}, 400, "not supported"),
        ("/translate", {"q": "Hallo", "source": "de", "target": "en", "format": "md"}, 400, "#/format"),
        (
            "/translate",
            {"q": "Hallo", "source": "de", "target": "en", "alternatives": -1},
            400,
            "alternatives",
        ),
        ("/translate", {"q": ["a"] * 101, "source": "de", "target": "en"}, 400, "exceeds text limit"),
        ("/translate", {"q": "a" * 500_001, "source": "de", "target": "en"}, 413, "exceeds text limit"),
        ("/translate", {"q": "\ud800 a", "source": "de", "target": "en"}, 400, "surrogate"),
        ("/translate", [], 400, "object"),
        ("/detect", {}, 400, "missing q parameter"),
        ("/suggest", {"q": "a", "s": "b", "source": "de", "target": "en"}, 403, "not offered"),
    ],
)
def test_every_failure_is_an_error_in_words(
    service: httpx.Client, path: str, body: object, status: int, message: str
) -> None:
    response = service.post(
        path, content=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    assert response.status_code == status
    assert response.json().keys() == {"error", "code", "request_id"}
    assert message in response.json()["error"]


def test_what_is_no_json_and_no_form_is_refused(service: httpx.Client) -> None:
    for kind, content, status in (
        (FORM, b"q=%ff", 400),
        ("application/json", b"{", 400),
        ("text/xml", b"<a/>", 415),
    ):
        response = service.post("/translate", content=content, headers={"Content-Type": kind})
        assert response.status_code == status
        assert response.json().keys() == {"error", "code", "request_id"}
    assert service.get("/translate").json().keys() == {"error", "code", "request_id"}


def test_a_program_learns_what_it_may_send(service: httpx.Client) -> None:
    settings = service.get("/frontend/settings").json()
    assert settings["charLimit"] == service.get("/v1/models").json()["limits"]["characters"]
    assert settings["keyRequired"] is False
    assert settings["language"]["source"] == {"code": "de", "name": "German"}
    assert settings["language"]["target"] == {"code": "en", "name": "English"}


def test_healthy_only_when_ready() -> None:
    allowed = threading.Event()

    def gate(_: Sequence[str]) -> None:
        assert allowed.wait(10)

    with serving(stub_models(gate=gate), ready=False) as service:
        early = service.get("/health")
        assert early.status_code == 503
        assert early.json().keys() == {"error", "code", "request_id"}
        assert int(early.headers["retry-after"]) >= 1
        allowed.set()
        for _ in range(200):
            if service.get("/health").status_code == 200:
                break
            threading.Event().wait(0.05)
        assert service.get("/health").json() == {"status": "ok"}
