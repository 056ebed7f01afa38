"""The core knows shapes, the catalogue knows models: no name of a model or its maker stands in the core's code."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import bedrock_adapter
from bedrock_adapter_plugins.catalogue import layers

from .tables import words

CORE = Path(bedrock_adapter.__file__).parent
OUTSIDE = {"testing"}  # the emulator's tables
FILES = sorted(path for path in CORE.rglob("*.py") if path.relative_to(CORE).parts[0] not in OUTSIDE)

FAMILIES = words(
    "claude anthropic nova titan llama mistral mixtral ministral magistral devstral voxtral pixtral cohere command-r deepseek"
    " qwen gpt-oss gpt-5 gpt-6 gpt-daybreak moonshot kimi minimax zai glm gemma nvidia nemotron xai grok ai21 jamba palmyra"
    " twelvelabs marengo pegasus"
)
# Names of shapes, fields and headers, which code must know; each is documented where it stands.
VOCABULARY = ("nova_grounding", "anthropic_beta", "anthropic-beta", "anthropicbeta", "anthropic_messages")
CODE = {
    tokenize.NAME,
    tokenize.NUMBER,
    getattr(tokenize, "FSTRING_MIDDLE", tokenize.NAME),
}  # the last since Python 3.12


def code_tokens(text: str) -> Iterator[tuple[int, str]]:
    """Line and text of every token that is neither a comment nor a docstring (a string that is a statement of its own)."""
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING}
    tokens = [token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type not in skipped]
    starts = {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    for index, token in enumerate(tokens):
        begins = index == 0 or tokens[index - 1].type in starts
        alone = begins and tokens[min(index + 1, len(tokens) - 1)].type == tokenize.NEWLINE
        if token.type in CODE or (token.type == tokenize.STRING and not alone):
            yield token.start[0], token.string


def model_names(text: str) -> list[tuple[int, str]]:
    """Where code names a model family."""
    found: list[tuple[int, str]] = []
    for line, token in code_tokens(text):
        plain = token.lower()
        for word in VOCABULARY:
            plain = plain.replace(word, "")
        found += [(line, name) for name in FAMILIES if re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", plain)]
    return found


def test_the_list_of_names_covers_the_catalogue() -> None:
    literals = {
        glob.partition(".")[2].strip("*?") or glob.partition(".")[0] for layer in layers() for glob in layer.match
    }
    names = [literal for literal in literals if re.search("[a-z]{3}", literal)]
    makers = [glob.partition(".")[0] for layer in layers() for glob in layer.match if "." in glob]
    known = re.compile(
        "|".join(
            [*FAMILIES, "amazon", "google", "meta", "openai", "writer", "rerank", "j2", "command", "embed", "v3", "r1"]
        )
    )
    assert [name for name in [*names, *makers] if not known.search(name)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CORE)))
def test_no_model_names_in_core(path: Path) -> None:
    assert model_names(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('x = "amazon.nova-pro"\n', ["nova"]),
        ("is_claude = 1\n", ["claude"]),
        ('def f():\n    """Claude wants this."""\n    return 1  # as does grok\n', []),
        ('"""A Mistral module."""\n\nx = 1\n', []),
        ('if "kimi" in model:\n    pass\n', ["kimi"]),
        ('x = ["nova_grounding", "innovation", "anthropic_beta"]\n', []),
        ('x = f"{vendor}.glm-5"\n', ["glm"]),
    ],
)
def test_the_search_itself(text: str, found: list[str]) -> None:
    assert [name for _, name in model_names(text)] == found
