"""Which addresses a webhook reaches, by what its host's name leads to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from service.jobs.webhook_hosts import WebhookHosts


def reached(allowed: str, *addresses: str) -> str | None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        assert (host, port) == ("hooks.example.com", 443)
        return addresses

    hosts = WebhookHosts(allowed, resolve)
    target = hosts.target("https://hooks.example.com/x")
    return asyncio.run(asyncio.wait_for(hosts.address(target), 5))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",  # noqa: S104 -- not bound to
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "2001:0:5db8:d70e::",
        "2002:5db8:d70e::",
        "2001:db8::1",
        "2001:20::1",
        "3fff::1",
        "fec0::1",
        "feff::1",
        "64:ff9b:1::7f00:1",
        "64:ff9b:1:ffff::a00:1",
        "::127.0.0.1",
        "::10.0.0.1",
        "::ffff:0:127.0.0.1",
        "100::1",
        "5f00::1",
        "4000::1",
        "192.0.0.9",
        "192.88.99.1",
    ],
)
def test_no_private_address_is_reached_by_a_name(address: str) -> None:
    assert reached("hooks.example.com", address) is None


def test_a_name_that_is_none_is_not_known() -> None:
    hosts = WebhookHosts("a" * 64 + ".example.com")
    target = hosts.target("https://" + "a" * 64 + ".example.com/")
    with pytest.raises(OSError, match="no name"):
        asyncio.run(asyncio.wait_for(hosts.address(target), 5))


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_a_public_address_is_reached(address: str) -> None:
    assert reached("hooks.example.com", address) == address


def test_of_several_addresses_the_first_that_may_be_is_taken() -> None:
    assert reached("hooks.example.com", "10.0.0.1", "93.184.215.14", "127.0.0.1") == "93.184.215.14"


@pytest.mark.parametrize(
    ("network", "address"),
    [("fec0::/10", "fec0::1"), ("64:ff9b::/96", "64:ff9b::5db8:d70e"), ("::1/128", "::1")],
)
def test_who_needs_such_an_address_names_its_network(network: str, address: str) -> None:
    assert reached(f"hooks.example.com,{network}", address) == address


def test_a_network_that_is_named_is_reached_and_no_other() -> None:
    assert reached("hooks.example.com,10.0.0.0/8", "10.1.2.3") == "10.1.2.3"
    assert reached("hooks.example.com,10.0.0.0/8", "192.168.1.1") is None
    assert reached("hooks.example.com,10.0.0.0/8", "::ffff:10.1.2.3") is not None
