"""The machines of the cluster: who reaches whom, and what is left behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.cluster import ROOT
from tests.cluster.network import remove_abandoned, require_namespaces

# In a process of its own, because the namespaces bear its id, and those of this one hold the cluster.
_BEGIN = """
import os, socket, subprocess, sys
from tests.cluster.network import network

def ask(host, seconds=1):
    try:
        socket.create_connection((host.address, 80), timeout=seconds).close()
    except OSError as error:
        return type(error).__name__
    return "answer"

PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
LISTEN = "import socket, time; kept = socket.create_server(('', 80)); print(flush=True); time.sleep(60)"
with network() as made:
    one, other = made.host(), made.host()
    listening = subprocess.Popen(one.command(sys.executable, "-c", LISTEN), **PIPES)
    listening.stdout.readline()
"""


@pytest.fixture(autouse=True)
def _namespaces() -> None:
    require_namespaces()


def run(program: str, expected: int = 0) -> list[str]:
    """The words it prints."""
    done = subprocess.run(
        [sys.executable, "-c", _BEGIN + program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == expected, done.stderr
    return done.stdout.split()


def lives(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""  # empty: dead, and nobody has asked yet
    except FileNotFoundError:
        return False


def test_a_machine_answers_unless_it_has_lost_its_cable_or_its_power() -> None:
    said = run("""
    with other.inside(1) as thread:
        print(ask(one), thread.submit(ask, one).result(20))
    one.cut_off()
    print(ask(one))
    one.connect()
    print(ask(one, 10))  # what is lost before the cable is heard of is sent again after a second
    one.power_off()
    print(ask(one), listening.wait(20))
""")
    assert said == ["answer", "answer", "TimeoutError", "answer", "ConnectionRefusedError", "-9"]


def test_what_a_killed_run_left_behind_goes_with_the_next_one() -> None:
    [owner, left] = run(
        """
    print(os.getpid(), listening.pid, flush=True)
    os._exit(9)
""",
        expected=9,
    )
    namespaces = Path("/run/netns")
    assert len(list(namespaces.glob(f"kzf{owner}-*"))) == 3
    assert lives(left)
    remove_abandoned()
    assert list(namespaces.glob(f"kzf{owner}*")) == []
    assert not Path(f"/sys/class/net/kzf{owner}").exists()
    assert not lives(left)
