"""The real service with stub engines in a process of its own, so that it can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from service.app import create_app
from service.cli.serve import bind
from service.cli.server import DrainingServer
from service.settings import Settings
from tests.integration.conftest import stub_models

HELD, SLOW = "danach", "langsam"
"""A batch with the first word in it waits while the file `hold` is there; one with the second is slow."""

SLOW_SECONDS = 0.5
DRAIN_SECONDS = 10
_START_SECONDS = 30
_MOST_HELD_SECONDS = 30


class Replica:
    """Keeps its port when it is started again."""

    def __init__(self, port: int, root_path: str, hold: Path) -> None:
        self.port = port
        self._command = [sys.executable, "-m", "tests.gateway.replica", str(port), root_path, str(hold)]
        self._written = hold.with_name(f"{port}.written")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        root = Path(__file__).parents[2]
        with self._written.open("wb") as said:
            self._process = subprocess.Popen(self._command, cwd=root, stdout=said, stderr=said)

    def wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self._said()
            try:
                if httpx.get(f"{self.origin}/readyz", timeout=5, trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"the replica is not ready: {self._said()}")

    def send(self, number: signal.Signals) -> int:
        """The exit code after the signal."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(DRAIN_SECONDS + 20)

    def stop(self) -> None:
        if self.runs:
            self.send(signal.SIGKILL)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def answered(self) -> bool:
        """Whether it has translated anything since it was started."""
        metrics = httpx.get(f"{self.origin}/metrics", timeout=10, trust_env=False).text
        return 'kurzfassung_requests_total{method="POST",route="/v1/translate",status="2xx"}' in metrics

    def _said(self) -> str:
        return self._written.read_text(encoding="utf-8")[-2000:]


class Echo:
    """Answers `/echo` with the path and the headers as they reached the service."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith("/echo"):
            headers = [[name.decode(), value.decode("latin-1")] for name, value in scope["headers"]]
            answer = JSONResponse({"path": scope["path"], "headers": headers, "pid": os.getpid()})
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


def main(port: str, root_path: str, hold: str) -> None:
    def gate(sources: Sequence[str]) -> None:
        deadline = time.monotonic() + _MOST_HELD_SECONDS
        while HELD in str(sources) and Path(hold).exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        if SLOW in str(sources):
            time.sleep(SLOW_SECONDS)

    settings = Settings(root_path=root_path, accept_when_ready=True)
    app = create_app(settings, models=stub_models(gate=gate))
    app.add_middleware(Echo)
    server = DrainingServer(app, drain_seconds=DRAIN_SECONDS)
    signal.signal(signal.SIGTERM, lambda *_: None)  # as `kurzfassung serve` does it
    server.run(sockets=[bind("127.0.0.1", int(port))])


if __name__ == "__main__":
    main(*sys.argv[1:])
