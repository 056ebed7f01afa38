"""The HTTP side: routing by percent-encoded path, authentication, recording, scripted answers, chunked streams."""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response
from werkzeug.datastructures import Headers
from werkzeug.serving import WSGIRequestHandler

from . import control, converse, invoke
from .frames import dumps
from .refusals import ERROR_TYPE_SUFFIX, BedrockError, refusal
from .requests import Recorded
from .script import Plan, Script
from .state import State
from .streams import POLL, Stream, client_left

EVENT_STREAM = "application/vnd.amazon.eventstream"
_RUNTIME = re.compile(
    r"/model/(?P<model>[^/]+)/(?P<verb>converse|converse-stream|count-tokens|invoke|invoke-with-response-stream)"
)
_VERBS = {
    "converse": "Converse",
    "converse-stream": "ConverseStream",
    "count-tokens": "CountTokens",
    "invoke": "InvokeModel",
    "invoke-with-response-stream": "InvokeModelWithResponseStream",
}
_SCOPE = re.compile(r"AWS4-HMAC-SHA256 .*Credential=[^/]+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


class BedrockEmulator(HTTPServer):
    """A Bedrock on loopback.

    >>> with BedrockEmulator() as emulator:                                     # doctest: +SKIP
    ...     client = boto3.client("bedrock-runtime", endpoint_url=emulator.url, region_name="us-east-1")

    ``requests``: the last ``keep`` requests as `Recorded`. ``script``: answers to give next. ``arns``: what ARNs that hide
    their model stand for; ``access``: globs on base ids to the names of refusals (``{"anthropic.*": "no_access"}``).
    ``dropped`` is set when a client leaves a stream before its end; ``open_streams`` counts those being sent.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, keep: int = 200) -> None:
        super().__init__(host=host, port=port, threaded=True)
        self.requests: deque[Recorded] = deque(maxlen=keep)
        self.script = Script()
        self.state = State()
        self.dropped = threading.Event()
        self._streams: set[Stream] = set()
        self._closing = threading.Event()

    @property
    def url(self) -> str:
        """Base URL of both services."""
        return f"http://{self.format_host(self.host)}:{self.port}"

    @property
    def arns(self) -> dict[str, str]:
        """ARN to the model or profile id behind it; tests add their own."""
        return self.state.arns

    @property
    def access(self) -> dict[str, str]:
        """Globs on base ids to names of refusals: models that the account may not use."""
        return self.state.access

    @property
    def open_streams(self) -> int:
        """How many streams are being sent."""
        return len(self._streams)

    @property
    def environ(self) -> dict[str, str]:
        """Environment variables that point an AWS client here."""
        return {
            "AWS_ACCESS_KEY_ID": "AKIDEMULATOR",
            "AWS_SECRET_ACCESS_KEY": "emulator",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self.url,
            "AWS_ENDPOINT_URL_BEDROCK": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def reset(self) -> None:
        """Forget requests, scripted answers, caches, denials and added ARNs."""
        self.requests.clear()
        self.script.clear()
        self.state = State()
        self.dropped.clear()

    def thread_target(self) -> None:
        """Serve until stopped; polls often, so that stopping is quick."""
        assert self.server is not None
        self.server.RequestHandlerClass = _Handler
        self.server.serve_forever(poll_interval=0.02)

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._closing = threading.Event()
        super().start()

    def stop(self) -> None:
        """Stop serving; streams under way end."""
        self._closing.set()
        super().stop()

    def application(self, request: Request) -> Response:
        """Answer one request; nothing is kept but the bounded ``requests``."""
        request_id = str(uuid4())
        try:
            response = self._answer(request)
        except BedrockError as error:
            response = Response(dumps({"message": error.message}), error.status, error.headers)
            response.headers["x-amzn-ErrorType"] = error.error + ERROR_TYPE_SUFFIX
            response.headers["Content-Type"] = "application/json"
        response.headers["x-amzn-RequestId"] = request_id
        return response

    def dispatch(self, request: Request) -> Response:
        """Same as `application`: the server has no registered handlers."""
        return self.application(request)

    def _answer(self, request: Request) -> Response:
        path = str(request.environ.get("RAW_URI", request.path)).partition("?")[0]
        region = check_authentication(request.headers)
        match = _RUNTIME.fullmatch(path)
        if match is None:
            return self._control(request, path, region)
        if request.method != "POST":
            raise refusal("unknown_operation")
        operation, model = _VERBS[match["verb"]], unquote(match["model"])
        body = self._record(request, operation, model, path)
        if isinstance(body, bytes):
            raise refusal("serialization", reason="the body is not JSON")
        handlers: dict[str, Callable[..., Any]] = {
            "Converse": converse.converse,
            "ConverseStream": converse.converse_stream,
            "CountTokens": converse.count_tokens,
            "InvokeModel": invoke.invoke,
            "InvokeModelWithResponseStream": invoke.invoke_stream,
        }
        answer = handlers[operation](operation, model, body, self.state)
        plan = self.script.take(operation, model)
        return self._reply(answer, plan, request.environ)

    def _record(self, request: Request, operation: str, model: str, path: str) -> Any:
        data = request.get_data()
        try:
            body = json.loads(data or b"{}")
        except ValueError:
            body = data
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(Recorded(operation, model, body, headers, path, request.args.to_dict()))
        return body

    def _control(self, request: Request, path: str, region: str) -> Response:
        operation, identifier = control.route(request.method, path)
        self._record(request, operation, identifier, path)
        plan = self.script.take(operation, identifier)
        self._fail(plan)
        body = plan.response
        if body is None:
            body = control.answer(operation, identifier, request.args.to_dict(), self.state, region)
        return self._raw(plan) or Response(dumps(body), 200, content_type="application/json")

    def _reply(self, answer: converse.Answer, plan: Plan, environ: Mapping[str, Any]) -> Response:
        self._hold(plan, environ)
        self._fail(plan)
        raw = self._raw(plan)
        if raw is not None:
            return raw
        if not answer.streaming:
            body = plan.response if plan.response is not None else answer.response()
            return Response(dumps(body), 200, answer.headers, content_type="application/json")
        stream = Stream(answer.frames(plan), plan, lambda: client_left(environ), self._closing)
        return Response(self._send(stream), 200, answer.headers, content_type=EVENT_STREAM)

    def _send(self, stream: Stream) -> Iterator[bytes]:
        self._streams.add(stream)
        try:
            yield from stream
        finally:
            self._streams.discard(stream)
            if not stream.complete and not stream.closing.is_set():
                self.dropped.set()

    def _hold(self, plan: Plan, environ: Mapping[str, Any]) -> None:
        """Send nothing until the plan's event is set, the client leaves or the server stops."""
        while plan.hold is not None and not plan.hold.wait(POLL):
            if self._closing.is_set() or client_left(environ):
                return

    def _fail(self, plan: Plan) -> None:
        if plan.failure is not None:
            raise plan.failure.refusal()

    def _raw(self, plan: Plan) -> Response | None:
        return None if plan.raw is None else Response(plan.raw[2], plan.raw[0], dict(plan.raw[1]))


class _Handler(WSGIRequestHandler):
    """A request handler that writes no access log."""

    protocol_version = "HTTP/1.1"

    def log(self, kind: str, message: str, *args: Any) -> None:
        """Say nothing."""


def check_authentication(headers: Headers) -> str:
    """The region of a SigV4 signature's scope, or us-east-1 for a bearer key; refuse anything else."""
    authorization = headers.get("Authorization", "")
    if re.fullmatch(r"Bearer \S+", authorization):
        return "us-east-1"
    match = _SCOPE.match(authorization)
    if match is None:
        raise refusal("missing_auth")
    if match["service"] != "bedrock":
        raise refusal("incomplete_signature")
    return match["region"]


def serve(host: str = "127.0.0.1", port: int = 8808) -> BedrockEmulator:
    """A started emulator; the caller stops it."""
    emulator = BedrockEmulator(host, port)
    emulator.start()
    return emulator
