"""A model in data only: a TOML file named in the settings, no code."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bedrock_adapter import Adapter, ConfigError
from bedrock_adapter.testing.scripted import ScriptedTransport, converse_events, converse_response

MODELS = """\
[[layer]]
match = "acme.owl-*"
source = "Acme model card"
checked = 2026-11-22
vendor = "acme"
[layer.limits]
max_output = 64
[layer.conversation]
system = false
[layer.sampling]
top_k = "wisdom.topK"
[layer.tools]
supported = false

[[layer]]
match = ["amazon.nova-lite-*"]
[layer.sampling]
stop = false
"""
REQUEST = {"model": "acme.owl-1", "messages": [{"role": "user", "content": "Hi"}], "top_k": 3, "max_tokens": 500}


@pytest.fixture
def settings(tmp_path: Path) -> Callable[[str], Path]:
    def write(models: str) -> Path:
        (tmp_path / "my_models.toml").write_text(models)
        path = tmp_path / "settings.toml"
        path.write_text('profiles = ["my_models.toml"]\n')  # relative to the settings file
        return path

    return write


def test_a_model_is_served_by_what_the_file_says(
    bedrock_adapter_for: Callable[..., Adapter], settings: Callable[[str], Path]
) -> None:
    transport = ScriptedTransport(converse_response("Hoo"), converse_events("Hoo"))
    adapter = bedrock_adapter_for(config=settings(MODELS), transport=transport)
    assert adapter.chat(REQUEST)["choices"][0]["message"]["content"] == "Hoo"
    assert len(list(adapter.stream(REQUEST))) > 2
    for sent in transport.requests:
        assert sent.resource == "acme.owl-1"
        assert sent.body is not None
        assert sent.body["additionalModelRequestFields"] == {"wisdom": {"topK": 3}}


def test_explain_names_the_file(bedrock_adapter_for: Callable[..., Adapter], settings: Callable[[str], Path]) -> None:
    told = bedrock_adapter_for(config=settings(MODELS)).explain("acme.owl-1")
    fact = next(fact for fact in told["facts"] if fact["fact"] == "sampling.top_k")
    assert fact["value"] == "wisdom.topK"
    assert fact["source"] == "Acme model card"
    assert "my_models.toml" in fact["origin"]


def test_the_file_wins_over_the_catalogue(
    bedrock_adapter_for: Callable[..., Adapter], settings: Callable[[str], Path]
) -> None:
    request = {**REQUEST, "model": "us.amazon.nova-lite-v1:0", "stop": ["x"], "top_k": None}
    before = bedrock_adapter_for().encode(request).requests[0].body
    after = bedrock_adapter_for(config=settings(MODELS)).encode(request)
    assert before is not None
    assert before["inferenceConfig"]["stopSequences"] == ["x"]
    assert "stopSequences" not in (after.requests[0].body or {})["inferenceConfig"]
    assert [note.param for note in after.notes] == ["stop"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (
            MODELS.replace("max_output = 64", 'max_output = "64"'),
            r"my_models\.toml:7: limits\.max_output: .*an integer, not '64'",
        ),
        (
            MODELS.replace("system = false", "sistem = false"),
            r"my_models\.toml:9: conversation\.sistem: .*no fact.*known are system",
        ),
        (MODELS.replace("[layer.tools]", "[layer.tols]"), r"my_models\.toml:12: tols: .*no fact 'tols'"),
        (MODELS.replace('match = "acme.owl-*"', ""), r"my_models\.toml:1: match: must be a glob"),
        (MODELS.replace("2026-11-22", '"soon"'), r"my_models\.toml:4: checked: must be a date"),
        (MODELS + "]\n", r"my_models\.toml:19: no valid TOML"),
    ],
)
def test_mistakes_name_file_line_and_key(
    bedrock_adapter_for: Callable[..., Adapter], settings: Callable[[str], Path], wrong: str, says: str
) -> None:
    adapter = bedrock_adapter_for(config=settings(wrong))
    with pytest.raises(ConfigError, match=says):
        adapter.encode(REQUEST)


def test_a_missing_file_is_named(bedrock_adapter_for: Callable[..., Adapter], tmp_path: Path) -> None:
    adapter = bedrock_adapter_for(profiles=(str(tmp_path / "none.toml"),))
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read"):
        adapter.encode(REQUEST)
