"""Fetching what a client's URL points at, without becoming the client's way into the operator's network.

The rule is enforced where it cannot be evaded: on the address of each socket that is about to be connected. Whatever a name
resolves to, now or a second time, through whichever spelling of an address or redirect, no other socket is ever made. Nothing of
ours is sent along: no credentials, cookies, proxy settings or netrc.
"""

import asyncio
import ipaddress
import socket
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from bedrock_adapter.addresses import Allowed, is_public
from bedrock_adapter.errors import RequestError
from bedrock_adapter.fetch import Budget, Fetched, Limits

if TYPE_CHECKING:
    from aiohappyeyeballs import AddrInfoType
    from aiohttp.abc import AbstractResolver

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {"User-Agent": "bedrock-adapter", "Accept": "*/*", "Accept-Encoding": "identity"}
_MOST_HEADER_BYTES = 16 * 1024
_LONGEST_URL = 8192


class _Guard:
    """A socket factory that makes sockets for acceptable addresses only."""

    def __init__(self, allowed: Allowed, host: str) -> None:
        self._allowed = allowed
        self._exempt = allowed.host(host)
        self.refused = False

    def __call__(self, info: "AddrInfoType") -> socket.socket:
        family, kind, protocol, _, place = info
        address = ipaddress.ip_address(str(place[0]).partition("%")[0])
        if not (self._exempt or is_public(address) or self._allowed.address(address)):
            self.refused = True
            raise OSError("the address is not public")
        return socket.socket(family, kind, protocol)


class Fetcher:
    """Guarded GET.

    Args:
        allowed: exemptions from the rule of public addresses.
        limits: bounds of each fetch.
        resolver: resolves names; by default the system's.
        budget: what all its fetches may hold together; None: no bound but each one's.
    """

    def __init__(
        self,
        allowed: Allowed,
        limits: Limits = Limits(),  # noqa: B008 - immutable
        resolver: "AbstractResolver | None" = None,
        budget: Budget | None = None,
    ) -> None:
        self._allowed = allowed
        self._limits = limits
        self._resolver = resolver
        self._budget = budget

    async def fetch(self, url: str, param: str = "") -> Fetched:
        """The content behind `url`.

        Raises:
            RequestError: 400; `param` is passed on. The message never tells what the inside of the network looks like.
        """
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._follow(_checked(url, param), param)
        except TimeoutError:
            raise _failure(param, f"took longer than {self._limits.seconds:g} seconds") from None

    async def _follow(self, url: URL, param: str) -> Fetched:
        for _ in range(self._limits.redirects + 1):
            found = await self._get(url, param)
            if isinstance(found, Fetched):
                return found
            url = _checked(_joined(url, found, param), param)
        raise _failure(param, f"redirected more than {self._limits.redirects} times")

    async def _get(self, url: URL, param: str) -> Fetched | str:
        """One hop: the content, or the place that it redirects to."""
        guard = _Guard(self._allowed, url.host or "")
        try:
            async with self._session(guard) as session, session.get(url, allow_redirects=False) as response:
                if response.status in _REDIRECTS and "Location" in response.headers:
                    return response.headers["Location"]
                return await self._content(response, param)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if guard.refused:
                raise _refused(param) from None
            reached = not isinstance(error, aiohttp.ClientConnectorError)
            raise _failure(param, "gave no valid answer" if reached else "could not be reached") from None

    def _session(self, guard: "_Guard") -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            use_dns_cache=False, force_close=True, resolver=self._resolver, socket_factory=guard
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            timeout=aiohttp.ClientTimeout(total=None),
            trust_env=False,
            auto_decompress=False,
            max_field_size=_MOST_HEADER_BYTES,
        )

    async def _content(self, response: aiohttp.ClientResponse, param: str) -> Fetched:
        if response.status != 200:
            raise _failure(param, f"answered with HTTP {response.status}")
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise _failure(param, "answered in a compressed encoding that was not asked for")
        most = self._limits.max_bytes
        if (response.content_length or 0) > most:
            raise _failure(param, f"holds more than {most} bytes")
        data = bytearray()
        async for piece in response.content.iter_chunked(64 * 1024):
            data += piece
            if len(data) > most:
                raise _failure(param, f"holds more than {most} bytes")
            if self._budget is not None and not self._budget.take(len(piece)):
                raise _failure(
                    param, f"and the request's others hold more than {self._budget.max_bytes} bytes together"
                )
        return Fetched(bytes(data), response.content_type if "Content-Type" in response.headers else "")


def _checked(url: str | URL, param: str) -> URL:
    """The URL, if its form is acceptable; the address is judged when it is connected to."""
    text = str(url)
    try:
        parsed = URL(text)
        usable = parsed.scheme in ("http", "https") and bool(parsed.host) and parsed.port is not None
    except ValueError:
        usable = False
    if not usable or len(text) > _LONGEST_URL or any(character.isspace() for character in text):
        raise RequestError(
            f"{param}: only well-formed http and https URLs are fetched", param=param, code="invalid_url"
        )
    if parsed.user is not None or parsed.password is not None:
        raise RequestError(f"{param}: a URL must not hold a user name or password", param=param, code="invalid_url")
    return parsed.with_fragment(None)


def _joined(url: URL, location: str, param: str) -> URL:
    try:
        return url.join(URL(location))
    except ValueError:
        raise _failure(param, "redirected to something that is no URL") from None


def _refused(param: str) -> RequestError:
    return RequestError(
        f"{param}: the URL leads to an address that is not public, which is never fetched; an operator can exempt it by "
        "BEDROCK_ADAPTER_FETCH_ALLOW",
        param=param,
        code="invalid_url",
    )


def _failure(param: str, what: str) -> RequestError:
    return RequestError(
        f"{param}: the URL {what}; send the data itself as a data URI", param=param, code="fetch_failed"
    )
