"""Taking a wrapper off JSON text as it streams: what is surely inside goes on at once."""

import re

MEMBER = "value"
"""The one property of the object that a schema is wrapped into."""

_PREFIX = re.compile(r'\s*\{\s*"' + MEMBER + r'"\s*:\s*')
_BARE = f'{{"{MEMBER}":'
_TAIL = re.compile(r"[\s}]*\Z")


class Peeler:
    """`{"value": X}`, in pieces cut anywhere, to the pieces of X. Text that is not wrapped so passes as it is."""

    def __init__(self) -> None:
        self._held = ""
        self._wrapped: bool | None = None

    def feed(self, text: str) -> str:
        """What is known to be inside so far."""
        self._held += text
        if self._wrapped is None and not self._decided():
            return ""
        if not self._wrapped:
            passed, self._held = self._held, ""
            return passed
        end = _TAIL.search(self._held)
        assert end is not None  # an empty tail matches
        passed, self._held = self._held[: end.start()], self._held[end.start() :]
        return passed

    def close(self) -> str:
        """The rest, without the wrapper's closing brace."""
        held, self._held = self._held, ""
        if not self._wrapped:
            return held
        inside, _, _ = held.rpartition("}")
        return inside.rstrip()

    def _decided(self) -> bool:
        compact = "".join(self._held.split())
        if len(compact) < len(_BARE) and _BARE.startswith(compact):
            return False
        found = _PREFIX.match(self._held)
        self._wrapped = found is not None
        if found is not None:
            self._held = self._held[found.end() :]
        return True
