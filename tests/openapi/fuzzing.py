"""Requests nobody would write, made from the OpenAPI document: such as fit it, such as do not, and its own
examples damaged. Whatever is sent, the answer is one that is documented."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.openapi.requests import FORM, JSON, MULTIPART, Operation

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

PATIENCE = 30.0
"""Seconds; what takes longer hangs."""

_IN_A_ROUND = 6
"""Requests of each kind to each operation."""

_HURRIED = ("x-request-timeout", "prefer", "x-envoy-expected-rq-timeout-ms")
"""Who asks for an answer in a millisecond may be told that there is none."""

_ODD: list[Any] = [
    *(None, True, 0, -1, 2**63, 1e308, "", " ", "\x00", "\ud800", "\u202e", "\ufeff", "ß" * 500),
    *("<b>a</i>", "&#x110000;", "{{x}} %s ${y}", "https://example.org", [], [[]], {}, {"": ""}, ["a"] * 101),
    *("de", "auto", "EN-US", "\n\n\r\r", "Die Brücke", "0" * 32, "a\tb\na\tc"),
    "Das ist ein Satz. Und das ist noch einer, mit 27 Millionen Euro.",
]

_CONTENT_TYPES = [
    *(
        JSON,
        FORM,
        "text/plain",
        "text/html",
        "text/plain; charset=utf-16",
        "application/json; charset=klingon",
    ),
    *(
        "",
        ";",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "text/xml",
        "application/octet-stream",
    ),
]

_HEADERS = [
    *(("Authorization", "Bearer \xff"), ("Authorization", "DeepL-Auth-Key"), ("X-API-Key", "0" * 5_000)),
    *(("Accept", "text/event-stream"), ("Accept", "*/*;q=nonsense"), ("Prefer", "wait=0, respond-async")),
    *(("X-Request-ID", "\xe4" * 200), ("traceparent", "00-0-0-0"), ("Content-Encoding", "gzip")),
    *(("X-Forwarded-For", "'; --"), ("Cookie", "a=b"), ("Range", "bytes=0-1"), ("If-None-Match", "*")),
]

_BOUNDARY = "grenze"

_QUERY = ["type", "source", "keep", "sentences", "target_lang", "x", ""]

_OPTIONS = ["extra", "format", "segments", "glossary", "formality", "keep"]


@dataclass
class Fuzzed:
    """`faults` by what was wrong, each with the first request that showed it. `reached` holds the operations
    that succeeded at least once."""

    statuses: Counter[int] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    reached: set[str] = field(default_factory=set)
    slowest: float = 0.0
    rounds: int = 0

    @property
    def count(self) -> int:
        return self.statuses.total()


class Fuzzer:
    """`another` says before each round whether there is to be one; `answered` is called after each answer."""

    def __init__(
        self, address: str, *, another: Callable[[Fuzzed], bool], answered: Callable[[Fuzzed], None]
    ) -> None:
        self._address = address
        self._another = another
        self._answered = answered
        self._session = requests.Session()
        self._session.trust_env = False
        self._schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
        self._random = random.Random(7)  # noqa: S311 -- the same in every run, no secret
        self._stored = self._job = ""
        self._document: dict[str, str] = {}
        self._file = ""
        self.made = Fuzzed()

    def run(self) -> Fuzzed:
        operations = [found.ok() for found in self._schema.get_all_operations()]
        while self._another(self.made):
            for operation in operations:
                self._store()
                for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                    self._generated(operation, mode, self.made.rounds)
                for _ in range(_IN_A_ROUND):
                    self._damaged(operation)
                if not self._another(self.made):
                    break
            self.made.rounds += 1
        return self.made

    def _generated(self, operation: APIOperation, mode: GenerationMode, rounds: int) -> None:
        @seed(rounds)
        @settings(
            max_examples=_IN_A_ROUND,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def each(case: Case) -> None:
            if self._random.random() < 0.8:
                for name in [name for name in case.headers or () if name.lower() in _HURRIED]:
                    del case.headers[name]
            for name in case.path_parameters or ():
                if mode is GenerationMode.POSITIVE and self._random.random() < 0.5:
                    case.path_parameters[name] = self._id(operation.path, name)
            self._ask(
                operation,
                case,
                lambda: case.call(base_url=self._address, session=self._session, timeout=PATIENCE),
                shown=case.body,
            )

        each()

    def _damaged(self, operation: APIOperation) -> None:
        described = Operation(operation.method.upper(), operation.path, operation.definition.raw)
        example = self._random.choice(list(described.examples()))
        headers = dict(self._random.sample(_HEADERS, self._random.choice((0, 0, 1, 2))))
        body: Any = None
        if example.media_type is not None:
            headers["Content-Type"] = example.media_type + (
                f"; boundary={_BOUNDARY}" if example.media_type == MULTIPART else ""
            )
            given = example.body
            if "document_key" in given and self._random.random() < 0.7:
                given = {**given, "document_key": self._document["document_key"]}
            body = self._body(example.media_type, given)
        if self._random.random() < 0.1:
            headers["Content-Type"] = self._random.choice(_CONTENT_TYPES)
        query = dict(example.query)
        if self._random.random() < 0.2:
            query[self._random.choice(_QUERY)] = str(self._random.choice(_ODD)).encode("utf-8", "replace")
        path = example.route.format_map({name: self._id(example.route, name) for name in example.path})
        sent = {name: value.encode("latin-1") for name, value in headers.items()}
        self._ask(
            operation,
            operation.Case(headers=headers),
            lambda: self._session.request(
                example.method, self._address + path, params=query, data=body, headers=sent, timeout=PATIENCE
            ),
            shown=body,
        )

    def _body(self, media_type: str, example: Any) -> bytes:
        draw = self._random.random()
        if isinstance(example, str):
            text = example if draw < 0.5 else str(self._random.choice(_ODD))
            written = text.encode("utf-8", "surrogatepass")
        elif media_type == FORM:
            fields = self._changed(example) if draw < 0.7 else example
            written = (
                requests.Request(data=_form(fields), method="POST", url="http://x").prepare().body or ""
            ).encode()
        elif media_type.startswith(MULTIPART):
            written = _multipart(self._changed(example) if draw < 0.7 else example)
        else:
            written = json.dumps(self._changed(example) if draw < 0.8 else example).encode()
        if self._random.random() < 0.15:
            return self._corrupted(written)
        return written

    def _corrupted(self, written: bytes) -> bytes:
        damaged = bytearray(written)
        for _ in range(self._random.randint(1, 4)):
            at = self._random.randrange(len(damaged) + 1)
            damaged[at : at + self._random.randint(0, 3)] = self._random.randbytes(self._random.randint(0, 3))
        return bytes(damaged)

    def _changed(self, value: Any) -> Any:
        """With one or two of its values replaced, taken away or added to."""
        changed = json.loads(json.dumps(value))
        for _ in range(self._random.randint(1, 2)):
            places = list(_places(changed))
            if not places:
                return self._odd()
            holder, key = self._random.choice(places)
            action = self._random.random()
            if action < 0.15 and isinstance(holder, dict):
                del holder[key]
            elif action < 0.3 and isinstance(holder, dict):
                holder[self._random.choice(_OPTIONS)] = self._odd()
            else:
                holder[key] = self._odd()
        return changed

    def _odd(self) -> Any:
        return deepcopy(self._random.choice(_ODD))

    def _id(self, route: str, name: str) -> str:
        if route.startswith("/v1/jobs"):
            return self._job
        if name == "document_id":
            return self._document["document_id"]
        if route.startswith("/download_file"):
            return self._file
        return self._stored.replace("-", "") if name == "identity" else self._stored

    def _store(self) -> None:
        """A glossary to be asked for; the one before goes."""
        if self._stored:
            self._session.delete(f"{self._address}/v3/glossaries/{self._stored}", timeout=PATIENCE)
        body = {
            "source_lang": "de",
            "target_lang": "en",
            "entries": "Brücke\tbridge",
            "entries_format": "tsv",
        }
        made = self._session.post(
            f"{self._address}/v2/glossaries", json={"name": "fuzzed", **body}, timeout=PATIENCE
        )
        if made.status_code == 400:  # there are as many as are kept
            for each in self._session.get(f"{self._address}/v3/glossaries", timeout=PATIENCE).json()[
                "glossaries"
            ]:
                self._session.delete(f"{self._address}/v3/glossaries/{each['glossary_id']}", timeout=PATIENCE)
            self._stored = ""
            self._store()
            return
        self._stored = made.json()["glossary_id"]
        later = self._session.post(
            f"{self._address}/v1/digest",
            json={"text": "Der Rat tagt am Montag."},
            headers={"Prefer": "respond-async"},
            timeout=PATIENCE,
        )
        self._job = later.json()["id"]
        sent = self._session.post(
            f"{self._address}/v2/document",
            data={"target_lang": "EN-US", "source_lang": "DE"},
            files={"file": ("article.txt", "Der Rat tagt am Montag.")},
            timeout=PATIENCE,
        )
        if sent.status_code == 200:  # else as many are kept as may be
            self._document = sent.json()
            self._wait_for_document()
        translated = self._session.post(
            f"{self._address}/translate_file",
            data={"source": "de", "target": "en"},
            files={"file": ("article.txt", "Der Rat tagt am Montag.")},
            timeout=PATIENCE,
        )
        if translated.status_code == 200:
            self._file = translated.json()["translatedFileUrl"].rpartition("/")[2]

    def _wait_for_document(self) -> None:
        """Until it is done it is fetched with 503, as documented."""
        url = f"{self._address}/v2/document/{self._document['document_id']}"
        key = {"document_key": self._document["document_key"]}
        until = time.monotonic() + PATIENCE
        while self._session.post(url, json=key, timeout=PATIENCE).json().get("status") != "done":
            if time.monotonic() > until:
                raise TimeoutError("a file is not translated")

    def _ask(self, operation: APIOperation, case: Case, call: Callable[[], Any], *, shown: Any) -> None:
        where = f"{operation.method.upper()} {operation.path}"
        started = time.monotonic()
        try:
            answer = call()
        except requests.RequestException as failure:
            self.made.faults.setdefault(f"{where}: {type(failure).__name__}", f"{failure} {shown!r:.2000}")
            return
        self._judge(operation, case, answer, time.monotonic() - started)

    def _judge(self, operation: APIOperation, case: Case, answer: Any, seconds: float) -> None:
        where = f"{operation.method.upper()} {operation.path}"
        self.made.statuses[answer.status_code] += 1
        self.made.slowest = max(self.made.slowest, seconds)
        if answer.status_code < 300:
            self.made.reached.add(where)
        hurried = any(name.lower() in _HURRIED for name in case.headers or ())
        streamed = "text/event-stream" in str(answer.headers.get("content-type"))
        for check in CHECKS:
            if check is not_a_server_error and hurried and answer.status_code in {503, 504}:
                continue
            if check is response_schema_conformance and streamed:  # it wants a schema of each event
                continue
            try:
                case.validate_response(answer, checks=[check])
            except (Exception, FailureGroup) as failure:
                what = f"{where}: {check.__name__} ({answer.status_code})"
                self.made.faults.setdefault(
                    what, f"{failure}\n{answer.request.headers} {answer.request.body!r:.2000}"
                )
        if (code := _code(answer)) and code not in _documented_codes(operation, answer.status_code):
            self.made.faults.setdefault(f"{where}: {code} is not documented ({answer.status_code})", "")
        self._answered(self.made)


def _code(answer: Any) -> str:
    """Of a failure."""
    told = "json" in str(answer.headers.get("content-type")) and answer.status_code >= 400
    return str(answer.json().get("code", "")) if told else ""


def _documented_codes(operation: APIOperation, status: int) -> set[str]:
    response = operation.definition.raw["responses"].get(str(status), {})
    return {code for content in response.get("content", {}).values() for code in content.get("examples", {})}


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        yield value, key
        yield from _places(each)


def _multipart(fields: Any) -> bytes:
    parts = []
    for name, value in fields.items() if isinstance(fields, dict) else ():
        for each in value if isinstance(value, list) else [value]:
            file = '; filename="article.txt"' if name == "file" else ""
            head = f'Content-Disposition: form-data; name="{name}"{file}'
            parts.append(f"--{_BOUNDARY}\r\n{head}\r\n\r\n{each}\r\n")
    return "".join([*parts, f"--{_BOUNDARY}--\r\n"]).encode("utf-8", "replace")


def _form(fields: Any) -> Any:
    if not isinstance(fields, dict):
        return {"": ""}
    return {
        name.encode("utf-8", "replace"): [
            str(each).encode("utf-8", "replace") for each in (value if isinstance(value, list) else [value])
        ]
        for name, value in fields.items()
    }
