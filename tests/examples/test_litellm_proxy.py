"""The example's config on a real LiteLLM proxy with two workers and Redis, in front of the emulator."""

import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.testing.ports import free_port, listening

from .conftest import EXAMPLES, Ask, Environment, spoken

# The proxy is a process of its own, and may have an environment of its own.
PYTHON = os.environ.get("BEDROCK_ADAPTER_PROXY_PYTHON", "")
if not (Path(PYTHON).is_file() if PYTHON else importlib.util.find_spec("litellm")):
    pytest.skip("litellm is not installed", allow_module_level=True)
KEY = "sk-example-0123456789abcdef0123456789abcdef"
CREDENTIALS = """\
[second-account]
aws_access_key_id = AKIDSECOND
aws_secret_access_key = second
"""


@pytest.fixture
def redis_port(tmp_path: Path) -> Iterator[int]:
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("there is no redis-server")
    port = free_port()
    process = subprocess.Popen(
        [server, "--port", str(port), "--save", "", "--dir", str(tmp_path)], stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 20
    while not listening(port):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield port
    process.terminate()
    process.wait(20)


def chat(model: str, **members: object) -> dict[str, object]:
    # `no-cache`: what is tested is who answers, not what Redis remembers.
    messages = [{"role": "user", "content": "Hello"}]
    return {"model": model, "messages": messages, "cache": {"no-cache": True}, **members}


def test_the_operators_config(
    environment: Environment,
    serve: Callable[..., str],
    ask: Ask,
    bedrock_emulator: BedrockEmulator,
    redis_port: int,
    tmp_path: Path,
) -> None:
    (tmp_path / "credentials").write_text(CREDENTIALS)
    environment |= {
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "BEDROCK_ADAPTER_REDIS_URL": f"redis://127.0.0.1:{redis_port}/1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MASTER_KEY": KEY,
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(redis_port),
    }
    config = str(EXAMPLES / "litellm_proxy" / "config.yaml")
    start = ("-c", "from litellm import run_server; run_server()", "--host", "127.0.0.1", "--port", "{port}")
    url = serve(
        *start,
        "--num_workers",
        "2",
        "--timeout_worker_healthcheck",
        "180",
        "--config",
        config,
        patience=300,
        python=PYTHON,
    )
    _until_ready(ask, url)

    status, listed = ask(f"{url}/v1/models", key=KEY)
    names = {model["id"] for model in listed["data"]}
    assert names == {"claude", "nova", "thinker", "embeddings", "gpt-4o", "text-embedding-3-small"}

    endpoint = f"{url}/v1/chat/completions"
    for _ in range(12):  # spread over regions and accounts
        status, answer = ask(endpoint, chat("gpt-4o"), KEY)
        assert status == 200, answer
    signed = {
        (sent.model[:3], sent.headers["authorization"].split("Credential=")[1][:10])
        for sent in bedrock_emulator.requests
        if sent.operation == "Converse"
    }
    assert signed == {("us.", "AKIDEMULAT"), ("eu.", "AKIDSECOND")}
    assert "/eu-central-1/bedrock/" in next(
        sent.headers["authorization"] for sent in bedrock_emulator.requests if sent.model.startswith("eu.")
    )

    status, events = ask(endpoint, chat("thinker", stream=True), KEY)
    assert status == 200
    assert spoken(events)
    assert bedrock_emulator.requests[-1].body["additionalModelRequestFields"]["thinking"]["type"] == "enabled"

    vectors = {"model": "text-embedding-3-small", "input": "Hello", "encoding_format": "base64"}
    status, embedded = ask(f"{url}/v1/embeddings", vectors, KEY)
    assert (status, type(embedded["data"][0]["embedding"])) == (200, str)

    bedrock_emulator.access["anthropic.*"] = "no_access"  # Claude is gone in both: Nova answers
    status, answer = ask(endpoint, chat("claude"), KEY)
    assert status == 200, answer
    assert bedrock_emulator.requests[-1].model == "us.amazon.nova-pro-v1:0"


def _until_ready(ask: Ask, url: str) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        try:
            if ask(f"{url}/health/readiness")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.5)
    raise AssertionError("the proxy did not get ready")
