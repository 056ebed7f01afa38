"""The ASGI host: OpenAI's HTTP API as a mountable application (Starlette).

    GET  /v1/models, /v1/models/{id}
    POST /v1/chat/completions, /v1/chat/completions/input_tokens, /v1/embeddings
    GET  /health

and the same under `/api/v1`.
"""

import hashlib
import hmac
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bedrock_adapter import json_codec
from bedrock_adapter.adapter import Adapter
from bedrock_adapter.call import Context, Note
from bedrock_adapter.engine import Answer
from bedrock_adapter.errors import (
    AdapterError,
    AuthenticationError,
    ConfigError,
    RequestError,
    RequestTooLargeError,
)
from bedrock_adapter.hosts.notes import HEADER, notes_header
from bedrock_adapter.hosts.sse import EventStreamResponse, or_disconnect
from bedrock_adapter.settings import Settings, load_settings
from bedrock_adapter.types import Json

_LOG = logging.getLogger(__name__)
_PREFIXES = ("/v1", "/api/v1")
_EXPOSED = ("x-request-id", "x-amzn-requestid", "x-bedrock-adapter-notes")  # to scripts in browsers

Authenticator = Callable[[Request], Awaitable[str]]
"""Returns the caller's identity (stable, not secret), or raises `AuthenticationError`."""

Auth = str | Authenticator
"""A bearer key, `"host"`, or a function."""


def create_app(
    settings: Settings | None = None, *, auth: Auth | None = None, adapter: Adapter | None = None
) -> Starlette:
    """The application, to be served alone or mounted in another one.

    Args:
        settings: by default from environment and file.
        auth: the bearer key that callers must send; or `"host"`: the host has authenticated them, and the identity is
            `scope["state"]["identity"]` (`request.state.identity` in Starlette and FastAPI); or an async callable.
        adapter: a ready adapter, instead of one made of `settings`.

    Raises:
        ConfigError: none of the ways to authenticate is given.
    """
    settings = settings or (adapter.settings if adapter else load_settings())
    authenticate = _authenticator(auth if auth is not None else settings.api_key)
    gateway = Gateway(adapter or Adapter(settings), authenticate)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> Any:
        yield
        await gateway.adapter.aclose()

    routes = [Route("/health", _health, methods=["GET"])]
    for prefix in _PREFIXES:
        routes += [
            Route(f"{prefix}/models", gateway.models, methods=["GET"]),
            Route(f"{prefix}/models/{{model:path}}", gateway.model, methods=["GET"]),
            Route(f"{prefix}/chat/completions", Endpoint(gateway, gateway.chat), methods=["POST"]),
            Route(f"{prefix}/chat/completions/input_tokens", Endpoint(gateway, gateway.input_tokens), methods=["POST"]),
            Route(f"{prefix}/embeddings", Endpoint(gateway, gateway.embeddings), methods=["POST"]),
        ]
    middleware = [Middleware(RequestIds)]
    if settings.cors_origins:
        cors = Middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=_EXPOSED,
        )
        middleware.append(cors)
    handlers: Mapping[Any, Any] = {AdapterError: _adapter_error, HTTPException: _http_error, Exception: _unexpected}
    return Starlette(routes=routes, middleware=middleware, exception_handlers=handlers, lifespan=lifespan)


def app_from_environment() -> Starlette:
    """What each worker of `bedrock-adapter serve` runs; without a key everybody is let in, as only loopback is bound."""
    settings = load_settings()
    return create_app(settings, auth=settings.api_key or anonymous)


async def anonymous(request: Request) -> str:
    """Lets everybody in, as one caller. For loopback."""
    return ""


def _authenticator(auth: Auth | None) -> Authenticator:
    if auth is None or auth == "":
        raise ConfigError(
            "the ASGI host needs a way to authenticate: set BEDROCK_ADAPTER_API_KEY, pass auth=KEY, auth='host' where the "
            "host application has authenticated already, or an async callable",
            param="auth",
        )
    if auth == "host":
        return _host_identity
    return _key_check(auth) if isinstance(auth, str) else auth


async def _host_identity(request: Request) -> str:
    return str(request.scope.get("state", {}).get("identity") or "")


def _key_check(key: str) -> Authenticator:
    wanted = key.encode()
    identity = hashlib.sha256(wanted).hexdigest()[:16]

    async def check(request: Request) -> str:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), wanted):
            raise AuthenticationError("the API key is missing or wrong; send it as 'Authorization: Bearer KEY'")
        return identity

    return check


