"""What `bedrock-adapter doctor` examines: no network but what a credential chain itself asks."""

import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from typing import Any

from bedrock_adapter.errors import AdapterError
from bedrock_adapter.settings import PREFIX, Settings, load_settings

Row = dict[str, Any]
_EXTRAS = {
    "server": "uvicorn",
    "proxy": "fastapi",
    "litellm": "litellm",
    "testing": "pytest_httpserver",
    "redis": "redis",
}


def examine() -> list[Row]:
    """Rows `{check, state, detail}`; `state` is ok, note or failed."""
    rows = [_row("python", "ok", sys.version.split()[0])]
    rows += [_package(name) for name in ("bedrock-adapter", "boto3", "aiohttp", "pluggy", "tiktoken")]
    rows += [_extra(extra, module) for extra, module in _EXTRAS.items()]
    rows += _environment()
    try:
        settings = load_settings()
    except AdapterError as error:
        return [*rows, _row("settings", "failed", error.message)]
    rows += _settings(settings)
    for check in (_names, _plugins, _credentials, _prices):
        rows += _guarded(check, settings)
    return rows


def _row(check: str, state: str, detail: str) -> Row:
    return {"check": check, "state": state, "detail": detail}


def _guarded(check: Callable[[Settings], Iterable[Row]], settings: Settings) -> list[Row]:
    name = check.__name__.strip("_")
    try:
        return list(check(settings))
    except AdapterError as error:
        return [_row(name, "failed", error.message)]
    except Exception as error:  # noqa: BLE001 - a doctor reports whatever it meets
        return [_row(name, "failed", f"{type(error).__name__}: {error}")]


def _package(name: str) -> Row:
    try:
        return _row(name, "ok", importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return _row(name, "failed", "not installed")


def _extra(extra: str, module: str) -> Row:
    if importlib.util.find_spec(module):
        return _row(f"extra {extra}", "ok", "installed")
    return _row(f"extra {extra}", "note", f"not installed: pip install 'bedrock-adapter[{extra}]'")


def _environment() -> Iterator[Row]:
    """Variables that look like settings but are read by nobody."""
    from bedrock_adapter.manager import nearest

    known = {PREFIX + name.upper() for name in ("config", "proxy_python", *(item.name for item in fields(Settings)))}
    known.remove(f"{PREFIX}OPTIONS")  # read as OPTIONS__<PLUGIN>__<NAME>
    for name in sorted(os.environ):
        option = name.startswith(f"{PREFIX}OPTIONS__") and name.count("__") == 2
        if name.startswith(PREFIX) and name not in known and not option:
            yield _row(name, "note", f"read by nobody: it is no setting{nearest(name, known)}")


def _settings(settings: Settings) -> Iterable[Row]:
    for name in ("default_model", "default_embedding_model"):
        value = getattr(settings, name)
        names = "gpt-*" if name == "default_model" else "text-embedding-*"
        yield _row(name, "ok" if value else "note", value or f"unset: {names} is answered with 404")
    yield _row("aliases", "ok", ", ".join(alias.name for alias in settings.aliases) or "none")
    yield _row(
        "api_key",
        "ok" if settings.api_key else "note",
        "set" if settings.api_key else "unset: serve binds loopback only",
    )
    yield _row("fetch", "ok", f"{settings.fetch}; exempt: {', '.join(settings.fetch_allow) or 'none'}")


def _names(settings: Settings) -> Iterable[Row]:
    from bedrock_adapter.manager import installed_names, nearest

    installed = installed_names()
    for setting in ("plugins", "disable"):
        for name in sorted(set(getattr(settings, setting) or ()) - installed):
            detail = f"nothing installed is named {name!r}{nearest(name, installed)}"
            yield _row(f"setting {setting}", "note", detail)


def _plugins(settings: Settings) -> Iterable[Row]:
    from bedrock_adapter.adapter import Adapter
    from bedrock_adapter.manager import nearest

    adapter = Adapter(settings)
    yield _row(
        "plugins", "ok" if adapter.plugins else "failed", ", ".join(info.name for info in adapter.plugins) or "none"
    )
    loaded = {info.name for info in adapter.plugins}
    for name in sorted(settings.options.keys() - loaded):
        yield _row(f"options.{name}", "note", f"read by nobody: no such plugin is loaded{nearest(name, loaded)}")
    layers, dialects = adapter.router.catalogue.layers, adapter.router.dialects
    yield _row("catalogue", "ok", f"{len(layers)} layers, {len(dialects)} dialects")
    yield from adapter.manager.diagnose()


def _credentials(settings: Settings) -> Iterable[Row]:
    from bedrock_adapter.transport.credentials import bearer_token, open_session, region_of

    session = open_session(settings.target)
    region = region_of(session, settings.target)
    yield _row("region", "ok" if region else "failed", region or "none: set AWS_REGION or the setting region")
    if bearer_token(settings.target):
        yield _row("credentials", "ok", "a Bedrock API key")
        return
    found = session.get_credentials()
    yield _row(
        "credentials", "ok" if found else "failed", f"by {found.method}" if found else "the standard chain found none"
    )


def _prices(settings: Settings) -> Iterable[Row]:
    if importlib.util.find_spec("litellm") is None:
        return
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # LiteLLM fetches it when imported
    from bedrock_adapter.hosts.litellm import unpriced

    missing = unpriced(settings)
    yield _row(
        "prices in LiteLLM", "note" if missing else "ok", f"none for {', '.join(missing)}" if missing else "all known"
    )
