"""The command `bedrock-adapter`."""

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest

import bedrock_adapter_plugins
from bedrock_adapter import Adapter, Settings, cli
from bedrock_adapter.errors import NoPluginsError
from bedrock_adapter.hookspecs import hook_reference
from bedrock_adapter.testing.emulator import BedrockEmulator
from bedrock_adapter.testing.ports import free_port, wait_until_listening

MODEL = "us.anthropic.claude-opus-4-8"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = cli.main(arguments)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


# -- tables and JSON -----------------------------------------------------------------------------------------------------


def test_plugins(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "plugins")
    assert status == 0
    assert "converse" in out
    rows = json.loads(run(capsys, "plugins", "--json")[1])
    assert [row["plugin"] for row in rows] == sorted(bedrock_adapter_plugins.BUILTINS)
    assert {row["distribution"] for row in rows} == {"bedrock-adapter"}


def test_models(capsys: pytest.CaptureFixture[str], bedrock_emulator: BedrockEmulator) -> None:
    assert MODEL in run(capsys, "models")[1]
    assert MODEL in [row["id"] for row in json.loads(run(capsys, "models", "--json")[1])]


def test_the_catalogue_needs_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(run(capsys, "models", "--catalogue", "--json")[1])
    assert len(rows) > 100
    assert all(row["source"] and row["checked"] for row in rows)


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "explain", MODEL)
    assert status == 0
    for word in (MODEL, "anthropic.claude-opus-4-8", "reasoning.shape", "adaptive", "conversation", "messages"):
        assert word in out
    told = json.loads(run(capsys, "explain", MODEL, "--json")[1])
    assert told["known"]
    assert "unknown: conservative defaults" in run(capsys, "explain", "acme.owl-1")[1]
    assert "its ARN hides the model" in run(capsys, "explain", "arn:aws:bedrock:us-east-1:1:provisioned-model/abc")[1]


def test_hooks(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "hooks")
    for name, hook in hook_reference().items():
        assert f"{name}({', '.join(hook['arguments'])})" in out
    assert "@hookimpl" in out
    assert set(json.loads(run(capsys, "hooks", "--json")[1])) == set(hook_reference())


def test_doctor(capsys: pytest.CaptureFixture[str], bedrock_emulator: BedrockEmulator) -> None:
    status, out, _ = run(capsys, "doctor")
    assert status == 0, out
    states = {row["check"]: row for row in json.loads(run(capsys, "doctor", "--json")[1])}
    assert states["credentials"]["detail"] == "by env"
    assert states["region"]["detail"] == "us-east-1"
    assert states["default_model"]["state"] == "note"
    assert states["encoding cl100k_base"]["state"] == "ok"


def test_doctor_finds_what_is_wrong(
    capsys: pytest.CaptureFixture[str], bedrock_environment: pytest.MonkeyPatch
) -> None:
    status, out, _ = run(capsys, "doctor")
    assert status == 1
    assert re.search(r"credentials +failed", out)
    assert re.search(r"region +failed", out)
    bedrock_environment.setenv("BEDROCK_ADAPTER_STRICT", "perhaps")
    status, out, _ = run(capsys, "doctor")
    assert status == 1
    assert "'perhaps'" in out


def test_doctor_notes_names_that_mean_nothing(
    capsys: pytest.CaptureFixture[str], bedrock_environment: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PLUGINS": "bedrock-adapter,zzz",
        "DISABLE": "cachng,citations",
        "OPTIONS__REASONIN__TAGS": "x",
        "OPTIONS__CITATIONS__DOCUMENTS": "true",
        "OPTIONS__REASONING__HIGH": "0.9",
        "OPTIONS__SPLIT__TOO__OFTEN": "1",
        "DEFAULT_MODLE": "tell-nobody",
        "PROXY_PYTHON": "python",
    }.items():
        bedrock_environment.setenv(f"BEDROCK_ADAPTER_{name}", value)
    out = run(capsys, "doctor", "--json")[1]
    assert "tell-nobody" not in out
    rows = {row["check"]: row for row in json.loads(out) if row["state"] == "note"}
    assert rows["setting plugins"]["detail"] == "nothing installed is named 'zzz'"
    assert rows["setting disable"]["detail"] == "nothing installed is named 'cachng'; did you mean 'caching'?"
    assert rows["options.reasonin"]["detail"] == "read by nobody: no such plugin is loaded; did you mean 'reasoning'?"
    assert rows["options.citations"]["detail"] == "read by nobody: no such plugin is loaded"
    assert "did you mean 'BEDROCK_ADAPTER_DEFAULT_MODEL'" in rows["BEDROCK_ADAPTER_DEFAULT_MODLE"]["detail"]
    assert "BEDROCK_ADAPTER_OPTIONS__SPLIT__TOO__OFTEN" in rows
    assert not {"options.reasoning", "BEDROCK_ADAPTER_PROXY_PYTHON", "BEDROCK_ADAPTER_PLUGINS"} & rows.keys()
    assert not any("OPTIONS__CITATIONS" in name for name in rows)


