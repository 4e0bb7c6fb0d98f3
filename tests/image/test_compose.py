"""What the compose file tells the service about its gateway, and the gateway about its limits."""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
from typing import Any

import pytest

from service.api.proxies import Peers
from service.settings import Settings, listed
from tests.compose import COMPOSE, composed

NGINX = COMPOSE.with_name("gateway") / "nginx.conf"
REPLICAS = ("service-1", "service-2")

needs_compose = pytest.mark.skipif(
    shutil.which("docker-compose") is None and os.environ.get("CI") != "true",
    reason="missing: docker-compose",
)


def settings_of(replica: dict[str, Any]) -> Settings:
    given = {
        name.removeprefix("KURZFASSUNG_").lower(): value for name, value in replica["environment"].items()
    }
    assert given.keys() <= Settings.model_fields.keys()
    return Settings(**given)


def caller(settings: Settings, peer: str, forwarded: str) -> str:
    scope = {
        "type": "http",
        "client": (peer, 40_000),
        "headers": [(b"x-forwarded-for", forwarded.encode("ascii"))],
    }
    return Peers(listed(settings.trusted_proxies)).caller(scope)


@needs_compose
@pytest.mark.parametrize("subnet", ["172.30.250.0/24", "10.77.0.0/24"])
def test_the_replicas_believe_the_gateway_about_the_caller_and_nobody_outside(subnet: str) -> None:
    read = composed(INSIDE_SUBNET=subnet)
    [pool] = read["networks"]["inside"]["ipam"]["config"]
    assert pool["subnet"] == subnet
    gateway = str(ipaddress.ip_network(subnet)[2])
    for name in REPLICAS:
        settings = settings_of(read["services"][name])
        assert read["services"][name]["networks"].keys() == {"inside"}
        assert caller(settings, gateway, "203.0.113.7") == "203.0.113.7"
        assert caller(settings, "192.0.2.1", "203.0.113.7") == "192.0.2.1"
        assert settings.public_url == ""  # what the gateway says holds under every name it is called by


@needs_compose
def test_another_name_that_callers_use_may_be_told() -> None:
    read = composed(PUBLIC_URL="https://news.example/kurzfassung")
    assert settings_of(read["services"]["service-1"]).public_url == "https://news.example/kurzfassung"


@needs_compose
def test_the_gateway_may_open_the_files_that_its_connections_take() -> None:
    nginx = NGINX.read_text(encoding="utf-8")
    [files] = re.findall(r"^worker_rlimit_nofile (\d+);", nginx, re.M)
    [connections] = re.findall(r"worker_connections (\d+);", nginx)
    assert composed()["services"]["gateway"]["ulimits"]["nofile"] == int(files)
    # Of two connections of a request one may have its body in a file.
    assert int(files) >= int(connections) * 3 // 2
