"""A host that is no proxy: the `llm` command-line tool."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bedrock_adapter.testing.emulator import BedrockEmulator

from .conftest import Environment
from .test_sans_io import PNG

pytest.importorskip("llm")
CLAUDE = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
Llm = Callable[..., str]


@pytest.fixture
def llm(
    install_example: Callable[[str], Path], environment: Environment, run: Callable[..., str], tmp_path: Path
) -> Llm:
    install_example("llm_host")
    environment["LLM_USER_PATH"] = str(tmp_path / "llm")
    return lambda *arguments: run("-m", "llm", *arguments)


def test_models_are_listed_through_its_entry_point(llm: Llm) -> None:
    listed = llm("models").splitlines()
    assert f"Bedrock: {CLAUDE}" in listed
    assert "Bedrock: bedrock/amazon.titan-embed-text-v2:0" not in listed
    assert "bedrock/amazon.titan-embed-text-v2:0" in llm("embed-models")


def test_a_prompt_a_conversation_and_an_image(llm: Llm, bedrock_emulator: BedrockEmulator, tmp_path: Path) -> None:
    streamed = llm("-m", CLAUDE, "-s", "Be brief.", "Hello")
    assert streamed.strip()
    sent = bedrock_emulator.requests[-1]
    assert (sent.operation, sent.body["system"]) == ("ConverseStream", [{"text": "Be brief."}])
    assert llm("-m", CLAUDE, "-s", "Be brief.", "--no-stream", "Hello") == streamed
    assert bedrock_emulator.requests[-1].operation == "Converse"
    llm("-c", "And again")
    assert [turn["role"] for turn in bedrock_emulator.requests[-1].body["messages"]] == ["user", "assistant", "user"]
    (tmp_path / "owl.png").write_bytes(PNG)
    llm("-m", CLAUDE, "What is it?", "-a", str(tmp_path / "owl.png"))
    blocks = bedrock_emulator.requests[-1].body["messages"][0]["content"]
    assert {"image": {"format": "png", "source": {"bytes": base64.b64encode(PNG).decode()}}} in blocks
    (usage,) = [json.loads(llm("logs", "-n", "1", "--json"))[0]]
    assert usage["input_tokens"] > 0


def test_options_and_tools(llm: Llm, bedrock_emulator: BedrockEmulator) -> None:
    llm("-m", CLAUDE, "-o", "reasoning_effort", "low", "-o", "max_tokens", "4000", "Which is larger, 9.11 or 9.9?")
    assert bedrock_emulator.requests[-1].body["additionalModelRequestFields"]["thinking"]["type"] == "enabled"
    call = {"toolUse": {"toolUseId": "tooluse_1", "name": "llm_version", "input": {}}}
    from bedrock_adapter.testing.scripted import converse_response

    bedrock_emulator.script.next(converse_response("Looking.", call, stop_reason="tool_use"), operation="Converse*")
    llm("-m", CLAUDE, "-T", "llm_version", "What version?")
    _, called, told = bedrock_emulator.requests[-1].body["messages"]
    assert called["content"][-1] == call
    assert told["content"][0]["toolResult"]["toolUseId"] == "tooluse_1"


def test_embeddings(llm: Llm) -> None:
    assert len(json.loads(llm("embed", "-m", "bedrock/amazon.titan-embed-text-v2:0", "-c", "Hello"))) == 1024


def test_another_packages_host_is_installed_by_name(llm: Llm, run: Callable[..., str]) -> None:
    code = """
import llm, bedrock_adapter
names = bedrock_adapter.install("llm", region="us-east-1")
print(llm.get_model("bedrock/us.amazon.nova-lite-v1:0").prompt("Hello").text(), len(names))
"""
    assert run("-c", code).strip()


def test_other_models_work_where_bedrock_cannot_be_asked(llm: Llm, environment: Environment) -> None:
    for name in ("AWS_ENDPOINT_URL_BEDROCK", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"):
        environment[name] = "http://127.0.0.1:9"
    environment["BEDROCK_ADAPTER_RETRIES"] = "0"
    assert "OpenAI" in llm("models")
