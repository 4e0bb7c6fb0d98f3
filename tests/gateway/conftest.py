"""nginx with TLS in front of the real service with stub engines, under a prefix. A missing nginx fails under
CI and skips elsewhere."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.integration.conftest import serving, stub_models

PREFIX = "/kurz"
_CONF = Path(__file__).with_name("nginx.conf")
_START_SECONDS = 20


class Hold:
    """A gate for the stub: while `shut`, a batch with `word` in it waits."""

    word = "danach"

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()

    def __call__(self, sources: object) -> None:
        if self.word in str(sources):
            assert self.open.wait(20)


@dataclass(frozen=True)
class Gateway:
    """`client` trusts the proxy's certificate and speaks to it from the prefix on (`client.get("docs")`);
    `origin` is scheme, host and port."""

    client: httpx.Client
    origin: str
    hold: Hold


@pytest.fixture(scope="session")
def gateways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Gateway]]:
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if nginx is None or shutil.which("openssl") is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("missing: nginx or openssl")
    place = tmp_path_factory.mktemp("nginx")
    _make_certificate(place)
    hold = Hold()
    ports = dict(zip(("stripping", "passing"), free_ports(2), strict=True))
    with ExitStack() as stack:
        plain = stack.enter_context(serving(stub_models(gate=hold)))
        prefixed = stack.enter_context(serving(stub_models(gate=hold), root_path=PREFIX))
        words = {
            "PLACE": str(place),
            "STRIPPING_PORT": str(ports["stripping"]),
            "PASSING_PORT": str(ports["passing"]),
            "PLAIN_UPSTREAM": str(plain.base_url.port),
            "PREFIXED_UPSTREAM": str(prefixed.base_url.port),
        }
        stack.enter_context(_running(nginx, place, words, ports.values()))
        trusted = ssl.create_default_context(cafile=str(place / "certificate.pem"))
        made = {}
        for name, port in ports.items():
            origin = f"https://localhost:{port}"
            client = stack.enter_context(
                httpx.Client(base_url=origin + PREFIX + "/", verify=trusted, timeout=20, trust_env=False)
            )
            _wait_for(client)
            made[name] = Gateway(client, origin, hold)
        yield made


@pytest.fixture(params=["stripping", "passing"])
def gateway(request: pytest.FixtureRequest, gateways: dict[str, Gateway]) -> Gateway:
    return gateways[request.param]


def _make_certificate(place: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", place / "key.pem", "-out", place / "certificate.pem"]
    done = subprocess.run([*command, *files], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def free_ports(count: int) -> list[int]:
    """Free a moment ago; nginx cannot be handed an open socket."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def _running(nginx: str, place: Path, words: dict[str, str], ports: Iterable[int]) -> Iterator[None]:
    conf = _CONF.read_text(encoding="utf-8")
    for word, value in words.items():
        conf = conf.replace(word, value)
    (place / "nginx.conf").write_text(conf, encoding="utf-8")
    # Its workers would otherwise give up root and not get into a folder of ours.
    stay = ["-g", "user root;"] if os.geteuid() == 0 else []
    with (place / "stderr").open("wb") as said:
        process = subprocess.Popen([nginx, "-p", place, "-c", place / "nginx.conf", *stay], stderr=said)
        try:
            for port in ports:
                while not _listens(port):
                    assert process.poll() is None, (place / "stderr").read_text()
            yield
        finally:
            process.terminate()
            process.wait(20)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        time.sleep(0.02)
        return False
    return True


def _wait_for(client: httpx.Client) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            if client.get("readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("nginx never let a request through")
