"""The real server with the bundled weights, in a process of its own, for measuring it over HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def starter_server(**environment: str) -> Iterator[tuple[str, int]]:
    """Its address and process id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "KURZFASSUNG_PROFILE": "starter", **environment},
    )
    assert process.stdout is not None
    try:
        welcome = process.stdout.readline()
        assert welcome, "the server left before it was ready"
        yield welcome.split()[3], process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        process.stdout.close()


def resident_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024
