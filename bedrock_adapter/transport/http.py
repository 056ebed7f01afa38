"""HTTP to Bedrock: aiohttp, signed by botocore."""

import asyncio
import io
import os
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
from yarl import URL

from bedrock_adapter.errors import (
    AdapterError,
    ConfigError,
    CredentialsError,
    InvalidRequestError,
    ModelTimeoutError,
    StreamTruncatedError,
    TransportError,
)
from bedrock_adapter.eventstream import EventDecoder
from bedrock_adapter.service_errors import clean, from_response
from bedrock_adapter.transport.base import Timeouts
from bedrock_adapter.transport.patience import Patience
from bedrock_adapter.transport.retry import RetryPolicy
from bedrock_adapter.transport.sessions import Sessions
from bedrock_adapter.transport.signing import Signer, Signers
from bedrock_adapter.types import Event
from bedrock_adapter.wire import Target, WireRequest, WireResponse

__all__ = ["MAX_BODY", "HttpStream", "HttpTransport", "Timeouts"]

MAX_BODY = 256 * 1024 * 1024
"""Most bytes of a complete answer; images in answers are base64."""
_MAX_ERROR_BODY = 256 * 1024
# aiohttp warns of larger bodies given as bytes, and writes them in one piece.
_STREAMED_BODY = 1 << 20
_USER_AGENT = "bedrock-adapter"
_EVENT_STREAM = "application/vnd.amazon.eventstream"


