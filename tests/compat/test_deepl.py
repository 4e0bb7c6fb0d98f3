"""The official DeepL client, as it is installed, against the running service."""

from collections.abc import Iterator

import deepl
import httpx
import pytest

from tests.integration.conftest import serving, stub_models

SENTENCE = "Die Brücke über den Fluss wird im Mai saniert."


@pytest.fixture(scope="module")
def service() -> Iterator[httpx.Client]:
    with serving() as service:
        yield service


@pytest.fixture(scope="module")
def client(service: httpx.Client) -> deepl.DeepLClient:
    return client_of(service)


def client_of(service: httpx.Client, key: str = "any key") -> deepl.DeepLClient:
    return deepl.DeepLClient(key, server_url=str(service.base_url))


def one(result: deepl.TextResult | list[deepl.TextResult]) -> deepl.TextResult:
    assert isinstance(result, deepl.TextResult)
    return result


def test_24_a_text(client: deepl.DeepLClient) -> None:
    result = one(client.translate_text(SENTENCE, target_lang="EN-US"))
    assert result.text == SENTENCE.upper()
    assert result.detected_source_lang == "DE"
    assert result.billed_characters == len(SENTENCE)


def test_a_list_of_texts_keeps_its_order_and_what_cannot_be_translated(client: deepl.DeepLClient) -> None:
    texts = [SENTENCE, "", "12,50", "https://talbote.example/a", "Äpfel 🍏 und Birnen", "...", " \n"]
    results = client.translate_text(texts, source_lang="DE", target_lang="EN-GB")
    assert isinstance(results, list)
    assert [result.text for result in results] == [text if "/a" in text else text.upper() for text in texts]
    assert [result.billed_characters for result in results] == list(map(len, texts))
    assert {result.detected_source_lang for result in results} == {"DE"}


def test_the_layout_of_a_text_is_kept(client: deepl.DeepLClient) -> None:
    text = f"{SENTENCE}\n\n- Die Stadt zahlt.\n- Der Bund zahlt.\n"
    assert one(client.translate_text(text, target_lang="EN-US")).text == text.upper()


@pytest.mark.parametrize(
    "options",
    [
        {"context": "Es geht um eine Brücke."},
        {"split_sentences": deepl.SplitSentences.OFF},
        {"split_sentences": deepl.SplitSentences.ALL},
        {"split_sentences": "nonewlines"},
        {"preserve_formatting": True},
        {"formality": deepl.Formality.DEFAULT},
        {"formality": deepl.Formality.PREFER_MORE},
        {"formality": "prefer_less"},
        {"outline_detection": False},
        {"splitting_tags": "p,br", "non_splitting_tags": ["b"], "ignore_tags": ["code", "x"]},
        {"extra_body_parameters": {"debug": "1", "enable_beta_languages": True}},
    ],
    ids=str,
)
def test_an_option_that_changes_nothing_here_is_accepted(
    client: deepl.DeepLClient, options: dict[str, object]
) -> None:
    result = client.translate_text(SENTENCE, target_lang="EN-US", **options)  # type: ignore[arg-type]  # of several kinds
    assert one(result).text == SENTENCE.upper()


