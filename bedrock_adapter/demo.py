"""`bedrock-adapter demo`: the emulator, a real LiteLLM proxy process and the real openai client, for a person to watch."""

import base64
import json
import os
import secrets
import signal
import struct
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bedrock_adapter.errors import AdapterError

if TYPE_CHECKING:
    from openai import OpenAI

_CONFIG = """\
litellm_settings:
  custom_provider_map:
    - {provider: bedrock_adapter, custom_handler: bedrock_adapter.hosts.litellm.handler}
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
"""
_MODELS = tomllib.loads((files("bedrock_adapter.testing") / "data" / "demo.toml").read_text(encoding="utf-8"))
_CHAT: str = _MODELS["chat"]
_EMBEDDING: str = _MODELS["embedding"]
_START_SECONDS = 240
_BOLD, _DIM, _CYAN, _END = ("\033[1m", "\033[2m", "\033[36m", "\033[0m") if sys.stdout.isatty() else ("", "", "", "")

_TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "get_current_weather",
            "description": "Get the current weather in a given location",
            "parameters": {
                "type": "object",
                "properties": {"location": {"type": "string", "description": "A city, e.g. Shanghai"}},
                "required": ["location"],
            },
        },
    },
    {"type": "function", "function": {"name": "get_current_location", "description": "Get the location of the user"}},
]
_TOOL_RESULTS = {"get_current_weather": "22 degrees and sunny", "get_current_location": "Shanghai"}


def run(*, keep: bool) -> int:
    """Play the demo; 0 when every part worked.

    Raises:
        AdapterError: the proxy did not start; the message ends with its log.
    """
    from openai import OpenAI

    key = f"sk-{secrets.token_hex(16)}"
    with _emulator() as environment, _proxy(environment, key) as url:
        with OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as client:
            for part in (_list_models, _chat, _stream, _tool_call, _reasoning, _image, _embeddings):
                part(client)
        print(f"\n{_BOLD}All of it went through a real LiteLLM proxy to Bedrock's wire protocol.{_END}")
        if keep:
            _stay(url, key)
    return 0


# -- the two servers -----------------------------------------------------------------------------------------------------


@contextmanager
def _emulator() -> Iterator[dict[str, str]]:
    from bedrock_adapter.testing.emulator import BedrockEmulator

    with BedrockEmulator() as emulator:
        print(f"{_DIM}Bedrock emulator on {emulator.url}{_END}")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BEDROCK_ADAPTER_"))}
        yield {
            **kept,
            **emulator.environ,
            "BEDROCK_ADAPTER_DEFAULT_MODEL": _CHAT,
            "BEDROCK_ADAPTER_DEFAULT_EMBEDDING_MODEL": _EMBEDDING,
        }


@contextmanager
def _proxy(environment: dict[str, str], key: str) -> Iterator[str]:
    from bedrock_adapter.testing.ports import free_port

    with tempfile.TemporaryDirectory(prefix="bedrock-adapter-") as folder:
        config, log = Path(folder, "config.yaml"), Path(folder, "log.txt")
        config.write_text(_CONFIG, encoding="utf-8")
        print(f"{_DIM}LiteLLM proxy with this config (it takes a while to start):\n\n{_CONFIG}{_END}", flush=True)
        port = free_port()
        command = [sys.executable, "-c", "from litellm import run_server; run_server()"]
        with log.open("w") as output:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
                [*command, "--config", str(config), "--host", "127.0.0.1", "--port", str(port)],
                env={**environment, "LITELLM_MASTER_KEY": key, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(process, f"{url}/health/liveliness", log)
            _wait(process, f"{url}/v1/models", log, key)
            yield url
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path, key: str = "") -> None:
    """Until the address answers; with a key, until it lists the models that the adapter discovers."""
    deadline = time.monotonic() + _START_SECONDS
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {key}"})  # noqa: S310 - our own address
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own address
                body = answer.read()
                if not key or _CHAT.encode() in body:
                    return
        except OSError:
            pass
        time.sleep(0.3)
    raise AdapterError(f"the LiteLLM proxy did not start:\n{log.read_text(errors='replace')[-3000:]}")


def _stay(url: str, key: str) -> None:
    print(
        f"\nIt stays up until Ctrl-C. In another terminal:\n\nexport OPENAI_BASE_URL={url}/v1\nexport OPENAI_API_KEY={key}",
        flush=True,
    )
    try:
        signal.pause()
    except KeyboardInterrupt:
        print()


# -- the parts -----------------------------------------------------------------------------------------------------------


