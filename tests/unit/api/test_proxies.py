"""Whose word counts about who is calling."""

from typing import Any

import pytest

from service.api.proxies import Peers
from service.errors import SettingInvalid

TRUSTED = ["10.0.0.0/8", "fd00::/8"]


def request(peer: str, *headers: tuple[str, str]) -> dict[str, Any]:
    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return {"type": "http", "client": (peer, 40_000), "headers": encoded}


def forwarded(*lines: str) -> list[tuple[str, str]]:
    return [("X-Forwarded-For", line) for line in lines]


@pytest.mark.parametrize(
    ("peer", "lines", "caller"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),  # nobody we trust says so
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.7"], "198.51.100.7"),  # the first is the caller's own invention
        ("10.0.0.1", ["1.1.1.1, 198.51.100.7, 10.2.3.4"], "198.51.100.7"),
        ("10.0.0.1", ["1.1.1.1", "198.51.100.7", "10.2.3.4"], "198.51.100.7"),
        ("10.0.0.1", ["198.51.100.7:5123"], "198.51.100.7"),
        ("10.0.0.1", ["[2001:db8:1:2::5]:5123"], "2001:db8:1:2::/64"),
        ("10.0.0.1", ["[2001:db8:1:2::5]"], "2001:db8:1:2::/64"),
        ("fd00::1", ["2001:db8:1:2::6"], "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["198.51.100.7, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7, 10.0.0.2, <script>"], "10.0.0.1"),
        ("10.0.0.1", ["", " , "], "10.0.0.1"),
        ("10.0.0.1", ["10.9.9.9"], "10.9.9.9"),
        ("", [], "unknown"),
    ],
)
def test_the_caller_is_the_nearest_address_that_no_proxy_of_ours_has(
    peer: str, lines: list[str], caller: str
) -> None:
    assert Peers(TRUSTED).caller(request(peer, *forwarded(*lines))) == caller


def test_a_unix_socket_has_no_address() -> None:
    assert Peers(TRUSTED).caller({"type": "http", "client": None, "headers": []}) == "unknown"


def test_a_consumer_is_believed_from_a_gateway_we_trust_only() -> None:
    peers = Peers(TRUSTED, consumer_header="X-Consumer-Username")
    named = ("X-Consumer-Username", "redaktion")
    assert peers.consumer(request("10.0.0.1", named)) == "redaktion"
    assert peers.consumer(request("192.0.2.1", named)) is None
    assert peers.consumer(request("192.0.2.1", named, ("X-Forwarded-For", "10.0.0.1"))) is None
    assert peers.consumer(request("10.0.0.1")) is None
    assert peers.consumer(request("10.0.0.1", ("X-Consumer-Username", ""))) is None
    assert peers.consumer(request("10.0.0.1", named, ("X-Consumer-Username", "admin"))) is None
    assert Peers(TRUSTED).consumer(request("10.0.0.1", named)) is None


@pytest.mark.parametrize("everybody", ["*", "0.0.0.0/0", "::/0"])
def test_everybody_is_trusted_only_by_who_says_so_twice(everybody: str) -> None:
    with pytest.raises(SettingInvalid, match="TRUST_EVERY_PROXY"):
        Peers([everybody])
    assert Peers([everybody], trust_every=True) is not None


@pytest.mark.parametrize("written", ["10.0.0.1/8", "proxy.example", "10.0.0.0/40"])
def test_what_is_no_network_stops_the_start(written: str) -> None:
    with pytest.raises(SettingInvalid, match="TRUSTED_PROXIES"):
        Peers([written])
