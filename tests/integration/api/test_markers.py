"""What a caller sends is planted everywhere, in calls that succeed, fail and crash, and then looked for in
all that the service says to others: its log, its standard error, its metrics, its spans; and in what it says
of a failure, also to the caller itself."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from service.keys.key import SCOPES, Limits
from tests.integration.api.breaking_server import COUNT, EXIT, KILL, OUTSIDE, RAISE, WAIT
from tests.integration.api.test_tracing import TRACEPARENT, collecting
from tests.integration.conftest import serving
from tests.keys import key_store

PLACES = (
    "text query path header agent cookie field source target glossary name focus keep method content-type "
    "multipart upload wrong-key"
).split()
PATHS = ("/v1/digest", "/v1/detect", "/v1/glossaries", "/v2/translate", "/translate", "/hf/translation")

MARK = {place: f"Zq{number:02}wxMarke{number:02}" for number, place in enumerate(PLACES)}

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Heard:
    """All that left the service but what was asked for."""

    failures: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    metrics: str = ""
    output: str = ""
    log: str = ""
    spans: bytes = b""
    secret: str = ""
    folder: str = ""


def sentence(word: str = "") -> str:
    return f"Der {MARK['text']} im Mai {word} ist lang und steht nur hier."


def broken_bodies(text: str) -> list[bytes]:
    source, target = MARK["source"], MARK["target"]
    languages = {"source": source, "target": target, "source_lang": source, "target_lang": target}
    return [
        f'{{"text": {text}'.encode(),
        f'{{"text": "{text}", "q": "{text}", "inputs": 5'.encode(),
        f'"{text}"'.encode(),
        text.encode() + b"\xff\xfe",
        b"\x00" * 500 + text.encode(),
        json.dumps({f"{MARK['field']} und mehr": text, text: 1, "text": 5, "q": [5], "inputs": {}}).encode(),
        json.dumps({"text": text, "q": text, "inputs": text, **languages, "parameters": languages}).encode(),
        json.dumps(dict.fromkeys(["text", "q", "inputs"], text + "\ud800")).encode(),
    ]


class Calls:
    def __init__(self, client: httpx.Client, heard: Heard) -> None:
        self._client = client
        self._heard = heard

    def everything(self) -> None:
        for word in ("", RAISE, EXIT, KILL, COUNT, "Zusammen"):
            self.texts(word)
        self.wrong()
        self.glossaries()
        self.broken_off()
        self.outside()

    def send(self, method: str, path: str, **sent: object) -> httpx.Response:
        headers = {
            "User-Agent": MARK["agent"],
            "Cookie": f"a={MARK['cookie']}",
            "X-Note": MARK["header"],
            f"X-{MARK['header']}": "1",
            "Referer": f"https://{MARK['header']}.example/",
            "X-Forwarded-For": MARK["header"],
            "traceparent": TRACEPARENT,
            **sent.pop("headers", {}),  # type: ignore[dict-item]  # a test's own
        }
        answer = self._client.request(method, path, headers=headers, **sent)  # type: ignore[arg-type]  # a test's own
        self._heard.statuses.add(answer.status_code)
        if answer.status_code >= 400:
            self._heard.failures.append(f"{answer.headers} {answer.text}")
        return answer

    def texts(self, word: str) -> None:
        text = sentence(word)
        rich = {
            "summary": {"focus": MARK["focus"], "style": "headline"},
            "keep": [MARK["keep"]],
            "glossary": [{"source": MARK["glossary"], "target": MARK["glossary"]}],
        }
        for path in ("/v1/digest", "/v1/translate", "/v1/summarize", "/v1/detect"):
            self.send("POST", path, json={"text": text})
            self.send("POST", path, content=text.encode(), headers={"Content-Type": "text/plain"})
        self.send("POST", "/v1/digest", json={"text": text, **rich})
        self.send("POST", "/v1/digest", json={"text": text}, headers={"Accept": "text/event-stream"})
        self.send(
            "POST", "/v2/translate", json={"text": [text], "target_lang": "EN", "context": MARK["text"]}
        )
        self.send("POST", "/v2/translate", data={"text": text, "target_lang": "EN"})
        self.send("POST", "/translate", json={"q": text, "source": "de", "target": "en"})
        self.send("POST", "/detect", data={"q": text})
        for task in ("translation", "summarization"):
            self.send("POST", f"/hf/{task}", json={"inputs": text, "parameters": {}})

    def wrong(self) -> None:
        text = sentence()
        kinds = [JSON, FORM, "text/plain", f"text/plain; charset={MARK['content-type']}", "text/html"]
        for path in PATHS:
            for content in broken_bodies(text):
                for kind in kinds:
                    self.send("POST", path, content=content, headers={"Content-Type": kind})
            self.send("POST", path, content=text, headers={"Content-Type": f"a/{MARK['content-type']}"})
            self.send("POST", path, files={"file": (MARK["upload"], text), MARK["multipart"]: (None, text)})
            self.send("POST", path, json={}, headers={"Authorization": f"Bearer {MARK['wrong-key']}"})
            self.send("POST", path, json={}, headers={"X-API-Key": MARK["wrong-key"]})
            self.send("POST", f"{path}?api_key={MARK['wrong-key']}", json={"text": text})
            # A word alone could be the name of a field, which is said back to who misspelt it.
            query = {"focus": MARK["query"], f"{MARK['query']} und mehr": "1"}
            plain = {"Content-Type": "text/plain"}
            self.send("POST", path, params=query, content=text.encode(), headers=plain)
            self.send("GET", f"{path}/{MARK['path']}")
            self.send("POST", path, json={}, headers={"X-Request-Timeout": MARK["header"]})
        self.send("GET", f"/{MARK['path']}")
        self.send("GET", f"/page/{MARK['path']}.css")
        self.send("GET", f"/docs/{MARK['path']}")
        self.send(MARK["method"].upper(), "/v1/digest")
        self.send("GET", f"/v2/languages?type={MARK['query']}")

    def glossaries(self) -> None:
        term = {"source": MARK["glossary"], "target": MARK["glossary"]}
        pair = {"source": "de", "target": "en"}
        made = self.send("POST", "/v1/glossaries", json={"name": MARK["name"], **pair, "terms": [term]})
        assert made.status_code == 201
        self.send("POST", "/v1/translate", json={"text": sentence(), "glossary": made.json()["id"]})
        self.send("POST", "/v1/glossaries", json={"name": MARK["name"], **pair, "terms": [term, term]})
        self.send("POST", "/v1/glossaries", json={"name": f"{MARK['name']}\x00", **pair, "terms": [term]})
        self.send("GET", f"/v1/glossaries/{MARK['path']}")
        self.send("GET", f"/v2/glossaries/{MARK['path']}/entries")
        self.send("GET", f"/v3/glossaries/{'0' * 32}/entries?source_lang={MARK['query']}&target_lang=x")
        languages = {"source_lang": "de", "target_lang": "en", "entries_format": "tsv"}
        for entries in (MARK["glossary"], f"{MARK['glossary']}\t", f"a\tb\na\t{MARK['glossary']}"):
            self.send("POST", "/v2/glossaries", json={"name": MARK["name"], **languages, "entries": entries})
        for changed in ("source_lang", "entries_format"):
            body = {"name": MARK["name"], **languages, "entries": "a\tb", changed: MARK["source"]}
            self.send("POST", "/v2/glossaries", json=body)

    def broken_off(self) -> None:
        """Callers who leave: in the middle of a stream, of an answer, of their own body."""
        body = {"text": " ".join([sentence(WAIT)] * 8)}
        stream = {"Accept": "text/event-stream", "User-Agent": MARK["agent"]}
        with self._client.stream("POST", "/v1/digest", json=body, headers=stream) as answer:
            next(answer.iter_bytes())
        with pytest.raises(httpx.ReadTimeout):
            self._client.post("/v1/digest", json=body, timeout=0.1)
        slow = {"text": [sentence(WAIT)], "target_lang": "EN"}
        with pytest.raises(httpx.ReadTimeout):
            self._client.post("/v2/translate", json=slow, timeout=0.1)
        url = self._client.base_url
        for half in (
            f"POST /v1/digest HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\nContent-Type: {JSON}\r\n\r\n"
            f'{{"text": "{sentence()}',
            f"POST /{MARK['path']} HTTP/9.9\r\n{MARK['header']}\r\n\r\n{sentence()}",
            f"POST /v1/digest HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{MARK['text']}\r\n",
        ):
            with closing(socket.create_connection((url.host, url.port or 80), timeout=10)) as connection:
                connection.sendall(half.encode())
                connection.settimeout(0.5)
                try:
                    self._heard.failures.append(connection.recv(65_536).decode("latin-1"))
                except TimeoutError:
                    continue

    def outside(self) -> None:
        """What breaks where no route and no handler of ours is reached; uvicorn then cuts the connection."""
        last = {"Connection": "close"}
        self.send("POST", f"/v1/digest?{OUTSIDE}={MARK['query']}", json={"text": sentence()}, headers=last)
        self.send("POST", f"/{MARK['path']}?{OUTSIDE}", content=sentence().encode(), headers=last)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    folder = tmp_path_factory.mktemp("data")
    heard = Heard(folder=str(folder))
    with collecting() as collector:
        environment = {
            **os.environ,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "KURZFASSUNG_DATA_DIR": str(folder),
            "KURZFASSUNG_LOG_LEVEL": "debug",
            "KURZFASSUNG_HEARTBEAT_SECONDS": "0.1",
            "KURZFASSUNG_BODY_SECONDS": "2",
            "PYTHONWARNINGS": "always",
            "PYTHONASYNCIODEBUG": "1",
        }
        with (
            (folder / "stderr").open("w+", encoding="utf-8") as stderr,
            subprocess.Popen(
                [sys.executable, "-X", "dev", "-m", "tests.integration.api.breaking_server"],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env=environment,
            ) as process,
            ExitStack() as stack,
        ):
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            stack.callback(process.kill)  # where a call below raises
            with httpx.Client(base_url=address, timeout=30, trust_env=False) as client:
                Calls(client, heard).everything()
                _, secret = key_store(folder).create(MARK["name"], SCOPES, Limits())
                client.headers["Authorization"] = f"Bearer {secret}"
                calls = Calls(client, heard)
                calls.texts("")
                calls.texts(RAISE)
                calls.send("POST", "/v1/digest", json={}, headers={"Authorization": f"Bearer {secret}x"})
                heard.metrics = client.get("/metrics").text
            process.send_signal(signal.SIGTERM)
            heard.output = process.communicate(timeout=30)[0]
            assert process.returncode == 0
            stderr.seek(0)
            heard.log = stderr.read()
        heard.spans = b"".join(collector.bodies)
    heard.secret = secret
    return heard


def marks_in(said: str, allowed: frozenset[str] = frozenset()) -> set[str]:
    lowered = said.lower()
    return {place for place, mark in MARK.items() if mark.lower() in lowered and place not in allowed}


def test_the_calls_went_where_they_were_meant_to(heard: Heard) -> None:
    assert {200, 201, 400, 401, 404, 405, 413, 415, 422, 500} - heard.statuses <= {413}
    assert "kurzfassung_batch_failures_total" in heard.metrics
    assert "internal error" in heard.log
    assert "Exception in ASGI application" in heard.log, "what breaks outside of us is told too"
    assert '"exception": "ValueError"' in heard.log, "the kind of a crash is told"
    assert len(heard.spans) > 10_000


def test_the_log_and_standard_error_have_none_of_it(heard: Heard) -> None:
    found = [line for line in (heard.log + heard.output).splitlines() if marks_in(line)]
    assert found == []
    assert heard.secret not in heard.log + heard.output


def test_every_line_of_the_log_is_one_of_json(heard: Heard) -> None:
    for line in heard.log.splitlines():
        assert isinstance(json.loads(line), dict), line


def test_metrics_have_none_of_it(heard: Heard) -> None:
    assert marks_in(heard.metrics) == set()
    assert heard.secret not in heard.metrics


def test_spans_have_none_of_it(heard: Heard) -> None:
    assert marks_in(heard.spans.decode("latin-1")) == set()
    assert heard.secret.encode() not in heard.spans


def test_what_is_said_of_a_failure_has_none_of_it(heard: Heard) -> None:
    assert len(heard.failures) > 100
    found = {said: marks_in(said) for said in heard.failures if marks_in(said)}
    assert found == {}
    assert [said for said in heard.failures if heard.secret in said or "Traceback" in said] == []
    assert [said for said in heard.failures if heard.folder in said or "/service/" in said] == []


def test_what_is_kept_has_the_glossary_and_no_key(heard: Heard) -> None:
    kept = {path.name: path.read_bytes() for path in Path(heard.folder).iterdir() if path.name != "stderr"}
    assert {"keys.sqlite", "glossaries.sqlite"} <= set(kept)
    for name, content in kept.items():
        assert heard.secret.encode() not in content, name
        assert marks_in(content.decode("latin-1")) <= {"glossary", "name"}, name


def test_a_store_that_cannot_be_read_is_told_without_its_place(tmp_path: Path) -> None:
    for name in ("glossaries.sqlite", "keys.sqlite"):
        (tmp_path / name).write_bytes(MARK["text"].encode() * 500)
    with serving(data_dir=tmp_path, auth="off") as service:
        for path in ("/v1/glossaries", "/v2/glossaries", "/v3/glossaries"):
            answer = service.get(path)
            assert answer.status_code == 503
            assert str(tmp_path) not in answer.text
            assert marks_in(answer.text) == set()