def test_doctor_has_nothing_to_note_where_all_is_known(
    capsys: pytest.CaptureFixture[str], bedrock_environment: pytest.MonkeyPatch
) -> None:
    bedrock_environment.setenv("BEDROCK_ADAPTER_DISABLE", "citations")
    bedrock_environment.setenv("BEDROCK_ADAPTER_OPTIONS__REASONING__HIGH", "0.9")
    checks = {row["check"] for row in json.loads(run(capsys, "doctor", "--json")[1])}
    assert not {check for check in checks if check.startswith(("setting ", "options.", "BEDROCK_ADAPTER_"))}


@pytest.mark.parametrize("allowed", ["owls", "messages,owls"])
def test_a_missing_plugin_names_the_setting_that_allows_only_others(allowed: str) -> None:
    adapter = Adapter(plugins=(), settings=Settings(plugins=tuple(allowed.split(","))))
    with pytest.raises(NoPluginsError, match=r"setting plugins \(BEDROCK_ADAPTER_PLUGINS\) allows only .*owls"):
        adapter.encode({"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]})


# -- errors --------------------------------------------------------------------------------------------------------------


def test_errors_are_one_line(capsys: pytest.CaptureFixture[str], bedrock_environment: pytest.MonkeyPatch) -> None:
    bedrock_environment.setenv("BEDROCK_ADAPTER_STRICT", "perhaps")
    status, out, err = run(capsys, "plugins")
    assert (status, out) == (1, "")
    assert err == "bedrock-adapter: strict must be true or false, not 'perhaps'\n"


def test_wrong_usage_is_status_two(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["owl"])
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "extra", "module"),
    [
        (["serve"], "server", "uvicorn"),
        (["emulator"], "testing", "pytest_httpserver"),
        (["demo"], "all", "openai"),
        (["litellm"], "proxy", "fastapi"),
        (["litellm-config"], "litellm", "litellm"),
    ],
)
def test_a_command_without_its_extra_names_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], extra: str, module: str
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == module else find(name, *more))
    status, _, err = run(capsys, *arguments)
    assert status == 1
    assert err.count("\n") == 1
    assert f"pip install 'bedrock-adapter[{extra}]'" in err


def test_serve_without_a_key_binds_loopback_only(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "serve", "--host", "0.0.0.0")
    assert status == 1
    assert "BEDROCK_ADAPTER_API_KEY" in err


# -- processes -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(bedrock_environment: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Starts a command and waits for a line of its output."""
    started = []

    def start(*arguments: str, until: str, **environment: str) -> tuple[Any, str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "bedrock_adapter", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        seen = ""
        for line in process.stdout:
            seen += line
            if until in line:
                return process, seen
        raise AssertionError(seen)

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


def post(url: str, body: Any, key: str = "none") -> Any:
    request = Request(
        url, json.dumps(body).encode(), {"content-type": "application/json", "authorization": f"Bearer {key}"}
    )
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)


CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello!"}]}


@pytest.mark.parametrize(("workers", "until"), [(1, "running on"), (2, "startup complete")])
def test_serve_with_the_emulator_and_workers(command: Callable[..., Any], workers: int, until: str) -> None:
    environment = {"BEDROCK_ADAPTER_API_KEY": "sk-1", "BEDROCK_ADAPTER_DEFAULT_MODEL": "us.amazon.nova-lite-v1:0"}
    port = free_port()
    process, _ = command(
        "serve", "--emulator", "--port", str(port), "--workers", str(workers), until=until, **environment
    )
    wait_until_listening(port, process)  # a worker says that it has started before it listens
    answer = post(f"http://127.0.0.1:{port}/v1/chat/completions", CHAT, "sk-1")
    assert answer["choices"][0]["message"]["content"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) in (0, -signal.SIGTERM)


def test_serve_reads_a_settings_file(command: Callable[..., Any], tmp_path: Any) -> None:
    config = tmp_path / "s.toml"
    config.write_text('default_model = "us.amazon.nova-lite-v1:0"\n')
    port = free_port()
    command("serve", "--emulator", "--port", str(port), "--config", str(config), until="running on")
    assert post(f"http://127.0.0.1:{port}/v1/chat/completions", CHAT)["model"] == "us.amazon.nova-lite-v1:0"


def test_the_emulator_prints_how_to_use_it(command: Callable[..., Any]) -> None:
    process, seen = command("emulator", "--port", "0", until="AWS_ENDPOINT_URL_BEDROCK_RUNTIME")
    assert re.search(r"export AWS_ENDPOINT_URL_BEDROCK_RUNTIME=http://127\.0\.0\.1:\d+", seen)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
