from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from service.api.native import answer_wire, catalogue_wire, glossary_wire, job_wire, request_wire, wire

WIRE = (answer_wire, catalogue_wire, glossary_wire, job_wire, request_wire)


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    document: dict[str, Any] = client.get("/openapi.json").json()
    return document


def test_every_native_route_documents_its_body_its_answer_and_its_problems(document: dict[str, Any]) -> None:
    for path in ("/v1/digest", "/v1/translate", "/v1/summarize", "/v1/detect"):
        operation = document["paths"][path]["post"]
        content = operation["requestBody"]["content"]
        assert "$ref" in content["application/json"]["schema"]
        assert "application/json" in operation["responses"]["200"]["content"]
        assert "application/problem+json" in operation["responses"]["400"]["content"]
        assert "422" in operation["responses"]
    digest = document["paths"]["/v1/digest"]["post"]
    assert {"text/plain", "text/html"} <= set(digest["requestBody"]["content"])
    assert "text/event-stream" in digest["responses"]["200"]["content"]


def test_every_native_route_where_a_glossary_is_named_documents_that_there_may_be_none(
    document: dict[str, Any],
) -> None:
    paths = document["paths"]
    routes = [paths[path]["post"] for path in ("/v1/digest", "/v1/translate", "/v1/summarize")]
    routes += [paths["/v1/glossaries/{identity}"][method] for method in ("get", "delete")]
    for operation in routes:
        assert "application/problem+json" in operation["responses"]["404"]["content"]
    assert "404" not in paths["/v1/detect"]["post"]["responses"]


def test_what_can_be_a_job_documents_it_and_so_do_the_routes_of_jobs(document: dict[str, Any]) -> None:
    paths = document["paths"]
    for path in ("/v1/digest", "/v1/translate", "/v1/summarize"):
        operation = paths[path]["post"]
        assert "application/json" in operation["responses"]["202"]["content"]
        named = {each["name"] for each in operation["parameters"] if each["in"] == "header"}
        assert {"Prefer", "Idempotency-Key", "Webhook-URL"} <= named
    for path, method, statuses in (
        ("/v1/jobs", "get", {"200", "403", "404"}),
        ("/v1/jobs/{identity}", "get", {"200", "404"}),
        ("/v1/jobs/{identity}", "delete", {"204", "404"}),
        ("/v1/jobs/{identity}/result", "get", {"200", "404", "409"}),
    ):
        assert statuses <= set(paths[path][method]["responses"])
    result = paths["/v1/jobs/{identity}/result"]["get"]["responses"]["200"]["content"]["application/json"]
    digest = result["examples"]["example0"]["value"]
    assert {"translation", "summary", "usage"} <= set(digest)


def test_every_request_and_answer_type_has_an_example_that_fits_it(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    types = [
        kind
        for kind in [each for module in WIRE for each in vars(module).values()]
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind.__name__ in schemas
    ]
    assert len(types) >= 30
    for kind in types:
        wire.example_of(kind)
        assert schemas[kind.__name__]["examples"]


def test_no_type_bears_the_name_of_a_module_in_generated_clients(document: dict[str, Any]) -> None:
    assert [name for name in document["components"]["schemas"] if "__" in name] == []


def test_every_closed_route_documents_keys_and_how_it_refuses(document: dict[str, Any]) -> None:
    assert set(document["components"]["securitySchemes"]) == {"bearer", "header", "deepl"}
    paths = document["paths"]
    for path in ("/livez", "/v1/languages", "/languages", "/frontend/settings", "/health"):
        assert "security" not in paths[path]["get"]
    for path, statuses in (
        ("/v1/digest", {"401", "403", "429"}),
        ("/v2/translate", {"403", "429", "456"}),
        ("/translate", {"400", "403", "429"}),
    ):
        operation = paths[path]["post"]
        assert {} in operation["security"]
        for status in statuses:
            (content,) = operation["responses"][status]["content"].values()
            assert content["examples"] or content["schema"]
    examples = paths["/v1/digest"]["post"]["responses"]["401"]["content"]["application/problem+json"][
        "examples"
    ]
    assert examples["key_missing"]["value"]["code"] == "key_missing"
    assert "429" not in paths["/v1/models"]["get"]["responses"]


@pytest.mark.parametrize("path", ["/v2/document", "/translate_file"])
def test_the_documented_example_of_a_form_with_a_file_works(
    client: httpx.Client, document: dict[str, Any], path: str
) -> None:
    operation = document["paths"][path]["post"]
    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["properties"]["file"]["format"] == "binary"
    assert "file" in form["required"]
    fields = dict(form["examples"][0])
    file = {"file": ("a.txt", fields.pop("file"))}
    answer = client.post(path, data=fields, files=file)
    assert answer.status_code == 200, answer.text
    reference = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    schema = document["components"]["schemas"][reference.rsplit("/", 1)[1]]
    assert set(answer.json()) <= set(schema["properties"])
    assert set(schema["examples"][0]) <= set(schema["properties"])


@pytest.mark.parametrize("path", ["/v2/document/{document_id}/result", "/download_file/{name}"])
def test_a_file_as_an_answer_is_documented_as_one(document: dict[str, Any], path: str) -> None:
    [operation] = document["paths"][path].values()
    content = operation["responses"]["200"]["content"]
    assert {"text/plain", "application/xliff+xml"} < content.keys()
    assert all(each["schema"]["format"] == "binary" for each in content.values())
    assert "404" in operation["responses"]
