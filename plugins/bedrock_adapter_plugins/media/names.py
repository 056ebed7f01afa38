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


def unique(name: str, taken: dict[str, int]) -> str:
    """`name`, or `name (2)`, … where it is taken; compared without case, and noted in `taken` with the last number given."""
    start = name[: LONGEST - 10].lower()  # whatever its number, the name begins so: counting goes on, never starts anew
    candidate, number = name, taken.get(start, 1)
    while candidate.lower() in taken:
        number += 1
        suffix = f" ({number})"
        candidate = name[: LONGEST - len(suffix)].rstrip() + suffix
    taken.setdefault(candidate.lower(), 1)
    if candidate != name:
        taken[start] = number
    return candidate