@pytest.mark.parametrize(
    ("asked", "used"),
    [
        ("quality_optimized", "quality_optimized"),
        ("prefer_quality_optimized", "quality_optimized"),
        ("latency_optimized", "latency_optimized"),
    ],
)
def test_the_kind_of_model_is_said_back(client: deepl.DeepLClient, asked: str, used: str) -> None:
    result = one(client.translate_text(SENTENCE, target_lang="EN-US", model_type=asked))
    assert result.model_type_used == used


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target_lang": "FR"}, "target_lang.*not supported"),
        ({"source_lang": "XX", "target_lang": "EN-US"}, "source_lang.*not supported"),
        ({"target_lang": "EN-US", "split_sentences": "2"}, "split_sentences"),
        ({"target_lang": "EN-US", "formality": "rude"}, "formality"),
        ({"target_lang": "EN-US", "formality": "more"}, "Target language.*formality"),
        ({"target_lang": "EN-US", "formality": "less"}, "Target language.*formality"),
        ({"target_lang": "EN-US", "model_type": "best"}, "model_type"),
        ({"target_lang": "EN-US", "tag_handling": "markdown"}, "tag_handling"),
        ({"target_lang": "EN-US", "custom_instructions": ["Be brief."]}, "custom_instructions"),
        ({"target_lang": "EN-US", "extra_body_parameters": {"style_id": "1"}}, "style_id"),
        ({"target_lang": "EN-US", "extra_body_parameters": {"glossary_id": "1"}}, "needs 'source_lang'"),
    ],
    ids=str,
)
def test_24_what_is_not_supported_is_refused_once_with_a_reason(
    client: deepl.DeepLClient, options: dict[str, object], message: str
) -> None:
    with pytest.raises(deepl.DeepLException, match=message) as refused:
        client.translate_text(SENTENCE, **options)  # type: ignore[arg-type]  # of several kinds
    assert refused.value.http_status_code == 400


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        (
            "html",
            '<p>Der <b id="1">Zug</b> fährt.<br><i translate="no">Ganz sicher.</i></p><!-- ja -->',
            '<p>DER <b id="1">ZUG</b> FÄHRT.<br><i translate="no">Ganz sicher.</i></p><!-- ja -->',
        ),
        (
            "xml",
            "<a><b x='1'>Der Zug.</b><c/>Er fährt &lt; 5.</a>",
            "<a><b x='1'>DER ZUG.</b><c/>ER FÄHRT &lt; 5.</a>",
        ),
        ("html", "<hr/>", "<hr/>"),
        (None, "Der <b>Zug</b> fährt.", "DER <b>ZUG</b> FÄHRT."),
        (None, "<br>", "<br>"),
    ],
)
def test_24_tags_are_kept(client: deepl.DeepLClient, kind: str | None, text: str, wanted: str) -> None:
    results = client.translate_text(
        [text, SENTENCE], source_lang="DE", target_lang="EN-US", tag_handling=kind, non_splitting_tags="b"
    )
    assert isinstance(results, list)
    assert [result.text for result in results] == [wanted, SENTENCE.upper()]


@pytest.mark.parametrize(
    ("kind", "text", "options", "wanted"),
    [
        (
            "xml",
            "<a>Der <x id='1'>alte Zug</x> fährt, <c>ganz sicher</c>.</a>",
            {"ignore_tags": "x,c"},
            "<a>DER <x id='1'>alte Zug</x> FÄHRT, <c>ganz sicher</c>.</a>",
        ),
        (
            "html",
            "<p>Der <span>alte Zug</span> fährt.</p><P>Morgen.</P>",
            {"ignore_tags": ["SPAN", "p"]},
            "<p>Der <span>alte Zug</span> fährt.</p><P>Morgen.</P>",
        ),
        (
            "html",
            "Der <span>alte Zug</span> fährt.",
            {"ignore_tags": ["SPAN"]},
            "DER <span>alte Zug</span> FÄHRT.",
        ),
        (
            "xml",
            "<a><l>Der Zug</l> <l>fährt.</l></a>",
            {"non_splitting_tags": ["l"], "splitting_tags": "a"},
            "<a><l>DER ZUG</l> <l>FÄHRT.</l></a>",
        ),
        (
            "xml",
            "<a>Der Zug <l>fährt</l> heute.</a>",
            {"splitting_tags": "l", "outline_detection": False},
            "<a>DER ZUG <l>FÄHRT</l> HEUTE.</a>",
        ),
    ],
)
def test_the_caller_says_what_tags_mean(
    client: deepl.DeepLClient, kind: str, text: str, options: dict[str, object], wanted: str
) -> None:
    result = client.translate_text(
        text,
        source_lang="DE",
        target_lang="EN-US",
        tag_handling=kind,
        **options,  # type: ignore[arg-type]  # of several kinds
    )
    assert one(result).text == wanted


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("kind", ["html", "xml"])
def test_both_versions_of_tag_handling_are_read_the_same_way_and_said_back(
    service: httpx.Client, client: deepl.DeepLClient, kind: str, version: str
) -> None:
    text = "<p>Der <b>alte</b> Zug fährt.</p>"
    result = client.translate_text(text, target_lang="EN-US", tag_handling=kind, tag_handling_version=version)
    assert one(result).text == "<p>DER <b>ALTE</b> ZUG FÄHRT.</p>"
    body = {"text": [text], "target_lang": "EN", "tag_handling": kind, "tag_handling_version": version}
    (translation,) = service.post("/v2/translate", json=body).json()["translations"]
    assert translation["tag_handling_version"] == version


