"""Settings: arguments over environment over a TOML file, parsed once."""

import difflib
import fnmatch
import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from bedrock_adapter.errors import ConfigError
from bedrock_adapter.types import Json
from bedrock_adapter.wire import Target

PREFIX = "BEDROCK_ADAPTER_"


@dataclass(frozen=True, slots=True)
class Alias:
    """A name of the operator's own for a model.

    Attributes:
        name: exact name or glob, e.g. `gpt-4o` or `team-a/*`; an exact name wins over a glob, a longer glob over a shorter.
        model: the Bedrock id or ARN that it stands for.
        base_model: the model behind an opaque ARN.
        target: region, profile, role, endpoint and credentials to use.
        defaults: request fields set where the client is silent, e.g. `{"guardrail_config": {...}, "reasoning_effort": "low"}`.
        encoding: tiktoken encoding of the token integers that clients of this name send.
    """

    name: str
    model: str
    base_model: str | None = None
    target: Target = field(default_factory=Target)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    encoding: str | None = None


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Settings:
    """All settings. Each can be given as an argument, as `BEDROCK_ADAPTER_<NAME>`, or in the TOML file by its name.

    Attributes:
        region: AWS region; else AWS_REGION, AWS_DEFAULT_REGION, the profile's.
        profile: name of an AWS profile.
        default_model: what `gpt-*` means; unset: 404 naming this setting.
        default_embedding_model: what `text-embedding-*` means.
        aliases: the alias table.
        strict: refuse what would else be noted.
        plugins: names of the only plugins or distributions to load; None: all installed.
        disable: names of plugins or distributions not to load.
        on_plugin_error: `raise`, or `warn` to go on without a plugin that fails to load.
        profiles: TOML files with layers of the operator's own (priority 100).
        fetch: `on` (guarded) or `off`: fetching of media URLs.
        fetch_allow: hosts, addresses or networks exempt from the private-address rule.
        models_ttl: seconds that a model list is fresh.
        max_body: most bytes in a request body.
        connect_timeout, first_byte_timeout, idle_timeout: seconds; idle is between two reads of an answer.
        retries: most repetitions before the first byte.
        retry_deadline: seconds within which repetitions may start.
        profile_retry: geo prefixes of inference profiles to try when a model refuses on-demand use, in order, e.g. `us,global`;
            empty: never.
        api_key: bearer key that `serve` asks for.
        cors_origins: origins of browser clients that the ASGI host allows.
        redis_url: store of signed thinking shared by workers.
        publish: what the LiteLLM host lists: `auto`, `all`, `none` or globs.
        options: tables of single plugins, by plugin name: `[options.reasoning]`, `BEDROCK_ADAPTER_OPTIONS__REASONING__TAGS`.
    """

    region: str | None = None
    profile: str | None = None
    default_model: str | None = None
    default_embedding_model: str | None = None
    aliases: tuple[Alias, ...] = ()
    strict: bool = False
    plugins: tuple[str, ...] | None = None
    disable: tuple[str, ...] = ()
    on_plugin_error: str = "raise"
    profiles: tuple[str, ...] = ()
    fetch: str = "on"
    fetch_allow: tuple[str, ...] = ()
    models_ttl: float = 15.0
    max_body: int = 32 * 1024 * 1024
    connect_timeout: float = 5.0
    first_byte_timeout: float = 3600.0
    idle_timeout: float = 300.0
    retries: int = 2
    retry_deadline: float = 60.0
    profile_retry: tuple[str, ...] = ()
    api_key: str | None = field(default=None, repr=False)
    cors_origins: tuple[str, ...] = ()
    redis_url: str | None = field(default=None, repr=False)
    publish: tuple[str, ...] = ("auto",)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def alias(self, name: str) -> Alias | None:
        """The alias that `name` selects, if any."""
        best: Alias | None = None
        for alias in self.aliases:
            if alias.name == name:
                return alias
            if fnmatch.fnmatchcase(name, alias.name) and (best is None or len(alias.name) > len(best.name)):
                best = alias
        return best

    def option(self, plugin: str, name: str, default: Any) -> Any:
        """One value of a plugin's own table; environment text is converted to the type of `default`.

        Raises:
            ConfigError: the value has another type.
        """
        table = self.options.get(plugin, {})
        return default if name not in table else _converted(f"options.{plugin}.{name}", table[name], default)

    @property
    def target(self) -> Target:
        return Target(region=self.region, profile=self.profile)


