"""Whom a request comes from, where proxies stand between."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.types import Scope

from service.errors import SettingInvalid

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\d{1,5})?|([0-9.]+):\d{1,5}")
_CONSUMER = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?")
_V6_NETWORK = 64
"""A household or a server has as many addresses as it likes within one."""


class Peers:
    """`trusted` are networks in CIDR form. Raises `SettingInvalid` for what is none, and for every network
    there is unless `trust_every` says so."""

    def __init__(
        self, trusted: Iterable[str], *, trust_every: bool = False, consumer_header: str = ""
    ) -> None:
        self._networks = []
        for written in trusted:
            networks = ["0.0.0.0/0", "::/0"] if written == "*" else [written]
            for network in networks:
                self._networks.append(_network(network))
        if not trust_every and any(network.prefixlen == 0 for network in self._networks):
            raise SettingInvalid(
                "KURZFASSUNG_TRUSTED_PROXIES: to trust everybody lets callers choose their name and address; "
                "name the proxies' networks, or set KURZFASSUNG_TRUST_EVERY_PROXY=true as well"
            )
        self._consumer_header = consumer_header

    def consumer(self, scope: Scope) -> str | None:
        """As the gateway names it. Two headers are none: one of them is the caller's own."""
        if not self._consumer_header or not self.trusts(scope):
            return None
        names = Headers(scope=scope).getlist(self._consumer_header)
        return names[0] if len(names) == 1 and _CONSUMER.fullmatch(names[0]) else None

    def trusts(self, scope: Scope) -> bool:
        """Whether the other end of the connection is one of ours."""
        return self._trusts(_address(_peer(scope)))

    def caller(self, scope: Scope) -> str:
        """The nearest address that is none of ours, of IPv6 its /64; what stands left of it in
        `X-Forwarded-For` is only what the caller says."""
        peer = _address(_peer(scope))
        if peer is None:
            return "unknown"
        hops = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
        for hop in reversed(hops):
            if not self._trusts(peer) or (before := _address(hop.strip())) is None:
                break
            peer = before
        if peer.version == 6:
            return str(ipaddress.ip_network((peer, _V6_NETWORK), strict=False))
        return str(peer)

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(
            address.version == network.version and address in network for network in self._networks
        )


def _network(written: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(written)
    except ValueError:
        raise SettingInvalid(
            f"KURZFASSUNG_TRUSTED_PROXIES: {written!r} is no network; write 10.0.0.0/8 or fd00::/8"
        ) from None


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _address(written: str) -> Address | None:
    """With or without a port; an IPv4 address in the clothes of IPv6 as IPv4."""
    if found := _WITH_PORT.fullmatch(written):
        written = found[1] or found[2]
    try:
        address = ipaddress.ip_address(written.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
