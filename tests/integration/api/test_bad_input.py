"""Whatever comes in, a problem goes out, and the service goes on serving."""

import json
import socket
from typing import Any

import httpx
import pytest

SECRET = "Geheimnis"  # noqa: S105 -- stands for article text

TEXT = "Der Stadtrat hat am Montag beschlossen, die alte Brücke über den Fluss zu sanieren."

JSON = {"Content-Type": "application/json"}
PLAIN = {"Content-Type": "text/plain"}

CASES: dict[str, tuple[bytes, dict[str, str], int, str]] = {
    "empty body": (b"", PLAIN, 422, "empty_text"),
    "empty text": (b'{"text": ""}', JSON, 422, "empty_text"),
    "white space": (b'{"text": " \\n\\t "}', JSON, 422, "empty_text"),
    "only punctuation": (b'{"text": "... !? -- |"}', JSON, 422, "empty_text"),
    "2 MB of text": (b"Ein Satz. " * 200_000, PLAIN, 413, "text_too_long"),
    "10 MB body": (b"x" * 10_000_000, PLAIN, 413, "text_too_long"),
    "binary": (bytes(range(256)) * 20, PLAIN, 422, "invalid_text"),
    "binary as latin-1": (
        bytes(range(256)) * 20,
        {"Content-Type": "text/plain; charset=latin-1"},
        422,
        "invalid_text",
    ),
    "NUL in JSON": (b'{"text": "Ein\\u0000Satz"}', JSON, 422, "invalid_text"),
    "lone surrogate": (b'{"text": "Geheimnis \\ud83d Satz"}', JSON, 422, "invalid_text"),
    "wrong UTF-8 in JSON": (b'{"text": "Br\xfccke"}', JSON, 400, "malformed_body"),
    "unknown charset": (
        b"Text",
        {"Content-Type": "text/plain; charset=klingon"},
        415,
        "unsupported_media_type",
    ),
    "a charset with a NUL": (
        b"Text",
        {"Content-Type": "text/plain; charset*=utf-8''%00"},
        415,
        "unsupported_media_type",
    ),
    "no content type": (b"Text", {}, 415, "unsupported_media_type"),
    "curl's default": (
        b"Text",
        {"Content-Type": "application/x-www-form-urlencoded"},
        415,
        "unsupported_media_type",
    ),
    "pdf": (b"%PDF", {"Content-Type": "application/pdf"}, 415, "unsupported_media_type"),
    "broken JSON": (b'{"text": "Geheimnis', JSON, 400, "malformed_body"),
    "half JSON": (b'{"text": ', JSON, 400, "malformed_body"),
    "JSON array": (b'["Geheimnis"]', JSON, 400, "malformed_body"),
    "JSON string": (b'"Geheimnis"', JSON, 400, "malformed_body"),
    "JSON number": (b"1e999", JSON, 400, "malformed_body"),
    "deep JSON": (b"[" * 100_000, JSON, 400, "malformed_body"),
    "an endless number": (b'{"text": ' + b"1" * 5000 + b"}", JSON, 400, "malformed_body"),
    "a slow charset": (
        b"Text",
        {"Content-Type": "text/plain; charset=punycode"},
        415,
        "unsupported_media_type",
    ),
    "a short text in a script without a model": (
        '{"text": "Привет, мир!"}'.encode(),
        JSON,
        422,
        "unsupported_language",
    ),
    "text missing": (b"{}", JSON, 400, "malformed_body"),
    "text null": (b'{"text": null}', JSON, 400, "malformed_body"),
    "text a number": (b'{"text": 5}', JSON, 400, "malformed_body"),
    "text a list": (b'{"text": ["Geheimnis"]}', JSON, 400, "malformed_body"),
    "unknown field": (b'{"text": "Geheimnis", "sprache": "de"}', JSON, 400, "malformed_body"),
    "unknown field of text": (b'{"text": "a", "Geheimnis dieses Artikels": 1}', JSON, 400, "malformed_body"),
    "unknown summary field": (b'{"text": "a", "summary": {"satz": 1}}', JSON, 400, "malformed_body"),
    "no sentences": (b'{"text": "a", "summary": {"sentences": 0}}', JSON, 400, "malformed_body"),
    "a bool for a number": (b'{"text": "a", "summary": {"sentences": true}}', JSON, 400, "malformed_body"),
    "a wrong length": (b'{"text": "a", "summary": {"length": "huge"}}', JSON, 400, "malformed_body"),
    "no model for it": (b'{"text": "Ein Satz.", "source": "ja"}', JSON, 422, "unsupported_language"),
    "nor to it": (
        b'{"text": "Ein Satz.", "source": "de", "target": "ja"}',
        JSON,
        422,
        "unsupported_language",
    ),
    "a language of nonsense": (b'{"text": "Ein Satz.", "source": "Geheimnis"}', JSON, 400, "malformed_body"),
    "a very long code": (b'{"text": "a", "source": "' + b"x" * 500 + b'"}', JSON, 400, "malformed_body"),
    "summary in a third language": (
        b'{"text": "Ein Satz.", "source": "de", "summary": {"language": "fr"}}',
        JSON,
        422,
        "unsupported_language",
    ),
    "a URL": (b'{"text": "https://example.org/artikel?x=Geheimnis"}', JSON, 422, "url_not_fetched"),
    "a URL as plain text": (b" https://example.org/artikel\n", PLAIN, 422, "url_not_fetched"),
    "empty HTML": (b"<html></html>", {"Content-Type": "text/html"}, 422, "empty_text"),
    "HTML of nothing": (b"<p>  </p><script>x()</script>", {"Content-Type": "text/html"}, 422, "empty_text"),
}


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["detail"] == problem["message"] == problem["error"]
    assert problem["detail"]
    assert problem["request_id"] == response.headers["x-request-id"]
    assert SECRET.lower() not in response.text.lower(), "the answer repeats the text"
    assert "Traceback" not in response.text
    return problem


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_a_problem_and_the_service_keeps_serving(client: httpx.Client, case: str) -> None:
    body, headers, status, code = CASES[case]
    assert_problem(client.post("/v1/digest", content=body, headers=headers), status, code)
    after = client.post("/v1/digest", json={"text": TEXT})
    assert after.json()["translation"]["text"] == TEXT.upper()


