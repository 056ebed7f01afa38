"""The third-party distribution: its own suite passes, and the core knows nothing of it."""

import json
from collections.abc import Callable
from pathlib import Path

from bedrock_adapter import Adapter

from .conftest import EXAMPLES

ROOT = Path(__file__).parents[2]


def test_its_own_suite_passes(install_example: Callable[[str], Path], run: Callable[..., str]) -> None:
    folder = install_example("acme_owl")
    told = run(
        "-m",
        "pytest",
        "-q",
        "-rs",
        "-p",
        "no:cacheprovider",
        "-c",
        str(folder / "pyproject.toml"),
        str(folder / "tests"),
    )
    assert "is not installed" not in told
    assert " passed" in told


def test_it_is_found_by_the_command_line(install_example: Callable[[str], Path], run: Callable[..., str]) -> None:
    install_example("acme_owl")
    plugins = {row["plugin"]: row for row in json.loads(run("-m", "bedrock_adapter", "plugins", "--json"))}
    assert plugins["owl"]["distribution"] == "acme-owl"
    told = json.loads(run("-m", "bedrock_adapter", "explain", "acme.owl-1", "--json"))
    assert told["profile"]["extra"] == {"most_wisdom": 10}
    assert next(fact["source"] for fact in told["facts"] if fact["fact"] == "extra.most_wisdom") == "Acme's model card"


def test_the_core_knows_nothing_of_it(bedrock_adapter_for: Callable[..., Adapter]) -> None:
    request = {"model": "acme.feather-1", "messages": [{"role": "user", "content": "x"}]}
    assert bedrock_adapter_for().encode(request).requests[0].operation == "Converse"
    for word in ("acme_feather", "most_wisdom"):
        for path in [*(ROOT / "bedrock_adapter").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]:
            assert word not in path.read_text(), f"{path} names {word}"


def test_the_quirk_takes_under_20_lines() -> None:
    code = (EXAMPLES / "acme_owl" / "acme_owl" / "owl.py").read_text()
    lines = [line for line in code.splitlines() if line.strip() and not line.startswith(('"""', "#"))]
    assert len(lines) < 20, len(lines)
