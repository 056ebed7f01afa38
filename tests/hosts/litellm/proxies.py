"""Real LiteLLM proxy processes."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai

from bedrock_adapter.testing.emulator import BedrockEmulator

ONE_LINE = """\
litellm_settings:
  custom_provider_map:
    - {provider: bedrock_adapter, custom_handler: bedrock_adapter.hosts.litellm.handler}
general_settings: {master_key: os.environ/LITELLM_MASTER_KEY}
"""
KEY = "sk-8b4f2d0c6e7a45c1b3d9f1a2"
_PATIENCE = 120.0
_KEPT = ("PATH", "LANG", "TIKTOKEN_CACHE_DIR")


@dataclass(frozen=True)
class Proxy:
    """A running proxy and the Bedrock behind it."""

    url: str
    bedrock: BedrockEmulator
    log: Path

    def openai(self, **options: Any) -> Any:  # requests in tests are plain dictionaries
        """The real client."""
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=KEY, **{"max_retries": 0, **options})

    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {KEY}"}, timeout=60)

    def models(self) -> list[str]:
        with self.openai() as client:
            return [model.id for model in client.models.list()]

    def wait_for(self, what: Callable[[], bool]) -> None:
        """Poll until it is so."""
        deadline = time.monotonic() + _PATIENCE
        while not what():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)


@contextmanager
def running(
    folder: Path,
    *arguments: str,
    config: str | None = ONE_LINE,
    environ: Mapping[str, str] | None = None,
    command: Sequence[str] = (),
) -> Iterator[Proxy]:
    """Start `litellm --config` in `folder` with an emulated Bedrock; its whole process group ends with the context."""
    folder.mkdir(parents=True, exist_ok=True)
    if config is not None:
        (folder / "config.yaml").write_text(config, encoding="utf-8")
        arguments = ("--config", str(folder / "config.yaml"), *arguments)
    log = folder / "log.txt"
    with BedrockEmulator() as bedrock, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *(command or [str(Path(sys.executable).with_name("litellm"))]),
                    "--host",
                    "127.0.0.1",
                    "--port",
                    str(port),
                    *arguments,
                ],
                env={**_environment(folder), **bedrock.environ, **(environ or {})},
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            proxy = Proxy(f"http://127.0.0.1:{port}", bedrock, log)
            proxy.wait_for(lambda: _alive(proxy, process))
            yield proxy
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Politely first, so that coverage is written; then the whole group."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _alive(proxy: Proxy, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, proxy.log.read_text()
    try:
        return bool(httpx.get(f"{proxy.url}/health/liveliness").status_code == 200)
    except httpx.HTTPError:
        return False


def _environment(folder: Path) -> dict[str, str]:
    return {
        **{
            name: value
            for name, value in os.environ.items()
            if name in _KEPT or name.startswith(("COVERAGE_", "PYTHON"))
        },
        "HOME": str(folder),
        "LITELLM_MASTER_KEY": KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "AWS_CONFIG_FILE": str(folder / "aws"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "aws"),
    }
