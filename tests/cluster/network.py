"""Machines that are network namespaces on one switch, which this process reaches too."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ipaddress import IPv4Network, ip_network
from pathlib import Path

import pytest

_CLONE_NEWNET = 0x40000000
_SBIN = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_OURS = re.compile(r"kzf(\d+)-\w+")


class Host:
    """A machine: a network namespace with loopback and one cable, which leads to the switch."""

    def __init__(self, name: str, address: str, gateway: str, switch: str) -> None:
        self.address = address
        self._name, self._switch = name, switch
        _ip("link", "add", name, "netns", switch, "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", name, "link", "set", "eth0", "up")
        # Leads nowhere, but programs ask it which of their addresses is meant.
        _ip("-n", name, "route", "add", "default", "via", gateway)
        _ip("-n", switch, "link", "set", name, "master", "bridge", "up")

    def command(self, *arguments: str | Path) -> list[str | Path]:
        """What runs it there."""
        return [_PROGRAM, "netns", "exec", self._name, *arguments]

    def inside(self, workers: int) -> ThreadPoolExecutor:
        """Threads whose sockets live there."""
        return ThreadPoolExecutor(workers, initializer=_enter, initargs=(self._name,))

    def power_off(self) -> None:
        """Everything that runs there is killed; its connections break."""
        _kill_all(self._name)

    def cut_off(self) -> None:
        """The cable is drawn: everything goes on running, and nobody is told."""
        _ip("-n", self._switch, "link", "set", self._name, "down")

    def connect(self) -> None:
        _ip("-n", self._switch, "link", "set", self._name, "up")


class Network:
    """Names hold this process's id, so that several runs do not meet; what a killed run left behind goes
    with the next one."""

    def __init__(self) -> None:
        self._name = f"kzf{os.getpid()}"
        self._switch = f"{self._name}-switch"
        self._addresses = (str(each) for each in _free_network().hosts())
        self._gateway = next(self._addresses)
        self._hosts = 0
        # Filters of this machine, such as Docker's, do not see what goes through a namespace's bridge.
        _add_namespace(self._switch)
        _ip("-n", self._switch, "link", "add", "bridge", "type", "bridge")
        _ip("-n", self._switch, "link", "set", "bridge", "up")
        _ip("link", "add", self._name, "type", "veth", "peer", "name", "outside", "netns", self._switch)
        _ip("address", "add", f"{self._gateway}/24", "dev", self._name)
        _ip("link", "set", self._name, "up")
        _ip("-n", self._switch, "link", "set", "outside", "master", "bridge", "up")

    def host(self) -> Host:
        self._hosts += 1
        name = f"{self._name}-{self._hosts}"
        _add_namespace(name)
        return Host(name, next(self._addresses), self._gateway, self._switch)


def require_namespaces() -> None:
    """Skips the test, under CI fails it, where they cannot be made."""
    if missing := _missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)


@contextmanager
def network() -> Iterator[Network]:
    """One at a time in a process."""
    remove_abandoned()
    _remove(os.getpid())
    try:
        yield Network()
    finally:
        _remove(os.getpid())


def remove_abandoned() -> None:
    """What runs left behind whose process is gone."""
    owners = {int(found[1]) for name in _namespaces() if (found := _OURS.fullmatch(name))}
    for owner in owners:
        if not Path(f"/proc/{owner}").exists():
            _remove(owner)


def _remove(owner: int) -> None:
    for name in _namespaces():
        if name.startswith(f"kzf{owner}-"):
            _kill_all(name)
            _ip("netns", "delete", name)
    # Gone with its other end, but that takes a moment.
    subprocess.run([_PROGRAM, "link", "delete", f"kzf{owner}"], capture_output=True, timeout=20, check=False)


def _kill_all(name: str) -> None:
    """Again and again, because what is being killed may start something."""
    deadline = time.monotonic() + 20
    while pids := [int(pid) for pid in _ip("netns", "pids", name).split()]:
        assert time.monotonic() < deadline, f"{name}: {pids} live on"
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _missing() -> str:
    if os.geteuid() != 0:
        return "missing: root, for network namespaces"
    if shutil.which("ip", path=_SBIN) is None:
        return "missing: ip (iproute2)"
    probe = f"kzf{os.getpid()}-probe"
    for command in (["add", probe], ["delete", probe]):
        done = subprocess.run([_PROGRAM, "netns", *command], capture_output=True, timeout=20, check=False)
        if done.returncode != 0:
            return "network namespaces not permitted"
    return ""


def _free_network() -> IPv4Network:
    """Which no route of this machine touches; another run, with another process id, begins elsewhere."""
    routes = json.loads(_ip("-json", "-4", "route", "show", "table", "all"))
    taken = [ip_network(route["dst"]) for route in routes if "/" in route["dst"] or "." in route["dst"]]
    places = 2**16
    for number in range(places):
        at = (os.getpid() + number) % places
        found = IPv4Network((10 << 24 | at << 8, 24))
        if not any(found.overlaps(each) for each in taken if isinstance(each, IPv4Network)):
            return found
    raise AssertionError("10.0.0.0/8 is taken")


def _namespaces() -> list[str]:
    listed = _ip("-json", "netns", "list")
    return [each["name"] for each in json.loads(listed)] if listed.strip() else []


def _add_namespace(name: str) -> None:
    _ip("netns", "add", name)


def _ip(*arguments: str) -> str:
    done = subprocess.run([_PROGRAM, *arguments], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def _enter(name: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(f"/run/netns/{name}").open("rb") as handle:
        if libc.setns(handle.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


_PROGRAM = shutil.which("ip", path=_SBIN) or "ip"
