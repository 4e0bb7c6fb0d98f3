"""A model hub on 127.0.0.1 that speaks the real one's protocol, with faults on request."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from service.model_store.config import ModelConfig

REPOSITORY = "acme/opus-tiny"

SMALL = {
    "config.json": b'{"model_type": "marian"}',
    "vocab.json": b'{"</s>": 0}',
    "source.spm": b"source pieces",
    "README.md": b"# A card",
}
# 300 kB, no two pages alike, so that a wrongly joined download shows.
WEIGHTS = b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(10_000))


class FakeHub:
    """`faults` are looked up by file name; see `_Handler` for what each does."""

    def __init__(self) -> None:
        self.commits: dict[str, dict[str, bytes]] = {}
        self.main = ""
        self.log: list[tuple[str, str]] = []  # path, Range header
        self.headers: list[dict[str, str]] = []
        self.bytes_sent = 0
        self.cut_once: dict[str, int] = {}  # bytes after which the connection is cut, once
        self.cut_always: dict[str, int] = {}
        self.served_instead: dict[str, bytes] = {}
        self.statuses: list[int] = []  # answered first, one per request
        self.announce: dict[str, bytes] = {}  # content whose digest is announced instead
        self.ranges = True
        self.other_commit = ""  # claimed in X-Repo-Commit
        self.prefix = ""
        self.base = ""

    def commit(self, files: dict[str, bytes]) -> str:
        """A new head of main."""
        names = json.dumps({name: content.hex() for name, content in files.items()})
        self.main = hashlib.sha1(names.encode()).hexdigest()  # noqa: S324 # looks like a git commit, no more
        self.commits[self.main] = files
        return self.main

    @property
    def endpoint(self) -> str:
        return self.base + self.prefix

    def fetched(self) -> list[str]:
        """File names asked for, in order."""
        return [path.rsplit("/", 1)[1] for path, _ in self.log if "/resolve/" in path]

    def ranged(self) -> list[str]:
        return [byte_range for path, byte_range in self.log if byte_range and "/cdn/" in path]


def is_large(name: str) -> bool:
    return name.endswith((".bin", ".safetensors", ".h5", ".msgpack", ".onnx", ".ot"))


def git_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # noqa: S324 # git's own format


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: FakeHub

    def handle(self) -> None:
        with suppress(ConnectionError):  # a client that hangs up between two requests
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the base class's name
        pass

    def do_GET(self) -> None:  # the base class's name
        hub = self.hub
        path = unquote(urlsplit(self.path).path)
        hub.log.append((path, self.headers.get("Range", "")))
        hub.headers.append({name.lower(): value for name, value in self.headers.items()})
        if hub.statuses and hub.statuses[0] != 200:
            return self._answer(hub.statuses.pop(0), b"")
        if hub.statuses:
            hub.statuses.pop(0)
        if not path.startswith(hub.prefix):
            return self._answer(404, b"")
        path = path.removeprefix(hub.prefix)
        api, resolve = f"/api/models/{REPOSITORY}/revision/", f"/{REPOSITORY}/resolve/"
        if path.startswith(api):
            return self._api(path.removeprefix(api))
        if path.startswith(resolve):
            return self._resolve(*path.removeprefix(resolve).split("/", 1))
        if path.startswith("/cdn/"):
            commit, name = path.removeprefix("/cdn/").split("/", 1)
            return self._content(name, hub.commits[commit][name], {})
        return self._answer(404, b'{"error": "Repository not found"}', {"X-Error-Code": "RepoNotFound"})

    def _api(self, revision: str) -> None:
        commit = self.hub.main if revision == "main" else revision
        files = self.hub.commits.get(commit)
        if files is None:
            return self._answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        siblings = []
        for name, content in files.items():
            announced = self.hub.announce.get(name, content)
            sibling: dict[str, Any] = {
                "rfilename": name,
                "size": len(announced),
                "blobId": git_sha1(announced),
            }
            if is_large(name):
                digest = hashlib.sha256(announced).hexdigest()
                sibling["lfs"] = {"sha256": digest, "size": len(announced), "pointerSize": 130}
            siblings.append(sibling)
        answer = {"id": REPOSITORY, "modelId": REPOSITORY, "sha": commit, "siblings": siblings, "tags": []}
        return self._answer(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _resolve(self, commit: str, name: str) -> None:
        content = self.hub.commits.get(commit, {}).get(name)
        if content is None:
            return self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
        headers = {"X-Repo-Commit": self.hub.other_commit or commit}
        if not is_large(name):
            return self._content(name, content, {**headers, "ETag": f'"{git_sha1(content)}"'})
        headers["X-Linked-ETag"] = f'"{hashlib.sha256(content).hexdigest()}"'
        headers["X-Linked-Size"] = str(len(content))
        headers["Location"] = f"{self.hub.prefix}/cdn/{commit}/{name}"
        return self._answer(302, b"", headers)

    def _content(self, name: str, content: bytes, headers: dict[str, str]) -> None:
        hub = self.hub
        content = hub.served_instead.get(name, content)
        start, status = 0, 200
        if (byte_range := self.headers.get("Range")) and hub.ranges:
            start, status = int(byte_range.removeprefix("bytes=").rstrip("-")), 206
            headers = {**headers, "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        cut = hub.cut_once.pop(name, hub.cut_always.get(name, 0))
        self._answer(status, content[start:], headers, cut=cut)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None, cut: int = 0) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        sent = body[:cut] if cut else body
        with suppress(ConnectionError):  # a client that has seen enough
            self.wfile.write(sent)
            self.wfile.flush()
        self.hub.bytes_sent += len(sent)
        if cut:
            self.close_connection = True


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """Holds one commit: what is needed, and much that is not."""
    from huggingface_hub import close_session

    # A proxy of the machine that runs the tests has no business on the loopback.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    fake = FakeHub()
    handler = type("Handler", (_Handler,), {"hub": fake, "timeout": 20})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    fake.base = f"http://127.0.0.1:{server.server_port}"
    fake.commit(
        {
            **SMALL,
            "model.safetensors": WEIGHTS,
            "pytorch_model.bin": b"a pickle",
            "flax_model.msgpack": b"flax",
            "tf_model.h5": b"tensorflow",
            "rust_model.ot": b"rust",
            "modeling_custom.py": b"print('never')",
            "training_args.pkl": b"a pickle",
            "onnx/model.onnx": b"onnx",
            "onnx/config.json": b"{}",
        }
    )
    close_session()
    yield fake
    close_session()
    server.shutdown()
    server.server_close()
    thread.join(timeout=10)


@pytest.fixture
def config() -> ModelConfig:
    return ModelConfig.model_validate(
        {
            "name": "opus-tiny",
            "task": "translation",
            "architecture": "marian",
            "repository": REPOSITORY,
            "source_languages": ["de"],
            "target_languages": ["en"],
            "parameters": 75_000,
            "download_mb": 1,
            "memory_mb": 1,
            "limits": {"source_tokens": 512, "segment_tokens": 400, "target_tokens": 512},
        }
    )


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"
