"""The guarded HTTP client: a connection to an address that is not public is refused on the socket itself."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver

_NOT_PUBLIC_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # "this" host: Linux takes it for loopback
            "10.0.0.0/8",
            "100.64.0.0/10",  # carrier-grade NAT, and some clouds' metadata
            "127.0.0.0/8",
            "168.63.129.16/32",  # looks public, but is the host agent of every Azure machine
            "169.254.0.0/16",  # link-local: the metadata service of most clouds
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # Teredo and other protocols' own
            "2001:db8::/32",
            "2002::/16",  # 6to4: an IPv4 address in disguise
            "3fff::/20",
        ),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})


Heard = Callable[[int, Mapping[str, str]], None]
"""Takes the status and the headers of an answer."""


class ForbiddenAddress(PermissionError):
    """
    A name or URL led to an address that is not public.

    The sentence is the same for every address, so that aiohttp, which tries all of a name's addresses and merges
    what differs, still hands over this very error.
    """

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "not a public address; private_network = true would allow it")


def is_public(host: str) -> bool:
    """Whether a numeric address may be connected to from outside a private network; anything unreadable may not."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        inner = _embedded(address)
        if inner is None:
            return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)
        address = inner
    return not any(address in network for network in _NOT_PUBLIC_4)


def is_forbidden(error: BaseException) -> bool:
    """Whether what a session raised means that its guard refused the address."""
    return isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, ForbiddenAddress)


def open_session(
    *,
    private_network: bool,
    resolver: AbstractResolver | None = None,
    connections: int = 100,
    heard: Heard | None = None,
) -> aiohttp.ClientSession:
    """
    Return a client session; call it on the running loop and close what it returns.

    It keeps connections alive and no cookies, never sends what may change something twice by itself, and reads neither proxies nor credentials from the environment. An
    exchange as a whole has no time limit, since a provider may stream for long, but every silence has one.

    Args:
        private_network: Whether private, loopback and other special addresses may be reached. Otherwise they are
            refused where the real address is known: when the socket is made. That covers numeric hosts in every
            notation, names that resolve to them now or the next time, and redirects.
        resolver: How names are looked up; the system's way unless given.
        connections: How many connections may be open at once.
        heard: Told of every answer, before its body.
    """
    connector = aiohttp.TCPConnector(
        limit=connections,
        keepalive_timeout=30.0,
        resolver=resolver,
        socket_factory=None if private_network else _guarded_socket,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, connect=30.0, sock_connect=10.0, sock_read=300.0),
        trust_env=False,
        middlewares=(_once,) if heard is None else (_once, _telling(heard)),
    )


def _telling(heard: Heard) -> aiohttp.ClientMiddlewareType:
    async def tell(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        response = await handler(request)
        heard(response.status, response.headers)
        return response

    return tell


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a PUT or DELETE again by itself when the connection broke: it may have taken effect already."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method in _REPEATABLE:
            raise
        raise aiohttp.ClientConnectionError(f"{type(error).__name__}: {error}") from error


def _guarded_socket(address: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, _, where = address
    if not is_public(where[0]) or (family == socket.AF_INET6 and where[3] != 0):
        raise ForbiddenAddress
    return socket.socket(family=family, type=kind, proto=protocol)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that the kernel or a NAT64 gateway would really connect to."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped
