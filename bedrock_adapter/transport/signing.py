"""Signers: what makes a target's requests acceptable to Bedrock."""

import asyncio
import functools
import threading
from collections import OrderedDict
from typing import Any

from bedrock_adapter.errors import ConfigError
from bedrock_adapter.transport.credentials import bearer_token, credentials_of, open_session, region_of
from bedrock_adapter.transport.endpoints import Endpoint, is_loopback, resolve_endpoint
from bedrock_adapter.transport.flight import Flight
from bedrock_adapter.transport.sdk_errors import sdk_error
from bedrock_adapter.wire import Target

SIGNING_NAME = "bedrock"
"""SigV4 service name of the runtime and of the control plane."""

# Hashing runs at about 0.5 GB/s and lets other threads run.
_HASHED_IN_THREAD = 1 << 20
# Credentials that expire sooner are not used before they have been renewed; botocore's own mandatory limit.
_MUST_RENEW = 600


class Signer:
    """Endpoints and credentials of one target. Resolved in a thread on first use, kept until near expiry, then renewed.

    Used from any event loop. Raises what `Transport.send` raises.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._bearer: str | None = None
        self._region: str | None = None
        self._session: Any = None
        self._source: Any = None
        self._frozen: Any = None
        # botocore sessions are not thread-safe.
        self._building = threading.RLock()
        self._endpoints: dict[str, Endpoint] = {}
        self._resolving = {
            service: Flight(functools.partial(self._resolve, service), f"endpoint of {service}")
            for service in ("bedrock-runtime", "bedrock")
        }
        self._renewing = Flight(self._renew, "AWS credentials")

    async def endpoint(self, service: str) -> Endpoint:
        """Where requests to `service` go."""
        return self._endpoints.get(service) or await self._resolving[service].result()

    async def sign(self, method: str, url: str, headers: dict[str, str], content: bytes) -> dict[str, str]:
        """`headers` and those that authenticate the request.

        Args:
            method: HTTP method.
            url: full URL on an endpoint of this signer, percent-encoded.
            headers: headers that will be sent.
            content: body.
        """
        if self._bearer is not None:
            return {**headers, "Authorization": f"Bearer {self._bearer}"}
        frozen = self._frozen
        if frozen is None or self._expires(None):
            renewal = self._renewing
            if frozen is not None and not self._expires(_MUST_RENEW):
                renewal.start()  # good for some more minutes: renewed in the background
            else:
                frozen = await renewal.result()
        if len(content) < _HASHED_IN_THREAD:
            return self._signed(frozen, method, url, headers, content)
        return await asyncio.to_thread(self._signed, frozen, method, url, headers, content)

    def _expires(self, within: int | None) -> bool:
        refresh_needed = getattr(self._source, "refresh_needed", None)
        return refresh_needed is not None and bool(refresh_needed(within))

    def _signed(self, frozen: Any, method: str, url: str, headers: dict[str, str], content: bytes) -> dict[str, str]:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        request = AWSRequest(method, url, headers, content)
        SigV4Auth(frozen, SIGNING_NAME, str(self._region)).add_auth(request)
        return dict(request.headers.items())

    def _resolve(self, service: str) -> Endpoint:
        target = self._target
        override = target.runtime_endpoint if service == "bedrock-runtime" else target.control_endpoint
        with self._building:
            try:
                session = self._opened(needs_region=override is None)
                endpoint = resolve_endpoint(session, service, self._region, override)
            except Exception as error:
                raise sdk_error(error) from error
        if self._bearer is not None and not endpoint.url.startswith("https:") and not is_loopback(endpoint.url):
            where = endpoint.url
            raise ConfigError(f"a Bedrock API key is not sent over plain http: {where} must be https, or loopback")
        self._endpoints[service] = endpoint
        return endpoint

    def _renew(self) -> Any:
        with self._building:
            try:
                session = self._opened(needs_region=True)
                if self._source is None:
                    self._source = credentials_of(session, self._target, str(self._region))
                self._frozen = self._source.get_frozen_credentials()
            except Exception as error:
                raise sdk_error(error) from error
        return self._frozen

    def _opened(self, *, needs_region: bool) -> Any:
        if self._session is None:
            self._bearer = bearer_token(self._target)
            session = open_session(self._target)
            self._region = region_of(session, self._target)
            self._session = session
        if self._region is None and (needs_region or self._bearer is None):
            raise ConfigError("no AWS region: give one with the model or target, in AWS_REGION, or in the AWS profile")
        return self._session


class Signers:
    """Signers by target, the least recently used dropped beyond a limit. Thread-safe."""

    LIMIT = 256

    def __init__(self) -> None:
        self._signers: OrderedDict[Target, Signer] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, target: Target) -> Signer:
        """The signer of `target`, new where it is not known."""
        with self._lock:
            signer = self._signers.get(target)
            if signer is None:
                signer = self._signers[target] = Signer(target)
                if len(self._signers) > self.LIMIT:
                    self._signers.popitem(last=False)
            else:
                self._signers.move_to_end(target)
            return signer

    def forget(self, target: Target, signer: Signer) -> None:
        """Drop a signer whose credentials were refused: files and environment are read anew for the next request."""
        with self._lock:
            if self._signers.get(target) is signer:
                del self._signers[target]
