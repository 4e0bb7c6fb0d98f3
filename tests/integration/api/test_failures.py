"""Every route and every way it can fail: the status, the body in the words of its dialect, the id of the
request, and that this is what the OpenAPI document says."""

import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.api.problem import Problem
from service.app import create_app
from service.backends.stub import StubBackend
from service.errors import GenerationFailed
from service.keys.key import SCOPES, Limits
from service.model_store.catalogue import Catalogue
from service.pipeline.models import LoadedModel, ModelSet
from service.settings import Settings
from tests.integration.conftest import serving, stub_models
from tests.keys import key_store
from tests.openapi.requests import JSON, Example, Operation, operations

DOCUMENT: dict[str, Any] = create_app(Settings()).openapi()
OPERATIONS = operations(DOCUMENT)
WITH_A_BODY = [operation for operation in OPERATIONS if operation.described.get("requestBody")]
IN_JSON = [each for each in WITH_A_BODY if JSON in each.described["requestBody"]["content"]]
"""All but those that take a file."""
OF_THE_ENGINE = [
    operation
    for operation in OPERATIONS
    if operation.route in {"/v1/digest", "/v1/translate", "/v1/summarize", "/v2/translate", "/translate"}
    or operation.route.startswith("/hf/")
]
OF_THE_MODELS = [
    *OF_THE_ENGINE,
    *(o for o in OPERATIONS if o.route in {"/v1/models", "/v2/languages", "/languages"}),
]
PATHS = sorted({operation.route for operation in OPERATIONS})

FIELDS = {
    "native": set(Problem.model_fields),
    "deepl": {"message", "code", "request_id"},
    "libretranslate": {"error", "code", "request_id"},
    "huggingface": {"error", "code", "request_id"},
}
LIBRETRANSLATE = (
    *("/translate", "/detect", "/languages", "/frontend/", "/suggest", "/health", "/download_file", "/spec"),
)
SAID_IN = {"native": "detail", "deepl": "message", "libretranslate": "error", "huggingface": "error"}

IDENTITY = "my-own-request-id"
MINE = {"X-Request-ID": IDENTITY}


def dialect(path: str) -> str:
    if path.startswith(("/v2/", "/v3/")):
        return "deepl"
    if path.startswith("/hf/"):
        return "huggingface"
    if path.startswith(LIBRETRANSLATE):
        return "libretranslate"
    return "native"


def named(operation: Operation) -> str:
    return f"{operation.method} {operation.route}"


def url(path: str) -> str:
    return re.sub(r"\{\w+\}", "0" * 32, path)


def check(answer: httpx.Response, path: str, status: int, code: str) -> None:
    """`path` is that of the route."""
    spoken = dialect(path)
    assert answer.status_code == status, answer.text
    kind = "application/problem+json" if spoken == "native" else "application/json"
    assert answer.headers["content-type"] == kind
    assert answer.headers["x-request-id"] == IDENTITY
    body = answer.json()
    assert set(body) == FIELDS[spoken]
    assert body["code"] == code
    assert body["request_id"] == IDENTITY
    said = body[SAID_IN[spoken]]
    assert isinstance(said, str)
    assert len(said) > 10
    if spoken == "native":
        assert body["status"] == status
        assert body["title"]
    if spoken == "deepl":
        assert answer.headers["x-trace-id"] == IDENTITY
    if spoken == "huggingface":
        assert answer.headers["x-error-message"]
    assert "Traceback" not in answer.text


def check_documented(answer: httpx.Response, operation: Operation, status: int, code: str) -> None:
    check(answer, operation.route, status, code)
    (content,) = operation.described["responses"][str(status)]["content"].values()
    assert code in content["examples"]


@pytest.fixture(scope="module")
def service() -> Iterator[httpx.Client]:
    with serving(max_body_bytes=5_000) as service:
        yield service


def ask(service: httpx.Client, operation: Operation, **sent: Any) -> httpx.Response:
    headers = {**MINE, **sent.pop("headers", {})}
    query = {"source_lang": "DE", "target_lang": "EN"} if "/v3/" in operation.route else {}
    return service.request(operation.method, url(operation.route), params=query, headers=headers, **sent)


@pytest.mark.parametrize("path", PATHS)
def test_a_method_that_a_path_does_not_have_is_405_and_those_it_has_are_named(
    service: httpx.Client, path: str
) -> None:
    there = {method.upper() for method in DOCUMENT["paths"][path]}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "BREW"} - there:
        answer = service.request(method, url(path), headers=MINE)
        check(answer, path, 405, "method_not_allowed")
        assert set(answer.headers["allow"].split(", ")) - {"HEAD"} == there