def load_settings(
    config: str | Path | None = None, environ: Mapping[str, str] | None = None, **arguments: Any
) -> Settings:
    """Settings from a TOML file (`config` or BEDROCK_ADAPTER_CONFIG), the environment and arguments; the later wins.

    Raises:
        ConfigError: a name is unknown, a value has the wrong type, or the file cannot be read; the message names it.
    """
    environ = os.environ if environ is None else environ
    path = config or environ.get(PREFIX + "CONFIG")
    values: Json = {}
    if path:
        values = _checked(_read(Path(path)), str(path))
        values["profiles"] = tuple(str(Path(path).parent / name) for name in values.get("profiles", ()))
    values = _merged(values, _checked(_from_environment(environ), "the environment"))
    values = _merged(values, _checked({k: v for k, v in arguments.items() if v is not None}, "the arguments"))
    return _in_range(replace(Settings(), **values))


_CHOICES = {"on_plugin_error": ("raise", "warn"), "fetch": ("on", "off")}
_POSITIVE = ("connect_timeout", "first_byte_timeout", "idle_timeout", "max_body")
_NOT_NEGATIVE = ("retries", "retry_deadline", "models_ttl")


def _in_range(settings: Settings) -> Settings:
    for name, choices in _CHOICES.items():
        if getattr(settings, name) not in choices:
            raise _wrong(name, " or ".join(choices), getattr(settings, name))
    for name in _POSITIVE:
        if (number := getattr(settings, name)) <= 0:
            raise _wrong(name, "more than 0", number)
    for name in _NOT_NEGATIVE:
        if (number := getattr(settings, name)) < 0:
            raise _wrong(name, "at least 0", number)
    return settings


def _merged(below: Json, above: Json) -> Json:
    options = {name: dict(table) for name, table in below.get("options", {}).items()}
    for name, table in above.get("options", {}).items():
        options[name] = {**options.get(name, {}), **table}
    return {**below, **above, "options": options}


def _read(path: Path) -> Json:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"the settings file {str(path)!r} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error


def _from_environment(environ: Mapping[str, str]) -> Json:
    names = {item.name for item in fields(Settings)} - {"options", "aliases"}
    values: Json = {name: environ[PREFIX + name.upper()] for name in names if environ.get(PREFIX + name.upper())}
    for key, text in environ.items():
        if key.startswith(f"{PREFIX}OPTIONS__") and key.count("__") == 2:
            _, plugin, name = key.lower().split("__")
            values.setdefault("options", {}).setdefault(plugin, {})[name] = text
    if aliases := environ.get(PREFIX + "ALIASES"):
        # name=model pairs; everything else an alias can carry needs the file.
        pairs = (pair.partition("=") for pair in aliases.split(",") if pair.strip())
        values["aliases"] = {name.strip(): {"model": model.strip()} for name, _, model in pairs}
    return values


def _checked(values: Mapping[str, Any], origin: str) -> Json:
    defaults = Settings()
    checked: Json = {}
    for name, value in values.items():
        if name == "aliases":
            checked[name] = _aliases(value)
        elif name == "options":
            checked[name] = _options(value)
        elif name in Settings.__dataclass_fields__:
            checked[name] = _converted(name, value, getattr(defaults, name))
        else:
            known = ", ".join(item.name for item in fields(Settings))
            raise ConfigError(f"{origin}: there is no setting {name!r}; known are {known}", param=name)
    return checked


def _aliases(value: Any) -> tuple[Alias, ...]:
    if isinstance(value, Mapping):
        return tuple(_alias(name, entry) for name, entry in value.items())
    if isinstance(value, list | tuple) and all(isinstance(entry, Alias) for entry in value):
        return tuple(value)
    raise _wrong("aliases", "a table of names and models", value)


