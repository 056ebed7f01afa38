"""A loopback server whose answers are scripted to the byte."""

import json
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bedrock_adapter.eventstream import encode_frame
from bedrock_adapter.wire import WireRequest

PEM = Path(__file__).with_name("localhost.pem")


@dataclass
class Reply:
    """One answer. `parts` are sent chunked, each with its own write; a `threading.Event` among them is waited for.

    `cut`: the connection is closed without the end of the body. `hold`: it stays open until the client leaves.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    parts: list[bytes | threading.Event] | None = None
    cut: bool = False
    hold: bool = False


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        received = Received(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        self.server.requests.append(received)
        self.server.connections.add(self.client_address[1])
        self.server.arrived.set()
        try:
            self.answer(self.server.next_reply(received))
        except (BrokenPipeError, ConnectionResetError):
            self.server.left.set()
            self.close_connection = True

    do_GET = do_POST = do_PUT = handle_any  # noqa: N815

    def answer(self, reply: Reply | None) -> None:
        if reply is None:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.parts is None:
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in reply.parts:
            if isinstance(part, threading.Event):
                assert part.wait(20)
            else:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        if reply.hold:
            self.connection.settimeout(20)
            if not self.connection.recv(1):
                self.server.left.set()
        if reply.cut or reply.hold:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """`replies` are used up first, then `default` answers. `left` is set when a client closes a stream."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, tls: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[Received] = []
        self.connections: set[int] = set()
        self.replies: deque[Reply] = deque()
        self.default: Callable[[Received], Reply | None] = lambda _: Reply()
        self.arrived, self.left = threading.Event(), threading.Event()
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server_port}"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(PEM)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def next_reply(self, received: Received) -> Reply | None:
        return self.replies.popleft() if self.replies else self.default(received)

    def reply(self, *args: Any, **kwargs: Any) -> None:
        self.replies.append(Reply(*args, **kwargs))

    def refuse(self, status: int, code: str, message: str = "Said.", **headers: str) -> None:
        sent = {"x-amzn-ErrorType": f"{code}:http://internal/", "x-amzn-RequestId": "req-1", **headers}
        self.reply(status, json.dumps({"message": message}).encode(), sent)

    def stream(self, *parts: bytes | threading.Event, **kwargs: Any) -> None:
        headers = {"Content-Type": "application/vnd.amazon.eventstream", "x-amzn-RequestId": "req-2"}
        self.reply(headers=headers, parts=list(parts), **kwargs)

    @staticmethod
    def ok() -> Reply:
        return Reply()

    def handle_error(self, *_: Any) -> None:
        """A client that leaves, or that does not trust the certificate, is no error."""

    @staticmethod
    def frame(name: str, payload: Any = None) -> bytes:
        headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
        return encode_frame(headers, json.dumps(payload or {}).encode())

    @staticmethod
    def exception(name: str, message: str) -> bytes:
        headers = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
        return encode_frame(headers, json.dumps({"message": message}).encode())


async def collect(stream: Any, found: list[Any]) -> None:
    """Adds the events to `found`, which shows what came before an error."""
    async for batch in stream:
        assert batch
        found += batch


def _serve(tls: bool) -> Iterator[Server]:
    server = Server(tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    yield from _serve(tls=False)


@pytest.fixture
def tls_server() -> Iterator[Server]:
    yield from _serve(tls=True)


@pytest.fixture
def pem() -> Path:
    """The CA bundle that trusts `tls_server`."""
    return PEM


@pytest.fixture
def environment(server: Server, bedrock_environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Keys, a region, and both endpoints at `server`."""
    values = {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": server.url,
        "AWS_ENDPOINT_URL_BEDROCK": server.url,
    }
    for name, value in values.items():
        bedrock_environment.setenv(name, value)
    return bedrock_environment


@pytest.fixture
def converse() -> WireRequest:
    return WireRequest("Converse", "m:0", {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]})


@pytest.fixture
def converse_stream() -> WireRequest:
    return WireRequest("ConverseStream", "m:0", {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]})
