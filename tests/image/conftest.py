"""The image from our Dockerfile, built once, and the compose file up behind its gateway."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.image.engine import Engine, inside, namespace, require_engine
from tests.integration.conftest import wait_until

PREFIX = "/kurzfassung/"


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """With the images built; what runs on it cannot reach anything outside."""
    require_engine()
    engine = Engine(tmp_path_factory.mktemp("docker"))
    with engine.running(isolated=False):
        engine.build()
    with namespace(), engine.running(isolated=True):
        yield engine


@dataclass(frozen=True)
class Stack:
    """The compose file, up. `client()` is to be made and used in a thread of `inside`."""

    engine: Engine
    certificate: Path

    def client(self, seconds: float = 60) -> httpx.Client:
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        return httpx.Client(
            base_url="https://localhost:8443" + PREFIX, verify=trusted, timeout=seconds, trust_env=False
        )

    def container(self, name: str) -> str:
        return self.engine.compose("ps", "-q", name)

    def state(self, name: str, template: str) -> str:
        return self.engine.docker("inspect", "--format", template, self.container(name))


@pytest.fixture(scope="session")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    try:
        engine.compose("up", "-d", "--no-build", seconds=120)
        certificate = tmp_path_factory.mktemp("gateway") / "certificate.pem"
        stack = Stack(engine, certificate)
        engine.docker("cp", f"{stack.container('gateway')}:/certificates/certificate.pem", str(certificate))
        with inside(1) as thread:
            thread.submit(_wait_for, stack).result(60)
        yield stack
    finally:
        engine.compose("down", "-v", "-t", "5", seconds=120)


def _wait_for(stack: Stack) -> None:
    with stack.client() as client:
        wait_until(client, "readyz")
