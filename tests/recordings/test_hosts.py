"""The recorded traffic once more, through the real server processes: `serve`, and the LiteLLM proxy where it is installed."""

import base64
import http.client
import http.server
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bedrock_adapter import json_codec
from bedrock_adapter.streaming import fold
from bedrock_adapter.testing.ports import free_port
from bedrock_adapter.types import Json

from .meaning import essence, seen_answer, true_answer
from .test_recordings import CHAT, EMBEDDINGS, FOLDER, base64_vectors, ids, request_of

pytestmark = pytest.mark.skipif(not FOLDER, reason="BEDROCK_RECORDINGS names no folder with recorded traffic")
KEY = "sk-0123456789abcdef0123456789abcdef"
CONFIG = """\
litellm_settings:
  custom_provider_map:
    - {provider: bedrock_adapter, custom_handler: bedrock_adapter.hosts.litellm.handler}
general_settings: {master_key: os.environ/LITELLM_MASTER_KEY}
"""
EXCHANGES = [exchange for exchange in CHAT if exchange["operation"] != "CountTokens"]


class Recorded(http.server.ThreadingHTTPServer):
    """A Bedrock that answers model calls with one recorded answer, and lists no models."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.exchange: Json = {}
        self.body: Json = {}


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Recorded

    def do_GET(self) -> None:
        nothing: Json = {"modelSummaries": [], "inferenceProfileSummaries": []}
        profile = {"models": [{"modelArn": "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5"}]}
        lists = self.path.startswith(("/foundation-models", "/inference-profiles?"))
        self._send(200, {"content-type": "application/json"}, json.dumps(nothing if lists else profile).encode())

    def do_POST(self) -> None:
        self.server.body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        exchange = self.server.exchange
        recorded = exchange.get("response_b64")
        content = base64.b64decode(recorded) if recorded else json_codec.dumps(exchange["response"])
        self._send(exchange["status"], exchange["headers"], content)

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        pass


class Host(NamedTuple):
    address: str
    prefix: str
    bedrock: Recorded

    def ask(self, request: Json, path: str = "/v1/chat/completions") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.address, timeout=60)
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        body = json.dumps({**request, "model": self.prefix + request["model"]})
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        answer = response.status, response.read()
        connection.close()
        return answer


def ready(address: str, path: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection(address, timeout=5)
        try:
            connection.request("GET", path)
            connection.getresponse().read()
            return
        except OSError:
            threading.Event().wait(0.2)
        finally:
            connection.close()
    raise AssertionError(f"the server on {address} did not start")


@pytest.fixture(scope="module", params=["serve", "litellm"])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    if request.param == "litellm" and importlib.util.find_spec("fastapi") is None:
        pytest.skip("the LiteLLM proxy is not installed")
    bedrock = Recorded()
    threading.Thread(target=bedrock.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{bedrock.server_port}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BEDROCK_ADAPTER_"))}
    environment = {
        **kept,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
        "AWS_ENDPOINT_URL_BEDROCK": url,
        "BEDROCK_ADAPTER_API_KEY": KEY,
        "LITELLM_MASTER_KEY": KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    folder, port = tmp_path_factory.mktemp("host"), str(free_port())
    Path(folder, "config.yaml").write_text(CONFIG)
    commands = {
        "serve": ["-m", "bedrock_adapter", "serve", "--port", port],
        "litellm": [
            "-c",
            "from litellm import run_server; run_server()",
            "--config",
            "config.yaml",
            "--host",
            "127.0.0.1",
            "--port",
            port,
        ],
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *commands[request.param]],
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        address = f"127.0.0.1:{port}"
        ready(address, "/health" if request.param == "serve" else "/health/liveliness", process)
        yield Host(address, "bedrock_adapter/" if request.param == "litellm" else "", bedrock)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
        bedrock.shutdown()
        bedrock.server_close()


@pytest.mark.parametrize("exchange", EXCHANGES, ids=ids(EXCHANGES))
def test_chat_through_a_host(host: Host, exchange: Json) -> None:
    request = request_of(exchange)
    host.bedrock.exchange = exchange
    status, content = host.ask(request)
    if exchange["status"] != 200:
        said = exchange["response"]["message"].removeprefix("The model returned the following errors: ")
        assert status == (404 if "model identifier is invalid" in said else 400)
        assert said[:40] in json.loads(content)["error"]["message"]
        return
    assert status == 200, content[:500]
    if request.get("stream"):
        lines = [line[6:] for line in content.split(b"\n") if line.startswith(b"data: ")]
        assert lines[-1] == b"[DONE]"
        body = fold([json.loads(line) for line in lines[:-1]])
    else:
        body = json.loads(content)
    assert seen_answer(body) == true_answer(exchange)
    assert essence(host.bedrock.body) == essence(exchange["request"])


@pytest.mark.parametrize("exchange", EMBEDDINGS, ids=ids(EMBEDDINGS))
def test_embeddings_through_a_host(host: Host, exchange: Json) -> None:
    request = request_of(exchange)
    host.bedrock.exchange = exchange
    status, content = host.ask(request, "/v1/embeddings")
    assert status == 200, content[:500]
    body = json.loads(content)
    assert [item["embedding"] for item in body["data"]] == base64_vectors(exchange["response"])
    assert body["usage"]["prompt_tokens"] == int(exchange["headers"]["x-amzn-bedrock-input-token-count"])