class Gateway:
    """The endpoints over one adapter."""

    def __init__(self, adapter: Adapter, authenticate: Authenticator) -> None:
        self.adapter = adapter
        self.authenticate = authenticate
        _ = adapter.engine  # imports the HTTP client now, not on the event loop under the first request

    async def models(self, request: Request) -> Response:
        await self.authenticate(request)
        refresh = request.query_params.get("refresh", "").lower() in ("1", "true", "yes")
        return _json({"object": "list", "data": await self.adapter.amodels(refresh=refresh)})

    async def model(self, request: Request) -> Response:
        await self.authenticate(request)
        return _json(await self.adapter.amodel(request.path_params["model"]))

    async def chat(self, body: Json, context: Context) -> ASGIApp:
        if not body.get("stream"):
            return _answer(await self.adapter.aanswer(body, context=context))
        return EventStreamResponse(
            lambda: self.adapter.open_stream(body, context=context), headers=_headers, error=_error_response
        )

    async def embeddings(self, body: Json, context: Context) -> ASGIApp:
        return _answer(await self.adapter.aembed(body, context=context))

    async def input_tokens(self, body: Json, context: Context) -> ASGIApp:
        return _json({"input_tokens": await self.adapter.acount_tokens(body, context=context)})


class Endpoint:
    """A POST endpoint as a plain ASGI application: authenticate, read a bounded JSON body, run until the client leaves."""

    def __init__(self, gateway: Gateway, run: Callable[[Json, Context], Awaitable[ASGIApp]]) -> None:
        self._gateway = gateway
        self._run = run

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        context = Context(identity=await self._gateway.authenticate(request))
        body = await _body(request, self._gateway.adapter.settings.max_body)
        response = await or_disconnect(receive, self._run(body, context))
        if response is not None:
            await response(scope, receive, send)


async def _body(request: Request, limit: int) -> Json:
    if int(request.headers.get("content-length") or 0) > limit:
        raise _too_large(limit)
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > limit:
            raise _too_large(limit)
    try:
        body = json_codec.loads(bytes(data))
    except (ValueError, RecursionError) as error:
        raise RequestError(f"the body is not JSON: {error}", code="invalid_json") from None
    if not isinstance(body, dict):
        raise RequestError("the body must be a JSON object", code="invalid_type")
    return body


def _too_large(limit: int) -> RequestTooLargeError:
    return RequestTooLargeError(f"the body is larger than {limit} bytes (BEDROCK_ADAPTER_MAX_BODY)")


def _json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json_codec.dumps(value), status, dict(headers or {}), media_type="application/json")


def _answer(answer: Answer) -> Response:
    return _json(answer.body, headers=_headers(answer.notes, answer.request_id))


def _headers(notes: Sequence[Note], request_id: str) -> dict[str, str]:
    headers = {"x-amzn-requestid": request_id} if request_id else {}
    if notes:
        headers[HEADER] = notes_header(notes)
    return headers


async def _health(request: Request) -> Response:
    return _json({"status": "ok"})


def _error_response(error: Exception) -> Response:
    if isinstance(error, AdapterError):
        if error.status >= 500:
            _LOG.warning("%s %s: %s", error.status, error.code, error.message)
        return _json(error.to_openai(), error.status, error.headers())
    _LOG.error("unexpected %s", type(error).__name__, exc_info=error)
    hidden = AdapterError("the gateway failed; its log tells more", code="internal_error")
    return _json(hidden.to_openai(), 500)


async def _adapter_error(request: Request, error: Exception) -> Response:
    return _error_response(error)


async def _unexpected(request: Request, error: Exception) -> Response:
    return _error_response(error)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # registered for it
    code = "method_not_allowed" if error.status_code == 405 else "not_found"
    said = RequestError(f"{request.method} {request.url.path}: {error.detail}", status=error.status_code, code=code)
    return _json(said.to_openai(), error.status_code, error.headers)


class RequestIds:
    """Gives each answer an `x-request-id`: the client's if it sent a sane one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = (
            given
            if 0 < len(given) <= 128 and given.isascii() and given.decode().isprintable()
            else uuid.uuid4().hex.encode()
        )

        started = False

        async def send_with_id(message: Any) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            if started:
                raise
            await _error_response(error)(scope, receive, send_with_id)