class HttpTransport:
    """The usual transport. One object serves any number of event loops and threads, and survives a fork.

    Sessions close with their event loop; `aclose` closes the running loop's early.
    """

    def __init__(
        self,
        *,
        default_target: Target = Target(),  # noqa: B008 - immutable
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - immutable
        retries: int = 2,
        retry_deadline: float = 60.0,
        policy: RetryPolicy | None = None,
        max_body: int = MAX_BODY,
    ) -> None:
        """
        Args:
            default_target: what requests' targets leave open.
            timeouts: limits in seconds.
            retries: most tries after the first.
            retry_deadline: no try starts later than so many seconds after the first began.
            policy: replaces these two.
            max_body: most bytes of a complete answer.
        """
        self._default = default_target
        self._timeouts = timeouts
        self._policy = policy or RetryPolicy(retries, retry_deadline)
        self._max_body = max_body
        self._sessions = Sessions(timeouts)
        self._signers = Signers()
        self._pid = os.getpid()

    async def send(self, request: WireRequest, target: Target, timeout: float | None = None) -> WireResponse:
        """See `Transport.send`."""
        response = await self._open(request, target, timeout)
        headers = _lower(response.headers)
        try:
            content = await self._read(response, self._max_body)
        except BaseException as error:
            response.close()
            if isinstance(error, AdapterError):
                error.request_id = headers.get("x-amzn-requestid")
            raise
        return WireResponse(response.status, headers, content)

    async def open_stream(self, request: WireRequest, target: Target, timeout: float | None = None) -> "HttpStream":
        """See `Transport.open_stream`."""
        response = await self._open(request, target, timeout)
        if response.content_type != _EVENT_STREAM:
            response.close()
            raise TransportError(
                f"Bedrock, or a proxy before it, answered with {response.content_type} instead of an event stream",
                code="invalid_response",
                request_id=response.headers.get("x-amzn-requestid"),
            )
        stream = HttpStream(response, self._timeouts, self._sessions)
        (await self._sessions.get()).streams.add(stream)
        return stream

    async def aclose(self) -> None:
        """Close the running loop's connections."""
        await self._sessions.aclose()

    async def _open(self, request: WireRequest, target: Target, timeout: float | None) -> aiohttp.ClientResponse:
        if os.getpid() != self._pid:
            # Locks and threads of the parent's signers did not come along.
            self._signers, self._pid = Signers(), os.getpid()
        target = target.over(self._default)
        signer = self._signers.get(target)
        content = request.content()
        limit = self._timeouts.first_byte if timeout is None else timeout
        try:
            async with asyncio.timeout(limit):
                return await self._policy.run(lambda: self._attempt(request, signer, content))
        except TimeoutError:
            raise ModelTimeoutError(f"Bedrock did not start to answer within {limit:g} seconds") from None
        except CredentialsError:
            self._signers.forget(target, signer)
            raise

    async def _attempt(self, request: WireRequest, signer: Signer, content: bytes) -> aiohttp.ClientResponse:
        endpoint = await signer.endpoint(request.service)
        url = endpoint.url + request.path
        headers = {"Content-Type": "application/json", **request.headers} if content else dict(request.headers)
        headers = await signer.sign(request.method, url, headers, content)
        headers["User-Agent"] = _USER_AGENT
        headers["Accept-Encoding"] = "identity"
        session = (await self._sessions.get()).session
        try:
            response = await session.request(
                request.method,
                URL(url, encoded=True),
                data=_data(content),
                headers=headers,
                allow_redirects=False,
                proxy=endpoint.proxy,
                ssl=True if endpoint.tls is None else endpoint.tls,
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _connection_error(error, self._timeouts) from error
        except ValueError as error:
            raise InvalidRequestError(f"the request cannot be sent: {error}") from error
        if 200 <= response.status < 300:
            return response
        raise await self._refusal(response)

    async def _refusal(self, response: aiohttp.ClientResponse) -> AdapterError:
        try:
            content = await self._read(response, _MAX_ERROR_BODY)
        except (AdapterError, TimeoutError):
            content = b""  # the status says enough
        finally:
            response.close()
        return from_response(WireResponse(response.status, _lower(response.headers), content))

    async def _read(self, response: aiohttp.ClientResponse, limit: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        patience = Patience(self._timeouts.idle, response.close)
        try:
            while True:
                with patience:
                    part = await response.content.readany()
                if not part:
                    return b"".join(parts)
                parts.append(part)
                size += len(part)
                if size > limit:
                    raise TransportError(f"the answer is larger than {limit} bytes", code="invalid_response")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _reading_error(TimeoutError() if patience.lost else error, self._timeouts.idle) from error
        finally:
            patience.close()


class HttpStream:
    """A stream over HTTP; see `TransportStream`."""

    def __init__(self, response: aiohttp.ClientResponse, timeouts: Timeouts, sessions: Sessions) -> None:
        self._response = response
        self._sessions = sessions  # were they dropped, the connection would close
        self._timeouts = timeouts
        self._limit = timeouts.first_byte  # the headers may come long before the model has a word to say
        self._patience = Patience(self._limit, response.close)
        self.headers: Mapping[str, str] = _lower(response.headers)
        self._decoder = EventDecoder(self.headers.get("x-amzn-requestid"))
        self._broken: AdapterError | None = None
        self._ended = False

    def __aiter__(self) -> AsyncIterator[list[Event]]:
        return self

    async def __anext__(self) -> list[Event]:
        if self._ended:
            raise StopAsyncIteration
        try:
            while True:
                # Bedrock's own words come before what became of the connection.
                if (failure := self._decoder.failure or self._broken) is not None:
                    raise failure
                data = await self._next_bytes()
                if not data and self._broken is None:
                    self._ended = True
                    self._patience.close()
                    self._decoder.close()
                    raise StopAsyncIteration
                if events := self._decoder.feed(data):
                    self._begun()
                    return events
        except StopAsyncIteration:
            raise
        except BaseException:
            # Cancellation included: Bedrock must stop, every further token is paid for.
            await self.aclose()
            raise

    def _begun(self) -> None:
        """From the first event on, silence is measured by the idle limit."""
        if self._limit != self._timeouts.idle:
            self._patience.close()
            self._limit = self._timeouts.idle
            self._patience = Patience(self._limit, self._response.close)

    async def _next_bytes(self) -> bytes:
        content = self._response.content
        try:
            with self._patience:
                return await content.readany()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._broken = _reading_error(TimeoutError() if self._patience.lost else error, self._limit)
            self._broken.request_id = self.headers.get("x-amzn-requestid")
            return _rest(content)

    async def aclose(self) -> None:
        """See `TransportStream.aclose`."""
        self._ended = True
        self._patience.close()
        self._response.close()


def _rest(content: Any) -> bytes:
    """What was received before the connection failed: aiohttp keeps it, but has no public way to read it then."""
    read = getattr(content, "_read_nowait", None)
    try:
        return bytes(read(-1)) if read is not None else b""
    except TimeoutError:
        return b""


def _data(content: bytes) -> bytes | io.BytesIO | None:
    if len(content) >= _STREAMED_BODY:
        return io.BytesIO(content)
    return content or None


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _connection_error(error: Exception, timeouts: Timeouts) -> AdapterError:
    """Why there was no answer. Only `connection_error` and timeouts of connecting are tried again."""
    if isinstance(error, TimeoutError):
        return TransportError(
            f"no connection to Bedrock within {timeouts.connect:g} seconds", status=504, code="timeout"
        )
    text = clean(str(error)) or type(error).__name__
    if isinstance(error, aiohttp.InvalidURL):
        return ConfigError(f"the URL of the endpoint or proxy cannot be used: {text}")
    if isinstance(error, aiohttp.ClientSSLError):
        return TransportError(f"TLS with Bedrock failed: {text}", code="tls_error")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return TransportError(f"the proxy refused: HTTP {error.status}", code="proxy_error")
    return TransportError(f"no connection to Bedrock: {text}")


def _reading_error(error: Exception, limit: float) -> AdapterError:
    if isinstance(error, TimeoutError):
        return ModelTimeoutError(f"Bedrock sent nothing for {limit:g} seconds")
    return StreamTruncatedError(f"the connection to Bedrock broke within the answer: {clean(str(error))}")
