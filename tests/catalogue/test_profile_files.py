"""Reading layers from TOML: what comes out, and that every mistake names file, line and key."""

import datetime as dt
from pathlib import Path

import pytest

from bedrock_adapter.errors import ConfigError
from bedrock_adapter.layers import Catalogue
from bedrock_adapter.profile_files import load_layers

OWLS = """
# what operators write
[[layer]]
match = "acme.owl-*"
source = "Acme model card"
checked = 2026-11-22
vendor = "acme"
[layer.limits]
max_output = 2048

[[layer]]
match = ["acme.owl-2", "acme.owl-3"]
tools = {choice = ["auto", "any"]}
checked = "2026-11-23"
[layer.media]
max_documents = "unlimited"
[layer.extra]
habitat = "forest"
"""


def test_layers_of_a_text() -> None:
    first, second = load_layers(OWLS, priority=100, origin="owls.toml")
    assert first.match == ("acme.owl-*",)
    assert first.facts == {"vendor": "acme", "limits": {"max_output": 2048}}
    assert (first.source, first.checked, first.priority, first.origin) == (
        "Acme model card",
        "2026-11-22",
        100,
        "owls.toml",
    )
    assert (second.source, second.checked) == ("", "2026-11-23")
    profile = Catalogue([first, second]).profile("acme.owl-3")
    assert profile.limits.max_output == 2048
    assert profile.tools.choice == ("auto", "any")
    assert profile.media.max_documents is None
    assert profile.extra == {"habitat": "forest"}
    assert profile.facts["limits.max_output"].origin == "owls.toml"


def test_layers_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "owls.toml"
    path.write_text(OWLS, encoding="utf-8")
    assert [layer.origin for layer in load_layers(path, priority=100)] == [str(path), str(path)]
    assert load_layers(str(path), priority=100) == load_layers(path, priority=100)


def test_a_file_may_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.touch()
    assert load_layers(path, priority=100) == []


def test_a_datetime_is_a_date() -> None:
    (layer,) = load_layers('[[layer]]\nmatch = "acme.owl"\nchecked = 2026-11-22T10:00:00\n', priority=0)
    assert layer.checked == dt.date(2026, 11, 22).isoformat()


MISTAKES = [
    ("[[layer]\n", 1, None, "no valid TOML"),
    ('[[layer]]\nmatch = "owl"\nkind = \n', 3, None, "no valid TOML"),
    ('[[layer]]\nmatch = "owl"\n[layer.limits]\nmax_output = 1\nmax_outputs = 2\n', 5, "limits.max_outputs", "no fact"),
    ('[[layer]]\nmatch = "owl"\n\n[layer.limits]\nmax_output = "many"\n', 5, "limits.max_output", "an integer"),
    ('[[layer]]\nmatch = "owl"\nlimits.max_output = true\n', 3, "limits.max_output", "an integer"),
    ('[[layer]]\nmatch = "owl"\nlimits = {max_output = 1.5}\n', 3, "limits.max_output", "an integer"),
    ('[[layer]]\nmatch = "owl"\n[layer.tools]\nchoice = "auto"\n', 4, "tools.choice", "a list of strings"),
    ('[[layer]]\nmatch = "owl"\n[layer."tools"]\n"choice" = [1]\n', 4, "tools.choice", "a list of strings"),
    ('[[layer]]\nmatch = "owl"\n[layer.tools] # a remark\nstrict = "yes"\n', 4, "tools.strict", "true or false"),
    ('[[layer]]\nmatch = "owl"\n[layer.tool]\nchoice = []\n', 3, "tool", "no fact"),
    ('[[layer]]\nmatch = "owl"\nlimits = 3\n', 3, "limits", "a table"),
    ('[[layer]]\nmatch = "owl"\nextra = 3\n', 3, "extra", "a table"),
    ('[[layer]]\nmatch = "owl"\nkind = 3\n', 3, "kind", "str"),
    (
        '[[layer]]\nmatch = "owl"\n[layer.limits]\ncontext = 1\n[[layer]]\nmatch = "cat"\n[layer.limits]\ncontext = "x"\n',
        8,
        "limits.context",
        "an integer",
    ),
    ('[[layer]]\nkind = "chat"\n', 1, "match", "a list of globs"),
    ("[[layer]]\n\nmatch = []\n", 3, "match", "a list of globs"),
    ("[[layer]]\nmatch = [1]\n", 2, "match", "a list of globs"),
    ('[[layer]]\nmatch = ["owl"]\nsource = 3\n', 3, "source", "a string"),
    ('[[layer]]\nmatch = ["owl"]\nchecked = "yesterday"\n', 3, "checked", "a date"),
    ('[[layer]]\nmatch = ["owl"]\nchecked = 3\n', 3, "checked", "a date"),
    ('# text\n[layer]\nmatch = ["owl"]\n', 2, "layer", "array of tables"),
    ("# text\nlayer = [3]\n", 2, "layer", "a table"),
    ('layer = [{match = "owl", limits = {contexts = 3}}]\n', 1, "limits.contexts", "no fact"),
    ('[[layer]]\nmatch = "owl"\n[[profile]]\nmatch = "cat"\n', 3, "profile", "is unknown"),
    ('models = 3\n[[layer]]\nmatch = "owl"\n', 1, "models", "is unknown"),
]


@pytest.mark.parametrize(("text", "line", "key", "says"), MISTAKES)
def test_mistakes_name_file_line_and_key(text: str, line: int, key: str | None, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as raised:
        load_layers(text, priority=100, origin="owls.toml")
    assert raised.value.message.startswith(f"owls.toml:{line}: {key or 'no valid TOML'}")
    assert raised.value.param == key


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read") as raised:
        load_layers(tmp_path / "none.toml", priority=100)
    assert raised.value.message.startswith(str(tmp_path / "none.toml"))


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "owls.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_layers(path, priority=100)


def test_a_text_without_origin_is_called_text() -> None:
    with pytest.raises(ConfigError, match=r"^<text>:1:"):
        load_layers("owl = 1\n", priority=100)
