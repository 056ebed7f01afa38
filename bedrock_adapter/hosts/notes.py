"""How hosts tell their clients of notes."""

import json
from collections.abc import Sequence

from bedrock_adapter.call import Note
from bedrock_adapter.types import Json

HEADER = "x-bedrock-adapter-notes"
_LIMIT = 4096


def notes_header(notes: Sequence[Note], limit: int = _LIMIT) -> str:
    """Notes as a JSON list in ASCII of at most `limit` characters; what does not fit is counted as `{"more": N}`."""
    shown: list[Json] = [note._asdict() for note in notes]
    text = json.dumps(shown)
    for kept in range(len(notes) - 1, -1, -1):
        if len(text) <= limit:
            break
        text = json.dumps([*shown[:kept], {"more": len(notes) - kept}])
    return text
