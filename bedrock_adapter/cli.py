"""The command `bedrock-adapter`."""

import argparse
import importlib.util
import inspect
import json
import os
import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from bedrock_adapter.errors import AdapterError

_WIDEST = 88  # characters of a table's cell
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; errors are one line on standard error and exit status 1, wrong usage is 2."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["litellm"]:  # everything after it is LiteLLM's own
        return _litellm(arguments[1:])
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options) or 0
    except AdapterError as error:
        print(f"bedrock-adapter: {error.message}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bedrock-adapter", description="Amazon Bedrock for everything that speaks OpenAI's API."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = _command(commands, "serve", _serve, "answer OpenAI's API over HTTP")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8080)
    serve.add_argument("--workers", type=int, default=1)
    serve.add_argument("--emulator", action="store_true", help="use an embedded Bedrock emulator instead of AWS")
    serve.add_argument("--config", help="a TOML settings file")

    emulator = _command(commands, "emulator", _emulator, "run the Bedrock emulator")
    emulator.add_argument("--host", default="127.0.0.1")
    emulator.add_argument("--port", type=int, default=9000)

    demo = _command(commands, "demo", _demo, "show it all: emulator, LiteLLM proxy and openai client")
    demo.add_argument("--keep", action="store_true", help="stay up afterwards")

    _command(
        commands, "litellm", _never, "run the LiteLLM proxy with the adapter registered; takes LiteLLM's own options"
    )
    _command(commands, "litellm-config", _litellm_config, "print a config to include in LiteLLM's")

    _with_json(_command(commands, "plugins", _plugins, "list the plugins"))
    models = _with_json(_command(commands, "models", _models, "list the models"))
    models.add_argument("--catalogue", action="store_true", help="list what is known of models instead; asks nobody")
    explain = _with_json(_command(commands, "explain", _explain, "tell what is known of a model and how it is served"))
    explain.add_argument("model")
    _with_json(_command(commands, "hooks", _hooks, "print the reference of the hooks"))
    _with_json(_command(commands, "doctor", _doctor, "check the installation and its settings"))
    return parser


def _command(commands: Any, name: str, run: Any, help_text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help_text, description=help_text)
    parser.set_defaults(run=run)
    return parser


