"""A server in a process of its own, for measuring it over HTTP; ours with the bundled weights among them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_READY_WITHIN = 300.0
"""Seconds; what answers later is taken for broken."""


@contextmanager
def starter_server(**environment: str) -> Iterator[tuple[str, int]]:
    """Its address and process id."""
    command = [sys.executable, "-m", "service", "serve", "--port", "0"]
    with our_server(command, {"KURZFASSUNG_PROFILE": "starter", **environment}) as found:
        yield found


@contextmanager
def our_server(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """The address that it names in its first line, and its process id."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **environment},
    )
    assert process.stdout is not None
    try:
        welcome = process.stdout.readline()
        assert welcome, "the server left before it was ready"
        yield re.findall(r"http://\S+", welcome)[0], process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        process.stdout.close()


@contextmanager
def other_server(
    command: Sequence[str],
    environment: Mapping[str, str],
    address: str,
    ready: str,
    directory: Path | None = None,
) -> Iterator[tuple[str, int]]:
    """Somebody else's, started in `directory`, which is ready when `ready` answers 200. Raises
    `RuntimeError` with the end of what it wrote when it leaves before that."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, **environment}, cwd=directory
        )
        try:
            until = time.monotonic() + _READY_WITHIN
            while not _answers(address + ready):
                if process.poll() is not None or time.monotonic() > until:
                    log.seek(0)
                    raise RuntimeError(f"{command[0]} did not start:\n{log.read().decode()[-2000:]}")
                time.sleep(0.2)
            yield address, process.pid
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def resident_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def cpu_seconds(pid: int) -> float:
    """User and system time of all its threads, those that ended included."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
