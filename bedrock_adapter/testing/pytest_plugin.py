"""Fixtures for authors of plugins and hosts; pytest finds them through the entry-point group `pytest11`.

Everything is imported within the fixtures: this module is loaded in every test run of an environment that has the
adapter.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

pytest.register_assert_rewrite("bedrock_adapter.testing.conformance")

if TYPE_CHECKING:
    from pathlib import Path

    from bedrock_adapter.adapter import Adapter
    from bedrock_adapter.testing.emulator import BedrockEmulator
    from bedrock_adapter.testing.scripted import ScriptedTransport
    from bedrock_adapter.types import Event, Json


@pytest.fixture
def bedrock_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> pytest.MonkeyPatch:
    """No AWS or adapter variable from outside, and no AWS files of the user's."""
    for name in os.environ:
        if name.startswith(("AWS_", "BEDROCK_ADAPTER_")) or name.upper() in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.delenv(name)
    empty = tmp_path_factory.mktemp("aws")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(empty / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(empty / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


@pytest.fixture
def bedrock_emulator(bedrock_environment: pytest.MonkeyPatch) -> "Iterator[BedrockEmulator]":
    """A strict local Bedrock; the environment points at it."""
    from bedrock_adapter.testing.emulator import BedrockEmulator

    with BedrockEmulator() as emulator:
        for name, value in emulator.environ.items():
            bedrock_environment.setenv(name, value)
        yield emulator


@pytest.fixture
def bedrock_adapter_for(bedrock_environment: pytest.MonkeyPatch) -> "Iterator[Callable[..., Adapter]]":
    """Makes adapters with the built-in plugins and chosen others, whatever is installed.

    `bedrock_adapter_for(plugin, strict=True)`: any number of plugins, and settings. `builtins=False` leaves the built-in
    plugins out. Adapters are closed after the test.
    """
    from bedrock_adapter.adapter import Adapter
    from bedrock_adapter_plugins import load_builtins

    made: list[Adapter] = []

    def make(*plugins: object, builtins: bool = True, **options: Any) -> Adapter:
        adapter = Adapter(plugins=[*(load_builtins() if builtins else ()), *plugins], autoload=False, **options)
        made.append(adapter)
        return adapter

    yield make
    for adapter in made:
        adapter.close()


@pytest.fixture
def scripted_transport() -> "type[ScriptedTransport]":
    """A transport that answers from a script: `bedrock_adapter_for(transport=scripted_transport(answer, ...))`."""
    from bedrock_adapter.testing.scripted import ScriptedTransport

    return ScriptedTransport


@pytest.fixture
def converse_response() -> "Callable[..., Json]":
    """Builds Converse answers: `converse_response("Hello", {"toolUse": {...}}, stop_reason="tool_use")`."""
    from bedrock_adapter.testing.scripted import converse_response

    return converse_response


@pytest.fixture
def converse_events() -> "Callable[..., list[Event]]":
    """Builds the events of a stream, from the same arguments."""
    from bedrock_adapter.testing.scripted import converse_events

    return converse_events


@pytest.fixture
def event_frames() -> "Callable[[Iterable[Event]], bytes]":
    """Events as the bytes of a Bedrock event stream."""
    from bedrock_adapter.testing.scripted import event_frames

    return event_frames


@pytest.fixture
def installed_plugin(tmp_path: "Path", monkeypatch: pytest.MonkeyPatch) -> "Callable[..., Path]":
    """Installs a temporary distribution: `installed_plugin("acme-owl", owl="acme_owl", source={"acme_owl": "..."})`.

    Keywords are entry points of `group` (default `bedrock_adapter`); `source` maps module names to their code. Returns the
    folder, which is on `sys.path` until the test ends.
    """
    import importlib
    import sys

    def install(
        distribution: str,
        *,
        source: dict[str, str],
        group: str = "bedrock_adapter",
        version: str = "1.0",
        **entry_points: str,
    ) -> "Path":
        folder = tmp_path / f"site-{distribution}"
        info = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        lines = [f"[{group}]", *(f"{name} = {value}" for name, value in entry_points.items())]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for module, code in source.items():
            (folder / f"{module}.py").write_text(code)
            monkeypatch.delitem(sys.modules, module, raising=False)
        monkeypatch.syspath_prepend(str(folder))
        importlib.invalidate_caches()
        return folder

    return install


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what plugins were exempted from: an exemption must not be forgotten."""
    marker = "conformance exemption: "
    reasons = [
        str(report.longrepr[2])
        for report in terminalreporter.getreports("skipped")
        if isinstance(report.longrepr, tuple)
    ]
    exemptions = sorted({reason.partition(marker)[2] for reason in reasons if marker in reason})
    if exemptions:
        terminalreporter.section("conformance exemptions")
        for exemption in exemptions:
            terminalreporter.line(exemption)
