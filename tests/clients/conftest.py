"""The two hosts as processes of their own, each with an emulated Bedrock; real clients talk to both.

The LiteLLM proxy may live in another environment than the clients, whose versions of openai differ: its interpreter is named by
BEDROCK_ADAPTER_PROXY_PYTHON.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from bedrock_adapter.testing.emulator import BedrockEmulator

EMBEDDER = "cohere.embed-v4:0"
CONFIG = """\
model_list:
  - {model_name: "*", litellm_params: {model: "bedrock_adapter/*"}}
litellm_settings:
  custom_provider_map:
    - {provider: bedrock_adapter, custom_handler: bedrock_adapter.hosts.litellm.handler}
general_settings: {master_key: os.environ/LITELLM_MASTER_KEY}
"""
SETTINGS = {"BEDROCK_ADAPTER_DEFAULT_EMBEDDING_MODEL": EMBEDDER}


class Host(NamedTuple):
    """A running host: `name` is serve or litellm, `address` the base URL for OpenAI's clients."""

    name: str
    address: str
    bedrock: BedrockEmulator


@pytest.fixture(scope="session", params=["serve", "litellm"])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    if request.param == "serve":
        with _serve() as running:
            yield running
        return
    python = os.environ.get("BEDROCK_ADAPTER_PROXY_PYTHON") or sys.executable
    if not Path(python).exists() or (python == sys.executable and importlib.util.find_spec("fastapi") is None):
        pytest.skip("the LiteLLM proxy is not installed")
    from ..hosts.litellm.proxies import running as proxy

    command = [python, "-c", "from litellm import run_server; run_server()"]
    with proxy(tmp_path_factory.mktemp("proxy"), config=CONFIG, environ=SETTINGS, command=command) as litellm:
        yield Host("litellm", f"{litellm.url}/v1", litellm.bedrock)


@pytest.fixture
def address(host: Host) -> str:
    return host.address


@contextmanager
def _serve() -> Iterator[Host]:
    from ..hosts.litellm.proxies import KEY

    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BEDROCK_ADAPTER_"))}
    with BedrockEmulator() as bedrock:
        environment = {**kept, **bedrock.environ, **SETTINGS, "BEDROCK_ADAPTER_API_KEY": KEY}
        command = [sys.executable, "-m", "bedrock_adapter", "serve", "--port", "0"]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            line = next(line for line in process.stderr if "running on" in line)
            address = line.split("running on ")[1].split()[0]
            try:
                yield Host("serve", f"{address}/v1", bedrock)
            finally:
                process.terminate()
                process.communicate()
