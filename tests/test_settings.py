"""Settings from arguments, environment and file."""

import re
from pathlib import Path
from typing import Any

import pytest

from bedrock_adapter import Settings, Target, load_settings
from bedrock_adapter.errors import ConfigError


def test_defaults() -> None:
    settings = load_settings(environ={})
    assert settings == Settings()
    assert (settings.fetch, settings.models_ttl, settings.max_body) == ("on", 15.0, 32 * 1024 * 1024)
    assert (settings.connect_timeout, settings.first_byte_timeout, settings.idle_timeout) == (5, 3600, 300)


def test_arguments_win_over_environment_over_file(tmp_path: Path) -> None:
    config = tmp_path / "s.toml"
    config.write_text(
        'region = "file"\nstrict = true\nmodels_ttl = 1\nprofiles = ["mine.toml"]\n[options.owl]\na = 1\nb = 2\n'
    )
    environ = {
        "BEDROCK_ADAPTER_CONFIG": str(config),
        "BEDROCK_ADAPTER_MODELS_TTL": "2.5",
        "BEDROCK_ADAPTER_REGION": "environment",
        "BEDROCK_ADAPTER_DISABLE": "a, b,",
        "BEDROCK_ADAPTER_OPTIONS__OWL__B": "3",
        "BEDROCK_ADAPTER_ALIASES": "fast=acme.owl-1, slow = acme.owl-2",
    }
    settings = load_settings(environ=environ, region="argument")
    assert (settings.region, settings.strict, settings.models_ttl, settings.disable) == (
        "argument",
        True,
        2.5,
        ("a", "b"),
    )
    assert settings.profiles == (str(tmp_path / "mine.toml"),)
    assert (settings.option("owl", "a", 0), settings.option("owl", "b", 0), settings.option("owl", "c", "x")) == (
        1,
        3,
        "x",
    )
    assert [(alias.name, alias.model) for alias in settings.aliases] == [("fast", "acme.owl-1"), ("slow", "acme.owl-2")]


