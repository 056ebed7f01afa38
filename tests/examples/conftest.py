"""What the examples need to run: a place on the import path as if installed, and servers in processes of their own."""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.testing.ports import free_port, listening

EXAMPLES = Path(__file__).parents[2] / "examples"
Environment = dict[str, str]


@pytest.fixture
def environment(bedrock_emulator: BedrockEmulator) -> Environment:
    """Variables of a child process: the emulator, and nothing of AWS from outside."""
    return {**os.environ, **bedrock_emulator.environ}


@pytest.fixture
def install_example(tmp_path: Path, environment: Environment) -> Callable[[str], Path]:
    """Puts an example's distribution on the import path of child processes, with its entry points; returns its folder.

    The tox environment `plugin` installs wheels instead.
    """

    def install(name: str) -> Path:
        project = tomllib.loads((EXAMPLES / name / "pyproject.toml").read_text())["project"]
        info = tmp_path / "site" / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        )
        lines = [
            line
            for group, points in project["entry-points"].items()
            for line in (f"[{group}]", *(f"{k} = {v}" for k, v in points.items()))
        ]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        environment["PYTHONPATH"] = os.pathsep.join([str(EXAMPLES / name), str(info.parent)])
        return EXAMPLES / name

    return install


@pytest.fixture
def run(environment: Environment, tmp_path: Path) -> Callable[..., str]:
    """Runs Python with arguments; returns what it printed."""

    def run(*arguments: str, folder: Path = tmp_path) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def serve(environment: Environment, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts a server: `serve("-m", "uvicorn", "app:app", "--port", "{port}")`; returns its address once it answers."""
    started: list[subprocess.Popen[bytes]] = []

    def serve(*arguments: str, folder: Path = tmp_path, patience: float = 60, python: str = "") -> str:
        port = free_port()
        log = tmp_path / "server.log"
        command = [python or sys.executable, *(argument.format(port=port) for argument in arguments)]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, env=environment, cwd=folder, stdout=output, stderr=output, start_new_session=True
            )
        started.append(process)
        deadline = time.monotonic() + patience
        while not listening(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        return f"http://127.0.0.1:{port}"

    yield serve
    for process in (process for process in started if process.poll() is None):
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def ask() -> Ask:
    """`ask(url, body, key)` gives status and JSON; of a stream the list of its events."""

    def ask(url: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {})}
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=60) as answer:
                return answer.status, _read(answer.headers.get_content_type(), answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _read(error.headers.get_content_type(), error.read().decode())

    return ask


def _read(kind: str, text: str) -> Any:
    if kind != "text/event-stream":
        return json.loads(text)
    events = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    assert events.pop() == "[DONE]"
    return [json.loads(event) for event in events]


def spoken(events: list[Any]) -> str:
    """The text of a stream."""
    return "".join(choice["delta"].get("content") or "" for event in events for choice in event["choices"])
