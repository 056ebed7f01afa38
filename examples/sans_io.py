"""A gateway with its own HTTP stack: the adapter only translates. Nothing below lets it open a connection.

needs(request)            what must be known first, e.g. the image behind a URL
encode(request)           the HTTP request for Bedrock
decode(encoded, [answer]) OpenAI's answer
stream_decoder(encoded)   bytes in, OpenAI's chunks out

AWS_BEARER_TOKEN_BEDROCK=... python sans_io.py 8080      or with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
"""

import http.client
import json
import os
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bedrock_adapter import Adapter, AdapterError, Encoded, Need, RequestError, WireRequest, WireResponse
from bedrock_adapter.fetch import Fetched, FetchURL

REGION = os.environ.get("AWS_REGION", "us-east-1")
BEDROCK = os.environ.get("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", f"https://bedrock-runtime.{REGION}.amazonaws.com")
TOKEN = os.environ.get("AWS_BEARER_TOKEN_BEDROCK", "")
KEYS = [os.environ.get(f"AWS_{name}", "") for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")]
IMAGE_HOSTS = os.environ.get("IMAGE_HOSTS", "").split(",")

adapter = Adapter()


def load(need: Need) -> Any:
    """This gateway fetches images, and from its own hosts only."""
    if not isinstance(need, FetchURL):
        raise RequestError(f"this gateway cannot load {need!r}")
    if urllib.parse.urlsplit(need.url).hostname not in IMAGE_HOSTS:
        raise RequestError(f"images come from {', '.join(IMAGE_HOSTS)}, not from {need.url}", param=need.param)
    with urllib.request.urlopen(need.url, timeout=10) as answer:
        return Fetched(answer.read(), answer.headers.get_content_type())


def signed(wire: WireRequest, content: bytes) -> dict[str, str]:
    """The headers: with the bearer token where there is one, else signed with the AWS keys."""
    headers = {"content-type": "application/json", **wire.headers}
    if TOKEN:
        return {**headers, "authorization": f"Bearer {TOKEN}"}
    request = AWSRequest(wire.method, BEDROCK + wire.path, headers, content)
    SigV4Auth(Credentials(KEYS[0], KEYS[1], KEYS[2] or None), "bedrock", REGION).add_auth(request)
    return dict(request.headers.items())


def send(wire: WireRequest) -> http.client.HTTPResponse:
    """One request to Bedrock; the answer is still to be read."""
    url = urllib.parse.urlsplit(BEDROCK)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=60)
    content = wire.content()
    connection.request(wire.method, wire.path, content, signed(wire, content))
    return connection.getresponse()


def whole(answer: http.client.HTTPResponse) -> WireResponse:
    """An answer read to its end."""
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return WireResponse(answer.status, headers, answer.read())


def chunks(encoded: Encoded) -> Iterator[dict[str, Any]]:
    """The chunks of a stream. What fails before the first of them is an ordinary error."""
    answer = send(encoded.requests[0])
    if answer.status != 200:
        adapter.decode(encoded, [whole(answer)])  # raises what Bedrock said
    decoder = adapter.stream_decoder(encoded)
    while data := answer.read1(65536):
        yield from decoder.feed(data)
    decoder.close()  # raises if the stream ended too early


class Gateway(BaseHTTPRequestHandler):
    """`POST /v1/chat/completions` and `/v1/embeddings`."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Translate, send, translate back."""
        try:
            request = self.asked()
            resources = {need.key: load(need) for need in adapter.needs(request)}
            encoded = adapter.encode(request, resources=resources)
            if encoded.requests[0].streaming:
                self.stream(chunks(encoded))
            else:
                self.reply(200, adapter.decode(encoded, [whole(send(wire)) for wire in encoded.requests]))
        except AdapterError as error:
            self.reply(error.status, error.to_openai())

    def asked(self) -> dict[str, Any]:
        """The request; the adapter checks what is in it."""
        try:
            request = json.loads(self.rfile.read(int(self.headers["content-length"] or 0)))
        except (ValueError, RecursionError):
            request = None
        if not isinstance(request, dict):
            raise RequestError("the body is no JSON object")
        return request

    def reply(self, status: int, body: dict[str, Any]) -> None:
        """A JSON answer."""
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, parts: Iterator[dict[str, Any]]) -> None:
        """Server-sent events; the first chunk is waited for, so that an early error has its own status."""
        first = next(parts)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.event(first)
        try:
            for part in parts:
                self.event(part)
        except AdapterError as error:
            self.event(error.to_openai())
        else:
            self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def event(self, data: dict[str, Any]) -> None:
        """One event."""
        self.wfile.write(b"data: " + json.dumps(data).encode() + b"\n\n")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].isdigit():
        sys.exit(f"usage: python {sys.argv[0]} PORT")
    if not TOKEN and not all(KEYS[:2]):
        sys.exit("set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Gateway).serve_forever()
