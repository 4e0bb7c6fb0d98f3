"""The gateways whose configurations are in docker/gateway/: how each is found, told its place and started."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CONFIGURATIONS = Path(__file__).parents[2] / "docker/gateway"
STRIPPING = "# strips the prefix"
"""Ends the lines that are left out where the prefix is passed on."""


def _of_the_system(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _of_the_environment(name: str) -> str | None:
    """Beside this Python; Debian's Caddy, for one, is too old."""
    return shutil.which(name, path=str(Path(sys.executable).parent))


@dataclass(frozen=True)
class Proxy:
    """`words` of the configuration are replaced: `{place}` is a folder with the certificate, `{port}` where
    to listen, `{first}` and `{second}` the replicas' ports. Of the `arguments` CONFIGURATION and PORT are."""

    name: str
    file: str
    find: Callable[[str], str | None]
    arguments: tuple[str, ...]
    words: dict[str, str]

    @property
    def binary(self) -> str | None:
        return self.find(self.name)

    def configuration(self, place: Path, port: int, replicas: tuple[int, int], *, strips: bool) -> str:
        text = (CONFIGURATIONS / self.file).read_text(encoding="utf-8")
        lines = text.splitlines(keepends=True)
        assert any(line.rstrip().endswith(STRIPPING) for line in lines)
        text = "".join(line for line in lines if strips or not line.rstrip().endswith(STRIPPING))
        filled = {"place": place, "port": port, "first": replicas[0], "second": replicas[1]}
        words = {"/certificates/": "{place}/", **self.words}
        assert [word for word in words if word not in text] == []
        return re.sub("|".join(map(re.escape, words)), lambda found: words[found[0]].format(**filled), text)

    def command(self, configuration: Path, port: int) -> list[str]:
        assert self.binary is not None
        told = [part.replace("CONFIGURATION", str(configuration)) for part in self.arguments]
        return [self.binary, *(part.replace("PORT", str(port)) for part in told)]


_ADDRESSES = {"service-1:8000": "127.0.0.1:{first}", "service-2:8000": "127.0.0.1:{second}"}
# nginx's workers would otherwise give up root and not get into a folder of ours.
_STAY = " user root;" if os.geteuid() == 0 else ""

PROXIES = [
    Proxy(
        "nginx",
        "nginx.conf",
        _of_the_system,
        ("-c", "CONFIGURATION", "-e", "stderr", "-g", f"daemon off;{_STAY}"),
        {**_ADDRESSES, "listen 8443": "listen 127.0.0.1:{port}", "/run/": "{place}/", "/tmp/": "{place}/"},  # noqa: S108 -- the configuration's
    ),
    Proxy(
        "haproxy",
        "haproxy.cfg",
        _of_the_system,
        ("-db", "-f", "CONFIGURATION"),
        {**_ADDRESSES, "bind :8443": "bind 127.0.0.1:{port}"},
    ),
    Proxy(
        "caddy",
        "Caddyfile",
        _of_the_environment,
        ("run", "--adapter", "caddyfile", "--config", "CONFIGURATION"),
        {**_ADDRESSES, "\n:8443 ": "\nhttps://localhost:{port} "},
    ),
    Proxy(
        "envoy",
        "envoy.yaml",
        _of_the_environment,
        ("-c", "CONFIGURATION", "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"),
        {
            "address: 0.0.0.0, port_value: 8443": "address: 127.0.0.1, port_value: {port}",
            "address: service-1, port_value: 8000": "address: 127.0.0.1, port_value: {first}",
            "address: service-2, port_value: 8000": "address: 127.0.0.1, port_value: {second}",
        },
    ),
]

TRAEFIK = Proxy(
    "traefik",
    "traefik-routes.yaml",
    _of_the_environment,
    (
        "--providers.file.filename=CONFIGURATION",
        "--entryPoints.gateway.address=127.0.0.1:PORT",
        "--log.level=WARN",
        "--accessLog=true",
        "--accessLog.fields.names.ClientAddr=drop",
    ),
    _ADDRESSES,
)
"""Its refusals are its own and it makes no request ids, so it has tests of its own."""
