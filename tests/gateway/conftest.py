"""Each gateway of docker/gateway/ with TLS in front of two replicas of the real service with stub engines,
taking the prefix off or passing it on. A missing one fails under CI and skips elsewhere."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.gateway.proxies import PROXIES, Proxy
from tests.gateway.replica import Replica

PREFIX = "/kurzfassung"
CALLER = "127.0.0.9"
"""What the clients call from, to be told from the gateway's own address."""

_START_SECONDS = 30
_FILES = 1024


class Hold:
    """While it is closed, a batch with `HELD` in it waits in the replicas."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def close(self) -> None:
        self.file.touch()

    def open(self) -> None:
        self.file.unlink(missing_ok=True)


@dataclass(frozen=True)
class Gateway:
    """`client` trusts the proxy's certificate and speaks to it from the prefix on (`client.get("docs")`),
    each request with a key of its own, because some gateways limit each key; `origin` is scheme, host and
    port; `written` is what the gateway has said so far."""

    proxy: str
    strips: bool
    client: httpx.Client
    origin: str
    replicas: tuple[Replica, Replica]
    hold: Hold
    written: Path

    def new_client(self, seconds: float = 60) -> httpx.Client:
        trusted = ssl.create_default_context(cafile=str(self.written.with_name("certificate.pem")))
        transport = httpx.HTTPTransport(verify=trusted, local_address=CALLER, trust_env=False)
        return httpx.Client(
            base_url=self.origin + PREFIX + "/",
            transport=transport,
            timeout=seconds,
            event_hooks={"request": [_with_a_key]},
        )


def _with_a_key(request: httpx.Request) -> None:
    request.headers.setdefault("X-API-Key", uuid.uuid4().hex)


@pytest.fixture(scope="session", params=["stripping", "passing"])
def replicas(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[tuple[Replica, Replica], Hold, bool]]:
    strips = request.param == "stripping"
    hold = Hold(tmp_path_factory.mktemp("replicas") / "hold")
    first, second = free_ports(2)
    root_path = "" if strips else PREFIX
    pair = (Replica(first, root_path, hold.file), Replica(second, root_path, hold.file))
    try:
        for each in pair:
            each.start()
        for each in pair:
            each.wait_until_ready()
        yield pair, hold, strips
    finally:
        for each in pair:
            each.stop()


@pytest.fixture(scope="session", params=PROXIES, ids=lambda proxy: proxy.name)
def gateway(
    request: pytest.FixtureRequest,
    replicas: tuple[tuple[Replica, Replica], Hold, bool],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gateway]:
    proxy: Proxy = request.param
    missing = [
        name
        for name, found in ((proxy.name, proxy.binary), ("openssl", shutil.which("openssl")))
        if not found
    ]
    if missing:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"missing: {', '.join(missing)}")
    pair, hold, strips = replicas
    place = tmp_path_factory.mktemp(proxy.name)
    _make_certificate(place)
    [port] = free_ports(1)
    configuration = place / proxy.file
    ports = (pair[0].port, pair[1].port)
    configuration.write_text(proxy.configuration(place, port, ports, strips=strips), encoding="utf-8")
    gateway = Gateway(
        proxy.name, strips, httpx.Client(), f"https://localhost:{port}", pair, hold, place / "written"
    )
    with ExitStack() as stack:
        stack.enter_context(_running(proxy, configuration, gateway.written, port))
        client = stack.enter_context(gateway.new_client(20))
        _wait_for(client, gateway.written)
        yield Gateway(proxy.name, strips, client, gateway.origin, pair, hold, gateway.written)


def _make_certificate(place: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    certificate, key = place / "certificate.pem", place / "key.pem"
    files = ["-keyout", key, "-out", certificate]
    done = subprocess.run([*command, *files], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    (place / "both.pem").write_bytes(certificate.read_bytes() + key.read_bytes())


def free_ports(count: int) -> list[int]:
    """Free a moment ago; a process of its own cannot be handed an open socket."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def _running(proxy: Proxy, configuration: Path, written: Path, port: int) -> Iterator[None]:
    environment = {**os.environ, "HOME": str(written.parent), "XDG_DATA_HOME": str(written.parent)}
    with written.open("wb") as said:
        # Most systems start a process with so few files; a gateway for thousands of callers asks for more.
        few_files = ["sh", "-c", f'ulimit -Sn {_FILES}; exec "$@"', "sh"]
        command = [*few_files, *proxy.command(configuration, port)]
        process = subprocess.Popen(command, stdout=said, stderr=said, cwd=written.parent, env=environment)
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not _listens(port):
                assert process.poll() is None, written.read_text()
                assert time.monotonic() < deadline, written.read_text()
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        time.sleep(0.02)
        return False
    return True


def _wait_for(client: httpx.Client, written: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            if client.get("readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"the gateway never let a request through: {written.read_text()[-3000:]}")
