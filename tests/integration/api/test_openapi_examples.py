"""Every route has an example of its request, of its answer and of every failure; they fit their schemas, and
what is documented is what the service does."""

import inspect
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from service import errors
from service.api.openapi_errors import EXAMPLES
from service.app import create_app
from service.errors import OperatorError, ServiceError
from service.settings import Settings
from tests.integration.conftest import serving
from tests.openapi.requests import Example, Operation, media_examples, operations, parameter_example

UNDOCUMENTED = {"/", "/page/{name}", "/docs", "/docs/start.js", "/docs/{name}", "/openapi.json"}
"""For browsers, and the document itself."""

APP = create_app(Settings())
DOCUMENT: dict[str, Any] = APP.openapi()
OPERATIONS = operations(DOCUMENT)
EXAMPLE_REQUESTS = [example for operation in OPERATIONS for example in operation.examples()]


def named(value: Operation | Example) -> str:
    return value.name if isinstance(value, Example) else f"{value.method} {value.route}"


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    validator = Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    return [error.message for error in validator.iter_errors(value)]


def test_the_document_is_valid_openapi() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_every_route_is_documented() -> None:
    there = {
        (method, context.path)
        for context in iter_route_contexts(APP.routes)
        for method in set(context.methods or ()) - {"HEAD"}
        if context.path not in UNDOCUMENTED
    }
    assert there == {(operation.method, operation.route) for operation in OPERATIONS}


def test_no_route_and_nothing_it_depends_on_is_called_in_a_thread() -> None:
    """Where the engine has all cores, changing threads takes longer than what most of them do."""
    called: list[Any] = []
    for context in iter_route_contexts(APP.routes):
        waiting = [route.dependant] if isinstance(route := context.route, APIRoute) else []
        while waiting:
            dependant = waiting.pop()
            called.append(dependant.call)
            waiting += dependant.dependencies
    assert len(called) > len(OPERATIONS)
    assert [call for call in called if not inspect.iscoroutinefunction(call)] == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
def test_every_body_and_every_answer_has_examples_that_fit_its_schema(operation: Operation) -> None:
    for parameter in operation.described["parameters"]:
        if parameter.get("required"):
            assert faults(parameter["schema"], parameter_example(parameter)) == []
    parts = {"the request": operation.described.get("requestBody", {}), **operation.described["responses"]}
    assert len(parts) >= 3
    for part, described in parts.items():
        if part != "the request":
            assert described["description"]
            assert described.get("content") or part == "204", part
        for media_type, content in described.get("content", {}).items():
            examples = media_examples(content)
            assert examples, f"{part} has no example of {media_type}"
            for example in examples:
                assert faults(content.get("schema", {}), example) == [], part


@pytest.fixture(scope="module")
def service() -> Iterator[httpx.Client]:
    """Whose callers have names: those without have no list of jobs."""
    with serving(consumer_header="X-Consumer") as service:
        service.headers["X-Consumer"] = "caller"
        yield service


@pytest.fixture
def stored(service: httpx.Client) -> str:
    """The id of a glossary."""
    (create,) = [each for each in OPERATIONS if named(each) == "POST /v2/glossaries"]
    made = next(create.examples()).send(service)
    identity: str = made.json()["glossary_id"]
    return identity


@pytest.mark.parametrize("example", EXAMPLE_REQUESTS, ids=named)
def test_an_example_sent_gets_the_documented_answer(
    service: httpx.Client, stored: str, example: Example
) -> None:
    if "document" in example.route or "download" in example.route:
        example = of_a_file(service, example)
    if example.route.startswith("/v1/jobs"):
        stored = of_a_job(service)
    answer = example.send(service, glossary_id=stored, identity=stored.replace("-", ""))
    assert answer.status_code == example.status, answer.text
    described = DOCUMENT["paths"][example.route][example.method.lower()]["responses"][str(example.status)]
    if answer.status_code == 204:
        assert answer.content == b""
        return
    media_type = answer.headers["content-type"].partition(";")[0]
    content = described["content"][media_type]
    if not media_type.endswith("json"):
        return
    assert faults(content["schema"], answer.json()) == []
    shapes = [shape(each) for each in media_examples(content)]
    assert shape(answer.json()) in shapes, "the example has other fields than the answer"


def of_a_file(service: httpx.Client, example: Example) -> Example:
    """With the ids of a file that has been translated."""
    if example.route.startswith("/download_file"):
        (send,) = [each for each in OPERATIONS if named(each) == "POST /translate_file"]
        made = next(send.examples()).send(service).json()
        return replace(example, path={"name": made["translatedFileUrl"].rpartition("/")[2]})
    (send,) = [each for each in OPERATIONS if named(each) == "POST /v2/document"]
    if example.route == send.route:
        return example
    made = next(send.examples()).send(service).json()
    key = {"document_key": made["document_key"]}
    service.post(f"/v2/document/{made['document_id']}", json=key)  # comes back when it is done
    return replace(example, path={"document_id": made["document_id"]}, body={**example.body, **key})


def of_a_job(service: httpx.Client) -> str:
    """The id of one that is done."""
    (digest,) = [each for each in OPERATIONS if named(each) == "POST /v1/digest"]
    example = next(digest.examples())
    made = service.post(example.route, json=example.body, headers={"Prefer": "respond-async"}).json()
    deadline = time.monotonic() + 20
    while service.get(f"/v1/jobs/{made['id']}").json()["status"] != "done":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    identity: str = made["id"]
    return identity


VARYING = {"paths", "timing", "revisions", "warnings", "source_text"}


def shape(value: Any) -> Any:
    """The fields of the first of each list; nothing of what depends on the text and the models."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items() if name not in VARYING}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None


def test_there_is_an_example_of_everything_a_client_may_be_told() -> None:
    def leaves(kind: type[ServiceError]) -> Iterator[type[ServiceError]]:
        below = kind.__subclasses__()
        if not below:
            yield kind
        for each in below:
            if not issubclass(each, OperatorError):
                yield from leaves(each)

    assert [each for each in leaves(ServiceError) if not issubclass(each, tuple(EXAMPLES))] == []


def test_every_error_that_a_client_may_be_told_stands_in_the_document() -> None:
    codes = {
        code
        for operation in OPERATIONS
        for response in operation.described["responses"].values()
        for content in response.get("content", {}).values()
        for code in content.get("examples", {})
    }
    elsewhere = {errors.ModelNotInstalled, errors.LanguagesEqual}  # the latter in a document's status
    assert {kind.code for kind in EXAMPLES if kind not in elsewhere} <= codes