def _title(text: str) -> None:
    print(f"\n{_BOLD}{text}{_END}")


def _asked(text: str) -> None:
    print(f"  {_CYAN}> {text}{_END}", flush=True)


def _answered(text: Any) -> None:
    print(f"  {text}", flush=True)


def _check(what: bool, expected: str) -> None:
    if not what:
        raise AdapterError(f"the demo expected {expected}")


def _list_models(client: "OpenAI") -> None:
    _title("Models")
    _asked("client.models.list()")
    models = [model.id for model in client.models.list()]
    _check(any(_CHAT in model for model in models), "the models that Bedrock lists")
    _answered(f"{len(models)} models, such as {', '.join(models[:3])}")


def _chat(client: "OpenAI") -> None:
    _title("Chat, with an OpenAI model name that stands for a Bedrock model")
    _asked('model="gpt-4o", "What is the capital of France?"')
    answer = client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "What is the capital of France?"}]
    )
    _check(bool(answer.choices[0].message.content), "an answer")
    _answered(answer.choices[0].message.content)
    if answer.usage:
        _answered(f"{_DIM}{answer.usage.prompt_tokens} + {answer.usage.completion_tokens} tokens{_END}")


def _stream(client: "OpenAI") -> None:
    _title("Streaming chat")
    _asked(f'model="bedrock_adapter/{_CHAT}", stream=True, "Count to 12."')
    chunks = client.chat.completions.create(
        model=f"bedrock_adapter/{_CHAT}", messages=[{"role": "user", "content": "Count to 12."}], stream=True
    )
    texts = [choice.delta.content for chunk in chunks for choice in chunk.choices if choice.delta.content]
    _check(len(texts) > 1, "several chunks")
    _answered(f"{_DIM}|{_END}".join(texts))


def _tool_call(client: "OpenAI") -> None:
    _title("Tools")
    for question, first in (
        ("What is the weather like in Shanghai today?", "get_current_weather"),
        ("What is the weather like today?", "get_current_location"),
    ):
        _asked(question)
        messages: list[Any] = [{"role": "user", "content": question}]
        called: list[str] = []
        while True:
            message = client.chat.completions.create(model="gpt-4o", messages=messages, tools=_TOOLS).choices[0].message
            if not message.tool_calls:
                break
            messages.append(message.model_dump(exclude_none=True))
            for call in message.tool_calls:
                function = getattr(call, "function")  # noqa: B009 - only function tools were offered
                called.append(function.name)
                result = _TOOL_RESULTS[function.name]
                _answered(f"{_DIM}calls {function.name}({function.arguments}) = {result}{_END}")
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
        _check(called[:1] == [first], f"a call of {first} first")
        _answered(message.content)


def _reasoning(client: "OpenAI") -> None:
    _title("Reasoning")
    _asked('reasoning_effort="low", "What is 17 * 24?"')
    answer = client.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "user", "content": "What is 17 * 24?"}],
        max_completion_tokens=4096,
        reasoning_effort="low",
    )
    message = answer.choices[0].message
    thoughts = getattr(message, "reasoning_content", None)
    _check(bool(thoughts), "thoughts in reasoning_content")
    _answered(f"{_DIM}thinks: {thoughts}{_END}")
    _answered(message.content)


def _image(client: "OpenAI") -> None:
    _title("Images")
    _asked("What is in this image? (a red square, as a data URL)")
    answer = client.chat.completions.create(
        model="gpt-4o",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is in this image?"},
                    {"type": "image_url", "image_url": {"url": red_square()}},
                ],
            }
        ],
    )
    text = answer.choices[0].message.content or ""
    _check("png" in text.lower(), "an answer about the PNG image")
    _answered(text)


def _embeddings(client: "OpenAI") -> None:
    _title("Embeddings")
    _asked('model="text-embedding-3-small", input="Hello Bedrock!"')
    answer = client.embeddings.create(model="text-embedding-3-small", input="Hello Bedrock!")
    vector = answer.data[0].embedding
    _check(len(vector) == 1024, "a vector of 1,024 numbers")
    _answered(f"{len(vector)} numbers: {json.dumps([round(number, 4) for number in vector[:4]])[:-1]}, …]")
    _asked("the same as the token integers of the text")
    again = client.embeddings.create(model="text-embedding-3-small", input=[9906, 13394, 21161, 0])
    _check(again.data[0].embedding == vector, "the same vector")
    _answered("the same vector")


def red_square(side: int = 16) -> str:
    """A PNG as a data URL."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress((b"\x00" + b"\xff\x00\x00" * side) * side)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
