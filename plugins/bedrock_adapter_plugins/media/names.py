"""Names of documents: Bedrock refuses most characters, and two documents of one name anywhere in a request.

Source: `DocumentBlock.name` of the Amazon Bedrock API reference; the text of its refusals.
"""

import re
import unicodedata

LONGEST = 200
_ILLEGAL = re.compile(r"[^A-Za-z0-9 \-()\[\]]+")


def clean(filename: str) -> str:
    """The name without directories and extension, in Bedrock's alphabet; "" where nothing is left."""
    stem = filename.replace("\\", "/").rpartition("/")[2]
    stem = stem.rpartition(".")[0] or stem
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    return " ".join(_ILLEGAL.sub(" ", plain).split())[:LONGEST].rstrip()


def unique(name: str, taken: set[str]) -> str:
    """`name`, or `name (2)`, … where it is taken; compared without case, and noted in `taken`."""
    candidate, number = name, 1
    while candidate.lower() in taken:
        number += 1
        suffix = f" ({number})"
        candidate = name[: LONGEST - len(suffix)].rstrip() + suffix
    taken.add(candidate.lower())
    return candidate