def _options(value: Any) -> Mapping[str, Mapping[str, Any]]:
    if isinstance(value, Mapping) and all(isinstance(table, Mapping) for table in value.values()):
        return value
    raise _wrong("options", "tables by plugin, as [options.tokens]", value)


_OWN = frozenset({"model", "base_model", "encoding"})
_TARGET_FIELDS = frozenset(Target.__dataclass_fields__)
_TARGET_NAMES = {"role": "role_arn", "endpoint": "runtime_endpoint"}
_TEXTS = (*sorted(_OWN | _TARGET_FIELDS), *_TARGET_NAMES)
# So alike that it is a slip; real request fields are less so (`encoding_format` and `encoding`: 0.70).
_ALIKE = 0.75


def _alias(name: str, entry: Any) -> Alias:
    if isinstance(entry, str):
        entry = {"model": entry}
    if not isinstance(entry, Mapping) or not entry.get("model"):
        raise ConfigError(f"alias {name!r} needs a model: the Bedrock id or ARN that it stands for", param="aliases")
    given: Mapping[str, Any] = entry
    _check_alias(name, given)
    target: Json = {_TARGET_NAMES.get(key, key): item for key, item in given.items()}
    defaults = {key: item for key, item in target.items() if key not in _TARGET_FIELDS | _OWN}
    if guardrail := defaults.pop("guardrail", None):
        defaults["guardrail_config"] = guardrail
    return Alias(
        name,
        entry["model"],
        entry.get("base_model"),
        Target(**{key: item for key, item in target.items() if key in _TARGET_FIELDS}),
        defaults,
        entry.get("encoding"),
    )


def _check_alias(name: str, entry: Mapping[str, Any]) -> None:
    known = (*_TEXTS, "guardrail")
    for key, item in entry.items():
        if key in _TEXTS and not isinstance(item, str):
            raise _wrong(f"aliases.{name}.{key}", "a string", item)
        if key not in known and (close := difflib.get_close_matches(key, known, 1, _ALIKE)):
            raise ConfigError(f"alias {name!r} has no {key!r}; did you mean {close[0]!r}?", param="aliases")


_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


def _converted(name: str, value: Any, default: Any) -> Any:
    """`value` as the type of `default`; text from the environment is parsed."""
    if name == "fetch":  # TOML and YAML have booleans for it; other values are refused by `_in_range`
        return {True: "on", False: "off"}[value] if isinstance(value, bool) else value
    if isinstance(default, bool):
        return _boolean(name, value)
    if isinstance(default, int | float):
        return _number(name, value, type(default))
    if isinstance(default, tuple) or name == "plugins":
        return _strings(name, value)
    if not isinstance(value, str if default is None else type(default)):
        raise _wrong(name, "a string", value)
    return value


def _boolean(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    raise _wrong(name, "true or false", value)


def _number(name: str, value: Any, kind: type[int | float]) -> int | float:
    try:
        number = kind(value)
        finite = math.isfinite(number) and not isinstance(value, bool)
    except (TypeError, ValueError, OverflowError):
        raise _wrong(name, "a number", value) from None
    if not finite:
        raise _wrong(name, "a number", value)
    if isinstance(value, float) and number != value:
        raise _wrong(name, "a whole number", value)
    return number


def _strings(name: str, value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if isinstance(parts, list | tuple) and all(isinstance(part, str) for part in parts):
        return tuple(part.strip() for part in parts if part.strip())
    raise _wrong(name, "a list of strings", value)


_SECRET = frozenset({"aliases", "api_key", "options", "redis_url"})


def _wrong(name: str, wanted: str, value: Any) -> ConfigError:
    """The error for a value. Errors end up in logs and answers, so they show no value that may hold a secret."""
    setting = name.partition(".")[0]
    given = f"a value of type {type(value).__name__}" if setting in _SECRET else repr(value)
    return ConfigError(f"{name} must be {wanted}, not {given}", param=setting if setting == "aliases" else name)