def test_a_splitting_tag_ends_a_sentence_and_a_non_splitting_one_does_not() -> None:
    seen: list[str] = []
    with serving(stub_models(gate=seen.extend)) as service:
        seen.clear()
        for rule in ("splitting_tags", "non_splitting_tags"):
            client_of(service).translate_text(
                "<a><t>Der Zug <l>fährt</l> heute.</t></a>",
                source_lang="DE",
                target_lang="EN-US",
                tag_handling="xml",
                **{rule: ["l"]},  # type: ignore[arg-type]  # one of several
            )
    assert seen == ["Der Zug", "fährt", "heute.", "Der Zug fährt heute."]


def test_an_unknown_glossary_is_not_found(client: deepl.DeepLClient) -> None:
    with pytest.raises(deepl.DeepLException, match="glossary") as refused:
        client.translate_text(
            SENTENCE, source_lang="DE", target_lang="EN-US", glossary="7d1b9a50-6a0e-4e7c-9f10-0d7f3f1f9c01"
        )
    assert refused.value.http_status_code == 404


def test_a_language_nothing_here_reads_is_named(client: deepl.DeepLClient) -> None:
    text = "Questa è una frase italiana che parla del tempo e della città di Roma."
    with pytest.raises(deepl.DeepLException, match="'it'"):
        client.translate_text(text, target_lang="EN-US")


def test_more_texts_than_allowed_are_refused_in_words_that_can_be_read(client: deepl.DeepLClient) -> None:
    with pytest.raises(deepl.DeepLException, match="At most 100 texts") as refused:
        client.translate_text([SENTENCE] * 101, target_lang="EN-US")
    assert refused.value.http_status_code == 413


def test_languages(client: deepl.DeepLClient) -> None:
    sources = {language.code: language for language in client.get_source_languages()}
    targets = {language.code: language for language in client.get_target_languages()}
    assert str(sources["DE"]) == "DE"
    assert sources["DE"].name == "German"
    assert sources["DE"].supports_formality is None
    assert {"EN-GB", "EN-US", "DE"} == targets.keys()
    assert targets["EN-US"].name == "English (American)"
    assert all(language.supports_formality is False for language in targets.values())


def test_usage_counts_and_has_no_limit() -> None:
    with serving() as service:
        client = client_of(service)
        before = client.get_usage().character.count
        client.translate_text(SENTENCE, target_lang="EN-US")
        usage = client.get_usage()
    assert before is not None
    assert usage.character.count == before + len(SENTENCE)
    assert not usage.any_limit_reached