def test_an_alias_can_carry_everything(tmp_path: Path) -> None:
    config = tmp_path / "s.toml"
    config.write_text(
        '[aliases.a]\nmodel = "m"\nbase_model = "b"\nencoding = "o200k_base"\nregion = "r"\nexternal_id = "e"\n'
        'guardrail = { guardrailIdentifier = "g", guardrailVersion = "1" }\ntop_k = 5\n'
    )
    alias = load_settings(config, environ={}).alias("a")
    assert alias is not None
    assert (alias.model, alias.base_model, alias.encoding) == ("m", "b", "o200k_base")
    assert alias.target == Target(region="r", external_id="e")
    assert alias.defaults == {"top_k": 5, "guardrail_config": {"guardrailIdentifier": "g", "guardrailVersion": "1"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("regoin = 'x'", "no setting 'regoin'.*region"),
        ("strict = 'perhaps'", "strict must be true or false, not 'perhaps'"),
        ("models_ttl = 'soon'", "models_ttl must be a number, not 'soon'"),
        ("disable = 5", "disable must be a list of strings"),
        ("region = 5", "region must be a string, not 5"),
        ("[aliases.a]\nregion = 'x'", "alias 'a' needs a model"),
        ("aliases = 5", "aliases must be a table"),
        ("aliases = ['a']", "aliases must be a table"),
        ("options = 5", "options must be"),
        ("[options]\nowl = 5", "options must be"),
        ("on_plugin_error = 'ignore'", "on_plugin_error must be raise or warn, not 'ignore'"),
        ("a = [", "s.toml"),
        ("[aliases.a]\nmodel = 'm'\nregion = 5", r"aliases\.a\.region must be a string, not a value of type int"),
        ("[aliases.a]\nmodel = 'm'\nrole = ['r']", r"aliases\.a\.role must be a string"),
        ("retries = 1.5", "retries must be a whole number, not 1.5"),
        ("models_ttl = nan", "models_ttl must be a number, not nan"),
        ("max_body = inf", "max_body must be a number, not inf"),
        ("idle_timeout = inf", "idle_timeout must be a number, not inf"),
        ("retries = true", "retries must be a number, not True"),
        ("models_ttl = false", "models_ttl must be a number, not False"),
        ("connect_timeout = 0", "connect_timeout must be more than 0, not 0"),
        ("first_byte_timeout = -1", "first_byte_timeout must be more than 0, not -1"),
        ("idle_timeout = '0'", "idle_timeout must be more than 0, not 0"),
        ("max_body = 0", "max_body must be more than 0, not 0"),
        ("retries = -1", "retries must be at least 0, not -1"),
        ("models_ttl = -0.5", "models_ttl must be at least 0, not -0.5"),
        ("retry_deadline = -1", "retry_deadline must be at least 0, not -1"),
        ("fetch = 'guarded'", "fetch must be on or off, not 'guarded'"),
        ("fetch = 1", "fetch must be on or off, not 1"),
        ("[aliases.a]\nmodel = ''", "alias 'a' needs a model"),
        ("[aliases.a]\nmodel = 'm'\nregoin = 'x'", "alias 'a' has no 'regoin'; did you mean 'region'"),
        ("[aliases.a]\nmodel = 'm'\nrol = 'x'", "alias 'a' has no 'rol'; did you mean 'role'"),
        ("[aliases.a]\nmodel = 'm'\nguardrial = {}", "alias 'a' has no 'guardrial'; did you mean 'guardrail'"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    config = tmp_path / "s.toml"
    config.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_settings(config, environ={})


@pytest.mark.parametrize(("value", "fetch"), [(True, "on"), (False, "off"), ("on", "on"), ("off", "off")])
def test_fetch_is_on_or_off(value: Any, fetch: str) -> None:
    assert load_settings(environ={}, fetch=value).fetch == fetch


def test_zero_means_never() -> None:
    settings = load_settings(environ={"BEDROCK_ADAPTER_RETRIES": "0"}, models_ttl=0, retry_deadline=0)
    assert (settings.retries, settings.models_ttl, settings.retry_deadline) == (0, 0, 0)


# OpenAI's and Bedrock's request fields, and one that only a plugin knows: none is taken for a mistyped member of an alias.
REQUEST_FIELDS = set(
    re.findall(
        r"\w+",
        """
    additional_model_request_fields audio dimensions embedding_purpose embedding_types encoding_format frequency_penalty
    function_call functions guardrail_config input input_type logit_bias logprobs max_completion_tokens max_tokens messages
    metadata min_p modalities moderation n normalize parallel_tool_calls performance_config prediction presence_penalty
    prompt_cache_key prompt_cache_retention prompt_variables reasoning_effort repetition_penalty request_metadata
    response_format safety_identifier seed service_tier stop store stream stream_options suffix temperature thinking
    tool_choice tools top_k top_logprobs top_p truncate user verbosity web_search_options wisdom
""",
    )
)


def test_an_alias_carries_any_request_field() -> None:
    aliases = {"a": {"model": "m", **dict.fromkeys(REQUEST_FIELDS, 1)}}
    alias = load_settings(environ={}, aliases=aliases).alias("a")
    assert alias is not None
    assert alias.defaults.keys() == REQUEST_FIELDS


SECRET = "tell-nobody"


@pytest.mark.parametrize(
    "given",
    [
        {"api_key": [SECRET]},
        {"redis_url": [SECRET]},
        {"options": SECRET},
        {"options": {"owl": SECRET}},
        {"aliases": [SECRET]},
        *(
            {"aliases": {"a": {"model": "m", name: [SECRET]}}}
            for name in ("secret_key", "session_token", "external_id")
        ),
        {"aliases": {"a": [SECRET]}},
        {"aliases": {"a": {"model": "m", "secret_keys": SECRET}}},
    ],
)
def test_secrets_are_in_no_error(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(environ={}, **given)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("default", [5, True, None, ()])
def test_values_of_options_are_in_no_error(default: Any) -> None:
    with pytest.raises(ConfigError, match=r"options\.owl\.a must be") as caught:
        Settings(options={"owl": {"a": {SECRET: 1}}}).option("owl", "a", default)
    assert SECRET not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        load_settings(tmp_path / "nowhere.toml", environ={})


def test_an_option_of_the_wrong_type_is_named() -> None:
    with pytest.raises(ConfigError, match=r"options\.owl\.a must be a number"):
        Settings(options={"owl": {"a": "x"}}).option("owl", "a", 5)


def test_secrets_are_in_no_repr() -> None:
    target = Target(
        access_key="AKIDSECRET",
        secret_key="SECRET1",
        session_token="SECRET2",
        bearer_token="SECRET3",
        external_id="SECRET4",
    )
    settings: Any = Settings(api_key="SECRET5", redis_url="redis://:SECRET6@h")
    assert "SECRET" not in repr(target) + repr(settings)


def test_targets_merge() -> None:
    base = Target(region="a", profile="p")
    assert Target().over(base) is base
    assert base.over(Target()) is base
    assert Target(region="b").over(base) == Target(region="b", profile="p")
