"""A gateway with its own HTTP stack."""

import base64
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bedrock_adapter.testing.emulator import BedrockEmulator, HttpError

from .conftest import EXAMPLES, Ask, Environment, spoken

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def chat(content: Any, **members: Any) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": content}], "max_tokens": 100, **members}


@pytest.fixture
def url(environment: Environment, serve: Callable[..., str]) -> str:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del environment[name]  # only what the example reads itself
    environment |= {"AWS_BEARER_TOKEN_BEDROCK": "token", "IMAGE_HOSTS": "127.0.0.1"}
    return serve(str(EXAMPLES / "sans_io.py"), "{port}")


@pytest.fixture
def image() -> Iterator[str]:
    class Image(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "image/png")
            self.end_headers()
            self.wfile.write(PNG)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Image)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/owl.png"
    server.shutdown()
    thread.join()
    server.server_close()


def test_its_own_stack_does_all_io(url: str, image: str, ask: Ask, bedrock_emulator: BedrockEmulator) -> None:
    endpoint = f"{url}/v1/chat/completions"
    status, answer = ask(endpoint, chat("Hello"))
    assert (status, answer["object"]) == (200, "chat.completion")
    assert bedrock_emulator.requests[-1].headers["authorization"] == "Bearer token"
    status, events = ask(endpoint, chat("Hello", stream=True))
    assert spoken(events) == answer["choices"][0]["message"]["content"]

    parts = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": image}}]
    status, answer = ask(endpoint, chat(parts))
    assert status == 200, answer
    (_, block) = bedrock_emulator.requests[-1].body["messages"][0]["content"]
    assert base64.b64decode(block["image"]["source"]["bytes"]) == PNG

    status, vectors = ask(
        f"{url}/v1/embeddings",
        {"model": "amazon.titan-embed-text-v2:0", "input": ["a", "b"], "encoding_format": "float"},
    )
    assert status == 200
    assert [len(item["embedding"]) for item in vectors["data"]] == [1024, 1024]


def test_errors_have_their_status(url: str, image: str, ask: Ask, bedrock_emulator: BedrockEmulator) -> None:
    endpoint = f"{url}/v1/chat/completions"
    elsewhere = [{"type": "image_url", "image_url": {"url": image.replace("127.0.0.1", "localhost")}}]
    status, refused = ask(endpoint, chat(elsewhere))
    assert status == 400
    assert "images come from 127.0.0.1" in refused["error"]["message"]
    for stream in (False, True):
        bedrock_emulator.script.next(HttpError("ThrottlingException"))
        status, refused = ask(endpoint, chat("Hello", stream=stream))
        assert (status, refused["error"]["code"]) == (429, "rate_limit_exceeded")


def test_what_is_no_request_is_a_400(url: str, ask: Ask) -> None:
    endpoint = f"{url}/v1/chat/completions"
    for body in (b"", b"{", b"\xff", b"[" * 100_000):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(urllib.request.Request(endpoint, body), timeout=60)
        with caught.value as refused:
            assert (refused.code, b"no JSON object" in refused.read()) == (400, True)
    not_asked: tuple[Any, ...] = ([], "x", {}, {"model": 5})
    for wrong in not_asked:
        status, told = ask(endpoint, wrong)
        assert (status, told["error"]["type"]) == (400, "invalid_request_error")


def test_it_runs_with_the_emulator_s_variables(
    bedrock_emulator: BedrockEmulator, serve: Callable[..., str], ask: Ask
) -> None:
    url = serve(str(EXAMPLES / "sans_io.py"), "{port}")
    for stream in (False, True):
        status, answer = ask(f"{url}/v1/chat/completions", chat("Hello", stream=stream))
        assert status == 200, answer
        assert (
            bedrock_emulator.requests[-1]
            .headers["authorization"]
            .startswith("AWS4-HMAC-SHA256 Credential=AKIDEMULATOR/")
        )


@pytest.mark.parametrize(
    ("arguments", "says"), [([], "usage: python"), (["x"], "usage: python"), (["1"], "set AWS_BEAR")]
)
def test_wrong_usage_is_one_line(environment: Environment, arguments: list[str], says: str) -> None:
    del environment["AWS_ACCESS_KEY_ID"]
    command = [sys.executable, str(EXAMPLES / "sans_io.py"), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(says)