@pytest.mark.parametrize("target", ["EN", "en", "en-us", "EN-GB", "En-Us"])
def test_a_form_with_any_spelling_of_the_language_is_understood(service: httpx.Client, target: str) -> None:
    form = {"text": ["Guten Morgen & gute Nacht.", "Äpfel"], "source_lang": "de", "target_lang": target}
    response = service.post("/v2/translate", data={**form, "show_billed_characters": "1", "formality": ""})
    assert response.status_code == 200, response.text
    assert [(t["text"], t["billed_characters"]) for t in response.json()["translations"]] == [
        ("GUTEN MORGEN & GUTE NACHT.", 26),
        ("ÄPFEL", 5),
    ]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("path", "content", "kind"),
    [
        ("/v2/languages?type=target", b"", "application/json"),
        ("/v2/languages", b"type=target", "application/x-www-form-urlencoded"),
        ("/v2/languages", b'{"type": "target"}', "application/json; charset=utf-8"),
    ],
)
def test_the_kind_of_languages_is_read_wherever_it_stands(
    service: httpx.Client, method: str, path: str, content: bytes, kind: str
) -> None:
    response = service.request(method, path, content=content, headers={"Content-Type": kind})
    assert {"EN-GB", "EN-US", "DE"} == {each["language"] for each in response.json()}


def test_billed_characters_are_told_only_where_asked_for(service: httpx.Client) -> None:
    body = {"text": ["Guten Morgen."], "target_lang": "EN-US", "source_lang": None}
    (translation,) = service.post("/v2/translate", json=body).json()["translations"]
    assert translation == {"detected_source_language": "DE", "text": "GUTEN MORGEN."}


@pytest.mark.parametrize(
    ("method", "path", "content", "kind", "status"),
    [
        ("POST", "/v2/translate", b"{", "application/json", 400),
        ("POST", "/v2/translate", b"[]", "application/json", 400),
        ("POST", "/v2/translate", b"{}", "application/json", 400),
        ("POST", "/v2/translate", b'{"text": [], "target_lang": "EN"}', "application/json", 400),
        ("POST", "/v2/translate", b'{"text": ["\\ud800 x"], "target_lang": "EN"}', "application/json", 400),
        ("POST", "/v2/translate", b'{"text": ["a\\u0000"], "target_lang": "EN"}', "application/json", 400),
        ("POST", "/v2/translate", b'{"text": [{"a": 1}], "target_lang": "EN"}', "application/json", 400),
        ("POST", "/v2/translate", b'{"text": ["a"], "target_lang": 7}', "application/json", 400),
        ("POST", "/v2/translate", b"text=%ff&target_lang=EN", "application/x-www-form-urlencoded", 400),
        ("POST", "/v2/translate", b"&a=" * 2000, "application/x-www-form-urlencoded", 400),
        ("POST", "/v2/translate", b"<a/>", "text/xml", 415),
        ("POST", "/v2/translate", b"x" * 2_000_001, "application/json", 413),
        ("POST", "/v2/languages", b"type=both", "application/x-www-form-urlencoded", 400),
        ("POST", "/v2/languages", b'{"type": []}', "application/json", 400),
        ("GET", "/v2/translate", b"", "application/json", 405),
        ("GET", "/v2/nothing", b"", "application/json", 404),
        ("GET", "/v3/nothing", b"", "application/json", 404),
    ],
)
def test_every_failure_has_a_message_the_client_can_show_and_a_trace(
    service: httpx.Client, method: str, path: str, content: bytes, kind: str, status: int
) -> None:
    response = service.request(method, path, content=content, headers={"Content-Type": kind})
    assert response.status_code == status
    assert response.headers["x-trace-id"] == response.headers["x-request-id"]
    assert isinstance(response.json()["message"], str)
    assert "detail" not in response.json()  # the client would repeat it


def test_every_answer_has_a_trace(service: httpx.Client) -> None:
    body = {"text": ["Guten Morgen."], "target_lang": "EN"}
    answers = [service.get("/v2/usage"), service.get("/v2/languages?type=target")]
    for answer in [*answers, service.post("/v2/translate", json=body)]:
        assert answer.status_code == 200
        assert answer.headers["x-trace-id"] == answer.headers["x-request-id"]


def test_24_every_native_route_says_its_version(service: httpx.Client) -> None:
    document = service.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            foreign = {"deepl", "libretranslate", "huggingface", "operations"} & set(
                operation.get("tags", [])
            )
            assert path.startswith("/v1/") != bool(foreign), path