def test_an_unknown_field_is_told_the_allowed_ones(client: httpx.Client) -> None:
    response = client.post("/v1/digest", json={"text": TEXT, "sprache": "de"})
    problem = assert_problem(response, 400, "malformed_body")
    for name in ("text", "source", "target", "summary", "segments"):
        assert name in problem["detail"]
    assert problem["errors"][0]["pointer"] == "#/sprache"


def test_a_url_is_refused_with_the_reason(client: httpx.Client) -> None:
    response = client.post("/v1/digest", json={"text": "https://example.org/artikel"})
    assert "never fetches" in assert_problem(response, 422, "url_not_fetched")["detail"]


def test_a_wrong_query_of_a_raw_body_is_told_the_allowed_names(client: httpx.Client) -> None:
    response = client.post("/v1/digest?satz=3", content=TEXT.encode(), headers=PLAIN)
    assert "sentences" in assert_problem(response, 400, "malformed_body")["detail"]


def test_a_language_that_is_recognised_but_has_no_model_is_refused_by_name(client: httpx.Client) -> None:
    russian = "Министр обороны прибыл в среду в столицу и встретился там с главой государства. " * 4
    problem = assert_problem(client.post("/v1/digest", json={"text": russian}), 422, "unsupported_language")
    assert "'ru'" in problem["detail"]


ITALIAN = (
    "Il presidente ha tenuto un discorso lunedì e ha criticato duramente i progetti dell'opposizione. "
    "L'opposizione ha respinto le accuse e ha annunciato che si opporrà."
)
HALF_AND_HALF = f"{TEXT} Die Arbeiten beginnen im Mai und dauern drei Monate.\n\n{ITALIAN}"


@pytest.mark.parametrize("headers", [{}, {"Accept": "text/event-stream"}])
def test_a_long_text_in_no_clear_language_is_refused_with_what_it_may_be(
    client: httpx.Client, headers: dict[str, str]
) -> None:
    response = client.post("/v1/digest", json={"text": HALF_AND_HALF}, headers=headers)
    problem = assert_problem(response, 422, "ambiguous_language")
    assert {candidate["code"] for candidate in problem["candidates"]} == {"de", "it"}
    assert sum(candidate["confidence"] for candidate in problem["candidates"]) == pytest.approx(1, abs=0.01)
    assert problem["errors"][0]["pointer"] == "#/source"
    answer = client.post("/v1/digest", json={"text": HALF_AND_HALF, "source": "de"}, headers=headers)
    assert answer.status_code == 200


