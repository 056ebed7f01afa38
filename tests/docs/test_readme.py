"""Every snippet of the README is run."""

import http.server
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bedrock_adapter.hookspecs import hook_reference
from bedrock_adapter.profile_files import load_layers
from bedrock_adapter.settings import Settings, load_settings
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.testing.ports import free_port

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = [sys.executable, "-m", "bedrock_adapter"]


class Snippet(NamedTuple):
    language: str
    text: str
    line: int


SNIPPETS = [
    Snippet(found[1], found[2], README[: found.start()].count("\n") + 2)
    for found in re.finditer(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
]


def of(language: str) -> list[Any]:
    return [
        pytest.param(snippet.text, id=f"line {snippet.line}") for snippet in SNIPPETS if snippet.language == language
    ]


def test_every_language_is_run() -> None:
    assert {snippet.language for snippet in SNIPPETS} == {"sh", "yaml", "toml", "python"}


# -- python --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """A server on an emulator, and the image that the README fetches."""
    image = bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63fccfc0500f000484"
        "01808498a98c210000000049454e44ae426082"
    )

    class Images(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "image/png")
            self.send_header("content-length", str(len(image)))
            self.end_headers()
            self.wfile.write(image)

        def log_message(self, *arguments: Any) -> None:
            pass

    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BEDROCK_ADAPTER_"))}
    images = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Images)
    threading.Thread(target=images.serve_forever, daemon=True).start()
    with BedrockEmulator() as emulator:
        variables = {**kept, **emulator.environ, "BEDROCK_ADAPTER_FETCH_ALLOW": "localhost"}
        port = str(free_port())
        server = subprocess.Popen([*COMMAND, "serve", "--port", port], env=variables, stderr=subprocess.PIPE, text=True)
        assert server.stderr is not None
        for line in server.stderr:
            if "running on" in line:
                break
        threading.Thread(target=server.stderr.read, daemon=True).start()
        yield {
            **variables,
            "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
            "OPENAI_API_KEY": "none",
            "IMAGES": str(images.server_port),
        }
        server.terminate()
        server.wait(30)
        server.stderr.close()
    images.shutdown()
    images.server_close()


@pytest.mark.parametrize("text", of("python"))
def test_python(text: str, environment: dict[str, str]) -> None:
    for package in ("openai", "starlette"):
        if f"from {package}" in text and importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    text = text.replace("localhost:8481", f"localhost:{environment['IMAGES']}")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", text],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout or "print" not in text


# -- data ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", of("toml"))
def test_toml(text: str, tmp_path: Path) -> None:
    if "[[layer]]" in text:
        (layer,) = load_layers(text, priority=100, origin="README")
        assert layer.facts == {"limits": {"max_output": 2048}, "tools": {"choice": ("auto", "any")}}
    elif "entry-points" in text:
        assert tomllib.loads(text)["project"]["entry-points"]["bedrock_adapter"]
    else:
        config = tmp_path / "settings.toml"
        config.write_text(text)
        settings = load_settings(config, environ={})
        alias = settings.alias("team-a/claude")
        assert alias is not None
        assert alias.target.role_arn
        assert "guardrail_config" in alias.defaults


@pytest.mark.parametrize("text", of("yaml"))
def test_the_litellm_configuration_is_the_one_that_the_demo_runs(text: str) -> None:
    from bedrock_adapter import demo

    assert text == demo._CONFIG


# -- shell ---------------------------------------------------------------------------------------------------------------


def test_the_two_commands_of_a_newcomer() -> None:
    demo, suite = [snippet.text.strip() for snippet in SNIPPETS if snippet.text.startswith("python3 -m venv")]
    assert demo.endswith("bedrock-adapter demo")
    assert suite in (ROOT / ".ci" / "run").read_text(encoding="utf-8"), ".ci/run runs the README's command for tests"


@pytest.mark.parametrize("text", [p for p in of("sh") if not str(p.values[0]).startswith("python3 -m venv")])
def test_shell(text: str, tmp_path: Path, environment: dict[str, str]) -> None:
    if "litellm" in text and importlib.util.find_spec("litellm") is None:
        pytest.skip("litellm is not installed")
    if shutil.which("curl") is None and "curl" in text:
        pytest.skip("curl is not installed")
    command = tmp_path / "bedrock-adapter"
    command.write_text(f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n')
    command.chmod(0o755)
    variables = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    variables["PATH"] = f"{tmp_path}{os.pathsep}{variables['PATH']}"
    text = text.replace("8480", str(free_port()))
    script = f"set -e\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n{text}"
    done = subprocess.run(
        ["bash", "-c", script], env=variables, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "chat.completion" in done.stdout or "Usage" in done.stdout


# -- tables --------------------------------------------------------------------------------------------------------------


def test_the_table_of_hooks_equals_the_specs() -> None:
    rows = re.findall(r"^\| `(bedrock_\w+)\(([^)]*)\)` \|", README, re.MULTILINE)
    assert rows == [(name, ", ".join(hook["arguments"])) for name, hook in hook_reference().items()]


def test_the_table_of_settings_names_all_of_them() -> None:
    table = README[README.index("| name | default | meaning |") :].split("\n\n")[0]
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == set(Settings.__dataclass_fields__)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
