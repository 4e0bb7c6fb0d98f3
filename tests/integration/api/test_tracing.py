"""Traces as a collector gets them, from the real server in a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

MARKER = "Geheimnisverrat"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


class Collector:
    def __init__(self, url: str, bodies: list[bytes]) -> None:
        self.url = url
        self.bodies = bodies

    def spans(self) -> list[Span]:
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        return [
            span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@contextmanager
def collecting() -> Iterator[Collector]:
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Collector(f"http://127.0.0.1:{server.server_port}", bodies)
        server.shutdown()
        thread.join(10)


class Served:
    """`log` is there once the server has ended."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.log = ""

    def lines(self, event: str) -> list[dict[str, object]]:
        return [line for line in map(json.loads, self.log.splitlines()) if line["event"] == event]


@contextmanager
def serving(**environment: str) -> Iterator[Served]:
    with subprocess.Popen(
        [sys.executable, "-m", "service", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "KURZFASSUNG_PROFILE": "stub", **environment},
    ) as process:
        assert process.stdout is not None
        welcome = process.stdout.readline()
        assert welcome, process.communicate(timeout=10)[1]
        with httpx.Client(base_url=welcome.split()[3], timeout=20, trust_env=False) as client:
            served = Served(client)
            yield served
        process.send_signal(signal.SIGTERM)
        served.log = process.communicate(timeout=30)[1]
        assert process.returncode == 0


def digest(client: httpx.Client, **headers: str) -> httpx.Response:
    return client.post("/v1/digest", json={"text": f"Der {MARKER} begann im Mai."}, headers=headers)


def test_a_callers_trace_goes_on_with_a_span_for_the_request_and_for_each_stage() -> None:
    with collecting() as collector:
        with serving(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as served:
            assert digest(served.client, traceparent=TRACEPARENT).status_code == 200
        spans = [span for span in collector.spans() if span.trace_id.hex() == TRACE]
    request = next(span for span in spans if span.kind == Span.SPAN_KIND_SERVER)
    assert request.name == "POST /v1/digest"
    assert request.parent_span_id.hex() == PARENT
    stages = {span.name: span for span in spans if span is not request}
    assert set(stages) >= {"translate", "summarize"}
    assert {span.parent_span_id for span in stages.values()} == {request.span_id}
    [line] = served.lines("request")
    assert line["trace_id"] == TRACE


def test_nothing_of_a_request_that_could_be_private_is_in_its_spans_or_its_log() -> None:
    secret = {"Authorization": f"Bearer {MARKER}", "User-Agent": MARKER, "traceparent": TRACEPARENT}
    with collecting() as collector:
        with serving(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as served:
            digest(served.client, **secret)
            text = {"Content-Type": "text/plain"}
            served.client.post("/v1/digest", params={"focus": MARKER}, content=MARKER, headers=text)
            served.client.post("/v1/digest", params={MARKER: MARKER}, content=MARKER, headers=text)
            served.client.post("/v1/digest", content=f'{{"text": {MARKER}', headers=secret)
            served.client.get(f"/{MARKER}")
            served.client.post("/v2/translate", json={"text": MARKER, "target_lang": MARKER})
            served.client.request(MARKER.upper(), "/v1/digest")
        assert len([span for span in collector.spans() if span.kind == Span.SPAN_KIND_SERVER]) >= 7
    assert [body for body in collector.bodies if MARKER.encode().lower() in body.lower()] == []
    assert MARKER.lower() not in served.log.lower()


def test_a_request_without_a_trace_or_with_a_broken_one_begins_its_own() -> None:
    sent: list[dict[str, str]] = [{}, {"traceparent": f"00-{'0' * 32}-{PARENT}-01"}, {"traceparent": MARKER}]
    with serving() as served:
        for headers in sent:
            digest(served.client, **headers)
    ids = [str(line["trace_id"]) for line in served.lines("request")]
    assert len(set(ids)) == 3
    assert [each for each in ids if not re.fullmatch(r"[0-9a-f]{32}", each) or set(each) == {"0"}] == []


def test_a_trace_is_continued_in_the_log_without_any_collector() -> None:
    with serving() as served:
        digest(served.client, traceparent=TRACEPARENT)
    assert [line["trace_id"] for line in served.lines("request")] == [TRACE]


def test_a_collector_that_is_not_there_costs_nobody_an_answer() -> None:
    # Nothing listens on port 9 of loopback; one attempt, so that the end of the process does not wait.
    with serving(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TIMEOUT="1") as served:
        assert digest(served.client).status_code == 200
    assert len(served.lines("request")) == 1


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER: otlp, console or none"),
        (
            {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_PROTOCOL: only http/protobuf is spoken",
        ),
    ],
)
def test_a_variable_that_cannot_be_followed_stops_the_start(environment: dict[str, str], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service", "serve", "--port", "0"],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "KURZFASSUNG_PROFILE": "stub", **environment},
        check=False,
    )
    assert done.returncode != 0
    assert said in done.stderr


def test_an_absent_sdk_is_told_with_its_remedy() -> None:
    script = (
        "import sys; sys.modules['opentelemetry.sdk.trace'] = None; from service.__main__ import main; "
        "sys.exit(main(['serve', '--port', '0']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "KURZFASSUNG_PROFILE": "stub", "OTEL_TRACES_EXPORTER": "otlp"},
        check=False,
    )
    assert done.returncode != 0
    assert "pip install 'kurzfassung[otel]'" in done.stderr
    assert "Traceback" not in done.stderr
