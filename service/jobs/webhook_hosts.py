"""Where webhooks may go: only to hosts that the operator names, and never by a trick of DNS to others."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from service.errors import SettingInvalid, WebhookRefused

Address = IPv4Address | IPv6Address

_LONGEST_URL = 2000
_SHAPE = re.compile(r"[\x21-\x7e]+")
_PORTS = {"https": 443, "http": 80}
_UNICAST = ip_network("2000::/3")
"""All that is assigned of IPv6. Outside of it are the retired site-local addresses and those that hold an
IPv4 address, perhaps a private one: IPv4-compatible, IPv4-translated, and NAT64's known prefixes."""
_SPECIAL = [
    ip_network(each) for each in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")
]
"""Not global, though not every Python knows: protocol assignments, relays, tunnels to an IPv4 address
(Teredo, 6to4), documentation."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a webhook goes. `path` has the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host that is asked at a port. Raises `OSError` where the name is not known."""


async def _resolved(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:  # a part of the name is too long for DNS
        raise OSError(errno.EINVAL, "no name of a host") from None
    return [str(place[0]) for _, _, _, _, place in found]


class WebhookHosts:
    """`allowed`, with commas: `hooks.example.com` (HTTPS), `hooks.example.com:8443`, `http://intern:8080`,
    and networks such as `10.0.0.0/8`, without which no private address is reached. Raises
    `SettingInvalid`."""

    def __init__(self, allowed: str, resolve: Resolve = _resolved) -> None:
        self._resolve = resolve
        self._places: set[tuple[str, str, int]] = set()
        self._networks: list[IPv4Network | IPv6Network] = []
        for entry in filter(None, map(str.strip, allowed.split(","))):
            try:
                self._add(entry)
            except ValueError:
                raise SettingInvalid(
                    f"KURZFASSUNG_WEBHOOK_HOSTS: {entry!r}: expected a host such as hooks.example.com or "
                    "http://intern:8080, or a network such as 10.0.0.0/8"
                ) from None

    def __bool__(self) -> bool:
        return bool(self._places)

    def target(self, url: str) -> Target:
        """Raises `WebhookRefused` where no webhook may go there."""
        if not self._places:
            raise WebhookRefused(
                "Webhooks are switched off here; the operator allows hosts in KURZFASSUNG_WEBHOOK_HOSTS."
            )
        try:
            if len(url) > _LONGEST_URL or not _SHAPE.fullmatch(url):
                raise ValueError
            target = _target(url)
        except ValueError:
            raise WebhookRefused(
                f"The Webhook-URL is not an http or https URL of at most {_LONGEST_URL:,} ASCII characters "
                "without a user."
            ) from None
        if (target.scheme, target.host, target.port) not in self._places:
            raise WebhookRefused("The operator of this service does not allow webhooks to this host.")
        return target

    async def address(self, target: Target) -> str | None:
        """One to connect to, so that what was checked is what is reached; None where the host has none
        that may be. Raises `OSError` where the name is not known."""
        for host in await self._resolve(target.host, target.port):
            address = ip_address(host.partition("%")[0])
            if self._may_reach(address):
                return str(address)
        return None

    def _may_reach(self, address: Address) -> bool:
        if any(address in network for network in self._networks):
            return True
        if isinstance(address, IPv6Address):
            if address.ipv4_mapped is not None:
                return self._may_reach(address.ipv4_mapped)
            if address not in _UNICAST:
                return False
        special = address.is_multicast or any(address in network for network in _SPECIAL)
        return address.is_global and not special

    def _add(self, entry: str) -> None:
        if "://" not in entry and "/" in entry:
            self._networks.append(ip_network(entry))
            return
        target = _target(entry if "://" in entry else f"https://{entry}")
        if target.path != "/":
            raise ValueError
        self._places.add((target.scheme, target.host, target.port))
        with suppress(ValueError):  # mostly it is a name
            self._networks.append(ip_network(target.host))


def _target(url: str) -> Target:
    """Raises `ValueError`."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc or "\\" in url:
        raise ValueError
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    port = parts.port or _PORTS[parts.scheme]
    return Target(parts.scheme, parts.hostname.removesuffix("."), port, path)