@pytest.mark.parametrize("path", [*PATHS, "/"])
def test_a_path_that_is_not_there_is_404(service: httpx.Client, path: str) -> None:
    wrong = f"{url(path).rstrip('/')}/nothing/here"
    check(service.get(wrong, headers=MINE), wrong, 404, "not_found")


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
def test_a_header_that_says_nonsense_is_400(service: httpx.Client, operation: Operation) -> None:
    answer = ask(service, operation, headers={"X-Request-Timeout": "soon"})
    check_documented(answer, operation, 400, "invalid_header")


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if "{" in o.route], ids=named)
def test_an_id_that_is_none_is_400_and_one_that_is_unknown_404(
    service: httpx.Client, operation: Operation
) -> None:
    body = next(iter(operation.examples())).content
    [kind] = [kind for kind in ("glossar", "document", "download", "jobs") if kind in operation.route]
    code = {"glossar": "glossary_not_found", "jobs": "job_not_found"}.get(kind, "document_not_found")
    check_documented(ask(service, operation, **body), operation, 404, code)
    if code == "document_not_found":  # any word may be the id of a file
        return
    broken = service.request(
        operation.method,
        operation.route.format(glossary_id="none", identity="none"),
        params={"source_lang": "DE", "target_lang": "EN"},
        headers=MINE,
        **body,
    )
    check_documented(broken, operation, 400, "malformed_body")


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b'{"text": ', JSON, 400, "malformed_body"),
        (b'{"text": "Br\xfccke"}', JSON, 400, "malformed_body"),
        (b"[" * 4_000, JSON, 400, "malformed_body"),
        (b'"Br"', JSON, 400, "malformed_body"),
        (b"1" * 4_900, JSON, 400, "malformed_body"),
        (b"<a/>", "text/xml", 415, "unsupported_media_type"),
        (b"\x00\x01", "application/octet-stream", 415, "unsupported_media_type"),
        (b" " * 5_001, JSON, 413, "text_too_long"),
    ],
    ids=["half", "not UTF-8", "deep", "a string", "a long number", "XML", "bytes", "too large"],
)
@pytest.mark.parametrize("operation", IN_JSON, ids=named)
def test_a_body_that_cannot_be_read_is_refused(
    service: httpx.Client, operation: Operation, content: bytes, kind: str, status: int, code: str
) -> None:
    answer = ask(service, operation, content=content, headers={"Content-Type": kind})
    check_documented(answer, operation, status, code)


@pytest.mark.parametrize("operation", IN_JSON, ids=named)
def test_a_body_of_unknown_length_is_refused_when_it_gets_too_large(
    service: httpx.Client, operation: Operation
) -> None:
    pieces = (b" " * 1_000 for _ in range(6))
    answer = ask(service, operation, content=pieces, headers={"Content-Type": JSON})
    check_documented(answer, operation, 413, "text_too_long")


def test_a_body_that_does_not_arrive_is_408_on_every_route() -> None:
    with serving(body_seconds=0.3) as service:
        port = service.base_url.port
        assert port is not None
        opened = []
        for operation in IN_JSON:
            connection = socket.create_connection(("127.0.0.1", port), timeout=20)
            opened.append(connection)
            connection.sendall(
                f"{operation.method} {url(operation.route)} HTTP/1.1\r\nHost: x\r\n"
                f"X-Request-ID: {IDENTITY}\r\n"
                f"Content-Type: {JSON}\r\nContent-Length: 100\r\n\r\n{{".encode()
            )
        for operation, connection in zip(IN_JSON, opened, strict=True):
            with closing(connection):
                check_documented(read(connection), operation, 408, "body_too_slow")


def read(connection: socket.socket) -> httpx.Response:
    received = bytearray()
    while chunk := connection.recv(65_536):
        received += chunk
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return httpx.Response(int(status.split()[1]), headers=headers, content=body)


def good(operation: Operation) -> Example:
    return next(iter(operation.examples()))


def test_what_is_not_ready_in_time_is_504_on_every_route() -> None:
    planted, release = threading.Event(), threading.Event()

    def gate(_: Sequence[str]) -> None:
        if planted.is_set():
            assert release.wait(30)

    with serving(stub_models(gate=gate), heartbeat_seconds=60) as service:
        planted.set()
        try:
            for operation in OF_THE_ENGINE:
                sent = good(operation).content
                answer = ask(service, operation, **sent, headers={"X-Request-Timeout": "0.2"})
                check_documented(answer, operation, 504, "deadline_exceeded")
        finally:
            release.set()


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (GenerationFailed("The planted fault."), "generation_failed"),
        (ZeroDivisionError(), "generation_failed"),
    ],
    ids=["foreseen", "unforeseen"],
)
def test_an_engine_that_fails_is_500_on_every_route(failure: Exception, code: str) -> None:
    planted = threading.Event()

    def gate(_: Sequence[str]) -> None:
        if planted.is_set():
            raise failure

    with serving(stub_models(gate=gate)) as service:
        planted.set()
        for operation in OF_THE_ENGINE:
            answer = ask(service, operation, **good(operation).content)
            check_documented(answer, operation, 500, code)


def test_what_nobody_foresaw_is_500_on_every_route_and_costs_nothing(tmp_path: Path) -> None:
    _, secret = key_store(tmp_path).create("Web", SCOPES, Limits(quota=1000))
    key = {"Authorization": f"Bearer {secret}"}
    planted = threading.Event()

    class Breaking(StubBackend):
        def count_tokens(self, source: str) -> int:
            if planted.is_set():
                raise ValueError(source)
            return super().count_tokens(source)

    config = Catalogue.read().model("stub")
    models = ModelSet(profile="stub", translators=[LoadedModel(config, Breaking(config), "")])
    with serving(models, data_dir=tmp_path) as service:
        planted.set()
        for operation in OF_THE_ENGINE:
            answer = ask(service, operation, **good(operation).content, headers=key)
            check_documented(answer, operation, 500, "internal")
        assert service.get("/v2/usage", headers=key).json()["character_count"] == 0


def test_a_service_that_is_not_ready_is_503_on_every_route() -> None:
    release = threading.Event()

    def gate(sources: Sequence[str]) -> None:
        assert release.wait(30)

    with serving(stub_models(gate=gate), ready=False) as service:
        try:
            for operation in OF_THE_MODELS:
                answer = ask(service, operation, **good(operation).content)
                check_documented(answer, operation, 503, "not_ready")
                assert int(answer.headers["retry-after"]) >= 1
        finally:
            release.set()
