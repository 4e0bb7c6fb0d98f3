"""A Docker engine of our own: its folder, its socket and, for what runs, a network namespace without a way
out."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASE = "python:3.11-slim-bookworm"
GATEWAY = "nginx:1.28-bookworm"
IMAGE = "kurzfassung:latest"
REVISION, CREATED = "0123456789abcdef", "2026-01-01T00:00:00Z"

_NAMESPACE = "kurzfassung-image"
_CLONE_NEWNET = 0x40000000
_NEEDED = ("dockerd", "docker-compose", "mmdebstrap", "ip", "nsenter")

_NGINX = f"""FROM {BASE}
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    nginx-light openssl > /dev/null && rm -rf /var/lib/apt/lists
"""


def docker_binary() -> str:
    """Debian's client where there are several: it knows BuildKit."""
    return "/usr/bin/docker" if Path("/usr/bin/docker").exists() else "docker"


def require_engine() -> None:
    """Skips the test, under CI fails it, where no engine can be started."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = [name for name in _NEEDED if shutil.which(name, path=path) is None]
    if os.geteuid() != 0:
        missing.append("root")
    if missing:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"missing: {', '.join(missing)}")


class Engine:
    """`docker` and `compose` are commands run against it; they return what was printed."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._environment = {
            **os.environ,
            "DOCKER_HOST": f"unix://{place / 'socket'}",
            "DOCKER_BUILDKIT": "1",
            "COMPOSE_PROJECT_NAME": "kurzfassung",
        }

    def docker(self, *arguments: str, given: str | None = None, seconds: float = 300) -> str:
        return self._run([docker_binary(), *arguments], given, seconds)

    def compose(self, *arguments: str, seconds: float = 300) -> str:
        return self._run(["docker-compose", "-f", "docker/compose.yaml", *arguments], None, seconds)

    def _run(self, command: list[str], given: str | None, seconds: float) -> str:
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            timeout=seconds,
            cwd=ROOT,
            env=self._environment,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr[-3000:]}"
        return done.stdout.strip()

    @contextmanager
    def running(self, *, isolated: bool) -> Iterator[None]:
        """The daemon; `isolated` in the namespace, otherwise without a network of its own, for building."""
        flags = ["--storage-driver", "overlay2", "--exec-opt", "native.cgroupdriver=cgroupfs"]
        flags += ["--data-root", f"{self._place / 'data'}", "--exec-root", f"{self._place / 'exec'}"]
        flags += ["--pidfile", f"{self._place / 'pid'}", "-H", self._environment["DOCKER_HOST"]]
        command = ["dockerd", *flags]
        if isolated:
            command = ["nsenter", f"--net=/run/netns/{_NAMESPACE}", *command]
        else:
            command += ["--iptables=false", "--bridge=none"]
        path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
        with (self._place / "log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PATH": path})
            try:
                self._wait(process)
                yield
            finally:
                process.terminate()
                process.wait(60)

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert process.poll() is None, (self._place / "log").read_text()[-3000:]
            done = subprocess.run(
                [docker_binary(), "info"],
                env=self._environment,
                capture_output=True,
                timeout=30,
                check=False,
            )
            if done.returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError("the engine does not start")

    def build(self) -> None:
        """The stand-ins for the two base images, then ours, from `docker/Dockerfile`."""
        base = self._place / "base.tar"
        subprocess.run(
            [ROOT / "tests/image/base.sh", base], check=True, timeout=300, stderr=subprocess.DEVNULL
        )
        path = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        self.docker("import", "--change", path, "--change", 'CMD ["python3"]', str(base), BASE)
        base.unlink()
        self.docker("build", "--network", "host", "-t", GATEWAY, "-", given=_NGINX)
        told = ["--build-arg", f"REVISION={REVISION}", "--build-arg", f"CREATED={CREATED}"]
        ours = ["-f", "docker/Dockerfile", "-t", IMAGE, *told, "."]
        self.docker("build", "--network", "host", *ours, seconds=900)


@contextmanager
def namespace() -> Iterator[None]:
    """A network namespace where nothing but loopback exists until the engine adds its bridges."""
    subprocess.run(["ip", "netns", "del", _NAMESPACE], capture_output=True, timeout=20, check=False)
    subprocess.run(["ip", "netns", "add", _NAMESPACE], check=True, timeout=20)
    try:
        up = ["ip", "-n", _NAMESPACE, "link", "set", "lo", "up"]
        subprocess.run(up, check=True, timeout=20)
        yield
    finally:
        subprocess.run(["ip", "netns", "del", _NAMESPACE], check=True, timeout=20)


def inside(workers: int) -> ThreadPoolExecutor:
    """Threads whose sockets live in the namespace."""
    return ThreadPoolExecutor(workers, initializer=_enter)


def _enter() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(f"/run/netns/{_NAMESPACE}").open("rb") as handle:
        if libc.setns(handle.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