def test_an_unclear_text_of_a_list_is_named_by_its_place(client: httpx.Client) -> None:
    response = client.post("/v1/translate", json={"text": [TEXT, HALF_AND_HALF]})
    problem = assert_problem(response, 422, "ambiguous_language")
    assert problem["errors"][0]["pointer"] == "#/text/1"


def test_candidates_stand_with_no_other_problem(client: httpx.Client) -> None:
    assert assert_problem(client.post("/v1/digest", json={"text": ""}), 422, "empty_text")["candidates"] == []


def test_a_body_whose_announced_length_is_too_large_is_refused_unread(client: httpx.Client) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=10) as raw:
        raw.sendall(
            b"POST /v1/digest HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
            b"Content-Length: 99999999\r\n\r\nx"
        )
        answer = raw.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nirgends", 404, "not_found"), ("GET", "/v1/digest", 405, "method_not_allowed")],
)
def test_routing_failures_are_problems_too(
    client: httpx.Client, method: str, path: str, status: int, code: str
) -> None:
    assert_problem(client.request(method, path), status, code)


def test_one_bad_text_of_a_list_is_named_by_its_place(client: httpx.Client) -> None:
    response = client.post("/v1/translate", json={"text": ["Guten Morgen.", "  "], "source": "de"})
    problem = assert_problem(response, 422, "empty_text")
    assert problem["errors"][0]["pointer"] == "#/text/1"


@pytest.mark.parametrize(
    ("texts", "status", "code"),
    [
        ([], 422, "empty_text"),
        (["a"] * 101, 413, "too_many_texts"),
        (["Ein Satz. " * 30_000] * 2, 413, "too_many_texts"),
    ],
)
def test_lists_have_limits(client: httpx.Client, texts: list[str], status: int, code: str) -> None:
    assert_problem(client.post("/v1/translate", json={"text": texts, "source": "de"}), status, code)


def test_no_answer_and_no_log_line_holds_the_text(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="kurzfassung")
    client.post("/v1/digest", json={"text": f"Das {SECRET} der alten Brücke.", "source": "de"})
    client.post("/v1/digest", json={"text": f"Das {SECRET}", "source": SECRET})
    client.post("/v1/digest", content=SECRET.encode(), headers=JSON)
    logged = json.dumps([[record.getMessage(), getattr(record, "facts", None)] for record in caplog.records])
    assert "request" in logged
    assert SECRET not in logged


@pytest.mark.parametrize(
    ("path", "fields", "pointer", "message"),
    [
        ("translate", {"glossary": "Bauwesen"}, "#/glossary", "String should match pattern"),
        ("translate", {"glossary": [{"source": "", "target": "a"}]}, "#/glossary/0/source", "at least 1"),
        ("translate", {"glossary": [{"source": "a"}]}, "#/glossary/0/target", "Field required"),
        ("translate", {"glossary": [{"source": "a", "target": "b", "case": 1}]}, "#/glossary/0/case",
         "Unknown field case; allowed here: source, target."),
        ("translate", {"glossary": ["Brücke"]}, "#/glossary/0", "dictionary"),
        ("translate", {"glossary": 5}, "#/glossary", "a valid list or a valid string"),
        ("translate", {"text": 5}, "#/text", "a valid string or a valid list"),
        ("translate", {"text": {"de": "a"}}, "#/text", "a valid string or a valid list"),
        ("translate", {"text": ["a", 5]}, "#/text/1", "a valid string."),
        ("digest", {"summary": {"satz": 1}}, "#/summary/satz", "focus, language, length"),
        ("glossaries", {"name": "a", "source": "de", "target": "en", "terms": [{"quelle": "a"}]},
         "#/terms/0/source", "Field required"),
    ],
)  # fmt: skip
def test_a_wrong_value_of_a_field_of_several_types_is_pointed_to(
    client: httpx.Client, path: str, fields: dict[str, Any], pointer: str, message: str
) -> None:
    text = {} if path == "glossaries" else {"text": "Guten Morgen."}
    response = client.post(f"/v1/{path}", json=text | fields)
    problem = response.json()
    assert (response.status_code, problem["errors"][0]["pointer"]) == (400, pointer)
    assert message in problem["detail"]
    assert "Brücke" not in response.text
    assert "Bauwesen" not in response.text
