"""Importing costs nothing; installing is one call; the command starts LiteLLM's own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import litellm
import pytest

import bedrock_adapter
from bedrock_adapter import Alias
from bedrock_adapter.errors import ConfigError
from bedrock_adapter.hosts import litellm as host
from bedrock_adapter.hosts.litellm import cli
from bedrock_adapter.hosts.litellm.state import HOST
from bedrock_adapter.testing.emulator import BedrockEmulator

from .conftest import HELLO, MODEL, Serve

ID = MODEL.partition("/")[2]
yaml: Any = pytest.importorskip("yaml")  # comes with the proxy


def test_importing_the_host_does_not_import_litellm() -> None:
    code = "import sys, bedrock_adapter.hosts.litellm, bedrock_adapter.hosts.litellm.cli; sys.exit('litellm' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="handlers"):
        host.handlers  # noqa: B018


def test_handler_is_one_object(serve: Serve) -> None:
    assert host.handler is host.handler is bedrock_adapter.install("litellm")


async def test_install_takes_settings(bedrock_emulator: BedrockEmulator) -> None:
    bedrock_adapter.install("litellm", aliases={"team": ID})
    try:
        answer = await litellm.acompletion(model="bedrock_adapter/team", messages=HELLO)
        assert answer.model == ID
        await HOST.adapter.aclose()
    finally:
        HOST.use(None)


def test_settings_that_cannot_work_are_told_on_registration(bedrock_environment: pytest.MonkeyPatch) -> None:
    bedrock_environment.setenv("BEDROCK_ADAPTER_RETRIES", "many")
    with pytest.raises(ConfigError, match="retries"):
        host.register()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], str]]:
    """The arguments that LiteLLM's command was called with, and the config that it was given."""
    from litellm.proxy import proxy_cli

    calls: list[tuple[list[str], str]] = []

    def main(args: list[str], prog_name: str) -> None:
        config = Path(args[args.index("--config") + 1]).read_text() if "--config" in args else ""
        calls.append((args, config))
        raise SystemExit(3)

    monkeypatch.setattr(proxy_cli.run_server, "main", main)
    for name in ("LITELLM_WORKER_STARTUP_HOOKS", "LITELLM_MASTER_KEY"):
        monkeypatch.setenv(name, "")
    return calls


def test_command_generates_config_and_key(
    started: list[tuple[list[str], str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["--port", "4001"]) == 3
    ((arguments, config),) = started
    assert arguments[:3] == ["--port", "4001", "--config"]
    assert yaml.safe_load(config)["litellm_settings"]["custom_provider_map"][0]["provider"] == "bedrock_adapter"
    key = os.environ["LITELLM_MASTER_KEY"]
    assert len(key) > 40
    assert f"LITELLM_MASTER_KEY={key}\n" in capsys.readouterr().out
    assert os.environ["LITELLM_WORKER_STARTUP_HOOKS"] == "bedrock_adapter.hosts.litellm:startup"


def test_command_keeps_a_key_and_other_hooks(
    started: list[tuple[list[str], str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LITELLM_MASTER_KEY", "sk-mine")
    monkeypatch.setenv("LITELLM_WORKER_STARTUP_HOOKS", "mine:hook")
    cli.run([])
    assert os.environ["LITELLM_MASTER_KEY"] == "sk-mine"
    assert os.environ["LITELLM_WORKER_STARTUP_HOOKS"] == "mine:hook,bedrock_adapter.hosts.litellm:startup"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "arguments", [["--config", "c.yaml"], ["--config=c.yaml"], ["-m", "x"], ["--model", "x"], ["--help"]]
)
def test_command_generates_nothing_where_there_is_something(
    started: list[tuple[list[str], str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").touch()
    cli.run(arguments)
    assert started[0][0] == arguments


def test_config_to_include(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    serve(aliases=(Alias("team", ID),), default_model=ID)
    config = yaml.safe_load(cli.config_yaml())
    entries = {entry["model_name"]: entry["litellm_params"]["model"] for entry in config["model_list"]}
    assert config["litellm_settings"]["custom_provider_map"][0]["provider"] == "bedrock_adapter"
    assert entries["team"] == "bedrock_adapter/team"
    assert entries["gpt-*"] == "bedrock_adapter/gpt-*"
    assert entries[MODEL] == MODEL
    assert "bedrock_adapter/*" not in entries


def test_config_without_discovery_has_the_wildcard(serve: Serve, bedrock_emulator: BedrockEmulator) -> None:
    bedrock_emulator.script.throttle(times=3)
    text = cli.config_yaml()
    assert text.startswith("# ")
    assert [entry["model_name"] for entry in yaml.safe_load(text)["model_list"]] == ["bedrock_adapter/*"]