def _with_json(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--json", action="store_true", help="for programs")
    return parser


def needs_extra(extra: str, *modules: str) -> None:
    """Raise an error of one line that names the extra, if one of its modules is not installed."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        raise AdapterError(
            f"this needs the extra {extra!r} ({', '.join(missing)} is missing): pip install 'bedrock-adapter[{extra}]'"
        )


# -- servers -------------------------------------------------------------------------------------------------------------


def _serve(options: argparse.Namespace) -> int:
    needs_extra("server", "starlette", "uvicorn")
    import uvicorn

    from bedrock_adapter.settings import load_settings

    if options.config:
        os.environ["BEDROCK_ADAPTER_CONFIG"] = options.config  # for the workers
    settings = load_settings()
    if settings.api_key is None and options.host not in _LOOPBACK:
        raise AdapterError(
            f"to serve on {options.host} set BEDROCK_ADAPTER_API_KEY; without a key only loopback is served"
        )
    emulator = _started_emulator() if options.emulator else None
    if settings.api_key is None:
        print("no BEDROCK_ADAPTER_API_KEY is set: everybody on this machine is let in", file=sys.stderr)
    try:
        uvicorn.run(
            "bedrock_adapter.hosts.asgi:app_from_environment",
            factory=True,
            host=options.host,
            port=options.port,
            workers=options.workers,
            timeout_graceful_shutdown=30,
        )
    finally:
        if emulator is not None:
            emulator.stop()
    return 0


def _started_emulator(host: str = "127.0.0.1", port: int = 0) -> Any:
    needs_extra("testing", "pytest_httpserver")
    from bedrock_adapter.testing.emulator import BedrockEmulator

    emulator = BedrockEmulator(host=host, port=port)
    emulator.start()
    os.environ.pop("AWS_BEARER_TOKEN_BEDROCK", None)
    os.environ.update(emulator.environ)
    return emulator


def _emulator(options: argparse.Namespace) -> int:
    stop = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: stop.set())
    emulator = _started_emulator(options.host, options.port)
    print(f"a Bedrock emulator listens on {emulator.url}; to use it:\n", flush=True)
    for name, value in emulator.environ.items():
        print(f"export {name}={value}", flush=True)
    stop.wait()
    emulator.stop()
    return 0


def _demo(options: argparse.Namespace) -> int:
    needs_extra("all", "litellm", "openai", "pytest_httpserver")
    from bedrock_adapter.demo import run

    return run(keep=options.keep)


def _litellm(arguments: list[str]) -> int:
    try:
        needs_extra("proxy", "litellm", "fastapi")
    except AdapterError as error:
        print(f"bedrock-adapter: {error.message}", file=sys.stderr)
        return 1
    from bedrock_adapter.hosts.litellm.cli import run

    return run(arguments) or 0


def _litellm_config(options: argparse.Namespace) -> None:
    needs_extra("litellm", "litellm")
    from bedrock_adapter.hosts.litellm.cli import config_yaml

    print(config_yaml(), end="")


def _never(options: argparse.Namespace) -> int:
    raise AssertionError("handled before parsing")


# -- insight -------------------------------------------------------------------------------------------------------------


def _plugins(options: argparse.Namespace) -> None:
    from bedrock_adapter.adapter import Adapter

    rows = [
        {
            "plugin": info.name,
            "distribution": info.distribution,
            "version": info.version,
            "module": info.value,
            "hooks": list(info.hooks),
        }
        for info in Adapter().plugins
    ]
    show(options, rows, ["plugin", "distribution", "version", "hooks"])


def _models(options: argparse.Namespace) -> None:
    from bedrock_adapter.adapter import Adapter

    adapter = Adapter()
    if options.catalogue:
        rows = [
            {
                "match": ", ".join(layer.match),
                "facts": layer.facts,
                "source": layer.source,
                "checked": layer.checked,
                "origin": layer.origin,
            }
            for layer in adapter.router.catalogue.layers
        ]
        show(options, rows, ["match", "source", "checked", "origin"])
        return
    try:
        show(options, adapter.models(), ["id", "owned_by"])
    finally:
        adapter.close()


def _explain(options: argparse.Namespace) -> None:
    from bedrock_adapter.adapter import Adapter

    told = Adapter().explain(options.model)
    if options.json:
        print(json.dumps(told, indent=2, default=str))
        return
    model, dialect = told["model"], told["dialect"]
    print(f"{model['requested']}\n")
    print(f"  sent to Bedrock as  {model['wire']}")
    known = model["base"] or "nothing: its ARN hides the model"
    print(f"  known here as       {known}{'' if told['known'] else ' (unknown: conservative defaults)'}")
    print(f"  wire format         {dialect['name']} (plugin {dialect['plugin']})\n")
    print(table(told["facts"], ["fact", "value", "checked", "source"]), end="\n\n")
    print(table(told["steps"], ["on", "stage", "step", "plugin"]), end="\n\n")
    print(table(told["converters"], ["kind", "name", "plugin"]))


def _hooks(options: argparse.Namespace) -> None:
    from bedrock_adapter.hookspecs import hook_reference

    reference = hook_reference()
    if options.json:
        print(json.dumps(reference, indent=2))
        return
    for name, hook in reference.items():
        print(f"{name}({', '.join(hook['arguments'])})    [{hook['kind']}]\n")
        print("\n".join(f"    {line}".rstrip() for line in inspect.cleandoc(hook["doc"]).splitlines()), end="\n\n")


def _doctor(options: argparse.Namespace) -> int:
    from bedrock_adapter.doctor import examine

    rows = examine()
    show(options, rows, ["check", "state", "detail"])
    return 1 if any(row["state"] == "failed" for row in rows) else 0


# -- output --------------------------------------------------------------------------------------------------------------


def show(options: argparse.Namespace, rows: list[dict[str, Any]], columns: Sequence[str]) -> None:
    """Rows as a table for people, whole as JSON for programs."""
    print(json.dumps(rows, indent=2, default=str) if options.json else table(rows, columns))


def table(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> str:
    """Left-aligned columns under a heading; long cells are cut, JSON has them whole."""
    cells = [list(columns), *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    cells.insert(1, ["-" * min(width, 60) for width in widths])
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _cell(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 2] + " …"
