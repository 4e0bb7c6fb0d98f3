"""When a starting server takes connections."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.gateway.conftest import free_ports

SECONDS = 30


def started(port: int, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "service", "serve", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "KURZFASSUNG_ACCEPT_WHEN_READY": "true", **environment},
    )


def test_a_server_that_accepts_when_ready_never_says_that_it_is_loading() -> None:
    [port] = free_ports(1)
    process = started(port, KURZFASSUNG_PROFILE="starter")
    refused = 0
    try:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                answer = httpx.get(f"http://127.0.0.1:{port}/v1/models", timeout=10, trust_env=False)
                break
            except httpx.ConnectError:
                refused += 1
                time.sleep(0.005)
        assert refused > 0
        assert answer.status_code == 200
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0


def test_a_server_that_cannot_load_its_models_ends_without_having_accepted(tmp_path: Path) -> None:
    [port] = free_ports(1)
    process = started(port, KURZFASSUNG_PROFILE="light", KURZFASSUNG_MODELS_DIR=str(tmp_path))
    assert process.wait(SECONDS) != 0
